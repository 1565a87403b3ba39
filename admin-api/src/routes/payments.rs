//! Words of payment processors on deposits: signed, within a window, each counted once.

use super::firms::failed;
use super::movements::{MovementView, answer, external_reference};
use crate::api::Api;
use crate::asked::Asked;
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::provider_signature;
use crate::text_rules;
use assay_trading_types::{Actor, Amount, Asset, Money, MoneyAction, MovementId, MovementKind};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Longest id of a processor's message.
const EVENT_MAX: usize = 60;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(take_payment_notice))
}

/// A processor's word on a deposit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentNotice {
    /// The processor's id of this message; one that comes again has no further effect.
    #[schema(example = "evt-17")]
    event: String,
    /// The deposit it is about.
    #[schema(example = "DEP-00000000002A")]
    deposit: String,
    /// `received` (in hand), `settled` (arrived) or `failed`.
    #[schema(inline, example = "settled")]
    status: PaymentStatus,
    /// The processor's name for the payment.
    #[schema(example = "pay-4711")]
    reference: String,
    /// Currency or symbol.
    #[schema(value_type = String, example = "USD")]
    asset: Asset,
    /// How much, a decimal above zero; what differs from what was announced is refused.
    #[schema(value_type = String, example = "2500.50")]
    amount: Amount,
    /// Why it failed.
    #[serde(default)]
    #[schema(example = "")]
    reason: String,
}

/// What became of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentStatus {
    /// In the processor's hands.
    Received,
    /// Arrived: the account has it from here on.
    Settled,
    /// It will not arrive.
    Failed,
}

/// A processor's word on a deposit, signed: `Assay-Signature: t=SECONDS,v1=HEX`, HMAC-SHA256 of `SECONDS.BODY` under the shared
/// secret. The time must be within five minutes; a message that comes again is answered as the first time.
#[utoipa::path(post, path = "/api/v1/payments/{processor}/callback", operation_id = "take_payment_notice", tag = "money",
    params(("processor" = String, Path, description = "The processor's name, as configured", example = "cards")),
    request_body = PaymentNotice, responses((status = 200, body = MovementView)))]
async fn take_payment_notice(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(processor): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let known = api.config.payments.processors.iter().find(|known| known.name == processor);
    let secret = known.map(|known| known.secret.as_str());
    let given: PaymentNotice = provider_signature::signed(&api, secret, request).await?;
    let event = checked_event(&given.event)?;
    let deposit = MovementId::parse(&given.deposit).filter(|id| id.kind() == MovementKind::Deposit);
    let not_found = || Problem::new(ProblemKind::NotFound);
    let deposit = deposit.ok_or_else(not_found)?;
    let movement =
        api.read_model(&headers).await?.movement(deposit).map_err(failed)?.ok_or_else(not_found)?;
    if !known.zip(movement.method).is_some_and(|(known, method)| known.speaks_of(method)) {
        return Err(not_found());
    }
    let action = action(&given, deposit, &processor)?;
    // No header can hold a blank, so nobody else's Idempotency-Key is ever this.
    let asked = Asked {
        peer: Actor::new(&format!("processor:{processor}")).ok(),
        idempotency_key: Some(format!("{processor} {event}")),
        ..asked
    };
    Ok(answer(api.instruct(&asked, movement.firm, action).await?, StatusCode::OK))
}

fn checked_event(text: &str) -> Result<String, Problem> {
    let text = text_rules::line(text, EVENT_MAX).map_err(|why| Problem::field("event", why))?;
    match text.is_empty() {
        true => Err(Problem::field("event", "must be given")),
        false => Ok(text),
    }
}

fn action(given: &PaymentNotice, movement: MovementId, processor: &str) -> Result<MoneyAction, Problem> {
    let external_reference = external_reference(&given.reference)
        .map_err(|_| Problem::field("reference", "must have 1 to 100 characters"))?;
    let arrived = Money { asset: given.asset, amount: given.amount };
    Ok(match given.status {
        PaymentStatus::Received => MoneyAction::Acknowledge { movement, external_reference },
        PaymentStatus::Settled => {
            MoneyAction::Confirm { movement, external_reference, arrived: Some(arrived) }
        }
        PaymentStatus::Failed => {
            let reason = text_rules::line(&given.reason, 200).map_err(|why| Problem::field("reason", why))?;
            let reason = format!("{processor}: {reason}").trim_end_matches(": ").to_owned();
            MoneyAction::Reject { movement, reason }
        }
    })
}
