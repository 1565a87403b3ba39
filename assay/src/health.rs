//! Health and metrics over HTTP: `/healthz` (the process lives), `/readyz` (recovered and accepting), `/metrics`
//! (Prometheus text), and `/health/*` as the operations requirements list them. Strangers learn a state, never a reason.

mod metrics;

use crate::price_sources;
use assay_admin_api::{Api, NodeFigures, STORE_LAG_MAX, Standing, TlsPort};
use assay_event_log::EventLog;
use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fix_gateway::{TlsSource, TlsSpec};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What the node tells about itself. Written by the threads that know, read here.
pub(crate) struct Vitals {
    /// Recovered and accepting.
    pub(crate) ready: AtomicBool,
    /// Whether risk or execution run here.
    pub(crate) has_pipeline: bool,
    /// Whether the audit does.
    pub(crate) has_audit: bool,
    /// Open orders, by the pipeline.
    pub(crate) open_orders: AtomicU64,
    /// Records that risk and execution applied.
    pub(crate) applied_records: AtomicU64,
    /// Where risk and execution stand in the log.
    pub(crate) pipeline_position: AtomicU64,
    /// Rows in the audit store.
    pub(crate) audit_position: AtomicU64,
    /// Where everything is kept.
    pub(crate) data_dir: PathBuf,
    /// The log.
    pub(crate) log: Arc<dyn EventLog>,
    /// FIX counters, where sessions are.
    pub(crate) gateway: Option<Arc<fix_gateway::Statistics>>,
    /// Outside venues, where their sessions are.
    pub(crate) venues: Vec<Arc<assay_venues::VenueVitals>>,
    /// The back office, where it is served.
    pub(crate) back_office: Option<Arc<Api>>,
    /// Sources of reference prices, where they are read.
    pub(crate) prices: Option<Arc<price_sources::Statistics>>,
}

impl Vitals {
    /// Of a process on `log` that is not ready yet, without any part.
    pub(crate) fn new(data_dir: PathBuf, log: Arc<dyn EventLog>) -> Self {
        Self {
            ready: AtomicBool::new(false),
            has_pipeline: false,
            has_audit: false,
            open_orders: AtomicU64::new(0),
            applied_records: AtomicU64::new(0),
            pipeline_position: AtomicU64::new(0),
            audit_position: AtomicU64::new(0),
            data_dir,
            log,
            gateway: None,
            venues: Vec::new(),
            back_office: None,
            prices: None,
        }
    }

    /// Durable records that the audit store does not have yet, where the audit runs here.
    pub(crate) fn audit_lag(&self) -> Option<u64> {
        let stored = self.audit_position.load(Ordering::Relaxed);
        self.has_audit.then(|| self.log.durable().0.saturating_sub(stored))
    }

    /// What the back office cannot know by itself.
    pub(crate) fn figures(&self) -> NodeFigures {
        let applied = self.pipeline_position.load(Ordering::Relaxed);
        let answers = self.gateway.as_ref().map(|gateway| {
            let answers = gateway.answers();
            (answers.count(), answers.sum_us())
        });
        let up = |venue: &Arc<assay_venues::VenueVitals>| {
            (venue.venue.to_string(), venue.up.load(Ordering::Relaxed))
        };
        NodeFigures {
            audit_lag: self.audit_lag(),
            orders_lag: self.has_pipeline.then(|| self.log.end().0.saturating_sub(applied)),
            answers,
            venues: self.venues.iter().map(up).collect(),
        }
    }

    /// Recovered and accepting: orders, and commands where the back office is served.
    fn is_ready(&self) -> bool {
        let answers = self.back_office.as_ref().is_none_or(|api| api.is_recovered());
        self.ready.load(Ordering::Acquire) && answers && self.log.poisoned().is_none()
    }
}

/// A listener for [`serve`], and its address.
pub(crate) fn bind(listen: SocketAddr) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// What the API's connections are protected by, as the files of `tls` have it at each of them.
///
/// # Errors
/// A file cannot be used.
pub(crate) fn protect(tls: Option<TlsSpec>) -> Result<Option<TlsPort>, fix_gateway::Error> {
    let Some(spec) = tls else { return Ok(None) };
    let source = Mutex::new(TlsSource::load(spec)?);
    Ok(Some(Box::new(move || {
        let source = source.lock().unwrap_or_else(PoisonError::into_inner);
        match source.reload(false) {
            Ok(true) => tracing::info!("certificates of the API read anew"),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "certificates of the API stay as they were"),
        }
        source.config()
    })))
}

