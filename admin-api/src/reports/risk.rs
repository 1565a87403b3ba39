//! Exposure against limits, what controls refused, and who changed them: the evidence of the annual review.

use super::error::ReportError;
use super::positions::{Lines, lines, price_at_end};
use super::report::column;
use super::source::{Query, Source, instant, is_wanted, optional_amount};
use super::spool::Rows;
use super::trading::REFUSED;
use crate::average_cost::value;
use assay_reports::ColumnKind::{Decimal, Integer, Text, Time};
use assay_reports::{Cell, Column};
use assay_trading_types::{Amount, Limits, Refusal, ReportParameters, Timestamp};
use rusqlite::Row;
use std::collections::{BTreeMap, HashMap};

pub(super) const EXPOSURE: &[Column] = &[
    column("firm", Text, "The firm."),
    column("account", Text, "The account; empty for the firm as a whole."),
    column("currency", Text, "What the values are in."),
    column(
        "measure",
        Text,
        "`gross`: positions and open orders, whatever their side. `net`: the larger side once its open orders are filled. `working`: open orders. `open_orders`: their number.",
    ),
    column("value", Decimal, "As of the end of the span, at reference prices, open orders at their own."),
    column("limit", Decimal, "The limit in force then; empty if there is none."),
    column("used_percent", Decimal, "value / limit x 100."),
];

/// What counts for limits, of one account or firm in one currency; in billionths.
#[derive(Debug, Default, Clone, Copy)]
struct Exposure {
    long: i128,
    short: i128,
    buying: i128,
    selling: i128,
    orders: i128,
}

impl Exposure {
    fn add(&mut self, other: Self) {
        self.long += other.long;
        self.short += other.short;
        self.buying += other.buying;
        self.selling += other.selling;
        self.orders += other.orders;
    }

