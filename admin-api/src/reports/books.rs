//! The general ledger: chart of accounts, journal, trial balance, balance sheet, income statement, fees.

use super::error::ReportError;
use super::report::column;
use super::source::{Query, Source, amount, instant};
use super::spool::Rows;
use crate::reconciliation::class_of;
use assay_reports::Column;
use assay_reports::ColumnKind::{Decimal, Integer, Text, Time};
use assay_trading_types::{Amount, ReportParameters};
use rusqlite::Row;
use std::collections::BTreeMap;

/// What an account is to the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nature {
    /// What it has or is owed.
    Asset,
    /// What it owes.
    Liability,
    /// What it was given to begin with.
    Equity,
    /// What it earned.
    Income,
    /// What it lost.
    Expense,
}

impl Nature {
    /// Of a class of accounts: the part of a code before its colon.
    pub(super) fn of(class: &str) -> Self {
        match class {
            "external" | "loan-principal" | "loan-interest" | "loan-fees" | "conversion" | "venue" => {
                Self::Asset
            }
            "equity" => Self::Equity,
            "shortfall" | "loan-loss" | "interest-expense" | "venue-error" => Self::Expense,
            "commission"
            | "fees"
            | "conversion-spread"
            | "loan-interest-income"
            | "loan-fee-income"
            | "loan-recovery"
            | "interest-income" => Self::Income,
            // Clients' accounts, their collateral, trades under way; and what is not known yet owes until it is.
            _ => Self::Liability,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Asset => "asset",
            Self::Liability => "liability",
            Self::Equity => "equity",
            Self::Income => "income",
            Self::Expense => "expense",
        }
    }

    /// Whether debits make it more.
    fn is_debit(self) -> bool {
        matches!(self, Self::Asset | Self::Expense)
    }
}

pub(super) const CHART: &[Column] = &[
    column("code", Text, "Code of the account: class, then owner where there is one."),
    column("class", Text, "The part before the colon."),
    column("nature", Text, "`asset`, `liability`, `equity`, `income` or `expense` of the house."),
    column("asset", Text, "Currency or symbol."),
    column("firm", Text, "Whose it is, of a client's."),
];

pub(super) fn chart(source: &Source, p: &ReportParameters, rows: &mut Rows<'_>) -> Result<(), ReportError> {
    for ((code, asset), line) in lines(source, p)? {
        let class = class_of(&code);
        let nature = Nature::of(class).name();
        rows.put([code.as_str().into(), class.into(), nature.into(), asset.into(), line.firm.into()])?;
    }
    Ok(())
}

pub(super) const JOURNAL: &[Column] = &[
    column("at", Time, "When."),
    column("position", Integer, "Position of its record in the log."),
    column("transfer", Text, "Id of the transfer."),
    column("debit", Text, "Code of the debited account."),
    column("credit", Text, "Code of the credited account."),
    column("asset", Text, "Currency or symbol of both."),
    column("amount", Decimal, "How much."),
    column("reason", Text, "Why."),
    column("reference", Text, "The order, movement or loan it belongs to."),
];

const ENTRIES: &str = "SELECT e.*, a.asset FROM entry_with_codes e JOIN ledger_account a ON a.id = e.debit \
     WHERE e.id < ? AND e.at >= ? AND e.at < ? AND e.amount <> '0' ORDER BY e.id";

