//! The API's document (OpenAPI 3.1), made from the handlers and the table of operations.

use crate::answer::Waiting;
use crate::api::Api;
use crate::asked::Asked;
use crate::operation::{Access, Operation, Scope};
use crate::problem::{FieldError, ProblemBody, ProblemKind};
use crate::word::word;
use axum::Json;
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation as PathOperation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Assay back office",
        description = "Writes append a command to the event log and answer with its outcome; 202 tells where to ask when that \
            takes longer or waits for a second person. Errors are problem+json (RFC 9457). Lists are paged by keyset.",
        license(name = "Apache-2.0")
    ),
    components(schemas(ProblemBody, FieldError, Waiting)),
    tags(
        (name = "auth", description = "Logging in and one-time links"),
        (name = "me", description = "One's own user"),
        (name = "users", description = "Users"),
        (name = "proposals", description = "What waits for a second person"),
        (name = "firms", description = "Firms, limits, switches, money"),
        (name = "instruments", description = "Instruments and reference prices"),
        (name = "money", description = "Wallets, deposits, withdrawals, transfers, conversions"),
        (name = "loans", description = "Loans against collateral and their products"),
        (name = "ledger", description = "The house's books"),
        (name = "trading", description = "Orders and fills"),
        (name = "kyc", description = "Identity files: handing in, review, providers"),
        (name = "notifications", description = "What one is told"),
        (name = "alerts", description = "Rules, what they fired, and what the venue itself raises the alarm about"),
        (name = "system", description = "Jobs"),
        (name = "fix-sessions", description = "Counterparties' FIX sessions"),
        (name = "risk", description = "Switches and limits"),
        (name = "reports", description = "Reports"),
        (name = "compliance", description = "Violations, controls, cases, the audit trail")
    )
)]
struct Base;

/// The router that everything is merged into.
pub(super) fn base() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::with_openapi(Base::openapi()).routes(routes!(read_document))
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", operation_id = "read_document", tag = "auth",
    responses((status = 200, body = serde_json::Value, example = json!({"openapi": "3.1.0"}))))]
async fn read_document(_asked: Asked) -> Json<utoipa::openapi::OpenApi> {
    Json(crate::document())
}

/// Adds to every operation what holds for all of them: who may, which headers, which problems.
pub(crate) fn complete(document: &mut utoipa::openapi::OpenApi) {
    for operation in Operation::ALL {
        let item = document.paths.paths.get_mut(operation.path());
        if let Some(described) = item.and_then(|item| described(item, *operation)) {
            describe(described, *operation);
        }
    }
    super::words::list(document);
    let components = document.components.get_or_insert_default();
    let mut bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    bearer.description = Some("Access token of a login: EdDSA, 15 minutes.".to_owned());
    components.security_schemes.insert("bearer".to_owned(), SecurityScheme::Http(bearer));
    let signature = ApiKeyValue::with_description(
        "Authorization",
        "Assay-HMAC-SHA256 key=ID, timestamp=SECONDS, nonce=16 TO 64 CHARACTERS, signature=HEX. Signed are method, path with \
         query, timestamp, nonce and hex SHA-256 of the body, joined by line feeds, under the key's secret. 30 s window; a nonce works once.",
    );
    components
        .security_schemes
        .insert("signature".to_owned(), SecurityScheme::ApiKey(ApiKey::Header(signature)));
}

pub(super) fn described(item: &mut PathItem, operation: Operation) -> Option<&mut PathOperation> {
    match operation.method().as_str() {
        "GET" => item.get.as_mut(),
        "POST" => item.post.as_mut(),
        "PUT" => item.put.as_mut(),
        "PATCH" => item.patch.as_mut(),
        _ => item.delete.as_mut(),
    }
}