/// Serves `app` on this thread until `ended` resolves.
pub(crate) fn serve(
    listener: TcpListener,
    tls: Option<TlsPort>,
    app: Router,
    ended: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        assay_admin_api::serve(listener, tls, app, ended).await
    })
}

/// The routes, and those of the back office where it is served.
pub(crate) fn app(vitals: Arc<Vitals>) -> Router {
    let pages = vitals.back_office.clone().map(assay_admin_api::app).unwrap_or_default();
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics::metrics))
        .route("/health", get(health))
        .route("/health/live", get(|| async { Json(Checked::of("live", true)) }))
        .route("/health/ready", get(ready))
        .route("/health/startup", get(startup))
        .route("/health/ultra-low-latency", get(round_trip))
        .route("/health/queue", get(queue))
        .route("/health/db", get(store))
        .route("/health/business", get(business))
        .with_state(vitals)
        .merge(pages)
}

/// Longest that what is under way may take to become durable (OPS-2).
const ROUND_TRIP_MAX: Duration = Duration::from_millis(50);

/// One check.
#[derive(Debug, Clone, Copy, serde::Serialize)]
struct Checked {
    check: &'static str,
    status: &'static str,
}

impl Checked {
    fn of(check: &'static str, healthy: bool) -> Self {
        Self { check, status: if healthy { "healthy" } else { "unhealthy" } }
    }

    fn is_healthy(self) -> bool {
        self.status == "healthy"
    }
}

impl IntoResponse for Checked {
    fn into_response(self) -> Response {
        let status = if self.is_healthy() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (status, Json(self)).into_response()
    }
}

/// All checks together: unhealthy when the log or readiness is, degraded when something that only lags is.
async fn health(State(vitals): State<Arc<Vitals>>) -> Response {
    let checks = [queue_check(&vitals), ready_check(&vitals), store_check(&vitals)];
    let status = match () {
        () if !checks[..2].iter().all(|c| c.is_healthy()) => "unhealthy",
        () if checks.iter().all(|c| c.is_healthy()) => "healthy",
        () => "degraded",
    };
    let code = if status == "unhealthy" { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (code, Json(serde_json::json!({"status": status, "checks": checks}))).into_response()
}

async fn ready(State(vitals): State<Arc<Vitals>>) -> Checked {
    ready_check(&vitals)
}

async fn startup(State(vitals): State<Arc<Vitals>>) -> Checked {
    Checked::of("startup", vitals.ready.load(Ordering::Acquire))
}

async fn queue(State(vitals): State<Arc<Vitals>>) -> Checked {
    queue_check(&vitals)
}

async fn store(State(vitals): State<Arc<Vitals>>) -> Checked {
    store_check(&vitals)
}

/// Whether business goes on as it should (OPS-3): one word for strangers, figures at `/api/v1/system/health`. Where no back
/// office is, nobody here knows.
async fn business(State(vitals): State<Arc<Vitals>>) -> Response {
    let Some(api) = vitals.back_office.clone() else { return StatusCode::NOT_FOUND.into_response() };
    let status = tokio::task::spawn_blocking(move || api.business_standing()).await;
    let status = status.unwrap_or(Standing::Unhealthy);
    let code = match status {
        Standing::Healthy | Standing::Degraded => StatusCode::OK,
        Standing::Unhealthy => StatusCode::SERVICE_UNAVAILABLE,
    };
    (code, Json(serde_json::json!({"check": "business", "status": status}))).into_response()
}

/// Waits until everything that is in the log now is durable: what an order waits for.
async fn round_trip(State(vitals): State<Arc<Vitals>>) -> Checked {
    let target = vitals.log.end();
    let log = Arc::clone(&vitals.log);
    let waited = tokio::task::spawn_blocking(move || log.wait_durable(target, ROUND_TRIP_MAX)).await;
    Checked::of("ultra-low-latency", matches!(waited, Ok(Ok(durable)) if durable >= target))
}

fn ready_check(vitals: &Vitals) -> Checked {
    Checked::of("ready", vitals.is_ready())
}

/// The log is queue and book of record in one.
fn queue_check(vitals: &Vitals) -> Checked {
    Checked::of("queue", vitals.log.poisoned().is_none())
}

fn store_check(vitals: &Vitals) -> Checked {
    Checked::of("db", vitals.audit_lag().is_none_or(|lag| lag <= STORE_LAG_MAX))
}

async fn readyz(State(vitals): State<Arc<Vitals>>) -> (StatusCode, String) {
    match vitals.log.poisoned() {
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("log is poisoned: {why}\n")),
        None if vitals.is_ready() => (StatusCode::OK, "ready\n".to_owned()),
        None => (StatusCode::SERVICE_UNAVAILABLE, "recovering\n".to_owned()),
    }
}
