//! Before the first login, and when the password is lost: one-time links.

use crate::answer::{changed, gone};
use crate::api::{Api, Outcome};
use crate::asked::Asked;
use crate::body::{Body, Faults};
use crate::password;
use crate::problem::{Problem, ProblemKind};
use crate::secrets::SecretOf;
use crate::state::{Purpose, User};
use crate::text_rules;
use assay_trading_types::{IdentityAction, NewUser, OneTimeToken, Profile, TokenId, UserId};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const MINUTE_NS: i64 = 60 * 1_000_000_000;

/// How long an address can be confirmed.
pub(super) const CONFIRM_NS: i64 = 24 * 60 * MINUTE_NS;

/// How long a password can be reset (users-auth.md, tokens).
const RESET_NS: i64 = 30 * MINUTE_NS;

/// Links of a user for one purpose that work at a time: for reset half an hour, for another address a day.
const LINKS_MAX: usize = 5;

/// How long an invitation stands.
pub(super) const INVITATION_NS: i64 = 7 * 24 * 60 * MINUTE_NS;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(confirm_email))
        .routes(routes!(accept_invitation))
        .routes(routes!(request_password_reset))
        .routes(routes!(confirm_password_reset))
}

/// Somebody who registers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    /// Address: the name at login.
    #[schema(example = "ada@firm1.example")]
    email: String,
    /// Name that others see.
    #[schema(example = "ada.king")]
    username: String,
    /// At least 12 characters, not common, not all digits, not like the names.
    #[schema(example = "tulip-orbit-9-canal")]
    password: String,
    /// The same once more.
    #[schema(example = "tulip-orbit-9-canal")]
    password_confirmation: String,
    /// First name.
    #[serde(default)]
    #[schema(example = "Ada")]
    first_name: String,
    /// Last name.
    #[serde(default)]
    #[schema(example = "King")]
    last_name: String,
    /// At most 20 characters.
    #[serde(default)]
    #[schema(example = "+44 20 7946 0000")]
    phone: String,
    /// Whose code it was; one that nobody has is not an error.
    #[schema(example = "AB12CD34")]
    referral_code: Option<String>,
}

/// Somebody who has registered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Registered {
    /// The user's id.
    #[schema(value_type = String, example = "usr_0192f3a4b5c60123456789abcdef0123")]
    id: UserId,
    /// Address.
    #[schema(example = "ada@firm1.example")]
    email: String,
    /// Name.
    #[schema(example = "ada.king")]
    username: String,
    /// What happens next.
    #[schema(example = "We have sent a mail: open its link to confirm the address.")]
    message: &'static str,
}

/// Somebody registers. The answer is the same when the address has a user already: its owner is told by mail.
#[utoipa::path(post, path = "/api/v1/auth/register", operation_id = "register", tag = "auth",
    request_body = Registration, responses((status = 201, body = Registered)))]
async fn register(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<Registration>,
) -> Result<Response, Problem> {
    if !api.config.registration {
        return Err(Problem::because(
            ProblemKind::Forbidden,
            "registration is closed; ask for an invitation",
        ));
    }
    let mut user = new_user(&api, &given)?;
    user.password_hash = Some(hashed(&api, given.password).await?);
    let view = |id| Registered {
        id,
        email: user.email.clone(),
        username: user.username.clone(),
        message: "We have sent a mail: open its link to confirm the address.",
    };
    let fresh = view(user.user);
    let token = token(&api, CONFIRM_NS);
    let action = IdentityAction::Register { user: user.clone(), token };
    match api.submit(&asked, action).await {
        Ok(Outcome::Done { subject, .. }) => {
            let id = UserId::new(&subject).unwrap_or(fresh.id);
            Ok((StatusCode::CREATED, Json(view(id))).into_response())
        }
        Ok(other) => Ok(changed(other)),
        Err(problem) if problem.is_about("email") => Ok((StatusCode::CREATED, Json(fresh)).into_response()),
        Err(problem) => Err(problem),
    }
}

fn new_user(api: &Api, given: &Registration) -> Result<NewUser, Problem> {
    let mut faults = Faults::default();
    let email = faults.take("email", text_rules::email(&given.email));
    let username = faults.take("username", text_rules::username(&given.username));
    let first_name = faults.take("first_name", text_rules::line(&given.first_name, 100));
    let last_name = faults.take("last_name", text_rules::line(&given.last_name, 100));
    let phone = faults.take("phone", text_rules::phone(&given.phone));
    let own = [given.email.as_str(), &given.username, &given.first_name, &given.last_name];
    check_password(api, &given.password, &own, &mut faults);
    if given.password != given.password_confirmation {
        faults.add("password", "is not the same as its confirmation");
    }
    let referred_with = given.referral_code.as_ref().map(|code| code.chars().take(10).collect());
    faults.check()?;
    let profile = Profile {
        first_name: first_name.unwrap_or_default(),
        last_name: last_name.unwrap_or_default(),
        phone: phone.unwrap_or_default(),
    };
    Ok(NewUser {
        user: api.ids.user(api.now()),
        email: email.unwrap_or_default(),
        username: username.unwrap_or_default(),
        profile,
        roles: Vec::new(),
        firm: None,
        password_hash: None,
        referral_code: api.ids.referral_code(),
        referred_with,
    })
}

/// What a user's password must not be like.
pub(super) fn own_names(user: &User) -> [String; 4] {
    let names = [&user.email, &user.username, &user.profile.first_name, &user.profile.last_name];
    names.map(String::clone)
}

