//! Words of outside identity providers: signed, within a window, each counted once; advice to reviewers, never a decision.

use crate::api::Api;
use crate::asked::Asked;
use crate::problem::Problem;
use crate::provider_signature;
use crate::text_rules;
use assay_trading_types::{KycAction, KycFileId, KycVerdict};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(take_kyc_advice))
}

/// A provider's word.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderWord {
    /// The provider's id of this message; one that comes again has no further effect.
    #[schema(example = "evt-17")]
    event: String,
    /// The file it is about.
    #[schema(value_type = String, example = "kyc_0192f3a4b5c60123456789abcdef0123")]
    file: KycFileId,
    /// `clear`, `consider` or `suspect`.
    #[schema(value_type = String, example = "clear")]
    verdict: KycVerdict,
    /// The provider's reference.
    #[schema(example = "check-4711")]
    reference: String,
}

/// A provider's word on a file, signed: `Assay-Signature: t=SECONDS,v1=HEX`, HMAC-SHA256 of `SECONDS.BODY` under the shared
/// secret. The time must be within five minutes.
#[utoipa::path(post, path = "/api/v1/kyc/provider/callback", operation_id = "take_kyc_advice", tag = "kyc",
    request_body = ProviderWord, responses((status = 204)))]
async fn take_kyc_advice(
    State(api): State<Arc<Api>>,
    asked: Asked,
    request: Request,
) -> Result<StatusCode, Problem> {
    let secret = api.config.kyc.provider_secret.as_ref().map(|secret| secret.as_str());
    let given: ProviderWord = provider_signature::signed(&api, secret, request).await?;
    api.submit(&asked, given.action()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl ProviderWord {
    /// As a command.
    ///
    /// # Errors
    /// A name is empty or too long.
    pub(crate) fn action(&self) -> Result<KycAction, Problem> {
        let name = |field: &str, text: &str| match text_rules::line(text, 100) {
            Ok(text) if !text.is_empty() => Ok(text),
            _ => Err(Problem::field(field, "must have 1 to 100 characters")),
        };
        let (event, reference) = (name("event", &self.event)?, name("reference", &self.reference)?);
        Ok(KycAction::NoteAdvice { file: self.file, event, verdict: self.verdict, reference })
    }
}
