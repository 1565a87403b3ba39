//! Market data sessions: MarketDataRequest(V) in; snapshots (W), incremental refreshes (X) and rejects (Y) out.
//!
//! ```text
//! market-data records, once durable -> Feed (a thread) -> Books
//!                                                           |  every interval, as far as the peer keeps up
//! V -> Subscription { what was shown last } ----------------+--> the difference: X, or W
//! ```
//!
//! Books are derived from the log by a thread of their own, so orders wait for none of this. What a subscriber is sent is
//! the difference between what he was shown and what is: a slow one gets fewer messages about the same present, and nothing
//! waits for him in memory (A-25). A subscription ends with its session's connection.

mod books;
mod entry;
mod feed;
mod figures;
mod request;
mod view;

pub(crate) use feed::Feed;
pub use feed::Tape;

use crate::MarketDataRules;
use crate::application::{Effects, Replies};
use crate::reference_data::ReferenceData;
use assay_trading_types::{ClOrdId, SessionId, Symbol};
use books::{Books, Market};
use entry::{Action, Entry};
use fix_session::{Encoder, Inbound, Verdict};
use request::{Asked, Fault, Mode, Request};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use view::{View, Wanted};

/// Messages made for one session before others get their turn.
const MESSAGES_PER_TURN: usize = 64;

/// Everything about market data that the application keeps.
#[derive(Debug, Clone, Default)]
pub(crate) struct MarketData {
    pub(crate) tape: Arc<Tape>,
    sessions: FxHashMap<SessionId, Vec<Subscription>>,
}

/// A request that is being served.
#[derive(Debug, Clone)]
struct Subscription {
    id: ClOrdId,
    mode: Mode,
    wanted: Wanted,
    /// What it has been shown of each symbol; nothing before the first W.
    symbols: Vec<(Symbol, Option<View>)>,
}

impl MarketData {
    /// MarketDataRequest(V) of a session with these rules.
    pub(crate) fn request(
        &mut self,
        listed: &ReferenceData,
        rules: MarketDataRules,
        inbound: &Inbound<'_>,
        effects: &mut Effects<'_>,
    ) -> Verdict {
        let limited = effects.too_fast.map(|too_fast| too_fast.to_string());
        let asked = request::read(&inbound.message, listed, rules, limited);
        let subscriptions = self.sessions.entry(effects.session()).or_default();
        let done = asked.and_then(|asked| match asked {
            Asked::End(id) => end(subscriptions, id),
            Asked::Data(request) => begin(subscriptions, request, rules.symbols_max),
        });
        match done {
            Ok(()) => Verdict::Accepted,
            Err(Fault::Verdict(verdict)) => verdict,
            Err(Fault::Rejected(id, reason, text)) => {
                effects.reply_fields(b"Y", |out| {
                    out.field(58, text.as_bytes()).field(262, id.as_str().as_bytes()).field_char(281, reason);
                });
                Verdict::Accepted
            }
        }
    }

    /// The session begins anew.
    pub(crate) fn forget(&mut self, session: SessionId) {
        self.sessions.remove(&session);
    }

    /// Makes the messages that a session is due. Returns whether there are more.
    pub(crate) fn publish(&mut self, session: SessionId, replies: &mut Replies) -> bool {
        let Some(subscriptions) = self.sessions.get_mut(&session) else { return false };
        let Some(books) = self.tape.books() else { return false };
        let mut left = MESSAGES_PER_TURN;
        for subscription in subscriptions.iter_mut() {
            subscription.publish(&books, replies, &mut left);
            if left == 0 {
                return true;
            }
        }
        drop(books);
        subscriptions.retain(|subscription| subscription.mode != Mode::Once);
        false
    }
}

fn end(subscriptions: &mut Vec<Subscription>, id: ClOrdId) -> Result<(), Fault> {
    let place = subscriptions.iter().position(|subscription| subscription.id == id);
    let place = place.ok_or_else(|| Fault::Verdict(request::unknown_subscription(&id)))?;
    subscriptions.remove(place);
    Ok(())
}

fn begin(subscriptions: &mut Vec<Subscription>, request: Request, symbols_max: u32) -> Result<(), Fault> {
    let Request { id, mode, wanted, symbols } = request;
    if subscriptions.iter().any(|subscription| subscription.id == id) {
        return Err(Fault::Rejected(id, b'1', format!("DUP_MDREQID: {id} is live")));
    }
    let live: usize = subscriptions.iter().map(|subscription| subscription.symbols.len()).sum();
    if live + symbols.len() > symbols_max as usize {
        let text = format!("TOO_MANY_SUBSCRIPTIONS: {symbols_max} symbols a session");
        return Err(Fault::Rejected(id, b'2', text));
    }
    let symbols = symbols.into_iter().map(|symbol| (symbol, None)).collect();
    subscriptions.push(Subscription { id, mode, wanted, symbols });
    Ok(())
}

impl Subscription {
    fn publish(&mut self, books: &Books, replies: &mut Replies, left: &mut usize) {
        let Self { id, mode, wanted, symbols } = self;
        // A market of which nothing was ever said.
        let silent = Market::default();
        for (symbol, view) in symbols {
            if *left == 0 {
                return;
            }
            let market = books.market(symbol).unwrap_or(&silent);
            let shown = view.as_ref().map(|view| view.changed);
            if shown.is_some_and(|shown| *mode == Mode::Once || shown == market.changed) {
                continue;
            }
            let sent = match view {
                Some(view) if *mode == Mode::Incremental => {
                    let changes = view.changes(market, *wanted);
                    write_changes(replies, (id, symbol), &changes)
                }
                _ => {
                    let entries = view.get_or_insert_default().all(market, *wanted);
                    write_all(replies, (id, symbol), &entries)
                }
            };
            *left -= usize::from(sent);
        }
    }
}

/// MarketDataSnapshotFullRefresh(W).
fn write_all(replies: &mut Replies, (id, symbol): (&ClOrdId, &Symbol), entries: &[Entry]) -> bool {
    replies.push_fields(b"W", |out: &mut Encoder| {
        out.field(55, symbol.as_str().as_bytes()).field(262, id.as_str().as_bytes());
        out.field_u64(268, entries.len() as u64);
        entries.iter().for_each(|entry| entry.write_full(out));
    });
    true
}

/// MarketDataIncrementalRefresh(X), if there is anything to say.
fn write_changes(
    replies: &mut Replies,
    (id, symbol): (&ClOrdId, &Symbol),
    changes: &[(Action, Entry)],
) -> bool {
    if changes.is_empty() {
        return false;
    }
    replies.push_fields(b"X", |out: &mut Encoder| {
        out.field(262, id.as_str().as_bytes()).field_u64(268, changes.len() as u64);
        changes.iter().for_each(|(action, entry)| entry.write_change(*action, symbol, out));
    });
    true
}

#[cfg(test)]
mod tests;
