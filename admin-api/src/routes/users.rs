//! Users, as those who look after them see them.

use super::registration::{INVITATION_NS, token};
use crate::answer::{Receipt, changed, created, entity, gone};
use crate::api::Api;
use crate::asked::{Asked, Caller};
use crate::body::{Body, Faults};
use crate::operation::Scope;
use crate::paging::{Page, Params, Sort, Wanted};
use crate::problem::{Problem, ProblemKind};
use crate::state::User;
use crate::text_rules;
use assay_trading_types::{FirmId, IdentityAction, IdentityRequested, NewUser, Profile, UserId, UserRole};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
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
        .routes(routes!(access_review))
}

/// A user, without secrets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserView {
    /// Its id.
    #[schema(value_type = String, example = "usr_0192f3a4b5c60123456789abcdef0123")]
    id: UserId,
    /// Address.
    #[schema(example = "ada@firm1.example")]
    email: String,
    /// Whether the address is proven.
    #[schema(example = true)]
    email_confirmed: bool,
    /// Name that others see.
    #[schema(example = "ada.king")]
    username: String,
    /// First name.
    #[schema(example = "Ada")]
    first_name: String,
    /// Last name.
    #[schema(example = "King")]
    last_name: String,
    /// Phone.
    #[schema(example = "+44 20 7946 0000")]
    phone: String,
    /// What it may do.
    #[schema(value_type = Vec<String>, example = json!(["trader"]))]
    roles: Vec<UserRole>,
    /// The firm of a firm's user.
    #[schema(value_type = Option<String>, example = "FIRM1")]
    firm: Option<FirmId>,
    /// May log in.
    #[schema(example = true)]
    active: bool,
    /// Has a second factor in force.
    #[schema(example = true)]
    second_factor: bool,
    /// Code others may register with.
    #[schema(example = "AB12CD34")]
    referral_code: String,
    /// Whose code it registered with.
    #[schema(value_type = Option<String>, example = json!(null))]
    referred_by: Option<UserId>,
    /// Last login, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    last_login: Option<String>,
    /// When it was made, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    created: String,
    /// When it last changed, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    updated: String,
    /// For If-Match.
    #[schema(example = 1)]
    version: u64,
}

pub(super) fn view(user: &User) -> UserView {
    UserView {
        id: user.id,
        email: user.email.clone(),
        email_confirmed: user.email_confirmed,
        username: user.username.clone(),
        first_name: user.profile.first_name.clone(),
        last_name: user.profile.last_name.clone(),
        phone: user.profile.phone.clone(),
        roles: user.roles.iter().copied().collect(),
        firm: user.firm,
        active: user.active,
        second_factor: user.totp.is_active(),
        referral_code: user.referral_code.clone(),
        referred_by: user.referred_by,
        last_login: user.last_login.map(|at| at.to_string()),
        created: user.created.to_string(),
        updated: user.updated.to_string(),
        version: user.version,
    }
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
    let state = api.state();
    let users = state.identity.users().filter(fits);
    Ok(Json(wanted.page(&api.secrets, "users", users, |user| user.id.as_str(), view)))
}

fn is_about(user: &User, text: &str) -> bool {
    let names = [&user.email, &user.username, &user.profile.first_name, &user.profile.last_name];
    names.iter().any(|name| name.to_lowercase().contains(text))
}

/// The user named in a path, when the caller may see it.
fn found<T>(api: &Api, caller: &Caller, id: &str, read: impl FnOnce(&User) -> T) -> Result<T, Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound);
    let id = UserId::new(id).map_err(|_| not_found())?;
    let state = api.state();
    let user = state.identity.user(&id).ok_or_else(not_found)?;
    caller.sees(Some(user.id), user.firm)?;
    Ok(read(user))
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
    found(&api, asked.caller()?, &id, |user| entity(user.version, view(user)))
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
    let outcome = api.submit(&asked, |command| IdentityRequested { command, action }.into()).await?;
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
    let user = found(&api, caller, &id, |user| user.id)?;
    may_grant(caller, &given.roles, given.firm)?;
    let reason = text_rules::reason(&given.reason).map_err(|why| Problem::field("reason", why))?;
    let action = IdentityAction::SetRoles { user, roles: given.roles, firm: given.firm, reason };
    api.submit(&asked, |command| IdentityRequested { command, action }.into()).await.map(changed)
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    /// For the record.
    #[schema(example = "left the firm")]
    pub(super) reason: String,
}

