//! Statements of the house's banks: brought in whole or not at all, matched with deposits and withdrawals, and what is left for
//! an officer to explain.

use super::firms::failed;
use crate::answer::{changed, entity};
use crate::api::{Api, Outcome};
use crate::asked::Asked;
use crate::bank_files::{self, BankFile, BankFormat};
use crate::body::Body;
use crate::paging::{Page, Params, Sort, Wanted};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::read_model::ReadModel;
use crate::state::{Imported, LINES_OF_STATEMENT_MAX, Line, LineStatus};
use crate::text_rules;
use assay_trading_types::{
    Amount, Asset, BankAction, BankLine, BankLineId, BankStatement, BankStatementId, Movement, MovementId,
    MovementKind, MovementStatus, PayMethod,
};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_bank_statements, import_bank_statement))
        .routes(routes!(list_bank_lines))
        .routes(routes!(resolve_bank_line))
}

/// A statement as a file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BankStatementFile {
    /// `camt.053` or `csv`.
    #[schema(inline, example = "csv")]
    format: BankFormat,
    /// The file, base64.
    #[schema(example = "YWNjb3VudCxzdGF0ZW1lbnQs")]
    content: String,
}

/// A statement that was brought in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BankStatementView {
    /// Its id.
    #[schema(value_type = String, example = "bst_0192f3a4b5c60123456789abcdef0123")]
    id: BankStatementId,
    /// The house's account, as the bank names it.
    #[schema(example = "DE89370400440532013000")]
    account: String,
    /// The statement, as the bank names it.
    #[schema(example = "2026-11-20")]
    name: String,
    /// The account's currency.
    #[schema(example = "EUR")]
    asset: String,
    /// What was there before, a decimal.
    #[schema(example = "1000")]
    opening: String,
    /// What is there after, a decimal.
    #[schema(example = "1249.5")]
    closing: String,
    /// Its lines.
    #[schema(example = 2)]
    lines: usize,
    /// Those that are movements by amount, currency and name.
    #[schema(example = 1)]
    matched: usize,
    /// Those that an officer explained.
    #[schema(example = 0)]
    resolved: usize,
    /// Those that nobody has explained.
    #[schema(example = 1)]
    open: usize,
    /// SHA-256 of the file, hex.
    #[schema(example = "3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d")]
    digest: String,
    /// When it was brought in, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    at: String,
}

fn statement_view(api: &Api, id: &BankStatementId) -> Option<BankStatementView> {
    let state = api.state();
    let s = state.bank.statement(id)?;
    let count = |status| state.bank.lines_of(s).filter(|line| line.status == status).count();
    Some(BankStatementView {
        id: s.id,
        account: s.account.clone(),
        name: s.name.clone(),
        asset: s.asset.to_string(),
        opening: s.opening.to_string(),
        closing: s.closing.to_string(),
        lines: s.lines,
        matched: count(LineStatus::Matched),
        resolved: count(LineStatus::Resolved),
        open: count(LineStatus::Open),
        digest: s.digest.clone(),
        at: s.at.to_string(),
    })
}

/// A line of a bank statement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BankLineView {
    /// Its id: the statement's, and its place there.
    #[schema(value_type = String, example = "bst_0192f3a4b5c60123456789abcdef0123.0001")]
    id: BankLineId,
    /// The house's account, as the bank names it.
    #[schema(example = "DE89370400440532013000")]
    account: String,
    /// The bank's name for the line.
    #[schema(example = "R2")]
    reference: String,
    /// The day it was booked.
    #[schema(example = "2026-11-20")]
    day: String,
    /// Currency.
    #[schema(example = "EUR")]
    asset: String,
    /// Came, or went if negative, a decimal.
    #[schema(example = "-250.5")]
    amount: String,
    /// What payers wrote.
    #[schema(example = "for DEP-00000000002A")]
    text: String,
    /// `open`, `matched` or `resolved`.
    #[schema(inline)]
    status: LineStatus,
    /// The movement that it is.
    #[schema(example = json!(null))]
    movement: Option<String>,
    /// What it is, in an officer's words.
    #[schema(example = json!(null))]
    reason: Option<String>,
    /// The officer.
    #[schema(example = json!(null))]
    by: Option<String>,
    /// For If-Match.
    #[schema(example = 1)]
    version: u64,
}

fn line_view(line: &Line, statement: Option<&Imported>) -> BankLineView {
    BankLineView {
        id: line.id,
        account: statement.map(|s| s.account.clone()).unwrap_or_default(),
        reference: line.line.reference.clone(),
        day: line.line.day.to_string(),
        asset: statement.map(|s| s.asset.to_string()).unwrap_or_default(),
        amount: line.line.amount.to_string(),
        text: line.line.text.clone(),
        status: line.status,
        movement: line.movement.map(|movement| movement.to_string()),
        reason: line.reason.clone(),
        by: line.by.map(|user| user.to_string()),
        version: line.version,
    }
}

