//! What waits for a second person.

use super::reason::Reason;
use crate::answer::{Receipt, changed, entity};
use crate::api::Api;
use crate::asked::{Asked, Caller};
use crate::body::Body;
use crate::operation::Operation;
use crate::paging::{Page, Params, Sort, Wanted};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::read_model::Answered;
use crate::state::{Proposal, ProposalStatus};
use crate::wish::Word;
use assay_trading_types::{AmendmentRefusal, ProposalId, UserId, Verdict};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_proposals))
        .routes(routes!(read_proposal))
        .routes(routes!(approve_proposal))
        .routes(routes!(reject_proposal))
        .routes(routes!(withdraw_proposal))
}

/// A change that one person wished.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProposalView {
    /// Its id.
    #[schema(value_type = String, example = "prp_0192f3a4b5c60123456789abcdef0123")]
    id: ProposalId,
    /// The operation that was called.
    #[schema(example = "set_roles")]
    operation: String,
    /// Who wished it.
    #[schema(value_type = Option<String>, example = "usr_0192f3a4b5c60123456789abcdef0123")]
    maker: Option<UserId>,
    /// What, as it stands in the record.
    #[schema(value_type = Object, example = json!({"identity": {"set_roles": {"roles": ["risk"]}}}))]
    wanted: serde_json::Value,
    /// When, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    at: String,
    /// How far it is.
    status: ProposalStatus,
    /// Who decided.
    #[schema(value_type = Option<String>, example = json!(null))]
    checker: Option<UserId>,
    /// When it was decided, UTC.
    #[schema(example = json!(null))]
    decided_at: Option<String>,
    /// Why.
    #[schema(example = json!(null))]
    reason: Option<String>,
    /// Why the market refused what was approved: `STALE`, `ALREADY_BUSTED` or `BAD_PRICE`.
    #[schema(example = json!(null))]
    refusal: Option<String>,
    /// For If-Match.
    #[schema(example = 1)]
    version: u64,
}

fn view(api: &Api, proposal: &Proposal) -> Result<ProposalView, Problem> {
    let answer = match proposal.wanted.trade() {
        Some(_) => api.model().answer(&proposal.command.id).map_err(super::firms::failed)?,
        None => None,
    };
    let refusal = match answer {
        Some(Answered::Refused { code, .. }) => Some(code),
        _ => None,
    };
    Ok(ProposalView {
        refusal,
        id: proposal.id,
        operation: proposal.command.operation.clone(),
        maker: proposal.command.by,
        wanted: serde_json::to_value(&proposal.wanted).unwrap_or_default(),
        at: proposal.at.to_string(),
        status: proposal.status,
        checker: proposal.decided_by,
        decided_at: proposal.decided_at.map(|at| at.to_string()),
        reason: proposal.reason.clone(),
        version: proposal.version,
    })
}

/// What a list of proposals takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProposalsQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`.
    #[param(inline, example = "-id")]
    sort: Option<Sort>,
    /// How far they are.
    #[param(inline, example = "open")]
    status: Option<ProposalStatus>,
}

/// Proposals.
#[utoipa::path(get, path = "/api/v1/proposals", operation_id = "list_proposals", tag = "proposals",
    params(ProposalsQuery), responses((status = 200, body = Page<ProposalView>)))]
async fn list_proposals(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Params(query): Params<ProposalsQuery>,
) -> Result<Json<Page<ProposalView>>, Problem> {
    asked.caller()?;
    let wanted = Wanted::new(&api.secrets, "proposals", query.limit, query.after.as_deref(), query.sort)?;
    let fits = |p: &&Proposal| query.status.is_none_or(|status| p.status == status);
    let page = {
        let state = api.state();
        let proposals = state.proposals.iter().filter(fits);
        wanted.page(&api.secrets, "proposals", proposals, |p| p.id.as_str(), Proposal::clone)
    };
    // Whoever reads the read model waits for it without holding the state.
    let items = page.items.iter().map(|proposal| view(&api, proposal)).collect::<Result<_, _>>()?;
    Ok(Json(Page { items, next: page.next }))
}

