//! The gateway over real sockets: what a counterparty sees, and what the log holds.

mod desk;

use assay_event_log::{Durability, EventLog, MemoryLog, MemoryLogConfig};
use assay_trading_types::{Direction, Event, Expiry, OrdType, Origin, Position, Timestamp, Topic};
use desk::{Desk, accept, field, order, wait};
use fix_gateway::client::{Client, framed};
use fix_gateway::{GatewayConfig, Schedule, ScheduleSpec};
use std::net::TcpStream;
use std::sync::Arc;

#[test]
fn logon_is_answered_and_journalled_both_ways() {
    let desk = Desk::start();
    let mut client = desk.client("CLIENT1");
    let answer = client.logon(30, false).unwrap();
    assert!(answer.contains("|35=A|34=1|49=ASSAY|"), "{answer}");
    assert_eq!(field(&answer, 108), Some("30"));
    let wire: Vec<_> = desk.records(Topic::Fix).iter().map(|r| r.wire.unwrap()).collect();
    assert_eq!(wire[0].direction, Direction::In);
    assert_eq!((wire[0].seq, wire[0].next_seq), (1, 2));
    assert_eq!(wire[1].direction, Direction::Out);
    assert_eq!((wire[1].seq, wire[1].next_seq), (1, 2));
    assert_eq!(desk.gateway().statistics().sessions_up(), 1);
}

#[test]
fn an_order_is_requested_reported_and_filled() {
    let desk = Desk::start();
    let mut client = desk.logged_on("CLIENT1");
    client.send("D", &order("a")).unwrap();
    desk.accept_next();
    let new = client.receive_type("8").unwrap();
    for (tag, value) in
        [(150, "0"), (39, "0"), (11, "a"), (38, "100"), (14, "0"), (151, "100"), (44, "10.10")]
    {
        assert_eq!(field(&new, tag), Some(value), "{tag} in {new}");
    }
    assert_eq!(field(&new, 37), Some("O0000000000000000"));
    assert_eq!(field(&new, 17), Some("E0000000000000001"));
    desk.fill_last("30", "10");
    let fill = client.receive_type("8").unwrap();
    for (tag, value) in
        [(150, "F"), (39, "1"), (32, "30"), (31, "10"), (14, "30"), (151, "70"), (6, "10"), (851, "1")]
    {
        assert_eq!(field(&fill, tag), Some(value), "{tag} in {fill}");
    }
    let requests = desk.requests();
    assert_eq!(requests.len(), 1);
    assert!(matches!(requests[0].origin, Some(Origin::Request(id)) if id.seq == 2 && id.epoch == 1));
}

#[test]
fn bodies_of_reports_ascend_by_tag_and_carry_what_the_order_carried() {
    let desk = Desk::start();
    let mut client = desk.logged_on("CLIENT1");
    let parties = "453=1|448=TRADER|447=D|452=12";
    client.send("D", &format!("{}|{parties}|526=second|583=link", order("a"))).unwrap();
    desk.accept_next();
    let new = client.receive_type("8").unwrap();
    assert!(new.contains(&format!("|{parties}|526=second|583=link|")), "{new}");
    let mut tags: Vec<u32> = new.split('|').filter_map(|f| f.split_once('=')?.0.parse().ok()).collect();
    tags.retain(|t| ![8, 9, 35, 34, 49, 52, 56, 10, 448, 447, 452].contains(t));
    assert!(tags.is_sorted(), "{tags:?}");
}

#[test]
fn a_message_and_its_request_are_one_group() {
    let desk = Desk::start();
    let mut client = desk.logged_on("CLIENT1");
    client.send("D", &order("a")).unwrap();
    let request = desk.wait_request(1);
    let records = desk.log.records();
    let message = &records[request.position.0 as usize - 1];
    assert_eq!(message.topic, Topic::Fix);
    assert_eq!(message.wire.unwrap().seq, 2);
    // Whatever a crash cuts, neither is left without the other.
    for keep in 0..=records.len() as u64 {
        let kept = desk.log.crash(Position(keep)).records();
        let messages = kept.iter().filter(|r| r.value.windows(6).any(|w| w == b"\x0135=D\x01")).count();
        let requests = kept.iter().filter(|r| r.topic == Topic::Accounts).count();
        assert_eq!(messages, requests, "cut at {keep}");
    }
}

