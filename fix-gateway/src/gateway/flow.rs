//! Back-pressure, and peers that do not read: what a connection's task may do next.

use super::{Gateway, replay};
use crate::{Application, Statistics};
use fix_session::{Close, Now};
use std::io::ErrorKind;

/// Requests of all sessions without an answer, beyond which no socket is read.
const IN_FLIGHT_MAX: u64 = 65_536;
/// Bytes appended and not yet durable, beyond which no socket is read: below what the log takes before it blocks.
pub(super) const UNDURABLE_BYTES_MAX: usize = 16 << 20;
/// Bytes not yet durable at which an overloaded gateway reads no longer to refuse, so that memory stays bounded while the
/// disk stands.
const UNDURABLE_BYTES_END: usize = 2 * UNDURABLE_BYTES_MAX;
/// Unsent bytes at which a peer is cut off at once, so that memory stays bounded whatever the rate.
const UNSENT_BYTES_MAX: usize = 64 << 20;

/// Where a connection's task stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) over: bool,
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) replay: bool,
    /// On the monotonic clock.
    pub(crate) deadline: Option<u64>,
}

impl<A: Application> Gateway<A> {
    fn is_full(&self, index: usize) -> bool {
        self.draining
            || self.links[index].state.in_flight.count() >= self.config.in_flight_session_max
            || self.statistics.in_flight() >= IN_FLIGHT_MAX
            || self.undurable_bytes >= UNDURABLE_BYTES_MAX
    }

    /// Whether answers or the disk have been behind for so long that new messages are refused.
    pub(super) fn is_overloaded(&self, index: usize, now: Now) -> bool {
        let connection = self.links[index].state.connection.as_ref();
        let since = connection.and_then(|connection| connection.paused_since);
        since.is_some_and(|since| now.mono_ns >= since + self.config.overload_ns)
    }

    pub(super) fn resume(&mut self, index: usize) {
        let full = self.is_full(index);
        if let Some(connection) = &mut self.links[index].state.connection
            && connection.paused_since.is_some()
            && !full
        {
            connection.paused_since = None;
            connection.wake.notify_one();
        }
    }

    /// What the task of session `index` waits for next.
    pub(crate) fn plan(&mut self, index: usize, now: Now) -> Plan {
        let full = self.is_full(index);
        let (overload_ns, slow_ns) = (self.config.overload_ns, self.config.slow_ns);
        let undurable_end = self.undurable_bytes >= UNDURABLE_BYTES_END;
        let has_fills = self.has_fills_to_send(index);
        let link = &mut self.links[index];
        let unsent = link.state.unsent();
        let over = match link.state.close {
            Some(Close::Silent) => true,
            Some(Close::Flush) => unsent == 0,
            None => false,
        };
        let (streams, has_room) = (link.streams() || has_fills, unsent < replay::AHEAD_BYTES);
        let deadline = link.session.poll_deadline();
        let Some(connection) = &mut link.state.connection else {
            return Plan { over: true, read: false, write: false, replay: false, deadline: None };
        };
        connection.waits_for_room = streams && !has_room;
        match full {
            true => _ = connection.paused_since.get_or_insert(now.mono_ns),
            false => connection.paused_since = None,
        }
        let overloaded_at = connection.paused_since.map(|since| since + overload_ns);
        let overloaded = overloaded_at.is_some_and(|at| at <= now.mono_ns);
        let slow = connection.slow_since.map(|since| since + slow_ns);
        let overload = overloaded_at.filter(|_| !overloaded);
        let deadline = [deadline, slow, overload, connection.hours_at].into_iter().flatten().min();
        let read = (!full || overloaded && !undurable_end) && link.state.close.is_none();
        Plan { over, read, write: connection.blocked, replay: streams && has_room, deadline }
    }

    /// The socket takes bytes again.
    pub(crate) fn writable(&mut self, index: usize) {
        let durable = self.log.durable().0;
        let state = &mut self.links[index].state;
        if let Some(connection) = &mut state.connection {
            connection.blocked = false;
        }
        state.flush(durable);
    }

    pub(super) fn cut_slow(&mut self, index: usize, now: Now) {
        let state = &mut self.links[index].state;
        let unsent = state.queue.unsent();
        let Some(connection) = &mut state.connection else { return };
        if unsent < self.config.slow_bytes || !connection.blocked {
            connection.slow_since = None;
            return;
        }
        let since = *connection.slow_since.get_or_insert(now.mono_ns);
        if now.mono_ns - since >= self.config.slow_ns || unsent >= UNSENT_BYTES_MAX {
            tracing::warn!(
                session = self.links[index].names.session.as_str(),
                unsent,
                "slow consumer cut off"
            );
            Statistics::add(&self.statistics.slow_consumers, 1);
            let state = &mut self.links[index].state;
            state.queue.clear();
            state.close = Some(Close::Silent);
            if let Some(connection) = &state.connection {
                connection.wake.notify_one();
            }
        }
    }
}

impl crate::link::LinkState {
    /// Bytes that have not left; under TLS at least one while the socket holds some back.
    fn unsent(&self) -> usize {
        let held = self.connection.as_ref().is_some_and(|connection| connection.socket.has_unsent());
        self.queue.unsent().max(usize::from(held))
    }

    /// Writes what is durable, as far as the socket takes it.
    pub(crate) fn flush(&mut self, durable: u64) {
        let has_bytes = self.queue.advance(durable);
        let Some(connection) = &mut self.connection else { return };
        if connection.blocked || !(has_bytes || connection.socket.has_unsent()) {
            return;
        }
        while !self.queue.writable().is_empty() || connection.socket.has_unsent() {
            match connection.socket.try_write(self.queue.writable()) {
                Ok(count) => self.queue.wrote(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    connection.blocked = true;
                    connection.wake.notify_one();
                    return;
                }
                Err(error) => {
                    tracing::debug!(%error, "peer is gone");
                    self.queue.clear();
                    self.close = Some(Close::Silent);
                    connection.wake.notify_one();
                    return;
                }
            }
        }
        // What becomes durable is written from elsewhere: whoever waits for room is to see that there is some.
        let had_room = !std::mem::take(&mut connection.waits_for_room);
        if self.close.is_some() || !had_room {
            connection.wake.notify_one();
        }
    }
}
