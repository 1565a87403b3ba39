//! What users are told in the product itself, and the jobs that run by the clock: records of `admin`.

use crate::{Command, FirmId, NoticeId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A user is told something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeRaised {
    /// Its id.
    pub notice: NoticeId,
    /// Whom it is for.
    pub user: UserId,
    /// What it tells.
    pub kind: NoticeKind,
    /// What it is about, by id.
    pub about: String,
    /// In words, for the product alone: mail never carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// People are to be told of something that risk did or saw: a record of `admin`, where it is known who they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewsRaised {
    /// Whose news it is; none when it is the house's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firm: Option<FirmId>,
    /// What is told.
    pub kind: NoticeKind,
    /// What it is about: a movement's id, an account, a switch.
    pub about: String,
    /// In words, for the product alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What a notice tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// To reviewers: an identity file waits.
    KycSubmitted,
    /// Your identity is proven.
    KycApproved,
    /// Your identity file was turned down.
    KycRejected,
    /// Your identity file is not enough.
    KycMoreNeeded,
    /// Your identity must be proven again soon.
    KycExpiring,
    /// Your identity must be proven again.
    KycExpired,
    /// To reviewers: a list names somebody who had been approved or waits.
    KycListed,
    /// To reviewers: a provider doubts a file.
    KycDoubted,
    /// To those who may check it: a change waits for a second person.
    ProposalWaiting,
    /// To whoever proposed it: it was decided on.
    ProposalDecided,
    /// To operations: a job failed.
    JobFailed,
    /// Your webhook stopped, because it does not take what it is sent.
    WebhookStopped,
    /// To loan officers: an application waits.
    LoanApplied,
    /// Your firm's application was approved.
    LoanApproved,
    /// Your firm's application was rejected.
    LoanRejected,
    /// Your firm's loan was paid out.
    LoanDisbursed,
    /// Your firm's loan is paid back.
    LoanRepaid,
    /// An instalment of your firm's loan falls due soon.
    LoanDueSoon,
    /// An instalment of your firm's loan is late.
    LoanOverdue,
    /// A loan is in default; to loan officers too.
    LoanDefaulted,
    /// Your firm's loan was given up.
    LoanWrittenOff,
    /// Your firm's collateral is worth too little.
    CollateralMarginCall,
    /// Some of your firm's collateral was sold, or could not be.
    CollateralLiquidated,
    /// Your firm has collateral back.
    CollateralReleased,
    /// Your firm's deposit is in the books.
    DepositCompleted,
    /// Your firm's deposit was turned down or taken back.
    DepositFailed,
    /// To operations: a withdrawal waits for approval.
    WithdrawalWaiting,
    /// Your firm's withdrawal was approved.
    WithdrawalApproved,
    /// Your firm's withdrawal was handed over.
    WithdrawalSent,
    /// Your firm's withdrawal has arrived.
    WithdrawalCompleted,
    /// Your firm's withdrawal was turned down, taken back or failed; the money is free again.
    WithdrawalFailed,
    /// A limit of your firm is nearly used up; to risk too.
    LimitWarning,
    /// Repeated executions stopped an account of your firm; to risk too.
    BreakerTripped,
    /// Limits were changed on one person's word; to risk too.
    EmergencyLimits,
    /// The house paid what your firm lacked; to risk too.
    Shortfall,
    /// Trading of your firm was stopped, restricted or let go on; to risk too.
    SwitchSet,
    /// Mail to you comes back: there is no more of it until you switch it on again.
    MailStopped,
    /// A rule of yours fired, or to operators: something of the venue needs them.
    AlertFired,
    /// A critical alert that nobody looks after.
    AlertEscalated,
    /// The books do not come out; to operations and compliance.
    BooksBroken,
    /// A check found something that somebody must answer for; to compliance.
    ViolationFound,
    /// Collateral is to be sold and has no buyer, no price or no market that is open; to loan officers and risk too.
    CollateralUnsold,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 42] = [
        Self::KycSubmitted,
        Self::KycApproved,
        Self::KycRejected,
        Self::KycMoreNeeded,
        Self::KycExpiring,
        Self::KycExpired,
        Self::KycListed,
        Self::KycDoubted,
        Self::ProposalWaiting,
        Self::ProposalDecided,
        Self::JobFailed,
        Self::WebhookStopped,
        Self::LoanApplied,
        Self::LoanApproved,
        Self::LoanRejected,
        Self::LoanDisbursed,
        Self::LoanRepaid,
        Self::LoanDueSoon,
        Self::LoanOverdue,
        Self::LoanDefaulted,
        Self::LoanWrittenOff,
        Self::CollateralMarginCall,
        Self::CollateralLiquidated,
        Self::CollateralReleased,
        Self::DepositCompleted,
        Self::DepositFailed,
        Self::WithdrawalWaiting,
        Self::WithdrawalApproved,
        Self::WithdrawalSent,
        Self::WithdrawalCompleted,
        Self::WithdrawalFailed,
        Self::LimitWarning,
        Self::BreakerTripped,
        Self::EmergencyLimits,
        Self::Shortfall,
        Self::SwitchSet,
        Self::MailStopped,
        Self::AlertFired,
        Self::AlertEscalated,
        Self::BooksBroken,
        Self::ViolationFound,
        Self::CollateralUnsold,
    ];
}

/// A command of a user on the own notices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticesRequested {
    /// Who asks.
    pub command: Command,
    /// For what.
    pub action: NoticesAction,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticesAction {
    /// One was read.
    MarkRead {
        /// Which.
        notice: NoticeId,
    },
    /// All were read.
    MarkAllRead,
    /// How the user wants to be told, by kind; kinds that are absent go out every way.
    SetChannels {
        /// All of them.
        channels: BTreeMap<NoticeKind, NoticeChannels>,
    },
}

/// How a kind of notice reaches a user. In the product it always stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeChannels {
    /// By e-mail too.
    pub email: bool,
}

impl Default for NoticeChannels {
    fn default() -> Self {
        Self { email: true }
    }
}

/// A job that runs by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Job {
    /// Identities that have run out count no more; those that soon will are told. Daily at 02:00 UTC.
    KycExpiry,
    /// Names of identity files are compared with the lists in force. Daily at 03:00 UTC.
    KycScreening,
    /// Spent and expired tokens and logins are forgotten. Every hour.
    TokenPurge,
    /// Reports of days, weeks, months and quarters that are over are delivered. Daily at 00:30 UTC.
    ReportDelivery,
    /// The books are held against what they are made from. Daily at 04:00 UTC.
    Reconciliation,
    /// Books, holds, duties and limits are checked. Every five minutes.
    ComplianceCheck,
    /// The same, and the whole audit chain. Daily at 05:00 UTC.
    ComplianceReview,
}

impl Job {
    /// Every job.
    pub const ALL: [Self; 7] = [
        Self::KycExpiry,
        Self::KycScreening,
        Self::TokenPurge,
        Self::ReportDelivery,
        Self::Reconciliation,
        Self::ComplianceCheck,
        Self::ComplianceReview,
    ];
}

/// Somebody wants a job to run now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRequested {
    /// Who asks.
    pub command: Command,
    /// Which.
    pub job: Job,
}

/// A job began that a worker does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobStarted {
    /// Which.
    pub job: Job,
    /// Its run: the instant it was due.
    pub due: Timestamp,
}

/// A job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFinished {
    /// Which.
    pub job: Job,
    /// Its run: the instant it was due.
    pub due: Timestamp,
    /// Things it dealt with.
    pub count: u64,
    /// Why it failed, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
