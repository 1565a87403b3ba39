//! What the initiator proves itself by, against the gateway that judges it.

mod desk;
mod pki;
mod seat;

use argon2::password_hash::SaltString;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use assay_trading_types::Topic;
use desk::{Desk as Server, wait};
use fix_gateway::client::{Client, Credentials, FileStore, Host, Initiator, InitiatorConfig, Scheme};
use fix_gateway::{ClientCertificates, GatewayConfig, Key, Listener, Proof};
use pki::Pki;
use seat::{Received, config, log_on, turn_until};
use std::net::SocketAddr;

const SECRET: [u8; 32] = [0x5e; 32];
const PASSWORD: &str = "correct-horse-battery";

/// A server on which CLIENT1 proves `proof`; failures are not counted.
fn server(proof: &Proof, listen: Listener) -> Server {
    Server::configured(|config: &mut GatewayConfig| {
        config.sessions[0].keys = vec![Key::new("key-1", proof.clone())];
        config.back_off.failures_max = u32::MAX;
        config.listen = vec![listen];
    })
}

fn in_clear() -> Listener {
    SocketAddr::from(([127, 0, 0, 1], 0)).into()
}

fn showing(server: &Server, scheme: Scheme, secret: &[u8]) -> InitiatorConfig {
    let credentials = Some(Credentials::new("key-1", scheme, secret).unwrap());
    InitiatorConfig { credentials, ..config(server.gateway().local_addr()) }
}

fn in_memory(config: InitiatorConfig) -> Initiator<Received> {
    Initiator::in_memory(config, Received::default())
}

/// It is refused `times` and never established.
fn is_refused(config: InitiatorConfig, times: u64) {
    let mut client = in_memory(config);
    turn_until(&mut client, |client| {
        assert!(!client.is_established());
        client.connects_failed() >= times
    });
}

fn signatures() -> [(Scheme, Proof); 3] {
    let public = ed25519_dalek::SigningKey::from_bytes(&SECRET).verifying_key();
    [
        (Scheme::HmacSha256, Proof::hmac_sha256(SECRET.to_vec()).unwrap()),
        (Scheme::HmacSha512, Proof::hmac_sha512(SECRET.to_vec()).unwrap()),
        (Scheme::Ed25519, Proof::ed25519(public.as_bytes()).unwrap()),
    ]
}

#[test]
fn a_37_an_initiator_logs_on_by_signature_again_and_again() {
    for (scheme, proof) in signatures() {
        let server = server(&proof, in_clear());
        let mut client = in_memory(showing(&server, scheme, &SECRET));
        for _ in 0..3 {
            log_on(&mut client);
            client.crash();
            client.connect();
        }
    }
}

#[test]
fn l_08_an_initiator_with_the_wrong_secret_or_key_gets_nowhere() {
    for (scheme, proof) in signatures() {
        let server = server(&proof, in_clear());
        is_refused(showing(&server, scheme, &[0x5f; 32]), 2);
        let other_key = Credentials::new("key-2", scheme, &SECRET).unwrap();
        is_refused(InitiatorConfig { credentials: Some(other_key), ..showing(&server, scheme, &SECRET) }, 2);
        is_refused(config(server.gateway().local_addr()), 2);
        assert!(server.log.records().is_empty(), "{scheme:?}: nothing was journalled");
    }
}

#[test]
fn a_38_what_an_initiator_showed_does_not_log_on_again() {
    for (scheme, proof) in signatures() {
        let server = server(&proof, in_clear());
        let mut client = in_memory(showing(&server, scheme, &SECRET));
        log_on(&mut client);
        let logon = server.records(Topic::Fix)[0].value.clone();
        assert!(logon.starts_with(b"8=FIX.4.4\x01"), "{}", String::from_utf8_lossy(&logon));
        client.crash();
        server.wait_down();
        let refused = server.gateway().statistics().logons_refused();
        let mut thief = Client::connect(server.gateway().local_addr(), "CLIENT1", "ASSAY").unwrap();
        thief.send_bytes(&logon).unwrap();
        assert!(thief.is_closed_silently().unwrap(), "{scheme:?}");
        assert_eq!(server.gateway().statistics().logons_refused(), refused + 1);
        client.connect();
        log_on(&mut client);
    }
}

/// The hash of `PASSWORD` that is quick to compare.
fn password() -> Proof {
    let salt = SaltString::from_b64("c29tZXNhbHQ").unwrap();
    let quick = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    Proof::password(&quick.hash_password(PASSWORD.as_bytes(), &salt).unwrap().to_string()).unwrap()
}

/// A listener with TLS, certificates of clients as `wanted`.
fn secure(pki: &Pki, wanted: ClientCertificates) -> Listener {
    let mut spec = pki.listener();
    spec.client_certificates = wanted;
    Listener { tls: Some(spec), ..in_clear() }
}

fn over_tls(config: InitiatorConfig, pki: &Pki, identity: Option<&str>) -> InitiatorConfig {
    let address = config.hosts[0].address.clone();
    let host = Host { address, name: "fix.assay.test".to_owned() };
    InitiatorConfig { hosts: vec![host], tls: Some(pki.client(identity)), ..config }
}

#[test]
fn x_07_a_password_logs_on_over_tls_and_is_in_no_store() {
    let pki = Pki::new();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("client1");
    let server = server(&password(), secure(&pki, ClientCertificates::None));
    let right = over_tls(showing(&server, Scheme::Password, PASSWORD.as_bytes()), &pki, None);
    let store = FileStore::open(&path, "CLIENT1", "ASSAY").unwrap();
    let mut client = Initiator::new(right.clone(), store, Received::default());
    log_on(&mut client);
    client.crash();
    drop(client);
    let holds = |bytes: &[u8]| bytes.windows(PASSWORD.len()).any(|w| w == PASSWORD.as_bytes());
    assert!(!server.log.records().iter().any(|record| holds(&record.value)));
    let kept = std::fs::read(&path).unwrap();
    assert!(kept.windows(6).any(|w| w == b"\x01554=*") && !holds(&kept), "the initiator's own store");
    server.wait_down();
    is_refused(over_tls(showing(&server, Scheme::Password, b"correct-horse-batter"), &pki, None), 2);
    let store = FileStore::open(&path, "CLIENT1", "ASSAY").unwrap();
    log_on(&mut Initiator::new(right, store, Received::default()));
}

#[test]
fn l_08_a_password_is_never_shown_in_clear() {
    let pki = Pki::new();
    let server = Server::configured(|config| {
        config.sessions[0].keys = vec![Key::new("key-1", password())];
        config.listen = vec![in_clear(), secure(&pki, ClientCertificates::None)];
    });
    is_refused(showing(&server, Scheme::Password, PASSWORD.as_bytes()), 3);
    assert_eq!(server.gateway().statistics().logons_refused(), 0, "it did not even connect");
}

#[test]
fn c_06_a_37_certificate_and_signature_are_both_asked_for() {
    let mut pki = Pki::new();
    pki.issue("client", "CLIENT1", &[]);
    let [(scheme, proof), ..] = signatures();
    let server = server(&proof, secure(&pki, ClientCertificates::Required));
    is_refused(over_tls(showing(&server, scheme, &SECRET), &pki, None), 2);
    is_refused(over_tls(config(server.gateway().local_addr()), &pki, Some("client")), 2);
    let mut client = in_memory(over_tls(showing(&server, scheme, &SECRET), &pki, Some("client")));
    log_on(&mut client);
    client.logout();
    turn_until(&mut client, |client| client.is_logged_out() && !client.is_connected());
    wait(|| server.gateway().statistics().sessions_up() == 0);
}
