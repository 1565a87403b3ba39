//! What is listed, as the log says: answers to SecurityListRequest(x) and SecurityDefinitionRequest(c) (section 7.1).

use crate::Effects;
use assay_event_log::Record;
use assay_trading_types::{ClOrdId, Event, InstrumentListed, Symbol, TradingPhase};
use fix_session::{Encoder, Inbound, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Instruments of one SecurityList(y).
const PER_LIST_MAX: usize = 500;

/// SecurityListRequestType(559): one symbol.
const ONE_SYMBOL: &[u8] = b"0";
/// All.
const ALL: &[u8] = b"4";

/// SubscriptionRequestType(263): a snapshot.
const SNAPSHOT: &[u8] = b"0";

/// SecurityRequestResult(560).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ListResult {
    Valid = 0,
    Invalid = 1,
    NoneFound = 2,
}

/// SecurityResponseType(323).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DefinitionResult {
    AsIs = 1,
    Rejected = 5,
    NoMatch = 6,
}

/// Instruments and the phases they are in, derived from `accounts`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct ReferenceData {
    instruments: BTreeMap<Symbol, InstrumentListed>,
    phases: BTreeMap<Symbol, TradingPhase>,
    /// Offset of the newest change from one phase to another; the phase that an instrument begins in is no change.
    #[serde(skip)]
    changed_at: Option<u64>,
}

impl ReferenceData {
    pub(crate) fn observe(&mut self, record: &Record, event: &Event) {
        match event {
            Event::InstrumentListed(e) => _ = self.instruments.insert(e.symbol, e.clone()),
            Event::TradingStateChanged(e) => {
                let before = self.phases.insert(e.symbol, e.phase);
                // Where a market begins is no change, but none begins where a trade or an operator sends it.
                let is_sent = matches!(e.phase, TradingPhase::VolatilityAuction | TradingPhase::Halted);
                if before.map_or(is_sent, |before| before != e.phase) {
                    self.changed_at = Some(record.offset);
                }
            }
            _ => {}
        }
    }

    /// Whether the record at `offset` said that an instrument went from one phase to another.
    pub(crate) fn is_news(&self, offset: u64) -> bool {
        self.changed_at == Some(offset)
    }

    /// Terms of a listed symbol.
    pub(crate) fn listed(&self, symbol: &Symbol) -> Option<&InstrumentListed> {
        self.instruments.get(symbol)
    }

    /// Whether the market of a symbol tells of its single orders.
    pub(crate) fn tells_single_orders(&self, symbol: &Symbol) -> bool {
        self.listed(symbol).is_some_and(|listed| listed.single_orders)
    }

    pub(crate) fn remember(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("names and numbers have a JSON form")
    }

    pub(crate) fn recall(remembered: serde_json::Value) -> Self {
        serde_json::from_value(remembered).unwrap_or_default()
    }

    /// SecurityListRequest(x): one or more SecurityList(y).
    pub(crate) fn security_list(&self, inbound: &Inbound<'_>, effects: &mut Effects<'_>) -> Verdict {
        let message = &inbound.message;
        let Ok(id) = ClOrdId::from_bytes(message.get(320).unwrap_or_default()) else {
            return Verdict::BadValue(320);
        };
        let kind = message.get(559).unwrap_or_default();
        if kind == ONE_SYMBOL && message.get(55).is_none() {
            return Verdict::MissingConditional(55);
        }
        let served = (kind == ONE_SYMBOL || kind == ALL) && message.get(263).is_none_or(|s| s == SNAPSHOT);
        let only = (kind == ONE_SYMBOL).then(|| message.get(55)).flatten();
        let found: Vec<_> = self.instruments.values().filter(|i| served && is_meant(i, only)).collect();
        let result = match (served, found.is_empty()) {
            (false, _) => ListResult::Invalid,
            (true, true) => ListResult::NoneFound,
            (true, false) => ListResult::Valid,
        };
        let total = found.len();
        let mut chunks = found.chunks(PER_LIST_MAX).peekable();
        let mut number = 0;
        loop {
            let chunk = chunks.next().unwrap_or_default();
            number += 1;
            let response_id = response_id(effects, number);
            let last = chunks.peek().is_none();
            effects.reply_fields(b"y", |out| list(out, (id, &response_id), result, total, last, chunk));
            if last {
                return Verdict::Accepted;
            }
        }
    }

