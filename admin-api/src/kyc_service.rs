//! What identity files need done outside the state: keys destroyed, and names compared again when lists change.

use crate::api::Api;
use crate::error::in_words;
use crate::identity_provider::{Answer, Check, DirectoryProvider, IdentityProvider, Picture};
use crate::provider_signature::signed_at_s;
use crate::routes::kyc::Personal;
use crate::routes::kyc_provider::ProviderWord;
use crate::screening::Lists;
use crate::service::work_until;
use crate::state::{KycFile, KycFileStatus};
use assay_trading_types::{Job, JobFinished, KycAction, KycFileId, KycRequested, Timestamp};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Does what decisions on identity files wish.
pub struct KycService {
    api: Arc<Api>,
    /// Erased by this process; the state hears of it a moment later.
    erased: HashSet<KycFileId>,
    /// Last screening done by this process.
    screened: Option<Timestamp>,
    /// Who is asked about files, if anybody is.
    provider: Option<Box<dyn IdentityProvider>>,
    /// Asked about by this process, and not yet forgotten.
    asked: HashSet<KycFileId>,
    /// Answers that are recorded and still lie there.
    heard: HashSet<String>,
    /// Whether what an earlier process asked has been looked through.
    looked_back: bool,
}

impl KycService {
    /// For the files of `api`.
    pub fn new(api: Arc<Api>) -> Self {
        let dir = api.config.kyc.provider_dir.clone();
        let provider = dir.map(|dir| Box::new(DirectoryProvider::new(dir)) as Box<dyn IdentityProvider>);
        Self {
            api,
            erased: HashSet::new(),
            screened: None,
            provider,
            asked: HashSet::new(),
            heard: HashSet::new(),
            looked_back: false,
        }
    }

    /// Works until told to stop. What is left is done after the next start.
    pub fn run(mut self, stop: &AtomicBool) {
        work_until(stop, || self.turn());
    }

    /// Does all that is wished and durable.
    pub fn turn(&mut self) {
        if !self.api.is_recovered() || self.api.log.durable() < self.api.settled() {
            return;
        }
        self.erase();
        if let Some(provider) = self.provider.take() {
            self.ask(&*provider);
            self.forget(&*provider);
            self.hear(&*provider);
            self.provider = Some(provider);
        }
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

    /// Asks about every file that waits and was not asked about.
    fn ask(&mut self, provider: &dyn IdentityProvider) {
        let waits = |file: &&KycFile| file.status == KycFileStatus::Pending && file.asked.is_none();
        let files: Vec<KycFile> = {
            let state = self.api.state();
            state.kyc.files().filter(waits).filter(|file| !self.asked.contains(&file.id())).cloned().collect()
        };
        for file in files {
            match self.check(&file).and_then(|(check, pictures)| provider.ask(&check, &pictures)) {
                Ok(()) => {
                    self.asked.insert(file.id());
                    let provider = provider.name().to_owned();
                    self.append("ask_provider", KycAction::NoteAsked { file: file.id(), provider });
                }
                Err(error) => {
                    tracing::error!(%error, file = %file.id(), "the identity provider is not asked; it is tried again")
                }
            }
        }
    }

    /// What a provider is told of a file.
    fn check(&self, file: &KycFile) -> std::io::Result<(Check, Vec<Picture>)> {
        let personal = Personal::open(&self.api, file)?;
        let key = self.api.vault.key(file.id())?;
        let submission = &file.submission;
        let text = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let mut pictures = Vec::new();
        for image in &submission.images {
            let ending = image.media.rsplit('/').next().unwrap_or("bin");
            let name = format!("{}.{ending}", text(serde_json::json!(image.kind)));
            pictures.push(Picture { name, bytes: self.api.vault.read(&key, &image.name)? });
        }
        let check = Check {
            file: file.id(),
            holder: text(serde_json::json!(submission.holder)),
            document: text(serde_json::json!(submission.document)),
            country: submission.country.clone(),
            personal: serde_json::to_value(&personal).map_err(std::io::Error::other)?,
            pictures: pictures.iter().map(|picture| picture.name.clone()).collect(),
        };
        Ok((check, pictures))
    }

    /// Takes back what was asked about files that nobody decides on any more.
    fn forget(&mut self, provider: &dyn IdentityProvider) {
        if !self.looked_back {
            self.looked_back = true;
            let state = self.api.state();
            self.asked.extend(state.kyc.files().filter(|file| file.asked.is_some()).map(KycFile::id));
        }
        let waits = |id: &KycFileId| {
            let state = self.api.state();
            state.kyc.file(id).is_some_and(|file| file.status == KycFileStatus::Pending)
        };
        let over: Vec<KycFileId> = self.asked.iter().filter(|id| !waits(id)).copied().collect();
        for file in over {
            match provider.forget(&file) {
                Ok(()) => drop(self.asked.remove(&file)),
                Err(error) => tracing::error!(%error, %file, "what a provider was asked is not taken back"),
            }
        }
    }

    /// Takes the answers that lie there.
    fn hear(&mut self, provider: &dyn IdentityProvider) {
        let answers = match provider.answers() {
            Ok(answers) => answers,
            Err(error) => return tracing::error!(%error, "an identity provider's answers cannot be read"),
        };
        for answer in answers {
            let action = self.understood(&answer);
            let taken = action.is_some();
            // Recorded first: after a crash between, it is recorded again and counts once.
            if let Some(action) = action.filter(|_| self.heard.insert(answer.name.clone())) {
                self.append("take_kyc_advice", action);
            }
            match provider.put_away(&answer, taken) {
                Ok(()) => drop(self.heard.remove(&answer.name)),
                Err(error) => tracing::error!(%error, name = answer.name, "an answer cannot be put away"),
            }
        }
    }

    /// What an answer says, if the provider signed it, whenever that was: it may have lain there, and counts once.
    fn understood(&self, answer: &Answer) -> Option<KycAction> {
        let secret = self.api.config.kyc.provider_secret.as_ref()?;
        signed_at_s(secret, &answer.signature, &answer.body)?;
        let word: ProviderWord = serde_json::from_slice(&answer.body).ok()?;
        word.action().ok()
    }

    fn screen(&self, due: Timestamp) {
        let (count, error) = match self.api.reload_lists() {
            Ok(lists) => (self.compare(&lists), None),
            Err(error) => (0, Some(in_words(&error))),
        };
        self.api.write_down(JobFinished { job: Job::KycScreening, due, count, error }.into());
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
        self.api.write_down(KycRequested { command, action }.into());
    }
}
