//! The back office's API: who may ask for what, and what becomes of it.
//!
//! ```text
//!             intake: who, may they, budget                        one answer, once it is durable
//! HTTP ----> [handler] -- command --> log topic `admin` --+                     ^
//!                                                         v                     |
//!                                  CommandProcessor: AdminState::apply -> command.decided.v1, mail.requested.v1,
//!                                                                         limits.set.v1 ... (topic `accounts`)
//! ```
//!
//! Lists of orders, fills, firms and instruments come from a read model in SQLite, made from durable records
//! ([`ReadModelBuilder`]).
//!
//! The state is a function of the log: every node that reads the same records decides the same. Handlers decide nothing;
//! they check form, ask the table of operations, and submit. What is secret never enters the log: passwords stand there as
//! argon2id, and everything else secret is derived from an id and the node's key ([`Secrets`]).
//!
//! Identity files stand in the log sealed, each under a key of its own outside it ([`vault`]); jobs run by recorded ticks of
//! the clock.
//!
//! What it refuses to do: answer before what it answers is durable, serve a route that is not in the table
//! ([`Operation`]), tell a stranger whether an address has a user, let one person do what takes two.

pub mod access_token;
mod alert_service;
mod answer;
mod api;
mod asked;
mod average_cost;
mod bank_files;
mod became;
mod body;
mod browser;
mod business_health;
mod call_log;
mod compliance;
mod compliance_service;
mod config;
mod countries;
mod error;
mod fix_sessions;
mod identity_provider;
mod ids;
mod intake;
mod kyc_service;
mod link_page;
mod listener;
mod live;
mod mail;
mod network;
mod operation;
mod paging;
pub mod password;
mod path;
mod problem;
mod provider_signature;
mod quiet_hours;
mod rate_limit;
mod read_model;
mod reconciliation;
mod reconciliation_service;
mod reference_page;
mod refused_access;
mod report_service;
mod reports;
mod routes;
pub mod screening;
mod secrets;
mod service;
pub mod signature;
mod smtp;
pub mod state;
pub mod text_rules;
pub mod totp;
mod upload;
pub mod vault;
mod webhooks;
mod wish;
mod word;

pub use alert_service::{AlertService, AuditLag};
pub use api::{Api, Clock, IN_FLIGHT_MAX, Outcome};
pub use business_health::{BusinessCheck, NodeFigures, NodePort, STORE_LAG_MAX, Standing};
pub use compliance_service::ComplianceService;
pub use config::{
    ApiConfig, AuditTrail, BankAccount, KycConfig, MailRoute, PaymentProcessor, PaymentsConfig, Rates,
    ReportsConfig, WebhookConfig,
};
pub use error::Error;
pub use fix_sessions::{FixSession, FixSessionUsage, FixSessions, FixSessionsPort};
pub use kyc_service::KycService;
pub use listener::TlsPort;
pub use mail::{ATTEMPTS_MAX, Mail, MailService, Mailer, mailer};
pub use network::Network;
pub use operation::{Access, Operation, Scope};
pub use problem::{Problem, ProblemKind};
pub use read_model::ReadModelBuilder;
pub use reconciliation_service::ReconciliationService;
pub use report_service::ReportService;
pub use reports::{Every, ReportSchedule};
pub use routes::first_administrator::{FirstAdministrator, create_first_administrator, proof};
pub use secrets::{SecretOf, Secrets};
pub use service::{CommandProcessor, serve};
pub use smtp::{Smtp, SmtpError, SmtpSecurity, SmtpSettings};
pub use webhooks::{Poster, RootsError, WebhookService};

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use std::sync::Arc;

/// The routes, with everything that concerns every request around them, and the pages that show them.
pub fn app(api: Arc<Api>) -> Router {
    let (router, _) = routes::routes().split_for_parts();
    let around = axum::middleware::from_fn_with_state(Arc::clone(&api), intake::intake);
    let pages = pages(&api);
    router
        .fallback(async || Problem::new(ProblemKind::NotFound))
        .method_not_allowed_fallback(async || Problem::new(ProblemKind::Method))
        // The intake bounds bodies, by operation.
        .layer(axum::extract::DefaultBodyLimit::disable())
        .layer(around)
        .with_state(api)
        .merge(pages)
}

/// The pages that show the API, and the names that they are looked for under.
fn pages(api: &Arc<Api>) -> Router {
    let interactive = utoipa_swagger_ui::SwaggerUi::new("/api/docs")
        .config(utoipa_swagger_ui::Config::new(["/api/v1/openapi.json"]).validator_url("none"));
    Router::new()
        .merge(interactive)
        .merge(link_page::routes())
        .route("/api/redoc", get(reference_page::reference_page))
        .route("/docs", get(async || Redirect::permanent("/api/docs/")))
        .route("/redoc", get(async || Redirect::permanent("/api/redoc")))
        .route("/api/schema", get(async || Redirect::permanent("/api/v1/openapi.json")))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(api), intake::pages))
}

/// The API's document: OpenAPI 3.1.
pub fn document() -> utoipa::openapi::OpenApi {
    let (_, mut document) = routes::routes().split_for_parts();
    routes::document::complete(&mut document);
    document
}
