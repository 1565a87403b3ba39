//! One's own user: profile, password, address, preferences; and what became of one's commands.

use super::registration::{CONFIRM_NS, check_password, has_room_for_link, hashed, own_names, token};
use super::sessions::verified;
use super::user_view::{UserView, view};
use crate::answer::{Receipt, Waiting, changed, entity};
use crate::api::Api;
use crate::asked::Asked;
use crate::became::Became;
use crate::body::{Body, Faults};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::quiet_hours::is_time_zone;
use crate::state::{Purpose, User};
use crate::text_rules;
use assay_trading_types::{CommandId, IdentityAction, Preferences, ProfileChange};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(read_me, change_me))
        .routes(routes!(change_password))
        .routes(routes!(change_email))
        .routes(routes!(read_preferences, set_preferences))
        .routes(routes!(read_command))
}

/// The caller's own user, as the state has it.
pub(super) fn own<T>(api: &Api, asked: &Asked, read: impl FnOnce(&User) -> T) -> Result<T, Problem> {
    let id = asked.caller()?.user;
    api.state().identity.user(&id).map(read).ok_or_else(|| Problem::new(ProblemKind::Unauthenticated))
}

/// Own user.
#[utoipa::path(get, path = "/api/v1/auth/me", operation_id = "read_me", tag = "me",
    responses((status = 200, body = UserView)))]
async fn read_me(State(api): State<Arc<Api>>, asked: Asked) -> Result<Response, Problem> {
    let (id, state) = (asked.caller()?.user, api.state());
    let user = state.identity.user(&id).ok_or_else(|| Problem::new(ProblemKind::Unauthenticated))?;
    Ok(entity(user.version, view(&state, user, api.now())))
}

/// What may be changed of one's own user; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MeChange {
    /// Name that others see.
    #[schema(example = "ada.king")]
    username: Option<String>,
    /// First name.
    #[schema(example = "Ada")]
    first_name: Option<String>,
    /// Last name.
    #[schema(example = "King")]
    last_name: Option<String>,
    /// At most 20 characters.
    #[schema(example = "+44 20 7946 0000")]
    phone: Option<String>,
}

/// Changes the own profile. Read-only fields are errors (AUTH-6).
#[utoipa::path(patch, path = "/api/v1/auth/me", operation_id = "change_me", tag = "me",
    request_body = MeChange, responses((status = 200, body = Receipt)))]
async fn change_me(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<MeChange>,
) -> Result<Response, Problem> {
    let mut faults = Faults::default();
    let change = ProfileChange {
        username: given.username.and_then(|t| faults.take("username", text_rules::username(&t))),
        first_name: given.first_name.and_then(|t| faults.take("first_name", text_rules::line(&t, 100))),
        last_name: given.last_name.and_then(|t| faults.take("last_name", text_rules::line(&t, 100))),
        phone: given.phone.and_then(|t| faults.take("phone", text_rules::phone(&t))),
    };
    faults.check()?;
    let action = IdentityAction::ChangeProfile(change);
    api.submit(&asked, action).await.map(changed)
}

/// Old and new password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    /// The one in force.
    #[schema(example = "tulip-orbit-9-canal")]
    old_password: String,
    /// At least 12 characters, not common, not all digits, not like the names.
    #[schema(example = "maple-comet-4-river")]
    password: String,
    /// The same once more.
    #[schema(example = "maple-comet-4-river")]
    password_confirmation: String,
}

/// Changes the own password. Every other login ends.
#[utoipa::path(post, path = "/api/v1/auth/me/password", operation_id = "change_password", tag = "me",
    request_body = PasswordChange, responses((status = 200, body = Receipt)))]
async fn change_password(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<PasswordChange>,
) -> Result<Response, Problem> {
    let (hash, credentials, names) =
        own(&api, &asked, |user| (user.password_hash.clone(), user.credentials, own_names(user)))?;
    let mut faults = Faults::default();
    check_password(&api, &given.password, &names.each_ref().map(String::as_str), &mut faults);
    if given.password != given.password_confirmation {
        faults.add("password", "is not the same as its confirmation");
    }
    faults.check()?;
    if !verified(&api, given.old_password, hash).await? {
        return Err(Problem::field("old_password", "is not the password in force"));
    }
    let password_hash = hashed(&api, given.password).await?;
    let action = IdentityAction::ChangePassword { password_hash, credentials };
    api.submit(&asked, action).await.map(changed)
}

/// Another address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmailChange {
    /// The new one.
    #[schema(example = "ada@king.example")]
    email: String,
    /// The password in force: who holds a login alone must not take the user over.
    #[schema(example = "tulip-orbit-9-canal")]
    password: String,
}

/// Wishes another address. It takes effect when the link sent to it is opened; the old address is told.
#[utoipa::path(post, path = "/api/v1/auth/me/email", operation_id = "change_email", tag = "me",
    request_body = EmailChange, responses((status = 200, body = Receipt)))]
