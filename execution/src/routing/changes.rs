//! Fills that a venue undoes or changes. So does the client's report, by ExecType(150) H or G, as when operations undo a trade
//! (M-26, M-27); people are told each time.
//!
//! What the client was told is a place in a log that is not read here: risk says it with what it charged ([`VenueFillSettled`]).
//! It may be a moment behind the venue; until then whatever the venue says of the order waits, in its order.
//!
//! ```text
//! undone                                 client  H, the house's part is turned back too
//! another price                          client  G
//! another quantity, the order is open    client  H, then a fill for the new one
//! another quantity, the order is over    house   stands between: what is over takes no new fill
//! the client's report is not known       house   stands between
//! ```

use super::fills::{Place, late_fill, place_of, readable};
use super::routed_order::{EndedOrder, LastReport, RoutedOrder, Told, VenueFill};
use crate::execution::Execution;
use crate::live_order::sum;
use crate::trade_amendment::{closed_status, repriced, without};
use crate::work::Sink;
use assay_trading_types::{
    ExecType, ExecutionReported, OrderId, VenueDifference, VenueFillSettled, VenueId, VenueReport, VenueTaker,
};
use std::collections::VecDeque;

/// Messages of a venue about one order that may wait for risk, which is one turn of the log behind. Beyond that the house
/// stands between, and nothing waits any more.
const DEFERRED_MAX: usize = 256;

/// What a venue's change means for the client.
enum Change {
    /// It was made before, or refers to a fill that was changed before.
    Known,
    /// It refers to nothing that we know, or to what something else undid before.
    Unknown,
    /// It says neither a price nor a quantity that a fill could have.
    Unreadable,
    /// The house stands between.
    House { was: VenueFill, new: Option<VenueFill> },
    /// The client's fill is undone; what the venue gave instead has yet to be filled.
    Undone { was: VenueFill, told: Told, new: Option<VenueFill> },
    /// The client's fill has another price.
    Repriced { was: VenueFill, told: Told, new: VenueFill },
}

impl Execution {
    /// A report of the venue where an open order is, behind what still waits.
    pub(super) fn hear_in_turn(
        &mut self,
        mut order: RoutedOrder,
        venue: VenueId,
        report: &VenueReport,
        out: &mut Sink<'_>,
    ) {
        if order.deferred.is_empty() && !waits(&order.fills, report) {
            self.report_heard(&mut order, venue, report, out);
            return self.routing.put(order);
        }
        order.deferred.push_back(report.clone());
        if order.deferred.len() <= DEFERRED_MAX {
            return self.routing.put(order);
        }
        forget_told(&mut order.fills);
        self.go_on(order, venue, out);
    }

    /// Risk has settled a client's fill, or its correction.
    pub(crate) fn fill_settled(&mut self, settled: &VenueFillSettled, out: &mut Sink<'_>) {
        let id = settled.order_id;
        if let Some(mut order) = self.routing.take(id) {
            note(&mut order.fills, settled);
            let Some(venue) = order.venue else { return self.routing.put(order) };
            return self.go_on(order, venue, out);
        }
        let Some(ended) = self.routing.ended.iter_mut().rev().find(|ended| ended.id == id) else { return };
        note(&mut ended.fills, settled);
        let (Some(venue), waiting) = (ended.venue, std::mem::take(&mut ended.deferred)) else { return };
        self.hear_all_of_ended(venue, id, waiting, out);
    }

    /// Takes what waits, as far as it need not wait any more.
    fn go_on(&mut self, mut order: RoutedOrder, venue: VenueId, out: &mut Sink<'_>) {
        while order.over.is_none()
            && order.deferred.front().is_some_and(|report| !waits(&order.fills, report))
            && let Some(report) = order.deferred.pop_front()
        {
            self.report_heard(&mut order, venue, &report, out);
        }
        let id = order.id;
        let rest = if order.over.is_some() { std::mem::take(&mut order.deferred) } else { VecDeque::new() };
        self.routing.put(order);
        self.hear_all_of_ended(venue, id, rest, out);
    }

