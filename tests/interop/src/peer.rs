//! What a test asks of any engine that plays a counterparty.

use crate::{Order, Tape, WAIT_MAX};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

/// The CompIDs of a trading peer, one session each.
pub const CLIENTS: [&str; 2] = ["CLIENT1", "CLIENT2"];

/// How to come up for one connection.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// Where `assay up` listens.
    pub port: u16,
    /// Numbers bent before it.
    pub bends: Vec<Bend>,
    /// Logon with ResetSeqNumFlag(141)=Y.
    pub reset: bool,
}

/// One session's numbers as if something had gone wrong.
#[derive(Debug, Clone, Copy)]
pub struct Bend {
    /// Whose.
    pub comp_id: &'static str,
    /// So many numbers are left out before the next one sent.
    pub skip_out: u64,
    /// What it believes to receive next, when that changes.
    pub expects: Option<u64>,
}

/// An engine that connects as [`CLIENTS`]. Its numbers and messages survive between two connections.
pub trait Peer {
    /// Logs both sessions on, lets `trade` trade, logs out and stops.
    fn connected(
        &self,
        connection: &Connection,
        tape: &'static Tape,
        trade: &mut dyn FnMut(&mut dyn OrderDesk),
    );
}

/// Takes orders of either session, whether or not it is logged on at the moment.
pub trait OrderDesk {
    /// Sends it, or keeps it for the next resend.
    fn send(&mut self, comp_id: &str, order: &Order);
}

/// An engine that waits for our initiator and answers each NewOrderSingle(D) by an ExecutionReport(8) New whose
/// ExecID(17) is `E-` and the ClOrdID(11).
pub trait Venue {
    /// Listens from now on; before that, so many numbers are left out of what it sends.
    fn open(&mut self, skip_out: u64);

    /// Logs out and stops. Numbers and messages are kept.
    fn close(&mut self);
}

/// Waits until a process that was told to end has ended.
///
/// # Panics
/// It does not within [`WAIT_MAX`].
#[allow(clippy::disallowed_methods, reason = "waiting ends by the clock when the process does not")]
pub(crate) fn wait_end(child: &mut Child, name: &str) {
    let start = Instant::now();
    while child.try_wait().expect("a child can be waited for").is_none() {
        assert!(start.elapsed() < WAIT_MAX, "{name} did not end");
        thread::sleep(Duration::from_millis(1));
    }
}
