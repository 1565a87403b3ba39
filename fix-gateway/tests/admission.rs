//! Who may log on (L-06, L-08, A-37, A-38) and what it costs to try (C-09, T-01).

mod desk;
mod pki;

use argon2::password_hash::SaltString;
use argon2::{Argon2, Params, PasswordHasher};
use assay_event_log::{MemoryLog, MemoryLogConfig};
use assay_trading_types::{Timestamp, Topic};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use desk::{Desk, field, wait};
use fix_gateway::client::{Client, framed};
use fix_gateway::{BackOffLimits, GatewayConfig, Key, Proof, SessionSpec};
use hmac::{Hmac, Mac};
use pki::Pki;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

const SECRET: [u8; 32] = [0x5e; 32];
const PASSWORD: &str = "correct-horse-battery";

fn key() -> Key {
    Key::new("key-1", Proof::hmac_sha256(SECRET.to_vec()).unwrap())
}

/// Both sessions need a key; failures are not counted.
fn keyed(config: &mut GatewayConfig) {
    config.sessions.iter_mut().for_each(|session: &mut SessionSpec| session.keys = vec![key()]);
    config.back_off.failures_max = u32::MAX;
}

#[allow(clippy::disallowed_methods, reason = "a counterparty has a clock")]
fn sending_time(ms_off: i64) -> String {
    let ns = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as i64;
    let mut text = Vec::new();
    Timestamp::from_ns(ns).plus_ns(ms_off * 1_000_000).write_fix(6, &mut text);
    String::from_utf8(text).unwrap()
}

/// A Logon under number `seq` at `time` that `secret` signs.
fn signed(comp_id: &str, key_id: &str, secret: &[u8], seq: u64, time: &str) -> Vec<u8> {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret).unwrap();
    mac.update(format!("A\x01{comp_id}\x01ASSAY\x01{seq}\x01{time}").as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    framed(&format!(
        "35=A|34={seq}|49={comp_id}|52={time}|56=ASSAY|95={}|96={signature}|98=0|108=30|553={key_id}|",
        signature.len()
    ))
}

/// What is answered to a first message; nothing when the connection is closed without a word.
fn answer(desk: &Desk, logon: &[u8]) -> Option<(Client, String)> {
    let mut client = desk.client("CLIENT1");
    client.send_bytes(logon).unwrap();
    client.receive().ok().map(|answer| (client, answer))
}

fn good(seq: u64) -> Vec<u8> {
    signed("CLIENT1", "key-1", &SECRET, seq, &sending_time(0))
}

#[test]
fn a_37_a_signed_logon_is_answered() {
    let desk = Desk::configured(keyed);
    let (_client, answer) = answer(&desk, &good(1)).unwrap();
    assert!(answer.contains("|35=A|34=1|"), "{answer}");
}

#[test]
fn l_08_a_failed_proof_is_met_with_silence_and_costs_no_record() {
    let desk = Desk::configured(keyed);
    let now = sending_time(0);
    let tampered = {
        let text = String::from_utf8(good(1)).unwrap();
        let (_, body) = text.split_once("35=A").unwrap();
        let body = format!("35=A{}", body.rsplit_once("10=").unwrap().0);
        framed(&body.replacen("34=1", "34=2", 1).replace('\x01', "|"))
    };
    let bad = [
        framed(&format!("35=A|34=1|49=CLIENT1|52={now}|56=ASSAY|98=0|108=30|")),
        signed("CLIENT1", "key-1", &[0x5f; 32], 1, &now),
        signed("CLIENT1", "key-2", &SECRET, 1, &now),
        signed("CLIENT1", "", &SECRET, 1, &now),
        signed("CLIENT1", "key-1", &SECRET, 1, &sending_time(-6_000)),
        signed("CLIENT1", "key-1", &SECRET, 1, &sending_time(60_000)),
        tampered,
    ];
    for (i, logon) in bad.iter().enumerate() {
        assert!(answer(&desk, logon).is_none(), "logon {i} was answered");
    }
    assert_eq!(desk.gateway().statistics().logons_refused(), bad.len() as u64);
    assert!(desk.log.records().is_empty());
    assert!(answer(&desk, &good(1)).unwrap().1.contains("|34=1|"), "no number was used");
}

