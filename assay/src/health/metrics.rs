//! `/metrics`: what the node tells Prometheus, in its text format 0.0.4. docs/operations.md lists every name.

use super::Vitals;
use crate::price_sources::{self, Labelled};
use crate::process::resident_bytes;
use assay_trading_types::Job;
use assay_venues::VenueVitals;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use fix_gateway::Latency;
use std::fmt::{Display, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What a scraper is told of the form (exposition formats, text).
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Lines of the answer.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.line(name, "gauge", help, value);
    }

    fn line(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        // Writing to a String does not fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    }

    /// A value for each of `values`, told apart by a label.
    fn labelled<L: Display>(
        &mut self,
        (name, kind, help): (&str, &str, &str),
        label: &str,
        values: &[(L, u64)],
    ) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (value_of, value) in values {
            // A name is printable ASCII without space; what would end a label's value is escaped.
            let value_of = value_of.to_string().replace('\\', "\\\\").replace('"', "\\\"");
            let _ = writeln!(self.0, "{name}{{{label}=\"{value_of}\"}} {value}");
        }
    }

    fn histogram(&mut self, name: &str, help: &str, latency: &Latency) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} histogram");
        let mut count = 0;
        for (bound, so_many) in latency.cumulative() {
            let bound = bound.map_or("+Inf".to_owned(), |seconds| seconds.to_string());
            let _ = writeln!(self.0, "{name}_bucket{{le=\"{bound}\"}} {so_many}");
            count = so_many;
        }
        let _ = writeln!(self.0, "{name}_sum {}\n{name}_count {count}", latency.sum_s());
    }
}

pub(super) async fn metrics(State(vitals): State<Arc<Vitals>>) -> impl IntoResponse {
    let mut lines = Lines::default();
    node(&vitals, &mut lines);
    if let Some(statistics) = &vitals.gateway {
        gateway(statistics, &mut lines);
    }
    venues(&vitals, &mut lines);
    back_office(&vitals, &mut lines);
    if let Some(statistics) = &vitals.prices {
        prices(statistics, &mut lines);
    }
    process(&mut lines);
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], lines.0)
}

fn gateway(statistics: &fix_gateway::Statistics, lines: &mut Lines) {
    for (name, kind, help, value) in statistics.metrics() {
        lines.line(name, kind, help, value);
    }
    lines.histogram(
        "assay_gateway_answer_seconds",
        "From the bytes of a request read to the first message that answers it.",
        statistics.answers(),
    );
}

/// Of sessions with outside venues, each by its name.
fn venues(vitals: &Vitals, lines: &mut Lines) {
    const NS_PER_S: i64 = 1_000_000_000;
    if vitals.venues.is_empty() {
        return;
    }
    let mut line = |name: &str, kind: &str, help: &str, of: &dyn Fn(&VenueVitals) -> u64| {
        let values: Vec<_> = vitals.venues.iter().map(|venue| (venue.venue, of(venue))).collect();
        lines.labelled((name, kind, help), "venue", &values);
    };
    line("assay_venue_up", "gauge", "1 when logged on.", &|v| u64::from(v.up.load(Ordering::Relaxed)));
    let help = "Orders, cancels and replaces sent that it has not spoken of.";
    line("assay_venue_unanswered", "gauge", help, &|v| v.unanswered.load(Ordering::Relaxed));
    let help = "When it said something last, in seconds since 1970.";
    line("assay_venue_last_heard_seconds", "gauge", help, &|v| {
        v.last_heard_ns.load(Ordering::Relaxed).max(0).unsigned_abs() / NS_PER_S.unsigned_abs()
    });
    line("assay_venue_sent_total", "counter", "Requests sent.", &|v| v.sent.load(Ordering::Relaxed));
    let help = "Requests that could not be sent.";
    line("assay_venue_unsent_total", "counter", help, &|v| v.unsent.load(Ordering::Relaxed));
    line("assay_venue_heard_total", "counter", "Messages heard.", &|v| v.heard.load(Ordering::Relaxed));
}

/// Of the log and what this process derives from it.
fn node(vitals: &Vitals, lines: &mut Lines) {
    let log = &vitals.log;
    let build = concat!("assay_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1");
    let _ = writeln!(
        lines.0,
        "# HELP assay_build_info The version that runs.\n# TYPE assay_build_info gauge\n{build}"
    );
    lines.gauge("assay_ready", "1 when recovered and accepting.", u8::from(vitals.is_ready()));
    lines.gauge("assay_log_end", "Position the next record gets.", log.end().0);
    lines.gauge("assay_log_durable", "Records that survive a crash.", log.durable().0);
    let poisoned = u8::from(log.poisoned().is_some());
    lines.gauge("assay_log_poisoned", "1 when the log refuses everything.", poisoned);
    if vitals.has_pipeline {
        let open = vitals.open_orders.load(Ordering::Relaxed);
        lines.gauge("assay_open_orders", "Orders on the books.", open);
        let applied = vitals.applied_records.load(Ordering::Relaxed);
        lines.line(
            "assay_applied_records_total",
            "counter",
            "Records applied by risk and execution.",
            applied,
        );
    }
    if vitals.has_audit {
        let audited = vitals.audit_position.load(Ordering::Relaxed);
        lines.gauge("assay_audit_position", "Position the audit store has reached.", audited);
    }
    if let Ok(disk) = rustix::fs::statvfs(&vitals.data_dir) {
        let free = disk.f_bavail * disk.f_frsize;
        lines.gauge("assay_data_free_bytes", "Bytes that the data directory's disk still takes.", free);
    }
}

fn back_office(vitals: &Vitals, lines: &mut Lines) {
    let Some(api) = &vitals.back_office else { return };
    let state = api.state();
    let waiting = state.proposals.iter().filter(|p| p.status == assay_admin_api::state::ProposalStatus::Open);
    lines.gauge("assay_proposals_waiting", "Changes that wait for a second person.", waiting.count());
    lines.gauge("assay_mail_waiting", "Mails that have not gone out.", state.mail.pending().count());
    let deliveries = state.webhooks.waiting().count();
    lines.gauge("assay_webhook_deliveries_waiting", "Deliveries that webhooks have not taken.", deliveries);
    let fails = |job: &&Job| state.jobs.runs(**job).last.is_some_and(|run| run.finished.error.is_some());
    let failed = Job::ALL.iter().filter(fails);
    lines.gauge("assay_jobs_failed", "Jobs whose last run failed.", failed.count());
}

fn prices(statistics: &price_sources::Statistics, lines: &mut Lines) {
    for Labelled { name, kind, help, values } in statistics.metrics() {
        lines.labelled((name, kind, help), "source", &values);
    }
    let help = "Instruments whose sources of prices are all silent.";
    lines.gauge("assay_instruments_without_price_source", help, statistics.without());
}

/// The names that every client library of Prometheus uses for these. What the system does not tell is left out.
fn process(lines: &mut Lines) {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = used.tv_sec as f64 + used.tv_nsec as f64 / 1e9;
    lines.line("process_cpu_seconds_total", "counter", "CPU time of the process.", seconds);
    if let Ok(bytes) = resident_bytes(std::process::id()) {
        lines.gauge("process_resident_memory_bytes", "Resident memory.", bytes);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        lines.gauge("process_open_fds", "Open files and sockets.", open.count());
    }
    if let Some(most) = rustix::process::getrlimit(rustix::process::Resource::Nofile).current {
        lines.gauge("process_max_fds", "Most files and sockets that may be open.", most);
    }
}
