//! Violations that checks found, the register of controls, and cases.

use crate::answer::{Receipt, changed, created, entity};
use crate::api::Api;
use crate::asked::Asked;
use crate::body::{Body, Faults};
use crate::compliance::{CONTROLS, Control};
use crate::paging::{Page, Params, Sort, Wanted};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::state::{Case, Compliance, LINKS_MAX, LastCheck, Note, Violation};
use crate::text_rules;
use assay_trading_types::{
    CaseId, CaseLink, CaseLinkKind, ComplianceAction, ComplianceRule, Timestamp, TraceId, UserId,
    ViolationId, ViolationState,
};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Characters of a case's title.
const TITLE_MAX: usize = 200;

/// Characters of what a case is about.
const LINK_MAX: usize = 128;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_violations))
        .routes(routes!(read_violation, change_violation))
        .routes(routes!(list_controls))
        .routes(routes!(list_cases, open_case))
        .routes(routes!(read_case))
        .routes(routes!(note_case))
        .routes(routes!(hold_case))
        .routes(routes!(close_case))
}

/// A rule that is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RuleName {
    /// Debits are credits, clearing holds nothing, trades and movements are in the books as they were decided.
    BooksBalance,
    /// Every hold belongs to something open.
    HoldsHaveOwners,
    /// The hash chain of the audit store is whole and its seals are good.
    ChainIntact,
    /// Nobody's roles together control a whole financial process.
    DutiesSegregated,
    /// Every firm has limits.
    LimitsSet,
}

impl From<ComplianceRule> for RuleName {
    fn from(rule: ComplianceRule) -> Self {
        match rule {
            ComplianceRule::BooksBalance => Self::BooksBalance,
            ComplianceRule::HoldsHaveOwners => Self::HoldsHaveOwners,
            ComplianceRule::ChainIntact => Self::ChainIntact,
            ComplianceRule::DutiesSegregated => Self::DutiesSegregated,
            ComplianceRule::LimitsSet => Self::LimitsSet,
        }
    }
}

/// How a violation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StateName {
    /// Nobody is done with it.
    Open,
    /// It is as it should be, for a reason that stands in a note.
    Explained,
    /// What was wrong was put right.
    Remediated,
}

impl From<ViolationState> for StateName {
    fn from(state: ViolationState) -> Self {
        match state {
            ViolationState::Open => Self::Open,
            ViolationState::Explained => Self::Explained,
            ViolationState::Remediated => Self::Remediated,
        }
    }
}

impl From<StateName> for ViolationState {
    fn from(name: StateName) -> Self {
        match name {
            StateName::Open => Self::Open,
            StateName::Explained => Self::Explained,
            StateName::Remediated => Self::Remediated,
        }
    }
}

/// What somebody wrote down.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoteView {
    /// Who.
    #[schema(example = "usr_0192f3a4b5c60123456789abcdef0123")]
    by: Option<String>,
    /// When, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    at: String,
    /// In words.
    #[schema(example = "agreed with the firm")]
    text: String,
}

fn note_view(note: &Note) -> NoteView {
    NoteView { by: note.by.map(|by| by.to_string()), at: note.at.to_string(), text: note.text.clone() }
}

/// A finding that somebody must answer for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ViolationView {
    /// Its id.
    #[schema(example = "vio_0192f3a4b5c60123456789abcdef0123.0000")]
    id: String,
    /// What is not as this rule says.
    #[schema(inline, example = "duties_segregated")]
    rule: RuleName,
    /// What it is about.
    #[schema(example = "firm:FIRM1")]
    about: String,
    /// In words.
    #[schema(example = "FIRM1 may trade and has no limits")]
    detail: String,
    /// How it stands.
    #[schema(inline, example = "open")]
    state: StateName,
    /// Whether the last check found it still.
    #[schema(example = true)]
    standing: bool,
    /// Who looks after it.
    #[schema(example = json!(null))]
    owner: Option<String>,
    /// What was said of it.
    notes: Vec<NoteView>,
    /// When it was first found, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    first_seen: String,
    /// When it was last found, UTC.
    #[schema(example = "2026-11-21T09:35:00.000000000Z")]
    last_seen: String,
    /// Counts what people did to it, for If-Match.
    #[schema(example = 1)]
    version: u64,
}

