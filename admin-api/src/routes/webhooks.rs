//! One's own webhooks, and what they were told.

use crate::answer::{changed, gone, placed};
use crate::api::{Api, Outcome};
use crate::asked::Asked;
use crate::body::{Body, Faults};
use crate::paging::{Page, Params, Sort, Wanted};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::state::{Delivery, Webhook};
use crate::webhooks::{Reach, secret, summary};
use assay_trading_types::{
    DeliveryContent, DeliveryId, NoticeKind, UserId, WebhookId, WebhookTerms, WebhooksAction,
};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_webhooks, create_webhook))
        .routes(routes!(read_webhook, change_webhook, delete_webhook))
        .routes(routes!(roll_webhook_secret))
        .routes(routes!(try_webhook))
        .routes(routes!(list_webhook_deliveries))
        .routes(routes!(redeliver))
}

/// A webhook as its user sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookView {
    /// Its id.
    #[schema(value_type = String, example = "whk_0192f3a4b5c60123456789abcdef0123")]
    id: WebhookId,
    /// Where deliveries go.
    #[schema(example = "https://hooks.firm1.example/assay")]
    url: String,
    /// Kinds of notices it is told of; all when empty.
    #[schema(value_type = Vec<String>, example = json!(["kyc_approved"]))]
    kinds: Vec<NoticeKind>,
    /// Whether it is told anything.
    #[schema(example = true)]
    enabled: bool,
    /// Why it stopped by itself.
    #[schema(example = json!(null))]
    stopped: Option<String>,
    /// Counts changes, for If-Match.
    #[schema(example = 1)]
    version: u64,
    /// Until when the secret before the present one counts too, UTC.
    #[schema(example = json!(null))]
    old_secret_until: Option<String>,
    /// When it was made, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    created: String,
}

/// Webhooks, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhooksView {
    /// All of them.
    items: Vec<WebhookView>,
}

fn view(hook: &Webhook) -> WebhookView {
    WebhookView {
        id: hook.id,
        url: hook.terms.url.clone(),
        kinds: hook.terms.kinds.iter().copied().collect(),
        enabled: hook.terms.enabled,
        stopped: hook.stopped.clone(),
        version: hook.version,
        old_secret_until: hook.overlap_until.map(|at| at.to_string()),
        created: hook.created.to_string(),
    }
}

/// Own webhooks.
#[utoipa::path(get, path = "/api/v1/webhooks", operation_id = "list_webhooks", tag = "notifications",
    responses((status = 200, body = WebhooksView)))]
async fn list_webhooks(State(api): State<Arc<Api>>, asked: Asked) -> Result<Json<WebhooksView>, Problem> {
    let user = asked.caller()?.user;
    let items = api.state().webhooks.of(user).map(view).collect();
    Ok(Json(WebhooksView { items }))
}

/// What a webhook is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedWebhook {
    /// An absolute URL of at most 500 bytes, `https`, on the public internet unless the configuration allows private
    /// networks. No user, password or query: it stands in the audit trail.
    #[schema(example = "https://hooks.firm1.example/assay")]
    url: String,
    /// Kinds of notices it is told of; all when empty.
    #[serde(default)]
    #[schema(value_type = Vec<String>, example = json!(["kyc_approved"]))]
    kinds: BTreeSet<NoticeKind>,
    /// Whether it is told anything.
    #[serde(default = "yes")]
    #[schema(example = true)]
    enabled: bool,
}

fn yes() -> bool {
    true
}

impl WantedWebhook {
    fn checked(self, api: &Api) -> Result<WebhookTerms, Problem> {
        let reach = if api.config.webhooks.private_networks { Reach::Private } else { Reach::Public };
        let mut faults = Faults::default();
        faults.take("url", reach.target(&self.url));
        faults.check()?;
        Ok(WebhookTerms { url: self.url, kinds: self.kinds, enabled: self.enabled })
    }
}

/// A webhook and its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookSecret {
    /// Its id.
    #[schema(example = "whk_0192f3a4b5c60123456789abcdef0123")]
    id: String,
    /// Deliveries are signed with it (Standard Webhooks, `v1`: HMAC-SHA256); shown here only.
    #[schema(example = "whsec_c2VjcmV0")]
    secret: String,
}

/// Makes a webhook: notices are posted to it, signed, each until it answers 2xx, eight times over a day at most. A user has ten at most.
#[utoipa::path(post, path = "/api/v1/webhooks", operation_id = "create_webhook", tag = "notifications",
    request_body = WantedWebhook, responses((status = 201, body = WebhookSecret)))]