/// Adds every rule that a new password breaks.
pub(super) fn check_password(api: &Api, given: &str, own: &[&str], faults: &mut Faults) {
    password::broken_rules(given, own, &api.breaches)
        .into_iter()
        .for_each(|rule| faults.add("password", rule));
}

/// The password as it is kept, made on a thread for that, a few at a time.
pub(super) async fn hashed(api: &Api, password: String) -> Result<String, Problem> {
    let unavailable = || Problem::later(ProblemKind::Unavailable, 1);
    let _room = api.hashing.acquire().await.map_err(|_| unavailable())?;
    let hash = tokio::task::spawn_blocking(move || password::hash(&password)).await;
    hash.ok().flatten().ok_or_else(unavailable)
}

/// A token that works for so long.
pub(super) fn token(api: &Api, lifetime_ns: i64) -> OneTimeToken {
    let now = api.now();
    OneTimeToken { id: api.ids.token(now), expires: now.plus_ns(lifetime_ns) }
}

fn opened(api: &Api, token: &str) -> Result<TokenId, Problem> {
    let id = api.secrets.opened(SecretOf::OneTimeToken, token).and_then(|id| TokenId::new(id).ok());
    id.ok_or_else(|| Problem::new(ProblemKind::TokenInvalid))
}

/// A link's token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkToken {
    /// As in the mail.
    #[schema(example = "tok_0192f3a4b5c60123456789abcdef0123.c2VjcmV0")]
    token: String,
}

/// The address that a link was sent to is confirmed.
#[utoipa::path(post, path = "/api/v1/auth/confirm-email", operation_id = "confirm_email", tag = "auth",
    request_body = LinkToken, responses((status = 204)))]
async fn confirm_email(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<LinkToken>,
) -> Result<Response, Problem> {
    let action = IdentityAction::ConfirmEmail { token: opened(&api, &given.token)? };
    api.submit(&asked, action).await.map(gone)
}

/// A link's token and a password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// As in the mail.
    #[schema(example = "tok_0192f3a4b5c60123456789abcdef0123.c2VjcmV0")]
    token: String,
    /// At least 12 characters, not common, not all digits, not like the names.
    #[schema(example = "tulip-orbit-9-canal")]
    password: String,
    /// The same once more.
    #[schema(example = "tulip-orbit-9-canal")]
    password_confirmation: String,
}

/// An invited user chooses a password and may log in.
#[utoipa::path(post, path = "/api/v1/auth/accept-invitation", operation_id = "accept_invitation", tag = "auth",
    request_body = NewPassword, responses((status = 204)))]
async fn accept_invitation(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<NewPassword>,
) -> Result<Response, Problem> {
    let (token, password_hash) = chosen(&api, given).await?;
    let action = IdentityAction::AcceptInvitation { token, password_hash };
    api.submit(&asked, action).await.map(gone)
}

async fn chosen(api: &Api, given: NewPassword) -> Result<(TokenId, String), Problem> {
    let token = opened(api, &given.token)?;
    let own = {
        let state = api.state();
        let user = state.identity.token(&token).and_then(|t| state.identity.user(&t.user));
        user.map(own_names).unwrap_or_default()
    };
    let mut faults = Faults::default();
    check_password(api, &given.password, &own.each_ref().map(String::as_str), &mut faults);
    if given.password != given.password_confirmation {
        faults.add("password", "is not the same as its confirmation");
    }
    faults.check()?;
    Ok((token, hashed(api, given.password).await?))
}

/// An address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Address {
    /// E-mail address.
    #[schema(example = "ada@firm1.example")]
    email: String,
}

/// Whether another link may be mailed: nobody's mailbox is filled by strangers, nor a stranger's by a user.
pub(super) fn has_room_for_link(api: &Api, user: UserId, is_for: impl Fn(&Purpose) -> bool) -> bool {
    api.state().identity.links_of(user, is_for, api.now()) < LINKS_MAX
}

/// Asks for a reset link by mail. The answer is the same whether or not the address has a user.
#[utoipa::path(post, path = "/api/v1/auth/password-reset", operation_id = "request_password_reset", tag = "auth",
    request_body = Address, responses((status = 202)))]
async fn request_password_reset(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<Address>,
) -> Result<Response, Problem> {
    let email = text_rules::email(&given.email).map_err(|why| Problem::field("email", why))?;
    let user = api.state().identity.user_of_email(&email).filter(|u| u.active).map(|u| u.id);
    let user =
        user.filter(|user| has_room_for_link(&api, *user, |purpose| *purpose == Purpose::ResetPassword));
    let action = match user {
        Some(user) => IdentityAction::RequestPasswordReset { user, token: token(&api, RESET_NS) },
        // Takes as long, and stands in the record of strange requests.
        None => IdentityAction::NoteFailedLogIn { user: None },
    };
    api.submit(&asked, action).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

/// Uses a reset link: the password is another, and every login ends.
#[utoipa::path(post, path = "/api/v1/auth/password-reset-confirm", operation_id = "confirm_password_reset", tag = "auth",
    request_body = NewPassword, responses((status = 204)))]
async fn confirm_password_reset(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<NewPassword>,
) -> Result<Response, Problem> {
    let (token, password_hash) = chosen(&api, given).await?;
    let action = IdentityAction::ResetPassword { token, password_hash };
    api.submit(&asked, action).await.map(gone)
}
