//! A broker's statement of a day's fills (its drop copy as a file), held against what the log has for that venue (ADR 0025).
//!
//! ```text
//! exec_id,symbol,side,qty,price,undone
//! X-9,AAPL,buy,30,10.10,
//! X-10,AAPL,sell,5,10.05,Y
//! ```
//! The first line names the columns, in any order, and others beside them are passed over; `undone` may be left out. `side`
//! is ours: `buy` or `sell`, or Side(54). Fills are matched by the broker's ExecID(17) alone.

use assay_trading_types::{
    OrderId, Price, Qty, Symbol, Timestamp, VenueDiffered, VenueDifference, VenueId, VenueTraded,
};
use std::collections::BTreeMap;
use std::io::Read;

/// Rows of one statement: a busy day of one broker. A longer one is refused whole.
const ROWS_MAX: usize = 10_000_000;

/// Why a statement cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// It is no CSV of these columns.
    #[error("line {line}: {what}")]
    Line {
        /// Counted from 1, the names of the columns being the first.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// It is too long.
    #[error("more than {ROWS_MAX} fills")]
    TooLong,
}

/// A fill, as one of both sides has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct StatedFill {
    symbol: Symbol,
    is_buy: bool,
    qty: Qty,
    price: Price,
    undone: bool,
}

impl StatedFill {
    fn words(&self) -> String {
        let Self { symbol, qty, price, .. } = self;
        let side = if self.is_buy { "buy" } else { "sell" };
        let undone = if self.undone { ", undone" } else { "" };
        format!("{side} {qty} {symbol} @ {price}{undone}")
    }
}

/// What a broker says that it did, by ExecID(17).
#[derive(Debug, Default)]
pub struct Statement {
    fills: BTreeMap<String, StatedFill>,
}

impl Statement {
    /// Reads the CSV.
    ///
    /// # Errors
    /// A column is missing, a value is no good, an ExecID stands twice, or there are too many.
    pub fn read(csv: impl Read) -> Result<Self, StatementError> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(csv);
        let names = reader.headers().map_err(|e| at(1, e.to_string()))?.clone();
        let place = |name: &str| names.iter().position(|column| column.eq_ignore_ascii_case(name));
        let need = |name: &str| place(name).ok_or_else(|| at(1, format!("there is no column {name}")));
        let columns = [need("exec_id")?, need("symbol")?, need("side")?, need("qty")?, need("price")?];
        let undone = place("undone");
        let mut fills = BTreeMap::new();
        for row in reader.records() {
            let row = row.map_err(|e| at(e.position().map_or(1, csv::Position::line), e.to_string()))?;
            let line = row.position().map_or(1, csv::Position::line);
            let [exec_id, symbol, side, qty, price] =
                columns.map(|column| row.get(column).unwrap_or_default());
            let bad = |name: &str, value: &str| at(line, format!("{name} is no good: \"{value}\""));
            if exec_id.is_empty() {
                return Err(bad("exec_id", exec_id));
            }
            let fill = StatedFill {
                symbol: symbol.parse().map_err(|_| bad("symbol", symbol))?,
                is_buy: is_buy(side).ok_or_else(|| bad("side", side))?,
                qty: qty.parse().ok().filter(|qty| *qty > Qty::ZERO).ok_or_else(|| bad("qty", qty))?,
                price: price.parse().map_err(|_| bad("price", price))?,
                undone: is_yes(undone.and_then(|column| row.get(column)).unwrap_or_default())
                    .map_err(|value| bad("undone", value))?,
            };
            if fills.len() == ROWS_MAX {
                return Err(StatementError::TooLong);
            }
            if fills.insert(exec_id.to_owned(), fill).is_some() {
                return Err(at(line, format!("exec_id {exec_id} stands twice")));
            }
        }
        Ok(Self { fills })
    }
}

fn at(line: u64, what: String) -> StatementError {
    StatementError::Line { line, what }
}

