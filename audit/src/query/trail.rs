//! Which rows belong to an order, a session or a firm.

use super::Selector;
use rusqlite::Connection;
use rusqlite::types::Value;
use std::collections::BTreeSet;

/// Most ids of one order: each replace and cancel adds one. Beyond, the trail is cut to these.
const IDS_MAX: usize = 1_000;

/// A WHERE clause and its parameters.
pub(super) struct Condition {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

pub(super) fn condition(connection: &Connection, select: &Selector) -> rusqlite::Result<Condition> {
    let one =
        |sql: &str, text: &str| Condition { sql: sql.to_owned(), values: vec![Value::Text(text.to_owned())] };
    Ok(match select {
        Selector::Order(id) => Order::find(connection, id)?.condition(),
        Selector::Session(session) => one("session = ?", session),
        Selector::Firm(firm) => one(
            "(firm = ?1 OR (firm IS NULL AND session IN (SELECT session FROM session_firm WHERE firm = ?1)))",
            firm,
        ),
        Selector::All => Condition { sql: "TRUE".to_owned(), values: Vec::new() },
    })
}

/// An order as the rows know it: FIX messages in have only a ClOrdID, postings only an OrderID, reports both.
#[derive(Default)]
struct Order {
    order_ids: BTreeSet<String>,
    /// Session and ClOrdID: a ClOrdID alone means nothing across counterparties.
    request_ids: BTreeSet<(String, String)>,
}

impl Order {
    fn find(connection: &Connection, id: &str) -> rusqlite::Result<Self> {
        let mut order = Self::default();
        order.learn(connection, "order_id = ?1 OR cl_ord_id = ?1", id)?;
        let order_ids: Vec<String> = order.order_ids.iter().cloned().collect();
        for order_id in order_ids {
            order.learn(connection, "order_id = ?1", &order_id)?;
        }
        Ok(order)
    }

    /// Ids of an order's rows lead to all of it: a report names the request that it answers.
    fn learn(&mut self, connection: &Connection, which: &str, id: &str) -> rusqlite::Result<()> {
        let sql = format!("SELECT order_id, session, cl_ord_id FROM record WHERE {which}");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([id])?;
        while let Some(row) = rows.next()? {
            if let Some(order_id) = row.get(0)? {
                self.order_ids.insert(order_id);
            }
            if let (Some(session), Some(request)) = (row.get(1)?, row.get(2)?) {
                self.request_ids.insert((session, request));
            }
            if self.order_ids.len() + self.request_ids.len() >= IDS_MAX {
                break;
            }
        }
        Ok(())
    }

    /// A row with another order's OrderID is not part of it, even if a counterparty used a ClOrdID twice.
    fn condition(self) -> Condition {
        let marks = |n: usize, mark: &str| vec![mark; n].join(",");
        let order_ids = marks(self.order_ids.len(), "?");
        let names = marks(self.request_ids.len(), "?");
        let pairs = marks(self.request_ids.len(), "(?,?)");
        // Each half names an indexed column, or SQLite would read the whole table.
        let mut sql = format!("position IN (SELECT position FROM record WHERE order_id IN ({order_ids})");
        let mut values: Vec<Value> = self.order_ids.into_iter().map(Value::Text).collect();
        if !self.request_ids.is_empty() {
            sql += &format!(
                " UNION SELECT position FROM record WHERE cl_ord_id IN ({names}) AND order_id IS NULL \
                 AND (session, cl_ord_id) IN (VALUES {pairs})"
            );
            values.extend(self.request_ids.iter().map(|(_, name)| Value::Text(name.clone())));
            values.extend(self.request_ids.into_iter().flat_map(|(s, c)| [Value::Text(s), Value::Text(c)]));
        }
        Condition { sql: sql + ")", values }
    }
}
