//! Accounts of the books, their entries and how they stood.

use super::books::{ENTRIES_OF_RECORD, Sums, amount, sums};
use super::{ReadModel, RowFilter, Slice};
use assay_trading_types::{Amount, Date, Position, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// An account of the books.
pub(crate) struct AccountRow {
    pub(crate) id: i64,
    pub(crate) code: String,
    pub(crate) asset: String,
    pub(crate) account: Option<String>,
    pub(crate) firm: Option<String>,
    pub(crate) sums: Sums,
}

/// Which side of an entry an account is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Debit,
    Credit,
}

/// An entry as one of its accounts sees it.
pub(crate) struct EntryRow {
    pub(crate) id: i64,
    pub(crate) at: Timestamp,
    pub(crate) transfer: String,
    pub(crate) side: Side,
    /// The account opposite.
    pub(crate) other: String,
    pub(crate) reason: String,
    /// What it moved; nothing if it holds or releases.
    pub(crate) amount: Amount,
    /// Afterwards.
    pub(crate) balance: Amount,
    /// Afterwards.
    pub(crate) held: Amount,
    pub(crate) reference: Option<String>,
}

impl EntryRow {
    /// Credit if positive, debit if negative.
    pub(crate) fn change(&self) -> Amount {
        match self.side {
            Side::Credit => self.amount,
            Side::Debit => Amount::from_units(-self.amount.units()),
        }
    }

    /// Position of its record.
    pub(crate) fn position(&self) -> u64 {
        (self.id / ENTRIES_OF_RECORD).cast_unsigned()
    }
}

/// A hold that is not used up, and what it belongs to.
pub(crate) struct HoldRow {
    pub(crate) id: String,
    pub(crate) debit: String,
    pub(crate) asset: String,
    pub(crate) remaining: Amount,
    pub(crate) reference: Option<String>,
}

/// The books at one position.
pub(crate) struct BooksRow {
    /// Everything below it is in them.
    pub(crate) position: u64,
    pub(crate) accounts: Vec<AccountRow>,
    /// Holds that are not used up.
    pub(crate) holds: u64,
    /// Those of them that belong to nothing open.
    pub(crate) orphaned: Vec<HoldRow>,
}

/// Entries of one account from an id until before another, in either order.
const ENTRIES: &str = "SELECT * FROM (SELECT * FROM entry_with_codes WHERE debit = ?1 AND id > ?2 AND id < ?3 ORDER BY id {order} LIMIT ?4) \
     UNION ALL SELECT * FROM (SELECT * FROM entry_with_codes WHERE credit = ?1 AND id > ?2 AND id < ?3 ORDER BY id {order} LIMIT ?4) \
     ORDER BY id {order} LIMIT ?4";

/// The id of the first entry that a record at a position can have.
pub(crate) fn first_entry(position: Position) -> i64 {
    position.0.cast_signed().saturating_mul(ENTRIES_OF_RECORD)
}

/// Position of an entry's record.
pub(crate) fn position_of_entry(id: i64) -> Position {
    Position((id / ENTRIES_OF_RECORD).cast_unsigned())
}

/// Calls `each` with the money of clients that a filter lets through: what is no instrument.
pub(crate) fn each_balance(
    db: &Connection,
    filter: RowFilter,
    mut each: impl FnMut(AccountRow),
) -> rusqlite::Result<()> {
    let money = "(SELECT * FROM ledger_account WHERE account IS NOT NULL AND asset NOT IN (SELECT symbol FROM instrument))";
    filter.each(db, money, |row| {
        each(account(row)?);
        Ok(())
    })
}

impl ReadModel {
    /// Accounts in the order they were opened.
    pub(crate) fn accounts(&self, filter: RowFilter, slice: &Slice) -> rusqlite::Result<Vec<AccountRow>> {
        let after = slice.after.as_deref().map(|text| Value::Integer(text.parse().unwrap_or_default()));
        self.rows("ledger_account", "id", filter, after, slice, account)
    }

    /// All accounts.
    pub(crate) fn all_accounts(&self) -> rusqlite::Result<Vec<AccountRow>> {
        all_accounts(&self.connection())
    }

    /// One account by its code and asset.
    pub(crate) fn account(&self, code: &str, asset: &str) -> rusqlite::Result<Option<AccountRow>> {
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached("SELECT * FROM ledger_account WHERE code = ?1 AND asset = ?2")?;
        statement.query_row([code, asset], account).optional()
    }

