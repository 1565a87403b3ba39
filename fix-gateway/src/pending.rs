//! Requests on their way to the market that their sessions were told of: until the answer, reports of the order have a
//! pending OrdStatus(39) (M-06, M-07, M-11, M-15).
//!
//! Risk says that a request is pending, the market reports what happens meanwhile, and neither knows what the other has
//! under way: a fill may stand in the log before the word of a pending cancel that risk gave without having seen it.
//! So what is told is made here, in the order of the log: what is pending, and what was reported since it was asked.

use assay_trading_types::{
    ChainIds, Event, ExecType, ExecutionReported, Filled, Kind, OrdStatus, OrderId, OrderTerms, RequestId,
    ResponseTo, SessionId,
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::Arc;

/// Pending requests. Each F and G is answered exactly once, so none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pendings {
    by_order: FxHashMap<OrderId, Vec<Pending>>,
    asked: FxHashMap<SessionId, Asked>,
    /// The refusal being read, and how its order was reported last.
    refused: Option<(RequestId, OrdStatus)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Pending {
    request: RequestId,
    kind: ResponseTo,
    /// How the order was reported last since then, which risk may not have seen when it refuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    latest: Option<OrdStatus>,
}

/// A session's requests that risk has not spoken about, and what was reported to it since the oldest of them. Bounded by
/// what may be in flight.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Asked {
    /// Place and name, the oldest first.
    requests: VecDeque<(u64, RequestId)>,
    /// Latest report of each order, the oldest first.
    reports: Vec<(u64, OrderId, Reported)>,
}

/// An order as it was reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Reported {
    terms: OrderTerms,
    filled: Filled,
    status: OrdStatus,
    working: Option<bool>,
}

impl Asked {
    /// How an order was reported since the oldest request.
    fn newest(&self, order_id: OrderId) -> Option<OrdStatus> {
        self.reports.iter().find(|(_, id, _)| *id == order_id).map(|(.., reported)| reported.status)
    }

    fn report(&mut self, offset: u64, e: &ExecutionReported) {
        let ExecutionReported { order_id, terms, filled, status, working, .. } = e;
        self.reports.retain(|(_, id, _)| id != order_id);
        let (terms, filled, status, working) = (terms.clone(), *filled, *status, *working);
        self.reports.push((offset, *order_id, Reported { terms, filled, status, working }));
    }

    /// Risk has spoken about a request; what was reported before the oldest of the others is of no use any more.
    fn end(&mut self, request: RequestId) {
        self.requests.retain(|(_, asked)| *asked != request);
        let oldest = self.requests.front().map_or(u64::MAX, |(offset, _)| *offset);
        self.reports.retain(|(offset, ..)| *offset > oldest);
    }
}

impl Pendings {
    /// Whether records of this kind begin or end something pending.
    pub(crate) const fn follows(kind: Kind) -> bool {
        matches!(
            kind,
            Kind::CancelRequested | Kind::ReplaceRequested | Kind::ExecutionReported | Kind::CancelRefused
        )
    }

    pub(crate) fn observe(&mut self, offset: u64, event: &Event) {
        match event {
            // A possible resend of a known id gets no answer; it is not waited for.
            Event::CancelRequested(e) if e.tell_pending && !e.poss_resend => self.ask(offset, e.request),
            Event::ReplaceRequested(e) if e.tell_pending && !e.poss_resend => self.ask(offset, e.request),
            Event::ExecutionReported(e) => self.reported(offset, e),
            Event::CancelRefused(e) => {
                // What was reported since it was asked, whether or not it was told as pending: risk may not have heard of it.
                let asked = self.asked.get(&e.request.session);
                let reported = asked.and_then(|asked| asked.newest(e.order_id?));
                self.spoken_of(e.request);
                let latest = e.order_id.and_then(|order_id| self.end(order_id, e.request)).or(reported);
                self.refused = latest.filter(|_| e.status.is_working()).map(|status| (e.request, status));
            }
            _ => {}
        }
    }

