//! `[roles]`: where the processes of one node meet.

use super::access::private_line;
use super::{Config, Fault};
use assay_event_log::LogSecret;
use serde::Deserialize;
use std::path::PathBuf;

/// Where `assay log` serves the log to the other roles.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Roles {
    /// Host and port; several by comma where several processes could have it open.
    log: String,
    /// Where this machine's `assay log` serves it, when that is not what `log` says.
    #[serde(default)]
    pub(crate) listen: Option<String>,
    /// A file with one line that all of them know; `assay keys roles` makes it.
    secret_file: PathBuf,
}

impl Config {
    /// Where the log is served, and what its processes know.
    ///
    /// # Errors
    /// There is no `[roles]`, or the secret cannot be used; said without showing any of it.
    pub(crate) fn served_log(&self) -> Result<(String, LogSecret), Fault> {
        let Some(roles) = &self.roles else {
            let what = "roles as processes meet at a log: add [roles] with log and secret_file".to_owned();
            return Err(Fault::new("[roles]", 0, "log", what));
        };
        let file = self.base.join(&roles.secret_file);
        let fault = |what| Fault::new("[roles]", 0, "secret_file", what);
        let line = private_line(&file).map_err(fault)?;
        let secret = LogSecret::new(line.as_bytes());
        let secret = secret.map_err(|error| fault(format!("{}: {error}", file.display())))?;
        Ok((roles.log.clone(), secret))
    }
}
