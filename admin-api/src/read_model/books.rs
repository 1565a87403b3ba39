//! The books as rows: accounts, entries and open holds, made from the postings of `ledger`.
//!
//! Balances are carried in memory and written once a batch. Every transfer becomes one entry that both of its accounts are
//! found by, with how each stood after it.

use super::rows::{Cell, Rows};
use super::text::{Text, text};
use super::trading::run;
use crate::word::word;
use assay_event_log::Record;
use assay_trading_types::{
    AccountId, Amount, Asset, ExecType, ExecutionReported, LedgerCode, LoanId, Movement, MovementId,
    MovementKind, MovementStatus, OrderId, Posted, Symbol, Timestamp, Transfer, TransferId, TransferKind,
    TransferReason, VenueTaker, VenueTraded,
};
use rusqlite::{Connection, Row, params};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Entries that one record can have: its id is the record's position times this, and its place there.
pub(crate) const ENTRIES_OF_RECORD: i64 = 1_024;

/// The account that trades go through.
const CLEARING: &str = "clearing";

/// Comes before the names of accounts whose loans of shares the books keep.
const BORROWED: &str = "borrowed:";

/// What stands on one account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Posted debits.
    pub(crate) debits: Amount,
    /// Posted credits.
    pub(crate) credits: Amount,
    /// Reserved of the balance.
    pub(crate) held: Amount,
    /// What others' holds will bring.
    pub(crate) expected: Amount,
    /// Credits less debits against clearing, as the postings have them.
    pub(crate) traded: Amount,
    /// The same as the execution reports have it.
    pub(crate) executed: Amount,
    /// Credits less debits by movements, as the postings have them.
    pub(crate) moved: Amount,
    /// The same as the movements were decided.
    pub(crate) instructed: Amount,
}

impl Sums {
    /// Credits less debits.
    pub(crate) fn balance(&self) -> Amount {
        less(self.credits, self.debits)
    }
}

/// Names one account.
type Key = (LedgerCode, Asset);

/// Where an account stands in [`Books`].
type Place = usize;

#[derive(Debug)]
struct Account {
    id: i64,
    key: Key,
    sums: Sums,
    is_changed: bool,
}

#[derive(Debug)]
struct Hold {
    debit: Key,
    credit: Key,
    remaining: Amount,
    order: Option<OrderId>,
    movement: Option<String>,
    /// Whether it has a row.
    is_written: bool,
}

/// A transfer, and how its accounts stood after it.
#[derive(Debug)]
struct Entry {
    id: i64,
    at: Timestamp,
    transfer: TransferId,
    reason: TransferReason,
    moved: Amount,
    reserved: Amount,
    debit: Stand,
    credit: Stand,
    reference: Option<Reference>,
}

/// How an account stood.
#[derive(Debug)]
struct Stand {
    account: Place,
    balance: Amount,
    held: Amount,
}

/// What a posting belongs to.
#[derive(Debug)]
enum Reference {
    Movement(MovementId),
    Loan(LoanId),
    Order(OrderId),
}

/// The books as they stand at the position reached.
#[derive(Debug, Default)]
pub(super) struct Books {
    accounts: Vec<Account>,
    places: HashMap<Key, Place>,
    holds: BTreeMap<TransferId, Hold>,
    /// What instruments trade in.
    currencies: HashMap<Symbol, Asset>,
    /// Last day that has an entry (days since 1970, UTC).
    day: i64,
    /// Not written yet, and so below.
    entries: Vec<Entry>,
    changed_accounts: Vec<Place>,
    changed_holds: BTreeSet<TransferId>,
    /// Holds with a row that are used up.
    ended_holds: Vec<TransferId>,
}

