//! Whatever can be built comes back equal from its text, its JSON, and JSON read from a stream. A failure prints the
//! smallest case and proptest's seed.

#[path = "samples/mod.rs"]
mod samples;

use assay_trading_types::*;
use proptest::option;
use proptest::prelude::*;
use std::sync::Arc;

fn json_returns<T>(value: &T)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value, "{text}");
    assert_eq!(&serde_json::from_reader::<_, T>(text.as_bytes()).unwrap(), value, "{text} from a reader");
}

fn cl_ord_ids() -> impl Strategy<Value = ClOrdId> {
    "[!-~]{1,32}".prop_map(|text| ClOrdId::new(&text).unwrap())
}

fn prices() -> impl Strategy<Value = Price> {
    (any::<i32>(), 0..1_000_000_000_u32, 0..=9_usize).prop_map(|(whole, fraction, decimals)| {
        let fraction = format!("{fraction:09}");
        let point = if decimals == 0 { "" } else { "." };
        Price::parse(&format!("{whole}{point}{}", &fraction[..decimals])).unwrap()
    })
}

fn qtys() -> impl Strategy<Value = Qty> {
    any::<i64>().prop_map(Qty::from_units)
}

fn requests() -> impl Strategy<Value = RequestId> {
    ("[!-~]{1,65}", any::<u32>(), any::<u64>()).prop_map(|(session, epoch, seq)| RequestId {
        session: SessionId::new(&session).unwrap(),
        epoch,
        seq,
    })
}

prop_compose! {
    fn conditions()(
        expiry in option::of(prop_oneof![
            any::<i64>().prop_map(|ns| Expiry::Time(Timestamp::from_ns(ns))),
            any::<u32>().prop_map(Expiry::Date),
        ]),
        min_qty in option::of(qtys()),
        max_floor in option::of(qtys()),
        post_only in any::<bool>(),
        all_or_none in any::<bool>(),
    ) -> Box<Conditions> {
        Box::new(Conditions { expiry, min_qty, max_floor, post_only, all_or_none })
    }
}

prop_compose! {
    fn terms()(
        cl_ord_id in cl_ord_ids(),
        side in prop::sample::select(Side::ALL),
        ord_type in prop::sample::select(OrdType::ALL),
        tif in prop::sample::select(TimeInForce::ALL),
        price in option::of(prices()),
        stop_px in option::of(prices()),
        qty in qtys(),
        conditions in option::of(conditions()),
        carried in option::of(any::<String>()),
    ) -> OrderTerms {
        let carried = carried.map(Arc::from);
        OrderTerms { cl_ord_id, side, ord_type, tif, price, stop_px, qty, conditions, carried, ..samples::terms() }
    }
}

prop_compose! {
    fn defects()(refusal in prop::sample::select(Refusal::ALL), detail in any::<String>()) -> Defect {
        Defect { refusal, detail }
    }
}

fn exec_types() -> impl Strategy<Value = ExecType> {
    let reasons = || option::of(prop::sample::select(Refusal::ALL));
    let chains =
        || {
            (requests(), cl_ord_ids(), cl_ord_ids()).prop_map(|(request, cl_ord_id, orig_cl_ord_id)| {
                ChainIds { request, cl_ord_id, orig_cl_ord_id }
            })
        };
    let fills = (any::<u64>(), qtys(), prices()).prop_map(|(trade, qty, price)| {
        ExecType::Trade(Fill { trade, qty, price, liquidity: Liquidity::Removed, away: false })
    });
    prop_oneof![
        Just(ExecType::New),
        prop::sample::select(Refusal::ALL).prop_map(|reason| ExecType::Rejected { reason }),
        Just(ExecType::Expired),
        (any::<u64>(), qtys(), prices(), prices()).prop_map(|(trade, qty, price, before)| {
            let fill = Fill { trade, qty, price, liquidity: Liquidity::Added, away: false };
            ExecType::TradeCorrected { exec_id: ExecId::new(0, 7), fill, before }
        }),
        fills,
        prop::sample::select(Refusal::ALL).prop_map(|reason| ExecType::Restated { reason }),
        (option::of(chains()), reasons()).prop_map(|(request, reason)| ExecType::Canceled {
            request,
            reason,
            detail: reason.map(|r| r.code().into())
        }),
        (chains(), reasons()).prop_map(|(request, reason)| ExecType::Replaced { request, reason }),
    ]
}

