//! The echo over real sockets: what conformance suites and benchmarks of the engine alone rely on.

use assay_event_log::{EventLog, MemoryLog};
use assay_trading_types::{CompId, FirmId, Timestamp};
use fix_gateway::client::{Client, framed};
use fix_gateway::{Echo, GatewayConfig, Handle, SessionSpec, spawn_with};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

const TERMS: &str = "21=1|40=1|54=1|55=A|60=20260101-00:00:00";

fn start(settings: impl FnOnce(&mut SessionSpec)) -> Handle {
    let log: Arc<dyn EventLog> = Arc::new(MemoryLog::default());
    let mut config = GatewayConfig::new("127.0.0.1:0".parse().unwrap(), CompId::new("ISLD").unwrap());
    let mut session = SessionSpec::new(CompId::new("TW44").unwrap(), FirmId::new("ECHO").unwrap());
    settings(&mut session);
    config.sessions.push(session);
    spawn_with(config, log, Echo::new(false)).unwrap()
}

fn connected(gateway: &Handle) -> Client {
    Client::connect(gateway.local_addr(), "TW44", "ISLD").unwrap()
}

fn logged_on(gateway: &Handle) -> Client {
    let mut client = connected(gateway);
    client.logon(30, false).unwrap();
    client
}

/// SendingTime(52) of now.
#[allow(clippy::disallowed_methods, reason = "a counterparty has a clock")]
fn utc() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let mut text = Vec::new();
    Timestamp::from_ns(since.as_nanos() as i64).write_fix(3, &mut text);
    String::from_utf8(text).unwrap()
}

/// The body: what stands between the header's last field here, 56, and the trailer.
fn body(message: &str) -> &str {
    let start = message.find("|56=TW44|").unwrap() + "|56=TW44|".len();
    &message[start..message.rfind("|10=").unwrap()]
}

#[test]
fn v_32_a_body_comes_back_by_ascending_tag_with_groups_and_data_whole() {
    let gateway = start(|_| {});
    let mut client = logged_on(&gateway);
    let parties = "453=2|448=Z|447=D|452=1|802=1|523=S|803=4|448=A|452=3";
    for (sent, expected) in [
        (format!("11=a|{TERMS}"), format!("11=a|{TERMS}")),
        (format!("{TERMS}|58=b|11=a"), format!("11=a|{}|58=b|60=20260101-00:00:00", &TERMS[..19])),
        (format!("{parties}|{TERMS}|11=a"), format!("11=a|{TERMS}|{parties}")),
        (format!("347=UTF-8|354=3|355=a=b|{TERMS}|11=a"), format!("11=a|{TERMS}|354=3|355=a=b")),
    ] {
        client.send("D", &sent).unwrap();
        let echo = client.receive_type("D").unwrap();
        assert_eq!(body(&echo), expected, "{sent}");
    }
}

#[test]
fn d_07_an_unseen_possible_resend_comes_back_as_one_and_a_seen_one_does_not() {
    let gateway = start(|_| {});
    let mut client = logged_on(&gateway);
    client.send("D", &format!("97=Y|11=a|{TERMS}")).unwrap();
    let echo = client.receive_type("D").unwrap();
    assert!(echo.contains("|97=Y|11=a|"), "{echo}");
    client.send("D", &format!("97=Y|11=a|{TERMS}")).unwrap();
    client.send("D", &format!("11=b|{TERMS}")).unwrap();
    let echo = client.receive_type("D").unwrap();
    assert_eq!(body(&echo), format!("11=b|{TERMS}"));
}

#[test]
fn what_a_session_agrees_beyond_the_default_reaches_the_engine() {
    let gateway = start(|session| {
        session.next_expected = true;
        session.last_processed = true;
        session.resend_chunk = NonZeroU64::new(5);
    });
    let mut client = connected(&gateway);
    let answer = client.logon(30, false).unwrap();
    assert!(answer.contains("|789=2|") && answer.contains("|369=1|"), "{answer}");
    client.set_next_out(20);
    client.send("0", "").unwrap();
    let request = client.receive_type("2").unwrap();
    assert!(request.contains("|7=2|16=6|"), "{request}");
}

#[test]
fn x_09_answers_come_in_the_order_of_what_they_answer_however_it_arrives() {
    let gateway = start(|_| {});
    let mut client = logged_on(&gateway);
    let time = utc();
    let message = |seq: u32, msg_type: &str, fields: &str| {
        framed(&format!("35={msg_type}|34={seq}|49=TW44|52={time}|56=ISLD|{fields}|"))
    };
    let order = |id: &str| format!("11={id}|{TERMS}");
    let together = [
        message(2, "D", &order("a")),
        message(3, "1", "112=x"),
        message(4, "D", &order("b")),
        message(5, "D", &order("c").replace("54=1", "54=?")),
        message(6, "D", &order("d")),
        message(7, "5", "58=bye"),
    ];
    client.send_bytes(&together.concat()).unwrap();
    let said: Vec<String> = (0..6).map(|_| client.receive().unwrap()).collect();
    for (message, expected) in said.iter().zip(["35=D", "35=0", "35=D", "35=3", "35=D", "35=5"]) {
        assert!(message.contains(&format!("|{expected}|")), "{expected}: {said:#?}");
    }
}

#[test]
fn x_09_answers_to_messages_that_waited_for_a_gap_come_in_their_order() {
    let gateway = start(|_| {});
    let mut client = logged_on(&gateway);
    client.send_as("D", 3, "", &format!("11=b|{TERMS}")).unwrap();
    client.send_as("1", 4, "", "112=x").unwrap();
    assert!(client.receive_type("2").unwrap().contains("|7=2|"));
    client.send_as("D", 2, "", &format!("11=a|{TERMS}")).unwrap();
    let said: Vec<String> = (0..3).map(|_| client.receive().unwrap()).collect();
    assert!(
        said[0].contains("|11=a|") && said[1].contains("|11=b|") && said[2].contains("|112=x|"),
        "{said:#?}"
    );
}
