//! Sends the mail that the state holds, and records what became of it.
//!
//! A mail is tried until the next server has it, at most [`ATTEMPTS_MAX`] times over a day. A crash between sending and
//! recording sends it twice: for a link that works once, better than never.

use crate::api::Api;
use crate::config::MailRoute;
use crate::quiet_hours;
use crate::secrets::SecretOf;
use crate::state::Sending;
use assay_trading_types::{
    Event, Letter, MailId, MailRequested, MailSettled, MailTried, NoticeKind, Timestamp, TokenId,
};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Tries of one mail (notifications-alerts.md, jobs).
pub const ATTEMPTS_MAX: u32 = 8;

/// From the first try to the second; each wait is twice the one before, so that the last try is some 17 hours after the first.
const FIRST_WAIT_NS: i64 = 8 * 60_000_000_000;

/// How often new mail is looked for.
const POLL: Duration = Duration::from_millis(50);

/// A mail as it leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

/// A way for mail to leave.
pub trait Mailer: Send + Sync {
    /// Hands a mail on.
    ///
    /// # Errors
    /// It was not taken; in words without the mail's content.
    fn send(&self, id: &MailId, mail: &Mail) -> Result<(), String>;
}

/// The way that the configuration names.
pub fn mailer(route: &MailRoute) -> Box<dyn Mailer> {
    match route {
        MailRoute::Log => Box::new(ToLog),
        MailRoute::Directory(dir) => Box::new(ToDirectory(dir.clone())),
        MailRoute::Smtp(relay) => relay.clone(),
    }
}

struct ToLog;

impl Mailer for ToLog {
    fn send(&self, id: &MailId, mail: &Mail) -> Result<(), String> {
        // Not the text: links in it are secrets.
        tracing::warn!(%id, to = mail.to, subject = mail.subject, "mail not sent: neither [admin.smtp] nor mail_dir names a way for it");
        Ok(())
    }
}

struct ToDirectory(std::path::PathBuf);

impl Mailer for ToDirectory {
    fn send(&self, id: &MailId, mail: &Mail) -> Result<(), String> {
        let text = format!("To: {}\nSubject: {}\n\n{}", mail.to, mail.subject, mail.text);
        write(&self.0, &format!("{id}.txt"), &text).map_err(|e| e.to_string())
    }
}

fn write(dir: &Path, name: &str, text: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let partial = dir.join(format!("{name}.partial"));
    std::fs::write(&partial, text)?;
    std::fs::rename(partial, dir.join(name))
}

/// Sends mail.
pub struct MailService {
    api: Arc<Api>,
    mailer: Box<dyn Mailer>,
    /// How many tries were recorded when the last one began: it is under way until there are more.
    begun: HashMap<MailId, u32>,
}

impl MailService {
    /// Sends the mail of `api` by `mailer`.
    pub fn new(api: Arc<Api>, mailer: Box<dyn Mailer>) -> Self {
        Self { api, mailer, begun: HashMap::new() }
    }

    /// Sends until told to stop. What is left goes out after the next start.
    pub fn run(mut self, stop: &AtomicBool) {
        let halted = || stop.load(Ordering::Acquire);
        while !halted() {
            self.turn_unless(&halted);
            std::thread::sleep(POLL);
        }
    }

    /// Tries everything that is due.
    pub fn turn(&mut self) {
        self.turn_unless(&|| false);
    }

    /// As [`MailService::turn`]; what has not been tried when it is `halted` stays due.
    fn turn_unless(&mut self, halted: &dyn Fn() -> bool) {
        let (now, settled) = (self.api.now(), self.api.settled());
        let due: Vec<Sending> = {
            let state = self.api.state();
            self.begun.retain(|mail, _| state.mail.mail(mail).is_some_and(|mail| mail.due.is_some()));
            // A try is under way until its record is read.
            let is_new = |mail: &Sending| {
                let begun = self.begun.get(&mail.requested.mail);
                begun.is_none_or(|attempts| mail.attempts > *attempts)
            };
            let is_due = |mail: &&Sending| mail.due.is_some_and(|due| due <= now) && is_new(mail);
            let may_go = |mail: &&Sending| {
                let user = state.identity.user(&mail.requested.user);
                !user.is_some_and(|user| quiet_hours::waits(&mail.requested.letter, &user.preferences, now))
            };
            state.mail.pending().filter(is_due).filter(may_go).cloned().collect()
        };
        // Nothing leaves before what it tells is durable.
        if due.is_empty() || self.api.log.durable() < settled || !self.api.is_recovered() {
            return;
        }
        due.iter().take_while(|_| !halted()).for_each(|sending| self.attempt(sending, now));
    }

    fn attempt(&mut self, sending: &Sending, now: Timestamp) {
        let (mail, attempts) = (sending.requested.mail, sending.attempts + 1);
        self.begun.insert(mail, sending.attempts);
        let event: Event = match self.mailer.send(&mail, &self.written(&sending.requested)) {
            Ok(()) => MailSettled { mail, delivered: true, attempts, error: None }.into(),
            Err(error) if attempts >= ATTEMPTS_MAX => {
                tracing::warn!(%mail, attempts, error, "mail not taken; it is given up");
                MailSettled { mail, delivered: false, attempts, error: Some(error) }.into()
            }
            Err(error) => {
                tracing::warn!(%mail, attempts, error, "mail not taken; it is tried again");
                let next = now.plus_ns(FIRST_WAIT_NS << (attempts - 1).min(12));
                MailTried { mail, attempt: attempts, error, next }.into()
            }
        };
        if self.api.log.append(&mut vec![self.api.own_record(event)]).is_err() {
            tracing::error!(%mail, "the log takes nothing more; the try is not recorded");
        }
    }

