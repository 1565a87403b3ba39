//! Does the jobs `compliance_check` and `compliance_review`: checks, and records what it found.

use crate::api::Api;
use crate::compliance::{checked, of_books, of_duties, of_limits, unchecked};
use crate::error::in_words;
use crate::reconciliation::Looks;
use crate::service::work_until;
use assay_audit::Report;
use assay_trading_types::{
    ComplianceChecked, ComplianceRule, Event, Finding, Job, JobFinished, RuleChecked, Timestamp,
};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Checks when it is due.
pub struct ComplianceService {
    api: Arc<Api>,
    run: Option<Run>,
    /// Last runs that this process recorded; the state hears of them a moment later.
    done: HashMap<Job, Timestamp>,
}

/// A run under way.
struct Run {
    job: Job,
    due: Timestamp,
    looks: Looks,
    /// What the whole chain came to, where it was looked at: once a run.
    chain: Option<RuleChecked>,
}

impl ComplianceService {
    /// For the records of `api`.
    pub fn new(api: Arc<Api>) -> Self {
        Self { api, run: None, done: HashMap::new() }
    }

    /// Works until told to stop. What is left is done after the next start.
    pub fn run(mut self, stop: &AtomicBool) {
        work_until(stop, || self.turn());
    }

    /// Checks once, if a run is due.
    pub fn turn(&mut self) {
        if !self.api.is_recovered() || self.api.log.durable() < self.api.settled() {
            return;
        }
        let due = {
            let state = self.api.state();
            let jobs = [Job::ComplianceReview, Job::ComplianceCheck];
            jobs.into_iter().find_map(|job| {
                let due = state.jobs.running(job).filter(|due| self.done.get(&job) != Some(due))?;
                Some((job, due))
            })
        };
        let Some((job, due)) = due else { return };
        let begin = || Run { job, due, looks: Looks::from(self.api.log.durable()), chain: None };
        let mut run = self.run.take().filter(|run| (run.job, run.due) == (job, due)).unwrap_or_else(begin);
        if job == Job::ComplianceReview && run.chain.is_none() {
            run.chain = Some(self.chain());
        }
        match run.looks.look(self.api.model()) {
            Ok(None) => self.run = Some(run),
            Ok(Some((books, breaks))) => {
                let checks = of_books(&books, &breaks).into_iter().chain(self.others()).chain(run.chain);
                self.record(ComplianceChecked {
                    job,
                    due,
                    position: books.position,
                    checks: checks.collect(),
                });
            }
            Err(error) => {
                let rules = [ComplianceRule::BooksBalance, ComplianceRule::HoldsHaveOwners];
                let books = rules.map(|rule| unchecked(rule, error.to_string()));
                let checks = books.into_iter().chain(self.others()).chain(run.chain).collect();
                self.record(ComplianceChecked { job, due, position: self.api.settled().0, checks });
            }
        }
    }

    fn others(&self) -> [RuleChecked; 2] {
        let limits = match self.api.model().firms_without_limits() {
            Ok((firms, without)) => of_limits(firms, &without),
            Err(error) => unchecked(ComplianceRule::LimitsSet, error.to_string()),
        };
        [of_duties(&self.api.state()), limits]
    }

    fn chain(&self) -> RuleChecked {
        let rule = ComplianceRule::ChainIntact;
        match self.api.verify_trail() {
            None => unchecked(rule, "the audit store is kept by another process"),
            Some(Err(error)) => unchecked(rule, in_words(&error)),
            Some(Ok(report)) => checked(rule, report.records, broken(&report).into_iter().collect()),
        }
    }

    fn record(&mut self, found: ComplianceChecked) {
        let (job, due) = (found.job, found.due);
        let count = found.checks.iter().map(|check| check.findings_total).sum();
        let errors = found
            .checks
            .iter()
            .filter_map(|check| check.error.as_ref().map(|error| format!("{:?}: {error}", check.rule)));
        let errors: Vec<String> = errors.collect();
        let error = (!errors.is_empty()).then(|| errors.join("; "));
        let events = [Event::from(found), JobFinished { job, due, count, error }.into()];
        let mut records: Vec<_> = events.into_iter().map(|event| self.api.own_record(event)).collect();
        match self.api.log.append(&mut records) {
            Ok(_) => drop(self.done.insert(job, due)),
            Err(error) => tracing::error!(%error, "the log takes nothing more; a check is not recorded"),
        }
    }
}

/// The first bad record.
fn broken(report: &Report) -> Option<Finding> {
    let fault = report.fault.as_ref()?;
    let partition =
        fault.place.partition.map_or_else(|| "store".to_owned(), |partition| partition.to_string());
    let place = fault.place.position.map_or(String::new(), |position| format!(" at position {}", position.0));
    Some(Finding { about: format!("{partition}{place}"), detail: fault.what.to_string() })
}
