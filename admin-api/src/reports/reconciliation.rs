//! The books against what they come from: everything below the position, whatever its time.

use super::books::{class_of, each_entry};
use super::error::ReportError;
use super::report::column;
use super::source::{Source, amount};
use super::spool::Rows;
use super::trading::each_fill;
use assay_reports::Column;
use assay_reports::ColumnKind::{Decimal, Flag, Text};
use assay_trading_types::{Amount, ReportParameters, Timestamp};
use std::collections::BTreeMap;

/// The account that trades go through.
const CLEARING: &str = "clearing";

pub(super) const RECONCILIATION: &[Column] = &[
    column(
        "check",
        Text,
        "`debits_and_credits` of an asset, `clearing` of an asset against nothing, `trades` of an account: what postings through clearing brought against what the execution reports say.",
    ),
    column("asset", Text, "Currency or symbol."),
    column("code", Text, "Code of the account; empty for the asset as a whole."),
    column("expected", Decimal, "Debits; nothing; by the execution reports."),
    column("found", Decimal, "Credits; what lies on clearing; by the postings."),
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
    for (asset, sums) in &assets {
        put(rows, ("debits_and_credits", asset, ""), (sums.debits, sums.credits))?;
        put(rows, ("clearing", asset, ""), (0, sums.clearing))?;
    }
    for ((code, asset), figures) in &trades {
        put(rows, ("trades", asset, code), *figures)?;
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
