//! Orders that look like one that was accepted a moment ago.

use crate::names::{ClientIx, SymbolIx};
use assay_trading_types::Timestamp;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::VecDeque;

/// Orders remembered, 100 bytes each. Beyond it the oldest is forgotten, whatever its window: at 100,000 orders a second
/// it still reaches ten seconds back.
const REMEMBERED_MAX: usize = 1 << 20;

/// What makes two orders the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Look {
    pub(crate) client: ClientIx,
    pub(crate) symbol: SymbolIx,
    pub(crate) is_buy: bool,
    /// Billionths; none for a market order.
    pub(crate) price: Option<i64>,
    pub(crate) qty: i64,
}

/// Orders accepted lately by those who have a duplicate window.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    latest: FxHashMap<Look, Timestamp>,
    oldest_first: VecDeque<(Look, Timestamp)>,
}

impl Duplicates {
    /// How long ago an order of the same look was accepted, if that is within the window.
    pub(crate) fn since_ns(&self, look: &Look, at: Timestamp, window_ns: i64) -> Option<i64> {
        let since = at.since_ns(*self.latest.get(look)?);
        (since < window_ns).then_some(since)
    }

    /// An order was accepted.
    pub(crate) fn remember(&mut self, look: Look, at: Timestamp) {
        if self.oldest_first.len() == REMEMBERED_MAX {
            self.forget_oldest();
        }
        self.latest.insert(look, at);
        self.oldest_first.push_back((look, at));
    }

    fn forget_oldest(&mut self) {
        let Some((look, at)) = self.oldest_first.pop_front() else { return };
        if self.latest.get(&look) == Some(&at) {
            self.latest.remove(&look);
        }
    }
}

impl Serialize for Duplicates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.oldest_first.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Duplicates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut duplicates = Self::default();
        for (look, at) in Vec::deserialize(deserializer)? {
            duplicates.remember(look, at);
        }
        Ok(duplicates)
    }
}
