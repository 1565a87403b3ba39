//! Firms, instruments, orders and executions as rows.

use super::rows::Rows;
use super::{Decoded, ReadModel, text::text};
use crate::word::word;
use assay_event_log::Record;
use assay_trading_types::{
    Event, ExecId, ExecType, ExecutionReported, Fill, FirmId, FirmOpened, LimitScope, Limits, OrderId,
    Timestamp,
};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

/// Writes what a record of `accounts` says, but for reports of orders.
pub(super) fn apply(db: &Connection, record: &Record, event: &Event) -> rusqlite::Result<()> {
    let version = record.position.0.cast_signed();
    match event {
        Event::FirmOpened(e) => {
            let sql = "INSERT INTO firm (firm, accounts, self_trade, version) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (firm) DO UPDATE \
                       SET accounts = ?2, self_trade = ?3, version = ?4";
            let accounts = accounts(db, e)?;
            for account in &accounts {
                let named = params![account.as_str(), e.firm.as_str()];
                run(db, "INSERT OR REPLACE INTO firm_account VALUES (?1, ?2)", named)?;
                run(db, "UPDATE ledger_account SET firm = ?2 WHERE account = ?1", named)?;
                run(db, "UPDATE position SET firm = ?2 WHERE account = ?1", named)?;
            }
            let accounts = serde_json::to_string(&accounts).unwrap_or_default();
            run(db, sql, params![e.firm.as_str(), accounts, word(&e.self_trade), version])
        }
        Event::LimitsSet(e) if e.account.is_none() => limits(db, e.firm, e.version, &e.limits),
        Event::LimitsChanged(e) => match e.scope {
            LimitScope::Firm(firm) => limits(db, firm, e.version, &e.limits),
            LimitScope::House | LimitScope::Account(_) => Ok(()),
        },
        Event::InstrumentListed(e) => {
            let sql = "INSERT INTO instrument (symbol, currency, tick_size, lot_size, version) VALUES (?1, ?2, ?3, ?4, ?5) \
                       ON CONFLICT (symbol) DO UPDATE SET currency = ?2, tick_size = ?3, lot_size = ?4, version = ?5";
            let (tick, lot) = (e.tick_size.to_string(), e.lot_size.to_string());
            run(db, sql, params![e.symbol.as_str(), e.currency.as_str(), tick, lot, version])
        }
        Event::ReferencePriceSet(e) => {
            let sql = "UPDATE instrument SET reference_price = ?2, reference_at = ?3, reference_until = ?4 WHERE symbol = ?1";
            let (at, until) = (record.at.as_ns(), e.max_age_ns.map(|age| record.at.plus_ns(age).as_ns()));
            run(db, sql, params![e.symbol.as_str(), e.price.to_string(), at, until])
        }
        _ => Ok(()),
    }
}

/// The accounts that a firm gets, as risk sees them: those that it names and no other firm has.
fn accounts(db: &Connection, e: &FirmOpened) -> rusqlite::Result<Vec<String>> {
    let mut accounts = Vec::new();
    for account in &e.accounts {
        if owner(db, account.as_str())?.is_none_or(|owner| owner == e.firm.as_str()) {
            accounts.push(account.to_string());
        }
    }
    Ok(accounts)
}

/// The firm that has an account.
fn owner(db: &Connection, account: &str) -> rusqlite::Result<Option<String>> {
    let mut statement = db.prepare_cached("SELECT firm FROM firm_account WHERE account = ?1")?;
    statement.query_row([account], |row| row.get(0)).optional()
}

/// A report that changes its order. What is pending changes nothing, and is said by who may not know the latest.
pub(super) fn order_report(event: &Event) -> Option<&ExecutionReported> {
    match event {
        Event::ExecutionReported(e) => {
            let is_pending =
                matches!(e.exec, ExecType::PendingCancel { .. } | ExecType::PendingReplace { .. });
            (!is_pending).then_some(e)
        }
        _ => None,
    }
}

fn limits(db: &Connection, firm: FirmId, version: u64, limits: &Limits) -> rusqlite::Result<()> {
    let sql = "INSERT INTO firm (firm, accounts, self_trade, version, limits, limits_version) VALUES (?1, '[]', 'allow', 0, ?2, ?3) \
               ON CONFLICT (firm) DO UPDATE SET limits = ?2, limits_version = ?3";
    let json = serde_json::to_string(limits).unwrap_or_default();
    run(db, sql, params![firm.as_str(), json, version.cast_signed()])
}

/// Columns of `execution`.
type Executions<'c> = Rows<'c, 10>;

