use super::*;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use fix_session::{Dictionary, FieldIndex, Profile};

/// The vectors of A-39.
const SENDING_TIME: &str = "20261121-09:30:00.000";
const HMAC_SHA_256: &str = "Qt8oPBm6vDZdmzQ8t1KrPyzqtf9xLf+E4bEl7Cubv80=";
const ED25519: &str =
    "hMLlccCbGND0NKOrPTwSlF1iA5ky0GlgKktkQEFHDG9lvpkKyminQeVKWbnzks2E4j6sfw7HxkMqDtl9K4hFDw==";
const PUBLIC_KEY: &str = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";

fn secret() -> Vec<u8> {
    (0..32).collect()
}

fn base64(text: &str) -> Vec<u8> {
    use ::base64::Engine;
    ::base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

fn logon(key_id: &str, fields: &str) -> String {
    format!("34=1|49=ACME-OE1|52={SENDING_TIME}|56=ASSAY|98=0|108=30|553={key_id}|{fields}")
}

fn signed(key_id: &str, signature: &str) -> String {
    logon(key_id, &format!("95={}|96={signature}|", signature.len()))
}

fn shown(body: &str) -> Shown {
    let frame = crate::client::framed(&format!("35=A|{body}"));
    let mut fields = FieldIndex::new();
    Shown::by(&fields.parse(&frame, Dictionary::fix44(), Profile::Strict).unwrap())
}

fn at(ms: i64) -> Circumstances {
    let sent = Timestamp::parse_fix(SENDING_TIME.as_bytes()).unwrap();
    Circumstances { address: [192, 0, 2, 7].into(), now: sent.plus_ns(ms * 1_000_000), encrypted: true }
}

fn proved(body: &str, keys: &[Key], at: &Circumstances) -> bool {
    match shown(body).judge(keys, at) {
        Judgement::Proved => true,
        Judgement::Refused => false,
        Judgement::Compare(comparison) => comparison.holds(),
    }
}

fn hmac_key() -> Key {
    Key::new("key", Proof::hmac_sha256(secret()).unwrap())
}

/// A hash that is quick to compare; the parameters stand in it.
fn password_key(password: &str) -> Key {
    let salt = argon2::password_hash::SaltString::from_b64("c29tZXNhbHQ").unwrap();
    let quick = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    let hash = quick.hash_password(password.as_bytes(), &salt).unwrap();
    Key::new("key", Proof::password(&hash.to_string()).unwrap())
}

#[test]
fn a_39_signatures_of_the_test_vector_hold() {
    assert!(proved(&signed("key", HMAC_SHA_256), &[hmac_key()], &at(0)));
    let ed25519 = Key::new("key", Proof::ed25519(&base64(PUBLIC_KEY)).unwrap());
    assert!(proved(&signed("key", ED25519), &[ed25519], &at(0)));
}

#[test]
fn a_37_hmac_sha_512_is_its_own_scheme() {
    use ::base64::Engine;
    use hmac::{Hmac, Mac};
    let message = format!("A\u{1}ACME-OE1\u{1}ASSAY\u{1}1\u{1}{SENDING_TIME}");
    let mut mac = Hmac::<sha2::Sha512>::new_from_slice(&secret()).unwrap();
    mac.update(message.as_bytes());
    let signature = ::base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    let sha512 = Key::new("key", Proof::hmac_sha512(secret()).unwrap());
    assert!(proved(&signed("key", &signature), std::slice::from_ref(&sha512), &at(0)));
    assert!(!proved(&signed("key", HMAC_SHA_256), &[sha512], &at(0)));
    assert!(!proved(&signed("key", &signature), &[hmac_key()], &at(0)));
}

#[test]
fn a_37_every_signed_value_counts() {
    let good = signed("key", HMAC_SHA_256);
    let changes = [
        ("34=1|", "34=2|"),
        ("49=ACME-OE1|", "49=ACME-OE2|"),
        ("56=ASSAY|", "56=OTHER|"),
        ("52=20261121-09:30:00.000|", "52=20261121-09:30:00.001|"),
    ];
    for (from, to) in changes {
        let changed = good.replace(from, to);
        assert_ne!(good, changed);
        assert!(!proved(&changed, &[hmac_key()], &at(0)), "{to}");
    }
    assert!(proved(&good.replace("108=30|", "108=20|"), &[hmac_key()], &at(0)), "108 is not signed");
}

#[test]
fn a_38_no_signature_an_empty_one_and_broken_ones_fail() {
    let keys = [hmac_key()];
    for body in [logon("key", ""), signed("key", "AAAA"), signed("key", "not base64!"), signed("key", "=")] {
        assert!(!proved(&body, &keys, &at(0)), "{body}");
    }
    let short = &HMAC_SHA_256[..20];
    assert!(!proved(&signed("key", short), &keys, &at(0)), "a prefix of the right one");
}

#[test]
fn a_38_sending_time_may_be_5_s_off_and_no_more() {
    for (ms, expected) in [(5_000, true), (-5_000, true), (5_001, false), (-5_001, false)] {
        assert_eq!(proved(&signed("key", HMAC_SHA_256), &[hmac_key()], &at(ms)), expected, "{ms} ms");
    }
}

#[test]
fn a_38_a_key_counts_within_its_dates_and_from_its_addresses() {
    let now = at(0).now;
    let with = |from, until, addresses: &[&str]| Key {
        valid_from: from,
        valid_until: until,
        addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
        ..hmac_key()
    };
    let table = [
        (with(Some(now), None, &[]), true),
        (with(Some(now.plus_ns(1)), None, &[]), false),
        (with(None, Some(now.plus_ns(1)), &[]), true),
        (with(None, Some(now), &[]), false),
        (with(None, None, &["192.0.2.0/24"]), true),
        (with(None, None, &["10.0.0.0/8", "192.0.2.7"]), true),
        (with(None, None, &["10.0.0.0/8"]), false),
    ];
    for (i, (key, expected)) in table.into_iter().enumerate() {
        assert_eq!(proved(&signed("key", HMAC_SHA_256), &[key], &at(0)), expected, "line {i}");
    }
}

#[test]
fn a_38_two_keys_overlap_for_rotation() {
    let old = Key { id: "old".to_owned(), ..hmac_key() };
    let new = Key::new("key", Proof::hmac_sha256(vec![9; 32]).unwrap());
    let keys = [old, new];
    assert!(proved(&signed("old", HMAC_SHA_256), &keys, &at(0)));
    assert!(!proved(&signed("key", HMAC_SHA_256), &keys, &at(0)), "signed with the other key");
}

#[test]
fn a_38_an_unknown_key_costs_the_same_proof_and_fails_even_with_a_right_one() {
    assert!(!proved(&signed("nobody", HMAC_SHA_256), &[hmac_key()], &at(0)));
    let body = logon("nobody", "554=right|");
    // Handing out a comparison is what takes the time; it is handed out for a key that does not exist too.
    match shown(&body).judge(&[password_key("right")], &at(0)) {
        Judgement::Compare(comparison) => assert!(!comparison.holds()),
        _ => panic!("an unknown key is told from a wrong password by its speed"),
    }
}

#[test]
fn l_08_a_password_counts_over_tls_only() {
    let keys = [password_key("correct horse")];
    assert!(proved(&logon("key", "554=correct horse|"), &keys, &at(0)));
    assert!(!proved(&logon("key", "554=correct hors|"), &keys, &at(0)));
    assert!(!proved(&logon("key", ""), &keys, &at(0)));
    let clear = Circumstances { encrypted: false, ..at(0) };
    assert!(!proved(&logon("key", "554=correct horse|"), &keys, &clear));
}

#[test]
fn unsafe_key_records_are_refused() {
    assert_eq!(Proof::hmac_sha256(vec![0; 31]).unwrap_err(), KeyError::ShortSecret);
    assert_eq!(Proof::hmac_sha512(vec![0; 31]).unwrap_err(), KeyError::ShortSecret);
    assert_eq!(Proof::ed25519(&[0; 31]).unwrap_err(), KeyError::PublicKey);
    assert_eq!(Proof::ed25519(&[0; 32]).unwrap_err(), KeyError::PublicKey, "anybody can sign for it");
    assert_eq!(Proof::password("hunter2").unwrap_err(), KeyError::PasswordHash);
    assert_eq!(
        Proof::password("$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA").unwrap_err(),
        KeyError::PasswordHash
    );
}

#[test]
fn x_07_keys_show_their_scheme_and_nothing_else() {
    let shown = format!("{:?} {:?}", hmac_key(), password_key("right"));
    assert!(shown.contains("hmac-sha256") && shown.contains("password"), "{shown}");
    assert!(!shown.contains("argon2") && !shown.contains("[0, 1, 2"), "{shown}");
}
