//! Fields and parameters that take certain words and no others: the document lists them.

use crate::operation::Operation;
use crate::read_model::PositionSide;
use assay_trading_types::{Job, MovementKind, NoticeKind, OrdStatus, OrdType, Side, TimeInForce, UserRole};
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::schema::{ArrayItems, Object, Schema, SchemaType, Type};
use utoipa::openapi::{OpenApi, RefOr};

const DAY_COUNTS: &[&str] = &["act365_fixed", "act360", "thirty360_eurobond", "act_act_isda"];
const PAY_METHODS: &[&str] = &["bank_transfer", "card", "crypto"];
const SELF_TRADES: &[&str] = &["allow", "cancel_newest", "cancel_oldest", "cancel_both", "decrement"];
const MOVEMENT_STATUSES: &[&str] = &["pending", "processing", "completed", "failed", "cancelled", "expired"];
const LOAN_STATUSES: &[&str] =
    &["pending", "approved", "active", "defaulted", "repaid", "written_off", "rejected", "cancelled"];
const DOCUMENTS: &[&str] = &["passport", "drivers_license", "national_id", "registration"];
const PICTURES: &[&str] = &["front", "back", "selfie", "proof_of_address"];
const REJECTIONS: &[&str] =
    &["unreadable", "mismatch", "document_expired", "forged", "listed", "duplicate", "other"];
const FORMATS: &[&str] = &["json", "table", "csv", "pdf", "parquet", "ledger", "beancount"];

/// A schema's field, and its words.
fn fields() -> Vec<(&'static str, &'static str, Vec<Value>)> {
    vec![
        ("BalanceInterestView", "day_count", given(DAY_COUNTS)),
        ("BeneficiaryView", "method", given(PAY_METHODS)),
        ("BreakView", "kind", given(&["imbalance", "clearing", "trades", "movements", "hold"])),
        ("ColumnView", "kind", given(&["text", "integer", "decimal", "time", "day", "flag"])),
        ("CommandView", "outcome", given(&["done", "proposed", "refused", "pending"])),
        ("DeliveryView", "kind", all(NoticeKind::ALL)),
        ("ExecutionView", "side", all(Side::ALL)),
        ("FirmTerms", "self_trade", given(SELF_TRADES)),
        ("FirmView", "self_trade", given(SELF_TRADES)),
        ("FixSession", "source", given(&["file", "log"])),
        ("FixSession", "state", given(&["suspended", "unusable", "logged_on", "off"])),
        ("Invitation", "roles", all(UserRole::ALL)),
        ("JobView", "name", all(Job::ALL)),
        ("KycFileView", "document_type", given(DOCUMENTS)),
        ("LoanTerms", "day_count", given(DAY_COUNTS)),
        ("LoanTerms", "stub", given(&["short", "long"])),
        ("LoanTerms", "prepayment", given(&["shortens_term", "lowers_instalments"])),
        ("LoanTerms", "waterfall", given(&["fees", "interest", "principal"])),
        ("LoanView", "late", given(&["current", "days1", "days30", "days60", "days90"])),
        ("LoanView", "status", given(LOAN_STATUSES)),
        ("MovementView", "kind", all(MovementKind::ALL)),
        ("MovementView", "method", given(PAY_METHODS)),
        ("MovementView", "status", given(MOVEMENT_STATUSES)),
        ("NewBalanceInterest", "day_count", given(DAY_COUNTS)),
        ("NewBeneficiary", "method", given(PAY_METHODS)),
        ("NewDeposit", "method", given(PAY_METHODS)),
        ("NoticeView", "kind", all(NoticeKind::ALL)),
        ("NewOrder", "side", all(Side::ALL)),
        ("NewOrder", "ord_type", all(OrdType::ALL)),
        ("NewOrder", "tif", all(TimeInForce::ALL)),
        ("OrderView", "origin", given(&["api", "fix", "loan_desk"])),
        ("OrderView", "tif", all(TimeInForce::ALL)),
        ("OrderView", "side", all(Side::ALL)),
        ("OrderView", "ord_type", all(OrdType::ALL)),
        ("OrderView", "status", all(OrdStatus::ALL)),
        ("PositionView", "side", all(PositionSide::ALL)),
        ("ProviderWord", "verdict", given(&["clear", "consider", "suspect"])),
        ("ReportView", "scope", given(&["firm", "all"])),
        ("ReviewView", "code", given(REJECTIONS)),
        ("ReviewView", "risk", given(&["low", "medium", "high"])),
        ("RiskSwitch", "state", given(&["open", "reduce_only", "cancel_only", "killed"])),
        ("RolesChange", "roles", all(UserRole::ALL)),
        ("SubmissionForm", "document_type", given(DOCUMENTS)),
        ("SubmissionForm", "holder", given(&["person", "company"])),
        ("SubmissionForm", "for", given(&["me", "firm"])),
        ("Tokens", "token_type", given(&["Bearer", "Cookie"])),
        ("TurnedDown", "code", given(REJECTIONS)),
        ("UserView", "roles", all(UserRole::ALL)),
        ("WantedWebhook", "kinds", all(NoticeKind::ALL)),
        ("WebhookView", "kinds", all(NoticeKind::ALL)),
    ]
}