async fn create_webhook(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<WantedWebhook>,
) -> Result<Response, Problem> {
    let terms = given.checked(&api)?;
    let webhook = api.ids.webhook(api.now());
    let outcome = api.submit(&asked, WebhooksAction::Add { webhook, terms }).await?;
    Ok(secret_shown(&api, outcome, StatusCode::CREATED))
}

/// The secret that counts from this command on; when the command came again, still that one.
fn secret_shown(api: &Api, outcome: Outcome, status: StatusCode) -> Response {
    let Outcome::Done { subject, .. } = &outcome else { return changed(outcome) };
    let state = api.state();
    let hook = WebhookId::new(subject).ok().and_then(|id| state.webhooks.hook(&id));
    let Some(hook) = hook else {
        // It was removed meanwhile.
        return Problem::new(ProblemKind::NotFound).into_response();
    };
    let shown = WebhookSecret { id: subject.clone(), secret: secret(&api.secrets, &hook.id, hook.secret) };
    placed((status, Json(shown)).into_response(), &format!("/api/v1/webhooks/{subject}"))
}

/// One of the own webhooks.
#[utoipa::path(get, path = "/api/v1/webhooks/{id}", operation_id = "read_webhook", tag = "notifications",
    params(("id" = String, Path, description = "The webhook", example = "whk_0192f3a4b5c60123456789abcdef0123")),
    responses((status = 200, body = WebhookView)))]
async fn read_webhook(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Json<WebhookView>, Problem> {
    let (user, id) = (asked.caller()?.user, parsed(&id)?);
    let state = api.state();
    own(state.webhooks.hook(&id), user).map(|hook| Json(view(hook)))
}

/// Makes it another; one that stopped by itself begins again.
#[utoipa::path(put, path = "/api/v1/webhooks/{id}", operation_id = "change_webhook", tag = "notifications",
    params(("id" = String, Path, description = "The webhook", example = "whk_0192f3a4b5c60123456789abcdef0123")),
    request_body = WantedWebhook, responses((status = 200, body = crate::answer::Receipt)))]
async fn change_webhook(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<WantedWebhook>,
) -> Result<Response, Problem> {
    let webhook = parsed(&id)?;
    let terms = given.checked(&api)?;
    api.submit(&asked, WebhooksAction::Change { webhook, terms }).await.map(changed)
}

/// Ends it, and what waits for it.
#[utoipa::path(delete, path = "/api/v1/webhooks/{id}", operation_id = "delete_webhook", tag = "notifications",
    params(("id" = String, Path, description = "The webhook", example = "whk_0192f3a4b5c60123456789abcdef0123")),
    responses((status = 204, description = "It is gone")))]
async fn delete_webhook(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let webhook = parsed(&id)?;
    api.submit(&asked, WebhooksAction::Remove { webhook }).await.map(gone)
}

/// Gives it another secret. Deliveries carry signatures by both for a day.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/roll-secret", operation_id = "roll_webhook_secret", tag = "notifications",
    params(("id" = String, Path, description = "The webhook", example = "whk_0192f3a4b5c60123456789abcdef0123")),
    responses((status = 200, body = WebhookSecret)))]
async fn roll_webhook_secret(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let webhook = parsed(&id)?;
    let outcome = api.submit(&asked, WebhooksAction::RollSecret { webhook }).await?;
    Ok(secret_shown(&api, outcome, StatusCode::OK))
}

/// Sends it a trial, whether it is enabled or not; `id` of the answer names the delivery.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/try", operation_id = "try_webhook", tag = "notifications",
    params(("id" = String, Path, description = "The webhook", example = "whk_0192f3a4b5c60123456789abcdef0123")),
    responses((status = 200, body = crate::answer::Receipt)))]
async fn try_webhook(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let webhook = parsed(&id)?;
    api.submit(&asked, WebhooksAction::Try { webhook }).await.map(changed)
}

/// What a webhook was told or is to be told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryView {
    /// Its id, in `webhook-id` at every try.
    #[schema(value_type = String, example = "dlv_0192f3a4b5c60123456789abcdef0123.0000.w0")]
    id: DeliveryId,
    /// Kind of the notice; absent for a trial.
    #[schema(value_type = Option<String>, example = "kyc_approved")]
    kind: Option<NoticeKind>,
    /// What it tells.
    #[schema(example = "Your identity is verified")]
    summary: &'static str,
    /// How far it is.
    #[schema(example = "delivered")]
    status: DeliveryStatus,
    /// Tries so far.
    #[schema(example = 1)]
    attempts: u32,
    /// HTTP status of the last answer.
    #[schema(example = 204)]
    answered: Option<u16>,
    /// Why the last try failed.
    #[schema(example = json!(null))]
    error: Option<String>,
    /// When it was wished, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    at: String,
    /// When it was last tried, UTC.
    #[schema(example = "2026-11-21T09:30:00.100000000Z")]
    tried: Option<String>,
    /// When it is due, UTC; absent once it is settled.
    #[schema(example = json!(null))]
    due: Option<String>,
}

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryStatus {
    /// Due, or due again.
    Waiting,
    /// The webhook has it.
    Delivered,
    /// It was not taken and is not tried again.
    GivenUp,
}

