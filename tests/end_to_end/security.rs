//! Certificates and keys as the commands make them, at work in a server; and secrets, which are shown nowhere.

use crate::back_office;
use crate::instance::{CONFIGURATION, Home, Server, assay, run};
use crate::wire::{Wire, framed, utc_now};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

/// The shared configuration with `more` in the table of CLIENT1's session.
fn with_session(more: &str) -> String {
    let session = "comp_id = \"CLIENT1\"\nfirm = \"FIRM1\"\nthrottle = { per_s = 1000000 }\n";
    assert!(CONFIGURATION.contains(session));
    CONFIGURATION.replacen(session, &format!("{session}{more}\n"), 1)
}

fn made(args: &[&str], dir: &Path) -> String {
    let mut command = assay(args);
    command.arg("--dir").arg(dir);
    let ended = run(command);
    ended.assert_code(0);
    ended.stdout
}

fn tls(dir: &Path, name: &str) -> ClientConfig {
    let pem = |file: String| dir.join(file);
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(pem("ca.pem".to_owned())).unwrap()).unwrap();
    let certificate = CertificateDer::from_pem_file(pem(format!("{name}.pem"))).unwrap();
    let key = PrivateKeyDer::from_pem_file(pem(format!("{name}.key"))).unwrap();
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![certificate], key)
        .unwrap()
}

/// The first bytes the server answers to a Logon of `comp_id` under `config`; none when it hangs up.
fn answer(server: std::net::SocketAddr, config: ClientConfig, comp_id: &str) -> Vec<u8> {
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(session, TcpStream::connect(server).unwrap());
    let logon = format!("35=A|34=1|49={comp_id}|52={}|56=ASSAY|98=0|108=30|", utc_now());
    let mut answer = vec![0; 4096];
    // A server that refuses the certificate ends the connection at any of these points.
    let count = stream.write_all(&framed(&logon)).and_then(|()| stream.read(&mut answer)).unwrap_or(0);
    answer.truncate(count);
    answer
}