#[test]
fn s_01_s_09_nothing_is_sent_before_it_is_durable() {
    let log = MemoryLog::new(MemoryLogConfig { durability: Durability::Manual, ..Default::default() });
    let desk = Desk::over(Arc::new(log));
    let mut client = desk.client("CLIENT1");
    client.send("A", "98=0|108=30").unwrap();
    desk.wait_records(Topic::Fix, 2);
    client.set_patience_ms(50);
    assert!(client.receive().is_err(), "the answer is not durable");
    desk.log.set_durable(desk.log.end());
    client.set_patience_ms(10_000);
    assert!(client.receive().unwrap().contains("|35=A|"));
}

#[test]
fn s_13_numbers_are_kept_over_a_reconnect() {
    let desk = Desk::start();
    let mut client = desk.logged_on("CLIENT1");
    client.send("1", "112=x").unwrap();
    client.receive_type("0").unwrap();
    let next = client.next_out();
    drop(client);
    desk.wait_down();
    let mut client = desk.client("CLIENT1");
    client.set_next_out(next);
    let answer = client.logon(30, false).unwrap();
    assert_eq!(field(&answer, 34), Some("3"), "{answer}");
}

#[test]
fn s_13_l_24_numbers_are_kept_over_a_crash_and_outcomes_told_after_it() {
    let desk = Desk::start();
    let mut client = desk.logged_on("CLIENT1");
    client.send("D", &order("a")).unwrap();
    desk.wait_request(1);
    let next = client.next_out();
    let crashed = desk.crash();
    drop(client);
    // Risk and execution answer before the gateway is back.
    desk::accept(&crashed, 1);
    let desk = Desk::over(crashed);
    let mut client = desk.client("CLIENT1");
    client.set_next_out(next);
    let logon = client.logon(30, false).unwrap();
    // The report waited without a number while nobody was logged on, and follows the Logon unasked.
    assert_eq!(field(&logon, 34), Some("2"), "{logon}");
    let report = client.receive_type("8").unwrap();
    assert_eq!(field(&report, 34), Some("3"), "{report}");
    assert_eq!(field(&report, 43), None);
    assert_eq!(field(&report, 11), Some("a"));
}

#[test]
fn t_04_an_interval_that_began_while_the_gateway_was_down_begins_at_1() {
    let hours = |config: &mut GatewayConfig| {
        let at = desk::an_hour_ago();
        let spec = ScheduleSpec { start: at.clone(), end: at, ..ScheduleSpec::default() };
        config.sessions[0].schedule = Some(Schedule::new(&spec).unwrap());
    };
    let desk = Desk::configured(hours);
    desk.logged_on("CLIENT1").send("1", "112=x").unwrap();
    desk.wait_records(Topic::Fix, 4);
    // The same interval: numbers go on.
    let again = Desk::configured_over(desk.crash(), hours);
    let mut client = again.client("CLIENT1");
    client.set_next_out(3);
    assert_eq!(field(&client.logon(30, false).unwrap(), 34), Some("3"));
    // As if all of it had been yesterday.
    let next_day = Desk::configured_over(desk::hours_ago(&again.crash(), 24), hours);
    let answer = next_day.client("CLIENT1").logon(30, false).unwrap();
    assert_eq!(field(&answer, 34), Some("1"), "{answer}");
    assert_eq!(field(&answer, 35), Some("A"), "{answer}");
}

