//! What accounts have of instruments at average cost, and what came of it: one net position an account and instrument
//! (EXE-17, EXE-22). Carried in memory with every fill and written once a batch. A trade that is undone or corrected long
//! after it was made changes all that came of it since: then the position is made anew from its fills as they stand.

use super::books::amount;
use super::text::text;
use super::{ReadModel, RowFilter, Slice};
use crate::average_cost::{AverageCost, value};
use crate::word::word;
use assay_event_log::Record;
use assay_trading_types::{
    AccountId, Amount, Event, ExecType, ExecutionReported, OrdStatus, Posted, Price, Qty, Side, Symbol,
    Timestamp, TransferKind, TransferReason,
};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Entries that move units otherwise than by a trade.
pub(crate) const IS_MOVE: &str =
    "amount <> '0' AND reason NOT IN ('trade_asset', 'trade_reversal', 'trade_correction')";

/// Names one position.
type Key = (AccountId, Symbol);

/// Where a position stands in [`Positions`].
type Place = usize;

/// All positions as they stand at the place reached.
#[derive(Debug, Default)]
pub(super) struct Positions {
    standings: Vec<Standing>,
    places: HashMap<Key, Place>,
    /// Reference prices; a listed instrument without one has none here.
    prices: HashMap<Symbol, Option<Amount>>,
    /// What accounts have of currencies, and of what may be listed yet.
    early: HashSet<Key>,
    /// Not written yet.
    changed: Vec<Place>,
    /// To be made anew from their fills.
    amended: BTreeSet<Place>,
}

#[derive(Debug)]
struct Standing {
    key: Key,
    figures: Figures,
    is_changed: bool,
}

/// What an account has of an instrument, and what it did in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Units and their cost.
    pub(crate) held: AverageCost,
    /// Gained by closing, in billionths; before commission.
    pub(crate) realised: i128,
    /// Since when it has some on this side.
    pub(crate) opened: Option<Timestamp>,
    /// Price of the last fill.
    pub(crate) last_price: Option<Amount>,
    /// Fills.
    pub(crate) fills: u64,
    /// Price times quantity of them, in billionths.
    pub(crate) traded: i128,
    /// Those of them that closed something.
    pub(crate) closings: u64,
    /// Those of these that closed it at a gain.
    pub(crate) gains: u64,
    /// Those of these that closed it at a loss.
    pub(crate) losses: u64,
    /// Orders that the market took.
    pub(crate) orders: u64,
    /// Those of them that were filled to the end.
    pub(crate) filled: u64,
    /// Position of the last record that changed it.
    pub(crate) version: u64,
    /// When that was.
    pub(crate) updated: Timestamp,
}

impl Figures {
    fn trade(&mut self, is_buy: bool, qty: Qty, price: Price, at: Timestamp) {
        let sign = if is_buy { 1 } else { -1 };
        let (before, notional) = (self.held.qty.signum(), price.notional(qty).units());
        let realised = self.held.trade(sign * qty.as_amount().units(), sign * notional);
        self.fills += 1;
        self.traded += notional;
        self.closings += u64::from(realised.is_some());
        self.gains += u64::from(realised > Some(0));
        self.losses += u64::from(realised.is_some_and(|realised| realised < 0));
        self.realised += realised.unwrap_or_default();
        self.last_price = Some(units(price));
        self.turned(before, at);
    }

    /// Units that came otherwise, or went if negative; at a price, if there is one yet.
    fn transfer(&mut self, units: i128, price: Option<Amount>, at: Timestamp) {
        let before = self.held.qty.signum();
        self.held.transfer(units, price.map_or(0, |price| value(price, units)));
        self.turned(before, at);
    }

    fn turned(&mut self, before: i128, at: Timestamp) {
        match self.held.qty.signum() {
            0 => self.opened = None,
            now if now != before => self.opened = Some(at),
            _ => {}
        }
    }
}

