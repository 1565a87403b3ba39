//! Movements of money: how one is shown, found and decided on, whatever its kind.

use super::firms::failed;
use super::trading::narrowed;
use crate::answer::{changed, etag, placed};
use crate::api::{Api, Instructed};
use crate::asked::{Asked, Caller};
use crate::body::Body;
use crate::operation::Scope;
use crate::paging::{Page, Params, Sort, Wanted};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::read_model::{MovementRow, RowFilter};
use crate::text_rules;
use assay_trading_types::{FirmId, MoneyAction, Movement, MovementId, MovementKind, MovementStatus};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Longest name that a bank, processor or chain gives.
const REFERENCE_MAX: usize = 100;

/// Longest note.
const NOTE_MAX: usize = 500;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_transactions))
        .routes(routes!(read_transaction))
        .routes(routes!(approve_transaction))
        .routes(routes!(reject_transaction))
        .routes(routes!(cancel_transaction))
        .routes(routes!(reverse_transaction))
}

/// A movement of money.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MovementView {
    /// Its reference: kind and number.
    #[schema(example = "DEP-00000000002A")]
    id: String,
    /// `deposit`, `withdrawal`, `transfer`, `conversion`, `fee` or `reversal`.
    #[schema(value_type = String, example = "deposit")]
    kind: serde_json::Value,
    /// `pending`, `processing`, `completed`, `failed`, `cancelled` or `expired`; the last four are final.
    #[schema(value_type = String, example = "pending")]
    status: serde_json::Value,
    /// Whose it is.
    #[schema(example = "FIRM1")]
    firm: String,
    /// The account it is for or from.
    #[schema(example = "FIRM1")]
    account: String,
    /// Currency or symbol.
    #[schema(example = "USD")]
    asset: String,
    /// How much, a decimal.
    #[schema(example = "2500.50")]
    amount: String,
    /// What it costs the account on top, a decimal.
    #[schema(example = "1")]
    fee: String,
    /// Firm that gets it, of a transfer.
    #[schema(example = json!(null))]
    to_firm: Option<String>,
    /// Account that gets it, of a transfer.
    #[schema(example = json!(null))]
    to_account: Option<String>,
    /// What it becomes, of a conversion: `asset`, `amount`, `rate`, `spread`.
    #[schema(value_type = Option<Object>, example = json!(null))]
    converted: serde_json::Value,
    /// `bank_transfer`, `card` or `crypto`.
    #[schema(example = "bank_transfer")]
    method: Option<String>,
    /// Where to, of a withdrawal.
    #[schema(example = json!(null))]
    beneficiary: Option<String>,
    /// Name that a bank, processor or chain gave it.
    #[schema(example = json!(null))]
    external_reference: Option<String>,
    /// What it undoes.
    #[schema(example = json!(null))]
    reverses: Option<String>,
    /// What undid it.
    #[schema(example = json!(null))]
    reversed_by: Option<String>,
    /// For the record, by whoever asked.
    #[schema(example = "quarterly")]
    note: String,
    /// Who asked.
    #[schema(example = "user:usr_0192f3a4b5c60123456789abcdef0123")]
    by: String,
    /// Who approved or confirmed.
    #[schema(example = json!([]))]
    approvals: Vec<String>,
    /// How many must.
    #[schema(example = 1)]
    approvals_needed: u8,
    /// Why it was turned down, taken back or failed.
    #[schema(example = json!(null))]
    reason: Option<String>,
    /// When it was asked for, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    created: String,
    /// Until when it waits for a decision, or a deposit for its arrival, UTC.
    #[schema(example = json!(null))]
    expires: Option<String>,
    /// When it was completed, UTC.
    #[schema(example = json!(null))]
    completed: Option<String>,
    /// Grows with every change.
    #[schema(example = 1)]
    version: u64,
}

