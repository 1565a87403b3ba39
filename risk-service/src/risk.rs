//! The processor of one partition of `accounts`.

use crate::Error;
use crate::cl_ord_ids::UsedIds;
use crate::firm::Firm;
use crate::order::OpenOrder;
use assay_ledger::{AccountIx, Guard, Ledger};
use assay_trading_types::*;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Closed orders remembered for TOO_LATE and status answers; older ones are unknown. About 64 MB.
const CLOSED_ORDERS_MAX: usize = 100_000;

/// First byte of a snapshot.
const SNAPSHOT_VERSION: u8 = 1;

/// Limits, exposures, open orders and ledger accounts of the firms of one partition of `accounts`.
#[derive(Debug, Default)]
pub struct Risk {
    pub(crate) partition: u16,
    pub(crate) firms: BTreeMap<FirmId, Firm>,
    pub(crate) instruments: BTreeMap<Symbol, InstrumentListed>,
    pub(crate) references: BTreeMap<Symbol, Reference>,
    pub(crate) ledger: Ledger,
    pub(crate) orders: FxHashMap<OrderId, OpenOrder>,
    pub(crate) ids: FxHashMap<(SessionId, ClOrdId), OrderId>,
    pub(crate) closed: ClosedOrders,
    pub(crate) used: FxHashMap<SessionId, UsedIds>,
    pub(crate) credited: BTreeSet<(AccountId, Asset, String)>,
    pub(crate) requests: FxHashMap<SessionId, (u32, u64)>,
    pub(crate) outcomes: BTreeMap<(u8, u16), (u64, u16)>,
    pub(crate) day: i64,
}

/// A reference price and when it was set.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Reference {
    pub(crate) price: Price,
    at: Timestamp,
    max_age_ns: Option<i64>,
}

/// Orders closed lately.
#[derive(Debug, Default)]
pub(crate) struct ClosedOrders {
    orders: FxHashMap<OrderId, (OrderState, Vec<ClOrdId>)>,
    oldest_first: VecDeque<OrderId>,
}

/// A snapshot's content, in an order that does not depend on hashing.
#[derive(Serialize, Deserialize)]
struct Stored {
    partition: u16,
    firms: BTreeMap<FirmId, Firm>,
    instruments: BTreeMap<Symbol, InstrumentListed>,
    references: BTreeMap<Symbol, Reference>,
    ledger: Ledger,
    orders: BTreeMap<u64, (OrderId, OpenOrder)>,
    closed: Vec<(OrderState, Vec<ClOrdId>)>,
    used: BTreeMap<SessionId, UsedIds>,
    credited: BTreeSet<(AccountId, Asset, String)>,
    requests: BTreeMap<SessionId, (u32, u64)>,
    outcomes: BTreeMap<(u8, u16), (u64, u16)>,
    day: i64,
}

impl Risk {
    /// An empty state for `partition` of `accounts`.
    pub fn new(partition: u16) -> Self {
        Self { partition, ..Self::default() }
    }

    /// The partition it serves.
    pub fn partition(&self) -> u16 {
        self.partition
    }

    /// Debits and credits per asset; equal in every line.
    pub fn trial_balance(&self) -> Vec<(Asset, Amount, Amount)> {
        self.ledger.trial_balance().into_iter().map(|b| (b.asset, b.debits, b.credits)).collect()
    }

    /// Open orders by OrderID.
    pub fn open_orders(&self) -> Vec<OrderState> {
        let mut orders: Vec<OrderState> = self.orders.iter().map(|(id, o)| o.state(*id)).collect();
        orders.sort_unstable_by_key(|o| o.order_id);
        orders
    }

    /// What an account owns of an asset, holds included.
    pub fn position(&self, account: &AccountId, asset: &Asset) -> Amount {
        self.find_client(account, asset).map_or(Amount::ZERO, |ix| self.ledger.account(ix).balance())
    }

    /// What an account can still spend of an asset: owned less held.
    pub fn available(&self, account: &AccountId, asset: &Asset) -> Amount {
        self.find_client(account, asset).map_or(Amount::ZERO, |ix| self.ledger.account(ix).available())
    }

    fn find_client(&self, account: &AccountId, asset: &Asset) -> Option<AccountIx> {
        self.ledger.find(client_code(account), *asset)
    }

    pub(crate) fn client(&mut self, account: AccountId, asset: Asset) -> AccountIx {
        self.ledger.open(client_code(&account), asset, Guard::NoOverdraft)
    }

    pub(crate) fn house(&mut self, code: &str, asset: Asset) -> AccountIx {
        self.ledger.open(LedgerCode::from(code).expect("a short code"), asset, Guard::Unlimited)
    }

    /// The reference price of `symbol` that may be used at `at`.
    pub(crate) fn reference(&self, symbol: &Symbol, at: Timestamp) -> Option<Price> {
        let reference = self.references.get(symbol)?;
        let fresh = reference.max_age_ns.is_none_or(|max| at.since_ns(reference.at) <= max);
        fresh.then_some(reference.price)
    }

