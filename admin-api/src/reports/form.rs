//! The forms that reports are given in: those of every table, and plain-text accounting for the journal.

use super::accounting::{AccountingForm, Dialect};
use super::report::Report;
use assay_reports::{Error, Format, Heading, RowWriter, writer};
use assay_trading_types::ReportParameters;
use std::io::Write;

/// The report that plain-text accounting is of.
const JOURNAL: &str = "journal";

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As any table.
    Table(Format),
    /// As transactions; the journal alone.
    Accounting(Dialect),
}

impl Form {
    /// Every form.
    const ALL: [Self; 7] = [
        Self::Table(Format::Json),
        Self::Table(Format::Table),
        Self::Table(Format::Csv),
        Self::Table(Format::Pdf),
        Self::Table(Format::Parquet),
        Self::Accounting(Dialect::Ledger),
        Self::Accounting(Dialect::Beancount),
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Table(format) => format.name(),
            Self::Accounting(Dialect::Ledger) => "ledger",
            Self::Accounting(Dialect::Beancount) => "beancount",
        }
    }

    /// The form of a name, if the report has it.
    pub(crate) fn of(report: &Report, name: &str) -> Option<Self> {
        Self::of_report(report).find(|form| form.name() == name)
    }

    /// Forms of a report.
    pub(crate) fn of_report(report: &Report) -> impl Iterator<Item = Self> {
        let is_journal = report.name == JOURNAL;
        Self::ALL.into_iter().filter(move |form| is_journal || matches!(form, Self::Table(_)))
    }

    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Table(format) => format.extension(),
            Self::Accounting(_) => self.name(),
        }
    }

    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Table(format) => format.media_type(),
            Self::Accounting(_) => "text/plain; charset=utf-8",
        }
    }

    /// A writer of the form.
    ///
    /// # Errors
    /// The beginning cannot be written.
    pub(super) fn writer<'a>(
        self,
        report: &Report,
        heading: &Heading,
        parameters: &ReportParameters,
        out: &'a mut (dyn Write + Send),
    ) -> Result<Box<dyn RowWriter + 'a>, Error> {
        match self {
            Self::Table(format) => writer(format, heading, report.columns, out),
            Self::Accounting(dialect) => {
                Ok(Box::new(AccountingForm::new(dialect, &heading.title, parameters.from, out)?))
            }
        }
    }
}