#[test]
fn l_08_a_session_may_be_told_instead() {
    let desk = Desk::configured(|config| {
        keyed(config);
        config.sessions[0].logout_on_auth_failure = true;
    });
    let (_client, said) = answer(&desk, &signed("CLIENT1", "key-1", &[1; 32], 1, &sending_time(0))).unwrap();
    assert!(said.contains("|35=5|34=1|") && said.contains("|58=Authentication failed|"), "{said}");
    let journalled = desk.records(Topic::Fix);
    assert_eq!(journalled.len(), 1, "the Logout, not what the stranger wrote");
}

#[test]
fn a_38_a_logon_is_accepted_once() {
    let desk = Desk::configured(keyed);
    let logon = good(1);
    let (client, _) = answer(&desk, &logon).unwrap();
    drop(client);
    desk.wait_down();
    assert!(answer(&desk, &logon).is_none());
    let (_, again) = answer(&desk, &good(2)).unwrap();
    assert!(again.contains("|35=A|"), "{again}");
}

fn restarted(log: Arc<MemoryLog>, snapshots: &Path) -> Desk {
    Desk::configured_over(log, |config| {
        keyed(config);
        config.snapshot_dir = Some(snapshots.to_owned());
    })
}

#[test]
fn a_38_a_replay_is_refused_after_a_crash_too() {
    let dir = tempfile::tempdir().unwrap();
    let desk = restarted(Arc::new(MemoryLog::default()), dir.path());
    let logon = good(1);
    let (client, _) = answer(&desk, &logon).unwrap();
    let crashed = desk.crash();
    drop(client);
    let desk = restarted(crashed, dir.path());
    assert!(answer(&desk, &logon).is_none());
    assert!(answer(&desk, &good(2)).is_some());
}

#[test]
fn a_38_a_replay_is_refused_after_a_stop_too() {
    let dir = tempfile::tempdir().unwrap();
    let desk = restarted(Arc::new(MemoryLog::default()), dir.path());
    let logon = good(1);
    let (client, _) = answer(&desk, &logon).unwrap();
    drop(client);
    desk.wait_down();
    let log = Arc::clone(&desk.log);
    desk.stop().unwrap();
    let log = Arc::new(log.crash_into(assay_event_log::EventLog::end(&*log), MemoryLogConfig::default()));
    let desk = restarted(log, dir.path());
    assert!(answer(&desk, &logon).is_none(), "the snapshot remembers it");
    assert!(answer(&desk, &good(2)).is_some());
}

#[test]
fn l_08_a_password_logs_on_over_tls_and_is_written_nowhere() {
    let pki = Pki::new();
    let salt = SaltString::from_b64("c29tZXNhbHQ").unwrap();
    let quick =
        Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    let hash = quick.hash_password(PASSWORD.as_bytes(), &salt).unwrap().to_string();
    let with = |tls: bool| {
        let pki = &pki;
        move |config: &mut GatewayConfig| {
            keyed(config);
            config.sessions[0].keys = vec![Key::new("user", Proof::password(&hash).unwrap())];
            let mut spec = pki.listener();
            spec.client_certificates = fix_gateway::ClientCertificates::None;
            let secure = fix_gateway::Listener { tls: Some(spec), ..config.listen[0].clone() };
            match tls {
                true => config.listen[0] = secure,
                false => config.listen.push(secure),
            }
        }
    };
    let logon = |password: &str| format!("98=0|108=30|553=user|554={password}");
    let desk = Desk::configured(with.clone()(true));
    let connect = || {
        let tls = pki.client(None);
        let address = desk.gateway().local_addr();
        Client::connect_tls(address, (&tls, "fix.assay.test"), "CLIENT1", "ASSAY").unwrap()
    };
    for wrong in ["correct-horse-batter", "correct-horse-batteryy", ""] {
        let mut client = connect();
        client.send("A", &logon(wrong)).unwrap();
        assert!(client.receive().is_err(), "{wrong}");
    }
    let mut client = connect();
    client.send("A", &logon(PASSWORD)).unwrap();
    assert!(client.receive().unwrap().contains("|35=A|"));
    for record in desk.log.records() {
        let holds = record.value.windows(PASSWORD.len()).any(|w| w == PASSWORD.as_bytes());
        assert!(!holds, "{}", String::from_utf8_lossy(&record.value));
    }
    let stars = "*".repeat(PASSWORD.len());
    let kept = &desk.records(Topic::Fix)[0].value;
    assert!(
        String::from_utf8_lossy(kept).contains(&format!("\x01554={stars}\x01")),
        "and its length stays right"
    );
    // The same session on the listener in clear: not even the right password.
    let desk = Desk::configured(with(false));
    let mut client = desk.client("CLIENT1");
    client.send("A", &logon(PASSWORD)).unwrap();
    assert!(client.receive().is_err());
}

