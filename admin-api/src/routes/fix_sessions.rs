//! FIX sessions: seen as the gateway has them, changed by commands that it brings into force.

use super::reason;
use crate::answer::{Receipt, changed, entity};
use crate::api::Api;
use crate::asked::Asked;
use crate::body::Body;
use crate::fix_sessions::{FixSession, shown};
use crate::operation::Scope;
use crate::paging::Params;
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::state::SessionStanding;
use assay_trading_types::{
    CompId, ControlAction, SessionId, SessionNumbersSet, SessionSet, SessionSuspended,
};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_fix_sessions, create_fix_session))
        .routes(routes!(read_fix_session, change_fix_session))
        .routes(routes!(rekey_fix_session))
        .routes(routes!(schedule_fix_session))
        .routes(routes!(suspend_fix_session))
        .routes(routes!(resume_fix_session))
        .routes(routes!(reset_fix_session))
        .routes(routes!(set_fix_session_numbers))
}

/// FIX sessions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FixSessionList {
    /// All that the caller may see, by CompID.
    items: Vec<FixSession>,
}

/// What a change of a session takes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Trial {
    /// Say what would change, and change nothing.
    #[param(example = false)]
    #[serde(default)]
    dry_run: bool,
}

/// What would change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Preview {
    /// As it is.
    #[schema(value_type = Object, example = json!({"next_in": 12, "next_out": 15}))]
    before: Value,
    /// As it would be.
    #[schema(value_type = Object, example = json!({"next_in": 1, "next_out": 1}))]
    after: Value,
    /// The session would be logged out for it.
    #[schema(example = true)]
    logs_out: bool,
}

/// Of a change: what came of it, or what would with `dry_run`.
#[derive(ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "describes what is answered")]
pub(crate) enum SessionAnswer {
    /// It has effect.
    Done(Receipt),
    /// Nothing changed.
    Preview(Preview),
}

/// A new session.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewFixSession {
    /// Its settings, by the keys of `[[session]]` in the configuration file.
    #[schema(value_type = Object, example = json!({"comp_id": "CLIENT9", "firm": "FIRM1"}))]
    settings: Map<String, Value>,
    /// For the record.
    #[schema(example = "new desk")]
    reason: String,
}

/// Other settings.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FixSessionChange {
    /// Keys with their new values; null takes a key away. What is left out stays.
    #[schema(value_type = Object, example = json!({"heartbeat_s": 20}))]
    changes: Map<String, Value>,
    /// For the record.
    #[schema(example = "the desk asked for it")]
    reason: String,
}

/// Other keys.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FixSessionKeys {
    /// All of them, by the keys of `[[session.key]]`; a new `secret_file` cannot be named here.
    #[schema(value_type = Vec<Object>, example = json!([{"id": "k2", "scheme": "ed25519", "public_key": "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="}]))]
    keys: Vec<Value>,
    /// For the record.
    #[schema(example = "yearly rotation")]
    reason: String,
}

/// Other hours.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FixSessionHours {
    /// By the keys of `[session.schedule]`; null is always open.
    #[schema(value_type = Option<Object>, required = true, example = json!({"zone": "America/New_York", "start": "08:00", "end": "17:00"}))]
    schedule: Value,
    /// For the record.
    #[schema(example = "longer hours")]
    reason: String,
}

/// Other sequence numbers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FixSessionNumbers {
    /// MsgSeqNum(34) expected next; as it is when left out.
    #[schema(example = 1)]
    next_in: Option<u64>,
    /// MsgSeqNum(34) assigned next; as it is when left out.
    #[schema(example = 1001)]
    next_out: Option<u64>,
    /// For the record.
    #[schema(example = "the counterparty lost its store")]
    reason: String,
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FixSessionReason {
    /// For the record.
    #[schema(example = "on the firm's word")]
    reason: String,
}

/// Every FIX session as it is now.
#[utoipa::path(get, path = "/api/v1/fix-sessions", operation_id = "list_fix_sessions", tag = "fix-sessions",
    responses((status = 200, body = FixSessionList)))]
async fn list_fix_sessions(
    State(api): State<Arc<Api>>,
    asked: Asked,
) -> Result<Json<FixSessionList>, Problem> {
    let seen = seen(&api, &asked).await?;
    let mut items: Vec<FixSession> = seen.into_iter().map(FixSession::shown).collect();
    items.sort_unstable_by(|a, b| a.comp_id.cmp(&b.comp_id));
    Ok(Json(FixSessionList { items }))
}

