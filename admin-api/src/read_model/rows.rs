//! Rows that go into one table, one behind the other.

use assay_trading_types::{Amount, Price, Qty};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection};

/// Rows of a statement: what a statement costs by itself no longer counts, and few are left over at the end of a batch.
const TOGETHER: usize = 16;

/// What a column gets.
#[derive(Clone, Copy)]
pub(super) enum Cell<'a> {
    Null,
    Integer(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Amount(Amount),
    Price(Price),
}

impl From<i64> for Cell<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<bool> for Cell<'_> {
    fn from(value: bool) -> Self {
        Self::Integer(value.into())
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl From<Amount> for Cell<'_> {
    fn from(value: Amount) -> Self {
        Self::Amount(value)
    }
}

impl From<Price> for Cell<'_> {
    fn from(value: Price) -> Self {
        Self::Price(value)
    }
}

impl From<Qty> for Cell<'_> {
    fn from(value: Qty) -> Self {
        Self::Amount(value.as_amount())
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, T::into)
    }
}

/// Puts rows of `N` columns into a table, several with a statement.
///
/// What a parameter had last stays bound: words, symbols and sizes mostly repeat, and to bind a text is to copy it.
pub(super) struct Rows<'c, const N: usize> {
    db: &'c Connection,
    table: &'c str,
    /// What follows the values in the statement.
    also: &'c str,
    /// Puts in [`TOGETHER`]; made when there are so many, which few batches of a running node have.
    together: Option<CachedStatement<'c>>,
    bound: Vec<Bound>,
    /// Rows that are not put in yet.
    waiting: usize,
}

impl<'c, const N: usize> Rows<'c, N> {
    /// `also` follows the values in the statement.
    pub(super) fn into(db: &'c Connection, table: &'c str, also: &'c str) -> Self {
        Self { db, table, also, together: None, bound: Vec::new(), waiting: 0 }
    }

    /// Puts a row in, or lets it wait for those behind it.
    pub(super) fn put(&mut self, row: [Cell<'_>; N]) -> rusqlite::Result<()> {
        let first = self.waiting * N;
        if self.bound.len() == first {
            self.bound.extend(row.iter().map(|_| Bound::default()));
        }
        for (bound, cell) in self.bound[first..].iter_mut().zip(row) {
            bound.take(cell);
        }
        self.waiting += 1;
        if self.waiting == TOGETHER {
            self.put_together()?;
        }
        Ok(())
    }

    fn put_together(&mut self) -> rusqlite::Result<()> {
        self.waiting = 0;
        let together = match &mut self.together {
            Some(together) => together,
            none => none.insert(self.db.prepare_cached(&insert::<N>(self.table, TOGETHER, self.also))?),
        };
        for (at, bound) in (1..).zip(&mut self.bound).filter(|(_, bound)| bound.is_new) {
            together.raw_bind_parameter(at, bound.value())?;
            bound.is_new = false;
        }
        together.raw_execute().map(drop)
    }

    /// Puts in what waits.
    pub(super) fn flush(&mut self) -> rusqlite::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting == 0 {
            return Ok(());
        }
        let mut one = self.db.prepare_cached(&insert::<N>(self.table, 1, self.also))?;
        for row in self.bound.chunks(N).take(waiting) {
            for (at, bound) in (1..).zip(row) {
                one.raw_bind_parameter(at, bound.value())?;
            }
            one.raw_execute()?;
        }
        Ok(())
    }
}

/// A statement that puts in rows of `N` columns. Whoever fails gives up the transaction: what the statement did before need
/// not be undone by itself.
fn insert<const N: usize>(table: &str, rows: usize, also: &str) -> String {
    let row = format!("({})", ["?"; N].join(","));
    format!("INSERT OR FAIL INTO {table} VALUES {} {also}", vec![row; rows].join(","))
}

/// What a parameter has.
#[derive(Debug, Default)]
struct Bound {
    made_of: MadeOf,
    bytes: Vec<u8>,
    /// It is another than the statement of several rows has: that one begins with nothing bound.
    is_new: bool,
}

/// Numbers are compared before they are written.
#[derive(Debug, Default, PartialEq, Eq)]
enum MadeOf {
    #[default]
    Nothing,
    Integer(i64),
    Text,
    Bytes,
    Amount(Amount),
    /// Billionths, and the decimals that it shows.
    Price(i64, u8),
}

