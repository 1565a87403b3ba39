//! What reports say, field by field, and that our own dictionary takes them (V-32).

mod written;

use assay_trading_types::*;
use std::sync::Arc;
use written::body;

fn terms(cl_ord_id: &str, carried: Option<&str>) -> OrderTerms {
    OrderTerms {
        cl_ord_id: ClOrdId::new(cl_ord_id).unwrap(),
        session: SessionId::new("CLIENT1/ASSAY").unwrap(),
        firm: FirmId::new("FIRM1").unwrap(),
        account: AccountId::new("FIRM1").unwrap(),
        symbol: Symbol::new("AAPL").unwrap(),
        side: Side::Buy,
        ord_type: OrdType::Limit,
        price: Some(Price::parse("10.10").unwrap()),
        stop_px: None,
        qty: Qty::parse("100").unwrap(),
        tif: TimeInForce::Day,
        conditions: None,
        carried: carried.map(|c| Arc::from(c.replace('|', "\x01"))),
    }
}

fn request() -> RequestId {
    RequestId { session: SessionId::new("CLIENT1/ASSAY").unwrap(), epoch: 1, seq: 7 }
}

fn chain() -> ChainIds {
    ChainIds {
        request: request(),
        cl_ord_id: ClOrdId::new("b").unwrap(),
        orig_cl_ord_id: ClOrdId::new("a").unwrap(),
    }
}

fn executed(exec: ExecType, status: OrdStatus, cum: &str, leaves: &str) -> ExecutionReported {
    let cum_qty = Qty::parse(cum).unwrap();
    ExecutionReported {
        order_id: OrderId::new(0, 3),
        exec,
        terms: terms("a", None),
        filled: Filled {
            cum_qty,
            leaves_qty: Qty::parse(leaves).unwrap(),
            notional: Price::parse("10").unwrap().notional(cum_qty),
        },
        status,
        working: None,
    }
}

const TIME: &str = "60=20261121-09:30:00.123456";

#[test]
fn new() {
    assert_eq!(
        body(executed(ExecType::New, OrdStatus::New, "0", "100")),
        format!(
            "1=FIRM1|6=0|11=a|14=0|17=E0000000000000000|37=O0000000000000003|38=100|39=0|40=2|44=10.10|54=1|\
             55=AAPL|59=0|{TIME}|150=0|151=100|"
        )
    );
}

#[test]
fn fill() {
    let fill = Fill {
        trade: 1,
        qty: Qty::parse("30").unwrap(),
        price: Price::parse("10").unwrap(),
        liquidity: Liquidity::Removed,
        away: false,
    };
    assert_eq!(
        body(executed(ExecType::Trade(fill), OrdStatus::PartiallyFilled, "30", "70")),
        format!(
            "1=FIRM1|6=10|11=a|14=30|17=E0000000000000000|31=10|32=30|37=O0000000000000003|38=100|39=1|40=2|\
             44=10.10|54=1|55=AAPL|59=0|{TIME}|75=20261121|150=F|151=70|851=2|"
        )
    );
}

#[test]
fn cancel_asked_for_carries_both_ids() {
    let exec = ExecType::Canceled { request: Some(chain()), reason: None, detail: None };
    let text = body(executed(exec, OrdStatus::Canceled, "30", "0"));
    assert!(text.contains("|11=b|14=30|"), "{text}");
    assert!(text.contains("|39=4|40=2|41=a|44="), "{text}");
    assert!(text.ends_with("|150=4|151=0|"), "{text}");
}

#[test]
fn cancel_nobody_asked_for_says_why() {
    for (reason, restatement) in [
        (Refusal::IocRemainder, None),
        (Refusal::FokUnfilled, None),
        (Refusal::NoLiquidity, None),
        (Refusal::SelfTrade, Some("99")),
        (Refusal::KillSwitch, Some("99")),
        (Refusal::Halt, Some("6")),
    ] {
        let exec = ExecType::Canceled { request: None, reason: Some(reason), detail: None };
        let text = body(executed(exec, OrdStatus::Canceled, "0", "0"));
        assert!(text.contains(&format!("|58={}: ", reason.code())), "{text}");
        assert!(!text.contains("|41="), "{text}");
        let said = text.split('|').find_map(|f| f.strip_prefix("378="));
        assert_eq!(said, restatement, "{text}");
    }
}

#[test]
fn replaced() {
    let exec = ExecType::Replaced { request: chain(), reason: Some(Refusal::QtyReduced) };
    let mut event = executed(exec, OrdStatus::Filled, "70", "0");
    event.terms.cl_ord_id = ClOrdId::new("b").unwrap();
    let text = body(event);
    assert!(text.contains("|11=b|") && text.contains("|41=a|") && text.contains("|150=5|151=0|"), "{text}");
    assert!(text.contains("|58=QTY_REDUCED: "), "{text}");
}

