//! The thread that reads sources of prices and records what they come to: prices that risk uses, and what is wrong.

mod file;
mod market;
mod statistics;

use crate::clock;
use crate::config::{Config, PriceSourceKind};
use crate::node::NodeError;
use assay_event_log::{EventLog, NewRecord};
use assay_prices::{Prices, Quote, Told};
use assay_trading_types::{Actor, Event, Price, Symbol, Timestamp, Topic};
use file::FileSource;
use market::MarketSource;
pub(crate) use statistics::{Labelled, Statistics};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often sources are looked at.
const WATCH: Duration = Duration::from_millis(20);

/// Who the records are by.
const ACTOR: &str = "prices";

/// Sources, and what is made of them.
pub(crate) struct PriceSources {
    prices: Prices,
    files: Vec<(usize, FileSource)>,
    markets: Vec<(usize, MarketSource)>,
    statistics: Arc<Statistics>,
    log: Arc<dyn EventLog>,
}

impl PriceSources {
    /// What `config` says; nothing when no instrument takes its price from a source. `in_force` says the price that an
    /// instrument has.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(crate) fn open(
        config: &Config,
        log: &Arc<dyn EventLog>,
        in_force: impl Fn(&Symbol) -> Option<Price>,
    ) -> Result<Option<Self>, NodeError> {
        let instruments = config.priced_instruments(in_force);
        if instruments.is_empty() {
            return Ok(None);
        }
        let (mut files, mut markets) = (Vec::new(), Vec::new());
        for (place, source) in config.price_sources.iter().enumerate() {
            match source.kind {
                PriceSourceKind::Market => markets.push((place, MarketSource::open(&**log)?)),
                PriceSourceKind::File => {
                    let path = source.path.clone().unwrap_or_default();
                    files.push((place, FileSource::new(config.path(&path), source.pace)));
                }
            }
        }
        let names = config.price_sources.iter().map(|source| source.name);
        Ok(Some(Self {
            prices: Prices::new(config.price_source_terms(), instruments),
            files,
            markets,
            statistics: Arc::new(Statistics::new(names)),
            log: Arc::clone(log),
        }))
    }

    /// What it counts, for whoever shows it.
    pub(crate) fn statistics(&self) -> Arc<Statistics> {
        Arc::clone(&self.statistics)
    }

    /// Reads and records until told to stop.
    ///
    /// # Errors
    /// The log cannot be read or takes nothing more.
    pub(crate) fn run(mut self, stop: &AtomicBool) -> Result<(), NodeError> {
        while !stop.load(Ordering::Acquire) {
            self.turn()?;
            std::thread::sleep(WATCH);
        }
        Ok(())
    }

    fn turn(&mut self) -> Result<(), NodeError> {
        let now = clock::now();
        let (prices, statistics) = (&mut self.prices, &*self.statistics);
        let mut hear = |place: usize, quote: &Quote| {
            let heard = prices.hear(place, quote, now);
            statistics.heard(place, heard.is_ok());
            if let Err(fault) = heard {
                tracing::debug!(symbol = %quote.symbol, %fault, "a quote does not count");
            }
        };
        for (place, file) in &mut self.files {
            let bad = file.read(now, &mut |quote| hear(*place, quote));
            statistics.unread(*place, bad);
        }
        for (place, market) in &mut self.markets {
            market.read(now, &mut |quote| hear(*place, quote))?;
        }
        self.prices.watch(now);
        let mut records: Vec<NewRecord> = self.prices.drain().map(|told| record(told, now)).collect();
        if !records.is_empty() {
            self.log.append(&mut records)?;
        }
        self.statistics.chosen(&self.prices);
        Ok(())
    }
}

fn record(told: Told, at: Timestamp) -> NewRecord {
    let event = match told {
        Told::Price(price) => Event::from(price),
        Told::Alarm(alarm) => Event::from(alarm),
    };
    NewRecord::first(Topic::Accounts, Actor::new(ACTOR).expect("a valid actor"), at, event)
}