/// The word that an enumeration has in records.
fn word<T: Serialize>(value: &T) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn view(m: Movement) -> MovementView {
    MovementView {
        id: m.id.to_string(),
        kind: word(&m.id.kind()),
        status: word(&m.status),
        firm: m.firm.to_string(),
        account: m.account.to_string(),
        asset: m.asset.to_string(),
        amount: m.amount.to_string(),
        fee: m.fee.to_string(),
        to_firm: m.to.map(|to| to.firm.to_string()),
        to_account: m.to.map(|to| to.account.to_string()),
        converted: word(&m.converted),
        method: m.method.map(|method| method.name().to_owned()),
        beneficiary: m.beneficiary.map(|beneficiary| beneficiary.to_string()),
        external_reference: m.external_reference,
        reverses: m.reverses.map(|id| id.to_string()),
        reversed_by: m.reversed_by.map(|id| id.to_string()),
        note: m.note,
        by: m.by.to_string(),
        approvals: m.approvals.iter().map(ToString::to_string).collect(),
        approvals_needed: m.approvals_needed,
        reason: m.reason,
        created: m.created.to_string(),
        expires: m.expires.map(|at| at.to_string()),
        completed: m.completed.map(|at| at.to_string()),
        version: m.version,
    }
}

/// The firm that an instruction is about: the one named, or the caller's own.
pub(super) fn firm_of(caller: &Caller, named: Option<FirmId>) -> Result<FirmId, Problem> {
    match (caller.scope, named, caller.firm) {
        (Scope::All, Some(named), _) => Ok(named),
        (Scope::All, None, _) => Err(Problem::field("firm", "must be named")),
        (_, None, Some(own)) => Ok(own),
        (_, Some(named), Some(own)) if named == own => Ok(own),
        _ => Err(Problem::new(ProblemKind::NotFound)),
    }
}

/// A note, which may be empty.
pub(super) fn note(text: &str) -> Result<String, Problem> {
    text_rules::line(text, NOTE_MAX).map_err(|why| Problem::field("note", why))
}

/// A name from outside, which may not.
pub(super) fn external_reference(text: &str) -> Result<String, Problem> {
    match text_rules::line(text, REFERENCE_MAX) {
        Ok(text) if text.is_empty() => Err(Problem::field("external_reference", "must be given")),
        Ok(text) => Ok(text),
        Err(why) => Err(Problem::field("external_reference", why)),
    }
}

/// Asks for a movement: 201 with it, or 202.
pub(super) async fn ask(
    api: &Api,
    asked: &Asked,
    firm: FirmId,
    action: MoneyAction,
) -> Result<Response, Problem> {
    Ok(answer(api.instruct(asked, firm, action).await?, StatusCode::CREATED))
}

/// Says something of a movement: 200 with it as it stands then, or 202.
pub(super) async fn tell(
    api: &Api,
    asked: &Asked,
    headers: &HeaderMap,
    (id, kind): (&str, Option<MovementKind>),
    action: impl FnOnce(MovementId) -> MoneyAction,
) -> Result<Response, Problem> {
    let movement = found(api, asked, headers, id, kind).await?;
    if let Some(expected) = asked.expected_version.filter(|expected| *expected != movement.version) {
        let detail = format!("it has version {}, not {expected}", movement.version);
        return Err(Problem::because(ProblemKind::Version, detail));
    }
    Ok(answer(api.instruct(asked, movement.firm, action(movement.id)).await?, StatusCode::OK))
}

pub(super) fn answer(instructed: Instructed, status: StatusCode) -> Response {
    match instructed {
        Instructed::Late(outcome) => changed(outcome),
        Instructed::Beneficiary(id) => (status, Json(serde_json::json!({ "id": id }))).into_response(),
        Instructed::Movement(movement) => {
            let place = format!("/api/v1/transactions/{}", movement.id);
            let tag = etag(movement.version);
            placed((status, [tag], Json(view(*movement))).into_response(), &place)
        }
    }
}