impl Books {
    /// The books that stand in a database.
    pub(super) fn load(db: &Connection) -> rusqlite::Result<Self> {
        let mut books = Self::default();
        let mut statement = db.prepare("SELECT * FROM ledger_account ORDER BY id")?;
        let accounts = statement.query_map([], |row| {
            let key = (code(row, "code")?, asset(row, "asset")?);
            Ok(Account { id: row.get("id")?, key, sums: sums(row)?, is_changed: false })
        })?;
        books.accounts = accounts.collect::<rusqlite::Result<_>>()?;
        books.places = books.accounts.iter().map(|account| account.key).zip(0..).collect();
        let mut statement = db.prepare("SELECT * FROM ledger_hold")?;
        let holds = statement.query_map([], |row| {
            let asset = asset(row, "asset")?;
            let order: Option<i64> = row.get("order_id")?;
            let hold = Hold {
                debit: (code(row, "debit")?, asset),
                credit: (code(row, "credit")?, asset),
                remaining: amount(row, "remaining")?,
                order: order.map(|id| super::trading::order_id(id.cast_unsigned())),
                movement: row.get("movement")?,
                is_written: true,
            };
            let id: String = row.get("id")?;
            Ok((TransferId(u128::from_str_radix(&id, 16).unwrap_or_default()), hold))
        })?;
        books.holds = holds.collect::<rusqlite::Result<_>>()?;
        let mut statement = db.prepare("SELECT symbol, currency FROM instrument")?;
        let listed = statement.query_map([], |row| {
            let symbol: String = row.get("symbol")?;
            Ok(Symbol::new(&symbol).ok().zip(asset(row, "currency").ok()))
        })?;
        books.currencies = listed.filter_map(Result::transpose).collect::<rusqlite::Result<_>>()?;
        books.day = db.query_row("SELECT coalesce(max(day), 0) FROM ledger_day", [], |row| row.get(0))?;
        Ok(books)
    }

    /// An instrument trades in a currency.
    pub(super) fn list(&mut self, symbol: Symbol, currency: Asset) {
        self.currencies.insert(symbol, currency);
    }

    /// Takes in what an execution report says of both legs; the postings must come to the same.
    pub(super) fn execute(&mut self, e: &ExecutionReported) {
        let (units, cash) = match &e.exec {
            ExecType::Trade(fill) => (fill.qty.as_amount(), fill.price.notional(fill.qty)),
            ExecType::TradeCanceled { fill, .. } => {
                (negative(fill.qty.as_amount()), negative(fill.price.notional(fill.qty)))
            }
            ExecType::TradeCorrected { fill, before, .. } => {
                (Amount::ZERO, less(fill.price.notional(fill.qty), before.notional(fill.qty)))
            }
            _ => return,
        };
        let (units, cash) =
            if e.terms.side.is_buy() { (units, negative(cash)) } else { (negative(units), cash) };
        let traded = Asset::new(e.terms.symbol.as_str()).ok().map(|asset| (asset, units));
        let paid = self.currencies.get(&e.terms.symbol).map(|currency| (*currency, cash));
        let mut code = LedgerCode::new();
        code.push_str("client:");
        code.push_str(e.terms.account.as_str());
        for (asset, amount) in traded.into_iter().chain(paid) {
            let sums = self.sums_of((code, asset));
            sums.executed = plus(sums.executed, amount);
        }
    }

    /// Takes in what a venue had on the other side of a client's fill; the postings must come to the same.
    pub(super) fn trade_at_venue(&mut self, e: &VenueTraded) {
        if e.taker != VenueTaker::Client {
            return;
        }
        let (units, cash) = (e.qty.as_amount(), e.price.notional(e.qty));
        let (units, cash) =
            if e.side.is_buy() != e.undone { (negative(units), cash) } else { (units, negative(cash)) };
        let traded = Asset::new(e.symbol.as_str()).ok().map(|asset| (asset, units));
        let paid = self.currencies.get(&e.symbol).map(|currency| (*currency, cash));
        let mut code = LedgerCode::new();
        code.push_str("venue:");
        code.push_str(e.venue.as_str());
        for (asset, amount) in traded.into_iter().chain(paid) {
            let sums = self.sums_of((code, asset));
            sums.executed = plus(sums.executed, amount);
        }
    }

    /// Takes in a movement that has come to its end; the postings must come to the same. One that is completed already changes
    /// once more when it is undone, and that is the other's.
    pub(super) fn complete(&mut self, movement: &Movement, undone: Option<&Movement>) {
        if movement.status != MovementStatus::Completed || movement.reversed_by.is_some() {
            return;
        }
        for (account, asset, amount) in effects(movement, undone) {
            let mut code = LedgerCode::new();
            code.push_str("client:");
            code.push_str(account.as_str());
            let sums = self.sums_of((code, asset));
            sums.instructed = plus(sums.instructed, amount);
        }
    }