impl Positions {
    /// The positions that stand in a database.
    pub(super) fn load(db: &Connection) -> rusqlite::Result<Self> {
        let mut positions = Self::default();
        let mut statement = db.prepare("SELECT symbol, reference_price FROM instrument")?;
        let prices = statement.query_map([], |row| {
            let price: Option<String> = row.get("reference_price")?;
            Ok((symbol(row)?, price.and_then(|text| Amount::parse(&text).ok())))
        })?;
        positions.prices = prices.collect::<rusqlite::Result<_>>()?;
        let mut statement = db.prepare("SELECT * FROM position ORDER BY id")?;
        let rows = statement.query_map([], |row| {
            let text: String = row.get("account")?;
            let account = AccountId::new(&text).map_err(|_| unreadable("account", &text))?;
            Ok(((account, symbol(row)?), figures(row)?, row.get::<_, bool>("amended")?))
        })?;
        for row in rows {
            let (key, figures, amended) = row?;
            let place = positions.standings.len();
            positions.standings.push(Standing { key, figures, is_changed: false });
            positions.places.insert(key, place);
            if amended {
                positions.amended.insert(place);
            }
        }
        let sql = "SELECT code, asset FROM ledger_account WHERE asset NOT IN (SELECT symbol FROM instrument)";
        let mut statement = db.prepare(sql)?;
        let early = statement.query_map([], |row| {
            let (code, asset): (String, String) = (row.get("code")?, row.get("asset")?);
            Ok(owner(&code).and_then(|account| key(account, &asset)))
        })?;
        positions.early = early.filter_map(Result::transpose).collect::<rusqlite::Result<_>>()?;
        Ok(positions)
    }

    /// Takes in what a record says.
    pub(super) fn apply(&mut self, record: &Record, event: &Event) {
        match event {
            Event::ExecutionReported(e) => self.report(record, e),
            Event::Posted(e) => self.post(record, e),
            Event::ReferencePriceSet(e) => {
                let price = units(e.price);
                if let Some(None) = self.prices.insert(e.symbol, Some(price)) {
                    self.first_price(e.symbol, price);
                }
            }
            Event::InstrumentListed(e) if !self.prices.contains_key(&e.symbol) => {
                self.prices.insert(e.symbol, None);
                for key in self.early.extract_if(|(_, symbol)| *symbol == e.symbol).collect::<Vec<_>>() {
                    self.figures(key, record);
                    self.amend(key);
                }
            }
            _ => {}
        }
    }

    fn report(&mut self, record: &Record, e: &ExecutionReported) {
        let key = (e.terms.account, e.terms.symbol);
        match &e.exec {
            ExecType::New => self.figures(key, record).orders += 1,
            ExecType::Trade(fill) => {
                let figures = self.figures(key, record);
                figures.filled += u64::from(e.status == OrdStatus::Filled);
                figures.trade(e.terms.side.is_buy(), fill.qty, fill.price, record.at);
            }
            ExecType::TradeCanceled { fill, .. } => {
                let was_filled = e.filled.cum_qty.as_amount().units() + fill.qty.as_amount().units()
                    >= e.terms.qty.as_amount().units();
                let figures = self.figures(key, record);
                figures.filled -= u64::from(was_filled).min(figures.filled);
                self.amend(key);
            }
            ExecType::TradeCorrected { .. } => {
                self.figures(key, record);
                self.amend(key);
            }
            _ => {}
        }
    }

    /// Units that are moved otherwise than by a trade, as [`IS_MOVE`] has them; legs in cash move none, and are many.
    fn post(&mut self, record: &Record, e: &Posted) {
        use TransferReason as R;
        for t in &e.transfers {
            let moves =
                matches!(t.kind, TransferKind::Plain | TransferKind::Post { .. }) && t.amount > Amount::ZERO;
            let trades = matches!(
                t.reason,
                R::TradeAsset | R::TradeCash | R::Commission | R::TradeReversal | R::TradeCorrection
            );
            let (from, to) = (owner(t.debit.as_str()), owner(t.credit.as_str()));
            if !moves || trades || from == to {
                continue;
            }
            for (account, units) in [(from, -t.amount.units()), (to, t.amount.units())] {
                let Some(key) = account.and_then(|account| key(account, t.asset.as_str())) else { continue };
                match self.prices.get(&key.1).copied() {
                    Some(price) => self.figures(key, record).transfer(units, price, record.at),
                    None => drop(self.early.insert(key)),
                }
            }
        }
    }

