//! Every event kind. `docs/wire/topics.md` lists which topic holds which and who writes it.

use crate::*;
use serde::{Deserialize, Serialize};

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident($payload:ty) = $name:literal, key $key:expr;)*) => {
        /// What a record says. JSON: the payload's fields; the kind stands in the record, not in the value.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Event { $($(#[$doc])* $variant($payload),)* }

        /// Name and version of an event, as the record carries it: `order.requested.v1`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
            /// A FIX message, byte for byte; not JSON, never an [`Event`].
            FixMessage,
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)* Self::FixMessage];

            /// `name.vN`.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant => $name,)* Self::FixMessage => "fix.message.v1" }
            }

            /// From `name.vN`.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* "fix.message.v1" => Some(Self::FixMessage), _ => None }
            }
        }

        impl Event {
            /// Its kind.
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$variant(_) => Kind::$variant,)* }
            }

            /// The record's key: firm, symbol, session or entity.
            pub fn key(&self) -> &str {
                match self { $(Self::$variant(e) => { let key: fn(&$payload) -> &str = $key; key(e) })* }
            }

            pub(crate) fn write_json(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
                match self { $(Self::$variant(e) => serde_json::to_writer(out, e),)* }
            }

            pub(crate) fn read_json(kind: Kind, value: &[u8]) -> serde_json::Result<Option<Self>> {
                Ok(match kind {
                    $(Kind::$variant => Some(Self::$variant(serde_json::from_slice(value)?)),)*
                    Kind::FixMessage => None,
                })
            }
        }

        $(impl From<$payload> for Event { fn from(e: $payload) -> Self { Self::$variant(e) } })*
    };
}

events! {
    /// D arrived and is well formed. accounts, gateway.
    OrderRequested(OrderRequested) = "order.requested.v1", key |e| e.terms.firm.as_str();
    /// F arrived. accounts, gateway.
    CancelRequested(CancelRequested) = "cancel.requested.v1", key |e| e.firm.as_str();
    /// G arrived. accounts, gateway.
    ReplaceRequested(ReplaceRequested) = "replace.requested.v1", key |e| e.terms.firm.as_str();
    /// H arrived. accounts, gateway.
    StatusRequested(StatusRequested) = "status.requested.v1", key |e| e.firm.as_str();
    /// A D is refused: becomes 8 with 150=8. accounts, risk.
    OrderRefused(OrderRefused) = "order.refused.v1", key |e| e.terms.firm.as_str();
    /// An F or G is refused: becomes 9. accounts, risk or execution.
    CancelRefused(CancelRefused) = "cancel.refused.v1", key |e| e.firm.as_str();
    /// Answer to H: becomes 8 with 150=I. accounts, risk.
    StatusReported(StatusReported) = "status.reported.v1", key |e| e.firm.as_str();
    /// Something happened to an order: becomes 8. accounts, execution.
    ExecutionReported(ExecutionReported) = "execution.reported.v1", key |e| e.terms.firm.as_str();
    /// A firm and its accounts exist. accounts, admin.
    FirmOpened(FirmOpened) = "firm.opened.v1", key |e| e.firm.as_str();
    /// Opening cash or position of an account. accounts, admin.
    AccountCredited(AccountCredited) = "account.credited.v1", key |e| e.firm.as_str();
    /// A firm's limits. accounts, admin.
    LimitsSet(LimitsSet) = "limits.set.v1", key |e| e.firm.as_str();
    /// A firm's kill switch. accounts, admin.
    KillSwitchSet(KillSwitchSet) = "kill_switch.set.v1", key |e| e.firm.as_str();
    /// An instrument exists, or its terms changed. accounts and markets, admin.
    InstrumentListed(InstrumentListed) = "instrument.listed.v1", key |e| e.symbol.as_str();
    /// A reference price. accounts, admin.
    ReferencePriceSet(ReferencePriceSet) = "reference_price.set.v1", key |e| e.symbol.as_str();
    /// A second passed. accounts and markets, the partition's owner.
    ClockTicked(ClockTicked) = "clock.ticked.v1", key |_| "clock";
    /// Risk let an order through, funds held. markets, risk.
    OrderAccepted(OrderAccepted) = "order.accepted.v1", key |e| e.terms.symbol.as_str();
    /// Risk let a cancel through. markets, risk.
    CancelAccepted(CancelAccepted) = "cancel.accepted.v1", key |e| e.symbol.as_str();
    /// Risk let a replace through, funds for the new terms held. markets, risk.
    ReplaceAccepted(ReplaceAccepted) = "replace.accepted.v1", key |e| e.terms.symbol.as_str();
    /// Transfers of one decision, all or nothing. ledger, risk.
    Posted(Posted) = "ledger.posted.v1", key |e| e.firm.as_str();
    /// A trade. market-data, execution.
    TradePrinted(TradePrinted) = "trade.printed.v1", key |e| e.symbol.as_str();
    /// Best bid and offer changed. market-data, execution.
    TopOfBookChanged(TopOfBookChanged) = "top_of_book.changed.v1", key |e| e.symbol.as_str();
    /// The configuration a process started with. admin, admin.
    ConfigurationLoaded(ConfigurationLoaded) = "configuration.loaded.v1", key |_| "configuration";
    /// A session's numbers were reset and a new epoch began. fix, gateway.
    SessionReset(SessionReset) = "session.reset.v1", key |e| e.session.as_str();
    /// A seal over a topic-partition. seals, audit.
    Sealed(Sealed) = "sealed.v1", key |e| e.topic.name();
}

