//! Makes the reports that schedules wish, and delivers each to the directory of reports: whole or not at all.

use crate::api::Api;
use crate::error::in_words;
use crate::reports::{ReportError, ReportSchedule, Source, spool};
use crate::service::work_until;
use assay_trading_types::{Job, JobFinished, ReportParameters, ReportProduced, ReportRun, Timestamp};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Operation of its commands.
const DELIVER: &str = "deliver_report";

/// Delivers reports.
pub struct ReportService {
    api: Arc<Api>,
    /// Last run of the job done by this process.
    done: Option<Timestamp>,
}

impl ReportService {
    /// For the schedules of `api`.
    pub fn new(api: Arc<Api>) -> Self {
        Self { api, done: None }
    }

    /// Works until told to stop. What is left is done after the next start.
    pub fn run(mut self, stop: &AtomicBool) {
        work_until(stop, || self.turn());
    }

    /// Makes all that is due, once the read model holds everything that the job's beginning stands behind.
    pub fn turn(&mut self) {
        let api = &self.api;
        let settled = api.settled();
        if !api.is_recovered() || api.log.durable() < settled || api.model().position() < settled {
            return;
        }
        let (due, now) = {
            let jobs = &api.state().jobs;
            (jobs.running(Job::ReportDelivery), jobs.now)
        };
        let Some(due) = due.filter(|due| self.done != Some(*due)) else { return };
        // A run that makes up for missed ones was due at the first of them.
        let now = now.map_or(due, |now| now.max(due));
        self.done = Some(due);
        let (mut count, mut error) = (0, None);
        for schedule in &self.api.config.reports.schedules {
            match self.deliver(schedule, now) {
                Ok(delivered) => count += delivered,
                Err(failed) => {
                    let words = format!("{}: {}", schedule.name, in_words(&failed));
                    tracing::error!(error = words, "a report is not delivered");
                    error = error.or(Some(words));
                }
            }
        }
        self.api.write_down(JobFinished { job: Job::ReportDelivery, due, count, error }.into());
    }

    fn deliver(&self, schedule: &ReportSchedule, now: Timestamp) -> Result<u64, ReportError> {
        let missing = {
            let state = self.api.state();
            schedule.missing(now, |span| state.reports.is_delivered(&schedule.name, span))
        };
        for span in &missing {
            let run = Box::new(self.make(schedule, *span)?);
            self.api.write_down(ReportProduced { command: self.api.own_command(DELIVER), run }.into());
        }
        Ok(missing.len() as u64)
    }

    fn make(
        &self,
        schedule: &ReportSchedule,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<ReportRun, ReportError> {
        let dir = &self.api.config.reports.dir;
        std::fs::create_dir_all(dir)?;
        let parameters = ReportParameters { from, to, firm: schedule.firm, ..ReportParameters::default() };
        let source = Source::now(&self.api)?;
        let mut made = spool(&source, schedule.report, &parameters, schedule.form, dir)?;
        let file = schedule.file(from);
        place(&mut made.file, dir, &file)?;
        let id = self.api.ids.report_run(self.api.now());
        let run = made.run(id, schedule.report, parameters, schedule.form);
        Ok(ReportRun { schedule: Some(schedule.name.clone()), file: Some(file), ..run })
    }
}

/// Copies a file into `dir` under another name, and gives it its own once it is whole and on disk.
fn place(from: &mut File, dir: &Path, name: &str) -> std::io::Result<()> {
    let mut temporary = tempfile::NamedTempFile::new_in(dir)?;
    std::io::copy(from, &mut temporary)?;
    temporary.as_file().sync_all()?;
    temporary.persist(dir.join(name)).map_err(|error| error.error)?;
    File::open(dir)?.sync_all()
}
