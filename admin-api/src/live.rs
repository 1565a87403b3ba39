//! The live channel: one WebSocket a client, which is told at once what otherwise it would have to ask for.
//!
//! ```text
//! POST /api/v1/ws/tickets -> ticket --GET /api/v1/ws/notifications?ticket=..--> [socket] <- wakes - commands, read model
//! ```
//!
//! A socket has no queue: it is woken, looks up what its user has that it was not told yet, and sends that. So a client
//! that reads slowly holds nothing up and costs no memory; after [`SEND_WAIT`] it is dropped, comes back and goes on behind
//! the last notice it has.

mod changes;
mod socket;
mod tickets;

pub(crate) use changes::Changes;
pub(crate) use socket::talk;
pub(crate) use tickets::{TICKET_LIFE_S, Ticket};

use assay_trading_types::{Timestamp, UserId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tickets::Tickets;
use tokio::sync::{broadcast, watch};

/// Sockets of all users: each is a connection and some kilobytes.
const SOCKETS_MAX: usize = 1_024;

/// Sockets of one user: some windows on some machines.
const USER_SOCKETS_MAX: usize = 5;

/// Longest that a client may take to read a message.
pub(crate) const SEND_WAIT: Duration = Duration::from_secs(5);

/// Longest that a stopping node waits for its sockets to say goodbye.
const GOODBYE_WAIT: Duration = Duration::from_secs(2);

/// Everything that sockets share.
#[derive(Debug)]
pub(crate) struct Live {
    tickets: Mutex<Tickets>,
    open: Mutex<HashMap<UserId, usize>>,
    /// Counts steps that told somebody something.
    told: watch::Sender<u64>,
    /// What the read model last took in.
    changes: broadcast::Sender<Arc<Changes>>,
    closing: watch::Sender<bool>,
    /// How many sockets are open.
    count: watch::Sender<usize>,
}

impl Live {
    pub(crate) fn new(changes: broadcast::Sender<Arc<Changes>>) -> Arc<Self> {
        Arc::new(Self {
            tickets: Mutex::default(),
            open: Mutex::default(),
            told: watch::Sender::new(0),
            changes,
            closing: watch::Sender::new(false),
            count: watch::Sender::new(0),
        })
    }

    /// Somebody was told something.
    pub(crate) fn wake(&self) {
        self.told.send_modify(|steps| *steps = steps.wrapping_add(1));
    }

    /// Keeps a ticket, or finds the one that was made under the same key.
    pub(crate) fn issue(&self, ticket: Ticket, now: Timestamp) -> Ticket {
        self.tickets().issue(ticket, now)
    }

    /// Whose a ticket is, without spending it.
    pub(crate) fn holder(&self, text: &str, now: Timestamp) -> Option<UserId> {
        self.tickets().holder(text, now)
    }

    /// Spends a ticket.
    pub(crate) fn redeem(&self, text: &str, now: Timestamp) -> Option<Ticket> {
        self.tickets().redeem(text, now)
    }

    /// Makes room for a socket; nothing when there is none.
    pub(crate) fn enter(self: &Arc<Self>, user: UserId) -> Option<Seat> {
        let mut open = self.open();
        let own = open.get(&user).copied().unwrap_or(0);
        if own >= USER_SOCKETS_MAX || *self.count.borrow() >= SOCKETS_MAX {
            return None;
        }
        open.insert(user, own + 1);
        self.count.send_modify(|count| *count += 1);
        Some(Seat { live: Arc::clone(self), user })
    }

    /// Tells every socket to say goodbye, and waits for them a moment.
    pub(crate) async fn close(&self) {
        self.closing.send_replace(true);
        let mut count = self.count.subscribe();
        // Whoever does not answer in time is cut off.
        let _ = tokio::time::timeout(GOODBYE_WAIT, count.wait_for(|count| *count == 0)).await;
    }

    fn tickets(&self) -> MutexGuard<'_, Tickets> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket's room, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    live: Arc<Live>,
    user: UserId,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.live.open();
        if let Some(own) = open.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.user);
            }
        }
        self.live.count.send_modify(|count| *count -= 1);
    }
}
