//! Reports: which there are, and making one.

use crate::api::{Api, Outcome};
use crate::asked::{Asked, Caller};
use crate::error::in_words;
use crate::operation::Scope;
use crate::paging::Params;
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::reports::{Form, Narrowing, REPORTS, Report, ReportError, Source, Spooled, found, spool};
use crate::text_rules;
use assay_reports::Format;
use assay_trading_types::{
    AccountId, Amount, Date, FirmId, Position, ReportParameters, ReportRun, Symbol, Timestamp,
};
use axum::Json;
use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::Frame;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Read;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Bytes of a report handed over at a time, and how many such pieces wait for a slow reader.
const PIECE_BYTES: usize = 64 * 1024;
const PIECES_MAX: usize = 4;

/// Longest name of an actor, kind or key: it goes into the record of the run.
const NAME_MAX: usize = 128;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(list_reports)).routes(routes!(run_report))
}

/// A column of a report.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ColumnView {
    /// Its name.
    #[schema(example = "notional")]
    name: &'static str,
    /// `text`, `integer`, `decimal`, `time`, `day` or `flag`.
    #[schema(example = "decimal")]
    kind: &'static str,
    /// What it holds.
    #[schema(example = "Price times quantity.")]
    about: &'static str,
}

/// A report that the caller may make.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportView {
    /// Its name.
    #[schema(example = "trade-blotter")]
    name: &'static str,
    /// What stands over it.
    #[schema(example = "Trade blotter")]
    title: &'static str,
    /// What it says, and of which time.
    #[schema(example = "Every fill that happened from `from` on and before `to`.")]
    about: &'static str,
    /// Whose things the caller sees in it: `firm` or `all`.
    #[schema(example = "all")]
    scope: &'static str,
    /// Parameters that narrow it.
    #[schema(example = json!(["firm", "account", "symbol"]))]
    takes: Vec<&'static str>,
    /// Its columns, in order.
    columns: Vec<ColumnView>,
}

/// Reports that the caller may make, with their columns.
#[utoipa::path(get, path = "/api/v1/reports", operation_id = "list_reports", tag = "reports",
    responses((status = 200, body = Vec<ReportView>)))]
async fn list_reports(asked: Asked) -> Result<Json<Vec<ReportView>>, Problem> {
    let caller = asked.caller()?;
    let view = |report: &'static Report| {
        let scope = report.scope_of(&caller.roles)?;
        let column =
            |c: &assay_reports::Column| ColumnView { name: c.name, kind: c.kind.name(), about: c.about };
        Some(ReportView {
            name: report.name,
            title: report.title,
            about: report.about,
            scope: if scope == Scope::All { "all" } else { "firm" },
            takes: report.takes.iter().map(|narrowing| narrowing.name()).collect(),
            columns: report.columns.iter().map(column).collect(),
        })
    };
    Ok(Json(REPORTS.iter().filter_map(view).collect()))
}

/// About what, and in which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunQuery {
    /// What happened from here on: a day or an instant, UTC; the beginning of the last day by default.
    #[param(example = "2026-11-21")]
    from: Option<String>,
    /// What happened before, and how things stood then: a day (its beginning) or an instant, UTC; now by default. A report
    /// whose end is yet to come is provisional.
    #[param(example = "2026-11-22")]
    to: Option<String>,
    /// Of this firm.
    #[param(value_type = Option<String>, example = "FIRM1")]
    firm: Option<FirmId>,
    /// Of this account.
    #[param(value_type = Option<String>, example = "FIRM1")]
    account: Option<AccountId>,
    /// In this symbol.
    #[param(value_type = Option<String>, example = "AAPL")]
    symbol: Option<Symbol>,
    /// Of at least this value, a decimal.
    #[param(value_type = Option<String>, example = "1000000")]
    at_least: Option<Amount>,
    /// Caused by this actor.
    #[param(example = "node")]
    actor: Option<String>,
    /// Of this kind of record.
    #[param(example = "order.accepted.v1")]
    kind: Option<String>,
    /// Keyed by this session, firm, symbol or entity.
    #[param(example = "FIRM1")]
    key: Option<String>,
    /// About what has this name, whatever it is keyed by.
    #[param(example = "DEP-00000000002A")]
    object: Option<String>,
    /// `json` (the default), `table`, `csv`, `pdf` or `parquet`; of the journal also `ledger` or `beancount`.
    #[param(example = "csv")]
    format: Option<String>,
}

