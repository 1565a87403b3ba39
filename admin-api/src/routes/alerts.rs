//! Alert rules, which everybody has of their own, and alerts, which owners and operators look after.

use crate::answer::{Receipt, changed, created, entity, gone};
use crate::api::Api;
use crate::asked::{Asked, Caller};
use crate::body::{Body, Faults};
use crate::operation::{Operation, Scope};
use crate::paging::{Page, Params, Sort, Wanted};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::state::AlertRule;
use assay_trading_types::{
    AccountId, Alert, AlertId, AlertMeasure, AlertOperator, AlertRuleId, AlertSource, AlertState, AlertTerms,
    AlertsAction, Amount, Asset, Severity, Symbol, UserId,
};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Longest rest of a rule: a month.
const COOL_DOWN_S_MAX: u32 = 31 * 86_400;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_alert_rules, create_alert_rule))
        .routes(routes!(read_alert_rule, change_alert_rule, delete_alert_rule))
        .routes(routes!(list_alerts))
        .routes(routes!(acknowledge_alert))
        .routes(routes!(resolve_alert))
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MeasureName {
    /// Reference price of `symbol`.
    ReferencePrice,
    /// What `account` has of `asset`, held or not.
    Total,
    /// What `account` can dispose of.
    Available,
    /// What `account` has in `symbol`; below zero when it is short.
    Position,
    /// Profit of `account` in `symbol`, realised and not; a loss is below zero.
    Profit,
    /// Orders of `account` that may still trade.
    OpenOrders,
    /// Instruments whose reference price is older than it may be; operators only.
    StalePrices,
    /// Durable records that the audit store does not have yet; operators only.
    AuditLag,
    /// Records that the read model does not have yet; operators only.
    ReadModelLag,
    /// Mail that waits; operators only.
    MailWaiting,
}

/// How a measure is compared with the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OperatorName {
    /// Greater.
    Above,
    /// Less.
    Below,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SeverityName {
    /// Worth knowing.
    Info,
    /// Worth looking at.
    Warning,
    /// Somebody must do something: it is told again until somebody looks after it.
    Critical,
}

/// A rule as it is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedRule {
    /// What is measured.
    #[schema(inline, example = "reference_price")]
    measure: MeasureName,
    /// Of which instrument.
    #[schema(example = "AAPL")]
    symbol: Option<String>,
    /// Of which account.
    #[schema(example = json!(null))]
    account: Option<String>,
    /// Of which currency or symbol.
    #[schema(example = json!(null))]
    asset: Option<String>,
    /// How it is compared.
    #[schema(inline, example = "above")]
    operator: OperatorName,
    /// With what, a decimal.
    #[schema(value_type = String, example = "120.50")]
    threshold: Amount,
    /// Seconds that it rests after it fired; 300 by default.
    #[schema(example = 300)]
    cool_down_s: Option<u32>,
    /// How bad it is.
    #[schema(inline, example = "warning")]
    severity: SeverityName,
    /// By mail too; if not, in the product and over the live channel alone. On by default.
    #[schema(example = true)]
    email: Option<bool>,
    /// Whether it is looked at; on by default.
    #[schema(example = true)]
    enabled: Option<bool>,
}

/// What is to be otherwise in a rule.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleChange {
    /// How it is compared.
    #[schema(inline, example = "below")]
    operator: Option<OperatorName>,
    /// With what, a decimal.
    #[schema(value_type = Option<String>, example = "99.50")]
    threshold: Option<Amount>,
    /// Seconds that it rests after it fired.
    #[schema(example = 60)]
    cool_down_s: Option<u32>,
    /// How bad it is.
    #[schema(inline, example = "critical")]
    severity: Option<SeverityName>,
    /// By mail too.
    #[schema(example = false)]
    email: Option<bool>,
    /// Whether it is looked at.
    #[schema(example = true)]
    enabled: Option<bool>,
}

/// A rule.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleView {
    /// Its id.
    #[schema(value_type = String, example = "alt_0192f3a4b5c60123456789abcdef0123")]
    id: AlertRuleId,
    /// What is measured.
    #[schema(inline, example = "reference_price")]
    measure: MeasureName,
    /// Of which instrument.
    #[schema(value_type = Option<String>, example = "AAPL")]
    symbol: Option<Symbol>,
    /// Of which account.
    #[schema(value_type = Option<String>, example = json!(null))]
    account: Option<AccountId>,
    /// Of which currency or symbol.
    #[schema(value_type = Option<String>, example = json!(null))]
    asset: Option<Asset>,
    /// How it is compared.
    #[schema(inline, example = "above")]
    operator: OperatorName,
    /// With what, a decimal.
    #[schema(example = "120.5")]
    threshold: String,
    /// Seconds that it rests after it fired.
    #[schema(example = 300)]
    cool_down_s: u32,
    /// How bad it is.
    #[schema(inline, example = "warning")]
    severity: SeverityName,
    /// By mail too.
    #[schema(example = true)]
    email: bool,
    /// Whether it is looked at.
    #[schema(example = true)]
    enabled: bool,
    /// When it last fired, UTC.
    #[schema(example = json!(null))]
    fired: Option<String>,
    /// Counts changes, for If-Match.
    #[schema(example = 1)]
    version: u64,
    /// When it was made, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    created: String,
}

