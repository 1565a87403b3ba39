//! What a request asks, after everything that concerns every request has been checked.

use crate::operation::{Operation, Scope};
use crate::problem::{Problem, ProblemKind};
use assay_trading_types::{Actor, ApiKeyId, FirmId, LoginId, UserId, UserRole};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

/// Who asks, and what for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The operation.
    pub operation: Operation,
    /// W3C trace id.
    pub trace: [u8; 16],
    /// The client's network address.
    pub address: IpAddr,
    /// SHA-256 of method, path and body, hex.
    pub digest: String,
    /// Idempotency-Key.
    pub idempotency_key: Option<String>,
    /// Version in If-Match.
    pub expected_version: Option<u64>,
    /// Who; nobody on public operations.
    pub caller: Option<Caller>,
    /// An outside system that has signed, where the operation is for those.
    pub peer: Option<Actor>,
}

/// Somebody who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The user.
    pub user: UserId,
    /// Through this login.
    pub login: Option<LoginId>,
    /// Through this key.
    pub api_key: Option<ApiKeyId>,
    /// The user's firm.
    pub firm: Option<FirmId>,
    /// The user's roles.
    pub roles: BTreeSet<UserRole>,
    /// What of this operation it may see.
    pub scope: Scope,
}

impl Asked {
    /// What the node's own operator asks at its console.
    pub(crate) fn at_the_console(operation: Operation, trace: [u8; 16]) -> Self {
        Self {
            operation,
            trace,
            address: IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
            digest: String::new(),
            idempotency_key: None,
            expected_version: None,
            caller: None,
            peer: None,
        }
    }

    /// Who asks; operations that need no login have nobody.
    ///
    /// # Errors
    /// Nobody is logged in.
    pub(crate) fn caller(&self) -> Result<&Caller, Problem> {
        self.caller.as_ref().ok_or_else(|| Problem::new(ProblemKind::Unauthenticated))
    }
}

impl Caller {
    /// Whether something of `owner` in `firm` is in scope. What is not answers 404 (AUTH-11), as if it did not exist.
    ///
    /// # Errors
    /// It is out of scope.
    pub(crate) fn sees(&self, owner: Option<UserId>, firm: Option<FirmId>) -> Result<(), Problem> {
        let seen = match self.scope {
            Scope::All => true,
            Scope::Firm => self.firm.is_some() && self.firm == firm,
            Scope::Own => owner == Some(self.user),
        };
        if seen { Ok(()) } else { Err(Problem::new(ProblemKind::NotFound)) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let asked = parts.extensions.get::<Arc<Self>>();
        // A route outside the intake would have none: it is not served.
        asked.map(|asked| Self::clone(asked)).ok_or_else(|| Problem::new(ProblemKind::NotFound))
    }
}
