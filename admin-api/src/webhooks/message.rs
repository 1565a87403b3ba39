//! What a webhook receives, in the form of Standard Webhooks 1.0.0: a JSON body and headers `webhook-id`,
//! `webhook-timestamp` (Unix seconds) and `webhook-signature` (`v1,` and the Base64 of HMAC-SHA256 over
//! `id.timestamp.body`; two of them, separated by a space, while an old secret still counts).

use super::post::Told;
use crate::mail;
use crate::secrets::{SecretOf, Secrets};
use crate::state::{Delivery, Webhook};
use crate::word::word;
use assay_trading_types::{DeliveryContent, Timestamp, WebhookId};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde::Serialize;
use sha2::Sha256;
use zeroize::Zeroizing;

#[derive(Serialize)]
struct Body<'a> {
    /// `notice.` and its kind, or `trial`.
    r#type: String,
    /// When what it tells happened, RFC 3339.
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<&'a str>,
    summary: &'static str,
}

/// What a delivery tells, in a few words.
pub(crate) fn summary(content: &DeliveryContent) -> &'static str {
    match content {
        DeliveryContent::Notice { kind, .. } => mail::summary(*kind),
        DeliveryContent::Trial => "This is a trial",
    }
}

/// The secret of a webhook, as it is shown: `whsec_` and its Base64.
pub(crate) fn secret(secrets: &Secrets, webhook: &WebhookId, number: u32) -> String {
    format!("whsec_{}", STANDARD.encode(*key(secrets, webhook, number)))
}

fn key(secrets: &Secrets, webhook: &WebhookId, number: u32) -> Zeroizing<[u8; 32]> {
    secrets.derive(SecretOf::Webhook, &format!("{webhook}.{number}"))
}

pub(super) fn told(secrets: &Secrets, hook: &Webhook, delivery: &Delivery, now: Timestamp) -> Told {
    let id = delivery.requested.delivery.to_string();
    let timestamp = now.as_ns().div_euclid(1_000_000_000).to_string();
    let body = body(delivery);
    let overlaps = hook.overlap_until.is_some_and(|until| now < until);
    let numbers = [Some(hook.secret), overlaps.then(|| hook.secret - 1)];
    let signed = |number| signature(&*key(secrets, &hook.id, number), &id, &timestamp, &body);
    let signature = numbers.into_iter().flatten().map(signed).collect::<Vec<_>>().join(" ");
    Told { url: hook.terms.url.clone(), id, timestamp, signature, body }
}

fn body(delivery: &Delivery) -> String {
    let content = &delivery.requested.content;
    let (kind, notice, about) = match content {
        DeliveryContent::Notice { notice, kind, about } => {
            (format!("notice.{}", word(kind)), Some(notice.as_str()), Some(about.as_str()))
        }
        DeliveryContent::Trial => ("trial".to_owned(), None, None),
    };
    let data = Data { notice, about, summary: summary(content) };
    let body = Body { r#type: kind, timestamp: delivery.at.to_string(), data };
    serde_json::to_string(&body).expect("texts under names that are texts")
}

fn signature(key: &[u8], id: &str, timestamp: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes any key");
    for part in [id, ".", timestamp, ".", body] {
        mac.update(part.as_bytes());
    }
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification (Standard Webhooks 1.0.0, signature scheme).
    #[test]
    fn a_signature_is_what_the_specification_says() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
