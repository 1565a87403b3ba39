//! `assay ledger bank ...`: statements of the house's banks.

use super::{each, line, query};
use crate::api_client::ApiArgs;
use crate::command::session::{in_a_path, show};
use base64::Engine;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use std::path::PathBuf;

/// `assay ledger bank ...`
#[derive(Debug, Subcommand)]
pub(crate) enum BankCommand {
    /// Bring in a statement: whole or not at all, and once however often.
    Import(ImportArgs),
    /// Statements that were brought in.
    Statements(ApiArgs),
    /// Lines of statements: those that nobody has explained, or all.
    Lines(LinesArgs),
    /// Say what a line is.
    Resolve(ResolveArgs),
}

/// Form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileFormat {
    /// ISO 20022.
    #[value(name = "camt.053")]
    Camt053,
    /// `account,statement,asset,date,reference,amount,balance,details`
    Csv,
}

/// `assay ledger bank import`
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// The file.
    file: PathBuf,
    /// Its form; by its name when left out: `csv`, else `camt.053`.
    #[arg(long, value_enum)]
    format: Option<FileFormat>,
}

/// `assay ledger bank lines`
#[derive(Debug, Args)]
pub(crate) struct LinesArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// On this statement only.
    #[arg(long)]
    statement: Option<String>,
    /// Explained ones too.
    #[arg(long)]
    all: bool,
}

/// `assay ledger bank resolve`
#[derive(Debug, Args)]
pub(crate) struct ResolveArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// The line's id.
    line: String,
    /// The deposit or withdrawal that it is.
    #[arg(long)]
    movement: Option<String>,
    /// What it is, for the record.
    #[arg(long)]
    reason: String,
}

pub(super) fn run(command: &BankCommand) -> Result<(), String> {
    match command {
        BankCommand::Import(args) => args.import(),
        BankCommand::Statements(api) => {
            let fields = [
                "id", "account", "name", "asset", "opening", "closing", "lines", "matched", "resolved",
                "open",
            ];
            table(api, "/api/v1/ledger/bank-statements?", &fields)
        }
        BankCommand::Lines(args) => {
            let status = (!args.all).then_some("open");
            let filters = query(&[("statement", args.statement.as_deref()), ("status", status)]);
            let fields =
                ["id", "day", "reference", "amount", "asset", "status", "movement", "text", "reason"];
            table(&args.api, &format!("/api/v1/ledger/bank-lines{filters}"), &fields)
        }
        BankCommand::Resolve(args) => {
            let path = format!("/api/v1/ledger/bank-lines/{}/resolve", in_a_path(&args.line));
            let body = json!({"movement": args.movement, "reason": args.reason});
            show(&args.api.call("POST", &path, Some(&body))?);
            Ok(())
        }
    }
}

fn table(api: &ApiArgs, path: &str, fields: &[&str]) -> Result<(), String> {
    println!("{}", fields.join("  "));
    each(api, path, |item| {
        println!("{}", line(item, fields));
        true
    })
}

impl ImportArgs {
    fn import(&self) -> Result<(), String> {
        let bytes = std::fs::read(&self.file)
            .map_err(|error| format!("cannot read {}: {error}", self.file.display()))?;
        let is_csv = self.file.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"));
        let format = match self.format {
            Some(FileFormat::Csv) => "csv",
            None if is_csv => "csv",
            Some(FileFormat::Camt053) | None => "camt.053",
        };
        let content = base64::engine::general_purpose::STANDARD.encode(bytes);
        let body = json!({"format": format, "content": content});
        show(&self.api.call("POST", "/api/v1/ledger/bank-statements", Some(&body))?);
        Ok(())
    }
}
