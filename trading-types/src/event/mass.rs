//! Requests about many orders at once: mass cancel, mass status, fill recovery, and their answers.

use crate::{
    AccountId, ClOrdId, Defect, ExecId, FirmId, OrderId, OrderState, OrderTerms, Refusal, RequestId,
    SessionId, Side, Symbol,
};
use serde::{Deserialize, Serialize};

/// Whose orders a request reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Orders entered on the session that asks.
    #[default]
    Session,
    /// Orders of its firm, whoever entered them.
    Firm,
}

/// Which orders a request is about: those that agree with all that is given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderFilter {
    /// Whose.
    pub scope: Scope,
    /// Symbol(55).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// Side(54): buys, or sales of every kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// Accounts; none named: every account of the scope.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountId>,
}

impl OrderFilter {
    /// Whether an order of `terms` is among those that `session` of `firm` asks about.
    pub fn reaches(&self, session: &SessionId, firm: &FirmId, terms: &OrderTerms) -> bool {
        let in_scope = match self.scope {
            Scope::Session => terms.session == *session,
            Scope::Firm => terms.firm == *firm,
        };
        in_scope
            && self.symbol.is_none_or(|symbol| symbol == terms.symbol)
            && self.side.is_none_or(|side| side.is_buy() == terms.side.is_buy())
            && (self.accounts.is_empty() || self.accounts.contains(&terms.account))
    }
}

/// OrderMassCancelRequest(q) as requested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MassCancelRequested {
    /// Which message it was.
    pub request: RequestId,
    /// The session's firm.
    pub firm: FirmId,
    /// ClOrdID(11) of the request.
    pub cl_ord_id: ClOrdId,
    /// MassCancelRequestType(530) as received.
    pub request_type: char,
    /// Which orders.
    pub filter: OrderFilter,
    /// PossResend(97)=Y.
    #[serde(default)]
    pub poss_resend: bool,
    /// As in [`OrderRequested::defect`](crate::OrderRequested::defect).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<Defect>,
}

/// Answer to a mass cancel; the cancels follow one by one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MassCancelReported {
    /// Which message is answered.
    pub request: RequestId,
    /// The session's firm.
    pub firm: FirmId,
    /// OrderID(37): the id of the mass request itself.
    pub order_id: OrderId,
    /// ClOrdID(11) of the request.
    pub cl_ord_id: ClOrdId,
    /// MassCancelRequestType(530) as received.
    pub request_type: char,
    /// Which orders were meant.
    pub filter: OrderFilter,
    /// TotalAffectedOrders(533): orders that will be cancelled.
    pub total: u32,
    /// The first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub affected: Vec<AffectedOrder>,
    /// Why nothing is cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Defect>,
}

/// An order that a mass cancel is aimed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AffectedOrder {
    /// AffectedOrderID(535).
    pub order_id: OrderId,
    /// OrigClOrdID(41): the order's own id.
    pub cl_ord_id: ClOrdId,
}

/// OrderMassStatusRequest(AF) for open orders, as requested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MassStatusRequested {
    /// Which message it was.
    pub request: RequestId,
    /// The session's firm.
    pub firm: FirmId,
    /// MassStatusReqID(584).
    pub mass_status_req_id: ClOrdId,
    /// Which orders.
    pub filter: OrderFilter,
    /// As in [`OrderRequested::defect`](crate::OrderRequested::defect).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<Defect>,
}

/// One order of the answer to a mass status request, or that there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MassStatusReported {
    /// Which message is answered.
    pub request: RequestId,
    /// The session's firm.
    pub firm: FirmId,
    /// MassStatusReqID(584).
    pub mass_status_req_id: ClOrdId,
    /// Symbol as asked, for an answer without an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// TotNumReports(911).
    pub total: u32,
    /// LastRptRequested(912).
    pub last: bool,
    /// The order; none when none was found or the request is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderState>,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Defect>,
}

/// OrderMassStatusRequest(AF) with RecoverFromExecID(9705): trade reports again, after an ExecID. The gateway answers it
/// from the log, with the reports that stand before this record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FillsRequested {
    /// Which message it was.
    pub request: RequestId,
    /// The session's firm.
    pub firm: FirmId,
    /// MassStatusReqID(584).
    pub mass_status_req_id: ClOrdId,
    /// Whose fills.
    pub filter: OrderFilter,
    /// The last ExecID held; none: from the start of the trading day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ExecId>,
}

impl MassCancelReported {
    /// MassCancelRejectReason(532), when refused.
    pub fn reject_reason(&self) -> Option<u32> {
        const NOT_SUPPORTED: u32 = 0;
        const UNKNOWN_SECURITY: u32 = 1;
        const OTHER: u32 = 99;
        self.refused.as_ref().map(|refused| match refused.refusal {
            Refusal::MassNotSupported => NOT_SUPPORTED,
            Refusal::UnknownSymbol => UNKNOWN_SECURITY,
            // Whatever else speaks against it has no reason of its own there.
            _ => OTHER,
        })
    }
}