    /// Takes in a record of `ledger`.
    pub(super) fn post(&mut self, db: &Connection, record: &Record, posted: &Posted) -> rusqlite::Result<()> {
        let first = record.position.0.cast_signed() * ENTRIES_OF_RECORD;
        if record.at.day() > self.day && !posted.transfers.is_empty() {
            self.day = record.at.day();
            db.prepare_cached("INSERT INTO ledger_day VALUES (?1, ?2)")?.execute(params![self.day, first])?;
        }
        for (n, transfer) in (0..).zip(&posted.transfers) {
            let (moved, reserved) = self.effect(transfer, posted);
            let debit = self.place((transfer.debit, transfer.asset));
            let credit = self.place((transfer.credit, transfer.asset));
            self.shift((debit, credit), moved, reserved);
            if [transfer.debit, transfer.credit].iter().any(|code| code.as_str() == CLEARING) {
                self.shift_trade(transfer, (debit, credit), moved);
            }
            if posted.movement.is_some() {
                self.shift_money((debit, credit), moved);
            }
            self.entries.push(Entry {
                id: first + n,
                at: record.at,
                transfer: transfer.id,
                reason: transfer.reason,
                moved,
                reserved,
                debit: self.stand(debit),
                credit: self.stand(credit),
                reference: Reference::of(posted),
            });
        }
        Ok(())
    }

    /// Writes what changed since the last time.
    pub(super) fn flush(&mut self, db: &Connection) -> rusqlite::Result<()> {
        self.write_entries(db)?;
        for place in std::mem::take(&mut self.changed_accounts) {
            self.accounts[place].is_changed = false;
            self.accounts[place].write(db)?;
        }
        for id in std::mem::take(&mut self.ended_holds) {
            run(db, "DELETE FROM ledger_hold WHERE id = ?1", [text(id).as_str()])?;
        }
        for id in std::mem::take(&mut self.changed_holds) {
            if let Some(hold) = self.holds.get_mut(&id) {
                hold.write(db, id)?;
            }
        }
        Ok(())
    }

    fn write_entries(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let mut rows = Entries::into(db, "entry", "");
        for entry in std::mem::take(&mut self.entries) {
            let (debit, credit) = (&self.accounts[entry.debit.account], &self.accounts[entry.credit.account]);
            entry.write(&mut rows, debit, credit)?;
        }
        rows.flush()
    }

    /// What a transfer moves, and by how much it changes what is reserved.
    fn effect(&mut self, t: &Transfer, posted: &Posted) -> (Amount, Amount) {
        match t.kind {
            TransferKind::Plain => (t.amount, Amount::ZERO),
            TransferKind::Pending => {
                let (debit, credit) = ((t.debit, t.asset), (t.credit, t.asset));
                let movement = posted.movement.map(|id| id.to_string());
                let (remaining, order) = (t.amount, posted.order_id);
                let hold = Hold { debit, credit, remaining, order, movement, is_written: false };
                self.holds.insert(t.id, hold);
                self.changed_holds.insert(t.id);
                (Amount::ZERO, t.amount)
            }
            TransferKind::Post { pending, release_rest } => {
                (t.amount, negative(self.draw(pending, (!release_rest).then_some(t.amount))))
            }
            TransferKind::Void { pending } => (Amount::ZERO, negative(self.draw(pending, Some(t.amount)))),
        }
    }

    /// Takes some of a hold, or all that remains.
    fn draw(&mut self, id: TransferId, amount: Option<Amount>) -> Amount {
        let Some(hold) = self.holds.get_mut(&id) else { return Amount::ZERO };
        let drawn = amount.unwrap_or(hold.remaining).min(hold.remaining);
        hold.remaining = less(hold.remaining, drawn);
        if hold.remaining > Amount::ZERO {
            self.changed_holds.insert(id);
            return drawn;
        }
        if hold.is_written {
            self.ended_holds.push(id);
        }
        self.holds.remove(&id);
        self.changed_holds.remove(&id);
        drawn
    }

