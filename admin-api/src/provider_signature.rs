//! Signatures of outside systems that call us: HMAC-SHA256 over time and body, in `Assay-Signature: t=SECONDS,v1=HEX`.

use assay_trading_types::Timestamp;
use axum::http::HeaderMap;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// How far a signature's time may be from ours, either way. Within it each message counts once, by its own id.
const WINDOW_S: u64 = 300;

/// Whether the header is the signature of `body` under `secret`, of about now.
pub(crate) fn verifies(secret: &str, headers: &HeaderMap, body: &[u8], now: Timestamp) -> bool {
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
