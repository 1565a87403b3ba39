//! Webhooks: addresses that are told of a user's notices. A delivery is wished in the same step as the notice, and every try
//! of it is recorded. Records of `admin`.

use crate::{Command, DeliveryId, NoticeId, NoticeKind, Timestamp, UserId, WebhookId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A command of a user on the own webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhooksRequested {
    /// Who asks.
    pub command: Command,
    /// For what.
    pub action: WebhooksAction,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhooksAction {
    /// There is to be another.
    Add {
        /// Its id.
        webhook: WebhookId,
        /// What it is.
        terms: WebhookTerms,
    },
    /// One is to be otherwise. What made it stop by itself is forgotten.
    Change {
        /// Which.
        webhook: WebhookId,
        /// What it is from here on.
        terms: WebhookTerms,
    },
    /// One is to have another secret; the one before counts for a day beside it.
    RollSecret {
        /// Which.
        webhook: WebhookId,
    },
    /// One is to be no more, and what waits for it.
    Remove {
        /// Which.
        webhook: WebhookId,
    },
    /// One is to be sent a trial, enabled or not.
    Try {
        /// Which.
        webhook: WebhookId,
    },
    /// What was sent or given up is to be sent again.
    Redeliver {
        /// What.
        delivery: DeliveryId,
    },
}

/// What a webhook is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookTerms {
    /// Where it is: an absolute URL.
    pub url: String,
    /// Notices it is told of; all when empty.
    pub kinds: BTreeSet<NoticeKind>,
    /// Whether it is told anything.
    pub enabled: bool,
}

/// Something must go to a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRequested {
    /// Its id, the same at every try.
    pub delivery: DeliveryId,
    /// Where to.
    pub webhook: WebhookId,
    /// Whose webhook it is.
    pub user: UserId,
    /// What.
    pub content: DeliveryContent,
}

/// What a webhook is told: what kind and what about, nothing personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryContent {
    /// A notice.
    Notice {
        /// Which.
        notice: NoticeId,
        /// What it tells.
        kind: NoticeKind,
        /// What it is about, by id.
        about: String,
    },
    /// That it can be reached.
    Trial,
}

/// A delivery was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryTried {
    /// What.
    pub delivery: DeliveryId,
    /// The how manieth try, from 1; 0 when it was given up untried.
    pub attempt: u32,
    /// HTTP status, when there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why it failed; absent when the webhook has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it is tried again; absent when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
}
