//! Statements of the house's banks, and which movement each of their lines is. A statement counts once, a line of an account
//! counts once, and no movement explains two lines.

use super::refused::check_version;
use super::{Changed, Refused};
use assay_trading_types::{
    AdminRefusal, Amount, Asset, BankAction, BankLine, BankLineId, BankStatement, BankStatementId, Command,
    MovementId, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most lines that are kept; then the oldest statement goes whose lines are all explained. The log keeps all.
const LINES_MAX: usize = 200_000;

/// Lines of one statement. A longer one comes in parts, as banks cut them themselves; its record stays below 1 MiB.
pub(crate) const LINES_OF_STATEMENT_MAX: usize = 2_000;

/// A statement without its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Its id.
    pub id: BankStatementId,
    /// The account, as the bank names it.
    pub account: String,
    /// The statement, as the bank names it.
    pub name: String,
    /// The account's currency.
    pub asset: Asset,
    /// SHA-256 of the file, hex.
    pub digest: String,
    /// What was there before.
    pub opening: Amount,
    /// What is there after.
    pub closing: Amount,
    /// How many lines it has.
    pub lines: usize,
    /// Who brought it in.
    pub by: Option<UserId>,
    /// When.
    pub at: Timestamp,
}

/// How far a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineStatus {
    /// Nobody knows what it is.
    Open,
    /// It is a movement, by amount, currency and name.
    Matched,
    /// An officer said what it is.
    Resolved,
}

/// A line, and what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its id.
    pub id: BankLineId,
    /// As the bank has it; `matched` is what it was matched with when it came.
    pub line: BankLine,
    /// How far it is.
    pub status: LineStatus,
    /// The movement that it is.
    pub movement: Option<MovementId>,
    /// What it is, in an officer's words.
    pub reason: Option<String>,
    /// Which officer's.
    pub by: Option<UserId>,
    /// Grows with every change.
    pub version: u64,
}

/// All statements.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Bank {
    statements: BTreeMap<BankStatementId, Imported>,
    lines: BTreeMap<BankLineId, Line>,
    /// By account and the bank's name of the statement.
    names: BTreeMap<String, BankStatementId>,
    /// By account and the bank's name of the line.
    references: BTreeMap<String, BankLineId>,
    movements: BTreeMap<MovementId, BankLineId>,
}

impl Bank {
    /// Statements, the oldest first.
    pub fn statements(&self) -> impl DoubleEndedIterator<Item = &Imported> {
        self.statements.values()
    }

    /// A statement.
    pub fn statement(&self, id: &BankStatementId) -> Option<&Imported> {
        self.statements.get(id)
    }

