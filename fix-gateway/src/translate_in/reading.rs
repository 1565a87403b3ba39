//! One request being read: the fields it needs, and the first thing found wrong with it.

use crate::SessionSpec;
use crate::carried::Carrying;
use assay_trading_types::{
    AccountId, Carried, ClOrdId, DecimalError, Defect, Expiry, InstrumentListed, OrdType, OrderId, Price,
    Qty, Refusal, Side, Symbol, TimeInForce, Timestamp,
};
use fix_session::{Message, Verdict};

/// Largest difference between TransactTime(60) and SendingTime(52).
const STALE_NS: i64 = 30_000_000_000;

/// Longest Text(58) and EncodedText(355), in bytes.
const TEXT_BYTES_MAX: usize = 256;

/// Longest SecondaryClOrdID(526) and ClOrdLinkID(583).
const ID_BYTES_MAX: usize = 32;

/// Longest text of a refusal that repeats a value as received.
const SHOWN_CHARACTERS: usize = 40;

/// Why a message does not become a request at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// BusinessMessageReject(j) 380=5.
    Missing(u32),
    /// Reject(3) 373=5 with this RefTagID(371).
    BadId(u32),
    /// BusinessMessageReject(j) with this 380 and Text(58).
    Refused(u32, String),
}

impl Stop {
    /// BMR(1).
    pub(super) fn unknown_exec_id(text: &[u8]) -> Self {
        const UNKNOWN_ID: u32 = 1;
        Self::Refused(UNKNOWN_ID, format!("UNKNOWN_EXECID: {}", shown(text)))
    }

    pub(super) fn verdict(self) -> Verdict {
        match self {
            Self::Missing(tag) => Verdict::MissingConditional(tag),
            Self::BadId(tag) => Verdict::BadValue(tag),
            Self::Refused(reason, text) => Verdict::Refused { reason, text },
        }
    }
}

/// A request being read. Calls go in the order of checks A-03, because the first defect noted is the one told.
pub(super) struct Reading<'a> {
    message: &'a Message<'a>,
    defect: Option<Defect>,
    carried: Carrying,
}

impl<'a> Reading<'a> {
    pub(super) fn new(message: &'a Message<'a>) -> Self {
        Self { message, defect: None, carried: Carrying::default() }
    }

    /// Takes along what the order's reports repeat.
    pub(super) fn carry_all(&mut self) {
        self.carried = Carrying::of(self.message);
    }

    pub(super) fn finish(self) -> (Option<Defect>, Carried) {
        (self.defect, self.carried.finish())
    }

    /// Whether it is OrderCancelReplaceRequest(G), where an omitted TimeInForce(59) means the order's.
    pub(super) fn is_replace(&self) -> bool {
        self.message.msg_type() == b"G"
    }

    pub(super) fn has(&self, tag: u32) -> bool {
        self.message.get(tag).is_some()
    }

    pub(super) fn message(&self) -> &'a Message<'a> {
        self.message
    }