/// An operation's parameter, and its words.
fn parameters() -> Vec<(Operation, &'static str, Vec<Value>)> {
    vec![
        (Operation::ListOrders, "status", all(OrdStatus::ALL)),
        (Operation::ListPositions, "side", all(PositionSide::ALL)),
        (Operation::ListDeposits, "status", given(MOVEMENT_STATUSES)),
        (Operation::ListWithdrawals, "status", given(MOVEMENT_STATUSES)),
        (Operation::ListTransactions, "status", given(MOVEMENT_STATUSES)),
        (Operation::ListTransactions, "kind", all(MovementKind::ALL)),
        (Operation::ListLoans, "status", given(LOAN_STATUSES)),
        (Operation::ListNotices, "kind", all(NoticeKind::ALL)),
        (Operation::ListKycFiles, "type", given(DOCUMENTS)),
        (Operation::ReadKycImage, "kind", given(PICTURES)),
        (Operation::RunReport, "format", given(FORMATS)),
        (Operation::RepeatReport, "format", given(FORMATS)),
        (Operation::RunJob, "name", all(Job::ALL)),
        (Operation::ListUsers, "role", all(UserRole::ALL)),
    ]
}

fn given(words: &[&str]) -> Vec<Value> {
    words.iter().map(|word| Value::from(*word)).collect()
}

/// Every value of an enumeration, as it stands in JSON.
fn all<T: Serialize>(values: impl AsRef<[T]>) -> Vec<Value> {
    values.as_ref().iter().map(|value| serde_json::to_value(value).unwrap_or_default()).collect()
}

/// Lists the words in the document.
///
/// # Panics
/// A name is not in the document: it was changed there and not here.
pub(crate) fn list(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    for (schema, field, words) in fields() {
        // A page has its items' form in it, and what stands in pages alone has none of its own.
        let own = components.schemas.get_mut(schema).is_some_and(|form| restrict_field(form, field, &words));
        let page = components.schemas.get_mut(&format!("Page_{schema}")).and_then(items_of_page);
        let paged = page.is_some_and(|form| restrict_field(form, field, &words));
        assert!(own || paged, "the document has no {schema} with {field}");
    }
    for (operation, name, words) in parameters() {
        let item = document.paths.paths.get_mut(operation.path()).expect("every operation is in it");
        let described = super::document::described(item, operation).expect("every operation is in it");
        let mut parameters = described.parameters.iter_mut().flatten();
        let parameter = parameters.find(|parameter| parameter.name == name);
        let parameter = parameter.unwrap_or_else(|| panic!("{} has no {name}", operation.name()));
        restrict(parameter.schema.as_mut().expect("a parameter has a schema"), words);
    }
}

/// The form of a page's items.
fn items_of_page(page: &mut RefOr<Schema>) -> Option<&mut RefOr<Schema>> {
    let RefOr::T(Schema::Object(page)) = page else { return None };
    match page.properties.get_mut("items")? {
        RefOr::T(Schema::Array(array)) => match &mut array.items {
            ArrayItems::RefOrSchema(items) => Some(items.as_mut()),
            ArrayItems::False => None,
        },
        _ => None,
    }
}

/// Whether it has the field.
fn restrict_field(form: &mut RefOr<Schema>, field: &str, words: &[Value]) -> bool {
    let RefOr::T(Schema::Object(object)) = form else { return false };
    let property = object.properties.get_mut(field);
    property.map(|property| restrict(property, words.to_vec())).is_some()
}

/// To `words`, and nothing where that is allowed; of an array its items.
fn restrict(schema: &mut RefOr<Schema>, words: Vec<Value>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            let nothing = may_be_null(object).then_some(Value::Null);
            object.enum_values = Some(words.into_iter().chain(nothing).collect());
        }
        RefOr::T(Schema::Array(array)) => match &mut array.items {
            ArrayItems::RefOrSchema(items) => restrict(items, words),
            ArrayItems::False => panic!("an array of nothing has no words"),
        },
        _ => panic!("neither a word nor a list of words"),
    }
}

fn may_be_null(object: &Object) -> bool {
    match &object.schema_type {
        SchemaType::Array(types) => types.contains(&Type::Null),
        SchemaType::Type(_) | SchemaType::AnyValue => false,
    }
}
