//! Reports that were made, so that each can be listed and made again.

use super::{Changed, Refused};
use assay_trading_types::{AdminRefusal, ReportProduced, ReportRun, ReportRunId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most runs held: at a hundred a day three months. The oldest go first, those that somebody certified or a schedule delivered
/// last; the log holds all of them.
const RUNS_MAX: usize = 10_000;

/// A report that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastReport {
    /// What it takes to make it again.
    pub run: ReportRun,
    /// For whom; nobody when the node made it by itself.
    pub by: Option<UserId>,
    /// When.
    pub at: Timestamp,
}

impl PastReport {
    /// Whether its span was not over when it was made. Runs that are older than the mark show it by their times.
    pub fn is_provisional(&self) -> bool {
        self.run.parameters.provisional || self.run.parameters.to > self.at
    }
}

/// The newest reports, by id, which is by time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReportRuns {
    runs: BTreeMap<ReportRunId, PastReport>,
}

impl ReportRuns {
    /// One of them.
    pub fn get(&self, id: &ReportRunId) -> Option<&PastReport> {
        self.runs.get(id)
    }

    /// All that are held, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &PastReport> {
        self.runs.values()
    }

    /// Whether a schedule's report of a span of time was delivered.
    pub fn is_delivered(&self, schedule: &str, (from, to): (Timestamp, Timestamp)) -> bool {
        self.runs.values().rev().any(|past| {
            let parameters = &past.run.parameters;
            past.run.schedule.as_deref() == Some(schedule) && (parameters.from, parameters.to) == (from, to)
        })
    }

    /// `is_certified` says which runs somebody stands for.
    pub(crate) fn note(
        &mut self,
        e: &ReportProduced,
        is_certified: impl Fn(&ReportRunId) -> bool,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        if self.runs.contains_key(&e.run.id) {
            return Err(Refused::new(AdminRefusal::WrongState, "a report of that id was made before"));
        }
        if self.runs.len() >= RUNS_MAX {
            let is_kept = |past: &&PastReport| past.run.schedule.is_some() || is_certified(&past.run.id);
            let passing = self.runs.values().find(|past| !is_kept(past)).map(|past| past.run.id);
            match passing {
                Some(run) => drop(self.runs.remove(&run)),
                None => drop(self.runs.pop_first()),
            }
        }
        let past = PastReport { run: (*e.run).clone(), by: e.command.by, at };
        self.runs.insert(e.run.id, past);
        Ok((e.run.id.to_string(), 1))
    }
}
