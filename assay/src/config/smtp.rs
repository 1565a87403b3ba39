//! `[admin.smtp]`: the relay that mail goes to.

use super::access::private_line;
use assay_admin_api::{Smtp, SmtpError, SmtpSecurity, SmtpSettings};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// `[admin.smtp]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminSmtp {
    /// Name or address of the relay.
    host: String,
    /// Its port; 587, 465 or 25 by `security` when left out.
    #[serde(default)]
    port: Option<u16>,
    /// How the connection is protected.
    #[serde(default)]
    security: Security,
    /// Who mails are from.
    from: String,
    /// Whom the relay knows us as.
    #[serde(default)]
    user: Option<String>,
    /// File whose first line is the password, for its owner's eyes only.
    #[serde(default)]
    password_file: Option<PathBuf>,
    /// CAs in PEM that alone may vouch for the relay; the system's when left out.
    #[serde(default)]
    ca_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Security {
    #[default]
    Starttls,
    Tls,
    None,
}

impl AdminSmtp {
    /// The relay, paths below `base`.
    ///
    /// # Errors
    /// The key at fault, and why.
    pub(crate) fn relay(&self, base: &Path) -> Result<Smtp, (&'static str, String)> {
        let login = match (&self.user, &self.password_file) {
            (Some(user), Some(file)) => Some((user.clone(), password(&base.join(file))?)),
            (None, None) => None,
            (Some(_), None) => return Err(("user", "user goes with password_file".to_owned())),
            (None, Some(_)) => return Err(("password_file", "password_file goes with user".to_owned())),
        };
        let ca = |file: &PathBuf| {
            let file = base.join(file);
            std::fs::read(&file).map_err(|error| ("ca_file", format!("{}: {error}", file.display())))
        };
        let settings = SmtpSettings {
            host: self.host.clone(),
            port: self.port,
            security: match self.security {
                Security::Starttls => SmtpSecurity::StartTls,
                Security::Tls => SmtpSecurity::Tls,
                Security::None => SmtpSecurity::None,
            },
            login,
            from: self.from.clone(),
            ca: self.ca_file.as_ref().map(ca).transpose()?,
        };
        Smtp::new(settings).map_err(|error| (key(&error), error.to_string()))
    }
}

fn key(error: &SmtpError) -> &'static str {
    match error {
        SmtpError::From(_) => "from",
        SmtpError::Clear => "host",
        SmtpError::LoginInClear => "user",
        SmtpError::NoCa | SmtpError::Ca(_) => "ca_file",
    }
}

fn password(file: &Path) -> Result<Zeroizing<String>, (&'static str, String)> {
    let line = private_line(file).map_err(|what| ("password_file", what))?;
    if line.is_empty() {
        return Err(("password_file", format!("{}: its first line is empty", file.display())));
    }
    Ok(line)
}
