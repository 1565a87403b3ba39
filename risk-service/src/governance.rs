//! How limits change: one person proposes, another decides; a temporary change goes back by itself; an emergency needs one
//! person, is short, and raises the alarm.

use crate::answering::{NoEffect, refuse};
use crate::limit_book::LimitBook;
use crate::risk::Risk;
use assay_trading_types::*;
use serde::{Deserialize, Serialize};

/// What may be asked to stay held for short sales, in percent of what they brought.
const SHORT_MARGIN_PERCENT: std::ops::RangeInclusive<u32> = 100..=1_000;

/// Changes that wait for a decision. More are refused: nobody could review them.
const PENDING_MAX: usize = 1_000;

/// Longest emergency change: within an hour a second person can be found.
const EMERGENCY_MAX_NS: i64 = 3_600_000_000_000;

/// Temporary changes that one tick takes back; the rest follow with the next ticks. An input's outputs are numbered in 16
/// bits.
const REVERSIONS_PER_TICK_MAX: usize = 16_384;

/// A change that waits for its checker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proposal {
    proposed: LimitsChangeProposed,
    maker: Actor,
}

impl Risk {
    /// Limits of the configuration. People propose; what they send as configuration has no effect.
    pub(crate) fn set_limits(&mut self, e: &LimitsSet, by: Actor, out: &mut Outbox) {
        if is_person(&by) {
            let refused = (CommandRefusal::SamePerson, "people propose changes of limits".to_owned());
            return refuse(e.firm.as_str(), by, refused, out);
        }
        let firm = self.firms.open(e.firm, Default::default);
        let Some(account) = e.account else {
            if let Err(refused) = self.check_credit(&LimitScope::Firm(e.firm), &e.limits) {
                return refuse(e.firm.as_str(), by, refused, out);
            }
            return self.firms[firm].book.configure(e.limits.clone(), e.version);
        };
        let client = self.clients.open(account, Default::default);
        let book = self.clients[client].book.get_or_insert_default();
        book.configure(e.limits.clone(), e.version);
    }

    /// The house's credit of the configuration.
    pub(crate) fn set_house_credit(&mut self, e: &HouseCreditSet, by: Actor, out: &mut Outbox) {
        let limits = Limits { credit_max: e.credit_max, ..Limits::default() };
        match self.check_credit(&LimitScope::House, &limits) {
            Ok(()) => self.house.configure(limits, e.version),
            Err(refused) => refuse("house", by, refused, out),
        }
    }

    pub(crate) fn propose_limits(
        &mut self,
        e: &LimitsChangeProposed,
        input: &Input<'_>,
        out: &mut Outbox,
    ) -> Result<(), NoEffect> {
        let maker = input.actor;
        self.check_proposal(e, input.at)?;
        let proposal = Proposal { proposed: e.clone(), maker };
        if !e.emergency {
            self.proposals.insert(e.change, proposal);
            return Ok(());
        }
        self.change_limits(&proposal, None, String::new(), out);
        let detail = format!("{maker}: {}", e.reason);
        let (firm, account) = match e.scope {
            LimitScope::House => (None, None),
            LimitScope::Firm(firm) => (Some(firm), None),
            LimitScope::Account(account) => (self.firm_of(&account), Some(account)),
        };
        let alarm = Alarm::EmergencyLimits;
        crate::news::alarm(RiskAlarmed { alarm, firm, account, symbol: None, detail }, out);
        Ok(())
    }

    fn check_proposal(&self, e: &LimitsChangeProposed, at: Timestamp) -> Result<(), NoEffect> {
        let refuse = |refusal, what: &str| Err((refusal, what.to_owned()));
        if e.reason.trim().is_empty() {
            return refuse(CommandRefusal::NoReason, "a change needs a reason");
        }
        if self.book(&e.scope).is_none() {
            return refuse(CommandRefusal::UnknownScope, e.scope.key());
        }
        if self.proposals.contains_key(&e.change) {
            return refuse(CommandRefusal::DuplicateChange, e.change.as_str());
        }
        if self.proposals.len() >= PENDING_MAX {
            return refuse(CommandRefusal::TooManyChanges, "decide on others first");
        }
        check_values(&e.limits)?;
        check_expiry(e, at)?;
        if e.emergency && self.book(&e.scope).is_some_and(|book| book.is_emergency()) {
            return refuse(CommandRefusal::EmergencyInForce, "a second person must decide on another");
        }
        self.check_credit(&e.scope, &e.limits)
    }

