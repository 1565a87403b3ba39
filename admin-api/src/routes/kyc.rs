//! Identity files as those see them whose they are: hand in, ask how far it is.

use super::kyc_form::{Given, SubmissionForm};
use crate::answer::{Receipt, created};
use crate::api::{Api, Outcome};
use crate::asked::Asked;
use crate::problem::{Problem, ProblemKind};
use crate::screening::{Lists, Sought};
use crate::secrets::SecretOf;
use crate::state::{KycFile, KycStanding};
use crate::upload::Document;
use crate::vault::FileKey;
use assay_trading_types::{
    Date, KycAction, KycFileId, KycHolder, KycImage, KycImageKind, KycRisk, KycSubject, KycSubmission,
    Screening, UserRole,
};
use axum::Json;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(submit_kyc)).routes(routes!(read_kyc_status))
}

/// What of a file is personal: sealed in the log, shown to its owner and to reviewers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Personal {
    /// Full name of the person or company.
    #[schema(example = "Ada King")]
    pub(crate) full_name: String,
    /// Number of the document.
    #[schema(example = "X1234567")]
    pub(crate) document_number: String,
    /// Day of birth, or of incorporation.
    #[schema(value_type = String, example = "1985-12-10")]
    pub(crate) birth_date: Date,
    /// Street and house.
    #[schema(example = "12 St James's Square")]
    pub(crate) address: String,
    /// City.
    #[schema(example = "London")]
    pub(crate) city: String,
    /// Postal code.
    #[schema(example = "SW1Y 4JH")]
    pub(crate) postal_code: String,
    /// Owners of a company.
    #[schema(example = json!([]))]
    pub(crate) owners: Vec<Owner>,
}

/// An owner of a company.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Owner {
    /// Full name.
    #[schema(example = "Grace Hopper")]
    pub(crate) full_name: String,
    /// Day of birth.
    #[schema(value_type = String, example = "1970-12-09")]
    pub(crate) birth_date: Date,
    /// Country: ISO 3166-1 alpha-2.
    #[schema(example = "GB")]
    pub(crate) country: String,
    /// Share in hundredths of a percent.
    #[schema(example = 10000)]
    pub(crate) share_bp: u32,
}

impl Personal {
    /// Opens what a file holds.
    ///
    /// # Errors
    /// Its key is destroyed, or something was damaged.
    pub(crate) fn open(api: &Api, file: &KycFile) -> std::io::Result<Self> {
        let opened = api.vault.key(file.id())?.open_text(&file.submission.sealed)?;
        serde_json::from_slice(&opened).map_err(std::io::Error::other)
    }

    /// What lists say about everybody it names.
    pub(crate) fn screened(&self, lists: &Lists) -> Screening {
        let own = Sought { name: &self.full_name, birth_year: Some(self.birth_date.civil().0) };
        let owners = self
            .owners
            .iter()
            .map(|owner| Sought { name: &owner.full_name, birth_year: Some(owner.birth_date.civil().0) });
        lists.screen(&std::iter::once(own).chain(owners).collect::<Vec<_>>())
    }
}

/// How far a proof is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StandingView {
    /// How far.
    status: KycStanding,
    /// Whether it counts.
    #[schema(example = true)]
    verified: bool,
    /// The newest file.
    #[schema(value_type = Option<String>, example = "kyc_0192f3a4b5c60123456789abcdef0123")]
    file: Option<KycFileId>,
    /// When it was handed in, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    submitted: Option<String>,
    /// When it was decided on, UTC.
    #[schema(example = "2026-11-21T10:30:00.000000000Z")]
    reviewed: Option<String>,
    /// What is wrong or missing.
    #[schema(example = json!(null))]
    reason: Option<String>,
    /// Until when it counts, UTC.
    #[schema(example = "2028-11-20T09:30:00.000000000Z")]
    expires: Option<String>,
}

/// How far the own proof is, and that of the firm for its users.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatusView {
    /// One's own.
    own: StandingView,
    /// The firm's.
    firm: Option<StandingView>,
}

fn standing(api: &Api, subject: KycSubject) -> StandingView {
    let (state, now) = (api.state(), api.now());
    let (status, file) = (state.kyc.standing(&subject, now), state.kyc.newest(&subject));
    StandingView {
        status,
        verified: status == KycStanding::Approved,
        file: file.map(KycFile::id),
        submitted: file.map(|f| f.submitted.to_string()),
        reviewed: file.and_then(|f| f.reviewed).map(|at| at.to_string()),
        reason: file.and_then(|f| f.reason.clone()),
        expires: file.map(|f| f.expires.to_string()),
    }
}

/// How far the own proof of identity is, and the firm's.
#[utoipa::path(get, path = "/api/v1/kyc/status", operation_id = "read_kyc_status", tag = "kyc",
    responses((status = 200, body = StatusView)))]
