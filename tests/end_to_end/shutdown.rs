//! An ordered end: sessions are told, and everything is where the next start finds it.

use crate::client::Client;
use crate::instance::{Home, Server};

#[test]
fn sigterm_logs_sessions_out_and_exits_0() {
    let home = Home::new();
    let server = home.start();
    let mut polite = Client::logged_on("CLIENT1", server.address());
    let mut mute = Client::logged_on("CLIENT2", server.address());
    polite.order("A", "54=1|38=1|40=2|44=10|").assert_has("150=0");
    server.terminate();
    polite.expect("5").assert_has("58=Server shutting down");
    polite.send("5", "");
    polite.assert_closed();
    mute.expect("5").assert_has("58=Server shutting down");
    mute.assert_closed();
    let ended = server.wait();
    ended.assert_code(0);
    assert_eq!(ended.stderr.lines().filter(|l| l.contains("ERROR")).count(), 0, "{ended:?}");
    home.assert_sound();

    let server = home.start();
    polite.connect(server.address());
    polite.logon().assert_has("43=");
    polite.send("H", "11=A|55=AAPL|54=1|");
    polite.expect("8").assert_has("150=I|39=0|11=A|151=1");
    server.stop_after([polite, mute]);
}

#[test]
fn a_06_a_planned_stop_is_announced_before_sessions_are_logged_out() {
    let home = Home::new();
    let mut command = home.up();
    command.env("ASSAY_GATEWAY_COUNTDOWN_S", "1");
    let server = Server::launch(command);
    let mut client = Client::logged_on("CLIENT1", server.address());
    server.terminate();
    client.expect("B").assert_has("148=MAINTENANCE|61=1|33=1|58=sessions are logged out in 1 s");
    client.expect("5").assert_has("58=Server shutting down");
    client.send("5", "");
    client.assert_closed();
    server.wait().assert_code(0);
}

#[test]
fn a_server_without_sessions_stops_at_once_and_may_start_again_and_again() {
    let home = Home::new();
    for _ in 0..3 {
        home.start().stop();
    }
    home.assert_sound();
}
