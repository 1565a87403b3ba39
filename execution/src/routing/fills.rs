//! Fills at venues: each counts once, and is booked whole. The client has as much of it as its open order has left, the house
//! has the rest.

use super::routed_order::{EndedOrder, RoutedOrder, Told, VenueFill};
use crate::execution::Execution;
use crate::live_order::add_fill;
use crate::work::Sink;
use assay_trading_types::{
    Amount, ExecType, Fill, OrdStatus, OrdType, OrderId, Price, Qty, Side, Symbol, VenueDiffered,
    VenueDifference, VenueId, VenueReport, VenueTaker, VenueTraded,
};

/// Whose fill it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) venue: VenueId,
    pub(super) symbol: Symbol,
    pub(super) order_id: OrderId,
    pub(super) side: Side,
}

impl Place {
    pub(super) fn differs(&self, difference: VenueDifference, detail: String, out: &mut Sink<'_>) {
        let Self { venue, symbol, order_id, .. } = *self;
        let (symbol, order_id) = (Some(symbol), Some(order_id));
        out.account(VenueDiffered { venue, difference, symbol, order_id, detail });
    }

    /// For the books: what each has of a fill, or had.
    pub(super) fn book(&self, fill: &VenueFill, undone: bool, out: &mut Sink<'_>) {
        for (taker, qty) in fill.parts() {
            self.book_part((&fill.exec_id, fill.price), taker, qty, undone, out);
        }
    }

    pub(super) fn book_part(
        &self,
        (exec_id, price): (&str, Price),
        taker: VenueTaker,
        qty: Qty,
        undone: bool,
        out: &mut Sink<'_>,
    ) {
        let Self { venue, symbol, order_id, side } = *self;
        let exec_id = exec_id.to_owned();
        out.account(VenueTraded { venue, symbol, order_id, exec_id, side, qty, price, taker, undone });
    }
}

impl Execution {
    pub(super) fn filled(
        &mut self,
        order: &mut RoutedOrder,
        venue: VenueId,
        report: &VenueReport,
        out: &mut Sink<'_>,
    ) {
        if order.fills.iter().any(|fill| fill.exec_id == report.exec_id) {
            return;
        }
        let place = place_of(order, venue);
        let Some(mut fill) = readable(report) else {
            return place.differs(
                VenueDifference::Unreadable,
                format!("fill {} of nothing", report.exec_id),
                out,
            );
        };
        self.acknowledge(order, out);
        fill.client_qty = fill.qty.min(order.filled.leaves_qty);
        place.book(&fill, false, out);
        if fill.client_qty < fill.qty {
            let detail = format!("{} of {} was left", fill.client_qty, fill.qty);
            place.differs(VenueDifference::Overfilled, detail, out);
        }
        if is_worse(order, fill.price) {
            let detail = format!("{} at {}", fill.exec_id, fill.price);
            place.differs(VenueDifference::WorsePrice, detail, out);
        }
        let qty = fill.client_qty;
        if qty == Qty::ZERO {
            return order.fills.push(fill);
        }
        let told = Told { trade: self.next_trade, traded: self.at, exec_id: None, commission: Amount::ZERO };
        self.next_trade += 1;
        let (trade, price) = (told.fill(qty, fill.price), fill.price);
        fill.told = Some(told);
        order.fills.push(fill);
        self.fill_client(order, trade, price.notional(qty), out);
    }

    fn fill_client(&mut self, order: &mut RoutedOrder, fill: Fill, notional: Amount, out: &mut Sink<'_>) {
        order.filled = add_fill(&order.filled, &fill, notional);
        order.done_for_day = false;
        if order.filled.leaves_qty == Qty::ZERO {
            return self.end_routed(order, ExecType::Trade(fill), OrdStatus::Filled, out);
        }
        order.report(ExecType::Trade(fill), OrdStatus::PartiallyFilled, out);
    }
}

pub(super) fn late_fill(place: Place, ended: &mut EndedOrder, report: &VenueReport, out: &mut Sink<'_>) {
    if ended.fills.iter().any(|fill| fill.exec_id == report.exec_id) {
        return;
    }
    let Some(fill) = readable(report) else { return };
    place.book(&fill, false, out);
    let detail = format!("{}: {} at {}", fill.exec_id, fill.qty, fill.price);
    place.differs(VenueDifference::LateFill, detail, out);
    ended.fills.push(fill);
}

pub(super) fn place_of(order: &RoutedOrder, venue: VenueId) -> Place {
    Place { venue, symbol: order.terms.symbol, order_id: order.id, side: order.terms.side }
}

/// The fill that a report tells of, all of it the house's.
pub(super) fn readable(report: &VenueReport) -> Option<VenueFill> {
    let qty = report.last_qty.filter(|qty| *qty > Qty::ZERO)?;
    let price = report.last_px.filter(|price| price.units() > 0)?;
    Some(VenueFill {
        exec_id: report.exec_id.clone(),
        qty,
        price,
        client_qty: Qty::ZERO,
        undone: false,
        undone_by: None,
        told: None,
    })
}

fn is_worse(order: &RoutedOrder, price: Price) -> bool {
    let terms = order.venue_terms(&order.terms);
    let limited = matches!(terms.ord_type, OrdType::Limit | OrdType::StopLimit);
    let Some(limit) = terms.price.filter(|_| limited) else { return false };
    if order.terms.side.is_buy() { price.units() > limit.units() } else { price.units() < limit.units() }
}
