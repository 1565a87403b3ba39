//! Answers to writes: a receipt that is the same however often the write is repeated.

use crate::api::Outcome;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A write that has effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct Receipt {
    /// Id of what was made or changed.
    #[schema(example = "usr_0192f3a4b5c60123456789abcdef0123")]
    pub id: String,
    /// Its version now: the next If-Match.
    #[schema(example = 1)]
    pub version: u64,
    /// The command, as in the audit trail.
    #[schema(example = "cmd_0192f3a4b5c60123456789abcdef0123")]
    pub command: String,
}

/// A write that has no effect yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(crate) struct Waiting {
    /// The command.
    #[schema(example = "cmd_0192f3a4b5c60123456789abcdef0123")]
    pub command: String,
    /// What waits for a second person; absent when the outcome is only late.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "prp_0192f3a4b5c60123456789abcdef0123")]
    pub proposal: Option<String>,
    /// Where to ask.
    #[schema(example = "/api/v1/proposals/prp_0192f3a4b5c60123456789abcdef0123")]
    pub ask: String,
}

/// 200 with a receipt, or 202.
pub(crate) fn changed(outcome: Outcome) -> Response {
    answer(outcome, StatusCode::OK, None)
}

/// 201 with a receipt and its place below `collection`, or 202.
pub(crate) fn created(outcome: Outcome, collection: &str) -> Response {
    answer(outcome, StatusCode::CREATED, Some(collection))
}

/// 204, or 202 when somebody must be waited for.
pub(crate) fn gone(outcome: Outcome) -> Response {
    match outcome {
        Outcome::Done { .. } => StatusCode::NO_CONTENT.into_response(),
        other => changed(other),
    }
}

fn answer(outcome: Outcome, status: StatusCode, collection: Option<&str>) -> Response {
    match outcome {
        Outcome::Done { command, subject, version } => {
            let place = collection.map(|collection| format!("{collection}/{subject}"));
            let receipt = Receipt { id: subject, version, command: command.to_string() };
            let response = (status, [etag(version)], axum::Json(receipt)).into_response();
            match place {
                Some(place) => placed(response, &place),
                None => response,
            }
        }
        Outcome::Proposed { command, proposal } => {
            waiting(command.to_string(), Some(proposal.to_string()), format!("/api/v1/proposals/{proposal}"))
        }
        Outcome::Pending { command } => {
            waiting(command.to_string(), None, format!("/api/v1/commands/{command}"))
        }
    }
}

/// An answer, which says where what was made is if something was.
pub(crate) fn placed(mut response: Response, place: &str) -> Response {
    if response.status() == StatusCode::CREATED
        && let Ok(place) = HeaderValue::from_str(place)
    {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

fn waiting(command: String, proposal: Option<String>, ask: String) -> Response {
    let location = [(header::LOCATION, ask.clone())];
    (StatusCode::ACCEPTED, location, axum::Json(Waiting { command, proposal, ask })).into_response()
}

/// The ETag of a version.
pub(crate) fn etag(version: u64) -> (header::HeaderName, String) {
    (header::ETAG, format!("\"{version}\""))
}

/// One entity and its ETag.
pub(crate) fn entity<T: Serialize>(version: u64, view: T) -> Response {
    ([etag(version)], axum::Json(view)).into_response()
}