    /// The order that `id` of `session` names, open or closed lately.
    pub(crate) fn find(&self, session: &SessionId, id: &ClOrdId) -> Option<OrderId> {
        self.ids.get(&(*session, *id)).copied()
    }

    /// Moves an order from open to closed.
    pub(crate) fn close(&mut self, order_id: OrderId, order: OpenOrder, status: OrdStatus) {
        let state = OrderState { order_id, terms: order.terms, filled: order.filled, status };
        self.remember_closed(state, order.chain);
    }

    fn remember_closed(&mut self, state: OrderState, chain: Vec<ClOrdId>) {
        if self.closed.oldest_first.len() == CLOSED_ORDERS_MAX {
            if let Some((old, chain)) =
                self.closed.oldest_first.pop_front().and_then(|id| self.closed.orders.remove(&id))
            {
                for id in chain {
                    self.ids.remove(&(old.terms.session, id));
                }
            }
        }
        self.closed.oldest_first.push_back(state.order_id);
        self.closed.orders.insert(state.order_id, (state, chain));
    }

    /// A closed order that is still remembered.
    pub(crate) fn closed(&self, order_id: &OrderId) -> Option<&OrderState> {
        self.closed.orders.get(order_id).map(|(state, _)| state)
    }

    /// Whether the request was not seen before: (epoch, MsgSeqNum) grows within a session.
    fn is_new_request(&mut self, request: &RequestId) -> bool {
        let last = self.requests.entry(request.session).or_default();
        let this = (request.epoch, request.seq);
        let new = this > *last;
        *last = this.max(*last);
        new
    }

    /// Whether an outcome of another producer was not seen before.
    fn is_new_outcome(&mut self, origin: Option<Origin>) -> bool {
        let Some(Origin::Input { role, partition, offset, index, .. }) = origin else { return true };
        let last = self.outcomes.get(&(role as u8, partition)).copied();
        let new = last < Some((offset, index));
        if new {
            self.outcomes.insert((role as u8, partition), (offset, index));
        }
        new
    }

    fn tick(&mut self, now: Timestamp) {
        if now.day() > self.day {
            self.day = now.day();
            self.used.clear();
            // Ids of open chains stay used.
            for order in self.orders.values() {
                let used = self.used.entry(order.terms.session).or_default();
                order.chain.iter().for_each(|id| used.insert(id));
            }
        }
    }

    fn open_firm(&mut self, e: &FirmOpened) {
        let firm = self.firms.entry(e.firm).or_default();
        firm.accounts.clone_from(&e.accounts);
        firm.commission = e.commission;
        firm.self_trade = e.self_trade;
    }

    fn set_reference(&mut self, e: &ReferencePriceSet, at: Timestamp) {
        let new = Reference { price: e.price, at, max_age_ns: e.max_age_ns };
        let old = self.references.insert(e.symbol, new).map(|r| r.price);
        self.firms.values_mut().for_each(|firm| firm.revalue(e.symbol, old, e.price));
    }

    fn credit(&mut self, e: &AccountCredited, input: &Input<'_>, out: &mut Outbox) {
        if e.amount.units() <= 0 || !self.credited.insert((e.account, e.asset, e.reference.clone())) {
            return;
        }
        let (debit, credit) = (self.house("equity", e.asset), self.client(e.account, e.asset));
        let id = TransferId(1 << 127 | u128::from(input.partition) << 64 | u128::from(input.offset));
        let leg = assay_ledger::Leg { id, debit, credit, amount: e.amount, kind: TransferKind::Plain };
        let posted = self.post(&[(leg, TransferReason::Opening)]);
        let symbol = Symbol::new(e.asset.as_str()).ok().filter(|s| self.instruments.contains_key(s));
        if let (Some(symbol), Some(firm)) = (symbol, self.firms.get_mut(&e.firm)) {
            let price = self.references.get(&symbol).map(|r| r.price);
            firm.position_changed(symbol, e.amount.units(), price);
        }
        if let Ok(transfers) = posted {
            out.emit(Topic::Ledger, Posted { firm: e.firm, order_id: None, exec_id: None, transfers }.into());
        }
    }

    /// Applies legs to the ledger and returns them as they stand in the `ledger` topic.
    pub(crate) fn post(
        &mut self,
        legs: &[(assay_ledger::Leg, TransferReason)],
    ) -> Result<Vec<Transfer>, assay_ledger::Status> {
        let plain: Vec<assay_ledger::Leg> = legs.iter().map(|(leg, _)| *leg).collect();
        self.ledger.apply(&plain).map_err(|(_, status)| status)?;
        let record = |(leg, reason): &(assay_ledger::Leg, TransferReason)| Transfer {
            id: leg.id,
            debit: self.ledger.account(leg.debit).code(),
            credit: self.ledger.account(leg.credit).code(),
            asset: self.ledger.account(leg.debit).asset(),
            amount: leg.amount,
            kind: leg.kind,
            reason: *reason,
        };
        Ok(legs.iter().map(record).collect())
    }