impl Reason {
    pub(super) fn checked(&self) -> Result<String, Problem> {
        text_rules::reason(&self.reason).map_err(|why| Problem::field("reason", why))
    }
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
    let user = found(api, asked.caller()?, id, |user| user.id)?;
    let action = IdentityAction::SetActive { user, active, reason: given.checked()? };
    api.submit(asked, |command| IdentityRequested { command, action }.into()).await.map(changed)
}

/// Ends all logins of a user, at once.
#[utoipa::path(delete, path = "/api/v1/users/{id}/logins", operation_id = "end_user_logins", tag = "users",
    params(("id" = String, Path, description = "The user", example = "usr_0192f3a4b5c60123456789abcdef0123")), responses((status = 204)))]
async fn end_user_logins(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let user = found(&api, asked.caller()?, &id, |user| user.id)?;
    let action = IdentityAction::EndLogins { user };
    api.submit(&asked, |command| IdentityRequested { command, action }.into()).await.map(gone)
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
    let user = found(&api, asked.caller()?, &id, |user| user.id)?;
    let action = IdentityAction::RemoveTotp { user, reason: given.checked()? };
    api.submit(&asked, |command| IdentityRequested { command, action }.into()).await.map(gone)
}

/// A user's rights, for review.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReviewRow {
    /// Who.
    user: UserView,
    /// Operations it may call, with whose things: `own`, `firm` or `all`.
    #[schema(example = json!({"list_users": "all"}))]
    operations: std::collections::BTreeMap<&'static str, &'static str>,
    /// Keys for machines that work.
    #[schema(example = 1)]
    live_api_keys: usize,
    /// Logins that work.
    #[schema(example = 2)]
    live_logins: usize,
    /// Privileged, and without a second factor.
    #[schema(example = false)]
    second_factor_missing: bool,
    /// Has not logged in for 90 days, or never.
    #[schema(example = false)]
    dormant: bool,
}

/// What a review takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReviewQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Days without a login after which a user counts as dormant.
const DORMANT_NS: i64 = 90 * 86_400 * 1_000_000_000;

/// Who may do what, from the same table that decides on requests.
#[utoipa::path(get, path = "/api/v1/reports/access-review", operation_id = "access_review", tag = "reports",
    params(ReviewQuery), responses((status = 200, body = Page<ReviewRow>)))]
async fn access_review(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Params(query): Params<ReviewQuery>,
) -> Result<Json<Page<ReviewRow>>, Problem> {
    asked.caller()?;
    let now = api.now();
    let wanted = Wanted::new(&api.secrets, "access-review", query.limit, query.after.as_deref(), None)?;
    let state = api.state();
    let row = |user: &User| ReviewRow {
        operations: operations(user),
        live_api_keys: state.identity.api_keys().filter(|k| k.user == user.id && k.is_live(now)).count(),
        live_logins: state.identity.logins_of(user.id).filter(|l| l.is_live(now)).count(),
        second_factor_missing: user.is_privileged() && !user.totp.is_active(),
        dormant: user.last_login.is_none_or(|at| now.since_ns(at) > DORMANT_NS),
        user: view(user),
    };
    let page = wanted.page(&api.secrets, "access-review", state.identity.users(), |u| u.id.as_str(), row);
    Ok(Json(page))
}

fn operations(user: &User) -> std::collections::BTreeMap<&'static str, &'static str> {
    use crate::operation::{Access, Operation};
    let privileged = Operation::ALL.iter().filter(|op| matches!(op.access(), Access::Roles(_)));
    let name = |scope| match scope {
        Scope::Own => "own",
        Scope::Firm => "firm",
        Scope::All => "all",
    };
    privileged.filter_map(|op| op.access().scope_of(&user.roles).map(|s| (op.name(), name(s)))).collect()
}
