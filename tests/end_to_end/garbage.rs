//! Bytes that are no messages: ignored or the end of their own connection, never anybody else's business.

use crate::client::Client;
use crate::instance::{Home, Server};
use crate::wire::{Wire, framed, with_checksum};

/// Bytes that a never-ending message sends: many times what the server may keep of it.
const FLOOD_BYTES: usize = 96 << 20;

/// Largest growth of the server while it is flooded: a few buffers of a longest message, and what threads touch anew.
const GROWTH_BYTES_MAX: u64 = 24 << 20;

#[test]
fn garbled_messages_are_ignored_and_a_good_copy_counts() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    for garble in [wrong_checksum, checksum_of_letters, too_short_a_length, noise_around] {
        let id = format!("G{}", client.next_out());
        let seq = client.keep("1", &format!("112={id}|"));
        let good = client.bytes(seq, "");
        client.send_bytes(&garble(&good));
        client.send_bytes(&good);
        client.expect("0").assert_has(&format!("112={id}"));
    }
    server.stop_after([client]);
}

fn wrong_checksum(good: &[u8]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    let last = bytes.len() - 2;
    bytes[last] = if bytes[last] == b'0' { b'1' } else { b'0' };
    bytes
}

fn checksum_of_letters(good: &[u8]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    let end = bytes.len() - 1;
    bytes[end - 3..end].copy_from_slice(b"abc");
    bytes
}

fn too_short_a_length(good: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(good).replace('\x01', "|");
    let body = &text[text.find("35=").expect("a body")..text.rfind("10=").expect("a trailer")];
    with_checksum(&format!("8=FIX.4.4|9={}|{body}", body.len() - 1))
}

fn noise_around(_good: &[u8]) -> Vec<u8> {
    b"\x00\xff garbage 8=FIX\x01=\x01 8=FIX.4.4\x019=-1\x01 8=FIX.4.4\x019=12x\x01".to_vec()
}

#[test]
fn a_length_that_is_too_long_swallows_the_next_message_which_is_asked_for_again() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    let seq = client.keep("1", "112=SWALLOWED|");
    let good = String::from_utf8(client.bytes(seq, "")).expect("ASCII").replace('\x01', "|");
    let body = &good[good.find("35=").expect("a body")..good.rfind("10=").expect("a trailer")];
    client.send_bytes(&with_checksum(&format!("8=FIX.4.4|9={}|{body}", body.len() + 20)));
    client.send("1", "112=WITH IT|");
    client.send("1", "112=NEXT|");
    let request = client.expect("2");
    request.assert_has(&format!("7={seq}"));
    client.answer_resend_request(&request);
    // Those that it had queued may still be answered; then both sides agree again.
    client.send("1", "112=AGREED|");
    while client.expect("0").value(112) != "AGREED" {}
    server.stop_after([client]);
}

#[test]
fn an_oversized_message_is_dropped_and_the_session_goes_on() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    for length in ["1048577", "99999999", "9999999999", "99999999999999999999999999"] {
        client.send_bytes(format!("8=FIX.4.4\x019={length}\x0135=D\x01").as_bytes());
        client.assert_alive();
    }
    server.stop_after([client]);
}

#[test]
fn a_message_without_end_keeps_memory_bounded_and_other_sessions_served() {
    let home = Home::new();
    let server = home.start();
    let mut flooding = Client::logged_on("CLIENT1", server.address());
    let mut other = Client::logged_on("CLIENT2", server.address());
    other.assert_alive();
    let before = server.resident();
    flooding.send_bytes(b"8=FIX.4.4\x019=1048576\x0135=D\x0158=");
    flood(flooding.wire(), &server, &mut other, before);
    let seq = flooding.keep("1", "112=AFTER|");
    let test = flooding.bytes(seq, "");
    // Both are right: it found the next message behind the flood, or gave the connection up.
    if flooding.wire().try_send(&test)
        && let Some(answer) = flooding.wire().receive()
    {
        assert!(["0", "5"].contains(&answer.msg_type()), "{answer:?}");
    }
    other.assert_alive();
    server.stop_after([flooding, other]);
}

#[test]
fn a_stranger_without_end_is_closed() {
    let home = Home::new();
    let server = home.start();
    let mut other = Client::logged_on("CLIENT2", server.address());
    let before = server.resident();
    for start in [&b"8=FIX.4.4\x019=1000000\x0135=A\x0158="[..], b"", b"8=FIX.4.4\x019="] {
        let mut stranger = Wire::connect(server.address());
        stranger.send(start);
        flood(&mut stranger, &server, &mut other, before);
        stranger.assert_silent_close();
    }
    server.stop_after([other]);
}

/// Writes until all is out or the server closes, and looks meanwhile at its memory and at another session.
fn flood(wire: &mut Wire, server: &Server, other: &mut Client, before: u64) {
    const CHUNK_BYTES: usize = 1 << 20;
    let chunk = vec![b'x'; CHUNK_BYTES];
    for _ in 0..FLOOD_BYTES / CHUNK_BYTES {
        if !wire.try_send(&chunk) {
            break;
        }
        other.assert_alive();
        let grown = server.resident().saturating_sub(before);
        assert!(grown <= GROWTH_BYTES_MAX, "the server grew by {grown} bytes");
    }
}

#[test]
fn another_firms_compid_on_a_live_session_is_rejected_and_logged_out() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::logged_on("CLIENT1", server.address());
    let now = crate::wire::utc_now();
    client.send_bytes(&framed(&format!("35=1|34=2|49=CLIENT2|52={now}|56=ASSAY|112=X|")));
    client.expect("3").assert_has("45=2|373=9|371=");
    client.expect("5").assert_has("58=CompID problem");
    server.stop_after([client]);
}
