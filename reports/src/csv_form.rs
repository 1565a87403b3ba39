//! Comma-separated values (RFC 4180): a header, then the rows.

use crate::format::shaped;
use crate::{Cell, Column, Error, RowWriter};
use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};
use std::borrow::Cow;
use std::io::Write;

/// First characters that make a spreadsheet take text for a formula, or skip to one (OWASP, CSV injection).
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

pub(crate) struct CsvForm<'a> {
    columns: &'static [Column],
    out: Writer<&'a mut (dyn Write + Send)>,
}

impl<'a> CsvForm<'a> {
    pub(crate) fn new(columns: &'static [Column], out: &'a mut (dyn Write + Send)) -> Result<Self, Error> {
        let mut builder = WriterBuilder::new();
        builder.terminator(Terminator::CRLF).quote_style(QuoteStyle::Necessary);
        let mut out = builder.from_writer(out);
        out.write_record(columns.iter().map(|column| column.name)).map_err(io)?;
        Ok(Self { columns, out })
    }
}

impl RowWriter for CsvForm<'_> {
    fn row(&mut self, cells: &[Cell]) -> Result<(), Error> {
        shaped(cells, self.columns)?;
        for cell in cells {
            self.out.write_field(harmless(cell).as_bytes()).map_err(io)?;
        }
        self.out.write_record(None::<&[u8]>).map_err(io)
    }

    fn finish(mut self: Box<Self>) -> Result<(), Error> {
        Ok(self.out.flush()?)
    }
}

/// Words that would be a formula begin with an apostrophe, which spreadsheets show as the words. Numbers, a minus in front
/// or not, are only numbers.
fn harmless(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Text(text) if text.starts_with(FORMULA) => Cow::Owned(format!("'{text}")),
        other => other.text(),
    }
}

fn io(error: csv::Error) -> Error {
    Error::Io(error.into())
}
