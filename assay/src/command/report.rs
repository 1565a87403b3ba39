//! `assay report ...`: reports of a running node, by its API.

use super::Outcome;
use super::ledger::{each, line, query};
use super::session::in_a_path;
use crate::api_client::{ApiArgs, ApiPlace, Download};
use clap::{Args, Subcommand, ValueEnum};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// `assay report NAME` and `assay report ...`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct ReportCommand {
    #[command(flatten)]
    run: RunArgs,
    #[command(subcommand)]
    command: Option<ReportSubcommand>,
}

#[derive(Debug, Subcommand)]
enum ReportSubcommand {
    /// Reports there are, with their columns.
    List(ApiArgs),
    /// Reports that were made, newest first.
    Runs(RunsArgs),
    /// Make a report again, to the byte.
    Repeat(RepeatArgs),
}

/// A form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For a terminal.
    Table,
    /// For spreadsheets.
    Csv,
    /// For programs.
    Json,
    /// To print.
    Pdf,
    /// For analysis.
    Parquet,
    /// A journal for ledger-cli.
    Ledger,
    /// A journal for beancount.
    Beancount,
}

impl ReportFormat {
    fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Pdf => "pdf",
            Self::Parquet => "parquet",
            Self::Ledger => "ledger",
            Self::Beancount => "beancount",
        }
    }

    fn is_binary(self) -> bool {
        matches!(self, Self::Pdf | Self::Parquet)
    }
}