/// Writes the fills of reports, and what became of earlier ones.
pub(super) fn write_executions(db: &Connection, records: &[Decoded]) -> rusqlite::Result<()> {
    let mut rows = Executions::into(db, "execution", "");
    for (record, event) in records {
        let Some(e) = order_report(event) else { continue };
        if let ExecType::Trade(fill) = &e.exec {
            execute(&mut rows, record, e, fill)?;
        } else if matches!(e.exec, ExecType::TradeCanceled { .. } | ExecType::TradeCorrected { .. }) {
            // What is amended may be of this batch.
            rows.flush()?;
            amend(db, e)?;
        }
    }
    rows.flush()
}

fn execute(
    rows: &mut Executions<'_>,
    record: &Record,
    e: &ExecutionReported,
    fill: &Fill,
) -> rusqlite::Result<()> {
    let terms = &e.terms;
    rows.put([
        ExecId::new(record.partition, record.offset).as_u64().cast_signed().into(),
        e.order_id.as_u64().cast_signed().into(),
        terms.firm.as_str().into(),
        terms.account.as_str().into(),
        terms.symbol.as_str().into(),
        (&*word(&terms.side)).into(),
        fill.qty.into(),
        fill.price.into(),
        fill.trade.cast_signed().into(),
        record.at.as_ns().into(),
    ])
}

/// Takes away or changes a fill.
fn amend(db: &Connection, e: &ExecutionReported) -> rusqlite::Result<()> {
    let order = e.order_id.as_u64().cast_signed();
    let (account, symbol) = (e.terms.account.as_str(), e.terms.symbol.as_str());
    match &e.exec {
        ExecType::TradeCanceled { fill, .. } => {
            let sql =
                "DELETE FROM execution WHERE account = ?1 AND symbol = ?2 AND order_id = ?3 AND trade = ?4";
            run(db, sql, params![account, symbol, order, fill.trade.cast_signed()])
        }
        ExecType::TradeCorrected { fill, .. } => {
            let sql = "UPDATE execution SET price = ?5 WHERE account = ?1 AND symbol = ?2 AND order_id = ?3 AND trade = ?4";
            let price = text(fill.price);
            run(db, sql, params![account, symbol, order, fill.trade.cast_signed(), price.as_str()])
        }
        _ => Ok(()),
    }
}

pub(super) fn run(db: &Connection, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<()> {
    db.prepare_cached(sql)?.execute(values).map(drop)
}

/// A firm.
pub(crate) struct FirmRow {
    pub(crate) firm: String,
    pub(crate) accounts: String,
    pub(crate) self_trade: String,
    pub(crate) limits: Option<String>,
    pub(crate) limits_version: u64,
}

/// An instrument.
pub(crate) struct InstrumentRow {
    pub(crate) symbol: String,
    pub(crate) currency: String,
    pub(crate) tick_size: String,
    pub(crate) lot_size: String,
    pub(crate) version: u64,
    pub(crate) reference_price: Option<String>,
    pub(crate) reference_at: Option<Timestamp>,
}

/// An order.
pub(crate) struct OrderRow {
    pub(crate) id: OrderId,
    pub(crate) firm: String,
    pub(crate) account: String,
    pub(crate) session: String,
    pub(crate) cl_ord_id: String,
    pub(crate) symbol: String,
    pub(crate) side: String,
    pub(crate) ord_type: String,
    pub(crate) price: Option<String>,
    pub(crate) qty: String,
    pub(crate) cum_qty: String,
    pub(crate) leaves_qty: String,
    pub(crate) notional: String,
    pub(crate) status: String,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) tif: String,
    pub(crate) stop_px: Option<String>,
    pub(crate) conditions: Option<String>,
}

/// A fill.
pub(crate) struct ExecutionRow {
    pub(crate) id: ExecId,
    pub(crate) order_id: OrderId,
    pub(crate) firm: String,
    pub(crate) account: String,
    pub(crate) symbol: String,
    pub(crate) side: String,
    pub(crate) qty: String,
    pub(crate) price: String,
    pub(crate) trade: u64,
    pub(crate) at: Timestamp,
}

/// Conditions of a list: columns, which are ours, and values, which are the caller's.
#[derive(Clone, Default)]
pub(crate) struct RowFilter {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl RowFilter {
    /// `column` has this value, when there is one.
    pub(crate) fn equal(mut self, column: &'static str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.values.push(Value::Text(value.to_owned()));
            self.conditions.push(format!("{column} = ?{}", self.values.len()));
        }
        self
    }