    pub(crate) fn decide_limits(
        &mut self,
        e: &LimitsChangeDecided,
        input: &Input<'_>,
        out: &mut Outbox,
    ) -> Result<(), NoEffect> {
        let checker = input.actor;
        self.check_decision(e, checker, input.at)?;
        let proposal = self.proposals.remove(&e.change).expect("checked");
        match e.approved {
            true => self.change_limits(&proposal, Some(checker), e.reason.clone(), out),
            false => self.decline(&proposal, checker, &e.reason, out),
        }
        Ok(())
    }

    /// A decision may also be a no, which needs no more than another person.
    fn check_decision(&self, e: &LimitsChangeDecided, checker: Actor, at: Timestamp) -> Result<(), NoEffect> {
        let unknown = || (CommandRefusal::UnknownChange, format!("no change {} waits", e.change));
        let Proposal { proposed, maker } = self.proposals.get(&e.change).ok_or_else(unknown)?;
        if *maker == checker {
            return Err((CommandRefusal::SamePerson, format!("{checker} proposed it")));
        }
        if e.reason.trim().is_empty() {
            return Err((CommandRefusal::NoReason, "a decision needs a reason".to_owned()));
        }
        if !e.approved {
            return Ok(());
        }
        check_expiry(proposed, at)?;
        self.check_credit(&proposed.scope, &proposed.limits)
    }

    /// Decided: the limits are others from here on.
    fn change_limits(
        &mut self,
        proposal: &Proposal,
        checker: Option<Actor>,
        reason: String,
        out: &mut Outbox,
    ) {
        let Proposal { proposed: e, maker } = proposal;
        let book = self.book_mut(&e.scope).expect("checked");
        let before = match e.valid_until {
            Some(until) => book.change_until(Limits::clone(&e.limits), until, e.emergency),
            None => book.change(Limits::clone(&e.limits)),
        };
        let version = book.version;
        if let Some(until) = e.valid_until {
            self.expiring.insert((until, e.scope));
        }
        let cause = if checker.is_some() { LimitsCause::Approved } else { LimitsCause::Emergency };
        let reason = if reason.is_empty() { e.reason.clone() } else { format!("{} / {reason}", e.reason) };
        let changed = LimitsChanged {
            scope: e.scope,
            version,
            cause,
            change: Some(e.change),
            maker: Some(*maker),
            checker,
            reason,
            valid_until: e.valid_until,
            before: Box::new(before),
            limits: e.limits.clone(),
        };
        out.emit(Topic::Accounts, changed.into());
    }

    fn decline(&self, proposal: &Proposal, checker: Actor, reason: &str, out: &mut Outbox) {
        let Proposal { proposed: e, maker } = proposal;
        let Some(book) = self.book(&e.scope) else { return };
        let changed = LimitsChanged {
            scope: e.scope,
            version: book.version,
            cause: LimitsCause::Declined,
            change: Some(e.change),
            maker: Some(*maker),
            checker: Some(checker),
            reason: format!("{} / {reason}", e.reason),
            valid_until: None,
            before: Box::new(book.limits.clone()),
            limits: Box::new(book.limits.clone()),
        };
        out.emit(Topic::Accounts, changed.into());
    }

    /// Temporary changes whose time has come go back to what stands.
    pub(crate) fn revert_limits(&mut self, now: Timestamp, out: &mut Outbox) {
        for _ in 0..REVERSIONS_PER_TICK_MAX {
            let due = self.expiring.first().copied().filter(|(until, _)| *until <= now);
            let Some((until, scope)) = due else { return };
            self.expiring.remove(&(until, scope));
            let Some(book) = self.book_mut(&scope) else { continue };
            let Some(before) = book.revert(now) else { continue };
            let changed = LimitsChanged {
                scope,
                version: book.version,
                cause: LimitsCause::Reverted,
                change: None,
                maker: None,
                checker: None,
                reason: "its time ran out".to_owned(),
                valid_until: None,
                before: Box::new(before),
                limits: Box::new(book.limits.clone()),
            };
            out.emit(Topic::Accounts, changed.into());
        }
    }

