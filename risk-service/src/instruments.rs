//! What is listed, and the price it is valued at.

use crate::names::{HoldingIx, SymbolIx, Table};
use crate::switches::SwitchPlace;
use assay_trading_types::{InstrumentListed, Price, Qty, ReferencePriceSet, Symbol, Timestamp};
use serde::{Deserialize, Serialize};

/// Instruments by symbol. A price or a volume may be there before its instrument.
pub(crate) type Instruments = Table<Symbol, SymbolIx, Instrument>;

/// One symbol.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Instrument {
    pub(crate) listed: Option<InstrumentListed>,
    reference: Option<Reference>,
    pub(crate) average_volume: Option<Qty>,
    pub(crate) switch: SwitchPlace,
    /// Who has some of it, or orders in it.
    pub(crate) holdings: Vec<HoldingIx>,
}

/// A reference price and when it was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Reference {
    price: Price,
    at: Timestamp,
    max_age_ns: Option<i64>,
}

impl Instrument {
    /// The reference price that may be used at `at`. A stale one or one that is not above zero is none: fail closed.
    pub(crate) fn reference(&self, at: Timestamp) -> Option<Price> {
        let reference = self.reference?;
        let fresh = reference.max_age_ns.is_none_or(|max| at.since_ns(reference.at) <= max);
        (fresh && reference.price.units() > 0).then_some(reference.price)
    }

    /// The latest price, however old: what positions are valued at.
    pub(crate) fn price(&self) -> Option<Price> {
        self.reference.map(|r| r.price)
    }

    /// Sets a price and returns the one before.
    pub(crate) fn set_reference(&mut self, e: &ReferencePriceSet, at: Timestamp) -> Option<Price> {
        let new = Reference { price: e.price, at, max_age_ns: e.max_age_ns };
        self.reference.replace(new).map(|old| old.price)
    }
}
