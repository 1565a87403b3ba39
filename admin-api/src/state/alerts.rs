//! Alerts and their rules: judged by recorded measures and events alone, so that every node and every replay agrees.

use super::notices::Telling;
use super::refused::check_version;
use super::{Changed, Identity, Refused};
use crate::word::word;
use assay_trading_types::{
    AdminRefusal, Alert, AlertChanged, AlertId, AlertMeasure, AlertRuleId, AlertSource, AlertState,
    AlertTerms, AlertsAction, Amount, Command, ComplianceRule, Finding, MeasuresTaken, NoticeKind, Outbox,
    RuleChecked, Severity, Timestamp, Topic, UserId, UserRole,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Rules of one user.
const OWNED_MAX: usize = 50;

/// Alerts kept that are over; the oldest go first.
const KEPT_MAX: usize = 2_000;

/// Alerts that are not over; beyond it new ones are not made, and those who look after these have enough to do.
const LIVE_MAX: usize = 10_000;

/// A critical alert that nobody looks after is told again after so long, and again (notifications-alerts.md, states).
const ESCALATION_NS: i64 = 5 * 60 * 1_000_000_000;

/// Alerts that one tick escalates; the rest follow with the next ticks. An input's outputs are numbered in 16 bits, and each
/// of these tells some people in several ways.
const ESCALATIONS_PER_TICK_MAX: usize = 64;

/// Records that the audit store may be behind before it counts as not reached: some seconds of full load.
const AUDIT_LAG_MAX: i64 = 500_000;

/// What the node itself measures, and what it means.
const SYSTEM: [(AlertMeasure, i64, AlertSource, Severity, &str); 2] = [
    (
        AlertMeasure::StalePrices,
        0,
        AlertSource::StalePrices,
        Severity::Warning,
        "reference prices are too old to trade by",
    ),
    (
        AlertMeasure::AuditLag,
        AUDIT_LAG_MAX,
        AlertSource::AuditStore,
        Severity::Critical,
        "the audit store does not keep up",
    ),
];

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertRule {
    /// Its id.
    pub id: AlertRuleId,
    /// Whose.
    pub owner: UserId,
    /// What it is.
    pub terms: AlertTerms,
    /// When it last fired.
    pub fired: Option<Timestamp>,
    /// Counts its changes.
    pub version: u64,
    /// When it was made.
    pub created: Timestamp,
}

impl AlertRule {
    fn rests(&self, at: Timestamp) -> bool {
        let cool_down_ns = i64::from(self.terms.cool_down_s) * 1_000_000_000;
        self.fired.is_some_and(|fired| at.since_ns(fired) < cool_down_ns)
    }
}

/// Everybody's rules, and what they led to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Alerts {
    rules: BTreeMap<AlertRuleId, AlertRule>,
    alerts: BTreeMap<AlertId, Alert>,
    /// One for each source and what it is about.
    live: BTreeMap<String, AlertId>,
    /// The oldest first.
    over: VecDeque<AlertId>,
    /// When a critical alert is told again.
    escalations: BTreeSet<(Timestamp, AlertId)>,
}

/// Something to fire.
pub(super) struct Fired<'a> {
    pub(super) source: AlertSource,
    pub(super) about: String,
    pub(super) owner: Option<UserId>,
    pub(super) severity: Severity,
    pub(super) detail: &'a str,
}

impl Alerts {
    /// A user's rules, by id.
    pub fn rules_of(&self, user: UserId) -> impl DoubleEndedIterator<Item = &AlertRule> {
        self.rules.values().filter(move |rule| rule.owner == user)
    }

    /// A rule.
    pub fn rule(&self, id: &AlertRuleId) -> Option<&AlertRule> {
        self.rules.get(id)
    }

