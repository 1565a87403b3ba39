//! Logging in, staying in, logging out.

use crate::access_token;
use crate::answer::gone;
use crate::api::{Api, Outcome};
use crate::asked::Asked;
use crate::body::Body;
use crate::browser;
use crate::password;
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::secrets::SecretOf;
use crate::state::{Login, Totp, User};
use crate::totp;
use assay_trading_types::{CommandId, IdentityAction, LoginId, SecondFactor, Timestamp, UserId};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How long a login lasts without a refresh (AUTH-2: a day).
const REFRESH_NS: i64 = 86_400 * 1_000_000_000;

/// Longest client name kept.
const AGENT_MAX: usize = 200;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(log_in))
        .routes(routes!(refresh))
        .routes(routes!(log_out))
        .routes(routes!(list_logins, end_logins))
        .routes(routes!(end_login))
        .routes(routes!(read_jwks))
        .routes(routes!(rotate_signing_key))
}

/// Credentials.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    /// Address.
    #[schema(example = "ada@firm1.example")]
    email: String,
    /// Password.
    #[schema(example = "tulip-orbit-9-canal")]
    password: String,
    /// Code of the second factor, or a recovery code.
    #[schema(example = "287082")]
    code: Option<String>,
    /// For browsers: the tokens go into cookies that no script reads, and `csrf_token` is what writes show as `X-CSRF-Token`.
    #[schema(example = false)]
    cookies: Option<bool>,
}

/// What a login holds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tokens {
    /// For `Authorization: Bearer`; absent when it is in a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJhc3NheSJ9.c2ln")]
    access_token: Option<String>,
    /// `Bearer`, or `Cookie`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds that the access token works.
    #[schema(example = 900)]
    expires_in: i64,
    /// Works once, for the next pair; absent when it is in a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "lgn_0192f3a4b5c60123456789abcdef0123.1.c2VjcmV0")]
    refresh_token: Option<String>,
    /// What writes show as `X-CSRF-Token` when the tokens are in cookies.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(null))]
    csrf_token: Option<String>,
    /// The user's roles need a second factor, and nothing but setting it up works until then.
    #[schema(example = false)]
    second_factor_missing: bool,
}

/// What was found out about credentials before the command.
struct Known {
    id: UserId,
    hash: Option<String>,
    credentials: u64,
    totp: Totp,
    locked_until: Option<Timestamp>,
}

impl Known {
    fn is_locked(&self, at: Timestamp) -> bool {
        self.locked_until.is_some_and(|until| at < until)
    }
}

/// Password, and second factor where there is one, for tokens.
#[utoipa::path(post, path = "/api/v1/auth/login", operation_id = "log_in", tag = "auth",
    request_body = Credentials, responses((status = 200, body = Tokens)))]
async fn log_in(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Body(given): Body<Credentials>,
) -> Result<Response, Problem> {
    let known = api.state().identity.user_of_email(&given.email.trim().to_ascii_lowercase()).map(known);
    let hash = known.as_ref().and_then(|k| k.hash.clone());
    if given.password.len() > 4 * password::LENGTH_MAX || !verified(&api, given.password, hash).await? {
        return Err(failed(&api, &asked, known.map(|k| k.id)).await);
    }
    let Some(known) = known else { return Err(failed(&api, &asked, None).await) };
    let factor = match factor(&api, &known.totp, given.code.as_deref()) {
        // The state refuses it, as slowly as it notes a failure: nobody learns that the password was right.
        Err(_) if given.code.is_none() && known.is_locked(api.now()) => None,
        Err(problem) if problem.kind() == ProblemKind::SecondFactor => return Err(problem),
        Err(_) => return Err(failed(&api, &asked, Some(known.id)).await),
        Ok(factor) => factor,
    };
    let (now, login) = (api.now(), api.ids.login(api.now()));
    let action = IdentityAction::LogIn {
        user: known.id,
        login,
        credentials: known.credentials,
        factor,
        agent: agent(&headers),
        expires: now.plus_ns(REFRESH_NS),
    };
    match api.submit(&unrepeated(&asked), action).await {
        Ok(Outcome::Done { .. }) => {
            let tokens = tokens(&api, login).ok_or_else(unavailable)?;
            Ok(handed_out(&api, login, tokens, given.cookies == Some(true)))
        }
        Ok(_) => Err(unavailable()),
        // Which of the reasons it was is nobody's business before the login.
        Err(problem) if problem.kind() == ProblemKind::Unavailable => Err(problem),
        Err(_) => Err(not_accepted()),
    }
}

/// Tokens in the answer, or in cookies of it.
fn handed_out(api: &Api, login: LoginId, tokens: Tokens, cookies: bool) -> Response {
    let (Some(access), Some(refresh), true) = (&tokens.access_token, &tokens.refresh_token, cookies) else {
        return Json(tokens).into_response();
    };
    let mut headers = HeaderMap::new();
    browser::keep(&mut headers, access, refresh);
    let csrf_token = Some(browser::csrf(&api.secrets, &login));
    let shown =
        Tokens { access_token: None, refresh_token: None, token_type: "Cookie", csrf_token, ..tokens };
    (headers, Json(shown)).into_response()
}

