//! Takes the measures that alert rules are about, and records those that make anything begin or end.

use crate::api::Api;
use crate::operation::{Operation, Scope};
use crate::read_model::PositionRow;
use assay_trading_types::{
    AccountId, AlertMeasure, Amount, Asset, MeasureSample, MeasuresTaken, Position, SCALE, Symbol, UserId,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often measures are taken (notifications-alerts.md, jobs).
const PERIOD: Duration = Duration::from_secs(1);

/// How long a wait is at most, so that a stop is never late by more.
const POLL: Duration = Duration::from_millis(50);

/// Durable records that the audit store does not have yet; where another process keeps it, nobody knows here.
pub type AuditLag = Box<dyn Fn() -> Option<u64> + Send>;

/// Takes measures.
pub struct AlertService {
    api: Arc<Api>,
    audit_lag: AuditLag,
    /// What was recorded last stands below it: until it is read, it would be recorded again.
    recorded: Position,
}

impl AlertService {
    /// For the rules of `api`.
    pub fn new(api: Arc<Api>, audit_lag: AuditLag) -> Self {
        Self { api, audit_lag, recorded: Position(0) }
    }

    /// Works until told to stop.
    pub fn run(mut self, stop: &AtomicBool) {
        let halted = || stop.load(Ordering::Acquire);
        while !halted() {
            self.turn();
            let mut waited = Duration::ZERO;
            while waited < PERIOD && !halted() {
                std::thread::sleep(POLL);
                waited += POLL;
            }
        }
    }

    /// Takes every measure that a rule is about, once.
    pub fn turn(&mut self) {
        if !self.api.is_recovered() || self.api.settled() < self.recorded {
            return;
        }
        let measures = self.api.state().alerts.measures();
        let taken = measures.iter().filter_map(|(measure, owners)| {
            let value = self.measured(measure, owners)?;
            Some(MeasureSample { measure: *measure, value })
        });
        let taken: Vec<_> = taken.collect();
        let now = self.api.now();
        let samples: Vec<_> = {
            let state = self.api.state();
            taken.into_iter().filter(|s| state.alerts.is_news(&s.measure, s.value, now)).collect()
        };
        if samples.is_empty() {
            return;
        }
        match self.api.log.append(&mut vec![self.api.own_record(MeasuresTaken { samples }.into())]) {
            Ok(position) => self.recorded = Position(position.0 + 1),
            Err(_) => tracing::error!("the log takes nothing more; what was measured is not recorded"),
        }
    }

    /// A measure's value; nothing when it has none or nobody who asks may know it any more.
    fn measured(&self, measure: &AlertMeasure, owners: &BTreeSet<UserId>) -> Option<Amount> {
        let model = self.api.model();
        match measure {
            AlertMeasure::ReferencePrice { symbol } => {
                let price = model.instrument(symbol.as_str()).ok()??.reference_price?;
                Amount::parse(&price).ok()
            }
            AlertMeasure::Total { account, asset } => {
                self.wallet(account, asset, owners).map(|(total, _)| total)
            }
            AlertMeasure::Available { account, asset } => {
                let (total, held) = self.wallet(account, asset, owners)?;
                Some(Amount::from_units(total.units() - held.units()))
            }
            AlertMeasure::Position { account, symbol } => {
                self.position(account, symbol, owners, |row| Some(Amount::from_units(row.figures.held.qty)))
            }
            AlertMeasure::Profit { account, symbol } => self.position(account, symbol, owners, |row| {
                Some(Amount::from_units(row.figures.realised + row.unrealised()?))
            }),
            AlertMeasure::OpenOrders { account } => {
                let firm = model.firm_of_account(account.as_str()).ok()?;
                self.see(Operation::ListOrders, firm.as_deref(), owners)?;
                Some(count(model.open_orders(account.as_str()).ok()?))
            }
            AlertMeasure::StalePrices => Some(count(model.stale_prices(self.api.now()).ok()?)),
            AlertMeasure::AuditLag => (self.audit_lag)().map(count),
            AlertMeasure::ReadModelLag => {
                let durable = self.api.log.durable();
                Some(count(durable.0.saturating_sub(model.position().0)))
            }
            AlertMeasure::MailWaiting => Some(count(self.api.state().mail.pending().count() as u64)),
        }
    }

    /// Total and held of a wallet that somebody who asks may see.
    fn wallet(
        &self,
        account: &AccountId,
        asset: &Asset,
        owners: &BTreeSet<UserId>,
    ) -> Option<(Amount, Amount)> {
        let row = self.api.model().account(&format!("client:{account}"), asset.as_str()).ok()??;
        self.see(Operation::ListWallets, row.firm.as_deref(), owners)?;
        Some((row.sums.balance(), row.sums.held))
    }

    /// What a position that somebody who asks may see is worth by `read`; zero of one that there is not.
    fn position(
        &self,
        account: &AccountId,
        symbol: &Symbol,
        owners: &BTreeSet<UserId>,
        read: impl FnOnce(PositionRow) -> Option<Amount>,
    ) -> Option<Amount> {
        let model = self.api.model();
        let firm = model.firm_of_account(account.as_str()).ok()?;
        self.see(Operation::ListPositions, firm.as_deref(), owners)?;
        let row = model.account_position(account.as_str(), symbol.as_str()).ok()?;
        row.map_or(Some(Amount::ZERO), read)
    }

    /// Whether somebody who asks may see lists of some kind of a firm.
    fn see(&self, list: Operation, firm: Option<&str>, owners: &BTreeSet<UserId>) -> Option<()> {
        let state = self.api.state();
        let sees = |owner: &UserId| {
            let Some(user) = state.active_user(owner) else { return false };
            match list.access().scope_of(&user.roles) {
                Some(Scope::All) => true,
                Some(Scope::Firm) => user.firm.as_ref().map(|f| f.as_str()) == firm,
                Some(Scope::Own) | None => false,
            }
        };
        owners.iter().any(sees).then_some(())
    }
}

fn count(number: u64) -> Amount {
    Amount::from_units(i128::from(number) * i128::from(SCALE))
}
