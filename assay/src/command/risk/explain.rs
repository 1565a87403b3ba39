//! Why an order was accepted or refused.
//!
//! The log is replayed up to the request, so that everything the decision could see is at hand, and the decision is made
//! once more: it must be the one that the log holds.

use super::{ExplainArgs, Outcome};
use crate::command::configuration_or_none;
use crate::log_place;
use crate::node::DataDir;
use assay_event_log::Record;
use assay_risk_service::{AtStake, Risk};
use assay_trading_types::*;
use std::fmt::Write;
use std::process::ExitCode;

/// A decision made again, and where the one of the log will come.
struct Again {
    origin: Origin,
    event: Event,
    text: String,
}

pub(super) fn run(args: &ExplainArgs) -> Outcome {
    let mut explanations = Explanations::new(&args.order);
    let config = configuration_or_none(args.config.as_deref())?;
    for record in log_place::records(&config, &DataDir::new(&args.data_dir))? {
        let record = record?;
        if matches!(record.topic, Topic::Accounts | Topic::Markets) {
            explanations.read(&record, &*record.decode()?);
        }
    }
    print!("{}", explanations.text);
    match (explanations.found, explanations.differing) {
        (0, _) => Err(format!("the log holds no order or replace {}", args.order).into()),
        (_, 0) => Ok(ExitCode::SUCCESS),
        (_, _) => Ok(ExitCode::FAILURE),
    }
}

/// Everything that the log says about an id.
struct Explanations {
    order: String,
    risk: Risk,
    outbox: Outbox,
    /// Decisions made again whose record in the log has not come yet.
    waiting: Vec<Again>,
    text: String,
    found: u32,
    differing: u32,
}

impl Explanations {
    fn new(order: &str) -> Self {
        Self {
            order: order.to_owned(),
            risk: Risk::new(0),
            outbox: Outbox::new(Role::Risk, 1),
            waiting: Vec::new(),
            text: String::new(),
            found: 0,
            differing: 0,
        }
    }

    fn read(&mut self, record: &Record, event: &Event) {
        self.compare(record, event);
        if record.topic != Topic::Accounts {
            return;
        }
        let asked = self.asked(record, event).map(|terms| self.describe(record, event, terms));
        let input = record.input(event);
        self.outbox.begin(&input);
        self.risk.apply(&input, &mut self.outbox);
        let decided = self.outbox.drain().find(|emitted| is_decision(&emitted.event));
        if let (Some(text), Some(decided)) = (asked, decided) {
            self.found += 1;
            self.waiting.push(Again { origin: decided.origin, event: decided.event, text });
        }
    }

