//! Identity files: one live file for each user or firm, decided by others than its owner, and what follows for trading.

mod file;
mod standing;

pub use file::{Advice, KycFile, KycFileStatus};
pub use standing::KycStanding;

use super::refused::check_version;
use super::{Changed, Identity, Refused};
use crate::state::notices::Telling;
use assay_trading_types::{
    AdminRefusal, Command, Event, FirmId, FirmKycSet, KycAction, KycFileId, KycRisk, KycStatus, KycSubject,
    KycSubmission, KycVerdict, NoticeKind, Outbox, Timestamp, Topic, UserId, UserRole,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long a submission counts (kyc.md, rule 2).
pub(crate) const VALID_DAYS: i64 = 730;

/// Files that a user may hand in within a day (kyc.md, limits).
pub(crate) const SUBMISSIONS_PER_DAY: usize = 5;

/// Days before the end on which the owner is told (kyc.md, events), the last first.
const NOTICE_DAYS: [i64; 2] = [7, 30];

pub(crate) const DAY_NS: i64 = 86_400_000_000_000;

/// All identity files, and the standing of those whose they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Kyc {
    files: BTreeMap<KycFileId, KycFile>,
    /// The newest file of each subject.
    #[serde(with = "subjects")]
    newest: BTreeMap<KycSubject, KycFileId>,
}

impl Kyc {
    /// One of the files.
    pub fn file(&self, id: &KycFileId) -> Option<&KycFile> {
        self.files.get(id)
    }

    /// All files, by id, which is by time.
    pub fn files(&self) -> impl DoubleEndedIterator<Item = &KycFile> {
        self.files.values()
    }

    /// The newest file of a subject.
    pub fn newest(&self, subject: &KycSubject) -> Option<&KycFile> {
        self.newest.get(subject).and_then(|id| self.files.get(id))
    }

    /// How far the proof of a subject is at `at`: the one derived truth.
    pub fn standing(&self, subject: &KycSubject, at: Timestamp) -> KycStanding {
        self.newest(subject).map_or(KycStanding::NotSubmitted, |file| file.standing(at))
    }

    /// Other files with the same document.
    pub fn duplicates<'a>(&'a self, file: &'a KycFile) -> impl Iterator<Item = &'a KycFile> {
        let is_other = |other: &&KycFile| {
            other.submission.number_digest == file.submission.number_digest
                && other.submission.subject != file.submission.subject
        };
        self.files.values().filter(is_other)
    }

    /// Files whose key is to be destroyed.
    pub fn erasing(&self) -> impl Iterator<Item = &KycFile> {
        self.files.values().filter(|file| file.status == KycFileStatus::Erasing)
    }

    /// Whether an action takes two persons.
    pub(crate) fn takes_two(&self, action: &KycAction) -> bool {
        match action {
            KycAction::Approve { file, .. } => self.file(file).is_some_and(|f| f.risk == KycRisk::High),
            KycAction::Erase { .. } => true,
            _ => false,
        }
    }

