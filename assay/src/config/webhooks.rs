//! `[admin.webhooks]`: where the webhooks of users may be.

use assay_admin_api::{Poster, WebhookConfig};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// `[admin.webhooks]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AdminWebhooks {
    /// In private networks too, and there without TLS.
    private_networks: bool,
    /// CAs in PEM beside the system's.
    ca_file: Option<PathBuf>,
}

impl AdminWebhooks {
    /// What the API is told, paths below `base`.
    ///
    /// # Errors
    /// The key at fault, and why.
    pub(super) fn read(&self, base: &Path) -> Result<WebhookConfig, (&'static str, String)> {
        let Some(file) = self.ca_file.as_ref().map(|file| base.join(file)) else {
            return Ok(WebhookConfig { private_networks: self.private_networks, ca: None });
        };
        let fault = |error: &dyn std::fmt::Display| ("ca_file", format!("{}: {error}", file.display()));
        let ca = std::fs::read(&file).map_err(|error| fault(&error))?;
        Poster::new(self.private_networks, Some(&ca)).map_err(|error| fault(&error))?;
        Ok(WebhookConfig { private_networks: self.private_networks, ca: Some(ca) })
    }
}