/// The session that somebody names by its name in records or by its CompID alone. That of a firm's orders over the API has
/// no connection; and while the gateway cannot be asked, a full name is taken as it is, and a CompID if the configuration or
/// commands made a session of it.
pub(super) async fn named(api: &Api, asked: &Asked, given: SessionId) -> Result<SessionId, Problem> {
    let unknown = || Problem::field("scope", "there is no such session");
    if let Some(firm) = given.as_str().strip_suffix("/API").filter(|_| given.is_api()) {
        // A stop never waits for a read model that is being made anew.
        let Ok(model) = api.caught_up_model().await else { return Ok(given) };
        return match model.firm(firm) {
            Ok(None) => Err(unknown()),
            _ => Ok(given),
        };
    }
    let sessions = match seen(api, asked).await {
        Err(_) if given.as_str().contains('/') => return Ok(given),
        Err(problem) => return known(api, given).ok_or(problem),
        Ok(sessions) => sessions,
    };
    let is_it = |session: &&FixSession| [&session.session, &session.comp_id].contains(&&given.to_string());
    let found = sessions.iter().find(is_it).and_then(|found| SessionId::new(&found.session).ok());
    found.ok_or_else(unknown)
}

/// What records call the session of a CompID that is known without the gateway.
fn known(api: &Api, given: SessionId) -> Option<SessionId> {
    let comp_id = CompId::new(given.as_str()).ok()?;
    let port = &api.config.fix_sessions;
    let is_known = port.is_configured(comp_id) || standing(api, comp_id).version > 0;
    port.name(comp_id).filter(|_| is_known)
}

/// One FIX session.
#[utoipa::path(get, path = "/api/v1/fix-sessions/{id}", operation_id = "read_fix_session", tag = "fix-sessions",
    params(("id" = String, Path, description = "Its CompID", example = "CLIENT1")), responses((status = 200, body = FixSession)))]
async fn read_fix_session(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let session = found(&api, &asked, &id).await?;
    let version = standing(&api, comp_id(&id)?).version;
    Ok(entity(version, session.shown()))
}

/// Makes a FIX session. Waits for a second person.
#[utoipa::path(post, path = "/api/v1/fix-sessions", operation_id = "create_fix_session", tag = "fix-sessions",
    params(Trial), request_body = NewFixSession, responses((status = 200, body = SessionAnswer)))]
async fn create_fix_session(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Params(trial): Params<Trial>,
    Body(given): Body<NewFixSession>,
) -> Result<Response, Problem> {
    let named = given.settings.get("comp_id").and_then(Value::as_str);
    let named = named.ok_or_else(|| Problem::field("settings", "must hold comp_id"))?;
    let comp_id = CompId::new(named).map_err(|why| Problem::field("settings", format!("comp_id: {why}")))?;
    let SessionStanding { version, settings } = standing(&api, comp_id);
    let is_known = seen(&api, &asked).await?.iter().any(|session| session.comp_id == comp_id.as_str());
    if (is_known || settings.is_some()) && !api.is_repeat(&asked) {
        return Err(Problem::because(ProblemKind::Conflict, "there is a session of that name"));
    }
    let change = Change { comp_id, version, before: Value::Null, after: Value::Object(given.settings) };
    set(&api, &asked, &trial, change, &given.reason).await
}

/// Changes settings of a FIX session. Waits for a second person.
#[utoipa::path(patch, path = "/api/v1/fix-sessions/{id}", operation_id = "change_fix_session", tag = "fix-sessions",
    params(Trial, ("id" = String, Path, description = "Its CompID", example = "CLIENT1")),
    request_body = FixSessionChange, responses((status = 200, body = SessionAnswer)))]
async fn change_fix_session(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Params(trial): Params<Trial>,
    Body(given): Body<FixSessionChange>,
) -> Result<Response, Problem> {
    change(&api, &asked, &trial, &id, given.changes, &given.reason).await
}

/// Replaces the keys of a FIX session; a connection it has goes on. Waits for a second person.
#[utoipa::path(put, path = "/api/v1/fix-sessions/{id}/keys", operation_id = "rekey_fix_session", tag = "fix-sessions",
    params(Trial, ("id" = String, Path, description = "Its CompID", example = "CLIENT1")),
    request_body = FixSessionKeys, responses((status = 200, body = SessionAnswer)))]
async fn rekey_fix_session(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Params(trial): Params<Trial>,
    Body(given): Body<FixSessionKeys>,
) -> Result<Response, Problem> {
    let changes = Map::from_iter([("key".to_owned(), Value::Array(given.keys))]);
    change(&api, &asked, &trial, &id, changes, &given.reason).await
}