fn violation_view(violation: &Violation) -> ViolationView {
    ViolationView {
        id: violation.id.to_string(),
        rule: violation.rule.into(),
        about: violation.finding.about.clone(),
        detail: violation.finding.detail.clone(),
        state: violation.state.into(),
        standing: violation.standing,
        owner: violation.owner.map(|owner| owner.to_string()),
        notes: violation.notes.iter().map(note_view).collect(),
        first_seen: violation.first_seen.to_string(),
        last_seen: violation.last_seen.to_string(),
        version: violation.version,
    }
}

/// What a list of violations takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ViolationsQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`.
    #[param(inline, example = "-id")]
    sort: Option<Sort>,
    /// Those that stand so.
    #[param(inline, example = "open")]
    state: Option<StateName>,
    /// Those of this rule.
    #[param(inline, example = "books_balance")]
    rule: Option<RuleName>,
}

/// What the checks found that somebody must answer for. One stands for as long as it is found; what was gone and comes back is
/// another.
#[utoipa::path(get, path = "/api/v1/compliance/violations", operation_id = "list_violations", tag = "compliance",
    params(ViolationsQuery), responses((status = 200, body = Page<ViolationView>)))]
async fn list_violations(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Params(query): Params<ViolationsQuery>,
) -> Result<Json<Page<ViolationView>>, Problem> {
    asked.caller()?;
    let wanted = Wanted::new(&api.secrets, "violations", query.limit, query.after.as_deref(), query.sort)?;
    let state = api.state();
    let matches = |violation: &&Violation| {
        query.state.is_none_or(|state| state == violation.state.into())
            && query.rule.is_none_or(|rule| rule == violation.rule.into())
    };
    let violations = state.compliance.violations().filter(matches);
    Ok(Json(wanted.page(&api.secrets, "violations", violations, |v| v.id.as_str(), violation_view)))
}

/// Why, for the record.
fn words(faults: &mut Faults, field: &str, text: &str) -> String {
    faults.take(field, text_rules::reason(text)).unwrap_or_default()
}

fn violation_id(text: &str) -> Result<ViolationId, Problem> {
    ViolationId::new(text).map_err(|_| Problem::new(ProblemKind::NotFound))
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/compliance/violations/{id}", operation_id = "read_violation", tag = "compliance",
    params(("id" = String, Path, description = "The violation", example = "vio_0192f3a4b5c60123456789abcdef0123.0000")),
    responses((status = 200, body = ViolationView)))]
async fn read_violation(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    asked.caller()?;
    let state = api.state();
    let violation = state.compliance.violation(&violation_id(&id)?);
    let violation = violation.ok_or_else(|| Problem::new(ProblemKind::NotFound))?;
    Ok(entity(violation.version, violation_view(violation)))
}

/// What is said of a violation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ViolationChange {
    /// How it stands from here on.
    #[schema(inline, example = "explained")]
    state: Option<StateName>,
    /// Who looks after it from here on: a member of staff.
    #[schema(example = json!(null))]
    owner: Option<String>,
    /// Why, in words.
    #[schema(example = "the firm trades from Monday on")]
    note: String,
}

/// Says something of a violation, looks after it, or is done with it. What is left out stays.
#[utoipa::path(patch, path = "/api/v1/compliance/violations/{id}", operation_id = "change_violation", tag = "compliance",
    params(("id" = String, Path, description = "The violation", example = "vio_0192f3a4b5c60123456789abcdef0123.0000")),
    request_body = ViolationChange, responses((status = 200, body = Receipt)))]
async fn change_violation(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<ViolationChange>,
) -> Result<Response, Problem> {
    let violation = violation_id(&id)?;
    let mut faults = Faults::default();
    let owner = given.owner.as_deref().and_then(|text| faults.take("owner", UserId::new(text)));
    let note = words(&mut faults, "note", &given.note);
    faults.check()?;
    let state = given.state.map(ViolationState::from);
    let action = ComplianceAction::ChangeViolation { violation, state, owner, note };
    Ok(changed(api.submit(&asked, action).await?))
}

