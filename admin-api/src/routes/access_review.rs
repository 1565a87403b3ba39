//! Who may do what, from the table that decides on requests.

use super::user_view::{UserView, view};
use crate::api::Api;
use crate::asked::Asked;
use crate::operation::{Access, Operation, Scope};
use crate::paging::{Page, Params, Wanted};
use crate::problem::Problem;
use crate::state::User;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(access_review))
}

/// A user's rights, for review.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReviewRow {
    /// Who.
    user: UserView,
    /// Operations it may call, with whose things: `own`, `firm` or `all`.
    #[schema(example = json!({"list_users": "all"}))]
    operations: std::collections::BTreeMap<&'static str, &'static str>,
    /// Keys for machines that work.
    #[schema(example = 1)]
    live_api_keys: usize,
    /// Logins that work.
    #[schema(example = 2)]
    live_logins: usize,
    /// Privileged, and without a second factor.
    #[schema(example = false)]
    second_factor_missing: bool,
    /// Has not logged in for 90 days, or never.
    #[schema(example = false)]
    dormant: bool,
}

/// What a review takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReviewQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Days without a login after which a user counts as dormant.
const DORMANT_NS: i64 = 90 * 86_400 * 1_000_000_000;

/// Who may do what, from the same table that decides on requests.
#[utoipa::path(get, path = "/api/v1/reports/access-review", operation_id = "access_review", tag = "reports",
    params(ReviewQuery), responses((status = 200, body = Page<ReviewRow>)))]
async fn access_review(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Params(query): Params<ReviewQuery>,
) -> Result<Json<Page<ReviewRow>>, Problem> {
    asked.caller()?;
    let now = api.now();
    let wanted = Wanted::new(&api.secrets, "access-review", query.limit, query.after.as_deref(), None)?;
    let state = api.state();
    let row = |user: &User| ReviewRow {
        operations: operations(user),
        live_api_keys: state.identity.api_keys().filter(|k| k.user == user.id && k.is_live(now)).count(),
        live_logins: state.identity.logins_of(user.id).filter(|l| l.is_live(now)).count(),
        second_factor_missing: user.is_privileged() && !user.totp.is_active(),
        dormant: user.last_login.is_none_or(|at| now.since_ns(at) > DORMANT_NS),
        user: view(&state, user, now),
    };
    let page = wanted.page(&api.secrets, "access-review", state.identity.users(), |u| u.id.as_str(), row);
    Ok(Json(page))
}

fn operations(user: &User) -> std::collections::BTreeMap<&'static str, &'static str> {
    let privileged = Operation::ALL.iter().filter(|op| matches!(op.access(), Access::Roles(_)));
    let name = |scope| match scope {
        Scope::Own => "own",
        Scope::Firm => "firm",
        Scope::All => "all",
    };
    privileged.filter_map(|op| op.access().scope_of(&user.roles).map(|s| (op.name(), name(s)))).collect()
}