fn rule_view(rule: &AlertRule) -> RuleView {
    use AlertMeasure as M;
    let (measure, symbol, account, asset) = match rule.terms.measure {
        M::ReferencePrice { symbol } => (MeasureName::ReferencePrice, Some(symbol), None, None),
        M::Total { account, asset } => (MeasureName::Total, None, Some(account), Some(asset)),
        M::Available { account, asset } => (MeasureName::Available, None, Some(account), Some(asset)),
        M::Position { account, symbol } => (MeasureName::Position, Some(symbol), Some(account), None),
        M::Profit { account, symbol } => (MeasureName::Profit, Some(symbol), Some(account), None),
        M::OpenOrders { account } => (MeasureName::OpenOrders, None, Some(account), None),
        M::StalePrices => (MeasureName::StalePrices, None, None, None),
        M::AuditLag => (MeasureName::AuditLag, None, None, None),
        M::ReadModelLag => (MeasureName::ReadModelLag, None, None, None),
        M::MailWaiting => (MeasureName::MailWaiting, None, None, None),
    };
    RuleView {
        id: rule.id,
        measure,
        symbol,
        account,
        asset,
        operator: match rule.terms.operator {
            AlertOperator::Above => OperatorName::Above,
            AlertOperator::Below => OperatorName::Below,
        },
        threshold: rule.terms.threshold.to_string(),
        cool_down_s: rule.terms.cool_down_s,
        severity: severity_name(rule.terms.severity),
        email: rule.terms.email,
        enabled: rule.terms.enabled,
        fired: rule.fired.map(|at| at.to_string()),
        version: rule.version,
        created: rule.created.to_string(),
    }
}

const fn severity_name(severity: Severity) -> SeverityName {
    match severity {
        Severity::Info => SeverityName::Info,
        Severity::Warning => SeverityName::Warning,
        Severity::Critical => SeverityName::Critical,
    }
}

const fn severity(name: SeverityName) -> Severity {
    match name {
        SeverityName::Info => Severity::Info,
        SeverityName::Warning => Severity::Warning,
        SeverityName::Critical => Severity::Critical,
    }
}

const fn operator(name: OperatorName) -> AlertOperator {
    match name {
        OperatorName::Above => AlertOperator::Above,
        OperatorName::Below => AlertOperator::Below,
    }
}

fn cool_down_s(faults: &mut Faults, seconds: u32) -> u32 {
    if seconds > COOL_DOWN_S_MAX {
        faults.add("cool_down_s", format!("must be at most {COOL_DOWN_S_MAX}"));
    }
    seconds
}

impl WantedRule {
    fn checked(&self) -> Result<AlertTerms, Problem> {
        let mut faults = Faults::default();
        let measure = self.measure(&mut faults);
        let cool_down_s = cool_down_s(&mut faults, self.cool_down_s.unwrap_or(300));
        faults.check()?;
        Ok(AlertTerms {
            measure: measure.ok_or_else(|| Problem::field("measure", "is not complete"))?,
            operator: operator(self.operator),
            threshold: self.threshold,
            cool_down_s,
            severity: severity(self.severity),
            email: self.email.unwrap_or(true),
            enabled: self.enabled.unwrap_or(true),
        })
    }

