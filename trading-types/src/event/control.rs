//! What staff ask of the trading side, and second persons' verdicts: commands of `admin`.

use crate::{
    AccountCredited, BalanceInterestSet, ClOrdId, Command, ConversionRateSet, ExecId, FeeScheduleSet, FirmId,
    FirmOpened, InstrumentListed, LimitsChangeDecided, LimitsChangeProposed, LoanAction, LocateDecided,
    LocateProposed, LocateReleaseRequested, MoneyAction, OrderId, OrderTerms, Price, ProposalId,
    ReferencePriceSet, RepeatBreakerReset, RiskSwitchSet, SessionNumbersSet, SessionSet, SessionSuspended,
    StagedOrderId, Symbol, Timestamp, TradeSide,
};
use serde::{Deserialize, Serialize};

/// A command on firms, instruments, prices, opening money, limits, switches or FIX sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlRequested {
    /// Who asks.
    pub command: Command,
    /// For what.
    pub action: ControlAction,
}

/// What is asked. Its effect is the event it holds, written to the topics of that kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlAction {
    /// A firm and its accounts, or other terms of one. Takes two persons.
    OpenFirm(FirmOpened),
    /// A firm that is new to the venue: as `OpenFirm`, and it trades once its identity is proven. Takes two persons.
    TakeOnFirm(FirmOpened),
    /// An instrument, or other terms of one. Takes two persons.
    ListInstrument(InstrumentListed),
    /// A reference price.
    SetReferencePrice(ReferencePriceSet),
    /// Money or a position for an account. Takes two persons.
    CreditAccount(AccountCredited),
    /// A FIX session, or other settings of one. Takes two persons.
    SetSession(SessionSet),
    /// A FIX session may log on no more; or again, which takes two persons.
    SuspendSession(SessionSuspended),
    /// Other sequence numbers of a FIX session. Takes two persons.
    SetSessionNumbers(SessionNumbersSet),
    /// A switch; risk sees to it that a milder one takes somebody else.
    SetSwitch(RiskSwitchSet),
    /// Other limits; risk sees to it that somebody else decides.
    ProposeLimits(LimitsChangeProposed),
    /// A word on other limits.
    DecideLimits(LimitsChangeDecided),
    /// Located shares for short sales; risk sees to it that somebody else decides.
    ProposeLocate(LocateProposed),
    /// A word on located shares.
    DecideLocate(LocateDecided),
    /// Located shares are given back.
    ReleaseLocate(LocateReleaseRequested),
    /// A breaker that repeated executions opened is closed.
    ResetBreaker(RepeatBreakerReset),
    /// Money of a firm; risk, which holds the books, decides, and sees to it that two persons take part where it takes two.
    Money(MoneyWanted),
    /// A conversion rate.
    SetConversionRate(ConversionRateSet),
    /// What trades cost. Takes two persons.
    SetFeeSchedule(FeeScheduleSet),
    /// What the house pays on balances. Takes two persons.
    SetBalanceInterest(BalanceInterestSet),
    /// An order of a firm, or a word on one; risk decides.
    Order(OrderWanted),
    /// A loan or a loan product; risk decides, and sees to it that two persons take part where it takes two.
    Loan(LoanWanted),
    /// A trade is undone or has another price; the market decides once a second person agrees. Takes two persons.
    AmendTrade(TradeWanted),
}

/// What is wanted of a trade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeWanted {
    /// The report of one side's fill, by which it was named.
    pub exec_id: ExecId,
    /// Symbol(55).
    pub symbol: Symbol,
    /// Number of the trade in its market.
    pub trade: u64,
    /// The price that it is to have; none to undo it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// Why, for the record.
    pub reason: String,
}

/// What is wanted of a firm's money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyWanted {
    /// Whose money.
    pub firm: FirmId,
    /// What.
    pub action: MoneyAction,
}

/// What is wanted of a firm's orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderWanted {
    /// Whose order.
    pub firm: FirmId,
    /// When it was asked, TransactTime(60).
    pub asked: Timestamp,
    /// What.
    pub action: OrderAction,
}

/// What is wanted of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderAction {
    /// A new one.
    Place {
        /// Its terms, of the firm's session of the API.
        terms: Box<OrderTerms>,
    },
    /// Other terms for one that was entered over the API.
    Replace {
        /// Which.
        order_id: OrderId,
        /// Its ClOrdID(11) until now.
        orig_cl_ord_id: ClOrdId,
        /// The new terms, with an id of their own; TimeInForce(59) stays.
        terms: Box<OrderTerms>,
    },
    /// An end to one, whichever session entered it.
    Cancel {
        /// Which.
        order_id: OrderId,
        /// The request's own id.
        cl_ord_id: ClOrdId,
    },
    /// A new one that waits to be released; nothing is checked or held for it.
    Stage {
        /// Its terms, of the firm's session of the API.
        terms: Box<OrderTerms>,
    },
    /// One that waits is placed.
    Release {
        /// Which.
        staged: StagedOrderId,
    },
    /// One that waits is given up.
    Discard {
        /// Which.
        staged: StagedOrderId,
    },
}

/// What is wanted of a loan or a loan product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanWanted {
    /// The client whose loan it is; none for products.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firm: Option<FirmId>,
    /// What.
    pub action: LoanAction,
}

impl ControlRequested {
    /// The firm or symbol it is about, the record's key.
    pub fn entity(&self) -> &str {
        match &self.action {
            ControlAction::OpenFirm(e) | ControlAction::TakeOnFirm(e) => e.firm.as_str(),
            ControlAction::ListInstrument(e) => e.symbol.as_str(),
            ControlAction::SetReferencePrice(e) => e.symbol.as_str(),
            ControlAction::CreditAccount(e) => e.firm.as_str(),
            ControlAction::SetSession(e) => e.comp_id.as_str(),
            ControlAction::SuspendSession(e) => e.comp_id.as_str(),
            ControlAction::SetSessionNumbers(e) => e.comp_id.as_str(),
            ControlAction::SetSwitch(e) => e.scope.key(),
            ControlAction::ProposeLimits(e) => e.scope.key(),
            ControlAction::DecideLimits(e) => e.change.as_str(),
            ControlAction::ProposeLocate(e) => e.firm.as_str(),
            ControlAction::DecideLocate(e) => e.locate.as_str(),
            ControlAction::ReleaseLocate(e) => e.locate.as_str(),
            ControlAction::ResetBreaker(e) => e.firm.as_str(),
            ControlAction::Money(e) => e.firm.as_str(),
            ControlAction::SetConversionRate(e) => e.from.as_str(),
            ControlAction::SetBalanceInterest(e) => e.asset.as_str(),
            ControlAction::SetFeeSchedule(e) => e.firm.as_ref().map_or("all", FirmId::as_str),
            ControlAction::Order(e) => e.firm.as_str(),
            ControlAction::Loan(e) => e.firm.as_ref().map_or("house", FirmId::as_str),
            ControlAction::AmendTrade(e) => e.symbol.as_str(),
        }
    }
}

/// A second person's word on a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictRequested {
    /// Who asks.
    pub command: Command,
    /// On what.
    pub proposal: ProposalId,
    /// The word.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// Both sides of the trade that it is about, the buyer first, as they stand when it is approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sides: Option<Box<[TradeSide; 2]>>,
}

/// What is said on a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Do it. Never by whoever proposed it.
    Approve,
    /// Do not. Never by whoever proposed it.
    Reject,
    /// Forget it. Only by whoever proposed it.
    Withdraw,
}