fn known(user: &User) -> Known {
    let (hash, totp) = (user.password_hash.clone(), user.totp.clone());
    Known { id: user.id, hash, credentials: user.credentials, totp, locked_until: user.locked_until }
}

/// A login is never repeated under an Idempotency-Key: the answer is a secret of its moment.
fn unrepeated(asked: &Asked) -> Asked {
    Asked { idempotency_key: None, caller: None, ..asked.clone() }
}

/// Whether the password is right, found out on a thread for that, a few at a time.
pub(super) async fn verified(api: &Api, given: String, hash: Option<String>) -> Result<bool, Problem> {
    let _room = api.hashing.acquire().await.map_err(|_| unavailable())?;
    let checked = tokio::task::spawn_blocking(move || password::verify(&given, hash.as_deref())).await;
    checked.map_err(|_| unavailable())
}

fn unavailable() -> Problem {
    Problem::later(ProblemKind::Unavailable, 1)
}

/// The one answer to whatever is wrong with credentials, so that it tells nothing (AUTH: enumeration).
fn not_accepted() -> Problem {
    Problem::because(
        ProblemKind::Unauthenticated,
        "address, password or code is not right, or the user is locked for a while",
    )
}

async fn failed(api: &Api, asked: &Asked, user: Option<UserId>) -> Problem {
    match api.submit(&unrepeated(asked), IdentityAction::NoteFailedLogIn { user }).await {
        Ok(_) => not_accepted(),
        Err(problem) => problem,
    }
}

/// The second factor as the command carries it.
fn factor(api: &Api, totp: &Totp, code: Option<&str>) -> Result<Option<SecondFactor>, Problem> {
    let Totp::Active { secret, recovery, .. } = totp else { return Ok(None) };
    let Some(code) = code else { return Err(Problem::new(ProblemKind::SecondFactor)) };
    second_factor(api, secret, recovery, code).map(Some).ok_or_else(not_accepted)
}

fn second_factor(
    api: &Api,
    secret: &CommandId,
    recovery: &BTreeSet<String>,
    code: &str,
) -> Option<SecondFactor> {
    if code.contains('-') {
        // One that is spent or was never given out is a failure like any other.
        let digest = totp::recovery_digest(code);
        return recovery.contains(&digest).then_some(SecondFactor::Recovery { digest });
    }
    let step = totp::step_of(&totp::secret(&api.secrets, secret), code, api.now())?;
    Some(SecondFactor::Totp { step })
}

fn agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(text.chars().filter(|c| !c.is_control()).take(AGENT_MAX).collect())
}

/// The pair that a login's state gives now.
fn tokens(api: &Api, id: LoginId) -> Option<Tokens> {
    let state = api.state();
    let login = state.identity.login(&id)?;
    let keys = state.identity.signing_keys();
    Some(Tokens {
        access_token: Some(access_token::issue(&api.secrets, keys, login.user, id, api.now())?),
        token_type: "Bearer",
        expires_in: access_token::LIFETIME_S,
        refresh_token: Some(api.secrets.token(SecretOf::RefreshToken, &format!("{id}.{}", login.generation))),
        csrf_token: None,
        second_factor_missing: login.enrolling,
    })
}

/// A refresh token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshRequest {
    /// As given at login or at the last refresh; left out by browsers, whose cookie holds it.
    #[schema(example = "lgn_0192f3a4b5c60123456789abcdef0123.1.c2VjcmV0")]
    refresh_token: Option<String>,
}

/// A refresh token for the next pair. One that was spent ends the login: two hold it.
#[utoipa::path(post, path = "/api/v1/auth/refresh", operation_id = "refresh", tag = "auth",
    request_body = RefreshRequest, responses((status = 200, body = Tokens)))]
async fn refresh(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Body(given): Body<RefreshRequest>,
) -> Result<Response, Problem> {
    let refuse = || Problem::new(ProblemKind::Unauthenticated);
    let cookies = given.refresh_token.is_none();
    let token = given.refresh_token.as_deref().or_else(|| browser::cookie(&headers, browser::REFRESH));
    let (login, generation) = token.and_then(|token| opened(&api, token)).ok_or_else(refuse)?;
    if cookies && !browser::shows(&headers, &browser::csrf(&api.secrets, &login)) {
        return Err(Problem::new(ProblemKind::Csrf));
    }
    let expires = api.now().plus_ns(REFRESH_NS);
    let action = IdentityAction::Refresh { login, generation, expires };
    match api.submit(&unrepeated(&asked), action).await {
        Ok(Outcome::Done { .. }) => {
            Ok(handed_out(&api, login, tokens(&api, login).ok_or_else(refuse)?, cookies))
        }
        Ok(_) => Err(unavailable()),
        Err(problem) if problem.kind() == ProblemKind::Unavailable => Err(problem),
        Err(_) => Err(refuse()),
    }
}

