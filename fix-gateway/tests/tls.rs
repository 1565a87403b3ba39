//! TLS of the listener (C-04 to C-08): who gets in, as whom, and what a reload changes.

mod desk;
mod pki;

use assay_event_log::MemoryLog;
use assay_trading_types::{CompId, FirmId};
use desk::{Desk, order, wait};
use fix_gateway::client::{Client, ClientTls};
use fix_gateway::{ClientCertificates, Echo, Error, GatewayConfig, Listener, Proof, SessionSpec, spawn_with};
use pki::Pki;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::io;
use std::sync::Arc;

const NAME: &str = "fix.assay.test";

/// A desk whose one listener is protected by `pki`, as `change` has it.
fn desk_with(pki: &Pki, change: impl FnOnce(&mut GatewayConfig)) -> Desk {
    Desk::configured(|config| {
        config.listen[0].tls = Some(pki.listener());
        config.tls_reload_ms = 0;
        change(config);
    })
}

fn desk(pki: &Pki) -> Desk {
    desk_with(pki, |_| {})
}

fn connect(desk: &Desk, tls: &ClientTls, comp_id: &str) -> io::Result<Client> {
    Client::connect_tls(desk.gateway().local_addr(), (tls, NAME), comp_id, "ASSAY")
}

/// Logs on under TLS; an error when the server let nothing through.
fn log_on(desk: &Desk, tls: &ClientTls, comp_id: &str) -> io::Result<Client> {
    let mut client = connect(desk, tls, comp_id)?;
    client.logon(30, false)?;
    Ok(client)
}

/// What the server answered to a logon it does not take: nothing.
fn is_refused(desk: &Desk, tls: &ClientTls, comp_id: &str) -> bool {
    let numbers = desk.log.records().len();
    let refused = log_on(desk, tls, comp_id).is_err();
    assert_eq!(desk.log.records().len(), numbers, "a refused peer costs no record");
    refused
}

#[test]
fn c_04_tls_13_is_agreed_on_and_orders_go_through() {
    let mut pki = Pki::new();
    pki.issue("client", "CLIENT1", &[]);
    let desk = desk(&pki);
    let mut client = log_on(&desk, &pki.client(Some("client")), "CLIENT1").unwrap();
    assert_eq!(client.tls_version().unwrap(), "TLSv1_3");
    // More than one TLS record and one read, both ways.
    for i in 0..500 {
        client.send("D", &order(&format!("a-{i}"))).unwrap();
    }
    desk.wait_request(500);
    desk.accept_all();
    for _ in 0..500 {
        assert!(client.receive_type("8").unwrap().contains("|150=0|"));
    }
}

#[test]
fn c_04_messages_of_any_length_and_number_pass_whole_and_in_order() {
    let mut pki = Pki::new();
    pki.issue("client", "CLIENT1", &[]);
    let tls = Some(pki.listener());
    let mut config = GatewayConfig::new("127.0.0.1:0".parse().unwrap(), CompId::new("ASSAY").unwrap());
    config.listen[0].tls = tls;
    config.sessions = vec![SessionSpec::new(CompId::new("CLIENT1").unwrap(), FirmId::new("FIRM1").unwrap())];
    let gateway = spawn_with(config, Arc::new(MemoryLog::default()), Echo::new(false)).unwrap();
    let mut client =
        Client::connect_tls(gateway.local_addr(), (&pki.client(Some("client")), NAME), "CLIENT1", "ASSAY")
            .unwrap();
    client.logon(30, false).unwrap();
    // From less than a TLS record to several reads, on both sides.
    for length in [1, 16_000, 17_000, 66_000, 100_000, 3] {
        let text = "x".repeat(length);
        for number in 0..5 {
            client.send("D", &format!("58={text}|{}", order(&format!("{length}-{number}")))).unwrap();
        }
        for number in 0..5 {
            let echo = client.receive().unwrap();
            assert!(echo.contains(&format!("|11={length}-{number}|")) && echo.contains(&text), "{length}");
        }
    }
    let ids: Vec<String> = (0..3_000).map(|n| format!("o{n}")).collect();
    ids.iter().for_each(|id| client.send("D", &order(id)).unwrap());
    for id in ids {
        assert!(client.receive().unwrap().contains(&format!("|11={id}|")));
    }
    gateway.stop().unwrap();
}

