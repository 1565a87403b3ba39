//! The journal as plain-text accounting, which ledger-cli and beancount read: every transfer a transaction of two postings,
//! debits positive.

use super::books::Nature;
use crate::reconciliation::class_of;
use assay_reports::{Cell, Error, RowWriter};
use assay_trading_types::{Amount, Date, Timestamp};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write;

/// Whose plain text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// ledger-cli.
    Ledger,
    /// beancount 2 and 3.
    Beancount,
}

/// Takes rows of the journal.
pub(super) struct AccountingForm<'a> {
    dialect: Dialect,
    /// Accounts are opened on this day: the journal's first.
    opened: Date,
    known: BTreeSet<String>,
    out: &'a mut (dyn Write + Send),
}

impl<'a> AccountingForm<'a> {
    pub(super) fn new(
        dialect: Dialect,
        title: &str,
        from: Timestamp,
        out: &'a mut (dyn Write + Send),
    ) -> Result<Self, Error> {
        match dialect {
            Dialect::Ledger => writeln!(out, "; {title}\n")?,
            Dialect::Beancount => writeln!(out, "option \"title\" {}\n", quoted(title))?,
        }
        Ok(Self { dialect, opened: Date::of(from), known: BTreeSet::new(), out })
    }

    fn transaction(&mut self, t: &Transaction<'_>) -> Result<(), Error> {
        let (debit, credit) = (account(t.debit), account(t.credit));
        let negative = Amount::from_units(-t.amount.units());
        let day = Date::of(t.at);
        match self.dialect {
            Dialect::Ledger => {
                let asset = commodity(t.asset);
                writeln!(self.out, "{day} * ({}) {} {}", t.transfer, t.reason, t.reference)?;
                writeln!(self.out, "    {debit}  {} {asset}", t.amount)?;
                writeln!(self.out, "    {credit}  {negative} {asset}\n")?;
            }
            Dialect::Beancount => {
                for account in [&debit, &credit] {
                    if self.known.insert(account.clone()) {
                        writeln!(self.out, "{} open {account}", self.opened)?;
                    }
                }
                let asset = currency(t.asset);
                writeln!(self.out, "{day} * {} {}", quoted(t.reason), quoted(t.reference))?;
                writeln!(self.out, "  transfer: {}", quoted(t.transfer))?;
                writeln!(self.out, "  {debit}  {} {asset}", t.amount)?;
                writeln!(self.out, "  {credit}  {negative} {asset}\n")?;
            }
        }
        Ok(())
    }
}

impl RowWriter for AccountingForm<'_> {
    fn row(&mut self, cells: &[Cell]) -> Result<(), Error> {
        match Transaction::of(cells) {
            Some(transaction) => self.transaction(&transaction),
            None => Err(Error::Misshapen { cells: cells.len(), columns: super::books::JOURNAL.len() }),
        }
    }

    fn finish(self: Box<Self>) -> Result<(), Error> {
        Ok(self.out.flush()?)
    }
}

/// A row of the journal.
struct Transaction<'a> {
    at: Timestamp,
    transfer: &'a str,
    debit: &'a str,
    credit: &'a str,
    asset: &'a str,
    amount: Amount,
    reason: &'a str,
    reference: &'a str,
}

impl<'a> Transaction<'a> {
    fn of(cells: &'a [Cell]) -> Option<Self> {
        use Cell::{Decimal, Text, Time};
        let [
            Time(at),
            _,
            Text(transfer),
            Text(debit),
            Text(credit),
            Text(asset),
            Decimal(amount),
            Text(reason),
            reference,
        ] = cells
        else {
            return None;
        };
        let reference = if let Text(text) = reference { text } else { "" };
        Some(Self { at: *at, transfer, debit, credit, asset, amount: *amount, reason, reference })
    }
}

/// An account's name by its nature: `client:FIRM1` is `Liabilities:Client:FIRM1`.
fn account(code: &str) -> String {
    let root = match Nature::of(class_of(code)) {
        Nature::Asset => "Assets",
        Nature::Liability => "Liabilities",
        Nature::Equity => "Equity",
        Nature::Income => "Income",
        Nature::Expense => "Expenses",
    };
    let (class, owner) = code.split_once(':').map_or((code, None), |(class, owner)| (class, Some(owner)));
    let mut capital = class.to_owned();
    capital[..1].make_ascii_uppercase();
    let owner = owner.map_or_else(String::new, |owner| format!(":{}", part(owner)));
    format!("{root}:{}{owner}", part(&capital))
}

