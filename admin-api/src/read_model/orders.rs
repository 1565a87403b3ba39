//! Orders as rows: each is written once a batch, however often it changed in it.

use super::trading::run;
use crate::word::word;
use assay_event_log::Record;
use assay_trading_types::{ExecutionReported, OrderId};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// Orders that changed since the last write: the newest report of each, with when the first and the newest came (ns UTC).
#[derive(Default)]
pub(super) struct Orders(BTreeMap<OrderId, Changed>);

struct Changed {
    created: i64,
    updated: i64,
    report: ExecutionReported,
}

impl Orders {
    /// Takes in a report.
    pub(super) fn report(&mut self, record: &Record, e: &ExecutionReported) {
        let updated = record.at.as_ns();
        let created = self.0.get(&e.order_id).map_or(updated, |before| before.created);
        self.0.insert(e.order_id, Changed { created, updated, report: e.clone() });
    }

    /// Writes what changed, in the order of the table.
    pub(super) fn flush(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let sql = "INSERT INTO trade_order VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19) ON CONFLICT (id) DO UPDATE SET \
                   cl_ord_id = ?5, price = ?9, qty = ?10, cum_qty = ?11, leaves_qty = ?12, notional = ?13, status = ?14, updated = ?16, \
                   tif = ?17, stop_px = ?18, conditions = ?19";
        for (order, Changed { created, updated, report }) in std::mem::take(&mut self.0) {
            let terms = &report.terms;
            run(
                db,
                sql,
                params![
                    order.as_u64().cast_signed(),
                    terms.firm.as_str(),
                    terms.account.as_str(),
                    terms.session.as_str(),
                    terms.cl_ord_id.as_str(),
                    terms.symbol.as_str(),
                    word(&terms.side),
                    word(&terms.ord_type),
                    terms.price.map(|p| p.to_string()),
                    terms.qty.to_string(),
                    report.filled.cum_qty.to_string(),
                    report.filled.leaves_qty.to_string(),
                    report.filled.notional.to_string(),
                    word(&report.status),
                    created,
                    updated,
                    word(&terms.tif),
                    terms.stop_px.map(|p| p.to_string()),
                    terms.conditions.as_deref().map(|c| serde_json::to_string(c).unwrap_or_default()),
                ],
            )?;
        }
        Ok(())
    }
}