#[test]
fn c_04_tls_12_passes_only_where_the_listener_allows_it() {
    let mut pki = Pki::new();
    pki.issue("client", "CLIENT1", &[]);
    let old = pki.client_that(Some("client"), &pki.path("ca.pem"), true);
    let client = log_on(&desk(&pki), &old, "CLIENT1").unwrap();
    assert_eq!(client.tls_version().unwrap(), "TLSv1_2");
    let strict = desk_with(&pki, |config| config.listen[0].tls.as_mut().unwrap().allow_tls12 = false);
    assert!(is_refused(&strict, &old, "CLIENT1"));
    wait(|| strict.gateway().statistics().tls_failures() == 1);
}

#[test]
fn c_04_fix_in_clear_on_a_tls_listener_gets_no_fix_back() {
    let desk = desk(&Pki::new());
    let mut client = desk.client("CLIENT1");
    assert!(client.logon(30, false).is_err());
    assert!(desk.log.records().is_empty());
}

#[test]
fn c_05_a_missing_expired_revoked_or_strange_certificate_fails_the_handshake() {
    let mut pki = Pki::new();
    pki.issue_until("expired", "CLIENT1", &[], 2021);
    let revoked = pki.issue("revoked", "CLIENT1", &[]);
    pki.issue("good", "CLIENT1", &[]);
    pki.revoke(&[revoked]);
    let mut strangers = Pki::new();
    strangers.issue("client", "CLIENT1", &[]);
    let stranger = strangers.client_that(Some("client"), &pki.path("ca.pem"), false);
    let desk = desk(&pki);
    for tls in [pki.client(None), pki.client(Some("expired")), pki.client(Some("revoked")), stranger] {
        assert!(is_refused(&desk, &tls, "CLIENT1"));
    }
    wait(|| desk.gateway().statistics().tls_failures() == 4);
    log_on(&desk, &pki.client(Some("good")), "CLIENT1").unwrap();
}

#[test]
fn c_06_a_certificate_logs_on_its_own_session_only() {
    let mut pki = Pki::new();
    pki.issue("by-subject", "CLIENT1", &[]);
    pki.issue("by-name", "somebody", &["CLIENT2"]);
    let desk = desk(&pki);
    assert!(is_refused(&desk, &pki.client(Some("by-subject")), "CLIENT2"));
    assert!(is_refused(&desk, &pki.client(Some("by-name")), "CLIENT1"));
    assert_eq!(desk.gateway().statistics().logons_refused(), 2);
    log_on(&desk, &pki.client(Some("by-subject")), "CLIENT1").unwrap();
    log_on(&desk, &pki.client(Some("by-name")), "CLIENT2").unwrap();
}

#[test]
fn c_06_a_session_may_be_bound_to_another_name() {
    let mut pki = Pki::new();
    pki.issue("desk", "trading desk 7", &[]);
    pki.issue("own", "CLIENT1", &[]);
    let desk = desk_with(&pki, |config| {
        config.sessions[0].certificate_names = vec!["trading desk 7".to_owned()];
    });
    assert!(is_refused(&desk, &pki.client(Some("own")), "CLIENT1"), "then the CompID is not enough");
    log_on(&desk, &pki.client(Some("desk")), "CLIENT1").unwrap();
}

#[test]
fn c_07_an_initiator_leaves_a_server_that_it_cannot_verify_before_logon() {
    let mut pki = Pki::new();
    pki.issue("client", "CLIENT1", &[]);
    let other = Pki::new();
    let desk = desk(&pki);
    let distrusts = pki.client_that(Some("client"), &other.path("ca.pem"), false);
    assert!(connect(&desk, &distrusts, "CLIENT1").is_err(), "another CA");
    let tls = pki.client(Some("client"));
    let address = desk.gateway().local_addr();
    assert!(Client::connect_tls(address, (&tls, "other.test"), "CLIENT1", "ASSAY").is_err(), "another name");
    assert!(desk.log.records().is_empty());
}

#[test]
fn c_07_the_name_asked_for_chooses_the_certificate() {
    let mut pki = Pki::new();
    pki.issue("second", "second", &["*.second.test"]);
    pki.issue("client", "CLIENT1", &[]);
    let desk = desk_with(&pki, |config| {
        config.listen[0].tls.as_mut().unwrap().certificates.push(pki.files("second"));
    });
    let tls = pki.client(Some("client"));
    let address = desk.gateway().local_addr();
    for (name, shown) in [(NAME, "server"), ("fix.second.test", "second")] {
        let client = Client::connect_tls(address, (&tls, name), "CLIENT1", "ASSAY").unwrap();
        let expected = CertificateDer::from_pem_file(pki.files(shown).certificate).unwrap();
        assert_eq!(client.server_certificate().unwrap(), expected.to_vec(), "{name}");
    }
}

