//! `assay ledger ...`: the books of a running node, by its API.

mod bank;
mod fees;
mod interest;

use super::Outcome;
use super::session::{in_a_path, show};
use crate::api_client::ApiArgs;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;
use std::fs::File;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Items asked for at a time.
const PAGE: u32 = 100;

/// `assay ledger ...`
#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Accounts of the books and what stands on them.
    Accounts(AccountsArgs),
    /// Transfers of one account, newest first.
    Transfers(TransfersArgs),
    /// Debits and credits by asset and class. Exit code 1 when they differ.
    TrialBalance(ApiArgs),
    /// What a trading account had before, what came and went, what it has after.
    Statement(StatementArgs),
    /// The books against what they are made from. Exit code 1 when something does not come out.
    Reconcile(ReconcileArgs),
    /// What the daily reconciliation found, the newest first.
    Reconciliations(ApiArgs),
    /// What trades cost, by firm, instrument and volume.
    #[command(subcommand)]
    Fees(fees::FeesCommand),
    /// What the house pays on balances.
    #[command(subcommand)]
    Interest(interest::InterestCommand),
    /// Statements of the house's banks, and what their lines are.
    #[command(subcommand)]
    Bank(bank::BankCommand),
}

/// `assay ledger accounts`
#[derive(Debug, Args)]
pub(crate) struct AccountsArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// With this code only, such as `clearing` or `client:FIRM1`.
    #[arg(long)]
    code: Option<String>,
    /// Of this currency or symbol only.
    #[arg(long)]
    asset: Option<String>,
    /// Of this firm only.
    #[arg(long)]
    firm: Option<String>,
}

/// `assay ledger transfers`
#[derive(Debug, Args)]
pub(crate) struct TransfersArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// The account's code, such as `client:FIRM1`.
    code: String,
    /// Currency or symbol.
    asset: String,
    /// So many at most.
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

/// `assay ledger reconcile`
#[derive(Debug, Args)]
pub(crate) struct ReconcileArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// Run the daily job now, whose report is recorded, and wait for it.
    #[arg(long)]
    record: bool,
}

/// How often a recorded run is looked for, and how many times: a minute. It looks at the books some ten times itself.
const LOOK: Duration = Duration::from_millis(200);
const LOOKS: u32 = 300;

/// Form of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatementFormat {
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
    /// To print and to file.
    Pdf,
}

