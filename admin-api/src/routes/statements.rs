//! Statements: what an account had before, what came and went, what it has after.

use super::firms::failed;
use super::statement_pdf::pdf;
use super::wallets::found;
use crate::api::Api;
use crate::asked::Asked;
use crate::paging::Params;
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::read_model::{AccountRow, EntryRow, ReadModel};
use assay_reports::Error;
use assay_trading_types::{Amount, Date, Position};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Entries of one statement, some tens of megabytes; a longer period is asked for in parts.
const ENTRIES_MAX: usize = 200_000;

/// Entries read at a time: others use the read model between.
const ENTRIES_AT_A_TIME: usize = 2_000;

/// Days that statements can be of: nanoseconds count no further.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2200;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(read_statement))
}

/// Of which days, and in which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatementQuery {
    /// The first day, UTC.
    #[param(value_type = String, example = "2026-11-01")]
    from: Date,
    /// The last day, UTC.
    #[param(value_type = String, example = "2026-11-30")]
    to: Date,
    /// `json` (the default), `csv` or `pdf`; a PDF has 20,000 lines at most.
    #[param(inline, example = "json")]
    format: Option<Format>,
}

/// Form of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// For programs.
    Json,
    /// For spreadsheets (RFC 4180).
    Csv,
    /// For people, to print and to file.
    Pdf,
}

/// A statement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementView {
    /// The account.
    #[schema(example = "FIRM1")]
    pub(super) account: String,
    /// Currency or symbol.
    #[schema(example = "USD")]
    pub(super) asset: String,
    /// The first day, UTC.
    #[schema(value_type = String, example = "2026-11-01")]
    pub(super) from: Date,
    /// The last day, UTC.
    #[schema(value_type = String, example = "2026-11-30")]
    pub(super) to: Date,
    /// What it had before, a decimal.
    #[schema(value_type = String, example = "10000")]
    pub(super) opening: Amount,
    /// What came, a decimal.
    #[schema(value_type = String, example = "2500.50")]
    pub(super) credits: Amount,
    /// What went, a decimal.
    #[schema(value_type = String, example = "0")]
    pub(super) debits: Amount,
    /// What it has after, a decimal: opening, and credits, less debits.
    #[schema(value_type = String, example = "12500.50")]
    pub(super) closing: Amount,
    /// Everything below this position of the log is in it.
    #[schema(example = 4711)]
    pub(super) position: u64,
    /// What came and went, oldest first.
    pub(super) entries: Vec<StatementLine>,
}

/// A line of a statement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementLine {
    /// When, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    pub(super) at: String,
    /// Position of its record in the log.
    #[schema(example = 4711)]
    pub(super) position: u64,
    /// Why.
    #[schema(example = "deposit")]
    pub(super) reason: String,
    /// The movement or order it belongs to.
    #[schema(example = "DEP-00000000002A")]
    pub(super) reference: Option<String>,
    /// Came, or went if negative, a decimal.
    #[schema(value_type = String, example = "2500.50")]
    pub(super) change: Amount,
    /// The account has afterwards, a decimal.
    #[schema(value_type = String, example = "12500.50")]
    pub(super) balance: Amount,
}

/// A statement of an account over days. It is made from the entries, and given only if they come to what the books have.
#[utoipa::path(get, path = "/api/v1/wallets/{account}/{asset}/statement", operation_id = "read_statement", tag = "money",
    params(("account" = String, Path, description = "The account", example = "FIRM1"),
        ("asset" = String, Path, description = "Currency or symbol", example = "USD"), StatementQuery),
    responses((status = 200, content((StatementView = "application/json"), (String = "text/csv"), (String = "application/pdf")))))]
async fn read_statement(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path((account, asset)): Path<(String, String)>,
    Params(query): Params<StatementQuery>,
) -> Result<Response, Problem> {
    let days = [("from", query.from), ("to", query.to)];
    if let Some((field, _)) = days.into_iter().find(|(_, day)| !YEARS.contains(&day.civil().0)) {
        return Err(Problem::field(field, "must be a day of the years 1970 to 2200"));
    }
    if query.to < query.from {
        return Err(Problem::field("to", "must not be before the first day"));
    }
    let model = api.read_model(&headers).await?;
    let row = found(model, &asked, (&account, &asset))?;
    let statement = statement(model, &row, query.from, query.to)?;
    Ok(match query.format.unwrap_or(Format::Json) {
        Format::Json => Json(statement).into_response(),
        Format::Csv => {
            let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present")];
            (kind, csv(&statement)).into_response()
        }
        Format::Pdf => as_pdf(statement).await?,
    })
}

