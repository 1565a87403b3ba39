//! The audit trail: records with their hashes, whether nobody changed them, and all that happened to what a case is about.

use super::compliance::case_of;
use crate::api::Api;
use crate::asked::Asked;
use crate::config::AuditTrail;
use crate::error::in_words;
use crate::paging::{Page, Params, Wanted};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::text_rules;
use assay_audit::keys::VerifyKeys;
use assay_audit::{Error, Format, KeptIn, Narrowing, Query, Report, Selector, Span};
use assay_trading_types::{CaseLink, CaseLinkKind, Position, TraceId};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Bytes of a name that rows are looked for by.
const NAME_MAX: usize = 128;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_audit_trail))
        .routes(routes!(verify_audit_trail))
        .routes(routes!(read_case_timeline))
}

/// A record as the audit store has it; secrets are masked.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct TrailRow {
    /// Its place in the log.
    #[schema(example = 4711)]
    position: u64,
    /// Its topic.
    #[schema(example = "accounts")]
    topic: String,
    /// Its partition.
    #[schema(example = 0)]
    partition: u16,
    /// Its place in the topic's partition: gapless.
    #[schema(example = 128)]
    offset: u64,
    /// When it entered the system, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    time: String,
    /// What it is.
    #[schema(example = "order.accepted.v1")]
    kind: String,
    /// Who caused it: a user, a session, the configuration, the node.
    #[schema(example = "session:CLIENT1/ASSAY")]
    actor: String,
    /// Whose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "FIRM1")]
    firm: Option<String>,
    /// FIX session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "CLIENT1/ASSAY")]
    session: Option<String>,
    /// OrderID(37).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "O0000000000000008")]
    order_id: Option<String>,
    /// ClOrdID(11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "C1")]
    cl_ord_id: Option<String>,
    /// OrigClOrdID(41).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "C0")]
    orig_cl_ord_id: Option<String>,
    /// Symbol(55).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "AAPL")]
    symbol: Option<String>,
    /// ExecID(17).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "E0000000000000009")]
    exec_id: Option<String>,
    /// What it belongs to: one request and all that followed from it.
    #[schema(example = "4bf92f3577b34da6a3ce929d0e0e4736")]
    trace: String,
    /// Whether secrets in it are masked.
    #[schema(example = false)]
    masked: bool,
    /// SHA-256 of the record, hex.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    leaf: String,
    /// The chain's head with it, hex.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    chain: String,
    /// What it says: JSON, or the FIX message as text.
    #[schema(value_type = Object, example = json!({"symbol": "AAPL"}))]
    payload: serde_json::Value,
}

/// Whether something was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TrailOutcome {
    /// Records that say that something was refused.
    Refused,
    /// All others.
    Done,
}

/// Which records are asked for. One of `from`, `to`, `order`, `session` and `firm` is needed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TrailQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// From this instant on, RFC 3339.
    #[param(example = "2026-11-21T00:00:00Z")]
    from: Option<String>,
    /// Before this instant, RFC 3339.
    #[param(example = "2026-11-22T00:00:00Z")]
    to: Option<String>,
    /// The whole trail of an order, by OrderID(37) or a ClOrdID(11).
    order: Option<String>,
    /// Of a FIX session.
    session: Option<String>,
    /// Of a firm, with the messages of its sessions.
    firm: Option<String>,
    /// Caused by this actor.
    actor: Option<String>,
    /// Of this kind.
    action: Option<String>,
    /// About what has this name: a user, firm, account, symbol, session, order, movement, loan, product, locate, file, proposal.
    object: Option<String>,
    /// Whether something was refused.
    #[param(inline)]
    outcome: Option<TrailOutcome>,
    /// Of one request and all that followed from it, 32 hex digits.
    correlation: Option<String>,
}

impl TrailQuery {
    fn question(&self, limit: usize, after: Option<Position>) -> Result<Query, Problem> {
        let select = match (&self.order, &self.session, &self.firm) {
            (Some(order), None, None) => Selector::Order(order.clone()),
            (None, Some(session), None) => Selector::Session(session.clone()),
            (None, None, Some(firm)) => Selector::Firm(firm.clone()),
            (None, None, None) => Selector::All,
            _ => return Err(Problem::field("order", "name one of order, session and firm")),
        };
        let names = [
            ("order", &self.order),
            ("session", &self.session),
            ("firm", &self.firm),
            ("actor", &self.actor),
            ("action", &self.action),
            ("object", &self.object),
        ];
        let long = names.into_iter().find(|(_, text)| text.as_ref().is_some_and(|t| t.len() > NAME_MAX));
        if let Some((field, _)) = long {
            return Err(Problem::field(field, format!("must have at most {NAME_MAX} bytes")));
        }
        let time = |field: &'static str, text: &Option<String>| {
            let instant = text.as_deref().map(text_rules::instant).transpose();
            instant.map_err(|why| Problem::field(field, why))
        };
        let trace = match self.correlation.as_deref() {
            None => None,
            Some(text) => {
                let trace = TraceId::from_hex(text);
                Some(trace.ok_or_else(|| Problem::field("correlation", "must be 32 hex digits"))?)
            }
        };
        let narrow = Narrowing {
            actor: self.actor.clone(),
            kind: self.action.clone(),
            object: self.object.clone(),
            trace,
            refused: self.outcome.map(|outcome| outcome == TrailOutcome::Refused),
        };
        let (from, to) = (time("from", &self.from)?, time("to", &self.to)?);
        Ok(Query { select, narrow, from, to, after, limit })
    }
}

