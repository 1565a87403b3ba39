//! Orders and fills.

use super::error::ReportError;
use super::report::column;
use super::source::{Query, Source, amount, instant, optional_amount};
use super::spool::Rows;
use crate::read_model::order_id;
use assay_reports::ColumnKind::{Decimal, Integer, Text, Time};
use assay_reports::{Cell, Column};
use assay_trading_types::{Amount, ExecId, OrderId, Position, Price, Qty, ReportParameters, Timestamp};
use rusqlite::Row;
use std::collections::BTreeMap;

/// From which value on an order is large when nobody says.
const LARGE_MIN: &str = "1000000";

/// What happens to orders that asks nothing of the book: refused.
/// Which events of orders are refusals.
pub(super) const REFUSED: &str = "kind IN ('refused', 'cancel_refused', 'rejected')";

pub(super) const BLOTTER: &[Column] = &[
    column("at", Time, "When it traded."),
    column("exec_id", Text, "ExecID(17) of its report."),
    column("order_id", Text, "OrderID(37)."),
    column("trade", Integer, "Number of the trade in its market, the same on both sides."),
    column("firm", Text, "The firm."),
    column("account", Text, "Account(1)."),
    column("session", Text, "The FIX session of the order."),
    column("cl_ord_id", Text, "ClOrdID(11) that was current."),
    column("symbol", Text, "Symbol(55)."),
    column("side", Text, "Side(54)."),
    column("qty", Decimal, "LastQty(32)."),
    column("price", Decimal, "LastPx(31), as it stands."),
    column("original_price", Decimal, "LastPx(31) as it traded."),
    column("notional", Decimal, "Price times quantity, as it stands; 0 if it was undone."),
    column("currency", Text, "What the instrument trades in."),
    column("liquidity", Text, "`added` or `removed`."),
    column("state", Text, "`done`, `corrected` or `undone`."),
];

/// A fill with the last amendment that is below the position.
const FILLS: &str = "SELECT * FROM (SELECT e.*, i.currency AS currency, \
     (SELECT a.kind FROM order_event a WHERE a.order_id = e.order_id AND a.trade = e.trade \
      AND a.kind IN ('trade_canceled', 'trade_corrected') AND a.position < {end} ORDER BY a.position DESC LIMIT 1) AS amended, \
     (SELECT a.last_price FROM order_event a WHERE a.order_id = e.order_id AND a.trade = e.trade \
      AND a.kind IN ('trade_canceled', 'trade_corrected') AND a.position < {end} ORDER BY a.position DESC LIMIT 1) AS amended_price \
     FROM order_event e LEFT JOIN instrument i ON i.symbol = e.symbol)";

/// A fill as it stands.
pub(super) struct FillRow {
    pub(super) position: Position,
    pub(super) at: Timestamp,
    pub(super) firm: String,
    pub(super) account: String,
    pub(super) symbol: String,
    pub(super) is_buy: bool,
    pub(super) qty: Amount,
    pub(super) original_price: Amount,
    pub(super) price: Amount,
    pub(super) currency: Option<String>,
    pub(super) state: &'static str,
}

impl FillRow {
    pub(super) fn is_undone(&self) -> bool {
        self.state == "undone"
    }

    /// Price times quantity.
    pub(super) fn notional(&self) -> Amount {
        notional(self.price, self.qty)
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let amended: Option<String> = row.get("amended")?;
        let original_price = amount(row, "last_price")?;
        let state = match amended.as_deref() {
            None => "done",
            Some("trade_canceled") => "undone",
            Some(_) => "corrected",
        };
        let side: String = row.get("side")?;
        Ok(Self {
            position: Position(row.get::<_, i64>("position")?.cast_unsigned()),
            at: instant(row, "at")?,
            firm: row.get("firm")?,
            account: row.get("account")?,
            symbol: row.get("symbol")?,
            is_buy: side == "buy",
            qty: amount(row, "last_qty")?,
            original_price,
            price: optional_amount(row, "amended_price")?.unwrap_or(original_price),
            currency: row.get("currency")?,
            state,
        })
    }
}

