//! Counterparties of the demonstration and the benchmarks: the product's own initiator, with what it sent in memory.

use fix_gateway::client::{ClientTls, Initiator, InitiatorConfig};
use fix_session::{Role, SessionConfig};
use std::net::SocketAddr;

pub(crate) use fix_gateway::client::Desk;

/// One counterparty's end of its session.
pub(crate) type Counterparty<D> = Initiator<D>;

/// A counterparty `comp_id` of the acceptor `target`, not connected yet; it connects when its owner says so.
pub(crate) fn new<D: Desk>(comp_id: &str, target: &str, server: SocketAddr, desk: D) -> Counterparty<D> {
    with(SessionConfig::new(Role::Initiator, comp_id, target), server, desk)
}

/// As [`new`], starting at number 1 with every logon (ResetSeqNumFlag(141)=Y).
pub(crate) fn resetting<D: Desk>(
    comp_id: &str,
    target: &str,
    server: SocketAddr,
    desk: D,
) -> Counterparty<D> {
    resetting_over(comp_id, target, (server, None), desk)
}

/// As [`resetting`], under TLS where it is given.
pub(crate) fn resetting_over<D: Desk>(
    comp_id: &str,
    target: &str,
    (server, tls): (SocketAddr, Option<ClientTls>),
    desk: D,
) -> Counterparty<D> {
    let session =
        SessionConfig { reset_on_logon: true, ..SessionConfig::new(Role::Initiator, comp_id, target) };
    Initiator::in_memory(InitiatorConfig { tls, ..config(session, server) }, desk)
}

/// As [`new`], with these terms of the session.
pub(crate) fn with<D: Desk>(session: SessionConfig, server: SocketAddr, desk: D) -> Counterparty<D> {
    Initiator::in_memory(config(session, server), desk)
}

fn config(session: SessionConfig, server: SocketAddr) -> InitiatorConfig {
    let utc = || crate::clock::now().as_ns();
    InitiatorConfig { reconnect: None, utc, ..InitiatorConfig::new(session, server) }
}
