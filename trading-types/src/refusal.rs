//! Why a request is refused: the codes of the rules of engagement, section 13.

use crate::text_visitor::from_text;
use serde::{Deserialize, Serialize};

macro_rules! refusals {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $code:literal, $ord:expr, $cxl:expr;)*) => {
        /// A business refusal or the reason of an unsolicited event: a flat status, not an error. Numbers are stable and
        /// stand in records; a retired one keeps its slot. Precedence between them is the order of checks A-03.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Refusal { $($(#[$doc])* $variant = $number,)* }

        impl Refusal {
            /// Every status, by number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The CODE of Text(58), `[A-Z][A-Z0-9_]*`.
            pub const fn code(&self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// OrdRejReason(103) when a D is refused.
            pub const fn ord_rej_reason(&self) -> u32 {
                match self { $(Self::$variant => $ord,)* }
            }

            /// CxlRejReason(102) when an F or G is refused.
            pub const fn cxl_rej_reason(&self) -> u32 {
                match self { $(Self::$variant => $cxl,)* }
            }

            /// The stable number.
            pub const fn number(&self) -> u16 {
                *self as u16
            }

            /// From its CODE.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|r| r.code() == code)
            }
        }
    };
}

/// Where section 13 has a dash, the reason "other".
const OTHER: u32 = 99;

