//! A data directory that is in use, damaged or torn.

use crate::client::Client;
use crate::instance::{Ended, Home, edit};

/// Frames begin behind the segment's header and carry this (docs/wire/event-log.md).
const FRAME_MAGIC: &[u8] = b"\xa5\x46\x52\x01";

/// A home with a few orders on file and its server stopped in order.
fn used_home() -> Home {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    for n in 0..5 {
        client.order(&format!("A{n}"), "54=1|38=1|40=2|44=10|").assert_has("150=0");
    }
    server.stop_after([client]);
    home
}

/// Where each frame begins.
fn frames(home: &Home) -> Vec<usize> {
    let bytes = std::fs::read(home.segment()).expect("readable");
    let header = u32::from_le_bytes(bytes[12..16].try_into().expect("four bytes")) as usize;
    let mut starts = Vec::new();
    let mut at = header;
    while bytes[at..].starts_with(FRAME_MAGIC) {
        starts.push(at);
        at += u32::from_le_bytes(bytes[at + 8..at + 12].try_into().expect("four bytes")) as usize;
    }
    starts.push(at);
    starts
}

#[track_caller]
fn assert_names_segment(ended: &Ended) {
    let line = ended.one_line();
    assert!(line.contains("00000000000000000000.log is damaged at byte "), "{line}");
    assert!(line.contains("(position "), "{line}");
}

#[test]
fn a_directory_in_use_is_refused_with_its_holder() {
    let home = Home::new();
    let server = home.start();
    let ended = home.refused_up();
    let line = ended.assert_code(1).one_line().to_owned();
    assert!(line.contains(&format!("in use by process {}", server.pid())), "{line}");
    Client::logged_on("CLIENT1", server.address()).assert_alive();
    server.kill_9();
    home.start().stop();
}

#[test]
fn a_sealed_log_without_its_keys_is_refused_and_served_once_they_are_back() {
    let home = used_home();
    let keys = home.data().join("audit").join("keys");
    let away = home.data().join("keys-elsewhere");
    std::fs::rename(&keys, &away).expect("a directory of keys");
    let refused = home.refused_up();
    let line = refused.assert_code(1).one_line().to_owned();
    assert!(line.contains("the log has seals, and") && line.contains("has no seal keys"), "{line}");
    assert!(!keys.exists(), "and none were made");
    std::fs::rename(&away, &keys).expect("its place is free");
    home.start().stop();
    home.assert_sound();
}

#[test]
fn a_flipped_byte_in_the_middle_is_refused_and_nothing_is_cut() {
    let home = used_home();
    let starts = frames(&home);
    let middle = starts[starts.len() / 2];
    edit(&home.segment(), |bytes| bytes[middle + 90] ^= 1);
    let damaged = std::fs::read(home.segment()).expect("readable");

    assert_names_segment(home.refused_up().assert_code(1));
    let verified = home.verify();
    verified.assert_code(1);
    let said = verified.stdout.clone() + &verified.stderr;
    assert!(said.contains("00000000000000000000.log"), "{said}");
    assert!(said.contains("position"), "{said}");
    home.check().assert_code(1);
    assert_eq!(std::fs::read(home.segment()).expect("readable"), damaged, "nothing was changed");

    edit(&home.segment(), |bytes| bytes[middle + 90] ^= 1);
    home.start().stop();
    home.assert_sound();
}

#[test]
fn garbage_behind_the_end_is_cut_and_said() {
    let home = used_home();
    let end = *frames(&home).last().expect("frames");
    edit(&home.segment(), |bytes| bytes[end..end + 100].fill(0xEE));
    let server = home.start();
    let said = server.greeting.join("\n");
    assert!(said.contains("cut a torn tail: ") && said.contains(&end.to_string()), "{said}");
    let mut client = Client::new("CLIENT1");
    client.connect(server.address());
    server.stop();
    home.assert_sound();
    let server = home.start();
    assert!(!server.greeting.join("\n").contains("torn"), "cut once");
    server.stop();
}

#[test]
fn a_cut_last_frame_is_refused_while_the_marker_says_it_was_durable() {
    let home = used_home();
    let starts = frames(&home);
    let last = starts[starts.len() - 2];
    let whole = std::fs::read(home.segment()).expect("readable");
    edit(&home.segment(), |bytes| bytes[last + 40..].fill(0));
    assert_names_segment(home.refused_up().assert_code(1));
    std::fs::write(home.segment(), whole).expect("writable");
    home.start().stop();
    home.assert_sound();
}

#[test]
fn a_cut_last_frame_without_marker_is_a_torn_tail() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    for n in 0..5 {
        client.order(&format!("A{n}"), "54=1|38=1|40=2|44=10|").assert_has("150=0");
    }
    // Orders are on file, no snapshot, state or row is newer than what is cut.
    server.kill_9();
    let starts = frames(&home);
    let last = starts[starts.len() - 2];
    edit(&home.segment(), |bytes| bytes[last + 40..].fill(0));
    std::fs::remove_file(home.data().join("log").join("durable")).expect("there is a marker");
    // Copies are ahead of the log now; they are derived and can be deleted.
    std::fs::remove_file(home.data().join("audit").join("audit.sqlite")).expect("there is a store");
    let server = home.start();
    let said = server.greeting.join("\n");
    assert!(said.contains("cut a torn tail: ") && said.contains(&last.to_string()), "{said}");
    server.stop_after([client]);
    home.assert_sound();
}

#[test]
fn a_lost_tail_is_accepted_only_when_the_operator_says_so_and_what_knew_it_is_set_aside() {
    let home = used_home();
    let starts = frames(&home);
    let cut = starts[starts.len() - 4];
    edit(&home.segment(), |bytes| bytes[cut..].fill(0));
    assert_names_segment(home.refused_up().assert_code(1));
    let server = home.start_with(&["--accept-lost-tail"]);
    let said = server.greeting.join("\n");
    assert!(said.contains("set aside, it holds records that the log lost: "), "{said}");
    let audit = std::fs::read_dir(home.data().join("audit")).expect("a directory");
    let names: Vec<String> =
        audit.map(|e| e.expect("readable").file_name().to_string_lossy().into()).collect();
    assert!(names.iter().any(|name| name.starts_with("audit.sqlite.lost-")), "{names:?}");
    assert!(names.iter().any(|name| name.starts_with("chain.state.lost-")), "{names:?}");
    let mut client = Client::new("CLIENT2");
    client.connect(server.address());
    server.stop();
    home.assert_sound();
    home.start().stop();
}
