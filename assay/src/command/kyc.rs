//! `assay kyc ...`: identity files of a running node.

use super::Outcome;
use super::session::show;
use crate::api_client::ApiArgs;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::process::ExitCode;

/// `assay kyc ...`
#[derive(Debug, Subcommand)]
pub(crate) enum KycCommand {
    /// Files, those that wait first.
    List(QueueArgs),
    /// One file, with its personal data; the look is recorded.
    Show(FileArgs),
    /// How far one's own proof is, and the firm's.
    Status(ApiArgs),
    /// Give a file to a reviewer, or to nobody in particular.
    Assign(AssignArgs),
    /// The client is who the file says.
    Approve(ReasonArgs),
    /// The client is not known by this file.
    Reject(CodeArgs),
    /// The file is not enough; the client may hand in another.
    RequestMore(ReasonArgs),
    /// An approved file counts no more.
    Revoke(CodeArgs),
    /// Destroy a file's key. Waits for a second person.
    Erase(ReasonArgs),
}

/// Which files.
#[derive(Debug, Args)]
pub(crate) struct QueueArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// `pending`, `approved`, `rejected` and what else there is.
    #[arg(long)]
    status: Option<String>,
    /// Country: ISO 3166-1 alpha-2.
    #[arg(long)]
    country: Option<String>,
}

/// One file.
#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// The file, `kyc_...`.
    file: String,
}

/// Who decides on a file.
#[derive(Debug, Args)]
pub(crate) struct AssignArgs {
    #[command(flatten)]
    of: FileArgs,
    /// The reviewer, `usr_...`; nobody in particular without it.
    #[arg(long)]
    reviewer: Option<String>,
}

/// A word on a file.
#[derive(Debug, Args)]
pub(crate) struct ReasonArgs {
    #[command(flatten)]
    of: FileArgs,
    /// Why.
    #[arg(long)]
    reason: String,
}

/// A word on a file that names a code.
#[derive(Debug, Args)]
pub(crate) struct CodeArgs {
    #[command(flatten)]
    of: FileArgs,
    /// Why, as a code: `unreadable`, `mismatch`, `document_expired`, `forged`, `listed`, `duplicate` or `other`.
    #[arg(long)]
    code: String,
    /// Why, in words that the client reads.
    #[arg(long)]
    reason: String,
}

pub(crate) fn run(command: &KycCommand) -> Outcome {
    match command {
        KycCommand::List(args) => args.list()?,
        KycCommand::Show(args) => show(&args.api.call("GET", &args.path(""), None)?),
        KycCommand::Status(api) => show(&api.call("GET", "/api/v1/kyc/status", None)?),
        KycCommand::Assign(args) => args.of.say("assign", &json!({"reviewer": args.reviewer}))?,
        KycCommand::Approve(args) => args.of.say("approve", &json!({"reason": args.reason}))?,
        KycCommand::RequestMore(args) => args.of.say("request-more", &json!({"reason": args.reason}))?,
        KycCommand::Erase(args) => args.of.say("erase", &json!({"reason": args.reason}))?,
        KycCommand::Reject(args) => args.say("reject")?,
        KycCommand::Revoke(args) => args.say("revoke")?,
    }
    Ok(ExitCode::SUCCESS)
}

impl QueueArgs {
    fn list(&self) -> Result<(), String> {
        let filters = [("status", &self.status), ("country", &self.country)];
        let query: String =
            filters.iter().filter_map(|(name, value)| Some(format!("&{name}={}", value.as_ref()?))).collect();
        show(&self.api.call("GET", &format!("/api/v1/kyc/pending?limit=100{query}"), None)?);
        Ok(())
    }
}

impl FileArgs {
    fn path(&self, act: &str) -> String {
        format!("/api/v1/kyc/{}{act}", self.file)
    }

    fn say(&self, act: &str, body: &Value) -> Result<(), String> {
        show(&self.api.call("POST", &self.path(&format!("/{act}")), Some(body))?);
        Ok(())
    }
}

impl CodeArgs {
    fn say(&self, act: &str) -> Result<(), String> {
        self.of.say(act, &json!({"code": self.code, "reason": self.reason}))
    }
}
