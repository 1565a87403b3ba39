//! Compliance: what automatic checks found, what people made of it, cases, and reports that an officer certifies. Records of
//! `admin`.

use crate::{Amount, Asset, CaseId, Command, Job, ReportRunId, Timestamp, UserId, ViolationId};
use serde::{Deserialize, Serialize};

/// A command on violations, cases and certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComplianceRequested {
    /// Who asks.
    pub command: Command,
    /// For what.
    pub action: ComplianceAction,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComplianceAction {
    /// Somebody says something of a violation, looks after it, or is done with it.
    ChangeViolation {
        /// Which.
        violation: ViolationId,
        /// How it stands from here on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state: Option<ViolationState>,
        /// Who looks after it from here on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<UserId>,
        /// Why, in words.
        note: String,
    },
    /// Something is to be looked into.
    OpenCase {
        /// Its id.
        case: CaseId,
        /// What it is called.
        title: String,
        /// What it is about.
        links: Vec<CaseLink>,
        /// Whether its records must be kept however old they get.
        hold: bool,
    },
    /// More is known of it.
    NoteCase {
        /// Which.
        case: CaseId,
        /// In words.
        note: String,
        /// What it is about too.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        links: Vec<CaseLink>,
    },
    /// Its records must be kept, or no longer.
    HoldCase {
        /// Which.
        case: CaseId,
        /// Whether they must.
        hold: bool,
        /// Why.
        note: String,
    },
    /// It is over.
    CloseCase {
        /// Which.
        case: CaseId,
        /// What came of it.
        note: String,
    },
    /// An officer stands for what a report says.
    CertifyReport {
        /// Which making of it.
        run: ReportRunId,
        /// What the officer states.
        statement: String,
        /// What the books came to then; nothing in commands of rules before 3.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        books: Option<BooksProof>,
    },
}

/// The trial balance's totals at one position of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BooksProof {
    /// Everything below it is in them.
    pub position: u64,
    /// How many assets the books have.
    pub assets: u64,
    /// The first of them, those that do not balance before others.
    pub totals: Vec<AssetTotals>,
}

/// All that was posted of an asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetTotals {
    /// Currency or symbol.
    pub asset: Asset,
    /// Debits of all accounts.
    pub debits: Amount,
    /// Credits of all accounts; as much.
    pub credits: Amount,
}

impl ComplianceRequested {
    /// The violation, case or making of a report that it is about.
    pub fn subject(&self) -> &str {
        match &self.action {
            ComplianceAction::ChangeViolation { violation, .. } => violation.as_str(),
            ComplianceAction::OpenCase { case, .. }
            | ComplianceAction::NoteCase { case, .. }
            | ComplianceAction::HoldCase { case, .. }
            | ComplianceAction::CloseCase { case, .. } => case.as_str(),
            ComplianceAction::CertifyReport { run, .. } => run.as_str(),
        }
    }
}

/// How a violation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViolationState {
    /// Nobody is done with it.
    Open,
    /// It is as it should be, for a reason that stands in a note.
    Explained,
    /// What was wrong was put right.
    Remediated,
}

/// Something that a case is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CaseLink {
    /// What `id` names.
    pub kind: CaseLinkKind,
    /// Of that kind.
    pub id: String,
    /// Only what happened from here on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Only what happened before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
}

/// What a case can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseLinkKind {
    /// An order, by OrderID(37) or a ClOrdID(11).
    Order,
    /// A FIX session, `CLIENT1/ASSAY`.
    Session,
    /// A firm.
    Firm,
    /// Whoever caused records: `user:usr_...`, `session:CLIENT1/ASSAY`. Within a span of time.
    Actor,
    /// One request and all that followed from it, 32 hex digits. Within a span of time.
    Correlation,
    /// What records are about: a firm, a session, an instrument, a user, a movement. Within a span of time.
    Entity,
}

/// What the daily and the frequent checks found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComplianceChecked {
    /// `compliance_check` or `compliance_review`.
    pub job: Job,
    /// The run: the instant it was due.
    pub due: Timestamp,
    /// Everything below this position of the log was looked at.
    pub position: u64,
    /// What was checked.
    pub checks: Vec<RuleChecked>,
}

/// What a rule's check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleChecked {
    /// The rule.
    pub rule: ComplianceRule,
    /// Accounts, holds, records, users or firms that were looked at.
    pub examined: u64,
    /// Why it could not be checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How many findings there are.
    pub findings_total: u64,
    /// The first of them, in order of what they are about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// Something that is not as a rule says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// What it is about: an account, a hold, a record, a user, a firm. One violation stands for as long as it is found.
    pub about: String,
    /// In words.
    pub detail: String,
}

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComplianceRule {
    /// Debits are credits, clearing holds nothing, trades and movements are in the books as they were decided.
    BooksBalance,
    /// Every hold belongs to something open.
    HoldsHaveOwners,
    /// The hash chain of the audit store is whole and its seals are good.
    ChainIntact,
    /// Nobody's roles together control a whole financial process.
    DutiesSegregated,
    /// Every firm has limits.
    LimitsSet,
}
