//! Terms of loan products, as they are shown and taken.

use super::document::word_or_object;
use assay_trading_types::loan_terms::{
    BusinessDays, CollateralRule, Cycle, DayCount, Part, Prepayment, Product, Rate, Repayment, Stub,
};
use assay_trading_types::{Amount, Asset};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::Object;

/// Terms of a loan product. Rates and ratios are fractions: `0.12` is 12 %, `1.5` is 150 %.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoanTerms {
    /// 1 to 100 characters.
    #[schema(example = "Home")]
    pub(crate) name: String,
    /// For people, at most 2000 characters.
    #[serde(default)]
    #[schema(example = "A year, in monthly instalments, against shares")]
    pub(crate) description: String,
    /// Currency lent.
    #[schema(value_type = String, example = "USD")]
    pub(crate) currency: Asset,
    /// Its decimals.
    #[schema(example = 2)]
    pub(crate) decimals: u8,
    /// Least that is lent, a decimal.
    #[schema(value_type = String, example = "100")]
    pub(crate) amount_min: Amount,
    /// Most that is lent, a decimal.
    #[schema(value_type = String, example = "100000")]
    pub(crate) amount_max: Amount,
    /// Days from payout to maturity.
    #[schema(example = 365)]
    pub(crate) term_days: u32,
    /// Interest a year.
    #[schema(value_type = String, example = "0.12")]
    pub(crate) rate: Rate,
    /// `act365_fixed`, `act360`, `thirty360_eurobond` or `act_act_isda`.
    #[schema(value_type = String, example = "act365_fixed")]
    pub(crate) day_count: DayCount,
    /// How often something falls due: `"once"`, `{"days": 14}`, `{"months": 1}` or `{"month_ends": 3}`.
    #[schema(schema_with = cycle_schema)]
    pub(crate) cycle: Cycle,
    /// A short period at the end is `short`, or joined with the one before: `long`.
    #[serde(default)]
    #[schema(value_type = String, example = "short")]
    pub(crate) stub: Stub,
    /// `"bullet"`, `"equal_principal"`, `"equal_instalments"`, `{"fixed_principal": "100"}` or `{"fixed_instalments": "100"}`.
    #[schema(schema_with = repayment_schema)]
    pub(crate) repayment: Repayment,
    /// Where due dates go: `shift`, `interest_moves`, `holidays`.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({"shift": "following", "interest_moves": false}))]
    pub(crate) business_days: BusinessDays,
    /// Assets taken, in the order they are sold in if they must be, each with its haircut.
    #[schema(value_type = Vec<Object>, example = json!([{"asset": "AAPL", "haircut": "0.2"}]))]
    pub(crate) collateral: Vec<CollateralRule>,
    /// Value of collateral over debt to begin with, and after a partial sale.
    #[schema(value_type = String, example = "1.5")]
    pub(crate) collateral_ratio: Rate,
    /// Below this the borrower is called upon.
    #[schema(value_type = String, example = "1.25")]
    pub(crate) margin_ratio: Rate,
    /// Below this collateral is sold at once.
    #[schema(value_type = String, example = "1.1")]
    pub(crate) liquidation_ratio: Rate,
    /// Seconds that a call leaves for a cure.
    #[schema(example = 86400)]
    pub(crate) cure_s: u32,
    /// Age in seconds from which a reference price is not used.
    #[schema(example = 3600)]
    pub(crate) price_age_max_s: u32,
    /// Days that an instalment may be late without a fee.
    #[schema(example = 5)]
    pub(crate) grace_days: u32,
    /// Days past due after which the loan is in default.
    #[schema(example = 30)]
    pub(crate) default_after_days: u32,
    /// Charged once for each instalment that is late, a decimal.
    #[serde(default)]
    #[schema(value_type = String, example = "25")]
    pub(crate) late_fee: Amount,
    /// A year, on principal that is past due, above the rate.
    #[serde(default)]
    #[schema(value_type = String, example = "0.05")]
    pub(crate) penalty_rate: Rate,
    /// Kept from the payout, a decimal.
    #[serde(default)]
    #[schema(value_type = String, example = "10")]
    pub(crate) payout_fee: Amount,
    /// What a payment settles first; fees, interest, principal when left out.
    #[serde(default = "fees_interest_principal")]
    #[schema(value_type = Vec<String>, example = json!(["fees", "interest", "principal"]))]
    pub(crate) waterfall: [Part; 3],
    /// Prepaid principal ends the loan earlier, `shortens_term`, or `lowers_instalments`.
    #[serde(default)]
    #[schema(value_type = String, example = "shortens_term")]
    pub(crate) prepayment: Prepayment,
    /// Debt that is let go when no more is left, a decimal.
    #[serde(default)]
    #[schema(value_type = String, example = "0.01")]
    pub(crate) tolerance: Amount,
    /// Above this amount another person pays out than approved.
    #[serde(default)]
    #[schema(value_type = String, example = "5000")]
    pub(crate) two_persons_above: Amount,
}

fn cycle_schema() -> Object {
    let words = "How often something falls due: `\"once\"`, `{\"days\": 14}`, `{\"months\": 1}` or `{\"month_ends\": 3}`.";
    word_or_object(words, json!({"months": 1}))
}

fn repayment_schema() -> Object {
    let words = "How principal comes back: `\"bullet\"`, `\"equal_principal\"`, `\"equal_instalments\"`, \
                 `{\"fixed_principal\": \"100\"}` or `{\"fixed_instalments\": \"100\"}`.";
    word_or_object(words, json!("equal_instalments"))
}

fn fees_interest_principal() -> [Part; 3] {
    [Part::Fees, Part::Interest, Part::Principal]
}

macro_rules! same_fields {
    ($from:ident to $into:ident: $($field:ident)*) => {
        impl From<$from> for $into {
            fn from(terms: $from) -> Self {
                let $from { $($field),* } = terms;
                Self { $($field),* }
            }
        }
    };
}

same_fields! { LoanTerms to Product: name description currency decimals amount_min amount_max term_days rate day_count cycle stub
repayment business_days collateral collateral_ratio margin_ratio liquidation_ratio cure_s price_age_max_s grace_days
default_after_days late_fee penalty_rate payout_fee waterfall prepayment tolerance two_persons_above }

same_fields! { Product to LoanTerms: name description currency decimals amount_min amount_max term_days rate day_count cycle stub
repayment business_days collateral collateral_ratio margin_ratio liquidation_ratio cure_s price_age_max_s grace_days
default_after_days late_fee penalty_rate payout_fee waterfall prepayment tolerance two_persons_above }
