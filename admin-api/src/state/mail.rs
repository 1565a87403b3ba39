//! Mail that follows from commands: wished in the step that decides, held until it is settled, so that a crash loses none.

use super::{Changed, Identity, Purpose, Refused};
use assay_trading_types::{
    AdminRefusal, Command, IdentityAction, Letter, MailId, MailRequested, MailSettled, MailTried, Outbox,
    Timestamp, Topic, UserId,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Mail of all users that is settled and still shown; older mail stands in the log.
const KEPT_MAX: usize = 10_000;

/// A mail, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// What.
    pub requested: MailRequested,
    /// When it was wished.
    pub at: Timestamp,
    /// Times it was tried, as far as that is recorded.
    pub attempts: u32,
    /// What the last try said that failed, and when that was recorded.
    pub failed: Option<(String, Timestamp)>,
    /// When it is tried next; absent once settled.
    pub due: Option<Timestamp>,
    /// Whether the next server has it, and since when; absent while it waits.
    pub settled: Option<(bool, Timestamp)>,
}

/// Mail under way, and what became of the rest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    mails: BTreeMap<MailId, Sending>,
    waiting: BTreeSet<MailId>,
    /// The oldest first.
    settled: VecDeque<MailId>,
}

/// A letter that goes out if a command ends as `when` says.
pub(super) struct Addressed {
    user: UserId,
    to: String,
    letter: Letter,
    when: When,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Done,
    EmailTaken,
}

impl Addressed {
    pub(super) fn is_due(&self, outcome: Result<&Changed, &Refused>) -> bool {
        match self.when {
            When::Done => outcome.is_ok(),
            When::EmailTaken => outcome.is_err_and(|r| r.refusal == AdminRefusal::EmailTaken),
        }
    }
}

impl Outgoing {
    /// Mail that has not gone out, oldest first.
    pub fn pending(&self) -> impl Iterator<Item = &Sending> {
        self.waiting.iter().filter_map(|id| self.mails.get(id))
    }

    /// Mail that waits or was settled lately, by id, which is by time.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Sending> {
        self.mails.values()
    }

    /// One of them.
    pub fn mail(&self, id: &MailId) -> Option<&Sending> {
        self.mails.get(id)
    }

    pub(super) fn send(
        &mut self,
        command: &Command,
        letters: impl Iterator<Item = Addressed>,
        at: Timestamp,
        out: &mut Outbox,
    ) {
        let digits = command.id.as_str().trim_start_matches("cmd_");
        for (n, Addressed { user, to, letter, .. }) in letters.enumerate() {
            self.post(&format!("{digits}.{n}"), user, &to, letter, at, out);
        }
    }

    /// Wishes one mail, named by what it follows from.
    pub(super) fn post(
        &mut self,
        digits: &str,
        user: UserId,
        to: &str,
        letter: Letter,
        at: Timestamp,
        out: &mut Outbox,
    ) {
        let mail = MailId::new(&format!("mal_{digits}")).expect("shorter than an id may be");
        let requested = MailRequested { mail, user, to: to.to_owned(), letter };
        let sending = Sending {
            requested: requested.clone(),
            at,
            attempts: 0,
            failed: None,
            due: Some(at),
            settled: None,
        };
        self.mails.insert(mail, sending);
        self.waiting.insert(mail);
        out.emit(Topic::Admin, requested.into());
    }

    pub(super) fn tried(&mut self, e: &MailTried, at: Timestamp) {
        let Some(sending) = self.mails.get_mut(&e.mail).filter(|sending| sending.due.is_some()) else {
            return;
        };
        sending.attempts = sending.attempts.max(e.attempt);
        sending.failed = Some((e.error.clone(), at));
        sending.due = Some(e.next);
    }

    /// Notes an end. The mail, when it was given up.
    pub(super) fn settle(&mut self, e: &MailSettled, at: Timestamp) -> Option<MailRequested> {
        let sending = self.mails.get_mut(&e.mail).filter(|sending| sending.due.is_some())?;
        sending.attempts = sending.attempts.max(e.attempts);
        if let Some(error) = &e.error {
            sending.failed = Some((error.clone(), at));
        }
        (sending.due, sending.settled) = (None, Some((e.delivered, at)));
        let given_up = (!e.delivered).then(|| sending.requested.clone());
        self.waiting.remove(&e.mail);
        self.settled.push_back(e.mail);
        if self.settled.len() > KEPT_MAX
            && let Some(oldest) = self.settled.pop_front()
        {
            self.mails.remove(&oldest);
        }
        given_up
    }
}

/// Letters that an action may lead to, addressed by what is known before it.
pub(super) fn letters(identity: &Identity, command: &Command, action: &IdentityAction) -> Vec<Addressed> {
    use IdentityAction as A;
    let known = |id: &UserId, letter| {
        let user = identity.user(id)?;
        Some(Addressed { user: user.id, to: user.email.clone(), letter, when: When::Done })
    };
    let own = |letter| known(command.by.as_ref()?, letter);
    let letter = match action {
        A::Register { user, token } => {
            let owner = identity.user_of_email(&user.email);
            return match owner {
                Some(owner) => vec![Addressed {
                    user: owner.id,
                    to: owner.email.clone(),
                    letter: Letter::AlreadyRegistered,
                    when: When::EmailTaken,
                }],
                None => vec![first(user.user, &user.email, Letter::ConfirmEmail { token: token.id })],
            };
        }
        A::Invite { user, token } => {
            Some(first(user.user, &user.email, Letter::Invitation { token: token.id }))
        }
        A::RequestPasswordReset { user, token } => known(user, Letter::PasswordReset { token: token.id }),
        A::RequestEmailChange { email, token } => {
            command.by.map(|user| first(user, email, Letter::ConfirmNewEmail { token: token.id }))
        }
        A::ConfirmEmail { token } => identity
            .token(token)
            .filter(|t| matches!(t.purpose, Purpose::ChangeEmail { .. }))
            .and_then(|t| known(&t.user, Letter::EmailChanged)),
        A::ResetPassword { token, .. } => {
            identity.token(token).and_then(|t| known(&t.user, Letter::PasswordChanged))
        }
        A::ChangePassword { .. } => own(Letter::PasswordChanged),
        A::ConfirmTotp { .. } => own(Letter::SecondFactorChanged),
        A::RemoveTotp { user, .. } => known(user, Letter::SecondFactorChanged),
        A::SetRoles { user, .. } => known(user, Letter::RolesChanged),
        A::LogIn { user, .. } => {
            let mut logins = identity.logins_of(*user);
            let address = command.address.clone();
            let seen = logins.any(|login| login.address == address);
            (!seen).then(|| known(user, Letter::NewLogIn { address })).flatten()
        }
        _ => None,
    };
    letter.into_iter().collect()
}

fn first(user: UserId, to: &str, letter: Letter) -> Addressed {
    Addressed { user, to: to.to_owned(), letter, when: When::Done }
}
