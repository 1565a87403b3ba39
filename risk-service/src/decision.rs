//! NewOrderSingle: all refusals in order, then the hold, then the order is live.

use crate::checks::Approved;
use crate::group::Group;
use crate::order::{Accounts, OpenOrder};
use crate::risk::Risk;
use crate::stage::{Refused, Stage, no_defect};
use assay_trading_types::*;

impl Risk {
    pub(crate) fn order(&mut self, e: &OrderRequested, input: &Input<'_>, out: &mut Outbox) {
        if e.poss_resend && self.knows(&e.terms.session, &e.terms.cl_ord_id) {
            return;
        }
        let order_id = OrderId::new(input.partition, input.offset);
        let decided = self.decide(e, input.at).and_then(|(approved, accounts)| {
            let (order, posted) = self.hold_for(order_id, e, &approved, accounts)?;
            Ok((approved, order, posted))
        });
        match decided {
            Ok((approved, order, posted)) => self.accept(order_id, e, (&approved, order, posted), out),
            Err(refused) => self.refuse(e, refused, input.at, out),
        }
    }

    fn decide(&mut self, e: &OrderRequested, at: Timestamp) -> Result<(Approved, Accounts), Refused> {
        let terms = &e.terms;
        self.take_request(&terms.firm, e.defect.as_ref(), at)?;
        self.check_id(&terms.session, &terms.cl_ord_id)?;
        let approved = self.check_terms(terms, e.defect.as_ref(), at)?;
        self.check_limits(terms, &approved, approved.price.notional(terms.qty).units())?;
        let accounts = self.accounts(terms.account, terms.symbol).expect("its instrument is listed");
        Ok((approved, accounts))
    }

    /// Entitlement and rate: a D or G is counted here, whatever becomes of it.
    pub(crate) fn take_request(
        &mut self,
        firm_id: &FirmId,
        defect: Option<&Defect>,
        at: Timestamp,
    ) -> Result<(), Refused> {
        no_defect(defect, Stage::Rate)?;
        let Some(firm) = self.firms.get_mut(firm_id) else {
            return Err((Refusal::NotEntitled, format!("no firm {firm_id}")));
        };
        firm.take_order(at).map_err(|(max, wait_ns)| {
            let wait_ms = wait_ns.max(0).div_euclid(1_000_000) + 1;
            (Refusal::RateLimit, format!("{max}/1s, retry after {wait_ms} ms"))
        })
    }

    /// Whether the id of a request is free.
    pub(crate) fn check_id(&self, session: &SessionId, id: &ClOrdId) -> Result<(), Refused> {
        let used = self.used.get(session).is_some_and(|used| used.refuses(id));
        match used || self.orders.is_of_open_chain(session, id) {
            true => Err((Refusal::DupClOrdId, format!("{id} was used before"))),
            false => Ok(()),
        }
    }

    pub(crate) fn knows(&self, session: &SessionId, id: &ClOrdId) -> bool {
        self.used.get(session).is_some_and(|used| used.contains(id))
            || self.orders.is_of_open_chain(session, id)
    }

    /// The id is used up from now on.
    pub(crate) fn use_up(&mut self, session: &SessionId, id: &ClOrdId) {
        self.used.entry(*session).or_default().insert(id);
    }

    /// Holds what the order needs, or refuses it: the last check, and the only one that changes the books.
    fn hold_for(
        &mut self,
        order_id: OrderId,
        e: &OrderRequested,
        approved: &Approved,
        accounts: Accounts,
    ) -> Result<(OpenOrder, Vec<Transfer>), Refused> {
        let filled = Filled::unfilled(e.terms.qty);
        let mut order = OpenOrder {
            terms: e.terms.clone(),
            filled,
            status: OrdStatus::New,
            cover: approved.cover(&e.terms, &filled),
            price: approved.price,
            accounts,
            commission: self.firms.get(&e.terms.firm).map(|f| f.commission).unwrap_or_default(),
            charged: Amount::ZERO,
            lot_units: approved.lot_units,
            hold: None,
            transfers: 0,
            replace: None,
            older_ids: Vec::new(),
        };
        let need = order.need();
        let mut group = Group::default();
        if need > Amount::ZERO {
            let id = order.next_transfer(order_id);
            let (kind, reason) = (TransferKind::Pending, TransferReason::OrderHold);
            group.add(id, order.held_accounts(), need, kind, reason);
            order.hold = Some(id);
        }
        match group.post(&mut self.ledger) {
            Ok(posted) => Ok((order, posted)),
            Err(_) => Err(self.uncovered(&order, need)),
        }
    }

    pub(crate) fn uncovered(&self, order: &OpenOrder, need: Amount) -> Refused {
        let account = self.ledger.account(order.held_accounts().0);
        let detail =
            format!("{need} > {} {} account {}", account.available(), account.asset(), order.terms.account);
        (Refusal::LimitCredit, detail)
    }

    /// Decided: nothing here refuses.
    fn accept(
        &mut self,
        order_id: OrderId,
        e: &OrderRequested,
        (approved, order, transfers): (&Approved, OpenOrder, Vec<Transfer>),
        out: &mut Outbox,
    ) {
        let firm = self.firms.get_mut(&order.terms.firm).expect("checked");
        firm.count(order.exposure());
        let accepted = OrderAccepted {
            order_id,
            request: e.request,
            terms: e.terms.clone(),
            self_trade: firm.self_trade,
            notional_max: order.cover.notional_max(),
            limits_version: firm.limits_version(),
            reference_price: Some(approved.reference),
        };
        let firm = order.terms.firm;
        self.use_up(&order.terms.session, &order.terms.cl_ord_id);
        self.orders.open(order_id, order);
        if !transfers.is_empty() {
            let posted = Posted { firm, order_id: Some(order_id), exec_id: None, transfers };
            out.emit(Topic::Ledger, posted.into());
        }
        out.emit(Topic::Markets, accepted.into());
    }

    fn refuse(&mut self, e: &OrderRequested, (refusal, detail): Refused, at: Timestamp, out: &mut Outbox) {
        if refusal != Refusal::RateLimit {
            self.use_up(&e.terms.session, &e.terms.cl_ord_id);
        }
        let refused = OrderRefused {
            request: e.request,
            terms: e.terms.clone(),
            refusal,
            detail,
            limits_version: self.firms.get(&e.terms.firm).map_or(0, crate::firm::Firm::limits_version),
            reference_price: self.instruments.reference(&e.terms.symbol, at),
        };
        out.emit(Topic::Accounts, refused.into());
    }
}