/// The figures of an 8 as the matrices have them: 150/39 38 14 151 6.
fn row(event: ExecutionReported) -> String {
    let text = body(event);
    let field = |tag: &str| {
        let lead = format!("|{tag}=");
        text.split_once(&lead).and_then(|(_, rest)| rest.split('|').next()).unwrap_or_default().to_owned()
    };
    let [kind, status, qty, cum, leaves, avg] = ["150", "39", "38", "14", "151", "6"].map(field);
    format!("{kind}/{status} {qty} {cum} {leaves} {avg}")
}

#[test]
fn m_22_day_order_expires() {
    assert_eq!(row(executed(ExecType::Expired, OrdStatus::Expired, "30", "0")), "C/C 100 30 0 10");
}

#[test]
fn m_23_gt_order_over_night() {
    let done = executed(ExecType::DoneForDay, OrdStatus::DoneForDay, "30", "70");
    assert_eq!(row(done), "3/3 100 30 70 10");
    let restated = ExecType::Restated { reason: Refusal::GtRenewal };
    let renewed = executed(restated, OrdStatus::PartiallyFilled, "30", "70");
    assert!(body(renewed.clone()).contains("|378=1|"));
    assert_eq!(row(renewed), "D/1 100 30 70 10");
}

#[test]
fn m_24_stop() {
    let waiting =
        ExecutionReported { working: Some(false), ..executed(ExecType::New, OrdStatus::New, "0", "100") };
    assert!(body(waiting.clone()).contains("|636=N|"));
    assert_eq!(row(waiting), "0/0 100 0 100 0");
    let triggered = ExecType::Restated { reason: Refusal::StopTriggered };
    let working =
        ExecutionReported { working: Some(true), ..executed(triggered, OrdStatus::New, "0", "100") };
    let text = body(working.clone());
    assert!(text.contains("|58=STOP_TRIGGERED: ") && text.contains("|378=99|636=Y|"), "{text}");
    assert_eq!(row(working), "D/0 100 0 100 0");
}

#[test]
fn m_25_unsolicited_cancel() {
    let exec = ExecType::Canceled {
        request: None,
        reason: Some(Refusal::KillSwitch),
        detail: Some("operations, firm FIRM1".into()),
    };
    let event = executed(exec, OrdStatus::Canceled, "30", "0");
    let text = body(event.clone());
    assert!(text.contains("|58=KILL_SWITCH: operations, firm FIRM1|"), "{text}");
    assert!(!text.contains("|41=") && text.contains("|378=99|"), "{text}");
    assert_eq!(row(event), "4/4 100 30 0 10");
    for reason in
        [Refusal::Cod, Refusal::SelfTrade, Refusal::ShortLocate, Refusal::LimitCredit, Refusal::BadTick]
    {
        let exec = ExecType::Canceled { request: None, reason: Some(reason), detail: None };
        let text = body(executed(exec, OrdStatus::Canceled, "30", "0"));
        assert!(text.contains("|378=99|"), "{text}");
    }
}

#[test]
fn terms_that_few_orders_have_are_echoed() {
    let mut event = executed(ExecType::New, OrdStatus::New, "0", "100");
    event.terms.tif = TimeInForce::Gtd;
    event.terms.conditions = Some(Box::new(Conditions {
        expiry: Some(Expiry::Date(20_991_231)),
        min_qty: Some(Qty::parse("10").unwrap()),
        max_floor: Some(Qty::parse("20").unwrap()),
        post_only: true,
        all_or_none: true,
    }));
    let text = body(event.clone());
    assert!(text.contains("|18=6 G|") && text.contains("|110=10|111=20|150=0|"), "{text}");
    assert!(text.contains("|59=6|") && text.contains("|432=20991231|"), "{text}");
    event.terms.conditions = Some(Box::new(Conditions {
        expiry: Some(Expiry::Time(Timestamp::parse_fix(b"20991231-10:00:00").unwrap())),
        ..Conditions::default()
    }));
    let text = body(event);
    assert!(text.contains("|126=20991231-10:00:00.000|"), "{text}");
}

#[test]
fn restated_and_expired() {
    let restated = ExecType::Restated { reason: Refusal::SelfTrade };
    let text = body(executed(restated, OrdStatus::New, "0", "60"));
    assert!(text.contains("|150=D|151=60|378=99|"), "{text}");
    let text = body(executed(ExecType::Expired, OrdStatus::Expired, "30", "0"));
    assert!(text.contains("|39=C|") && text.contains("|150=C|151=0|"), "{text}");
}

fn refused(terms: OrderTerms, refusal: Refusal, detail: &str) -> OrderRefused {
    OrderRefused {
        request: request(),
        terms,
        refusal,
        detail: detail.to_owned(),
        limits_version: 0,
        reference_price: None,
    }
}

