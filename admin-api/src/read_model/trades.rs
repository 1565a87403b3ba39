//! Where the log says how a trade of our market stands: what operations need to undo it or to price it anew.

use super::ReadModel;
use assay_trading_types::{ExecId, Position};
use rusqlite::{Connection, OptionalExtension, params};

/// Records that tell of a trade.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TradePlaces {
    /// The report of the side that was told first.
    pub(crate) first: Position,
    /// What became of it and of its orders since, in order.
    pub(crate) later: Vec<Position>,
}

impl ReadModel {
    /// Where the trade is that an ExecID(17) reported first. Nothing for what is no fill, or none any more; no places for a fill
    /// of an outside venue, which has one side here.
    pub(crate) fn trade_places(&self, exec: ExecId) -> rusqlite::Result<Option<Option<TradePlaces>>> {
        let db = self.connection();
        let fill = db
            .prepare_cached("SELECT at, trade, symbol FROM execution WHERE id = ?1")?
            .query_row([exec.as_u64().cast_signed()], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
            });
        let Some((at, trade, symbol)) = fill.optional()? else { return Ok(None) };
        let sides = "SELECT position, order_id FROM order_event \
                     WHERE at = ?1 AND kind = 'trade' AND trade = ?2 AND symbol = ?3 ORDER BY position";
        let sides = db
            .prepare_cached(sides)?
            .query_map(params![at, trade, symbol], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<Vec<(i64, i64)>>>()?;
        let [(first, one), (_, other)] = sides[..] else { return Ok(Some(None)) };
        let mut later = amended(&db, one, trade)?;
        later.extend(amended(&db, other, trade)?);
        for order in [one, other] {
            later.extend(newest(&db, order)?);
        }
        later.sort_unstable();
        later.dedup();
        let place = |position: i64| Position(position.cast_unsigned());
        Ok(Some(Some(TradePlaces { first: place(first), later: later.into_iter().map(place).collect() })))
    }
}

/// What was made of the trade before.
fn amended(db: &Connection, order: i64, trade: i64) -> rusqlite::Result<Vec<i64>> {
    let sql = "SELECT position FROM order_event WHERE order_id = ?1 AND trade = ?2 \
               AND kind IN ('trade_canceled', 'trade_corrected')";
    db.prepare_cached(sql)?.query_map([order, trade], |row| row.get(0))?.collect()
}

/// The newest report of an order. One that is pending is none, and then there is nothing: the order works, and the market
/// knows better how it stands.
fn newest(db: &Connection, order: i64) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT max(position) FROM order_event \
               WHERE at = (SELECT updated FROM trade_order WHERE id = ?1) AND order_id = ?1 \
               AND kind NOT IN ('refused', 'cancel_refused')";
    db.prepare_cached(sql)?.query_row([order], |row| row.get(0))
}
