//! Requests signed by a key for machines: HMAC-SHA256 over method, target, time, nonce and body.
//!
//! ```text
//! Authorization: Assay-HMAC-SHA256 key=key_.., timestamp=1795253400, nonce=.., signature=<hex>
//! signed text:   METHOD LF path?query LF timestamp LF nonce LF hex(SHA-256(body))
//! ```
//! A nonce works once within the window. Nonces are held in memory: a request from before this process started is
//! refused, so a restart lets none be used again.

use assay_trading_types::{ApiKeyId, Timestamp};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::collections::{BTreeSet, HashSet};

/// The scheme's name.
pub const SCHEME: &str = "Assay-HMAC-SHA256";

/// How far a request's time may be from ours, either way.
pub const WINDOW_S: i64 = 30;

/// Nonces held: within one window, far more than the rate limits let through.
const NONCES_MAX: usize = 1_000_000;

/// What the header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed<'a> {
    /// The key.
    pub key: ApiKeyId,
    /// Seconds since 1970.
    pub timestamp: i64,
    /// 16 to 64 characters.
    pub nonce: &'a str,
    /// Hex.
    pub signature: &'a str,
}

impl<'a> Signed<'a> {
    /// Reads the header's value behind the scheme.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(',').map(|part| part.trim().split_once('='));
        let mut next = |name: &str| parts.next()?.filter(|(n, _)| *n == name).map(|(_, value)| value);
        let signed = Self {
            key: ApiKeyId::new(next("key")?).ok()?,
            timestamp: next("timestamp")?.parse().ok()?,
            nonce: next("nonce")?,
            signature: next("signature")?,
        };
        let nonce_fits =
            (16..=64).contains(&signed.nonce.len()) && signed.nonce.bytes().all(|b| b.is_ascii_graphic());
        (nonce_fits && parts.next().is_none()).then_some(signed)
    }

    /// Whether it is the signature of this request under `secret`.
    pub fn verifies(&self, secret: &str, method: &str, target: &str, body_digest: &str) -> bool {
        let Ok(signature) = hex::decode(self.signature) else { return false };
        let text = signed_text(method, target, self.timestamp, self.nonce, body_digest);
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes any key");
        mac.update(text.as_bytes());
        mac.verify_slice(&signature).is_ok()
    }
}

/// The text that is signed.
pub fn signed_text(method: &str, target: &str, timestamp: i64, nonce: &str, body_digest: &str) -> String {
    format!("{method}\n{target}\n{timestamp}\n{nonce}\n{body_digest}")
}

/// Nonces of the current window.
#[derive(Debug, Default)]
pub struct Nonces {
    used: HashSet<(ApiKeyId, String)>,
    by_time: BTreeSet<(i64, ApiKeyId, String)>,
}

impl Nonces {
    /// Uses a nonce at `now`; false when it was used, is outside the window or from before `started`.
    pub fn take(&mut self, signed: &Signed<'_>, started: Timestamp, now: Timestamp) -> bool {
        let now_s = now.as_ns() / 1_000_000_000;
        while let Some(oldest) = self.by_time.first().filter(|(t, ..)| *t < now_s - WINDOW_S).cloned() {
            self.used.remove(&(oldest.1, oldest.2.clone()));
            self.by_time.remove(&oldest);
        }
        let in_window = (signed.timestamp - now_s).abs() <= WINDOW_S;
        let of_this_run = signed.timestamp >= started.as_ns() / 1_000_000_000;
        if !in_window || !of_this_run || self.used.len() >= NONCES_MAX {
            return false;
        }
        let is_new = self.used.insert((signed.key, signed.nonce.to_owned()));
        if is_new {
            self.by_time.insert((signed.timestamp, signed.key, signed.nonce.to_owned()));
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ns(s * 1_000_000_000)
    }

    fn signed(timestamp: i64) -> String {
        format!("key=key_1, timestamp={timestamp}, nonce=0123456789abcdef, signature=00")
    }

    #[test]
    fn a_nonce_works_once_within_the_window() {
        let mut nonces = Nonces::default();
        let mut take = |timestamp, started, now| {
            let text = signed(timestamp);
            nonces.take(&Signed::parse(&text).unwrap(), at(started), at(now))
        };
        assert!(!take(69, 0, 100), "too old");
        assert!(!take(131, 0, 100), "too far ahead");
        assert!(!take(99, 100, 100), "from before the start");
        assert!(take(70, 0, 100));
        assert!(!take(70, 0, 100), "again");
        assert!(!take(100, 0, 100), "again with another time");
        assert!(take(131, 0, 131), "forgotten once its window has passed");
    }

    #[test]
    fn a_header_ladder() {
        for bad in [
            "",
            "key=key_1",
            "key=key_1, timestamp=x, nonce=0123456789abcdef, signature=00",
            "key=key_1, timestamp=1, nonce=short, signature=00",
            "timestamp=1, key=key_1, nonce=0123456789abcdef, signature=00",
            "key=key_1, timestamp=1, nonce=0123456789abcdef, signature=00, more=1",
        ] {
            assert_eq!(Signed::parse(bad), None, "{bad}");
        }
    }
}
