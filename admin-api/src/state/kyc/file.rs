//! One identity file. It never changes once handed in; what reviewers and lists say about it is beside it.

use super::{DAY_NS, KycStanding, VALID_DAYS};
use crate::state::{Changed, Refused};
use assay_trading_types::{
    AdminRefusal, KycFileId, KycRejection, KycRisk, KycSubmission, KycVerdict, Screening, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

/// Words of providers on one file; more is noise.
const ADVICE_MAX: usize = 100;

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KycFileStatus {
    /// A reviewer has it.
    Pending,
    /// A reviewer wants another one.
    MoreNeeded,
    /// It proves who the client is.
    Approved,
    /// It does not.
    Rejected,
    /// It did until it ran out.
    Expired,
    /// A newer one took its place.
    Superseded,
    /// Its key is to be destroyed.
    Erasing,
    /// Its key is destroyed.
    Erased,
}

/// A provider's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// The provider's id of the message.
    pub event: String,
    /// The word.
    pub verdict: KycVerdict,
    /// The provider's reference.
    pub reference: String,
    /// When.
    pub at: Timestamp,
}

/// An identity file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KycFile {
    /// As handed in.
    pub submission: KycSubmission,
    /// By whom.
    pub by: UserId,
    /// When.
    pub submitted: Timestamp,
    /// Until when it can count.
    pub expires: Timestamp,
    /// How far it is.
    pub status: KycFileStatus,
    /// How much care it needs now.
    pub risk: KycRisk,
    /// Newest comparison with lists.
    pub screening: Screening,
    /// The provider that was asked, and when.
    pub asked: Option<(String, Timestamp)>,
    /// What providers said.
    pub advice: Vec<Advice>,
    /// Reviewer that has it.
    pub assigned: Option<UserId>,
    /// Who decided.
    pub reviewed_by: Option<UserId>,
    /// When.
    pub reviewed: Option<Timestamp>,
    /// Why it was turned down, as a code.
    pub code: Option<KycRejection>,
    /// Why it was turned down or what is missing; the client reads it.
    pub reason: Option<String>,
    /// The end has been told this many days before.
    pub noticed_days: Option<i64>,
    /// Grows with every change.
    pub version: u64,
}

impl KycFile {
    pub(super) fn new(submission: KycSubmission, by: UserId, at: Timestamp) -> Self {
        let end = at.plus_ns(VALID_DAYS * DAY_NS);
        Self {
            by,
            submitted: at,
            expires: submission.document_expires.map_or(end, |document| document.min(end)),
            status: KycFileStatus::Pending,
            risk: submission.risk,
            screening: submission.screening.clone(),
            asked: None,
            advice: Vec::new(),
            assigned: None,
            reviewed_by: None,
            reviewed: None,
            code: None,
            reason: None,
            noticed_days: None,
            version: 1,
            submission,
        }
    }

    /// What it means for its subject, being the newest one.
    pub fn standing(&self, at: Timestamp) -> KycStanding {
        match self.status {
            KycFileStatus::Pending => KycStanding::Pending,
            KycFileStatus::MoreNeeded => KycStanding::MoreNeeded,
            KycFileStatus::Approved if at < self.expires => KycStanding::Approved,
            KycFileStatus::Rejected => KycStanding::Rejected,
            KycFileStatus::Approved
            | KycFileStatus::Expired
            | KycFileStatus::Superseded
            | KycFileStatus::Erasing
            | KycFileStatus::Erased => KycStanding::NotSubmitted,
        }
    }

    /// Whether no other may be handed in beside it.
    pub(super) fn is_live(&self, at: Timestamp) -> bool {
        matches!(self.standing(at), KycStanding::Pending | KycStanding::Approved)
    }

    /// Whether its key may be destroyed: it counts for nothing, for so long that nobody may ask for it any more.
    pub(super) fn may_be_erased(&self, retention_days: u32, rules: u32, at: Timestamp) -> bool {
        let ended = match self.status {
            KycFileStatus::Rejected => self.reviewed,
            // It counted until then, whenever it was reviewed.
            KycFileStatus::Expired if rules >= 1 => Some(self.expires),
            KycFileStatus::Expired | KycFileStatus::Superseded | KycFileStatus::MoreNeeded => {
                Some(self.reviewed.unwrap_or(self.submitted).max(self.submitted))
            }
            _ => None,
        };
        ended.is_some_and(|ended| at.since_ns(ended) >= i64::from(retention_days) * DAY_NS)
    }

    /// Notes a comparison; whether it found what none had found before.
    pub(super) fn screened(&mut self, screening: &Screening) -> bool {
        let known = |entry: &str| self.screening.hits.iter().any(|hit| hit.entry == entry);
        let is_news = screening.hits.iter().any(|hit| !known(&hit.entry));
        if !screening.hits.is_empty() {
            self.risk = KycRisk::High;
        }
        self.screening = screening.clone();
        self.version += 1;
        is_news
    }

    /// Notes a provider's word; one that came before changes nothing. Whether it is a new one.
    pub(super) fn advised(&mut self, advice: Advice) -> Result<bool, Refused> {
        if self.advice.iter().any(|earlier| earlier.event == advice.event) {
            return Ok(false);
        }
        if self.advice.len() >= ADVICE_MAX {
            return Err(Refused::new(AdminRefusal::TooMany, "providers have said enough about it"));
        }
        if advice.verdict != KycVerdict::Clear {
            self.risk = KycRisk::High;
        }
        self.advice.push(advice);
        self.version += 1;
        Ok(true)
    }

    pub(super) fn review(
        &mut self,
        by: Option<UserId>,
        at: Timestamp,
        reason: Option<String>,
        code: Option<KycRejection>,
    ) {
        (self.reviewed_by, self.reviewed, self.reason, self.code) = (by, Some(at), reason, code);
    }

    /// The days before the end that are to be told now, once each.
    pub(super) fn notice_due(&self, at: Timestamp, days: &[i64]) -> Option<i64> {
        let due = days.iter().copied().find(|days| self.expires.since_ns(at) <= days * DAY_NS)?;
        self.noticed_days.is_none_or(|told| told > due).then_some(due)
    }

    pub(super) fn supersede(&mut self) {
        // What was turned down or ran out stays so, and is kept.
        if self.status == KycFileStatus::MoreNeeded {
            self.become_status(KycFileStatus::Superseded);
        }
    }

    /// Drops what was sealed: nobody can open it.
    pub(super) fn forget(&mut self) {
        self.submission.sealed.clear();
        self.submission.images.clear();
        self.submission.number_digest.clear();
    }

    pub(super) fn become_status(&mut self, status: KycFileStatus) -> Changed {
        self.status = status;
        self.changed()
    }

    pub(super) fn changed(&mut self) -> Changed {
        self.version += 1;
        self.unchanged()
    }

    pub(super) fn unchanged(&self) -> Changed {
        (self.id().to_string(), self.version)
    }

    /// Its id.
    pub fn id(&self) -> KycFileId {
        self.submission.file
    }
}
