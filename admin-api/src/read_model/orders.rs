//! Orders as rows: each is written once a batch, however often it changed in it.

use super::books::amount;
use super::trading::order_report;
use super::{Decoded, ReadModel, text::text};
use crate::word::word;
use assay_trading_types::{Amount, ExecutionReported, OrderId};
use rusqlite::{CachedStatement, Connection, params};

const ORDER: &str = "INSERT INTO trade_order VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19) ON CONFLICT (id) DO UPDATE SET \
     cl_ord_id = ?5, price = ?9, qty = ?10, cum_qty = ?11, leaves_qty = ?12, notional = ?13, status = ?14, updated = ?16, \
     tif = ?17, stop_px = ?18, conditions = ?19";

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
    let mut statement = db.prepare_cached(ORDER)?;
    for of_order in reports.chunk_by(|a, b| a.order == b.order) {
        if let [first, .., newest] | [first @ newest] = of_order {
            write_order(&mut statement, first.at, newest)?;
        }
    }
    Ok(())
}

/// `created` counts for an order that has no row yet.
fn write_order(
    statement: &mut CachedStatement<'_>,
    created: i64,
    newest: &Report<'_>,
) -> rusqlite::Result<()> {
    let (report, terms) = (newest.report, &newest.report.terms);
    let (price, stop_px) = (terms.price.map(text), terms.stop_px.map(text));
    let conditions = terms.conditions.as_deref().map(|c| serde_json::to_string(c).unwrap_or_default());
    let filled = &report.filled;
    statement
        .execute(params![
            newest.order.as_u64().cast_signed(),
            terms.firm.as_str(),
            terms.account.as_str(),
            terms.session.as_str(),
            terms.cl_ord_id.as_str(),
            terms.symbol.as_str(),
            word(&terms.side),
            word(&terms.ord_type),
            price.as_deref(),
            text(terms.qty).as_str(),
            text(filled.cum_qty).as_str(),
            text(filled.leaves_qty).as_str(),
            text(filled.notional).as_str(),
            word(&report.status),
            created,
            newest.at,
            word(&terms.tif),
            stop_px.as_deref(),
            conditions,
        ])
        .map(drop)
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
