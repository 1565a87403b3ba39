//! What stands behind the CODE of Text(58) where nothing more is known.

use assay_trading_types::Refusal;

/// Free text: for people, and not stable.
pub(super) fn phrase(reason: Refusal) -> &'static str {
    use Refusal as R;
    match reason {
        R::UnknownSymbol => "not listed",
        R::SymbolMismatch => "the instrument's fields disagree",
        R::NotTradable => "takes no orders",
        R::MarketClosed => "the market takes no such order now",
        R::Halted | R::Halt => "trading is halted",
        R::LimitQty
        | R::LimitNotional
        | R::LimitGross
        | R::LimitNet
        | R::LimitOpenOrders
        | R::LimitLoss
        | R::LimitWorking
        | R::LimitPosition
        | R::LimitAdv
        | R::LimitOrderTrade => "above the limit",
        R::LimitCredit => "funds or holdings do not cover it",
        R::PriceCollar => "too far from the reference price",
        R::NoRefPrice => "there is no reference price, or an old one",
        R::BadPrice => "no price of this market",
        R::BadTick => "no multiple of the tick",
        R::PriceNotAllowed => "this order type takes no price",
        R::StopSide => "the market has passed the stop price",
        R::BadLot => "no multiple of the lot",
        R::QtyMin => "below the least quantity",
        R::QtyMax => "above the largest quantity",
        R::UnsupportedQtyType => "quantities are in units",
        R::UnsupportedOrdtype => "the order type is not served",
        R::UnsupportedTif => "the time in force is not served here",
        R::UnsupportedSide => "the side is not served",
        R::UnsupportedExecinst => "the execution instruction is not served",
        R::UnsupportedTerms => "the terms are not served together",
        R::UnsupportedHandling => "orders are handled automatically",
        R::ShortLocate => "a short sale needs a locate",
        R::ShortMarking => "what is owned is no short sale",
        R::ExpirePast => "its time is over",
        R::DupClOrdId => "the id was used before",
        R::DupOrder => "the same order again too soon",
        R::RepeatBreaker => "stopped after repeated executions",
        R::StaleOrder => "too old",
        R::UnknownAccount => "no account of this session",
        R::PartyMissing => "a party is missing",
        R::PartyInvalid => "a party is not valid",
        R::Restricted => "on a restricted list",
        R::NotEntitled => "this session may not",
        R::KillSwitch => "trading of the firm is stopped",
        R::AccountSuspended => "the account is suspended",
        R::RiskUnavailable => "risk cannot decide now",
        R::RateLimit => "too many messages",
        R::SelfTrade => "would have traded with the same firm",
        R::VenueRefused => "the market refused",
        R::TooLate => "the order is closed",
        R::UnknownOrder => "no such order",
        R::NotCurrent => "an older id of the order",
        R::IdMismatch => "37 and 41 name different orders",
        R::CancelNotPossible => "the market takes no cancels now",
        R::Pending => "a request is pending",
        R::StaleModify => "the order was changed since",
        R::TermsMismatch => "this may not change",
        R::NotAmendable => "this may not be amended",
        R::IocRemainder => "rest of an immediate order cancelled",
        R::FokUnfilled => "could not be filled whole at once",
        R::QtyReduced => "quantity is what was executed, rest cancelled",
        R::StopTriggered => "the stop price was reached",
        R::MassCancel => "mass cancel",
        R::Cod => "cancelled on disconnect",
        R::Operator => "cancelled by an operator",
        R::NoLiquidity => "nothing to trade against, rest cancelled",
        R::PostOnly => "would have taken",
        R::AuctionRemainder => "the auction is over, rest cancelled",
        R::GtRenewal => "goes on in a new trading day",
        R::ReduceOnly => "only orders that make a position smaller are taken",
        R::CancelOnly => "only cancels are taken",
        R::MassNotSupported => "this mass cancel is not served",
        R::UnsupportedScope => "this request is not served",
        R::UnknownExecId => "no report with this id",
        R::NoPositions => "nothing is held",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_05_every_code_has_a_free_text() {
        for reason in Refusal::ALL {
            let text = phrase(*reason);
            assert!(!text.is_empty() && text.is_ascii(), "{reason:?}");
        }
    }
}
