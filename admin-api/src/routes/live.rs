//! The live channel: a ticket, and the socket it opens.

use crate::api::Api;
use crate::asked::Asked;
use crate::intake::allowed_origin;
use crate::live::{TICKET_LIFE_S, Ticket, talk};
use crate::paging::Params;
use crate::problem::{Problem, ProblemKind};
use assay_trading_types::NoticeId;
use axum::Json;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Largest message that is taken from a client, which has nothing to say: a ping and some more.
const RECEIVED_BYTES_MAX: usize = 1_024;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(issue_ticket)).routes(routes!(open_live))
}

/// A ticket.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TicketView {
    /// What to open the channel with; it works once.
    #[schema(example = "6d1f0b6c2a8e4f7bb3a5c9d2e1f00718293a4b5c6d7e8f901a2b3c4d5e6f7081")]
    ticket: String,
    /// Until when, UTC.
    #[schema(example = "2026-11-21T09:30:30.000000000Z")]
    expires: String,
}

/// A ticket that opens the live channel once, within 30 s. The channel lives as long as the login or the key that asked.
#[utoipa::path(post, path = "/api/v1/ws/tickets", operation_id = "issue_ticket", tag = "notifications",
    responses((status = 201, body = TicketView)))]
async fn issue_ticket(
    State(api): State<Arc<Api>>,
    asked: Asked,
) -> Result<(StatusCode, Json<TicketView>), Problem> {
    let caller = asked.caller()?;
    let (now, random) = (api.now(), [api.ids.bytes(), api.ids.bytes()].concat());
    let ticket = Ticket {
        text: hex::encode(random),
        user: caller.user,
        login: caller.login,
        api_key: caller.api_key,
        until: now.plus_ns(TICKET_LIFE_S * 1_000_000_000),
        key: asked.idempotency_key.clone(),
    };
    let ticket = api.live.issue(ticket, now);
    Ok((StatusCode::CREATED, Json(TicketView { ticket: ticket.text, expires: ticket.until.to_string() })))
}

/// What opening the channel takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LiveQuery {
    /// From `POST /api/v1/ws/tickets`.
    #[param(example = "6d1f0b6c2a8e4f7bb3a5c9d2e1f00718293a4b5c6d7e8f901a2b3c4d5e6f7081")]
    ticket: Option<String>,
    /// The last notice that the client has: those behind it come first. Without it, only new ones come.
    #[param(value_type = Option<String>, example = "ntc_0192f3a4b5c60123456789abcdef0123.0000")]
    after: Option<NoticeId>,
}

/// The live channel, a WebSocket: own notices, for users of a firm its orders, fills and positions, and for staff the positions of
/// all firms, gathered for a second; as JSON messages with a `type`: `ready`, `notice`, `order`, `fill`, `position` (as a wallet),
/// and `gap` when more changed than is told one by one. Browsers may open it from
/// the same origin and from those that are allowed. It is closed with 4401 without a good ticket and when the login ends, 4429
/// beyond five channels of a user, 1001 when the node stops.
#[utoipa::path(get, path = "/api/v1/ws/notifications", operation_id = "open_live", tag = "notifications",
    params(LiveQuery), responses((status = 101, description = "It is a WebSocket from here on.")))]
async fn open_live(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    Params(query): Params<LiveQuery>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|_| Problem::field("upgrade", "must ask for a WebSocket"))?;
    if !is_own_origin(&headers) && allowed_origin(&api, &headers).is_none() {
        return Err(Problem::new(ProblemKind::Forbidden));
    }
    let ticket = query.ticket.and_then(|text| api.live.redeem(&text, api.now()));
    let upgrade = upgrade.max_message_size(RECEIVED_BYTES_MAX).max_frame_size(RECEIVED_BYTES_MAX);
    Ok(upgrade.on_upgrade(move |socket| talk(api, socket, ticket, query.after)))
}

/// Whether it comes from a page of this host, or from no page at all: programs send no origin.
fn is_own_origin(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().unwrap_or_default();
    let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    authority.is_some_and(|authority| host.is_some_and(|host| host.eq_ignore_ascii_case(authority)))
}