/// NewOrderSingle(D) as requested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRequested {
    /// Which message it was.
    pub request: RequestId,
    /// What is asked.
    pub terms: OrderTerms,
    /// TransactTime(60).
    pub transact_time: Timestamp,
    /// PossResend(97)=Y: a known ClOrdID is ignored without an answer.
    #[serde(default)]
    pub poss_resend: bool,
    /// A refusal that the gateway found while reading (bad number, unsupported value); risk records and answers it
    /// in its order of precedence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<Defect>,
}

/// A request that can be read but not served, and how its text continues after the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defect {
    /// The status.
    pub refusal: Refusal,
    /// Free text after `CODE: `.
    pub detail: String,
}

/// OrderCancelRequest(F) as requested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelRequested {
    /// Which message it was.
    pub request: RequestId,
    /// The session's firm.
    pub firm: FirmId,
    /// ClOrdID(11) of the request.
    pub cl_ord_id: ClOrdId,
    /// OrigClOrdID(41).
    pub orig_cl_ord_id: ClOrdId,
    /// OrderID(37) if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// Account(1) if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Symbol(55).
    pub symbol: Symbol,
    /// Side(54).
    pub side: Side,
    /// PossResend(97)=Y.
    #[serde(default)]
    pub poss_resend: bool,
    /// As in [`OrderRequested::defect`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<Defect>,
}

/// OrderCancelReplaceRequest(G) as requested; `terms.qty` is the new total, executed part included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplaceRequested {
    /// Which message it was.
    pub request: RequestId,
    /// OrigClOrdID(41).
    pub orig_cl_ord_id: ClOrdId,
    /// OrderID(37) if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// Whether Account(1) was given; when not, the order's account stays.
    pub account_given: bool,
    /// Whether TimeInForce(59) was given; when not, the order's stays.
    pub tif_given: bool,
    /// The new terms; `terms.cl_ord_id` is ClOrdID(11) of the request.
    pub terms: OrderTerms,
    /// PossResend(97)=Y.
    #[serde(default)]
    pub poss_resend: bool,
    /// As in [`OrderRequested::defect`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub defect: Option<Defect>,
}

/// OrderStatusRequest(H) as requested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRequested {
    /// Which message it was.
    pub request: RequestId,
    /// The session's firm.
    pub firm: FirmId,
    /// ClOrdID(11), any id of the chain.
    pub cl_ord_id: ClOrdId,
    /// OrderID(37) if given; used first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// OrdStatusReqID(790), echoed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ord_status_req_id: Option<String>,
    /// Symbol(55), echoed when the order is unknown.
    pub symbol: Symbol,
    /// Side(54), echoed when the order is unknown.
    pub side: Side,
}

