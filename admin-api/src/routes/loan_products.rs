//! Loan products: what is offered, and how it comes to be.

use super::firms::failed;
use super::loan_terms::LoanTerms;
use super::loans::{InstalmentView, instalment_view};
use super::reason::checked;
use crate::answer::{changed, entity, etag, placed};
use crate::api::{Api, Lent};
use crate::asked::Asked;
use crate::body::Body;
use crate::operation::Scope;
use crate::paging::Params;
use crate::path::Path;
use crate::problem::{Problem, ProblemKind};
use assay_trading_types::loan_terms::Product;
use assay_trading_types::{Amount, Date, LoanAction, LoanProduct, LoanProductId};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list_loan_products, propose_loan_product))
        .routes(routes!(read_loan_product, change_loan_product))
        .routes(routes!(approve_loan_product))
        .routes(routes!(decline_loan_product))
        .routes(routes!(withdraw_loan_product))
        .routes(routes!(quote_loan))
}

/// A loan product.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoanProductView {
    /// Its name.
    #[schema(example = "HOME")]
    id: String,
    /// Grows with every change.
    #[schema(example = 2)]
    version: u64,
    /// Whether loans can be applied for.
    #[schema(example = true)]
    active: bool,
    /// Terms in force.
    #[schema(value_type = Option<Object>, example = json!({"currency": "USD", "rate": "0.12"}))]
    terms: Option<LoanTerms>,
    /// Who approved them; for staff.
    #[schema(example = "user:usr_0192f3a4b5c60123456789abcdef0123")]
    approved_by: Option<String>,
    /// Terms that wait for a second person; for staff.
    #[schema(value_type = Option<Object>, example = json!(null))]
    proposed: Option<LoanTerms>,
    /// Who proposed them; for staff.
    #[schema(example = json!(null))]
    proposed_by: Option<String>,
    /// Who declined the terms proposed last; for staff.
    #[schema(example = json!(null))]
    declined_by: Option<String>,
    /// Why; for staff.
    #[schema(example = json!(null))]
    decline_reason: Option<String>,
}

fn view(product: LoanProduct, is_staffs: bool) -> LoanProductView {
    let declined = product.declined.filter(|_| is_staffs);
    LoanProductView {
        id: product.id.to_string(),
        version: product.version,
        active: product.active,
        terms: product.terms.map(LoanTerms::from),
        approved_by: product.approved_by.filter(|_| is_staffs).map(|by| by.to_string()),
        proposed: product.proposed.filter(|_| is_staffs).map(LoanTerms::from),
        proposed_by: product.proposed_by.filter(|_| is_staffs).map(|by| by.to_string()),
        declined_by: declined.as_ref().map(|declined| declined.by.to_string()),
        decline_reason: declined.map(|declined| declined.reason),
    }
}

/// Loan products.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoanProductsView {
    /// By name.
    items: Vec<LoanProductView>,
}

fn is_staff(asked: &Asked) -> Result<bool, Problem> {
    Ok(asked.caller()?.scope == Scope::All)
}

/// Products that are offered; for staff also those that wait or are offered no more.
#[utoipa::path(get, path = "/api/v1/loan-products", operation_id = "list_loan_products", tag = "loans",
    responses((status = 200, body = LoanProductsView)))]
async fn list_loan_products(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Json<LoanProductsView>, Problem> {
    let is_staffs = is_staff(&asked)?;
    let products = api.read_model(&headers).await?.loan_products(is_staffs).map_err(failed)?;
    Ok(Json(LoanProductsView { items: products.into_iter().map(|p| view(p, is_staffs)).collect() }))
}

/// One product; for staff also what waits of it.
#[utoipa::path(get, path = "/api/v1/loan-products/{id}", operation_id = "read_loan_product", tag = "loans",
    params(("id" = String, Path, description = "The product", example = "HOME")),
    responses((status = 200, body = LoanProductView)))]
async fn read_loan_product(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let is_staffs = is_staff(&asked)?;
    let product = found(&api, &headers, &id).await?;
    if !product.active && !is_staffs {
        return Err(Problem::new(ProblemKind::NotFound));
    }
    Ok(entity(product.version, view(product, is_staffs)))
}

async fn found(api: &Api, headers: &HeaderMap, id: &str) -> Result<LoanProduct, Problem> {
    let not_found = || Problem::new(ProblemKind::NotFound);
    let id = LoanProductId::new(id).map_err(|_| not_found())?;
    api.read_model(headers).await?.loan_product(id).map_err(failed)?.ok_or_else(not_found)
}

/// A product to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLoanProduct {
    /// Its name.
    #[schema(value_type = String, example = "HOME")]
    id: LoanProductId,
    /// Its terms.
    terms: LoanTerms,
}

/// Proposes a product. It is offered once another loan officer has approved its terms.
#[utoipa::path(post, path = "/api/v1/loan-products", operation_id = "propose_loan_product", tag = "loans",
    request_body = NewLoanProduct, responses((status = 201, body = LoanProductView)))]
