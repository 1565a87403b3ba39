//! One JSON object: title, what it is about, columns, rows as objects, and how many there were.

use crate::format::shaped;
use crate::{Cell, Column, Error, Heading, RowWriter};
use serde_json::{Map, Value, json};
use std::io::Write;

pub(crate) struct JsonForm<'a> {
    columns: &'static [Column],
    rows: u64,
    out: &'a mut (dyn Write + Send),
}

impl<'a> JsonForm<'a> {
    pub(crate) fn new(
        heading: &Heading,
        columns: &'static [Column],
        out: &'a mut (dyn Write + Send),
    ) -> Result<Self, Error> {
        let about: Map<String, Value> =
            heading.about.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let kinds: Vec<Value> =
            columns.iter().map(|column| json!({"name": column.name, "kind": column.kind.name()})).collect();
        let title = Value::from(heading.title.as_str());
        let (about, kinds) = (Value::from(about), Value::from(kinds));
        write!(out, "{{\"title\":{title},\n\"about\":{about},\n\"columns\":{kinds},\n\"rows\":[")?;
        Ok(Self { columns, rows: 0, out })
    }
}

impl RowWriter for JsonForm<'_> {
    fn row(&mut self, cells: &[Cell]) -> Result<(), Error> {
        shaped(cells, self.columns)?;
        self.out.write_all(if self.rows == 0 { b"\n{" } else { b",\n{" })?;
        for (n, (column, cell)) in self.columns.iter().zip(cells).enumerate() {
            let comma = if n == 0 { "" } else { "," };
            write!(self.out, "{comma}\"{}\":{}", column.name, value(cell))?;
        }
        self.out.write_all(b"}")?;
        self.rows += 1;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), Error> {
        write!(self.out, "\n],\n\"row_count\":{}}}\n", self.rows)?;
        Ok(self.out.flush()?)
    }
}

/// Decimals are strings: programs that read numbers as binary floats would change them.
fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Empty => Value::Null,
        Cell::Integer(n) => Value::from(*n),
        Cell::Flag(flag) => Value::from(*flag),
        other => Value::from(other.text()),
    }
}
