//! Identity files as reviewers see and decide on them; owners see their own, without what is internal.

use super::kyc::Personal;
use super::reason::Reason;
use crate::answer::{Receipt, changed, entity};
use crate::api::Api;
use crate::asked::Asked;
use crate::body::Body;
use crate::operation::Scope;
use crate::paging::{Page, Params, Sort, Wanted};
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use crate::state::{KycFile, KycFileStatus};
use crate::text_rules;
use assay_trading_types::{
    FirmId, KycAction, KycDocument, KycFileId, KycImage, KycImageKind, KycRejection, KycRisk, KycSubject,
    UserId, UserRole,
};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const HOUR_NS: i64 = 3_600 * 1_000_000_000;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_kyc_files))
        .routes(routes!(read_kyc_file))
        .routes(routes!(read_kyc_image))
        .routes(routes!(assign_kyc))
        .routes(routes!(request_more_kyc))
        .routes(routes!(approve_kyc))
        .routes(routes!(reject_kyc))
        .routes(routes!(revoke_kyc))
        .routes(routes!(erase_kyc))
}

/// An identity file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KycFileView {
    /// Its id.
    #[schema(value_type = String, example = "kyc_0192f3a4b5c60123456789abcdef0123")]
    id: KycFileId,
    /// Whose proof it is, when it is a user's.
    #[schema(value_type = Option<String>, example = "usr_0192f3a4b5c60123456789abcdef0123")]
    user: Option<UserId>,
    /// Whose proof it is, when it is a firm's.
    #[schema(value_type = Option<String>, example = json!(null))]
    firm: Option<FirmId>,
    /// Kind of the document.
    #[schema(value_type = String, example = "passport")]
    document_type: KycDocument,
    /// Country.
    #[schema(example = "GB")]
    country: String,
    /// How far it is.
    status: KycFileStatus,
    /// When it was handed in, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    submitted: String,
    /// Until when it can count, UTC.
    #[schema(example = "2028-11-20T09:30:00.000000000Z")]
    expires: String,
    /// When it was decided on, UTC.
    #[schema(example = json!(null))]
    reviewed: Option<String>,
    /// What is wrong or missing.
    #[schema(example = json!(null))]
    reason: Option<String>,
    /// Its documents: `kind`, `media`, `bytes`.
    #[schema(value_type = Vec<Object>, example = json!([{"kind": "front", "media": "image/jpeg", "bytes": 204800}]))]
    images: Vec<serde_json::Value>,
    /// What is personal, in the view of one file.
    #[serde(skip_serializing_if = "Option::is_none")]
    personal: Option<Personal>,
    /// For reviewers alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<ReviewView>,
    /// For If-Match.
    #[schema(example = 1)]
    version: u64,
}

/// What reviewers know about a file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReviewView {
    /// How much care it needs.
    #[schema(value_type = String, example = "low")]
    risk: KycRisk,
    /// Who handed it in.
    #[schema(value_type = String, example = "usr_0192f3a4b5c60123456789abcdef0123")]
    by: UserId,
    /// Reviewer that has it.
    #[schema(value_type = Option<String>, example = json!(null))]
    assigned: Option<UserId>,
    /// Who decided.
    #[schema(value_type = Option<String>, example = json!(null))]
    reviewed_by: Option<UserId>,
    /// Why it was turned down, as a code.
    #[schema(value_type = Option<String>, example = json!(null))]
    code: Option<KycRejection>,
    /// `lists`: digest of the lists it was compared with; `hits`: entries that look alike, with scores in thousandths.
    #[schema(value_type = Object, example = json!({"lists": "", "hits": []}))]
    screening: serde_json::Value,
    /// What providers said.
    #[schema(value_type = Vec<Object>, example = json!([]))]
    advice: serde_json::Value,
    /// Other files with the same document.
    #[schema(value_type = Vec<String>, example = json!([]))]
    duplicates: Vec<KycFileId>,
}