    /// What must hold before an action waits for a second person, and again for that person.
    pub(crate) fn may_decide(
        &self,
        identity: &Identity,
        by: Option<UserId>,
        action: &KycAction,
        at: Timestamp,
    ) -> Result<(), Refused> {
        match action {
            KycAction::Approve { file, .. } => self.pending(identity, by, file).map(drop),
            KycAction::Erase { file, retention_days, .. } => {
                let file = self.found(file)?;
                match file.may_be_erased(*retention_days, identity.rules(), at) {
                    true => Ok(()),
                    false => Err(wrong_state("it counts, or must still be kept")),
                }
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn perform(
        &mut self,
        identity: &Identity,
        command: &Command,
        action: &KycAction,
        at: Timestamp,
        out: &mut Outbox,
    ) -> Result<(Changed, Vec<Telling>), Refused> {
        use KycAction as A;
        match action {
            A::Submit(submission) => self.submit(identity, command, submission, at),
            A::Assign { file, reviewer } => self.assign(identity, command, file, *reviewer),
            A::RequestMore { file, reason } => self.request_more(identity, command, file, reason, at),
            A::Approve { file, reason } => self.approve(identity, command, file, reason, at, out),
            A::Reject { file, .. } => {
                in_hand(self.pending(identity, command.by, file)?, command.by)?;
                self.turn_down(command, action, at, out)
            }
            A::Revoke { file, .. } => {
                let found = self.found(file)?;
                not_ones_own(identity, command.by, found)?;
                if found.status != KycFileStatus::Approved {
                    return Err(wrong_state("it is not approved"));
                }
                self.turn_down(command, action, at, out)
            }
            A::NoteView { file, .. } => self.found(file).map(|file| (file.unchanged(), Vec::new())),
            A::NoteScreening { file, screening } => {
                let found = self.found_mut(file)?;
                let is_news = found.screened(screening);
                let told = is_news.then(|| Telling::role(UserRole::KycReviewer, NoticeKind::KycListed, file));
                Ok((self.found(file)?.unchanged(), told.into_iter().collect()))
            }
            A::NoteAsked { file, provider } => {
                let found = self.found_mut(file)?;
                found.asked.get_or_insert_with(|| (provider.clone(), at));
                Ok((found.unchanged(), Vec::new()))
            }
            A::NoteAdvice { file, event, verdict, reference } => {
                let found = self.found_mut(file)?;
                let is_news = found.advised(Advice {
                    event: event.clone(),
                    verdict: *verdict,
                    reference: reference.clone(),
                    at,
                })?;
                let told = (is_news && *verdict != KycVerdict::Clear)
                    .then(|| Telling::role(UserRole::KycReviewer, NoticeKind::KycDoubted, file));
                Ok((self.found(file)?.unchanged(), told.into_iter().collect()))
            }
            A::Erase { file, .. } => {
                self.may_decide(identity, command.by, action, at)?;
                Ok((self.found_mut(file)?.become_status(KycFileStatus::Erasing), Vec::new()))
            }
            A::NoteErased { file } => {
                let found = self.found_mut(file)?;
                if found.status != KycFileStatus::Erasing {
                    return Err(wrong_state("nobody wished it"));
                }
                found.forget();
                Ok((found.become_status(KycFileStatus::Erased), Vec::new()))
            }
        }
    }

    fn submit(
        &mut self,
        identity: &Identity,
        command: &Command,
        submission: &KycSubmission,
        at: Timestamp,
    ) -> Result<(Changed, Vec<Telling>), Refused> {
        let by = command.by.ok_or_else(|| Refused::not_found("user"))?;
        may_prove(identity, by, &submission.subject)?;
        if self.files.contains_key(&submission.file) {
            return Err(Refused::new(AdminRefusal::Exists, "there is such a file"));
        }
        let live = self.newest(&submission.subject).filter(|file| file.is_live(at));
        if live.is_some() {
            return Err(wrong_state("a file is pending or approved already"));
        }
        let recent = |file: &&KycFile| file.by == by && at.since_ns(file.submitted) < DAY_NS;
        if self.files.values().rev().filter(recent).count() >= SUBMISSIONS_PER_DAY {
            return Err(Refused::new(AdminRefusal::TooMany, "five files within a day"));
        }
        // Decided: nothing below can fail.
        if let Some(before) = self.newest.insert(submission.subject, submission.file) {
            self.files.entry(before).and_modify(KycFile::supersede);
        }
        let file = KycFile::new(submission.clone(), by, at);
        let changed = file.unchanged();
        self.files.insert(submission.file, file);
        let told = Telling::role(UserRole::KycReviewer, NoticeKind::KycSubmitted, &submission.file);
        Ok((changed, vec![told]))
    }

    fn assign(
        &mut self,
        identity: &Identity,
        command: &Command,
        file: &KycFileId,
        reviewer: Option<UserId>,
    ) -> Result<(Changed, Vec<Telling>), Refused> {
        let found = self.found(file)?;
        check_version(command.expected_version, found.version)?;
        if found.status != KycFileStatus::Pending {
            return Err(wrong_state("it is not pending"));
        }
        if let Some(reviewer) = reviewer {
            let user = identity.user(&reviewer).filter(|user| user.active);
            let user = user.ok_or_else(|| Refused::not_found("user"))?;
            if !user.roles.contains(&UserRole::KycReviewer) {
                return Err(Refused::new(AdminRefusal::RoleMisfit, "it is no reviewer"));
            }
            not_ones_own(identity, Some(reviewer), found)?;
        }
        let found = self.found_mut(file)?;
        found.assigned = reviewer;
        Ok((found.changed(), Vec::new()))
    }

    fn request_more(
        &mut self,
        identity: &Identity,
        command: &Command,
        file: &KycFileId,
        reason: &str,
        at: Timestamp,
    ) -> Result<(Changed, Vec<Telling>), Refused> {
        let found = self.pending(identity, command.by, file)?;
        in_hand(found, command.by)?;
        check_version(command.expected_version, found.version)?;
        let told = Telling::user(found.by, NoticeKind::KycMoreNeeded, file).because(reason);
        let found = self.found_mut(file)?;
        found.review(command.by, at, Some(reason.to_owned()), None);
        Ok((found.become_status(KycFileStatus::MoreNeeded), vec![told]))
    }

    fn approve(
        &mut self,
        identity: &Identity,
        command: &Command,
        file: &KycFileId,
        reason: &str,
        at: Timestamp,
        out: &mut Outbox,
    ) -> Result<(Changed, Vec<Telling>), Refused> {
        let found = self.pending(identity, command.by, file)?;
        in_hand(found, command.by)?;
        check_version(command.expected_version, found.version)?;
        if at >= found.expires {
            return Err(wrong_state("it has run out meanwhile"));
        }
        let (subject, owner) = (found.submission.subject, found.by);
        let found = self.found_mut(file)?;
        found.review(command.by, at, None, None);
        let changed = found.become_status(KycFileStatus::Approved);
        gate(&subject, KycStatus::Verified, reason, out);
        Ok((changed, vec![Telling::user(owner, NoticeKind::KycApproved, file)]))
    }

    /// Rejects or revokes.
    fn turn_down(
        &mut self,
        command: &Command,
        action: &KycAction,
        at: Timestamp,
        out: &mut Outbox,
    ) -> Result<(Changed, Vec<Telling>), Refused> {
        let (KycAction::Reject { file, code, reason } | KycAction::Revoke { file, code, reason }) = action
        else {
            unreachable!("only these turn down")
        };
        let found = self.found_mut(file)?;
        check_version(command.expected_version, found.version)?;
        found.review(command.by, at, Some(reason.clone()), Some(*code));
        let (subject, owner) = (found.submission.subject, found.by);
        let changed = found.become_status(KycFileStatus::Rejected);
        if !self.is_proven_without(file, &subject, at) {
            gate(&subject, KycStatus::Rejected, reason, out);
        }
        Ok((changed, vec![Telling::user(owner, NoticeKind::KycRejected, file).because(reason)]))
    }

    /// The daily job: what has run out counts no more, and what will soon is said.
    pub(crate) fn expire(&mut self, at: Timestamp, out: &mut Outbox) -> Vec<Telling> {
        let mut told = Vec::new();
        let approved = |file: &&KycFile| file.status == KycFileStatus::Approved;
        let is_replaced = |file: &KycFile| self.is_proven_without(&file.id(), &file.submission.subject, at);
        let files = self.files.values().filter(approved).map(|file| (file.id(), is_replaced(file)));
        for (id, replaced) in files.collect::<Vec<_>>() {
            let Some(file) = self.files.get_mut(&id) else { continue };
            if replaced && at >= file.expires {
                // Its owner has renewed in time: nothing ends, and there is nothing to tell.
                file.become_status(KycFileStatus::Expired);
            } else if at >= file.expires {
                file.become_status(KycFileStatus::Expired);
                gate(&file.submission.subject, KycStatus::Expired, "submitted too long ago", out);
                told.push(Telling::user(file.by, NoticeKind::KycExpired, &file.submission.file));
            } else if let Some(days) = file.notice_due(at, &NOTICE_DAYS) {
                file.noticed_days = Some(days);
                let telling = Telling::user(file.by, NoticeKind::KycExpiring, &file.submission.file);
                told.push(telling.because(&format!("{days} days")));
            }
        }
        told
    }

    /// Whether a newer file proves the subject, so that it stays proven whatever becomes of `file`.
    fn is_proven_without(&self, file: &KycFileId, subject: &KycSubject, at: Timestamp) -> bool {
        let newest = self.newest(subject).filter(|newest| newest.id() != *file);
        newest.is_some_and(|newest| newest.standing(at) == KycStanding::Approved)
    }

    /// A firm that the venue takes on has proven nothing yet.
    pub(crate) fn take_on(&self, firm: FirmId, at: Timestamp, out: &mut Outbox) {
        let subject = KycSubject::Firm(firm);
        if self.standing(&subject, at) != KycStanding::Approved {
            gate(&subject, KycStatus::Pending, "not verified yet", out);
        }
    }

    /// A pending file that `by` may decide on.
    fn pending(
        &self,
        identity: &Identity,
        by: Option<UserId>,
        file: &KycFileId,
    ) -> Result<&KycFile, Refused> {
        let found = self.found(file)?;
        not_ones_own(identity, by, found)?;
        if found.status != KycFileStatus::Pending {
            return Err(wrong_state("it is not pending"));
        }
        Ok(found)
    }

    fn found(&self, file: &KycFileId) -> Result<&KycFile, Refused> {
        self.files.get(file).ok_or_else(|| Refused::not_found("file"))
    }

    fn found_mut(&mut self, file: &KycFileId) -> Result<&mut KycFile, Refused> {
        self.files.get_mut(file).ok_or_else(|| Refused::not_found("file"))
    }
}

/// Whose proof a user may hand in: the own, and as a firm's administrator that of the firm.
fn may_prove(identity: &Identity, by: UserId, subject: &KycSubject) -> Result<(), Refused> {
    let user = identity.user(&by).ok_or_else(|| Refused::not_found("user"))?;
    let may = match subject {
        KycSubject::User(user) => *user == by,
        KycSubject::Firm(firm) => user.firm == Some(*firm) && user.roles.contains(&UserRole::FirmAdmin),
    };
    if may { Ok(()) } else { Err(Refused::not_found("subject of yours")) }
}

/// Nobody decides on the own file, nor on that of somebody whom they referred or were referred by (kyc.md, rule 1).
fn not_ones_own(identity: &Identity, by: Option<UserId>, file: &KycFile) -> Result<(), Refused> {
    let referred = |of: &UserId| identity.user(of).and_then(|user| user.referred_by);
    let is_close = by
        .is_some_and(|by| by == file.by || referred(&file.by) == Some(by) || referred(&by) == Some(file.by));
    match is_close {
        true => {
            Err(Refused::new(AdminRefusal::OwnUser, "nobody decides on the own or a referred person's file"))
        }
        false => Ok(()),
    }
}

/// What one reviewer has taken no other decides on.
fn in_hand(file: &KycFile, by: Option<UserId>) -> Result<(), Refused> {
    match file.assigned.is_none_or(|reviewer| Some(reviewer) == by) {
        true => Ok(()),
        false => Err(wrong_state("another reviewer has it")),
    }
}

/// Tells risk, in whose hands trading is, at once.
fn gate(subject: &KycSubject, kyc: KycStatus, reason: &str, out: &mut Outbox) {
    if let KycSubject::Firm(firm) = subject {
        let set = FirmKycSet { firm: *firm, kyc, reason: reason.to_owned() };
        out.emit(Topic::Accounts, Event::from(set));
    }
}

fn wrong_state(detail: &str) -> Refused {
    Refused::new(AdminRefusal::WrongState, detail)
}

/// A list of pairs in JSON, whose keys are text.
mod subjects {
    use super::{KycFileId, KycSubject};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    type Newest = BTreeMap<KycSubject, KycFileId>;

    pub(super) fn serialize<S: Serializer>(newest: &Newest, serializer: S) -> Result<S::Ok, S::Error> {
        newest.iter().collect::<Vec<_>>().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Newest, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}