    /// The terms of a request that is meant.
    fn asked<'a>(&self, record: &Record, event: &'a Event) -> Option<&'a OrderTerms> {
        let (terms, is_order) = match event {
            Event::OrderRequested(e) => (&e.terms, true),
            Event::ReplaceRequested(e) => (&e.terms, false),
            _ => return None,
        };
        let order_id = OrderId::new(record.partition, record.offset).to_string();
        let meant = terms.cl_ord_id.as_str() == self.order || is_order && order_id == self.order;
        meant.then_some(terms)
    }

    /// What risk sees before it decides.
    fn describe(&self, record: &Record, event: &Event, terms: &OrderTerms) -> String {
        let mut text = String::new();
        let order_id = OrderId::new(record.partition, record.offset);
        let what = match event {
            Event::OrderRequested(_) => format!("order {order_id}"),
            _ => "replace".to_owned(),
        };
        let price = terms.price.map_or("at market".to_owned(), |p| format!("at {p}"));
        // Writing to a string does not fail.
        let _ = writeln!(text, "{what}, ClOrdID {} of {}, {}", terms.cl_ord_id, terms.session, record.at);
        let _ = writeln!(text, "  {:?} {} {} {price}, {:?}", terms.side, terms.qty, terms.symbol, terms.tif);
        let _ = writeln!(text, "  account {} of firm {}", terms.account, terms.firm);
        self.describe_limits(&mut text, "firm", LimitScope::Firm(terms.firm));
        self.describe_limits(&mut text, "account", LimitScope::Account(terms.account));
        at_stake(&mut text, "firm", self.risk.firm_at_stake(&terms.firm));
        at_stake(&mut text, "account", self.risk.account_at_stake(&terms.account));
        if let Ok(asset) = Asset::new(terms.symbol.as_str()) {
            let held = self.risk.position(&terms.account, &asset);
            let free = self.risk.available(&terms.account, &asset);
            let _ = writeln!(text, "  before: {held} {asset} in the account, {free} not on sale");
            if terms.side.is_short() {
                let borrowed = self.risk.borrowed(&terms.account, &asset);
                let located = self.risk.located(&terms.account, &terms.symbol, record.at);
                let _ = writeln!(text, "  before: {borrowed} {asset} borrowed, {located} located and free");
            }
        }
        text
    }

    fn describe_limits(&self, text: &mut String, level: &str, scope: LimitScope) {
        match self.risk.limits(&scope) {
            Some((version, limits)) if version > 0 => {
                let limits = serde_json::to_string(&limits).unwrap_or_default();
                let _ = writeln!(text, "  {level} limits, version {version}: {limits}");
            }
            _ => {
                let _ = writeln!(text, "  {level} limits: none");
            }
        }
    }

    /// Whether this is the log's own record of a decision that was made again, and the same.
    fn compare(&mut self, record: &Record, event: &Event) {
        let Some(at) = self.waiting.iter().position(|again| Some(again.origin) == record.origin) else {
            return;
        };
        let again = self.waiting.swap_remove(at);
        self.text += &again.text;
        self.text += &decision(event);
        let _ = writeln!(self.text, "  decided in record {}", record.position);
        if again.event == *event {
            self.text += "  decided again from the log: the same\n";
        } else {
            self.differing += 1;
            let _ = writeln!(self.text, "  DECIDED AGAIN FROM THE LOG: {:?}", again.event);
        }
    }
}

fn is_decision(event: &Event) -> bool {
    matches!(
        event,
        Event::OrderAccepted(_)
            | Event::OrderRefused(_)
            | Event::ReplaceAccepted(_)
            | Event::CancelRefused(_)
    )
}

fn at_stake(text: &mut String, level: &str, stake: Option<AtStake>) {
    let Some(s) = stake else { return };
    let _ = writeln!(
        text,
        "  before: {level} has {} working in {} orders, {} gross, {} net, lost {} today, uses {} of credit",
        s.working, s.open_orders, s.gross, s.net, s.loss, s.credit
    );
}

fn decision(event: &Event) -> String {
    let mut text = String::new();
    let _ = match event {
        Event::OrderRefused(e) => {
            let price = e.reference_price.map_or("none".to_owned(), |p| p.to_string());
            writeln!(text, "  reference price: {price}\n  REFUSED {}: {}", e.refusal.code(), e.detail)
        }
        Event::CancelRefused(e) => writeln!(text, "  REFUSED {}: {}", e.refusal.code(), e.detail),
        Event::OrderAccepted(e) => accepted(&mut text, e.reference_price, &e.measured),
        Event::ReplaceAccepted(e) => accepted(&mut text, e.reference_price, &e.measured),
        _ => Ok(()),
    };
    text
}

fn accepted(text: &mut String, reference: Option<Price>, measured: &[Measured]) -> std::fmt::Result {
    let price = reference.map_or("none".to_owned(), |p| p.to_string());
    writeln!(text, "  reference price: {price}\n  ACCEPTED")?;
    for Measured { level, measure, value, limit } in measured {
        writeln!(text, "  with it: {level:?} {measure:?} {value} of {limit}")?;
    }
    Ok(())
}
