//! Setting up the second factor.

use super::me::own;
use crate::answer::changed;
use crate::api::{Api, Outcome};
use crate::asked::Asked;
use crate::body::Body;
use crate::problem::{Problem, ProblemKind};
use crate::state::{RECOVERY_CODES, Totp};
use crate::totp;
use assay_trading_types::IdentityAction;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(begin_totp)).routes(routes!(confirm_totp))
}

/// A second factor to be proven.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TotpSecret {
    /// For the authenticator, Base32.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// The same for a QR code.
    #[schema(
        example = "otpauth://totp/Assay:ada%40firm1.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Assay"
    )]
    uri: String,
}

/// Prepares a second factor. It is in force once a code proves that the authenticator has it.
#[utoipa::path(post, path = "/api/v1/auth/me/totp", operation_id = "begin_totp", tag = "me",
    responses((status = 200, body = TotpSecret)))]
async fn begin_totp(State(api): State<Arc<Api>>, asked: Asked) -> Result<Response, Problem> {
    let action = IdentityAction::BeginTotp;
    match api.submit(&asked, action).await? {
        Outcome::Done { .. } => {}
        other => return Ok(changed(other)),
    }
    let (email, totp) = own(&api, &asked, |user| (user.email.clone(), user.totp.clone()))?;
    let Totp::Prepared { secret } = totp else { return Err(Problem::new(ProblemKind::Conflict)) };
    let secret = totp::base32(&totp::secret(&api.secrets, &secret));
    let uri = format!("otpauth://totp/Assay:{}?secret={secret}&issuer=Assay", email.replace('@', "%40"));
    Ok(Json(TotpSecret { secret, uri }).into_response())
}

/// A code of the authenticator.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TotpCode {
    /// Six digits.
    #[schema(example = "287082")]
    code: String,
}

/// Codes for when the authenticator is lost, shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    /// Each works once in place of a code.
    #[schema(example = json!(["MZXW6YTB-OI5DQNRX"]))]
    recovery_codes: Vec<String>,
}

/// Proves the second factor. From here on every login needs it; this login is a full one.
#[utoipa::path(post, path = "/api/v1/auth/me/totp/confirm", operation_id = "confirm_totp", tag = "me",
    request_body = TotpCode, responses((status = 200, body = RecoveryCodes)))]
async fn confirm_totp(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<TotpCode>,
) -> Result<Response, Problem> {
    let secret = match own(&api, &asked, |user| user.totp.clone())? {
        Totp::Prepared { secret } => secret,
        // The first answer again, codes and all.
        Totp::Active { secret, .. } if api.is_repeat(&asked) => secret,
        Totp::Active { .. } | Totp::None => {
            return Err(Problem::because(ProblemKind::Conflict, "no second factor waits to be proven"));
        }
    };
    let step = totp::step_of(&totp::secret(&api.secrets, &secret), &given.code, api.now());
    let step = match step {
        Some(step) => step,
        None if api.is_repeat(&asked) => 0,
        None => return Err(Problem::field("code", "is not a code of now")),
    };
    let codes: Vec<String> =
        (0..RECOVERY_CODES).map(|n| totp::recovery_code(&api.secrets, &secret, n)).collect();
    let recovery = codes.iter().map(|code| totp::recovery_digest(code)).collect();
    let action = IdentityAction::ConfirmTotp { step, recovery };
    match api.submit(&asked, action).await? {
        Outcome::Done { .. } => Ok(Json(RecoveryCodes { recovery_codes: codes }).into_response()),
        other => Ok(changed(other)),
    }
}
