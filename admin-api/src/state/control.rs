//! Staff's hold on the trading side, and clients' orders: each action becomes the event that risk and execution know.

use super::refused::check_version;
use super::{Changed, Refused, StagedOrders};
use assay_trading_types::{
    AdminRefusal, Amount, BalanceInterestSet, Command, CommandId, CompId, ControlAction, Event,
    FeeScheduleSet, LimitsChangeDecided, LimitsChangeProposed, LoanInstructed, LocateDecided, LocateProposed,
    LocateReleaseRequested, MoneyInstructed, OrderAction, OrderCancelInstructed, OrderRequested, OrderWanted,
    Outbox, RepeatBreakerReset, ReplaceRequested, RequestId, RiskSwitchSet, SessionId, SessionNumbersSet,
    SessionSet, SessionSuspended, Topic, TradeBustRequested, TradeCorrectionRequested, TradeSide,
    TradeWanted,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Most FIX sessions that commands name: more than a gateway has counterparties.
const SESSIONS_MAX: usize = 10_000;

/// Epoch of the API's sessions: their numbers never begin anew.
const API_EPOCH: u32 = 1;

/// Staff's hold on the trading side. What it gives out is what counts; it keeps what a change of a FIX session rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    sessions: BTreeMap<CompId, SessionStanding>,
    /// Fee schedules set so far.
    #[serde(default)]
    fees_version: u64,
    /// Rates of interest on balances set so far.
    #[serde(default)]
    interest_version: u64,
    /// Requests of orders so far, which numbers them as MsgSeqNum(34) numbers those of counterparties.
    #[serde(default)]
    order_requests: u64,
    /// Orders that wait to be released.
    #[serde(default)]
    pub staged: StagedOrders,
}

/// What commands made of a FIX session so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionStanding {
    /// Records on it.
    pub version: u64,
    /// Its settings, if commands made or changed it.
    pub settings: Option<Value>,
}

impl Control {
    /// What commands made of a FIX session.
    pub fn session(&self, comp_id: CompId) -> SessionStanding {
        self.sessions.get(&comp_id).cloned().unwrap_or_default()
    }

    /// Whether an action takes two persons. A price does not: it comes often, and from sources that people only watch;
    /// a conversion rate, at which the house itself pays, does when it is far from the one before.
    pub(crate) fn takes_two(action: &ControlAction) -> bool {
        match action {
            ControlAction::OpenFirm(_)
            | ControlAction::TakeOnFirm(_)
            | ControlAction::ListInstrument(_)
            | ControlAction::CreditAccount(_) => true,
            ControlAction::SetSession(_)
            | ControlAction::SetSessionNumbers(_)
            | ControlAction::SetFeeSchedule(_)
            | ControlAction::SetBalanceInterest(_)
            | ControlAction::AmendTrade(_) => true,
            // Whoever sees harm stops it; to let it go on takes two.
            ControlAction::SuspendSession(e) => !e.suspended,
            ControlAction::SetReferencePrice(_) => false,
            ControlAction::SetConversionRate(e) => e.takes_two(),
            // Risk itself sees to it that two persons take part where that matters.
            ControlAction::SetSwitch(_)
            | ControlAction::ProposeLimits(_)
            | ControlAction::DecideLimits(_)
            | ControlAction::ProposeLocate(_)
            | ControlAction::DecideLocate(_)
            | ControlAction::ReleaseLocate(_)
            | ControlAction::ResetBreaker(_)
            | ControlAction::Money(_)
            | ControlAction::Order(_)
            | ControlAction::Loan(_) => false,
        }
    }

    /// Whether an action is of the version that whoever asks has seen, by If-Match.
    pub(crate) fn matches(&self, command: &Command, action: &ControlAction) -> Result<(), Refused> {
        match session_of(action) {
            Some(comp_id) => check_version(command.expected_version, self.session(comp_id).version),
            None => Ok(()),
        }
    }

    /// What must hold when an action is asked for, and again when somebody approves of it: a change of a FIX session
    /// rests on what the session was, so whatever came between makes it void. A suspension rests on nothing.
    pub(crate) fn may_decide(&self, action: &ControlAction) -> Result<(), Refused> {
        let (comp_id, version) = match action {
            ControlAction::SetSession(SessionSet { comp_id, version, .. })
            | ControlAction::SuspendSession(SessionSuspended {
                comp_id, version, suspended: false, ..
            })
            | ControlAction::SetSessionNumbers(SessionNumbersSet { comp_id, version, .. }) => {
                (*comp_id, *version)
            }
            _ => return Ok(()),
        };
        if !self.sessions.contains_key(&comp_id) && self.sessions.len() >= SESSIONS_MAX {
            return Err(Refused::new(AdminRefusal::TooMany, "no room for more FIX sessions"));
        }
        if version != self.session(comp_id).version + 1 {
            let detail = "the session was changed since: look at it and ask anew";
            return Err(Refused::new(AdminRefusal::WrongState, detail));
        }
        Ok(())
    }