impl Bound {
    /// Takes a value.
    fn take(&mut self, cell: Cell<'_>) {
        self.is_new |= match cell {
            Cell::Null => self.becomes(MadeOf::Nothing),
            Cell::Integer(value) => self.becomes(MadeOf::Integer(value)),
            Cell::Text(text) => self.copy(MadeOf::Text, text.as_bytes()),
            Cell::Bytes(bytes) => self.copy(MadeOf::Bytes, bytes),
            Cell::Amount(value) => {
                self.becomes(MadeOf::Amount(value)) && self.write(|bytes| value.write_to(bytes))
            }
            Cell::Price(value) => {
                let made_of = MadeOf::Price(value.units(), value.decimals());
                self.becomes(made_of) && self.write(|bytes| value.write_to(bytes))
            }
        };
    }

    /// Takes what it is made of. Whether that is another.
    fn becomes(&mut self, made_of: MadeOf) -> bool {
        let is_new = self.made_of != made_of;
        self.made_of = made_of;
        is_new
    }

    fn copy(&mut self, made_of: MadeOf, value: &[u8]) -> bool {
        let is_new = self.becomes(made_of);
        (is_new || self.bytes != value) && self.write(|bytes| bytes.extend_from_slice(value))
    }

    fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        self.bytes.clear();
        write(&mut self.bytes);
        true
    }

    fn value(&self) -> ToSqlOutput<'_> {
        ToSqlOutput::Borrowed(match self.made_of {
            MadeOf::Nothing => ValueRef::Null,
            MadeOf::Integer(value) => ValueRef::Integer(value),
            MadeOf::Bytes => ValueRef::Blob(&self.bytes),
            MadeOf::Text | MadeOf::Amount(_) | MadeOf::Price(..) => ValueRef::Text(&self.bytes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a table of two columns has after rows of these were put in.
    fn kept(rows: &[[Cell<'_>; 2]], also: &str) -> Vec<(i64, Option<String>)> {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, said TEXT)").unwrap();
        let mut into = Rows::into(&db, "t", also);
        rows.iter().for_each(|row| into.put(*row).unwrap());
        into.flush().unwrap();
        into.flush().unwrap();
        let mut statement = db.prepare("SELECT id, said FROM t ORDER BY id").unwrap();
        let kept = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        kept.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn rows_are_put_in_however_many_there_are() {
        for count in [0, 1, TOGETHER - 1, TOGETHER, TOGETHER + 1, 3 * TOGETHER + 2] {
            let rows: Vec<_> = (0..count as i64).map(|id| [Cell::from(id), "a".into()]).collect();
            let expected: Vec<_> = (0..count as i64).map(|id| (id, Some("a".to_owned()))).collect();
            assert_eq!(kept(&rows, ""), expected, "{count}");
        }
    }

    #[test]
    fn a_value_is_the_same_whatever_was_in_its_place_before() {
        let price = |units, decimals| Cell::from(Price::with_decimals(units, decimals));
        let values = [
            (Cell::from("10"), Some("10")),
            (Cell::from("1"), Some("1")),
            (Cell::from(Amount::from_units(1_000_000_000)), Some("1")),
            (Cell::from(Amount::from_units(-1_500_000_000)), Some("-1.5")),
            (Cell::Null, None),
            (price(1_000_000_000, 0), Some("1")),
            (price(1_000_000_000, 2), Some("1.00")),
            (Cell::from(Qty::from_units(1_000_000_000)), Some("1")),
            (Cell::from(None::<&str>), None),
            (Cell::from(true), Some("1")),
            (Cell::from("1"), Some("1")),
        ];
        // Each comes in the place of each: of two statements the second has all moved on by every distance.
        let moved = |by: usize| (0..TOGETHER).map(move |n| values[(n + by) % values.len()]);
        let all: Vec<_> = (0..values.len()).flat_map(|by| moved(0).chain(moved(by))).collect();
        let rows: Vec<_> = (0..).zip(&all).map(|(id, (cell, _))| [Cell::Integer(id), *cell]).collect();
        let said: Vec<_> = (0..).zip(&all).map(|(id, (_, said))| (id, said.map(str::to_owned))).collect();
        assert_eq!(kept(&rows, ""), said);
    }

    #[test]
    fn rows_that_are_there_are_changed() {
        let also = "ON CONFLICT (id) DO UPDATE SET said = excluded.said";
        let rows: Vec<_> =
            (0..40).map(|n| [Cell::Integer(n % 30), if n < 30 { "a" } else { "b" }.into()]).collect();
        let said = |id| (id, Some(if id < 10 { "b" } else { "a" }.to_owned()));
        assert_eq!(kept(&rows, also), (0..30).map(said).collect::<Vec<_>>());
    }
}
