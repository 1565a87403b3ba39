//! Counters of a running gateway, read by anyone.

use crate::Latency;
use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! statistics {
    ($($(#[doc = $doc:literal])* $name:ident: $metric:literal, $kind:literal;)*) => {
        /// Counters of a running gateway. Written by its thread alone, read by anyone; each is right by itself, they are
        /// not read at one instant.
        #[derive(Debug, Default)]
        pub struct Statistics {
            $($(#[doc = $doc])* pub(crate) $name: AtomicU64,)*
            pub(crate) answers: Latency,
        }

        impl Statistics {
            $($(#[doc = $doc])* pub fn $name(&self) -> u64 { self.$name.load(Ordering::Relaxed) })*

            /// Every counter as Prometheus wants it: name, kind, help, value.
            pub fn metrics(&self) -> impl Iterator<Item = (&'static str, &'static str, &'static str, u64)> {
                [$(($metric, $kind, concat!($($doc),*), self.$name())),*].into_iter()
            }
        }
    };
}

statistics! {
    /// Application messages received and consumed.
    orders_in: "assay_gateway_requests_total", "counter";
    /// Reports and other application messages sent or held for a session.
    reports_out: "assay_gateway_reports_total", "counter";
    /// Sessions logged on.
    sessions_up: "assay_gateway_sessions_up", "gauge";
    /// Requests not yet answered.
    in_flight: "assay_gateway_requests_in_flight", "gauge";
    /// Connections closed without a word: unknown, second, silent or broken peers.
    connections_refused: "assay_gateway_connections_refused_total", "counter";
    /// TLS handshakes that failed.
    tls_failures: "assay_gateway_tls_failures_total", "counter";
    /// Certificates and revocations read anew.
    tls_reloads: "assay_gateway_tls_reloads_total", "counter";
    /// Logons refused before their session heard of them: unknown, from elsewhere, not proven, or too often.
    logons_refused: "assay_gateway_logons_refused_total", "counter";
    /// Messages refused because they came too fast.
    throttled: "assay_gateway_throttled_total", "counter";
    /// Sessions logged out for their message rate.
    throttle_logouts: "assay_gateway_throttle_logouts_total", "counter";
    /// Messages refused or garbled at the session level.
    messages_refused: "assay_gateway_messages_refused_total", "counter";
    /// What a session met with that an operator may want to know: gaps, faults, disconnects, clocks that are off.
    session_events: "assay_gateway_session_events_total", "counter";
    /// Messages refused because answers or the disk were behind for long.
    refused_overloaded: "assay_gateway_refused_overloaded_total", "counter";
    /// Connections cut because the peer did not read.
    slow_consumers: "assay_gateway_slow_consumers_total", "counter";
    /// Outcomes for sessions that are no longer configured.
    outcomes_without_session: "assay_gateway_outcomes_without_session_total", "counter";
}

impl Statistics {
    /// How long requests waited for their first answer: from the bytes read to the message made.
    pub fn answers(&self) -> &Latency {
        &self.answers
    }

    pub(crate) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}
