//! What tells whether business goes on as it should (OPS-3).

use super::ReadModel;
use super::books::amount;
use assay_trading_types::Timestamp;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// How current the reference prices are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PriceFreshness {
    pub(crate) instruments: u64,
    /// Without any price so far.
    pub(crate) missing: u64,
    /// Older than they may be.
    pub(crate) stale: u64,
}

impl ReadModel {
    /// How current the reference prices are at `now`.
    pub(crate) fn price_freshness(&self, now: Timestamp) -> rusqlite::Result<PriceFreshness> {
        let sql = "SELECT count(*), count(*) FILTER (WHERE reference_price IS NULL), count(*) FILTER (WHERE reference_until < ?1) \
                   FROM instrument";
        self.connection().prepare_cached(sql)?.query_row([now.as_ns()], |row| {
            let number = |at| row.get::<_, i64>(at).map(i64::cast_unsigned);
            Ok(PriceFreshness { instruments: number(0)?, missing: number(1)?, stale: number(2)? })
        })
    }

    /// Scopes whose trading is stopped or narrowed by a switch, each with its state.
    pub(crate) fn closed_switches(&self) -> rusqlite::Result<Vec<(String, String)>> {
        // Beside max(), SQLite takes the other columns from the row that has it.
        let sql = "SELECT subject, after FROM (SELECT subject, after, max(position) FROM control_event WHERE kind = 'switch' \
                   GROUP BY subject) WHERE after <> 'open' ORDER BY subject";
        let connection = self.connection();
        let mut statement = connection.prepare_cached(sql)?;
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    /// Debits less credits of all accounts by asset, in billionths, where they do not come to nothing. On a connection of its own:
    /// it reads every account, and lists do not wait for that.
    pub(crate) fn imbalances(&self) -> rusqlite::Result<BTreeMap<String, i128>> {
        imbalances(&self.snapshot()?)
    }
}

fn imbalances(db: &Connection) -> rusqlite::Result<BTreeMap<String, i128>> {
    let mut sums: BTreeMap<String, i128> = BTreeMap::new();
    let mut statement = db.prepare("SELECT asset, debits, credits FROM ledger_account")?;
    let mut rows = statement.query(params![])?;
    while let Some(row) = rows.next()? {
        let difference = amount(row, "debits")?.units() - amount(row, "credits")?.units();
        *sums.entry(row.get("asset")?).or_default() += difference;
    }
    sums.retain(|_, difference| *difference != 0);
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_assets_whose_books_do_not_balance_are_told() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(
            "CREATE TABLE ledger_account (asset TEXT, debits TEXT, credits TEXT);
             INSERT INTO ledger_account VALUES ('EUR', '7', '0'), ('EUR', '0.5', '7.5'), ('USD', '10', '0'), ('USD', '0', '9.999999999');",
        )
        .unwrap();
        assert_eq!(imbalances(&db).unwrap(), BTreeMap::from([("USD".to_owned(), 1)]));
    }
}
