//! `[[price_source]]`: where reference prices come from.

use super::{Config, Fault};
use assay_prices::{InstrumentTerms, SourceTerms};
use assay_trading_types::{Price, PriceSource, Symbol};
use serde::Deserialize;
use std::path::PathBuf;

const NS_PER_S: i64 = 1_000_000_000;

/// The keys as they stand in the file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    /// What instruments and records call it.
    pub(crate) name: PriceSource,
    /// What it is.
    pub(crate) kind: Kind,
    /// Of a file: which.
    #[serde(default)]
    pub(crate) path: Option<PathBuf>,
    /// Of a file: when its lines count.
    #[serde(default)]
    pub(crate) pace: Pace,
    /// How long it may be silent about an instrument, and how old its quotes may be.
    #[serde(default = "ten")]
    pub(crate) stale_after_s: u32,
}

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A file with a line for each quote, which somebody writes.
    File,
    /// Trades and best prices of our own books.
    Market,
}

/// When lines of a file count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pace {
    /// As they are written.
    #[default]
    AsWritten,
    /// From the start of the node on, as far apart as their times.
    Replay,
}

fn ten() -> u32 {
    10
}

impl Config {
    /// Sources of prices, as they are chosen from.
    pub(crate) fn price_source_terms(&self) -> Vec<SourceTerms> {
        let terms = |source: &Source| SourceTerms {
            name: source.name,
            stale_after_ns: i64::from(source.stale_after_s) * NS_PER_S,
        };
        self.price_sources.iter().map(terms).collect()
    }

    /// Instruments that take their price from sources; `in_force` says the price that one has.
    pub(crate) fn priced_instruments(
        &self,
        in_force: impl Fn(&Symbol) -> Option<Price>,
    ) -> Vec<InstrumentTerms> {
        let place = |name: &PriceSource| self.price_sources.iter().position(|s| s.name == *name);
        let priced = self.instruments.iter().filter(|i| !i.price_sources.is_empty());
        let terms = |instrument: &super::Instrument| InstrumentTerms {
            symbol: instrument.symbol,
            sources: instrument.price_sources.iter().filter_map(place).collect(),
            outlier_bp: instrument.price_outlier_bp,
            max_age_ns: instrument.reference_max_age_s.map(|s| i64::from(s) * NS_PER_S),
            in_force: in_force(&instrument.symbol),
        };
        priced.map(terms).collect()
    }

    pub(super) fn check_price_sources(&self) -> Result<(), Fault> {
        for (i, source) in self.price_sources.iter().enumerate() {
            let fault = |key, what| Err(Fault::new("[[price_source]]", i, key, what));
            let name = source.name;
            if self.price_sources[..i].iter().any(|o| o.name == name) {
                return fault("name", format!("price source \"{name}\" stands twice: remove one"));
            }
            match (source.kind, &source.path) {
                (Kind::File, None) => return fault("path", format!("price source \"{name}\" needs a path")),
                (Kind::Market, Some(_)) => {
                    return fault("path", "our own market has no file: remove path".to_owned());
                }
                _ => {}
            }
            if source.stale_after_s == 0 {
                return fault("stale_after_s", "stale_after_s must be above zero".to_owned());
            }
        }
        for (i, instrument) in self.instruments.iter().enumerate() {
            let fault = |key, what| Err(Fault::new("[[instrument]]", i, key, what));
            let known = |name: &PriceSource| self.price_sources.iter().any(|s| s.name == *name);
            if let Some(name) = instrument.price_sources.iter().find(|name| !known(name)) {
                let what = format!("price source {name} is not defined, add a [[price_source]] of that name");
                return fault("price_sources", what);
            }
            if !instrument.price_sources.is_empty() && instrument.reference_max_age_s.is_none() {
                let what = "an instrument with price_sources needs reference_max_age_s: how long their last price may be used".to_owned();
                return fault("price_sources", what);
            }
        }
        Ok(())
    }
}