fn view(api: &Api, file: &KycFile, scope: Scope) -> KycFileView {
    let submission = &file.submission;
    let (user, firm) = match submission.subject {
        KycSubject::User(user) => (Some(user), None),
        KycSubject::Firm(firm) => (None, Some(firm)),
    };
    let image = |image: &KycImage| serde_json::json!({"kind": image.kind, "media": image.media, "bytes": image.bytes});
    KycFileView {
        id: file.id(),
        user,
        firm,
        document_type: submission.document,
        country: submission.country.clone(),
        status: file.status,
        submitted: file.submitted.to_string(),
        expires: file.expires.to_string(),
        reviewed: file.reviewed.map(|at| at.to_string()),
        reason: file.reason.clone(),
        images: submission.images.iter().map(image).collect(),
        personal: None,
        review: (scope == Scope::All).then(|| review(api, file)),
        version: file.version,
    }
}

fn review(api: &Api, file: &KycFile) -> ReviewView {
    ReviewView {
        risk: file.risk,
        by: file.by,
        assigned: file.assigned,
        reviewed_by: file.reviewed_by,
        code: file.code,
        screening: serde_json::to_value(&file.screening).unwrap_or_default(),
        advice: serde_json::to_value(&file.advice).unwrap_or_default(),
        duplicates: api.state().kyc.duplicates(file).map(KycFile::id).collect(),
    }
}

/// What a list of identity files takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct KycFilesQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`.
    #[param(inline, example = "id")]
    sort: Option<Sort>,
    /// How far they are; `pending` by default.
    #[param(inline, example = "pending")]
    status: Option<KycFileStatus>,
    /// Of this country.
    #[param(example = "GB")]
    country: Option<String>,
    /// With this document.
    #[param(value_type = Option<String>, example = "passport")]
    r#type: Option<KycDocument>,
    /// Handed in so many hours ago or longer.
    #[param(example = 24)]
    older_than: Option<u32>,
    /// Which this reviewer has.
    #[param(value_type = Option<String>, example = "usr_0192f3a4b5c60123456789abcdef0123")]
    assigned: Option<UserId>,
}

/// The queue: identity files that wait, the oldest first, or those of another status.
#[utoipa::path(get, path = "/api/v1/kyc/pending", operation_id = "list_kyc_files", tag = "kyc",
    params(KycFilesQuery), responses((status = 200, body = Page<KycFileView>)))]
async fn list_kyc_files(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Params(query): Params<KycFilesQuery>,
) -> Result<Json<Page<KycFileView>>, Problem> {
    let scope = asked.caller()?.scope;
    let wanted = Wanted::new(&api.secrets, "kyc", query.limit, query.after.as_deref(), query.sort)?;
    let status = query.status.unwrap_or(KycFileStatus::Pending);
    let age_ns = query.older_than.map_or(0, |hours| i64::from(hours).saturating_mul(HOUR_NS));
    let now = api.now();
    let fits = |file: &&KycFile| {
        file.status == status
            && query.country.as_ref().is_none_or(|country| file.submission.country == *country)
            && query.r#type.is_none_or(|document| file.submission.document == document)
            && query.assigned.is_none_or(|reviewer| file.assigned == Some(reviewer))
            && now.since_ns(file.submitted) >= age_ns
    };
    let found: Vec<KycFile> = api.state().kyc.files().filter(fits).cloned().collect();
    Ok(Json(wanted.page(
        &api.secrets,
        "kyc",
        found.iter(),
        |file| file.submission.file.as_str(),
        |file| view(&api, file, scope),
    )))
}

/// The file named in a path, when the caller may see it.
fn found(api: &Api, asked: &Asked, id: &str) -> Result<KycFile, Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound);
    let id = KycFileId::new(id).map_err(|_| not_found())?;
    let file = api.state().kyc.file(&id).cloned().ok_or_else(not_found)?;
    let caller = asked.caller()?;
    // A firm's file is its administrators', whoever of them handed it in.
    let is_own_firms = matches!(file.submission.subject, KycSubject::Firm(firm) if caller.firm == Some(firm))
        && caller.roles.contains(&UserRole::FirmAdmin);
    if !is_own_firms {
        caller.sees(Some(file.by), None)?;
    }
    Ok(file)
}

