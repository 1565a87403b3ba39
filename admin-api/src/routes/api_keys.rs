//! Keys for machines.

use crate::answer::{changed, gone, placed};
use crate::api::{Api, Outcome};
use crate::asked::Asked;
use crate::body::{Body, Faults};
use crate::network::Network;
use crate::operation::{Access, Operation};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::secrets::SecretOf;
use crate::state::ApiKey;
use crate::text_rules;
use assay_trading_types::{ApiKeyId, IdentityAction};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Longest life of a key: a year, then it is made anew.
const DAYS_MAX: u32 = 366;

const DAY_NS: i64 = 86_400 * 1_000_000_000;

/// Addresses in a key's list.
const ADDRESSES_MAX: usize = 50;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(list_api_keys, create_api_key)).routes(routes!(revoke_api_key))
}

/// A key as its user sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKeyView {
    /// Its id.
    #[schema(value_type = String, example = "key_0192f3a4b5c60123456789abcdef0123")]
    id: ApiKeyId,
    /// What the user calls it.
    #[schema(example = "reconciliation robot")]
    name: String,
    /// Operations it may call.
    #[schema(example = json!(["list_users"]))]
    scopes: Vec<String>,
    /// Addresses it may come from; any when empty.
    #[schema(example = json!(["192.0.2.0/24"]))]
    addresses: Vec<String>,
    /// When it was made, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    created: String,
    /// When it ends by itself, UTC.
    #[schema(example = "2027-02-19T09:30:00.000000000Z")]
    expires: Option<String>,
    /// When it was revoked, UTC.
    #[schema(example = json!(null))]
    revoked: Option<String>,
}

/// Keys, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKeys {
    /// All of them, revoked ones too.
    items: Vec<ApiKeyView>,
}

/// Own keys for machines.
#[utoipa::path(get, path = "/api/v1/auth/me/api-keys", operation_id = "list_api_keys", tag = "me",
    responses((status = 200, body = ApiKeys)))]
async fn list_api_keys(State(api): State<Arc<Api>>, asked: Asked) -> Result<Json<ApiKeys>, Problem> {
    let user = asked.caller()?.user;
    let state = api.state();
    let items = state.identity.api_keys().filter(|key| key.user == user).map(view).collect();
    Ok(Json(ApiKeys { items }))
}

fn view(key: &ApiKey) -> ApiKeyView {
    ApiKeyView {
        id: key.id,
        name: key.name.clone(),
        scopes: key.scopes.iter().cloned().collect(),
        addresses: key.addresses.clone(),
        created: key.created.to_string(),
        expires: key.expires.map(|at| at.to_string()),
        revoked: key.revoked.map(|at| at.to_string()),
    }
}

/// A key to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApiKey {
    /// What you call it, 1 to 100 characters.
    #[schema(example = "reconciliation robot")]
    name: String,
    /// Operations it may call, by their operationId; never more than you may.
    #[schema(example = json!(["list_users"]))]
    scopes: Vec<String>,
    /// Addresses or networks it may come from; any when empty.
    #[serde(default)]
    #[schema(example = json!(["192.0.2.0/24"]))]
    addresses: Vec<String>,
    /// Days it works, 1 to 366.
    #[schema(example = 90)]
    days: u32,
}

/// A key and its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKeySecret {
    /// Its id.
    #[schema(example = "key_0192f3a4b5c60123456789abcdef0123")]
    id: String,
    /// Signs requests (HMAC-SHA256); shown here only.
    #[schema(example = "key_0192f3a4b5c60123456789abcdef0123.c2VjcmV0")]
    secret: String,
}

/// Makes a key for machines. Its requests are signed, see the description of the `signature` scheme.
#[utoipa::path(post, path = "/api/v1/auth/me/api-keys", operation_id = "create_api_key", tag = "me",
    request_body = NewApiKey, responses((status = 201, body = ApiKeySecret)))]
async fn create_api_key(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<NewApiKey>,
) -> Result<Response, Problem> {
    if asked.caller()?.login.is_none() {
        return Err(Problem::because(ProblemKind::Forbidden, "a key makes no keys; log in"));
    }
    let now = api.now();
    let action = IdentityAction::CreateApiKey {
        key: api.ids.api_key(now),
        name: checked(&given)?,
        scopes: given.scopes,
        addresses: given.addresses,
        expires: Some(now.plus_ns(i64::from(given.days) * DAY_NS)),
    };
    match api.submit(&asked, action).await? {
        Outcome::Done { subject, .. } => Ok(made(&api, subject)),
        other => Ok(changed(other)),
    }
}

fn made(api: &Api, id: String) -> Response {
    let secret = api.secrets.token(SecretOf::ApiKey, &id);
    let place = format!("/api/v1/auth/me/api-keys/{id}");
    placed((StatusCode::CREATED, Json(ApiKeySecret { id, secret })).into_response(), &place)
}

fn checked(given: &NewApiKey) -> Result<String, Problem> {
    let mut faults = Faults::default();
    let name = faults.take("name", text_rules::line(&given.name, 100)).unwrap_or_default();
    if name.is_empty() {
        faults.add("name", "must have 1 to 100 characters");
    }
    if given.scopes.is_empty() {
        faults.add("scopes", "must name at least one operation");
    }
    for (n, scope) in given.scopes.iter().enumerate() {
        let fits = Operation::from_name(scope).is_some_and(|op| {
            matches!(op.access(), Access::SignedIn | Access::Roles(_)) && !op.takes_a_person()
        });
        if !fits {
            faults.add(&format!("scopes[{n}]"), "is not an operation that a key may call");
        }
    }
    if given.addresses.len() > ADDRESSES_MAX {
        faults.add("addresses", format!("must be at most {ADDRESSES_MAX}"));
    }
    for (n, text) in given.addresses.iter().enumerate().take(ADDRESSES_MAX) {
        faults.take(&format!("addresses[{n}]"), Network::parse(text));
    }
    if !(1..=DAYS_MAX).contains(&given.days) {
        faults.add("days", format!("must be 1 to {DAYS_MAX}"));
    }
    faults.check().map(|()| name)
}

/// Revokes an own key, at once.
#[utoipa::path(delete, path = "/api/v1/auth/me/api-keys/{id}", operation_id = "revoke_api_key", tag = "me",
    params(("id" = String, Path, description = "The key", example = "key_0192f3a4b5c60123456789abcdef0123")), responses((status = 204)))]
async fn revoke_api_key(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound);
    let key = ApiKeyId::new(&id).map_err(|_| not_found())?;
    let owner = api.state().identity.api_key(&key).map(|k| k.user);
    if owner != Some(asked.caller()?.user) {
        return Err(not_found());
    }
    let action = IdentityAction::RevokeApiKey { key };
    api.submit(&asked, action).await.map(gone)
}