/// One proposal.
#[utoipa::path(get, path = "/api/v1/proposals/{id}", operation_id = "read_proposal", tag = "proposals",
    params(("id" = String, Path, description = "The proposal", example = "prp_0192f3a4b5c60123456789abcdef0123")),
    responses((status = 200, body = ProposalView)))]
async fn read_proposal(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    asked.caller()?;
    let not_found = || Problem::new(ProblemKind::NotFound);
    let id = ProposalId::new(&id).map_err(|_| not_found())?;
    let proposal = api.state().proposals.get(&id).cloned().ok_or_else(not_found)?;
    Ok(entity(proposal.version, view(&api, &proposal)?))
}

/// Approves a proposal of somebody else: it takes effect in the same step. A trade is amended by the market, whose refusal is
/// the answer then, and stands in the proposal, which is decided all the same; of a trade that was undone meanwhile it stays open.
#[utoipa::path(post, path = "/api/v1/proposals/{id}/approve", operation_id = "approve_proposal", tag = "proposals",
    params(("id" = String, Path, description = "The proposal", example = "prp_0192f3a4b5c60123456789abcdef0123")),
    request_body = Reason, responses((status = 200, body = Receipt)))]
async fn approve_proposal(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<Reason>,
) -> Result<Response, Problem> {
    judge(&api, &asked, &id, Verdict::Approve, &given).await
}

/// Rejects a proposal of somebody else.
#[utoipa::path(post, path = "/api/v1/proposals/{id}/reject", operation_id = "reject_proposal", tag = "proposals",
    params(("id" = String, Path, description = "The proposal", example = "prp_0192f3a4b5c60123456789abcdef0123")),
    request_body = Reason, responses((status = 200, body = Receipt)))]
async fn reject_proposal(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<Reason>,
) -> Result<Response, Problem> {
    judge(&api, &asked, &id, Verdict::Reject, &given).await
}

/// Takes back one's own proposal.
#[utoipa::path(post, path = "/api/v1/proposals/{id}/withdraw", operation_id = "withdraw_proposal", tag = "proposals",
    params(("id" = String, Path, description = "The proposal", example = "prp_0192f3a4b5c60123456789abcdef0123")),
    request_body = Reason, responses((status = 200, body = Receipt)))]
async fn withdraw_proposal(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<Reason>,
) -> Result<Response, Problem> {
    judge(&api, &asked, &id, Verdict::Withdraw, &given).await
}

async fn judge(
    api: &Api,
    asked: &Asked,
    id: &str,
    verdict: Verdict,
    given: &Reason,
) -> Result<Response, Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound);
    let proposal = ProposalId::new(id).map_err(|_| not_found())?;
    let (operation, trade) = {
        let state = api.state();
        let found = state.proposals.get(&proposal).ok_or_else(not_found)?;
        let trade = found.wanted.trade().map(|trade| trade.exec_id);
        (Operation::from_name(&found.command.operation), trade.map(|exec| (exec, found.status)))
    };
    may_check(asked.caller()?, operation)?;
    let reason = given.checked()?;
    let word = |sides| Word { proposal, verdict, reason, sides };
    let Some((exec_id, status)) = trade.filter(|_| verdict == Verdict::Approve) else {
        return api.submit(asked, word(None)).await.map(changed);
    };
    // Of what is decided nothing needs to be read: that is what the answer says.
    let sides = match status {
        ProposalStatus::Open => Some(api.trade_sides(exec_id).await.map_err(no_more)?),
        _ => None,
    };
    api.approve_amendment(asked, word(sides)).await.map(changed)
}

/// The trade was there when it was proposed: if it is not, it was undone.
fn no_more(problem: Problem) -> Problem {
    match problem.kind() {
        ProblemKind::NotFound => (AmendmentRefusal::AlreadyBusted, String::new()).into(),
        _ => problem,
    }
}

/// Whoever could not have wished it may not decide on it either.
fn may_check(caller: &Caller, operation: Option<Operation>) -> Result<(), Problem> {
    let scope = operation.and_then(|op| op.access().scope_of(&caller.roles));
    match scope {
        Some(crate::operation::Scope::All) => Ok(()),
        _ => Err(Problem::new(ProblemKind::Forbidden)),
    }
}
