//! Mail that follows from commands: wished in the step that decides, held until it is settled, so that a crash loses none.

use super::{Changed, Identity, Purpose, Refused};
use assay_trading_types::{
    AdminRefusal, Command, IdentityAction, Letter, MailId, MailRequested, MailSettled, Outbox, Topic, UserId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Mail under way.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    pending: BTreeMap<MailId, MailRequested>,
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
    pub fn pending(&self) -> impl Iterator<Item = &MailRequested> {
        self.pending.values()
    }

    pub(super) fn send(
        &mut self,
        command: &Command,
        letters: impl Iterator<Item = Addressed>,
        out: &mut Outbox,
    ) {
        let digits = command.id.as_str().trim_start_matches("cmd_");
        for (n, Addressed { user, to, letter, .. }) in letters.enumerate() {
            self.post(&format!("{digits}.{n}"), user, &to, letter, out);
        }
    }

    /// Wishes one mail, named by what it follows from.
    pub(super) fn post(&mut self, digits: &str, user: UserId, to: &str, letter: Letter, out: &mut Outbox) {
        let mail = MailId::new(&format!("mal_{digits}")).expect("shorter than an id may be");
        let requested = MailRequested { mail, user, to: to.to_owned(), letter };
        self.pending.insert(mail, requested.clone());
        out.emit(Topic::Admin, requested.into());
    }

    pub(super) fn settle(&mut self, e: &MailSettled) {
        self.pending.remove(&e.mail);
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
        _ => None,
    };
    letter.into_iter().collect()
}

fn first(user: UserId, to: &str, letter: Letter) -> Addressed {
    Addressed { user, to: to.to_owned(), letter, when: When::Done }
}