/// Records of the audit store in the order of the log, with their hashes. The store is a moment behind.
#[utoipa::path(get, path = "/api/v1/compliance/audit-trail", operation_id = "list_audit_trail", tag = "compliance",
    params(TrailQuery), responses((status = 200, body = Page<TrailRow>)))]
async fn list_audit_trail(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Params(query): Params<TrailQuery>,
) -> Result<Json<Page<TrailRow>>, Problem> {
    asked.caller()?;
    let list = "audit trail";
    let wanted = Wanted::new(&api.secrets, list, query.limit, query.after.as_deref(), None)?;
    let question = query.question(wanted.limit + 1, place(&wanted))?;
    let rows = rows(&api, vec![question]).await?;
    Ok(Json(wanted.page_of(&api.secrets, list, rows, |row| row.position.to_string(), |row| row)))
}

/// Where the page before ended.
fn place(wanted: &Wanted) -> Option<Position> {
    wanted.after.as_deref().and_then(|text| text.parse().ok()).map(Position)
}

/// What a timeline takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TimelineQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// All that happened to what a case is about, in the order of the log: of an order every message, verdict, fill, posting and
/// report.
#[utoipa::path(get, path = "/api/v1/compliance/cases/{id}/timeline", operation_id = "read_case_timeline", tag = "compliance",
    params(("id" = String, Path, description = "The case", example = "cas_0192f3a4b5c60123456789abcdef0123"), TimelineQuery),
    responses((status = 200, body = Page<TrailRow>)))]
async fn read_case_timeline(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Params(query): Params<TimelineQuery>,
) -> Result<Json<Page<TrailRow>>, Problem> {
    asked.caller()?;
    let case = case_of(&api, &id)?;
    let list = format!("timeline {}", case.id);
    let wanted = Wanted::new(&api.secrets, &list, query.limit, query.after.as_deref(), None)?;
    let question = |link: &CaseLink| of_link(link, wanted.limit + 1, place(&wanted));
    let rows = rows(&api, case.links.iter().map(question).collect()).await?;
    Ok(Json(wanted.page_of(&api.secrets, &list, rows, |row| row.position.to_string(), |row| row)))
}

fn of_link(link: &CaseLink, limit: usize, after: Option<Position>) -> Query {
    let (id, none) = (link.id.clone(), Narrowing::default());
    let (select, narrow) = match link.kind {
        CaseLinkKind::Order => (Selector::Order(id), none),
        CaseLinkKind::Session => (Selector::Session(id), none),
        CaseLinkKind::Firm => (Selector::Firm(id), none),
        CaseLinkKind::Actor => (Selector::All, Narrowing { actor: Some(id), ..none }),
        CaseLinkKind::Entity => (Selector::All, Narrowing { object: Some(id), ..none }),
        CaseLinkKind::Correlation => (Selector::All, Narrowing { trace: TraceId::from_hex(&id), ..none }),
    };
    Query { select, narrow, from: link.from, to: link.to, after, limit }
}

/// Rows that answer any of the questions, each once, in the order of the log.
async fn rows(api: &Arc<Api>, questions: Vec<Query>) -> Result<Vec<TrailRow>, Problem> {
    let trail = kept(api)?;
    beside(api, move || {
        let mut rows = BTreeMap::new();
        for question in &questions {
            rows.extend(asked(&trail.store, question)?.into_iter().map(|row| (row.position, row)));
        }
        Ok(rows.into_values().collect())
    })
    .await
}

fn asked(store: &KeptIn, question: &Query) -> Result<Vec<TrailRow>, Error> {
    let mut text = Vec::new();
    store.query(question, Format::JsonLines, &mut text)?;
    let rows = serde_json::Deserializer::from_slice(&text).into_iter().collect::<Result<_, _>>();
    rows.map_err(|error| Error::Query(format!("a row of the store cannot be read: {error}")))
}