async fn read_kyc_status(State(api): State<Arc<Api>>, asked: Asked) -> Result<Json<StatusView>, Problem> {
    let caller = asked.caller()?;
    let firm = caller.firm.map(|firm| standing(&api, KycSubject::Firm(firm)));
    Ok(Json(StatusView { own: standing(&api, KycSubject::User(caller.user)), firm }))
}

/// Hands in an identity file: one's own, or as a firm's administrator the firm's. Refused while one is pending or approved.
#[utoipa::path(post, path = "/api/v1/kyc/submit", operation_id = "submit_kyc", tag = "kyc",
    request_body(content = SubmissionForm, content_type = "multipart/form-data"),
    responses((status = 201, body = Receipt)))]
async fn submit_kyc(
    State(api): State<Arc<Api>>,
    asked: Asked,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    let no_form = |_| Problem::because(ProblemKind::MediaType, "the body must be multipart/form-data");
    let form = form.map_err(no_form)?;
    let caller = asked.caller()?;
    let given = Given::read(form).await?;
    let subject = match (given.for_firm, caller.firm) {
        (false, _) => KycSubject::User(caller.user),
        (true, Some(firm)) if caller.roles.contains(&UserRole::FirmAdmin) => KycSubject::Firm(firm),
        (true, _) => return Err(Problem::new(ProblemKind::Forbidden)),
    };
    let checked = given.checked(api.now())?;
    let file = api.ids.kyc_file(api.now());
    let sealing = Arc::clone(&api);
    let sealed = tokio::task::spawn_blocking(move || sealed(&sealing, file, subject, checked)).await;
    let submission = sealed.map_err(|_| unkept()).and_then(|kept| {
        kept.map_err(|error| {
            tracing::error!(%error, "an identity file cannot be kept");
            unkept()
        })
    })?;
    let names: Vec<String> = submission.images.iter().map(|image| image.name.clone()).collect();
    let outcome = api.submit(&asked, KycAction::Submit(submission)).await;
    let counts = match &outcome {
        Ok(Outcome::Done { subject, .. }) => subject == file.as_str(),
        // Nobody knows yet: it may count.
        Ok(_) => true,
        Err(_) => false,
    };
    if !counts && let Err(error) = api.vault.destroy(&file, names.iter().map(String::as_str)) {
        tracing::error!(%error, "documents of a refused identity file stay behind, sealed");
    }
    Ok(created(outcome?, "/api/v1/kyc"))
}

fn unkept() -> Problem {
    Problem::later(ProblemKind::Unavailable, 1)
}

/// A form whose every field fits.
pub(super) struct Checked {
    pub(super) holder: KycHolder,
    pub(super) document: assay_trading_types::KycDocument,
    pub(super) country: String,
    pub(super) document_expires: Option<Date>,
    pub(super) personal: Personal,
    pub(super) images: Vec<(KycImageKind, Document)>,
}

fn sealed(
    api: &Api,
    file: KycFileId,
    subject: KycSubject,
    checked: Checked,
) -> std::io::Result<KycSubmission> {
    let Checked { holder, document, country, document_expires, personal, images } = checked;
    let screening = personal.screened(&api.lists());
    let risk = risk(api, holder, &country, &personal, &screening);
    let number: String = personal.document_number.chars().filter(char::is_ascii_alphanumeric).collect();
    let named = format!("{document:?}|{country}|{}", number.to_ascii_uppercase());
    let key = api.vault.make_key(file)?;
    let text = zeroize::Zeroizing::new(serde_json::to_vec(&personal).map_err(std::io::Error::other)?);
    Ok(KycSubmission {
        file,
        subject,
        holder,
        document,
        country,
        number_digest: hex::encode(*api.secrets.derive(SecretOf::DocumentNumber, &named)),
        sealed: key.seal_text(&text)?,
        images: images.iter().map(|image| kept(api, &key, image)).collect::<std::io::Result<_>>()?,
        document_expires: document_expires.map(|day| day.plus_days(1).start()),
        risk,
        screening,
    })
}

fn kept(api: &Api, key: &FileKey, (kind, document): &(KycImageKind, Document)) -> std::io::Result<KycImage> {
    Ok(KycImage {
        kind: *kind,
        name: api.vault.keep(key, &document.bytes)?,
        media: document.media.to_owned(),
        bytes: document.bytes.len() as u64,
        sha256: hex::encode(Sha256::digest(&document.bytes)),
    })
}

fn risk(api: &Api, holder: KycHolder, country: &str, personal: &Personal, screening: &Screening) -> KycRisk {
    let countries = &api.config.kyc.high_risk_countries;
    let is_high = |code: &str| countries.iter().any(|listed| listed == code);
    if !screening.hits.is_empty() || is_high(country) || personal.owners.iter().any(|o| is_high(&o.country)) {
        return KycRisk::High;
    }
    match holder {
        KycHolder::Person => KycRisk::Low,
        KycHolder::Company => KycRisk::Medium,
    }
}