    /// Lines, the oldest first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &Line> {
        self.lines.values()
    }

    /// A line.
    pub fn line(&self, id: &BankLineId) -> Option<&Line> {
        self.lines.get(id)
    }

    /// The statement that a line stands on.
    pub fn statement_of(&self, line: &BankLineId) -> Option<&Imported> {
        let (digits, _) = line.as_str().split_once('.')?;
        self.statements.get(&BankStatementId::new(digits).ok()?)
    }

    /// Lines of a statement, in its order.
    pub fn lines_of(&self, statement: &Imported) -> impl Iterator<Item = &Line> {
        (0..statement.lines).filter_map(|n| self.lines.get(&line_id(&statement.id, n)))
    }

    pub(crate) fn perform(
        &mut self,
        command: &Command,
        action: &BankAction,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        match action {
            BankAction::Import(statement) => self.import(command, statement, at),
            BankAction::Resolve { line, movement, reason } => self.resolve(command, line, *movement, reason),
        }
    }

    fn import(
        &mut self,
        command: &Command,
        statement: &BankStatement,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        let exists = |what: String| Refused::new(AdminRefusal::Exists, what);
        let account = &statement.account;
        if let Some(known) = self.names.get(&within(account, &statement.name)) {
            return match self.statements.get(known) {
                Some(same) if same.digest == statement.digest => Ok((known.to_string(), 1)),
                _ => {
                    Err(exists(format!("statement {} of {account} came with other content", statement.name)))
                }
            };
        }
        let mut references = statement.lines.iter().map(|line| &line.reference);
        if let Some(twice) = references.find(|name| self.references.contains_key(&within(account, name))) {
            return Err(exists(format!("line {twice} of {account} stands on another statement")));
        }
        while self.lines.len() + statement.lines.len() > LINES_MAX {
            self.forget_oldest()?;
        }
        let digits = command.id.as_str().trim_start_matches("cmd_");
        let id = BankStatementId::new(&format!("bst_{digits}")).expect("digits of a command fit");
        // Decided: nothing below fails.
        for (n, line) in statement.lines.iter().enumerate() {
            self.add(line_id(&id, n), account, line);
        }
        self.names.insert(within(account, &statement.name), id);
        let BankStatement { account, name, asset, digest, opening, closing, lines } = statement.clone();
        let (lines, by) = (lines.len(), command.by);
        let imported = Imported { id, account, name, asset, digest, opening, closing, lines, by, at };
        self.statements.insert(id, imported);
        Ok((id.to_string(), 1))
    }

    fn add(&mut self, id: BankLineId, account: &str, line: &BankLine) {
        let movement = line.matched.filter(|movement| !self.movements.contains_key(movement));
        if let Some(movement) = movement {
            self.movements.insert(movement, id);
        }
        let status = if movement.is_some() { LineStatus::Matched } else { LineStatus::Open };
        self.references.insert(within(account, &line.reference), id);
        let line = Line { id, line: line.clone(), status, movement, reason: None, by: None, version: 1 };
        self.lines.insert(id, line);
    }

    fn resolve(
        &mut self,
        command: &Command,
        id: &BankLineId,
        movement: Option<MovementId>,
        reason: &str,
    ) -> Result<Changed, Refused> {
        let line = self.lines.get_mut(id).ok_or_else(|| Refused::not_found("line"))?;
        check_version(command.expected_version, line.version)?;
        let taken = movement.and_then(|movement| self.movements.get(&movement)).filter(|other| *other != id);
        if let Some(other) = taken {
            return Err(Refused::new(AdminRefusal::WrongState, format!("the movement is line {other}")));
        }
        // Decided: nothing below fails.
        if let Some(before) = line.movement {
            self.movements.remove(&before);
        }
        if let Some(movement) = movement {
            self.movements.insert(movement, *id);
        }
        (line.status, line.movement, line.by) = (LineStatus::Resolved, movement, command.by);
        line.reason = Some(reason.to_owned());
        line.version += 1;
        Ok((id.to_string(), line.version))
    }

    fn forget_oldest(&mut self) -> Result<(), Refused> {
        let is_explained = |s: &&Imported| self.lines_of(s).all(|line| line.status != LineStatus::Open);
        let oldest = self.statements.values().find(is_explained).cloned();
        let full = || Refused::new(AdminRefusal::TooMany, "too many lines that nobody has explained");
        let oldest = oldest.ok_or_else(full)?;
        for n in 0..oldest.lines {
            let Some(line) = self.lines.remove(&line_id(&oldest.id, n)) else { continue };
            self.references.remove(&within(&oldest.account, &line.line.reference));
            if let Some(movement) = line.movement {
                self.movements.remove(&movement);
            }
        }
        self.names.remove(&within(&oldest.account, &oldest.name));
        self.statements.remove(&oldest.id);
        Ok(())
    }
}

/// No account's name has a line end in it.
fn within(account: &str, name: &str) -> String {
    format!("{account}\n{name}")
}

fn line_id(statement: &BankStatementId, n: usize) -> BankLineId {
    BankLineId::new(&format!("{statement}.{n:04}")).expect("a statement's id and four digits fit")
}