#[test]
fn x_08_a_gateway_whose_answers_do_not_come_stops_reading_then_refuses_and_asks_nothing_again() {
    let desk =
        Desk::configured(|config| (config.in_flight_session_max, config.overload_ns) = (1, 50_000_000));
    let mut client = desk.logged_on("CLIENT1");
    client.send("D", &order("taken")).unwrap();
    desk.wait_request(1);
    client.send("D", &order("refused")).unwrap();
    let refusal = client.receive().unwrap();
    assert_eq!((field(&refusal, 35), field(&refusal, 380)), (Some("j"), Some("4")), "{refusal}");
    assert_eq!(field(&refusal, 379), Some("refused"));
    client.send("1", "112=still here").unwrap();
    assert_eq!(field(&client.receive_type("0").unwrap(), 112), Some("still here"));
    // What was refused is not asked for after a crash, and the session works again once the answers are here.
    let again = Desk::over(desk.crash());
    assert_eq!(again.requests().len(), 1);
    desk.accept_all();
    assert_eq!(field(&client.receive_type("8").unwrap(), 11), Some("taken"));
    client.send("D", &order("third")).unwrap();
    desk.wait_request(2);
}

#[test]
fn c_10_a_peer_that_does_not_read_is_cut_off_and_may_come_back() {
    let desk = Desk::configured(|config| (config.slow_bytes, config.slow_ns) = (1 << 16, 50_000_000));
    let mut client = desk.logged_on("CLIENT1");
    let test = format!("112={}", "x".repeat(8_000));
    // The kernel's buffers fill first; they hold a few MiB.
    let mut sent = 0;
    while desk.gateway().statistics().slow_consumers() == 0
        && sent < 20_000
        && client.send("1", &test).is_ok()
    {
        sent += 1;
    }
    desk::wait(|| desk.gateway().statistics().slow_consumers() == 1);
    desk.wait_down();
    let mut back = desk.client("CLIENT1");
    back.set_next_out(client.next_out());
    assert_eq!(field(&back.logon(30, false).unwrap(), 35), Some("A"));
}

#[test]
fn r_10_a_resend_that_waits_for_the_disk_goes_on_when_what_was_ahead_has_gone_out() {
    const ORDERS: usize = 6_000;
    const BATCH: usize = 200;
    let desk = Desk::start();
    let mut client = desk.logged_on("CLIENT1");
    let mut bytes = 0;
    for batch in 1..=ORDERS / BATCH {
        for number in 0..BATCH {
            client.send("D", &order(&format!("o{batch}-{number}"))).unwrap();
        }
        desk.wait_request(batch * BATCH);
        desk.accept_from((batch - 1) * BATCH);
        for _ in 0..BATCH {
            bytes += client.receive_type("8").unwrap().len();
        }
    }
    assert!(bytes > 5 << 18, "{bytes} bytes are less than is kept ahead of a socket");
    let (next, log) = (client.next_out(), &desk.log);
    let manual = MemoryLogConfig { durability: Durability::Manual, ..Default::default() };
    let desk = Desk::over(Arc::new(log.crash_into(log.end(), manual)));
    drop(client);
    // More is asked for than is kept ahead of the socket, while the answer to the Logon is not durable.
    let before = desk.records(Topic::Fix).len();
    let mut client = desk.client("CLIENT1");
    client.set_next_out(next);
    client.send("A", "98=0|108=60").unwrap();
    client.send("2", "7=1|16=0").unwrap();
    desk.wait_records(Topic::Fix, before + 3);
    client.set_patience_ms(300);
    assert!(client.receive().is_err(), "nothing is durable");
    desk.log.set_durable(desk.log.end());
    // No heartbeat helps so early.
    client.set_patience_ms(45_000);
    for _ in 0..ORDERS {
        let report = client.receive_type("8").unwrap();
        assert_eq!(field(&report, 43), Some("Y"), "{report}");
    }
}

#[test]
fn v_30_reports_go_to_the_third_party_that_the_order_came_from() {
    let desk = Desk::configured(|config| config.sessions[0].swap_sub_ids = true);
    let mut client = desk.logged_on("CLIENT1");
    let header = "50=trader|57=algo|115=FUND|116=desk|144=LDN";
    client.send_as("D", client.next_out(), header, &order("a")).unwrap();
    desk.accept_next();
    let report = client.receive_type("8").unwrap();
    assert!(report.contains("|50=algo|") && report.contains("|57=trader|"), "{report}");
    assert!(report.contains("|128=FUND|129=desk|145=LDN|"), "{report}");
    assert!(report.contains("|11=a|"), "{report}");
}