    pub(crate) fn perform(
        &mut self,
        command: &Command,
        action: &ControlAction,
        out: &mut Outbox,
    ) -> Result<Changed, Refused> {
        let waiting = command.is_answered_by_risk().then_some(command.id);
        // What risk answers under the command's name has that for a subject until then.
        let about = |subject: &str| waiting.map_or_else(|| subject.to_owned(), |id| id.to_string());
        match action {
            ControlAction::OpenFirm(e) | ControlAction::TakeOnFirm(e) => {
                Ok(one(e.firm.as_str(), out, e.clone().into()))
            }
            ControlAction::ListInstrument(e) => {
                out.emit(Topic::Markets, e.clone().into());
                Ok(one(e.symbol.as_str(), out, e.clone().into()))
            }
            ControlAction::SetReferencePrice(e) => Ok(one(e.symbol.as_str(), out, e.clone().into())),
            ControlAction::CreditAccount(e) if e.amount <= Amount::ZERO => {
                Err(Refused::new(AdminRefusal::WrongState, "a credit is above zero"))
            }
            ControlAction::CreditAccount(e) => Ok(one(e.account.as_str(), out, e.clone().into())),
            ControlAction::SetSession(e) => {
                let version = self.next_version(e.comp_id);
                self.sessions.entry(e.comp_id).or_default().settings = Some(e.settings.clone());
                Ok(session(e.comp_id, version, SessionSet { version, ..e.clone() }.into(), out))
            }
            ControlAction::SuspendSession(e) => {
                let version = self.next_version(e.comp_id);
                Ok(session(e.comp_id, version, SessionSuspended { version, ..e.clone() }.into(), out))
            }
            ControlAction::SetSessionNumbers(e) => {
                let version = self.next_version(e.comp_id);
                Ok(session(e.comp_id, version, SessionNumbersSet { version, ..e.clone() }.into(), out))
            }
            ControlAction::SetSwitch(e) => {
                Ok(one(&about(e.scope.key()), out, RiskSwitchSet { command: waiting, ..e.clone() }.into()))
            }
            ControlAction::ProposeLimits(e) => Ok(one(
                &about(e.change.as_str()),
                out,
                LimitsChangeProposed { command: waiting, ..e.clone() }.into(),
            )),
            ControlAction::DecideLimits(e) => Ok(one(
                &about(e.change.as_str()),
                out,
                LimitsChangeDecided { command: waiting, ..e.clone() }.into(),
            )),
            ControlAction::ProposeLocate(e) => Ok(one(
                &about(e.locate.as_str()),
                out,
                LocateProposed { command: waiting, ..e.clone() }.into(),
            )),
            ControlAction::DecideLocate(e) => Ok(one(
                &about(e.locate.as_str()),
                out,
                LocateDecided { command: waiting, ..e.clone() }.into(),
            )),
            ControlAction::ReleaseLocate(e) => Ok(one(
                &about(e.locate.as_str()),
                out,
                LocateReleaseRequested { command: waiting, ..e.clone() }.into(),
            )),
            ControlAction::ResetBreaker(e) => Ok(one(
                &about(e.account.as_str()),
                out,
                RepeatBreakerReset { command: waiting, ..e.clone() }.into(),
            )),
            // The answer follows in `accounts` under the command's name.
            ControlAction::Money(e) => {
                let instructed = MoneyInstructed {
                    command: command.id,
                    firm: e.firm,
                    action: e.action.clone(),
                    rules: command.rules,
                };
                Ok(one(command.id.as_str(), out, instructed.into()))
            }
            // Likewise, under the request's number; but for orders that wait.
            ControlAction::Order(e) => self.order(command, e, out),
            ControlAction::Loan(e) => {
                // What makes a loan or is about a product has no loan's version.
                let version = command.expected_version.filter(|_| e.action.loan().is_some());
                let (id, action) = (command.id, e.action.clone());
                let instructed =
                    LoanInstructed { command: id, firm: e.firm, action, version, rules: command.rules };
                Ok(one(command.id.as_str(), out, instructed.into()))
            }
            ControlAction::SetFeeSchedule(e) => {
                self.fees_version += 1;
                let version = self.fees_version;
                let set = FeeScheduleSet { version, ..e.clone() };
                out.emit(Topic::Accounts, set.into());
                let scope = [e.firm.map(|firm| firm.to_string()), e.symbol.map(|symbol| symbol.to_string())];
                let [firm, symbol] = scope.map(|part| part.unwrap_or_else(|| "all".to_owned()));
                Ok((format!("{firm}-{symbol}"), version))
            }
            ControlAction::SetBalanceInterest(e) => {
                self.interest_version += 1;
                let version = self.interest_version;
                out.emit(Topic::Accounts, BalanceInterestSet { version, ..e.clone() }.into());
                Ok((e.asset.to_string(), version))
            }
            ControlAction::SetConversionRate(e) => {
                Ok(one(&format!("{}-{}", e.from, e.to), out, e.clone().into()))
            }
            ControlAction::AmendTrade(_) => {
                Err(Refused::new(AdminRefusal::WrongState, "a trade is amended when a second person agrees"))
            }
        }
    }