/// Brings in a statement of one of the house's accounts. It is taken whole or not at all: balances come out, no line comes twice,
/// all of it is in the account's currency. The same file again has no further effect.
#[utoipa::path(post, path = "/api/v1/ledger/bank-statements", operation_id = "import_bank_statement", tag = "ledger",
    request_body = BankStatementFile, responses((status = 200, body = BankStatementView)))]
async fn import_bank_statement(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Body(given): Body<BankStatementFile>,
) -> Result<Response, Problem> {
    asked.caller()?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(given.content.trim());
    let bytes = bytes.map_err(|_| Problem::field("content", "must be base64"))?;
    let file = bank_files::read(given.format, &bytes, LINES_OF_STATEMENT_MAX)
        .map_err(|why| Problem::field("content", why))?;
    check_account(&api, &file)?;
    let model = api.read_model(&headers).await?;
    let lines = file.lines.into_iter().map(|line| matched(model, &file.asset, line));
    let statement = BankStatement {
        account: file.account,
        name: file.name,
        asset: file.asset,
        digest: hex::encode(Sha256::digest(&bytes)),
        opening: file.opening,
        closing: file.closing,
        lines: lines.collect::<Result<_, Problem>>()?,
    };
    let outcome = api.submit(&asked, BankAction::Import(statement)).await?;
    let imported = match &outcome {
        Outcome::Done { subject, .. } => BankStatementId::new(subject).ok(),
        Outcome::Proposed { .. } | Outcome::Pending { .. } => None,
    };
    match imported.and_then(|id| statement_view(&api, &id)) {
        Some(view) => Ok(Json(view).into_response()),
        None => Ok(changed(outcome)),
    }
}

fn check_account(api: &Api, file: &BankFile) -> Result<(), Problem> {
    let own = api.config.payments.bank_accounts.iter().find(|own| own.account == file.account);
    let refuse = |why: String| Err(Problem::field("content", why));
    match own {
        None => refuse(format!("is of account {}, which is none of the house's", file.account)),
        Some(own) if own.asset != file.asset => {
            refuse(format!("is in {}, and account {} in {}", file.asset, file.account, own.asset))
        }
        Some(_) => Ok(()),
    }
}

/// The line, with the movement that it is if there is one: of the same currency, amount and direction, by transfer, and either
/// the line names it or it the line.
fn matched(model: &ReadModel, asset: &Asset, line: BankLine) -> Result<BankLine, Problem> {
    Ok(BankLine { matched: found(model, asset, &line)?, ..line })
}

fn found(model: &ReadModel, asset: &Asset, line: &BankLine) -> Result<Option<MovementId>, Problem> {
    for id in movements_named(&line.text) {
        let named = model.movement(id).map_err(failed)?;
        if named.is_some_and(|movement| fits(&movement, asset, line.amount)) {
            return Ok(Some(id));
        }
    }
    let names = std::iter::once(line.reference.as_str()).chain(line.text.split(' '));
    for name in names.filter(|name| !name.is_empty()) {
        let known = model.movements_known_as(name).map_err(failed)?;
        let mut fitting = known.iter().filter(|movement| fits(movement, asset, line.amount));
        if let (Some(only), None) = (fitting.next(), fitting.next()) {
            return Ok(Some(only.id));
        }
    }
    Ok(None)
}

fn movements_named(text: &str) -> impl Iterator<Item = MovementId> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.split(move |c| !is_part(c)).filter_map(MovementId::parse)
}

fn fits(movement: &Movement, asset: &Asset, amount: Amount) -> bool {
    let units = match movement.id.kind() {
        MovementKind::Deposit => movement.amount.units(),
        MovementKind::Withdrawal => -movement.amount.units(),
        _ => return false,
    };
    let may_be = !movement.status.is_final() || movement.status == MovementStatus::Completed;
    let by_transfer = movement.method == Some(PayMethod::BankTransfer);
    may_be && by_transfer && movement.asset == *asset && units == amount.units()
}

/// What a list of statements takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BankStatementsQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`.
    #[param(inline, example = "-id")]
    sort: Option<Sort>,
    /// Of this account.
    #[param(example = "DE89370400440532013000")]
    account: Option<String>,
}

/// Statements that were brought in.
#[utoipa::path(get, path = "/api/v1/ledger/bank-statements", operation_id = "list_bank_statements", tag = "ledger",
    params(BankStatementsQuery), responses((status = 200, body = Page<BankStatementView>)))]
