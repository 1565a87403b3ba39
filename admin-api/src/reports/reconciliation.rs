//! The books against what they come from: everything below the position, whatever its time.

use super::books::each_entry;
use super::error::ReportError;
use super::report::column;
use super::source::{Query, Source, amount};
use super::spool::Rows;
use super::trading::{each_fill, notional, order};
use crate::reconciliation::class_of;
use assay_reports::Column;
use assay_reports::ColumnKind::{Decimal, Flag, Text};
use assay_trading_types::{Amount, ReportParameters, Timestamp};
use std::collections::{BTreeMap, HashMap};

/// The account that trades go through.
const CLEARING: &str = "clearing";

pub(super) const RECONCILIATION: &[Column] = &[
    column(
        "check",
        Text,
        "`debits_and_credits` of an asset, `clearing` of an asset against nothing, `trades` of an account: what postings through clearing brought against what the execution reports say; `holds` of an account: what is held on it against what is held for open orders and movements.",
    ),
    column("asset", Text, "Currency or symbol."),
    column("code", Text, "Code of the account; empty for the asset as a whole."),
    column("expected", Decimal, "Debits; nothing; by the execution reports; held for what is open."),
    column("found", Decimal, "Credits; what lies on clearing; by the postings; all that is held."),
    column("difference", Decimal, "Found less expected."),
    column(
        "passed",
        Flag,
        "Whether there is none. What the house paid in a client's place stands as a difference of the account and of `shortfall`.",
    ),
];

/// Debits and credits of an asset, and what lies on its clearing account.
#[derive(Debug, Default)]
struct Sums {
    debits: i128,
    credits: i128,
    clearing: i128,
}

/// By account code and asset: by the execution reports, and by the postings.
type Trades = BTreeMap<(String, String), (i128, i128)>;

pub(super) fn reconciliation(
    source: &Source,
    p: &ReportParameters,
    rows: &mut Rows<'_>,
) -> Result<(), ReportError> {
    let (mut assets, mut trades) = (BTreeMap::<String, Sums>::new(), Trades::new());
    posted(source, &mut assets, &mut trades)?;
    reported(source, p, &mut trades)?;
    reported_by_venues(source, &mut trades)?;
    for (asset, sums) in &assets {
        put(rows, ("debits_and_credits", asset, ""), (sums.debits, sums.credits))?;
        put(rows, ("clearing", asset, ""), (0, sums.clearing))?;
    }
    for ((code, asset), figures) in &trades {
        put(rows, ("trades", asset, code), *figures)?;
    }
    for ((code, asset), figures) in &holds(source)? {
        put(rows, ("holds", asset, code), *figures)?;
    }
    Ok(())
}

fn posted(
    source: &Source,
    assets: &mut BTreeMap<String, Sums>,
    trades: &mut Trades,
) -> Result<(), ReportError> {
    each_entry(source, (i64::MIN, i64::MAX), |row| {
        let (asset, units): (String, i128) = (row.get("asset")?, amount(row, "amount")?.units());
        let (debit, credit): (String, String) = (row.get("debit_code")?, row.get("credit_code")?);
        let sums = assets.entry(asset.clone()).or_default();
        sums.debits += units;
        sums.credits += units;
        let (from_clearing, to_clearing) = (class_of(&debit) == CLEARING, class_of(&credit) == CLEARING);
        sums.clearing += units * (i128::from(to_clearing) - i128::from(from_clearing));
        if from_clearing && !to_clearing {
            trades.entry((credit, asset)).or_default().1 += units;
        } else if to_clearing && !from_clearing {
            trades.entry((debit, asset)).or_default().1 -= units;
        }
        Ok(())
    })
}

fn reported(source: &Source, p: &ReportParameters, trades: &mut Trades) -> Result<(), ReportError> {
    let (from, to) = (Timestamp::from_ns(i64::MIN), Timestamp::from_ns(i64::MAX));
    each_fill(source, &ReportParameters { from, to, ..p.clone() }, |fill, _| {
        if fill.is_undone() {
            return Ok(());
        }
        let (code, sign) = (format!("client:{}", fill.account), if fill.is_buy { 1 } else { -1 });
        trades.entry((code.clone(), fill.symbol.clone())).or_default().0 += sign * fill.qty.units();
        if let Some(currency) = &fill.currency {
            trades.entry((code, currency.clone())).or_default().0 -= sign * fill.notional().units();
        }
        Ok(())
    })
}

