//! What compliance answers for: violations that checks found, cases, and what officers certified.

use super::notices::Telling;
use super::refused::check_version;
use super::{Changed, Identity, Refused, ReportRuns};
use assay_trading_types::{
    AdminRefusal, BooksProof, CaseId, CaseLink, Command, ComplianceAction, ComplianceChecked, ComplianceRule,
    Finding, Job, NoticeKind, ReportRunId, RuleChecked, Timestamp, UserId, UserRole, ViolationId,
    ViolationState,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Violations that are kept; the oldest that somebody is done with go first, and beyond it there is no room for new ones.
const VIOLATIONS_MAX: usize = 10_000;

/// Cases that are kept; the oldest that are closed go first.
const CASES_MAX: usize = 10_000;

/// Notes of one case or violation.
const NOTES_MAX: usize = 1_000;

/// Things that one case is about.
pub(crate) const LINKS_MAX: usize = 50;

/// The first rules under which a certificate says what the books came to.
const PROVING_RULES: u32 = 3;

/// What somebody wrote down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Who; the node itself when nobody.
    pub by: Option<UserId>,
    /// When.
    pub at: Timestamp,
    /// In words.
    pub text: String,
}

/// A finding that somebody must answer for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Its id.
    pub id: ViolationId,
    /// What is not as this rule says.
    pub rule: ComplianceRule,
    /// What it was when it was last found.
    pub finding: Finding,
    /// How it stands.
    pub state: ViolationState,
    /// Whether the last check found it still.
    pub standing: bool,
    /// Who looks after it.
    pub owner: Option<UserId>,
    /// What was said of it.
    pub notes: Vec<Note>,
    /// When it was first found.
    pub first_seen: Timestamp,
    /// When it was last found.
    pub last_seen: Timestamp,
    /// Counts what people did to it.
    pub version: u64,
}

/// Something that is looked into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// What it is called.
    pub title: String,
    /// Who opened it.
    pub opened_by: Option<UserId>,
    /// When.
    pub opened: Timestamp,
    /// What it is about.
    pub links: BTreeSet<CaseLink>,
    /// What was found out.
    pub notes: Vec<Note>,
    /// Whether its records must be kept however old they get.
    pub hold: bool,
    /// Since when it is over.
    pub closed: Option<Timestamp>,
    /// Counts changes.
    pub version: u64,
}

/// An officer's word for a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Who.
    pub by: UserId,
    /// The officer's name at the time.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// What was stated.
    pub statement: String,
    /// What the books came to then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub books: Option<BooksProof>,
}

/// The last check of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastCheck {
    /// What was found; its findings are violations.
    pub checked: RuleChecked,
    /// When.
    pub at: Timestamp,
    /// Everything below this position of the log was looked at.
    pub position: u64,
}

/// Violations, cases, certificates.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Compliance {
    violations: BTreeMap<ViolationId, Violation>,
    /// Those that the last check found still, by rule and what they are about.
    standing: BTreeMap<ComplianceRule, BTreeMap<String, ViolationId>>,
    cases: BTreeMap<CaseId, Case>,
    certificates: BTreeMap<ReportRunId, Certificate>,
    last: BTreeMap<ComplianceRule, LastCheck>,
    /// The last run of each job that was recorded; another process may have done the same run.
    due: BTreeMap<Job, Timestamp>,
}

impl Compliance {
    /// Violations, the oldest first.
    pub fn violations(&self) -> impl DoubleEndedIterator<Item = &Violation> {
        self.violations.values()
    }

    /// One of them.
    pub fn violation(&self, id: &ViolationId) -> Option<&Violation> {
        self.violations.get(id)
    }

    /// Cases, the oldest first.
    pub fn cases(&self) -> impl DoubleEndedIterator<Item = &Case> {
        self.cases.values()
    }

    /// One of them.
    pub fn case(&self, id: &CaseId) -> Option<&Case> {
        self.cases.get(id)
    }

    /// Who stands for a report.
    pub fn certificate(&self, run: &ReportRunId) -> Option<&Certificate> {
        self.certificates.get(run)
    }

    /// The last check of a rule.
    pub fn last_check(&self, rule: ComplianceRule) -> Option<&LastCheck> {
        self.last.get(&rule)
    }

    /// Takes in what a run found. Whom to tell of what is new is returned; nothing of a run that is known. `digits` name it.
    pub(super) fn checked(
        &mut self,
        e: &ComplianceChecked,
        digits: &str,
        at: Timestamp,
    ) -> Option<Vec<Telling>> {
        if self.due.get(&e.job).is_some_and(|due| e.due <= *due) {
            return None;
        }
        self.due.insert(e.job, e.due);
        let mut told = Vec::new();
        for check in &e.checks {
            if check.error.is_none() {
                told.extend(self.found(check, digits, told.len(), at));
            }
            let checked = RuleChecked { findings: Vec::new(), ..check.clone() };
            self.last.insert(check.rule, LastCheck { checked, at, position: e.position });
        }
        Some(told)
    }