/// Replaces the hours of a FIX session. Waits for a second person.
#[utoipa::path(put, path = "/api/v1/fix-sessions/{id}/schedule", operation_id = "schedule_fix_session", tag = "fix-sessions",
    params(Trial, ("id" = String, Path, description = "Its CompID", example = "CLIENT1")),
    request_body = FixSessionHours, responses((status = 200, body = SessionAnswer)))]
async fn schedule_fix_session(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Params(trial): Params<Trial>,
    Body(given): Body<FixSessionHours>,
) -> Result<Response, Problem> {
    let changes = Map::from_iter([("schedule".to_owned(), given.schedule)]);
    change(&api, &asked, &trial, &id, changes, &given.reason).await
}

/// Logs a FIX session out and lets it log on no more. At once, on one person's word.
#[utoipa::path(post, path = "/api/v1/fix-sessions/{id}/suspend", operation_id = "suspend_fix_session", tag = "fix-sessions",
    params(Trial, ("id" = String, Path, description = "Its CompID", example = "CLIENT1")),
    request_body = FixSessionReason, responses((status = 200, body = SessionAnswer)))]
async fn suspend_fix_session(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Params(trial): Params<Trial>,
    Body(given): Body<FixSessionReason>,
) -> Result<Response, Problem> {
    stand(&api, &asked, &trial, &id, true, &given.reason).await
}

/// Lets a FIX session log on again. Waits for a second person.
#[utoipa::path(post, path = "/api/v1/fix-sessions/{id}/resume", operation_id = "resume_fix_session", tag = "fix-sessions",
    params(Trial, ("id" = String, Path, description = "Its CompID", example = "CLIENT1")),
    request_body = FixSessionReason, responses((status = 200, body = SessionAnswer)))]
async fn resume_fix_session(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Params(trial): Params<Trial>,
    Body(given): Body<FixSessionReason>,
) -> Result<Response, Problem> {
    stand(&api, &asked, &trial, &id, false, &given.reason).await
}

/// Both sequence numbers become 1. Waits for a second person.
#[utoipa::path(post, path = "/api/v1/fix-sessions/{id}/reset", operation_id = "reset_fix_session", tag = "fix-sessions",
    params(Trial, ("id" = String, Path, description = "Its CompID", example = "CLIENT1")),
    request_body = FixSessionReason, responses((status = 200, body = SessionAnswer)))]
async fn reset_fix_session(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Params(trial): Params<Trial>,
    Body(given): Body<FixSessionReason>,
) -> Result<Response, Problem> {
    number(&api, &asked, &trial, &id, (Some(1), Some(1)), &given.reason).await
}

/// Sets the sequence numbers of a FIX session. Waits for a second person.
#[utoipa::path(put, path = "/api/v1/fix-sessions/{id}/numbers", operation_id = "set_fix_session_numbers", tag = "fix-sessions",
    params(Trial, ("id" = String, Path, description = "Its CompID", example = "CLIENT1")),
    request_body = FixSessionNumbers, responses((status = 200, body = SessionAnswer)))]
async fn set_fix_session_numbers(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Params(trial): Params<Trial>,
    Body(given): Body<FixSessionNumbers>,
) -> Result<Response, Problem> {
    number(&api, &asked, &trial, &id, (given.next_in, given.next_out), &given.reason).await
}

/// The sessions in the caller's scope. The gateway's thread answers, so this one does not wait for it.
async fn seen(api: &Api, asked: &Asked) -> Result<Vec<FixSession>, Problem> {
    let caller = asked.caller()?;
    let port = api.config.fix_sessions.clone();
    let listed = tokio::task::spawn_blocking(move || port.list()).await.ok().flatten();
    let mut sessions = listed.ok_or_else(|| Problem::later(ProblemKind::Unavailable, 1))?;
    let firm = caller.firm.as_ref().map(|firm| firm.as_str().to_owned());
    sessions.retain(|session| match caller.scope {
        Scope::All => true,
        Scope::Firm | Scope::Own => firm.as_ref() == Some(&session.firm),
    });
    Ok(sessions)
}

async fn found(api: &Api, asked: &Asked, id: &str) -> Result<FixSession, Problem> {
    let sessions = seen(api, asked).await?;
    sessions
        .into_iter()
        .find(|session| session.comp_id == id)
        .ok_or_else(|| Problem::new(ProblemKind::NotFound))
}

fn comp_id(id: &str) -> Result<CompId, Problem> {
    CompId::new(id).map_err(|_| Problem::new(ProblemKind::NotFound))
}

async fn submit(api: &Api, asked: &Asked, action: ControlAction) -> Result<Response, Problem> {
    api.submit(asked, action).await.map(changed)
}

/// What commands made of a session so far. To be asked before the gateway is: what comes between makes a change void.
fn standing(api: &Api, comp_id: CompId) -> SessionStanding {
    api.state().control.session(comp_id)
}