fn is_buy(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "buy" | "1" | "b" => Some(true),
        "sell" | "sell_short" | "sell_short_exempt" | "2" | "5" | "6" | "s" => Some(false),
        _ => None,
    }
}

fn is_yes(text: &str) -> Result<bool, &str> {
    match text.to_ascii_lowercase().as_str() {
        "" | "n" | "no" | "false" => Ok(false),
        "y" | "yes" | "true" => Ok(true),
        _ => Err(text),
    }
}

/// A fill at the venue by our records.
#[derive(Debug)]
struct OurFill {
    order_id: OrderId,
    traded: Timestamp,
    fill: StatedFill,
}

/// What we have for one venue, to be shown every `venue.traded.v1` of the log in order.
#[derive(Debug)]
pub struct VenueFills {
    venue: VenueId,
    fills: BTreeMap<String, OurFill>,
}

impl VenueFills {
    /// Nothing yet of `venue`.
    pub fn new(venue: VenueId) -> Self {
        Self { venue, fills: BTreeMap::new() }
    }

    /// The next record, and when it was heard.
    pub fn note(&mut self, e: &VenueTraded, at: Timestamp) {
        if e.venue != self.venue {
            return;
        }
        let known = self.fills.entry(e.exec_id.clone()).or_insert_with(|| OurFill {
            order_id: e.order_id,
            traded: at,
            fill: StatedFill {
                symbol: e.symbol,
                is_buy: e.side.is_buy(),
                qty: Qty::ZERO,
                price: e.price,
                undone: false,
            },
        });
        if e.undone {
            known.fill.undone = true;
        } else {
            // Client and house each have a part of it.
            let sum = known.fill.qty.units().saturating_add(e.qty.units());
            known.fill.qty = Qty::from_units(sum);
        }
    }

    /// What a statement of the time from `from` until before `to` says otherwise, by ExecID. A fill that we heard at another
    /// time than the statement's is known all the same; one of that time that both undid, or that we undid and it leaves out,
    /// is no difference.
    pub fn differences(&self, stated: &Statement, from: Timestamp, to: Timestamp) -> Vec<VenueDiffered> {
        let theirs = stated.fills.iter().filter_map(|(exec_id, stated)| self.differs(exec_id, stated));
        let is_missing = |(exec_id, ours): &(&String, &OurFill)| {
            !ours.fill.undone
                && (from..to).contains(&ours.traded)
                && !stated.fills.contains_key(exec_id.as_str())
        };
        let missing = self.fills.iter().filter(is_missing).map(|(exec_id, ours)| {
            let detail = format!("{exec_id}: {} here, not in the statement", ours.fill.words());
            self.differed(VenueDifference::NotStated, ours.fill.symbol, Some(ours.order_id), detail)
        });
        theirs.chain(missing).collect()
    }

    fn differs(&self, exec_id: &str, stated: &StatedFill) -> Option<VenueDiffered> {
        let said = stated.words();
        let Some(OurFill { order_id, fill, .. }) = self.fills.get(exec_id) else {
            // What it did and undid itself before we heard of it.
            let detail = format!("{exec_id}: {said} in the statement, not here");
            let unheard = || self.differed(VenueDifference::Unheard, stated.symbol, None, detail);
            return (!stated.undone).then(unheard);
        };
        if fill == stated || fill.undone && stated.undone {
            return None;
        }
        let detail = format!("{exec_id}: {said} in the statement, {} here", fill.words());
        Some(self.differed(VenueDifference::StatedOtherwise, fill.symbol, Some(*order_id), detail))
    }

    fn differed(
        &self,
        difference: VenueDifference,
        symbol: Symbol,
        order_id: Option<OrderId>,
        detail: String,
    ) -> VenueDiffered {
        VenueDiffered { venue: self.venue, difference, symbol: Some(symbol), order_id, detail }
    }
}