#[test]
fn r_06_numbers_that_the_log_lost_are_gap_filled_and_recorded_for_good() {
    let desk = Desk::start();
    let mut client = desk.logged_on("CLIENT1");
    for number in 2..=4 {
        client.send("1", "112=x").unwrap();
        assert_eq!(field(&client.receive().unwrap(), 34), Some(number.to_string().as_str()));
    }
    let next = client.next_out();
    let desk = Desk::over(desk::without_sent(&desk.crash(), 3));
    let mut client = desk.client("CLIENT1");
    client.set_next_out(next);
    client.logon(30, false).unwrap();
    client.send("2", "7=3|16=3").unwrap();
    let fill = client.receive().unwrap();
    assert_eq!((field(&fill, 35), field(&fill, 34), field(&fill, 36)), (Some("4"), Some("3"), Some("4")));
    let lost: Vec<_> = desk
        .records(Topic::Fix)
        .into_iter()
        .filter(|r| r.wire.is_none())
        .map(|r| (*r.decode().unwrap()).clone())
        .collect();
    let Event::SessionNumbersLost(lost) = &lost[..][0] else { panic!("{lost:?}") };
    assert_eq!((lost.begin, lost.end, lost.epoch), (3, 3, 1));
}

#[test]
fn l_24_outcomes_of_a_session_that_is_away_follow_its_next_logon_over_a_crash() {
    let desk = Desk::start();
    let mut client = desk.logged_on("CLIENT1");
    for number in 0..600 {
        client.send("D", &order(&format!("o{number}"))).unwrap();
    }
    desk.wait_request(600);
    let next = client.next_out();
    drop(client);
    desk.wait_down();
    desk.accept_all();
    desk.wait_queued(600);
    let desk = Desk::over(desk.crash());
    let mut client = desk.client("CLIENT1");
    client.set_next_out(next);
    let mut seq: u64 = field(&client.logon(30, false).unwrap(), 34).unwrap().parse().unwrap();
    for number in 0..600 {
        let report = client.receive().unwrap();
        seq += 1;
        assert_eq!(field(&report, 34), Some(seq.to_string().as_str()), "{report}");
        assert_eq!(field(&report, 11), Some(format!("o{number}").as_str()), "{report}");
        assert_eq!(field(&report, 43), None);
    }
    let again = Desk::over(desk.crash());
    let mut client = again.client("CLIENT1");
    client.set_next_out(next + 1);
    client.logon(30, false).unwrap();
    client.send("1", "112=nothing else").unwrap();
    assert!(client.receive().unwrap().contains("|112=nothing else|"), "sent once");
}

#[test]
fn an_outcome_is_told_once_over_restarts() {
    let desk = Desk::start();
    let mut client = desk.logged_on("CLIENT1");
    client.send("D", &order("a")).unwrap();
    desk.accept_next();
    client.receive_type("8").unwrap();
    let mut log = desk.crash();
    for _ in 0..3 {
        let desk = Desk::over(log);
        log = desk.crash();
        drop(desk);
    }
    let told = log
        .records()
        .into_iter()
        .filter(|r| matches!(r.origin, Some(Origin::Input { .. })) && r.topic == Topic::Fix);
    assert_eq!(told.count(), 1);
}

#[test]
fn s_09_a_journalled_order_without_request_is_asked_again_once() {
    let desk = Desk::start();
    let mut client = desk.logged_on("CLIENT1");
    client.send("D", &order("a")).unwrap();
    client.send("D", &order("b")).unwrap();
    desk.wait_request(2);
    let lost = desk::without_requests(&desk.crash());
    drop(client);
    let desk = Desk::over(lost);
    let requests = desk.requests();
    let ids: Vec<_> = requests.iter().map(|r| desk::cl_ord_id(r)).collect();
    assert_eq!(ids, ["a", "b"]);
    let log = desk.crash();
    drop(desk);
    assert_eq!(Desk::over(log).requests().len(), 2);
}