pub(super) fn each_entry(
    source: &Source,
    (from, to): (i64, i64),
    each: impl FnMut(&Row<'_>) -> Result<(), ReportError>,
) -> Result<(), ReportError> {
    source.each(Query::new(ENTRIES).integer(source.entries_end()).integer(from).integer(to), each)
}

pub(super) fn journal(source: &Source, p: &ReportParameters, rows: &mut Rows<'_>) -> Result<(), ReportError> {
    each_entry(source, (p.from.as_ns(), p.to.as_ns()), |row| {
        let text = |column| row.get::<_, String>(column);
        let position = crate::read_model::position_of_entry(row.get("id")?);
        rows.put([
            instant(row, "at")?.into(),
            position.0.cast_signed().into(),
            text("transfer")?.into(),
            text("debit_code")?.into(),
            text("credit_code")?.into(),
            text("asset")?.into(),
            amount(row, "amount")?.into(),
            text("reason")?.into(),
            row.get::<_, Option<String>>("reference")?.into(),
        ])
    })
}

pub(super) const FEES: &[Column] = &[
    column("at", Time, "When."),
    column("position", Integer, "Position of its record in the log."),
    column("firm", Text, "Who was charged."),
    column("account", Text, "On which account; empty where the house earned it otherwise."),
    column(
        "class",
        Text,
        "The house's account: `commission`, `fees`, `conversion-spread`, `loan-interest-income` ...",
    ),
    column("reason", Text, "Why."),
    column("asset", Text, "Currency."),
    column("amount", Decimal, "Charged; given back if negative."),
    column("reference", Text, "The order, movement or loan it belongs to."),
];

pub(super) fn fees(source: &Source, p: &ReportParameters, rows: &mut Rows<'_>) -> Result<(), ReportError> {
    let firms = super::positions::firms(source)?;
    each_entry(source, (p.from.as_ns(), p.to.as_ns()), |row| {
        let (debit, credit): (String, String) = (row.get("debit_code")?, row.get("credit_code")?);
        let is_income = |code: &str| Nature::of(class_of(code)) == Nature::Income;
        let (class, other, sign) = match (is_income(&debit), is_income(&credit)) {
            (false, true) => (class_of(&credit), debit.as_str(), 1),
            (true, false) => (class_of(&debit), credit.as_str(), -1),
            _ => return Ok(()),
        };
        let account = other.split_once(':').map(|(_, owner)| owner);
        let firm = account.and_then(|account| firms.get(account));
        if p.firm.is_some_and(|wanted| firm.is_none_or(|firm| wanted.as_str() != firm))
            || p.account.is_some_and(|wanted| account != Some(wanted.as_str()))
        {
            return Ok(());
        }
        let position = crate::read_model::position_of_entry(row.get("id")?);
        rows.put([
            instant(row, "at")?.into(),
            position.0.cast_signed().into(),
            firm.cloned().into(),
            account.into(),
            class.into(),
            row.get::<_, String>("reason")?.into(),
            row.get::<_, String>("asset")?.into(),
            Amount::from_units(sign * amount(row, "amount")?.units()).into(),
            row.get::<_, Option<String>>("reference")?.into(),
        ])
    })
}

/// What an account had before the span, and what came in it; credits positive.
#[derive(Debug, Default, Clone)]
struct Line {
    firm: Option<String>,
    opening: i128,
    debits: i128,
    credits: i128,
}

impl Line {
    fn closing(&self) -> i128 {
        self.opening + self.credits - self.debits
    }
}

/// Every account that has an entry before the end of the span, by code and asset.
fn lines(source: &Source, p: &ReportParameters) -> Result<BTreeMap<(String, String), Line>, ReportError> {
    let firms = super::positions::firms(source)?;
    let mut lines: BTreeMap<(String, String), Line> = BTreeMap::new();
    each_entry(source, (i64::MIN, p.to.as_ns()), |row| {
        let (asset, units): (String, i128) = (row.get("asset")?, amount(row, "amount")?.units());
        let is_before = instant(row, "at")? < p.from;
        for (side, sign) in [("debit_code", -1), ("credit_code", 1)] {
            let line = lines.entry((row.get(side)?, asset.clone())).or_default();
            match (is_before, sign) {
                (true, _) => line.opening += sign * units,
                (false, 1) => line.credits += units,
                (false, _) => line.debits += units,
            }
        }
        Ok(())
    })?;
    for ((code, _), line) in &mut lines {
        line.firm = code.split_once(':').and_then(|(_, owner)| firms.get(owner).cloned());
    }
    Ok(lines)
}

pub(super) const TRIAL: &[Column] = &[
    column("asset", Text, "Currency or symbol."),
    column("code", Text, "Code of the account; `total` sums the asset."),
    column("nature", Text, "What it is to the house."),
    column("opening", Decimal, "Credits less debits before the span."),
    column("debits", Decimal, "In the span."),
    column("credits", Decimal, "In the span."),
    column("closing", Decimal, "Credits less debits at its end."),
];

pub(super) fn trial(source: &Source, p: &ReportParameters, rows: &mut Rows<'_>) -> Result<(), ReportError> {
    let mut by_asset: BTreeMap<String, Vec<(String, Line)>> = BTreeMap::new();
    for ((code, asset), line) in lines(source, p)? {
        by_asset.entry(asset).or_default().push((code, line));
    }
    for (asset, lines) in by_asset {
        let mut total = Line::default();
        for (code, line) in &lines {
            total.opening += line.opening;
            total.debits += line.debits;
            total.credits += line.credits;
            put_trial(rows, &asset, (code, Nature::of(class_of(code)).name()), line)?;
        }
        put_trial(rows, &asset, ("total", ""), &total)?;
    }
    Ok(())
}

fn put_trial(
    rows: &mut Rows<'_>,
    asset: &str,
    (code, nature): (&str, &str),
    line: &Line,
) -> Result<(), ReportError> {
    let units = Amount::from_units;
    rows.put([
        asset.into(),
        code.into(),
        nature.into(),
        units(line.opening).into(),
        units(line.debits).into(),
        units(line.credits).into(),
        units(line.closing()).into(),
    ])
}

pub(super) const SHEET: &[Column] = &[
    column("asset", Text, "Currency or symbol."),
    column("section", Text, "`asset`, `liability` or `equity`."),
    column(
        "class",
        Text,
        "Class of accounts; `profit` is what was earned less what was lost until then; `total` sums the section.",
    ),
    column("amount", Decimal, "At the end of the span. Of each asset, assets are liabilities and equity."),
];

/// Amounts by nature and class, each in the direction of its nature.
type Classes = BTreeMap<(Nature, String), i128>;

/// By asset.
fn classes(
    source: &Source,
    p: &ReportParameters,
    of: impl Fn(&Line) -> i128,
) -> Result<BTreeMap<String, Classes>, ReportError> {
    let mut all: BTreeMap<String, Classes> = BTreeMap::new();
    for ((code, asset), line) in lines(source, p)? {
        let class = class_of(&code);
        let nature = Nature::of(class);
        let sign = if nature.is_debit() { -1 } else { 1 };
        *all.entry(asset).or_default().entry((nature, class.to_owned())).or_default() += sign * of(&line);
    }
    Ok(all)
}

fn sum_of(classes: &Classes, nature: Nature) -> i128 {
    classes.iter().filter(|((of, _), _)| *of == nature).map(|(_, amount)| amount).sum()
}

pub(super) fn sheet(source: &Source, p: &ReportParameters, rows: &mut Rows<'_>) -> Result<(), ReportError> {
    for (asset, mut classes) in classes(source, p, Line::closing)? {
        let profit = sum_of(&classes, Nature::Income) - sum_of(&classes, Nature::Expense);
        classes.insert((Nature::Equity, "profit".to_owned()), profit);
        for section in [Nature::Asset, Nature::Liability, Nature::Equity] {
            for ((_, class), amount) in classes.iter().filter(|((nature, _), _)| *nature == section) {
                put_class(rows, &asset, section.name(), class, *amount)?;
            }
            put_class(rows, &asset, section.name(), "total", sum_of(&classes, section))?;
        }
    }
    Ok(())
}

pub(super) const INCOME: &[Column] = &[
    column("asset", Text, "Currency or symbol."),
    column("section", Text, "`income`, `expense` or `result`."),
    column("class", Text, "Class of accounts; of the result `total`."),
    column("amount", Decimal, "In the span; the result is income less expense."),
];

pub(super) fn income(source: &Source, p: &ReportParameters, rows: &mut Rows<'_>) -> Result<(), ReportError> {
    for (asset, classes) in classes(source, p, |line| line.credits - line.debits)? {
        let mut has_any = false;
        for section in [Nature::Income, Nature::Expense] {
            for ((_, class), amount) in classes.iter().filter(|((nature, _), _)| *nature == section) {
                put_class(rows, &asset, section.name(), class, *amount)?;
                has_any = true;
            }
        }
        if has_any {
            let result = sum_of(&classes, Nature::Income) - sum_of(&classes, Nature::Expense);
            put_class(rows, &asset, "result", "total", result)?;
        }
    }
    Ok(())
}

fn put_class(
    rows: &mut Rows<'_>,
    asset: &str,
    section: &str,
    class: &str,
    amount: i128,
) -> Result<(), ReportError> {
    rows.put([asset.into(), section.into(), class.into(), Amount::from_units(amount).into()])
}
