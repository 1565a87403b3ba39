//! Whether business goes on as it should (OPS-3): prices are fresh, orders flow, the books balance, nothing is stopped.

use crate::api::Api;
use crate::word::word;
use assay_trading_types::{Amount, Job, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use utoipa::ToSchema;

/// How long a look at all accounts counts, in seconds: it reads each of them, and health is asked for by anybody.
const BOOKS_LIFE_S: i64 = 15;

/// How long a look counts for strangers, in seconds: however many ask, the database is read once a second.
const TOLD_LIFE_S: i64 = 1;

/// Records that risk may be behind: about a second of full load.
const ORDERS_LAG_MAX: u64 = 100_000;

/// Records that the audit store and the read model may be behind: some seconds of full load.
pub const STORE_LAG_MAX: u64 = 500_000;

/// How a part stands; the worst decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(example = "healthy")]
pub enum Standing {
    /// As it should be.
    Healthy,
    /// It goes on, and somebody should look.
    Degraded,
    /// It does not go on.
    Unhealthy,
}

/// A part of the business, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BusinessCheck {
    /// Its name.
    #[schema(example = "prices")]
    pub check: &'static str,
    /// How it stands.
    pub status: Standing,
    /// The figures that say so, for operators.
    #[schema(example = "12 instruments, 0 without a price, 0 stale")]
    pub detail: String,
}

/// What only the process knows that the API runs in.
#[derive(Debug, Clone, Default)]
pub struct NodeFigures {
    /// Durable records that the audit store does not have yet, where the audit runs in this process.
    pub audit_lag: Option<u64>,
    /// Records that risk and execution have not applied yet, where they run in this process.
    pub orders_lag: Option<u64>,
    /// Requests that were answered, and how long they waited altogether in microseconds, where sessions are.
    pub answers: Option<(u64, u64)>,
    /// Outside venues, and whether their sessions are logged on.
    pub venues: Vec<(String, bool)>,
}

/// Tells the figures of now.
pub type NodePort = Box<dyn Fn() -> NodeFigures + Send + Sync>;