    fn shift(&mut self, (debit, credit): (Place, Place), moved: Amount, reserved: Amount) {
        let debit = self.sums_mut(debit);
        debit.debits = plus(debit.debits, moved);
        debit.held = plus(debit.held, reserved);
        let credit = self.sums_mut(credit);
        credit.credits = plus(credit.credits, moved);
        credit.expected = plus(credit.expected, reserved);
    }

    /// What went to or from clearing is the trade of who stands behind the account.
    fn shift_trade(&mut self, t: &Transfer, (debit, credit): (Place, Place), moved: Amount) {
        if moved == Amount::ZERO {
            return;
        }
        let debit = trader(t.debit).map_or(debit, |code| self.place((code, t.asset)));
        let debit = self.sums_mut(debit);
        debit.traded = less(debit.traded, moved);
        let credit = trader(t.credit).map_or(credit, |code| self.place((code, t.asset)));
        let credit = self.sums_mut(credit);
        credit.traded = plus(credit.traded, moved);
    }

    fn shift_money(&mut self, (debit, credit): (Place, Place), moved: Amount) {
        let debit = self.sums_mut(debit);
        debit.moved = less(debit.moved, moved);
        let credit = self.sums_mut(credit);
        credit.moved = plus(credit.moved, moved);
    }

    /// Where an account stands; opens it when there is none.
    fn place(&mut self, key: Key) -> Place {
        let next = self.accounts.len();
        let place = *self.places.entry(key).or_insert(next);
        if place == next {
            let account = Account { id: next as i64 + 1, key, sums: Sums::default(), is_changed: true };
            self.accounts.push(account);
            self.changed_accounts.push(place);
        }
        place
    }

    fn sums_of(&mut self, key: Key) -> &mut Sums {
        let place = self.place(key);
        self.sums_mut(place)
    }

    fn sums_mut(&mut self, place: Place) -> &mut Sums {
        let account = &mut self.accounts[place];
        if !std::mem::replace(&mut account.is_changed, true) {
            self.changed_accounts.push(place);
        }
        &mut account.sums
    }

    fn stand(&self, account: Place) -> Stand {
        let sums = &self.accounts[account].sums;
        Stand { account, balance: sums.balance(), held: sums.held }
    }
}

impl Account {
    fn write(&self, db: &Connection) -> rusqlite::Result<()> {
        let (code, asset, s) = (self.key.0.as_str(), self.key.1.as_str(), &self.sums);
        let sums = [s.debits, s.credits, s.held, s.expected, s.traded, s.executed, s.moved, s.instructed];
        let [debits, credits, held, expected, traded, executed, moved, instructed] =
            sums.map(|amount| amount.to_string());
        let sql = "INSERT INTO ledger_account SELECT ?1, ?2, ?3, ?4, (SELECT firm FROM firm_account WHERE account = ?4), \
                   ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 WHERE 1 ON CONFLICT (id) DO UPDATE \
                   SET debits = ?5, credits = ?6, held = ?7, expected = ?8, traded = ?9, executed = ?10, moved = ?11, \
                   instructed = ?12";
        let owner = code.strip_prefix("client:");
        run(
            db,
            sql,
            params![
                self.id, code, asset, owner, debits, credits, held, expected, traded, executed, moved,
                instructed
            ],
        )
    }
}

impl Hold {
    fn write(&mut self, db: &Connection, id: TransferId) -> rusqlite::Result<()> {
        let sql = "INSERT INTO ledger_hold VALUES (?1,?2,?3,?4,?5,?6,?7) ON CONFLICT (id) DO UPDATE SET remaining = ?5";
        let order = self.order.map(|id| id.as_u64().cast_signed());
        let (debit, credit) = (self.debit.0.as_str(), self.credit.0.as_str());
        let (asset, name, remaining) = (self.debit.1.as_str(), text(id), text(self.remaining));
        self.is_written = true;
        let values = params![name.as_str(), debit, credit, asset, remaining.as_str(), order, self.movement];
        run(db, sql, values)
    }
}

/// Columns of `entry`.
type Entries<'c> = Rows<'c, 13>;

