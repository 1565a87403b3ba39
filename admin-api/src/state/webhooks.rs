//! Webhooks and what they are told: every delivery is held until it is settled, with every try, so that a crash loses none.

use super::refused::check_version;
use super::{Changed, Refused};
use assay_trading_types::{
    AdminRefusal, Command, DeliveryContent, DeliveryId, DeliveryRequested, DeliveryTried, NoticeRaised,
    Outbox, Timestamp, Topic, UserId, WebhookId, WebhookTerms, WebhooksAction,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Webhooks of one user.
const OWNED_MAX: usize = 10;

/// Deliveries that wait for one webhook; above, the oldest is given up.
const WAITING_MAX: usize = 1_000;

/// Settled deliveries that are kept of one webhook.
const KEPT_MAX: usize = 200;

/// A webhook that gives up so many deliveries in a row stops.
const GIVEN_UP_MAX: u32 = 10;

/// How long the secret before the present one counts.
const OVERLAP_NS: i64 = 86_400 * 1_000_000_000;

/// Gone (RFC 9110): whoever answers so wants no more.
pub(crate) const GONE: u16 = 410;

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose.
    pub user: UserId,
    /// What it is.
    pub terms: WebhookTerms,
    /// Why it stopped by itself.
    pub stopped: Option<String>,
    /// Counts its changes.
    pub version: u64,
    /// Counts its secrets, from 1.
    pub secret: u32,
    /// Until when the secret before counts too.
    pub overlap_until: Option<Timestamp>,
    /// When it was made.
    pub created: Timestamp,
    given_up_in_a_row: u32,
    waiting: BTreeSet<DeliveryId>,
    /// Settled ones, the oldest first.
    settled: VecDeque<DeliveryId>,
}

/// A delivery, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// What.
    pub requested: DeliveryRequested,
    /// When it was wished.
    pub at: Timestamp,
    /// Tries so far, since it was wished or wished again.
    pub attempts: u32,
    /// Tries that were recorded, ever.
    pub recorded: u32,
    /// How the last one went, and when.
    pub last: Option<(DeliveryTried, Timestamp)>,
    /// When it is due; absent once settled.
    pub due: Option<Timestamp>,
}

impl Delivery {
    /// Whether the webhook has it; nothing while it waits.
    pub fn is_delivered(&self) -> Option<bool> {
        let (last, _) = self.last.as_ref().filter(|_| self.due.is_none())?;
        Some(last.error.is_none())
    }
}

/// Everybody's webhooks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Webhooks {
    hooks: BTreeMap<WebhookId, Webhook>,
    deliveries: BTreeMap<DeliveryId, Delivery>,
    waiting: BTreeSet<DeliveryId>,
}

impl Webhooks {
    /// A user's webhooks, by id.
    pub fn of(&self, user: UserId) -> impl Iterator<Item = &Webhook> {
        self.hooks.values().filter(move |hook| hook.user == user)
    }

    /// A webhook.
    pub fn hook(&self, id: &WebhookId) -> Option<&Webhook> {
        self.hooks.get(id)
    }

    /// What a webhook was told and is to be told, as far as it is kept, by id: those of one kind, the oldest first.
    pub fn deliveries(&self, hook: &Webhook) -> impl DoubleEndedIterator<Item = &Delivery> {
        let ids: BTreeSet<_> = hook.settled.iter().chain(&hook.waiting).copied().collect();
        ids.into_iter().filter_map(|id| self.deliveries.get(&id))
    }

    /// A delivery.
    pub fn delivery(&self, id: &DeliveryId) -> Option<&Delivery> {
        self.deliveries.get(id)
    }

    /// What waits, whether due or not, with where to.
    pub fn waiting(&self) -> impl Iterator<Item = (&Webhook, &Delivery)> {
        let of = |id| {
            let delivery = self.deliveries.get(id)?;
            Some((self.hooks.get(&delivery.requested.webhook)?, delivery))
        };
        self.waiting.iter().filter_map(of)
    }