/// Calls `each` with every fill of the span, as it stands at the position, in the order of time.
pub(super) fn each_fill(
    source: &Source,
    parameters: &ReportParameters,
    mut each: impl FnMut(&FillRow, &Row<'_>) -> Result<(), ReportError>,
) -> Result<(), ReportError> {
    let select = FILLS.replace("{end}", &source.position().0.to_string());
    let query = Query::of_events(&select, "kind = 'trade'", source.position(), parameters);
    source.each(query, |row| each(&FillRow::read(row)?, row))
}

pub(super) fn blotter(source: &Source, p: &ReportParameters, rows: &mut Rows<'_>) -> Result<(), ReportError> {
    each_fill(source, p, |fill, row| {
        let exec: i64 = row.get("exec")?;
        let notional = if fill.is_undone() { Amount::ZERO } else { fill.notional() };
        rows.put([
            fill.at.into(),
            exec_id(exec).to_string().into(),
            order(row)?.to_string().into(),
            row.get::<_, i64>("trade")?.into(),
            fill.firm.as_str().into(),
            fill.account.as_str().into(),
            row.get::<_, String>("session")?.into(),
            row.get::<_, String>("cl_ord_id")?.into(),
            fill.symbol.as_str().into(),
            row.get::<_, String>("side")?.into(),
            fill.qty.into(),
            fill.price.into(),
            fill.original_price.into(),
            notional.into(),
            fill.currency.clone().into(),
            row.get::<_, String>("liquidity")?.into(),
            fill.state.into(),
        ])
    })
}

pub(super) const RATIOS: &[Column] = &[
    column("firm", Text, "The firm."),
    column("account", Text, "Account(1)."),
    column("symbol", Text, "Symbol(55)."),
    column("orders", Integer, "Orders that the market took."),
    column("replaced", Integer, "Changes that were made."),
    column("canceled", Integer, "Cancels that were asked for and made."),
    column(
        "unsolicited",
        Integer,
        "Orders that ended otherwise unfilled: cancelled unasked, expired, turned down by the market.",
    ),
    column("refused", Integer, "Orders, changes and cancels that were refused."),
    column("trades", Integer, "Fills; those that were undone later too."),
    column("ordered_qty", Decimal, "Quantity of orders that the market took."),
    column("traded_qty", Decimal, "Quantity of fills."),
    column("cancel_ratio", Decimal, "canceled / orders; empty without orders."),
    column(
        "order_trade_ratio",
        Decimal,
        "(orders + 2 x replaced + canceled) / trades - 1, as RTS 9 counts messages; empty without trades.",
    ),
    column("volume_ratio", Decimal, "ordered_qty / traded_qty - 1; empty without trades."),
];

/// What an account did in a symbol.
#[derive(Debug, Default)]
struct Counts {
    orders: i64,
    replaced: i64,
    canceled: i64,
    unsolicited: i64,
    refused: i64,
    trades: i64,
    ordered: i128,
    traded: i128,
}

impl Counts {
    fn add(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let (kind, asked): (String, bool) = (row.get("kind")?, row.get("asked")?);
        match kind.as_str() {
            "new" => {
                self.orders += 1;
                self.ordered += amount(row, "qty")?.units();
            }
            "replaced" => self.replaced += 1,
            "canceled" if asked => self.canceled += 1,
            "canceled" | "expired" | "rejected" => self.unsolicited += 1,
            "refused" | "cancel_refused" => self.refused += 1,
            "trade" => {
                self.trades += 1;
                self.traded += amount(row, "last_qty")?.units();
            }
            _ => {}
        }
        Ok(())
    }
}

pub(super) fn ratios(source: &Source, p: &ReportParameters, rows: &mut Rows<'_>) -> Result<(), ReportError> {
    let mut all: BTreeMap<[String; 3], Counts> = BTreeMap::new();
    let query = Query::of_events("SELECT * FROM order_event", "1", source.position(), p);
    source.each(query, |row| {
        let optional = |column| row.get::<_, Option<String>>(column).map(Option::unwrap_or_default);
        let key = [row.get("firm")?, optional("account")?, optional("symbol")?];
        Ok(all.entry(key).or_default().add(row)?)
    })?;
    for ([firm, account, symbol], c) in all {
        let messages = c.orders + 2 * c.replaced + c.canceled;
        rows.put([
            firm.into(),
            account.into(),
            symbol.into(),
            c.orders.into(),
            c.replaced.into(),
            c.canceled.into(),
            c.unsolicited.into(),
            c.refused.into(),
            c.trades.into(),
            Amount::from_units(c.ordered).into(),
            Amount::from_units(c.traded).into(),
            ratio(c.canceled.into(), c.orders.into()).into(),
            ratio((messages - c.trades).into(), c.trades.into()).into(),
            ratio(c.ordered - c.traded, c.traded).into(),
        ])?;
    }
    Ok(())
}

/// A quotient to six decimals, towards zero; nothing of nothing.
fn ratio(of: i128, by: i128) -> Option<Amount> {
    const MILLIONTHS: i128 = 1_000_000;
    (by != 0).then(|| Amount::from_units(of * MILLIONTHS / by * 1_000))
}

pub(super) const LARGE: &[Column] = &[
    column("at", Time, "When the market took it."),
    column("kind", Text, "`new`, or `replaced` for a change."),
    column("order_id", Text, "OrderID(37)."),
    column("firm", Text, "The firm."),
    column("account", Text, "Account(1)."),
    column("session", Text, "The FIX session."),
    column("cl_ord_id", Text, "ClOrdID(11)."),
    column("symbol", Text, "Symbol(55)."),
    column("side", Text, "Side(54)."),
    column("ord_type", Text, "OrdType(40)."),
    column("qty", Decimal, "OrderQty(38)."),
    column("price", Decimal, "Price(44), or the reference price where there is none."),
    column("notional", Decimal, "Price times quantity."),
];

pub(super) fn large(source: &Source, p: &ReportParameters, rows: &mut Rows<'_>) -> Result<(), ReportError> {
    let least = p.at_least.unwrap_or_else(|| Amount::parse(LARGE_MIN).expect("a decimal"));
    let select = "SELECT * FROM order_event";
    let query = Query::of_events(select, "kind IN ('new', 'replaced')", source.position(), p);
    source.each(query, |row| {
        let (at, symbol): (_, String) = (instant(row, "at")?, row.get("symbol")?);
        let position = Position(row.get::<_, i64>("position")?.cast_unsigned());
        let price = match optional_amount(row, "price")? {
            Some(price) => Some(price),
            None => source.reference_price(&symbol, at.plus_ns(1), position)?,
        };
        let qty = amount(row, "qty")?;
        let notional = price.map(|price| notional(price, qty));
        if notional.is_none_or(|notional| notional < least) {
            return Ok(());
        }
        rows.put([
            at.into(),
            row.get::<_, String>("kind")?.into(),
            order(row)?.to_string().into(),
            row.get::<_, String>("firm")?.into(),
            row.get::<_, String>("account")?.into(),
            row.get::<_, String>("session")?.into(),
            row.get::<_, String>("cl_ord_id")?.into(),
            symbol.into(),
            row.get::<_, String>("side")?.into(),
            row.get::<_, String>("ord_type")?.into(),
            qty.into(),
            price.into(),
            notional.into(),
        ])
    })
}

pub(super) const REJECTED: &[Column] = &[
    column("at", Time, "When it was refused."),
    column(
        "kind",
        Text,
        "`refused` an order or change, `cancel_refused` a cancel or change, `rejected` by the market.",
    ),
    column("order_id", Text, "OrderID(37), if there was one."),
    column("firm", Text, "The firm."),
    column("account", Text, "Account(1)."),
    column("session", Text, "The FIX session."),
    column("cl_ord_id", Text, "ClOrdID(11)."),
    column("symbol", Text, "Symbol(55)."),
    column("side", Text, "Side(54)."),
    column("qty", Decimal, "OrderQty(38)."),
    column("price", Decimal, "Price(44)."),
    column("code", Text, "Why, as in Text(58)."),
    column("detail", Text, "In words."),
];

pub(super) fn rejected(
    source: &Source,
    p: &ReportParameters,
    rows: &mut Rows<'_>,
) -> Result<(), ReportError> {
    let query = Query::of_events("SELECT * FROM order_event", REFUSED, source.position(), p);
    source.each(query, |row| {
        let text = |column| row.get::<_, Option<String>>(column).map(Cell::from);
        let order: Option<i64> = row.get("order_id")?;
        rows.put([
            instant(row, "at")?.into(),
            text("kind")?,
            order.map(|id| order_id(id.cast_unsigned()).to_string()).into(),
            text("firm")?,
            text("account")?,
            text("session")?,
            text("cl_ord_id")?,
            text("symbol")?,
            text("side")?,
            optional_amount(row, "qty")?.into(),
            optional_amount(row, "price")?.into(),
            text("code")?,
            text("detail")?,
        ])
    })
}

pub(super) fn order(row: &Row<'_>) -> rusqlite::Result<OrderId> {
    row.get::<_, i64>("order_id").map(|id| order_id(id.cast_unsigned()))
}

fn exec_id(id: i64) -> ExecId {
    let id = id.cast_unsigned();
    ExecId::new((id >> 48) as u16, id & ((1 << 48) - 1))
}

/// Price times quantity, as the venue values trades.
pub(super) fn notional(price: Amount, qty: Amount) -> Amount {
    let units = |amount: Amount| i64::try_from(amount.units()).unwrap_or(i64::MAX);
    Price::from_units(units(price)).notional(Qty::from_units(units(qty)))
}