    /// The words of a mail.
    fn written(&self, requested: &MailRequested) -> Mail {
        let link = |path: &str, token: &TokenId| {
            let token = self.api.secrets.token(SecretOf::OneTimeToken, token.as_str());
            format!("{}/{path}?token={token}", self.api.config.public_url)
        };
        let (subject, text) = match &requested.letter {
            Letter::ConfirmEmail { token } => ("Confirm your address", confirm(&link("confirm-email", token))),
            Letter::ConfirmNewEmail { token } => ("Confirm your new address", confirm(&link("confirm-email", token))),
            Letter::Invitation { token } => (
                "You are invited",
                format!("Choose a password within 7 days:\n\n{}\n", link("accept-invitation", token)),
            ),
            Letter::PasswordReset { token } => (
                "Choose a new password",
                format!("Within 30 minutes:\n\n{}\n\nIf you did not ask for this, do nothing.\n", link("password-reset", token)),
            ),
            Letter::AlreadyRegistered => (
                "You have a user already",
                "Somebody tried to register with this address. If it was you, log in or ask for a new password.\n".to_owned(),
            ),
            Letter::PasswordChanged => ("Your password was changed", notice()),
            Letter::SecondFactorChanged => ("Your second factor was changed", notice()),
            Letter::RolesChanged => ("Your roles were changed", notice()),
            Letter::NewLogIn { address } => (
                "Somebody logged in from a new place",
                format!("It came from {}.\n\n{}", address.as_deref().unwrap_or("an unknown address"), notice()),
            ),
            Letter::EmailChanged => ("Your address was changed", notice()),
            Letter::Notice { kind, about } => {
                (summary(*kind), format!("It is about {about}. The rest is among your notices (assay notify list).\n"))
            }
        };
        Mail { to: requested.to.clone(), subject: format!("Assay: {subject}"), text }
    }
}

/// What a notice tells, without anything personal.
pub(crate) fn summary(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::KycSubmitted => "An identity file waits for review",
        NoticeKind::KycApproved => "Your identity is verified",
        NoticeKind::KycRejected => "Your identity file was turned down",
        NoticeKind::KycMoreNeeded => "Your identity file is not enough",
        NoticeKind::KycExpiring => "Your identity must be verified again soon",
        NoticeKind::KycExpired => "Your identity must be verified again",
        NoticeKind::KycListed => "A list names somebody in an identity file",
        NoticeKind::KycDoubted => "A provider doubts an identity file",
        NoticeKind::ProposalWaiting => "A change waits for a second person",
        NoticeKind::ProposalDecided => "Your proposal was decided on",
        NoticeKind::JobFailed => "A job failed",
        NoticeKind::WebhookStopped => "Your webhook has stopped",
        NoticeKind::LoanApplied => "A loan application waits",
        NoticeKind::LoanApproved => "Your loan application was approved",
        NoticeKind::LoanRejected => "Your loan application was rejected",
        NoticeKind::LoanDisbursed => "Your loan was paid out",
        NoticeKind::LoanRepaid => "Your loan is paid back",
        NoticeKind::LoanDueSoon => "An instalment of your loan falls due soon",
        NoticeKind::LoanOverdue => "An instalment of your loan is late",
        NoticeKind::LoanDefaulted => "A loan is in default",
        NoticeKind::LoanWrittenOff => "Your loan was written off",
        NoticeKind::CollateralMarginCall => "Your collateral is worth too little",
        NoticeKind::CollateralLiquidated => "Collateral of your loan was put up for sale",
        NoticeKind::CollateralReleased => "You have collateral back",
        NoticeKind::DepositCompleted => "Your deposit is in the books",
        NoticeKind::DepositFailed => "Your deposit will not be booked",
        NoticeKind::WithdrawalWaiting => "A withdrawal waits for approval",
        NoticeKind::WithdrawalApproved => "Your withdrawal was approved",
        NoticeKind::WithdrawalSent => "Your withdrawal is on its way",
        NoticeKind::WithdrawalCompleted => "Your withdrawal has arrived",
        NoticeKind::WithdrawalFailed => "Your withdrawal did not work",
        NoticeKind::LimitWarning => "A limit is nearly used up",
        NoticeKind::BreakerTripped => "Repeated executions stopped trading",
        NoticeKind::EmergencyLimits => "Limits were changed in an emergency",
        NoticeKind::Shortfall => "The house paid what an account lacked",
        NoticeKind::SwitchSet => "A trading switch was set",
        NoticeKind::AlertFired => "An alert fires",
        NoticeKind::AlertEscalated => "Nobody looks after a critical alert",
        NoticeKind::MailStopped => "Mail to you comes back and has stopped",
        NoticeKind::BooksBroken => "The books do not come out",
        NoticeKind::ViolationFound => "A compliance check found something",
        NoticeKind::CollateralUnsold => "Collateral is to be sold and cannot be",
    }
}

fn confirm(link: &str) -> String {
    format!("Confirm this address within 24 hours:\n\n{link}\n\nIf you did not ask for this, do nothing.\n")
}

fn notice() -> String {
    "If it was not you, tell your administrator at once.\n".to_owned()
}
