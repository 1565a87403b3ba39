//! Outside venues.

use super::{cl_ord_id, order_id, price, qty, symbol};
use assay_trading_types::*;

pub(super) fn venues() -> Vec<Event> {
    vec![
        VenueSet {
            venue: venue(),
            answer_ns: 10_000_000_000,
            retry_first_ns: 1_000_000_000,
            retry_max_ns: 60_000_000_000,
            tries_max: 5,
            wait_ns: 30_000_000_000,
        }
        .into(),
        RouteSet { symbol: symbol(), venues: vec![venue(), VenueId::new("BROKER2").unwrap()] }.into(),
        VenueLinkChanged { venue: venue(), up: true, detail: "logged on".into() }.into(),
        VenueRequested {
            venue: venue(),
            symbol: symbol(),
            order_id: order_id(),
            cl_ord_id: cl_ord_id("O000000000000002A-1"),
            side: Side::Buy,
            ask: VenueAsk::New { terms: terms(), again: true },
        }
        .into(),
        VenueUnsent {
            venue: venue(),
            symbol: symbol(),
            order_id: order_id(),
            cl_ord_id: cl_ord_id("O000000000000002A-1"),
        }
        .into(),
        heard().into(),
        VenueTraded {
            venue: venue(),
            symbol: symbol(),
            order_id: order_id(),
            exec_id: "X-9".into(),
            side: Side::Buy,
            qty: qty("30"),
            price: price("10.10"),
            taker: VenueTaker::Client,
            undone: true,
        }
        .into(),
        VenueFillSettled {
            symbol: symbol(),
            order_id: order_id(),
            trade: 5,
            exec_id: ExecId::new(0, 43),
            commission: Amount::parse("0.30").unwrap(),
        }
        .into(),
        VenueDiffered {
            venue: venue(),
            difference: VenueDifference::MissingFills,
            symbol: Some(symbol()),
            order_id: Some(order_id()),
            detail: "60 filled there, 30 by what it told".into(),
        }
        .into(),
    ]
}

fn heard() -> VenueHeard {
    let report = VenueReport {
        cl_ord_id: "O000000000000002A-2".into(),
        orig_cl_ord_id: Some("O000000000000002A-1".into()),
        venue_order_id: "77".into(),
        exec_id: "X-10".into(),
        status_number: Some(3),
        exec_ref_id: Some("X-9".into()),
        exec_type: 'G',
        ord_status: '1',
        qty: Some(qty("100")),
        price: Some(price("10.10")),
        last_qty: Some(qty("30")),
        last_px: Some(price("10.05")),
        cum_qty: Some(qty("30")),
        reason: Some(99),
        text: Some("corrected".into()),
    };
    let wire = "8=FIX.4.4|35=8|150=G|".to_owned();
    VenueHeard {
        venue: venue(),
        symbol: Some(symbol()),
        message: VenueMessage::Report(Box::new(report)),
        wire,
    }
}

fn terms() -> VenueTerms {
    VenueTerms {
        ord_type: OrdType::StopLimit,
        qty: qty("100"),
        price: Some(price("10.10")),
        stop_px: Some(price("10.20")),
        tif: TimeInForce::Day,
    }
}

fn venue() -> VenueId {
    VenueId::new("BROKER1").unwrap()
}
