//! What identity files need done outside the state: keys destroyed, and names compared again when lists change.

use crate::api::Api;
use crate::error::Error;
use crate::routes::kyc::Personal;
use crate::screening::Lists;
use crate::state::{KycFile, KycFileStatus};
use assay_trading_types::{Event, Job, JobFinished, KycAction, KycFileId, KycRequested, Timestamp};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often work is looked for.
const POLL: Duration = Duration::from_millis(200);

/// Does what decisions on identity files wish.
pub struct KycService {
    api: Arc<Api>,
    /// Erased by this process; the state hears of it a moment later.
    erased: HashSet<KycFileId>,
    /// Last screening done by this process.
    screened: Option<Timestamp>,
}

impl KycService {
    /// For the files of `api`.
    pub fn new(api: Arc<Api>) -> Self {
        Self { api, erased: HashSet::new(), screened: None }
    }

    /// Works until told to stop. What is left is done after the next start.
    pub fn run(mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Acquire) {
            self.turn();
            std::thread::sleep(POLL);
        }
    }

    /// Does all that is wished and durable.
    pub fn turn(&mut self) {
        if !self.api.is_recovered() || self.api.log.durable() < self.api.settled() {
            return;
        }
        self.erase();
        let due = self.api.state().jobs.running(Job::KycScreening);
        if let Some(due) = due.filter(|due| self.screened != Some(*due)) {
            self.screened = Some(due);
            self.screen(due);
        }
    }

    fn erase(&mut self) {
        let wished: Vec<KycFile> = {
            let state = self.api.state();
            state.kyc.erasing().filter(|file| !self.erased.contains(&file.id())).cloned().collect()
        };
        for file in wished {
            let names = file.submission.images.iter().map(|image| image.name.as_str());
            match self.api.vault.destroy(&file.id(), names) {
                Ok(()) => {
                    self.erased.insert(file.id());
                    self.append("erase_kyc", KycAction::NoteErased { file: file.id() });
                }
                Err(error) => {
                    tracing::error!(%error, file = %file.id(), "its key is not destroyed; it is tried again")
                }
            }
        }
    }

    fn screen(&self, due: Timestamp) {
        let (count, error) = match self.api.reload_lists() {
            Ok(lists) => (self.compare(&lists), None),
            Err(error) => (0, Some(in_words(&error))),
        };
        self.append_event(JobFinished { job: Job::KycScreening, due, count, error }.into());
    }

    /// Compares every file that counts or waits; how many those were.
    fn compare(&self, lists: &Lists) -> u64 {
        let counts = |file: &&KycFile| {
            matches!(
                file.status,
                KycFileStatus::Pending | KycFileStatus::MoreNeeded | KycFileStatus::Approved
            )
        };
        let files: Vec<KycFile> = self.api.state().kyc.files().filter(counts).cloned().collect();
        for file in &files {
            match Personal::open(&self.api, file) {
                Ok(personal) => {
                    let screening = personal.screened(lists);
                    if screening != file.screening {
                        self.append("kyc_screening", KycAction::NoteScreening { file: file.id(), screening });
                    }
                }
                Err(error) => {
                    tracing::error!(%error, file = %file.id(), "it cannot be opened to be screened")
                }
            }
        }
        files.len() as u64
    }

    fn append(&self, operation: &str, action: KycAction) {
        let command = self.api.own_command(operation);
        self.append_event(KycRequested { command, action }.into());
    }

    fn append_event(&self, event: Event) {
        if self.api.log.append(&mut vec![self.api.own_record(event)]).is_err() {
            tracing::error!("the log takes nothing more; what was done is not recorded");
        }
    }
}

fn in_words(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
