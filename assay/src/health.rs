//! Health and metrics over HTTP: `/healthz` (the process lives), `/readyz` (recovered and accepting), `/metrics`
//! (Prometheus text).

use assay_event_log::EventLog;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::net::TcpListener;

/// What the node tells about itself. Written by the threads that know, read here.
pub(crate) struct Vitals {
    /// Recovered and accepting.
    pub(crate) ready: AtomicBool,
    /// Open orders, by the pipeline.
    pub(crate) open_orders: AtomicU64,
    /// Records that risk and execution applied.
    pub(crate) applied_records: AtomicU64,
    /// Rows in the audit store.
    pub(crate) audit_position: AtomicU64,
    /// The log.
    pub(crate) log: Arc<dyn EventLog>,
    /// FIX counters.
    pub(crate) gateway: Arc<fix_gateway::Statistics>,
}

impl Vitals {
    /// Of a node on `log` that is not ready yet.
    pub(crate) fn new(log: Arc<dyn EventLog>, gateway: Arc<fix_gateway::Statistics>) -> Self {
        Self {
            ready: AtomicBool::new(false),
            open_orders: AtomicU64::new(0),
            applied_records: AtomicU64::new(0),
            audit_position: AtomicU64::new(0),
            log,
            gateway,
        }
    }
}

/// The routes.
pub(crate) fn app(vitals: Arc<Vitals>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(vitals)
}

/// Serves `listener` until `shutdown` resolves.
pub(crate) async fn serve(
    listener: TcpListener,
    vitals: Arc<Vitals>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, app(vitals)).with_graceful_shutdown(shutdown).await
}

async fn readyz(State(vitals): State<Arc<Vitals>>) -> (StatusCode, String) {
    match vitals.log.poisoned() {
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("log is poisoned: {why}\n")),
        None if vitals.ready.load(Ordering::Acquire) => (StatusCode::OK, "ready\n".to_owned()),
        None => (StatusCode::SERVICE_UNAVAILABLE, "recovering\n".to_owned()),
    }
}

async fn metrics(State(vitals): State<Arc<Vitals>>) -> String {
    let mut text = String::new();
    let mut line = |name: &str, kind: &str, help: &str, value: u64| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    };
    line("assay_log_end", "gauge", "Position the next record gets.", vitals.log.end().0);
    line("assay_log_durable", "gauge", "Records that survive a crash.", vitals.log.durable().0);
    line(
        "assay_log_poisoned",
        "gauge",
        "1 when the log refuses everything.",
        vitals.log.poisoned().is_some().into(),
    );
    line("assay_open_orders", "gauge", "Orders on the books.", vitals.open_orders.load(Ordering::Relaxed));
    let applied = vitals.applied_records.load(Ordering::Relaxed);
    line("assay_applied_records_total", "counter", "Records applied by risk and execution.", applied);
    line(
        "assay_audit_position",
        "gauge",
        "Position the audit store has reached.",
        vitals.audit_position.load(Ordering::Relaxed),
    );
    for (name, kind, help, value) in vitals.gateway.metrics() {
        line(name, kind, help, value);
    }
    text
}