/// A refused order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRefused {
    /// Which message is answered.
    pub request: RequestId,
    /// Terms as asked.
    pub terms: OrderTerms,
    /// Why.
    pub refusal: Refusal,
    /// Free text after `CODE: `, for a limit `value > limit scope`.
    pub detail: String,
    /// Version of the limits the decision used (0: none were needed).
    pub limits_version: u64,
    /// Reference price the decision used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_price: Option<Price>,
}

/// Which request a CancelRefused answers, CxlRejResponseTo(434).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseTo {
    /// F, 434=1.
    Cancel,
    /// G, 434=2.
    Replace,
}

/// A refused cancel or replace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelRefused {
    /// Which message is answered.
    pub request: RequestId,
    /// The session's firm.
    pub firm: FirmId,
    /// F or G.
    pub response_to: ResponseTo,
    /// ClOrdID(11) as received.
    pub cl_ord_id: ClOrdId,
    /// OrigClOrdID(41) as received.
    pub orig_cl_ord_id: ClOrdId,
    /// OrderID(37), or none for an unknown order (37=NONE).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// The order's account, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// State of the order after the refusal; Rejected if unknown.
    pub status: OrdStatus,
    /// Why.
    pub refusal: Refusal,
    /// Free text after `CODE: `.
    pub detail: String,
}

/// An order's present state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReported {
    /// Which message is answered.
    pub request: RequestId,
    /// The session's firm.
    pub firm: FirmId,
    /// ClOrdID(11) as asked.
    pub cl_ord_id: ClOrdId,
    /// OrdStatusReqID(790), echoed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ord_status_req_id: Option<String>,
    /// Symbol as asked.
    pub symbol: Symbol,
    /// Side as asked.
    pub side: Side,
    /// The order, or none when unknown: 37=NONE, 39=8, 103=5 `UNKNOWN_ORDER`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderState>,
}

/// An order as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderState {
    /// OrderID(37).
    pub order_id: OrderId,
    /// Present terms.
    pub terms: OrderTerms,
    /// Fills so far.
    pub filled: Filled,
    /// OrdStatus(39).
    pub status: OrdStatus,
}

/// What a report reports: ExecType(150) and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecType {
    /// 0: on the book.
    New,
    /// F: a fill.
    Trade(Fill),
    /// 4: cancelled; `request` on the answer to F, a reason when nobody asked.
    Canceled {
        /// The F's ids.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<ChainIds>,
        /// Why, when unsolicited.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Refusal>,
    },
    /// 5: replaced; `terms` are the new ones and carry the new ClOrdID.
    Replaced {
        /// The G's ids.
        request: ChainIds,
        /// `QTY_REDUCED` when the quantity went to CumQty.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Refusal>,
    },
    /// C: expired.
    Expired,
}

/// Ids on the answer to F or G.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainIds {
    /// Which message is answered.
    pub request: RequestId,
    /// ClOrdID(11) of the request.
    pub cl_ord_id: ClOrdId,
    /// OrigClOrdID(41).
    pub orig_cl_ord_id: ClOrdId,
}

/// Whether a fill added or removed liquidity, LastLiquidityInd(851).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Liquidity {
    /// 1: it rested.
    Added,
    /// 2: it took.
    Removed,
}

/// One fill of one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// Number of the trade in its market, the same on both sides.
    pub trade: u64,
    /// LastQty(32).
    pub qty: Qty,
    /// LastPx(31).
    pub price: Price,
    /// LastLiquidityInd(851).
    pub liquidity: Liquidity,
}

/// A step in an order's life, as the market made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionReported {
    /// OrderID(37).
    pub order_id: OrderId,
    /// What happened.
    pub exec: ExecType,
    /// Terms after it.
    pub terms: OrderTerms,
    /// Fills after it.
    pub filled: Filled,
    /// OrdStatus(39) after it.
    pub status: OrdStatus,
}

/// A firm and its accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirmOpened {
    /// The firm.
    pub firm: FirmId,
    /// Its accounts, the first being the default.
    pub accounts: Vec<AccountId>,
    /// What its trades cost.
    #[serde(default)]
    pub commission: Commission,
    /// What happens when it would trade with itself.
    #[serde(default)]
    pub self_trade: SelfTrade,
}

