//! A report on its way to whoever wants it: written to a file without a name, hashed, and only then recorded and read.

use super::error::ReportError;
use super::form::Form;
use super::report::Report;
use super::source::Source;
use assay_reports::{Cell, Digesting, Format, Heading, RowWriter, writer};
use assay_trading_types::{Position, ReportParameters, ReportRun, ReportRunId};
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write, sink};
use std::path::Path;

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 256 * 1024;

/// Takes a report's rows.
pub(crate) struct Rows<'a> {
    form: Box<dyn RowWriter + 'a>,
    /// The same rows as CSV, for their hash.
    content: Box<dyn RowWriter + 'a>,
    count: u64,
}

impl Rows<'_> {
    /// One row.
    ///
    /// # Errors
    /// It cannot be written, or is one too many for the form.
    pub(crate) fn put<const N: usize>(&mut self, cells: [Cell; N]) -> Result<(), ReportError> {
        self.form.row(&cells)?;
        self.content.row(&cells)?;
        self.count += 1;
        Ok(())
    }
}

/// A report that is made.
pub(crate) struct Spooled {
    /// Its bytes, from the first.
    pub(crate) file: File,
    pub(crate) position: Position,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// SHA-256 of its bytes, hex.
    pub(crate) sha256: String,
    /// SHA-256 of the same rows as CSV, hex.
    pub(crate) content_sha256: String,
}

impl Spooled {
    /// The record of its making, on somebody's request.
    pub(crate) fn run(
        &self,
        id: ReportRunId,
        report: &Report,
        parameters: ReportParameters,
        form: Form,
    ) -> ReportRun {
        ReportRun {
            id,
            report: report.name.to_owned(),
            parameters,
            format: form.name().to_owned(),
            position: self.position,
            rows: self.rows,
            bytes: self.bytes,
            sha256: self.sha256.clone(),
            content_sha256: self.content_sha256.clone(),
            schedule: None,
            file: None,
        }
    }
}

/// Makes a report into a file in `dir` that goes when it is closed.
///
/// # Errors
/// What it is made from cannot be read, or it cannot be written.
pub(crate) fn spool(
    source: &Source,
    report: &Report,
    parameters: &ReportParameters,
    form: Form,
    dir: &Path,
) -> Result<Spooled, ReportError> {
    let file = tempfile::tempfile_in(dir)?;
    let mut out = Digesting::new(BufWriter::with_capacity(BUFFER_BYTES, file));
    let mut content = Digesting::new(sink());
    let rows = write(source, report, parameters, (form, &mut out), &mut content)?;
    let (out, hash, bytes) = out.finish();
    let mut file = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    file.seek(SeekFrom::Start(0))?;
    let (_, content_hash, _) = content.finish();
    Ok(Spooled {
        file,
        position: source.position(),
        rows,
        bytes,
        sha256: hex::encode(hash),
        content_sha256: hex::encode(content_hash),
    })
}

/// Writes it in its form and as CSV, and counts its rows.
fn write(
    source: &Source,
    report: &Report,
    parameters: &ReportParameters,
    (form, out): (Form, &mut (dyn Write + Send)),
    content: &mut (dyn Write + Send),
) -> Result<u64, ReportError> {
    let heading = heading(source, report, parameters);
    let form = form.writer(report, &heading, parameters, out)?;
    let as_csv = writer(Format::Csv, &heading, report.columns, content)?;
    let mut rows = Rows { form, content: as_csv, count: 0 };
    (report.fill)(source, parameters, &mut rows)?;
    rows.form.finish()?;
    rows.content.finish()?;
    Ok(rows.count)
}

/// What stands over it: nothing that another run would say otherwise.
fn heading(source: &Source, report: &Report, parameters: &ReportParameters) -> Heading {
    let p = parameters;
    let named = [
        ("firm", p.firm.map(|firm| firm.to_string())),
        ("account", p.account.map(|account| account.to_string())),
        ("symbol", p.symbol.map(|symbol| symbol.to_string())),
        ("at_least", p.at_least.map(|amount| amount.to_string())),
        ("actor", p.actor.clone()),
        ("kind", p.kind.clone()),
        ("key", p.key.clone()),
    ];
    let mut about =
        vec![("report", report.name.to_owned()), ("from", p.from.to_string()), ("to", p.to.to_string())];
    about.extend(named.into_iter().filter_map(|(name, value)| Some((name, value?))));
    if p.provisional {
        about.push(("provisional", "its span was not over".to_owned()));
    }
    about.push(("position", source.position().0.to_string()));
    let provisional = if p.provisional { " (provisional)" } else { "" };
    Heading { title: format!("{}{provisional}", report.title), about }
}