    /// One account by its number.
    pub(crate) fn account_by_id(&self, id: i64) -> rusqlite::Result<Option<AccountRow>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT * FROM ledger_account WHERE id = ?1")?;
        statement.query_row([id], account).optional()
    }

    /// Entries of an account behind an id.
    pub(crate) fn entries(&self, account: i64, slice: &Slice) -> rusqlite::Result<Vec<EntryRow>> {
        let after: Option<i64> = slice.after.as_deref().and_then(|text| text.parse().ok());
        let (from, until) = match slice.descending {
            true => (-1, after.unwrap_or(i64::MAX)),
            false => (after.unwrap_or(-1), i64::MAX),
        };
        self.entries_between(account, (from, until), slice.limit, slice.descending)
    }

    /// Entries of an account between two ids, both exclusive.
    pub(crate) fn entries_between(
        &self,
        account: i64,
        (from, until): (i64, i64),
        limit: usize,
        descending: bool,
    ) -> rusqlite::Result<Vec<EntryRow>> {
        let sql = ENTRIES.replace("{order}", if descending { "DESC" } else { "ASC" });
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&sql)?;
        statement.query_map(params![account, from, until, limit as i64], |row| entry(row, account))?.collect()
    }

    /// An account's last entry before an id, which says how it stood.
    pub(crate) fn entry_before(&self, account: i64, id: i64) -> rusqlite::Result<Option<EntryRow>> {
        Ok(self.entries_between(account, (-1, id), 1, true)?.pop())
    }

    /// The id that the entries of records up to `position` are below.
    pub(crate) fn end_of(position: Position) -> i64 {
        (position.0.cast_signed()).saturating_add(1).saturating_mul(ENTRIES_OF_RECORD)
    }

    /// The id that divides what was posted before a day (UTC) from what was posted from it on.
    pub(crate) fn day_begins(&self, day: Date) -> rusqlite::Result<i64> {
        let connection = self.connection();
        let sql = "SELECT first FROM ledger_day WHERE day >= ?1 ORDER BY day LIMIT 1";
        let first = connection.prepare_cached(sql)?.query_row([day.start().day()], |row| row.get(0));
        Ok(first.optional()?.unwrap_or(i64::MAX))
    }

    /// An account's last entry at or before an instant.
    pub(crate) fn entry_at(&self, account: i64, at: Timestamp) -> rusqlite::Result<Option<EntryRow>> {
        let connection = self.connection();
        let sql = "SELECT first FROM ledger_day WHERE day > ?1 ORDER BY day LIMIT 1";
        let end: Option<i64> =
            connection.prepare_cached(sql)?.query_row([at.day()], |row| row.get(0)).optional()?;
        let newest = |side: &str| -> rusqlite::Result<Option<EntryRow>> {
            let sql = format!(
                "SELECT * FROM entry_with_codes WHERE {side} = ?1 AND id < ?2 AND at <= ?3 ORDER BY id DESC LIMIT 1"
            );
            let values = params![account, end.unwrap_or(i64::MAX), at.as_ns()];
            connection.prepare_cached(&sql)?.query_row(values, |row| entry(row, account)).optional()
        };
        Ok(newest("debit")?.into_iter().chain(newest("credit")?).max_by_key(|entry| entry.id))
    }

    /// The whole of the books at one position: accounts, holds, and those holds whose order or movement is not open, but for
    /// margins of short sales, which outlast their orders; none of them, if the books are right.
    pub(crate) fn books_at_once(&self, orphaned_max: usize) -> rusqlite::Result<BooksRow> {
        let connection = self.connection();
        let transaction = connection.unchecked_transaction()?;
        let position: i64 = transaction.query_row("SELECT position FROM state", [], |row| row.get(0))?;
        let accounts = all_accounts(&transaction)?;
        let holds: i64 = transaction.query_row("SELECT count(*) FROM ledger_hold", [], |row| row.get(0))?;
        let sql = "SELECT h.*, coalesce(o.leaves_qty <> '0', m.status IN ('pending', 'processing'), 0) AS is_open \
                   FROM ledger_hold h LEFT JOIN trade_order o ON o.id = h.order_id LEFT JOIN movement m ON m.id = h.movement \
                   WHERE is_open = 0 AND h.credit <> 'short-margin' ORDER BY h.id LIMIT ?1";
        let mut statement = transaction.prepare_cached(sql)?;
        let orphaned = statement.query_map([orphaned_max as i64], hold)?.collect::<rusqlite::Result<_>>()?;
        drop(statement);
        transaction.finish()?;
        let position = position.cast_unsigned();
        Ok(BooksRow { position, accounts, holds: holds.cast_unsigned(), orphaned })
    }
}

fn all_accounts(db: &Connection) -> rusqlite::Result<Vec<AccountRow>> {
    let mut statement = db.prepare_cached("SELECT * FROM ledger_account ORDER BY asset, code")?;
    statement.query_map([], account)?.collect()
}

fn account(row: &Row<'_>) -> rusqlite::Result<AccountRow> {
    Ok(AccountRow {
        id: row.get("id")?,
        code: row.get("code")?,
        asset: row.get("asset")?,
        account: row.get("account")?,
        firm: row.get("firm")?,
        sums: sums(row)?,
    })
}

fn entry(row: &Row<'_>, account: i64) -> rusqlite::Result<EntryRow> {
    let is_debit = row.get::<_, i64>("debit")? == account;
    let (side, other, balance, held) = match is_debit {
        true => (Side::Debit, "credit_code", "debit_balance", "debit_held"),
        false => (Side::Credit, "debit_code", "credit_balance", "credit_held"),
    };
    Ok(EntryRow {
        id: row.get("id")?,
        at: Timestamp::from_ns(row.get("at")?),
        transfer: row.get("transfer")?,
        side,
        other: row.get(other)?,
        reason: row.get("reason")?,
        amount: amount(row, "amount")?,
        balance: amount(row, balance)?,
        held: amount(row, held)?,
        reference: row.get("reference")?,
    })
}

fn hold(row: &Row<'_>) -> rusqlite::Result<HoldRow> {
    let order: Option<i64> = row.get("order_id")?;
    let order = order.map(|id| super::trading::order_id(id.cast_unsigned()).to_string());
    Ok(HoldRow {
        id: row.get("id")?,
        debit: row.get("debit")?,
        asset: row.get("asset")?,
        remaining: amount(row, "remaining")?,
        reference: row.get::<_, Option<String>>("movement")?.or(order),
    })
}