/// Commission of a fill: per share plus basis points of notional, at least `minimum` an execution. Zero by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Commission {
    /// Currency units a share.
    pub per_share: Amount,
    /// Hundredths of a percent of the notional; decimals allowed.
    pub basis_points: Amount,
    /// Least a fill costs, when any commission is charged.
    pub minimum: Amount,
}

/// Opening balance: counted from the equity account of the asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountCredited {
    /// The firm.
    pub firm: FirmId,
    /// Its account.
    pub account: AccountId,
    /// Currency or symbol.
    pub asset: Asset,
    /// How much.
    pub amount: Amount,
    /// Why: `opening` for configuration. One credit per (account, asset, reference) ever has effect.
    pub reference: String,
}

/// A firm's limits. Absent: not limited, except that a price collar needs a reference price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitsSet {
    /// The firm.
    pub firm: FirmId,
    /// Grows by one at every change.
    pub version: u64,
    /// Largest OrderQty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_qty_max: Option<Qty>,
    /// Largest price times quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_notional_max: Option<Amount>,
    /// Largest sum of open order notional and absolute position value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gross_notional_max: Option<Amount>,
    /// Orders in any sliding second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orders_per_s_max: Option<u32>,
    /// Largest distance of a limit price from the reference, in basis points of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_collar_bp: Option<u32>,
}

/// A firm's kill switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KillSwitchSet {
    /// The firm.
    pub firm: FirmId,
    /// On: new D and G are refused and open orders cancelled.
    pub engaged: bool,
    /// Why, for the record and Text(58).
    pub reason: String,
}

/// Self-trade prevention of a firm or instrument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelfTrade {
    /// A firm may trade with itself.
    #[default]
    Allow,
    /// The incoming order's rest is cancelled.
    CancelNewest,
    /// The resting order is cancelled.
    CancelOldest,
    /// Both are cancelled.
    CancelBoth,
    /// Both are reduced by the smaller quantity without a trade.
    Decrement,
}

/// An instrument's terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstrumentListed {
    /// Symbol(55).
    pub symbol: Symbol,
    /// Currency(15) it trades and settles in.
    pub currency: Asset,
    /// Prices are multiples of it.
    pub tick_size: Price,
    /// Quantities are multiples of it.
    pub lot_size: Qty,
}

/// A reference price for collars and valuation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferencePriceSet {
    /// Symbol(55).
    pub symbol: Symbol,
    /// The price.
    pub price: Price,
    /// How long it may be used; without it, until the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_ns: Option<i64>,
}

/// The owner of a partition says what time it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockTicked {
    /// UTC.
    pub now: Timestamp,
}

/// An order for the market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderAccepted {
    /// OrderID(37).
    pub order_id: OrderId,
    /// Which message asked.
    pub request: RequestId,
    /// Its terms.
    pub terms: OrderTerms,
    /// The firm's self-trade prevention.
    #[serde(default)]
    pub self_trade: SelfTrade,
    /// Most the market may spend on a market buy, price times quantity; what would cost more is cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notional_max: Option<Amount>,
    /// Version of the limits the decision used.
    pub limits_version: u64,
    /// Reference price the decision used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_price: Option<Price>,
}

/// A cancel for the market: answered by ExecutionReported(Canceled) or CancelRefused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelAccepted {
    /// OrderID(37).
    pub order_id: OrderId,
    /// Its symbol.
    pub symbol: Symbol,
    /// The order's firm.
    pub firm: FirmId,
    /// The F's ids; none when Assay cancels by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<ChainIds>,
    /// Why, when unsolicited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Refusal>,
}

/// A replace for the market: answered by ExecutionReported(Replaced) or CancelRefused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplaceAccepted {
    /// OrderID(37).
    pub order_id: OrderId,
    /// The G's ids.
    pub request: ChainIds,
    /// The new terms, carrying the new ClOrdID.
    pub terms: OrderTerms,
    /// As in [`OrderAccepted::notional_max`], over the whole order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notional_max: Option<Amount>,
    /// Version of the limits the decision used.
    pub limits_version: u64,
    /// Reference price the decision used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_price: Option<Price>,
}