    /// Alerts that are not over and those that were lately, by id, which is by time.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Alert> {
        self.alerts.values()
    }

    /// An alert.
    pub fn alert(&self, id: &AlertId) -> Option<&Alert> {
        self.alerts.get(id)
    }

    /// What must be measured, with whose rule asks for it; nobody's is the venue's.
    pub fn measures(&self) -> BTreeMap<AlertMeasure, BTreeSet<UserId>> {
        let mut wanted: BTreeMap<AlertMeasure, BTreeSet<UserId>> =
            SYSTEM.iter().map(|(measure, ..)| (*measure, BTreeSet::new())).collect();
        for rule in self.rules.values().filter(|rule| rule.terms.enabled) {
            wanted.entry(rule.terms.measure).or_default().insert(rule.owner);
        }
        wanted
    }

    /// Whether a measure's value makes anything begin or end: if not, it need not be recorded.
    pub fn is_news(&self, measure: &AlertMeasure, value: Amount, at: Timestamp) -> bool {
        let of_rule = |rule: &AlertRule| {
            let is_live = self.live.contains_key(&key(AlertSource::Rule(rule.id), &about(measure)));
            match rule.terms.operator.holds(value, rule.terms.threshold) {
                true => !is_live && !rule.rests(at),
                false => is_live,
            }
        };
        let of_system = |(source, threshold): (AlertSource, i64)| {
            self.live.contains_key(&key(source, &about(measure))) != (value > whole(threshold))
        };
        let system = SYSTEM.iter().filter(|(of, ..)| of == measure);
        self.enabled(measure).any(of_rule)
            || system.map(|(_, threshold, source, ..)| (*source, *threshold)).any(of_system)
    }

    fn enabled(&self, measure: &AlertMeasure) -> impl Iterator<Item = &AlertRule> {
        self.rules.values().filter(move |rule| rule.terms.enabled && rule.terms.measure == *measure)
    }

    /// Judges what was measured. Whom to tell of what began is returned.
    pub(super) fn judge(
        &mut self,
        e: &MeasuresTaken,
        digits: &str,
        at: Timestamp,
        out: &mut Outbox,
    ) -> Vec<Telling> {
        let mut told = Vec::new();
        for sample in &e.samples {
            let about = about(&sample.measure);
            let rules: Vec<AlertRule> = self.enabled(&sample.measure).cloned().collect();
            for rule in rules {
                let source = AlertSource::Rule(rule.id);
                if !rule.terms.operator.holds(sample.value, rule.terms.threshold) {
                    self.end(&key(source, &about), at, None, out);
                    continue;
                }
                let is_live = self.live.contains_key(&key(source, &about));
                if !is_live && rule.rests(at) {
                    continue;
                }
                let detail = format!("{about} is {}", sample.value);
                let (severity, owner) = (rule.terms.severity, Some(rule.owner));
                let fired = Fired { source, about: about.clone(), owner, severity, detail: &detail };
                let telling = self.fire(fired, digits, at, out);
                if telling.is_empty() {
                    continue;
                }
                if let Some(kept) = self.rules.get_mut(&rule.id) {
                    kept.fired = Some(at);
                }
                let quiet = !rule.terms.email;
                told.extend(telling.into_iter().map(|t| if quiet { t.without_mail() } else { t }));
            }
            for (_, threshold, source, severity, words) in
                SYSTEM.iter().filter(|(of, ..)| *of == sample.measure)
            {
                if sample.value > whole(*threshold) {
                    let detail = format!("{words}: {}", sample.value);
                    let (source, severity) = (*source, *severity);
                    let fired =
                        Fired { source, about: about.clone(), owner: None, severity, detail: &detail };
                    told.extend(self.fire(fired, digits, at, out));
                } else {
                    self.end(&key(*source, &about), at, None, out);
                }
            }
        }
        told
    }

    /// Begins an alert, or sees one that has begun again. Whom to tell is returned; nobody, of one that they know.
    pub(super) fn fire(
        &mut self,
        fired: Fired<'_>,
        digits: &str,
        at: Timestamp,
        out: &mut Outbox,
    ) -> Vec<Telling> {
        let Fired { source, about, owner, severity, detail } = fired;
        let key = key(source, &about);
        if let Some(alert) = self.live.get(&key).and_then(|id| self.alerts.get_mut(id)) {
            alert.last_seen = at;
            alert.count += 1;
            alert.version += 1;
            detail.clone_into(&mut alert.detail);
            out.emit(Topic::Admin, AlertChanged { alert: alert.clone() }.into());
            return Vec::new();
        }
        if self.live.len() >= LIVE_MAX {
            return Vec::new();
        }
        let id = AlertId::new(&format!("alr_{digits}.{:04}", out.emitted().len()));
        let id = id.expect("shorter than an id may be");
        let alert = Alert {
            id,
            source,
            about,
            owner,
            severity,
            state: AlertState::Firing,
            detail: detail.to_owned(),
            first_seen: at,
            last_seen: at,
            count: 1,
            escalations: 0,
            acknowledged_by: None,
            resolved_by: None,
            version: 1,
        };
        self.live.insert(key, id);
        if severity == Severity::Critical {
            self.escalations.insert((at.plus_ns(ESCALATION_NS), id));
        }
        out.emit(Topic::Admin, AlertChanged { alert: alert.clone() }.into());
        let told = told(&alert, NoticeKind::AlertFired);
        self.alerts.insert(id, alert);
        told
    }

    /// Begins an alert for each finding of a compliance rule, and ends those of what is found no more.
    pub(super) fn check(&mut self, check: &RuleChecked, digits: &str, at: Timestamp, out: &mut Outbox) {
        let rule = word(&check.rule);
        let about = |finding: &Finding| format!("{rule}: {}", finding.about);
        let found: BTreeSet<String> =
            check.findings.iter().map(|finding| key(AlertSource::Violation, &about(finding))).collect();
        let severity = match check.rule {
            ComplianceRule::BooksBalance | ComplianceRule::ChainIntact => Severity::Critical,
            _ => Severity::Warning,
        };
        for finding in &check.findings {
            let (source, about) = (AlertSource::Violation, about(finding));
            if !self.live.contains_key(&key(source, &about)) {
                // Compliance is told of the violation itself.
                self.fire(
                    Fired { source, about, owner: None, severity, detail: &finding.detail },
                    digits,
                    at,
                    out,
                );
            }
        }
        // A record names the first findings only: of those beyond nobody knows whether they are gone.
        if check.findings.len() as u64 >= check.findings_total {
            let of_rule = key(AlertSource::Violation, &format!("{rule}: "));
            let gone: Vec<String> = self
                .live
                .keys()
                .filter(|key| key.starts_with(&of_rule) && !found.contains(*key))
                .cloned()
                .collect();
            for key in gone {
                self.end(&key, at, None, out);
            }
        }
    }

    /// Ends an alert by itself or by somebody. Whether there was one.
    pub(super) fn end(
        &mut self,
        key: &str,
        at: Timestamp,
        by: Option<UserId>,
        out: &mut Outbox,
    ) -> Option<Changed> {
        let id = self.live.remove(key)?;
        let alert = self.alerts.get_mut(&id)?;
        self.escalations.retain(|(_, escalated)| *escalated != id);
        (alert.state, alert.resolved_by, alert.last_seen) = (AlertState::Resolved, by, at);
        alert.version += 1;
        out.emit(Topic::Admin, AlertChanged { alert: alert.clone() }.into());
        let changed = (id.to_string(), alert.version);
        self.over.push_back(id);
        if self.over.len() > KEPT_MAX
            && let Some(oldest) = self.over.pop_front()
        {
            self.alerts.remove(&oldest);
        }
        Some(changed)
    }

    /// Escalates what is critical and nobody looks after. Whom to tell is returned.
    pub(super) fn tick(&mut self, now: Timestamp, out: &mut Outbox) -> Vec<Telling> {
        let mut told = Vec::new();
        for _ in 0..ESCALATIONS_PER_TICK_MAX {
            let due = self.escalations.first().copied().filter(|(due, _)| *due <= now);
            let Some((due, id)) = due else { break };
            self.escalations.remove(&(due, id));
            let Some(alert) = self.alerts.get_mut(&id) else { continue };
            alert.escalations += 1;
            alert.version += 1;
            self.escalations.insert((now.plus_ns(ESCALATION_NS), id));
            out.emit(Topic::Admin, AlertChanged { alert: alert.clone() }.into());
            told.extend(escalated(alert));
        }
        told
    }

    pub(super) fn perform(
        &mut self,
        identity: &Identity,
        command: &Command,
        action: &AlertsAction,
        at: Timestamp,
        out: &mut Outbox,
    ) -> Result<Changed, Refused> {
        let user = command.by.ok_or_else(|| Refused::not_found("user"))?;
        match action {
            AlertsAction::AddRule { rule, terms } => self.add(user, *rule, terms, at),
            AlertsAction::ChangeRule { rule, terms } => {
                let kept = self.own_rule(user, rule)?;
                check_version(command.expected_version, kept.version)?;
                let before = kept.terms.measure;
                (kept.terms, kept.fired) = (terms.clone(), None);
                kept.version += 1;
                let changed = (rule.to_string(), kept.version);
                self.end(&key(AlertSource::Rule(*rule), &about(&before)), at, Some(user), out);
                Ok(changed)
            }
            AlertsAction::RemoveRule { rule } => {
                let kept = self.own_rule(user, rule)?;
                check_version(command.expected_version, kept.version)?;
                let (measure, version) = (kept.terms.measure, kept.version + 1);
                self.rules.remove(rule);
                self.end(&key(AlertSource::Rule(*rule), &about(&measure)), at, Some(user), out);
                Ok((rule.to_string(), version))
            }
            AlertsAction::Acknowledge { alert } => {
                let found = self.visible(identity, command, user, alert)?;
                check_version(command.expected_version, found.version)?;
                if found.state != AlertState::Firing {
                    return Err(Refused::new(
                        AdminRefusal::WrongState,
                        "somebody looks after it, or it is over",
                    ));
                }
                (found.state, found.acknowledged_by) = (AlertState::Acknowledged, Some(user));
                found.version += 1;
                let changed = (alert.to_string(), found.version);
                out.emit(Topic::Admin, AlertChanged { alert: found.clone() }.into());
                self.escalations.retain(|(_, escalated)| escalated != alert);
                Ok(changed)
            }
            AlertsAction::Resolve { alert } => {
                let found = self.visible(identity, command, user, alert)?;
                check_version(command.expected_version, found.version)?;
                let key = key(found.source, &found.about);
                let over = || Refused::new(AdminRefusal::WrongState, "it is over");
                if self.live.get(&key) != Some(alert) {
                    return Err(over());
                }
                self.end(&key, at, Some(user), out).ok_or_else(over)
            }
        }
    }

    fn add(
        &mut self,
        owner: UserId,
        id: AlertRuleId,
        terms: &AlertTerms,
        at: Timestamp,
    ) -> Result<Changed, Refused> {
        if self.rules_of(owner).count() >= OWNED_MAX {
            return Err(Refused::new(AdminRefusal::TooMany, format!("a user has at most {OWNED_MAX}")));
        }
        if self.rules.contains_key(&id) {
            return Err(Refused::new(AdminRefusal::Exists, "there is a rule of this id"));
        }
        let rule = AlertRule { id, owner, terms: terms.clone(), fired: None, version: 1, created: at };
        self.rules.insert(id, rule);
        Ok((id.to_string(), 1))
    }

    fn own_rule(&mut self, user: UserId, id: &AlertRuleId) -> Result<&mut AlertRule, Refused> {
        let rule = self.rules.get_mut(id).filter(|rule| rule.owner == user);
        rule.ok_or_else(|| Refused::not_found("rule"))
    }

    /// An alert that is the user's own, or that the user may look after: the venue's, for those who run it. Before there were
    /// more of them these two looked after everybody's.
    fn visible(
        &mut self,
        identity: &Identity,
        command: &Command,
        user: UserId,
        id: &AlertId,
    ) -> Result<&mut Alert, Refused> {
        const OF_BEFORE: [UserRole; 2] = [UserRole::Admin, UserRole::Operations];
        const NOW: [UserRole; 4] =
            [UserRole::Admin, UserRole::Operations, UserRole::Risk, UserRole::Compliance];
        let is_now = command.rules >= super::TELLING_RULES;
        let looks_after: &[UserRole] = if is_now { &NOW } else { &OF_BEFORE };
        let looks_after =
            identity.user(&user).is_some_and(|user| looks_after.iter().any(|role| user.roles.contains(role)));
        let alert = self.alerts.get_mut(id).filter(|alert| match alert.owner {
            Some(owner) => owner == user || (looks_after && !is_now),
            None => looks_after,
        });
        alert.ok_or_else(|| Refused::not_found("alert"))
    }
}