    pub(super) fn fill_changed(
        &mut self,
        order: &mut RoutedOrder,
        venue: VenueId,
        report: &VenueReport,
        out: &mut Sink<'_>,
    ) {
        let place = place_of(order, venue);
        let change = change(&mut order.fills, report, true);
        place.book_change(&change, report, out);
        match change {
            Change::Known | Change::Unknown | Change::Unreadable => {}
            Change::House { new, .. } => order.fills.extend(new),
            Change::Undone { was, told, new } => {
                let fill = told.fill(was.client_qty, was.price);
                order.filled = without(&order.filled, &fill);
                order.filled.leaves_qty = sum(order.filled.leaves_qty, fill.qty);
                order.report(canceled(&told, &was), order.working_status(), out);
                if new.is_some() {
                    self.filled(order, venue, report, out);
                }
                // Whether it works on what it gave back, its status says.
                if order.over.is_none() && !matches!(report.ord_status, '0' | '1') {
                    self.doubt_now(order);
                }
            }
            Change::Repriced { was, told, new } => {
                let fill = told.fill(was.client_qty, was.price);
                order.filled = repriced(&order.filled, &fill, new.price);
                order.report(corrected(&told, &was, &new), order.working_status(), out);
                order.fills.push(new);
            }
        }
    }

    /// A report about an order that is not open: nothing but a fill matters any more. False: we do not know it there.
    pub(super) fn hear_of_ended(
        &mut self,
        venue: VenueId,
        id: OrderId,
        report: &VenueReport,
        out: &mut Sink<'_>,
    ) -> bool {
        let known = self.routing.ended.iter_mut().rev().find(|ended| ended.id == id);
        let Some(ended) = known.filter(|ended| ended.venue == Some(venue)) else { return false };
        let place = Place { venue, symbol: ended.symbol, order_id: ended.id, side: ended.side };
        match report.exec_type {
            'F' | '1' | '2' => late_fill(place, ended, report, out),
            'G' | 'H' if !ended.deferred.is_empty() || waits(&ended.fills, report) => {
                ended.deferred.push_back(report.clone());
                if ended.deferred.len() > DEFERRED_MAX {
                    forget_told(&mut ended.fills);
                    let waiting = std::mem::take(&mut ended.deferred);
                    self.hear_all_of_ended(venue, id, waiting, out);
                }
            }
            'G' | 'H' => ended_fill_changed(place, ended, report, out),
            _ => {}
        }
        true
    }

    /// What waited: each is taken, or waits again behind the first that still has to.
    fn hear_all_of_ended(
        &mut self,
        venue: VenueId,
        id: OrderId,
        waiting: VecDeque<VenueReport>,
        out: &mut Sink<'_>,
    ) {
        for report in waiting {
            self.hear_of_ended(venue, id, &report, out);
        }
    }
}

fn ended_fill_changed(place: Place, ended: &mut EndedOrder, report: &VenueReport, out: &mut Sink<'_>) {
    let change = change(&mut ended.fills, report, false);
    place.book_change(&change, report, out);
    match change {
        Change::Known | Change::Unknown | Change::Unreadable => {}
        Change::House { new, .. } => ended.fills.extend(new),
        Change::Undone { was, told, .. } => {
            let Some(last) = &mut ended.last else { return };
            last.filled = without(&last.filled, &told.fill(was.client_qty, was.price));
            last.status = closed_status(last.status);
            out.account(last.report(ended.id, canceled(&told, &was)));
        }
        Change::Repriced { was, told, new } => {
            let Some(last) = &mut ended.last else { return };
            last.filled = repriced(&last.filled, &told.fill(was.client_qty, was.price), new.price);
            out.account(last.report(ended.id, corrected(&told, &was, &new)));
            ended.fills.push(new);
        }
    }
}

/// What a change means, with the fill that it changes marked as undone.
fn change(fills: &mut [VenueFill], report: &VenueReport, is_open: bool) -> Change {
    if fills.iter().any(|fill| fill.exec_id == report.exec_id) {
        return Change::Known;
    }
    let referred = report.exec_ref_id.as_deref();
    let is_it = |fill: &&mut VenueFill| Some(fill.exec_id.as_str()) == referred;
    let Some(fill) = fills.iter_mut().filter(is_it).max_by_key(|fill| !fill.undone) else {
        return Change::Unknown;
    };
    if fill.undone {
        let again = fill.undone_by.as_ref().is_none_or(|by| *by == report.exec_id);
        return if again { Change::Known } else { Change::Unknown };
    }
    let new = readable(report).filter(|_| report.exec_type == 'G');
    if new.is_none() && report.exec_type == 'G' {
        return Change::Unreadable;
    }
    let was = fill.clone();
    (fill.undone, fill.undone_by) = (true, Some(report.exec_id.clone()));
    let same_qty = new.as_ref().is_none_or(|new| new.qty == was.qty);
    match (was.told.filter(|told| told.exec_id.is_some()), new) {
        (Some(told), Some(mut new)) if same_qty => {
            // Its report is the correction's from now on.
            (new.client_qty, new.told) = (was.client_qty, Some(Told { exec_id: None, ..told }));
            Change::Repriced { was, told, new }
        }
        (Some(told), new) if new.is_none() || is_open => Change::Undone { was, told, new },
        (_, new) => Change::House { was, new },
    }
}

