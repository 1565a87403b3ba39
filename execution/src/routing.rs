//! Orders of instruments that trade elsewhere: what is sent to an outside venue, and what its answers mean (ADR 0021).
//!
//! ```text
//! accepted -> Waiting --a venue is up--> Sent --it says so--> Live --> ended
//!                ^                        |  \                  |
//!                |                        |   `-- no answer, or the link was lost: in doubt
//!                |   never sent, or       |                     |
//!                +-- "I do not know it" --+<---- status asked --+
//! ```
//! Everything that is sent is a record first ([`VenueRequested`]), everything that is heard too. An order in doubt is never sent
//! again before the venue has said that it does not know it, and then under the same ClOrdID and to the same venue. Only what
//! was certainly never sent may go to another one. Pauses double, and are counted in recorded time.
//!
//! What a venue says is booked as it says: to the client as far as the order is open and has that much left, else to the
//! house, with a record of the difference for people to look at.

mod asking;
mod changes;
mod fills;
mod hearing;
mod routed_order;
mod status;

use crate::execution::Execution;
use crate::work::Sink;
use assay_trading_types::{
    CancelAccepted, CancelRefused, ExecType, OrdStatus, OrdType, OrderAccepted, OrderId, OrderTerms, Qty,
    Refusal, ReplaceAccepted, ResponseTo, RouteSet, Symbol, TimeInForce, Timestamp, TradingPhase,
    VenueDiffered, VenueDifference, VenueId, VenueLinkChanged, VenueSet,
};
use routed_order::{EndedOrder, RoutedOrder, Wish};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Orders that are seen to with one input; the rest follow with the next ones.
const PURSUED_PER_INPUT_MAX: usize = 4_096;

/// Outputs that one more order to see to may need: an end, and the answers to all that waits for it. With less left, it
/// waits for the next input, since an input's outputs are numbered in 16 bits.
const PURSUIT_OUTPUTS: u32 = WISHES_MAX as u32 + 64;

/// Ended orders that late messages of venues are compared with. What comes later still is an order that we do not know.
const ENDED_ORDERS_MAX: usize = 16_384;

/// Changes of one order that may wait for a venue; further ones are refused.
const WISHES_MAX: usize = 32;

/// Everything about outside venues.
#[derive(Debug, Default)]
pub(crate) struct Routing {
    venues: BTreeMap<VenueId, Venue>,
    routes: BTreeMap<Symbol, Vec<VenueId>>,
    open: BTreeMap<OrderId, RoutedOrder>,
    /// When open orders must be seen to; derived.
    due: BTreeSet<(Timestamp, OrderId)>,
    /// Orders that ended, oldest first.
    ended: VecDeque<EndedOrder>,
}

/// A venue, and whether it can be reached.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Venue {
    terms: VenueSet,
    up: bool,
}

/// What a snapshot holds.
#[derive(Serialize, Deserialize)]
struct SavedRouting {
    venues: Vec<Venue>,
    routes: Vec<RouteSet>,
    open: Vec<RoutedOrder>,
    ended: Vec<EndedOrder>,
}

impl Routing {
    /// Whether an order is at a venue, or on its way there.
    pub(crate) fn has(&self, order: OrderId) -> bool {
        self.open.contains_key(&order)
    }

    /// How many are.
    pub(crate) fn open_order_count(&self) -> usize {
        self.open.len()
    }

    /// Whether orders of an instrument go to venues.
    pub(crate) fn serves(&self, symbol: &Symbol) -> bool {
        self.routes.contains_key(symbol)
    }

