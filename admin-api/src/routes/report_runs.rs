//! Reports that were made: which, for whom, and the same again.

use super::firms::failed;
use super::reports::{firm_in_sight, form, handed_over, made};
use crate::answer::{Receipt, changed};
use crate::api::Api;
use crate::asked::{Asked, Caller};
use crate::body::Body;
use crate::paging::{Page, Params, Sort, Wanted};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::reconciliation::reconcile;
use crate::reports::{Form, Report, found};
use crate::state::{Certificate, Compliance, PastReport};
use crate::text_rules;
use assay_reports::Format;
use assay_trading_types::{AssetTotals, BooksProof, ComplianceAction, ReportRunId};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_report_runs))
        .routes(routes!(read_report_run))
        .routes(routes!(repeat_report))
        .routes(routes!(certify_report))
}

/// One making of a report.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportRunView {
    /// Its id.
    #[schema(example = "rep_0192f3a4b5c60123456789abcdef0123")]
    id: String,
    /// The report.
    #[schema(example = "trade-blotter")]
    report: String,
    /// What happened from here on, UTC.
    #[schema(example = "2026-11-21T00:00:00.000000000Z")]
    from: String,
    /// What happened before, UTC.
    #[schema(example = "2026-11-22T00:00:00.000000000Z")]
    to: String,
    /// Whether its span was not over when it was made: it says what there was until then, and nobody can certify it.
    #[schema(example = false)]
    provisional: bool,
    /// Of this firm.
    #[schema(example = "FIRM1")]
    firm: Option<String>,
    /// Of this account.
    #[schema(example = json!(null))]
    account: Option<String>,
    /// In this symbol.
    #[schema(example = json!(null))]
    symbol: Option<String>,
    /// Of at least this value, a decimal.
    #[schema(example = json!(null))]
    at_least: Option<String>,
    /// Caused by this actor.
    #[schema(example = json!(null))]
    actor: Option<String>,
    /// Of this kind of record.
    #[schema(example = json!(null))]
    kind: Option<String>,
    /// Keyed by this session, firm, symbol or entity.
    #[schema(example = json!(null))]
    key: Option<String>,
    /// About what has this name.
    #[schema(example = json!(null))]
    object: Option<String>,
    /// The form it was given in.
    #[schema(example = "csv")]
    format: String,
    /// Everything below this position of the log is in it.
    #[schema(example = 4711)]
    position: u64,
    /// Its rows.
    #[schema(example = 17)]
    rows: u64,
    /// Its length.
    #[schema(example = 2048)]
    bytes: u64,
    /// SHA-256 of its bytes, hex.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    sha256: String,
    /// SHA-256 of the same rows as CSV, hex.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    content_sha256: String,
    /// For whom; nobody when the node made it by itself.
    #[schema(example = "usr_0192f3a4b5c60123456789abcdef0123")]
    by: Option<String>,
    /// When, UTC.
    #[schema(example = "2026-11-22T09:30:00.000000000Z")]
    at: String,
    /// The schedule that wished it.
    #[schema(example = json!(null))]
    schedule: Option<String>,
    /// The file it was delivered as.
    #[schema(example = json!(null))]
    file: Option<String>,
    /// The officer who stands for it.
    certificate: Option<CertificateView>,
}

/// An officer's word for a report.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CertificateView {
    /// Who.
    #[schema(example = "usr_0192f3a4b5c60123456789abcdef0123")]
    by: String,
    /// The officer's name at the time.
    #[schema(example = "grace")]
    name: String,
    /// When, UTC.
    #[schema(example = "2026-11-22T10:00:00.000000000Z")]
    at: String,
    /// What was stated.
    #[schema(example = "I have reviewed this report; it is complete and fair")]
    statement: String,
    /// What the books came to then; nothing in certificates of before it was looked at.
    books: Option<BooksProofView>,
}