    /// The measure, when it names what it needs and nothing else.
    fn measure(&self, faults: &mut Faults) -> Option<AlertMeasure> {
        let (of_symbol, of_account, of_asset) = match self.measure {
            MeasureName::ReferencePrice => (true, false, false),
            MeasureName::Total | MeasureName::Available => (false, true, true),
            MeasureName::Position | MeasureName::Profit => (true, true, false),
            MeasureName::OpenOrders => (false, true, false),
            MeasureName::StalePrices
            | MeasureName::AuditLag
            | MeasureName::ReadModelLag
            | MeasureName::MailWaiting => (false, false, false),
        };
        for (field, given, needed) in [
            ("symbol", &self.symbol, of_symbol),
            ("account", &self.account, of_account),
            ("asset", &self.asset, of_asset),
        ] {
            match (given, needed) {
                (None, true) => faults.add(field, "is needed for this measure"),
                (Some(_), false) => faults.add(field, "says nothing of this measure"),
                _ => {}
            }
        }
        let symbol = self.symbol.as_deref().and_then(|text| faults.take("symbol", Symbol::new(text)));
        let account = self.account.as_deref().and_then(|text| faults.take("account", AccountId::new(text)));
        let asset = self.asset.as_deref().and_then(|text| faults.take("asset", Asset::new(text)));
        Some(match self.measure {
            MeasureName::ReferencePrice => AlertMeasure::ReferencePrice { symbol: symbol? },
            MeasureName::Total => AlertMeasure::Total { account: account?, asset: asset? },
            MeasureName::Available => AlertMeasure::Available { account: account?, asset: asset? },
            MeasureName::Position => AlertMeasure::Position { account: account?, symbol: symbol? },
            MeasureName::Profit => AlertMeasure::Profit { account: account?, symbol: symbol? },
            MeasureName::OpenOrders => AlertMeasure::OpenOrders { account: account? },
            MeasureName::StalePrices => AlertMeasure::StalePrices,
            MeasureName::AuditLag => AlertMeasure::AuditLag,
            MeasureName::ReadModelLag => AlertMeasure::ReadModelLag,
            MeasureName::MailWaiting => AlertMeasure::MailWaiting,
        })
    }
}

/// What the caller may measure: the node, for operators; accounts that it sees; prices.
async fn may_measure(
    api: &Api,
    caller: &Caller,
    headers: &HeaderMap,
    measure: &AlertMeasure,
) -> Result<(), Problem> {
    match measure {
        AlertMeasure::ReferencePrice { symbol } => is_listed(api, headers, symbol).await,
        AlertMeasure::Total { account, .. } | AlertMeasure::Available { account, .. } => {
            may_see(api, caller, headers, Operation::ListWallets, account).await
        }
        AlertMeasure::Position { account, symbol } | AlertMeasure::Profit { account, symbol } => {
            is_listed(api, headers, symbol).await?;
            may_see(api, caller, headers, Operation::ListPositions, account).await
        }
        AlertMeasure::OpenOrders { account } => {
            may_see(api, caller, headers, Operation::ListOrders, account).await
        }
        AlertMeasure::StalePrices
        | AlertMeasure::AuditLag
        | AlertMeasure::ReadModelLag
        | AlertMeasure::MailWaiting => {
            let operates = Operation::ListAlerts.access().scope_of(&caller.roles) == Some(Scope::All);
            operates.then_some(()).ok_or_else(|| Problem::new(ProblemKind::Forbidden))
        }
    }
}

async fn is_listed(api: &Api, headers: &HeaderMap, symbol: &Symbol) -> Result<(), Problem> {
    let model = api.read_model(headers).await?;
    let known = model.instrument(symbol.as_str()).map_err(super::firms::failed)?;
    known.map(drop).ok_or_else(|| Problem::field("symbol", "there is no such instrument"))
}

/// Whether an account is one of those whose lists of some kind the caller sees.
async fn may_see(
    api: &Api,
    caller: &Caller,
    headers: &HeaderMap,
    list: Operation,
    account: &AccountId,
) -> Result<(), Problem> {
    let scope = list.access().scope_of(&caller.roles);
    let scope = scope.ok_or_else(|| Problem::new(ProblemKind::Forbidden))?;
    let model = api.read_model(headers).await?;
    let firm = model.firm_of_account(account.as_str()).map_err(super::firms::failed)?;
    let own = caller.firm.as_ref().is_some_and(|own| firm.as_deref() == Some(own.as_str()));
    let seen = firm.is_some() && (scope == Scope::All || own);
    seen.then_some(()).ok_or_else(|| Problem::field("account", "there is no such account"))
}

/// What a list of rules takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RulesQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`.
    #[param(inline, example = "-id")]
    sort: Option<Sort>,
}

/// Own rules: a user has at most 50.
#[utoipa::path(get, path = "/api/v1/alerts/rules", operation_id = "list_alert_rules", tag = "alerts",
    params(RulesQuery), responses((status = 200, body = Page<RuleView>)))]
async fn list_alert_rules(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Params(query): Params<RulesQuery>,
) -> Result<Json<Page<RuleView>>, Problem> {
    let user = asked.caller()?.user;
    let wanted = Wanted::new(&api.secrets, "alert_rules", query.limit, query.after.as_deref(), query.sort)?;
    let state = api.state();
    let rules = state.alerts.rules_of(user);
    Ok(Json(wanted.page(&api.secrets, "alert_rules", rules, |rule| rule.id.as_str(), rule_view)))
}

