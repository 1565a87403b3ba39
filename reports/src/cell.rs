//! What tables are made of.

use assay_trading_types::{Amount, Date, Timestamp};
use std::borrow::Cow;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Words.
    Text,
    /// A count or an id.
    Integer,
    /// An amount, quantity, price or ratio, exact to nine decimals.
    Decimal,
    /// An instant, UTC.
    Time,
    /// A day, UTC.
    Day,
    /// Yes or no.
    Flag,
}

impl ColumnKind {
    /// Its name in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Time => "time",
            Self::Day => "day",
            Self::Flag => "flag",
        }
    }

    /// Whether its cells stand at the right of their column.
    pub(crate) const fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Decimal)
    }
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name: lower-case words joined by `_`.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
    /// What that means.
    pub about: &'static str,
}

/// A cell; of the kind of its column, or empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Words.
    Text(String),
    /// A count or an id.
    Integer(i64),
    /// An exact decimal.
    Decimal(Amount),
    /// An instant.
    Time(Timestamp),
    /// A day.
    Day(Date),
    /// Yes or no.
    Flag(bool),
}

impl Cell {
    /// As text; empty if there is nothing.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Empty => Cow::Borrowed(""),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Integer(n) => Cow::Owned(n.to_string()),
            Self::Decimal(amount) => Cow::Owned(amount.to_string()),
            Self::Time(at) => Cow::Owned(at.to_string()),
            Self::Day(day) => Cow::Owned(day.to_string()),
            Self::Flag(flag) => Cow::Borrowed(if *flag { "true" } else { "false" }),
        }
    }

    /// Whether it may stand in a column.
    pub(crate) fn fits(&self, kind: ColumnKind) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(_) => kind == ColumnKind::Text,
            Self::Integer(_) => kind == ColumnKind::Integer,
            Self::Decimal(_) => kind == ColumnKind::Decimal,
            Self::Time(_) => kind == ColumnKind::Time,
            Self::Day(_) => kind == ColumnKind::Day,
            Self::Flag(_) => kind == ColumnKind::Flag,
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(n: i64) -> Self {
        Self::Integer(n)
    }
}

impl From<Amount> for Cell {
    fn from(amount: Amount) -> Self {
        Self::Decimal(amount)
    }
}

impl From<Timestamp> for Cell {
    fn from(at: Timestamp) -> Self {
        Self::Time(at)
    }
}

impl From<Date> for Cell {
    fn from(day: Date) -> Self {
        Self::Day(day)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// What stands over a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// What it is.
    pub title: String,
    /// Of what, when, from which position: names and values.
    pub about: Vec<(&'static str, String)>,
}