/// The trial balance's totals at one position of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BooksProofView {
    /// Everything below this position of the log is in them.
    #[schema(example = 4711)]
    position: u64,
    /// How many assets the books have.
    #[schema(example = 1)]
    assets: u64,
    /// The first 1,000 of them.
    totals: Vec<AssetTotalsView>,
}

/// All that was posted of an asset.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AssetTotalsView {
    /// Currency or symbol.
    #[schema(example = "USD")]
    asset: String,
    /// Debits of all accounts, a decimal.
    #[schema(example = "20000")]
    debits: String,
    /// Credits of all accounts, a decimal; as much.
    #[schema(example = "20000")]
    credits: String,
}

fn proof_view(books: &BooksProof) -> BooksProofView {
    let totals = |t: &AssetTotals| AssetTotalsView {
        asset: t.asset.to_string(),
        debits: t.debits.to_string(),
        credits: t.credits.to_string(),
    };
    let BooksProof { position, assets, .. } = *books;
    BooksProofView { position, assets, totals: books.totals.iter().map(totals).collect() }
}

fn certificate_view(certificate: &Certificate) -> CertificateView {
    CertificateView {
        by: certificate.by.to_string(),
        name: certificate.name.clone(),
        at: certificate.at.to_string(),
        statement: certificate.statement.clone(),
        books: certificate.books.as_ref().map(proof_view),
    }
}

fn view(past: &PastReport, compliance: &Compliance) -> ReportRunView {
    let (run, p) = (&past.run, &past.run.parameters);
    ReportRunView {
        id: run.id.to_string(),
        report: run.report.clone(),
        from: p.from.to_string(),
        to: p.to.to_string(),
        provisional: past.is_provisional(),
        firm: p.firm.map(|firm| firm.to_string()),
        account: p.account.map(|account| account.to_string()),
        symbol: p.symbol.map(|symbol| symbol.to_string()),
        at_least: p.at_least.map(|amount| amount.to_string()),
        actor: p.actor.clone(),
        kind: p.kind.clone(),
        key: p.key.clone(),
        object: p.object.clone(),
        format: run.format.clone(),
        position: run.position.0,
        rows: run.rows,
        bytes: run.bytes,
        sha256: run.sha256.clone(),
        content_sha256: run.content_sha256.clone(),
        by: past.by.map(|user| user.to_string()),
        at: past.at.to_string(),
        schedule: run.schedule.clone(),
        file: run.file.clone(),
        certificate: compliance.certificate(&run.id).map(certificate_view),
    }
}

/// What a list of runs takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportRunsQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`.
    #[param(inline, example = "-id")]
    sort: Option<Sort>,
    /// Of this report.
    #[param(example = "trade-blotter")]
    report: Option<String>,
    /// Of this schedule.
    #[param(example = "daily-blotter")]
    schedule: Option<String>,
}

/// The report of a run, if the caller may see what the run said.
fn in_sight(caller: &Caller, past: &PastReport) -> Option<&'static Report> {
    let report = found(&past.run.report)?;
    let firm = firm_in_sight(report, caller, past.run.parameters.firm).ok()?;
    (firm == past.run.parameters.firm).then_some(report)
}

/// Reports that were made and that the caller could make too, the newest 10,000 of all.
#[utoipa::path(get, path = "/api/v1/report-runs", operation_id = "list_report_runs", tag = "reports",
    params(ReportRunsQuery), responses((status = 200, body = Page<ReportRunView>)))]
async fn list_report_runs(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Params(query): Params<ReportRunsQuery>,
) -> Result<Json<Page<ReportRunView>>, Problem> {
    let (caller, list) = (asked.caller()?, "report runs");
    let wanted = Wanted::new(&api.secrets, list, query.limit, query.after.as_deref(), query.sort)?;
    let state = api.state();
    let matches = |past: &&PastReport| {
        query.report.as_ref().is_none_or(|report| *report == past.run.report)
            && query.schedule.as_ref().is_none_or(|schedule| past.run.schedule.as_ref() == Some(schedule))
            && in_sight(caller, past).is_some()
    };
    let runs = state.reports.iter().filter(matches);
    Ok(Json(wanted.page(
        &api.secrets,
        list,
        runs,
        |past| past.run.id.as_str(),
        |past| view(past, &state.compliance),
    )))
}