fn delivery_view(delivery: &Delivery) -> DeliveryView {
    let content = &delivery.requested.content;
    let last = delivery.last.as_ref();
    DeliveryView {
        id: delivery.requested.delivery,
        kind: match content {
            DeliveryContent::Notice { kind, .. } => Some(*kind),
            DeliveryContent::Trial => None,
        },
        summary: summary(content),
        status: status(delivery),
        attempts: delivery.attempts,
        answered: last.and_then(|(tried, _)| tried.status),
        error: last.and_then(|(tried, _)| tried.error.clone()),
        at: delivery.at.to_string(),
        tried: last.map(|(_, at)| at.to_string()),
        due: delivery.due.map(|at| at.to_string()),
    }
}

fn status(delivery: &Delivery) -> DeliveryStatus {
    match delivery.is_delivered() {
        None => DeliveryStatus::Waiting,
        Some(true) => DeliveryStatus::Delivered,
        Some(false) => DeliveryStatus::GivenUp,
    }
}

/// What the list takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveriesQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`.
    #[param(inline, example = "-id")]
    sort: Option<Sort>,
    /// Those that are so far.
    #[param(inline, example = "given_up")]
    status: Option<DeliveryStatus>,
}

/// What a webhook was told and is to be told: all that waits, and the last 200 that do not.
#[utoipa::path(get, path = "/api/v1/webhooks/{id}/deliveries", operation_id = "list_webhook_deliveries", tag = "notifications",
    params(("id" = String, Path, description = "The webhook", example = "whk_0192f3a4b5c60123456789abcdef0123"), DeliveriesQuery),
    responses((status = 200, body = Page<DeliveryView>)))]
async fn list_webhook_deliveries(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Params(query): Params<DeliveriesQuery>,
) -> Result<Json<Page<DeliveryView>>, Problem> {
    let (user, id) = (asked.caller()?.user, parsed(&id)?);
    let wanted = Wanted::new(&api.secrets, "deliveries", query.limit, query.after.as_deref(), query.sort)?;
    let state = api.state();
    let hook = own(state.webhooks.hook(&id), user)?;
    let fits = |delivery: &&Delivery| query.status.is_none_or(|wanted| status(delivery) == wanted);
    let deliveries = state.webhooks.deliveries(hook).filter(fits);
    let page =
        wanted.page(&api.secrets, "deliveries", deliveries, |d| d.requested.delivery.as_str(), delivery_view);
    Ok(Json(page))
}

/// Sends once more what was delivered or given up, under the same id.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/deliveries/{delivery}/redeliver", operation_id = "redeliver", tag = "notifications",
    params(("id" = String, Path, description = "The webhook", example = "whk_0192f3a4b5c60123456789abcdef0123"),
        ("delivery" = String, Path, description = "The delivery", example = "dlv_0192f3a4b5c60123456789abcdef0123.0000.w0")),
    responses((status = 200, body = crate::answer::Receipt)))]
async fn redeliver(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path((id, delivery)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (user, id) = (asked.caller()?.user, parsed(&id)?);
    let missing = || Problem::new(ProblemKind::NotFound);
    let delivery = DeliveryId::new(&delivery).map_err(|_| missing())?;
    let known = {
        let state = api.state();
        own(state.webhooks.hook(&id), user)?;
        state.webhooks.delivery(&delivery).is_some_and(|delivery| delivery.requested.webhook == id)
    };
    if !known {
        return Err(missing());
    }
    api.submit(&asked, WebhooksAction::Redeliver { delivery }).await.map(changed)
}

fn parsed(id: &str) -> Result<WebhookId, Problem> {
    WebhookId::new(id).map_err(|_| Problem::new(ProblemKind::NotFound))
}

/// Another's is not there.
fn own(hook: Option<&Webhook>, user: UserId) -> Result<&Webhook, Problem> {
    hook.filter(|hook| hook.user == user).ok_or_else(|| Problem::new(ProblemKind::NotFound))
}
