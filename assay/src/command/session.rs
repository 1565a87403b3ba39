//! `assay session ...`: FIX sessions of a running node, by the same commands as its API.

use super::Outcome;
use crate::api_client::ApiArgs;
use crate::config::{table_in, table_of};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// `assay session ...`
#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// Every session: state, numbers, use of its limits, and whether the file or the log says what it is.
    List(ApiArgs),
    /// One session with all of its settings.
    Show(OneArgs),
    /// Make a session. Waits for a second person (`assay proposal approve`).
    Create(CreateArgs),
    /// Change settings; what a live connection stands on changes when it ends, and it is logged out for that. Waits for a second person.
    Change(ChangeArgs),
    /// Log a session out and let it log on no more. At once.
    Suspend(PlainArgs),
    /// Let a session log on again. Waits for a second person.
    Resume(PlainArgs),
    /// Replace the keys of a session; its connection goes on. Waits for a second person.
    Rekey(FileArgs),
    /// Begin both sequence numbers at 1. Waits for a second person.
    Reset(PlainArgs),
    /// Set sequence numbers. Waits for a second person.
    SetNumbers(NumbersArgs),
    /// Replace the hours of a session. Waits for a second person.
    Schedule(ScheduleArgs),
}

/// A session.
#[derive(Debug, Args)]
pub(crate) struct OneArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// Its CompID.
    comp_id: String,
}

/// What every change takes.
#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    #[command(flatten)]
    api: ApiArgs,
    /// Why, for the record.
    #[arg(long)]
    reason: String,
    /// Say what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// A change that needs no more words.
#[derive(Debug, Args)]
pub(crate) struct PlainArgs {
    #[command(flatten)]
    why: WhyArgs,
    /// Its CompID.
    comp_id: String,
}

/// `assay session create`
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    why: WhyArgs,
    /// TOML with the keys of a `[[session]]`, at the top level.
    #[arg(long)]
    settings: PathBuf,
}

/// `assay session change`
#[derive(Debug, Args)]
pub(crate) struct ChangeArgs {
    #[command(flatten)]
    why: WhyArgs,
    /// Its CompID.
    comp_id: String,
    /// A key of `[[session]]` and its new value as TOML, e.g. `heartbeat_s=20`. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// A key that goes back to its default. May be repeated.
    #[arg(long = "unset", value_name = "KEY")]
    unset: Vec<String>,
}

/// `assay session rekey`
#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    #[command(flatten)]
    why: WhyArgs,
    /// Its CompID.
    comp_id: String,
    /// TOML with `[[key]]` tables as in `[[session.key]]`.
    #[arg(long)]
    keys: PathBuf,
}

/// `assay session set-numbers`
#[derive(Debug, Args)]
pub(crate) struct NumbersArgs {
    #[command(flatten)]
    why: WhyArgs,
    /// Its CompID.
    comp_id: String,
    /// MsgSeqNum expected next; as it is when left out.
    #[arg(long)]
    next_in: Option<u64>,
    /// MsgSeqNum assigned next; as it is when left out.
    #[arg(long)]
    next_out: Option<u64>,
}

/// `assay session schedule`
#[derive(Debug, Args)]
pub(crate) struct ScheduleArgs {
    #[command(flatten)]
    why: WhyArgs,
    /// Its CompID.
    comp_id: String,
    /// TOML with the keys of `[session.schedule]`, at the top level.
    #[arg(long, required_unless_present = "always", conflicts_with = "always")]
    hours: Option<PathBuf>,
    /// Always open.
    #[arg(long)]
    always: bool,
}

