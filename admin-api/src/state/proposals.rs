//! What waits for a second person. The maker is never the checker: here, not in a form.

use super::{Changed, Refused};
use assay_trading_types::{
    AdminRefusal, Command, ControlAction, IdentityAction, KycAction, ProposalId, Timestamp, UserId, UserRole,
    Verdict, VerdictRequested,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most proposals open at a time: more than any office decides on in a day.
pub(super) const OPEN_MAX: usize = 10_000;

/// What is wished.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// On users.
    Identity(Box<IdentityAction>),
    /// On the trading side.
    Control(ControlAction),
    /// On identity files.
    Kyc(Box<KycAction>),
}

impl Wanted {
    /// Whose work it is to check it.
    pub(crate) fn checked_by(&self) -> UserRole {
        match self {
            Self::Identity(_) => UserRole::Admin,
            Self::Control(_) => UserRole::Operations,
            Self::Kyc(action) if matches!(**action, KycAction::Erase { .. }) => UserRole::Compliance,
            Self::Kyc(_) => UserRole::KycReviewer,
        }
    }
}

/// How far a proposal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProposalStatus {
    /// Waits.
    Open,
    /// Has effect.
    Approved,
    /// Has none.
    Rejected,
    /// Taken back by whoever proposed it.
    Withdrawn,
}

/// A change that one person wished.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its id.
    pub id: ProposalId,
    /// Who wished it, and with which If-Match.
    pub command: Command,
    /// What.
    pub wanted: Wanted,
    /// When.
    pub at: Timestamp,
    /// How far it is.
    pub status: ProposalStatus,
    /// Who decided.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
    /// Grows with every change.
    pub version: u64,
}

/// All proposals, by id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Proposals {
    by_id: BTreeMap<ProposalId, Proposal>,
    open: usize,
}

impl Proposals {
    /// One of them.
    pub fn get(&self, id: &ProposalId) -> Option<&Proposal> {
        self.by_id.get(id)
    }

    /// All, by id, which is by time.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Proposal> {
        self.by_id.values()
    }

    pub(crate) fn propose(
        &mut self,
        command: &Command,
        wanted: Wanted,
        at: Timestamp,
    ) -> Result<ProposalId, Refused> {
        if self.open >= OPEN_MAX {
            return Err(Refused::new(AdminRefusal::TooMany, "too many proposals wait already"));
        }
        let id = proposal_of(command);
        let proposal = Proposal {
            id,
            command: command.clone(),
            wanted,
            at,
            status: ProposalStatus::Open,
            decided_by: None,
            decided_at: None,
            reason: None,
            version: 1,
        };
        self.by_id.insert(id, proposal);
        self.open += 1;
        Ok(id)
    }

    /// The proposal that `by` may say this word on.
    pub(crate) fn judged(&self, e: &VerdictRequested, by: UserId) -> Result<&Proposal, Refused> {
        let proposal = self.get(&e.proposal).ok_or_else(|| Refused::not_found("proposal"))?;
        super::refused::check_version(e.command.expected_version, proposal.version)?;
        let is_maker = proposal.command.by == Some(by);
        match e.verdict {
            Verdict::Approve | Verdict::Reject if is_maker => {
                Err(Refused::new(AdminRefusal::MakerIsChecker, "whoever proposed it may not decide on it"))
            }
            Verdict::Withdraw if !is_maker => Err(Refused::not_found("proposal of yours")),
            _ if proposal.status != ProposalStatus::Open => {
                Err(Refused::new(AdminRefusal::WrongState, "it has been decided already"))
            }
            _ => Ok(proposal),
        }
    }

    /// Closes what [`Proposals::judged`] let through.
    pub(crate) fn close(&mut self, e: &VerdictRequested, by: UserId, at: Timestamp) -> Changed {
        let proposal = self.by_id.get_mut(&e.proposal).expect("it was judged");
        assert_eq!(proposal.status, ProposalStatus::Open, "it was judged open");
        proposal.status = match e.verdict {
            Verdict::Approve => ProposalStatus::Approved,
            Verdict::Reject => ProposalStatus::Rejected,
            Verdict::Withdraw => ProposalStatus::Withdrawn,
        };
        proposal.decided_by = Some(by);
        proposal.decided_at = Some(at);
        proposal.reason = Some(e.reason.clone());
        proposal.version += 1;
        self.open -= 1;
        (proposal.id.to_string(), proposal.version)
    }
}

/// A proposal is named after the command that wished it.
fn proposal_of(command: &Command) -> ProposalId {
    let digits = command.id.as_str();
    let digits = digits.strip_prefix("cmd_").unwrap_or(digits);
    ProposalId::new(&format!("prp_{digits}")).expect("as long as the command's id")
}
