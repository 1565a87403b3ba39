//! An order at a venue.

use crate::work::Sink;
use assay_trading_types::{
    Amount, CancelAccepted, ChainIds, ClOrdId, ExecId, ExecType, ExecutionReported, Fill, Filled, Liquidity,
    OrdStatus, OrdType, OrderAccepted, OrderId, OrderTerms, Price, Qty, ReplaceAccepted, Side, Symbol,
    TimeInForce, Timestamp, VenueDifference, VenueId, VenueLinkChanged, VenueReport, VenueTaker, VenueTerms,
};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// An open order of a routed instrument.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RoutedOrder {
    pub(super) id: OrderId,
    pub(super) terms: OrderTerms,
    pub(super) filled: Filled,
    /// Worst price of a market order: it is sent as a limit order at that price that does not rest.
    pub(super) protection: Option<Price>,
    pub(super) accepted: Timestamp,
    pub(super) stage: Stage,
    /// Where it was sent last.
    pub(super) venue: Option<VenueId>,
    /// It was sent there, and the venue said that it does not know it: no other one may have it.
    pub(super) bound: bool,
    /// Number of the ClOrdID that the venue knows it by.
    pub(super) current: u32,
    /// Newest number used.
    pub(super) newest: u32,
    /// How often it was tried in vain.
    pub(super) tries: u32,
    /// What was asked about it may not have arrived: its status has been asked so often since.
    pub(super) doubt: Option<u32>,
    /// Number of the newest question about its status: answers to older ones say nothing.
    pub(super) status_number: u32,
    /// The change that is asked for.
    pub(super) asked: Option<Asked>,
    /// Changes that wait for that, oldest first.
    pub(super) wishes: VecDeque<Wish>,
    /// What the venue filled.
    pub(super) fills: Vec<VenueFill>,
    /// The client has been told that it is working.
    pub(super) announced: bool,
    pub(super) done_for_day: bool,
    /// The difference that people were told of last.
    pub(super) differs: Option<VenueDifference>,
    /// When it must be seen to.
    pub(super) due: Option<Timestamp>,
    /// What the venue said since it changed a fill of which risk has yet to say how the client was told.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub(super) deferred: VecDeque<VenueReport>,
    /// It has ended so.
    #[serde(skip)]
    pub(super) over: Option<OrdStatus>,
}

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    /// It is at no venue.
    Waiting,
    /// It is sent and not acknowledged.
    Sent,
    /// Its venue has it.
    Live,
}

/// A change that somebody wants of an order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Wish {
    Cancel(Box<CancelAccepted>),
    Replace(Box<ReplaceAccepted>),
}

impl Wish {
    /// Who asked; nobody, when we cancel by ourselves.
    pub(super) fn request(&self) -> Option<&ChainIds> {
        match self {
            Self::Cancel(cancel) => cancel.request.as_ref(),
            Self::Replace(replace) => Some(&replace.request),
        }
    }
}

/// A change that a venue was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) wish: Wish,
    /// Number of the ClOrdID that it was first asked for under.
    pub(super) first: u32,
    /// Number of its ClOrdID now.
    pub(super) number: u32,
    /// How often it was asked for before.
    pub(super) tries: u32,
}

/// A fill as the venue told it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct VenueFill {
    pub(super) exec_id: String,
    pub(super) qty: Qty,
    pub(super) price: Price,
    /// How much of it the client has; the house has the rest.
    pub(super) client_qty: Qty,
    pub(super) undone: bool,
    /// The venue's message that undid it, since it may come again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) undone_by: Option<String>,
    /// What the client was told of it; nothing, when the house has it all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) told: Option<Told>,
}

/// How a client was told of a fill.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Told {
    /// Number of the trade.
    pub(super) trade: u64,
    pub(super) traded: Timestamp,
    /// The report, once risk has said which it was: a place in a log that is not read here.
    pub(super) exec_id: Option<ExecId>,
    /// Commission charged with it.
    pub(super) commission: Amount,
}

impl Told {
    /// The fill as it is reported.
    pub(super) fn fill(&self, qty: Qty, price: Price) -> Fill {
        // Who came first at the venue is not ours to say; that it took what rests there is the usual case.
        Fill { trade: self.trade, qty, price, liquidity: Liquidity::Removed, away: true }
    }
}

/// What is remembered of an order that ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct EndedOrder {
    pub(super) id: OrderId,
    pub(super) venue: Option<VenueId>,
    pub(super) symbol: Symbol,
    pub(super) side: Side,
    pub(super) fills: Vec<VenueFill>,
    /// As it was last reported, where the client has fills that may be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<Box<LastReport>>,
    /// Changes of fills of which risk has yet to say how the client was told.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub(super) deferred: VecDeque<VenueReport>,
}

/// An order that ended, by its last report.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct LastReport {
    pub(super) terms: OrderTerms,
    pub(super) filled: Filled,
    pub(super) status: OrdStatus,
}

