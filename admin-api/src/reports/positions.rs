//! Positions and what was gained or lost on them.

use super::error::ReportError;
use super::holding::{Holding, Realised};
use super::report::column;
use super::source::{Query, Source, amount, instant, is_wanted};
use super::spool::Rows;
use super::trading::{FillRow, each_fill};
use crate::average_cost::value;
use crate::read_model::{IS_MOVE, owner};
use assay_reports::Column;
use assay_reports::ColumnKind::{Decimal, Text};
use assay_trading_types::{Amount, Position, ReportParameters, Timestamp};
use rusqlite::Row;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::vec::IntoIter;

/// What an account has of an instrument, and what came of it in the span.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) firm: String,
    pub(super) currency: Option<String>,
    pub(super) holding: Holding,
    opening: i128,
    bought: i128,
    sold: i128,
    moved: i128,
    realised: Realised,
    last_price: Option<Amount>,
}

/// By account and symbol.
pub(super) type Lines = BTreeMap<(String, String), Line>;

/// Units that came or went otherwise than by a trade.
struct Move {
    at: Timestamp,
    position: Position,
    account: String,
    firm: String,
    symbol: String,
    currency: Option<String>,
    /// Came if positive.
    units: i128,
}

/// What accounts have at the end of the span, from everything before it: fills as they stand, and units that came and went
/// otherwise, those at the reference price of then.
pub(super) fn lines(source: &Source, p: &ReportParameters) -> Result<Lines, ReportError> {
    let mut lines = Lines::new();
    let mut moves = moves(source, p)?.into_iter().peekable();
    let since_ever = ReportParameters { from: Timestamp::from_ns(i64::MIN), ..p.clone() };
    each_fill(source, &since_ever, |fill, _| {
        take_moves(source, &mut lines, &mut moves, Some((fill.at, fill.position)), p)?;
        let line = line(&mut lines, &fill.account, &fill.symbol);
        line.firm.clone_from(&fill.firm);
        line.currency.clone_from(&fill.currency);
        line.trade(fill, p.from);
        Ok(())
    })?;
    take_moves(source, &mut lines, &mut moves, None, p)?;
    Ok(lines)
}

fn line<'a>(lines: &'a mut Lines, account: &str, symbol: &str) -> &'a mut Line {
    lines.entry((account.to_owned(), symbol.to_owned())).or_default()
}

impl Line {
    fn trade(&mut self, fill: &FillRow, from: Timestamp) {
        if fill.is_undone() {
            return;
        }
        let sign = if fill.is_buy { 1 } else { -1 };
        let units = sign * fill.qty.units();
        let realised = self.holding.trade(units, sign * fill.notional().units());
        self.last_price = Some(fill.price);
        if fill.at < from {
            self.opening += units;
            return;
        }
        self.realised.by_average += realised.by_average;
        self.realised.fifo += realised.fifo;
        let side = if fill.is_buy { &mut self.bought } else { &mut self.sold };
        *side += units.abs();
    }
}

/// Books what came and went before a fill, or all that is left.
fn take_moves(
    source: &Source,
    lines: &mut Lines,
    moves: &mut Peekable<IntoIter<Move>>,
    before: Option<(Timestamp, Position)>,
    p: &ReportParameters,
) -> Result<(), ReportError> {
    while let Some(m) = moves.next_if(|m| before.is_none_or(|place| (m.at, m.position) < place)) {
        let line = line(lines, &m.account, &m.symbol);
        let price = source.reference_price(&m.symbol, m.at.plus_ns(1), Position(m.position.0 + 1))?;
        let price = price.map_or_else(|| source.first_price(&m.symbol, p.to), |price| Ok(Some(price)))?;
        let value = price.map_or(0, |price| value(price, m.units));
        line.holding.transfer(m.units, value);
        line.firm = m.firm;
        line.currency = m.currency;
        match m.at < p.from {
            true => line.opening += m.units,
            false => line.moved += m.units,
        }
    }
    Ok(())
}

/// Entries that move units of an instrument and are no leg of a trade, with whom they concern on either side.
const MOVES: &str = "SELECT e.id, e.at, e.amount, e.debit_code, e.credit_code, a.asset, i.currency \
     FROM entry_with_codes e JOIN ledger_account a ON a.id = e.debit JOIN instrument i ON i.symbol = a.asset \
     WHERE e.id < ? AND e.at < ? AND {move} ORDER BY e.at, e.id";

fn moves(source: &Source, p: &ReportParameters) -> Result<Vec<Move>, ReportError> {
    let firms = firms(source)?;
    let mut moves = Vec::new();
    let query =
        Query::new(MOVES.replace("{move}", IS_MOVE)).integer(source.entries_end()).integer(p.to.as_ns());
    source.each(query, |row| {
        let (debit, credit): (String, String) = (row.get("debit_code")?, row.get("credit_code")?);
        let (from, to) = (owner(&debit), owner(&credit));
        if from == to {
            return Ok(()); // Pledged or given back: it is still the account's.
        }
        let units = amount(row, "amount")?.units();
        for (account, units) in [(from, -units), (to, units)] {
            let Some(account) = account else { continue };
            let moved = a_move(row, account, &firms, units)?;
            if is_wanted(p, &moved.firm, &moved.account, &moved.symbol) {
                moves.push(moved);
            }
        }
        Ok(())
    })?;
    Ok(moves)
}

