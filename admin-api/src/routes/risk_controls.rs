//! Switches and limits: commands that risk decides on, which are answered once it has. It knows who did what before, so that
//! nobody does both parts.

use super::document::word_or_object;
use super::{fix_sessions, reason};
use crate::answer::{Receipt, changed};
use crate::api::Api;
use crate::asked::Asked;
use crate::body::Body;
use crate::operation::Scope;
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use assay_trading_types::{
    AccountId, Amount, ChangeId, ControlAction, FirmId, LimitScope, Limits, LimitsChangeDecided,
    LimitsChangeProposed, RepeatBreakerReset, RiskSwitchSet, SwitchScope, SwitchState, Symbol, Timestamp,
};
use axum::extract::State;
use axum::response::Response;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa::openapi::Object;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(set_risk_switch))
        .routes(routes!(propose_limits))
        .routes(routes!(approve_limits))
        .routes(routes!(decline_limits))
        .routes(routes!(reset_breaker))
}

fn switch_scope() -> Object {
    let words = "`\"all\"`, or one of `firm`, `account`, `session` (by CompID), `instrument` with its name.";
    word_or_object(words, json!({"firm": "FIRM1"}))
}

fn limit_scope() -> Object {
    word_or_object("`\"house\"`, or one of `firm`, `account` with its name.", json!({"firm": "FIRM1"}))
}

/// What a scope may do from here on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RiskSwitch {
    /// `"all"`, or one of `firm`, `account`, `session`, `instrument` with its name.
    #[schema(schema_with = switch_scope)]
    scope: SwitchScope,
    /// `open`, `reduce_only`, `cancel_only` or `killed`, which also cancels what works.
    #[schema(value_type = String, example = "killed")]
    state: SwitchState,
    /// For the record, and for whoever is refused.
    #[schema(example = "runaway algorithm")]
    reason: String,
}

/// Other limits.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsChange {
    /// Its name, for whoever decides; never used twice.
    #[schema(value_type = String, example = "change-17")]
    change: ChangeId,
    /// `"house"`, or one of `firm`, `account` with its name.
    #[schema(schema_with = limit_scope)]
    scope: LimitScope,
    /// All limits as they shall be; what is left out is unlimited.
    #[schema(value_type = Object, example = json!({"order_qty_max": "100000"}))]
    limits: AllLimits,
    /// UTC nanoseconds until which they hold; for good when left out.
    #[schema(value_type = Option<i64>, example = json!(null))]
    valid_until: Option<Timestamp>,
    /// At once on one person's word: within an hour it ends by itself.
    #[schema(example = false)]
    #[serde(default)]
    emergency: bool,
    /// For the record.
    #[schema(example = "index rebalance")]
    reason: String,
}

/// Limits as somebody writes them: a name that is none would leave out the limit that was meant.
#[derive(Debug)]
pub(crate) struct AllLimits(Limits);

impl<'de> Deserialize<'de> for AllLimits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = serde_json::Map::deserialize(deserializer)?;
        let limits: Limits = serde_json::from_value(given.clone().into()).map_err(D::Error::custom)?;
        let known = serde_json::to_value(&limits).map_err(D::Error::custom)?;
        for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
            if known.get(name).is_none() {
                return Err(D::Error::custom(format!("there is no limit `{name}`")));
            }
            let amount = value.as_str().and_then(|text| Amount::parse(text).ok());
            if amount.is_some_and(|amount| amount <= Amount::ZERO) {
                return Err(D::Error::custom(format!("`{name}` must be above zero")));
            }
        }
        Ok(Self(limits))
    }
}

/// A breaker to be closed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenBreaker {
    /// The firm.
    #[schema(value_type = String, example = "FIRM1")]
    firm: FirmId,
    /// Its account.
    #[schema(value_type = String, example = "FIRM1")]
    account: AccountId,
    /// The instrument.
    #[schema(value_type = String, example = "AAPL")]
    symbol: Symbol,
    /// For the record.
    #[schema(example = "the client's algorithm is mended")]
    reason: String,
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsVerdict {
    /// For the record.
    #[schema(example = "seen the client's mandate")]
    reason: String,
}

/// Stops a scope, or lets it go on. Anyone entitled makes it harder; milder only somebody else than who set it, and never
/// the administrator of a firm, who may only kill the own firm.
#[utoipa::path(put, path = "/api/v1/risk/switches", operation_id = "set_risk_switch", tag = "risk",
    request_body = RiskSwitch, responses((status = 200, body = Receipt)))]