    /// What came before there was a price cost what the first one says.
    fn first_price(&mut self, symbol: Symbol, price: Amount) {
        for place in 0..self.standings.len() {
            let Standing { key, figures, .. } = &mut self.standings[place];
            if key.1 == symbol && figures.fills == 0 && figures.held.qty != 0 {
                figures.held.cost = value(price, figures.held.qty);
                self.change(place);
            }
        }
    }

    fn figures(&mut self, key: Key, record: &Record) -> &mut Figures {
        let next = self.standings.len();
        let place = *self.places.entry(key).or_insert(next);
        if place == next {
            self.standings.push(Standing { key, figures: Figures::default(), is_changed: false });
        }
        self.change(place);
        let figures = &mut self.standings[place].figures;
        (figures.version, figures.updated) = (record.position.0, record.at);
        figures
    }

    fn change(&mut self, place: Place) {
        if !std::mem::replace(&mut self.standings[place].is_changed, true) {
            self.changed.push(place);
        }
    }

    fn amend(&mut self, key: Key) {
        if let Some(place) = self.places.get(&key) {
            self.amended.insert(*place);
        }
    }

    /// Writes what changed since the last time. What was amended is made anew as soon as its fills can be found: a rebuild has
    /// no index until its end.
    pub(super) fn flush(&mut self, db: &Connection, is_indexed: bool) -> rusqlite::Result<()> {
        if is_indexed {
            for place in std::mem::take(&mut self.amended) {
                self.change(place);
                let Standing { key, figures, .. } = &mut self.standings[place];
                remake(db, *key, figures)?;
            }
        }
        let mut statement = db.prepare_cached(POSITION)?;
        for place in std::mem::take(&mut self.changed) {
            let Standing { key: (account, symbol), figures: f, is_changed } = &mut self.standings[place];
            *is_changed = false;
            let amounts =
                [f.held.qty, f.held.cost, f.realised, f.traded].map(|n| text(Amount::from_units(n)));
            let [qty, cost, realised, traded] = &amounts;
            let counts = [f.fills, f.closings, f.gains, f.losses, f.orders, f.filled, f.version];
            let [fills, closings, gains, losses, orders, filled, version] = counts.map(u64::cast_signed);
            statement.execute(params![
                place as i64 + 1,
                account.as_str(),
                symbol.as_str(),
                word(&PositionSide::of(f.held.qty)),
                qty.as_str(),
                cost.as_str(),
                realised.as_str(),
                f.opened.map(|at| at.as_ns()),
                f.last_price.map(text).as_deref(),
                fills,
                traded.as_str(),
                closings,
                gains,
                losses,
                orders,
                filled,
                version,
                f.updated.as_ns(),
                self.amended.contains(&place),
            ])?;
        }
        Ok(())
    }
}

const POSITION: &str = "INSERT INTO position SELECT ?1,(SELECT firm FROM firm_account WHERE account = ?2),?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,\
     ?12,?13,?14,?15,?16,?17,?18,?19 WHERE 1 ON CONFLICT (id) DO UPDATE SET side = ?4, qty = ?5, cost = ?6, realised = ?7, opened = ?8, \
     last_price = ?9, fills = ?10, traded = ?11, closings = ?12, gains = ?13, losses = ?14, orders = ?15, filled = ?16, version = ?17, \
     updated = ?18, amended = ?19";

/// Which side a position is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PositionSide {
    Long,
    Short,
    /// It is closed.
    Flat,
}

impl PositionSide {
    pub(crate) const ALL: [Self; 3] = [Self::Long, Self::Short, Self::Flat];

    fn of(qty: i128) -> Self {
        match qty.signum() {
            0 => Self::Flat,
            1 => Self::Long,
            _ => Self::Short,
        }
    }
}