fn told(alert: &Alert, kind: NoticeKind) -> Vec<Telling> {
    let telling = match (alert.owner, alert.source) {
        (Some(owner), _) => Telling::user(owner, kind, &alert.id),
        (None, AlertSource::Breaker | AlertSource::Shortfall) => {
            Telling::role(UserRole::Risk, kind, &alert.id)
        }
        (None, AlertSource::Violation) => Telling::role(UserRole::Compliance, kind, &alert.id),
        (None, _) => Telling::role(UserRole::Operations, kind, &alert.id),
    };
    vec![telling.because(&alert.detail)]
}

/// Whoever should have looked, and administrators where it is the venue's.
fn escalated(alert: &Alert) -> Vec<Telling> {
    let mut told = told(alert, NoticeKind::AlertEscalated);
    if alert.owner.is_none() {
        told.push(
            Telling::role(UserRole::Admin, NoticeKind::AlertEscalated, &alert.id).because(&alert.detail),
        );
    }
    told
}

/// What a live alert is known by.
pub(super) fn key(source: AlertSource, about: &str) -> String {
    format!("{source:?} {about}")
}

/// A measure in words.
fn about(measure: &AlertMeasure) -> String {
    match measure {
        AlertMeasure::ReferencePrice { symbol } => format!("price of {symbol}"),
        AlertMeasure::Total { account, asset } => format!("{asset} of {account}"),
        AlertMeasure::Available { account, asset } => format!("{asset} available to {account}"),
        AlertMeasure::Position { account, symbol } => format!("position of {account} in {symbol}"),
        AlertMeasure::Profit { account, symbol } => format!("profit of {account} in {symbol}"),
        AlertMeasure::OpenOrders { account } => format!("open orders of {account}"),
        AlertMeasure::StalePrices => "stale prices".to_owned(),
        AlertMeasure::AuditLag => "audit store".to_owned(),
        AlertMeasure::ReadModelLag => "read model".to_owned(),
        AlertMeasure::MailWaiting => "mail".to_owned(),
    }
}