/// How the last check of a rule came out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckView {
    /// The rule.
    #[schema(inline, example = "books_balance")]
    rule: RuleName,
    /// Whether nothing was found; nothing when it was not or could not be checked.
    #[schema(example = true)]
    passed: Option<bool>,
    /// When, UTC.
    #[schema(example = "2026-11-21T09:35:00.000000000Z")]
    at: Option<String>,
    /// Everything below this position of the log was looked at.
    #[schema(example = 4711)]
    position: Option<u64>,
    /// Accounts, holds, records, users or firms that were looked at.
    #[schema(example = 12)]
    examined: Option<u64>,
    /// How much was found.
    #[schema(example = 0)]
    findings: Option<u64>,
    /// Why it could not be checked.
    #[schema(example = json!(null))]
    error: Option<String>,
}

fn check_view(rule: ComplianceRule, last: Option<&LastCheck>) -> CheckView {
    let checked = last.map(|last| &last.checked);
    CheckView {
        rule: rule.into(),
        passed: checked.filter(|c| c.error.is_none()).map(|c| c.findings_total == 0),
        at: last.map(|last| last.at.to_string()),
        position: last.map(|last| last.position),
        examined: checked.map(|c| c.examined),
        findings: checked.map(|c| c.findings_total),
        error: checked.and_then(|c| c.error.clone()),
    }
}

/// A control.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ControlView {
    /// Its id.
    #[schema(example = "segregation-of-duties")]
    id: &'static str,
    /// What it is.
    #[schema(example = "Nobody controls a whole financial process")]
    title: &'static str,
    /// What asks for it.
    #[schema(example = json!(["SOX 404"]))]
    frameworks: &'static [&'static str],
    /// What the product does.
    #[schema(example = "Changes of money, limits and rights take a maker and a checker.")]
    means: &'static str,
    /// Where an auditor sees it.
    #[schema(example = json!(["GET /proposals"]))]
    evidence: &'static [&'static str],
    /// What is checked by itself, and how it came out.
    checks: Vec<CheckView>,
}

fn control_view(control: &Control, compliance: &Compliance) -> ControlView {
    let Control { id, title, frameworks, means, evidence, rules } = *control;
    let checks = rules.iter().map(|rule| check_view(*rule, compliance.last_check(*rule))).collect();
    ControlView { id, title, frameworks, means, evidence, checks }
}

/// The register of controls: what laws and codes ask, what the product does about it, where it is seen, and how the last checks
/// came out.
#[utoipa::path(get, path = "/api/v1/compliance/controls", operation_id = "list_controls", tag = "compliance",
    responses((status = 200, body = Vec<ControlView>)))]
async fn list_controls(State(api): State<Arc<Api>>, asked: Asked) -> Result<Json<Vec<ControlView>>, Problem> {
    asked.caller()?;
    let state = api.state();
    Ok(Json(CONTROLS.iter().map(|control| control_view(control, &state.compliance)).collect()))
}

/// What a case can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LinkName {
    /// An order, by OrderID(37) or a ClOrdID(11).
    Order,
    /// A FIX session, `CLIENT1/ASSAY`.
    Session,
    /// A firm.
    Firm,
    /// Whoever caused records: `user:usr_...`. Within a span of time.
    Actor,
    /// One request and all that followed from it, 32 hex digits. Within a span of time.
    Correlation,
    /// What records are about: a firm, a session, an instrument, a user, a movement. Within a span of time.
    Entity,
}

/// Something that a case is about.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkView {
    /// What `id` names.
    #[schema(inline, example = "order")]
    kind: LinkName,
    /// Of that kind.
    #[schema(example = "C1")]
    id: String,
    /// Only what happened from here on, UTC.
    #[serde(default)]
    #[schema(example = "2026-11-21T00:00:00Z")]
    from: Option<String>,
    /// Only what happened before, UTC.
    #[serde(default)]
    #[schema(example = "2026-11-22T00:00:00Z")]
    to: Option<String>,
}

fn link_view(link: &CaseLink) -> LinkView {
    LinkView {
        kind: match link.kind {
            CaseLinkKind::Order => LinkName::Order,
            CaseLinkKind::Session => LinkName::Session,
            CaseLinkKind::Firm => LinkName::Firm,
            CaseLinkKind::Actor => LinkName::Actor,
            CaseLinkKind::Correlation => LinkName::Correlation,
            CaseLinkKind::Entity => LinkName::Entity,
        },
        id: link.id.clone(),
        from: link.from.map(|at| at.to_string()),
        to: link.to.map(|at| at.to_string()),
    }
}

