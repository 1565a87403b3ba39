//! Does the job `reconciliation`: reconciles the books and records what it found.

use crate::api::Api;
use crate::reconciliation::{Looks, Reconciliation};
use crate::service::work_until;
use crate::state::LineStatus;
use assay_trading_types::{BooksBreak, BooksReconciled, Event, Job, JobFinished, Timestamp};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Breaks that stand in a record; it says how many there are.
const RECORDED_MAX: usize = 100;

/// Reconciles the books when it is due.
pub struct ReconciliationService {
    api: Arc<Api>,
    run: Option<(Timestamp, Looks)>,
    /// Last run that this process recorded; the state hears of it a moment later.
    done: Option<Timestamp>,
}

impl ReconciliationService {
    /// For the books of `api`.
    pub fn new(api: Arc<Api>) -> Self {
        Self { api, run: None, done: None }
    }

    /// Works until told to stop. What is left is done after the next start.
    pub fn run(mut self, stop: &AtomicBool) {
        work_until(stop, || self.turn());
    }

    /// Looks at the books once, if a run is due.
    pub fn turn(&mut self) {
        if !self.api.is_recovered() || self.api.log.durable() < self.api.settled() {
            return;
        }
        let due = self.api.state().jobs.running(Job::Reconciliation);
        let Some(due) = due.filter(|due| self.done != Some(*due)) else { return };
        let begin = || Looks::from(self.api.log.durable());
        let mut looks = self.run.take().filter(|(of, _)| *of == due).map_or_else(begin, |(_, looks)| looks);
        match looks.look(self.api.model()) {
            Err(error) => self.record(due, None, Some(error.to_string())),
            Ok(Some((found, breaks))) => self.record(due, Some((&found, &breaks)), None),
            Ok(None) => self.run = Some((due, looks)),
        }
    }

    fn record(
        &mut self,
        due: Timestamp,
        found: Option<(&Reconciliation, &[BooksBreak])>,
        error: Option<String>,
    ) {
        let count = found.map_or(0, |(_, breaks)| breaks.len() as u64);
        let report = found.map(|(books, breaks)| Event::from(self.report(due, books, breaks)));
        let finished = Event::from(JobFinished { job: Job::Reconciliation, due, count, error });
        let events = report.into_iter().chain([finished]);
        let mut records: Vec<_> = events.map(|event| self.api.own_record(event)).collect();
        match self.api.log.append(&mut records) {
            Ok(_) => self.done = Some(due),
            Err(error) => {
                tracing::error!(%error, "the log takes nothing more; the reconciliation is not recorded")
            }
        }
    }

    fn report(&self, due: Timestamp, books: &Reconciliation, breaks: &[BooksBreak]) -> BooksReconciled {
        let open = self.api.state().bank.lines().filter(|line| line.status == LineStatus::Open).count();
        BooksReconciled {
            due,
            position: books.position,
            accounts: books.accounts,
            holds: books.holds,
            open_bank_lines: open as u64,
            breaks_total: breaks.len() as u64,
            breaks: breaks.iter().take(RECORDED_MAX).cloned().collect(),
        }
    }
}