fn opened(api: &Api, token: &str) -> Option<(LoginId, u64)> {
    let (login, generation) = api.secrets.opened(SecretOf::RefreshToken, token)?.split_once('.')?;
    Some((LoginId::new(login).ok()?, generation.parse().ok()?))
}

/// This login ends, its refresh token and access tokens with it.
#[utoipa::path(post, path = "/api/v1/auth/logout", operation_id = "log_out", tag = "auth",
    responses((status = 204)))]
async fn log_out(State(api): State<Arc<Api>>, asked: Asked, headers: HeaderMap) -> Result<Response, Problem> {
    let login = asked.caller()?.login.ok_or_else(|| Problem::new(ProblemKind::NotFound))?;
    let mut response = api.submit(&asked, IdentityAction::EndLogin { login }).await.map(gone)?;
    if browser::cookie(&headers, browser::ACCESS).is_some() {
        browser::forget(response.headers_mut());
    }
    Ok(response)
}

/// A login as its user sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoginView {
    /// Its id.
    #[schema(value_type = String, example = "lgn_0192f3a4b5c60123456789abcdef0123")]
    id: LoginId,
    /// Whether this request came through it.
    #[schema(example = true)]
    current: bool,
    /// Network address it began from.
    #[schema(example = "192.0.2.7")]
    address: Option<String>,
    /// The client's own name.
    #[schema(example = "Mozilla/5.0")]
    agent: Option<String>,
    /// When it began, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    created: String,
    /// Last refresh, UTC.
    #[schema(example = "2026-11-21T09:45:00.000000000Z")]
    refreshed: String,
    /// When it ends by itself, UTC.
    #[schema(example = "2026-11-22T09:45:00.000000000Z")]
    expires: String,
}

/// Logins, the newest first; at most twenty are live.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Logins {
    /// Live logins.
    items: Vec<LoginView>,
}

/// Own logins, wherever they came from.
#[utoipa::path(get, path = "/api/v1/auth/me/logins", operation_id = "list_logins", tag = "me",
    responses((status = 200, body = Logins)))]
async fn list_logins(State(api): State<Arc<Api>>, asked: Asked) -> Result<Json<Logins>, Problem> {
    let caller = asked.caller()?;
    let now = api.now();
    let state = api.state();
    let live = state.identity.logins_of(caller.user).rev().filter(|login| login.is_live(now));
    Ok(Json(Logins { items: live.map(|login| login_view(login, caller.login)).collect() }))
}

fn login_view(login: &Login, current: Option<LoginId>) -> LoginView {
    let text = |at: Timestamp| at.to_string();
    LoginView {
        id: login.id,
        current: Some(login.id) == current,
        address: login.address.clone(),
        agent: login.agent.clone(),
        created: text(login.created),
        refreshed: text(login.refreshed),
        expires: text(login.expires),
    }
}

/// All own logins end, this one too.
#[utoipa::path(delete, path = "/api/v1/auth/me/logins", operation_id = "end_logins", tag = "me",
    responses((status = 204)))]
async fn end_logins(State(api): State<Arc<Api>>, asked: Asked) -> Result<Response, Problem> {
    let user = asked.caller()?.user;
    api.submit(&asked, IdentityAction::EndLogins { user }).await.map(gone)
}

/// One own login ends.
#[utoipa::path(delete, path = "/api/v1/auth/me/logins/{id}", operation_id = "end_login", tag = "me",
    params(("id" = String, Path, description = "The login", example = "lgn_0192f3a4b5c60123456789abcdef0123")), responses((status = 204)))]
async fn end_login(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound);
    let login = LoginId::new(&id).map_err(|_| not_found())?;
    let owner = api.state().identity.login(&login).map(|l| l.user);
    if owner != Some(asked.caller()?.user) {
        return Err(not_found());
    }
    api.submit(&asked, IdentityAction::EndLogin { login }).await.map(gone)
}

/// Public halves of the keys that sign access tokens (RFC 7517).
#[utoipa::path(get, path = "/api/v1/auth/jwks", operation_id = "read_jwks", tag = "auth",
    responses((status = 200, body = serde_json::Value, example = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "5e", "x": "MTIz"}]}))))]
async fn read_jwks(State(api): State<Arc<Api>>, _asked: Asked) -> Json<serde_json::Value> {
    Json(access_token::jwks(api.state().identity.signing_keys()))
}

/// Tokens are signed with a new key from here on; those of the old one work until they expire.
#[utoipa::path(post, path = "/api/v1/auth/signing-keys", operation_id = "rotate_signing_key", tag = "auth",
    responses((status = 201, body = crate::answer::Receipt)))]
async fn rotate_signing_key(State(api): State<Arc<Api>>, asked: Asked) -> Result<Response, Problem> {
    let action = crate::service::signing_key(&api);
    let outcome = api.submit(&asked, action).await?;
    Ok(crate::answer::created(outcome, "/api/v1/auth/jwks#"))
}
