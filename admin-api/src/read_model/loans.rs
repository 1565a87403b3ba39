//! Loans, their products and repayments.

use super::trading::run;
use super::{ReadModel, RowFilter, Slice};
use crate::word::word;
use assay_event_log::Record;
use assay_loans::Quote;
use assay_trading_types::loan_terms::{Instalment, Product};
use assay_trading_types::{
    Amount, Asset, CommandId, Event, LoanChanged, LoanFact, LoanId, LoanProduct, LoanProductId, LoanState,
    Timestamp,
};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Repayments that one record can have: an id is the record's position times this, and its place there.
const REPAYMENTS_OF_RECORD: i64 = 256;

/// Writes what a record of `accounts` says of loans.
pub(super) fn apply(db: &Connection, record: &Record, event: &Event) -> rusqlite::Result<()> {
    match event {
        Event::LoanChanged(e) => {
            loan(db, e)?;
            repayments(db, record, e)
        }
        Event::LoanProductChanged(e) => {
            let sql = "INSERT OR REPLACE INTO loan_product VALUES (?1, ?2, ?3)";
            run(db, sql, params![e.product.id.as_str(), e.product.active, json(&*e.product)])
        }
        _ => Ok(()),
    }
}

fn loan(db: &Connection, e: &LoanChanged) -> rusqlite::Result<()> {
    let (l, place) = (&e.loan, e.loan.id.as_u64().cast_signed());
    let sql = "INSERT INTO loan VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9) ON CONFLICT (place) DO UPDATE SET status = ?6, json = ?7, \
               schedule = coalesce(?9, schedule)";
    let (terms, schedule) = (e.terms.as_ref().map(json), e.schedule.as_ref().map(json));
    let (id, firm, account, product) = (l.id.to_string(), l.firm.as_str(), l.account.as_str(), l.product);
    run(
        db,
        sql,
        params![place, id, firm, account, product.as_str(), word(&l.status), json(&**l), terms, schedule],
    )
}

fn repayments(db: &Connection, record: &Record, e: &LoanChanged) -> rusqlite::Result<()> {
    let first = record.position.0.cast_signed() * REPAYMENTS_OF_RECORD;
    for (n, repayment) in (0..).zip(e.facts.iter().filter_map(Repayment::of)) {
        let sql = "INSERT OR REPLACE INTO loan_repayment VALUES (?1, ?2, ?3, ?4, ?5)";
        let (loan, firm, at) = (e.loan.id.to_string(), e.loan.firm.as_str(), record.at.as_ns());
        run(db, sql, params![first + n, loan, firm, at, json(&repayment)])?;
    }
    Ok(())
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn from_json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let json: String = row.get(column)?;
    serde_json::from_str(&json).map_err(|_| rusqlite::Error::InvalidColumnName(format!("{column}: {json}")))
}

/// A loan, the terms it has, and the instalments to come.
pub(crate) struct LoanRow {
    pub(crate) loan: LoanState,
    pub(crate) terms: Product,
    pub(crate) schedule: Vec<Instalment>,
}

/// Reference prices of assets that secure loans, each in the currency it trades in.
#[derive(Default)]
pub(crate) struct Quotes(BTreeMap<Asset, (String, Quote)>);

impl Quotes {
    /// The price of an asset in a currency.
    pub(crate) fn of(&self, asset: Asset, currency: Asset) -> Option<Quote> {
        let (quoted_in, quote) = self.0.get(&asset)?;
        (quoted_in == currency.as_str()).then_some(*quote)
    }
}

/// A payment and what it settled.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Repayment {
    /// What was offered.
    pub(crate) asked: Amount,
    /// What was taken of it.
    pub(crate) taken: Amount,
    pub(crate) fees: Amount,
    pub(crate) interest: Amount,
    pub(crate) principal: Amount,
    /// On a debt that had been given up.
    pub(crate) recovered: Amount,
    /// Owed afterwards.
    pub(crate) owed: Amount,
}

impl Repayment {
    /// What was offered and not taken, for no more was owed: it stays with the borrower.
    pub(crate) fn not_taken(&self) -> Amount {
        Amount::from_units(self.asked.units() - self.taken.units())
    }

    fn of(fact: &LoanFact) -> Option<Self> {
        match *fact {
            LoanFact::Repayment { asked, taken, fees, interest, principal, owed } => {
                Some(Self { asked, taken, fees, interest, principal, recovered: Amount::ZERO, owed })
            }
            LoanFact::Recovered { asked, amount } => {
                let none = Amount::ZERO;
                let (fees, interest, principal, owed) = (none, none, none, none);
                Some(Self { asked, taken: amount, fees, interest, principal, recovered: amount, owed })
            }
            _ => None,
        }
    }
}

