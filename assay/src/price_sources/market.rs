//! Our own books as a source: last trades and best prices.

use crate::node::NodeError;
use assay_event_log::{EventLog, Reader};
use assay_prices::Quote;
use assay_trading_types::{Event, Price, Symbol, Timestamp, Topic};
use std::collections::BTreeMap;

/// Most records that are looked at in a turn.
const RECORDS_MAX: usize = 4_096;

/// A book that stands is a quote, said again every so often (nanoseconds).
const STANDING_NS: i64 = 1_000_000_000;

/// Reads `market-data` from the end of the log on.
pub(super) struct MarketSource {
    reader: Box<dyn Reader>,
    books: BTreeMap<Symbol, Book>,
}

#[derive(Debug, Default)]
struct Book {
    bid: Option<Price>,
    offer: Option<Price>,
    last: Option<Price>,
    said: Option<Timestamp>,
}

impl MarketSource {
    pub(super) fn open(log: &dyn EventLog) -> Result<Self, NodeError> {
        let reader = log.reader(&[Topic::MarketData], log.end(), false)?;
        Ok(Self { reader, books: BTreeMap::new() })
    }

    /// Shows what trades and books have come to.
    pub(super) fn read(&mut self, now: Timestamp, each: &mut impl FnMut(&Quote)) -> Result<(), NodeError> {
        let mut records = Vec::new();
        self.reader.poll(&mut records, RECORDS_MAX)?;
        for record in records {
            let Ok(event) = record.decode() else { continue };
            match &*event {
                Event::TradePrinted(e) => {
                    let book = self.books.entry(e.symbol).or_default();
                    (book.last, book.said) = (Some(e.price), Some(now));
                    each(&book.quote(e.symbol, now));
                }
                Event::TopOfBookChanged(e) => {
                    let book = self.books.entry(e.symbol).or_default();
                    (book.bid, book.offer) = (e.bid.map(|l| l.price), e.offer.map(|l| l.price));
                    book.said = None;
                }
                _ => {}
            }
        }
        for (symbol, book) in &mut self.books {
            let due = book.said.is_none_or(|said| now.since_ns(said) >= STANDING_NS);
            if due && book.bid.is_some() && book.offer.is_some() {
                book.said = Some(now);
                each(&book.quote(*symbol, now));
            }
        }
        Ok(())
    }
}

impl Book {
    fn quote(&self, symbol: Symbol, at: Timestamp) -> Quote {
        let Self { bid, offer, last, .. } = *self;
        Quote { symbol, at, bid, offer, last, sequence: None }
    }
}