#[test]
fn order_refused() {
    assert_eq!(
        body(refused(terms("a", None), Refusal::LimitNotional, "1200000 > 1000000 account")),
        format!(
            "1=FIRM1|6=0|11=a|14=0|17=E0000000000000000|37=NONE|38=100|39=8|40=2|44=10.10|54=1|55=AAPL|\
             58=LIMIT_NOTIONAL: 1200000 > 1000000 account|59=0|{TIME}|103=3|150=8|151=0|"
        )
    );
}

#[test]
fn every_refusal_has_a_report_that_the_dictionary_takes() {
    for refusal in Refusal::ALL {
        let text = body(refused(terms("a", None), *refusal, ""));
        assert!(text.contains(&format!("|103={}|", refusal.ord_rej_reason())), "{text}");
        let text = body(cancel_refused(*refusal, None));
        assert!(text.contains(&format!("|102={}|", refusal.cxl_rej_reason())), "{text}");
    }
}

#[test]
fn values_that_could_not_be_held_are_echoed_as_received() {
    let mut asked = terms("a", Some("38=99999999999999999999|54=7|583=L"));
    asked.qty = Qty::ZERO;
    let text = body(refused(asked, Refusal::UnsupportedSide, "54=7"));
    assert!(text.contains("|38=99999999999999999999|39=8|"), "{text}");
    assert!(text.contains("|54=7|55=AAPL|"), "{text}");
    assert!(text.ends_with("|151=0|583=L|"), "{text}");
    assert_eq!(text.matches("|38=").count() + text.matches("|54=").count(), 2, "{text}");
}

fn cancel_refused(refusal: Refusal, order_id: Option<OrderId>) -> CancelRefused {
    CancelRefused {
        request: request(),
        firm: FirmId::new("FIRM1").unwrap(),
        response_to: ResponseTo::Replace,
        cl_ord_id: ClOrdId::new("b").unwrap(),
        orig_cl_ord_id: ClOrdId::new("a").unwrap(),
        order_id,
        account: order_id.and(AccountId::new("FIRM1").ok()),
        status: if order_id.is_some() { OrdStatus::Filled } else { OrdStatus::Rejected },
        refusal,
        detail: String::new(),
    }
}

#[test]
fn cancel_reject() {
    assert_eq!(
        body(cancel_refused(Refusal::TooLate, Some(OrderId::new(0, 3)))),
        format!(
            "1=FIRM1|11=b|37=O0000000000000003|39=2|41=a|58=TOO_LATE: the order is closed|{TIME}|102=0|434=2|"
        )
    );
    assert_eq!(
        body(cancel_refused(Refusal::UnknownOrder, None)),
        format!("11=b|37=NONE|39=8|41=a|58=UNKNOWN_ORDER: no such order|{TIME}|102=1|434=2|")
    );
}

#[test]
fn m_10_a_cancel_that_the_market_refuses_leaves_the_order_as_it_was() {
    let refused = CancelRefused {
        response_to: ResponseTo::Cancel,
        status: OrdStatus::PartiallyFilled,
        ..cancel_refused(Refusal::VenueRefused, Some(OrderId::new(0, 3)))
    };
    assert_eq!(
        body(refused),
        format!(
            "1=FIRM1|11=b|37=O0000000000000003|39=1|41=a|58=VENUE_REFUSED: the market refused|{TIME}|102=2|434=1|"
        )
    );
}

#[test]
fn status_of_known_and_unknown_orders() {
    let mut status = StatusReported {
        request: request(),
        firm: FirmId::new("FIRM1").unwrap(),
        cl_ord_id: ClOrdId::new("a").unwrap(),
        ord_status_req_id: Some("q1".to_owned()),
        symbol: Some(Symbol::new("AAPL").unwrap()),
        side: Side::Sell,
        order: None,
    };
    assert_eq!(
        body(status.clone()),
        format!(
            "6=0|11=a|14=0|17=0|37=NONE|39=8|54=2|55=AAPL|58=UNKNOWN_ORDER: no order with this id|{TIME}|\
             103=5|150=I|151=0|790=q1|"
        )
    );
    status.symbol = None;
    assert!(body(status.clone()).contains("|54=2|55=[N/A]|"), "it was not given");
    status.order = Some(OrderState {
        order_id: OrderId::new(0, 3),
        terms: terms("a", None),
        filled: Filled::unfilled(Qty::parse("100").unwrap()),
        status: OrdStatus::New,
        working: None,
    });
    let text = body(status);
    assert!(
        text.contains("|17=0|37=O0000000000000003|") && text.ends_with("|150=I|151=100|790=q1|"),
        "{text}"
    );
}