fn describe(described: &mut PathOperation, operation: Operation) {
    let access = operation.access();
    let schemes: &[&str] = match access {
        Access::Public => &[],
        Access::Enrolling => &["bearer"],
        Access::SignedIn | Access::OwnOr(_) | Access::Roles(_) => &["bearer", "signature"],
    };
    described.security =
        Some(schemes.iter().map(|s| SecurityRequirement::new::<_, [&str; 0], _>(*s, [])).collect());
    let roles = match access {
        Access::Public => "Anybody.".to_owned(),
        Access::Enrolling | Access::SignedIn => "Whoever is logged in.".to_owned(),
        Access::OwnOr(table) | Access::Roles(table) => {
            let rows = table.iter().map(|(role, scope)| format!("{} ({scope:?})", word(role)));
            let rows = rows.collect::<Vec<_>>().join(", ").to_lowercase();
            let own = if matches!(access, Access::OwnOr(_)) {
                "Whoever is logged in (own); roles"
            } else {
                "Roles"
            };
            format!("{own}: {rows}.")
        }
    };
    let text = described.description.take().unwrap_or_default();
    described.description = Some(if text.is_empty() { roles } else { format!("{text}\n\n{roles}") });
    if operation.is_write() {
        let parameters = described.parameters.get_or_insert_default();
        parameters.push(header(
            "Idempotency-Key",
            "Repeats under one key get the first answer; other content 422.",
            "try-1",
        ));
        if access != Access::Public {
            parameters.push(header("If-Match", "Version that it must have; another answers 412.", "\"1\""));
        }
        let waiting = json_response(
            "It waits: for a second person, or its outcome is late.",
            "Waiting",
            "application/json",
        );
        described.responses.responses.entry("202".to_owned()).or_insert(waiting);
    }
    for (status, kinds) in problems(operation) {
        let words =
            kinds.iter().map(|k| format!("`{}`: {}.", k.slug(), k.title())).collect::<Vec<_>>().join(" ");
        let response = json_response(&words, "ProblemBody", "application/problem+json");
        described.responses.responses.insert(status.to_string(), response);
    }
}

/// Problems that an operation can answer, by status.
fn problems(operation: Operation) -> std::collections::BTreeMap<u16, Vec<ProblemKind>> {
    use ProblemKind as K;
    let mut by_status = std::collections::BTreeMap::<u16, Vec<K>>::new();
    for kind in ProblemKind::ALL {
        let can = match kind {
            K::Invalid | K::UnknownHost | K::RateLimit | K::Unavailable | K::TooLarge | K::Method => true,
            K::NotFound => operation.path().contains('{') || operation.is_write() || is_scoped(operation),
            K::TokenInvalid => operation.access() == Access::Public && operation.is_write(),
            K::Unauthenticated | K::SecondFactor => {
                operation.access() != Access::Public
                    || matches!(
                        operation,
                        Operation::LogIn
                            | Operation::Refresh
                            | Operation::CreateFirstAdministrator
                            | Operation::TakeKycAdvice
                            | Operation::TakePaymentNotice
                    )
            }
            K::Forbidden | K::Enrol => {
                operation.access() != Access::Public || operation == Operation::Register
            }
            K::Csrf => {
                operation.is_write() && operation.access() != Access::Public
                    || operation == Operation::Refresh
            }
            K::Segregation | K::Version => operation.is_write() && operation.access() != Access::Public,
            K::Conflict => {
                operation.is_write()
                    || matches!(
                        operation,
                        Operation::RepeatReport
                            | Operation::ListAuditTrail
                            | Operation::VerifyAuditTrail
                            | Operation::ReadCaseTimeline
                    )
            }
            K::MediaType | K::Idempotency => operation.is_write(),
        };
        if can {
            by_status.entry(kind.status().as_u16()).or_default().push(*kind);
        }
    }
    by_status
}

/// The form of a word, or of an object with one field.
pub(super) fn word_or_object(words: &str, example: serde_json::Value) -> Object {
    let types = SchemaType::from_iter([Type::String, Type::Object]);
    ObjectBuilder::new().schema_type(types).description(Some(words)).examples([example]).build()
}

/// Whether what some callers may not see is for them as if it did not exist (AUTH-11).
fn is_scoped(operation: Operation) -> bool {
    match operation.access() {
        Access::Public | Access::Enrolling | Access::SignedIn => false,
        Access::OwnOr(_) => true,
        Access::Roles(table) => table.iter().any(|(_, scope)| *scope != Scope::All),
    }
}

fn header(name: &str, words: &str, example: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .description(Some(words))
        .schema(Some(
            ObjectBuilder::new().schema_type(Type::String).examples([serde_json::json!(example)]).build(),
        ))
        .build()
}

fn json_response(words: &str, schema: &str, media: &str) -> RefOr<utoipa::openapi::Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build();
    RefOr::T(ResponseBuilder::new().description(words).content(media, content).build())
}