/// Settings that are to replace others.
struct Change {
    comp_id: CompId,
    /// Of what is replaced.
    version: u64,
    before: Value,
    after: Value,
}

async fn change(
    api: &Api,
    asked: &Asked,
    trial: &Trial,
    id: &str,
    changes: Map<String, Value>,
    why: &str,
) -> Result<Response, Problem> {
    let comp_id = comp_id(id)?;
    let SessionStanding { version, settings } = standing(api, comp_id);
    let configured = found(api, asked, id).await?.settings;
    let before = settings.unwrap_or(configured);
    let mut after = before.as_object().cloned().unwrap_or_default();
    for (key, value) in changes {
        if matches!(key.as_str(), "comp_id" | "firm") && after.get(&key) != Some(&value) {
            return Err(Problem::field("changes", format!("{key} of a session cannot change")));
        }
        match value {
            Value::Null => _ = after.remove(&key),
            value => _ = after.insert(key, value),
        }
    }
    let change = Change { comp_id, version, before, after: Value::Object(after) };
    set(api, asked, trial, change, why).await
}

async fn set(
    api: &Api,
    asked: &Asked,
    trial: &Trial,
    change: Change,
    why: &str,
) -> Result<Response, Problem> {
    let Change { comp_id, version, before, after } = change;
    let reason = reason::checked(why)?;
    let (port, settings) = (api.config.fix_sessions.clone(), after.clone());
    let checked = tokio::task::spawn_blocking(move || port.check(&settings)).await;
    let checked = checked.map_err(|_| Problem::later(ProblemKind::Unavailable, 1))?;
    checked.map_err(|what| Problem::field("settings", what))?;
    if trial.dry_run {
        let is_live = seen(api, asked)
            .await?
            .iter()
            .any(|live| live.comp_id == comp_id.as_str() && live.state == "logged_on");
        let logs_out = is_live && api.config.fix_sessions.ends_connection(&before, &after);
        return Ok(preview(shown(before), shown(after), logs_out));
    }
    let set = SessionSet { comp_id, version: version + 1, settings: after, reason };
    submit(api, asked, ControlAction::SetSession(set)).await
}

async fn stand(
    api: &Api,
    asked: &Asked,
    trial: &Trial,
    id: &str,
    suspended: bool,
    why: &str,
) -> Result<Response, Problem> {
    let comp_id = comp_id(id)?;
    let version = standing(api, comp_id).version + 1;
    let session = found(api, asked, id).await?;
    let reason = reason::checked(why)?;
    let was = session.state == "suspended";
    // Asked again under its key it gets its first answer; a suspension is never too much.
    if was == suspended && !suspended && asked.idempotency_key.is_none() {
        return Err(Problem::because(ProblemKind::Conflict, "it is so already"));
    }
    if trial.dry_run {
        let standing = |suspended: bool| serde_json::json!({ "suspended": suspended });
        return Ok(preview(standing(was), standing(suspended), session.state == "logged_on"));
    }
    let set = SessionSuspended { comp_id, version, suspended, reason };
    submit(api, asked, ControlAction::SuspendSession(set)).await
}

async fn number(
    api: &Api,
    asked: &Asked,
    trial: &Trial,
    id: &str,
    (next_in, next_out): (Option<u64>, Option<u64>),
    why: &str,
) -> Result<Response, Problem> {
    let comp_id = comp_id(id)?;
    let version = standing(api, comp_id).version + 1;
    let session = found(api, asked, id).await?;
    let reason = reason::checked(why)?;
    if next_in.is_none() && next_out.is_none() {
        return Err(Problem::field("next_in", "next_in or next_out must be given"));
    }
    for (field, number) in [("next_in", next_in), ("next_out", next_out)] {
        // A number has up to nine digits in common engines; a slip of the keyboard has more.
        if number.is_some_and(|number| !(1..=999_999_999).contains(&number)) {
            return Err(Problem::field(field, "must be 1 to 999999999"));
        }
    }
    if trial.dry_run {
        let numbers =
            |next_in: u64, next_out: u64| serde_json::json!({ "next_in": next_in, "next_out": next_out });
        let before = numbers(session.next_in, session.next_out);
        let after = numbers(next_in.unwrap_or(session.next_in), next_out.unwrap_or(session.next_out));
        return Ok(preview(before, after, session.state == "logged_on"));
    }
    let set = SessionNumbersSet { comp_id, version, next_in, next_out, reason };
    submit(api, asked, ControlAction::SetSessionNumbers(set)).await
}

fn preview(before: Value, after: Value, logs_out: bool) -> Response {
    Json(Preview { before, after, logs_out }).into_response()
}