    /// Its state as JSON, whose fields may be left out where a format without names cannot.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let route =
            |(symbol, venues): (&Symbol, &Vec<VenueId>)| RouteSet { symbol: *symbol, venues: venues.clone() };
        let saved = SavedRouting {
            venues: self.venues.values().cloned().collect(),
            routes: self.routes.iter().map(route).collect(),
            open: self.open.values().cloned().collect(),
            ended: self.ended.iter().cloned().collect(),
        };
        serde_json::to_vec(&saved).expect("the state has nothing that JSON cannot say")
    }

    /// Reads [`Routing::to_bytes`].
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let saved: SavedRouting = serde_json::from_slice(bytes)?;
        let mut routing = Self {
            venues: saved.venues.into_iter().map(|venue| (venue.terms.venue, venue)).collect(),
            routes: saved.routes.into_iter().map(|route| (route.symbol, route.venues)).collect(),
            ended: saved.ended.into(),
            ..Self::default()
        };
        saved.open.into_iter().for_each(|order| routing.put(order));
        Ok(routing)
    }

    fn is_up(&self, venue: &VenueId) -> bool {
        self.venues.get(venue).is_some_and(|venue| venue.up)
    }

    /// The first venue of an instrument that can be reached.
    fn first_up(&self, symbol: &Symbol) -> Option<VenueId> {
        self.routes.get(symbol)?.iter().copied().find(|venue| self.is_up(venue))
    }

    /// Longest wait of an order that was never sent.
    fn wait_ns(&self, symbol: &Symbol) -> i64 {
        let venues = self.routes.get(symbol).into_iter().flatten().filter_map(|venue| self.venues.get(venue));
        venues.map(|venue| venue.terms.wait_ns).max().unwrap_or(0)
    }

    fn take(&mut self, order: OrderId) -> Option<RoutedOrder> {
        let order = self.open.remove(&order)?;
        if let Some(due) = order.due {
            self.due.remove(&(due, order.id));
        }
        Some(order)
    }

    /// Keeps an order that was taken: among the open ones, or among those that ended.
    fn put(&mut self, order: RoutedOrder) {
        if let Some(status) = order.over {
            if self.ended.len() == ENDED_ORDERS_MAX {
                self.ended.pop_front();
            }
            return self.ended.push_back(EndedOrder::of(order, status));
        }
        if let Some(due) = order.due {
            self.due.insert((due, order.id));
        }
        self.open.insert(order.id, order);
    }
}

impl Execution {
    pub(crate) fn set_venue(&mut self, set: &VenueSet) {
        let up = self.routing.is_up(&set.venue);
        self.routing.venues.insert(set.venue, Venue { terms: set.clone(), up });
    }

    pub(crate) fn set_route(&mut self, set: &RouteSet) {
        match set.venues.is_empty() {
            true => self.routing.routes.remove(&set.symbol),
            false => self.routing.routes.insert(set.symbol, set.venues.clone()),
        };
    }

    /// What was asked before a link was lost may have arrived or not; with the next one the venue is asked.
    pub(crate) fn change_link(&mut self, change: &VenueLinkChanged) {
        let Some(venue) = self.routing.venues.get_mut(&change.venue) else { return };
        venue.up = change.up;
        let now = self.routing_now();
        let served: Vec<OrderId> = self.routing.open.keys().copied().collect();
        for id in served {
            let Some(mut order) = self.routing.take(id) else { continue };
            order.link_changed(change, now);
            self.routing.put(order);
        }
    }

    /// An order of a routed instrument.
    pub(crate) fn route(&mut self, accepted: &OrderAccepted, out: &mut Sink<'_>) {
        if self.routing.has(accepted.order_id) {
            return;
        }
        if let Err(reason) = self.admit_routed(&accepted.terms, true) {
            return self.turn_away(accepted, reason, out);
        }
        // Decided; nothing below fails.
        let mut order = RoutedOrder::new(accepted, self.routing_now());
        self.send_order(&mut order, out);
        self.routing.put(order);
    }

    /// Whether a venue can be given an order of these terms. What only our own book knows is refused.
    fn admit_routed(&self, terms: &OrderTerms, is_new: bool) -> Result<(), Refusal> {
        let market = &self.markets[self.market_number(&terms.symbol)? as usize];
        market.lots(terms.qty)?;
        let prices = [terms.price, terms.stop_px].into_iter().flatten();
        prices.map(|price| market.ticks(price)).collect::<Result<Vec<_>, _>>()?;
        if matches!(terms.ord_type, OrdType::Limit | OrdType::StopLimit) && terms.price.is_none() {
            return Err(Refusal::BadPrice);
        }
        if !matches!(terms.tif, TimeInForce::Day | TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok) {
            return Err(Refusal::UnsupportedTif);
        }
        if terms.conditions.is_some() {
            return Err(Refusal::UnsupportedTerms);
        }
        match market.phase() {
            TradingPhase::Halted => return Err(Refusal::Halted),
            TradingPhase::Closed => return Err(Refusal::MarketClosed),
            _ => {}
        }
        let symbol = &terms.symbol;
        if is_new && self.routing.first_up(symbol).is_none() && self.routing.wait_ns(symbol) == 0 {
            return Err(Refusal::VenueRefused);
        }
        Ok(())
    }

    /// A cancel of an order that is at a venue or on its way there.
    pub(crate) fn cancel_routed(&mut self, cancel: &CancelAccepted, out: &mut Sink<'_>) {
        self.wish(cancel.order_id, Wish::Cancel(Box::new(cancel.clone())), out);
    }

