//! Requests about many orders: mass cancel and mass status.
//!
//! One input emits a bounded number of records; what is left of a large request follows with the next inputs, which
//! come at least with every clock tick.

use crate::names::SessionIx;
use crate::order::OpenOrder;
use crate::risk::Risk;
use crate::stage::{Refused, Stage, no_defect};
use crate::work::Room;
use assay_trading_types::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// AffectedOrderID(535) listed in a report; more are only in the reports of the cancels.
const AFFECTED_MAX: usize = 500;

/// An identical mass cancel of a session is taken once in this time.
const REPEAT_NS: i64 = 1_000_000_000;

/// What mass requests still have to do, and when they came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MassRequests {
    /// Orders to cancel, each with the text of its report; may name orders that closed meanwhile.
    cancels: VecDeque<(OrderId, Arc<str>)>,
    /// Orders to report.
    statuses: VecDeque<StatusRound>,
    /// The newest mass cancel of each session.
    newest: BTreeMap<SessionId, (char, OrderFilter, Timestamp)>,
}

/// A mass status request that is being answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct StatusRound {
    request: RequestId,
    firm: FirmId,
    mass_status_req_id: ClOrdId,
    total: u32,
    left: VecDeque<OrderId>,
}

impl Risk {
    pub(crate) fn mass_cancel(
        &mut self,
        e: &MassCancelRequested,
        session: SessionIx,
        input: &Input<'_>,
        out: &mut Outbox,
    ) {
        if e.poss_resend && self.knows(session, &e.cl_ord_id) {
            return;
        }
        let decided = self.decide_mass_cancel(e, session, input.at);
        let (aimed, refused) = match decided {
            Ok(aimed) => (aimed, None),
            Err((refusal, detail)) => (Vec::new(), Some(Defect { refusal, detail })),
        };
        // Decided: nothing below refuses.
        if refused.as_ref().is_none_or(|r| r.refusal != Refusal::RateLimit) {
            self.use_up(session, &e.cl_ord_id);
        }
        let reported = MassCancelReported {
            request: e.request,
            firm: e.firm,
            order_id: OrderId::new(input.partition, input.offset),
            cl_ord_id: e.cl_ord_id,
            request_type: e.request_type,
            filter: e.filter.clone(),
            total: u32::try_from(aimed.len()).expect("fewer than 2^32 open orders"),
            affected: aimed.iter().take(AFFECTED_MAX).map(|id| self.affected(id)).collect(),
            refused,
        };
        out.emit(Topic::Accounts, reported.into());
        let text: Arc<str> = e.cl_ord_id.as_str().into();
        self.mass.cancels.extend(aimed.into_iter().map(|order_id| (order_id, Arc::clone(&text))));
    }

    fn affected(&self, order_id: &OrderId) -> AffectedOrder {
        let order = self.orders.known(order_id).expect("it was found open");
        AffectedOrder { order_id: *order_id, cl_ord_id: order.terms.cl_ord_id }
    }

    /// The orders that a mass cancel is aimed at.
    fn decide_mass_cancel(
        &mut self,
        e: &MassCancelRequested,
        session: SessionIx,
        at: Timestamp,
    ) -> Result<Vec<OrderId>, Refused> {
        let name = e.request.session;
        no_defect(e.defect.as_ref(), Stage::Rate)?;
        let same = |(kind, filter, last): &(char, OrderFilter, Timestamp)| {
            *kind == e.request_type && *filter == e.filter && at.since_ns(*last) < REPEAT_NS
        };
        if self.mass.newest.get(&name).is_some_and(same) {
            return Err((Refusal::RateLimit, "1/1s, retry after 1000 ms".to_owned()));
        }
        self.check_id(session, &e.cl_ord_id)?;
        no_defect(e.defect.as_ref(), Stage::Instrument)?;
        self.check_listed(e.filter.symbol)?;
        no_defect(e.defect.as_ref(), Stage::MarketState)?;
        self.mass.newest.insert(name, (e.request_type, e.filter.clone(), at));
        Ok(self.orders_of(&name, &e.firm, &e.filter))
    }

    fn check_listed(&self, symbol: Option<Symbol>) -> Result<(), Refused> {
        let is_listed = |symbol: &Symbol| {
            self.instruments.find(symbol).is_some_and(|ix| self.instruments[ix].listed.is_some())
        };
        match symbol.filter(|symbol| !is_listed(symbol)) {
            Some(symbol) => Err((Refusal::UnknownSymbol, format!("{symbol} is not listed"))),
            None => Ok(()),
        }
    }

    /// Open orders that agree with `filter`, by OrderID.
    pub(crate) fn orders_of(&self, session: &SessionId, firm: &FirmId, filter: &OrderFilter) -> Vec<OrderId> {
        let meant = |order: &&OpenOrder| filter.reaches(session, firm, &order.terms);
        let mut ids: Vec<OrderId> = self.orders.iter().filter(meant).map(|order| order.order_id).collect();
        ids.sort_unstable();
        ids
    }

    pub(crate) fn mass_status(&mut self, e: &MassStatusRequested, out: &mut Outbox) {
        let found = match &e.defect {
            Some(_) => Vec::new(),
            None => self.orders_of(&e.request.session, &e.firm, &e.filter),
        };
        if found.is_empty() {
            let reported = MassStatusReported {
                request: e.request,
                firm: e.firm,
                mass_status_req_id: e.mass_status_req_id,
                symbol: e.filter.symbol,
                total: 0,
                last: true,
                order: None,
                refused: e.defect.clone(),
            };
            return out.emit(Topic::Accounts, reported.into());
        }
        self.mass.statuses.push_back(StatusRound {
            request: e.request,
            firm: e.firm,
            mass_status_req_id: e.mass_status_req_id,
            total: u32::try_from(found.len()).expect("fewer than 2^32 open orders"),
            left: found.into(),
        });
    }

    /// Goes on with what mass requests still have to do.
    pub(crate) fn serve_mass_requests(&mut self, room: &mut Room, out: &mut Outbox) {
        while room.is_left()
            && let Some((order_id, text)) = self.mass.cancels.pop_front()
        {
            room.take();
            self.cancel_unasked(order_id, Refusal::MassCancel, text, out);
        }
        while room.is_left() && self.report_for_mass(out) {
            room.take();
        }
    }

    /// Cancels an order that no F asked for, if it is still open.
    pub(crate) fn cancel_unasked(
        &self,
        order_id: OrderId,
        reason: Refusal,
        text: Arc<str>,
        out: &mut Outbox,
    ) -> bool {
        let Some(slot) = self.orders.slot(&order_id) else { return false };
        let order = &self.orders[slot];
        let accepted = CancelAccepted {
            order_id,
            symbol: order.terms.symbol,
            firm: order.terms.firm,
            request: None,
            reason: Some(reason),
            detail: Some(text),
        };
        out.emit(Topic::Markets, accepted.into());
        true
    }

    /// Reports one order of the oldest mass status request; `false` when there is none.
    fn report_for_mass(&mut self, out: &mut Outbox) -> bool {
        let Some(round) = self.mass.statuses.front_mut() else { return false };
        let order = round.left.pop_front().and_then(|id| self.orders.known(&id)).map(OpenOrder::state);
        let last = round.left.is_empty();
        let reported = MassStatusReported {
            request: round.request,
            firm: round.firm,
            mass_status_req_id: round.mass_status_req_id,
            symbol: None,
            total: round.total,
            last,
            order,
            refused: None,
        };
        out.emit(Topic::Accounts, reported.into());
        if last {
            self.mass.statuses.pop_front();
        }
        true
    }
}