#[test]
fn r_10_a_resend_streams_thousands_from_the_journal() {
    let desk = Desk::start();
    let mut client = desk.logged_on("CLIENT1");
    const ORDERS: u64 = 3_000;
    for number in 0..ORDERS {
        client.send("D", &order(&format!("o{number}"))).unwrap();
    }
    desk.wait_request(ORDERS as usize);
    desk.accept_all();
    for _ in 0..ORDERS {
        client.receive_type("8").unwrap();
    }
    client.send("2", "7=1|16=0").unwrap();
    let fill = client.receive_type("4").unwrap();
    assert_eq!((field(&fill, 34), field(&fill, 36)), (Some("1"), Some("2")));
    for number in 0..ORDERS {
        let report = client.receive_type("8").unwrap();
        assert_eq!(field(&report, 34), Some((number + 2).to_string().as_str()));
        assert_eq!(field(&report, 43), Some("Y"));
        assert_eq!(field(&report, 11), Some(format!("o{number}").as_str()));
    }
}

#[test]
fn l_05_a_second_logon_of_a_live_session_is_closed_in_silence() {
    let desk = Desk::start();
    let mut first = desk.logged_on("CLIENT1");
    let mut second = desk.client("CLIENT1");
    second.send("A", "98=0|108=30").unwrap();
    assert!(second.is_closed_silently().unwrap());
    first.send("1", "112=alive").unwrap();
    assert_eq!(field(&first.receive_type("0").unwrap(), 112), Some("alive"));
}

#[test]
fn c_01_l_06_l_09_strangers_are_closed_in_silence() {
    let desk = Desk::start();
    let logon = |sender: &str, target: &str, begin: &str, msg_type: &str| {
        let body = format!("35={msg_type}|34=1|49={sender}|52=20261121-09:30:00|56={target}|98=0|108=30|");
        let frame = String::from_utf8(framed(&body)).unwrap();
        frame.replace("8=FIX.4.4", begin).into_bytes()
    };
    let oversized = {
        let mut bytes = b"8=FIX.4.4\x019=9000\x0135=A\x0158=".to_vec();
        bytes.resize(9_000, b'x');
        bytes
    };
    for (what, bytes) in [
        ("unknown sender", logon("NOBODY", "ASSAY", "8=FIX.4.4", "A")),
        ("unknown target", logon("CLIENT1", "OTHER", "8=FIX.4.4", "A")),
        ("not a logon", logon("CLIENT1", "ASSAY", "8=FIX.4.4", "0")),
        ("another version", logon("CLIENT1", "ASSAY", "8=FIX.4.2", "A")),
        ("garbage", b"GET / HTTP/1.1\r\n\r\n".repeat(600)),
        ("oversized", oversized),
    ] {
        let mut client = desk.client("CLIENT1");
        // The server may close while the bytes are still being sent.
        let _ = client.send_bytes(&bytes);
        assert!(client.is_closed_silently().unwrap(), "{what}");
    }
    assert!(desk.records(Topic::Fix).is_empty(), "no number was used");
    desk.logged_on("CLIENT1");
}

#[test]
fn garbled_bytes_on_a_session_are_ignored() {
    let desk = Desk::start();
    let mut client = desk.logged_on("CLIENT1");
    client.send_bytes(b"8=FIX.4.4\x019=5\x0135=0\x0110=999\x01").unwrap();
    client.send("1", "112=still here").unwrap();
    assert_eq!(field(&client.receive_type("0").unwrap(), 112), Some("still here"));
}

