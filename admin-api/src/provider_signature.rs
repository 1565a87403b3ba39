//! Signatures of outside systems that call us: HMAC-SHA256 over time and body, in `Assay-Signature: t=SECONDS,v1=HEX`.

use crate::api::Api;
use crate::body::Body;
use crate::problem::{Problem, ProblemKind};
use assay_trading_types::Timestamp;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use hmac::{Hmac, Mac};
use serde::de::DeserializeOwned;
use sha2::Sha256;

/// How far a signature's time may be from ours, either way. Within it each message counts once, by its own id.
const WINDOW_S: u64 = 300;

/// What a request says, once it is known to be signed under `secret`; nothing is, without one.
///
/// # Errors
/// It is too large, not signed so, or not what it should be.
pub(crate) async fn signed<T: DeserializeOwned>(
    api: &Api,
    secret: Option<&str>,
    request: Request,
) -> Result<T, Problem> {
    let (parts, body) = request.into_parts();
    let too_large = |_| Problem::new(ProblemKind::TooLarge);
    let bytes = axum::body::to_bytes(body, api.config.body_bytes_max).await.map_err(too_large)?;
    if !secret.is_some_and(|secret| verifies(secret, &parts.headers, &bytes, api.now())) {
        return Err(Problem::new(ProblemKind::Unauthenticated));
    }
    let request = Request::from_parts(parts, axum::body::Body::from(bytes));
    Body::from_request(request, &()).await.map(|Body(given)| given)
}

/// Whether the header is the signature of `body` under `secret`, of about now.
fn verifies(secret: &str, headers: &HeaderMap, body: &[u8], now: Timestamp) -> bool {
    let given = headers.get("assay-signature").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let now_s = now.as_ns() / 1_000_000_000;
    signed_at_s(secret, given, body).is_some_and(|signed_s| now_s.abs_diff(signed_s) <= WINDOW_S)
}

/// When `body` was signed under `secret` (Unix seconds), if it was. For what lay somewhere before we read it.
pub(crate) fn signed_at_s(secret: &str, signature: &str, body: &[u8]) -> Option<i64> {
    let (time, digits) = signature.strip_prefix("t=")?.split_once(",v1=")?;
    let (seconds, signature) = (time.parse::<i64>().ok()?, hex::decode(digits).ok()?);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes any key");
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    mac.verify_slice(&signature).ok().map(|()| seconds)
}