    pub(super) fn value(&self, tag: u32) -> Option<&'a [u8]> {
        self.message.get(tag)
    }

    /// Refuses for the value of a field.
    pub(super) fn refuse(&mut self, refusal: Refusal, tag: u32) {
        let value = self.value(tag).unwrap_or_default();
        self.note(refusal, || format!("{tag}={}", shown(value)));
    }

    pub(super) fn note(&mut self, refusal: Refusal, detail: impl FnOnce() -> String) {
        if self.defect.is_none() {
            self.defect = Some(Defect { refusal, detail: detail() });
        }
    }

    /// A value that Assay cannot hold: noted, and carried so that the answer echoes it.
    pub(super) fn unserved(&mut self, refusal: Refusal, tag: u32, value: &[u8]) {
        self.carried.keep(tag, value);
        self.note(refusal, || format!("{tag}={}", shown(value)));
    }

    pub(super) fn need(&self, tag: u32) -> Result<&'a [u8], Stop> {
        self.message.get(tag).ok_or(Stop::Missing(tag))
    }

    /// One of OrderQty(38), CashOrderQty(152), OrderPercent(516) says how much.
    pub(super) fn need_quantity(&self) -> Result<(), Stop> {
        match self.has(152) || self.has(516) {
            true => Ok(()),
            false => self.need(38).map(drop),
        }
    }

    /// Price(44) and StopPx(99) as OrdType(40) wants them.
    pub(super) fn need_prices(&self) -> Result<(), Stop> {
        let ord_type = self.message.get(40).and_then(one);
        if matches!(ord_type, Some(b'2' | b'4')) {
            self.need(44)?;
        }
        if matches!(ord_type, Some(b'3' | b'4' | b'J')) {
            self.need(99)?;
        }
        Ok(())
    }

    /// ExpireDate(432) or ExpireTime(126) of a GTD order; in a replace they may stay as they were.
    fn need_expiry(&self) -> Result<(), Stop> {
        let gtd = self.value(59) == Some(b"6") && !self.is_replace();
        match gtd && !self.has(432) && !self.has(126) {
            true => Err(Stop::Missing(126)),
            false => Ok(()),
        }
    }

    /// SecurityID(48) and SecurityIDSource(22) come together.
    pub(super) fn security_id_is_whole(&self) -> Result<(), Stop> {
        match (self.has(48), self.has(22)) {
            (true, false) => Err(Stop::Missing(22)),
            (false, true) => Err(Stop::Missing(48)),
            _ => Ok(()),
        }
    }

    /// Texts are no longer than the rules allow.
    pub(super) fn texts_fit(&self) -> Result<(), Stop> {
        for (tag, max) in
            [(58, TEXT_BYTES_MAX), (355, TEXT_BYTES_MAX), (526, ID_BYTES_MAX), (583, ID_BYTES_MAX)]
        {
            if self.value(tag).is_some_and(|text| text.len() > max) {
                return Err(Stop::BadId(tag));
            }
        }
        Ok(())
    }

    /// Times and dates are such as we can count: none of them may be taken for another, or for none at all.
    pub(super) fn times_fit(&self) -> Result<(), Stop> {
        for tag in [60, 126, 586] {
            if self.has(tag) && self.time(tag).is_none() {
                return Err(Stop::BadId(tag));
            }
        }
        match self.value(432).map(|date| std::str::from_utf8(date).ok()?.parse::<u32>().ok()) {
            Some(date) if date.is_none_or(|date| date > Expiry::DATE_MAX) => Err(Stop::BadId(432)),
            _ => Ok(()),
        }
    }

    /// A ClOrdID(11) or another id of a request.
    pub(super) fn id(&self, tag: u32) -> Result<ClOrdId, Stop> {
        ClOrdId::from_bytes(self.need(tag)?).map_err(|_| Stop::BadId(tag))
    }

    /// What an order cannot be read without: BusinessMessageReject(j) 380=5, or Reject(3) for a text that is
    /// too long and for a time that cannot be counted.
    pub(super) fn need_fields(&self, session: &SessionSpec) -> Result<(), Stop> {
        self.times_fit()?;
        self.need(55)?;
        self.need_quantity()?;
        self.need_prices()?;
        self.need_expiry()?;
        self.security_id_is_whole()?;
        self.need_regime_fields(session)?;
        self.texts_fit()
    }

    /// OrderID(37) if given; one that Assay never assigned cannot agree with anything.
    pub(super) fn order_id(&mut self) -> Option<OrderId> {
        let given = self.message.get(37)?;
        let known = std::str::from_utf8(given).ok().and_then(OrderId::parse);
        if known.is_none() {
            self.note(Refusal::IdMismatch, || format!("37={} is not an OrderID of ours", shown(given)));
        }
        known
    }

    pub(super) fn symbol(&mut self) -> Symbol {
        let given = self.message.get(55).unwrap_or_default();
        Symbol::from_bytes(given).unwrap_or_else(|_| {
            self.unserved(Refusal::UnknownSymbol, 55, given);
            Symbol::new("?").expect("one printable character")
        })
    }

    /// SecurityID(48) and SecurityIDSource(22) come together and name the symbol: no other names are listed.
    pub(super) fn instrument(&mut self, symbol: Symbol) {
        match (self.message.get(48), self.message.get(22)) {
            (None, None) => {}
            (Some(id), Some(b"8")) if id == symbol.as_str().as_bytes() => {}
            (id, source) => self.note(Refusal::SymbolMismatch, || {
                let (id, source) = (shown(id.unwrap_or_default()), shown(source.unwrap_or_default()));
                format!("48={id} 22={source} does not name {symbol}")
            }),
        }
    }

    /// Currency(15), SecurityType(167) and SecurityExchange(207), if given, are the instrument's, as far as the listing says.
    pub(super) fn instrument_agrees(&mut self, listed: Option<&InstrumentListed>) {
        let Some(listed) = listed else { return };
        self.agrees(15, listed, Some(listed.currency.as_str()));
        self.agrees(167, listed, listed.security_type.as_ref().map(|kind| kind.as_str()));
        self.agrees(207, listed, listed.exchange.as_ref().map(|exchange| exchange.as_str()));
    }

    fn agrees(&mut self, tag: u32, listed: &InstrumentListed, own: Option<&str>) {
        if let (Some(given), Some(own)) = (self.value(tag), own)
            && given != own.as_bytes()
        {
            let symbol = listed.symbol;
            self.note(Refusal::SymbolMismatch, || format!("{tag}={}, {symbol} has {own}", shown(given)));
        }
    }

    pub(super) fn side(&mut self) -> Side {
        let given = self.message.get(54).unwrap_or_default();
        one(given).and_then(Side::from_fix).unwrap_or_else(|| {
            self.unserved(Refusal::UnsupportedSide, 54, given);
            Side::Buy
        })
    }

    /// TimeInForce(59) if given.
    pub(super) fn time_in_force(&mut self) -> Option<TimeInForce> {
        let given = self.message.get(59)?;
        let tif = one(given).and_then(TimeInForce::from_fix);
        Some(tif.unwrap_or_else(|| {
            self.unserved(Refusal::UnsupportedTif, 59, given);
            TimeInForce::Day
        }))
    }

    /// OrdType(40). Stops take times in force that let them wait.
    pub(super) fn ord_type(&mut self, tif: TimeInForce) -> OrdType {
        let given = self.message.get(40).unwrap_or_default();
        let Some(ord_type) = one(given).and_then(OrdType::from_fix) else {
            self.unserved(Refusal::UnsupportedOrdtype, 40, given);
            return OrdType::Limit;
        };
        let waits = matches!(tif, TimeInForce::Day | TimeInForce::Gtc | TimeInForce::Gtd);
        if ord_type.waits_for_price() && !waits {
            self.refuse(Refusal::UnsupportedTif, 59);
        }
        ord_type
    }

    /// A UTCTIMESTAMP from 1677-09-21 to 2262-04-11, which nanoseconds since 1970 reach.
    pub(super) fn time(&self, tag: u32) -> Option<Timestamp> {
        self.value(tag).and_then(|text| Timestamp::parse_fix(text).ok())
    }

    /// TransactTime(60), within 30 s of SendingTime(52), and of an order sent again not older than the session allows.
    pub(super) fn transact_time(&mut self, session: &SessionSpec) -> Timestamp {
        let (transact, sending) = (self.time(60), self.time(52));
        if let (Some(first), Some(sending), Some(max_s)) = (self.time(122), sending, session.order_age_max_s)
            && self.message.poss_dup()
            && sending.since_ns(first) > i64::from(max_s).saturating_mul(1_000_000_000)
        {
            self.note(Refusal::StaleOrder, || format!("resent after more than {max_s} s"));
        }
        // A resent message is as old as it was when it was sent first.
        let sending = if self.message.poss_dup() { self.time(122).or(sending) } else { sending };
        if let (Some(transact), Some(sending)) = (transact, sending)
            && sending.since_ns(transact).unsigned_abs() > STALE_NS.unsigned_abs()
        {
            let seconds = sending.since_ns(transact) / 1_000_000_000;
            self.note(Refusal::StaleOrder, || format!("60 is {seconds} s before 52"));
        }
        transact.unwrap_or_default()
    }

    pub(super) fn price(&mut self, tag: u32) -> Option<Price> {
        let given = self.message.get(tag)?;
        match Price::parse_bytes(given) {
            Ok(price) => {
                if price.units() <= 0 {
                    self.note(Refusal::BadPrice, || format!("{tag}={} is not positive", shown(given)));
                }
                Some(price)
            }
            Err(error) => {
                self.carried.keep(tag, given);
                self.note(Refusal::BadPrice, || format!("{tag}={}: {error}", shown(given)));
                None
            }
        }
    }

    /// A price that the order type does not take.
    pub(super) fn prices_allowed(&mut self) {
        let ord_type = self.message.get(40).and_then(one);
        let forbidden: &[u32] = match ord_type {
            Some(b'1') => &[44, 99],
            Some(b'2') => &[99],
            Some(b'3' | b'J') => &[44],
            _ => &[],
        };
        for &tag in forbidden {
            if self.has(tag) {
                self.note(Refusal::PriceNotAllowed, || format!("{tag} on this order type"));
            }
        }
    }

    /// OrderQty(38); zero when it cannot be held.
    pub(super) fn quantity(&mut self) -> Qty {
        for tag in [152, 516] {
            if self.has(tag) {
                self.note(Refusal::UnsupportedQtyType, || format!("tag {tag}"));
            }
        }
        let Some(given) = self.message.get(38) else { return Qty::ZERO };
        let refusal = match Qty::parse_bytes(given) {
            Ok(qty) if qty > Qty::ZERO => return qty,
            Ok(_) => Refusal::QtyMin,
            Err(DecimalError::TooPrecise) => Refusal::BadLot,
            Err(DecimalError::TooLarge) if given.starts_with(b"-") => Refusal::QtyMin,
            Err(DecimalError::TooLarge) => Refusal::QtyMax,
            Err(DecimalError::Syntax) => Refusal::BadLot,
        };
        self.unserved(refusal, 38, given);
        Qty::ZERO
    }

    /// Account(1), which must be one of the session's.
    pub(super) fn account(&mut self, session: &SessionSpec) -> Result<AccountId, Stop> {
        let given = self.need(1)?;
        Ok(self.account_of(session, given))
    }

    /// An account, which must be one of the session's.
    pub(super) fn account_of(&mut self, session: &SessionSpec, given: &'a [u8]) -> AccountId {
        let Ok(account) = AccountId::from_bytes(given) else {
            self.unserved(Refusal::UnknownAccount, 1, given);
            return AccountId::new("?").expect("one printable character");
        };
        if !session.accounts.contains(&account) {
            self.note(Refusal::UnknownAccount, || account.as_str().to_owned());
        }
        account
    }

    /// PartyID(448) of the party with this role.
    pub(super) fn party(&self, role: &[u8]) -> Option<&'a [u8]> {
        let mut parties = self.message.groups(453);
        parties.find(|party| party.get(452) == Some(role)).and_then(|party| party.get(448))
    }
}

/// The only byte of a CHAR field.
fn one(value: &[u8]) -> Option<u8> {
    match value {
        [byte] => Some(*byte),
        _ => None,
    }
}

/// A value as a text may repeat it: printable, not endless.
pub(super) fn shown(value: &[u8]) -> String {
    let printable = value.iter().map(|b| if (0x20..0x7f).contains(b) { char::from(*b) } else { '?' });
    let text: String = printable.clone().take(SHOWN_CHARACTERS).collect();
    if value.len() > SHOWN_CHARACTERS { text + "..." } else { text }
}
