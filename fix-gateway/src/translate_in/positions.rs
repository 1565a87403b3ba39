//! AN: what an account holds (section 7.2).

use super::reading::{Reading, Stop};
use crate::SessionSpec;
use crate::carried::Carrying;
use assay_trading_types::{
    PositionsRefusal, PositionsRequested, PositionsResult, Refusal, RequestId, Timestamp,
};
use fix_session::{Inbound, Message};

/// PosReqType(724): positions.
const POSITIONS: &[u8] = b"0";

/// SubscriptionRequestType(263): a snapshot.
const SNAPSHOT: &[u8] = b"0";

/// Characters of a date.
const DATE_CHARACTERS: usize = 8;

pub(super) fn positions(
    session: &SessionSpec,
    inbound: &Inbound<'_>,
    request: RequestId,
) -> Result<PositionsRequested, Stop> {
    let message = &inbound.message;
    let mut reading = Reading::new(message);
    let pos_req_id = reading.id(710)?;
    reading.times_fit()?;
    let refused = unserved(message);
    let account = reading.account(session)?;
    let symbol = reading.has(55).then(|| reading.symbol());
    let (defect, unread) = reading.finish();
    let refused = refused.or_else(|| {
        let defect = defect?;
        let result = match defect.refusal {
            Refusal::UnknownAccount => PositionsResult::NotAuthorised,
            _ => PositionsResult::NoneFound,
        };
        Some(PositionsRefusal { result, refusal: defect.refusal, detail: defect.detail })
    });
    let mut carrying = Carrying::of_parties(message);
    carrying.keep(581, message.get(581).unwrap_or_default());
    let carried = carrying.finish_with(unread.as_deref());
    let firm = session.firm;
    Ok(PositionsRequested { request, firm, pos_req_id, account, symbol, carried, refused })
}

/// What we do not serve of it.
fn unserved(message: &Message<'_>) -> Option<PositionsRefusal> {
    let refuse = |result, detail: String| {
        Some(PositionsRefusal { result, refusal: Refusal::UnsupportedScope, detail })
    };
    let shown = |tag: u32| message.get(tag).unwrap_or_default().escape_ascii().to_string();
    if message.get(724) != Some(POSITIONS) {
        return refuse(PositionsResult::Invalid, format!("724={}", shown(724)));
    }
    if message.get(263).is_some_and(|kind| kind != SNAPSHOT) {
        return refuse(PositionsResult::NotSupported, format!("263={}", shown(263)));
    }
    if message.get(715) != Some(&today(message)[..]) {
        return refuse(PositionsResult::Invalid, format!("715={} is not today", shown(715)));
    }
    None
}

/// The date of SendingTime(52), which is within seconds of now.
fn today(message: &Message<'_>) -> Vec<u8> {
    let mut date = Vec::with_capacity(DATE_CHARACTERS);
    let sent = message.get(52).and_then(|text| Timestamp::parse_fix(text).ok()).unwrap_or_default();
    sent.write_fix(0, &mut date);
    date.truncate(DATE_CHARACTERS);
    date
}