    /// What risk is asked, as the gateway would ask it for a counterparty; orders that wait are kept here.
    fn order(&mut self, command: &Command, e: &OrderWanted, out: &mut Outbox) -> Result<Changed, Refused> {
        let (transact_time, poss_resend, defect, tell_pending) = (e.asked, false, None, false);
        let seq = self.order_requests + 1;
        let request = RequestId { session: SessionId::of_api(&e.firm), epoch: API_EPOCH, seq };
        let place =
            |terms| OrderRequested { request, terms, transact_time, poss_resend, defect: None, tell_pending };
        let event: Event = match &e.action {
            OrderAction::Stage { terms } => {
                return self.staged.stage(command, e, terms).map(|id| (id.to_string(), 1));
            }
            OrderAction::Discard { staged } => {
                return self.staged.take(e.firm, staged, e.asked).map(|staged| (staged.id.to_string(), 2));
            }
            OrderAction::Release { staged } => place(self.staged.take(e.firm, staged, e.asked)?.terms).into(),
            OrderAction::Place { terms } => place((**terms).clone()).into(),
            OrderAction::Replace { order_id, orig_cl_ord_id, terms } => ReplaceRequested {
                request,
                orig_cl_ord_id: *orig_cl_ord_id,
                order_id: Some(*order_id),
                account_given: false,
                tif_given: false,
                orig_ord_mod_time: None,
                terms: (**terms).clone(),
                poss_resend,
                defect,
                tell_pending,
                may_chain: false,
                keeps_carried: true,
            }
            .into(),
            OrderAction::Cancel { order_id, cl_ord_id } => {
                let (order_id, cl_ord_id) = (*order_id, *cl_ord_id);
                OrderCancelInstructed { request, firm: e.firm, order_id, cl_ord_id }.into()
            }
        };
        self.order_requests = seq;
        Ok(one(&seq.to_string(), out, event))
    }

    fn next_version(&mut self, comp_id: CompId) -> u64 {
        let standing = self.sessions.entry(comp_id).or_default();
        standing.version += 1;
        standing.version
    }
}

/// What the market is asked when a second person agrees, who gives the sides of the trade as they stand then. It answers under
/// the name of the command that wished it.
pub(crate) fn amend_trade(
    command: CommandId,
    e: &TradeWanted,
    sides: Option<&[TradeSide; 2]>,
    out: &mut Outbox,
) -> Result<(), Refused> {
    let &TradeWanted { symbol, trade, price, ref reason, .. } = e;
    let is_its = |side: &TradeSide| side.terms.symbol == symbol && side.fill.trade == trade;
    let Some(sides) = sides.filter(|sides| sides.iter().all(is_its)) else {
        return Err(Refused::new(AdminRefusal::WrongState, "the trade was not read when it was approved"));
    };
    let (sides, reason, command) = (Box::new(sides.clone()), reason.clone(), Some(command));
    let asked: Event = match price {
        None => TradeBustRequested { symbol, trade, sides, reason, command }.into(),
        Some(price) => TradeCorrectionRequested { symbol, trade, sides, price, reason, command }.into(),
    };
    out.emit(Topic::Markets, asked);
    Ok(())
}

fn session_of(action: &ControlAction) -> Option<CompId> {
    match action {
        ControlAction::SetSession(e) => Some(e.comp_id),
        ControlAction::SuspendSession(e) => Some(e.comp_id),
        ControlAction::SetSessionNumbers(e) => Some(e.comp_id),
        _ => None,
    }
}

/// The gateway reads it where it is decided.
fn session(comp_id: CompId, version: u64, event: Event, out: &mut Outbox) -> Changed {
    out.emit(Topic::Admin, event);
    (comp_id.to_string(), version)
}

fn one(subject: &str, out: &mut Outbox, event: Event) -> Changed {
    out.emit(Topic::Accounts, event);
    (subject.to_owned(), 1)
}
