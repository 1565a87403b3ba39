//! Fills at venues: each counts once, and is booked whole. The client has as much of it as its open order has left, the house
//! has the rest.

use super::hearing::stranger;
use super::routed_order::{EndedOrder, RoutedOrder, VenueFill};
use crate::execution::Execution;
use crate::live_order::add_fill;
use crate::work::Sink;
use assay_trading_types::{
    ExecType, Fill, Liquidity, OrdStatus, OrdType, OrderId, Price, Qty, Side, Symbol, VenueDiffered,
    VenueDifference, VenueHeard, VenueId, VenueReport, VenueTaker, VenueTraded,
};

/// Whose fill it is.
#[derive(Debug, Clone, Copy)]
struct Place {
    venue: VenueId,
    symbol: Symbol,
    order_id: OrderId,
    side: Side,
}

impl Place {
    fn differs(&self, difference: VenueDifference, detail: String, out: &mut Sink<'_>) {
        let Self { venue, symbol, order_id, .. } = *self;
        let (symbol, order_id) = (Some(symbol), Some(order_id));
        out.account(VenueDiffered { venue, difference, symbol, order_id, detail });
    }

    /// For the books: what each has of a fill, or had.
    fn book(&self, fill: &VenueFill, undone: bool, out: &mut Sink<'_>) {
        for (taker, qty) in fill.parts() {
            self.book_part((&fill.exec_id, fill.price), taker, qty, undone, out);
        }
    }

    fn book_part(
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

    /// A fill undone: the client keeps what it has, so the house stands between.
    fn undo(&self, fill: &mut VenueFill, out: &mut Sink<'_>) {
        fill.undone = true;
        self.book_part((&fill.exec_id, fill.price), VenueTaker::House, fill.qty, true, out);
    }

    /// A fill undone, or in its place another one, for the house.
    fn change(&self, fills: &mut Vec<VenueFill>, report: &VenueReport, out: &mut Sink<'_>) {
        if fills.iter().any(|fill| fill.exec_id == report.exec_id) {
            return;
        }
        let referred = report.exec_ref_id.as_deref();
        let found = fills.iter_mut().find(|fill| !fill.undone && Some(fill.exec_id.as_str()) == referred);
        let Some(fill) = found else {
            let known = fills.iter().any(|fill| Some(fill.exec_id.as_str()) == referred);
            if !known {
                let detail = format!("{} changes {}", report.exec_id, referred.unwrap_or("nothing"));
                self.differs(VenueDifference::UnknownFill, detail, out);
            }
            return;
        };
        let was = format!("{} at {}", fill.qty, fill.price);
        self.undo(fill, out);
        let Some(new) = readable(report).filter(|_| report.exec_type == 'G') else {
            return self.differs(VenueDifference::Busted, format!("{}: {was}", report.exec_id), out);
        };
        self.book(&new, false, out);
        let detail = format!("{}: {was} is {} at {}", report.exec_id, new.qty, new.price);
        self.differs(VenueDifference::Corrected, detail, out);
        fills.push(new);
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
        let (qty, price) = (fill.client_qty, fill.price);
        order.fills.push(fill);
        self.fill_client(order, qty, price, out);
    }

    fn fill_client(&mut self, order: &mut RoutedOrder, qty: Qty, price: Price, out: &mut Sink<'_>) {
        if qty == Qty::ZERO {
            return;
        }
        let trade = self.next_trade;
        self.next_trade += 1;
        // Who came first at the venue is not ours to say; that it took what rests there is the usual case.
        let fill = Fill { trade, qty, price, liquidity: Liquidity::Removed };
        order.filled = add_fill(&order.filled, &fill, price.notional(qty));
        order.done_for_day = false;
        if order.filled.leaves_qty == Qty::ZERO {
            return self.end_routed(order, ExecType::Trade(fill), OrdStatus::Filled, out);
        }
        order.report(ExecType::Trade(fill), OrdStatus::PartiallyFilled, out);
    }

    pub(super) fn fill_changed(
        &mut self,
        order: &mut RoutedOrder,
        venue: VenueId,
        report: &VenueReport,
        out: &mut Sink<'_>,
    ) {
        place_of(order, venue).change(&mut order.fills, report, out);
    }

    /// A report about an order that is not open: known or not, nothing but a fill matters any more.
    pub(super) fn hear_of_ended(
        &mut self,
        heard: &VenueHeard,
        report: &VenueReport,
        id: Option<OrderId>,
        out: &mut Sink<'_>,
    ) {
        let known = self.routing.ended.iter_mut().rev().find(|ended| Some(ended.id) == id);
        let Some(ended) = known.filter(|ended| ended.venue == Some(heard.venue)) else {
            let detail = format!("{} of {}", report.exec_id, report.cl_ord_id);
            return stranger(heard, id, VenueDifference::UnknownOrder, detail, out);
        };
        let place = Place { venue: heard.venue, symbol: ended.symbol, order_id: ended.id, side: ended.side };
        match report.exec_type {
            'F' | '1' | '2' => late_fill(place, ended, report, out),
            'G' | 'H' => place.change(&mut ended.fills, report, out),
            _ => {}
        }
    }
}

fn late_fill(place: Place, ended: &mut EndedOrder, report: &VenueReport, out: &mut Sink<'_>) {
    if ended.fills.iter().any(|fill| fill.exec_id == report.exec_id) {
        return;
    }
    let Some(fill) = readable(report) else { return };
    place.book(&fill, false, out);
    let detail = format!("{}: {} at {}", fill.exec_id, fill.qty, fill.price);
    place.differs(VenueDifference::LateFill, detail, out);
    ended.fills.push(fill);
}

fn place_of(order: &RoutedOrder, venue: VenueId) -> Place {
    Place { venue, symbol: order.terms.symbol, order_id: order.id, side: order.terms.side }
}

/// The fill that a report tells of, all of it the house's.
fn readable(report: &VenueReport) -> Option<VenueFill> {
    let qty = report.last_qty.filter(|qty| *qty > Qty::ZERO)?;
    let price = report.last_px.filter(|price| price.units() > 0)?;
    Some(VenueFill { exec_id: report.exec_id.clone(), qty, price, client_qty: Qty::ZERO, undone: false })
}

fn is_worse(order: &RoutedOrder, price: Price) -> bool {
    let terms = order.venue_terms(&order.terms);
    let limited = matches!(terms.ord_type, OrdType::Limit | OrdType::StopLimit);
    let Some(limit) = terms.price.filter(|_| limited) else { return false };
    if order.terms.side.is_buy() { price.units() > limit.units() } else { price.units() < limit.units() }
}
