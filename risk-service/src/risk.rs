//! The processor of one partition of `accounts`.

use crate::answering::Given;
use crate::client::Client;
use crate::disconnects::Disconnects;
use crate::duplicates::Duplicates;
use crate::exposure::Exposure;
use crate::fees::Fees;
use crate::firm::Firm;
use crate::governance::Proposal;
use crate::holding::Holdings;
use crate::instruments::Instruments;
use crate::interest::BalanceInterest;
use crate::lending::Sales;
use crate::limit_book::LimitBook;
use crate::locates::Locates;
use crate::mass::MassRequests;
use crate::money::Money;
use crate::names::{ClientIx, FirmIx, HoldingIx, SessionIx, Table};
use crate::order::OpenOrder;
use crate::orders::Orders;
use crate::positions::DayTrades;
use crate::restrictions::Restrictions;
use crate::session::Session;
use crate::switches::SwitchPlace;
use crate::work::Room;
use crate::{Error, snapshot};
use assay_ledger::{AccountIx, Guard, Ledger};
use assay_loans::Loans;
use assay_trading_types::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Limits, exposures, open orders and ledger accounts of the firms of one partition of `accounts`: arrays, and tables that
/// find a name's place in them. The same records give the same outputs and the same snapshot bytes.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Risk {
    pub(crate) partition: u16,
    /// Records before it have been applied.
    pub(crate) next_offset: u64,
    pub(crate) firms: Table<FirmId, FirmIx, Firm>,
    pub(crate) clients: Table<AccountId, ClientIx, Client>,
    pub(crate) sessions: Table<SessionId, SessionIx, Session>,
    pub(crate) instruments: Instruments,
    pub(crate) holdings: Holdings,
    pub(crate) ledger: Ledger,
    pub(crate) orders: Orders,
    /// The house's own limits over all firms.
    pub(crate) house: LimitBook,
    /// The switch over everything.
    pub(crate) switch: SwitchPlace,
    pub(crate) restrictions: Restrictions,
    pub(crate) duplicates: Duplicates,
    /// Changes of limits that wait for a decision.
    pub(crate) proposals: BTreeMap<ChangeId, Proposal>,
    /// When temporary limits run out.
    pub(crate) expiring: BTreeSet<(Timestamp, LimitScope)>,
    pub(crate) credited: BTreeSet<(AccountId, Asset, String)>,
    /// Newest output of each producer partition: (offset, index).
    pub(crate) outcomes: BTreeMap<(u8, u16), (u64, u16)>,
    /// Trading day by the latest record (UTC).
    pub(crate) day: i64,
    /// Orders that a kill switch still has to cancel, by OrderID; may name orders that closed meanwhile.
    pub(crate) killing: VecDeque<OrderId>,
    /// What mass requests still have to do.
    pub(crate) mass: MassRequests,
    /// Lost sessions whose orders are to be cancelled.
    pub(crate) disconnects: Disconnects,
    /// What was traded since the trading day began.
    pub(crate) day_trades: DayTrades,
    /// Deposits, withdrawals and other movements of money.
    pub(crate) money: Money,
    /// What trades cost.
    pub(crate) fees: Fees,
    /// What the house pays on balances.
    pub(crate) interest: BalanceInterest,
    /// Loans, their products, and the prices of what secures them.
    pub(crate) loans: Loans,
    /// A record that says that work is left is on its way.
    pub(crate) is_work_told: bool,
    /// Orders that sell collateral.
    pub(crate) sales: Sales,
    /// Shares that were located for short sales.
    pub(crate) locates: Locates,
    /// Ids and ranges that all sessions have used up today; derived.
    #[serde(skip)]
    pub(crate) used_entries: usize,
}

