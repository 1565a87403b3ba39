//! An initiator of a test's own, turned by the test's thread.

#![allow(dead_code, reason = "each test file uses a part of it")]

use fix_gateway::client::{Desk, Initiator, InitiatorConfig, ReconnectSpec, Store};
use fix_session::{Inbound, Role, SessionConfig, Verdict};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a condition may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Retries at once, so that tests do not wait.
pub(crate) const EAGER: ReconnectSpec = ReconnectSpec { first_ms: 1, max_ms: 2 };

/// Keeps what arrives, with `|` for SOH.
#[derive(Default)]
pub(crate) struct Received(pub(crate) Vec<String>);

impl Desk for Received {
    fn message(&mut self, inbound: &Inbound<'_>) -> Verdict {
        self.0.push(String::from_utf8_lossy(inbound.frame).replace('\u{1}', "|"));
        Verdict::Accepted
    }
}

/// CLIENT1 of a server in clear.
pub(crate) fn config(address: SocketAddr) -> InitiatorConfig {
    let session = SessionConfig::new(Role::Initiator, "CLIENT1", "ASSAY");
    InitiatorConfig { reconnect: Some(EAGER), ..InitiatorConfig::new(session, address) }
}

/// Turns until `condition` holds.
#[allow(clippy::disallowed_methods, reason = "waiting ends by the clock when the condition never comes")]
pub(crate) fn turn_until<S: Store>(
    client: &mut Initiator<Received, S>,
    mut condition: impl FnMut(&mut Initiator<Received, S>) -> bool,
) {
    let start = Instant::now();
    while !condition(client) {
        assert!(start.elapsed() < PATIENCE, "condition did not come true");
        client.turn(Duration::from_millis(1));
    }
}

pub(crate) fn log_on<S: Store>(client: &mut Initiator<Received, S>) {
    turn_until(client, |client| client.is_established());
}