#[test]
fn c_08_a_reload_serves_new_connections_and_leaves_sessions_up() {
    let mut pki = Pki::new();
    let serial = pki.issue("client", "CLIENT1", &[]);
    pki.issue("other", "CLIENT2", &[]);
    let desk = desk(&pki);
    let mut established = log_on(&desk, &pki.client(Some("client")), "CLIENT1").unwrap();
    let before = established.server_certificate().unwrap();
    pki.issue("server", "server", &[NAME]);
    pki.revoke(&[serial]);
    desk.gateway().reload_certificates();
    wait(|| desk.gateway().statistics().tls_reloads() == 1);
    let other = log_on(&desk, &pki.client(Some("other")), "CLIENT2").unwrap();
    assert_ne!(other.server_certificate().unwrap(), before, "a new connection gets the new certificate");
    established.send("1", "112=still").unwrap();
    assert!(established.receive_type("0").unwrap().contains("|112=still|"));
    drop(established);
    wait(|| desk.gateway().statistics().sessions_up() == 1);
    assert!(is_refused(&desk, &pki.client(Some("client")), "CLIENT1"), "revoked meanwhile");
}

#[test]
fn c_08_changed_files_are_noticed_and_broken_ones_change_nothing() {
    let mut pki = Pki::new();
    pki.issue("client", "CLIENT1", &[]);
    let desk = desk_with(&pki, |config| config.tls_reload_ms = 5);
    let first = connect(&desk, &pki.client(None), "CLIENT1").unwrap().server_certificate();
    std::fs::write(pki.path("ca.crl"), "no list").unwrap();
    desk.gateway().reload_certificates();
    pki.revoke(&[]);
    pki.issue("server", "server", &[NAME]);
    wait(|| connect(&desk, &pki.client(None), "CLIENT1").unwrap().server_certificate() != first);
    log_on(&desk, &pki.client(Some("client")), "CLIENT1").unwrap();
}

#[test]
fn a_start_with_unusable_files_is_refused_and_shows_no_key() {
    let mut pki = Pki::new();
    pki.issue("other", "other", &[]);
    let mut mixed = pki.listener();
    mixed.certificates[0].key = pki.files("other").key;
    let mut missing = pki.listener();
    missing.client_ca = Some(pki.path("nowhere.pem"));
    let mut no_ca = pki.listener();
    no_ca.client_ca = None;
    let mut certificate_as_key = pki.listener();
    certificate_as_key.certificates[0].key = pki.files("server").certificate;
    for tls in [mixed, missing, no_ca, certificate_as_key] {
        let error = Desk::refused(|config| config.listen[0].tls = Some(tls));
        assert!(matches!(error, Error::Tls(_)), "{error}");
        assert!(!error.to_string().contains("PRIVATE"), "{error}");
    }
}

#[test]
fn a_listener_off_loopback_needs_proof_from_every_session() {
    let pki = Pki::new();
    let anywhere = || Listener::from("0.0.0.0:0".parse::<std::net::SocketAddr>().unwrap());
    let error = Desk::refused(|config| config.listen = vec![anywhere()]);
    assert!(matches!(error, Error::Exposed(_)), "{error}");
    let error = Desk::refused(|config| {
        let mut tls = pki.listener();
        tls.client_certificates = ClientCertificates::Optional;
        config.listen = vec![Listener { tls: Some(tls), ..anywhere() }];
    });
    assert!(matches!(error, Error::Exposed(_)), "encrypted, but anybody may be anyone: {error}");
    let key = fix_gateway::Key::new("key", Proof::hmac_sha256(vec![7; 32]).unwrap());
    let some = Desk::refused(|config| {
        config.listen = vec![anywhere()];
        config.sessions[0].keys.push(key.clone());
    });
    assert!(matches!(some, Error::Exposed(_)), "one session proves nothing: {some}");
    for allowed in [
        Desk::configured(|config| {
            config.listen = vec![Listener { tls: Some(pki.listener()), ..anywhere() }];
        }),
        Desk::configured(|config| {
            config.listen = vec![anywhere()];
            config.sessions.iter_mut().for_each(|session| session.keys.push(key.clone()));
        }),
        Desk::configured(|config| (config.listen, config.insecure_listen) = (vec![anywhere()], true)),
    ] {
        allowed.stop().unwrap();
    }
}