refusals! {
    /// No such instrument.
    UnknownSymbol = 1, "UNKNOWN_SYMBOL", 1, OTHER;
    /// Symbol and other instrument fields disagree.
    SymbolMismatch = 2, "SYMBOL_MISMATCH", 1, OTHER;
    /// The instrument is not open to orders.
    NotTradable = 3, "NOT_TRADABLE", 1, OTHER;
    /// Outside trading hours.
    MarketClosed = 4, "MARKET_CLOSED", 2, 2;
    /// Trading is halted.
    Halted = 5, "HALTED", 2, 2;
    /// Order quantity above the firm's limit.
    LimitQty = 6, "LIMIT_QTY", 3, OTHER;
    /// Order notional above the firm's limit.
    LimitNotional = 7, "LIMIT_NOTIONAL", 3, OTHER;
    /// Gross exposure above the firm's limit.
    LimitGross = 8, "LIMIT_GROSS", 3, OTHER;
    /// Net exposure above the limit.
    LimitNet = 9, "LIMIT_NET", 3, OTHER;
    /// Too many open orders.
    LimitOpenOrders = 10, "LIMIT_OPEN_ORDERS", 3, OTHER;
    /// Daily loss limit passed.
    LimitLoss = 11, "LIMIT_LOSS", 3, OTHER;
    /// Funds or holdings do not cover the order.
    LimitCredit = 12, "LIMIT_CREDIT", 3, OTHER;
    /// Price too far from the reference.
    PriceCollar = 13, "PRICE_COLLAR", OTHER, OTHER;
    /// No reference price, or a stale one: fail closed.
    NoRefPrice = 14, "NO_REF_PRICE", OTHER, OTHER;
    /// Price is negative, zero or cannot be represented.
    BadPrice = 15, "BAD_PRICE", OTHER, OTHER;
    /// Price is off tick.
    BadTick = 16, "BAD_TICK", OTHER, OTHER;
    /// A price on an order type that takes none.
    PriceNotAllowed = 17, "PRICE_NOT_ALLOWED", OTHER, OTHER;
    /// Stop price on the wrong side of the market.
    StopSide = 18, "STOP_SIDE", OTHER, OTHER;
    /// Quantity is not a multiple of the lot.
    BadLot = 19, "BAD_LOT", 13, OTHER;
    /// Quantity below the minimum, zero or negative.
    QtyMin = 20, "QTY_MIN", 13, OTHER;
    /// Quantity above what the instrument takes.
    QtyMax = 21, "QTY_MAX", 13, OTHER;
    /// CashOrderQty(152) or OrderPercent(516).
    UnsupportedQtyType = 22, "UNSUPPORTED_QTY_TYPE", 13, OTHER;
    /// OrdType(40) not served.
    UnsupportedOrdtype = 23, "UNSUPPORTED_ORDTYPE", 11, OTHER;
    /// TimeInForce(59) not served.
    UnsupportedTif = 24, "UNSUPPORTED_TIF", 11, OTHER;
    /// Side(54) not served.
    UnsupportedSide = 25, "UNSUPPORTED_SIDE", 11, OTHER;
    /// ExecInst(18) not served.
    UnsupportedExecinst = 26, "UNSUPPORTED_EXECINST", 11, OTHER;
    /// A combination of terms that is not served.
    UnsupportedTerms = 27, "UNSUPPORTED_TERMS", 11, OTHER;
    /// HandlInst(21) other than 1.
    UnsupportedHandling = 28, "UNSUPPORTED_HANDLING", 11, OTHER;
    /// Short sale without locate.
    ShortLocate = 29, "SHORT_LOCATE", 11, OTHER;
    /// Expiry in the past.
    ExpirePast = 30, "EXPIRE_PAST", 11, OTHER;
    /// ClOrdID(11) used before.
    DupClOrdId = 31, "DUP_CLORDID", 6, 6;
    /// Same order again too soon.
    DupOrder = 32, "DUP_ORDER", 6, OTHER;
    /// Repeated-execution breaker is open.
    RepeatBreaker = 33, "REPEAT_BREAKER", 6, OTHER;
    /// TransactTime(60) too old.
    StaleOrder = 34, "STALE_ORDER", 8, OTHER;
    /// Account(1) not of this session.
    UnknownAccount = 35, "UNKNOWN_ACCOUNT", 15, OTHER;
    /// A required party is missing.
    PartyMissing = 36, "PARTY_MISSING", 10, OTHER;
    /// A party is malformed.
    PartyInvalid = 37, "PARTY_INVALID", OTHER, OTHER;
    /// On a restricted list.
    Restricted = 38, "RESTRICTED", 0, 2;
    /// Not entitled.
    NotEntitled = 39, "NOT_ENTITLED", 0, 2;
    /// The kill switch is on.
    KillSwitch = 40, "KILL_SWITCH", 0, 2;
    /// The account is suspended.
    AccountSuspended = 41, "ACCOUNT_SUSPENDED", 0, 2;
    /// Risk cannot decide: fail closed.
    RiskUnavailable = 42, "RISK_UNAVAILABLE", OTHER, OTHER;
    /// Too many messages or orders a second.
    RateLimit = 43, "RATE_LIMIT", OTHER, OTHER;
    /// Self-trade prevention.
    SelfTrade = 44, "SELF_TRADE", OTHER, OTHER;
    /// An outside venue refused.
    VenueRefused = 45, "VENUE_REFUSED", OTHER, 2;
    /// The order is closed already.
    TooLate = 46, "TOO_LATE", OTHER, 0;
    /// No such order.
    UnknownOrder = 47, "UNKNOWN_ORDER", 5, 1;
    /// OrigClOrdID(41) is an older id of the chain.
    NotCurrent = 48, "NOT_CURRENT", 5, 1;
    /// OrderID(37) and OrigClOrdID(41) disagree.
    IdMismatch = 49, "ID_MISMATCH", 5, 1;
    /// The market allows no cancel now.
    CancelNotPossible = 50, "CANCEL_NOT_POSSIBLE", OTHER, 2;
    /// A request on this order is pending.
    Pending = 51, "PENDING", OTHER, 3;
    /// OrigOrdModTime(586) differs.
    StaleModify = 52, "STALE_MODIFY", OTHER, 5;
    /// Side, symbol, type or account may not change.
    TermsMismatch = 53, "TERMS_MISMATCH", OTHER, OTHER;
    /// This may not be amended.
    NotAmendable = 54, "NOT_AMENDABLE", OTHER, OTHER;
    /// Rest of an IOC order.
    IocRemainder = 55, "IOC_REMAINDER", OTHER, OTHER;
    /// A FOK order could not be filled whole.
    FokUnfilled = 56, "FOK_UNFILLED", OTHER, OTHER;
    /// A replace went to or below CumQty.
    QtyReduced = 57, "QTY_REDUCED", OTHER, OTHER;
    /// A stop order was triggered.
    StopTriggered = 58, "STOP_TRIGGERED", OTHER, OTHER;
    /// Cancelled by a mass cancel.
    MassCancel = 59, "MASS_CANCEL", OTHER, OTHER;
    /// Cancelled on disconnect.
    Cod = 60, "COD", OTHER, OTHER;
    /// Cancelled by a halt.
    Halt = 61, "HALT", OTHER, OTHER;
    /// Cancelled by an operator.
    Operator = 62, "OPERATOR", OTHER, OTHER;
    /// A market order met an empty book; the rest is cancelled.
    NoLiquidity = 63, "NO_LIQUIDITY", OTHER, OTHER;
    /// A post-only order would have taken.
    PostOnly = 64, "POST_ONLY", OTHER, OTHER;
    /// Rest of an auction order after its auction.
    AuctionRemainder = 65, "AUCTION_REMAINDER", OTHER, OTHER;
    /// A GTC or GTD order goes on in a new trading day.
    GtRenewal = 66, "GT_RENEWAL", OTHER, OTHER;
    /// Notional of open orders above the limit.
    LimitWorking = 70, "LIMIT_WORKING", 3, OTHER;
    /// Position in the instrument above the limit.
    LimitPosition = 71, "LIMIT_POSITION", 3, OTHER;
    /// Order quantity above the share of the average daily volume, or that volume is unknown: fail closed.
    LimitAdv = 72, "LIMIT_ADV", 3, OTHER;
    /// Too many orders for the trades they make.
    LimitOrderTrade = 73, "LIMIT_ORDER_TRADE", 3, OTHER;
    /// Only orders that make a position smaller are taken.
    ReduceOnly = 74, "REDUCE_ONLY", 0, 2;
    /// Only cancels are taken.
    CancelOnly = 75, "CANCEL_ONLY", 0, 2;
    /// A short sale of what the account owns: it must be marked as a sale.
    ShortMarking = 76, "SHORT_MARKING", 11, OTHER;
    /// MassCancelRequestType(530) or another part of a mass cancel that is not served.
    MassNotSupported = 80, "MASS_NOT_SUPPORTED", OTHER, OTHER;
    /// A kind of request that is not served.
    UnsupportedScope = 81, "UNSUPPORTED_SCOPE", OTHER, OTHER;
    /// RecoverFromExecID(9705) names no report of the session.
    UnknownExecId = 82, "UNKNOWN_EXECID", 5, OTHER;
    /// The account holds nothing.
    NoPositions = 83, "NO_POSITIONS", OTHER, OTHER;
}

impl Refusal {
    /// Whether a risk control refused, rather than the form of the message or the state of the order: what the annual review
    /// counts.
    pub const fn is_risk_control(&self) -> bool {
        matches!(
            self,
            Self::LimitQty
                | Self::LimitNotional
                | Self::LimitGross
                | Self::LimitNet
                | Self::LimitOpenOrders
                | Self::LimitLoss
                | Self::LimitCredit
                | Self::LimitWorking
                | Self::LimitPosition
                | Self::LimitAdv
                | Self::LimitOrderTrade
                | Self::PriceCollar
                | Self::NoRefPrice
                | Self::DupOrder
                | Self::RepeatBreaker
                | Self::RateLimit
                | Self::Restricted
                | Self::KillSwitch
                | Self::CancelOnly
                | Self::ReduceOnly
                | Self::AccountSuspended
                | Self::ShortLocate
                | Self::ShortMarking
                | Self::SelfTrade
        )
    }
}

impl Serialize for Refusal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Refusal {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a refusal code", |code| {
            Self::from_code(code).ok_or_else(|| format!("unknown refusal code {code}"))
        })
    }
}