    /// Wishes that the user's webhooks are told of a notice, named by what it follows from.
    pub(super) fn tell(&mut self, digits: &str, raised: &NoticeRaised, at: Timestamp, out: &mut Outbox) {
        let wants = |hook: &&Webhook| {
            let terms = &hook.terms;
            terms.enabled && (terms.kinds.is_empty() || terms.kinds.contains(&raised.kind))
        };
        let told: Vec<WebhookId> = self.of(raised.user).filter(wants).map(|hook| hook.id).collect();
        for (n, webhook) in told.into_iter().enumerate() {
            let content = DeliveryContent::Notice {
                notice: raised.notice,
                kind: raised.kind,
                about: raised.about.clone(),
            };
            self.post(&format!("{digits}.w{n}"), webhook, content, at, out);
        }
    }

    fn post(
        &mut self,
        digits: &str,
        webhook: WebhookId,
        content: DeliveryContent,
        at: Timestamp,
        out: &mut Outbox,
    ) {
        let Some(hook) = self.hooks.get_mut(&webhook) else { return };
        let delivery = DeliveryId::new(&format!("dlv_{digits}")).expect("shorter than an id may be");
        let requested = DeliveryRequested { delivery, webhook, user: hook.user, content };
        out.emit(Topic::Admin, requested.clone().into());
        let due = Some(at);
        self.deliveries
            .insert(delivery, Delivery { requested, at, attempts: 0, recorded: 0, last: None, due });
        self.waiting.insert(delivery);
        hook.waiting.insert(delivery);
        if hook.waiting.len() > WAITING_MAX
            && let Some(&oldest) = hook.waiting.first()
        {
            let error = Some("too many wait for this webhook".to_owned());
            let tried = DeliveryTried { delivery: oldest, attempt: 0, status: None, error, next: None };
            out.emit(Topic::Admin, tried.clone().into());
            self.note(&tried, at);
        }
    }

    /// A try ended. Whose webhook stopped by that is returned.
    pub(super) fn tried(&mut self, e: &DeliveryTried, at: Timestamp) -> Option<(UserId, WebhookId)> {
        let hook = self.note(e, at)?;
        hook.stop_if_it_must(e).then_some((hook.user, hook.id))
    }

    /// The webhook, when the delivery ended with this try.
    fn note(&mut self, e: &DeliveryTried, at: Timestamp) -> Option<&mut Webhook> {
        let delivery = self.deliveries.get_mut(&e.delivery).filter(|delivery| delivery.due.is_some())?;
        delivery.attempts = delivery.attempts.max(e.attempt);
        delivery.recorded += 1;
        delivery.last = Some((e.clone(), at));
        delivery.due = e.next;
        if e.next.is_some() {
            return None;
        }
        self.waiting.remove(&e.delivery);
        let hook = self.hooks.get_mut(&delivery.requested.webhook)?;
        hook.waiting.remove(&e.delivery);
        hook.settled.push_back(e.delivery);
        if hook.settled.len() > KEPT_MAX
            && let Some(oldest) = hook.settled.pop_front()
        {
            self.deliveries.remove(&oldest);
        }
        Some(hook)
    }

    pub(super) fn perform(
        &mut self,
        command: &Command,
        action: &WebhooksAction,
        at: Timestamp,
        out: &mut Outbox,
    ) -> Result<Changed, Refused> {
        let user = command.by.ok_or_else(|| Refused::not_found("user"))?;
        let digits = command.id.as_str().trim_start_matches("cmd_");
        match action {
            WebhooksAction::Add { webhook, terms } => self.add(user, *webhook, terms, at),
            WebhooksAction::Change { webhook, terms } => {
                let hook = self.own(user, webhook)?;
                check_version(command.expected_version, hook.version)?;
                (hook.terms, hook.stopped, hook.given_up_in_a_row) = (terms.clone(), None, 0);
                Ok(hook.changed())
            }
            WebhooksAction::RollSecret { webhook } => {
                let hook = self.own(user, webhook)?;
                check_version(command.expected_version, hook.version)?;
                hook.secret += 1;
                hook.overlap_until = Some(at.plus_ns(OVERLAP_NS));
                Ok(hook.changed())
            }
            WebhooksAction::Remove { webhook } => {
                check_version(command.expected_version, self.own(user, webhook)?.version)?;
                Ok(self.remove(webhook))
            }
            WebhooksAction::Try { webhook } => {
                self.own(user, webhook)?;
                self.post(&format!("{digits}.t"), *webhook, DeliveryContent::Trial, at, out);
                Ok((format!("dlv_{digits}.t"), 1))
            }
            WebhooksAction::Redeliver { delivery } => self.redeliver(user, delivery, at),
        }
    }

