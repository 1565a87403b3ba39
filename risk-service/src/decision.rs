//! NewOrderSingle: all refusals in order, then the hold, then the order is live.

use crate::checks::{Approved, Asked};
use crate::cl_ord_ids::NODE_ENTRIES_MAX;
use crate::exposure::Counted;
use crate::group::Group;
use crate::limits::Measurements;
use crate::names::{ClientIx, FirmIx, SessionIx};
use crate::order::OpenOrder;
use crate::orders::Slot;
use crate::pending::tell;
use crate::risk::Risk;
use crate::stage::{Refused, Stage, no_defect};
use assay_trading_types::*;

/// Window of the order rate limit.
const RATE_WINDOW_NS: i64 = 1_000_000_000;

impl Risk {
    pub(crate) fn order(
        &mut self,
        e: &OrderRequested,
        session: SessionIx,
        input: &Input<'_>,
        out: &mut Outbox,
    ) {
        if e.poss_resend && self.knows(session, &e.terms.cl_ord_id) {
            return;
        }
        let mut measured = Measurements::new();
        let decided = self.decide(e, session, input.at, &mut measured).and_then(|approved| {
            let order_id = OrderId::new(input.partition, input.offset);
            let (slot, posted) = self.hold_for(order_id, e, session, &approved)?;
            Ok((approved, slot, posted))
        });
        match decided {
            Ok((approved, slot, posted)) => {
                self.accept(e, (&approved, slot, posted), &measured, input.at, out);
            }
            Err(refused) => self.refuse(e, session, refused, input.at, out),
        }
    }

    fn decide(
        &mut self,
        e: &OrderRequested,
        session: SessionIx,
        at: Timestamp,
        measured: &mut Measurements,
    ) -> Result<Approved, Refused> {
        let (terms, defect) = (&e.terms, e.defect.as_ref());
        let (firm, client) = self.take_request(terms, defect, at)?;
        self.check_id(session, &terms.cl_ord_id)?;
        let asked = Asked { terms, defect, session, firm, client, added_qty: terms.qty.units(), at };
        let approved = self.check_terms(&asked)?;
        let notional = approved.price.notional(terms.qty).units();
        self.check_limits(&asked, &approved, (notional, 1), measured)?;
        Ok(approved)
    }

    /// Entitlement and rate: a D or G is counted here, whatever becomes of it.
    pub(crate) fn take_request(
        &mut self,
        terms: &OrderTerms,
        defect: Option<&Defect>,
        at: Timestamp,
    ) -> Result<(FirmIx, Option<ClientIx>), Refused> {
        no_defect(defect, Stage::Rate)?;
        let Some(ix) = self.firms.find(&terms.firm) else {
            return Err((Refusal::NotEntitled, format!("no firm {}", terms.firm)));
        };
        let client_ix =
            self.clients.find(&terms.account).filter(|client| self.clients[*client].trades_for(ix));
        let mut client = client_ix.map(|client| &mut self.clients[client]);
        let firm = &mut self.firms[ix];
        let own_max = client.as_ref().and_then(|c| c.book.as_ref()?.limits.orders_per_s_max);
        let firm_max = firm.book.limits.orders_per_s_max;
        let own = client.as_mut().map(|c| &mut c.recent);
        let mut counts = [(own, own_max), (Some(&mut firm.recent), firm_max)];
        for (rate, max) in &mut counts {
            if let (Some(rate), Some(max)) = (rate, *max) {
                rate.room(at, max, RATE_WINDOW_NS).map_err(|wait_ns| {
                    let wait_ms = wait_ns.max(0).div_euclid(1_000_000) + 1;
                    (Refusal::RateLimit, format!("{max}/1s, retry after {wait_ms} ms"))
                })?;
            }
        }
        for (rate, max) in counts {
            if let (Some(rate), Some(_)) = (rate, max) {
                rate.count(at);
            }
        }
        firm.exposure.day.orders += 1;
        if let Some(client) = client {
            client.exposure.day.orders += 1;
        }
        Ok((ix, client_ix))
    }

    /// Whether the id of a request is free.
    pub(crate) fn check_id(&self, session: SessionIx, id: &ClOrdId) -> Result<(), Refused> {
        let full = self.used_entries >= NODE_ENTRIES_MAX;
        let used = full || self.sessions[session].used.refuses(id);
        match used || self.orders.is_of_open_chain(session, id) {
            true => Err((Refusal::DupClOrdId, format!("{id} was used before"))),
            false => Ok(()),
        }
    }

    pub(crate) fn knows(&self, session: SessionIx, id: &ClOrdId) -> bool {
        self.sessions[session].used.contains(id) || self.orders.is_of_open_chain(session, id)
    }

    /// The id is used up from now on.
    pub(crate) fn use_up(&mut self, session: SessionIx, id: &ClOrdId) {
        let used = &mut self.sessions[session].used;
        let before = used.entries();
        used.insert(id);
        self.used_entries = self.used_entries + used.entries() - before;
    }