/// What a verification found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Verification {
    /// Whether everything that was checked is good.
    #[schema(example = true)]
    good: bool,
    /// Records that were read and are good.
    #[schema(example = 4711)]
    records: u64,
    /// Of these, records of the span that was asked about; all of them when none was.
    #[schema(example = 4711)]
    in_span: u64,
    /// Seals whose root and chain head were compared.
    #[schema(example = 12)]
    seals: u64,
    /// Of these, checkpoints whose signature was checked.
    #[schema(example = 12)]
    signatures: u64,
    /// Of these, seals whose HMAC was checked: none, for the initial key is not on this machine. `assay audit verify` takes it.
    #[schema(example = 0)]
    macs: u64,
    /// What could not be checked, and why.
    #[schema(example = json!([]))]
    remarks: Vec<String>,
    /// The first bad record.
    fault: Option<FaultView>,
}

/// The first bad record and what is wrong with it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FaultView {
    /// Its topic and partition, where that is known.
    #[schema(example = "accounts/0")]
    partition: Option<String>,
    /// Its place there.
    #[schema(example = 128)]
    offset: Option<u64>,
    /// Its place in the log.
    #[schema(example = 4711)]
    position: Option<u64>,
    /// What is wrong.
    #[schema(example = "leaf is not the hash of the record: it was changed")]
    what: String,
}

impl From<Report> for Verification {
    fn from(report: Report) -> Self {
        let fault = report.fault.map(|fault| FaultView {
            partition: fault.place.partition.map(|partition| partition.to_string()),
            offset: fault.place.offset,
            position: fault.place.position.map(|position| position.0),
            what: fault.what.to_string(),
        });
        let (good, Report { records, in_span, seals, signatures, macs, remarks, .. }) =
            (fault.is_none(), Report { fault: None, ..report });
        Self { good, records, in_span, seals, signatures, macs, remarks, fault }
    }
}

/// What a verification is about.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct VerifyQuery {
    /// From this instant on, RFC 3339.
    #[param(example = "2026-11-21T00:00:00Z")]
    from: Option<String>,
    /// Before this instant, RFC 3339.
    #[param(example = "2026-11-22T00:00:00Z")]
    to: Option<String>,
}

impl VerifyQuery {
    fn span(&self) -> Result<Option<Span>, Problem> {
        let time = |field: &'static str, text: &Option<String>| {
            let instant = text.as_deref().map(text_rules::instant).transpose();
            instant.map_err(|why| Problem::field(field, why))
        };
        let span = Span { from: time("from", &self.from)?, to: time("to", &self.to)? };
        if span.from.zip(span.to).is_some_and(|(from, to)| from >= to) {
            return Err(Problem::field("from", "must be before the end"));
        }
        Ok((span != Span::default()).then_some(span))
    }
}

/// Verifies the whole audit store now: every hash, every chain, every seal. The first bad record is named. A chain holds from its
/// first record, so a span is not verified by itself: the answer says how many of the good records lie in it, and which of them no
/// seal covers yet. It takes a second for some hundred thousand records; the daily `compliance_review` does the same and keeps what
/// it found.
#[utoipa::path(get, path = "/api/v1/compliance/audit-trail/verify", operation_id = "verify_audit_trail", tag = "compliance",
    params(VerifyQuery), responses((status = 200, body = Verification)))]
async fn verify_audit_trail(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Params(query): Params<VerifyQuery>,
) -> Result<Json<Verification>, Problem> {
    asked.caller()?;
    let span = query.span()?;
    let trail = kept(&api)?;
    let report = beside(&api, move || trail.verify(span)).await?;
    Ok(Json(report.into()))
}

impl AuditTrail {
    fn verify(&self, span: Option<Span>) -> Result<Report, Error> {
        self.store.verify(&VerifyKeys::load(&self.keys, None)?, span)
    }
}

impl Api {
    /// Verifies the audit store, if it is kept here.
    pub(crate) fn verify_trail(&self) -> Option<Result<Report, Error>> {
        self.config.audit.as_ref().map(|trail| trail.verify(None))
    }
}

fn kept(api: &Api) -> Result<AuditTrail, Problem> {
    let words = "the audit store is kept by another process: ask there with `assay audit query`";
    api.config.audit.clone().ok_or_else(|| Problem::because(ProblemKind::Conflict, words))
}

/// Does something that takes a core for a while, beside the requests and few at a time.
async fn beside<T: Send + 'static>(
    api: &Api,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    let busy = || Problem::later(ProblemKind::Unavailable, 1);
    let room = Arc::clone(&api.reporting).try_acquire_owned().map_err(|_| busy())?;
    let working = tokio::task::spawn_blocking(move || {
        let _room = room;
        work()
    });
    working.await.map_err(|_| busy())?.map_err(|error| match error {
        Error::Query(words) => Problem::because(ProblemKind::Invalid, words),
        other => {
            tracing::error!(error = %in_words(&other), "the audit store does not answer");
            busy()
        }
    })
}
