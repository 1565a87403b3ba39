//! The gateway's settings from the configuration.

use super::{Config, Fault, Firm, Profile, Session};
use fix_gateway::{Error, GatewayConfig, Listener, SessionSpec};

impl Config {
    /// What the gateway is told; where it keeps its state is for the node to say.
    ///
    /// # Errors
    /// A key that cannot be used, or listeners on which sessions would be unprotected.
    pub(crate) fn gateway_config(&self) -> Result<GatewayConfig, Fault> {
        let mut config = self.gateway_config_alone();
        let mut keys = 0;
        for (i, session) in self.sessions.iter().enumerate() {
            let settings = self.session_tables.get(i).cloned().unwrap_or_default();
            config.sessions.push(SessionSpec { settings, ..self.session_spec(session, keys)? });
            keys += session.keys.len();
        }
        config.check().map_err(|error| unprotected(&config, &error))?;
        config.spec_reader = Some(self.spec_reader());
        Ok(config)
    }

    /// As [`Config::gateway_config`], without sessions.
    pub(super) fn gateway_config_alone(&self) -> GatewayConfig {
        let gateway = &self.gateway;
        let listener = |listen, tls: Option<&super::access::Tls>| Listener {
            address: listen,
            tls: tls.map(|tls| tls.spec(&self.base)),
        };
        let first = listener(gateway.listen, gateway.tls.as_ref());
        let more = gateway.listeners.iter().map(|more| listener(more.listen, more.tls.as_ref()));
        GatewayConfig {
            listen: std::iter::once(first).chain(more).collect(),
            insecure_listen: gateway.insecure_listen,
            countdown_s: gateway.countdown_s,
            strangers: gateway.before_logon.strangers(),
            back_off: gateway.before_logon.back_off(),
            ..GatewayConfig::new(gateway.listen, gateway.comp_id)
        }
    }

    /// `keys_before`: how many `[[session.key]]` stand before those of this session.
    pub(super) fn session_spec(&self, session: &Session, keys_before: usize) -> Result<SessionSpec, Fault> {
        let firm = self.firms.iter().find(|firm| firm.id == session.firm);
        let accounts = session.accounts.clone().or_else(|| firm.map(Firm::accounts)).unwrap_or_default();
        let key = |(i, key): (usize, &super::access::Key)| {
            let fault = |what| Fault::new("[[session.key]]", keys_before + i, "id", what);
            key.read(&self.base).map_err(fault)
        };
        Ok(SessionSpec {
            kind: session.fix_kind(),
            accounts,
            entitlements: match &session.entitlements {
                Some(listed) => listed.iter().copied().map(fix_gateway::Entitlement::from).collect(),
                None => fix_gateway::Entitlements::default(),
            },
            regimes: self.regimes.iter().map(fix_gateway::Regime::from).collect(),
            order_age_max_s: session.order_age_max_s,
            heartbeat_s: session.heartbeat_s,
            reset_on_logon: session.reset_on_logon,
            profile: match session.profile {
                Profile::Strict => fix_session::Profile::Strict,
                Profile::Interop => fix_session::Profile::Interop,
            },
            next_expected: session.next_expected,
            last_processed: session.last_processed,
            resend_chunk: session.resend_chunk,
            third_parties: session.third_parties.clone(),
            swap_sub_ids: session.swap_sub_ids,
            schedule: session.schedule.clone(),
            keys: session.keys.iter().enumerate().map(key).collect::<Result<_, _>>()?,
            addresses: session.addresses.clone(),
            certificate_names: session.certificate_names.clone(),
            logout_on_auth_failure: session.logout_on_auth_failure,
            throttle: Some(session.throttle.limits(firm.and_then(|firm| firm.limits.orders_per_s))),
            cancel_on_disconnect: (&session.cancel_on_disconnect).into(),
            pending: session.pending_rules(),
            rules: session.rules.clone(),
            ..SessionSpec::new(session.comp_id, session.firm)
        })
    }
}

/// Where in the file a refusal of the gateway belongs.
fn unprotected(config: &GatewayConfig, error: &Error) -> Fault {
    let what = error.to_string();
    match error {
        Error::Exposed(address) => match config.listen.iter().position(|l| l.address == *address) {
            Some(more @ 1..) => Fault::new("[[gateway.listener]]", more - 1, "listen", what),
            _ => Fault::new("[gateway]", 0, "listen", what),
        },
        Error::PasswordInClear(comp_id) => {
            let session = config.sessions.iter().position(|spec| spec.comp_id == *comp_id);
            Fault::new("[[session]]", session.unwrap_or(0), "comp_id", what)
        }
        _ => Fault::new("[gateway]", 0, "listen", what),
    }
}
