//! The order in which refusals are looked for: the first that applies is the answer.

use assay_trading_types::{Defect, Refusal};

/// Steps of a decision, first to last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Entitlement,
    Rate,
    DuplicateId,
    /// Which order an F or G means.
    Order,
    Instrument,
    Terms,
    PriceAndQuantity,
    Account,
    PreTradeRisk,
    MarketState,
}

/// A refusal and how its text goes on.
pub(crate) type Refused = (Refusal, String);

/// Refuses with what the gateway found, if that belongs to `stage` or a step before. Steps are asked in order, so the
/// values that the gateway could not read are never looked at.
pub(crate) fn no_defect(defect: Option<&Defect>, stage: Stage) -> Result<(), Refused> {
    match defect.filter(|d| stage_of(d.refusal) <= stage) {
        Some(defect) => Err((defect.refusal, defect.detail.clone())),
        None => Ok(()),
    }
}

fn stage_of(refusal: Refusal) -> Stage {
    use Refusal as R;
    match refusal {
        R::NotEntitled => Stage::Entitlement,
        R::RateLimit => Stage::Rate,
        R::DupClOrdId | R::DupOrder | R::RepeatBreaker => Stage::DuplicateId,
        R::UnknownOrder | R::TooLate | R::NotCurrent | R::IdMismatch | R::Pending | R::StaleModify => {
            Stage::Order
        }
        R::UnknownSymbol | R::SymbolMismatch | R::NotTradable => Stage::Instrument,
        // Found by the gateway in requests that are not orders, and answered before anything is looked up.
        R::MassNotSupported | R::UnsupportedScope | R::UnknownExecId | R::NoPositions => Stage::Instrument,
        R::UnsupportedOrdtype
        | R::UnsupportedTif
        | R::UnsupportedSide
        | R::UnsupportedExecinst
        | R::UnsupportedTerms
        | R::UnsupportedHandling
        | R::ExpirePast
        | R::StaleOrder
        | R::TermsMismatch
        | R::NotAmendable => Stage::Terms,
        R::BadPrice
        | R::BadTick
        | R::PriceNotAllowed
        | R::StopSide
        | R::BadLot
        | R::QtyMin
        | R::QtyMax
        | R::UnsupportedQtyType => Stage::PriceAndQuantity,
        R::UnknownAccount | R::PartyMissing | R::PartyInvalid => Stage::Account,
        R::LimitQty
        | R::LimitNotional
        | R::LimitGross
        | R::LimitNet
        | R::LimitOpenOrders
        | R::LimitLoss
        | R::LimitCredit
        | R::PriceCollar
        | R::NoRefPrice
        | R::Restricted
        | R::ShortLocate
        | R::ShortMarking
        | R::KillSwitch
        | R::CancelOnly
        | R::ReduceOnly
        | R::LimitWorking
        | R::LimitPosition
        | R::LimitAdv
        | R::LimitOrderTrade
        | R::AccountSuspended
        | R::RiskUnavailable
        | R::SelfTrade => Stage::PreTradeRisk,
        R::MarketClosed
        | R::Halted
        | R::VenueRefused
        | R::CancelNotPossible
        | R::IocRemainder
        | R::FokUnfilled
        | R::QtyReduced
        | R::StopTriggered
        | R::MassCancel
        | R::Cod
        | R::Halt
        | R::Operator
        | R::NoLiquidity
        | R::PostOnly
        | R::AuctionRemainder
        | R::GtRenewal => Stage::MarketState,
    }
}
