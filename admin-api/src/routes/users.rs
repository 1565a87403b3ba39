//! Users, as those who look after them see them.

use super::firms::failed;
use super::reason::Reason;
use super::registration::{INVITATION_NS, token};
use super::user_view::{UserView, view};
use crate::answer::{Receipt, changed, created, entity, gone};
use crate::api::Api;
use crate::asked::{Asked, Caller};
use crate::body::{Body, Faults};
use crate::operation::Scope;
use crate::paging::{Page, Params, Sort, Wanted};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::state::{AdminState, User};
use crate::text_rules;
use assay_trading_types::{FirmId, IdentityAction, NewUser, Profile, UserId, UserRole};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_users, invite_user))
        .routes(routes!(read_user))
        .routes(routes!(set_roles))
        .routes(routes!(activate_user))
        .routes(routes!(deactivate_user))
        .routes(routes!(end_user_logins))
        .routes(routes!(remove_totp))
}

/// What a list of users takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsersQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`.
    #[param(inline, example = "-id")]
    sort: Option<Sort>,
    /// Part of an address or name.
    #[param(example = "ada")]
    search: Option<String>,
    /// With this role.
    #[param(value_type = Option<String>, example = "trader")]
    role: Option<UserRole>,
    /// Of this firm.
    #[param(value_type = Option<String>, example = "FIRM1")]
    firm: Option<FirmId>,
    /// Who may log in, or may not.
    #[param(example = true)]
    active: Option<bool>,
}

/// Users: all for staff, the own firm's for its administrator.
#[utoipa::path(get, path = "/api/v1/users", operation_id = "list_users", tag = "users",
    params(UsersQuery), responses((status = 200, body = Page<UserView>)))]
async fn list_users(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Params(query): Params<UsersQuery>,
) -> Result<Json<Page<UserView>>, Problem> {
    let caller = asked.caller()?;
    let wanted = Wanted::new(&api.secrets, "users", query.limit, query.after.as_deref(), query.sort)?;
    let search = query.search.as_deref().map(str::to_lowercase);
    let fits = |user: &&User| {
        caller.sees(Some(user.id), user.firm).is_ok()
            && search.as_deref().is_none_or(|text| is_about(user, text))
            && query.role.is_none_or(|role| user.roles.contains(&role))
            && query.firm.is_none_or(|firm| user.firm == Some(firm))
            && query.active.is_none_or(|active| user.active == active)
    };
    let (state, now) = (api.state(), api.now());
    let users = state.identity.users().filter(fits);
    let view = |user: &User| view(&state, user, now);
    Ok(Json(wanted.page(&api.secrets, "users", users, |user| user.id.as_str(), view)))
}

fn is_about(user: &User, text: &str) -> bool {
    let names = [&user.email, &user.username, &user.profile.first_name, &user.profile.last_name];
    names.iter().any(|name| name.to_lowercase().contains(text))
}

/// The user named in a path, when the caller may see it.
fn found<T>(
    api: &Api,
    caller: &Caller,
    id: &str,
    read: impl FnOnce(&AdminState, &User) -> T,
) -> Result<T, Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound);
    let id = UserId::new(id).map_err(|_| not_found())?;
    let state = api.state();
    let user = state.identity.user(&id).ok_or_else(not_found)?;
    caller.sees(Some(user.id), user.firm)?;
    Ok(read(&state, user))
}

/// One user.
#[utoipa::path(get, path = "/api/v1/users/{id}", operation_id = "read_user", tag = "users",
    params(("id" = String, Path, description = "The user", example = "usr_0192f3a4b5c60123456789abcdef0123")),
    responses((status = 200, body = UserView)))]
async fn read_user(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    found(&api, asked.caller()?, &id, |state, user| entity(user.version, view(state, user, api.now())))
}

/// Somebody to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invitation {
    /// Address: the name at login.
    #[schema(example = "ada@firm1.example")]
    email: String,
    /// Name that others see.
    #[schema(example = "ada.king")]
    username: String,
    /// First name.
    #[serde(default)]
    #[schema(example = "Ada")]
    first_name: String,
    /// Last name.
    #[serde(default)]
    #[schema(example = "King")]
    last_name: String,
    /// What it may do. Privileged roles wait for a second person.
    #[schema(value_type = Vec<String>, example = json!(["trader"]))]
    roles: Vec<UserRole>,
    /// The firm of a firm's user; staff have none.
    #[schema(value_type = Option<String>, example = "FIRM1")]
    firm: Option<FirmId>,
}

/// Invites somebody, who chooses a password by the link in a mail.
#[utoipa::path(post, path = "/api/v1/users", operation_id = "invite_user", tag = "users",
    request_body = Invitation, responses((status = 201, body = Receipt)))]
async fn invite_user(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<Invitation>,
) -> Result<Response, Problem> {
    let mut faults = Faults::default();
    let email = faults.take("email", text_rules::email(&given.email));
    let username = faults.take("username", text_rules::username(&given.username));
    let first_name = faults.take("first_name", text_rules::line(&given.first_name, 100));
    let last_name = faults.take("last_name", text_rules::line(&given.last_name, 100));
    if given.roles.is_empty() {
        faults.add("roles", "must name at least one role");
    }
    faults.check()?;
    may_grant(asked.caller()?, &given.roles, given.firm)?;
    check_firm(&api, &asked, given.firm).await?;
    let user = NewUser {
        user: api.ids.user(api.now()),
        email: email.unwrap_or_default(),
        username: username.unwrap_or_default(),
        profile: Profile {
            first_name: first_name.unwrap_or_default(),
            last_name: last_name.unwrap_or_default(),
            phone: String::new(),
        },
        roles: given.roles,
        firm: given.firm,
        password_hash: None,
        referral_code: api.ids.referral_code(),
        referred_with: None,
    };
    let action = IdentityAction::Invite { user, token: token(&api, INVITATION_NS) };
    let outcome = api.submit(&asked, action).await?;
    Ok(created(outcome, "/api/v1/users"))
}