/// Makes anew what came of fills and moves. Orders are counted as they come, and stay.
fn remake(db: &Connection, key: Key, figures: &mut Figures) -> rusqlite::Result<()> {
    let mut made = Figures {
        orders: figures.orders,
        filled: figures.filled,
        version: figures.version,
        updated: figures.updated,
        ..Figures::default()
    };
    let mut moves = moves(db, key)?.into_iter().peekable();
    let sql = "SELECT side, qty, price, at FROM execution WHERE account = ?1 AND symbol = ?2 ORDER BY id";
    let mut statement = db.prepare_cached(sql)?;
    let mut fills = statement.query([key.0.as_str(), key.1.as_str()])?;
    while let Some(row) = fills.next()? {
        let at = Timestamp::from_ns(row.get("at")?);
        while let Some(m) = moves.next_if(|m| m.at < at) {
            made.transfer(m.units, m.price, m.at);
        }
        let is_buy = row.get::<_, String>("side")? == word(&Side::Buy);
        let (qty, price): (String, String) = (row.get("qty")?, row.get("price")?);
        let qty = Qty::parse(&qty).map_err(|_| unreadable("qty", &qty))?;
        let price = Price::parse(&price).map_err(|_| unreadable("price", &price))?;
        made.trade(is_buy, qty, price, at);
    }
    for m in moves {
        made.transfer(m.units, m.price, m.at);
    }
    *figures = made;
    Ok(())
}

/// Units that came or went otherwise than by a trade.
struct Move {
    at: Timestamp,
    units: i128,
    price: Option<Amount>,
}

fn moves(db: &Connection, (account, symbol): Key) -> rusqlite::Result<Vec<Move>> {
    let owned =
        "SELECT id FROM ledger_account WHERE asset = ?2 AND code IN ('client:' || ?1, 'collateral:' || ?1)";
    let sql = format!(
        "SELECT e.at, e.amount, e.debit_code, e.credit_code, coalesce( \
           (SELECT p.price FROM price_event p WHERE p.symbol = ?2 AND p.at <= e.at ORDER BY p.position DESC LIMIT 1), \
           (SELECT p.price FROM price_event p WHERE p.symbol = ?2 ORDER BY p.position LIMIT 1)) AS price \
         FROM entry_with_codes e WHERE (e.debit IN ({owned}) OR e.credit IN ({owned})) AND {IS_MOVE} ORDER BY e.at, e.id"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([account.as_str(), symbol.as_str()])?;
    let mut moves = Vec::new();
    while let Some(row) = rows.next()? {
        let codes: [String; 2] = [row.get("debit_code")?, row.get("credit_code")?];
        let [from, to] = [&codes[0], &codes[1]].map(|code| owner(code) == Some(account.as_str()));
        let (at, units) = (Timestamp::from_ns(row.get("at")?), amount(row, "amount")?.units());
        let price: Option<String> = row.get("price")?;
        let price = price.and_then(|text| Amount::parse(&text).ok());
        match (from, to) {
            (true, false) => moves.push(Move { at, units: -units, price }),
            (false, true) => moves.push(Move { at, units, price }),
            _ => {} // Pledged or given back: it is still the account's.
        }
    }
    Ok(moves)
}

/// The trading account whose units stand on an account of the books: what is pledged is still its own.
pub(crate) fn owner(code: &str) -> Option<&str> {
    code.strip_prefix("client:").or_else(|| code.strip_prefix("collateral:"))
}

fn key(account: &str, asset: &str) -> Option<Key> {
    Some((AccountId::new(account).ok()?, Symbol::new(asset).ok()?))
}

fn units(price: Price) -> Amount {
    Amount::from_units(price.units().into())
}

fn unreadable(column: &str, text: &str) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnName(format!("{column}: {text}"))
}

fn symbol(row: &Row<'_>) -> rusqlite::Result<Symbol> {
    let text: String = row.get("symbol")?;
    Symbol::new(&text).map_err(|_| unreadable("symbol", &text))
}