async fn propose_loan_product(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Body(given): Body<NewLoanProduct>,
) -> Result<Response, Problem> {
    asked.caller()?;
    let NewLoanProduct { id: product, terms } = given;
    let there = api.read_model(&headers).await?.loan_product(product).map_err(failed)?;
    if there.is_some_and(|there| there.terms.is_some()) && !api.is_repeat(&asked) {
        let detail = format!("{product} has terms in force: change it instead");
        return Err(Problem::because(ProblemKind::Conflict, detail));
    }
    propose(&api, &asked, product, terms.into(), StatusCode::CREATED).await
}

async fn propose(
    api: &Api,
    asked: &Asked,
    product: LoanProductId,
    terms: Product,
    status: StatusCode,
) -> Result<Response, Problem> {
    // What can be said without the venue is said with the words that the core has for it.
    if let Some(fault) = assay_loans::fault(&terms) {
        let field = format!("terms.{}", fault.split(' ').next().unwrap_or_default());
        return Err(Problem::field(&field, fault));
    }
    let terms = Box::new(terms);
    say(api, asked, LoanAction::ProposeProduct { product, terms }, status).await
}

async fn say(api: &Api, asked: &Asked, action: LoanAction, status: StatusCode) -> Result<Response, Problem> {
    match api.instruct_loan(asked, None, action).await? {
        Lent::Late(outcome) => Ok(changed(outcome)),
        Lent::Loan(..) => Err(Problem::later(ProblemKind::Unavailable, 1)),
        Lent::Product(product) => {
            let place = format!("/api/v1/loan-products/{}", product.id);
            let tag = etag(product.version);
            Ok(placed((status, [tag], Json(view(*product, true))).into_response(), &place))
        }
    }
}

/// A product that is to be another.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoanProductChange {
    /// Terms that change; the others stay. They count once another loan officer has approved them, for later loans.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"rate": "0.11"}))]
    terms: Map<String, Value>,
    /// `false` when it is to be offered no more, at once.
    #[schema(example = json!(null))]
    active: Option<bool>,
}

/// Proposes other terms for later loans of a product, or takes it out of the catalogue at once.
#[utoipa::path(patch, path = "/api/v1/loan-products/{id}", operation_id = "change_loan_product", tag = "loans",
    params(("id" = String, Path, description = "The product", example = "HOME")),
    request_body = LoanProductChange, responses((status = 200, body = LoanProductView)))]
async fn change_loan_product(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Body(given): Body<LoanProductChange>,
) -> Result<Response, Problem> {
    asked.caller()?;
    let product = found(&api, &headers, &id).await?;
    if let Some(expected) = asked.expected_version.filter(|expected| *expected != product.version) {
        let detail = format!("it has version {}, not {expected}", product.version);
        return Err(Problem::because(ProblemKind::Version, detail));
    }
    match (given.active, given.terms.is_empty()) {
        (Some(false), true) => {
            say(&api, &asked, LoanAction::RetireProduct { product: product.id }, StatusCode::OK).await
        }
        (None, false) => {
            let before = product.terms.or(product.proposed).ok_or(Problem::new(ProblemKind::NotFound))?;
            let terms = changed_terms(before, given.terms)?;
            propose(&api, &asked, product.id, terms, StatusCode::OK).await
        }
        (Some(true), _) => Err(Problem::field("active", "terms that are proposed and approved make it so")),
        _ => Err(Problem::field("terms", "either terms change, or active is false")),
    }
}

/// Terms with some of them replaced.
fn changed_terms(before: Product, change: Map<String, Value>) -> Result<Product, Problem> {
    let mut terms = serde_json::to_value(LoanTerms::from(before)).unwrap_or_default();
    if let Some(fields) = terms.as_object_mut() {
        fields.extend(change);
    }
    let terms: LoanTerms = serde_path_to_error::deserialize(terms).map_err(|error| {
        let (path, words) = (error.path().to_string(), error.inner().to_string());
        Problem::field(&format!("terms.{path}"), words)
    })?;
    Ok(terms.into())
}

/// A second person's word on terms.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoanProductApproval {
    /// The product's version whose proposed terms were looked at, unless If-Match names it.
    #[schema(example = 1)]
    version: Option<u64>,
}

/// The version that was looked at, by If-Match or by the body: what has changed since is not decided on.
fn looked_at(asked: &Asked, given: Option<u64>) -> Result<u64, Problem> {
    match (asked.expected_version, given) {
        (Some(named), Some(given)) if named != given => {
            let detail = format!("If-Match names version {named}, the body {given}");
            Err(Problem::because(ProblemKind::Version, detail))
        }
        (named, given) => named.or(given).ok_or_else(|| {
            Problem::field("version", "name the version that was looked at, or send If-Match")
        }),
    }
}

fn named(id: &str) -> Result<LoanProductId, Problem> {
    LoanProductId::new(id).map_err(|_| Problem::new(ProblemKind::NotFound))
}

/// Puts proposed terms in force. Never by whoever proposed them.
#[utoipa::path(post, path = "/api/v1/loan-products/{id}/approve", operation_id = "approve_loan_product", tag = "loans",
    params(("id" = String, Path, description = "The product", example = "HOME")),
    request_body = LoanProductApproval, responses((status = 200, body = LoanProductView)))]