    /// Each measure with its limit.
    fn measures(&self, limits: &Limits) -> [(&'static str, i128, Option<i128>); 4] {
        const ONE: i128 = 1_000_000_000;
        let net = self.long - self.short;
        let units = |amount: Option<Amount>| amount.map(|amount| amount.units());
        let gross = self.long + self.short + self.buying + self.selling;
        [
            ("gross", gross, units(limits.gross_notional_max)),
            (
                "net",
                (net + self.buying).abs().max((net - self.selling).abs()),
                units(limits.net_notional_max),
            ),
            ("working", self.buying + self.selling, units(limits.working_notional_max)),
            ("open_orders", self.orders * ONE, limits.open_orders_max.map(|n| i128::from(n) * ONE)),
        ]
    }
}

/// By firm, account (none for the whole firm) and currency.
type Exposures = BTreeMap<(String, Option<String>, String), Exposure>;

fn add(all: &mut Exposures, (firm, account, currency): (&str, &str, &str), exposure: Exposure) {
    for account in [None, Some(account.to_owned())] {
        all.entry((firm.to_owned(), account, currency.to_owned())).or_default().add(exposure);
    }
}

pub(super) fn exposure(
    source: &Source,
    p: &ReportParameters,
    rows: &mut Rows<'_>,
) -> Result<(), ReportError> {
    let mut all = Exposures::new();
    held(source, p, &lines(source, p)?, &mut all)?;
    working(source, p, &mut all)?;
    let limits = limits(source, p)?;
    for ((firm, account, currency), exposure) in all {
        let subject =
            account.as_ref().map_or_else(|| format!("firm {firm}"), |account| format!("account {account}"));
        let limits = limits.get(&subject).cloned().unwrap_or_default();
        for (measure, value, limit) in exposure.measures(&limits) {
            let used = limit.filter(|limit| *limit != 0).map(|limit| percent(value, limit));
            rows.put([
                firm.as_str().into(),
                account.clone().into(),
                currency.as_str().into(),
                measure.into(),
                Amount::from_units(value).into(),
                limit.map(Amount::from_units).into(),
                used.into(),
            ])?;
        }
    }
    Ok(())
}

/// Hundredths of a percent are the last that is said.
fn percent(value: i128, limit: i128) -> Amount {
    const HUNDREDTH: i128 = 10_000_000;
    Amount::from_units((value / limit * 10_000 + value % limit * 10_000 / limit) * HUNDREDTH)
}

fn held(
    source: &Source,
    p: &ReportParameters,
    lines: &Lines,
    all: &mut Exposures,
) -> Result<(), ReportError> {
    for ((account, symbol), line) in lines {
        let Some(price) = price_at_end(source, p, symbol, line)? else { continue };
        let worth = value(price, line.holding.average.qty);
        let exposure = Exposure { long: worth.max(0), short: (-worth).max(0), ..Exposure::default() };
        let currency = line.currency.as_deref().unwrap_or_default();
        if line.holding.average.qty != 0 {
            add(all, (&line.firm, account, currency), exposure);
        }
    }
    Ok(())
}

/// An order as its last event leaves it.
struct Open {
    firm: String,
    account: String,
    symbol: String,
    currency: String,
    is_buy: bool,
    leaves: i128,
    price: Option<Amount>,
}

const ORDERS: &str = "SELECT e.*, coalesce(i.currency, '') AS currency FROM order_event e LEFT JOIN instrument i ON i.symbol = e.symbol \
     WHERE e.position < ? AND e.at < ? AND e.order_id IS NOT NULL AND e.kind <> 'cancel_refused' ORDER BY e.position";

/// Open orders: what orders have left after their last event.
fn working(source: &Source, p: &ReportParameters, all: &mut Exposures) -> Result<(), ReportError> {
    let mut open: HashMap<i64, Open> = HashMap::new();
    let query = Query::new(ORDERS).integer(source.position().0.cast_signed()).integer(p.to.as_ns());
    source.each(query, |row| {
        let id = row.get("order_id")?;
        match open_order(row)?.filter(|order| is_wanted(p, &order.firm, &order.account, &order.symbol)) {
            Some(order) => open.insert(id, order),
            None => open.remove(&id),
        };
        Ok(())
    })?;
    for order in open.into_values() {
        let price = match order.price {
            Some(price) => Some(price),
            None => source.reference_price(&order.symbol, p.to, source.position())?,
        };
        let worth = price.map_or(0, |price| value(price, order.leaves));
        let (buying, selling) = if order.is_buy { (worth, 0) } else { (0, worth) };
        let exposure = Exposure { buying, selling, orders: 1, ..Exposure::default() };
        add(all, (&order.firm, &order.account, &order.currency), exposure);
    }
    Ok(())
}

fn open_order(row: &Row<'_>) -> Result<Option<Open>, ReportError> {
    let (kind, side): (String, String) = (row.get("kind")?, row.get("side")?);
    let leaves = optional_amount(row, "leaves")?.map_or(0, |leaves| leaves.units());
    if leaves == 0 || matches!(kind.as_str(), "canceled" | "expired" | "rejected") {
        return Ok(None);
    }
    Ok(Some(Open {
        firm: row.get("firm")?,
        account: row.get("account")?,
        symbol: row.get("symbol")?,
        currency: row.get("currency")?,
        is_buy: side == "buy",
        leaves,
        price: optional_amount(row, "price")?,
    }))
}

/// Limits in force at the end of the span, by `firm F` and `account A`.
fn limits(source: &Source, p: &ReportParameters) -> Result<HashMap<String, Limits>, ReportError> {
    let sql = "SELECT * FROM control_event WHERE kind = 'limits' AND cause <> 'declined' AND position < ? AND at < ? ORDER BY position";
    let query = Query::new(sql).integer(source.position().0.cast_signed()).integer(p.to.as_ns());
    let mut limits = HashMap::new();
    source.each(query, |row| {
        let json: Option<String> = row.get("after")?;
        if let Some(found) = json.and_then(|json| serde_json::from_str(&json).ok()) {
            limits.insert(row.get("subject")?, found);
        }
        Ok(())
    })?;
    Ok(limits)
}

pub(super) const CHANGES: &[Column] = &[
    column("at", Time, "When."),
    column(
        "kind",
        Text,
        "`limits`, `switch` (stops), `breaker`, `restriction`, `locate`, `account` (standing), `alarm` or `refused_command`.",
    ),
    column("firm", Text, "The firm it concerns; empty for the house."),
    column("subject", Text, "Whose limits, which switch, which account."),
    column("version", Integer, "Version of the limits from here on."),
    column(
        "cause",
        Text,
        "`configured`, `approved`, `emergency` (an override), `reverted`, `declined`; `stopped`, `released`, `restricted`, `lifted`, `raised`; or why nothing changed.",
    ),
    column("maker", Text, "Who asked."),
    column("checker", Text, "Who decided."),
    column("before", Text, "As it was."),
    column("after", Text, "As it is from here on."),
    column("reason", Text, "Why."),
];

pub(super) fn changes(source: &Source, p: &ReportParameters, rows: &mut Rows<'_>) -> Result<(), ReportError> {
    let query = Query::of_events("SELECT * FROM control_event", "1", source.position(), p);
    source.each(query, |row| {
        let text = |column| row.get::<_, Option<String>>(column).map(Cell::from);
        rows.put([
            instant(row, "at")?.into(),
            text("kind")?,
            text("firm")?,
            text("subject")?,
            row.get::<_, Option<i64>>("version")?.into(),
            text("cause")?,
            text("maker")?,
            text("checker")?,
            text("before")?,
            text("after")?,
            text("reason")?,
        ])
    })
}

pub(super) const BREACHES: &[Column] = &[
    column("firm", Text, "The firm."),
    column("account", Text, "The account."),
    column("code", Text, "The control that refused, as in Text(58)."),
    column("count", Integer, "Orders and changes that it refused."),
    column("notional", Decimal, "Their price times quantity, of those that had a price."),
    column("first", Time, "The first."),
    column("last", Time, "The last."),
    column("example", Text, "The last one's words."),
];

/// What a control refused of an account.
struct Breach {
    count: i64,
    notional: i128,
    first: Timestamp,
    last: Timestamp,
    example: String,
}

pub(super) fn breaches(
    source: &Source,
    p: &ReportParameters,
    rows: &mut Rows<'_>,
) -> Result<(), ReportError> {
    let mut all: BTreeMap<[String; 3], Breach> = BTreeMap::new();
    let query = Query::of_events("SELECT * FROM order_event", REFUSED, source.position(), p);
    source.each(query, |row| {
        let code: String = row.get("code")?;
        if !Refusal::ALL.iter().any(|refusal| refusal.code() == code && refusal.is_risk_control()) {
            return Ok(());
        }
        let (at, account): (_, Option<String>) = (instant(row, "at")?, row.get("account")?);
        let key = [row.get("firm")?, account.unwrap_or_default(), code];
        let new = Breach { count: 0, notional: 0, first: at, last: at, example: String::new() };
        let breach = all.entry(key).or_insert(new);
        breach.count += 1;
        breach.last = at;
        breach.example = row.get::<_, Option<String>>("detail")?.unwrap_or_default();
        if let (Some(price), Some(qty)) = (optional_amount(row, "price")?, optional_amount(row, "qty")?) {
            breach.notional += value(price, qty.units());
        }
        Ok(())
    })?;
    for ([firm, account, code], b) in all {
        let notional = Amount::from_units(b.notional);
        rows.put([
            firm.into(),
            account.into(),
            code.into(),
            b.count.into(),
            notional.into(),
            b.first.into(),
            b.last.into(),
            b.example.into(),
        ])?;
    }
    Ok(())
}