fn figures(row: &Row<'_>) -> rusqlite::Result<Figures> {
    let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let last_price: Option<String> = row.get("last_price")?;
    Ok(Figures {
        held: AverageCost { qty: amount(row, "qty")?.units(), cost: amount(row, "cost")?.units() },
        realised: amount(row, "realised")?.units(),
        opened: row.get::<_, Option<i64>>("opened")?.map(Timestamp::from_ns),
        last_price: last_price.map(|_| amount(row, "last_price")).transpose()?,
        fills: count("fills")?,
        traded: amount(row, "traded")?.units(),
        closings: count("closings")?,
        gains: count("gains")?,
        losses: count("losses")?,
        orders: count("orders")?,
        filled: count("filled")?,
        version: count("version")?,
        updated: Timestamp::from_ns(row.get("updated")?),
    })
}

/// A position, and what it is worth.
pub(crate) struct PositionRow {
    pub(crate) id: i64,
    pub(crate) firm: Option<String>,
    pub(crate) account: String,
    pub(crate) symbol: String,
    pub(crate) currency: Option<String>,
    pub(crate) figures: Figures,
    /// The reference price, else that of the last fill.
    pub(crate) price: Option<Amount>,
    /// When the reference price was set.
    pub(crate) price_at: Option<Timestamp>,
}

impl PositionRow {
    /// Which side it is on.
    pub(crate) fn side(&self) -> PositionSide {
        PositionSide::of(self.figures.held.qty)
    }

    /// Price times units, in billionths.
    pub(crate) fn value(&self) -> Option<i128> {
        self.price.map(|price| value(price, self.figures.held.qty))
    }

    /// What closing all of it at the price would gain, in billionths.
    pub(crate) fn unrealised(&self) -> Option<i128> {
        self.value().map(|value| value - self.figures.held.cost)
    }
}

impl RowFilter {
    /// Positions on a side; those that are open, if none is named.
    pub(crate) fn on_side(self, side: Option<PositionSide>) -> Self {
        match side {
            Some(side) => self.equal("side", Some(&word(&side))),
            None => self.unequal("side", &word(&PositionSide::Flat)),
        }
    }
}

/// Positions beside what their instruments trade in and at.
const VALUED: &str = "(SELECT p.*, i.currency, i.reference_price, i.reference_at FROM position p \
     LEFT JOIN instrument i ON i.symbol = p.symbol)";

impl ReadModel {
    /// Positions in the order they first came to be.
    pub(crate) fn positions(&self, filter: RowFilter, slice: &Slice) -> rusqlite::Result<Vec<PositionRow>> {
        let after = slice.after.as_deref().map(|text| Value::Integer(text.parse().unwrap_or_default()));
        self.rows(VALUED, "id", filter, after, slice, position)
    }

    /// One position.
    pub(crate) fn account_position(
        &self,
        account: &str,
        symbol: &str,
    ) -> rusqlite::Result<Option<PositionRow>> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached(&format!("SELECT * FROM {VALUED} WHERE account = ?1 AND symbol = ?2"))?;
        statement.query_row([account, symbol], position).optional()
    }
}

/// Calls `each` with every position that a filter lets through.
pub(crate) fn each_position(
    db: &Connection,
    filter: RowFilter,
    mut each: impl FnMut(PositionRow),
) -> rusqlite::Result<()> {
    filter.each(db, VALUED, |row| {
        each(position(row)?);
        Ok(())
    })
}

fn position(row: &Row<'_>) -> rusqlite::Result<PositionRow> {
    let figures = figures(row)?;
    let reference: Option<String> = row.get("reference_price")?;
    let reference = reference.map(|_| amount(row, "reference_price")).transpose()?;
    Ok(PositionRow {
        id: row.get("id")?,
        firm: row.get("firm")?,
        account: row.get("account")?,
        symbol: row.get("symbol")?,
        currency: row.get("currency")?,
        price: reference.or(figures.last_price),
        price_at: row.get::<_, Option<i64>>("reference_at")?.map(Timestamp::from_ns),
        figures,
    })
}
