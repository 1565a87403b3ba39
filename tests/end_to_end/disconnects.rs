//! Cancel on disconnect, over sockets and crashes.

use crate::PATIENCE;
use crate::client::Client;
use crate::instance::{Home, Server};
use crate::wire::Message;
use std::time::Duration;

const REST: &str = "54=1|38=100|40=2|44=10|";
const REST_GTC: &str = "54=1|38=100|40=2|44=10|59=1|";

/// Between two tries to log on.
const PAUSE: Duration = Duration::from_millis(20);

/// A copy of FIRM1's reports tells when something happened to its orders while it is away.
const COPY: &str = "\n[[session]]\ncomp_id = \"COPY1\"\nfirm = \"FIRM1\"\nkind = \"drop_copy\"\n";

/// Logs on with more fields; a session whose connection just ended may be taken for a moment.
#[track_caller]
pub(crate) fn logon(client: &mut Client, server: &Server, fields: &str) -> Message {
    let seq = client.keep("A", &format!("98=0|108=30|{fields}"));
    let bytes = client.bytes(seq, "");
    for _ in 0..PATIENCE.as_millis() / PAUSE.as_millis() {
        client.connect(server.address());
        if client.wire().try_send(&bytes)
            && let Some(answer) = client.receive_any()
        {
            assert_eq!((answer.msg_type(), answer.seq()), ("A", client.next_in()), "{answer:?}");
            client.count_to(answer.seq() + 1);
            return answer;
        }
        std::thread::sleep(PAUSE);
    }
    panic!("nobody may log on");
}

fn session(comp_id: &str, server: &Server, fields: &str) -> Client {
    let mut client = Client::new(comp_id);
    logon(&mut client, server, fields);
    client
}

/// `CLIENT1` with `day` and `gtc` on the book.
fn with_orders(server: &Server, fields: &str) -> Client {
    let mut client = session("CLIENT1", server, fields);
    client.order("day", REST).assert_has("150=0");
    client.order("gtc", REST_GTC).assert_has("150=0");
    client
}

fn expect_new(copy: &mut Client) {
    copy.expect("8").assert_has("150=0|11=day");
    copy.expect("8").assert_has("150=0|11=gtc");
}

#[track_caller]
fn assert_cancelled(report: &Message, id: &str, text: &str) {
    report.assert_has(&format!("150=4|39=4|151=0|14=0|41=|378=99|58=COD: {text}|11={id}"));
}

#[track_caller]
fn assert_open(client: &mut Client, id: &str) {
    client.send("H", &format!("11={id}|54=1|"));
    client.expect("8").assert_has(&format!("150=I|39=0|151=100|11={id}"));
}

#[test]
fn a_31_the_logon_is_answered_with_what_applies() {
    let home = Home::new().changed(
        "comp_id = \"CLIENT2\"",
        "comp_id = \"CLIENT2\"\ncancel_on_disconnect = { on = \"abnormal\", grace_s = 7, keep_gt = false }",
    );
    let server = home.start();
    let mut free = Client::new("CLIENT1");
    logon(&mut free, &server, "").assert_has("9700=|9701=|9702=");
    let mut bound = Client::new("CLIENT2");
    logon(&mut bound, &server, "9700=0|").assert_has("9700=1|9701=7|9702=N");
    let mut wishing = Client::new("CLIENT3");
    logon(&mut wishing, &server, "9700=2|9701=30|").assert_has("9700=2|9701=30|9702=Y");
    server.stop_after([free, bound, wishing]);
}

#[test]
fn a_31_a_grace_out_of_range_is_no_logon() {
    let home = Home::new();
    let server = home.start();
    let mut client = Client::new("CLIENT1");
    client.connect(server.address());
    client.send("A", "98=0|108=30|9700=1|9701=61|");
    client.expect("5").assert_has("58=CancelOnDisconnectGrace(9701) must be 0 to 60");
    client.assert_closed();
    server.stop();
}

#[test]
fn a_32_a_lost_connection_cancels_after_the_grace_and_the_report_waits_for_the_logon() {
    let home = Home::with(COPY);
    let server = home.start();
    let mut copy = session("COPY1", &server, "");
    let mut client = with_orders(&server, "9700=1|9701=1|");
    expect_new(&mut copy);
    drop(client.hang_up());
    assert_cancelled(copy.expect("8").assert_has("797=Y"), "day", "connection lost");
    logon(&mut client, &server, "");
    assert_cancelled(&client.expect("8"), "day", "connection lost");
    assert_open(&mut client, "gtc");
    server.stop_after([client, copy]);
    home.assert_sound();
}

