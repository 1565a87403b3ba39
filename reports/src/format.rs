//! The forms, and how rows come into them.

use crate::csv_form::CsvForm;
use crate::json_form::JsonForm;
use crate::parquet_form::ParquetForm;
use crate::pdf_form::PdfForm;
use crate::text_form::TextForm;
use crate::{Cell, Column, Error, Heading};
use std::io::Write;

/// A form of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Columns in plain text, for a terminal.
    Table,
    /// RFC 4180 with a header, for spreadsheets; no cell is a formula.
    Csv,
    /// One object, rows as objects, for programs.
    Json,
    /// Pages to print and to file.
    Pdf,
    /// Columns with types, for analysis.
    Parquet,
}

impl Format {
    /// Every form.
    pub const ALL: [Self; 5] = [Self::Table, Self::Csv, Self::Json, Self::Pdf, Self::Parquet];

    /// Its name, which is also the ending of its files (of a table it is `txt`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Pdf => "pdf",
            Self::Parquet => "parquet",
        }
    }

    /// From its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// How its files end.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Table => "txt",
            other => other.name(),
        }
    }

    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Table => "text/plain; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Json => "application/json",
            Self::Pdf => "application/pdf",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// Takes rows, in order, and then the end.
pub trait RowWriter {
    /// One row: as many cells as there are columns, each of its column's kind or empty.
    ///
    /// # Errors
    /// It does not fit the columns, is one too many, or cannot be written.
    fn row(&mut self, cells: &[Cell]) -> Result<(), Error>;

    /// There are no more.
    ///
    /// # Errors
    /// What remained cannot be written.
    fn finish(self: Box<Self>) -> Result<(), Error>;
}

/// A writer of a form to `out`.
///
/// # Errors
/// The beginning cannot be written.
pub fn writer<'a>(
    format: Format,
    heading: &Heading,
    columns: &'static [Column],
    out: &'a mut (dyn Write + Send),
) -> Result<Box<dyn RowWriter + 'a>, Error> {
    Ok(match format {
        Format::Table => Box::new(TextForm::new(heading, columns, out)?),
        Format::Csv => Box::new(CsvForm::new(columns, out)?),
        Format::Json => Box::new(JsonForm::new(heading, columns, out)?),
        Format::Pdf => Box::new(PdfForm::new(heading.clone(), columns, out)),
        Format::Parquet => Box::new(ParquetForm::new(heading, columns, out)?),
    })
}

/// Checks a row against the columns.
pub(crate) fn shaped(cells: &[Cell], columns: &[Column]) -> Result<(), Error> {
    let fits = cells.len() == columns.len()
        && cells.iter().zip(columns).all(|(cell, column)| cell.fits(column.kind));
    match fits {
        true => Ok(()),
        false => Err(Error::Misshapen { cells: cells.len(), columns: columns.len() }),
    }
}
