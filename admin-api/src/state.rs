//! The deterministic core of the back office: commands of `admin` in, decisions and their effects out.
//!
//! No I/O, no clock, no randomness: time is the record's, and whatever is secret or random was made by the API before
//! the command was appended. Two nodes that read the same records agree on everything.

mod acted_on;
mod alerts;
mod bank;
mod command_book;
mod compliance;
mod control;
mod identity;
mod jobs;
mod kyc;
mod mail;
mod news;
mod notices;
mod proposals;
mod reconciliations;
mod refused;
mod report_runs;
mod staged;
mod webhooks;

pub use alerts::{AlertRule, Alerts};
pub(crate) use bank::LINES_OF_STATEMENT_MAX;
pub use bank::{Bank, Imported, Line, LineStatus};
pub use command_book::{CommandBook, Past};
pub(crate) use compliance::LINKS_MAX;
pub use compliance::{Case, Certificate, Compliance, LastCheck, Note, Violation};
pub use control::{Control, SessionStanding};
pub use identity::{
    ApiKey, Identity, LOCK_MAX_NS, Login, OneTime, Purpose, RECOVERY_CODES, SigningKey, Totp, User,
};
pub use jobs::{Jobs, Run, Runs};
pub use kyc::{Advice, Kyc, KycFile, KycFileStatus, KycStanding};
pub use mail::{Outgoing, Sending};
pub use news::News;
pub use notices::{Notice, Notices};
pub use proposals::{Proposal, ProposalStatus, Proposals, Wanted};
pub use reconciliations::Reconciliations;
pub use refused::Refused;
pub use report_runs::{PastReport, ReportRuns};
pub use staged::{StagedOrder, StagedOrders};
pub(crate) use webhooks::GONE;
pub use webhooks::{Delivery, Webhook, Webhooks};

use crate::word::word;
use alerts::Fired;
use assay_trading_types::{
    AdminRefusal, AlertSource, AlertsRequested, BankRequested, BooksReconciled, Command, CommandDecided,
    ComplianceChecked, ComplianceRequested, ControlAction, Decision, DeliveryTried, Event, Input, Job,
    JobFinished, JobRequested, JobStarted, LoanNewsRaised, MailSettled, MeasuresTaken, NewsRaised,
    NoticeKind, NoticesRequested, Outbox, Processor, ReportProduced, Severity, Timestamp, Topic, UserId,
    UserRole, VerdictRequested, WebhooksRequested,
};
use notices::{Telling, Ways};
use serde::{Deserialize, Serialize};

/// What an action changed: the id of it, and its version now.
pub type Changed = (String, u64);

/// Everything that the `admin` topic says so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AdminState {
    /// Users, logins, keys.
    pub identity: Identity,
    /// What waits for a second person.
    pub proposals: Proposals,
    /// What changes of the trading side rest on.
    pub control: Control,
    /// Identity files.
    pub kyc: Kyc,
    /// What users are told.
    pub notices: Notices,
    /// What runs by the clock.
    pub jobs: Jobs,
    /// Addresses that are told too.
    pub webhooks: Webhooks,
    /// Mail that has not gone out yet.
    pub mail: Outgoing,
    /// Statements of the house's banks.
    #[serde(default)]
    pub bank: Bank,
    /// What risk had told.
    pub news: News,
    /// What users and operators want to be told of.
    pub alerts: Alerts,
    /// Reports that were made.
    pub reports: ReportRuns,
    /// What the job `reconciliation` found.
    #[serde(default)]
    pub reconciliations: Reconciliations,
    /// Violations, cases and certificates.
    #[serde(default)]
    pub compliance: Compliance,
    /// Past commands, for repeats and for whoever asks later.
    pub commands: CommandBook,
    /// The newest rules that a command was asked under: what is no command is judged by them, so that nobody is told now of
    /// what nobody was told of then.
    #[serde(default)]
    newest_rules: u32,
}

/// The first rules under which violations are alerts, and each stop is told.
const TELLING_RULES: u32 = 2;