    fn set_kill_switch(&mut self, e: &KillSwitchSet, out: &mut Outbox) {
        let Some(firm) = self.firms.get_mut(&e.firm) else { return };
        firm.killed = e.engaged.then(|| e.reason.clone());
        if !e.engaged {
            return;
        }
        let mut ids: Vec<OrderId> =
            self.orders.iter().filter(|(_, o)| o.terms.firm == e.firm).map(|(id, _)| *id).collect();
        ids.sort_unstable();
        for order_id in ids {
            let symbol = self.orders[&order_id].terms.symbol;
            let cancel = CancelAccepted {
                order_id,
                symbol,
                firm: e.firm,
                request: None,
                reason: Some(Refusal::KillSwitch),
            };
            out.emit(Topic::Markets, cancel.into());
        }
    }

    /// The whole state as bytes; the same log gives the same bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        let closed =
            self.closed.oldest_first.iter().filter_map(|id| self.closed.orders.get(id).cloned()).collect();
        let stored = Stored {
            partition: self.partition,
            firms: self.firms.clone(),
            instruments: self.instruments.clone(),
            references: self.references.clone(),
            ledger: self.ledger.clone(),
            orders: self.orders.iter().map(|(id, o)| (id.as_u64(), (*id, o.clone()))).collect(),
            closed,
            used: self.used.iter().map(|(s, u)| (*s, u.clone())).collect(),
            credited: self.credited.clone(),
            requests: self.requests.iter().map(|(s, r)| (*s, *r)).collect(),
            outcomes: self.outcomes.clone(),
            day: self.day,
        };
        {
            let mut bytes = vec![SNAPSHOT_VERSION];
            rmp_serde::encode::write_named(&mut bytes, &stored)
                .expect("a state in memory can be written to memory");
            bytes
        }
    }

    /// The state a snapshot holds.
    ///
    /// # Errors
    /// Bytes of another version, or damaged ones.
    pub fn restore(bytes: &[u8]) -> Result<Self, Error> {
        let damaged = |what: &str| Error::Damaged { what: what.to_owned() };
        let body = bytes.strip_prefix(&[SNAPSHOT_VERSION]).ok_or_else(|| Error::Foreign {
            expected: u16::from(SNAPSHOT_VERSION),
            what: format!("it begins with {:?}", bytes.first()),
        })?;
        let stored: Stored = rmp_serde::from_slice(body).map_err(|e| damaged(&e.to_string()))?;
        let mut risk = Self {
            partition: stored.partition,
            firms: stored.firms,
            instruments: stored.instruments,
            references: stored.references,
            ledger: stored.ledger,
            used: stored.used.into_iter().collect(),
            credited: stored.credited,
            requests: stored.requests.into_iter().collect(),
            outcomes: stored.outcomes,
            day: stored.day,
            ..Self::default()
        };
        for (order_id, order) in stored.orders.into_values() {
            risk.ids.extend(order.chain.iter().map(|id| ((order.terms.session, *id), order_id)));
            risk.orders.insert(order_id, order);
        }
        for (state, chain) in stored.closed {
            risk.ids.extend(chain.iter().map(|id| ((state.terms.session, *id), state.order_id)));
            risk.remember_closed(state, chain);
        }
        Ok(risk)
    }
}

impl Processor for Risk {
    fn apply(&mut self, input: &Input<'_>, out: &mut Outbox) {
        match input.event {
            Event::OrderRequested(e) if self.is_new_request(&e.request) => self.order(e, input, out),
            Event::CancelRequested(e) if self.is_new_request(&e.request) => self.cancel(e, out),
            Event::ReplaceRequested(e) if self.is_new_request(&e.request) => self.replace(e, input, out),
            Event::StatusRequested(e) if self.is_new_request(&e.request) => self.status(e, out),
            Event::ExecutionReported(e) if self.is_new_outcome(input.origin) => self.executed(e, input, out),
            Event::CancelRefused(e) if is_from_execution(input) && self.is_new_outcome(input.origin) => {
                self.replace_refused(e, out);
            }
            Event::FirmOpened(e) => self.open_firm(e),
            Event::AccountCredited(e) => self.credit(e, input, out),
            Event::LimitsSet(e) => {
                self.firms.entry(e.firm).or_default().limits = Some(e.clone());
            }
            Event::KillSwitchSet(e) => self.set_kill_switch(e, out),
            Event::InstrumentListed(e) => {
                self.instruments.insert(e.symbol, e.clone());
            }
            Event::ReferencePriceSet(e) => self.set_reference(e, input.at),
            Event::ClockTicked(e) => self.tick(e.now),
            _ => {}
        }
    }
}

fn is_from_execution(input: &Input<'_>) -> bool {
    matches!(input.origin, Some(Origin::Input { role: Role::Execution, .. }))
}

fn client_code(account: &AccountId) -> LedgerCode {
    let mut code = LedgerCode::new();
    code.push_str("client:");
    code.push_str(account.as_str());
    code
}