    /// One of two columns has this value, when there is one.
    pub(crate) fn either(mut self, [one, other]: [&'static str; 2], value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.values.push(Value::Text(value.to_owned()));
            let n = self.values.len();
            self.conditions.push(format!("({one} = ?{n} OR {other} = ?{n})"));
        }
        self
    }

    /// `column` has another value.
    pub(crate) fn unequal(mut self, column: &'static str, value: &str) -> Self {
        self.values.push(Value::Text(value.to_owned()));
        self.conditions.push(format!("{column} <> ?{}", self.values.len()));
        self
    }

    /// `column` has a value.
    pub(crate) fn present(mut self, column: &'static str) -> Self {
        self.conditions.push(format!("{column} IS NOT NULL"));
        self
    }

    fn behind(mut self, key: &str, after: Option<Value>, descending: bool) -> Self {
        if let Some(after) = after {
            self.values.push(after);
            let sign = if descending { '<' } else { '>' };
            self.conditions.push(format!("{key} {sign} ?{}", self.values.len()));
        }
        self
    }

    fn sql(&self, table: &str, key: &str, limit: usize, descending: bool) -> String {
        let direction = if descending { "DESC" } else { "ASC" };
        format!("{} ORDER BY {key} {direction} LIMIT {limit}", self.select(table))
    }

    fn select(&self, table: &str) -> String {
        let conditions =
            if self.conditions.is_empty() { "1".to_owned() } else { self.conditions.join(" AND ") };
        format!("SELECT * FROM {table} WHERE {conditions}")
    }

    /// Calls `each` with every row of a table that it lets through.
    pub(crate) fn each(
        self,
        db: &Connection,
        table: &str,
        mut each: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut statement = db.prepare(&self.select(table))?;
        let mut rows = statement.query(params_from_iter(self.values))?;
        while let Some(row) = rows.next()? {
            each(row)?;
        }
        Ok(())
    }
}

/// A page of rows behind a key.
pub(crate) struct Slice {
    pub(crate) after: Option<String>,
    pub(crate) limit: usize,
    pub(crate) descending: bool,
}

impl ReadModel {
    /// Firms by id.
    pub(crate) fn firms(&self, filter: RowFilter, slice: &Slice) -> rusqlite::Result<Vec<FirmRow>> {
        self.rows("firm", "firm", filter, slice.after.clone().map(Value::Text), slice, firm)
    }

    /// One firm.
    pub(crate) fn firm(&self, id: &str) -> rusqlite::Result<Option<FirmRow>> {
        self.connection()
            .prepare_cached("SELECT * FROM firm WHERE firm = ?1")?
            .query_row([id], firm)
            .optional()
    }

    /// The firm that has an account.
    pub(crate) fn owner(&self, account: &str) -> rusqlite::Result<Option<String>> {
        owner(&self.connection(), account)
    }

    /// Instruments by symbol.
    pub(crate) fn instruments(
        &self,
        filter: RowFilter,
        slice: &Slice,
    ) -> rusqlite::Result<Vec<InstrumentRow>> {
        self.rows("instrument", "symbol", filter, slice.after.clone().map(Value::Text), slice, instrument)
    }

