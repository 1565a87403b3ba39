//! A disk that takes no more: the server stops with one line, and what it acknowledged is there when space is back.

use crate::client::Client;
use crate::instance::{Home, Server, assay};
use std::process::Command;

/// Largest file in blocks of 512 bytes, as POSIX `ulimit -f` counts (dash does; bash counts 1,024): below the first
/// two segments' size on either.
const FILE_BLOCKS_MAX: u32 = 3_000;

#[test]
fn a_server_whose_disk_is_full_stops_and_loses_nothing_acknowledged() {
    let home = Home::new();
    // A first run makes everything that the limit would not allow: the segment has its full size from the beginning.
    home.start().stop();
    let server = Server::launch(limited_up(&home));
    let mut client = Client::logged_on("CLIENT1", server.address());
    let mut accepted = Vec::new();
    for n in 0..20_000 {
        let id = format!("A{n}");
        let body = client.order_body(&id, "54=1|38=1|40=2|44=10|");
        let seq = client.keep("D", &body);
        let bytes = client.bytes(seq, "");
        if !client.wire().try_send(&bytes) {
            break;
        }
        match client.receive_any() {
            Some(report) if report.msg_type() == "8" => {
                report.assert_has("150=0|39=0");
                accepted.push((id, report.value(37).to_owned()));
            }
            // Logout with a reason, or just the end.
            Some(_) => {}
            None => break,
        }
    }
    let ended = server.wait();
    assert_ne!(ended.code, Some(0), "{ended:?}");
    let lines: Vec<&str> = ended.stderr.lines().filter(|l| l.starts_with("assay: ")).collect();
    assert_eq!(lines.len(), 1, "one line says why: {ended:?}");
    assert!(!accepted.is_empty(), "some orders fitted");

    let server = home.start();
    let mut client = Client::new("CLIENT2");
    client.connect(server.address());
    client.logon();
    server.stop();
    home.assert_sound();
    let answer = home.query(&["--session", "CLIENT1/ASSAY", "--format", "csv", "--limit", "100000"]);
    for (id, order_id) in &accepted {
        let found = answer
            .stdout
            .lines()
            .filter(|row| row.contains(",order.accepted.v1,") && row.contains(&format!(",{order_id},{id},")))
            .count();
        assert_eq!(found, 1, "acknowledged order {id} {order_id}");
    }
}

/// `assay up` that can make no file larger than the limit; writing on in one that is larger fails too.
fn limited_up(home: &Home) -> Command {
    let up = assay(&[]);
    let mut command = Command::new("sh");
    for (name, value) in up.get_envs() {
        if value.is_none() {
            command.env_remove(name);
        }
    }
    // Writes behind the limit raise SIGXFSZ, which ends a process that does not ignore it; ignored, they fail.
    let script = format!("trap '' XFSZ; ulimit -f {FILE_BLOCKS_MAX}; exec \"$0\" \"$@\"");
    command.arg("-c").arg(script).arg(up.get_program()).arg("up");
    command.arg("--config").arg(home.config()).arg("--data-dir").arg(home.data());
    command
}
