//! The processor of one partition of `accounts`.

use crate::cl_ord_ids::UsedIds;
use crate::firm::Firm;
use crate::instruments::Instruments;
use crate::order::Accounts;
use crate::orders::Orders;
use crate::{Error, snapshot};
use assay_ledger::{AccountIx, Guard, Ledger};
use assay_trading_types::*;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Limits, exposures, open orders and ledger accounts of the firms of one partition of `accounts`. The same records give
/// the same outputs and the same snapshot bytes.
#[derive(Debug, Default)]
pub struct Risk {
    pub(crate) partition: u16,
    /// Records before it have been applied.
    pub(crate) next_offset: u64,
    pub(crate) firms: BTreeMap<FirmId, Firm>,
    pub(crate) instruments: Instruments,
    pub(crate) ledger: Ledger,
    pub(crate) orders: Orders,
    /// ClOrdIDs of the trading day.
    pub(crate) used: FxHashMap<SessionId, UsedIds>,
    pub(crate) credited: BTreeSet<(AccountId, Asset, String)>,
    /// Newest request of each session: (epoch, MsgSeqNum).
    pub(crate) requests: FxHashMap<SessionId, (u32, u64)>,
    /// Newest output of each producer partition: (offset, index).
    pub(crate) outcomes: BTreeMap<(u8, u16), (u64, u16)>,
    /// Trading day by the latest record (UTC).
    pub(crate) day: i64,
    /// Orders that a kill switch still has to cancel, by OrderID; may name orders that closed meanwhile.
    pub(crate) killing: VecDeque<OrderId>,
    /// Accounts by client and symbol; derived, found again when missing.
    pub(crate) accounts: FxHashMap<(AccountId, Symbol), Accounts>,
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
        let mut orders: Vec<OrderState> = self.orders.open.iter().map(|(id, o)| o.state(*id)).collect();
        orders.sort_unstable_by_key(|o| o.order_id);
        orders
    }

    /// The books.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What all open orders together need held, by account in the books; what [`Risk::ledger`] holds must be the same.
    pub fn needs(&self) -> BTreeMap<AccountIx, Amount> {
        let mut needs = BTreeMap::new();
        for order in self.orders.open.values() {
            let sum: &mut Amount = needs.entry(order.held_accounts().0).or_default();
            *sum = Amount::from_units(sum.units() + order.need().units());
        }
        needs
    }

    /// What an account owns of an asset, holds included.
    pub fn position(&self, account: &AccountId, asset: &Asset) -> Amount {
        self.find_client(account, asset).map_or(Amount::ZERO, |ix| self.ledger.account(ix).balance())
    }

    /// What an account can still spend of an asset: owned less held.
    pub fn available(&self, account: &AccountId, asset: &Asset) -> Amount {
        self.find_client(account, asset).map_or(Amount::ZERO, |ix| self.ledger.account(ix).available())
    }

    /// The whole state as bytes; the same log gives the same bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        snapshot::write(self)
    }

    /// The state a snapshot holds.
    ///
    /// # Errors
    /// Bytes of another version, or damaged ones.
    pub fn restore(bytes: &[u8]) -> Result<Self, Error> {
        snapshot::read(bytes)
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

    /// Accounts that orders of `account` in `symbol` settle through; none for an unlisted symbol.
    pub(crate) fn accounts(&mut self, account: AccountId, symbol: Symbol) -> Option<Accounts> {
        if let Some(accounts) = self.accounts.get(&(account, symbol)) {
            return Some(*accounts);
        }
        let currency = self.instruments.listed(&symbol)?.currency;
        let asset = Asset::new(symbol.as_str()).expect("a symbol is an asset");
        let accounts = Accounts {
            cash: self.client(account, currency),
            cash_clearing: self.house("clearing", currency),
            units: self.client(account, asset),
            units_clearing: self.house("clearing", asset),
            commission: self.house("commission", currency),
            cash_shortfall: self.house("shortfall", currency),
            units_shortfall: self.house("shortfall", asset),
        };
        self.accounts.insert((account, symbol), accounts);
        Some(accounts)
    }

    /// The currency of an instrument may have changed.
    pub(crate) fn forget_accounts(&mut self) {
        self.accounts.clear();
    }

    /// Whether the record was not applied before. One read again has an old offset.
    fn is_new_record(&mut self, offset: u64) -> bool {
        let new = offset >= self.next_offset;
        self.next_offset = self.next_offset.max(offset + 1);
        new
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

    /// A new trading day frees the ids of the old one; those of open chains stay used as long as they name an open order
    ///
    fn begin_day(&mut self, now: Timestamp) {
        if now.day() > self.day {
            self.day = now.day();
            self.used.clear();
        }
    }
}

impl Processor for Risk {
    fn apply(&mut self, input: &Input<'_>, out: &mut Outbox) {
        if !self.is_new_record(input.offset) {
            return;
        }
        self.begin_day(input.at);
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
            Event::LimitsSet(e) => self.set_limits(e),
            Event::KillSwitchSet(e) => self.set_kill_switch(e),
            Event::InstrumentListed(e) => self.list(e),
            Event::ReferencePriceSet(e) => self.set_reference(e, input.at),
            Event::ClockTicked(e) => self.begin_day(e.now),
            // Risk's own answers, requests and outcomes seen before, and what is for others.
            _ => {}
        }
        self.kill_some(out);
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