fn event_returns(event: &Event) {
    assert_eq!(&decode(event.kind(), &encode(event)).unwrap(), event);
}

proptest! {
    #[test]
    fn a_price_returns_with_the_decimals_it_was_written_with(price in prices()) {
        prop_assert_eq!(Price::parse(&price.to_string()).unwrap().to_string(), price.to_string());
        json_returns(&price);
    }

    #[test]
    fn a_quantity_returns_from_its_text(units in any::<i64>()) {
        let qty = Qty::from_units(units);
        prop_assert_eq!(Qty::parse(&qty.to_string()).unwrap(), qty);
        json_returns(&qty);
    }

    #[test]
    fn an_amount_returns_from_its_text(units in -i128::MAX..=i128::MAX) {
        let amount = Amount::from_units(units);
        prop_assert_eq!(Amount::parse(&amount.to_string()).unwrap(), amount);
        json_returns(&amount);
    }

    #[test]
    fn no_text_makes_a_number_panic(text in "[-+.0-9e ]{0,60}") {
        let _ = (Price::parse(&text), Qty::parse(&text), Amount::parse(&text));
    }

    /// Years 0001 to 9999: what four digits can name.
    #[test]
    fn a_time_returns_from_its_fix_text(ns in -9_223_372_036_i64..=9_223_372_036, nanos in 0..1_000_000_000_i64) {
        let time = Timestamp::from_ns((ns * 1_000_000_000).saturating_add(nanos));
        let mut text = Vec::new();
        time.write_fix(9, &mut text);
        prop_assert_eq!(Timestamp::parse_fix(&text).unwrap(), time);
        json_returns(&time);
    }

    #[test]
    fn no_bytes_make_a_time_panic(text in prop::collection::vec(any::<u8>(), 0..32)) {
        let _ = Timestamp::parse_fix(&text);
    }

    #[test]
    fn an_id_of_any_printable_characters_returns(id in cl_ord_ids()) {
        json_returns(&id);
    }

    #[test]
    fn place_ids_return(partition in any::<u16>(), offset in 0..1_u64 << 48, transfer in any::<u128>()) {
        json_returns(&OrderId::new(partition, offset));
        json_returns(&ExecId::new(partition, offset));
        json_returns(&TransferId(transfer));
    }

    #[test]
    fn an_order_request_returns(
        request in requests(),
        terms in terms(),
        ns in any::<i64>(),
        poss_resend: bool,
        defect in option::of(defects()),
    ) {
        let transact_time = Timestamp::from_ns(ns);
        event_returns(&OrderRequested { request, terms, transact_time, poss_resend, defect, tell_pending: poss_resend }.into());
    }

    #[test]
    fn an_execution_report_returns(exec in exec_types(), terms in terms(), units in any::<i64>()) {
        let filled = Filled::unfilled(Qty::from_units(units));
        event_returns(&ExecutionReported { terms, filled, ..samples::execution_reported(exec) }.into());
    }
}

#[test]
fn every_refusal_returns_by_its_code() {
    Refusal::ALL.iter().for_each(json_returns);
}

#[test]
fn an_id_with_quote_and_backslash_is_read_from_a_record() {
    let terms = OrderTerms { cl_ord_id: ClOrdId::new(r#"a"b\c"#).unwrap(), ..samples::terms() };
    event_returns(&OrderRequested { terms, ..samples::order_requested() }.into());
}

#[test]
fn ids_that_are_no_ids_are_refused_by_json_too() {
    let long = format!("{:?}", "x".repeat(33));
    for bad in [r#""""#, r#""a b""#, "7", "null", r#""\u00e4""#, long.as_str()] {
        assert!(serde_json::from_str::<ClOrdId>(bad).is_err(), "{bad}");
    }
    for bad in [r#""O1""#, r#""E000000000000002A""#, r#""O+00000000000002A""#, r#""O000000000000002a""#] {
        assert!(serde_json::from_str::<OrderId>(bad).is_err(), "{bad}");
    }
    for bad in [r#""2a""#, r#""+0000000000000000000000000000001""#] {
        assert!(serde_json::from_str::<TransferId>(bad).is_err(), "{bad}");
    }
    assert!(serde_json::from_str::<Refusal>(r#""NO_SUCH_CODE""#).is_err());
}