/// What an account or firm has at stake, in the currency of its instruments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtStake {
    /// Notional of open orders.
    pub working: Amount,
    /// That and absolute positions.
    pub gross: Amount,
    /// Positions, short ones negative.
    pub net: Amount,
    /// Loss of the day, negative for a profit.
    pub loss: Amount,
    /// Most that the day can leave to be paid or delivered.
    pub credit: Amount,
    /// Open orders.
    pub open_orders: u32,
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
        let mut orders: Vec<OrderState> = self.orders.iter().map(OpenOrder::state).collect();
        orders.sort_unstable_by_key(|o| o.order_id);
        orders
    }

    /// The books.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What all open orders, movements and margins together need held, by account in the books; what [`Risk::ledger`] holds
    /// must be the same.
    pub fn needs(&self) -> BTreeMap<AccountIx, Amount> {
        let mut needs = self.movement_needs();
        for (account, held) in self.margins() {
            let sum: &mut Amount = needs.entry(account).or_default();
            *sum = Amount::from_units(sum.units() + held);
        }
        for order in self.orders.iter() {
            let sum: &mut Amount = needs.entry(order.held_accounts().0).or_default();
            *sum = Amount::from_units(sum.units() + order.need().units());
        }
        needs
    }

    /// The latest reference price of an instrument, however old.
    pub fn reference_price(&self, symbol: &Symbol) -> Option<Price> {
        self.instruments.find(symbol).and_then(|ix| self.instruments[ix].price())
    }

    /// What an account owns of an asset, holds included, less what it has borrowed: negative when it is short.
    pub fn position(&self, account: &AccountId, asset: &Asset) -> Amount {
        let owned =
            self.find_client(account, asset).map_or(0, |ix| self.ledger.account(ix).balance().units());
        Amount::from_units(owned - self.borrowed(account, asset).units())
    }

    /// What an account can still spend of an asset: owned less held.
    pub fn available(&self, account: &AccountId, asset: &Asset) -> Amount {
        self.find_client(account, asset).map_or(Amount::ZERO, |ix| self.ledger.account(ix).available())
    }

    /// What an account has at stake.
    pub fn account_at_stake(&self, account: &AccountId) -> Option<AtStake> {
        self.clients.find(account).map(|ix| AtStake::of(&self.clients[ix].exposure))
    }

    /// What a firm has at stake.
    pub fn firm_at_stake(&self, firm: &FirmId) -> Option<AtStake> {
        self.firms.find(firm).map(|ix| AtStake::of(&self.firms[ix].exposure))
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

    pub(crate) fn house_account(&mut self, code: &str, asset: Asset) -> AccountIx {
        self.ledger.open(LedgerCode::from(code).expect("a short code"), asset, Guard::Unlimited)
    }

    /// Versions of the firm's and the account's limits.
    pub(crate) fn limits_versions(&self, holding: HoldingIx) -> (u64, u64) {
        let holding = &self.holdings[holding];
        let own = self.clients[holding.client].book.as_ref().map_or(0, |book| book.version);
        (self.firms[holding.firm].book.version, own)
    }

    /// Whether the record was not applied before. One read again has an old offset.
    fn is_new_record(&mut self, offset: u64) -> bool {
        let new = offset >= self.next_offset;
        self.next_offset = self.next_offset.max(offset + 1);
        new
    }

    /// The session of a request that was not seen before: (epoch, MsgSeqNum) grows within a session.
    fn new_request(&mut self, request: &RequestId) -> Option<SessionIx> {
        let ix = self.sessions.open(request.session, Default::default);
        let newest = &mut self.sessions[ix].newest;
        let this = (request.epoch, request.seq);
        let new = this > *newest;
        *newest = this.max(*newest);
        new.then_some(ix)
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
    /// . Results of the day begin anew.
    fn begin_day(&mut self, now: Timestamp) {
        if now.day() <= self.day {
            return;
        }
        self.note_balances(self.day, now.day());
        let passed = now.day() - self.day;
        self.day = now.day();
        self.used_entries = 0;
        self.day_trades.clear();
        self.money.begin_day();
        self.sessions.rows_mut().for_each(|session| session.used = Default::default());
        // Its loss begins anew, and with it what is said of it.
        let others = !(1 << Measure::Loss as u8);
        self.clients.rows_mut().for_each(|client| {
            client.exposure.begin_day();
            (client.warned, client.over) = (client.warned & others, client.over & others);
        });
        self.firms.rows_mut().for_each(|firm| {
            firm.exposure.begin_day();
            (firm.warned, firm.over) = (firm.warned & others, firm.over & others);
            firm.volumes.begin_day(passed);
        });
    }

    fn ask(&mut self, input: &Input<'_>, out: &mut Outbox) {
        match input.event {
            Event::OrderRequested(e) => {
                if let Some(session) = self.new_request(&e.request) {
                    self.order(e, session, input, out);
                }
            }
            Event::CancelRequested(e) => {
                if let Some(session) = self.new_request(&e.request) {
                    self.cancel(e, session, out);
                }
            }
            Event::ReplaceRequested(e) => {
                if let Some(session) = self.new_request(&e.request) {
                    self.replace(e, session, input, out);
                }
            }
            Event::OrderCancelInstructed(e) => {
                if let Some(session) = self.new_request(&e.request) {
                    self.cancel_instructed(e, session, input.actor, out);
                }
            }
            Event::StatusRequested(e) => {
                if let Some(session) = self.new_request(&e.request) {
                    self.status(e, session, out);
                }
            }
            Event::MassCancelRequested(e) => {
                if let Some(session) = self.new_request(&e.request) {
                    self.mass_cancel(e, session, input, out);
                }
            }
            Event::MassStatusRequested(e) => {
                if self.new_request(&e.request).is_some() {
                    self.mass_status(e, out);
                }
            }
            Event::PositionsRequested(e) => {
                if self.new_request(&e.request).is_some() {
                    self.positions(e, out);
                }
            }
            _ => self.administer(input, out),
        }
    }

    fn administer(&mut self, input: &Input<'_>, out: &mut Outbox) {
        match input.event {
            Event::FirmOpened(e) => self.open_firm(e),
            Event::AccountCredited(e) => self.credit(e, input, out),
            Event::InstrumentListed(e) => self.list(e),
            Event::ReferencePriceSet(e) => {
                let symbol = self.set_reference(e, input.at);
                self.loans_price(e, input, out);
                self.watch(symbol, out);
            }
            Event::AverageVolumeSet(e) => self.set_average_volume(e),
            Event::LimitsSet(e) => self.set_limits(e, input.actor, out),
            Event::HouseCreditSet(e) => self.set_house_credit(e, input.actor, out),
            Event::KillSwitchSet(e) => self.set_kill_switch(e, input, out),
            Event::RestrictionSet(e) => self.set_restriction(e, input.actor, out),
            Event::FirmKycSet(e) => self.set_firm_kyc(e, input.actor, out),
            Event::AccountStatusSet(e) => self.set_account_status(e, input.actor, out),
            Event::MoneyInstructed(e) if self.is_new_outcome(input.origin) => self.instruct(e, input, out),
            Event::LoanInstructed(e) if self.is_new_outcome(input.origin) => {
                self.instruct_loan(e, input, out);
            }
            Event::WorkLeft(_) if is_from_risk(input) && self.is_new_outcome(input.origin) => {
                self.go_on(input, out);
            }
            Event::OrderRefused(e) if is_from_risk(input) => self.sale_refused(e, input, out),
            Event::FeeScheduleSet(e) => self.set_fee_schedule(e, input.actor, out),
            Event::BalanceInterestSet(e) => self.interest.set(e),
            Event::MoneyTermsSet(e) => self.set_money_terms(e),
            Event::ConversionRateSet(e) => self.set_conversion_rate(e, input.actor, input.at, out),
            Event::CancelOnDisconnectSet(e) => self.session_is_back(e),
            Event::CancelOnDisconnectStarted(e) => self.session_is_lost(e, input.at),
            Event::ClockTicked(e) => {
                self.begin_day(e.now);
                self.revert_limits(e.now, out);
                self.expire_locates(e.now, out);
                self.end_waiting_movements(e.now, out);
                self.loans_tick(e.now, input.actor, out);
            }
            _ => self.command(input, out),
        }
    }

    /// What people ask for; the rest is risk's own answers, and what is for others.
    fn command(&mut self, input: &Input<'_>, out: &mut Outbox) {
        let by = input.actor;
        let (subject, command, decided) = match input.event {
            Event::RiskSwitchSet(e) => (e.scope.key(), e.command, self.set_switch(e, input, out)),
            Event::LimitsChangeProposed(e) => {
                (e.change.as_str(), e.command, self.propose_limits(e, input, out))
            }
            Event::LimitsChangeDecided(e) => {
                (e.change.as_str(), e.command, self.decide_limits(e, input, out))
            }
            Event::LocateProposed(e) => (e.locate.as_str(), e.command, self.propose_locate(e, input)),
            Event::LocateDecided(e) => (e.locate.as_str(), e.command, self.decide_locate(e, input, out)),
            Event::LocateReleaseRequested(e) => {
                (e.locate.as_str(), e.command, self.release_locate(e, by, out))
            }
            Event::RepeatBreakerReset(e) => (e.account.as_str(), e.command, self.reset_breaker(e)),
            _ => return,
        };
        Given { subject, by, command }.answer(decided, out);
    }

    /// Whether the numbers of a state that was read back name something.
    pub(crate) fn check_numbers(&self) -> Result<(), String> {
        let firms = self.firms.rows().count();
        let clients = self.clients.rows().count();
        let holdings = self.holdings.iter().count();
        let symbols = self.instruments.rows().count();
        let sessions = self.sessions.rows().count();
        use crate::names::Number;
        let holding_is_good = |h: &crate::holding::Holding| {
            h.firm.index() < firms && h.client.index() < clients && h.symbol.index() < symbols
        };
        if !self.holdings.iter().all(|(_, h)| holding_is_good(h)) {
            return Err("a holding of nobody".to_owned());
        }
        if let Some(locate) = self.locates.of_nobody(holdings) {
            return Err(format!("locate {locate} is of nobody"));
        }
        let order_is_good = |o: &&OpenOrder| o.holding.index() < holdings && o.session.index() < sessions;
        match self.orders.iter().find(|o| !order_is_good(o)) {
            Some(order) => Err(format!("order {} is of nobody", order.order_id)),
            None => Ok(()),
        }
    }
}

impl AtStake {
    fn of(exposure: &Exposure) -> Self {
        let credit = exposure.credit(true, 0).max(exposure.credit(false, 0));
        Self {
            working: Amount::from_units(exposure.working()),
            gross: Amount::from_units(exposure.gross_with_orders()),
            net: Amount::from_units(exposure.net),
            loss: Amount::from_units(exposure.loss()),
            credit: Amount::from_units(credit),
            open_orders: exposure.open_orders,
        }
    }
}

impl Processor for Risk {
    fn apply(&mut self, input: &Input<'_>, out: &mut Outbox) {
        if !self.is_new_record(input.offset) {
            return;
        }
        self.begin_day(input.at);
        self.end_graces(input.at);
        match input.event {
            Event::ExecutionReported(e) if !is_from_risk(input) && self.is_new_outcome(input.origin) => {
                match &e.exec {
                    ExecType::TradeCanceled { .. } | ExecType::TradeCorrected { .. } => {
                        self.trade_amended(e, input, out);
                    }
                    _ => {
                        self.executed(e, input, out);
                        self.sale_reported(e, input, out);
                    }
                }
            }
            Event::CancelRefused(e) if is_from_execution(input) && self.is_new_outcome(input.origin) => {
                match e.response_to {
                    ResponseTo::Cancel => self.cancel_refused(e),
                    ResponseTo::Replace => self.replace_refused(e, out),
                }
            }
            Event::ExecutionReported(_) | Event::CancelRefused(_) => {}
            Event::VenueTraded(e) if is_from_execution(input) && self.is_new_outcome(input.origin) => {
                self.venue_traded(e, input, out);
            }
            Event::VenueDiffered(e) if is_from_execution(input) && self.is_new_outcome(input.origin) => {
                Self::venue_differed(e, out);
            }
            Event::TradingStateChanged(e)
                if is_from_execution(input) && self.is_new_outcome(input.origin) =>
            {
                self.loans_market(e, input, out);
            }
            // By a statement that operations compared.
            Event::VenueDiffered(e) if input.origin.is_none() => Self::venue_differed(e, out),
            _ => self.ask(input, out),
        }
        let room = &mut Room::of_an_input();
        self.kill_some(room, out);
        self.cancel_unlocated(room, out);
        self.cancel_for_lost(room, out);
        self.serve_mass_requests(room, out);
        self.tell_of_work_left(out);
    }
}

fn is_from_execution(input: &Input<'_>) -> bool {
    matches!(input.origin, Some(Origin::Input { role: Role::Execution, .. }))
}

/// Pending states are told by risk itself.
fn is_from_risk(input: &Input<'_>) -> bool {
    matches!(input.origin, Some(Origin::Input { role: Role::Risk, .. }))
}

pub(crate) fn client_code(account: &AccountId) -> LedgerCode {
    let mut code = LedgerCode::new();
    code.push_str("client:");
    code.push_str(account.as_str());
    code
}