    /// What is found still is the same violation, whatever people say of it; what was gone and comes back is another.
    fn found(&mut self, check: &RuleChecked, digits: &str, first: usize, at: Timestamp) -> Vec<Telling> {
        let before = self.standing.remove(&check.rule).unwrap_or_default();
        let mut standing = BTreeMap::new();
        let mut told = Vec::new();
        for finding in &check.findings {
            let known = before.get(&finding.about).and_then(|id| self.violations.get_mut(id));
            let id = match known {
                Some(violation) => {
                    (violation.last_seen, violation.finding) = (at, finding.clone());
                    violation.id
                }
                None => {
                    if !self.has_room() {
                        continue;
                    }
                    let id = ViolationId::new(&format!("vio_{digits}.{:04}", first + told.len()));
                    let id = id.expect("digits and a number");
                    self.violations.insert(id, Violation::new(id, check.rule, finding, at));
                    let telling = Telling::role(UserRole::Compliance, NoticeKind::ViolationFound, &id);
                    told.push(telling.because(&finding.detail));
                    id
                }
            };
            standing.insert(finding.about.clone(), id);
        }
        // A record names the first findings only: of those beyond nobody knows whether they are gone.
        let is_whole = check.findings.len() as u64 >= check.findings_total;
        for (about, id) in
            before.into_iter().filter(|(about, _)| !check.findings.iter().any(|f| f.about == *about))
        {
            if !is_whole {
                standing.insert(about, id);
            } else if let Some(violation) = self.violations.get_mut(&id) {
                violation.standing = false;
            }
        }
        self.standing.insert(check.rule, standing);
        told
    }

    fn has_room(&mut self) -> bool {
        if self.violations.len() < VIOLATIONS_MAX {
            return true;
        }
        let done = self.violations.values().find(|v| v.state != ViolationState::Open && !v.standing);
        let done = done.map(|violation| violation.id);
        done.and_then(|id| self.violations.remove(&id)).is_some()
    }

    pub(super) fn perform(
        &mut self,
        command: &Command,
        action: &ComplianceAction,
        (identity, reports): (&Identity, &ReportRuns),
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        let note = |text: &str| Note { by: command.by, at, text: text.to_owned() };
        match action {
            ComplianceAction::ChangeViolation { violation, state, owner, note: text } => {
                let violation =
                    self.violations.get_mut(violation).ok_or_else(|| Refused::not_found("violation"))?;
                check_version(command.expected_version, violation.version)?;
                has_room_for_note(&violation.notes)?;
                if let Some(owner) = owner {
                    answers(identity, owner)?;
                }
                violation.change(*state, *owner, note(text));
                Ok((violation.id.to_string(), violation.version))
            }
            ComplianceAction::OpenCase { case, title, links, hold } => {
                if self.cases.contains_key(case) {
                    return Err(Refused::new(AdminRefusal::Exists, "there is a case of that id"));
                }
                self.forget_oldest_case()?;
                let case = Case {
                    id: *case,
                    title: title.clone(),
                    opened_by: command.by,
                    opened: at,
                    links: links.iter().cloned().collect(),
                    notes: Vec::new(),
                    hold: *hold,
                    closed: None,
                    version: 1,
                };
                let changed = (case.id.to_string(), 1);
                self.cases.insert(case.id, case);
                Ok(changed)
            }
            ComplianceAction::NoteCase { case, note: text, links } => {
                let case = self.open_case(command, case)?;
                let all: BTreeSet<CaseLink> = case.links.iter().chain(links).cloned().collect();
                if all.len() > LINKS_MAX {
                    return Err(Refused::new(AdminRefusal::TooMany, "it is about too many things"));
                }
                case.links = all;
                Ok(case.noted(note(text)))
            }
            ComplianceAction::HoldCase { case, hold, note: text } => {
                let case = self.open_case(command, case)?;
                case.hold = *hold;
                Ok(case.noted(note(text)))
            }
            ComplianceAction::CloseCase { case, note: text } => {
                let case = self.open_case(command, case)?;
                if case.hold {
                    let words = "its records are on hold: end the hold first";
                    return Err(Refused::new(AdminRefusal::WrongState, words));
                }
                case.closed = Some(at);
                Ok(case.noted(note(text)))
            }
            ComplianceAction::CertifyReport { run, statement, books } => {
                self.certify(command, *run, (statement, books.as_ref()), (identity, reports), at)
            }
        }
    }

    fn open_case(&mut self, command: &Command, id: &CaseId) -> Result<&mut Case, Refused> {
        let case = self.cases.get_mut(id).ok_or_else(|| Refused::not_found("case"))?;
        check_version(command.expected_version, case.version)?;
        if case.closed.is_some() {
            return Err(Refused::new(AdminRefusal::WrongState, "it is closed"));
        }
        has_room_for_note(&case.notes)?;
        Ok(case)
    }

