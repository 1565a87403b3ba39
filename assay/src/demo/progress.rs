//! One line a second about the morning.

use super::player::Stage;
use super::server::Server;
use std::time::{Duration, Instant};

/// What was printed last.
pub(super) struct Progress {
    total: u64,
    began: Instant,
    at: Instant,
    answered: u64,
}

impl Progress {
    /// Of a morning of `total` instructions.
    #[allow(clippy::disallowed_methods)] // a driver: it measures itself
    pub(super) fn new(total: u64) -> Self {
        let now = Instant::now();
        println!(
            "   time   answered            orders/s   p50 us   p99 us   open orders      durable position"
        );
        Self { total, began: now, at: now, answered: 0 }
    }

    /// Prints when `every` has passed since the last line.
    #[allow(clippy::disallowed_methods)] // as above
    pub(super) fn print_if_due(&mut self, every: Duration, stage: &Stage, server: &Server) {
        let passed = self.at.elapsed();
        if passed < every {
            return;
        }
        let answered = stage.answered();
        let latencies = stage.take_latencies();
        let metric = |name| server.metric(name).map_or_else(|| "-".to_owned(), |n| n.to_string());
        println!(
            "  {:>4.0} s  {answered:>8} of {:<8} {:>8.0} {:>8} {:>8} {:>13} {:>21}",
            self.began.elapsed().as_secs_f64(),
            self.total,
            (answered - self.answered) as f64 / passed.as_secs_f64(),
            latencies.value_at_quantile(0.5),
            latencies.value_at_quantile(0.99),
            metric("assay_open_orders"),
            metric("assay_log_durable"),
        );
        self.at = Instant::now();
        self.answered = answered;
    }
}