impl EndedOrder {
    pub(super) fn of(order: RoutedOrder, status: OrdStatus) -> Self {
        let OrderTerms { symbol, side, .. } = order.terms;
        let is_told = order.fills.iter().any(|fill| fill.told.is_some());
        let RoutedOrder { id, venue, terms, filled, fills, deferred, .. } = order;
        let last = is_told.then(|| Box::new(LastReport { terms, filled, status }));
        Self { id, venue, symbol, side, fills, last, deferred }
    }
}

impl RoutedOrder {
    pub(super) fn new(accepted: &OrderAccepted, now: Timestamp) -> Self {
        Self {
            id: accepted.order_id,
            terms: accepted.terms.clone(),
            filled: Filled::unfilled(accepted.terms.qty),
            protection: accepted.protection_price,
            accepted: now,
            stage: Stage::Waiting,
            venue: None,
            bound: false,
            current: 1,
            newest: 1,
            tries: 0,
            doubt: None,
            status_number: 0,
            asked: None,
            wishes: VecDeque::new(),
            fills: Vec::new(),
            announced: false,
            done_for_day: false,
            differs: None,
            due: None,
            deferred: VecDeque::new(),
            over: None,
        }
    }

    pub(super) fn cl_ord_id(&self, number: u32) -> ClOrdId {
        cl_ord_id(self.id, number)
    }

    /// Whether it was sent as a limit order that does not rest, which no replace may change.
    pub(super) fn is_protected(&self) -> bool {
        self.terms.ord_type == OrdType::Market && self.protection.is_some()
    }

    /// Terms as its venue is told.
    pub(super) fn venue_terms(&self, terms: &OrderTerms) -> VenueTerms {
        let OrderTerms { ord_type, qty, price, stop_px, tif, .. } = *terms;
        match self.protection.filter(|_| ord_type == OrdType::Market) {
            Some(worst) => {
                let tif = if tif == TimeInForce::Fok { tif } else { TimeInForce::Ioc };
                VenueTerms { ord_type: OrdType::Limit, qty, price: Some(worst), stop_px, tif }
            }
            None => VenueTerms { ord_type, qty, price, stop_px, tif },
        }
    }

    /// Whether a replace is asked for, and was or is under this number.
    pub(super) fn is_replace_asked_as(&self, number: u32) -> bool {
        let is_it = |asked: &Asked| {
            matches!(asked.wish, Wish::Replace(_)) && (asked.first..=asked.number).contains(&number)
        };
        self.asked.as_ref().is_some_and(is_it)
    }

    /// A link came or went.
    pub(super) fn link_changed(&mut self, change: &VenueLinkChanged, now: Timestamp) {
        match (self.stage, change.up) {
            (Stage::Waiting, true) => self.due = Some(now),
            (Stage::Waiting, false) => {}
            (Stage::Sent | Stage::Live, up) if self.venue == Some(change.venue) => {
                self.doubt = Some(0);
                self.due = up.then_some(now);
            }
            (Stage::Sent | Stage::Live, _) => {}
        }
    }

    /// What its venue counts as filled by what it told us.
    pub(super) fn told_units(&self) -> i64 {
        self.fills
            .iter()
            .filter(|fill| !fill.undone)
            .map(|fill| fill.qty.units())
            .fold(0, i64::saturating_add)
    }

    pub(super) fn report(&self, exec: ExecType, status: OrdStatus, out: &mut Sink<'_>) {
        out.account(ExecutionReported {
            order_id: self.id,
            exec,
            terms: self.terms.clone(),
            filled: self.filled,
            status,
            working: None,
        });
    }

    /// OrdStatus(39) while it is open.
    pub(super) fn working_status(&self) -> OrdStatus {
        match (self.done_for_day, self.filled.cum_qty) {
            (true, _) => OrdStatus::DoneForDay,
            (false, Qty::ZERO) => OrdStatus::New,
            (false, _) => OrdStatus::PartiallyFilled,
        }
    }
}

/// ClOrdID(11) towards venues: the same order and number give the same id for ever.
pub(super) fn cl_ord_id(order: OrderId, number: u32) -> ClOrdId {
    ClOrdId::new(&format!("{order}-{number}")).expect("17 characters, a dash and ten digits at most")
}

/// Order and number of a ClOrdID(11) that a venue names.
pub(super) fn parse_cl_ord_id(text: &str) -> Option<(OrderId, u32)> {
    let (order, number) = text.split_once('-')?;
    Some((OrderId::parse(order)?, number.parse().ok()?))
}

impl VenueFill {
    /// What each has of it.
    pub(super) fn parts(&self) -> impl Iterator<Item = (VenueTaker, Qty)> {
        let house = Qty::from_units(self.qty.units() - self.client_qty.units());
        let parts = [(VenueTaker::Client, self.client_qty), (VenueTaker::House, house)];
        parts.into_iter().filter(|(_, qty)| *qty > Qty::ZERO)
    }
}
