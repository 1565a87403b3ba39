//! Errors as `application/problem+json` (RFC 9457): a stable type, words, the fields at fault, the request's id.

use crate::state::Refused;
use assay_trading_types::{
    AdminRefusal, AmendmentRefusal, CommandRefusal, LoanRefusal, MoneyRefusal, Refusal,
};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $status:ident $slug:literal $title:literal;)*) => {
        /// What kind of problem; its URI is `urn:assay:problem:SLUG` for ever.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemKind { $($(#[$doc])* $name,)* }

        impl ProblemKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The last part of its URI.
            pub const fn slug(self) -> &'static str { match self { $(Self::$name => $slug,)* } }

            /// The status it is answered with.
            pub const fn status(self) -> StatusCode { match self { $(Self::$name => StatusCode::$status,)* } }

            /// What it is, in words that do not change.
            pub const fn title(self) -> &'static str { match self { $(Self::$name => $title,)* } }
        }
    };
}

kinds! {
    /// A body, parameter or header says something wrong.
    Invalid = BAD_REQUEST "invalid" "The request is not valid";
    /// Host header of a name that is not served.
    UnknownHost = BAD_REQUEST "unknown-host" "This host is not served";
    /// A one-time link does not work.
    TokenInvalid = BAD_REQUEST "token-invalid" "The link is spent, expired or not one of ours";
    /// No credentials, or bad ones.
    Unauthenticated = UNAUTHORIZED "unauthenticated" "Log in first";
    /// A second factor is needed.
    SecondFactor = UNAUTHORIZED "second-factor" "A second factor is needed";
    /// The role does not allow it.
    Forbidden = FORBIDDEN "forbidden" "Your role does not allow this";
    /// A browser's write without the token that its answers carry.
    Csrf = FORBIDDEN "csrf" "Show the X-CSRF-Token of an earlier answer";
    /// A second factor must be set up first.
    Enrol = FORBIDDEN "enrol-second-factor" "Set up your second factor first";
    /// Maker and checker are one person, or somebody acts on themselves.
    Segregation = FORBIDDEN "segregation" "Another person must do this";
    /// No such thing, or another's.
    NotFound = NOT_FOUND "not-found" "There is no such thing";
    /// The path exists, the method does not.
    Method = METHOD_NOT_ALLOWED "method" "This method does not exist here";
    /// It is in a state that does not allow it.
    Conflict = CONFLICT "conflict" "Its state does not allow this";
    /// If-Match names another version.
    Version = PRECONDITION_FAILED "version" "It has changed meanwhile";
    /// The body is too large.
    TooLarge = PAYLOAD_TOO_LARGE "too-large" "The body is too large";
    /// The body is of another type.
    MediaType = UNSUPPORTED_MEDIA_TYPE "media-type" "The body must be application/json";
    /// The Idempotency-Key was used with other content.
    Idempotency = UNPROCESSABLE_ENTITY "idempotency" "This Idempotency-Key came with another request";
    /// Too many requests.
    RateLimit = TOO_MANY_REQUESTS "rate-limit" "Too many requests";
    /// Not now: recovering, overloaded, or the log takes nothing.
    Unavailable = SERVICE_UNAVAILABLE "unavailable" "Not available now";
}

/// A field at fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// Its path in the body, or the parameter's or header's name.
    #[schema(example = "password")]
    pub field: String,
    /// What is wrong.
    #[schema(example = "must have at least 12 characters")]
    pub message: String,
}

/// A problem as it is sent.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ProblemBody {
    /// What kind, for ever the same.
    #[schema(example = "urn:assay:problem:invalid")]
    pub r#type: String,
    /// What kind, in words.
    #[schema(example = "The request is not valid")]
    pub title: String,
    /// HTTP status.
    #[schema(example = 400)]
    pub status: u16,
    /// What happened this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "1 field is not valid")]
    pub detail: Option<String>,
    /// Code of a refused command.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "VERSION_CONFLICT")]
    pub code: Option<String>,
    /// Fields at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// A problem on its way to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    kind: ProblemKind,
    detail: Option<String>,
    code: Option<&'static str>,
    errors: Vec<FieldError>,
    retry_after_s: Option<u64>,
}

impl Problem {
    /// Of a kind, with nothing more to say.
    pub fn new(kind: ProblemKind) -> Self {
        Self { kind, detail: None, code: None, errors: Vec::new(), retry_after_s: None }
    }