impl Entry {
    fn write(&self, rows: &mut Entries<'_>, debit: &Account, credit: &Account) -> rusqlite::Result<()> {
        rows.put([
            self.id.into(),
            self.at.as_ns().into(),
            Cell::Bytes(&self.transfer.0.to_be_bytes()),
            debit.id.into(),
            credit.id.into(),
            self.moved.into(),
            (&*word(&self.reason)).into(),
            self.reserved.into(),
            self.debit.balance.into(),
            self.debit.held.into(),
            self.credit.balance.into(),
            self.credit.held.into(),
            self.reference.as_ref().map(Reference::name).as_deref().into(),
        ])
    }
}

impl Reference {
    fn of(posted: &Posted) -> Option<Self> {
        let of_money = posted.movement.map(Self::Movement).or_else(|| posted.loan.map(Self::Loan));
        of_money.or_else(|| posted.order_id.map(Self::Order))
    }

    /// Its own name.
    fn name(&self) -> Text {
        match self {
            Self::Movement(id) => text(id),
            Self::Loan(id) => text(id),
            Self::Order(id) => text(id),
        }
    }
}

/// What a movement brings clients' accounts, or takes if negative.
fn effects(m: &Movement, undone: Option<&Movement>) -> Vec<(AccountId, Asset, Amount)> {
    let paid = |amount: Amount| (m.account, m.asset, negative(amount));
    match m.id.kind() {
        MovementKind::Deposit => vec![(m.account, m.asset, m.amount)],
        MovementKind::Withdrawal => vec![paid(m.amount), paid(m.fee)],
        MovementKind::Fee => vec![paid(m.amount)],
        MovementKind::Transfer => {
            let got = m.to.map(|to| (to.account, m.asset, m.amount));
            std::iter::once(paid(m.amount)).chain(got).collect()
        }
        MovementKind::Conversion => {
            let got = m.converted.map(|to| (m.account, to.asset, to.amount));
            std::iter::once(paid(m.amount)).chain(got).collect()
        }
        MovementKind::Reversal => {
            let undone = undone.map(|original| effects(original, None)).unwrap_or_default();
            undone.into_iter().map(|(account, asset, amount)| (account, asset, negative(amount))).collect()
        }
    }
}

/// Who trades through an account, if it is not its owner: what a client borrows or gives back is the client's trade.
fn trader(code: LedgerCode) -> Option<LedgerCode> {
    let account = code.strip_prefix(BORROWED)?;
    let mut client = LedgerCode::new();
    client.push_str("client:");
    client.push_str(account);
    Some(client)
}

/// The books' own counters have bounds far inside of what an amount holds.
fn plus(a: Amount, b: Amount) -> Amount {
    Amount::from_units(a.units() + b.units())
}

fn less(a: Amount, b: Amount) -> Amount {
    Amount::from_units(a.units() - b.units())
}

fn negative(amount: Amount) -> Amount {
    Amount::from_units(-amount.units())
}

pub(crate) fn sums(row: &Row<'_>) -> rusqlite::Result<Sums> {
    Ok(Sums {
        debits: amount(row, "debits")?,
        credits: amount(row, "credits")?,
        held: amount(row, "held")?,
        expected: amount(row, "expected")?,
        traded: amount(row, "traded")?,
        executed: amount(row, "executed")?,
        moved: amount(row, "moved")?,
        instructed: amount(row, "instructed")?,
    })
}

/// An amount as we wrote it.
pub(crate) fn amount(row: &Row<'_>, column: &str) -> rusqlite::Result<Amount> {
    let text: String = row.get(column)?;
    Amount::parse(&text).map_err(|_| rusqlite::Error::InvalidColumnName(format!("{column}: {text}")))
}

fn code(row: &Row<'_>, column: &str) -> rusqlite::Result<LedgerCode> {
    let text: String = row.get(column)?;
    LedgerCode::from(&text).map_err(|_| rusqlite::Error::InvalidColumnName(format!("{column}: {text}")))
}

fn asset(row: &Row<'_>, column: &str) -> rusqlite::Result<Asset> {
    let text: String = row.get(column)?;
    Asset::new(&text).map_err(|_| rusqlite::Error::InvalidColumnName(format!("{column}: {text}")))
}