    /// Holds what the order needs, or refuses it: the last check, and the only one that changes the books.
    fn hold_for(
        &mut self,
        order_id: OrderId,
        e: &OrderRequested,
        session: SessionIx,
        approved: &Approved,
    ) -> Result<(Slot, Vec<Transfer>), Refused> {
        let filled = Filled::unfilled(e.terms.qty);
        if e.terms.side.is_short() {
            self.settle_short_in(approved.holding);
        }
        let holding = &self.holdings[approved.holding];
        let (commission, scheduled) = self.rates(holding.firm, &e.terms);
        let slot = self.orders.prepare(OpenOrder {
            order_id,
            terms: e.terms.clone(),
            session,
            holding: approved.holding,
            counted: Counted::default(),
            filled,
            status: if e.tell_pending { OrdStatus::PendingNew } else { OrdStatus::New },
            working: None,
            modified: e.transact_time,
            cover: approved.cover(&e.terms, &filled),
            price: approved.price,
            accounts: holding.accounts,
            commission,
            scheduled,
            charged: Amount::ZERO,
            lot_units: approved.lot_units,
            hold: None,
            transfers: 0,
            replace: None,
            cancelling: Vec::new(),
            older_ids: Vec::new(),
            lent: Amount::ZERO,
            repaid: Amount::ZERO,
        });
        let order = &mut self.orders[slot];
        let need = order.need();
        let mut group = Group::default();
        let holding = &self.holdings[approved.holding];
        let lending = holding.lend(order, e.terms.qty.units(), need, &self.ledger, &mut group);
        if need > Amount::ZERO {
            let id = order.next_transfer();
            let (kind, reason) = (TransferKind::Pending, TransferReason::OrderHold);
            group.add(id, order.held_accounts(), need, kind, reason);
            order.hold = Some(id);
        }
        match group.post(&mut self.ledger) {
            Ok(posted) => {
                self.holdings[approved.holding].lent(&mut self.orders[slot], lending, &self.ledger);
                Ok((slot, posted))
            }
            Err(_) => {
                let refused = self.uncovered(&self.orders[slot], need);
                self.orders.discard(slot);
                Err(refused)
            }
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
        e: &OrderRequested,
        (approved, slot, transfers): (&Approved, Slot, Vec<Transfer>),
        measured: &Measurements,
        at: Timestamp,
        out: &mut Outbox,
    ) {
        let order = &self.orders[slot];
        let (order_id, session, firm) = (order.order_id, order.session, order.terms.firm);
        let (limits_version, account_limits_version) = self.limits_versions(approved.holding);
        let accepted = OrderAccepted {
            order_id,
            request: e.request,
            terms: e.terms.clone(),
            self_trade: self.firms[self.holdings[approved.holding].firm].self_trade,
            notional_max: order.cover.notional_max(),
            limits_version,
            account_limits_version,
            reference_price: Some(approved.reference),
            protection_price: approved.protection,
            measured: measured.to_vec(),
        };
        self.use_up(session, &e.terms.cl_ord_id);
        self.remember_look(approved, &e.terms, at);
        self.orders.open(slot);
        self.recount(slot);
        if !transfers.is_empty() {
            let posted = Posted { order_id: Some(order_id), ..Posted::of(firm, transfers) };
            out.emit(Topic::Ledger, posted.into());
        }
        if e.tell_pending {
            tell(&self.orders[slot], ExecType::PendingNew, out);
        }
        out.emit(Topic::Markets, accepted.into());
        self.warn(approved, measured, out);
    }

    /// An order changed: it counts what it counts now in account, firm and instrument.
    pub(crate) fn recount(&mut self, slot: Slot) {
        let order = &mut self.orders[slot];
        let now = order.to_count();
        let before = std::mem::replace(&mut order.counted, now);
        let (side, is_buy) = (order.terms.side, order.terms.side.is_buy());
        let holding = &mut self.holdings[order.holding];
        holding.count(side, before.qty, now.qty);
        self.clients[holding.client].exposure.count(is_buy, before, now);
        self.firms[holding.firm].exposure.count(is_buy, before, now);
    }

    fn refuse(
        &mut self,
        e: &OrderRequested,
        session: SessionIx,
        (refusal, detail): Refused,
        at: Timestamp,
        out: &mut Outbox,
    ) {
        if refusal != Refusal::RateLimit {
            self.use_up(session, &e.terms.cl_ord_id);
        }
        let instrument = self.instruments.find(&e.terms.symbol).map(|ix| &self.instruments[ix]);
        let refused = OrderRefused {
            request: e.request,
            terms: e.terms.clone(),
            refusal,
            detail,
            limits_version: self.firms.find(&e.terms.firm).map_or(0, |ix| self.firms[ix].book.version),
            reference_price: instrument.and_then(|i| i.reference(at)),
        };
        out.emit(Topic::Accounts, refused.into());
    }
}
