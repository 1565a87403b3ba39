//! FIX sessions as the gateway beside the API has them.

use assay_trading_types::{CompId, SessionId};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// Where an API finds FIX sessions. One of a node without a gateway knows none.
pub trait FixSessions: Send + Sync {
    /// Every session as it is now. Nothing when the gateway cannot be asked. May wait for it.
    fn list(&self) -> Option<Vec<FixSession>>;

    /// What records call the session of a CompID. Known whether the gateway can be asked or not.
    fn name(&self, comp_id: CompId) -> SessionId;

    /// Whether the configuration has a session of a CompID.
    fn is_configured(&self, comp_id: CompId) -> bool;

    /// Whether `settings` may replace those of the session they name, or make one.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    fn check(&self, settings: &Value) -> Result<(), String>;

    /// Whether a live connection is ended for this change of settings.
    fn ends_connection(&self, before: &Value, after: &Value) -> bool;
}

/// FIX sessions for an API's settings.
#[derive(Clone, Default)]
pub struct FixSessionsPort(Option<Arc<dyn FixSessions>>);

impl FixSessionsPort {
    /// Those of `sessions`.
    pub fn new(sessions: Arc<dyn FixSessions>) -> Self {
        Self(Some(sessions))
    }

    pub(crate) fn list(&self) -> Option<Vec<FixSession>> {
        self.0.as_ref().map_or(Some(Vec::new()), |sessions| sessions.list())
    }

    pub(crate) fn name(&self, comp_id: CompId) -> Option<SessionId> {
        self.0.as_ref().map(|sessions| sessions.name(comp_id))
    }

    pub(crate) fn is_configured(&self, comp_id: CompId) -> bool {
        self.0.as_ref().is_some_and(|sessions| sessions.is_configured(comp_id))
    }

    pub(crate) fn check(&self, settings: &Value) -> Result<(), String> {
        let no_gateway = || Err("there is no gateway here that could say whether they hold".to_owned());
        self.0.as_ref().map_or_else(no_gateway, |sessions| sessions.check(settings))
    }

    pub(crate) fn ends_connection(&self, before: &Value, after: &Value) -> bool {
        self.0.as_ref().is_some_and(|sessions| sessions.ends_connection(before, after))
    }
}

impl std::fmt::Debug for FixSessionsPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "FixSessionsPort" } else { "no FixSessionsPort" })
    }
}

/// A FIX session.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct FixSession {
    /// The counterparty's SenderCompID(49).
    #[schema(example = "CLIENT1")]
    pub comp_id: String,
    /// Its name in records.
    #[schema(example = "CLIENT1/ASSAY")]
    pub session: String,
    /// Its firm.
    #[schema(example = "FIRM1")]
    pub firm: String,
    /// Where its settings are from: `file`, or `log`, which counts more.
    #[schema(example = "file")]
    pub source: String,
    /// `suspended`, `unusable` (its settings cannot be used, so it may not log on), `logged_on` or `off`.
    #[schema(example = "logged_on")]
    pub state: String,
    /// Settings or numbers wait for the end of its connection.
    #[schema(example = false)]
    pub changing: bool,
    /// Grows with every reset of its numbers.
    #[schema(example = 1)]
    pub epoch: u64,
    /// MsgSeqNum(34) expected next.
    #[schema(example = 1205)]
    pub next_in: u64,
    /// MsgSeqNum(34) assigned next.
    #[schema(example = 2711)]
    pub next_out: u64,
    /// Messages that wait for its next logon.
    #[schema(example = 0)]
    pub queued: u64,
    /// How much of its limits it uses now.
    pub usage: Option<FixSessionUsage>,
    /// Its settings, by the keys of `[[session]]` in the configuration file, as last set: while it is `changing` a live
    /// connection stands on earlier ones. Hashes of passwords are left out.
    #[schema(value_type = Object, example = json!({"comp_id": "CLIENT1", "firm": "FIRM1"}))]
    pub settings: Value,
}

impl FixSession {
    /// As it is shown.
    pub(crate) fn shown(self) -> Self {
        Self { settings: shown(self.settings), ..self }
    }
}

/// Settings as they are shown: a hash of a password helps whoever wants to guess it.
pub(crate) fn shown(mut settings: Value) -> Value {
    let keys = settings.get_mut("key").and_then(Value::as_array_mut).into_iter().flatten();
    keys.filter_map(Value::as_object_mut).for_each(|key| {
        if let Some(hash) = key.get_mut("password_hash") {
            *hash = "(not shown)".into();
        }
    });
    settings
}

/// How much of its limits a session uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FixSessionUsage {
    /// Weight counted and not yet worn off.
    #[schema(example = 12)]
    pub used: u32,
    /// What fits at once.
    #[schema(example = 500)]
    pub burst: u32,
    /// What wears off a second.
    #[schema(example = 200)]
    pub per_s: u32,
    /// Refusals in the last minute.
    #[schema(example = 0)]
    pub refusals: u32,
}
