//! Keys: made once, private, never printed, and no way back to an earlier epoch.

use assay_audit::Error;
use assay_audit::keys::{EpochKey, KeyPaths, VerifyKeys, init, load};
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn keys_are_made_once_and_readable_by_their_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let paths = init(&dir.path().join("keys")).unwrap();
    for file in [&paths.epoch, &paths.signing, &paths.initial] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
    let before = fs::read(&paths.signing).unwrap();
    assert!(matches!(init(&dir.path().join("keys")), Err(Error::Key { .. })));
    assert_eq!(fs::read(&paths.signing).unwrap(), before);
}

#[test]
fn the_node_starts_with_a_key_derived_from_the_initial_one_and_needs_that_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let paths = init(dir.path()).unwrap();
    let initial = VerifyKeys::load(dir.path(), Some(&paths.initial)).unwrap().initial.unwrap();
    fs::remove_file(&paths.initial).unwrap();
    let keys = load(dir.path()).unwrap();
    assert_eq!((initial.epoch(), keys.epoch().epoch()), (0, 1));
    assert_eq!(*keys.epoch(), initial.next());
}

#[test]
fn an_epoch_replaces_the_last_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let paths = init(dir.path()).unwrap();
    let first = fs::read_to_string(&paths.epoch).unwrap();
    let mut keys = load(dir.path()).unwrap();
    let second = keys.epoch().next();
    keys.evolve().unwrap();
    assert_eq!(*load(dir.path()).unwrap().epoch(), second);
    let secret = first.lines().nth(2).unwrap();
    for entry in fs::read_dir(dir.path()).unwrap() {
        assert!(!fs::read_to_string(entry.unwrap().path()).unwrap().contains(secret));
    }
    assert_eq!(fs::metadata(&paths.epoch).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_change_of_epoch_that_was_cut_short_does_not_stop_the_next() {
    let dir = tempfile::tempdir().unwrap();
    init(dir.path()).unwrap();
    fs::write(dir.path().join("epoch.next"), "half").unwrap();
    let mut keys = load(dir.path()).unwrap();
    keys.evolve().unwrap();
    assert_eq!(load(dir.path()).unwrap().epoch().epoch(), 2);
}

#[test]
fn epochs_only_go_forward() {
    let key = EpochKey::new(3, [1; 32]);
    assert_eq!(key.at(2), None);
    assert_eq!(key.at(3), Some(key.clone()));
    assert_eq!(key.at(5), Some(key.next().next()));
}

#[test]
fn a_mac_is_of_its_key_and_bytes() {
    let key = EpochKey::new(1, [1; 32]);
    let mac = key.mac(b"text");
    assert!(key.verify(b"text", &mac));
    assert!(!key.verify(b"other", &mac));
    assert!(!key.next().verify(b"text", &mac));
    assert!(!key.verify(b"text", &mac[..31]));
}

#[test]
fn keys_that_others_can_read_or_that_are_damaged_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let paths = init(dir.path()).unwrap();
    fs::set_permissions(&paths.signing, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = load(dir.path()).unwrap_err().to_string();
    assert!(refused.contains("signing.key") && refused.contains("chmod 600"), "{refused}");
    fs::set_permissions(&paths.signing, fs::Permissions::from_mode(0o600)).unwrap();
    for damage in [
        "",
        "assay-seal-epoch-key-v1\n1\n",
        "assay-seal-epoch-key-v1\n1\nzz\n",
        "assay-seal-epoch-key-v1\nx\n",
    ] {
        fs::write(&paths.epoch, damage).unwrap();
        assert!(matches!(load(dir.path()), Err(Error::Key { .. })), "{damage:?}");
    }
    fs::remove_file(&paths.epoch).unwrap();
    assert!(matches!(load(dir.path()), Err(Error::Io { .. })));
}

#[test]
fn no_secret_is_ever_printed() {
    let dir = tempfile::tempdir().unwrap();
    let KeyPaths { epoch, signing, .. } = init(dir.path()).unwrap();
    let shown = format!("{:?}", load(dir.path()).unwrap());
    for file in [epoch, signing] {
        let text = fs::read_to_string(file).unwrap();
        let secret = text.lines().nth(2).unwrap();
        assert!(!shown.contains(secret) && shown.contains("redacted"), "{shown}");
    }
}