async fn set_risk_switch(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<RiskSwitch>,
) -> Result<Response, Problem> {
    let caller = asked.caller()?;
    let own_firm =
        |scope: &SwitchScope| matches!(scope, SwitchScope::Firm(firm) if caller.firm == Some(*firm));
    if caller.scope != Scope::All && !own_firm(&given.scope) {
        return Err(Problem::new(ProblemKind::NotFound));
    }
    // Whoever stopped a firm, and why, may not be the firm's to undo.
    if caller.scope != Scope::All && given.state != SwitchState::Killed {
        return Err(Problem::because(ProblemKind::Forbidden, "a firm stops itself; the venue lets it go on"));
    }
    // To let it go on takes a person.
    if caller.login.is_none() && given.state != SwitchState::Killed {
        return Err(Problem::because(
            ProblemKind::Forbidden,
            "a key for a machine stops; a person lets it go on",
        ));
    }
    let reason = reason::checked(&given.reason)?;
    let scope = match given.scope {
        // A repeat gets the first answer, whichever sessions there are now.
        SwitchScope::Session(session) if !api.is_repeat(&asked) => {
            SwitchScope::Session(fix_sessions::named(&api, &asked, session).await?)
        }
        scope => scope,
    };
    let set = RiskSwitchSet { scope, state: given.state, reason, command: None };
    submit(&api, &asked, ControlAction::SetSwitch(set)).await
}

/// Asks for other limits. They hold when somebody else approves of them.
#[utoipa::path(post, path = "/api/v1/risk/limit-changes", operation_id = "propose_limits", tag = "risk",
    request_body = LimitsChange, responses((status = 200, body = Receipt)))]
async fn propose_limits(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<LimitsChange>,
) -> Result<Response, Problem> {
    asked.caller()?;
    let LimitsChange { change, scope, limits, valid_until, emergency, reason: why } = given;
    let (reason, limits) = (reason::checked(&why)?, Box::new(limits.0));
    let proposed =
        LimitsChangeProposed { change, scope, limits, reason, valid_until, emergency, command: None };
    submit(&api, &asked, ControlAction::ProposeLimits(proposed)).await
}

/// Approves of other limits that somebody else asked for.
#[utoipa::path(post, path = "/api/v1/risk/limit-changes/{id}/approve", operation_id = "approve_limits", tag = "risk",
    params(("id" = String, Path, description = "The change", example = "change-17")),
    request_body = LimitsVerdict, responses((status = 200, body = Receipt)))]
async fn approve_limits(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<LimitsVerdict>,
) -> Result<Response, Problem> {
    decide(&api, &asked, &id, true, &given.reason).await
}

/// Turns down other limits that somebody else asked for.
#[utoipa::path(post, path = "/api/v1/risk/limit-changes/{id}/decline", operation_id = "decline_limits", tag = "risk",
    params(("id" = String, Path, description = "The change", example = "change-17")),
    request_body = LimitsVerdict, responses((status = 200, body = Receipt)))]
async fn decline_limits(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<LimitsVerdict>,
) -> Result<Response, Problem> {
    decide(&api, &asked, &id, false, &given.reason).await
}

/// Closes the breaker that repeated executions of an account opened in an instrument: it trades there again.
#[utoipa::path(post, path = "/api/v1/risk/breakers/reset", operation_id = "reset_breaker", tag = "risk",
    request_body = OpenBreaker, responses((status = 200, body = Receipt)))]
async fn reset_breaker(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Body(given): Body<OpenBreaker>,
) -> Result<Response, Problem> {
    asked.caller()?;
    let OpenBreaker { firm, account, symbol, reason: why } = given;
    let reset = RepeatBreakerReset { firm, account, symbol, reason: reason::checked(&why)?, command: None };
    submit(&api, &asked, ControlAction::ResetBreaker(reset)).await
}

async fn decide(api: &Api, asked: &Asked, id: &str, approved: bool, why: &str) -> Result<Response, Problem> {
    asked.caller()?;
    let change = ChangeId::new(id).map_err(|_| Problem::new(ProblemKind::NotFound))?;
    let decided = LimitsChangeDecided { change, approved, reason: reason::checked(why)?, command: None };
    submit(api, asked, ControlAction::DecideLimits(decided)).await
}

async fn submit(api: &Api, asked: &Asked, action: ControlAction) -> Result<Response, Problem> {
    api.instruct_risk(asked, action).await.map(changed)
}
