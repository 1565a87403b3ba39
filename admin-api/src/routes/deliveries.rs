//! What became of mail: one's own, or everybody's for those who run the venue.

use crate::api::Api;
use crate::asked::Asked;
use crate::operation::Scope;
use crate::paging::{Page, Params, Sort, Wanted};
use crate::problem::Problem;
use crate::state::Sending;
use crate::word::word;
use assay_trading_types::{Letter, MailId, UserId};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new().routes(routes!(list_mail_deliveries))
}

/// How far a mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MailStatus {
    /// It waits, or is tried again.
    Queued,
    /// The next server has it.
    Sent,
    /// It was given up.
    Dropped,
}

/// A mail.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MailView {
    /// Its id.
    #[schema(value_type = String, example = "mal_0192f3a4b5c60123456789abcdef0123.0")]
    id: MailId,
    /// Whom it is for.
    #[schema(value_type = String, example = "usr_0192f3a4b5c60123456789abcdef0123")]
    user: UserId,
    /// What it tells: `notice` with its kind behind a colon, or what else there is.
    #[schema(example = "notice:kyc_approved")]
    letter: String,
    /// How far it is.
    #[schema(inline, example = "sent")]
    status: MailStatus,
    /// Times it was tried.
    #[schema(example = 1)]
    attempts: u32,
    /// What the last try said that failed.
    #[schema(example = json!(null))]
    error: Option<String>,
    /// When it was wished, UTC.
    #[schema(example = "2026-11-21T09:30:00.000000000Z")]
    at: String,
    /// When it is tried next, UTC.
    #[schema(example = json!(null))]
    next: Option<String>,
    /// When it was handed on or given up, UTC.
    #[schema(example = "2026-11-21T09:30:01.000000000Z")]
    settled: Option<String>,
}

fn view(mail: &Sending) -> MailView {
    MailView {
        id: mail.requested.mail,
        user: mail.requested.user,
        letter: letter(&mail.requested.letter),
        status: status(mail),
        attempts: mail.attempts,
        error: mail.failed.as_ref().map(|(error, _)| error.clone()),
        at: mail.at.to_string(),
        next: mail.due.map(|at| at.to_string()),
        settled: mail.settled.map(|(_, at)| at.to_string()),
    }
}

fn status(mail: &Sending) -> MailStatus {
    match mail.settled {
        None => MailStatus::Queued,
        Some((true, _)) => MailStatus::Sent,
        Some((false, _)) => MailStatus::Dropped,
    }
}

fn letter(letter: &Letter) -> String {
    match letter {
        Letter::Notice { kind, .. } => format!("notice:{}", word(kind)),
        Letter::ConfirmEmail { .. } => "confirm_email".to_owned(),
        Letter::ConfirmNewEmail { .. } => "confirm_new_email".to_owned(),
        Letter::Invitation { .. } => "invitation".to_owned(),
        Letter::PasswordReset { .. } => "password_reset".to_owned(),
        Letter::AlreadyRegistered => "already_registered".to_owned(),
        Letter::PasswordChanged => "password_changed".to_owned(),
        Letter::SecondFactorChanged => "second_factor_changed".to_owned(),
        Letter::RolesChanged => "roles_changed".to_owned(),
        Letter::EmailChanged => "email_changed".to_owned(),
        Letter::NewLogIn { .. } => "new_log_in".to_owned(),
    }
}

/// What the list takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MailQuery {
    /// Items of a page, 1 to 100; 50 by default.
    #[param(example = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
    /// `id` (oldest first) or `-id`.
    #[param(inline, example = "-id")]
    sort: Option<Sort>,
    /// That far.
    #[param(inline, example = "dropped")]
    status: Option<MailStatus>,
}

/// Mail: how far it is, how often it was tried and why it was not taken. The newest 10,000 settled ones are kept.
#[utoipa::path(get, path = "/api/v1/notifications/deliveries", operation_id = "list_mail_deliveries", tag = "notifications",
    params(MailQuery), responses((status = 200, body = Page<MailView>)))]
async fn list_mail_deliveries(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Params(query): Params<MailQuery>,
) -> Result<Json<Page<MailView>>, Problem> {
    let caller = asked.caller()?;
    let wanted = Wanted::new(&api.secrets, "mail", query.limit, query.after.as_deref(), query.sort)?;
    let state = api.state();
    let fits = |mail: &&Sending| {
        (caller.scope == Scope::All || mail.requested.user == caller.user)
            && query.status.is_none_or(|wanted| status(mail) == wanted)
    };
    let mails = state.mail.all().filter(fits);
    Ok(Json(wanted.page(&api.secrets, "mail", mails, |mail| mail.requested.mail.as_str(), view)))
}