fn run(api: &Api, caller: &Caller, id: &str) -> Result<(&'static Report, PastReport), Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound);
    let id = ReportRunId::new(id).map_err(|_| not_found())?;
    let past = api.state().reports.get(&id).cloned().ok_or_else(not_found)?;
    let report = in_sight(caller, &past).ok_or_else(not_found)?;
    Ok((report, past))
}

/// One run.
#[utoipa::path(get, path = "/api/v1/report-runs/{id}", operation_id = "read_report_run", tag = "reports",
    params(("id" = String, Path, description = "The run", example = "rep_0192f3a4b5c60123456789abcdef0123")),
    responses((status = 200, body = ReportRunView)))]
async fn read_report_run(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Json<ReportRunView>, Problem> {
    let (_, past) = run(&api, asked.caller()?, &id)?;
    Ok(Json(view(&past, &api.state().compliance)))
}

/// What an officer states.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Statement {
    /// For the record.
    #[schema(example = "I have reviewed this report; it is complete and fair")]
    statement: String,
}

/// Stands for a report as an officer (SOX 302), by name and in the record. It takes somebody who did not make it and may see it;
/// its span must have been over when it was made. The certificate says what the books come to now, by asset: while debits are not
/// credits, there is none.
#[utoipa::path(post, path = "/api/v1/report-runs/{id}/certify", operation_id = "certify_report", tag = "reports",
    params(("id" = String, Path, description = "The run", example = "rep_0192f3a4b5c60123456789abcdef0123")),
    request_body = Statement, responses((status = 200, body = Receipt)))]
async fn certify_report(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<Statement>,
) -> Result<Response, Problem> {
    let (_, past) = run(&api, asked.caller()?, &id)?;
    let statement = text_rules::reason(&given.statement).map_err(|why| Problem::field("statement", why))?;
    // With all that is durable, or not at all: books that are being made anew would come to nothing.
    let books = reconcile(api.caught_up_model().await?).map_err(failed)?.proof();
    let action = ComplianceAction::CertifyReport { run: past.run.id, statement, books: Some(books) };
    Ok(changed(api.submit(&asked, action).await?))
}

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RepeatQuery {
    /// The form; that of the run by default.
    #[param(example = "csv")]
    format: Option<String>,
}

/// The report of a run, made again from what was below its position. It is handed over only if it says the same, and in the
/// run's own form it is the same to the byte.
#[utoipa::path(get, path = "/api/v1/report-runs/{id}/content", operation_id = "repeat_report", tag = "reports",
    params(("id" = String, Path, description = "The run", example = "rep_0192f3a4b5c60123456789abcdef0123"), RepeatQuery),
    responses((status = 200, description = "In the form that was asked for", content(
        (serde_json::Value = "application/json", example = json!({"title": "Trade blotter", "rows": []})),
        (String = "text/plain"), (String = "text/csv"), (String = "application/pdf"), (String = "application/vnd.apache.parquet")))))]
async fn repeat_report(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Params(query): Params<RepeatQuery>,
) -> Result<Response, Problem> {
    let (report, past) = run(&api, asked.caller()?, &id)?;
    let own = Form::of(report, &past.run.format).unwrap_or(Form::Table(Format::Json));
    let form = form(report, query.format.as_deref(), own)?;
    api.read_model(&headers).await?;
    let spooled = made(&api, report, &past.run.parameters, (form, Some(past.run.position))).await?;
    let is_same = spooled.content_sha256 == past.run.content_sha256
        && (form != own || spooled.sha256 == past.run.sha256);
    if !is_same {
        tracing::error!(run = %past.run.id, "a report made again says something else");
        let words =
            "made again it says something else: this program makes it otherwise, or the log is another";
        return Err(Problem::because(ProblemKind::Conflict, words));
    }
    Ok(handed_over(&past.run, form, spooled))
}
