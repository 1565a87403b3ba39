//! Mail by SMTP, to a relay that the test plays: in clear, over TLS, and when it refuses.

use assay_admin_api::{Mail, MailRoute, Smtp, SmtpError, SmtpSecurity, SmtpSettings, mailer};
use assay_trading_types::MailId;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use zeroize::Zeroizing;

/// What a relay heard: every line, in order.
type Heard = JoinHandle<Vec<String>>;

/// How a relay answers.
#[derive(Clone, Default)]
struct Manner {
    /// Its answer to RCPT.
    recipient: Option<&'static str>,
    /// Speaks TLS from the first byte.
    tls: Option<Arc<rustls::ServerConfig>>,
    /// Takes a login.
    takes_login: bool,
}

/// A relay that takes one connection.
fn relay(manner: Manner) -> (u16, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = std::thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        match &manner.tls {
            None => converse(socket, &manner),
            Some(config) => {
                let session = rustls::ServerConnection::new(Arc::clone(config)).unwrap();
                converse(rustls::StreamOwned::new(session, socket), &manner)
            }
        }
    });
    (port, heard)
}

/// Answers until the client goes, in whatever way it does.
fn converse(stream: impl Read + Write, manner: &Manner) -> Vec<String> {
    let (mut stream, mut heard, mut is_data) = (BufReader::new(stream), Vec::new(), false);
    if stream.get_mut().write_all(b"220 relay\r\n").is_err() {
        return heard;
    }
    let mut line = String::new();
    while matches!(stream.read_line(&mut line), Ok(1..)) {
        let text = line.trim_end().to_owned();
        let answer = match text.split(' ').next().unwrap_or_default() {
            "." => {
                is_data = false;
                "250 taken"
            }
            _ if is_data => "",
            "EHLO" if manner.takes_login => "250-relay\r\n250 AUTH PLAIN",
            "DATA" => {
                is_data = true;
                "354 go on"
            }
            "AUTH" => "235 welcome",
            "RCPT" => manner.recipient.unwrap_or("250 known"),
            "QUIT" => "221 bye",
            _ => "250 well",
        };
        heard.push(text);
        line.clear();
        if !answer.is_empty() && stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).is_err() {
            break;
        }
    }
    heard
}

fn settings(port: u16, security: SmtpSecurity) -> SmtpSettings {
    SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port: Some(port),
        security,
        login: None,
        from: "Venue <noreply@venue.example>".to_owned(),
        ca: None,
    }
}

fn send(settings: SmtpSettings, to: &str, subject: &str) -> Result<(), String> {
    let mail =
        Mail { to: to.to_owned(), subject: subject.to_owned(), text: "a secret link\n.\nend\n".to_owned() };
    let id = MailId::new("mail_0192f3a4b5c60123456789abcdef0123").unwrap();
    mailer(&MailRoute::Smtp(Box::new(Smtp::new(settings).unwrap()))).send(&id, &mail)
}

fn login() -> Option<(String, Zeroizing<String>)> {
    Some(("venue".to_owned(), Zeroizing::new("tulip".to_owned())))
}

/// A relay's certificate for this machine's address, and the PEM of who vouches for it.
fn certificate() -> (Arc<rustls::ServerConfig>, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (Arc::new(config), made.cert.pem().into_bytes())
}

#[test]
fn a_mail_has_its_envelope_its_id_and_all_of_its_text() {
    let (port, heard) = relay(Manner::default());
    send(settings(port, SmtpSecurity::None), "tim@firm1.example", "Größe").unwrap();
    let heard = heard.join().unwrap();
    for line in [
        "MAIL FROM:<noreply@venue.example>",
        "RCPT TO:<tim@firm1.example>",
        "To: tim@firm1.example",
        "Message-ID: <mail_0192f3a4b5c60123456789abcdef0123@venue.example>",
        "Auto-Submitted: auto-generated",
        "a secret link",
        "..",
        "end",
    ] {
        assert!(heard.iter().any(|said| said == line), "{line}: {heard:?}");
    }
    assert!(heard.iter().any(|said| said.starts_with("Subject: =?utf-8?")), "{heard:?}");
}

