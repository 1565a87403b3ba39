//! How the venue did, day by day.

use super::books::Nature;
use super::error::ReportError;
use super::report::column;
use super::source::{Query, Source, amount, instant};
use super::spool::Rows;
use super::trading::REFUSED;
use super::trading::each_fill;
use crate::reconciliation::class_of;
use assay_reports::Column;
use assay_reports::ColumnKind::{Day, Decimal, Integer, Text};
use assay_trading_types::{Amount, Date, ReportParameters};
use std::collections::BTreeMap;

pub(super) const BUSINESS: &[Column] = &[
    column("day", Day, "The day, UTC."),
    column("currency", Text, "What volume and revenue are in."),
    column("orders", Integer, "Orders of instruments in it that the market took."),
    column("refused", Integer, "Orders, changes and cancels of theirs that were refused."),
    column("success_percent", Decimal, "orders / (orders + refused) x 100; empty without either."),
    column("trades", Integer, "Trades, each counted once; without those that were undone."),
    column("volume", Decimal, "Their price times quantity."),
    column("firms", Integer, "Firms that traded."),
    column("revenue", Decimal, "What the house earned in it, less what it gave back."),
];

#[derive(Debug, Default)]
struct Figures {
    orders: i64,
    refused: i64,
    trades: i64,
    volume: i128,
    firms: std::collections::BTreeSet<String>,
    revenue: i128,
}

/// By day and currency.
type Days = BTreeMap<(Date, String), Figures>;

pub(super) fn business(
    source: &Source,
    p: &ReportParameters,
    rows: &mut Rows<'_>,
) -> Result<(), ReportError> {
    let mut days = Days::new();
    orders(source, p, &mut days)?;
    trades(source, p, &mut days)?;
    revenue(source, p, &mut days)?;
    for ((day, currency), f) in days {
        let all = i128::from(f.orders + f.refused);
        let success =
            (all != 0).then(|| Amount::from_units(i128::from(f.orders) * 10_000 / all * 10_000_000));
        rows.put([
            day.into(),
            currency.into(),
            f.orders.into(),
            f.refused.into(),
            success.into(),
            f.trades.into(),
            Amount::from_units(f.volume).into(),
            i64::try_from(f.firms.len()).unwrap_or(i64::MAX).into(),
            Amount::from_units(f.revenue).into(),
        ])?;
    }
    Ok(())
}

/// Orders and refusals; of a symbol that nobody knows, in no currency.
fn orders(source: &Source, p: &ReportParameters, days: &mut Days) -> Result<(), ReportError> {
    let select = "SELECT * FROM (SELECT e.*, coalesce(i.currency, '') AS currency FROM order_event e \
                  LEFT JOIN instrument i ON i.symbol = e.symbol)";
    let kinds = format!("(kind = 'new' OR {REFUSED})");
    source.each(Query::of_events(select, &kinds, source.position(), p), |row| {
        let key = (Date::of(instant(row, "at")?), row.get("currency")?);
        let figures = days.entry(key).or_default();
        match row.get::<_, String>("kind")?.as_str() {
            "new" => figures.orders += 1,
            _ => figures.refused += 1,
        }
        Ok(())
    })
}

fn trades(source: &Source, p: &ReportParameters, days: &mut Days) -> Result<(), ReportError> {
    each_fill(source, p, |fill, _| {
        if fill.is_undone() {
            return Ok(());
        }
        let key = (Date::of(fill.at), fill.currency.clone().unwrap_or_default());
        let figures = days.entry(key).or_default();
        figures.firms.insert(fill.firm.clone());
        if fill.is_buy {
            figures.trades += 1;
            figures.volume += fill.notional().units();
        }
        Ok(())
    })
}

fn revenue(source: &Source, p: &ReportParameters, days: &mut Days) -> Result<(), ReportError> {
    super::books::each_entry(source, (p.from.as_ns(), p.to.as_ns()), |row| {
        let (debit, credit): (String, String) = (row.get("debit_code")?, row.get("credit_code")?);
        let is_income = |code: &str| i128::from(Nature::of(class_of(code)) == Nature::Income);
        let sign = is_income(&credit) - is_income(&debit);
        if sign != 0 {
            let key = (Date::of(instant(row, "at")?), row.get("asset")?);
            days.entry(key).or_default().revenue += sign * amount(row, "amount")?.units();
        }
        Ok(())
    })
}