#[test]
fn requests_that_cannot_be_read_are_refused_by_the_right_message() {
    let desk = Desk::start();
    let mut client = desk.logged_on("CLIENT1");
    let without = |tag: &str| {
        let fields = order("a");
        let kept: Vec<_> = fields.split('|').filter(|f| !f.starts_with(&format!("{tag}="))).collect();
        kept.join("|")
    };
    for tag in ["1", "55", "38", "44"] {
        client.send("D", &without(tag)).unwrap();
        let refusal = client.receive_type("j").unwrap();
        assert_eq!(field(&refusal, 380), Some("5"), "{refusal}");
        assert_eq!(field(&refusal, 379), Some("a"), "{refusal}");
        assert!(field(&refusal, 58).unwrap().ends_with(&format!("({tag})")), "{refusal}");
    }
    for bad in ["x".repeat(33), "a b".to_owned()] {
        client.send("D", &order(&bad)).unwrap();
        let refusal = client.receive_type("3").unwrap();
        assert_eq!((field(&refusal, 373), field(&refusal, 371)), (Some("5"), Some("11")), "{refusal}");
    }
    client.send("R", "131=q|146=1|55=AAPL").unwrap();
    let refusal = client.receive_type("j").unwrap();
    assert_eq!(field(&refusal, 380), Some("3"), "{refusal}");
    assert!(desk.requests().is_empty());
}

#[test]
fn x_03_a_poisoned_log_closes_sessions_and_accepts_no_logon() {
    let desk = Desk::start();
    let mut client = desk.logged_on("CLIENT1");
    desk.log.poison("disk full");
    assert!(client.is_closed_silently().unwrap());
    let mut again = desk.client("CLIENT1");
    again.send("A", "98=0|108=30").unwrap();
    assert!(again.is_closed_silently().unwrap());
    let error = desk.stop().unwrap_err();
    assert!(matches!(error, fix_gateway::Error::Append(_)), "{error}");
}

#[test]
fn o_09_a_stop_logs_sessions_out_with_a_reason() {
    let desk = Desk::start();
    let mut client: Client = desk.logged_on("CLIENT1");
    let stopping = std::thread::spawn(move || desk.stop());
    let logout = client.receive_type("5").unwrap();
    assert_eq!(field(&logout, 58), Some("Server shutting down"));
    client.send("5", "").unwrap();
    stopping.join().unwrap().unwrap();
}

#[test]
fn o_09_what_was_asked_before_a_stop_is_answered_before_the_logout() {
    let desk = Desk::configured(|config| config.drain_ns = 60_000_000_000);
    let (log, address) = (Arc::clone(&desk.log), desk.gateway().local_addr());
    let mut client: Client = desk.logged_on("CLIENT1");
    client.send("D", &order("a")).unwrap();
    desk.wait_request(1);
    let stopping = std::thread::spawn(move || desk.stop());
    wait(|| TcpStream::connect(address).is_err());
    accept(&log, 1);
    let answered = client.receive().unwrap();
    assert_eq!((field(&answered, 35), field(&answered, 11)), (Some("8"), Some("a")), "{answered}");
    let logout = client.receive_type("5").unwrap();
    assert_eq!(field(&logout, 58), Some("Server shutting down"));
    client.send("5", "").unwrap();
    stopping.join().unwrap().unwrap();
}

#[test]
fn a_restart_from_a_snapshot_equals_one_from_the_whole_log() {
    let dir = tempfile::tempdir().unwrap();
    let desk = Desk::with_snapshots(Arc::new(MemoryLog::default()), dir.path());
    let mut client = desk.logged_on("CLIENT1");
    client.send("D", &order("a")).unwrap();
    desk.accept_next();
    client.receive_type("8").unwrap();
    let next = client.next_out();
    drop(client);
    desk.wait_down();
    let log = desk.crash();
    desk.stop().unwrap();
    let restarted = Desk::with_snapshots(log, dir.path());
    let mut client = restarted.client("CLIENT1");
    client.set_next_out(next);
    let logon = client.logon(30, false).unwrap();
    assert_eq!(field(&logon, 34), Some("3"), "{logon}");
    client.send("2", "7=2|16=2").unwrap();
    assert_eq!(field(&client.receive_type("8").unwrap(), 11), Some("a"));
}