fn links(faults: &mut Faults, given: &[LinkView]) -> Vec<CaseLink> {
    if given.len() > LINKS_MAX {
        faults.add("links", format!("must be at most {LINKS_MAX}"));
        return Vec::new();
    }
    let all = given.iter().enumerate();
    all.filter_map(|(n, link)| link.checked(faults, &format!("links[{n}]"))).collect()
}

impl LinkView {
    fn checked(&self, faults: &mut Faults, path: &str) -> Option<CaseLink> {
        let (kind, needs_span) = match self.kind {
            LinkName::Order => (CaseLinkKind::Order, false),
            LinkName::Session => (CaseLinkKind::Session, false),
            LinkName::Firm => (CaseLinkKind::Firm, false),
            LinkName::Actor => (CaseLinkKind::Actor, true),
            LinkName::Correlation => (CaseLinkKind::Correlation, true),
            LinkName::Entity => (CaseLinkKind::Entity, true),
        };
        let mut time = |name: &str, text: &Option<String>| -> Option<Timestamp> {
            let text = text.as_deref()?;
            faults.take(&format!("{path}.{name}"), text_rules::instant(text))
        };
        let (from, to) = (time("from", &self.from), time("to", &self.to));
        if needs_span && (self.from.is_none() || self.to.is_none()) {
            faults.add(path, "needs `from` and `to`");
        }
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            faults.add(path, "`from` must be before `to`");
        }
        if self.kind == LinkName::Correlation && TraceId::from_hex(&self.id).is_none() {
            faults.add(&format!("{path}.id"), "must be 32 hex digits");
        }
        let id = faults.take(&format!("{path}.id"), text_rules::line(&self.id, LINK_MAX))?;
        if id.is_empty() {
            faults.add(&format!("{path}.id"), "must name something");
        }
        Some(CaseLink { kind, id, from, to })
    }
}

/// Something that is looked into.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CaseView {
    /// Its id.
    #[schema(example = "cas_0192f3a4b5c60123456789abcdef0123")]
    id: String,
    /// What it is called.
    #[schema(example = "Trades before news")]
    title: String,
    /// Who opened it.
    #[schema(example = "usr_0192f3a4b5c60123456789abcdef0123")]
    opened_by: Option<String>,
    /// When, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    opened: String,
    /// What it is about.
    links: Vec<LinkView>,
    /// What was found out.
    notes: Vec<NoteView>,
    /// Whether its records must be kept however old they get.
    #[schema(example = false)]
    hold: bool,
    /// Since when it is over, UTC.
    #[schema(example = json!(null))]
    closed: Option<String>,
    /// Counts changes, for If-Match.
    #[schema(example = 1)]
    version: u64,
}

fn case_view(case: &Case) -> CaseView {
    CaseView {
        id: case.id.to_string(),
        title: case.title.clone(),
        opened_by: case.opened_by.map(|by| by.to_string()),
        opened: case.opened.to_string(),
        links: case.links.iter().map(link_view).collect(),
        notes: case.notes.iter().map(note_view).collect(),
        hold: case.hold,
        closed: case.closed.map(|at| at.to_string()),
        version: case.version,
    }
}

/// What a list of cases takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CasesQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`.
    #[param(inline, example = "-id")]
    sort: Option<Sort>,
    /// Those that are closed, or those that are not.
    #[param(example = false)]
    closed: Option<bool>,
}

/// Cases.
#[utoipa::path(get, path = "/api/v1/compliance/cases", operation_id = "list_cases", tag = "compliance",
    params(CasesQuery), responses((status = 200, body = Page<CaseView>)))]
async fn list_cases(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Params(query): Params<CasesQuery>,
) -> Result<Json<Page<CaseView>>, Problem> {
    asked.caller()?;
    let wanted = Wanted::new(&api.secrets, "cases", query.limit, query.after.as_deref(), query.sort)?;
    let state = api.state();
    let matches = |case: &&Case| query.closed.is_none_or(|closed| closed == case.closed.is_some());
    let cases = state.compliance.cases().filter(matches);
    Ok(Json(wanted.page(&api.secrets, "cases", cases, |case| case.id.as_str(), case_view)))
}

pub(super) fn case_of(api: &Api, id: &str) -> Result<Case, Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound);
    let id = CaseId::new(id).map_err(|_| not_found())?;
    api.state().compliance.case(&id).cloned().ok_or_else(not_found)
}