fn unread(error: std::io::Error) -> Problem {
    match error.kind() {
        std::io::ErrorKind::NotFound => Problem::new(ProblemKind::NotFound),
        _ => {
            tracing::error!(%error, "an identity file cannot be opened");
            Problem::later(ProblemKind::Unavailable, 1)
        }
    }
}

/// One identity file with what is personal. That it was looked at stands in the record first.
#[utoipa::path(get, path = "/api/v1/kyc/{id}", operation_id = "read_kyc_file", tag = "kyc",
    params(("id" = String, Path, description = "The file", example = "kyc_0192f3a4b5c60123456789abcdef0123")),
    responses((status = 200, body = KycFileView)))]
async fn read_kyc_file(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let file = found(&api, &asked, &id)?;
    api.submit(&asked, KycAction::NoteView { file: file.id(), image: None }).await?;
    let personal = match file.status {
        KycFileStatus::Erasing | KycFileStatus::Erased => None,
        _ => Some(Personal::open(&api, &file).map_err(unread)?),
    };
    let view = KycFileView { personal, ..view(&api, &file, asked.caller()?.scope) };
    Ok(entity(file.version, view))
}

/// A document of a file. That it was looked at stands in the record first.
#[utoipa::path(get, path = "/api/v1/kyc/{id}/files/{kind}", operation_id = "read_kyc_image", tag = "kyc",
    params(("id" = String, Path, description = "The file", example = "kyc_0192f3a4b5c60123456789abcdef0123"),
        ("kind" = String, Path, description = "front, back, selfie or proof_of_address", example = "front")),
    responses((status = 200, description = "The document, as its Content-Type says",
        content((String = "image/jpeg"), (String = "image/png"), (String = "application/pdf")))))]
async fn read_kyc_image(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path((id, kind)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let file = found(&api, &asked, &id)?;
    let kind: Option<KycImageKind> = serde_json::from_value(serde_json::Value::String(kind)).ok();
    let image = file.submission.images.iter().find(|image| Some(image.kind) == kind);
    let image = image.ok_or_else(|| Problem::new(ProblemKind::NotFound))?.clone();
    api.submit(&asked, KycAction::NoteView { file: file.id(), image: kind }).await?;
    let (reading, name, id) = (Arc::clone(&api), image.name.clone(), file.id());
    let read = tokio::task::spawn_blocking(move || reading.vault.read(&reading.vault.key(id)?, &name)).await;
    let bytes = read.map_err(|_| Problem::later(ProblemKind::Unavailable, 1))?.map_err(unread)?;
    // A reader saves it; no browser shows it as a page of ours.
    let headers =
        [(header::CONTENT_TYPE, image.media), (header::CONTENT_DISPOSITION, "attachment".to_owned())];
    Ok((headers, bytes).into_response())
}

/// Whom a file is given to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assignment {
    /// A reviewer; nobody in particular when null.
    #[schema(value_type = Option<String>, example = "usr_0192f3a4b5c60123456789abcdef0123")]
    reviewer: Option<UserId>,
}

/// Gives a pending file to a reviewer: no other decides on it then.
#[utoipa::path(post, path = "/api/v1/kyc/{id}/assign", operation_id = "assign_kyc", tag = "kyc",
    params(("id" = String, Path, description = "The file", example = "kyc_0192f3a4b5c60123456789abcdef0123")),
    request_body = Assignment, responses((status = 200, body = Receipt)))]
async fn assign_kyc(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<Assignment>,
) -> Result<Response, Problem> {
    let file = found(&api, &asked, &id)?.id();
    api.submit(&asked, KycAction::Assign { file, reviewer: given.reviewer }).await.map(changed)
}