#[test]
fn v_04_messages_of_a_mebibyte_are_taken_and_longer_ones_dropped() {
    let desk = Desk::start();
    let mut client = desk.logged_on("CLIENT1");
    let news = |bytes: usize| format!("148=long|33=1|58={}", "x".repeat(bytes));
    client.send("B", &news(1_048_000)).unwrap();
    client.send("D", &format!("{}|58={}", order("a"), "x".repeat(128 << 10))).unwrap();
    let refused = client.receive_type("j").unwrap();
    assert_eq!((field(&refused, 380), field(&refused, 45)), (Some("0"), Some("3")), "{refused}");
    assert!(field(&refused, 58).unwrap().starts_with("TOO_LONG: "), "{refused}");
    client.send("D", &order("a")).unwrap();
    desk.accept_next();
    assert_eq!(field(&client.receive_type("8").unwrap(), 11), Some("a"), "its ClOrdID is free");
    client.send("B", &news(1 << 20)).unwrap();
    client.send("0", "").unwrap();
    let asked = client.receive_type("2").unwrap();
    assert_eq!(field(&asked, 7), Some("5"), "what was dropped is asked for: {asked}");
}

#[test]
fn the_largest_numbers_and_the_latest_times_are_taken_as_they_stand() {
    let desk = Desk::start();
    let mut client = desk.logged_on("CLIENT1");
    let largest = order("a").replace("|38=100", "|38=9223372036.854775807");
    let largest = largest.replace("|44=10.10", "|44=9223372036.854775807");
    let ends = [
        ("|432=22620411", Expiry::Date(22_620_411)),
        ("|126=22620411-23:47:16.854775807", Expiry::Time(Timestamp::from_ns(i64::MAX))),
    ];
    for (number, (end, expiry)) in ends.into_iter().enumerate() {
        client.send("D", &format!("{largest}|59=6{end}").replace("11=a", &format!("11=a{number}"))).unwrap();
        let event = desk.wait_request(number + 1).decode().unwrap();
        let Event::OrderRequested(asked) = &*event else { panic!("{event:?}") };
        assert_eq!((&asked.defect, asked.terms.qty.units()), (&None, i64::MAX), "{end}");
        assert_eq!(asked.terms.price.map(|price| price.units()), Some(i64::MAX), "{end}");
        assert_eq!(asked.terms.conditions.as_ref().and_then(|c| c.expiry), Some(expiry));
    }
}

#[test]
fn a_time_that_cannot_be_counted_is_rejected_with_its_tag() {
    let desk = Desk::start();
    let mut client = desk.logged_on("CLIENT1");
    let late = |tag: u32| format!("|{tag}=22620411-23:47:16.854775808");
    let ago = |tag: u32| format!("|{tag}=16770921-00:12:43.000");
    let body = order("a");
    let (rest, _) = body.rsplit_once("|60=").unwrap();
    let cases = [
        ("D", format!("{body}|59=6{}", late(126)), 126),
        ("D", format!("{body}|59=6{}", ago(126)), 126),
        ("D", format!("{body}|59=6|432=22620412"), 432),
        ("D", format!("{body}|59=6|432=99991231"), 432),
        ("D", format!("{rest}{}", late(60)), 60),
        ("G", format!("{body}|41=x|{}", &late(586)[1..]), 586),
        ("F", format!("11=b|41=x|55=AAPL|54=1{}", late(60)), 60),
        ("q", format!("11=b|530=7{}", late(60)), 60),
    ];
    for (msg_type, body, tag) in cases {
        client.send(msg_type, &body).unwrap();
        let reject = client.receive_type("3").unwrap();
        let (named, tag) = ((field(&reject, 371), field(&reject, 373)), tag.to_string());
        assert_eq!(named, (Some(tag.as_str()), Some("5")), "{body}: {reject}");
    }
    client.send("D", &body).unwrap();
    let event = desk.wait_request(1).decode().unwrap();
    assert!(matches!(&*event, Event::OrderRequested(_)), "nothing of it reached the books: {event:?}");
}

