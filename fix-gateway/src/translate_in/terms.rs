//! Terms that few orders have: instructions, least and shown quantity, expiry (section 4.1).

use super::reading::{Reading, shown};
use assay_trading_types::{Conditions, Expiry, OrdType, Qty, Refusal, TimeInForce, Timestamp};

/// The one trading session there is, TradingSessionID(336).
const TRADING_SESSION: &[u8] = b"DAY";

impl Reading<'_> {
    /// Instructions that would change the order's meaning and are not served are refused, never ignored.
    pub(super) fn instructions(&mut self, tif: TimeInForce, conditions: &mut Conditions) {
        if self.value(21).is_some_and(|handling| handling != b"1") {
            self.refuse(Refusal::UnsupportedHandling, 21);
        }
        for instruction in self.value(18).unwrap_or_default().split(|b| *b == b' ') {
            match instruction {
                b"" => {}
                b"6" => conditions.post_only = true,
                b"G" if matches!(tif, TimeInForce::Day | TimeInForce::Gtc) => conditions.all_or_none = true,
                _ => self.refuse(Refusal::UnsupportedExecinst, 18),
            }
        }
    }

    /// MinQty(110) with IOC only; MaxFloor(111) below OrderQty(38) on limit orders only.
    pub(super) fn quantities(
        &mut self,
        (ord_type, tif, qty): (OrdType, TimeInForce, Qty),
        conditions: &mut Conditions,
    ) {
        if let Some(min) = self.other_quantity(110) {
            conditions.min_qty = Some(min);
            if tif != TimeInForce::Ioc || min > qty {
                self.refuse(Refusal::UnsupportedTerms, 110);
            }
        }
        if let Some(max_floor) = self.other_quantity(111) {
            conditions.max_floor = Some(max_floor);
            if ord_type != OrdType::Limit || max_floor >= qty {
                self.refuse(Refusal::UnsupportedTerms, 111);
            }
        }
    }

    fn other_quantity(&mut self, tag: u32) -> Option<Qty> {
        let given = self.value(tag)?;
        let qty = Qty::parse_bytes(given).ok().filter(|qty| *qty >= Qty::ZERO);
        if qty.is_none() {
            self.unserved(Refusal::BadLot, tag, given);
        }
        qty
    }

    /// ExpireDate(432) or ExpireTime(126): exactly one with GTD, none otherwise.
    pub(super) fn expiry(&mut self, tif: TimeInForce) -> Option<Expiry> {
        let (date, time) = (self.value(432), self.value(126));
        let as_before = self.is_replace() && !self.has(59);
        if tif != TimeInForce::Gtd && !as_before {
            if date.is_some() || time.is_some() {
                self.refuse(Refusal::UnsupportedTerms, if date.is_some() { 432 } else { 126 });
            }
            return None;
        }
        if date.is_some() && time.is_some() {
            self.refuse(Refusal::UnsupportedTerms, 126);
            return None;
        }
        let expiry = match (date, time) {
            (Some(date), _) => Expiry::Date(std::str::from_utf8(date).ok()?.parse().ok()?),
            (None, Some(_)) => Expiry::Time(self.time(126)?),
            (None, None) => return None,
        };
        if self.time(52).is_some_and(|now| is_past(expiry, now)) {
            self.refuse(Refusal::ExpirePast, if date.is_some() { 432 } else { 126 });
        }
        Some(expiry)
    }

    /// NoTradingSessions(386): at most one, the one there is.
    pub(super) fn trading_session(&mut self) {
        let mut sessions = self.message().groups(386);
        let first = sessions.next().and_then(|entry| entry.get(336));
        if sessions.next().is_some() {
            self.refuse(Refusal::UnsupportedTerms, 386);
        }
        if let Some(named) = first.filter(|named| *named != TRADING_SESSION) {
            self.note(Refusal::MarketClosed, || format!("336={} is neither open nor next", shown(named)));
        }
    }

    /// AccountType(581), OrderCapacity(528) and CustOrderCapacity(582) as we know them.
    pub(super) fn capacities(&mut self) {
        for (tag, known) in
            [(581, &[b"1", b"3"][..]), (528, &[b"A", b"P", b"R"]), (582, &[b"1", b"2", b"3", b"4"])]
        {
            if self.value(tag).is_some_and(|value| !known.iter().any(|k| value == *k)) {
                self.refuse(Refusal::UnsupportedTerms, tag);
            }
        }
    }
}

/// Whether an expiry lies before `now`; a date ends with its day, wherever on earth that is.
fn is_past(expiry: Expiry, now: Timestamp) -> bool {
    const HALF_DAY_NS: i64 = 12 * 3_600 * 1_000_000_000;
    match expiry {
        Expiry::Time(at) => at <= now,
        Expiry::Date(date) => date < date_of(now.plus_ns(-HALF_DAY_NS)),
    }
}

/// Year * 10,000 + month * 100 + day.
fn date_of(at: Timestamp) -> u32 {
    const DATE_CHARACTERS: usize = 8;
    let mut text = Vec::new();
    at.write_fix(0, &mut text);
    text[..DATE_CHARACTERS].iter().fold(0, |date, digit| date * 10 + u32::from(digit - b'0'))
}