    fn forget_oldest_case(&mut self) -> Result<(), Refused> {
        if self.cases.len() < CASES_MAX {
            return Ok(());
        }
        let closed = self.cases.values().find(|case| case.closed.is_some()).map(|case| case.id);
        let closed = closed.ok_or_else(|| Refused::new(AdminRefusal::TooMany, "too many open cases"))?;
        self.cases.remove(&closed);
        Ok(())
    }

    /// SOX 302: an officer who did not make the report stands for it, once, only for a span that is over, and while the books
    /// balance.
    fn certify(
        &mut self,
        command: &Command,
        run: ReportRunId,
        (statement, books): (&str, Option<&BooksProof>),
        (identity, reports): (&Identity, &ReportRuns),
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        let past = reports.get(&run).ok_or_else(|| Refused::not_found("report"))?;
        let by = command.by.ok_or(Refused::new(AdminRefusal::NotSignedIn, "a certificate needs a person"))?;
        if past.by == Some(by) {
            let words = "who made a report does not certify it";
            return Err(Refused::new(AdminRefusal::MakerIsChecker, words));
        }
        if past.is_provisional() {
            let words = "its span was not over when it was made";
            return Err(Refused::new(AdminRefusal::WrongState, words));
        }
        if self.certificates.contains_key(&run) {
            return Err(Refused::new(AdminRefusal::Exists, "it is certified"));
        }
        check_books(command, books)?;
        let name = identity.user(&by).map(|user| user.username.clone()).unwrap_or_default();
        // A certificate lives as long as the run that it is for.
        self.certificates.retain(|run, _| reports.get(run).is_some());
        let (statement, books) = (statement.to_owned(), books.cloned());
        self.certificates.insert(run, Certificate { by, name, at, statement, books });
        Ok((run.to_string(), 1))
    }
}

fn check_books(command: &Command, books: Option<&BooksProof>) -> Result<(), Refused> {
    let words = match books {
        None if command.rules < PROVING_RULES => return Ok(()),
        None => "it does not say what the books come to".to_owned(),
        Some(books) => match books.totals.iter().find(|t| t.debits != t.credits) {
            None => return Ok(()),
            Some(t) => {
                format!(
                    "the books do not balance: {} has debits of {}, credits of {}",
                    t.asset, t.debits, t.credits
                )
            }
        },
    };
    Err(Refused::new(AdminRefusal::WrongState, words))
}

impl Violation {
    fn new(id: ViolationId, rule: ComplianceRule, finding: &Finding, at: Timestamp) -> Self {
        Self {
            id,
            rule,
            finding: finding.clone(),
            state: ViolationState::Open,
            standing: true,
            owner: None,
            notes: Vec::new(),
            first_seen: at,
            last_seen: at,
            version: 1,
        }
    }

    fn change(&mut self, state: Option<ViolationState>, owner: Option<UserId>, note: Note) {
        self.state = state.unwrap_or(self.state);
        self.owner = owner.or(self.owner);
        self.notes.push(note);
        self.version += 1;
    }
}

impl Case {
    fn noted(&mut self, note: Note) -> Changed {
        self.notes.push(note);
        self.version += 1;
        (self.id.to_string(), self.version)
    }
}

fn has_room_for_note(notes: &[Note]) -> Result<(), Refused> {
    match notes.len() < NOTES_MAX {
        true => Ok(()),
        false => Err(Refused::new(AdminRefusal::TooMany, "it has too many notes")),
    }
}

/// Whoever looks after a violation is staff.
fn answers(identity: &Identity, user: &UserId) -> Result<(), Refused> {
    let staff = identity.user(user).filter(|user| user.active && user.firm.is_none());
    staff.map(drop).ok_or_else(|| Refused::not_found("member of staff"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(abouts: impl Iterator<Item = String>) -> RuleChecked {
        let findings: Vec<Finding> =
            abouts.map(|about| Finding { about, detail: "no limits".to_owned() }).collect();
        let findings_total = findings.len() as u64;
        RuleChecked {
            rule: ComplianceRule::LimitsSet,
            examined: findings_total,
            findings,
            findings_total,
            error: None,
        }
    }

    #[test]
    fn what_there_is_no_room_for_does_not_end_what_is_known() {
        let (mut compliance, at) = (Compliance::default(), Timestamp::from_ns(1));
        let firms = |from: usize, to: usize| (from..to).map(|n| format!("firm:{n}"));
        let told = compliance.found(&checked(firms(0, VIOLATIONS_MAX)), "1", 0, at);
        assert_eq!(told.len(), VIOLATIONS_MAX);
        let known: Vec<Violation> = compliance.violations().cloned().collect();

        let later = at.plus_ns(1);
        let again = checked(["firm:new".to_owned()].into_iter().chain(firms(0, VIOLATIONS_MAX)));
        assert_eq!(compliance.found(&again, "2", 0, later).len(), 0, "no room for the new one");
        for (before, after) in known.iter().zip(compliance.violations()) {
            assert_eq!((before.id, later), (after.id, after.last_seen));
            assert!(after.standing);
        }
        assert_eq!(
            compliance.found(&checked(firms(0, VIOLATIONS_MAX)), "3", 0, later).len(),
            0,
            "all are known"
        );
    }
}
