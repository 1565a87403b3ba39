//! A disk that takes no more: the server stops with one line, and what it acknowledged is there when space is back.

use crate::client::Client;
use crate::instance::{Ended, Home, Server, assay};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Largest file in blocks of 512 bytes, as POSIX `ulimit -f` counts (dash does; bash counts 1,024): below a segment's
/// size on either.
const FILE_BLOCKS_MAX: u32 = 3_000;

/// Most orders until the disk must be full: a segment of 4 MiB holds fewer than 3,000 with all their records.
const ORDERS_MAX: usize = 20_000;

#[test]
fn a_file_that_may_not_grow_stops_the_server_and_loses_nothing_acknowledged() {
    let home = Home::new();
    // A first run makes the segment, which has its full size from the beginning.
    home.start().stop();
    let server = Server::launch(limited_up(&home));
    let accepted = trade_until_the_end(&server);
    // SQLite has words of its own for what the system says of the log.
    assert_stopped_because(&server.wait(), &["File too large", "Error writing to disk"]);
    assert_nothing_lost(&home, &accepted);
}

#[test]
fn a_full_disk_stops_the_server_and_loses_nothing_acknowledged() {
    let home = Home::new();
    std::fs::create_dir(home.data()).expect("writable");
    let Some(disk) = SmallDisk::mount(&home.data()) else {
        eprintln!("skipped: a file system of its own can only be mounted by root");
        return;
    };
    let server = home.start();
    let accepted = trade_until_the_end(&server);
    assert_stopped_because(&server.wait(), &["No space left on device", "database or disk is full"]);

    // Still full: refused, and nothing gets worse.
    let refused = home.refused_up();
    assert_ne!(refused.code, Some(0), "{refused:?}");
    refused.one_line();
    disk.grow();
    assert_nothing_lost(&home, &accepted);
}

/// ClOrdID and OrderID of each order that was acknowledged before the server went away.
fn trade_until_the_end(server: &Server) -> Vec<(String, String)> {
    let mut client = Client::logged_on("CLIENT1", server.address());
    let mut accepted = Vec::new();
    for n in 0..ORDERS_MAX {
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
    assert!(!accepted.is_empty(), "some orders fitted");
    assert!(accepted.len() < ORDERS_MAX, "the disk was never full");
    accepted
}

#[track_caller]
fn assert_stopped_because(ended: &Ended, reasons: &[&str]) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let lines: Vec<&str> = ended.stderr.lines().filter(|l| l.starts_with("assay: ")).collect();
    assert_eq!(lines.len(), 1, "one line says why: {ended:?}");
    assert!(reasons.iter().any(|reason| lines[0].contains(reason)), "{ended:?}");
    assert!(!ended.stderr.contains("panicked"), "{ended:?}");
}

/// Starts again and finds each acknowledged order accepted exactly once.
#[track_caller]
fn assert_nothing_lost(home: &Home, accepted: &[(String, String)]) {
    let server = home.start();
    Client::logged_on("CLIENT2", server.address()).assert_alive();
    server.stop();
    home.assert_sound();
    let answer = home.query(&["--session", "CLIENT1/ASSAY", "--format", "csv", "--limit", "100000"]);
    for (id, order_id) in accepted {
        let mut rows = answer.stdout.lines().filter(|row| row.contains(",order.accepted.v1,"));
        let mark = format!(",{order_id},{id},");
        let found = rows.by_ref().filter(|row| row.contains(&mark)).count();
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

/// A file system with room for one segment and not for two.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Over the directory `at`; nothing without the right to.
    fn mount(at: &Path) -> Option<Self> {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=7m", "tmpfs"]).arg(at);
        command.output().is_ok_and(|done| done.status.success()).then(|| Self(at.to_owned()))
    }

    /// Space is back.
    fn grow(&self) {
        let mut command = Command::new("mount");
        command.args(["-o", "remount,size=128m"]).arg(&self.0);
        assert!(command.status().expect("mount ran before").success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that a failing test left may still be in it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