/// A movement that the caller may see.
async fn found(
    api: &Api,
    asked: &Asked,
    headers: &HeaderMap,
    id: &str,
    kind: Option<MovementKind>,
) -> Result<Movement, Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound);
    let id = MovementId::parse(id).filter(|id| kind.is_none_or(|kind| id.kind() == kind));
    let id = id.ok_or_else(not_found)?;
    let movement = api.read_model(headers).await?.movement(id).map_err(failed)?.ok_or_else(not_found)?;
    let caller = asked.caller()?;
    // Who gets a transfer sees it too.
    let receiver = movement.to.map(|to| to.firm).filter(|_| !asked.operation.is_write());
    caller.sees(None, Some(movement.firm)).or_else(|problem| match receiver {
        Some(receiver) => caller.sees(None, Some(receiver)),
        None => Err(problem),
    })?;
    Ok(movement)
}

/// One movement: 200 with it and its ETag.
pub(super) async fn read(
    api: &Api,
    asked: &Asked,
    headers: &HeaderMap,
    (id, kind): (&str, Option<MovementKind>),
) -> Result<Response, Problem> {
    let movement = found(api, asked, headers, id, kind).await?;
    Ok(crate::answer::entity(movement.version, view(movement)))
}

/// What a list of movements takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MovementsQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`; newest first by default.
    #[param(inline, example = "-id")]
    sort: Option<Sort>,
    /// Of this firm.
    #[param(value_type = Option<String>, example = "FIRM1")]
    firm: Option<FirmId>,
    /// Of this account.
    #[param(example = "FIRM1")]
    account: Option<String>,
    /// In this currency or symbol.
    #[param(example = "USD")]
    asset: Option<String>,
    /// With this status.
    #[param(value_type = Option<String>, example = "pending")]
    status: Option<MovementStatus>,
    /// Asked for by this command.
    #[param(example = "cmd_0192f3a4b5c60123456789abcdef0123")]
    command: Option<String>,
}

/// A page of movements, of one kind if one is given.
pub(super) async fn list(
    api: &Api,
    asked: &Asked,
    headers: &HeaderMap,
    query: MovementsQuery,
    kind: Option<MovementKind>,
) -> Result<Json<Page<MovementView>>, Problem> {
    let firm = narrowed(asked.caller()?, query.firm)?;
    let sort = query.sort.or(Some(Sort::Descending));
    let wanted = Wanted::new(&api.secrets, "movements", query.limit, query.after.as_deref(), sort)?;
    let kind = kind.map(|kind| word(&kind));
    let filter = RowFilter::default()
        .either(["account", "to_account"], query.account.as_deref())
        .equal("asset", query.asset.as_deref())
        .equal("status", query.status.as_ref().map(crate::word::word).as_deref())
        .equal("command", query.command.as_deref())
        .equal("kind", kind.as_ref().and_then(serde_json::Value::as_str));
    let model = api.read_model(headers).await?;
    let rows = model.movements(firm.as_deref(), &filter, &wanted.slice()).map_err(failed)?;
    let key = |row: &MovementRow| row.movement.id.to_string();
    Ok(Json(wanted.page_of(&api.secrets, "movements", rows, key, |row| view(row.movement))))
}

/// What a list of movements of every kind takes besides.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TransactionsQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`; newest first by default.
    #[param(inline, example = "-id")]
    sort: Option<Sort>,
    /// Of this firm.
    #[param(value_type = Option<String>, example = "FIRM1")]
    firm: Option<FirmId>,
    /// Of this account.
    #[param(example = "FIRM1")]
    account: Option<String>,
    /// In this currency or symbol.
    #[param(example = "USD")]
    asset: Option<String>,
    /// With this status.
    #[param(value_type = Option<String>, example = "pending")]
    status: Option<MovementStatus>,
    /// Asked for by this command.
    #[param(example = "cmd_0192f3a4b5c60123456789abcdef0123")]
    command: Option<String>,
    /// Of this kind.
    #[param(value_type = Option<String>, example = "deposit")]
    kind: Option<MovementKind>,
}

/// Movements of money of every kind, newest first: the own firm's, or everybody's for staff.
#[utoipa::path(get, path = "/api/v1/transactions", operation_id = "list_transactions", tag = "money",
    params(TransactionsQuery), responses((status = 200, body = Page<MovementView>)))]
