//! FIX sessions for the back office: asked of the gateway's thread, checked as the configuration is.

use crate::config::Config;
use assay_admin_api::{FixSession, FixSessionUsage, FixSessions};
use assay_trading_types::{CompId, SessionId};
use fix_gateway::{Asker, LiveSession, Source, differ_lightly};
use serde_json::Value;

pub(crate) struct GatewaySessions {
    /// The gateway of this process; one elsewhere cannot be asked.
    pub(crate) asker: Option<Asker>,
    pub(crate) config: Config,
}

impl FixSessions for GatewaySessions {
    fn list(&self) -> Option<Vec<FixSession>> {
        Some(self.asker.as_ref()?.sessions()?.into_iter().map(view).collect())
    }

    fn name(&self, comp_id: CompId) -> SessionId {
        let ours = self.config.gateway.comp_id;
        SessionId::new(&format!("{comp_id}/{ours}")).expect("two CompIDs of 32 and a stroke fit a SessionId")
    }

    fn is_configured(&self, comp_id: CompId) -> bool {
        self.config.sessions.iter().any(|session| session.comp_id == comp_id)
    }

    fn check(&self, settings: &Value) -> Result<(), String> {
        self.config.check_session(settings)
    }

    fn ends_connection(&self, before: &Value, after: &Value) -> bool {
        !differ_lightly(before, after)
    }
}

fn view(live: LiveSession) -> FixSession {
    let state = match &live {
        LiveSession { suspended: true, .. } => "suspended",
        LiveSession { usable: false, .. } => "unusable",
        LiveSession { logged_on: true, .. } => "logged_on",
        _ => "off",
    };
    let source = match live.source {
        Source::File => "file",
        Source::Log => "log",
    };
    FixSession {
        comp_id: live.comp_id.to_string(),
        session: live.session.to_string(),
        firm: live.firm.to_string(),
        source: source.to_owned(),
        state: state.to_owned(),
        changing: live.changing,
        epoch: live.epoch,
        next_in: live.next_in,
        next_out: live.next_out,
        queued: live.queued,
        usage: live.usage.map(|usage| FixSessionUsage {
            used: usage.used,
            burst: usage.burst,
            per_s: usage.per_s,
            refusals: usage.refusals,
        }),
        settings: live.settings,
    }
}
