//! Who is not known does not trade: a firm's identity file, its review, and what its session is answered.

use crate::back_office::address;
use crate::client::Client;
use crate::session_commands::{administrators, answer, command, home, member, wait};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

/// A small JPEG.
fn photo() -> Vec<u8> {
    let segment = |marker: u8, body: &[u8]| {
        let length = u16::try_from(body.len() + 2).expect("short").to_be_bytes();
        [&[0xff, marker], &length[..], body].concat()
    };
    let frame = segment(0xc0, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0]);
    let scan = segment(0xda, &[1, 1, 0, 0, 63, 0]);
    [vec![0xff, 0xd8], frame, scan, vec![1, 2, 3, 0xff, 0xd9]].concat()
}

/// Hands in a firm's file and returns its id.
fn submit(address: SocketAddr, token: &Path) -> String {
    const OWNERS: &str =
        r#"[{"full_name":"Grace Hopper","birth_date":"1970-12-09","country":"GB","share_bp":10000}]"#;
    let picture = photo();
    let fields: [(&str, &[u8]); 14] = [
        ("for", b"firm"),
        ("holder", b"company"),
        ("document_type", b"registration"),
        ("document_number", b"0815"),
        ("full_name", b"Acme Ltd"),
        ("birth_date", b"1985-12-10"),
        ("address", b"12 St James's Square"),
        ("city", b"London"),
        ("country", b"GB"),
        ("postal_code", b"SW1Y 4JH"),
        ("owners", OWNERS.as_bytes()),
        ("front", &picture),
        ("selfie", &picture),
        ("proof_of_address", b"%PDF-1.7\n1 0 obj"),
    ];
    let mut body = Vec::new();
    for (name, value) in fields {
        let head = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--b--\r\n");
    let token = std::fs::read_to_string(token).expect("written");
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(crate::PATIENCE)).expect("a socket");
    write!(
        stream,
        "POST /api/v1/kyc/submit HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nIdempotency-Key: one\r\n\
         Authorization: Bearer {}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: {}\r\n\r\n",
        token.trim(),
        body.len()
    )
    .and_then(|()| stream.write_all(&body))
    .expect("it reads");
    let mut heard = String::new();
    stream.read_to_string(&mut heard).expect("text");
    let (head, body) = heard.split_once("\r\n\r\n").expect("an HTTP answer");
    assert!(head.starts_with("HTTP/1.1 201 "), "{heard}");
    let made: serde_json::Value = serde_json::from_str(body).expect("JSON");
    made["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_firm_whose_identity_is_turned_down_is_refused_on_its_session_and_others_trade_on() {
    let home = home();
    let server = home.start();
    let admins = administrators(&home, &server);
    let mia = member(&home, &server, &admins, "mia", ("firm_admin", Some("FIRM1")));
    let kira = member(&home, &server, &admins, "kira", ("kyc_reviewer", None));
    let mut client = Client::logged_on("CLIENT1", server.address());
    let mut other = Client::logged_on("CLIENT2", server.address());
    let terms = "54=1|38=100|40=2|44=10|";
    client.order("a-0", terms).assert_has("150=0");

    let file = submit(address(&server), &mia);
    client.order("a-1", terms).assert_has("150=0");
    let rejected = command(
        &server,
        &kira,
        &["kyc", "reject", &file, "--code", "forged", "--reason", "the register knows no such firm"],
    );
    rejected.assert_code(0);
    let status = answer(&command(&server, &mia, &["kyc", "status"]));
    assert_eq!(status["firm"]["status"], "rejected", "{status}");
    // What was decided takes effect with its record, which an order may overtake by a moment.
    let mut n = 1;
    let refused = wait(|| {
        n += 1;
        let told = client.order(&format!("a-{n}"), terms);
        (told.value(39) == "8").then_some(told)
    });
    refused.assert_has("150=8").assert_has("103=0");
    assert!(refused.value(58).contains("not verified"), "{}", refused.value(58));
    other.order("b-1", terms).assert_has("150=0");
    server.stop_after([client, other]);
    home.assert_sound();
}