    fn ask(&mut self, offset: u64, request: RequestId) {
        let asked = self.asked.entry(request.session).or_default();
        // A record may be read again after a restart.
        if asked.requests.back().is_none_or(|(newest, _)| *newest < offset) {
            asked.requests.push_back((offset, request));
        }
    }

    fn spoken_of(&mut self, request: RequestId) {
        let Some(asked) = self.asked.get_mut(&request.session) else { return };
        asked.end(request);
        if asked.requests.is_empty() {
            self.asked.remove(&request.session);
        }
    }

    fn reported(&mut self, offset: u64, e: &ExecutionReported) {
        match &e.exec {
            // What is told of it rests on what is known until then: see `as_told`.
            ExecType::PendingCancel { .. } | ExecType::PendingReplace { .. } => return,
            ExecType::Canceled { request: Some(ids), .. } | ExecType::Replaced { request: ids, .. } => {
                self.end(e.order_id, ids.request);
            }
            _ => {}
        }
        for pending in self.by_order.get_mut(&e.order_id).into_iter().flatten() {
            pending.latest = Some(e.status);
        }
        if let Some(asked) = self.asked.get_mut(&e.terms.session) {
            asked.report(offset, e);
        }
    }

    fn begin(&mut self, order_id: OrderId, ids: &ChainIds, kind: ResponseTo) {
        let pending = self.by_order.entry(order_id).or_default();
        if pending.iter().all(|p| p.request != ids.request) {
            pending.push(Pending { request: ids.request, kind, latest: None });
        }
    }

    /// A request is answered. Returns how its order was reported last since it was pending.
    fn end(&mut self, order_id: OrderId, request: RequestId) -> Option<OrdStatus> {
        let pending = self.by_order.get_mut(&order_id)?;
        let answered = pending.iter().position(|p| p.request == request)?;
        let latest = pending.remove(answered).latest;
        if pending.is_empty() {
            self.by_order.remove(&order_id);
        }
        latest
    }

    /// OrdStatus(39) that takes the place of an order's own; a cancel outranks a replace, both a fill.
    fn status(&self, order_id: &OrderId) -> Option<OrdStatus> {
        let pending = self.by_order.get(order_id)?;
        Some(match pending.iter().any(|p| p.kind == ResponseTo::Cancel) {
            true => OrdStatus::PendingCancel,
            false => OrdStatus::PendingReplace,
        })
    }

    /// The event as its session is to hear it; nothing when a request comes too late to be pending.
    pub(crate) fn as_told(&mut self, event: Arc<Event>) -> Option<Arc<Event>> {
        match &*event {
            Event::ExecutionReported(e) => match &e.exec {
                ExecType::PendingCancel { request } => self.pending(e, request, ResponseTo::Cancel),
                ExecType::PendingReplace { request } => self.pending(e, request, ResponseTo::Replace),
                exec if matches!(exec, ExecType::Trade(_)) || e.status.is_working() => {
                    let Some(status) = self.status(&e.order_id) else { return Some(event) };
                    Some(Arc::new(ExecutionReported { status, ..e.clone() }.into()))
                }
                _ => Some(event),
            },
            Event::CancelRefused(e) if e.status.is_working() => {
                let latest =
                    self.refused.take_if(|(request, _)| *request == e.request).map(|(_, status)| status);
                let pending = e.order_id.and_then(|order_id| self.status(&order_id));
                let status = latest.filter(|status| !status.is_working()).or(pending).or(latest);
                let Some(status) = status else { return Some(event) };
                Some(Arc::new(assay_trading_types::CancelRefused { status, ..e.clone() }.into()))
            }
            _ => Some(event),
        }
    }

    /// Risk says that a request is pending: the order stands as it was reported last, which risk may not have seen.
    fn pending(&mut self, e: &ExecutionReported, ids: &ChainIds, kind: ResponseTo) -> Option<Arc<Event>> {
        let mut told = e.clone();
        let asked = self.asked.get(&ids.request.session);
        let mut reports = asked.into_iter().flat_map(|asked| &asked.reports);
        if let Some((.., latest)) = reports.find(|(_, id, _)| *id == e.order_id) {
            let Reported { terms, filled, status, working } = latest.clone();
            (told.terms, told.filled, told.status, told.working) = (terms, filled, status, working);
        }
        self.spoken_of(ids.request);
        if !told.status.is_working() {
            return None;
        }
        self.begin(e.order_id, ids, kind);
        told.status = self.status(&e.order_id)?;
        Some(Arc::new(told.into()))
    }