/// Id of a transfer: unique for ever, derived from what caused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransferId(pub u128);

impl Serialize for TransferId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:032x}", self.0))
    }
}

impl<'de> Deserialize<'de> for TransferId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map(Self).map_err(serde::de::Error::custom)
    }
}

/// A ledger account's code: class, then owner where there is one, e.g. `client:ACME-1`, `clearing`, `commission`,
/// `equity`. With an asset it names one account.
pub type LedgerCode = arrayvec::ArrayString<40>;

/// What a transfer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferKind {
    /// Moves at once.
    Plain,
    /// Reserves on both sides.
    Pending,
    /// Moves `amount` of a pending one and releases the rest only if `release_rest`.
    Post {
        /// The pending transfer.
        pending: TransferId,
        /// Whether what remains reserved is released too.
        release_rest: bool,
    },
    /// Releases `amount` of a pending one without moving it.
    Void {
        /// The pending transfer.
        pending: TransferId,
    },
}

/// Why money or assets moved; stable, for statements and general ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferReason {
    /// Opening balance.
    Opening,
    /// Hold for an open order.
    OrderHold,
    /// Release of a hold.
    OrderRelease,
    /// Cash leg of a trade.
    TradeCash,
    /// Asset leg of a trade.
    TradeAsset,
    /// Commission of a trade.
    Commission,
}

/// One transfer as posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Its id.
    pub id: TransferId,
    /// Debited account.
    pub debit: LedgerCode,
    /// Credited account.
    pub credit: LedgerCode,
    /// Asset of both.
    pub asset: Asset,
    /// Amount, positive.
    pub amount: Amount,
    /// What it does.
    pub kind: TransferKind,
    /// Why.
    pub reason: TransferReason,
}

/// Transfers of one decision, all or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// The firm.
    pub firm: FirmId,
    /// The order it belongs to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// The report it settles, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec_id: Option<ExecId>,
    /// In order.
    pub transfers: Vec<Transfer>,
}

/// A trade for everyone to see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradePrinted {
    /// Symbol(55).
    pub symbol: Symbol,
    /// Number of the trade in its market.
    pub trade: u64,
    /// Price.
    pub price: Price,
    /// Quantity.
    pub qty: Qty,
    /// Side that took.
    pub aggressor: Side,
}

/// A price level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Price.
    pub price: Price,
    /// Sum of LeavesQty.
    pub qty: Qty,
}

/// Best bid and offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopOfBookChanged {
    /// Symbol(55).
    pub symbol: Symbol,
    /// Best bid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bid: Option<Level>,
    /// Best offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Level>,
}

/// The configuration in force, secrets left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigurationLoaded {
    /// Version of the program.
    pub version: String,
    /// SHA-256 of the configuration in hex.
    pub digest: String,
}

/// A session's numbers were reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionReset {
    /// The session.
    pub session: SessionId,
    /// The epoch that begins.
    pub epoch: u32,
    /// E from here on.
    pub next_in: u64,
    /// N from here on.
    pub next_out: u64,
    /// Why: `141=Y received`, `operator`, `sequence reset` ...
    pub reason: String,
}

/// A seal over the records of one topic-partition so far (docs/wire/audit-chain.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Sealed topic.
    pub topic: Topic,
    /// Sealed partition.
    pub partition: u16,
    /// Records sealed: offsets 0 to `tree_size - 1`.
    pub tree_size: u64,
    /// RFC 6962 Merkle root, hex.
    pub root: String,
    /// Chain head, hex.
    pub chain_head: String,
    /// When, UTC.
    pub at: Timestamp,
    /// Bound of the clock's error.
    pub clock_error_ns: i64,
    /// Epoch of the forward-secure key.
    pub key_epoch: u64,
    /// HMAC-SHA256 under that key, hex.
    pub mac: String,
    /// C2SP signed note with the Ed25519 signature.
    pub checkpoint: String,
}
