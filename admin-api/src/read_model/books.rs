//! The books as rows: accounts, entries and open holds, made from the postings of `ledger`.
//!
//! Balances are carried in memory and written once a batch. Every transfer becomes one entry that both of its accounts are
//! found by, with how each stood after it.

use crate::word::word;
use assay_event_log::Record;
use assay_trading_types::{
    AccountId, Amount, Asset, ExecType, ExecutionReported, LedgerCode, Movement, MovementKind,
    MovementStatus, OrderId, Posted, Symbol, Timestamp, Transfer, TransferId, TransferKind, VenueTaker,
    VenueTraded,
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

#[derive(Debug)]
struct Account {
    id: i64,
    sums: Sums,
}

#[derive(Debug)]
struct Hold {
    debit: (LedgerCode, Asset),
    credit: (LedgerCode, Asset),
    remaining: Amount,
    order: Option<OrderId>,
    movement: Option<String>,
}

/// The books as they stand at the position reached.
#[derive(Debug, Default)]
pub(super) struct Books {
    accounts: HashMap<(LedgerCode, Asset), Account>,
    holds: BTreeMap<TransferId, Hold>,
    /// What instruments trade in.
    currencies: HashMap<Symbol, Asset>,
    /// Last day that has an entry (days since 1970, UTC).
    day: i64,
    changed_accounts: BTreeSet<(LedgerCode, Asset)>,
    changed_holds: BTreeSet<TransferId>,
}

impl Books {
    /// The books that stand in a database.
    pub(super) fn load(db: &Connection) -> rusqlite::Result<Self> {
        let mut books = Self::default();
        let mut statement = db.prepare("SELECT * FROM ledger_account")?;
        let accounts = statement.query_map([], |row| {
            let key = (code(row, "code")?, asset(row, "asset")?);
            Ok((key, Account { id: row.get("id")?, sums: sums(row)? }))
        })?;
        books.accounts = accounts.collect::<rusqlite::Result<_>>()?;
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
            let sums = self.sums_mut((code, asset));
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
            let sums = self.sums_mut((code, asset));
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
            let sums = self.sums_mut((code, asset));
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
        for (n, transfer) in posted.transfers.iter().enumerate() {
            let (moved, reserved) = self.effect(transfer, posted);
            self.shift(transfer, moved, reserved);
            if posted.movement.is_some() {
                self.shift_money(transfer, moved);
            }
            self.enter(db, first + n as i64, record.at, (transfer, posted), (moved, reserved))?;
        }
        Ok(())
    }

    /// Writes what changed since the last time.
    pub(super) fn flush(&mut self, db: &Connection) -> rusqlite::Result<()> {
        for key in std::mem::take(&mut self.changed_accounts) {
            let Account { id, sums: s } = &self.accounts[&key];
            let owner = key.0.strip_prefix("client:");
            let sums = [s.debits, s.credits, s.held, s.expected, s.traded, s.executed, s.moved, s.instructed];
            let [debits, credits, held, expected, traded, executed, moved, instructed] =
                sums.map(|a| a.to_string());
            let sql = "INSERT INTO ledger_account SELECT ?1, ?2, ?3, ?4, (SELECT firm FROM firm_account WHERE account = ?4), \
                       ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 WHERE 1 ON CONFLICT (id) DO UPDATE \
                       SET debits = ?5, credits = ?6, held = ?7, expected = ?8, traded = ?9, executed = ?10, moved = ?11, \
                       instructed = ?12";
            let (code, asset) = (key.0.as_str(), key.1.as_str());
            db.prepare_cached(sql)?.execute(params![
                id, code, asset, owner, debits, credits, held, expected, traded, executed, moved, instructed
            ])?;
        }
        for id in std::mem::take(&mut self.changed_holds) {
            self.write_hold(db, id)?;
        }
        Ok(())
    }

    fn write_hold(&self, db: &Connection, id: TransferId) -> rusqlite::Result<()> {
        let name = format!("{:032x}", id.0);
        let Some(hold) = self.holds.get(&id) else {
            return db.prepare_cached("DELETE FROM ledger_hold WHERE id = ?1")?.execute([name]).map(drop);
        };
        let sql = "INSERT INTO ledger_hold VALUES (?1,?2,?3,?4,?5,?6,?7) ON CONFLICT (id) DO UPDATE SET remaining = ?5";
        let order = hold.order.map(|id| id.as_u64().cast_signed());
        let (debit, credit) = (hold.debit.0.as_str(), hold.credit.0.as_str());
        let (asset, remaining) = (hold.debit.1.as_str(), hold.remaining.to_string());
        db.prepare_cached(sql)?
            .execute(params![name, debit, credit, asset, remaining, order, hold.movement])
            .map(drop)
    }

    /// What a transfer moves, and by how much it changes what is reserved.
    fn effect(&mut self, t: &Transfer, posted: &Posted) -> (Amount, Amount) {
        match t.kind {
            TransferKind::Plain => (t.amount, Amount::ZERO),
            TransferKind::Pending => {
                let (debit, credit) = ((t.debit, t.asset), (t.credit, t.asset));
                let movement = posted.movement.map(|id| id.to_string());
                let hold = Hold { debit, credit, remaining: t.amount, order: posted.order_id, movement };
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
        if hold.remaining == Amount::ZERO {
            self.holds.remove(&id);
        }
        self.changed_holds.insert(id);
        drawn
    }

    fn shift(&mut self, t: &Transfer, moved: Amount, reserved: Amount) {
        let is_trade = [t.debit, t.credit].iter().any(|code| code.as_str() == CLEARING);
        let by_trade = if is_trade { moved } else { Amount::ZERO };
        let debit = self.sums_mut((t.debit, t.asset));
        debit.debits = plus(debit.debits, moved);
        debit.held = plus(debit.held, reserved);
        let credit = self.sums_mut((t.credit, t.asset));
        credit.credits = plus(credit.credits, moved);
        credit.expected = plus(credit.expected, reserved);
        if by_trade != Amount::ZERO {
            let debit = self.sums_mut((trader(t.debit), t.asset));
            debit.traded = less(debit.traded, by_trade);
            let credit = self.sums_mut((trader(t.credit), t.asset));
            credit.traded = plus(credit.traded, by_trade);
        }
    }

    fn shift_money(&mut self, t: &Transfer, moved: Amount) {
        let debit = self.sums_mut((t.debit, t.asset));
        debit.moved = less(debit.moved, moved);
        let credit = self.sums_mut((t.credit, t.asset));
        credit.moved = plus(credit.moved, moved);
    }

    fn sums_mut(&mut self, key: (LedgerCode, Asset)) -> &mut Sums {
        let next = self.accounts.len() as i64 + 1;
        self.changed_accounts.insert(key);
        &mut self.accounts.entry(key).or_insert(Account { id: next, sums: Sums::default() }).sums
    }

    fn enter(
        &self,
        db: &Connection,
        id: i64,
        at: Timestamp,
        (t, posted): (&Transfer, &Posted),
        (moved, reserved): (Amount, Amount),
    ) -> rusqlite::Result<()> {
        let account = |code| &self.accounts[&(code, t.asset)];
        let (debit, credit) = (account(t.debit), account(t.credit));
        let sql = "INSERT INTO ledger_entry VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)";
        db.prepare_cached(sql)?
            .execute(params![
                id,
                at.as_ns(),
                format!("{:032x}", t.id.0),
                debit.id,
                credit.id,
                t.debit.as_str(),
                t.credit.as_str(),
                moved.to_string(),
                word(&t.reason),
                reserved.to_string(),
                debit.sums.balance().to_string(),
                debit.sums.held.to_string(),
                credit.sums.balance().to_string(),
                credit.sums.held.to_string(),
                reference(posted),
            ])
            .map(drop)
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

/// Who trades through an account: what a client borrows or gives back is the client's trade.
fn trader(code: LedgerCode) -> LedgerCode {
    let Some(account) = code.strip_prefix(BORROWED) else { return code };
    let mut client = LedgerCode::new();
    client.push_str("client:");
    client.push_str(account);
    client
}

/// What a posting belongs to, by its own name.
fn reference(posted: &Posted) -> Option<String> {
    let of_money = posted.movement.map(|id| id.to_string()).or_else(|| posted.loan.map(|id| id.to_string()));
    of_money.or_else(|| posted.order_id.map(|id| id.to_string()))
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