/// What venues had on the other side of clients' fills.
fn reported_by_venues(source: &Source, trades: &mut Trades) -> Result<(), ReportError> {
    const TRADED: &str = "SELECT v.*, i.currency FROM venue_event v LEFT JOIN instrument i ON i.symbol = v.symbol \
         WHERE v.position < ? ORDER BY v.position";
    source.each(Query::new(TRADED).integer(source.position().0.cast_signed()), |row| {
        let code = format!("venue:{}", row.get::<_, String>("venue")?);
        let (symbol, currency): (String, Option<String>) = (row.get("symbol")?, row.get("currency")?);
        let (qty, price) = (amount(row, "qty")?, amount(row, "price")?);
        // When our side buys, the venue's units go and its cash comes.
        let sign = if row.get("is_buy")? { -1 } else { 1 };
        trades.entry((code.clone(), symbol)).or_default().0 += sign * qty.units();
        if let Some(currency) = currency {
            trades.entry((code, currency)).or_default().0 -= sign * notional(qty, price).units();
        }
        Ok(())
    })
}

/// What an order or a movement holds on one account.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    reference: Option<String>,
    code: String,
    asset: String,
}

/// By account code and asset: what is held for something open, and all that is held.
fn holds(source: &Source) -> Result<Trades, ReportError> {
    const RESERVED: &str = "SELECT e.reference, e.debit_code, e.reserved, a.asset FROM entry_with_codes e \
         JOIN ledger_account a ON a.id = e.debit WHERE e.id < ? AND e.reserved <> '0'";
    let mut held: BTreeMap<Held, i128> = BTreeMap::new();
    source.each(Query::new(RESERVED).integer(source.entries_end()), |row| {
        let (reference, code, asset) = (row.get("reference")?, row.get("debit_code")?, row.get("asset")?);
        *held.entry(Held { reference, code, asset }).or_default() += amount(row, "reserved")?.units();
        Ok(())
    })?;
    held.retain(|_, units| *units != 0);
    let open = open(source, held.keys().filter_map(|held| held.reference.as_deref()))?;
    let mut sums = Trades::new();
    for (Held { reference, code, asset }, units) in held {
        let is_open = reference.is_some_and(|reference| open.get(&reference).copied().unwrap_or(false));
        let (expected, found) = sums.entry((code, asset)).or_default();
        *expected += if is_open { units } else { 0 };
        *found += units;
    }
    Ok(sums)
}

/// Of the orders and movements named, which are open. An order whose first report is not below the position is not yet.
fn open<'a>(
    source: &Source,
    named: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, bool>, ReportError> {
    const ORDERS: &str = "SELECT order_id, leaves FROM order_event \
         WHERE position < ? AND order_id IS NOT NULL AND leaves IS NOT NULL ORDER BY position";
    const MOVEMENTS: &str =
        "SELECT movement, status FROM movement_event WHERE position < ? ORDER BY position";
    let mut open: HashMap<String, bool> = named.map(|name| (name.to_owned(), false)).collect();
    let below = || source.position().0.cast_signed();
    source.each(Query::new(ORDERS).integer(below()), |row| {
        if let Some(is_open) = open.get_mut(&order(row)?.to_string()) {
            *is_open = amount(row, "leaves")? != Amount::ZERO;
        }
        Ok(())
    })?;
    source.each(Query::new(MOVEMENTS).integer(below()), |row| {
        if let Some(is_open) = open.get_mut(&row.get::<_, String>("movement")?) {
            *is_open = matches!(row.get::<_, String>("status")?.as_str(), "pending" | "processing");
        }
        Ok(())
    })?;
    Ok(open)
}

fn put(
    rows: &mut Rows<'_>,
    (check, asset, code): (&str, &str, &str),
    (expected, found): (i128, i128),
) -> Result<(), ReportError> {
    let code = if code.is_empty() { None } else { Some(code) };
    rows.put([
        check.into(),
        asset.into(),
        code.into(),
        Amount::from_units(expected).into(),
        Amount::from_units(found).into(),
        Amount::from_units(found - expected).into(),
        (found == expected).into(),
    ])
}