async fn approve_loan_product(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<LoanProductApproval>,
) -> Result<Response, Problem> {
    asked.caller()?;
    let (product, version) = (named(&id)?, looked_at(&asked, given.version)?);
    say(&api, &asked, LoanAction::ApproveProduct { product, version }, StatusCode::OK).await
}

/// A second person's word against terms.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoanProductRefusal {
    /// The product's version whose proposed terms were looked at, unless If-Match names it.
    #[schema(example = 1)]
    version: Option<u64>,
    /// Why, for who proposed them and for the record.
    #[schema(example = "the haircut is too small")]
    reason: String,
}

/// Declines proposed terms: those in force stay. Never by whoever proposed them.
#[utoipa::path(post, path = "/api/v1/loan-products/{id}/decline", operation_id = "decline_loan_product", tag = "loans",
    params(("id" = String, Path, description = "The product", example = "HOME")),
    request_body = LoanProductRefusal, responses((status = 200, body = LoanProductView)))]
async fn decline_loan_product(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<LoanProductRefusal>,
) -> Result<Response, Problem> {
    asked.caller()?;
    let (product, version) = (named(&id)?, looked_at(&asked, given.version)?);
    let reason = checked(&given.reason)?;
    say(&api, &asked, LoanAction::DeclineProduct { product, version, reason }, StatusCode::OK).await
}

/// What is taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoanProductWithdrawal {
    /// The product's version whose proposed terms are taken back, unless If-Match names it.
    #[schema(example = 1)]
    version: Option<u64>,
}

/// Takes proposed terms back: those in force stay. By whoever proposed them, and nobody else.
#[utoipa::path(post, path = "/api/v1/loan-products/{id}/withdraw", operation_id = "withdraw_loan_product", tag = "loans",
    params(("id" = String, Path, description = "The product", example = "HOME")),
    request_body = LoanProductWithdrawal, responses((status = 200, body = LoanProductView)))]
async fn withdraw_loan_product(
    State(api): State<Arc<Api>>,
    asked: Asked,
    Path(id): Path<String>,
    Body(given): Body<LoanProductWithdrawal>,
) -> Result<Response, Problem> {
    asked.caller()?;
    let (product, version) = (named(&id)?, looked_at(&asked, given.version)?);
    say(&api, &asked, LoanAction::WithdrawProduct { product, version }, StatusCode::OK).await
}

/// What a quote takes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct QuoteQuery {
    /// How much would be borrowed, a decimal.
    #[param(value_type = String, example = "10000")]
    amount: Amount,
    /// The day it would be paid out; today when left out.
    #[param(value_type = Option<String>, example = "2026-12-01")]
    start: Option<Date>,
}

/// What a loan would cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuoteView {
    /// The product.
    #[schema(example = "HOME")]
    product: String,
    /// Currency.
    #[schema(example = "USD")]
    currency: String,
    /// How much would be borrowed, a decimal.
    #[schema(example = "10000")]
    amount: String,
    /// Kept from the payout, a decimal.
    #[schema(example = "10")]
    payout_fee: String,
    /// What the collateral must count for, after haircuts, in the currency: a decimal.
    #[schema(example = "15000")]
    collateral: String,
    /// Interest if everything is paid when due, a decimal.
    #[schema(example = "661.86")]
    interest: String,
    /// What falls due when.
    instalments: Vec<InstalmentView>,
}

/// What a loan on the product's terms would have to pay, by due date.
#[utoipa::path(get, path = "/api/v1/loan-products/{id}/quote", operation_id = "quote_loan", tag = "loans",
    params(("id" = String, Path, description = "The product", example = "HOME"), QuoteQuery),
    responses((status = 200, body = QuoteView)))]
async fn quote_loan(
    State(api): State<Arc<Api>>,
    asked: Asked,
    headers: HeaderMap,
    Path(id): Path<String>,
    Params(query): Params<QuoteQuery>,
) -> Result<Json<QuoteView>, Problem> {
    asked.caller()?;
    let product = found(&api, &headers, &id).await?;
    let terms = product.terms.filter(|_| product.active).ok_or(Problem::new(ProblemKind::NotFound))?;
    let start = query.start.unwrap_or_else(|| Date::of(api.now()));
    let schedule = assay_loans::quote(&terms, query.amount, start).map_err(|refusal| {
        let (least, most, currency) = (terms.amount_min, terms.amount_max, terms.currency);
        (refusal, format!("{} {currency}; {least} to {most} {currency} are lent", query.amount))
    })?;
    let needed = assay_loans::collateral_needed(&terms, query.amount);
    let collateral = needed.map_err(|refusal| (refusal, query.amount.to_string()))?.to_string();
    let interest = schedule.iter().map(|instalment| instalment.interest.units()).sum();
    Ok(Json(QuoteView {
        product: product.id.to_string(),
        currency: terms.currency.to_string(),
        amount: query.amount.to_string(),
        payout_fee: terms.payout_fee.to_string(),
        collateral,
        interest: Amount::from_units(interest).to_string(),
        instalments: schedule.iter().map(instalment_view).collect(),
    }))
}
