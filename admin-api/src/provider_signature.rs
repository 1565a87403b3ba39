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
    let Some((time, signature)) = given.strip_prefix("t=").and_then(|text| text.split_once(",v1=")) else {
        return false;
    };
    let (Ok(seconds), Ok(signature)) = (time.parse::<i64>(), hex::decode(signature)) else { return false };
    if (now.as_ns() / 1_000_000_000).abs_diff(seconds) > WINDOW_S {
        return false;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes any key");
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    mac.verify_slice(&signature).is_ok()
}