    fn add(
        &mut self,
        user: UserId,
        id: WebhookId,
        terms: &WebhookTerms,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        if self.of(user).count() >= OWNED_MAX {
            return Err(Refused::new(AdminRefusal::TooMany, format!("a user has at most {OWNED_MAX}")));
        }
        if self.hooks.contains_key(&id) {
            return Err(Refused::new(AdminRefusal::Exists, "there is a webhook of this id"));
        }
        let hook = Webhook {
            id,
            user,
            terms: terms.clone(),
            stopped: None,
            version: 1,
            secret: 1,
            overlap_until: None,
            created: at,
            given_up_in_a_row: 0,
            waiting: BTreeSet::new(),
            settled: VecDeque::new(),
        };
        self.hooks.insert(id, hook);
        Ok((id.to_string(), 1))
    }

    fn remove(&mut self, id: &WebhookId) -> Changed {
        let Some(hook) = self.hooks.remove(id) else { return (id.to_string(), 0) };
        for delivery in hook.waiting.iter().chain(&hook.settled) {
            self.deliveries.remove(delivery);
            self.waiting.remove(delivery);
        }
        (id.to_string(), hook.version + 1)
    }

    /// Tries begin anew, under the same id: a webhook that had it knows it again.
    fn redeliver(&mut self, user: UserId, id: &DeliveryId, at: Timestamp) -> Result<Changed, Refused> {
        let missing = || Refused::not_found("delivery");
        let delivery = self.deliveries.get_mut(id).ok_or_else(missing)?;
        let hook = self.hooks.get_mut(&delivery.requested.webhook).filter(|hook| hook.user == user);
        let hook = hook.ok_or_else(missing)?;
        if delivery.due.is_some() {
            return Err(Refused::new(AdminRefusal::WrongState, "it waits to be delivered"));
        }
        (delivery.due, delivery.attempts) = (Some(at), 0);
        hook.settled.retain(|settled| settled != id);
        hook.waiting.insert(*id);
        self.waiting.insert(*id);
        Ok((id.to_string(), 1))
    }

    fn own(&mut self, user: UserId, id: &WebhookId) -> Result<&mut Webhook, Refused> {
        let hook = self.hooks.get_mut(id).filter(|hook| hook.user == user);
        hook.ok_or_else(|| Refused::not_found("webhook"))
    }
}

impl Webhook {
    fn changed(&mut self) -> Changed {
        self.version += 1;
        (self.id.to_string(), self.version)
    }

    /// Counts how a delivery ended. Whether the webhook stops by that.
    fn stop_if_it_must(&mut self, ended: &DeliveryTried) -> bool {
        self.given_up_in_a_row = if ended.error.is_some() { self.given_up_in_a_row + 1 } else { 0 };
        let why = match ended.status {
            Some(GONE) => "it answered 410 Gone".to_owned(),
            _ if self.given_up_in_a_row >= GIVEN_UP_MAX => {
                format!("{GIVEN_UP_MAX} deliveries in a row were given up")
            }
            _ => return false,
        };
        let stops = self.terms.enabled;
        if stops {
            self.terms.enabled = false;
            self.stopped = Some(why);
            self.version += 1;
        }
        stops
    }
}