    /// One instrument.
    pub(crate) fn instrument(&self, symbol: &str) -> rusqlite::Result<Option<InstrumentRow>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT * FROM instrument WHERE symbol = ?1")?;
        statement.query_row([symbol], instrument).optional()
    }

    /// How many instruments have a reference price that is older than it may be.
    pub(crate) fn stale_prices(&self, now: Timestamp) -> rusqlite::Result<u64> {
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached("SELECT count(*) FROM instrument WHERE reference_until < ?1")?;
        statement.query_row([now.as_ns()], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
    }

    /// The firm whose an account is.
    pub(crate) fn firm_of_account(&self, account: &str) -> rusqlite::Result<Option<String>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT firm FROM firm_account WHERE account = ?1")?;
        statement.query_row([account], |row| row.get(0)).optional()
    }

    /// How many firms there are, and which of them have no limits, neither of their own nor of an account's.
    pub(crate) fn firms_without_limits(&self) -> rusqlite::Result<(u64, Vec<String>)> {
        let connection = self.connection();
        let firms: i64 = connection.query_row("SELECT count(*) FROM firm", [], |row| row.get(0))?;
        let sql = "SELECT firm FROM firm WHERE NOT EXISTS (SELECT 1 FROM control_event c WHERE c.firm = firm.firm \
             AND c.kind = 'limits' AND c.cause <> 'declined' AND c.after <> '{}') ORDER BY firm";
        let mut statement = connection.prepare_cached(sql)?;
        let without = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok((firms.cast_unsigned(), without))
    }

    /// Orders by id, which is by time.
    pub(crate) fn orders(&self, filter: RowFilter, slice: &Slice) -> rusqlite::Result<Vec<OrderRow>> {
        let after = slice.after.as_deref().map(|text| place(OrderId::parse(text).map(|id| id.as_u64())));
        self.rows("trade_order", "id", filter, after, slice, order)
    }

    /// One order.
    pub(crate) fn order(&self, id: OrderId) -> rusqlite::Result<Option<OrderRow>> {
        let mut rows = self.rows(
            "trade_order",
            "id",
            RowFilter::default(),
            Some(Value::Integer(id.as_u64().cast_signed() - 1)),
            &Slice { after: None, limit: 1, descending: false },
            order,
        )?;
        Ok(rows.pop().filter(|row| row.id == id))
    }

    /// Fills by id, which is by time.
    pub(crate) fn executions(&self, filter: RowFilter, slice: &Slice) -> rusqlite::Result<Vec<ExecutionRow>> {
        let after = slice.after.as_deref().map(|text| place(ExecId::parse(text).map(|id| id.as_u64())));
        self.rows("execution", "id", filter, after, slice, execution)
    }

    /// One fill.
    pub(crate) fn execution(&self, id: ExecId) -> rusqlite::Result<Option<ExecutionRow>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT * FROM execution WHERE id = ?1")?;
        statement.query_row([id.as_u64().cast_signed()], execution).optional()
    }

    pub(super) fn rows<T>(
        &self,
        table: &'static str,
        key: &'static str,
        filter: RowFilter,
        after: Option<Value>,
        slice: &Slice,
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        let filter = filter.behind(key, after, slice.descending);
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached(&filter.sql(table, key, slice.limit, slice.descending))?;
        statement.query_map(params_from_iter(filter.values), read)?.collect()
    }
}

fn place(id: Option<u64>) -> Value {
    Value::Integer(id.unwrap_or_default().cast_signed())
}

fn number(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::cast_unsigned)
}

pub(crate) fn order_id(number: u64) -> OrderId {
    OrderId::new((number >> 48) as u16, number & ((1 << 48) - 1))
}

fn firm(row: &Row<'_>) -> rusqlite::Result<FirmRow> {
    Ok(FirmRow {
        firm: row.get("firm")?,
        accounts: row.get("accounts")?,
        self_trade: row.get("self_trade")?,
        limits: row.get("limits")?,
        limits_version: number(row, "limits_version")?,
    })
}

fn instrument(row: &Row<'_>) -> rusqlite::Result<InstrumentRow> {
    Ok(InstrumentRow {
        symbol: row.get("symbol")?,
        currency: row.get("currency")?,
        tick_size: row.get("tick_size")?,
        lot_size: row.get("lot_size")?,
        version: number(row, "version")?,
        reference_price: row.get("reference_price")?,
        reference_at: row.get::<_, Option<i64>>("reference_at")?.map(Timestamp::from_ns),
    })
}

fn order(row: &Row<'_>) -> rusqlite::Result<OrderRow> {
    Ok(OrderRow {
        id: order_id(number(row, "id")?),
        firm: row.get("firm")?,
        account: row.get("account")?,
        session: row.get("session")?,
        cl_ord_id: row.get("cl_ord_id")?,
        symbol: row.get("symbol")?,
        side: row.get("side")?,
        ord_type: row.get("ord_type")?,
        price: row.get("price")?,
        qty: row.get("qty")?,
        cum_qty: row.get("cum_qty")?,
        leaves_qty: row.get("leaves_qty")?,
        notional: row.get("notional")?,
        status: row.get("status")?,
        created: Timestamp::from_ns(row.get("created")?),
        updated: Timestamp::from_ns(row.get("updated")?),
        tif: row.get("tif")?,
        stop_px: row.get("stop_px")?,
        conditions: row.get("conditions")?,
    })
}

fn execution(row: &Row<'_>) -> rusqlite::Result<ExecutionRow> {
    let id = number(row, "id")?;
    Ok(ExecutionRow {
        id: ExecId::new((id >> 48) as u16, id & ((1 << 48) - 1)),
        order_id: order_id(number(row, "order_id")?),
        firm: row.get("firm")?,
        account: row.get("account")?,
        symbol: row.get("symbol")?,
        side: row.get("side")?,
        qty: row.get("qty")?,
        price: row.get("price")?,
        trade: number(row, "trade")?,
        at: Timestamp::from_ns(row.get("at")?),
    })
}
