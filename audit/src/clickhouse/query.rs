//! The questions of `assay audit query`, put to ClickHouse.

use super::config::ClickHouseConfig;
use super::error::ClickHouseError;
use super::read::select;
use super::server::{Server, open};
use crate::error::Error;
use crate::object::Object;
use crate::query::{Format, Narrowing, Page, Query, Selector, Writer};
use assay_trading_types::Position;
use std::io::Write;
use std::path::Path;

/// Most ids of one order, as in the SQLite store.
const IDS_MAX: usize = 1_000;

/// Answers `query` from ClickHouse, in the order of the log, as [`crate::query()`] does from the embedded store.
///
/// # Errors
/// The query is unbounded, ClickHouse does not answer, or `out` refuses.
pub fn query_clickhouse(
    config: &ClickHouseConfig,
    query: &Query,
    format: Format,
    out: &mut impl Write,
) -> Result<Page, Error> {
    query.check()?;
    let server = open(config)?;
    let mut conditions = vec![condition(&server, &query.select)?];
    conditions.extend(narrowed(&query.narrow));
    conditions.extend(query.from.map(|from| format!("at_ns >= {}", from.as_ns())));
    conditions.extend(query.to.map(|to| format!("at_ns < {}", to.as_ns())));
    conditions.extend(query.after.map(|after| format!("position > {}", after.0)));
    let tail = format!("{} ORDER BY position LIMIT {}", conditions.join(" AND "), query.limit + 1);
    let mut rows = select(&server, &tail)?;
    let more = rows.len() > query.limit;
    rows.truncate(query.limit);
    let write = || Error::io("write", Path::new("the answer"));
    let mut writer = Writer::begin(format, out).map_err(write())?;
    for row in &rows {
        writer.row(row).map_err(write())?;
    }
    writer.finish().map_err(write())?;
    let last = rows.last().map(|row| Position(row.position as u64));
    Ok(Page { rows: rows.len(), next_after: last.filter(|_| more) })
}

fn narrowed(narrow: &Narrowing) -> Vec<String> {
    let Narrowing { actor, kind, object, trace, refused } = narrow;
    let mut all = Vec::new();
    for (column, text) in [("actor", actor), ("kind", kind)] {
        all.extend(text.as_ref().map(|text| format!("{column} = {}", quoted(text))));
    }
    all.extend(object.as_ref().map(|object| about(&Object::new(object))));
    all.extend(trace.map(|trace| format!("hex(trace) = '{}'", trace.to_string().to_uppercase())));
    let is_refused = "(kind LIKE '%refused%' OR (kind = 'command.decided.v1' AND JSONHas(payload, 'decision', 'refused')))";
    all.extend(refused.map(|refused| format!("{}{is_refused}", if refused { "" } else { "NOT " })));
    all
}

/// Records about an object, as in the SQLite store.
fn about(object: &Object) -> String {
    let name = quoted(object.name());
    let columns = [
        "key",
        "firm",
        "session",
        "order_id",
        "cl_ord_id",
        "orig_cl_ord_id",
        "symbol",
        "exec_id",
        "substring(actor, position(actor, ':') + 1)",
    ];
    let mut ways: Vec<String> = columns.map(|column| format!("{column} = {name}")).to_vec();
    ways.extend(object.made_at().map(|made_at| {
        let (kind, partition, offset) = (made_at.kind.name(), made_at.partition, made_at.offset);
        format!("(topic = 'accounts' AND kind = '{kind}' AND partition = {partition} AND offset = {offset})")
    }));
    let named = object.texts().iter().map(|text| format!("position(payload, {}) > 0", quoted(text)));
    ways.push(format!("(kind != 'fix.message.v1' AND ({}))", named.collect::<Vec<_>>().join(" OR ")));
    format!("({})", ways.join(" OR "))
}

fn condition(server: &Server, select: &Selector) -> Result<String, ClickHouseError> {
    Ok(match select {
        Selector::Order(id) => order(server, id)?,
        Selector::Session(session) => format!("session = {}", quoted(session)),
        Selector::Firm(firm) => {
            let firm = quoted(firm);
            format!(
                "(firm = {firm} OR (firm = '' AND session IN (SELECT session FROM record WHERE firm = {firm} \
                 AND session != '' GROUP BY session)))"
            )
        }
        Selector::All => "1".to_owned(),
    })
}

/// An order's rows: those with its OrderID, and those without one that name one of its ClOrdIDs in its session.
fn order(server: &Server, id: &str) -> Result<String, ClickHouseError> {
    let ids = |which: &str| -> Result<Vec<(String, String, String)>, ClickHouseError> {
        let sql = format!(
            "SELECT order_id, session, cl_ord_id FROM record WHERE {which} \
             GROUP BY order_id, session, cl_ord_id ORDER BY order_id, session, cl_ord_id LIMIT {IDS_MAX}"
        );
        server.all("name an order's ids", &sql)
    };
    let named = ids(&format!("order_id = {0} OR cl_ord_id = {0}", quoted(id)))?;
    let order_ids = listed(named.iter().map(|(order_id, ..)| order_id).filter(|id| !id.is_empty()));
    let mut all = named;
    if !order_ids.is_empty() {
        all.extend(ids(&format!("order_id IN ({order_ids})"))?);
    }
    let pairs = all.iter().filter(|(_, session, name)| !session.is_empty() && !name.is_empty());
    let mut pairs: Vec<String> =
        pairs.map(|(_, session, name)| format!("({}, {})", quoted(session), quoted(name))).collect();
    pairs.sort();
    pairs.dedup();
    let mut halves = Vec::new();
    if !order_ids.is_empty() {
        halves.push(format!("order_id IN ({order_ids})"));
    }
    if !pairs.is_empty() {
        halves.push(format!("(order_id = '' AND (session, cl_ord_id) IN ({}))", pairs.join(", ")));
    }
    Ok(match halves.is_empty() {
        true => "0".to_owned(),
        false => format!("({})", halves.join(" OR ")),
    })
}

fn listed<'a>(ids: impl Iterator<Item = &'a String>) -> String {
    let mut ids: Vec<String> = ids.map(|id| quoted(id)).collect();
    ids.sort();
    ids.dedup();
    ids.join(", ")
}

/// A text literal; every character that is not plain is written by number.
fn quoted(text: &str) -> String {
    let mut out = String::from("'");
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'\'' && byte != b'\\' => out.push(byte as char),
            other => out.push_str(&format!("\\x{other:02X}")),
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_ends_where_it_should() {
        assert_eq!(quoted("CLIENT1/ASSAY"), "'CLIENT1/ASSAY'");
        assert_eq!(quoted("a' OR 1 --\\"), "'a\\x27 OR 1 --\\x5C'");
        assert_eq!(quoted("ü\u{1}"), "'\\xC3\\xBC\\x01'");
    }
}
