//! The first administrator: made at the node's console, by whoever can read its key.

use super::registration::{check_password, hashed};
use crate::answer::{Receipt, created};
use crate::api::{Api, Outcome};
use crate::asked::Asked;
use crate::body::{Body, Faults};
use crate::operation::Operation;
use crate::problem::{Problem, ProblemKind};
use crate::secrets::{SecretOf, Secrets};
use crate::text_rules;
use assay_trading_types::{IdentityAction, NewUser, Profile, UserRole};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How far a proof's time may be from ours.
const WINDOW_S: i64 = 60;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(create))
}

/// The first administrator.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstAdministrator {
    /// Address: the name at login.
    #[schema(example = "grace@venue.example")]
    pub email: String,
    /// At least 12 characters, not common, not all digits, not like the address.
    #[schema(example = "tulip-orbit-9-canal")]
    pub password: String,
}

/// Makes the first administrator; refused once there is one. `Assay-Node-Proof` shows that the caller reads the node's key:
/// `assay user create-admin` sends it.
#[utoipa::path(post, path = "/api/v1/auth/first-administrator", operation_id = "create_first_administrator", tag = "auth",
    request_body = FirstAdministrator, responses((status = 201, body = Receipt)))]
async fn create(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Body(given): Body<FirstAdministrator>,
) -> Result<Response, Problem> {
    let given_proof = headers.get("assay-node-proof").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !is_proof(&api, given_proof, &asked.digest) {
        return Err(Problem::new(ProblemKind::Unauthenticated));
    }
    made(&api, &asked, given).await.map(|outcome| created(outcome, "/api/v1/users"))
}

/// As the operation, for a program that holds the log itself.
///
/// # Errors
/// There is an administrator, or address or password do not fit.
pub async fn create_first_administrator(api: &Api, given: FirstAdministrator) -> Result<Outcome, Problem> {
    let asked = Asked::at_the_console(Operation::CreateFirstAdministrator, api.ids.bytes());
    made(api, &asked, given).await
}

async fn made(api: &Api, asked: &Asked, given: FirstAdministrator) -> Result<Outcome, Problem> {
    let mut faults = Faults::default();
    let email = faults.take("email", text_rules::email(&given.email));
    check_password(api, &given.password, &[&given.email], &mut faults);
    faults.check()?;
    let user = NewUser {
        user: api.ids.user(api.now()),
        email: email.unwrap_or_default(),
        username: "administrator".to_owned(),
        profile: Profile::default(),
        roles: vec![UserRole::Admin],
        firm: None,
        password_hash: Some(hashed(api, given.password).await?),
        referral_code: api.ids.referral_code(),
        referred_with: None,
    };
    let action = IdentityAction::CreateFirstAdministrator(user);
    api.submit(asked, action).await
}

/// The proof for a body that is sent at `timestamp_s`, seconds since 1970.
pub fn proof(secrets: &Secrets, timestamp_s: i64, body: &[u8]) -> String {
    let operation = Operation::CreateFirstAdministrator;
    let mut hash = Sha256::new();
    hash.update(format!("{}\n{}\n", operation.method(), operation.path()));
    hash.update(body);
    let mac = mac(secrets, timestamp_s, &hex::encode(hash.finalize()));
    format!("{timestamp_s}.{}", hex::encode(mac.finalize().into_bytes()))
}

fn is_proof(api: &Api, given: &str, digest: &str) -> bool {
    let Some((timestamp, given)) = given.split_once('.') else { return false };
    let (Ok(timestamp), Ok(given)) = (timestamp.parse::<i64>(), hex::decode(given)) else { return false };
    let in_window = (api.now().as_ns() / 1_000_000_000).abs_diff(timestamp) <= WINDOW_S.unsigned_abs();
    in_window && mac(&api.secrets, timestamp, digest).verify_slice(&given).is_ok()
}

fn mac(secrets: &Secrets, timestamp_s: i64, digest: &str) -> Hmac<Sha256> {
    let key = secrets.derive(SecretOf::NodeProof, Operation::CreateFirstAdministrator.name());
    let mut mac = Hmac::<Sha256>::new_from_slice(&*key).expect("HMAC takes any key");
    mac.update(format!("{timestamp_s}\n{digest}").as_bytes());
    mac
}