/// `assay report NAME`
#[derive(Debug, Args)]
struct RunArgs {
    /// Which report: `assay report list` names them.
    #[arg(required = true)]
    name: Option<String>,
    #[command(flatten)]
    place: ApiPlace,
    /// File with the access token of a login (`assay user log-in`).
    #[arg(long, env = "ASSAY_TOKEN_FILE", required = true)]
    token_file: Option<PathBuf>,
    /// What happened from here on: a day or an instant (UTC), `2026-11-21` or `2026-11-21T09:30:00Z`.
    #[arg(long)]
    from: Option<String>,
    /// What happened before, or as of when: a day (its beginning) or an instant (UTC).
    #[arg(long)]
    to: Option<String>,
    /// Of this firm only.
    #[arg(long)]
    firm: Option<String>,
    /// Of this account only.
    #[arg(long)]
    account: Option<String>,
    /// In this symbol only.
    #[arg(long)]
    symbol: Option<String>,
    /// Of at least this value.
    #[arg(long)]
    at_least: Option<String>,
    /// Caused by this actor only.
    #[arg(long)]
    actor: Option<String>,
    /// Of this kind of record only.
    #[arg(long)]
    kind: Option<String>,
    /// Keyed by this session, firm, symbol or entity only.
    #[arg(long)]
    key: Option<String>,
    /// About what has this name only: a user, order, movement, loan and so on.
    #[arg(long)]
    object: Option<String>,
    /// The form.
    #[arg(long, value_enum, default_value = "table")]
    format: ReportFormat,
    /// Into this file, whole or not at all, instead of to the terminal.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// `assay report runs`
#[derive(Debug, Args)]
struct RunsArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// Of this report only.
    #[arg(long)]
    report: Option<String>,
    /// So many at most.
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

/// `assay report repeat`
#[derive(Debug, Args)]
struct RepeatArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// The run, `rep_...`.
    run: String,
    /// The form; that of the run without it.
    #[arg(long, value_enum)]
    format: Option<ReportFormat>,
    /// Into this file, whole or not at all, instead of to the terminal.
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(crate) fn run(command: &ReportCommand) -> Outcome {
    match &command.command {
        None => command.run.make()?,
        Some(ReportSubcommand::List(api)) => list(api)?,
        Some(ReportSubcommand::Runs(args)) => args.list()?,
        Some(ReportSubcommand::Repeat(args)) => args.repeat()?,
    }
    Ok(ExitCode::SUCCESS)
}

impl RunArgs {
    fn make(&self) -> Result<(), String> {
        let (Some(name), Some(token_file)) = (&self.name, &self.token_file) else {
            return Err("a report's name and --token-file are needed".to_owned());
        };
        let api = ApiArgs { place: self.place.clone(), token_file: token_file.clone() };
        let parameters = [
            ("from", &self.from),
            ("to", &self.to),
            ("firm", &self.firm),
            ("account", &self.account),
            ("symbol", &self.symbol),
            ("at_least", &self.at_least),
            ("actor", &self.actor),
            ("kind", &self.kind),
            ("key", &self.key),
            ("object", &self.object),
        ];
        let given = query(&parameters.map(|(name, value)| (name, value.as_deref())));
        let path = format!("/api/v1/reports/{}{given}format={}", in_a_path(name), self.format.name());
        save(&api, &path, Some(self.format), self.out.as_deref())
    }
}

impl RunsArgs {
    fn list(&self) -> Result<(), String> {
        let fields = [
            "at",
            "id",
            "report",
            "from",
            "to",
            "provisional",
            "firm",
            "format",
            "position",
            "rows",
            "by",
            "schedule",
        ];
        println!("{}", fields.join("  "));
        let path = format!("/api/v1/report-runs{}sort=-id&", query(&[("report", self.report.as_deref())]));
        let mut left = self.limit;
        each(&self.api, &path, |run| {
            if left > 0 {
                println!("{}", line(run, &fields));
            }
            left = left.saturating_sub(1);
            left > 0
        })
    }
}

impl RepeatArgs {
    fn repeat(&self) -> Result<(), String> {
        let format = query(&[("format", self.format.map(ReportFormat::name))]);
        let path = format!("/api/v1/report-runs/{}/content{format}", in_a_path(&self.run));
        save(&self.api, path.trim_end_matches(['&', '?']), self.format, self.out.as_deref())
    }
}

fn list(api: &ApiArgs) -> Result<(), String> {
    let reports = api.call("GET", "/api/v1/reports", None)?;
    for report in reports.as_array().into_iter().flatten() {
        println!("{}", line(report, &["name", "title"]));
        println!("  {}", line(report, &["about"]));
        for column in report["columns"].as_array().into_iter().flatten() {
            println!("  {}", line(column, &["name", "kind", "about"]));
        }
    }
    Ok(())
}

/// Writes what a path answers to a file, or to the standard output, and says which run it is.
fn save(api: &ApiArgs, path: &str, format: Option<ReportFormat>, out: Option<&Path>) -> Result<(), String> {
    let download = match out {
        Some(file) => whole(file, |out| api.download(path, out))?,
        None if format.is_some_and(ReportFormat::is_binary) && std::io::stdout().is_terminal() => {
            return Err("this form is not for a terminal: name a file with --out".to_owned());
        }
        None => api.download(path, &mut std::io::stdout().lock())?,
    };
    let named = |name: &str| download.header(name).unwrap_or("-").to_owned();
    eprintln!(
        "run {}  rows {}  position {}  sha256 {}",
        named("assay-report-run"),
        named("assay-report-rows"),
        named("assay-report-position"),
        named("assay-report-sha256")
    );
    if download.header("assay-report-provisional") == Some("true") {
        eprintln!("provisional: its span was not over when it was made");
    }
    Ok(())
}

/// Writes a file under another name, and gives it its own once it is whole.
fn whole(
    file: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<Download, String>,
) -> Result<Download, String> {
    let failed = |error: &dyn std::fmt::Display| format!("cannot write {}: {error}", file.display());
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temporary = tempfile::NamedTempFile::new_in(dir).map_err(|error| failed(&error))?;
    let download = write(&mut temporary)?;
    temporary.as_file().sync_all().map_err(|error| failed(&error))?;
    temporary.persist(file).map_err(|error| failed(&error))?;
    Ok(download)
}
