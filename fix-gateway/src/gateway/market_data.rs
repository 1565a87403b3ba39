//! Market data to those who asked for it, as far as they keep up.

use super::Gateway;
use super::flow::UNDURABLE_BYTES_MAX;
use crate::application::Publication;
use crate::market_data::Feed;
use crate::{Application, SessionKind};
use fix_session::Now;
use std::sync::Arc;

/// Unsent bytes of a session at which it gets no more market data for the time being: what is new then is told as one
/// difference once it has read these.
const UNSENT_BYTES_MAX: usize = 128 << 10;

/// Undurable bytes of all sessions at which orders have the disk to themselves.
const UNDURABLE_BYTES_BUSY: usize = UNDURABLE_BYTES_MAX / 4;

/// How publishing went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Published {
    /// Everybody was told everything.
    All,
    /// Somebody, or the disk, has to catch up first.
    Held,
    /// There is more to tell at once.
    More,
}

impl<A: Application> Gateway<A> {
    /// Keeps market data as soon as a session may ask for it.
    pub(super) fn keep_market_data(&mut self) {
        let Some(tape) = self.application.tape().filter(|_| self.feed.is_none()) else { return };
        match Feed::start(tape, Arc::clone(&self.log), Arc::clone(&self.market_data_changed)) {
            Ok(feed) => self.feed = Some(feed),
            Err(error) => self.fail(error),
        }
    }

    /// Session `index` may have asked for market data.
    pub(super) fn look_for_subscriptions(&self, index: usize) {
        if matches!(self.links[index].spec.kind, SessionKind::MarketData(_)) {
            self.market_data_changed.notify_one();
        }
    }

    /// Tells every session some of the market data that is new to it.
    pub(crate) fn publish(&mut self, now: Now) -> Published {
        let mut published = Published::All;
        if self.failed.is_some() || self.stopping {
            return published;
        }
        for index in 0..self.links.len() {
            let link = &self.links[index];
            if !matches!(link.spec.kind, SessionKind::MarketData(_)) || !link.session.is_established() {
                continue;
            }
            published = published.max(self.publish_to(index, now));
        }
        self.commit();
        published
    }

    fn publish_to(&mut self, index: usize, now: Now) -> Published {
        let link = &self.links[index];
        let is_behind = link.state.queue.unsent() >= UNSENT_BYTES_MAX || link.streams();
        if is_behind || self.undurable_bytes >= UNDURABLE_BYTES_BUSY || link.state.close.is_some() {
            return Published::Held;
        }
        let more = self.turn(index, now, |_, turn| {
            turn.application.publish(turn.names.session, &mut Publication(turn.replies))
        });
        if more { Published::More } else { Published::All }
    }
}