/// Whether a change has to wait until risk has said how the client was told of what it changes.
fn waits(fills: &[VenueFill], report: &VenueReport) -> bool {
    let referred = report.exec_ref_id.as_deref();
    let is_it = |fill: &&VenueFill| !fill.undone && Some(fill.exec_id.as_str()) == referred;
    let changes = matches!(report.exec_type, 'G' | 'H');
    changes && fills.iter().filter(is_it).any(|fill| fill.told.is_some_and(|told| told.exec_id.is_none()))
}

fn note(fills: &mut [VenueFill], settled: &VenueFillSettled) {
    let told = fills.iter_mut().rev().filter(|fill| !fill.undone).filter_map(|fill| fill.told.as_mut());
    let Some(told) = told.into_iter().find(|told| told.trade == settled.trade) else { return };
    told.exec_id = Some(settled.exec_id);
    told.commission = told.commission.checked_add(settled.commission).unwrap_or(told.commission);
}

/// Nobody will say any more how the client was told: the house stands between.
fn forget_told(fills: &mut [VenueFill]) {
    for fill in fills {
        fill.told = fill.told.filter(|told| told.exec_id.is_some());
    }
}

fn canceled(told: &Told, was: &VenueFill) -> ExecType {
    let Told { traded, commission, .. } = *told;
    let exec_id = told.exec_id.expect("a change waits until the report is known");
    ExecType::TradeCanceled { exec_id, fill: told.fill(was.client_qty, was.price), traded, commission }
}

fn corrected(told: &Told, was: &VenueFill, new: &VenueFill) -> ExecType {
    let exec_id = told.exec_id.expect("a change waits until the report is known");
    ExecType::TradeCorrected { exec_id, fill: told.fill(was.client_qty, new.price), before: was.price }
}

impl LastReport {
    fn report(&self, order_id: OrderId, exec: ExecType) -> ExecutionReported {
        let Self { terms, filled, status } = self;
        let (terms, filled, status) = (terms.clone(), *filled, *status);
        ExecutionReported { order_id, exec, terms, filled, status, working: None }
    }
}

impl Place {
    /// The change in the books, and told to people.
    fn book_change(&self, change: &Change, report: &VenueReport, out: &mut Sink<'_>) {
        let (was, new) = match change {
            Change::Known => return,
            Change::Unknown => {
                let changed = report.exec_ref_id.as_deref().unwrap_or("nothing");
                let detail = format!("{} changes {changed}", report.exec_id);
                return self.differs(VenueDifference::UnknownFill, detail, out);
            }
            Change::Unreadable => {
                let detail = format!("{} makes a fill into nothing", report.exec_id);
                return self.differs(VenueDifference::Unreadable, detail, out);
            }
            Change::House { was, new } => {
                self.book_part((&was.exec_id, was.price), VenueTaker::House, was.qty, true, out);
                (was, new.as_ref())
            }
            Change::Undone { was, new, .. } => {
                self.book(was, true, out);
                (was, new.as_ref())
            }
            Change::Repriced { was, new, .. } => {
                self.book(was, true, out);
                (was, Some(new))
            }
        };
        // What takes the place of an undone fill is filled as any other, which books it.
        if let Some(new) = new.filter(|_| !matches!(change, Change::Undone { .. })) {
            self.book(new, false, out);
        }
        let between = if matches!(change, Change::House { .. }) { ", the house stands between" } else { "" };
        let old = format!("{}: {} at {}", report.exec_id, was.qty, was.price);
        match new {
            None => self.differs(VenueDifference::Busted, format!("{old}{between}"), out),
            Some(VenueFill { qty, price, .. }) => {
                self.differs(VenueDifference::Corrected, format!("{old} is {qty} at {price}{between}"), out);
            }
        }
    }
}