    /// SecurityDefinitionRequest(c): one SecurityDefinition(d).
    pub(crate) fn security_definition(&self, inbound: &Inbound<'_>, effects: &mut Effects<'_>) -> Verdict {
        let message = &inbound.message;
        let Ok(id) = ClOrdId::from_bytes(message.get(320).unwrap_or_default()) else {
            return Verdict::BadValue(320);
        };
        let served = matches!(message.get(321), Some(b"0" | b"1"))
            && message.get(263).is_none_or(|kind| kind == SNAPSHOT);
        let Some(asked) = message.get(55).or((!served).then_some(b"")) else {
            return Verdict::MissingConditional(55);
        };
        let found = Symbol::from_bytes(asked).ok().and_then(|symbol| self.listed(&symbol)).filter(|_| served);
        let result = match (served, found) {
            (false, _) => DefinitionResult::Rejected,
            (true, None) => DefinitionResult::NoMatch,
            (true, Some(_)) => DefinitionResult::AsIs,
        };
        let response_id = response_id(effects, 1);
        effects.reply_fields(b"d", |out| definition(out, (id, &response_id), result, asked, found));
        Verdict::Accepted
    }
}

fn is_meant(instrument: &InstrumentListed, only: Option<&[u8]>) -> bool {
    only.is_none_or(|symbol| symbol == instrument.symbol.as_str().as_bytes())
}

/// SecurityResponseID(322): the message asked with, and the number of the answer.
fn response_id(effects: &Effects<'_>, number: u32) -> String {
    let request = effects.request_id();
    format!("{}-{}-{number}", request.epoch, request.seq)
}

fn list(
    out: &mut Encoder,
    (id, response_id): (ClOrdId, &str),
    result: ListResult,
    total: usize,
    last: bool,
    instruments: &[&InstrumentListed],
) {
    if !instruments.is_empty() {
        out.field_u64(146, instruments.len() as u64);
    }
    for instrument in instruments {
        out.field(55, instrument.symbol.as_str().as_bytes());
        kind_and_place(out, instrument);
        out.field(15, instrument.currency.as_str().as_bytes());
        sizes(out, instrument);
    }
    out.field(320, id.as_str().as_bytes()).field(322, response_id.as_bytes());
    out.field_u64(393, total as u64).field_u64(560, result as u64).field_bool(893, last);
}

/// SecurityType(167) and SecurityExchange(207), where the listing says them.
fn kind_and_place(out: &mut Encoder, instrument: &InstrumentListed) {
    if let Some(kind) = instrument.security_type {
        out.field(167, kind.as_str().as_bytes());
    }
    if let Some(exchange) = instrument.exchange {
        out.field(207, exchange.as_str().as_bytes());
    }
}

/// RoundLot(561), MinTradeVol(562), MinPriceIncrement(969).
fn sizes(out: &mut Encoder, instrument: &InstrumentListed) {
    let (lot, tick) = (instrument.lot_size, instrument.tick_size);
    out.field_qty(561, lot).field_qty(562, lot).field_price(969, tick);
}

fn definition(
    out: &mut Encoder,
    (id, response_id): (ClOrdId, &str),
    result: DefinitionResult,
    asked: &[u8],
    found: Option<&InstrumentListed>,
) {
    if let Some(instrument) = found {
        out.field(15, instrument.currency.as_str().as_bytes());
    }
    out.field(55, asked);
    match result {
        DefinitionResult::AsIs => {}
        DefinitionResult::Rejected => _ = out.field(58, b"UNSUPPORTED_SCOPE: use SecurityListRequest"),
        DefinitionResult::NoMatch => _ = out.field(58, b"UNKNOWN_SYMBOL: not listed"),
    }
    if let Some(instrument) = found {
        kind_and_place(out, instrument);
    }
    out.field(320, id.as_str().as_bytes()).field(322, response_id.as_bytes()).field_u64(323, result as u64);
    if let Some(instrument) = found {
        sizes(out, instrument);
    }
}