/// Asks the client for another file, and says what is missing.
#[utoipa::path(post, path = "/api/v1/kyc/{id}/request-more", operation_id = "request_more_kyc", tag = "kyc",
    params(("id" = String, Path, description = "The file", example = "kyc_0192f3a4b5c60123456789abcdef0123")),
    request_body = Reason, responses((status = 200, body = Receipt)))]
async fn request_more_kyc(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<Reason>,
) -> Result<Response, Problem> {
    let file = found(&api, &asked, &id)?.id();
    api.submit(&asked, KycAction::RequestMore { file, reason: given.checked()? }).await.map(changed)
}

/// Approves a pending file: its owner is verified at once. A file of high risk waits for a second reviewer.
#[utoipa::path(post, path = "/api/v1/kyc/{id}/approve", operation_id = "approve_kyc", tag = "kyc",
    params(("id" = String, Path, description = "The file", example = "kyc_0192f3a4b5c60123456789abcdef0123")),
    request_body = Reason, responses((status = 200, body = Receipt)))]
async fn approve_kyc(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<Reason>,
) -> Result<Response, Problem> {
    let file = found(&api, &asked, &id)?.id();
    api.submit(&asked, KycAction::Approve { file, reason: given.checked()? }).await.map(changed)
}

/// Why a file is turned down.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TurnedDown {
    /// `unreadable`, `mismatch`, `document_expired`, `forged`, `listed`, `duplicate` or `other`.
    #[schema(value_type = String, example = "unreadable")]
    code: KycRejection,
    /// In words that the client reads.
    #[schema(example = "the front cannot be read")]
    reason: String,
}

impl TurnedDown {
    fn checked(&self) -> Result<(KycRejection, String), Problem> {
        let reason = text_rules::reason(&self.reason).map_err(|why| Problem::field("reason", why))?;
        Ok((self.code, reason))
    }
}

/// Rejects a pending file.
#[utoipa::path(post, path = "/api/v1/kyc/{id}/reject", operation_id = "reject_kyc", tag = "kyc",
    params(("id" = String, Path, description = "The file", example = "kyc_0192f3a4b5c60123456789abcdef0123")),
    request_body = TurnedDown, responses((status = 200, body = Receipt)))]
async fn reject_kyc(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<TurnedDown>,
) -> Result<Response, Problem> {
    let (file, (code, reason)) = (found(&api, &asked, &id)?.id(), given.checked()?);
    api.submit(&asked, KycAction::Reject { file, code, reason }).await.map(changed)
}

/// Takes back an approval after a later finding: trading stops at once.
#[utoipa::path(post, path = "/api/v1/kyc/{id}/revoke", operation_id = "revoke_kyc", tag = "kyc",
    params(("id" = String, Path, description = "The file", example = "kyc_0192f3a4b5c60123456789abcdef0123")),
    request_body = TurnedDown, responses((status = 200, body = Receipt)))]
async fn revoke_kyc(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<TurnedDown>,
) -> Result<Response, Problem> {
    let (file, (code, reason)) = (found(&api, &asked, &id)?.id(), given.checked()?);
    api.submit(&asked, KycAction::Revoke { file, code, reason }).await.map(changed)
}

/// Destroys the key of a file that must be kept no longer, and with it all that is personal. Waits for a second person.
#[utoipa::path(post, path = "/api/v1/kyc/{id}/erase", operation_id = "erase_kyc", tag = "kyc",
    params(("id" = String, Path, description = "The file", example = "kyc_0192f3a4b5c60123456789abcdef0123")),
    request_body = Reason, responses((status = 200, body = Receipt)))]
async fn erase_kyc(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<Reason>,
) -> Result<Response, Problem> {
    let (file, retention_days) = (found(&api, &asked, &id)?.id(), api.config.kyc.retention_days);
    api.submit(&asked, KycAction::Erase { file, reason: given.checked()?, retention_days }).await.map(changed)
}
