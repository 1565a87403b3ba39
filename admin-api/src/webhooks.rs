//! Sends what webhooks are to be told, and records every try.
//!
//! A delivery is tried until the webhook answers 2xx, at most eight times over a day. A crash between a try and
//! its record sends it twice: under the same id, by which whoever takes it knows it again.

mod addresses;
mod message;
mod post;

pub(crate) use addresses::Reach;
pub(crate) use message::{secret, summary};
pub use post::{Poster, RootsError};

use crate::api::Api;
use crate::secrets::Secrets;
use crate::state::{Delivery, GONE, Webhook};
use assay_trading_types::{DeliveryId, DeliveryTried, Timestamp, WebhookId};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// Seconds from one try to the next: eight in all, over a day (notifications-alerts.md, jobs).
const WAITS_S: [i64; 7] = [5, 60, 300, 1_800, 7_200, 21_600, 50_400];

/// Tries at the same time, of all webhooks. One webhook has one at a time.
const UNDER_WAY_MAX: usize = 16;

/// How often new deliveries are looked for.
const POLL: Duration = Duration::from_millis(50);

/// A try that is to be made.
#[derive(Clone)]
struct Try {
    delivery: DeliveryId,
    webhook: WebhookId,
    attempt: u32,
    recorded: u32,
    told: post::Told,
}

/// Sends to webhooks.
pub struct WebhookService {
    api: Arc<Api>,
    poster: Arc<Poster>,
    busy: HashSet<WebhookId>,
    /// How many tries were recorded when the last one began: it is under way until there are more.
    begun: HashMap<DeliveryId, u32>,
}

impl WebhookService {
    /// Sends what `api` wants told, by `poster`.
    pub fn new(api: Arc<Api>, poster: Poster) -> Self {
        Self { api, poster: Arc::new(poster), busy: HashSet::new(), begun: HashMap::new() }
    }

    /// Sends until told to stop. What is left goes out after the next start.
    ///
    /// # Errors
    /// The system gives no timers.
    pub fn run(mut self, stop: &AtomicBool) -> std::io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut tries = JoinSet::new();
            while !stop.load(Ordering::Acquire) {
                self.begin(&mut tries);
                let wait = tokio::time::sleep(POLL);
                tokio::select! {
                    Some(ended) = tries.join_next() => {
                        if let Ok((try_, answer)) = ended {
                            self.record(&try_, answer);
                        }
                    }
                    () = wait => {}
                }
            }
        });
        Ok(())
    }

    fn begin(&mut self, tries: &mut JoinSet<(Try, Result<u16, post::Failed>)>) {
        for try_ in self.due() {
            self.busy.insert(try_.webhook);
            self.begun.insert(try_.delivery, try_.recorded);
            let poster = Arc::clone(&self.poster);
            tries.spawn(async move {
                let answer = poster.post(&try_.told).await;
                (try_, answer)
            });
        }
    }

    /// Nothing leaves before what it tells is durable.
    fn due(&mut self) -> Vec<Try> {
        let (now, settled) = (self.api.now(), self.api.settled());
        let state = self.api.state();
        let (begun, busy) = (&mut self.begun, &self.busy);
        begun.retain(|delivery, _| state.webhooks.delivery(delivery).is_some_and(|d| d.due.is_some()));
        let mut taken = HashSet::new();
        let is_next = |(hook, delivery): &(&Webhook, &Delivery)| {
            let recorded =
                begun.get(&delivery.requested.delivery).is_none_or(|begun| delivery.recorded > *begun);
            let is_due = delivery.due.is_some_and(|at| at <= now);
            is_due && recorded && !busy.contains(&hook.id) && taken.insert(hook.id)
        };
        let next = state.webhooks.waiting().filter(is_next).take(UNDER_WAY_MAX.saturating_sub(busy.len()));
        let due: Vec<_> =
            next.map(|(hook, delivery)| next_try(&self.api.secrets, hook, delivery, now)).collect();
        if due.is_empty() || self.api.log.durable() < settled || !self.api.is_recovered() {
            return Vec::new();
        }
        due
    }

    fn record(&mut self, try_: &Try, answer: Result<u16, post::Failed>) {
        self.busy.remove(&try_.webhook);
        let (status, error) = match answer {
            Ok(status) if (200..300).contains(&status) => (Some(status), None),
            Ok(status) => (Some(status), Some(format!("it answered {status}"))),
            Err(failed) => (None, Some(failed.to_string())),
        };
        let wait_s =
            WAITS_S.get(try_.attempt as usize - 1).filter(|_| error.is_some() && status != Some(GONE));
        let next = wait_s.map(|seconds| self.api.now().plus_ns(seconds * 1_000_000_000));
        if let Some(error) = &error {
            tracing::warn!(delivery = %try_.delivery, attempt = try_.attempt, error, "a webhook did not take what it was sent");
        }
        let tried = DeliveryTried { delivery: try_.delivery, attempt: try_.attempt, status, error, next };
        if self.api.log.append(&mut vec![self.api.own_record(tried.into())]).is_err() {
            tracing::error!(delivery = %try_.delivery, "the log takes nothing more; the try is not recorded");
        }
    }
}

fn next_try(secrets: &Secrets, hook: &Webhook, delivery: &Delivery, now: Timestamp) -> Try {
    Try {
        delivery: delivery.requested.delivery,
        webhook: hook.id,
        attempt: delivery.attempts + 1,
        recorded: delivery.recorded,
        told: message::told(secrets, hook, delivery, now),
    }
}