/// A case as it is opened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedCase {
    /// What it is called.
    #[schema(example = "Trades before news")]
    title: String,
    /// What it is about, at most 50.
    #[serde(default)]
    links: Vec<LinkView>,
    /// Whether its records must be kept however old they get; not by default.
    #[schema(example = true)]
    hold: Option<bool>,
}

/// Opens a case.
#[utoipa::path(post, path = "/api/v1/compliance/cases", operation_id = "open_case", tag = "compliance",
    request_body = WantedCase, responses((status = 201, body = Receipt)))]
async fn open_case(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<WantedCase>,
) -> Result<Response, Problem> {
    let mut faults = Faults::default();
    let title = faults.take("title", text_rules::line(&given.title, TITLE_MAX)).unwrap_or_default();
    if title.is_empty() {
        faults.add("title", "must say what it is called");
    }
    let links = links(&mut faults, &given.links);
    faults.check()?;
    let (case, hold) = (api.ids.case(api.now()), given.hold.unwrap_or(false));
    let outcome = api.submit(&asked, ComplianceAction::OpenCase { case, title, links, hold }).await?;
    Ok(created(outcome, "/api/v1/compliance/cases"))
}

/// One case.
#[utoipa::path(get, path = "/api/v1/compliance/cases/{id}", operation_id = "read_case", tag = "compliance",
    params(("id" = String, Path, description = "The case", example = "cas_0192f3a4b5c60123456789abcdef0123")),
    responses((status = 200, body = CaseView)))]
async fn read_case(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    asked.caller()?;
    let case = case_of(&api, &id)?;
    Ok(entity(case.version, case_view(&case)))
}

/// What is noted of a case.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseNote {
    /// In words.
    #[schema(example = "the same person entered both orders")]
    note: String,
    /// What it is about too.
    #[serde(default)]
    links: Vec<LinkView>,
}

/// Notes something, and what the case is about too.
#[utoipa::path(post, path = "/api/v1/compliance/cases/{id}/notes", operation_id = "note_case", tag = "compliance",
    params(("id" = String, Path, description = "The case", example = "cas_0192f3a4b5c60123456789abcdef0123")),
    request_body = CaseNote, responses((status = 200, body = Receipt)))]
async fn note_case(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<CaseNote>,
) -> Result<Response, Problem> {
    let case = case_of(&api, &id)?.id;
    let mut faults = Faults::default();
    let note = words(&mut faults, "note", &given.note);
    let links = links(&mut faults, &given.links);
    faults.check()?;
    Ok(changed(api.submit(&asked, ComplianceAction::NoteCase { case, note, links }).await?))
}

/// Whether a case's records must be kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseHold {
    /// Whether they must.
    #[schema(example = true)]
    hold: bool,
    /// Why.
    #[schema(example = "asked for by the regulator")]
    note: String,
}

/// Puts a legal hold on a case's records, or ends it. A case on hold cannot be closed.
#[utoipa::path(put, path = "/api/v1/compliance/cases/{id}/hold", operation_id = "hold_case", tag = "compliance",
    params(("id" = String, Path, description = "The case", example = "cas_0192f3a4b5c60123456789abcdef0123")),
    request_body = CaseHold, responses((status = 200, body = Receipt)))]
async fn hold_case(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<CaseHold>,
) -> Result<Response, Problem> {
    let case = case_of(&api, &id)?.id;
    let mut faults = Faults::default();
    let note = words(&mut faults, "note", &given.note);
    faults.check()?;
    let action = ComplianceAction::HoldCase { case, hold: given.hold, note };
    Ok(changed(api.submit(&asked, action).await?))
}

/// How a case ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseEnd {
    /// What came of it.
    #[schema(example = "nothing was found")]
    note: String,
}

/// Closes a case.
#[utoipa::path(post, path = "/api/v1/compliance/cases/{id}/close", operation_id = "close_case", tag = "compliance",
    params(("id" = String, Path, description = "The case", example = "cas_0192f3a4b5c60123456789abcdef0123")),
    request_body = CaseEnd, responses((status = 200, body = Receipt)))]
async fn close_case(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<CaseEnd>,
) -> Result<Response, Problem> {
    let case = case_of(&api, &id)?.id;
    let mut faults = Faults::default();
    let note = words(&mut faults, "note", &given.note);
    faults.check()?;
    Ok(changed(api.submit(&asked, ComplianceAction::CloseCase { case, note }).await?))
}
