//! How far somebody's proof is.

use serde::{Deserialize, Serialize};

/// What a client is told (kyc.md, states).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KycStanding {
    /// Nothing that counts.
    NotSubmitted,
    /// A reviewer has it.
    Pending,
    /// A reviewer wants another file.
    MoreNeeded,
    /// Proven: the only standing that counts as verified.
    Approved,
    /// Turned down; another file may be handed in.
    Rejected,
}