#[test]
fn made_certificates_log_their_own_sessions_on_over_tls() {
    let home = Home::new();
    let dir = home.config().parent().unwrap().join("certificates");
    let args = ["certs", "init", "--comp-id", "CLIENT1", "--comp-id", "CLIENT2"];
    let record = made(&args, &dir);
    let record = &record[record.find("[gateway.tls]").unwrap()..];
    // The record is made for a configuration file beside the certificates.
    let record = record.replace("= \"", "= \"certificates/");
    let gateway = "comp_id = \"ASSAY\"\n";
    std::fs::write(home.config(), CONFIGURATION.replacen(gateway, &format!("{gateway}{record}"), 1)).unwrap();
    let server = home.start();
    let answered = answer(server.address(), tls(&dir, "CLIENT1"), "CLIENT1");
    assert!(answered.starts_with(b"8=FIX.4.4\x01"), "{answered:?}");
    assert!(answer(server.address(), tls(&dir, "CLIENT2"), "CLIENT3").is_empty(), "not bound to it");
    assert!(answer(server.address(), tls(&dir, "REVOKED"), "CLIENT2").is_empty(), "revoked");
    server.stop();
    for key in ["ca.key", "server.key", "CLIENT1.key"] {
        let mode = std::fs::metadata(dir.join(key)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }
    let mut again = assay(&args);
    again.arg("--dir").arg(&dir);
    assert!(run(again).assert_code(1).one_line().contains("ca.key"), "nothing is overwritten");
}

#[test]
fn a_made_key_logs_on_and_no_secret_is_shown_anywhere() {
    let home = Home::new();
    let dir = home.config().parent().unwrap().join("keys");
    let record =
        made(&["keys", "session", "--id", "key-7", "--scheme", "hmac-sha-256", "--days", "30"], &dir);
    let secret = std::fs::read_to_string(dir.join("key-7.secret")).unwrap().trim().to_owned();
    assert!(!record.contains(&secret), "a terminal keeps what it is shown");
    std::fs::write(home.config(), with_session(&record)).unwrap();
    let mut command = home.up();
    command.env("ASSAY_LOG", "trace");
    let server = crate::instance::Server::launch(command);

    let time = utc_now();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&STANDARD.decode(&secret).unwrap()).unwrap();
    mac.update(format!("A\x01CLIENT1\x01ASSAY\x011\x01{time}").as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let head = format!("35=A|34=1|49=CLIENT1|52={time}|56=ASSAY|");
    let password = "hunter2-hunter2";
    let stranger = format!("{head}98=0|108=30|553=key-7|554={password}|");
    let mut wire = Wire::connect(server.address());
    wire.send(&framed(&stranger));
    wire.assert_silent_close();
    let mut wire = Wire::connect(server.address());
    let length = signature.len();
    wire.send(&framed(&format!("{head}95={length}|96={signature}|98=0|108=30|553=key-7|554={password}|")));
    wire.receive().expect("an answer").assert_has("35=A|34=1");
    drop(wire);

    server.terminate();
    let ended = server.wait();
    ended.assert_code(0);
    let rows = run({
        let mut query =
            assay(&["audit", "query", "--session", "CLIENT1/ASSAY", "--format", "json", "--data-dir"]);
        query.arg(home.data());
        query
    });
    assert!(rows.stdout.contains("key-7"), "the Logon is there: {rows:?}");
    for (place, text) in [("log", &ended.stderr), ("output", &ended.stdout), ("audit", &rows.stdout)] {
        for (what, hidden) in [("secret", &secret[..]), ("signature", &signature), ("password", password)] {
            assert!(!text.contains(hidden), "the {what} stands in the {place}");
        }
    }
    home.assert_sound();
}

#[test]
fn a_secret_that_others_may_read_or_that_is_broken_is_refused_without_showing_it() {
    let home = Home::new();
    let dir = home.config().parent().unwrap().join("keys");
    let record = made(&["keys", "session", "--id", "k", "--scheme", "hmac-sha-512"], &dir);
    std::fs::write(home.config(), with_session(&record)).unwrap();
    let file = dir.join("k.secret");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let said = home.check();
    assert!(said.assert_code(2).one_line().contains("chmod 600"), "{said:?}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&file, "c2hvcnQ=").unwrap();
    let said = home.check();
    let line = said.assert_code(2).one_line();
    assert!(line.contains("at least 32 bytes") && !line.contains("c2hvcnQ"), "{line}");
}

#[test]
fn every_scheme_makes_a_record_that_the_configuration_takes() {
    for scheme in ["hmac-sha-256", "hmac-sha-512", "ed25519"] {
        let home = Home::new();
        let dir = home.config().parent().unwrap().join("keys");
        let record = made(&["keys", "session", "--id", "k", "--scheme", scheme, "--days", "1"], &dir);
        std::fs::write(home.config(), with_session(&record)).unwrap();
        let server = home.start();
        let mut wire = Wire::connect(server.address());
        let logon = format!("35=A|34=1|49=CLIENT1|52={}|56=ASSAY|98=0|108=30|", utc_now());
        wire.send(&framed(&logon));
        wire.assert_silent_close();
        server.stop();
    }
    let home = Home::new();
    let dir = home.config().parent().unwrap().join("keys");
    let record = made(&["keys", "session", "--id", "k", "--scheme", "password"], &dir);
    std::fs::write(home.config(), with_session(&record)).unwrap();
    let said = home.check();
    assert!(said.assert_code(2).one_line().contains("needs a listener with TLS"), "{said:?}");
}

/// What `path` of the API answers under TLS to somebody who trusts the CA in `dir`.
fn under_tls(server: &Server, dir: &Path, path: &str) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(dir.join("ca.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let session =
        ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
    let tcp = TcpStream::connect(back_office::address(server))?;
    tcp.set_read_timeout(Some(crate::PATIENCE))?;
    let mut stream = StreamOwned::new(session, tcp);
    stream.write_all(
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes(),
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn the_api_speaks_tls_and_takes_new_certificates_without_a_start() {
    let home = Home::new();
    let dir = home.config().parent().unwrap().join("certificates");
    let args = ["certs", "init", "--comp-id", "CLIENT1"];
    made(&args, &dir);
    let tls = "[admin.tls]\ncertificates = [{ certificate = \"certificates/server.pem\", key = \"certificates/server.key\" }]";
    std::fs::write(home.config(), format!("{CONFIGURATION}\n{tls}\n")).unwrap();
    let server = home.start();
    let address = back_office::address(&server);

    // Who says nothing keeps nobody waiting.
    let _silent = TcpStream::connect(address).unwrap();
    let answer = under_tls(&server, &dir, "/healthz").unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok\n"), "{answer}");
    let mut clear = TcpStream::connect(address).unwrap();
    clear.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    // The end may be a reset, since what was sent is not read.
    let _ = clear.read_to_end(&mut answer);
    assert!(!answer.windows(4).any(|bytes| bytes == b"HTTP"), "nothing is answered in clear");

    let api = format!("https://localhost:{}", address.port());
    let other = home.config().parent().unwrap().join("other");
    made(&args, &other);
    let logging_in = |authority: &Path| {
        let token = home.data().with_file_name("token.txt");
        let mut command = assay(&["user", "log-in", "--email", back_office::EMAIL, "--api", &api]);
        command.arg("--password-file").arg(home.data().with_file_name("password.txt"));
        command.arg("--token-file").arg(token).arg("--api-ca").arg(authority.join("ca.pem"));
        run(command)
    };
    let creating = |authority: &Path| {
        let mut command = back_office::creating_admin(&home, Some(&server), back_office::EMAIL);
        command.arg("--api-ca").arg(authority.join("ca.pem"));
        run(command)
    };
    assert!(creating(&other).assert_code(1).one_line().contains("invalid peer certificate"));
    crate::session_commands::wait(|| (creating(&dir).code == Some(0)).then_some(()));
    logging_in(&dir).assert_code(0);
    assert!(logging_in(&other).assert_code(1).one_line().contains("invalid peer certificate"));

    for file in ["server.pem", "server.key"] {
        std::fs::copy(other.join(file), dir.join(file)).unwrap();
    }
    logging_in(&other).assert_code(0);
    assert!(logging_in(&dir).assert_code(1).one_line().contains("invalid peer certificate"));
    // Half of a change changes nothing.
    std::fs::write(dir.join("server.key"), "not a key").unwrap();
    logging_in(&other).assert_code(0);
    server.stop();
}