#[test]
fn a_password_without_any_tls_listener_is_refused_at_the_start() {
    let error = Desk::refused(|config| {
        let hash = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA";
        config.sessions[1].keys = vec![Key::new("user", Proof::password(hash).unwrap())];
    });
    assert!(matches!(error, fix_gateway::Error::PasswordInClear(id) if id.as_str() == "CLIENT2"), "{error}");
}

#[test]
fn l_06_a_session_logs_on_from_its_addresses_only() {
    for (list, expected) in [("127.0.0.0/8", true), ("10.0.0.0/8", false)] {
        let desk = Desk::configured(|config| config.sessions[0].addresses = vec![list.parse().unwrap()]);
        let mut client = desk.client("CLIENT1");
        assert_eq!(client.logon(30, false).is_ok(), expected, "{list}");
        let mut other = desk.client("CLIENT2");
        assert!(other.logon(30, false).is_ok(), "another session has its own list");
    }
}

/// Two failures start a wait longer than any test.
const LONG_WAIT: BackOffLimits =
    BackOffLimits { failures_max: 2, window_ms: 3_600_000, first_ms: 3_600_000, longest_ms: 3_600_000 };

#[test]
fn c_09_failed_logons_bar_session_and_address_and_leave_sessions_up() {
    let desk = Desk::configured(|config| {
        keyed(config);
        config.sessions[1].keys.clear();
        config.back_off = LONG_WAIT;
    });
    let mut established = desk.logged_on("CLIENT2");
    let bad = || signed("CLIENT1", "key-1", &[1; 32], 1, &sending_time(0));
    assert!(answer(&desk, &bad()).is_none());
    assert!(answer(&desk, &bad()).is_none());
    assert!(answer(&desk, &good(1)).is_none(), "even the right signature has to wait");
    established.send("1", "112=up").unwrap();
    assert!(established.receive_type("0").unwrap().contains("|112=up|"));
    drop(established);
    wait(|| desk.gateway().statistics().sessions_up() == 0);
    assert!(desk.client("CLIENT2").logon(30, false).is_err(), "its address waits too");
}

#[test]
fn c_09_success_forgets_failures() {
    let desk = Desk::configured(|config| {
        keyed(config);
        config.back_off = LONG_WAIT;
    });
    for seq in 1..=3 {
        assert!(answer(&desk, &signed("CLIENT1", "key-1", &[1; 32], seq, &sending_time(0))).is_none());
        let (client, _) = answer(&desk, &good(seq)).unwrap();
        drop(client);
        desk.wait_down();
    }
}

#[test]
fn c_09_unknown_comp_ids_bar_nobody_where_everybody_is_trusted() {
    let desk = Desk::configured(|config| config.back_off = LONG_WAIT);
    for _ in 0..5 {
        assert!(desk.client("NOBODY").logon(30, false).is_err());
    }
    assert!(desk.client("CLIENT1").logon(30, false).is_ok(), "on loopback a slip bars nobody");
}

#[test]
fn c_09_a_stranger_may_send_8_kib_and_wait_its_time_and_no_more() {
    let desk = Desk::configured(|config| config.strangers.patience_ms = 3_600_000);
    let mut client = desk.client("CLIENT1");
    client.send_bytes(b"8=FIX.4.4\x019=8000\x0135=A\x01").unwrap();
    // The server may hang up while the rest is still being sent.
    let _ = client.send_bytes(&vec![b'x'; 9 << 10]);
    assert!(client.is_closed_silently().unwrap(), "too many bytes");
    let desk = Desk::configured(|config| config.strangers.patience_ms = 20);
    let mut client = desk.client("CLIENT1");
    assert!(client.is_closed_silently().unwrap(), "T-01: too late");
}

#[test]
fn c_09_strangers_of_one_address_are_counted_and_sessions_are_not() {
    let desk = Desk::configured(|config| config.strangers.per_address_max = 2);
    let _session = desk.logged_on("CLIENT1");
    let silent = [desk.client("X"), desk.client("X")];
    let mut third = desk.client("CLIENT2");
    assert!(third.is_closed_silently().unwrap());
    drop(silent);
    // The server notices the hang-ups in its own time.
    wait(|| desk.client("CLIENT2").logon(30, false).is_ok_and(|answer| field(&answer, 35) == Some("A")));
}