/// What was found, and when.
struct Kept<T>(Mutex<Option<(Timestamp, T)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Kept<T> {
    /// What was found at most `life_s` seconds ago, or what `look` finds.
    fn within(&self, life_s: i64, now: Timestamp, look: impl FnOnce() -> T) -> T {
        // Whoever asks meanwhile waits for the one look.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, found)) = &*kept
            && (*at..at.plus_ns(life_s * 1_000_000_000)).contains(&now)
        {
            return found.clone();
        }
        let found = look();
        *kept = Some((now, found.clone()));
        found
    }
}

/// What is remembered between two looks.
#[derive(Default)]
pub(crate) struct BusinessHealth {
    node: OnceLock<NodePort>,
    /// Debits less credits by asset, where they differ; nothing, and they could not be added up.
    books: Kept<Option<BTreeMap<String, i128>>>,
    /// What strangers were told.
    told: Kept<Standing>,
}

impl BusinessHealth {
    /// Who tells the process's figures, once.
    pub(crate) fn heed(&self, node: NodePort) {
        // A second one would be of the same process.
        let _ = self.node.set(node);
    }

    /// The process's figures.
    pub(crate) fn node(&self) -> NodeFigures {
        self.node.get().map(|tell| tell()).unwrap_or_default()
    }

    /// What does not balance, looked at within [`BOOKS_LIFE_S`].
    fn imbalances(&self, api: &Api) -> Option<BTreeMap<String, i128>> {
        self.books.within(BOOKS_LIFE_S, api.now(), || api.model().imbalances().ok())
    }
}

impl Api {
    /// How the business stands, or stood at most a second ago: what anybody may ask. It reads the database: not for a
    /// thread that serves others.
    pub fn business_standing(&self) -> Standing {
        // No check at all is no good sign.
        let worst =
            || self.business_health().iter().map(|check| check.status).max().unwrap_or(Standing::Unhealthy);
        self.business.told.within(TOLD_LIFE_S, self.now(), worst)
    }

    /// How each part of the business stands. It reads the database: not for a thread that serves others.
    pub fn business_health(&self) -> Vec<BusinessCheck> {
        let node = self.business.node();
        let mut checks = vec![
            log(self),
            prices(self),
            orders(&node),
            read_model(self),
            audit(&node),
            books(self),
            reconciliation(self),
            switches(self),
            jobs(self),
        ];
        if !node.venues.is_empty() {
            checks.push(venues(&node));
        }
        checks
    }

    /// Who tells the API what only its process knows; the first one counts.
    pub fn heed_node(&self, node: NodePort) {
        self.business.heed(node);
    }
}

fn checked(check: &'static str, status: Standing, detail: String) -> BusinessCheck {
    BusinessCheck { check, status, detail }
}

/// What cannot be read is not known to be well.
fn unread(check: &'static str) -> BusinessCheck {
    checked(check, Standing::Unhealthy, "cannot be read".to_owned())
}

/// Degraded when there is something to look at.
fn noted(check: &'static str, noteworthy: bool, detail: String) -> BusinessCheck {
    checked(check, if noteworthy { Standing::Degraded } else { Standing::Healthy }, detail)
}

fn log(api: &Api) -> BusinessCheck {
    match api.log.poisoned() {
        None => checked("log", Standing::Healthy, format!("{} durable records", api.log.durable().0)),
        Some(why) => checked("log", Standing::Unhealthy, format!("refuses everything: {why}")),
    }
}

/// An instrument whose price is missing or stale takes no orders; when none has a fresh one, nothing trades.
fn prices(api: &Api) -> BusinessCheck {
    let Ok(found) = api.model().price_freshness(api.now()) else { return unread("prices") };
    let without = found.missing + found.stale;
    let status = match without {
        0 => Standing::Healthy,
        _ if without == found.instruments => Standing::Unhealthy,
        _ => Standing::Degraded,
    };
    let detail = format!(
        "{} instruments, {} without a price, {} stale",
        found.instruments, found.missing, found.stale
    );
    checked("prices", status, detail)
}

fn orders(node: &NodeFigures) -> BusinessCheck {
    match node.orders_lag {
        None => checked("orders", Standing::Healthy, "decided on in another process".to_owned()),
        Some(lag) if lag > ORDERS_LAG_MAX => {
            checked("orders", Standing::Unhealthy, format!("risk and execution are {lag} records behind"))
        }
        Some(lag) => {
            checked("orders", Standing::Healthy, format!("risk and execution are {lag} records behind"))
        }
    }
}

fn read_model(api: &Api) -> BusinessCheck {
    let lag = api.log.durable().0.saturating_sub(api.model().position().0);
    noted("read_model", lag > STORE_LAG_MAX, format!("{lag} records behind"))
}

fn audit(node: &NodeFigures) -> BusinessCheck {
    match node.audit_lag {
        None => checked("audit", Standing::Healthy, "stored by another process".to_owned()),
        Some(lag) => noted("audit", lag > STORE_LAG_MAX, format!("the store is {lag} records behind")),
    }
}

fn books(api: &Api) -> BusinessCheck {
    let Some(imbalances) = api.business.imbalances(api) else { return unread("books") };
    if imbalances.is_empty() {
        return checked("books", Standing::Healthy, "debits are credits in every asset".to_owned());
    }
    let off = imbalances.iter().map(|(asset, units)| format!("{} {asset}", Amount::from_units(*units)));
    let detail = format!("debits less credits: {}", off.collect::<Vec<_>>().join(", "));
    checked("books", Standing::Unhealthy, detail)
}

fn reconciliation(api: &Api) -> BusinessCheck {
    let state = api.state();
    let Some(last) = state.reconciliations.iter().next_back() else {
        return checked("reconciliation", Standing::Healthy, "none so far".to_owned());
    };
    let detail = format!("{} breaks in the run of {}", last.breaks_total, last.due);
    noted("reconciliation", last.breaks_total > 0, detail)
}

/// A switch is somebody's will, and still no plain day.
fn switches(api: &Api) -> BusinessCheck {
    let Ok(closed) = api.model().closed_switches() else { return unread("switches") };
    let named: Vec<_> = closed.iter().map(|(scope, state)| format!("{scope}: {state}")).collect();
    let detail = if named.is_empty() { "all open".to_owned() } else { named.join(", ") };
    noted("switches", !named.is_empty(), detail)
}

fn jobs(api: &Api) -> BusinessCheck {
    let state = api.state();
    let failed = |job: &Job| state.jobs.runs(*job).last.is_some_and(|run| run.finished.error.is_some());
    let failed: Vec<_> = Job::ALL.into_iter().filter(failed).map(|job| word(&job)).collect();
    let detail =
        if failed.is_empty() { "none failed".to_owned() } else { format!("failed: {}", failed.join(", ")) };
    noted("jobs", !failed.is_empty(), detail)
}

fn venues(node: &NodeFigures) -> BusinessCheck {
    let away: Vec<_> = node.venues.iter().filter(|(_, up)| !up).map(|(name, _)| name.as_str()).collect();
    let detail =
        if away.is_empty() { "all logged on".to_owned() } else { format!("away: {}", away.join(", ")) };
    noted("venues", !away.is_empty(), detail)
}
