//! A statement as a table, for banks that send no camt.053: every row repeats account, statement and currency, and says what the
//! account had after it.

use super::{BankFile, decimal, name, words};
use assay_trading_types::{Amount, Asset, BankLine, Date};

const HEADER: [&str; 8] =
    ["account", "statement", "asset", "date", "reference", "amount", "balance", "details"];

/// A row, and the balance after it.
struct Row {
    of: [String; 3],
    line: BankLine,
    balance: Amount,
}

pub(super) fn read(text: &str) -> Result<BankFile, String> {
    // A file that was cut within quotes would swallow what is behind them.
    if text.bytes().filter(|byte| *byte == b'"').count() % 2 != 0 {
        return Err("has a quote that is not closed".to_owned());
    }
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| format!("is no table: {error}"))?;
    if header.iter().map(str::trim).ne(HEADER) {
        return Err(format!("must begin with {}", HEADER.join(",")));
    }
    let mut rows = Vec::new();
    for (n, record) in reader.records().enumerate() {
        let record = record.map_err(|error| format!("is no table: {error}"))?;
        if record.iter().any(|field| field.contains(['\n', '\r'])) {
            return Err(format!("has a row of several lines (row {})", n + 1));
        }
        rows.push(row(&record).map_err(|why| format!("{why} (row {})", n + 1))?);
    }
    let first = rows.first().ok_or("has no rows")?;
    if let Some(other) = rows.iter().find(|row| row.of != first.of) {
        return Err(format!("has rows of {} and of {}", first.of.join(" "), other.of.join(" ")));
    }
    let opening = Amount::from_units(first.balance.units() - first.line.amount.units());
    let mut before = opening;
    for row in &rows {
        let after = before.units() + row.line.amount.units();
        if after != row.balance.units() {
            let comes_to = Amount::from_units(after);
            return Err(format!(
                "has a balance of {} after line {}, which comes to {comes_to}",
                row.balance, row.line.reference
            ));
        }
        before = row.balance;
    }
    let [account, statement, asset] = first.of.clone();
    let asset = Asset::new(&asset).map_err(|_| format!("has {asset:?} for a currency"))?;
    let lines = rows.into_iter().map(|row| row.line).collect();
    Ok(BankFile { account, name: statement, asset, opening, closing: before, lines })
}

fn row(record: &csv::StringRecord) -> Result<Row, String> {
    let field = |n: usize| record.get(n).unwrap_or_default();
    let of =
        [name("account", field(0))?.replace(' ', ""), name("statement", field(1))?, name("asset", field(2))?];
    let day: Date = Date::parse(field(3).trim()).map_err(|_| format!("has {:?} for a date", field(3)))?;
    let (amount, balance) = (decimal(field(5))?, decimal(field(6))?);
    let (reference, text) = (name("reference", field(4))?, words(field(7)));
    Ok(Row { of, line: BankLine { reference, day, amount, text, matched: None }, balance })
}