    /// All of it, for a snapshot.
    pub(crate) fn remember(&self) -> serde_json::Value {
        let mut by_order: Vec<_> = self.by_order.iter().collect();
        by_order.sort_unstable_by_key(|(order_id, _)| **order_id);
        let mut asked: Vec<_> = self.asked.iter().collect();
        asked.sort_unstable_by_key(|(session, _)| session.as_str());
        serde_json::to_value((by_order, asked)).expect("ids and terms have a JSON form")
    }

    pub(crate) fn recall(remembered: serde_json::Value) -> Self {
        type Remembered = (Vec<(OrderId, Vec<Pending>)>, Vec<(SessionId, Asked)>);
        let (by_order, asked): Remembered = serde_json::from_value(remembered).unwrap_or_default();
        Self { by_order: by_order.into_iter().collect(), asked: asked.into_iter().collect(), refused: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_trading_types::SessionId;

    fn request(seq: u64) -> RequestId {
        RequestId { session: SessionId::new("CLIENT1/ASSAY").unwrap(), epoch: 1, seq }
    }

    fn ids(seq: u64) -> ChainIds {
        let id = |text: &str| assay_trading_types::ClOrdId::new(text).unwrap();
        ChainIds { request: request(seq), cl_ord_id: id("b"), orig_cl_ord_id: id("a") }
    }

    #[test]
    fn a_cancel_outranks_a_replace_and_each_answer_ends_its_own() {
        let order = OrderId::new(0, 1);
        let mut pendings = Pendings::default();
        pendings.begin(order, &ids(5), ResponseTo::Replace);
        assert_eq!(pendings.status(&order), Some(OrdStatus::PendingReplace));
        pendings.begin(order, &ids(6), ResponseTo::Cancel);
        pendings.begin(order, &ids(6), ResponseTo::Cancel);
        assert_eq!(pendings.status(&order), Some(OrdStatus::PendingCancel));
        pendings.end(order, request(6));
        assert_eq!(pendings.status(&order), Some(OrdStatus::PendingReplace));
        assert_eq!(Pendings::recall(pendings.remember()), pendings);
        pendings.end(order, request(5));
        assert_eq!(pendings, Pendings::default());
    }

    const ORDER: u64 = 1;

    fn report(exec: ExecType, status: OrdStatus, cum: i64) -> ExecutionReported {
        let id = |text: &str| assay_trading_types::ClOrdId::new(text).unwrap();
        let qty = |units: i64| assay_trading_types::Qty::from_units(units);
        let terms = OrderTerms {
            cl_ord_id: id("a"),
            session: request(0).session,
            firm: "FIRM1".parse().unwrap(),
            account: "FIRM1".parse().unwrap(),
            symbol: "AAPL".parse().unwrap(),
            side: assay_trading_types::Side::Buy,
            ord_type: assay_trading_types::OrdType::Limit,
            price: None,
            stop_px: None,
            qty: qty(100),
            tif: assay_trading_types::TimeInForce::Day,
            conditions: None,
            carried: None,
        };
        let filled = Filled { cum_qty: qty(cum), leaves_qty: qty(100 - cum), ..Filled::default() };
        ExecutionReported { order_id: OrderId::new(0, ORDER), exec, terms, filled, status, working: None }
    }

    fn told(pendings: &mut Pendings, offset: u64, e: ExecutionReported) -> Option<(char, i64)> {
        let event = Arc::new(Event::from(e));
        pendings.observe(offset, &event);
        match &*pendings.as_told(event)? {
            Event::ExecutionReported(e) => Some((e.status.fix().into(), e.filled.cum_qty.units())),
            other => panic!("{other:?}"),
        }
    }

    fn fill(cum: i64) -> ExecutionReported {
        let qty = assay_trading_types::Qty::from_units(cum);
        let price = assay_trading_types::Price::from_units(1);
        let liquidity = assay_trading_types::Liquidity::Added;
        let status = if cum == 100 { OrdStatus::Filled } else { OrdStatus::PartiallyFilled };
        report(
            ExecType::Trade(assay_trading_types::Fill { trade: 1, qty, price, liquidity, away: false }),
            status,
            cum,
        )
    }

    /// A cancel is asked at 5; `between` is what the market reports before risk, which has not seen it, says pending.
    fn after(between: &[ExecutionReported]) -> (Pendings, Option<(char, i64)>) {
        let mut pendings = Pendings::default();
        pendings.ask(5, request(5));
        for (n, e) in between.iter().enumerate() {
            told(&mut pendings, 6 + n as u64, e.clone());
        }
        assert_eq!(Pendings::recall(pendings.remember()), pendings);
        let marker = report(ExecType::PendingCancel { request: ids(5) }, OrdStatus::PendingCancel, 0);
        let heard = told(&mut pendings, 20, marker);
        assert!(pendings.asked.is_empty());
        (pendings, heard)
    }

    #[test]
    fn a_23_a_pending_report_has_the_figures_of_the_last_report_before_it() {
        assert_eq!(after(&[]).1, Some(('6', 0)));
        assert_eq!(after(&[fill(30), fill(50)]).1, Some(('6', 50)));
    }

    #[test]
    fn a_23_nothing_is_pending_on_an_order_that_ended_before() {
        let (pendings, heard) = after(&[fill(100)]);
        assert_eq!(heard, None);
        assert_eq!(pendings, Pendings::default());
    }

    fn refused(pendings: &mut Pendings, seq: u64) -> char {
        let ids = ids(seq);
        let event = Arc::new(Event::from(assay_trading_types::CancelRefused {
            request: ids.request,
            firm: "FIRM1".parse().unwrap(),
            response_to: ResponseTo::Replace,
            cl_ord_id: ids.cl_ord_id,
            orig_cl_ord_id: ids.orig_cl_ord_id,
            order_id: Some(OrderId::new(0, ORDER)),
            account: None,
            status: OrdStatus::New,
            refusal: assay_trading_types::Refusal::LimitCredit,
            detail: String::new(),
        }));
        pendings.observe(30, &event);
        match &*pendings.as_told(event).unwrap() {
            Event::CancelRefused(e) => e.status.fix().into(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_17_a_refusal_tells_of_the_order_as_it_was_reported_last() {
        let order = OrderId::new(0, ORDER);
        for (exec, status, told_as) in
            [(fill(100).exec, OrdStatus::Filled, '2'), (ExecType::Expired, OrdStatus::Expired, 'C')]
        {
            let mut pendings = Pendings::default();
            pendings.begin(order, &ids(5), ResponseTo::Replace);
            pendings.begin(order, &ids(6), ResponseTo::Replace);
            told(&mut pendings, 21, fill(30));
            told(&mut pendings, 22, report(exec, status, 100));
            assert_eq!(Pendings::recall(pendings.remember()), pendings);
            assert_eq!((refused(&mut pendings, 5), refused(&mut pendings, 6)), (told_as, told_as));
            assert_eq!(pendings, Pendings::default());
        }
        let mut pendings = Pendings::default();
        pendings.begin(order, &ids(5), ResponseTo::Replace);
        pendings.begin(order, &ids(6), ResponseTo::Replace);
        told(&mut pendings, 21, fill(30));
        assert_eq!((refused(&mut pendings, 5), refused(&mut pendings, 6)), ('E', '1'));
    }

    #[test]
    fn m_06_m_07_fills_after_it_have_the_pending_status() {
        let (mut pendings, _) = after(&[]);
        assert_eq!(told(&mut pendings, 21, fill(30)), Some(('6', 30)));
        assert_eq!(told(&mut pendings, 22, fill(100)), Some(('6', 100)));
    }
}