    /// A replace of an order that is at a venue or on its way there.
    pub(crate) fn replace_routed(&mut self, replace: &ReplaceAccepted, out: &mut Sink<'_>) {
        let judged = self.judge_routed(replace);
        let Some(order) = self.routing.open.get(&replace.order_id) else { return };
        if let Err(refusal) = judged {
            return refuse(order, &Wish::Replace(Box::new(replace.clone())), refusal, out);
        }
        self.wish(replace.order_id, Wish::Replace(Box::new(replace.clone())), out);
    }

    fn judge_routed(&self, replace: &ReplaceAccepted) -> Result<(), Refusal> {
        let Some(order) = self.routing.open.get(&replace.order_id) else { return Err(Refusal::UnknownOrder) };
        let (old, new) = (&order.terms, &replace.terms);
        if new.symbol != old.symbol || new.side != old.side {
            return Err(Refusal::TermsMismatch);
        }
        if new.ord_type != old.ord_type || new.tif != old.tif || order.is_protected() {
            return Err(Refusal::NotAmendable);
        }
        self.admit_routed(new, false)
    }

    fn wish(&mut self, id: OrderId, wish: Wish, out: &mut Sink<'_>) {
        let Some(mut order) = self.routing.take(id) else { return };
        if order.wishes.len() >= WISHES_MAX {
            refuse(&order, &wish, Refusal::Pending, out);
        } else {
            order.wishes.push_back(wish);
            self.fulfil(&mut order, out);
        }
        self.routing.put(order);
    }

    /// Sees to orders whose time has come.
    pub(crate) fn pursue_routed(&mut self, out: &mut Sink<'_>) {
        let now = self.routing_now();
        for _ in 0..PURSUED_PER_INPUT_MAX {
            if self.room(out) < PURSUIT_OUTPUTS {
                return;
            }
            let Some(&(_, id)) = self.routing.due.first().filter(|(due, _)| *due <= now) else { return };
            let Some(mut order) = self.routing.take(id) else { return };
            order.due = None;
            self.pursue(&mut order, out);
            self.routing.put(order);
        }
    }

    /// Recorded time.
    fn routing_now(&self) -> Timestamp {
        self.at.max(self.now)
    }

    /// An order ends: its report, then the answers to what still waited.
    fn end_routed(&mut self, order: &mut RoutedOrder, exec: ExecType, status: OrdStatus, out: &mut Sink<'_>) {
        self.closed.note(order.id, status);
        order.filled.leaves_qty = Qty::ZERO;
        order.report(exec, status, out);
        order.over = Some(status);
        order.due = None;
        let asked = order.asked.take().map(|asked| asked.wish);
        for wish in asked.into_iter().chain(std::mem::take(&mut order.wishes)) {
            self.answer_late(order, &wish, out);
        }
    }

    fn answer_late(&self, order: &RoutedOrder, wish: &Wish, out: &mut Sink<'_>) {
        let Some(request) = wish.request() else { return };
        let (response_to, account) = match wish {
            Wish::Cancel(_) => (ResponseTo::Cancel, None),
            Wish::Replace(_) => (ResponseTo::Replace, Some(order.terms.account)),
        };
        let late = self.late(order.id, order.terms.firm, response_to, request);
        out.account(CancelRefused { account, ..late });
    }
}

/// The answer to a change that a venue does not make.
fn refuse(order: &RoutedOrder, wish: &Wish, refusal: Refusal, out: &mut Sink<'_>) {
    let Some(request) = wish.request() else { return };
    let response_to = match wish {
        Wish::Cancel(_) => ResponseTo::Cancel,
        Wish::Replace(_) => ResponseTo::Replace,
    };
    out.account(CancelRefused {
        request: request.request,
        firm: order.terms.firm,
        response_to,
        cl_ord_id: request.cl_ord_id,
        orig_cl_ord_id: request.orig_cl_ord_id,
        order_id: Some(order.id),
        account: Some(order.terms.account),
        status: order.working_status(),
        refusal,
        detail: "the venue does not make the change".to_owned(),
    });
}

/// Tells people once of each kind of difference of an order; another kind, or the same after they agreed, is told again.
fn differ(
    order: &mut RoutedOrder,
    venue: VenueId,
    difference: VenueDifference,
    detail: String,
    out: &mut Sink<'_>,
) {
    if order.differs.replace(difference) != Some(difference) {
        let (symbol, order_id) = (Some(order.terms.symbol), Some(order.id));
        out.account(VenueDiffered { venue, difference, symbol, order_id, detail });
    }
}
