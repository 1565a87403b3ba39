//! One's own notices, and how they reach one.

use crate::answer::{Receipt, changed};
use crate::api::Api;
use crate::asked::Asked;
use crate::body::Body;
use crate::mail::summary;
use crate::paging::{Page, Params, Sort, Wanted};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::state::Notice;
use assay_trading_types::{NoticeChannels, NoticeId, NoticeKind, NoticesAction};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_notices))
        .routes(routes!(mark_notice_read))
        .routes(routes!(mark_all_notices_read))
        .routes(routes!(read_notice_channels, set_notice_channels))
}

/// A notice.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeView {
    /// Its id.
    #[schema(value_type = String, example = "ntc_0192f3a4b5c60123456789abcdef0123.0000")]
    id: NoticeId,
    /// What it tells, as a word.
    #[schema(value_type = String, example = "kyc_approved")]
    kind: NoticeKind,
    /// What it tells.
    #[schema(example = "Your identity is verified")]
    summary: &'static str,
    /// What it is about, by id.
    #[schema(example = "kyc_0192f3a4b5c60123456789abcdef0123")]
    about: String,
    /// More words.
    #[schema(example = json!(null))]
    reason: Option<String>,
    /// When, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    at: String,
    /// When it was read, UTC.
    #[schema(example = json!(null))]
    read: Option<String>,
    /// When one did something about it, UTC: a word on the proposal, file, alert, movement or loan that it tells of.
    #[schema(example = json!(null))]
    acted_on: Option<String>,
}

pub(crate) fn view(notice: &Notice) -> NoticeView {
    NoticeView {
        id: notice.raised.notice,
        kind: notice.raised.kind,
        summary: summary(notice.raised.kind),
        about: notice.raised.about.clone(),
        reason: notice.raised.reason.clone(),
        at: notice.at.to_string(),
        read: notice.read.map(|at| at.to_string()),
        acted_on: notice.acted_on.map(|at| at.to_string()),
    }
}

/// Own notices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticesView {
    /// How many are unread, of all.
    #[schema(example = 2)]
    unread: usize,
    /// A page of them.
    page: Page<NoticeView>,
}

/// What the list takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NoticesQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`.
    #[param(inline, example = "-id")]
    sort: Option<Sort>,
    /// Those that were not read, or those that were.
    #[param(example = true)]
    unread: Option<bool>,
    /// Of this kind.
    #[param(value_type = Option<String>, example = "kyc_approved")]
    kind: Option<NoticeKind>,
}

/// Own notices; the newest 500 are kept.
#[utoipa::path(get, path = "/api/v1/notifications", operation_id = "list_notices", tag = "notifications",
    params(NoticesQuery), responses((status = 200, body = NoticesView)))]
async fn list_notices(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Params(query): Params<NoticesQuery>,
) -> Result<Json<NoticesView>, Problem> {
    let user = asked.caller()?.user;
    let wanted = Wanted::new(&api.secrets, "notices", query.limit, query.after.as_deref(), query.sort)?;
    let state = api.state();
    let unread = state.notices.of(&user).filter(|notice| notice.read.is_none()).count();
    let fits = |notice: &&Notice| {
        query.unread.is_none_or(|unread| notice.read.is_none() == unread)
            && query.kind.is_none_or(|kind| notice.raised.kind == kind)
    };
    let notices = state.notices.of(&user).filter(fits);
    let page = wanted.page(&api.secrets, "notices", notices, |notice| notice.raised.notice.as_str(), view);
    Ok(Json(NoticesView { unread, page }))
}

/// One was read.
#[utoipa::path(post, path = "/api/v1/notifications/{id}/read", operation_id = "mark_notice_read", tag = "notifications",
    params(("id" = String, Path, description = "The notice", example = "ntc_0192f3a4b5c60123456789abcdef0123.0000")),
    responses((status = 200, body = Receipt)))]
async fn mark_notice_read(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let notice = NoticeId::new(&id).map_err(|_| Problem::new(ProblemKind::NotFound))?;
    api.submit(&asked, NoticesAction::MarkRead { notice }).await.map(changed)
}

/// All were read.
#[utoipa::path(post, path = "/api/v1/notifications/read-all", operation_id = "mark_all_notices_read", tag = "notifications",
    responses((status = 200, body = Receipt)))]
async fn mark_all_notices_read(State(api): State<Arc<Api>>, asked: Asked) -> Result<Response, Problem> {
    api.submit(&asked, NoticesAction::MarkAllRead).await.map(changed)
}

/// How a kind of notice reaches one, beside the product itself. What concerns security is not among them: it always comes by mail.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChannelsView {
    /// By mail too.
    #[schema(example = true)]
    email: bool,
}

/// How each kind of notice reaches one.
#[utoipa::path(get, path = "/api/v1/notifications/preferences", operation_id = "read_notice_channels", tag = "notifications",
    responses((status = 200, body = BTreeMap<String, ChannelsView>)))]
async fn read_notice_channels(
    State(api): State<Arc<Api>>,
    asked: Asked,
) -> Result<Json<BTreeMap<NoticeKind, ChannelsView>>, Problem> {
    let (user, state) = (asked.caller()?.user, api.state());
    let channels = |kind| (kind, ChannelsView { email: state.notices.channels(&user, kind).email });
    Ok(Json(NoticeKind::ALL.into_iter().map(channels).collect()))
}

/// Sets how kinds of notices reach one; a kind that is left out comes by mail too.
#[utoipa::path(put, path = "/api/v1/notifications/preferences", operation_id = "set_notice_channels", tag = "notifications",
    request_body = BTreeMap<String, ChannelsView>, responses((status = 200, body = Receipt)))]
async fn set_notice_channels(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<BTreeMap<NoticeKind, ChannelsView>>,
) -> Result<Response, Problem> {
    let channels = given.into_iter().map(|(kind, c)| (kind, NoticeChannels { email: c.email })).collect();
    api.submit(&asked, NoticesAction::SetChannels { channels }).await.map(changed)
}