/// Makes a report of what is below a position of the log, records that it was made, and hands it over. `Assay-Report-Run`
/// names the run: whoever repeats it gets the same bytes. One whose end is yet to come says that it is provisional, also in
/// `Assay-Report-Provisional`, and nobody can certify it.
#[utoipa::path(get, path = "/api/v1/reports/{name}", operation_id = "run_report", tag = "reports",
    params(("name" = String, Path, description = "The report", example = "trade-blotter"), RunQuery),
    responses((status = 200, description = "In the form that was asked for", content(
        (serde_json::Value = "application/json", example = json!({"title": "Trade blotter", "rows": []})),
        (String = "text/plain"), (String = "text/csv"), (String = "application/pdf"), (String = "application/vnd.apache.parquet")))))]
async fn run_report(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(name): Path<String>,
    Params(query): Params<RunQuery>,
) -> Result<Response, Problem> {
    let caller = asked.caller()?;
    let report = found(&name).ok_or_else(|| Problem::new(ProblemKind::NotFound))?;
    let firm = firm_in_sight(report, caller, query.firm)?;
    let form = form(report, query.format.as_deref(), Form::Table(Format::Json))?;
    let parameters = parameters(report, &query, firm, api.now())?;
    // It waits for what the caller's own commands did.
    api.read_model(&headers).await?;
    let spooled = made(&api, report, &parameters, (form, None)).await?;
    let run = spooled.run(api.ids.report_run(api.now()), report, parameters, form);
    // Each is a run of its own: what makes it again is its id.
    let asked = Asked { idempotency_key: None, expected_version: None, ..asked };
    match api.submit(&asked, run.clone()).await? {
        Outcome::Done { .. } => Ok(handed_over(&run, form, spooled)),
        Outcome::Proposed { .. } | Outcome::Pending { .. } => {
            Err(Problem::later(ProblemKind::Unavailable, 1))
        }
    }
}

/// The firm that a report is narrowed to for a caller.
pub(super) fn firm_in_sight(
    report: &Report,
    caller: &Caller,
    asked: Option<FirmId>,
) -> Result<Option<FirmId>, Problem> {
    match (report.scope_of(&caller.roles), caller.firm) {
        (None, _) => Err(Problem::new(ProblemKind::Forbidden)),
        (Some(Scope::All), _) => Ok(asked),
        (Some(_), Some(own)) if asked.is_none_or(|firm| firm == own) => Ok(Some(own)),
        _ => Err(Problem::new(ProblemKind::NotFound)),
    }
}

pub(super) fn form(report: &Report, name: Option<&str>, default: Form) -> Result<Form, Problem> {
    let Some(name) = name else { return Ok(default) };
    let names: Vec<&str> = Form::of_report(report).map(Form::name).collect();
    let faulty = || Problem::field("format", format!("must be one of {}", names.join(", ")));
    Form::of(report, name).ok_or_else(faulty)
}

fn parameters(
    report: &Report,
    query: &RunQuery,
    firm: Option<FirmId>,
    now: Timestamp,
) -> Result<ReportParameters, Problem> {
    let given = [
        (Narrowing::Firm, query.firm.is_some()),
        (Narrowing::Account, query.account.is_some()),
        (Narrowing::Symbol, query.symbol.is_some()),
        (Narrowing::AtLeast, query.at_least.is_some()),
        (Narrowing::Actor, query.actor.is_some()),
        (Narrowing::Kind, query.kind.is_some()),
        (Narrowing::Key, query.key.is_some()),
        (Narrowing::Object, query.object.is_some()),
    ];
    let stray = given.into_iter().find(|(narrowing, given)| *given && !report.takes.contains(narrowing));
    if let Some((narrowing, _)) = stray {
        return Err(Problem::field(narrowing.name(), format!("does not narrow {}", report.name)));
    }
    let time = |field, text: &Option<String>| text.as_deref().map(|text| instant(field, text)).transpose();
    let to = time("to", &query.to)?.unwrap_or(now);
    let from = time("from", &query.from)?.unwrap_or_else(|| Date::of(to.plus_ns(-1)).start());
    if from >= to {
        return Err(Problem::field("from", "must be before the end"));
    }
    let RunQuery { account, symbol, at_least, actor, kind, key, object, .. } = query;
    for (field, text) in [("actor", actor), ("kind", kind), ("key", key), ("object", object)] {
        if text.as_ref().is_some_and(|text| text.len() > NAME_MAX) {
            return Err(Problem::field(field, format!("must have at most {NAME_MAX} bytes")));
        }
    }
    let (actor, kind, key) = (actor.clone(), kind.clone(), key.clone());
    Ok(ReportParameters {
        from,
        to,
        firm,
        account: *account,
        symbol: *symbol,
        at_least: *at_least,
        actor,
        kind,
        key,
        provisional: to > now,
        object: object.clone(),
    })
}