/// A rule: when the measure passes the threshold, an alert fires and its owner is told; when it comes back, the alert ends.
#[utoipa::path(post, path = "/api/v1/alerts/rules", operation_id = "create_alert_rule", tag = "alerts",
    request_body = WantedRule, responses((status = 201, body = Receipt)))]
async fn create_alert_rule(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Body(given): Body<WantedRule>,
) -> Result<Response, Problem> {
    let terms = given.checked()?;
    may_measure(&api, asked.caller()?, &headers, &terms.measure).await?;
    let rule = api.ids.alert_rule(api.now());
    let outcome = api.submit(&asked, AlertsAction::AddRule { rule, terms }).await?;
    Ok(created(outcome, "/api/v1/alerts/rules"))
}

fn rule_id(text: &str) -> Result<AlertRuleId, Problem> {
    AlertRuleId::new(text).map_err(|_| Problem::new(ProblemKind::NotFound))
}

fn own_rule(api: &Api, user: UserId, id: &AlertRuleId) -> Result<AlertRule, Problem> {
    let state = api.state();
    let rule = state.alerts.rule(id).filter(|rule| rule.owner == user);
    rule.cloned().ok_or_else(|| Problem::new(ProblemKind::NotFound))
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/alerts/rules/{id}", operation_id = "read_alert_rule", tag = "alerts",
    params(("id" = String, Path, description = "The rule", example = "alt_0192f3a4b5c60123456789abcdef0123")),
    responses((status = 200, body = RuleView)))]
async fn read_alert_rule(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let rule = own_rule(&api, asked.caller()?.user, &rule_id(&id)?)?;
    Ok(entity(rule.version, rule_view(&rule)))
}

/// Makes it another: what is left out stays. What it fired ends; it is judged anew.
#[utoipa::path(patch, path = "/api/v1/alerts/rules/{id}", operation_id = "change_alert_rule", tag = "alerts",
    params(("id" = String, Path, description = "The rule", example = "alt_0192f3a4b5c60123456789abcdef0123")),
    request_body = RuleChange, responses((status = 200, body = Receipt)))]
async fn change_alert_rule(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<RuleChange>,
) -> Result<Response, Problem> {
    let rule = rule_id(&id)?;
    let before = own_rule(&api, asked.caller()?.user, &rule)?.terms;
    let mut faults = Faults::default();
    let cool_down_s = given.cool_down_s.map(|seconds| cool_down_s(&mut faults, seconds));
    faults.check()?;
    let terms = AlertTerms {
        measure: before.measure,
        operator: given.operator.map_or(before.operator, operator),
        threshold: given.threshold.unwrap_or(before.threshold),
        cool_down_s: cool_down_s.unwrap_or(before.cool_down_s),
        severity: given.severity.map_or(before.severity, severity),
        email: given.email.unwrap_or(before.email),
        enabled: given.enabled.unwrap_or(before.enabled),
    };
    api.submit(&asked, AlertsAction::ChangeRule { rule, terms }).await.map(changed)
}

/// Ends a rule, and the alert that it fired.
#[utoipa::path(delete, path = "/api/v1/alerts/rules/{id}", operation_id = "delete_alert_rule", tag = "alerts",
    params(("id" = String, Path, description = "The rule", example = "alt_0192f3a4b5c60123456789abcdef0123")),
    responses((status = 204, description = "It is gone")))]
async fn delete_alert_rule(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    api.submit(&asked, AlertsAction::RemoveRule { rule: rule_id(&id)? }).await.map(gone)
}

/// How far an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AlertStateName {
    /// Nobody looks after it.
    Firing,
    /// Somebody does.
    Acknowledged,
    /// It is over.
    Resolved,
}

const fn state_name(state: AlertState) -> AlertStateName {
    match state {
        AlertState::Firing => AlertStateName::Firing,
        AlertState::Acknowledged => AlertStateName::Acknowledged,
        AlertState::Resolved => AlertStateName::Resolved,
    }
}

