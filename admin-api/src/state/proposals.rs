//! What waits for a second person. The maker is never the checker: here, not in a form.

use super::{Changed, Refused};
use assay_trading_types::{
    AdminRefusal, Command, ControlAction, IdentityAction, KycAction, ProposalId, Timestamp, TradeWanted,
    UserId, UserRole, Verdict, VerdictRequested,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Most proposals open at a time: more than any office decides on in a day.
pub(super) const OPEN_MAX: usize = 10_000;

/// What nobody decides on lapses after thirty days: whoever agreed later would agree to what others have forgotten.
const WAITING_MAX_NS: i64 = 30 * 86_400 * 1_000_000_000;

/// What lapses with one tick; the rest follows with the next. Each is told in several ways, and an input's outputs are
/// numbered in 16 bits.
const LAPSED_PER_TICK_MAX: usize = 1_000;

/// The first rules under which they do ([`Command::RULES`]).
const LAPSING_RULES: u32 = 2;

/// What is wished.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// On users.
    Identity(Box<IdentityAction>),
    /// On the trading side.
    Control(Box<ControlAction>),
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

    /// The trade that is to be amended, if that is what is wished.
    pub(crate) fn trade(&self) -> Option<&TradeWanted> {
        match self {
            Self::Control(action) => match &**action {
                ControlAction::AmendTrade(trade) => Some(trade),
                _ => None,
            },
            _ => None,
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
    /// Nobody decided within thirty days.
    Lapsed,
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
    /// Those that may lapse, the oldest first; some of them may be decided.
    waiting: VecDeque<ProposalId>,
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
        if command.rules >= LAPSING_RULES {
            self.waiting.push_back(id);
        }
        Ok(id)
    }

    /// Closes what nobody has decided on for too long. Those are returned.
    pub(crate) fn lapse(&mut self, now: Timestamp) -> Vec<&Proposal> {
        let mut lapsed = Vec::new();
        while let Some(id) = self.waiting.front().copied().filter(|_| lapsed.len() < LAPSED_PER_TICK_MAX) {
            let proposal = self.by_id.get_mut(&id).expect("proposals are kept");
            if proposal.status == ProposalStatus::Open {
                if now.since_ns(proposal.at) < WAITING_MAX_NS {
                    break;
                }
                (proposal.status, proposal.decided_at) = (ProposalStatus::Lapsed, Some(now));
                proposal.version += 1;
                self.open -= 1;
                lapsed.push(id);
            }
            self.waiting.pop_front();
        }
        lapsed.iter().map(|id| &self.by_id[id]).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use assay_trading_types::{CommandId, KycFileId};

    const DAY_S: i64 = 86_400;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ns(s * 1_000_000_000)
    }

    fn command(n: u32, rules: u32) -> Command {
        let id = CommandId::new(&format!("cmd_{n:032x}")).unwrap();
        let by = Some(UserId::new(&format!("usr_{n:032x}")).unwrap());
        Command { by, rules, ..Command::new(id, "test") }
    }

    fn statuses(proposals: &Proposals) -> Vec<ProposalStatus> {
        proposals.iter().map(|proposal| proposal.status).collect()
    }

    #[test]
    fn what_nobody_decides_on_lapses_after_thirty_days() {
        use ProposalStatus::{Lapsed, Open, Withdrawn};
        let mut proposals = Proposals::default();
        let erase = || {
            Wanted::Kyc(Box::new(KycAction::Approve {
                file: KycFileId::new(&format!("kyc_{:032x}", 1)).unwrap(),
                reason: String::new(),
            }))
        };
        proposals.propose(&command(1, 1), erase(), at(0)).unwrap();
        let second = proposals.propose(&command(2, 2), erase(), at(0)).unwrap();
        let third = proposals.propose(&command(3, 2), erase(), at(1)).unwrap();
        proposals.propose(&command(4, 2), erase(), at(DAY_S)).unwrap();
        let by = UserId::new(&format!("usr_{:032x}", 3)).unwrap();
        let (verdict, reason) = (Verdict::Withdraw, "typo".to_owned());
        let sides = None;
        let withdrawn = VerdictRequested { command: command(3, 2), proposal: third, verdict, reason, sides };
        proposals.close(&withdrawn, by, at(2));
        assert!(proposals.lapse(at(30 * DAY_S - 1)).is_empty());
        let lapsed: Vec<ProposalId> = proposals.lapse(at(30 * DAY_S)).iter().map(|p| p.id).collect();
        assert_eq!(lapsed, [second]);
        assert_eq!(statuses(&proposals), [Open, Lapsed, Withdrawn, Open], "the first is of older rules");
        let late = VerdictRequested { verdict: Verdict::Approve, proposal: second, ..withdrawn };
        assert_eq!(proposals.judged(&late, by).unwrap_err().refusal, AdminRefusal::WrongState);
        assert_eq!(proposals.open, 2);
        assert!(proposals.lapse(at(30 * DAY_S)).is_empty(), "told once");
    }
}
