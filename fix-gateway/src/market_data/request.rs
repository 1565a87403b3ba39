//! MarketDataRequest(V): what is asked for, or why it is not to be had (rules of engagement, section 7.3).

use super::entry::{EntryType, EntryTypes};
use super::view::Wanted;
use crate::MarketDataRules;
use crate::reference_data::ReferenceData;
use assay_trading_types::{ClOrdId, Symbol};
use fix_session::{Message, Verdict};

/// Symbols of one request.
const SYMBOLS_MAX: usize = 200;

/// Levels, or single orders, a side of a book that is asked for whole: one message then stays below what counterparties' engines take.
pub(super) const FULL_LEVELS: usize = 500;

/// BusinessRejectReason(380) "unknown id".
const UNKNOWN_ID: u32 = 1;

/// What a V asks for.
pub(super) enum Asked {
    /// Entries of symbols.
    Data(Request),
    /// The end of a subscription.
    End(ClOrdId),
}

/// Entries of symbols.
pub(super) struct Request {
    pub(super) id: ClOrdId,
    pub(super) mode: Mode,
    pub(super) wanted: Wanted,
    pub(super) symbols: Vec<Symbol>,
}

/// SubscriptionRequestType(263) and MDUpdateType(265).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// One W a symbol.
    Once,
    /// A W with every change.
    Full,
    /// A W, then X.
    Incremental,
}

/// Why a V gets no data.
pub(super) enum Fault {
    /// MarketDataRequestReject(Y) with MDReqRejReason(281) and Text(58).
    Rejected(ClOrdId, u8, String),
    /// An answer of the session's.
    Verdict(Verdict),
}

/// Reads a V whose session may send it; `limited` says why it is too much, if it is.
pub(super) fn read(
    message: &Message<'_>,
    listed: &ReferenceData,
    rules: MarketDataRules,
    limited: Option<String>,
) -> Result<Asked, Fault> {
    let Ok(id) = ClOrdId::from_bytes(message.get(262).unwrap_or_default()) else {
        return Err(Fault::Verdict(Verdict::BadValue(262)));
    };
    let rejected = |reason: u8, text: String| Err(Fault::Rejected(id, reason, text));
    if let Some(limit) = limited {
        return rejected(b'2', format!("RATE_LIMIT: {limit}"));
    }
    let unsupported = |reason: u8, what: &str| rejected(reason, format!("UNSUPPORTED_SCOPE: {what}"));
    let mode = match (message.get(263), message.get(265)) {
        (Some(b"2"), _) => return Ok(Asked::End(id)),
        (Some(b"0"), _) => Mode::Once,
        (Some(b"1"), None) => return Err(Fault::Verdict(Verdict::MissingConditional(265))),
        (Some(b"1"), Some(b"0")) => Mode::Full,
        (Some(b"1"), Some(b"1")) => Mode::Incremental,
        (Some(b"1"), Some(_)) => return unsupported(b'6', "265 is 0 or 1"),
        _ => return unsupported(b'4', "263 is 0, 1 or 2"),
    };
    let Some(levels) = levels(message) else { return unsupported(b'5', "264 is 0, 1, 5 or 10") };
    let single = message.get(266).is_some_and(|aggregated| aggregated != b"Y");
    if single && !rules.single_orders {
        return unsupported(b'7', "this session is not entitled to single orders");
    }
    let Some(types) = types(message) else { return unsupported(b'8', "269 is 0, 1, 2, 4 to 8 or B") };
    let symbols = match symbols(message, listed) {
        Ok(symbols) if symbols.len() > SYMBOLS_MAX => {
            return rejected(b'2', format!("TOO_MANY_SUBSCRIPTIONS: {SYMBOLS_MAX} symbols a request"));
        }
        Ok(symbols) => symbols,
        Err(unknown) => return rejected(b'0', format!("UNKNOWN_SYMBOL: {}", unknown.escape_ascii())),
    };
    if let Some(symbol) = symbols.iter().find(|symbol| single && !listed.tells_single_orders(symbol)) {
        return unsupported(b'7', &format!("{symbol} is told by price alone"));
    }
    Ok(Asked::Data(Request { id, mode, wanted: Wanted { types, levels, single }, symbols }))
}

/// BusinessMessageReject(j) to the end of a subscription that is none.
pub(super) fn unknown_subscription(id: &ClOrdId) -> Verdict {
    Verdict::Refused { reason: UNKNOWN_ID, text: format!("UNKNOWN_MDREQID: no subscription {id}") }
}

/// MarketDepth(264).
fn levels(message: &Message<'_>) -> Option<usize> {
    match message.get_u64(264)? {
        0 => Some(FULL_LEVELS),
        depth @ (1 | 5 | 10) => usize::try_from(depth).ok(),
        _ => None,
    }
}

fn types(message: &Message<'_>) -> Option<EntryTypes> {
    let mut types = EntryTypes::default();
    for entry in message.groups(267) {
        types.add(EntryType::from_fix(entry.get(269)?)?);
    }
    Some(types)
}

/// The symbols asked for, each once, up to one more than are taken; or one that is not listed.
fn symbols<'a>(message: &Message<'a>, listed: &ReferenceData) -> Result<Vec<Symbol>, &'a [u8]> {
    let mut symbols = Vec::new();
    for entry in message.groups(146).take(SYMBOLS_MAX + 1) {
        let text = entry.get(55).unwrap_or_default();
        let symbol = Symbol::from_bytes(text).ok().filter(|symbol| listed.listed(symbol).is_some());
        symbols.push(symbol.ok_or(text)?);
    }
    if symbols.len() <= SYMBOLS_MAX {
        symbols.sort_unstable();
        symbols.dedup();
    }
    Ok(symbols)
}