/// The pages, made beside the requests.
async fn as_pdf(statement: StatementView) -> Result<Response, Problem> {
    let name = format!("statement-{}-{}-{}.pdf", statement.account, statement.asset, statement.from);
    let made = tokio::task::spawn_blocking(move || pdf(&statement)).await;
    let bytes = match made {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(Error::TooLong { max })) => {
            return Err(Problem::field("from", format!("has more than {max} lines: ask in parts")));
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "a statement cannot be written");
            return Err(Problem::because(ProblemKind::Unavailable, "the statement cannot be written"));
        }
        Err(_) => return Err(Problem::later(ProblemKind::Unavailable, 1)),
    };
    // An account's name may hold what ends a quotation.
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '_' };
    let name = format!("attachment; filename=\"{}\"", name.chars().map(plain).collect::<String>());
    let kind = (header::CONTENT_TYPE, "application/pdf".to_owned());
    Ok(([kind, (header::CONTENT_DISPOSITION, name)], bytes).into_response())
}

fn statement(model: &ReadModel, row: &AccountRow, from: Date, to: Date) -> Result<StatementView, Problem> {
    let position = model.position();
    // What comes while it is made is no part of it.
    let end = ReadModel::end_of(Position(position.0.saturating_sub(1)));
    let begin = model.day_begins(from).map_err(failed)?.min(end);
    let end = model.day_begins(to.plus_days(1)).map_err(failed)?.min(end);
    let opening = model.entry_before(row.id, begin).map_err(failed)?.map_or(Amount::ZERO, |e| e.balance);
    let closing = model.entry_before(row.id, end).map_err(failed)?.map_or(Amount::ZERO, |e| e.balance);
    let entries = moving_entries(model, row.id, (begin, end))?;
    let sum = |sign: i128| {
        let units = entries.iter().map(|e| e.change().units() * sign).filter(|units| *units > 0);
        Amount::from_units(units.sum())
    };
    let (credits, debits) = (sum(1), sum(-1));
    if opening.units() + credits.units() - debits.units() != closing.units() {
        tracing::error!(account = row.code, asset = row.asset, %opening, %credits, %debits, %closing, "a statement does not come out");
        return Err(Problem::because(ProblemKind::Unavailable, "the statement does not come out"));
    }
    Ok(StatementView {
        account: row.account.clone().unwrap_or_else(|| row.code.clone()),
        asset: row.asset.clone(),
        from,
        to,
        opening,
        credits,
        debits,
        closing,
        position: position.0,
        entries: entries.into_iter().map(line).collect(),
    })
}

/// Entries that moved something, in parts so that others use the read model between.
fn moving_entries(
    model: &ReadModel,
    account: i64,
    (begin, end): (i64, i64),
) -> Result<Vec<EntryRow>, Problem> {
    let (mut found, mut behind) = (Vec::new(), begin - 1);
    loop {
        let part = model.entries_between(account, (behind, end), ENTRIES_AT_A_TIME, false).map_err(failed)?;
        let is_last = part.len() < ENTRIES_AT_A_TIME;
        behind = part.last().map_or(behind, |entry| entry.id);
        found.extend(part.into_iter().filter(|entry| entry.amount != Amount::ZERO));
        if found.len() > ENTRIES_MAX {
            return Err(Problem::field("from", format!("has more than {ENTRIES_MAX} entries: ask in parts")));
        }
        if is_last {
            return Ok(found);
        }
    }
}

fn line(entry: EntryRow) -> StatementLine {
    StatementLine {
        at: entry.at.to_string(),
        position: entry.position(),
        change: entry.change(),
        reason: entry.reason,
        reference: entry.reference,
        balance: entry.balance,
    }
}

/// As a table: the opening balance, the entries, the closing balance.
fn csv(s: &StatementView) -> String {
    let mut out = String::from("account,asset,at,position,reason,reference,change,balance\r\n");
    let (account, asset) = (quoted(&s.account), quoted(&s.asset));
    let mut put = |at: &str, position: &str, reason: &str, reference: &str, change: &str, balance: Amount| {
        let written =
            write!(out, "{account},{asset},{at},{position},{reason},{reference},{change},{balance}\r\n");
        written.expect("a string takes everything");
    };
    put(&s.from.to_string(), "", "opening_balance", "", "", s.opening);
    for e in &s.entries {
        let (position, reference) = (e.position.to_string(), e.reference.as_deref().unwrap_or_default());
        put(&e.at, &position, &e.reason, reference, &e.change.to_string(), e.balance);
    }
    put(&s.to.to_string(), "", "closing_balance", "", "", s.closing);
    out
}

/// A field, in quotes if it needs them. A formula sign at the front is kept from being one.
fn quoted(field: &str) -> String {
    let guard = if field.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    if guard.is_empty() && !field.contains([',', '"']) {
        return field.to_owned();
    }
    format!("\"{guard}{}\"", field.replace('"', "\"\""))
}
