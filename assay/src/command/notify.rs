//! `assay notify ...`: one's notices, how they come, and alerts.

use super::Outcome;
use super::session::show;
use crate::api_client::ApiArgs;
use clap::{Args, Subcommand};
use serde_json::json;
use std::process::ExitCode;

/// `assay notify ...`
#[derive(Debug, Subcommand)]
pub(crate) enum NotifyCommand {
    /// Own notices, the newest first.
    List(ListArgs),
    /// One was read; all, when none is named.
    Read(ReadArgs),
    /// Own channels by kind.
    Channels(ApiArgs),
    /// Switches mail for a kind on or off; what concerns security always comes.
    Mail(MailArgs),
    /// What became of mail.
    Deliveries(ApiArgs),
    /// Alerts: own ones, the venue's too for operators.
    Alerts(ApiArgs),
    /// Look after an alert.
    Acknowledge(AlertArgs),
    /// An alert is over.
    Resolve(AlertArgs),
    /// Own rules.
    Rules(ApiArgs),
    /// Make a rule.
    AddRule(RuleArgs),
    /// End a rule.
    RemoveRule(AlertArgs),
}

/// Which notices.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// Those that were not read alone.
    #[arg(long)]
    unread: bool,
}

/// What was read.
#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// The notice, `ntc_...`.
    notice: Option<String>,
}

/// A kind and whether it comes by mail.
#[derive(Debug, Args)]
pub(crate) struct MailArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// Kind of notice, as `kyc_approved`.
    kind: String,
    /// On or off.
    #[arg(value_parser = ["on", "off"])]
    switch: String,
}

/// An alert or a rule.
#[derive(Debug, Args)]
pub(crate) struct AlertArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// Its id.
    id: String,
}

/// A rule to be.
#[derive(Debug, Args)]
pub(crate) struct RuleArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// `reference_price`, `total`, `available`, `position`, `profit`, `open_orders`, or for operators `stale_prices`, `audit_lag`, `read_model_lag`, `mail_waiting`.
    #[arg(long)]
    measure: String,
    /// Of which instrument.
    #[arg(long)]
    symbol: Option<String>,
    /// Of which account.
    #[arg(long)]
    account: Option<String>,
    /// Of which currency or symbol.
    #[arg(long)]
    asset: Option<String>,
    /// `above` or `below`.
    #[arg(long)]
    operator: String,
    /// A decimal.
    #[arg(long, allow_hyphen_values = true)]
    threshold: String,
    /// `info`, `warning` or `critical`.
    #[arg(long, default_value = "warning")]
    severity: String,
    /// Seconds that it rests after it fired.
    #[arg(long, default_value_t = 300)]
    cool_down_s: u32,
}

pub(crate) fn run(command: &NotifyCommand) -> Outcome {
    let answer = match command {
        NotifyCommand::List(args) => {
            let unread = if args.unread { "&unread=true" } else { "" };
            args.api.call("GET", &format!("/api/v1/notifications?limit=100&sort=-id{unread}"), None)?
        }
        NotifyCommand::Read(args) => {
            let path = match &args.notice {
                Some(notice) => format!("/api/v1/notifications/{notice}/read"),
                None => "/api/v1/notifications/read-all".to_owned(),
            };
            args.api.call("POST", &path, Some(&json!({})))?
        }
        NotifyCommand::Channels(api) => api.call("GET", "/api/v1/notifications/preferences", None)?,
        NotifyCommand::Mail(args) => args.switch()?,
        NotifyCommand::Deliveries(api) => {
            api.call("GET", "/api/v1/notifications/deliveries?limit=100&sort=-id", None)?
        }
        NotifyCommand::Alerts(api) => api.call("GET", "/api/v1/alerts?limit=100&sort=-id", None)?,
        NotifyCommand::Acknowledge(args) => args.say("POST", "/api/v1/alerts", "/acknowledge")?,
        NotifyCommand::Resolve(args) => args.say("POST", "/api/v1/alerts", "/resolve")?,
        NotifyCommand::Rules(api) => api.call("GET", "/api/v1/alerts/rules?limit=100", None)?,
        NotifyCommand::AddRule(args) => args.add()?,
        NotifyCommand::RemoveRule(args) => args.say("DELETE", "/api/v1/alerts/rules", "")?,
    };
    show(&answer);
    Ok(ExitCode::SUCCESS)
}

impl MailArgs {
    /// Sets one kind and leaves the others.
    fn switch(&self) -> Result<serde_json::Value, String> {
        let path = "/api/v1/notifications/preferences";
        let mut channels = self.api.call("GET", path, None)?;
        let kind = channels.get_mut(&self.kind).ok_or_else(|| format!("no such kind: {}", self.kind))?;
        kind["email"] = json!(self.switch == "on");
        self.api.call("PUT", path, Some(&channels))
    }
}

impl AlertArgs {
    fn say(&self, method: &str, collection: &str, act: &str) -> Result<serde_json::Value, String> {
        let body = (method == "POST").then(|| json!({}));
        self.api.call(method, &format!("{collection}/{}{act}", self.id), body.as_ref())
    }
}

impl RuleArgs {
    fn add(&self) -> Result<serde_json::Value, String> {
        let body = json!({
            "measure": self.measure,
            "symbol": self.symbol,
            "account": self.account,
            "asset": self.asset,
            "operator": self.operator,
            "threshold": self.threshold,
            "severity": self.severity,
            "cool_down_s": self.cool_down_s,
        });
        self.api.call("POST", "/api/v1/alerts/rules", Some(&body))
    }
}
