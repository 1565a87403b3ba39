//! What an account holds, for who asks: RequestForPositions(AN) and its answer.

use crate::{AccountId, Amount, Carried, ClOrdId, FirmId, Price, Qty, Refusal, RequestId, Symbol};
use serde::{Deserialize, Serialize};

/// RequestForPositions(AN) as requested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionsRequested {
    /// Which message it was.
    pub request: RequestId,
    /// The session's firm.
    pub firm: FirmId,
    /// PosReqID(710).
    pub pos_req_id: ClOrdId,
    /// Account(1).
    pub account: AccountId,
    /// Symbol(55): only this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// Fields that the answers repeat: parties, AccountType(581), and what could not be held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Carried,
    /// Why it cannot be answered with positions, as far as the gateway sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<PositionsRefusal>,
}

/// Positions of an account, or why there are none. A long list is several records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionsReported {
    /// Which message is answered.
    pub request: RequestId,
    /// The session's firm.
    pub firm: FirmId,
    /// PosReqID(710).
    pub pos_req_id: ClOrdId,
    /// Account(1).
    pub account: AccountId,
    /// Symbol(55) as asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// As in [`PositionsRequested::carried`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Carried,
    /// TotalNumPosReports(727): positions of all records of this answer.
    pub total: u32,
    /// Number of the first position of this record; 0 in the first one.
    pub first: u32,
    /// One for each instrument.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub positions: Vec<PositionState>,
    /// Why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<PositionsRefusal>,
}

/// What an account holds of one instrument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionState {
    /// Symbol(55).
    pub symbol: Symbol,
    /// Held when the trading day began.
    pub start: Amount,
    /// Bought since.
    pub bought: Qty,
    /// Sold since.
    pub sold: Qty,
    /// Held now, holds for open sales included.
    pub now: Amount,
    /// The latest reference price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// `now` at that price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Amount>,
}

/// Why a request for positions gets none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionsRefusal {
    /// PosReqResult(728).
    pub result: PositionsResult,
    /// The CODE of Text(58).
    pub refusal: Refusal,
    /// Free text after `CODE: `.
    pub detail: String,
}

/// PosReqResult(728) of a request without positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionsResult {
    /// 1: invalid or unsupported.
    Invalid,
    /// 2: nothing is held.
    NoneFound,
    /// 3: not an account of the session.
    NotAuthorised,
    /// 4: subscriptions.
    NotSupported,
}

impl PositionsResult {
    /// The FIX number.
    pub const fn fix(self) -> u32 {
        match self {
            Self::Invalid => 1,
            Self::NoneFound => 2,
            Self::NotAuthorised => 3,
            Self::NotSupported => 4,
        }
    }
}