/// An alert.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertView {
    /// Its id.
    #[schema(value_type = String, example = "alr_0192f3a4b5c60123456789abcdef0123.0000")]
    id: AlertId,
    /// What it comes from: `rule`, or what of the venue.
    #[schema(example = "rule")]
    source: &'static str,
    /// The rule, if it is one's.
    #[schema(value_type = Option<String>, example = "alt_0192f3a4b5c60123456789abcdef0123")]
    rule: Option<AlertRuleId>,
    /// What it is about.
    #[schema(example = "price of AAPL")]
    about: String,
    /// Whose it is; absent when it is the venue's.
    #[schema(value_type = Option<String>, example = "usr_0192f3a4b5c60123456789abcdef0123")]
    owner: Option<UserId>,
    /// How bad it is.
    #[schema(inline, example = "warning")]
    severity: SeverityName,
    /// How far it is.
    #[schema(inline, example = "firing")]
    state: AlertStateName,
    /// In words.
    #[schema(example = "price of AAPL is 121")]
    detail: String,
    /// When it began, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    first_seen: String,
    /// When it was last seen, or ended, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    last_seen: String,
    /// Times it was seen.
    #[schema(example = 1)]
    count: u64,
    /// Times it was told again because nobody looked after it.
    #[schema(example = 0)]
    escalations: u32,
    /// Who looks after it.
    #[schema(value_type = Option<String>, example = json!(null))]
    acknowledged_by: Option<UserId>,
    /// Who said that it is over; absent when it ended by itself.
    #[schema(value_type = Option<String>, example = json!(null))]
    resolved_by: Option<UserId>,
    /// Counts changes, for If-Match.
    #[schema(example = 1)]
    version: u64,
}

fn alert_view(alert: &Alert) -> AlertView {
    let (source, rule) = match alert.source {
        AlertSource::Rule(rule) => ("rule", Some(rule)),
        AlertSource::StalePrices => ("stale_prices", None),
        AlertSource::AuditStore => ("audit_store", None),
        AlertSource::Breaker => ("breaker", None),
        AlertSource::Shortfall => ("shortfall", None),
        AlertSource::Job => ("job", None),
        AlertSource::Violation => ("violation", None),
    };
    AlertView {
        id: alert.id,
        source,
        rule,
        about: alert.about.clone(),
        owner: alert.owner,
        severity: severity_name(alert.severity),
        state: state_name(alert.state),
        detail: alert.detail.clone(),
        first_seen: alert.first_seen.to_string(),
        last_seen: alert.last_seen.to_string(),
        count: alert.count,
        escalations: alert.escalations,
        acknowledged_by: alert.acknowledged_by,
        resolved_by: alert.resolved_by,
        version: alert.version,
    }
}

/// What a list of alerts takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertsQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`.
    #[param(inline, example = "-id")]
    sort: Option<Sort>,
    /// That far.
    #[param(inline, example = "firing")]
    state: Option<AlertStateName>,
    /// That bad.
    #[param(inline, example = "critical")]
    severity: Option<SeverityName>,
}

/// Alerts: one's own, and for operators the venue's too. The newest 2,000 that are over are kept.
#[utoipa::path(get, path = "/api/v1/alerts", operation_id = "list_alerts", tag = "alerts",
    params(AlertsQuery), responses((status = 200, body = Page<AlertView>)))]
async fn list_alerts(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Params(query): Params<AlertsQuery>,
) -> Result<Json<Page<AlertView>>, Problem> {
    let caller = asked.caller()?;
    let wanted = Wanted::new(&api.secrets, "alerts", query.limit, query.after.as_deref(), query.sort)?;
    let state = api.state();
    let fits = |alert: &&Alert| {
        alert.owner.map_or(caller.scope == Scope::All, |owner| owner == caller.user)
            && query.state.is_none_or(|state| state_name(alert.state) == state)
            && query.severity.is_none_or(|severity| severity_name(alert.severity) == severity)
    };
    let alerts = state.alerts.all().filter(fits);
    Ok(Json(wanted.page(&api.secrets, "alerts", alerts, |alert| alert.id.as_str(), alert_view)))
}

fn alert_id(text: &str) -> Result<AlertId, Problem> {
    AlertId::new(text).map_err(|_| Problem::new(ProblemKind::NotFound))
}

/// Looks after an alert: it is told again no more.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/acknowledge", operation_id = "acknowledge_alert", tag = "alerts",
    params(("id" = String, Path, description = "The alert", example = "alr_0192f3a4b5c60123456789abcdef0123.0000")),
    responses((status = 200, body = Receipt)))]
async fn acknowledge_alert(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    api.submit(&asked, AlertsAction::Acknowledge { alert: alert_id(&id)? }).await.map(changed)
}

/// Says that an alert is over. What still holds fires again.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/resolve", operation_id = "resolve_alert", tag = "alerts",
    params(("id" = String, Path, description = "The alert", example = "alr_0192f3a4b5c60123456789abcdef0123.0000")),
    responses((status = 200, body = Receipt)))]
async fn resolve_alert(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    api.submit(&asked, AlertsAction::Resolve { alert: alert_id(&id)? }).await.map(changed)
}
