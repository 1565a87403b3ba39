//! A statement as pages to print and to file.

use super::statements::{StatementLine, StatementView};
use assay_reports::ColumnKind::{Decimal, Integer, Text};
use assay_reports::{Cell, Column, Error, Format, Heading, writer};

const COLUMNS: &[Column] = &[
    Column { name: "at", kind: Text, about: "When, UTC." },
    Column { name: "reason", kind: Text, about: "Why." },
    Column { name: "reference", kind: Text, about: "The movement or order it belongs to." },
    Column { name: "position", kind: Integer, about: "Position of its record in the log." },
    Column { name: "change", kind: Decimal, about: "Came, or went if negative." },
    Column { name: "balance", kind: Decimal, about: "The account has afterwards." },
];

/// The statement's pages: opening balance, entries, closing balance. The same statement gives the same bytes.
///
/// # Errors
/// It has more entries than a PDF takes rows.
pub(super) fn pdf(s: &StatementView) -> Result<Vec<u8>, Error> {
    let heading = Heading {
        title: format!("Statement of {} in {}", s.account, s.asset),
        about: vec![
            ("from", s.from.to_string()),
            ("to", s.to.to_string()),
            ("opening", s.opening.to_string()),
            ("credits", s.credits.to_string()),
            ("debits", s.debits.to_string()),
            ("closing", s.closing.to_string()),
            ("position", s.position.to_string()),
        ],
    };
    let mut bytes = Vec::new();
    let mut table = writer(Format::Pdf, &heading, COLUMNS, &mut bytes)?;
    let bound = |day: String, reason: &str, balance| -> [Cell; 6] {
        [day.into(), reason.into(), Cell::Empty, Cell::Empty, Cell::Empty, Cell::Decimal(balance)]
    };
    table.row(&bound(s.from.to_string(), "opening_balance", s.opening))?;
    for entry in &s.entries {
        table.row(&cells(entry))?;
    }
    table.row(&bound(s.to.to_string(), "closing_balance", s.closing))?;
    table.finish()?;
    Ok(bytes)
}

fn cells(entry: &StatementLine) -> [Cell; 6] {
    [
        entry.at.as_str().into(),
        entry.reason.as_str().into(),
        entry.reference.clone().into(),
        entry.position.cast_signed().into(),
        entry.change.into(),
        entry.balance.into(),
    ]
}
