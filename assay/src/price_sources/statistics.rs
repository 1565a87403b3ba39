//! What `/metrics` tells of sources of prices.

use assay_prices::Prices;
use assay_trading_types::PriceSource;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counters, written by the thread that reads sources.
pub(crate) struct Statistics {
    sources: Vec<Source>,
    without: AtomicU64,
}

struct Source {
    name: PriceSource,
    quotes: AtomicU64,
    refused: AtomicU64,
    leads: AtomicU64,
}

/// A metric with a value for each source, as Prometheus has it.
pub(crate) struct Labelled {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) help: &'static str,
    pub(crate) values: Vec<(PriceSource, u64)>,
}

impl Statistics {
    pub(super) fn new(names: impl Iterator<Item = PriceSource>) -> Self {
        let zero = AtomicU64::default;
        let source = |name| Source { name, quotes: zero(), refused: zero(), leads: zero() };
        Self { sources: names.map(source).collect(), without: zero() }
    }

    pub(super) fn heard(&self, place: usize, counts: bool) {
        let source = &self.sources[place];
        let counter = if counts { &source.quotes } else { &source.refused };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Lines that are no quotes.
    pub(super) fn unread(&self, place: usize, lines: u64) {
        self.sources[place].refused.fetch_add(lines, Ordering::Relaxed);
    }

    pub(super) fn chosen(&self, prices: &Prices) {
        for (place, source) in self.sources.iter().enumerate() {
            source.leads.store(prices.leads(place) as u64, Ordering::Relaxed);
        }
        self.without.store(prices.without() as u64, Ordering::Relaxed);
    }

    /// Instruments that no source lives for.
    pub(crate) fn without(&self) -> u64 {
        self.without.load(Ordering::Relaxed)
    }

    /// By source.
    pub(crate) fn metrics(&self) -> [Labelled; 3] {
        let values = |counter: fn(&Source) -> &AtomicU64| {
            self.sources.iter().map(|s| (s.name, counter(s).load(Ordering::Relaxed))).collect()
        };
        [
            Labelled {
                name: "assay_price_source_quotes_total",
                kind: "counter",
                help: "Quotes that counted.",
                values: values(|s| &s.quotes),
            },
            Labelled {
                name: "assay_price_source_refused_total",
                kind: "counter",
                help: "Quotes and lines that did not.",
                values: values(|s| &s.refused),
            },
            Labelled {
                name: "assay_price_source_instruments",
                kind: "gauge",
                help: "Instruments that take their price from it at present.",
                values: values(|s| &s.leads),
            },
        ]
    }
}
