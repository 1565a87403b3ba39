//! Columns in plain text.

use crate::format::shaped;
use crate::{Cell, Column, Error, Heading, RowWriter, widths};
use std::io::Write;

/// Rows that widths are taken from; what comes later and is wider moves its own line.
const MEASURED: usize = 1_000;

pub(crate) struct TextForm<'a> {
    columns: &'static [Column],
    /// Rows that came before the widths were known.
    waiting: Vec<Vec<Cell>>,
    widths: Option<Vec<usize>>,
    out: &'a mut (dyn Write + Send),
}

impl<'a> TextForm<'a> {
    pub(crate) fn new(
        heading: &Heading,
        columns: &'static [Column],
        out: &'a mut (dyn Write + Send),
    ) -> Result<Self, Error> {
        writeln!(out, "{}", heading.title)?;
        for (name, value) in &heading.about {
            writeln!(out, "{name}: {}", visible(value))?;
        }
        writeln!(out)?;
        Ok(Self { columns, waiting: Vec::new(), widths: None, out })
    }

    /// Writes the names of the columns and what waits.
    fn begin(&mut self) -> Result<(), Error> {
        let widths = widths::natural(self.columns, &self.waiting);
        let names: Vec<String> = self.columns.iter().map(|column| column.name.to_owned()).collect();
        self.line(&names, &widths)?;
        for row in std::mem::take(&mut self.waiting) {
            self.cells(&row, &widths)?;
        }
        self.widths = Some(widths);
        Ok(())
    }

    fn cells(&mut self, cells: &[Cell], widths: &[usize]) -> Result<(), Error> {
        let texts: Vec<String> = cells.iter().map(|cell| visible(&cell.text())).collect();
        self.line(&texts, widths)
    }

    fn line(&mut self, texts: &[String], widths: &[usize]) -> Result<(), Error> {
        let mut line = String::new();
        for ((text, width), column) in texts.iter().zip(widths).zip(self.columns) {
            line.push_str(&match column.kind.is_number() {
                true => format!("{text:>width$}  "),
                false => format!("{text:<width$}  "),
            });
        }
        Ok(writeln!(self.out, "{}", line.trim_end())?)
    }
}

impl RowWriter for TextForm<'_> {
    fn row(&mut self, cells: &[Cell]) -> Result<(), Error> {
        shaped(cells, self.columns)?;
        if let Some(widths) = self.widths.take() {
            self.cells(cells, &widths)?;
            self.widths = Some(widths);
            return Ok(());
        }
        self.waiting.push(cells.to_vec());
        if self.waiting.len() == MEASURED { self.begin() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> Result<(), Error> {
        if self.widths.is_none() {
            self.begin()?;
        }
        Ok(self.out.flush()?)
    }
}

/// Nothing that a cell holds steers a terminal.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
