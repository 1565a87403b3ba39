//! Evidence for the annual review of risk controls (SEC 15c3-5(e), RTS 6 article 9): every change, breach and override of a
//! span of time.

use super::{Outcome, ReviewArgs};
use crate::command::configuration_or_none;
use crate::log_place;
use crate::node::DataDir;
use assay_audit::parse_time;
use assay_event_log::Record;
use assay_trading_types::*;
use std::collections::BTreeMap;
use std::fmt;
use std::process::ExitCode;

pub(super) fn run(args: &ReviewArgs) -> Outcome {
    let (from, to) = (parse_time(&args.from)?, parse_time(&args.to)?);
    if from >= to {
        return Err(format!("--from {from} is not before --to {to}").into());
    }
    let mut review = Review { from, to, ..Review::default() };
    let config = configuration_or_none(args.config.as_deref())?;
    for record in log_place::records(&config, &DataDir::new(&args.data_dir))? {
        let record = record?;
        if record.topic == Topic::Accounts && record.at >= from && record.at < to {
            review.read(&record, &*record.decode()?);
        }
    }
    print!("{review}");
    Ok(ExitCode::SUCCESS)
}

/// What happened in the span.
#[derive(Default)]
struct Review {
    from: Timestamp,
    to: Timestamp,
    orders: u64,
    /// Refusals by firm and code.
    breaches: BTreeMap<(FirmId, &'static str), u64>,
    changes: Vec<String>,
    overrides: Vec<String>,
    stops: Vec<String>,
    lists: Vec<String>,
    alarms: Vec<String>,
    /// Commands that had no effect, attempts to act alone among them.
    refused: Vec<String>,
}

impl Review {
    fn read(&mut self, record: &Record, event: &Event) {
        let (at, by) = (record.at, record.actor);
        match event {
            Event::OrderRequested(_) | Event::ReplaceRequested(_) => self.orders += 1,
            Event::OrderRefused(e) => self.breach(e.terms.firm, e.refusal),
            Event::CancelRefused(e) => self.breach(e.firm, e.refusal),
            Event::LimitsSet(e) => {
                let whose = e.account.map_or(e.firm.to_string(), |a| format!("{} {a}", e.firm));
                self.changes.push(format!("{at}  {whose} v{} configured: {}", e.version, json(&e.limits)));
            }
            Event::HouseCreditSet(e) => {
                let credit = e.credit_max.map_or("unlimited".to_owned(), |c| c.to_string());
                self.changes.push(format!("{at}  house v{} configured: credit {credit}", e.version));
            }
            Event::LimitsChanged(e) => self.change(at, e),
            Event::RiskSwitchChanged(e) => self.stops.push(format!(
                "{at}  {} from {:?} to {:?} by {}, {} orders cancelled: {}",
                e.scope, e.before, e.state, e.by, e.orders, e.reason
            )),
            Event::RepeatBreakerReset(e) => {
                let what =
                    format!("{at}  breaker of {} in {} closed by {by}: {}", e.account, e.symbol, e.reason);
                self.overrides.push(what);
            }
            Event::RestrictionSet(e) => {
                self.lists.push(format!("{at}  restricted list by {by}: {}", json(e)))
            }
            Event::LocateGranted(e) => self.lists.push(format!(
                "{at}  locate {}: {} {} of {} for {} until {}, maker {}, checker {}: {}",
                e.locate, e.qty, e.symbol, e.lender, e.account, e.valid_until, e.maker, e.checker, e.reason
            )),
            Event::LocateEnded(e) => self.lists.push(format!(
                "{at}  locate {} {:?}, {} {} unused, {} orders cancelled: {}",
                e.locate, e.cause, e.unused, e.symbol, e.orders, e.reason
            )),
            Event::AccountStatusSet(e) => self.lists.push(format!(
                "{at}  account {} is {:?}, owner {:?}, by {by}: {}",
                e.account, e.status, e.kyc, e.reason
            )),
            Event::RiskCommandRefused(e) => {
                self.refused.push(format!("{at}  {} about {}: {:?} {}", e.by, e.subject, e.refusal, e.detail))
            }
            Event::RiskAlarmed(e) => {
                let firm = e.firm.map_or("house".to_owned(), |f| f.to_string());
                self.alarms.push(format!("{at}  {firm}: {}", e.detail));
            }
            _ => {}
        }
    }

    fn change(&mut self, at: Timestamp, e: &LimitsChanged) {
        let name = |actor: Option<Actor>| actor.map_or("nobody".to_owned(), |a| a.to_string());
        let people = format!("maker {}, checker {}", name(e.maker), name(e.checker));
        let until = e.valid_until.map_or(String::new(), |t| format!(", until {t}"));
        let line = format!(
            "{at}  {} v{} {:?}{until}, {people}: {}\n    before {}\n    now    {}",
            e.scope.key(),
            e.version,
            e.cause,
            e.reason,
            json(&*e.before),
            json(&*e.limits)
        );
        match e.cause {
            LimitsCause::Emergency => self.overrides.push(line),
            LimitsCause::Declined => self.refused.push(line),
            LimitsCause::Configured | LimitsCause::Approved | LimitsCause::Reverted => {
                self.changes.push(line)
            }
        }
    }

    fn breach(&mut self, firm: FirmId, refusal: Refusal) {
        if refusal.is_risk_control() {
            *self.breaches.entry((firm, refusal.code())).or_default() += 1;
        }
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl fmt::Display for Review {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "risk controls from {} to {}", self.from, self.to)?;
        let breaches: u64 = self.breaches.values().sum();
        writeln!(f, "{} orders and replaces asked for, {breaches} refused by a control", self.orders)?;
        writeln!(f, "breaches: {}", self.breaches.len())?;
        for ((firm, code), count) in &self.breaches {
            writeln!(f, "  {firm} {code} {count}")?;
        }
        let sections = [
            ("changes of limits", &self.changes),
            ("overrides", &self.overrides),
            ("stops", &self.stops),
            ("restricted list and accounts", &self.lists),
            ("alarms", &self.alarms),
            ("commands without effect", &self.refused),
        ];
        for (title, lines) in sections {
            writeln!(f, "{title}: {}", lines.len())?;
            lines.iter().try_for_each(|line| writeln!(f, "  {line}"))?;
        }
        Ok(())
    }
}
