//! What the gateway writes besides reports of single orders: r, AO, AP, B, and 8 for mass requests. Our own dictionary takes
//! all of it.

mod written;

use assay_trading_types::*;
use written::body;

fn id(text: &str) -> ClOrdId {
    ClOrdId::new(text).unwrap()
}

fn firm() -> FirmId {
    FirmId::new("FIRM1").unwrap()
}

fn symbol() -> Symbol {
    Symbol::new("AAPL").unwrap()
}

fn request() -> RequestId {
    RequestId { session: SessionId::new("CLIENT1/ASSAY").unwrap(), epoch: 1, seq: 7 }
}

fn refused(refusal: Refusal) -> Option<Defect> {
    Some(Defect { refusal, detail: "x".to_owned() })
}

const TIME: &str = "60=20261121-09:30:00.123456";

fn mass_cancel(refused: Option<Defect>) -> MassCancelReported {
    let affected = ["a", "b"].iter().enumerate();
    MassCancelReported {
        request: request(),
        firm: firm(),
        order_id: OrderId::new(0, 9),
        cl_ord_id: id("m"),
        request_type: '1',
        filter: OrderFilter { symbol: Some(symbol()), side: Some(Side::Sell), ..OrderFilter::default() },
        total: if refused.is_some() { 0 } else { 2 },
        affected: match refused {
            Some(_) => Vec::new(),
            None => affected
                .map(|(n, text)| AffectedOrder { order_id: OrderId::new(0, n as u64), cl_ord_id: id(text) })
                .collect(),
        },
        refused,
    }
}

#[test]
fn m_29_a_mass_cancel_report_lists_what_it_is_aimed_at() {
    assert_eq!(
        body(mass_cancel(None)),
        format!(
            "11=m|37=O0000000000000009|54=2|55=AAPL|{TIME}|530=1|531=1|533=2|534=2|41=a|535=O0000000000000000|\
             41=b|535=O0000000000000001|"
        )
    );
}

#[test]
fn a_22_a_refused_mass_cancel_says_why() {
    for (refusal, reason) in [
        (Refusal::MassNotSupported, "0"),
        (Refusal::UnknownSymbol, "1"),
        (Refusal::RateLimit, "99"),
        (Refusal::DupClOrdId, "99"),
    ] {
        let text = body(mass_cancel(refused(refusal)));
        let code = refusal.code();
        assert_eq!(
            text,
            format!("11=m|37=O0000000000000009|54=2|55=AAPL|58={code}: x|{TIME}|530=1|531=0|532={reason}|")
        );
    }
}

#[test]
fn a_21_no_order_found_is_one_report_that_says_so() {
    let mut none = MassStatusReported {
        request: request(),
        firm: firm(),
        mass_status_req_id: id("s"),
        symbol: None,
        total: 0,
        last: true,
        order: None,
        refused: None,
    };
    assert_eq!(
        body(none.clone()),
        format!(
            "6=0|14=0|17=0|37=NONE|39=8|54=7|55=[N/A]|58=UNKNOWN_ORDER: no open order|{TIME}|103=5|150=I|151=0|\
             584=s|911=0|912=Y|"
        )
    );
    (none.symbol, none.refused) = (Some(symbol()), refused(Refusal::UnsupportedScope));
    let text = body(none);
    assert!(text.contains("|55=AAPL|58=UNSUPPORTED_SCOPE: x|"), "{text}");
    assert!(text.contains("|103=99|150=I|"), "{text}");
}

fn positions(first: u32, refused: Option<PositionsRefusal>) -> PositionsReported {
    let held = |units: i64| Amount::from_units(i128::from(units) * i128::from(SCALE));
    let position = PositionState {
        symbol: symbol(),
        start: held(-5),
        bought: Qty::parse("30").unwrap(),
        sold: Qty::parse("10").unwrap(),
        now: held(15),
        price: None,
        value: None,
    };
    PositionsReported {
        request: request(),
        firm: firm(),
        pos_req_id: id("p"),
        account: AccountId::new("FIRM1").unwrap(),
        symbol: None,
        carried: Some("453=1\u{1}448=T\u{1}447=D\u{1}452=12\u{1}581=1".into()),
        total: if refused.is_some() { 0 } else { 1 },
        first,
        positions: if refused.is_some() { Vec::new() } else { vec![position] },
        refused,
    }
}

#[test]
fn a_request_for_positions_is_acknowledged_with_the_count() {
    assert_eq!(
        body(positions(0, None)),
        "1=FIRM1|453=1|448=T|447=D|452=12|581=1|710=p|721=E0000000000000000|727=1|728=0|729=0|"
    );
    let result = PositionsResult::NotAuthorised;
    let refusal = PositionsRefusal { result, refusal: Refusal::UnknownAccount, detail: "FIRM9".to_owned() };
    let text = body(positions(0, Some(refusal)));
    assert!(text.contains("|58=UNKNOWN_ACCOUNT: FIRM9|"), "{text}");
    assert!(text.ends_with("|727=0|728=3|729=2|"), "{text}");
}

#[test]
fn a_position_without_a_price_has_no_amount_and_a_short_one_stands_on_the_short_side() {
    assert_eq!(
        body(positions(1_000, None)),
        "1=FIRM1|55=AAPL|453=1|448=T|447=D|452=12|581=1|702=3|703=SOD|704=0|705=5|703=TQ|704=30|705=10|703=FIN|\
         704=15|705=0|710=p|715=20261121|721=E0000000000000000-0|724=0|727=1|728=0|730=0|731=2|734=0|753=0|"
    );
}

#[test]
fn a_06_news_of_limits_and_of_the_market() {
    let limits = LimitsChanged {
        scope: LimitScope::Firm(firm()),
        version: 3,
        cause: LimitsCause::Approved,
        change: None,
        maker: None,
        checker: None,
        reason: "review".to_owned(),
        valid_until: None,
        before: Box::default(),
        limits: Box::default(),
    };
    assert_eq!(body(limits), "33=1|58=firm FIRM1: limits version 3|61=0|148=LIMIT_CHANGE|");
    let changed = |phase| TradingStateChanged { symbol: symbol(), phase, date: None, until: None };
    assert_eq!(body(changed(TradingPhase::Continuous)), "33=1|58=AAPL: continuous|61=0|148=MARKET_STATE|");
    assert_eq!(body(changed(TradingPhase::Halted)), "33=1|58=AAPL: halted|61=1|148=MARKET_STATE|");
}