/// A firm's administrator gives its firm's roles within its firm, and no others.
fn may_grant(caller: &Caller, roles: &[UserRole], firm: Option<FirmId>) -> Result<(), Problem> {
    let within = caller.scope == Scope::All
        || (caller.firm.is_some() && firm == caller.firm && roles.iter().all(UserRole::is_firms));
    if within {
        Ok(())
    } else {
        Err(Problem::because(ProblemKind::Forbidden, "you give your own firm's roles only"))
    }
}

/// Nobody belongs to a firm that there is not: whoever opened one of that name later would have users of unknown origin.
async fn check_firm(api: &Api, asked: &Asked, firm: Option<FirmId>) -> Result<(), Problem> {
    let Some(firm) = firm.filter(|_| !api.is_repeat(asked)) else { return Ok(()) };
    let known = api.caught_up_model().await?.firm(firm.as_str()).map_err(failed)?;
    known.map(|_| ()).ok_or_else(|| Problem::field("firm", "there is no such firm"))
}

/// Roles and firm of a user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RolesChange {
    /// All of them.
    #[schema(value_type = Vec<String>, example = json!(["trader", "viewer"]))]
    roles: Vec<UserRole>,
    /// The firm of a firm's user; staff have none.
    #[schema(value_type = Option<String>, example = "FIRM1")]
    firm: Option<FirmId>,
    /// Why, for the record.
    #[schema(example = "moved to the desk")]
    reason: String,
}

/// Changes roles and firm of a user, whose logins end. A new privileged role waits for a second person.
#[utoipa::path(put, path = "/api/v1/users/{id}/roles", operation_id = "set_roles", tag = "users",
    params(("id" = String, Path, description = "The user", example = "usr_0192f3a4b5c60123456789abcdef0123")),
    request_body = RolesChange, responses((status = 200, body = Receipt)))]
async fn set_roles(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<RolesChange>,
) -> Result<Response, Problem> {
    let caller = asked.caller()?;
    let (user, firm) = found(&api, caller, &id, |_, user| (user.id, user.firm))?;
    may_grant(caller, &given.roles, given.firm)?;
    // Whoever belongs to one from before that was looked at may lose roles there.
    check_firm(&api, &asked, given.firm.filter(|_| given.firm != firm)).await?;
    let reason = text_rules::reason(&given.reason).map_err(|why| Problem::field("reason", why))?;
    let action = IdentityAction::SetRoles { user, roles: given.roles, firm: given.firm, reason };
    api.submit(&asked, action).await.map(changed)
}

/// A user may log in again. A privileged one waits for a second person.
#[utoipa::path(post, path = "/api/v1/users/{id}/activate", operation_id = "activate_user", tag = "users",
    params(("id" = String, Path, description = "The user", example = "usr_0192f3a4b5c60123456789abcdef0123")),
    request_body = Reason, responses((status = 200, body = Receipt)))]
async fn activate_user(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<Reason>,
) -> Result<Response, Problem> {
    set_active(&api, &asked, &id, true, &given).await
}

/// A user may log in no more; every login ends at once.
#[utoipa::path(post, path = "/api/v1/users/{id}/deactivate", operation_id = "deactivate_user", tag = "users",
    params(("id" = String, Path, description = "The user", example = "usr_0192f3a4b5c60123456789abcdef0123")),
    request_body = Reason, responses((status = 200, body = Receipt)))]
async fn deactivate_user(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<Reason>,
) -> Result<Response, Problem> {
    set_active(&api, &asked, &id, false, &given).await
}

async fn set_active(
    api: &Api,
    asked: &Asked,
    id: &str,
    active: bool,
    given: &Reason,
) -> Result<Response, Problem> {
    let user = found(api, asked.caller()?, id, |_, user| user.id)?;
    let action = IdentityAction::SetActive { user, active, reason: given.checked()? };
    api.submit(asked, action).await.map(changed)
}

/// Ends all logins of a user, at once.
#[utoipa::path(delete, path = "/api/v1/users/{id}/logins", operation_id = "end_user_logins", tag = "users",
    params(("id" = String, Path, description = "The user", example = "usr_0192f3a4b5c60123456789abcdef0123")), responses((status = 204)))]
async fn end_user_logins(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let user = found(&api, asked.caller()?, &id, |_, user| user.id)?;
    let action = IdentityAction::EndLogins { user };
    api.submit(&asked, action).await.map(gone)
}

/// Takes away a lost second factor. For a privileged user it waits for a second person.
#[utoipa::path(delete, path = "/api/v1/users/{id}/totp", operation_id = "remove_totp", tag = "users",
    params(("id" = String, Path, description = "The user", example = "usr_0192f3a4b5c60123456789abcdef0123")),
    request_body = Reason, responses((status = 204)))]
async fn remove_totp(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<Reason>,
) -> Result<Response, Problem> {
    let user = found(&api, asked.caller()?, &id, |_, user| user.id)?;
    let action = IdentityAction::RemoveTotp { user, reason: given.checked()? };
    api.submit(&asked, action).await.map(gone)
}
