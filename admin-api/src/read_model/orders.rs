//! Orders as rows: each is written once a batch, however often it changed in it.

use super::books::amount;
use super::rows::Rows;
use super::trading::order_report;
use super::{Decoded, ReadModel};
use crate::word::word;
use assay_trading_types::{Amount, ExecutionReported, OrderId};
use rusqlite::Connection;

/// Columns of `trade_order`.
type Orders<'c> = Rows<'c, 19>;

/// What may change of an order that is there.
const CHANGED: &str = "ON CONFLICT (id) DO UPDATE SET cl_ord_id = excluded.cl_ord_id, price = excluded.price, qty = excluded.qty, \
     cum_qty = excluded.cum_qty, leaves_qty = excluded.leaves_qty, notional = excluded.notional, status = excluded.status, \
     updated = excluded.updated, tif = excluded.tif, stop_px = excluded.stop_px, conditions = excluded.conditions";

/// A report that changed an order, and when it came (ns UTC).
struct Report<'a> {
    order: OrderId,
    at: i64,
    report: &'a ExecutionReported,
}

/// Writes what changed, in the order of the table.
pub(super) fn write(db: &Connection, records: &[Decoded]) -> rusqlite::Result<()> {
    let mut reports: Vec<Report<'_>> = records
        .iter()
        .filter_map(|(record, event)| {
            let report = order_report(event)?;
            Some(Report { order: report.order_id, at: record.at.as_ns(), report })
        })
        .collect();
    // Stable: those of one order stay as they came.
    reports.sort_by_key(|report| report.order);
    let mut rows = Orders::into(db, "trade_order", CHANGED);
    for of_order in reports.chunk_by(|a, b| a.order == b.order) {
        if let [first, .., newest] | [first @ newest] = of_order {
            write_order(&mut rows, first.at, newest)?;
        }
    }
    rows.flush()
}

/// `created` counts for an order that has no row yet.
fn write_order(rows: &mut Orders<'_>, created: i64, newest: &Report<'_>) -> rusqlite::Result<()> {
    let (report, terms) = (newest.report, &newest.report.terms);
    let conditions = terms.conditions.as_deref().map(|c| serde_json::to_string(c).unwrap_or_default());
    let filled = &report.filled;
    rows.put([
        newest.order.as_u64().cast_signed().into(),
        terms.firm.as_str().into(),
        terms.account.as_str().into(),
        terms.session.as_str().into(),
        terms.cl_ord_id.as_str().into(),
        terms.symbol.as_str().into(),
        (&*word(&terms.side)).into(),
        (&*word(&terms.ord_type)).into(),
        terms.price.into(),
        terms.qty.into(),
        filled.cum_qty.into(),
        filled.leaves_qty.into(),
        filled.notional.into(),
        (&*word(&report.status)).into(),
        created.into(),
        newest.at.into(),
        (&*word(&terms.tif)).into(),
        terms.stop_px.into(),
        conditions.as_deref().into(),
    ])
}

impl ReadModel {
    /// Orders of an account that may still trade.
    pub(crate) fn open_orders(&self, account: &str) -> rusqlite::Result<u64> {
        let connection = self.connection();
        let sql = "SELECT count(*) FROM trade_order WHERE account = ?1 AND leaves_qty <> '0'";
        let mut statement = connection.prepare_cached(sql)?;
        statement.query_row([account], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
    }

    /// LeavesQty(151) of what an account has open in a symbol on a side (its word).
    pub(crate) fn open_qty(&self, account: &str, symbol: &str, side: &str) -> rusqlite::Result<Amount> {
        let connection = self.connection();
        let sql = "SELECT leaves_qty FROM trade_order WHERE account = ?1 AND symbol = ?2 AND leaves_qty <> '0' AND side = ?3";
        let mut statement = connection.prepare_cached(sql)?;
        let open = statement.query_map([account, symbol, side], |row| amount(row, "leaves_qty"))?;
        let units = open.map(|leaves| Ok(leaves?.units())).sum::<rusqlite::Result<i128>>()?;
        Ok(Amount::from_units(units))
    }
}
