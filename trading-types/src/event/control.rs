//! What staff ask of the trading side, and second persons' verdicts: commands of `admin`.

use crate::{AccountCredited, Command, FirmOpened, InstrumentListed, ProposalId, ReferencePriceSet};
use serde::{Deserialize, Serialize};

/// A command on firms, instruments, prices or opening money. Limits and switches have commands of their own, which risk decides on.
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
}

impl ControlRequested {
    /// The firm or symbol it is about, the record's key.
    pub fn entity(&self) -> &str {
        match &self.action {
            ControlAction::OpenFirm(e) | ControlAction::TakeOnFirm(e) => e.firm.as_str(),
            ControlAction::ListInstrument(e) => e.symbol.as_str(),
            ControlAction::SetReferencePrice(e) => e.symbol.as_str(),
            ControlAction::CreditAccount(e) => e.firm.as_str(),
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
