//! Why: the body of decisions.

use crate::problem::Problem;
use crate::text_rules;
use serde::Deserialize;
use utoipa::ToSchema;

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    /// For the record.
    #[schema(example = "checked against the register")]
    reason: String,
}

impl Reason {
    /// The words.
    ///
    /// # Errors
    /// There are none, or too many, or deceptive ones.
    pub(super) fn checked(&self) -> Result<String, Problem> {
        checked(&self.reason)
    }
}

/// A reason as somebody gave it.
///
/// # Errors
/// There are no words, or too many, or deceptive ones.
pub(super) fn checked(text: &str) -> Result<String, Problem> {
    text_rules::reason(text).map_err(|why| Problem::field("reason", why))
}
