//! What users are told: in the product always, by mail as they wish. Wished in the same step as what it tells.

use super::{Changed, Identity, Refused, User};
use crate::state::mail::Outgoing;
use crate::state::webhooks::Webhooks;
use assay_trading_types::{
    Command, FirmId, Letter, NoticeChannels, NoticeId, NoticeKind, NoticeRaised, NoticesAction, Outbox,
    Timestamp, Topic, UserId, UserRole,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Notices kept of a user; the oldest go first.
const KEPT_MAX: usize = 500;

/// Users of a role who are told; an office has fewer.
const TOLD_MAX: usize = 200;

/// A notice in somebody's box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// As raised.
    pub raised: NoticeRaised,
    /// When.
    pub at: Timestamp,
    /// When it was read.
    pub read: Option<Timestamp>,
    /// When its user did something about what it tells: a word on the proposal, the file, the alert, the movement, the loan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acted_on: Option<Timestamp>,
}

/// Everybody's notices, and how they want to be told.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Notices {
    boxes: BTreeMap<UserId, VecDeque<Notice>>,
    channels: BTreeMap<UserId, BTreeMap<NoticeKind, NoticeChannels>>,
}

/// How users are told, beside the product itself.
pub(crate) struct Ways<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) mail: &'a mut Outgoing,
    pub(crate) webhooks: &'a mut Webhooks,
}

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Telling {
    to: Audience,
    kind: NoticeKind,
    about: String,
    reason: Option<String>,
    /// By mail too, if the user wishes so.
    mail: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Audience {
    User(UserId),
    /// Whoever has the role, but not the one who did what is told.
    Role(UserRole, Option<UserId>),
    /// A firm's administrators.
    Firm(FirmId),
}

impl Telling {
    pub(crate) fn user(user: UserId, kind: NoticeKind, about: &impl ToString) -> Self {
        Self { to: Audience::User(user), kind, about: about.to_string(), reason: None, mail: true }
    }

    pub(crate) fn role(role: UserRole, kind: NoticeKind, about: &impl ToString) -> Self {
        Self { to: Audience::Role(role, None), kind, about: about.to_string(), reason: None, mail: true }
    }

    pub(crate) fn firm(firm: FirmId, kind: NoticeKind, about: &impl ToString) -> Self {
        Self { to: Audience::Firm(firm), kind, about: about.to_string(), reason: None, mail: true }
    }

    pub(crate) fn but(self, user: Option<UserId>) -> Self {
        let to = match self.to {
            Audience::Role(role, _) => Audience::Role(role, user),
            other @ (Audience::User(_) | Audience::Firm(_)) => other,
        };
        Self { to, ..self }
    }

    pub(crate) fn without_mail(self) -> Self {
        Self { mail: false, ..self }
    }

    pub(crate) fn because(self, reason: &str) -> Self {
        Self { reason: Some(reason.to_owned()), ..self }
    }
}

impl Notices {
    /// Notices of a user, the oldest first.
    pub fn of(&self, user: &UserId) -> impl DoubleEndedIterator<Item = &Notice> {
        self.boxes.get(user).into_iter().flatten()
    }

    /// How a user wants to be told.
    pub fn channels(&self, user: &UserId, kind: NoticeKind) -> NoticeChannels {
        self.channels.get(user).and_then(|kinds| kinds.get(&kind)).copied().unwrap_or_default()
    }

    /// A user did something about `subject`: what told of it is acted on, and thereby read.
    pub(crate) fn act(&mut self, user: &UserId, subject: &str, at: Timestamp) {
        let own = self.boxes.get_mut(user).into_iter().flatten();
        for notice in own.filter(|notice| notice.raised.about == subject) {
            notice.acted_on.get_or_insert(at);
            notice.read.get_or_insert(at);
        }
    }

    /// Puts `tellings` into boxes and on the way; `digits` name the step they follow from.
    pub(crate) fn tell(
        &mut self,
        tellings: Vec<Telling>,
        digits: &str,
        at: Timestamp,
        ways: Ways<'_>,
        out: &mut Outbox,
    ) {
        let Ways { identity, mail, webhooks } = ways;
        let raised = tellings.into_iter().flat_map(|telling| {
            let users = audience(identity, &telling.to);
            users.into_iter().map(move |user| (user, telling.clone()))
        });
        // A step that tells twice gives no name twice: each notice is at least one record.
        let first = out.emitted().len();
        for (n, (user, Telling { kind, about, reason, mail: by_mail, .. })) in (first..).zip(raised) {
            let notice = NoticeId::new(&format!("ntc_{digits}.{n:04}")).expect("shorter than an id may be");
            let raised = NoticeRaised { notice, user, kind, about: about.clone(), reason };
            out.emit(Topic::Admin, raised.clone().into());
            if identity.user(&user).is_some_and(|user| user.active) {
                webhooks.tell(&format!("{digits}.{n:04}"), &raised, at, out);
            }
            let kept = self.boxes.entry(user).or_default();
            if kept.len() >= KEPT_MAX {
                kept.pop_front();
            }
            kept.push_back(Notice { raised, at, read: None, acted_on: None });
            let known =
                identity.user(&user).filter(|user| user.email_confirmed && user.preferences.email_enabled);
            if let Some(known) = known.filter(|_| by_mail && self.channels(&user, kind).email) {
                mail.post(
                    &format!("{digits}.n{n}"),
                    known.id,
                    &known.email,
                    Letter::Notice { kind, about },
                    at,
                    out,
                );
            }
        }
    }

    pub(crate) fn perform(
        &mut self,
        command: &Command,
        action: &NoticesAction,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        let user = command.by.ok_or_else(|| Refused::not_found("user"))?;
        match action {
            NoticesAction::MarkRead { notice } => {
                let mut own = self.boxes.get_mut(&user).into_iter().flatten();
                let found = own.find(|kept| kept.raised.notice == *notice);
                found.ok_or_else(|| Refused::not_found("notice"))?.read.get_or_insert(at);
                Ok((notice.to_string(), 2))
            }
            NoticesAction::MarkAllRead => {
                let own = self.boxes.get_mut(&user).into_iter().flatten();
                own.for_each(|kept| {
                    kept.read.get_or_insert(at);
                });
                Ok((user.to_string(), 2))
            }
            NoticesAction::SetChannels { channels } => {
                self.channels.insert(user, channels.clone());
                Ok((user.to_string(), 1))
            }
        }
    }
}

fn audience(identity: &Identity, to: &Audience) -> Vec<UserId> {
    match to {
        Audience::User(user) => vec![*user],
        Audience::Role(role, but) => {
            active(identity, |user| user.roles.contains(role) && *but != Some(user.id))
        }
        Audience::Firm(firm) => {
            active(identity, |user| user.firm == Some(*firm) && user.roles.contains(&UserRole::FirmAdmin))
        }
    }
}

fn active(identity: &Identity, is_one: impl Fn(&User) -> bool) -> Vec<UserId> {
    let told = identity.users().filter(|user| user.active && is_one(user));
    told.map(|user| user.id).take(TOLD_MAX).collect()
}
