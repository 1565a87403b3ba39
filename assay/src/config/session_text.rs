//! Sessions as text: the tables of the file, kept as they stand there, and what the log says in the same keys (ADR 0014).

use super::{Config, Session};
use fix_gateway::{SessionSpec, SpecReader};
use serde_json::Value;
use std::path::Path;

/// Each `[[session]]` of a configuration's text as an object.
pub(super) fn tables(text: &str) -> Vec<Value> {
    let table: toml::Table = text.parse().unwrap_or_default();
    let sessions = table.get("session").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    sessions.iter().map(|session| serde_json::to_value(session).unwrap_or_default()).collect()
}

impl Config {
    /// Reads what the log says about sessions as this configuration reads its own.
    pub(crate) fn spec_reader(&self) -> SpecReader {
        let config = self.clone();
        SpecReader::new(move |settings| config.read_session(settings))
    }

    /// The session that `settings` describe.
    ///
    /// # Errors
    /// A key is unknown or holds what it cannot, or does not go with the rest of this configuration.
    pub(crate) fn read_session(&self, settings: &Value) -> Result<SessionSpec, String> {
        let session: Session = serde_json::from_value(settings.clone()).map_err(|error| error.to_string())?;
        if session.comp_id == self.gateway.comp_id {
            return Err("comp_id is the gateway's own".to_owned());
        }
        if session.accounts.is_none() && !self.firms.iter().any(|firm| firm.id == session.firm) {
            return Err(format!("firm {} is not in the configuration: name the accounts", session.firm));
        }
        let spec = self.session_spec(&session, 0).map_err(|fault| fault.what)?;
        let spec = SessionSpec { settings: settings.clone(), ..spec };
        let mut gateway = self.gateway_config_alone();
        gateway.sessions.push(spec.clone());
        gateway.check().map_err(|error| error.to_string())?;
        Ok(spec)
    }

    /// As [`Config::read_session`], for settings from outside: a secret stays in files, and which files is for whoever
    /// writes the configuration to say.
    ///
    /// # Errors
    /// As there, or a key in a file that the configuration does not name.
    pub(crate) fn check_session(&self, settings: &Value) -> Result<(), String> {
        let known: Vec<&Value> = self.session_tables.iter().flat_map(secret_files).collect();
        if let Some(file) = secret_files(settings).find(|file| !known.contains(file)) {
            return Err(format!("secret_file {file} is not in the configuration file"));
        }
        self.read_session(settings).map(|_| ())
    }
}

fn secret_files(settings: &Value) -> impl Iterator<Item = &Value> {
    let keys = settings.get("key").and_then(Value::as_array).into_iter().flatten();
    keys.filter_map(|key| key.get("secret_file"))
}

/// What stands in a file or argument as TOML, as the log has it.
///
/// # Errors
/// It is no TOML.
pub(crate) fn table_of(text: &str) -> Result<serde_json::Map<String, Value>, String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    match serde_json::to_value(table) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err("no table".to_owned()),
    }
}

/// As [`table_of`], of a file.
///
/// # Errors
/// It cannot be read or is no TOML.
pub(crate) fn table_in(file: &Path) -> Result<serde_json::Map<String, Value>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    table_of(&text).map_err(|what| format!("{}: {what}", file.display()))
}