async fn list_transactions(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Params(query): Params<TransactionsQuery>,
) -> Result<Json<Page<MovementView>>, Problem> {
    let TransactionsQuery { limit, after, sort, firm, account, asset, status, command, kind } = query;
    let query = MovementsQuery { limit, after, sort, firm, account, asset, status, command };
    list(&api, &asked, &headers, query, kind).await
}

/// One movement, whatever its kind; of a transfer also for who gets it.
#[utoipa::path(get, path = "/api/v1/transactions/{id}", operation_id = "read_transaction", tag = "money",
    params(("id" = String, Path, description = "The movement", example = "TRF-00000000002A")),
    responses((status = 200, body = MovementView)))]
async fn read_transaction(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    read(&api, &asked, &headers, (&id, None)).await
}

/// For the record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MovementReason {
    /// For the record.
    #[schema(example = "seen the client's letter")]
    reason: String,
}

impl MovementReason {
    /// The words.
    ///
    /// # Errors
    /// There are none, or too many, or deceptive ones.
    pub(super) fn checked(&self) -> Result<String, Problem> {
        super::reason::checked(&self.reason)
    }
}

/// Lets happen what waits. Never by whoever asked for it, or has approved already.
#[utoipa::path(post, path = "/api/v1/transactions/{id}/approve", operation_id = "approve_transaction", tag = "money",
    params(("id" = String, Path, description = "The movement", example = "TRF-00000000002A")),
    request_body = MovementReason, responses((status = 200, body = MovementView)))]
async fn approve_transaction(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<MovementReason>,
) -> Result<Response, Problem> {
    let note = given.checked()?;
    tell(&api, &asked, &headers, (&id, None), |movement| MoneyAction::Approve { movement, note }).await
}

/// Turns down what waits: what it held is released.
#[utoipa::path(post, path = "/api/v1/transactions/{id}/reject", operation_id = "reject_transaction", tag = "money",
    params(("id" = String, Path, description = "The movement", example = "TRF-00000000002A")),
    request_body = MovementReason, responses((status = 200, body = MovementView)))]
async fn reject_transaction(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<MovementReason>,
) -> Result<Response, Problem> {
    let reason = given.checked()?;
    tell(&api, &asked, &headers, (&id, None), |movement| MoneyAction::Reject { movement, reason }).await
}

/// Takes back what waits: what it held is released.
#[utoipa::path(post, path = "/api/v1/transactions/{id}/cancel", operation_id = "cancel_transaction", tag = "money",
    params(("id" = String, Path, description = "The movement", example = "TRF-00000000002A")),
    request_body = MovementReason, responses((status = 200, body = MovementView)))]
async fn cancel_transaction(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<MovementReason>,
) -> Result<Response, Problem> {
    let reason = given.checked()?;
    // A fee or a correction is the house's to take back.
    let is_staffs = |kind| matches!(kind, MovementKind::Fee | MovementKind::Reversal);
    let kind = MovementId::parse(&id).map(|id| id.kind());
    if asked.caller()?.scope != Scope::All && kind.is_some_and(is_staffs) {
        return Err(Problem::new(ProblemKind::Forbidden));
    }
    tell(&api, &asked, &headers, (&id, None), |movement| MoneyAction::Cancel { movement, reason }).await
}

/// Undoes a completed movement by opposite transfers, once a second person approves of it.
#[utoipa::path(post, path = "/api/v1/transactions/{id}/reverse", operation_id = "reverse_transaction", tag = "money",
    params(("id" = String, Path, description = "The movement", example = "WDR-00000000002A")),
    request_body = MovementReason, responses((status = 200, body = MovementView)))]
async fn reverse_transaction(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<MovementReason>,
) -> Result<Response, Problem> {
    let note = given.checked()?;
    tell(&api, &asked, &headers, (&id, None), |movement| MoneyAction::Reverse { movement, note }).await
}
