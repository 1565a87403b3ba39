//! What is listed, and the price it is valued at.

use assay_trading_types::{InstrumentListed, Price, ReferencePriceSet, Symbol, Timestamp};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// Listed instruments and reference prices. A price may be there before its instrument.
#[derive(Debug, Default)]
pub(crate) struct Instruments(FxHashMap<Symbol, Instrument>);

/// One symbol.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Instrument {
    listed: Option<InstrumentListed>,
    reference: Option<Reference>,
}

/// A reference price and when it was set.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Reference {
    price: Price,
    at: Timestamp,
    max_age_ns: Option<i64>,
}

impl Instruments {
    /// Terms of a listed symbol.
    pub(crate) fn listed(&self, symbol: &Symbol) -> Option<&InstrumentListed> {
        self.0.get(symbol)?.listed.as_ref()
    }

    /// Takes new terms. Returns whether the symbol was not listed before.
    pub(crate) fn list(&mut self, listed: &InstrumentListed) -> bool {
        self.0.entry(listed.symbol).or_default().listed.replace(listed.clone()).is_none()
    }

    /// The reference price that may be used at `at`. A stale one or one that is not above zero is none: fail closed.
    pub(crate) fn reference(&self, symbol: &Symbol, at: Timestamp) -> Option<Price> {
        let reference = self.0.get(symbol)?.reference?;
        let fresh = reference.max_age_ns.is_none_or(|max| at.since_ns(reference.at) <= max);
        (fresh && reference.price.units() > 0).then_some(reference.price)
    }

    /// The latest price, however old: what positions are valued at.
    pub(crate) fn price(&self, symbol: &Symbol) -> Option<Price> {
        self.0.get(symbol)?.reference.map(|r| r.price)
    }

    /// Sets a price and returns the one before.
    pub(crate) fn set_reference(&mut self, e: &ReferencePriceSet, at: Timestamp) -> Option<Price> {
        let new = Reference { price: e.price, at, max_age_ns: e.max_age_ns };
        self.0.entry(e.symbol).or_default().reference.replace(new).map(|old| old.price)
    }

    /// All of them, for a snapshot.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Symbol, &Instrument)> {
        self.0.iter()
    }
}

impl FromIterator<(Symbol, Instrument)> for Instruments {
    fn from_iter<T: IntoIterator<Item = (Symbol, Instrument)>>(iter: T) -> Self {
        Self(iter.into_iter().collect())
    }
}