impl Processor for AdminState {
    fn apply(&mut self, input: &Input<'_>, out: &mut Outbox) {
        match input.event {
            Event::MailTried(e) => self.mail.tried(e, input.at),
            Event::MailSettled(e) => self.settle_mail(e, input, out),
            Event::ClockTicked(e) => self.tick(e.now, input, out),
            Event::JobFinished(e) => self.finish_job(e, input, out),
            Event::BooksReconciled(e) => self.note_reconciliation(e, input, out),
            Event::ComplianceChecked(e) => self.note_checks(e, input, out),
            Event::DeliveryTried(e) => self.note_try(e, input, out),
            Event::LoanNewsRaised(e) => self.tell_of_loan(e, input, out),
            Event::MeasuresTaken(e) => self.judge_measures(e, input, out),
            Event::NewsRaised(e) => self.tell_of_risk(e, input, out),
            _ => {}
        }
        let Some(asked) = Asked::of(input.event) else { return };
        let command = asked.command();
        self.newest_rules = self.newest_rules.max(command.rules);
        self.identity.decide_by(command.rules);
        self.identity.forget_expired(input.at);
        let decision = match self.commands.repeated(command, input.at) {
            Some(earlier) => earlier,
            None => {
                let decision = self.decide(&asked, input, out).unwrap_or_else(Decision::from);
                self.commands.note(command, &decision, input.at);
                decision
            }
        };
        let decided = CommandDecided {
            command: command.id,
            operation: command.operation.clone(),
            by: command.by,
            decision,
        };
        out.emit(Topic::Admin, decided.into());
    }
}

/// The command that an event is, if it is one.
pub(crate) fn command_of(event: &Event) -> Option<&Command> {
    match event {
        Event::IdentityRequested(e) => Some(&e.command),
        Event::ControlRequested(e) => Some(&e.command),
        Event::KycRequested(e) => Some(&e.command),
        Event::VerdictRequested(e) => Some(&e.command),
        Event::NoticesRequested(e) => Some(&e.command),
        Event::WebhooksRequested(e) => Some(&e.command),
        Event::BankRequested(e) => Some(&e.command),
        Event::AlertsRequested(e) => Some(&e.command),
        Event::JobRequested(e) => Some(&e.command),
        Event::ReportProduced(e) => Some(&e.command),
        Event::ComplianceRequested(e) => Some(&e.command),
        _ => None,
    }
}