/// A part of a name: it begins with a capital or a digit and holds letters, digits and hyphens. What is otherwise stands as
/// `-x` and its number.
fn part(text: &str) -> String {
    let mut out = String::new();
    if !text.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit()) {
        out.push('X');
    }
    for c in text.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' => out.push(c),
            other => write!(out, "-x{:X}", u32::from(other)).expect("a string takes everything"),
        }
    }
    out
}

/// A commodity of ledger-cli: in quotes unless it is letters alone.
fn commodity(asset: &str) -> String {
    if asset.chars().all(|c| c.is_ascii_alphabetic()) {
        asset.to_owned()
    } else {
        format!("\"{}\"", asset.replace('"', "'"))
    }
}

/// A currency of beancount: two or more of capitals, digits and `'._-`, from a capital to a capital or digit. What is otherwise
/// gets `S.` in front, and its characters in capitals or by their number.
fn currency(asset: &str) -> String {
    let is_edge = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    let is_plain = asset.len() >= 2
        && asset.starts_with(|c: char| c.is_ascii_uppercase())
        && asset.ends_with(is_edge)
        && asset.chars().all(|c| is_edge(c) || "'._-".contains(c));
    if is_plain {
        return asset.to_owned();
    }
    let mut out = "S.".to_owned();
    for c in asset.chars() {
        match c {
            c if is_edge(c) => out.push(c),
            other => write!(out, "-X{:X}", u32::from(other)).expect("a string takes everything"),
        }
    }
    out
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_reports::Cell;

    fn row(debit: &str, credit: &str, asset: &str, amount: &str) -> Vec<Cell> {
        vec![
            Timestamp::from_ns(1_795_253_400_000_000_000).into(),
            17.into(),
            "2a".into(),
            debit.into(),
            credit.into(),
            asset.into(),
            Amount::parse(amount).unwrap().into(),
            "deposit".into(),
            Cell::Empty,
        ]
    }

    fn written(dialect: Dialect, rows: &[Vec<Cell>]) -> String {
        let mut out = Vec::new();
        let mut form =
            Box::new(AccountingForm::new(dialect, "Journal", Timestamp::from_ns(0), &mut out).unwrap());
        rows.iter().for_each(|row| form.row(row).unwrap());
        form.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ledger_gets_two_postings_and_quotes_where_it_must() {
        let rows = [
            row("external:bank_transfer", "client:FIRM1", "USD", "2500.5"),
            row("equity", "client:a_b", "BRK.B", "1"),
        ];
        let expected = "; Journal\n\n2026-11-21 * (2a) deposit \n    Assets:External:Xbank-x5Ftransfer  2500.5 USD\n    \
            Liabilities:Client:FIRM1  -2500.5 USD\n\n2026-11-21 * (2a) deposit \n    Equity:Equity  1 \"BRK.B\"\n    \
            Liabilities:Client:Xa-x5Fb  -1 \"BRK.B\"\n\n";
        assert_eq!(written(Dialect::Ledger, &rows), expected);
    }

    #[test]
    fn beancount_gets_accounts_opened_once_and_currencies_it_knows() {
        let rows = [row("shortfall", "client:1X", "7203", "1"), row("client:1X", "commission", "USD", "0.1")];
        let expected = "option \"title\" \"Journal\"\n\n1970-01-01 open Expenses:Shortfall\n1970-01-01 open Liabilities:Client:1X\n\
            2026-11-21 * \"deposit\" \"\"\n  transfer: \"2a\"\n  Expenses:Shortfall  1 S.7203\n  Liabilities:Client:1X  -1 S.7203\n\n\
            1970-01-01 open Income:Commission\n2026-11-21 * \"deposit\" \"\"\n  transfer: \"2a\"\n  Liabilities:Client:1X  0.1 USD\n  \
            Income:Commission  -0.1 USD\n\n";
        assert_eq!(written(Dialect::Beancount, &rows), expected);
        for (asset, name) in
            [("USD", "USD"), ("BRK.B", "BRK.B"), ("F", "S.F"), ("x", "S.-X78"), ("A_", "S.A-X5F")]
        {
            assert_eq!(currency(asset), name);
        }
    }
}