#[test]
fn a_32_a_logon_inside_the_grace_keeps_the_orders() {
    let home = Home::new();
    let server = home.start();
    let mut client = with_orders(&server, "9700=1|9701=60|9702=N|");
    drop(client.hang_up());
    logon(&mut client, &server, "9700=1|9701=0|9702=N|").assert_has("9701=0");
    assert_open(&mut client, "day");
    // The new terms hold now: without grace everything goes at once.
    drop(client.hang_up());
    logon(&mut client, &server, "");
    assert_cancelled(&client.expect("8"), "day", "connection lost");
    assert_cancelled(&client.expect("8"), "gtc", "connection lost");
    server.stop_after([client]);
    home.assert_sound();
}

#[test]
fn a_31_an_orderly_logout_costs_nothing_unless_any_end_counts() {
    let home = Home::new();
    let server = home.start();
    let mut client = with_orders(&server, "9700=1|9701=0|");
    log_out(&mut client);
    logon(&mut client, &server, "9700=2|9701=0|");
    assert_open(&mut client, "day");
    log_out(&mut client);
    logon(&mut client, &server, "");
    assert_cancelled(&client.expect("8"), "day", "logged out");
    assert_open(&mut client, "gtc");
    server.stop_after([client]);
    home.assert_sound();
}

fn log_out(client: &mut Client) {
    client.send("5", "");
    client.expect("5");
    drop(client.hang_up());
}

#[test]
fn a_32_a_fault_of_the_counterparty_counts_as_a_loss() {
    let home = Home::new();
    let server = home.start();
    let mut client = with_orders(&server, "9700=1|9701=0|");
    let old = client.bytes(1, "");
    client.send_bytes(&old);
    client.expect("5");
    client.assert_closed();
    logon(&mut client, &server, "");
    assert_cancelled(&client.expect("8"), "day", "logged out for a fault");
    server.stop_after([client]);
    home.assert_sound();
}

#[test]
fn a_32_a_crash_of_the_gateway_counts_from_its_restart() {
    let home = Home::with(COPY);
    let server = home.start();
    let client = with_orders(&server, "9700=1|9701=0|");
    let other = session("CLIENT2", &server, "9700=1|9701=60|");
    let patient = with_one_order(other);
    server.kill_9();

    let server = home.start();
    let mut copy = session("COPY1", &server, "");
    expect_new(&mut copy);
    assert_cancelled(&copy.expect("8"), "day", "gateway restarted");
    let (mut client, mut patient) = (client, patient);
    logon(&mut client, &server, "9700=1|9701=0|");
    assert_cancelled(&client.expect("8"), "day", "gateway restarted");
    logon(&mut patient, &server, "");
    assert_open(&mut patient, "patient");
    server.kill_9();

    // Who was off, or came back without protection, loses nothing by the next one.
    let server = home.start();
    logon(&mut patient, &server, "");
    assert_open(&mut patient, "patient");
    server.stop_after([patient, copy]);
    home.assert_sound();
}

fn with_one_order(mut client: Client) -> Client {
    client.order("patient", "54=1|38=100|40=2|44=10|").assert_has("150=0");
    client
}

#[test]
fn a_32_the_loss_of_a_drop_copy_session_counts_if_so_configured_and_its_return_stops_it() {
    let home = Home::with(COPY).changed(
        "comp_id = \"CLIENT1\"",
        "comp_id = \"CLIENT1\"\ncancel_on_disconnect = { drop_copy = \"COPY1\" }",
    );
    let server = home.start();
    let mut copy = session("COPY1", &server, "");
    let mut client = with_orders(&server, "9700=1|9701=60|");
    expect_new(&mut copy);
    drop(copy.hang_up());
    logon(&mut copy, &server, "");
    client.assert_alive();
    log_out(&mut client);
    logon(&mut client, &server, "9700=1|9701=0|");
    assert_open(&mut client, "day");
    drop(copy.hang_up());
    assert_cancelled(&client.expect("8"), "day", "drop copy session lost");
    server.stop_after([client]);
    home.assert_sound();
}

#[test]
fn by_account_orders_of_other_sessions_go_too() {
    let more = "\n[[session]]\ncomp_id = \"CLIENT1B\"\nfirm = \"FIRM1\"\n";
    let home = Home::with(more).changed(
        "comp_id = \"CLIENT1\"",
        "comp_id = \"CLIENT1\"\ncancel_on_disconnect = { on = \"abnormal\", grace_s = 0, by = \"account\" }",
    );
    let server = home.start();
    let mut client = session("CLIENT1", &server, "");
    let mut other = session("CLIENT1B", &server, "");
    other.send("D", &format!("11=b|1=FIRM1|55=AAPL|60={}|{REST}", crate::wire::utc_now()));
    other.expect("8").assert_has("150=0");
    drop(client.hang_up());
    assert_cancelled(&other.expect("8"), "b", "connection lost");
    server.stop_after([client, other]);
    home.assert_sound();
}