#[test]
fn what_a_relay_refuses_is_not_taken_and_its_words_are_told_without_the_mail() {
    for refusal in ["550 no such user", "451 come again later"] {
        let (port, heard) = relay(Manner { recipient: Some(refusal), ..Manner::default() });
        let words = send(settings(port, SmtpSecurity::None), "tim@firm1.example", "Hello").unwrap_err();
        assert!(words.contains(&refusal[4..]) && !words.contains("secret"), "{words}");
        assert!(!heard.join().unwrap().contains(&"DATA".to_owned()));
    }
}

#[test]
fn a_relay_that_is_away_leaves_the_mail_to_be_tried_again() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert!(send(settings(gone, SmtpSecurity::None), "tim@firm1.example", "Hello").is_err());
}

#[test]
fn an_address_or_subject_with_a_line_end_adds_no_header() {
    let unused = settings(1, SmtpSecurity::None);
    let words = send(unused, "tim@firm1.example\r\nBcc: eve@evil.example", "Hello").unwrap_err();
    assert!(words.starts_with("to: "), "{words}");
    let (port, heard) = relay(Manner::default());
    send(settings(port, SmtpSecurity::None), "tim@firm1.example", "Hello\r\nBcc: eve@evil.example").unwrap();
    let heard = heard.join().unwrap();
    assert!(!heard.iter().any(|said| said.starts_with("Bcc:") || said.contains("RCPT TO:<eve")), "{heard:?}");
}

#[test]
fn a_relay_without_starttls_is_given_nothing() {
    let (port, heard) = relay(Manner { takes_login: true, ..Manner::default() });
    let settings = SmtpSettings { login: login(), ..settings(port, SmtpSecurity::StartTls) };
    send(settings, "tim@firm1.example", "Hello").unwrap_err();
    let heard = heard.join().unwrap();
    assert!(heard.iter().all(|said| ["EHLO", "QUIT"].iter().any(|word| said.starts_with(word))), "{heard:?}");
}

#[test]
fn over_tls_a_relay_is_logged_in_to_and_given_the_mail() {
    let (tls, ca) = certificate();
    let (port, heard) = relay(Manner { tls: Some(tls), takes_login: true, ..Manner::default() });
    let settings = SmtpSettings { login: login(), ca: Some(ca), ..settings(port, SmtpSecurity::Tls) };
    send(settings, "tim@firm1.example", "Hello").unwrap();
    let heard = heard.join().unwrap();
    // AUTH PLAIN of NUL venue NUL tulip.
    assert!(heard.contains(&"AUTH PLAIN AHZlbnVlAHR1bGlw".to_owned()), "{heard:?}");
    assert!(heard.contains(&"a secret link".to_owned()), "{heard:?}");
}

#[test]
fn a_relay_that_nobody_vouches_for_is_given_nothing() {
    let (tls, _) = certificate();
    let (_, other_ca) = certificate();
    let (port, heard) = relay(Manner { tls: Some(tls), takes_login: true, ..Manner::default() });
    let settings = SmtpSettings { login: login(), ca: Some(other_ca), ..settings(port, SmtpSecurity::Tls) };
    send(settings, "tim@firm1.example", "Hello").unwrap_err();
    assert_eq!(heard.join().unwrap(), Vec::<String>::new());
}

#[test]
fn neither_mail_nor_password_goes_over_a_network_in_clear() {
    let refused = |change: &dyn Fn(&mut SmtpSettings)| {
        let mut settings = settings(25, SmtpSecurity::None);
        change(&mut settings);
        Smtp::new(settings).unwrap_err()
    };
    assert!(matches!(refused(&|s| s.host = "192.0.2.1".to_owned()), SmtpError::Clear));
    assert!(matches!(refused(&|s| s.host = "mail.example".to_owned()), SmtpError::Clear));
    assert!(matches!(refused(&|s| s.login = login()), SmtpError::LoginInClear));
    assert!(matches!(refused(&|s| s.from = "nobody".to_owned()), SmtpError::From(_)));
    let with_ca = |pem: &'static str| {
        refused(&move |s| (s.security, s.ca) = (SmtpSecurity::Tls, Some(pem.as_bytes().to_vec())))
    };
    assert!(matches!(with_ca("no certificate"), SmtpError::NoCa));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(with_ca(broken), SmtpError::Ca(_)));
}
