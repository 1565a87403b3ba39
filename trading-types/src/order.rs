//! An order's terms and the small vocabularies of FIX that describe it.

use crate::{AccountId, ClOrdId, FirmId, Price, Qty, SessionId, Symbol, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

macro_rules! fix_char_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $char:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every value, in the standard's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The FIX character.
            pub const fn fix(&self) -> u8 {
                match self { $(Self::$variant => $char,)* }
            }

            /// From the FIX character; nothing when Assay does not serve it.
            pub const fn from_fix(byte: u8) -> Option<Self> {
                match byte { $($char => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

fix_char_enum! {
    /// Side(54).
    Side {
        /// Buy.
        Buy = b'1',
        /// Sell what is held.
        Sell = b'2',
        /// Sell short.
        SellShort = b'5',
        /// Sell short, exempt from the uptick rule.
        SellShortExempt = b'6',
    }
}

impl Side {
    /// Whether it takes from the offers.
    pub const fn is_buy(&self) -> bool {
        matches!(self, Self::Buy)
    }

    /// Whether it sells what is borrowed.
    pub const fn is_short(&self) -> bool {
        matches!(self, Self::SellShort | Self::SellShortExempt)
    }
}

fix_char_enum! {
    /// OrdType(40).
    OrdType {
        /// At any price.
        Market = b'1',
        /// At Price(44) or better.
        Limit = b'2',
        /// Market once StopPx(99) trades.
        Stop = b'3',
        /// Limit once StopPx(99) trades.
        StopLimit = b'4',
        /// Market if touched: market once StopPx(99) trades, which a sale waits for from below and a buy from above.
        TakeProfit = b'J',
    }
}

impl OrdType {
    /// Whether it waits until its StopPx(99) trades.
    pub const fn waits_for_price(&self) -> bool {
        matches!(self, Self::Stop | Self::StopLimit | Self::TakeProfit)
    }

    /// Whether an order of `side` that waits is triggered by a price that rises to StopPx(99), not by one that falls to it.
    pub const fn waits_for_rise(&self, side: Side) -> bool {
        side.is_buy() != matches!(self, Self::TakeProfit)
    }
}

fix_char_enum! {
    /// TimeInForce(59).
    TimeInForce {
        /// Until the end of the trading day.
        Day = b'0',
        /// Until cancelled.
        Gtc = b'1',
        /// At once, the rest is cancelled.
        Ioc = b'3',
        /// At once and whole, or not at all.
        Fok = b'4',
        /// Until ExpireTime(126) or the end of ExpireDate(432).
        Gtd = b'6',
        /// In the opening auction, the rest is cancelled.
        AtOpen = b'2',
        /// In the closing auction, the rest is cancelled.
        AtClose = b'7',
    }
}

fix_char_enum! {
    /// OrdStatus(39), as far as Assay reports it.
    OrdStatus {
        /// Working, nothing filled.
        New = b'0',
        /// Working, part filled.
        PartiallyFilled = b'1',
        /// All filled.
        Filled = b'2',
        /// Done for day.
        DoneForDay = b'3',
        /// Cancelled.
        Canceled = b'4',
        /// Pending cancel.
        PendingCancel = b'6',
        /// Refused.
        Rejected = b'8',
        /// Pending new.
        PendingNew = b'A',
        /// Expired.
        Expired = b'C',
        /// Pending replace.
        PendingReplace = b'E',
    }
}

impl OrdStatus {
    /// Whether an order of this status may still trade.
    pub const fn is_working(&self) -> bool {
        match self {
            Self::New
            | Self::PartiallyFilled
            | Self::DoneForDay
            | Self::PendingCancel
            | Self::PendingNew
            | Self::PendingReplace => true,
            Self::Filled | Self::Canceled | Self::Rejected | Self::Expired => false,
        }
    }
}

/// Fields that Assay carries unread from the order into every report, record and audit row: `tag=value`
/// pairs joined by SOH, groups included, in the order received.
pub type Carried = Option<Arc<str>>;

/// When a GTD order ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// ExpireTime(126), UTC.
    Time(Timestamp),
    /// End of ExpireDate(432), a date in the instrument's zone: year * 10,000 + month * 100 + day.
    Date(u32),
}

impl Expiry {
    /// Latest date: the last one that a [`Timestamp`] reaches.
    pub const DATE_MAX: u32 = 22_620_411;
}

/// Terms that few orders have.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// When a GTD order ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Expiry>,
    /// MinQty(110): least to fill at once, or nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_qty: Option<Qty>,
    /// MaxFloor(111): most of the order to show; zero hides it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_floor: Option<Qty>,
    /// ExecInst(18) 6: rests or is cancelled, never takes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub post_only: bool,
    /// ExecInst(18) G: filled whole or not at all.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all_or_none: bool,
}

/// Terms of an order as the counterparty stated them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderTerms {
    /// ClOrdID(11) that is current.
    pub cl_ord_id: ClOrdId,
    /// The session it was entered on; its reports go there.
    pub session: SessionId,
    /// Owner.
    pub firm: FirmId,
    /// Account(1).
    pub account: AccountId,
    /// Symbol(55).
    pub symbol: Symbol,
    /// Side(54).
    pub side: Side,
    /// OrdType(40).
    pub ord_type: OrdType,
    /// Price(44), for limit and stop limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// StopPx(99), for stop and stop limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_px: Option<Price>,
    /// OrderQty(38).
    pub qty: Qty,
    /// TimeInForce(59).
    pub tif: TimeInForce,
    /// Expiry, least and shown quantity, post only: boxed, since few orders have any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Box<Conditions>>,
    /// Fields carried unread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Carried,
}

/// How far an order is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Filled {
    /// CumQty(14).
    pub cum_qty: Qty,
    /// LeavesQty(151).
    pub leaves_qty: Qty,
    /// Sum of LastQty times LastPx, from which AvgPx(6) follows.
    pub notional: crate::Amount,
}

impl Filled {
    /// A fresh order of `qty`.
    pub fn unfilled(qty: Qty) -> Self {
        Self { leaves_qty: qty, ..Self::default() }
    }

    /// AvgPx(6): notional / CumQty, zero while nothing is filled.
    pub fn avg_px(&self) -> Price {
        self.notional.average_over(self.cum_qty)
    }
}
