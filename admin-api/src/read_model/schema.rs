//! Tables of the read model.

use assay_trading_types::Position;
use rusqlite::Connection;

/// Grows with every change of the tables; another version is made anew from the log.
const VERSION: i64 = 13;

/// SQLite's write-ahead log is folded in every 64 MB: the disk's syncs belong to the event log.
const CHECKPOINT_PAGES: i64 = 16_384;

/// 32 MiB of pages in memory (negative: KiB): the ends of all indices, which a rebuild writes to all the time.
const CACHE_KIB: i64 = -32_768;

/// The view has no table's name of an earlier version: a program of that one, which drops tables alone, makes its own.
/// Ids of orders and executions are their places in the log: integers, so that rows stand in that order.
const TABLES: &str = "
CREATE TABLE state (position INTEGER NOT NULL);
INSERT INTO state VALUES (0);
CREATE TABLE counted (orders INTEGER NOT NULL, filled INTEGER NOT NULL, prices INTEGER NOT NULL);
INSERT INTO counted VALUES (0, 0, 0);
CREATE TABLE firm (
    firm TEXT PRIMARY KEY, accounts TEXT NOT NULL, self_trade TEXT NOT NULL, version INTEGER NOT NULL,
    limits TEXT, limits_version INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE instrument (
    symbol TEXT PRIMARY KEY, currency TEXT NOT NULL, tick_size TEXT NOT NULL, lot_size TEXT NOT NULL,
    version INTEGER NOT NULL, reference_price TEXT, reference_at INTEGER, reference_until INTEGER
) WITHOUT ROWID;
CREATE TABLE trade_order (
    id INTEGER PRIMARY KEY, firm TEXT NOT NULL, account TEXT NOT NULL, session TEXT NOT NULL, cl_ord_id TEXT NOT NULL,
    symbol TEXT NOT NULL, side TEXT NOT NULL, ord_type TEXT NOT NULL, price TEXT, qty TEXT NOT NULL, cum_qty TEXT NOT NULL,
    leaves_qty TEXT NOT NULL, notional TEXT NOT NULL, status TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
    tif TEXT NOT NULL, stop_px TEXT, conditions TEXT
);
CREATE TABLE execution (
    id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, firm TEXT NOT NULL, account TEXT NOT NULL, symbol TEXT NOT NULL,
    side TEXT NOT NULL, qty TEXT NOT NULL, price TEXT NOT NULL, trade INTEGER NOT NULL, at INTEGER NOT NULL
);
CREATE TABLE position (
    id INTEGER PRIMARY KEY, firm TEXT, account TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL, qty TEXT NOT NULL,
    cost TEXT NOT NULL, realised TEXT NOT NULL, opened INTEGER, last_price TEXT, fills INTEGER NOT NULL, traded TEXT NOT NULL,
    closings INTEGER NOT NULL, gains INTEGER NOT NULL, losses INTEGER NOT NULL, orders INTEGER NOT NULL, filled INTEGER NOT NULL,
    version INTEGER NOT NULL, updated INTEGER NOT NULL, amended INTEGER NOT NULL
);
CREATE UNIQUE INDEX position_of ON position (account, symbol);
CREATE INDEX position_of_firm ON position (firm, id);
CREATE TABLE firm_account (account TEXT PRIMARY KEY, firm TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE ledger_account (
    id INTEGER PRIMARY KEY, code TEXT NOT NULL, asset TEXT NOT NULL, account TEXT, firm TEXT, debits TEXT NOT NULL,
    credits TEXT NOT NULL, held TEXT NOT NULL, expected TEXT NOT NULL, traded TEXT NOT NULL, executed TEXT NOT NULL,
    moved TEXT NOT NULL, instructed TEXT NOT NULL
);
CREATE UNIQUE INDEX ledger_account_of ON ledger_account (code, asset);
CREATE INDEX ledger_account_of_firm ON ledger_account (firm, id);
CREATE TABLE entry (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, transfer BLOB NOT NULL, debit INTEGER NOT NULL, credit INTEGER NOT NULL,
    amount TEXT NOT NULL, reason TEXT NOT NULL, reserved TEXT NOT NULL, debit_balance TEXT NOT NULL, debit_held TEXT NOT NULL,
    credit_balance TEXT NOT NULL, credit_held TEXT NOT NULL, reference TEXT
);
CREATE VIEW entry_with_codes AS SELECT
    id, at, lower(hex(transfer)) AS transfer, debit, credit, (SELECT code FROM ledger_account a WHERE a.id = debit) AS debit_code,
    (SELECT code FROM ledger_account a WHERE a.id = credit) AS credit_code, amount, reason, reserved, debit_balance, debit_held,
    credit_balance, credit_held, reference
FROM entry;
CREATE TABLE ledger_hold (
    id TEXT PRIMARY KEY, debit TEXT NOT NULL, credit TEXT NOT NULL, asset TEXT NOT NULL, remaining TEXT NOT NULL,
    order_id INTEGER, movement TEXT
) WITHOUT ROWID;
CREATE TABLE ledger_day (day INTEGER PRIMARY KEY, first INTEGER NOT NULL);
CREATE TABLE movement (
    place INTEGER PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, status TEXT NOT NULL, firm TEXT NOT NULL,
    account TEXT NOT NULL, asset TEXT NOT NULL, command TEXT, json TEXT NOT NULL, to_firm TEXT, to_account TEXT
);
CREATE UNIQUE INDEX movement_of_id ON movement (id);
CREATE INDEX movement_of_firm ON movement (firm, place);
CREATE INDEX movement_to_firm ON movement (to_firm, place) WHERE to_firm IS NOT NULL;
CREATE INDEX movement_known_as ON movement (json_extract(json, '$.external_reference'));
CREATE TABLE answer (
    command TEXT PRIMARY KEY, position INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT
) WITHOUT ROWID;
CREATE TABLE beneficiary (
    firm TEXT NOT NULL, id TEXT NOT NULL, asset TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (firm, id)
) WITHOUT ROWID;
CREATE TABLE conversion_rate (pair TEXT PRIMARY KEY, json TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE fee_schedule (firm TEXT NOT NULL, symbol TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (firm, symbol)) WITHOUT ROWID;
CREATE TABLE balance_interest (asset TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE loan (
    place INTEGER PRIMARY KEY, id TEXT NOT NULL, firm TEXT NOT NULL, account TEXT NOT NULL, product TEXT NOT NULL,
    status TEXT NOT NULL, json TEXT NOT NULL, terms TEXT, schedule TEXT
);
CREATE INDEX loan_of_firm ON loan (firm, place);
CREATE INDEX loan_of_status ON loan (status, place);
CREATE TABLE locate (
    place INTEGER PRIMARY KEY, locate TEXT NOT NULL, firm TEXT NOT NULL, account TEXT NOT NULL, symbol TEXT NOT NULL,
    qty TEXT NOT NULL, lender TEXT NOT NULL, granted INTEGER NOT NULL, valid_until INTEGER NOT NULL, maker TEXT NOT NULL,
    checker TEXT NOT NULL, reason TEXT NOT NULL, status TEXT NOT NULL, ended INTEGER, unused TEXT, ended_by TEXT
);
CREATE INDEX locate_of_firm ON locate (firm, place);
CREATE INDEX locate_of_status ON locate (status, place);
CREATE INDEX locate_known_as ON locate (locate);
CREATE TABLE loan_product (id TEXT PRIMARY KEY, active INTEGER NOT NULL, json TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE loan_repayment (
    id INTEGER PRIMARY KEY, loan TEXT NOT NULL, firm TEXT NOT NULL, at INTEGER NOT NULL, json TEXT NOT NULL
);
CREATE INDEX loan_repayment_of_loan ON loan_repayment (loan, id);
CREATE TABLE order_event (
    position INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, order_id INTEGER, firm TEXT NOT NULL, account TEXT,
    session TEXT NOT NULL, cl_ord_id TEXT NOT NULL, symbol TEXT, side TEXT, ord_type TEXT, price TEXT, qty TEXT, leaves TEXT,
    exec INTEGER, trade INTEGER, last_qty TEXT, last_price TEXT, liquidity TEXT, code TEXT, detail TEXT, asked INTEGER NOT NULL
);
CREATE INDEX order_event_at ON order_event (at);
CREATE INDEX order_event_amended ON order_event (order_id, trade) WHERE kind IN ('trade_canceled', 'trade_corrected');
CREATE TABLE price_event (position INTEGER PRIMARY KEY, at INTEGER NOT NULL, symbol TEXT NOT NULL, price TEXT NOT NULL);
CREATE INDEX price_event_of ON price_event (symbol, position);
CREATE TABLE control_event (
    position INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, firm TEXT, subject TEXT NOT NULL, version INTEGER,
    cause TEXT NOT NULL, maker TEXT, checker TEXT, before TEXT, after TEXT, reason TEXT NOT NULL
);
CREATE TABLE loan_event (
    loan INTEGER NOT NULL, position INTEGER NOT NULL, at INTEGER NOT NULL, status TEXT NOT NULL, late TEXT NOT NULL,
    principal TEXT NOT NULL, interest TEXT NOT NULL, fees TEXT NOT NULL, repaid TEXT NOT NULL, recovered TEXT NOT NULL,
    pledges TEXT NOT NULL, next_due INTEGER, call_until INTEGER, PRIMARY KEY (loan, position)
) WITHOUT ROWID;
CREATE TABLE movement_event (
    movement TEXT NOT NULL, position INTEGER NOT NULL, status TEXT NOT NULL, PRIMARY KEY (movement, position)
) WITHOUT ROWID;
CREATE TABLE venue_event (
    position INTEGER PRIMARY KEY, venue TEXT NOT NULL, symbol TEXT NOT NULL, is_buy INTEGER NOT NULL, qty TEXT NOT NULL,
    price TEXT NOT NULL
);
CREATE TABLE order_answer (
    request INTEGER NOT NULL, position INTEGER NOT NULL, order_id INTEGER, refusal TEXT, detail TEXT, PRIMARY KEY (request, position)
) WITHOUT ROWID;
CREATE INDEX order_answer_of_order ON order_answer (order_id);
";

/// Indices whose entries land all over them: a rebuild makes them at its end, from sorted rows, in a third of the time.
/// Every index ends with the row's id, and rows that are alike otherwise stand in its order: named once more, it would be there twice.
const LATE_INDICES: &str = "
CREATE INDEX order_of_firm ON trade_order (firm);
CREATE INDEX order_open ON trade_order (account, symbol) WHERE leaves_qty <> '0';
CREATE INDEX execution_of_firm ON execution (firm);
CREATE INDEX execution_of_position ON execution (account, symbol);
CREATE INDEX entry_of_debit ON entry (debit);
CREATE INDEX entry_of_credit ON entry (credit);
";

/// Makes the tables when they are not there; the position reached.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<Position> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != VERSION {
        make(connection)?;
    }
    connection
        .query_row("SELECT position FROM state", [], |row| row.get::<_, i64>(0))
        .map(|p| Position(p.cast_unsigned()))
}

/// Empties the model.
pub(super) fn clear(connection: &mut Connection) -> rusqlite::Result<()> {
    make(connection)
}

fn make(connection: &Connection) -> rusqlite::Result<()> {
    let sql =
        "SELECT 'DROP ' || type || ' ' || name || ';' FROM sqlite_master WHERE type IN ('table', 'view')";
    let drops: String = connection
        .prepare(sql)?
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<_>>()?;
    connection.execute_batch(&format!("BEGIN; {drops} {TABLES} PRAGMA user_version = {VERSION}; COMMIT;"))
}

/// Whether the indices that a rebuild makes at its end are there.
pub(super) fn is_indexed(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND name = 'order_of_firm'";
    connection.query_row(sql, [], |row| row.get(0))
}

/// Makes them, in the transaction that is open.
pub(super) fn index(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(LATE_INDICES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_of_another_version_is_made_anew_whatever_tables_it_has() {
        let connection = Connection::open_in_memory().unwrap();
        prepare(&connection).unwrap();
        index(&connection).unwrap();
        connection
            .execute_batch(&format!("UPDATE state SET position = 7; PRAGMA user_version = {}", VERSION + 1))
            .unwrap();
        assert_eq!(prepare(&connection).unwrap(), Position(0));
        assert!(!is_indexed(&connection).unwrap());
    }
}
