//! Tickets: a browser cannot send a token with a WebSocket, and a token in an address would stand in logs. So it asks for a
//! ticket with its token, and the ticket opens one socket within half a minute.

use assay_trading_types::{ApiKeyId, LoginId, Timestamp, UserId};
use std::collections::VecDeque;
use subtle::ConstantTimeEq;

/// Seconds that a ticket is good for.
pub(crate) const TICKET_LIFE_S: i64 = 30;

/// Tickets of one user that were not used; the oldest goes first.
const USER_TICKETS_MAX: usize = 10;

/// Tickets of all users; the oldest goes first.
const TICKETS_MAX: usize = 10_000;

/// Good for one socket.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    /// What the client shows.
    pub(crate) text: String,
    pub(crate) user: UserId,
    /// The socket lives as long as this login at most.
    pub(crate) login: Option<LoginId>,
    /// Or as long as this key.
    pub(crate) api_key: Option<ApiKeyId>,
    pub(crate) until: Timestamp,
    /// Idempotency-Key it was asked for under.
    pub(crate) key: Option<String>,
}

/// Tickets that were not used, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Tickets(VecDeque<Ticket>);

impl Tickets {
    pub(super) fn issue(&mut self, ticket: Ticket, now: Timestamp) -> Ticket {
        self.forget_expired(now);
        let repeated = |kept: &&Ticket| kept.user == ticket.user && kept.key == ticket.key;
        if let Some(kept) = self.0.iter().find(repeated).filter(|_| ticket.key.is_some()) {
            return kept.clone();
        }
        if self.0.iter().filter(|kept| kept.user == ticket.user).count() >= USER_TICKETS_MAX
            && let Some(oldest) = self.0.iter().position(|kept| kept.user == ticket.user)
        {
            self.0.remove(oldest);
        }
        if self.0.len() >= TICKETS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(ticket.clone());
        ticket
    }

    pub(super) fn holder(&self, text: &str, now: Timestamp) -> Option<UserId> {
        self.place(text).map(|place| &self.0[place]).filter(|ticket| ticket.until > now).map(|t| t.user)
    }

    pub(super) fn redeem(&mut self, text: &str, now: Timestamp) -> Option<Ticket> {
        self.forget_expired(now);
        let place = self.place(text)?;
        self.0.remove(place)
    }

    fn place(&self, text: &str) -> Option<usize> {
        self.0.iter().position(|ticket| bool::from(ticket.text.as_bytes().ct_eq(text.as_bytes())))
    }

    fn forget_expired(&mut self, now: Timestamp) {
        self.0.retain(|ticket| ticket.until > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ns(s * 1_000_000_000)
    }

    fn ticket(text: &str, user: u8, key: Option<&str>) -> Ticket {
        let user = UserId::new(&format!("usr_{user:032x}")).unwrap();
        let (login, api_key, until) = (None, None, at(TICKET_LIFE_S));
        Ticket { text: text.to_owned(), user, login, api_key, until, key: key.map(str::to_owned) }
    }

    #[test]
    fn a_ticket_works_once_and_not_for_long() {
        let mut tickets = Tickets::default();
        tickets.issue(ticket("a", 1, None), at(0));
        tickets.issue(ticket("b", 1, None), at(0));
        assert!(tickets.redeem("c", at(1)).is_none(), "not one of ours");
        assert!(tickets.redeem("a", at(1)).is_some());
        assert!(tickets.redeem("a", at(1)).is_none(), "spent");
        assert!(tickets.holder("b", at(29)).is_some());
        assert!(tickets.redeem("b", at(30)).is_none(), "expired");
    }

    #[test]
    fn a_repeat_gets_the_first_ticket_and_hoarders_lose_their_oldest() {
        let mut tickets = Tickets::default();
        assert_eq!(tickets.issue(ticket("a", 1, Some("k")), at(0)).text, "a");
        assert_eq!(tickets.issue(ticket("b", 1, Some("k")), at(0)).text, "a");
        assert_eq!(tickets.issue(ticket("c", 2, Some("k")), at(0)).text, "c", "another user's key");
        for n in 0..USER_TICKETS_MAX {
            tickets.issue(ticket(&format!("n{n}"), 1, None), at(0));
        }
        assert!(tickets.redeem("a", at(1)).is_none());
        assert!(tickets.redeem("n0", at(1)).is_some());
        assert!(tickets.redeem("c", at(1)).is_some());
    }
}