/// A day's beginning, or an instant.
fn instant(field: &str, text: &str) -> Result<Timestamp, Problem> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    text_rules::instant(&whole).map_err(|_| {
        Problem::field(field, "must be a day as 2026-11-21 or an instant as 2026-11-21T09:30:00Z")
    })
}

/// Makes a report beside the requests, of what is there now or was below a position.
pub(super) async fn made(
    api: &Arc<Api>,
    report: &'static Report,
    parameters: &ReportParameters,
    (form, position): (Form, Option<Position>),
) -> Result<Spooled, Problem> {
    let busy = || Problem::later(ProblemKind::Unavailable, 1);
    let room = Arc::clone(&api.reporting).try_acquire_owned().map_err(|_| busy())?;
    let (api, parameters) = (Arc::clone(api), parameters.clone());
    let making = tokio::task::spawn_blocking(move || {
        let _room = room;
        let source = match position {
            None => Source::now(&api),
            Some(position) => Source::at(&api, position),
        }?;
        spool(&source, report, &parameters, form, api.model().dir())
    });
    match making.await {
        Ok(made) => made.map_err(|error| failed(report, &error)),
        Err(_) => Err(busy()),
    }
}

fn failed(report: &Report, error: &ReportError) -> Problem {
    match error {
        ReportError::Write(assay_reports::Error::TooLong { .. }) => {
            Problem::field("format", error.to_string())
        }
        ReportError::Behind { .. } => Problem::later(ProblemKind::Unavailable, 1),
        _ => {
            tracing::error!(report = report.name, error = %in_words(error), "a report cannot be made");
            Problem::later(ProblemKind::Unavailable, 1)
        }
    }
}

/// The report as an answer.
pub(super) fn handed_over(run: &ReportRun, form: Form, spooled: Spooled) -> Response {
    let name = format!("{}-{}.{}", run.report, Date::of(run.parameters.to.plus_ns(-1)), form.extension());
    let text = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
    let mut answer = Body::new(FileBody::of(spooled.file, spooled.bytes)).into_response();
    let provisional = if run.parameters.provisional { "true" } else { "false" };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(form.media_type())),
        (header::CONTENT_LENGTH, HeaderValue::from(spooled.bytes)),
        (header::CONTENT_DISPOSITION, text(&format!("attachment; filename=\"{name}\""))),
        (HeaderName::from_static("assay-report-run"), text(run.id.as_str())),
        (HeaderName::from_static("assay-report-provisional"), HeaderValue::from_static(provisional)),
        (HeaderName::from_static("assay-report-position"), HeaderValue::from(run.position.0)),
        (HeaderName::from_static("assay-report-rows"), HeaderValue::from(spooled.rows)),
        (HeaderName::from_static("assay-report-sha256"), text(&spooled.sha256)),
    ];
    answer.headers_mut().extend(headers.into_iter().map(|(name, value)| (Some(name), value)));
    answer
}

/// A file on its way out, a few pieces ahead of its reader.
struct FileBody(mpsc::Receiver<std::io::Result<Bytes>>);

impl FileBody {
    fn of(mut file: File, bytes: u64) -> Self {
        let (sender, receiver) = mpsc::channel(PIECES_MAX);
        tokio::task::spawn_blocking(move || {
            let mut left = bytes;
            while left > 0 {
                let mut piece = vec![0; PIECE_BYTES.min(usize::try_from(left).unwrap_or(PIECE_BYTES))];
                left -= piece.len() as u64;
                let read = file.read_exact(&mut piece).map(|()| Bytes::from(piece));
                // A reader that went away ends it.
                if read.is_err() | sender.blocking_send(read).is_err() {
                    return;
                }
            }
        });
        Self(receiver)
    }
}

impl HttpBody for FileBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}