/// A command, whichever kind it is of.
enum Asked<'a> {
    /// A wish for something.
    For(&'a Command, Wanted),
    /// A word on a proposal.
    Verdict(&'a VerdictRequested),
    /// A user's word on the own notices.
    Notices(&'a NoticesRequested),
    /// A user's word on the own webhooks.
    Webhooks(&'a WebhooksRequested),
    /// An officer's word on bank statements.
    Bank(&'a BankRequested),
    /// A word on alerts.
    Alerts(&'a AlertsRequested),
    /// A job out of its turn.
    Job(&'a JobRequested),
    /// A report that was made.
    Report(&'a ReportProduced),
    /// A word on violations, cases and certificates.
    Compliance(&'a ComplianceRequested),
}

impl<'a> Asked<'a> {
    fn of(event: &'a Event) -> Option<Self> {
        match event {
            Event::IdentityRequested(e) => {
                Some(Self::For(&e.command, Wanted::Identity(Box::new(e.action.clone()))))
            }
            Event::ControlRequested(e) => {
                Some(Self::For(&e.command, Wanted::Control(Box::new(e.action.clone()))))
            }
            Event::KycRequested(e) => Some(Self::For(&e.command, Wanted::Kyc(Box::new(e.action.clone())))),
            Event::VerdictRequested(e) => Some(Self::Verdict(e)),
            Event::NoticesRequested(e) => Some(Self::Notices(e)),
            Event::WebhooksRequested(e) => Some(Self::Webhooks(e)),
            Event::BankRequested(e) => Some(Self::Bank(e)),
            Event::AlertsRequested(e) => Some(Self::Alerts(e)),
            Event::JobRequested(e) => Some(Self::Job(e)),
            Event::ReportProduced(e) => Some(Self::Report(e)),
            Event::ComplianceRequested(e) => Some(Self::Compliance(e)),
            _ => None,
        }
    }

    fn command(&self) -> &'a Command {
        match self {
            Self::For(command, _) => command,
            Self::Verdict(e) => &e.command,
            Self::Notices(e) => &e.command,
            Self::Webhooks(e) => &e.command,
            Self::Bank(e) => &e.command,
            Self::Alerts(e) => &e.command,
            Self::Job(e) => &e.command,
            Self::Report(e) => &e.command,
            Self::Compliance(e) => &e.command,
        }
    }
}

impl AdminState {
    /// Decides, and notes whose notices are thereby acted on.
    fn decide(
        &mut self,
        asked: &Asked<'_>,
        input: &Input<'_>,
        out: &mut Outbox,
    ) -> Result<Decision, Refused> {
        let decision = self.judge_command(asked, input, out)?;
        let Some(by) = asked.command().by else { return Ok(decision) };
        if let Some(acted_on) = acted_on::acted_on(asked) {
            self.notices.act(&by, &acted_on, input.at);
        }
        Ok(decision)
    }

    fn judge_command(
        &mut self,
        asked: &Asked<'_>,
        input: &Input<'_>,
        out: &mut Outbox,
    ) -> Result<Decision, Refused> {
        let command = asked.command();
        self.identity.require_standing(command, input.at)?;
        if let Asked::For(_, Wanted::Control(action)) = asked {
            self.control.matches(command, action)?;
        }
        match asked {
            Asked::For(_, wanted) if self.needs_second_person(command, wanted) => {
                self.identity.may_propose(command, wanted)?;
                self.may_decide(command.by, wanted, input.at)?;
                let proposal = self.proposals.propose(command, wanted.clone(), input.at)?;
                let told = Telling::role(wanted.checked_by(), NoticeKind::ProposalWaiting, &proposal);
                self.tell(vec![told.but(command.by)], input, out);
                Ok(Decision::Proposed { proposal })
            }
            Asked::For(_, wanted) => self.perform(command, wanted, input, out).map(done),
            Asked::Verdict(e) => self.judge(e, input, out).map(done),
            Asked::Notices(e) => self.notices.perform(&e.command, &e.action, input.at).map(done),
            Asked::Webhooks(e) => self.webhooks.perform(&e.command, &e.action, input.at, out).map(done),
            Asked::Bank(e) => self.bank.perform(&e.command, &e.action, input.at).map(done),
            Asked::Alerts(e) => {
                self.alerts.perform(&self.identity, &e.command, &e.action, input.at, out).map(done)
            }
            Asked::Report(e) => {
                let is_kept = |run: &_| self.compliance.certificate(run).is_some();
                self.reports.note(e, is_kept, input.at).map(done)
            }
            Asked::Compliance(e) => {
                let known = (&self.identity, &self.reports);
                self.compliance.perform(&e.command, &e.action, known, input.at).map(done)
            }
            Asked::Job(e) => {
                let due = self.jobs.run_now(e.job, input.at)?;
                self.begin(e.job, due, input, out);
                Ok(done((word(&e.job).into_owned(), 1)))
            }
        }
    }

    /// Nobody changes money, limits, keys of others or privileges alone. The exception is the beginning: while there is
    /// one administrator only, there is nobody who could check what it does to users.
    fn needs_second_person(&self, command: &Command, wanted: &Wanted) -> bool {
        match wanted {
            Wanted::Identity(action) => {
                self.identity.is_privileged_change(action)
                    && !self.identity.is_sole_administrator(command.by.as_ref())
            }
            Wanted::Control(action) => Control::takes_two(action),
            Wanted::Kyc(action) => self.kyc.takes_two(action),
        }
    }

    /// What must hold for whoever proposes and for whoever approves alike.
    fn may_decide(&self, by: Option<UserId>, wanted: &Wanted, at: Timestamp) -> Result<(), Refused> {
        match wanted {
            Wanted::Kyc(action) => self.kyc.may_decide(&self.identity, by, action, at),
            Wanted::Control(action) => self.control.may_decide(action),
            Wanted::Identity(_) => Ok(()),
        }
    }

    fn perform(
        &mut self,
        command: &Command,
        wanted: &Wanted,
        input: &Input<'_>,
        out: &mut Outbox,
    ) -> Result<Changed, Refused> {
        match wanted {
            Wanted::Identity(action) => {
                let letters = mail::letters(&self.identity, command, action);
                let changed = self.identity.perform(command, action, input.at);
                let due = letters.into_iter().filter(|letter| letter.is_due(changed.as_ref()));
                self.mail.send(command, due, input.at, out);
                changed
            }
            Wanted::Control(action) => {
                let changed = self.control.perform(command, action, out)?;
                if let ControlAction::TakeOnFirm(e) = &**action {
                    self.kyc.take_on(e.firm, input.at, out);
                }
                Ok(changed)
            }
            Wanted::Kyc(action) => {
                let (changed, told) = self.kyc.perform(&self.identity, command, action, input.at, out)?;
                self.tell(told, input, out);
                Ok(changed)
            }
        }
    }

    fn tick(&mut self, now: Timestamp, input: &Input<'_>, out: &mut Outbox) {
        for (job, due) in self.jobs.tick(now) {
            self.begin(job, due, input, out);
        }
        self.control.staged.lapse(now);
        let lapsed = self.proposals.lapse(now);
        let makers = lapsed.into_iter().filter_map(|p| Some((p.command.by?, p.id)));
        let told = makers.map(|(maker, id)| Telling::user(maker, NoticeKind::ProposalDecided, &id)).collect();
        self.tell(told, input, out);
        let escalated = self.alerts.tick(now, out);
        self.tell(escalated, input, out);
    }

    /// Does a job within this step, or tells the workers.
    fn begin(&mut self, job: Job, due: Timestamp, input: &Input<'_>, out: &mut Outbox) {
        let count = match job {
            Job::KycScreening
            | Job::ReportDelivery
            | Job::Reconciliation
            | Job::ComplianceCheck
            | Job::ComplianceReview => {
                return out.emit(Topic::Admin, JobStarted { job, due }.into());
            }
            Job::KycExpiry => {
                let told = self.kyc.expire(input.at, out);
                let count = told.len();
                self.tell(told, input, out);
                count
            }
            Job::TokenPurge => self.identity.forget_expired(input.at),
        };
        let finished = JobFinished { job, due, count: count as u64, error: None };
        self.jobs.finish(&finished, input.at);
        out.emit(Topic::Admin, finished.into());
    }

    fn finish_job(&mut self, e: &JobFinished, input: &Input<'_>, out: &mut Outbox) {
        if !self.jobs.finish(e, input.at) {
            return;
        }
        let name = word(&e.job);
        if e.error.is_none() {
            self.alerts.end(&alerts::key(AlertSource::Job, &name), input.at, None, out);
        }
        if let Some(error) = &e.error {
            let (source, severity) = (AlertSource::Job, Severity::Warning);
            let fired = Fired { source, about: name.into_owned(), owner: None, severity, detail: error };
            // Told below, as what it is.
            self.alerts.fire(fired, &digits(input), input.at, out);
            let told = Telling::role(UserRole::Operations, NoticeKind::JobFailed, &word(&e.job));
            self.tell(vec![told.because(error)], input, out);
        }
    }

    /// What the job found; a break is told to whoever looks after the books.
    fn note_reconciliation(&mut self, e: &BooksReconciled, input: &Input<'_>, out: &mut Outbox) {
        if !self.reconciliations.note(e) || e.breaks_total == 0 {
            return;
        }
        let (words, about) = (format!("{} breaks", e.breaks_total), e.due.to_string());
        let to = [UserRole::Operations, UserRole::Compliance];
        let told = to.map(|role| Telling::role(role, NoticeKind::BooksBroken, &about).because(&words));
        self.tell(told.into(), input, out);
    }

    fn note_try(&mut self, e: &DeliveryTried, input: &Input<'_>, out: &mut Outbox) {
        if let Some((user, webhook)) = self.webhooks.tried(e, input.at) {
            self.tell(vec![Telling::user(user, NoticeKind::WebhookStopped, &webhook)], input, out);
        }
    }

    /// Risk may say a thing again after a crash; it is told once.
    fn tell_of_loan(&mut self, e: &LoanNewsRaised, input: &Input<'_>, out: &mut Outbox) {
        if self.news.is_new(input.origin) {
            self.tell(news::of_loan(e), input, out);
        }
    }

    /// As [`AdminState::tell_of_loan`].
    fn tell_of_risk(&mut self, e: &NewsRaised, input: &Input<'_>, out: &mut Outbox) {
        if !self.news.is_new(input.origin) {
            return;
        }
        let source = match e.kind {
            NoticeKind::BreakerTripped => Some(AlertSource::Breaker),
            NoticeKind::Shortfall => Some(AlertSource::Shortfall),
            _ => None,
        };
        if let Some(source) = source {
            let detail = e.detail.as_deref().unwrap_or_default();
            let (about, severity) = (e.about.clone(), Severity::Critical);
            // Told below, as what it is.
            self.alerts.fire(
                Fired { source, about, owner: None, severity, detail },
                &digits(input),
                input.at,
                out,
            );
        }
        let each_time = self.newest_rules >= TELLING_RULES && !news::is_repetitive(e.kind);
        if each_time || self.news.is_worth_telling(e.kind, &e.about, input.at) {
            self.tell(news::of_risk(e), input, out);
        }
    }

    /// What compliance rules found: violations, and alerts as long as they stand. A check that could not run says nothing.
    fn note_checks(&mut self, e: &ComplianceChecked, input: &Input<'_>, out: &mut Outbox) {
        let digits = digits(input);
        let Some(told) = self.compliance.checked(e, &digits, input.at) else { return };
        self.tell(told, input, out);
        if self.newest_rules < TELLING_RULES {
            return;
        }
        for check in e.checks.iter().filter(|check| check.error.is_none()) {
            self.alerts.check(check, &digits, input.at, out);
        }
    }

    fn judge_measures(&mut self, e: &MeasuresTaken, input: &Input<'_>, out: &mut Outbox) {
        let told = self.alerts.judge(e, &digits(input), input.at, out);
        self.tell(told, input, out);
    }

    /// Mail that nobody takes is sent to that address no more.
    fn settle_mail(&mut self, e: &MailSettled, input: &Input<'_>, out: &mut Outbox) {
        if let Some(mail) = self.mail.settle(e, input.at)
            && self.identity.stop_mail(&mail.user, &mail.to)
        {
            self.tell(vec![Telling::user(mail.user, NoticeKind::MailStopped, &mail.mail)], input, out);
        }
    }

    fn tell(&mut self, told: Vec<Telling>, input: &Input<'_>, out: &mut Outbox) {
        let ways = Ways { identity: &self.identity, mail: &mut self.mail, webhooks: &mut self.webhooks };
        self.notices.tell(told, &digits(input), input.at, ways, out);
    }

    fn judge(
        &mut self,
        e: &VerdictRequested,
        input: &Input<'_>,
        out: &mut Outbox,
    ) -> Result<Changed, Refused> {
        let by = e.command.by.ok_or(Refused::new(AdminRefusal::NotSignedIn, "a verdict needs a person"))?;
        let proposal = self.proposals.judged(e, by)?.clone();
        if e.verdict == assay_trading_types::Verdict::Approve {
            self.may_decide(Some(by), &proposal.wanted, input.at)?;
            match proposal.wanted.trade() {
                Some(trade) => {
                    control::amend_trade(proposal.command.id, trade, e.sides.as_deref(), out)?;
                }
                None => _ = self.perform(&proposal.command, &proposal.wanted, input, out)?,
            }
        }
        if let Some(maker) = proposal.command.by.filter(|maker| *maker != by) {
            let told = Telling::user(maker, NoticeKind::ProposalDecided, &proposal.id);
            self.tell(vec![told], input, out);
        }
        let (subject, version) = self.proposals.close(e, by, input.at);
        // What the market answers under the maker's name is what became of the approval.
        let is_asked =
            e.verdict == assay_trading_types::Verdict::Approve && proposal.wanted.trade().is_some();
        Ok((if is_asked { proposal.command.id.to_string() } else { subject }, version))
    }

    /// A user who may act: active.
    pub fn active_user(&self, id: &UserId) -> Option<&User> {
        self.identity.user(id).filter(|user| user.active)
    }
}

/// Of what follows from a record: unique for ever, and in the order of time: milliseconds, then the record's place.
fn digits(input: &Input<'_>) -> String {
    let ms = (input.at.as_ns() / 1_000_000).cast_unsigned() & 0xffff_ffff_ffff;
    format!("{ms:012x}0000{:016x}", input.offset)
}

fn done((subject, version): Changed) -> Decision {
    Decision::Done { subject, version }
}