async fn list_bank_statements(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Params(query): Params<BankStatementsQuery>,
) -> Result<Json<Page<BankStatementView>>, Problem> {
    asked.caller()?;
    let list = "bank statements";
    let wanted = Wanted::new(&api.secrets, list, query.limit, query.after.as_deref(), query.sort)?;
    let page = {
        let state = api.state();
        let of = |s: &&Imported| query.account.as_ref().is_none_or(|account| s.account == *account);
        let statements = state.bank.statements().filter(of);
        wanted.page(&api.secrets, list, statements, |s| s.id.as_str(), |s| s.id)
    };
    let items = page.items.iter().filter_map(|id| statement_view(&api, id)).collect();
    Ok(Json(Page { items, next: page.next }))
}

/// What a list of lines takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BankLinesQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`.
    #[param(inline, example = "id")]
    sort: Option<Sort>,
    /// On this statement.
    #[param(example = "bst_0192f3a4b5c60123456789abcdef0123")]
    statement: Option<String>,
    /// How far they are: `open`, `matched` or `resolved`.
    #[param(inline, example = "open")]
    status: Option<LineStatus>,
}

/// Lines of statements; with `status=open` those that wait for an officer.
#[utoipa::path(get, path = "/api/v1/ledger/bank-lines", operation_id = "list_bank_lines", tag = "ledger",
    params(BankLinesQuery), responses((status = 200, body = Page<BankLineView>)))]
async fn list_bank_lines(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Params(query): Params<BankLinesQuery>,
) -> Result<Json<Page<BankLineView>>, Problem> {
    asked.caller()?;
    let list = "bank lines";
    let wanted = Wanted::new(&api.secrets, list, query.limit, query.after.as_deref(), query.sort)?;
    let state = api.state();
    let of = |line: &&Line| {
        let statement = line.id.as_str().split('.').next();
        query.status.is_none_or(|status| line.status == status)
            && query.statement.as_deref().is_none_or(|id| statement == Some(id))
    };
    let lines = state.bank.lines().filter(of);
    let view = |line: &Line| line_view(line, state.bank.statement_of(&line.id));
    Ok(Json(wanted.page(&api.secrets, list, lines, |line| line.id.as_str(), view)))
}

/// What a line is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Explanation {
    /// The deposit or withdrawal that it is, of the same currency and amount; none if it is something else.
    #[serde(default)]
    #[schema(example = "DEP-00000000002A")]
    movement: Option<String>,
    /// What it is, for the record.
    #[schema(example = "the payer forgot the reference")]
    reason: String,
}

/// Says what a line is; also where it was matched wrongly.
#[utoipa::path(post, path = "/api/v1/ledger/bank-lines/{id}/resolve", operation_id = "resolve_bank_line", tag = "ledger",
    params(("id" = String, Path, description = "The line", example = "bst_0192f3a4b5c60123456789abcdef0123.0001")),
    request_body = Explanation, responses((status = 200, body = BankLineView)))]
async fn resolve_bank_line(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<Explanation>,
) -> Result<Response, Problem> {
    asked.caller()?;
    let not_found = || Problem::new(ProblemKind::NotFound);
    let reason = text_rules::reason(&given.reason).map_err(|why| Problem::field("reason", why))?;
    let id = BankLineId::new(&id).map_err(|_| not_found())?;
    let (asset, amount) = {
        let state = api.state();
        let statement = state.bank.statement_of(&id).ok_or_else(not_found)?;
        (statement.asset, state.bank.line(&id).ok_or_else(not_found)?.line.amount)
    };
    let movement = match &given.movement {
        None => None,
        Some(text) => Some(explaining(api.read_model(&headers).await?, text, &asset, amount)?),
    };
    let outcome = api.submit(&asked, BankAction::Resolve { line: id, movement, reason }).await?;
    let is_done = matches!(outcome, Outcome::Done { .. });
    let state = api.state();
    match state.bank.line(&id).filter(|_| is_done) {
        Some(line) => Ok(entity(line.version, line_view(line, state.bank.statement_of(&id)))),
        None => Ok(changed(outcome)),
    }
}

/// A movement that a line of this amount can be.
fn explaining(model: &ReadModel, text: &str, asset: &Asset, amount: Amount) -> Result<MovementId, Problem> {
    let wrong = |why: &str| Problem::field("movement", why);
    let id = MovementId::parse(text).ok_or_else(|| wrong("must be a deposit or withdrawal"))?;
    let movement = model.movement(id).map_err(failed)?.ok_or_else(|| wrong("is not known"))?;
    match fits(&movement, asset, amount) {
        true => Ok(id),
        false => Err(wrong("is of another amount, currency, direction or way, or did not happen")),
    }
}