fn a_move(
    row: &Row<'_>,
    account: &str,
    firms: &BTreeMap<String, String>,
    units: i128,
) -> rusqlite::Result<Move> {
    Ok(Move {
        at: instant(row, "at")?,
        position: crate::read_model::position_of_entry(row.get("id")?),
        account: account.to_owned(),
        firm: firms.get(account).cloned().unwrap_or_default(),
        symbol: row.get("asset")?,
        currency: row.get("currency")?,
        units,
    })
}

/// Accounts and whose they are.
pub(super) fn firms(source: &Source) -> Result<BTreeMap<String, String>, ReportError> {
    let mut firms = BTreeMap::new();
    source.each(Query::new("SELECT account, firm FROM firm_account"), |row| {
        firms.insert(row.get("account")?, row.get("firm")?);
        Ok(())
    })?;
    Ok(firms)
}

/// What a unit is worth at the end of the span: the reference price, else the last trade's.
pub(super) fn price_at_end(
    source: &Source,
    p: &ReportParameters,
    symbol: &str,
    line: &Line,
) -> Result<Option<Amount>, ReportError> {
    Ok(source.reference_price(symbol, p.to, source.position())?.or(line.last_price))
}

pub(super) const POSITIONS: &[Column] = &[
    column("firm", Text, "The firm."),
    column("account", Text, "The account."),
    column("symbol", Text, "The instrument."),
    column("currency", Text, "What it trades in."),
    column("qty", Decimal, "Units at the end, what is pledged included; negative if short."),
    column("average_cost", Decimal, "Their cost divided by them."),
    column("cost", Decimal, "What they cost by average; negative for what a short brought."),
    column("price", Decimal, "The reference price at the end, else that of the last trade."),
    column("value", Decimal, "Price times units."),
    column("unrealised", Decimal, "Value less cost."),
];

pub(super) fn positions(
    source: &Source,
    p: &ReportParameters,
    rows: &mut Rows<'_>,
) -> Result<(), ReportError> {
    for ((account, symbol), line) in lines(source, p)? {
        let held = line.holding.average;
        let (qty, cost) = (held.qty, held.cost);
        if qty == 0 {
            continue;
        }
        let price = price_at_end(source, p, &symbol, &line)?;
        let value = price.map(|price| value(price, qty));
        rows.put([
            line.firm.into(),
            account.into(),
            symbol.into(),
            line.currency.into(),
            Amount::from_units(qty).into(),
            held.entry_price().map(Amount::from_units).into(),
            Amount::from_units(cost).into(),
            price.into(),
            value.map(Amount::from_units).into(),
            value.map(|value| Amount::from_units(value - cost)).into(),
        ])?;
    }
    Ok(())
}

pub(super) const PROFIT: &[Column] = &[
    column("firm", Text, "The firm."),
    column("account", Text, "The account."),
    column("symbol", Text, "The instrument."),
    column("currency", Text, "What it trades in, and what the amounts are in."),
    column("opening_qty", Decimal, "Units at `from`."),
    column("bought_qty", Decimal, "Bought in the span."),
    column("sold_qty", Decimal, "Sold in the span."),
    column("moved_qty", Decimal, "Came otherwise, or went if negative, in the span."),
    column("closing_qty", Decimal, "Units at `to`."),
    column("realised_average", Decimal, "Gained in the span by closing, at average cost; before commission."),
    column("realised_fifo", Decimal, "The same, first in, first out."),
    column("price", Decimal, "The reference price at `to`, else that of the last trade."),
    column("unrealised_average", Decimal, "What closing at that price would gain, at average cost."),
    column("unrealised_fifo", Decimal, "The same, first in, first out."),
];

pub(super) fn profit(source: &Source, p: &ReportParameters, rows: &mut Rows<'_>) -> Result<(), ReportError> {
    for ((account, symbol), line) in lines(source, p)? {
        let holding = &line.holding;
        if [line.opening, line.bought, line.sold, line.moved].iter().all(|qty| *qty == 0) {
            continue;
        }
        let price = price_at_end(source, p, &symbol, &line)?;
        let gain =
            |cost: i128| price.map(|price| Amount::from_units(value(price, holding.average.qty) - cost));
        rows.put([
            line.firm.as_str().into(),
            account.into(),
            symbol.into(),
            line.currency.clone().into(),
            Amount::from_units(line.opening).into(),
            Amount::from_units(line.bought).into(),
            Amount::from_units(line.sold).into(),
            Amount::from_units(line.moved).into(),
            Amount::from_units(holding.average.qty).into(),
            Amount::from_units(line.realised.by_average).into(),
            Amount::from_units(line.realised.fifo).into(),
            price.into(),
            gain(holding.average.cost).into(),
            gain(holding.fifo_cost()).into(),
        ])?;
    }
    Ok(())
}