/// A payment of a loan.
pub(crate) struct RepaymentRow {
    pub(crate) id: i64,
    pub(crate) loan: String,
    pub(crate) at: Timestamp,
    pub(crate) repayment: Repayment,
}

impl ReadModel {
    /// Loans by id, which is by time.
    pub(crate) fn loans(&self, filter: RowFilter, slice: &Slice) -> rusqlite::Result<Vec<LoanRow>> {
        let place = |text| LoanId::parse(text).map_or(0, |id| id.as_u64());
        let after = slice.after.as_deref().map(|text| Value::Integer(place(text).cast_signed()));
        self.rows("loan", "place", filter, after, slice, loan_row)
    }

    /// One loan.
    pub(crate) fn loan(&self, id: LoanId) -> rusqlite::Result<Option<LoanRow>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT * FROM loan WHERE place = ?1")?;
        statement.query_row([id.as_u64().cast_signed()], loan_row).optional()
    }

    /// Prices of what secures these loans: one look at a row for each asset of them.
    pub(crate) fn quotes(&self, loans: &[LoanRow]) -> rusqlite::Result<Quotes> {
        let assets: BTreeSet<Asset> = loans.iter().flat_map(|row| row.loan.pledges.keys().copied()).collect();
        let connection = self.connection();
        let mut quotes = Quotes::default();
        for asset in assets {
            let mut statement = connection.prepare_cached(
                "SELECT currency, reference_price, reference_at, reference_until FROM instrument \
                 WHERE symbol = ?1 AND reference_price IS NOT NULL",
            )?;
            let quoted = statement.query_row([asset.as_str()], quote).optional()?;
            // One that is none is not used, as risk does not use it.
            if let Some(quoted) = quoted.filter(|(_, quote)| quote.price > Amount::ZERO) {
                quotes.0.insert(asset, quoted);
            }
        }
        Ok(quotes)
    }

    /// Products by name; all of them, or those that are offered.
    pub(crate) fn loan_products(&self, all: bool) -> rusqlite::Result<Vec<LoanProduct>> {
        let connection = self.connection();
        let sql = "SELECT json FROM loan_product WHERE active OR ?1 ORDER BY id";
        let mut statement = connection.prepare_cached(sql)?;
        statement.query_map([all], |row| from_json(row, "json"))?.collect()
    }

    /// One product.
    pub(crate) fn loan_product(&self, id: LoanProductId) -> rusqlite::Result<Option<LoanProduct>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT json FROM loan_product WHERE id = ?1")?;
        statement.query_row([id.as_str()], |row| from_json(row, "json")).optional()
    }

    /// The payment that a command made, if it was one: the first of the record that answers it.
    pub(crate) fn payment_of(&self, command: &CommandId) -> rusqlite::Result<Option<Repayment>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT r.json FROM answer a JOIN loan_repayment r ON r.id = a.position * ?2 WHERE a.command = ?1",
        )?;
        let of = params![command.as_str(), REPAYMENTS_OF_RECORD];
        statement.query_row(of, |row| from_json(row, "json")).optional()
    }

    /// Payments by time.
    pub(crate) fn loan_repayments(
        &self,
        filter: RowFilter,
        slice: &Slice,
    ) -> rusqlite::Result<Vec<RepaymentRow>> {
        let after = slice.after.as_deref().map(|text| Value::Integer(text.parse().unwrap_or_default()));
        self.rows("loan_repayment", "id", filter, after, slice, |row| {
            let at = Timestamp::from_ns(row.get("at")?);
            let repayment = from_json(row, "json")?;
            Ok(RepaymentRow { id: row.get("id")?, loan: row.get("loan")?, at, repayment })
        })
    }
}

/// Calls `each` with every loan that a filter lets through.
pub(crate) fn each_loan(
    db: &Connection,
    filter: RowFilter,
    mut each: impl FnMut(LoanState),
) -> rusqlite::Result<()> {
    filter.each(db, "loan", |row| {
        each(from_json(row, "json")?);
        Ok(())
    })
}

fn quote(row: &Row<'_>) -> rusqlite::Result<(String, Quote)> {
    let at: i64 = row.get("reference_at")?;
    let until: Option<i64> = row.get("reference_until")?;
    let (price, at) = (super::amount(row, "reference_price")?, Timestamp::from_ns(at));
    let max_age_ns = until.map(|until| Timestamp::from_ns(until).since_ns(at));
    Ok((row.get("currency")?, Quote { price, at, max_age_ns }))
}

fn loan_row(row: &Row<'_>) -> rusqlite::Result<LoanRow> {
    let schedule: Option<String> = row.get("schedule")?;
    let schedule = schedule.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
    Ok(LoanRow { loan: from_json(row, "json")?, terms: from_json(row, "terms")?, schedule })
}
