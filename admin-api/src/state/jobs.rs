//! Jobs that run by recorded ticks of the clock: each exactly once a period, on whichever node reads the tick, and once
//! more for all that were missed while nothing ran.

use super::Refused;
use assay_trading_types::{AdminRefusal, Job, JobFinished, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const HOUR_NS: i64 = 3_600_000_000_000;
const DAY_NS: i64 = 24 * HOUR_NS;

/// A job that a worker has not finished by then failed, and may begin again.
const GIVEN_UP_NS: i64 = 6 * HOUR_NS;

/// Every job's past and future.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Jobs {
    runs: BTreeMap<Job, Runs>,
    /// Last tick.
    pub now: Option<Timestamp>,
}

/// Runs of one job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Runs {
    /// When the next one is due.
    pub next: Option<Timestamp>,
    /// The one under way: when it was due and when it began.
    pub running: Option<(Timestamp, Timestamp)>,
    /// The last one that ended.
    pub last: Option<Run>,
}

/// A run that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// As recorded.
    pub finished: JobFinished,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
}

/// Period and first instant of the day.
fn times(job: Job) -> (i64, i64) {
    match job {
        Job::KycExpiry => (DAY_NS, 2 * HOUR_NS),
        Job::KycScreening => (DAY_NS, 3 * HOUR_NS),
        Job::TokenPurge => (HOUR_NS, 0),
        Job::ReportDelivery => (DAY_NS, HOUR_NS / 2),
        Job::Reconciliation => (DAY_NS, 4 * HOUR_NS),
        Job::ComplianceCheck => (HOUR_NS / 12, 0),
        Job::ComplianceReview => (DAY_NS, 5 * HOUR_NS),
    }
}

impl Jobs {
    /// Runs of a job.
    pub fn runs(&self, job: Job) -> Runs {
        self.runs.get(&job).cloned().unwrap_or_default()
    }

    /// The run of a job that a worker should do.
    pub fn running(&self, job: Job) -> Option<Timestamp> {
        self.runs.get(&job).and_then(|runs| runs.running).map(|(due, _)| due)
    }

    /// What is due at `now`; each is under way from here on.
    pub(crate) fn tick(&mut self, now: Timestamp) -> Vec<(Job, Timestamp)> {
        self.now = Some(now);
        Job::ALL.into_iter().filter_map(|job| self.begin_due(job, now).map(|due| (job, due))).collect()
    }

    fn begin_due(&mut self, job: Job, now: Timestamp) -> Option<Timestamp> {
        let (period, offset) = times(job);
        let runs = self.runs.entry(job).or_default();
        let next = *runs.next.get_or_insert_with(|| after(now, period, offset));
        if next > now || is_under_way(runs, now) {
            return None;
        }
        // However many were missed, they are made up for by one.
        runs.next = Some(after(now, period, offset));
        runs.running = Some((next, now));
        Some(next)
    }

    /// Begins a job out of its turn.
    pub(crate) fn run_now(&mut self, job: Job, at: Timestamp) -> Result<Timestamp, Refused> {
        let runs = self.runs.entry(job).or_default();
        if is_under_way(runs, at) {
            return Err(Refused::new(AdminRefusal::WrongState, "it is under way"));
        }
        // A run is named by when it was due: no two of a job by the same.
        let due = runs.last.as_ref().map_or(at, |run| at.max(run.finished.due.plus_ns(1)));
        runs.running = Some((due, at));
        Ok(due)
    }

    /// Notes an end; of a run that is not under way, nothing.
    pub(crate) fn finish(&mut self, finished: &JobFinished, at: Timestamp) -> bool {
        let Some(runs) = self.runs.get_mut(&finished.job) else { return false };
        let Some((_, began)) = runs.running.take_if(|(due, _)| *due == finished.due) else { return false };
        runs.last = Some(Run { finished: finished.clone(), began, ended: at });
        true
    }
}

fn is_under_way(runs: &Runs, now: Timestamp) -> bool {
    runs.running.is_some_and(|(_, began)| now.since_ns(began) < GIVEN_UP_NS)
}

/// The first instant of the series after `now`.
fn after(now: Timestamp, period: i64, offset: i64) -> Timestamp {
    let passed = (now.as_ns() - offset).div_euclid(period);
    Timestamp::from_ns((passed + 1) * period + offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_ns(20_000 * DAY_NS + hours * HOUR_NS)
    }

    fn end(jobs: &mut Jobs, job: Job, due: Timestamp, now: Timestamp) -> bool {
        jobs.finish(&JobFinished { job, due, count: 0, error: None }, now)
    }

    #[test]
    fn a_job_runs_once_a_period_and_once_for_all_it_missed() {
        let mut jobs = Jobs::default();
        assert_eq!(jobs.tick(at(1)), []);
        let due = |jobs: &mut Jobs, hours| {
            let began = jobs.tick(at(hours));
            let expiry = began.iter().find(|(job, _)| *job == Job::KycExpiry).map(|(_, due)| *due);
            began.iter().for_each(|(job, due)| assert!(end(jobs, *job, *due, at(hours))));
            expiry
        };
        assert_eq!(due(&mut jobs, 2), Some(at(2)), "at its hour");
        assert_eq!(due(&mut jobs, 2), None, "not twice");
        assert_eq!(due(&mut jobs, 25), None);
        assert_eq!(due(&mut jobs, 100), Some(at(26)), "four days late");
        assert_eq!(due(&mut jobs, 100), None);
        assert_eq!(due(&mut jobs, 122), Some(at(122)));
    }

    #[test]
    fn what_is_under_way_does_not_begin_again_until_it_is_given_up() {
        let mut jobs = Jobs::default();
        jobs.tick(at(0));
        let began = |jobs: &mut Jobs, hours| {
            jobs.tick(at(hours)).into_iter().find(|(job, _)| *job == Job::KycScreening).map(|(_, due)| due)
        };
        assert_eq!(began(&mut jobs, 3), Some(at(3)));
        assert!(jobs.run_now(Job::KycScreening, at(4)).is_err());
        assert_eq!(jobs.run_now(Job::KycScreening, at(9)).unwrap(), at(9), "given up");
        assert!(!end(&mut jobs, Job::KycScreening, at(3), at(9)), "another run");
        assert!(end(&mut jobs, Job::KycScreening, at(9), at(10)));
        assert_eq!(jobs.runs(Job::KycScreening).last.unwrap().began, at(9));
        assert_eq!(jobs.running(Job::KycScreening), None);
    }
}