fn whole(count: i64) -> Amount {
    Amount::from_units(i128::from(count) * i128::from(assay_trading_types::SCALE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_trading_types::{
        Actor, AlertOperator, ClockTicked, Input, MeasureSample, Role, Symbol, TraceId,
    };

    fn outbox() -> Outbox {
        let event = ClockTicked { now: at(0) }.into();
        let (topic, trace, actor) = (Topic::Admin, TraceId::default(), Actor::new("node").unwrap());
        let mut out = Outbox::new(Role::Admin, 1);
        out.begin(&Input {
            topic,
            partition: 0,
            offset: 0,
            at: at(0),
            origin: None,
            trace,
            actor,
            event: &event,
        });
        out
    }

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ns(s * 1_000_000_000)
    }

    fn price() -> AlertMeasure {
        AlertMeasure::ReferencePrice { symbol: Symbol::new("AAPL").unwrap() }
    }

    fn owner() -> UserId {
        UserId::new(&format!("usr_{:032x}", 7)).unwrap()
    }

    fn with_rule(severity: Severity) -> Alerts {
        let mut alerts = Alerts::default();
        let terms = AlertTerms {
            measure: price(),
            operator: AlertOperator::Above,
            threshold: whole(100),
            cool_down_s: 60,
            severity,
            email: true,
            enabled: true,
        };
        alerts.add(owner(), AlertRuleId::new("alt_1").unwrap(), &terms, at(0)).unwrap();
        alerts
    }

    /// Judges a price as a worker does: recorded only when it changes anything. How many are told.
    fn seen(alerts: &mut Alerts, value: i64, s: i64) -> Option<usize> {
        let sample = MeasureSample { measure: price(), value: whole(value) };
        if !alerts.is_news(&sample.measure, sample.value, at(s)) {
            return None;
        }
        let mut out = outbox();
        let told =
            alerts.judge(&MeasuresTaken { samples: vec![sample] }, &format!("{s:032x}"), at(s), &mut out);
        Some(told.len())
    }

    fn states(alerts: &Alerts) -> Vec<AlertState> {
        alerts.all().map(|alert| alert.state).collect()
    }

    #[test]
    fn a_rule_fires_once_while_it_holds_and_rests_after_it_fired() {
        use AlertState::{Firing, Resolved};
        let mut alerts = with_rule(Severity::Warning);
        assert_eq!(seen(&mut alerts, 100, 1), None, "not above");
        assert_eq!(seen(&mut alerts, 101, 2), Some(1));
        assert_eq!(seen(&mut alerts, 102, 3), None, "it fires already");
        assert_eq!(seen(&mut alerts, 99, 4), Some(0));
        assert_eq!(states(&alerts), [Resolved]);
        assert_eq!(seen(&mut alerts, 101, 61), None, "it rests");
        assert_eq!(seen(&mut alerts, 101, 62), Some(1));
        assert_eq!(states(&alerts), [Resolved, Firing]);
    }

    #[test]
    fn what_is_critical_is_told_again_every_five_minutes_until_somebody_looks() {
        let mut alerts = with_rule(Severity::Critical);
        seen(&mut alerts, 101, 0);
        let mut out = outbox();
        let mut told = |alerts: &mut Alerts, s| alerts.tick(at(s), &mut out).len();
        assert_eq!(told(&mut alerts, 299), 0);
        assert_eq!(told(&mut alerts, 300), 1);
        assert_eq!(told(&mut alerts, 301), 0);
        assert_eq!(told(&mut alerts, 600), 1);
        assert_eq!(alerts.all().next().unwrap().escalations, 2);
        seen(&mut alerts, 99, 700);
        assert_eq!(told(&mut alerts, 10_000), 0, "it is over");
        let mut alerts = with_rule(Severity::Warning);
        seen(&mut alerts, 101, 0);
        assert_eq!(told(&mut alerts, 10_000), 0, "not critical");
    }

    #[test]
    fn a_finding_is_an_alert_until_a_whole_check_finds_it_no_more() {
        let found = |about: &str| Finding { about: about.to_owned(), detail: "it is so".to_owned() };
        let check = |findings: &[&str], total: u64| RuleChecked {
            rule: ComplianceRule::ChainIntact,
            examined: 1,
            error: None,
            findings_total: total,
            findings: findings.iter().map(|about| found(about)).collect(),
        };
        let mut alerts = Alerts::default();
        let mut out = outbox();
        let mut seen = |check: &RuleChecked, s: i64| {
            alerts.check(check, &format!("{s:032x}"), at(s), &mut out);
            let line = |alert: &Alert| format!("{} {:?} {:?}", alert.about, alert.state, alert.severity);
            alerts.all().map(line).collect::<Vec<_>>()
        };
        let first = "chain_intact: p1 Firing Critical";
        assert_eq!(seen(&check(&["p1"], 1), 1), [first]);
        assert_eq!(seen(&check(&["p1"], 1), 2), [first], "told once");
        let second = "chain_intact: p0 Firing Critical";
        assert_eq!(seen(&check(&["p0"], 2), 3), [first, second], "it may be among the others");
        assert_eq!(seen(&check(&["p0"], 1), 4), ["chain_intact: p1 Resolved Critical", second]);
        assert_eq!(alerts.escalations.len(), 1);
    }
}