    /// The firms' credits together stay within the house's, whatever runs out when.
    fn check_credit(&self, scope: &LimitScope, new: &Limits) -> Result<(), NoEffect> {
        let house = match scope {
            LimitScope::Account(_) => return Ok(()),
            LimitScope::House => new.credit_max,
            // A house limit that is temporarily higher must not be given away.
            LimitScope::Firm(_) => self.house.credit_min(),
        };
        let Some(house) = house else { return Ok(()) };
        let others = self.firms.rows().filter(|(_, firm, _)| *scope != LimitScope::Firm(**firm));
        let given = others.filter_map(|(.., firm)| firm.book.credit_max()).map(|a| a.units());
        let own = match scope {
            LimitScope::Firm(firm) => {
                // What a temporary change goes back to is given too.
                let standing = self.firms.find(firm).and_then(|ix| self.firms[ix].book.credit_max());
                new.credit_max.max(standing.filter(|_| new.credit_max.is_some()))
            }
            _ => None,
        };
        let sum = given.fold(own.map_or(0, |a| a.units()), i128::saturating_add);
        if sum > house.units() {
            let detail = format!("{} given > {house} of the house", Amount::from_units(sum));
            return Err((CommandRefusal::ExceedsAllocation, detail));
        }
        Ok(())
    }

    pub(crate) fn firm_of(&self, account: &AccountId) -> Option<FirmId> {
        let firm = self.clients[self.clients.find(account)?].firm?;
        Some(*self.firms.name(firm))
    }

    /// The limits of a scope; none when it is unknown.
    fn book(&self, scope: &LimitScope) -> Option<std::borrow::Cow<'_, LimitBook>> {
        use std::borrow::Cow;
        match scope {
            LimitScope::House => Some(Cow::Borrowed(&self.house)),
            LimitScope::Firm(firm) => Some(Cow::Borrowed(&self.firms[self.firms.find(firm)?].book)),
            LimitScope::Account(account) => {
                let client = &self.clients[self.clients.find(account)?];
                Some(client.book.as_deref().map_or_else(|| Cow::Owned(LimitBook::default()), Cow::Borrowed))
            }
        }
    }

    fn book_mut(&mut self, scope: &LimitScope) -> Option<&mut LimitBook> {
        match scope {
            LimitScope::House => Some(&mut self.house),
            LimitScope::Firm(firm) => {
                let ix = self.firms.find(firm)?;
                Some(&mut self.firms[ix].book)
            }
            LimitScope::Account(account) => {
                let ix = self.clients.find(account)?;
                Some(self.clients[ix].book.get_or_insert_default())
            }
        }
    }

    /// The limits of a scope with their version; none when it is unknown.
    pub fn limits(&self, scope: &LimitScope) -> Option<(u64, Limits)> {
        self.book(scope).map(|book| (book.version, book.limits.clone()))
    }
}

/// People's records carry their name; the configuration, the clock and programs have others.
fn is_person(actor: &Actor) -> bool {
    actor.as_str().starts_with("operator:") || actor.as_str().starts_with("user:")
}

/// A limit of nothing would be a switch, and those are set otherwise.
fn check_values(limits: &Limits) -> Result<(), NoEffect> {
    let amounts = [
        limits.order_notional_max,
        limits.gross_notional_max,
        limits.net_notional_max,
        limits.working_notional_max,
        limits.position_notional_max,
        limits.daily_loss_max,
        limits.credit_max,
    ];
    let quantities = [limits.order_qty_max, limits.position_qty_max];
    let counts = [
        limits.orders_per_s_max,
        limits.price_collar_bp,
        limits.price_collar_ticks,
        limits.market_protection_bp,
        limits.order_adv_bp_max,
        limits.open_orders_max,
        limits.order_trade_ratio_max,
        limits.duplicate_window_ms,
        limits.repeated_executions_max,
        limits.repeated_execution_window_ms,
    ];
    let bad = amounts.into_iter().flatten().any(|a| a <= Amount::ZERO)
        || quantities.into_iter().flatten().any(|q| q <= Qty::ZERO)
        || counts.into_iter().flatten().any(|n| n == 0)
        || limits.warning_percent.is_some_and(|p| !(1..=100).contains(&p))
        || limits.short_margin_percent.is_some_and(|p| !SHORT_MARGIN_PERCENT.contains(&p));
    match bad {
        true => {
            let what =
                "limits are above zero, warnings from 1 to 100, margins of short sales from 100 to 1,000";
            Err((CommandRefusal::BadLimits, what.to_owned()))
        }
        false => Ok(()),
    }
}

fn check_expiry(e: &LimitsChangeProposed, at: Timestamp) -> Result<(), NoEffect> {
    let refuse = |what: &str| Err((CommandRefusal::BadExpiry, what.to_owned()));
    match e.valid_until {
        None if e.emergency => refuse("an emergency change needs an end"),
        Some(until) if until <= at => refuse("it would have ended already"),
        Some(until) if e.emergency && until.since_ns(at) > EMERGENCY_MAX_NS => {
            refuse("an emergency change lasts an hour at most")
        }
        _ => Ok(()),
    }
}
