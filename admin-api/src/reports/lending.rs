//! The loan book and what of it is late.

use super::error::ReportError;
use super::report::column;
use super::source::{Query, Source, amount};
use super::spool::Rows;
use assay_reports::ColumnKind::{Day, Decimal, Integer, Text, Time};
use assay_reports::{Cell, Column};
use assay_trading_types::{Amount, Date, LoanState, ReportParameters, Timestamp};
use rusqlite::Row;
use std::collections::BTreeMap;

pub(super) const BOOK: &[Column] = &[
    column("loan", Text, "Its id."),
    column("firm", Text, "Who borrows."),
    column("account", Text, "The account for payout, collateral and payments."),
    column("product", Text, "What it was made from."),
    column("currency", Text, "Currency lent, and what the amounts are in."),
    column("amount", Decimal, "What was applied for."),
    column("rate", Decimal, "A year, a fraction: 0.0525 is 5.25 %."),
    column("status", Text, "Where it stands."),
    column("late", Text, "`current`, `days1` (1 to 29 days late), `days30`, `days60` or `days90`."),
    column("principal", Decimal, "Owed."),
    column("interest", Decimal, "Owed."),
    column("fees", Decimal, "Owed."),
    column("owed", Decimal, "All of it."),
    column("repaid", Decimal, "Paid back so far."),
    column("recovered", Decimal, "What came in after it was given up."),
    column("pledges", Text, "Collateral locked: amounts and assets."),
    column("next_due", Day, "The next instalment."),
    column("call_until", Time, "Until when a margin call is to be cured."),
    column("changed", Time, "The last change of any of this."),
];

/// Each loan with its last event below the position and before the end.
const LOANS: &str = "SELECT l.json, e.* FROM loan l JOIN loan_event e ON e.loan = l.place AND e.position = \
     (SELECT max(x.position) FROM loan_event x WHERE x.loan = l.place AND x.position < ?1 AND x.at < ?2) \
     WHERE (?3 IS NULL OR l.firm = ?3) AND (?4 IS NULL OR l.account = ?4) ORDER BY l.place";

/// A loan as it stood.
struct LoanThen {
    loan: LoanState,
    status: String,
    late: String,
    principal: Amount,
    interest: Amount,
    fees: Amount,
}

impl LoanThen {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let json: String = row.get("json")?;
        // What is read of it does not change over its life.
        let loan = serde_json::from_str(&json).map_err(|_| rusqlite::Error::InvalidColumnName(json))?;
        Ok(Self {
            loan,
            status: row.get("status")?,
            late: row.get("late")?,
            principal: amount(row, "principal")?,
            interest: amount(row, "interest")?,
            fees: amount(row, "fees")?,
        })
    }

    fn owed(&self) -> Amount {
        Amount::from_units(self.principal.units() + self.interest.units() + self.fees.units())
    }
}

fn each_loan(
    source: &Source,
    p: &ReportParameters,
    mut each: impl FnMut(&LoanThen, &Row<'_>) -> Result<(), ReportError>,
) -> Result<(), ReportError> {
    let query = Query::new(LOANS)
        .integer(source.position().0.cast_signed())
        .integer(p.to.as_ns())
        .optional(p.firm.map(|firm| firm.to_string()))
        .optional(p.account.map(|account| account.to_string()));
    source.each(query, |row| each(&LoanThen::read(row)?, row))
}

pub(super) fn book(source: &Source, p: &ReportParameters, rows: &mut Rows<'_>) -> Result<(), ReportError> {
    each_loan(source, p, |then, row| {
        let loan = &then.loan;
        let day: Option<i32> = row.get("next_due")?;
        let instant =
            |column| row.get::<_, Option<i64>>(column).map(|ns| Cell::from(ns.map(Timestamp::from_ns)));
        rows.put([
            loan.id.to_string().into(),
            loan.firm.as_str().into(),
            loan.account.as_str().into(),
            loan.product.as_str().into(),
            loan.currency.as_str().into(),
            loan.amount.into(),
            Amount::from(loan.rate).into(),
            then.status.as_str().into(),
            then.late.as_str().into(),
            then.principal.into(),
            then.interest.into(),
            then.fees.into(),
            then.owed().into(),
            amount(row, "repaid")?.into(),
            amount(row, "recovered")?.into(),
            row.get::<_, String>("pledges")?.into(),
            day.map(Date::from_days).into(),
            instant("call_until")?,
            instant("at")?,
        ])
    })
}

pub(super) const DELINQUENCY: &[Column] = &[
    column("product", Text, "The loan product."),
    column("currency", Text, "What the amounts are in."),
    column("late", Text, "How late the oldest unpaid instalment is; `defaulted` for loans in default."),
    column("loans", Integer, "Loans that are paid out and not ended."),
    column("principal", Decimal, "Owed by them."),
    column("interest", Decimal, "Owed by them."),
    column("fees", Decimal, "Owed by them."),
    column("owed", Decimal, "All of it."),
    column("share_percent", Decimal, "Of what is owed on the product in the currency."),
];

#[derive(Debug, Default, Clone, Copy)]
struct Sum {
    loans: i64,
    principal: i128,
    interest: i128,
    fees: i128,
}

impl Sum {
    fn owed(&self) -> i128 {
        self.principal + self.interest + self.fees
    }
}

pub(super) fn delinquency(
    source: &Source,
    p: &ReportParameters,
    rows: &mut Rows<'_>,
) -> Result<(), ReportError> {
    let mut sums: BTreeMap<[String; 3], Sum> = BTreeMap::new();
    let mut products: BTreeMap<[String; 2], i128> = BTreeMap::new();
    each_loan(source, p, |then, _| {
        let late = match then.status.as_str() {
            "active" => then.late.clone(),
            "defaulted" => "defaulted".to_owned(),
            _ => return Ok(()),
        };
        let product = [then.loan.product.to_string(), then.loan.currency.to_string()];
        *products.entry(product.clone()).or_default() += then.owed().units();
        let [product, currency] = product;
        let sum = sums.entry([product, currency, late]).or_default();
        sum.loans += 1;
        sum.principal += then.principal.units();
        sum.interest += then.interest.units();
        sum.fees += then.fees.units();
        Ok(())
    })?;
    for ([product, currency, late], sum) in sums {
        let whole = products.get(&[product.clone(), currency.clone()]).copied().unwrap_or_default();
        let units = Amount::from_units;
        rows.put([
            product.into(),
            currency.into(),
            late.into(),
            sum.loans.into(),
            units(sum.principal).into(),
            units(sum.interest).into(),
            units(sum.fees).into(),
            units(sum.owed()).into(),
            (whole != 0).then(|| units(sum.owed() * 10_000 / whole * 10_000_000)).into(),
        ])?;
    }
    Ok(())
}