    /// With words for this time.
    pub fn because(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..Self::new(kind) }
    }

    /// One field is wrong.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::fields(vec![FieldError { field: field.to_owned(), message: message.into() }])
    }

    /// Some fields are wrong.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(ProblemKind::Invalid) }
    }

    /// Come again in so many seconds.
    pub fn later(kind: ProblemKind, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds), ..Self::new(kind) }
    }

    /// Whether it is about one field of the body.
    pub fn is_about(&self, field: &str) -> bool {
        matches!(self.errors.as_slice(), [only] if only.field == field)
    }

    /// Its kind.
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind.title())?;
        if let Some(detail) = &self.detail {
            write!(f, ": {detail}")?;
        }
        self.errors.iter().try_for_each(|e| write!(f, "; {} {}", e.field, e.message))
    }
}

impl std::error::Error for Problem {}

/// The one mapping from refusals to statuses.
impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        use AdminRefusal as R;
        use ProblemKind as K;
        let kind = match refused.refusal {
            R::IdempotencyConflict => K::Idempotency,
            R::NotSignedIn
            | R::TokenReused
            | R::UserInactive
            | R::LockedOut
            | R::CredentialsChanged
            | R::SecondFactorUsed => K::Unauthenticated,
            R::SecondFactorNeeded => K::SecondFactor,
            R::NotFound => K::NotFound,
            R::VersionConflict => K::Version,
            R::TokenInvalid => K::TokenInvalid,
            R::OwnUser | R::MakerIsChecker => K::Segregation,
            R::EmailTaken | R::UsernameTaken | R::RoleMisfit => K::Invalid,
            R::AdministratorExists | R::LastAdministrator | R::WrongState | R::TooMany | R::Exists => {
                K::Conflict
            }
        };
        let field = match refused.refusal {
            R::EmailTaken => Some("email"),
            R::UsernameTaken => Some("username"),
            R::RoleMisfit => Some("roles"),
            _ => None,
        };
        let errors =
            field.map(|field| FieldError { field: field.to_owned(), message: refused.detail.clone() });
        Self {
            code: Some(refused.refusal.code()),
            errors: errors.into_iter().collect(),
            ..Self::because(kind, refused.detail)
        }
    }
}

/// The one mapping from refusals of money to statuses.
impl From<(MoneyRefusal, String)> for Problem {
    fn from((refusal, detail): (MoneyRefusal, String)) -> Self {
        use MoneyRefusal as R;
        use ProblemKind as K;
        let kind = match refusal {
            R::UnknownMovement | R::UnknownBeneficiary => K::NotFound,
            R::UnknownFirm
            | R::UnknownAccount
            | R::UnknownAsset
            | R::AmountNotPositive
            | R::AmountTooFine
            | R::AmountTooLarge
            | R::SameAccount
            | R::AssetMisfit
            | R::InsufficientFunds => K::Invalid,
            R::NotVerified => K::Forbidden,
            R::SamePerson => K::Segregation,
            R::AccountClosed
            | R::AccountSuspended
            | R::NotAsAnnounced
            | R::WrongState
            | R::Expired
            | R::NotReversible
            | R::ReferenceUsed
            | R::BeneficiaryExists
            | R::BeneficiaryCooling
            | R::NoRate
            | R::RateTooLow
            | R::DayLimit
            | R::TooMany => K::Conflict,
        };
        Self { code: Some(refusal.code()), ..Self::because(kind, detail) }
    }
}

/// The one mapping from refusals of orders to statuses: what the client can mend is 400, what stands against it now 409,
/// and a market or a node that takes no orders 503.
impl From<(Refusal, String)> for Problem {
    fn from((refusal, detail): (Refusal, String)) -> Self {
        use ProblemKind as K;
        use Refusal as R;
        let kind = match refusal {
            R::UnknownOrder => K::NotFound,
            R::NotEntitled | R::AccountSuspended | R::Restricted => K::Forbidden,
            R::DupClOrdId
            | R::DupOrder
            | R::RepeatBreaker
            | R::TooLate
            | R::NotCurrent
            | R::IdMismatch
            | R::Pending
            | R::StaleModify
            | R::NotAmendable
            | R::CancelNotPossible
            | R::VenueRefused => K::Conflict,
            R::RateLimit => K::RateLimit,
            R::KillSwitch
            | R::CancelOnly
            | R::ReduceOnly
            | R::NoRefPrice
            | R::MarketClosed
            | R::Halted
            | R::NotTradable
            | R::RiskUnavailable => K::Unavailable,
            _ => K::Invalid,
        };
        // It is decided: the same request gets the same answer, whenever it comes again.
        Self { code: Some(refusal.code()), ..Self::because(kind, detail) }
    }
}