/// `assay ledger statement`
#[derive(Debug, Args)]
pub(crate) struct StatementArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// The trading account.
    account: String,
    /// Currency or symbol.
    asset: String,
    /// The first day (UTC), `2026-11-01`.
    #[arg(long)]
    from: String,
    /// The last day (UTC).
    #[arg(long)]
    to: String,
    /// `json`, `csv` or `pdf`.
    #[arg(long, value_enum, default_value = "csv")]
    format: StatementFormat,
    /// Write it to this file; a PDF must have one where the output is a terminal.
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(crate) fn run(command: &LedgerCommand) -> Outcome {
    match command {
        LedgerCommand::Accounts(args) => args.list()?,
        LedgerCommand::Transfers(args) => args.list()?,
        LedgerCommand::TrialBalance(api) => return trial_balance(api),
        LedgerCommand::Statement(args) => args.print()?,
        LedgerCommand::Bank(command) => bank::run(command)?,
        LedgerCommand::Fees(command) => fees::run(command)?,
        LedgerCommand::Interest(command) => interest::run(command)?,
        LedgerCommand::Reconcile(args) => return args.reconcile(),
        LedgerCommand::Reconciliations(api) => {
            let fields =
                ["due", "position", "passed", "accounts", "holds", "open_bank_lines", "breaks_total"];
            println!("{}", fields.join("  "));
            each(api, "/api/v1/ledger/reconciliations?", |run| {
                println!("{}", line(run, &fields));
                true
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl ReconcileArgs {
    fn reconcile(&self) -> Outcome {
        let answer = match self.record {
            false => self.api.call("GET", "/api/v1/ledger/reconciliation", None)?,
            true => self.recorded()?,
        };
        show(&answer);
        Ok(code(answer["passed"] == true))
    }

    /// The report of a run that begins now.
    fn recorded(&self) -> Result<Value, String> {
        let newest = || -> Result<Value, String> {
            let page = self.api.call("GET", "/api/v1/ledger/reconciliations?limit=1", None)?;
            Ok(page["items"][0].clone())
        };
        let before = newest()?;
        self.api.call("POST", "/api/v1/system/jobs/reconciliation/run", None)?;
        for _ in 0..LOOKS {
            let last = newest()?;
            if last != before {
                return Ok(last);
            }
            std::thread::sleep(LOOK);
        }
        Err("the job has not ended yet: `assay ledger reconciliations` shows it once it has".to_owned())
    }
}

fn code(is_good: bool) -> ExitCode {
    ExitCode::from(u8::from(!is_good))
}

/// Every item of a list, page by page, until `take` says that it is enough.
pub(super) fn each(api: &ApiArgs, path: &str, mut take: impl FnMut(&Value) -> bool) -> Result<(), String> {
    let mut after = String::new();
    loop {
        let page = api.call("GET", &format!("{path}limit={PAGE}{after}"), None)?;
        if !page["items"].as_array().into_iter().flatten().all(&mut take) {
            return Ok(());
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return Ok(()),
        }
    }
}

/// A query's beginning, of what was given.
pub(super) fn query(filters: &[(&str, Option<&str>)]) -> String {
    let given = filters.iter().filter_map(|(name, value)| Some(format!("{name}={}&", in_a_path((*value)?))));
    format!("?{}", given.collect::<String>())
}

/// Fields of an item in one line.
pub(super) fn line(item: &Value, fields: &[&str]) -> String {
    let text = |field: &&str| match &item[*field] {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    fields.iter().map(text).collect::<Vec<_>>().join("  ")
}

impl AccountsArgs {
    fn list(&self) -> Result<(), String> {
        let fields = ["code", "asset", "firm", "debits", "credits", "balance", "held", "expected"];
        println!("{}", fields.join("  "));
        let filters = [("code", &self.code), ("asset", &self.asset), ("firm", &self.firm)];
        let path = format!("/api/v1/ledger/accounts{}", query(&filters.map(|(n, v)| (n, v.as_deref()))));
        each(&self.api, &path, |account| {
            println!("{}", line(account, &fields));
            true
        })
    }
}

impl TransfersArgs {
    fn list(&self) -> Result<(), String> {
        let filters = [("code", Some(self.code.as_str())), ("asset", Some(self.asset.as_str()))];
        let path = format!("/api/v1/ledger/accounts{}", query(&filters));
        let found = self.api.call("GET", &path, None)?;
        let id = found["items"][0]["id"].as_i64();
        let id = id.ok_or_else(|| format!("no account {} of {}", self.code, self.asset))?;
        let fields = ["at", "position", "reason", "reference", "counterpart", "change", "balance", "held"];
        println!("{}", fields.join("  "));
        let mut left = self.limit;
        each(&self.api, &format!("/api/v1/ledger/accounts/{id}/entries?"), |entry| {
            if left > 0 {
                println!("{}", line(entry, &fields));
            }
            left = left.saturating_sub(1);
            left > 0
        })
    }
}

fn trial_balance(api: &ApiArgs) -> Outcome {
    let answer = api.call("GET", "/api/v1/ledger/trial-balance", None)?;
    let fields = ["asset", "class", "accounts", "debits", "credits"];
    println!("{}", fields.join("  "));
    for row in answer["lines"].as_array().into_iter().flatten() {
        println!("{}", line(row, &fields));
    }
    let words = if answer["balanced"] == true { "balanced" } else { "NOT balanced" };
    println!("{words} at position {}", answer["position"]);
    Ok(code(answer["balanced"] == true))
}

impl StatementArgs {
    fn print(&self) -> Result<(), String> {
        let place = format!("/api/v1/wallets/{}/{}", in_a_path(&self.account), in_a_path(&self.asset));
        let format = match self.format {
            StatementFormat::Json => "json",
            StatementFormat::Csv => "csv",
            StatementFormat::Pdf => "pdf",
        };
        let days = [("from", Some(self.from.as_str())), ("to", Some(self.to.as_str()))];
        let path = format!("{place}/statement{}format={format}", query(&days));
        match &self.out {
            Some(file) => {
                let taken = |error| format!("cannot write {}: {error}", file.display());
                let mut to = File::create(file).map_err(taken)?;
                self.api.download(&path, &mut to).map(drop)
            }
            None if self.format == StatementFormat::Pdf && std::io::stdout().is_terminal() => {
                Err("a PDF is not for a terminal: name a file with --out".to_owned())
            }
            None => self.api.download(&path, &mut std::io::stdout().lock()).map(drop),
        }
    }
}