#[test]
fn a_take_profit_needs_its_stop_price() {
    let desk = Desk::start();
    let mut client = desk.logged_on("CLIENT1");
    let take_profit = order("a").replace("|40=2|44=10.10", "|40=J");
    client.send("D", &take_profit).unwrap();
    let refused = client.receive_type("j").unwrap();
    assert_eq!(field(&refused, 380), Some("5"), "{refused}");
    assert_eq!(field(&refused, 58), Some("Conditionally Required Field Missing (99)"), "{refused}");
    client.send("D", &format!("{take_profit}|99=11.5")).unwrap();
    let event = desk.wait_request(1).decode().unwrap();
    let Event::OrderRequested(asked) = &*event else { panic!("{event:?}") };
    assert_eq!((asked.terms.ord_type, &asked.defect), (OrdType::TakeProfit, &None));
    desk.accept_next();
    let report = client.receive_type("8").unwrap();
    assert_eq!((field(&report, 40), field(&report, 99)), (Some("J"), Some("11.5")), "{report}");
}

#[test]
fn defects_stand_in_the_request() {
    let desk = Desk::start();
    let mut client = desk.logged_on("CLIENT1");
    let with = |from: &str, to: &str| order("a").replace(from, to);
    let cases = [
        (with("|38=100", "|38=0"), "QTY_MIN"),
        (with("|38=100", "|38=-5"), "QTY_MIN"),
        (with("|38=100", "|38=9999999999999999999999999999999999999999"), "QTY_MAX"),
        (with("|38=100", "|38=9223372036.854775808"), "QTY_MAX"),
        (with("|38=100", "|38=123456789012"), "QTY_MAX"),
        (with("|38=100", "|38=1.0000000001"), "BAD_LOT"),
        (order("a") + "|110=123456789012", "BAD_LOT"),
        (with("|44=10.10", "|44=9223372036.854775808"), "BAD_PRICE"),
        (with("|44=10.10", "|44=123456789012"), "BAD_PRICE"),
        (with("|40=2", "|40=4") + "|99=123456789012", "BAD_PRICE"),
        (with("|44=10.10", "|44=0"), "BAD_PRICE"),
        (with("|44=10.10", "|44=9999999999999999999999999999999999999999"), "BAD_PRICE"),
        (with("|44=10.10", "|44=1.00000000001"), "BAD_PRICE"),
        (with("|54=1", "|54=7"), "UNSUPPORTED_SIDE"),
        (with("|40=2", "|40=1"), "PRICE_NOT_ALLOWED"),
        (with("|40=2", "|40=P"), "UNSUPPORTED_ORDTYPE"),
        (with("|40=2", "|40=J") + "|99=11", "PRICE_NOT_ALLOWED"),
        (with("|40=2|44=10.10", "|40=J|99=11") + "|59=3", "UNSUPPORTED_TIF"),
        (with("|21=1", "|21=3"), "UNSUPPORTED_HANDLING"),
        (order("a") + "|59=5", "UNSUPPORTED_TIF"),
        (order("a") + "|59=6|432=20200101", "EXPIRE_PAST"),
        (order("a") + "|18=1", "UNSUPPORTED_EXECINST"),
        (order("a") + "|111=100", "UNSUPPORTED_TERMS"),
        (order("a") + "|152=10", "UNSUPPORTED_QTY_TYPE"),
        (with("|1=FIRM1", "|1=OTHER"), "UNKNOWN_ACCOUNT"),
        (with("|55=AAPL", "|55=NO SUCH SYMBOL"), "UNKNOWN_SYMBOL"),
        (desk::stale_order("a"), "STALE_ORDER"),
    ];
    for (number, (body, code)) in cases.iter().enumerate() {
        client.send("D", body).unwrap();
        let request = desk.wait_request(number + 1);
        let event = request.decode().unwrap();
        let Event::OrderRequested(asked) = &*event else { panic!("{event:?}") };
        let defect = asked.defect.as_ref().unwrap_or_else(|| panic!("{code}: {body}"));
        assert_eq!(defect.refusal.code(), *code, "{body}");
    }
}