/// The one mapping from refusals of what is asked of risk's own controls to statuses.
impl From<(CommandRefusal, String)> for Problem {
    fn from((refusal, detail): (CommandRefusal, String)) -> Self {
        use CommandRefusal as R;
        use ProblemKind as K;
        let kind = match refusal {
            R::UnknownChange => K::NotFound,
            R::UnknownScope
            | R::BadLimits
            | R::NoReason
            | R::BadExpiry
            | R::ExceedsAllocation
            | R::BadQuantity
            | R::BadLender => K::Invalid,
            R::SamePerson => K::Segregation,
            R::DuplicateChange | R::TooManyChanges | R::EmergencyInForce | R::NoEffect => K::Conflict,
        };
        Self { code: Some(refusal.code()), ..Self::because(kind, detail) }
    }
}

/// The one mapping from refusals of what is asked of trades to statuses. They say no more than their codes.
impl From<(AmendmentRefusal, String)> for Problem {
    fn from((refusal, _): (AmendmentRefusal, String)) -> Self {
        use AmendmentRefusal as R;
        use ProblemKind as K;
        let (kind, detail) = match refusal {
            R::UnknownTrade => (K::NotFound, "the market knows no such trade"),
            R::AlreadyBusted => (K::Conflict, "the trade was undone before"),
            R::Stale => (K::Conflict, "the trade or its orders changed meanwhile: look, and propose anew"),
            R::BadPrice => {
                (K::Invalid, "the price is none of the instrument's, or what the trade has already")
            }
        };
        Self { code: Some(refusal.code()), ..Self::because(kind, detail) }
    }
}

/// The one mapping from refusals of loans to statuses.
impl From<(LoanRefusal, String)> for Problem {
    fn from((refusal, detail): (LoanRefusal, String)) -> Self {
        use LoanRefusal as R;
        use ProblemKind as K;
        let kind = match refusal {
            R::ProductNotFound | R::LoanNotFound => K::NotFound,
            R::ProductInvalid
            | R::WrongStage
            | R::AmountNotPositive
            | R::AmountTooFine
            | R::AmountOutOfBounds
            | R::TooManyLoans
            | R::CollateralNotAccepted
            | R::CollateralTooSmall
            | R::InsufficientFunds
            | R::NoSchedule
            | R::TooLarge
            | R::UnknownFirm
            | R::UnknownAccount => K::Invalid,
            R::NotVerified | R::NotTheBorrower | R::NotTheProposer => K::Forbidden,
            R::SamePerson | R::OwnLoan => K::Segregation,
            R::ProductChanged | R::LoanChanged => K::Version,
            R::ProductNotActive
            | R::LoanExists
            | R::PriceMissing
            | R::PriceStale
            | R::LiquidationOpen
            | R::LiquidationNotFound
            | R::CollateralRemains
            | R::DayNotBegun
            | R::AccountClosed
            | R::AccountSuspended
            | R::TooManyProducts => K::Conflict,
        };
        Self { code: Some(refusal.code()), ..Self::because(kind, detail) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.kind.status();
        let body = ProblemBody {
            r#type: format!("urn:assay:problem:{}", self.kind.slug()),
            title: self.kind.title().to_owned(),
            status: status.as_u16(),
            detail: self.detail,
            code: self.code.map(str::to_owned),
            errors: self.errors,
        };
        let json = serde_json::to_vec(&body).expect("text and numbers become JSON");
        let mut response =
            (status, [(header::CONTENT_TYPE, "application/problem+json")], json).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // For whoever writes down why.
        response.extensions_mut().insert(self.kind);
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_uri() {
        let slugs: std::collections::BTreeSet<&str> = ProblemKind::ALL.iter().map(|k| k.slug()).collect();
        assert_eq!(slugs.len(), ProblemKind::ALL.len());
    }

    #[test]
    fn every_refusal_is_a_clients_fault_and_keeps_its_code() {
        for refusal in AdminRefusal::ALL {
            let problem = Problem::from(Refused::new(*refusal, "x"));
            assert!(problem.kind().status().is_client_error(), "{refusal:?}");
            assert_eq!(problem.code, Some(refusal.code()));
        }
        for refusal in LoanRefusal::ALL {
            let problem = Problem::from((*refusal, "x".to_owned()));
            assert!(problem.kind().status().is_client_error(), "{refusal:?}");
            assert_eq!(problem.code, Some(refusal.code()));
        }
        for refusal in MoneyRefusal::ALL {
            let problem = Problem::from((*refusal, "x".to_owned()));
            assert!(problem.kind().status().is_client_error(), "{refusal:?}");
            assert_eq!(problem.code, Some(refusal.code()));
        }
    }
}
