//! The inbound throttle over sockets (rules of engagement, section 9; X-10).

mod desk;

use assay_trading_types::{Event, Refusal};
use desk::{Desk, field, order, wait};
use fix_gateway::{GatewayConfig, ThrottleLimits};

/// Three messages at once and one more in a thousand seconds: what passes does not depend on the machine.
const SLOW: ThrottleLimits = ThrottleLimits {
    per_s: 1,
    burst: 3,
    per_symbol_per_s: 100,
    excess_factor: 1_000_000,
    refusals_max: 1_000_000,
    logon_wait_ms: 3_600_000,
};

fn throttled(limits: ThrottleLimits) -> impl FnOnce(&mut GatewayConfig) {
    move |config| config.sessions[0].throttle = Some(limits)
}

/// What the request number `count` is to be refused for.
fn defect(desk: &Desk, count: usize) -> Option<Refusal> {
    match &*desk.wait_request(count).decode().unwrap() {
        Event::OrderRequested(asked) => asked.defect.as_ref().map(|defect| defect.refusal),
        Event::CancelRequested(asked) => asked.defect.as_ref().map(|defect| defect.refusal),
        Event::MassCancelRequested(asked) => asked.defect.as_ref().map(|defect| defect.refusal),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_30_orders_over_the_rate_are_refused_in_the_books_and_cancels_are_free() {
    let desk = Desk::configured(throttled(SLOW));
    let mut client = desk.logged_on("CLIENT1");
    for i in 0..3 {
        client.send("D", &order(&format!("a-{i}"))).unwrap();
    }
    client.send("D", &order("a-3")).unwrap();
    let time = order("x").split_once("60=").unwrap().1.to_owned();
    client.send("F", &format!("11=c|41=a-0|54=1|55=AAPL|60={time}")).unwrap();
    let asked: Vec<_> = (1..=5).map(|count| defect(&desk, count)).collect();
    assert_eq!(asked, [None, None, None, Some(Refusal::RateLimit), None]);
    assert_eq!(desk.gateway().statistics().throttled(), 1);
}

#[test]
fn a_30_a_mass_cancel_over_the_rate_is_refused_in_the_books() {
    let desk = Desk::configured(throttled(SLOW));
    let mut client = desk.logged_on("CLIENT1");
    let time = order("x").split_once("60=").unwrap().1.to_owned();
    for i in 0..4 {
        client.send("q", &format!("11=m-{i}|530=7|60={time}")).unwrap();
    }
    let asked: Vec<_> = (1..=4).map(|count| defect(&desk, count)).collect();
    assert_eq!(asked, [None, None, None, Some(Refusal::RateLimit)]);
}

#[test]
fn a_30_a_status_request_over_the_rate_gets_a_business_reject_and_uses_its_number() {
    let desk = Desk::configured(throttled(SLOW));
    let mut client = desk.logged_on("CLIENT1");
    for i in 0..4 {
        client.send("H", &format!("11=a-{i}|54=1|55=AAPL")).unwrap();
    }
    let refused = client.receive_type("j").unwrap();
    assert_eq!(field(&refused, 45), Some("5"), "{refused}");
    assert_eq!(field(&refused, 380), Some("0"), "{refused}");
    let text = field(&refused, 58).unwrap();
    assert!(text.starts_with("RATE_LIMIT: 1/1s, retry after "), "{text}");
    client.send("1", "112=next").unwrap();
    assert!(client.receive_type("0").unwrap().contains("|112=next|"), "no gap");
    let crashed = desk.crash();
    let asked = desk.requests().len();
    assert_eq!(asked, 3);
    let again = Desk::configured_over(crashed, throttled(SLOW));
    assert_eq!(again.requests().len(), asked, "a restart does not ask what was refused");
}

#[test]
fn section_9_refusals_without_end_log_the_session_out_and_keep_it_out() {
    let desk = Desk::configured(throttled(ThrottleLimits { refusals_max: 5, ..SLOW }));
    let mut client = desk.logged_on("CLIENT1");
    let mut other = desk.logged_on("CLIENT2");
    for i in 0..8 {
        client.send("H", &format!("11=a-{i}|54=1|55=AAPL")).unwrap();
    }
    let logout = client.receive_type("5").unwrap();
    assert_eq!(field(&logout, 58), Some("Message rate exceeded"));
    drop(client);
    wait(|| desk.gateway().statistics().sessions_up() == 1);
    let mut back = desk.client("CLIENT1");
    assert!(back.logon(30, false).is_err(), "it has to wait");
    other.send("1", "112=up").unwrap();
    assert!(other.receive_type("0").unwrap().contains("|112=up|"), "others are not affected");
    assert_eq!(desk.gateway().statistics().throttle_logouts(), 1);
}

#[test]
fn section_9_every_message_counts_for_the_second_tier() {
    // At most 3 x 10 messages in three seconds, of any kind.
    let limits = ThrottleLimits { per_s: 10, burst: 1_000_000, excess_factor: 1, ..SLOW };
    let desk = Desk::configured(throttled(limits));
    let mut client = desk.logged_on("CLIENT1");
    for i in 0..1_000 {
        // The server may have hung up before the last.
        if client.send("1", &format!("112=t-{i}")).is_err() {
            break;
        }
    }
    let logout = client.receive_type("5").unwrap();
    assert_eq!(field(&logout, 58), Some("Message rate exceeded"));
    assert_eq!(desk.gateway().statistics().throttled(), 0, "nothing administrative was refused (X-10)");
}

#[test]
fn a_30_present_use_is_visible() {
    let desk = Desk::configured(throttled(ThrottleLimits { refusals_max: 1_000_000, ..SLOW }));
    let mut client = desk.logged_on("CLIENT1");
    for i in 0..5 {
        client.send("H", &format!("11=a-{i}|54=1|55=AAPL")).unwrap();
    }
    client.receive_type("j").unwrap();
    client.receive_type("j").unwrap();
    let usage = desk.gateway().usage().unwrap();
    assert_eq!(usage.len(), 1, "only one session has limits");
    assert_eq!(usage[0].session.as_str(), "CLIENT1/ASSAY");
    assert_eq!((usage[0].usage.burst, usage[0].usage.per_s, usage[0].usage.refusals), (3, 1, 2));
    assert!(usage[0].usage.used <= 3);
}