pub(crate) fn run(command: &SessionCommand) -> Outcome {
    match command {
        SessionCommand::List(api) => list(api)?,
        SessionCommand::Show(args) => show(&args.api.call("GET", &place(&args.comp_id, ""), None)?),
        SessionCommand::Create(args) => {
            let settings = table_in(&args.settings)?;
            args.why.ask("POST", PLACE, json!({ "settings": settings }))?;
        }
        SessionCommand::Change(args) => {
            let changes = changes(&args.set, &args.unset)?;
            args.why.ask("PATCH", &place(&args.comp_id, ""), json!({ "changes": changes }))?;
        }
        SessionCommand::Suspend(args) => args.ask("/suspend")?,
        SessionCommand::Resume(args) => args.ask("/resume")?,
        SessionCommand::Reset(args) => args.ask("/reset")?,
        SessionCommand::Rekey(args) => {
            let keys = table_in(&args.keys)?.remove("key").unwrap_or(json!([]));
            args.why.ask("PUT", &place(&args.comp_id, "/keys"), json!({ "keys": keys }))?;
        }
        SessionCommand::SetNumbers(args) => {
            let numbers = json!({ "next_in": args.next_in, "next_out": args.next_out });
            args.why.ask("PUT", &place(&args.comp_id, "/numbers"), numbers)?;
        }
        SessionCommand::Schedule(args) => {
            let schedule = args.hours.as_deref().map(table_in).transpose()?;
            args.why.ask("PUT", &place(&args.comp_id, "/schedule"), json!({ "schedule": schedule }))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

const PLACE: &str = "/api/v1/fix-sessions";

fn place(comp_id: &str, what: &str) -> String {
    format!("{PLACE}/{}{what}", in_a_path(comp_id))
}

/// A CompID may hold any printable character, a path may not.
pub(crate) fn in_a_path(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

impl PlainArgs {
    fn ask(&self, what: &str) -> Result<(), String> {
        self.why.ask("POST", &place(&self.comp_id, what), json!({}))
    }
}

impl WhyArgs {
    fn ask(&self, method: &str, path: &str, mut body: Value) -> Result<(), String> {
        body["reason"] = self.reason.clone().into();
        let trial = if self.dry_run { "?dry_run=true" } else { "" };
        let answer = self.api.call(method, &format!("{path}{trial}"), Some(&body))?;
        show(&answer);
        Ok(())
    }
}

/// What `--set` and `--unset` ask for.
fn changes(set: &[String], unset: &[String]) -> Result<Map<String, Value>, String> {
    let mut changes = Map::new();
    for pair in set {
        let (key, value) = pair.split_once('=').ok_or_else(|| format!("--set {pair}: write KEY=VALUE"))?;
        // A word without quotes is a text.
        let line = |value: &str| table_of(&format!("value = {value}"));
        let table = line(value).or_else(|_| line(&Value::from(value).to_string()));
        let value = table.ok().and_then(|mut table| table.remove("value"));
        changes.insert(key.trim().to_owned(), value.ok_or_else(|| format!("--set {pair}: no value"))?);
    }
    changes.extend(unset.iter().map(|key| (key.clone(), Value::Null)));
    Ok(changes)
}

fn list(api: &ApiArgs) -> Result<(), String> {
    let answer = api.call("GET", PLACE, None)?;
    println!("comp_id  firm  state  source  next_in  next_out  queued  used/burst  per_s");
    for session in answer["items"].as_array().into_iter().flatten() {
        let text = |field: &str| match &session[field] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let usage = &session["usage"];
        println!(
            "{}  {}  {}{}  {}  {}  {}  {}  {}/{}  {}",
            text("comp_id"),
            text("firm"),
            text("state"),
            if session["changing"] == true { " (changing)" } else { "" },
            text("source"),
            text("next_in"),
            text("next_out"),
            text("queued"),
            usage["used"],
            usage["burst"],
            usage["per_s"],
        );
    }
    Ok(())
}

/// What the node answered, as it is.
pub(crate) fn show(answer: &Value) {
    println!("{}", serde_json::to_string_pretty(answer).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_read_as_toml_and_words_as_texts() {
        let set = ["heartbeat_s=20", "profile=interop", "throttle={ per_s = 7 }", "addresses=[\"::1\"]"];
        let read = changes(&set.map(str::to_owned), &["schedule".to_owned()]).unwrap();
        let expected = json!({
            "heartbeat_s": 20, "profile": "interop", "throttle": {"per_s": 7}, "addresses": ["::1"], "schedule": null
        });
        assert_eq!(Value::Object(read), expected);
        assert!(changes(&["heartbeat_s".to_owned()], &[]).is_err());
    }

    #[test]
    fn a_comp_id_of_any_character_is_one_part_of_a_path() {
        assert_eq!(place("DESK/7?#%", "/keys"), "/api/v1/fix-sessions/DESK%2F7%3F%23%25/keys");
    }
}