async fn change_email(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<EmailChange>,
) -> Result<Response, Problem> {
    let email = text_rules::email(&given.email).map_err(|why| Problem::field("email", why))?;
    let hash = own(&api, &asked, |user| user.password_hash.clone())?;
    if !verified(&api, given.password, hash).await? {
        return Err(Problem::field("password", "is not the password in force"));
    }
    let is_change = |purpose: &Purpose| matches!(purpose, Purpose::ChangeEmail { .. });
    if !api.is_repeat(&asked) && !has_room_for_link(&api, asked.caller()?.user, is_change) {
        return Err(Problem::because(
            ProblemKind::Conflict,
            "links were mailed already: use one, or ask in a day",
        ));
    }
    let action = IdentityAction::RequestEmailChange { email, token: token(&api, CONFIRM_NS) };
    api.submit(&asked, action).await.map(changed)
}

/// How one wants to be told.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreferencesView {
    /// By e-mail. Notices on security come in any case.
    #[schema(example = true)]
    email_enabled: bool,
    /// By push.
    #[schema(example = false)]
    push_enabled: bool,
    /// No mail that can wait between these minutes of the day, from the first to before the second.
    #[schema(value_type = Option<Vec<u16>>, example = json!([1320, 420]))]
    quiet_minutes: Option<(u16, u16)>,
    /// BCP 47.
    #[schema(example = "en")]
    language: String,
    /// IANA name.
    #[schema(example = "Africa/Johannesburg")]
    time_zone: String,
}

/// Own preferences.
#[utoipa::path(get, path = "/api/v1/auth/me/preferences", operation_id = "read_preferences", tag = "me",
    responses((status = 200, body = PreferencesView)))]
async fn read_preferences(State(api): State<Arc<Api>>, asked: Asked) -> Result<Response, Problem> {
    own(&api, &asked, |user| {
        let p = user.preferences.clone();
        let view = PreferencesView {
            email_enabled: p.email_enabled,
            push_enabled: p.push_enabled,
            quiet_minutes: p.quiet_minutes,
            language: p.language,
            time_zone: p.time_zone,
        };
        entity(user.preferences_version, view)
    })
}

/// Changes them, all at once.
#[utoipa::path(put, path = "/api/v1/auth/me/preferences", operation_id = "set_preferences", tag = "me",
    request_body = PreferencesView, responses((status = 200, body = Receipt)))]
async fn set_preferences(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<PreferencesView>,
) -> Result<Response, Problem> {
    let mut faults = Faults::default();
    if given.quiet_minutes.is_some_and(|(from, to)| from >= DAY_MINUTES || to >= DAY_MINUTES) {
        faults.add("quiet_minutes", "must be two minutes of a day, 0 to 1439");
    }
    let is_tag = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if !(2..=35).contains(&given.language.len()) || !given.language.chars().all(is_tag) {
        faults.add("language", "must be a language tag, e.g. en or pt-BR");
    }
    if given.time_zone.len() > 64 || !is_time_zone(&given.time_zone) {
        faults.add("time_zone", "must be a time zone's name, e.g. Europe/Paris");
    }
    faults.check()?;
    let action = IdentityAction::SetPreferences(Preferences {
        email_enabled: given.email_enabled,
        push_enabled: given.push_enabled,
        quiet_minutes: given.quiet_minutes,
        language: given.language,
        time_zone: given.time_zone,
    });
    api.submit(&asked, action).await.map(changed)
}

/// What became of a command.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CommandView {
    /// Its id.
    #[schema(example = "cmd_0192f3a4b5c60123456789abcdef0123")]
    id: String,
    /// What was asked.
    #[schema(example = "invite_user")]
    operation: String,
    /// When, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    at: String,
    /// `done`, `proposed` or `refused`; `pending` as long as risk or the market, which decide on it, have not answered.
    #[schema(example = "done")]
    outcome: &'static str,
    /// What it made or changed, or the proposal that waits.
    #[schema(example = "usr_0192f3a4b5c60123456789abcdef0123")]
    id_made: Option<String>,
    /// Why it was refused.
    #[schema(example = "EMAIL_TAKEN")]
    code: Option<String>,
}

/// What became of an own command, for whoever was told 202.
#[utoipa::path(get, path = "/api/v1/commands/{id}", operation_id = "read_command", tag = "me",
    params(("id" = String, Path, description = "The command", example = "cmd_0192f3a4b5c60123456789abcdef0123")),
    responses((status = 200, body = CommandView)))]
async fn read_command(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Json<CommandView>, Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound);
    let by = asked.caller()?.user;
    let command = CommandId::new(&id).map_err(|_| not_found())?;
    let (operation, at, decision) = {
        let state = api.state();
        let past = state.commands.get(&command).filter(|past| past.by == Some(by)).ok_or_else(not_found)?;
        (past.operation.clone(), past.at.to_string(), past.decision.clone())
    };
    let became = Became::of(&*api, command, &operation, &decision).map_err(super::firms::failed)?;
    let Became { outcome, subject, refusal, .. } = became;
    Ok(Json(CommandView { id, operation, at, outcome, id_made: subject, code: refusal }))
}

/// Named so that the document lists it; every write may answer it.
#[allow(dead_code)]
type _Waiting = Waiting;
