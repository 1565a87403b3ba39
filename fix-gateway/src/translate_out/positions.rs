//! RequestForPositionsAck(AO) and PositionReport(AP) (section 7.2).

use super::body::Body;
use super::fields::{text, trade_date, write_display};
use assay_trading_types::{Amount, ExecId, PositionState, PositionsReported, Timestamp};
use fix_session::Encoder;

/// PosReqStatus(729).
const COMPLETED: u64 = 0;
const REFUSED: u64 = 2;

/// SettlPriceType(731): a price we value at, not an official one.
const THEORETICAL: u64 = 2;

/// RequestForPositionsAck(AO).
pub(super) fn acknowledgement(e: &PositionsReported, id: ExecId, out: &mut Encoder) {
    let mut body = Body::new(out, e.carried.as_deref());
    body.own(1, |o| _ = o.field(1, e.account.as_str().as_bytes()));
    if let Some(symbol) = &e.symbol {
        body.own(55, |o| _ = o.field(55, symbol.as_str().as_bytes()));
    }
    if let Some(refused) = &e.refused {
        body.own(58, |o| text(o, refused.refusal, &refused.detail));
    }
    body.own(710, |o| _ = o.field(710, e.pos_req_id.as_str().as_bytes()));
    body.own(721, |o| _ = o.field_with(721, |out| write_display(out, id)));
    body.own(727, |o| _ = o.field_u64(727, e.total.into()));
    let result = e.refused.as_ref().map_or(0, |refused| refused.result.fix());
    let status = if e.refused.is_some() { REFUSED } else { COMPLETED };
    body.own(728, |o| _ = o.field_u64(728, result.into()).field_u64(729, status));
    body.end();
}

/// PositionReport(AP) number `at` of the record.
pub(super) fn report(e: &PositionsReported, at: usize, id: ExecId, time: Timestamp, out: &mut Encoder) {
    let position = &e.positions[at];
    let mut body = Body::new(out, e.carried.as_deref());
    body.own(1, |o| _ = o.field(1, e.account.as_str().as_bytes()));
    body.own(55, |o| _ = o.field(55, position.symbol.as_str().as_bytes()));
    body.own(702, |o| quantities(position, o));
    body.own(710, |o| _ = o.field(710, e.pos_req_id.as_str().as_bytes()));
    body.own(715, |o| _ = o.field_with(715, |out| trade_date(time, out)));
    body.own(721, |o| _ = o.field_with(721, |out| report_id(out, id, at)));
    body.own(724, |o| _ = o.field_u64(724, 0).field_u64(727, e.total.into()).field_u64(728, 0));
    body.own(730, |o| {
        match position.price {
            Some(price) => _ = o.field_price(730, price),
            None => _ = o.field_u64(730, 0),
        }
        o.field_u64(731, THEORETICAL).field_u64(734, 0);
    });
    body.own(753, |o| match position.value {
        Some(value) => _ = o.field_u64(753, 1).field(707, b"FMTM").field_amount(708, value),
        None => _ = o.field_u64(753, 0),
    });
    body.end();
}

/// NoPositions(702): what the day began with, what was traded since, what is held now.
fn quantities(position: &PositionState, out: &mut Encoder) {
    let traded = (position.bought.as_amount(), position.sold.as_amount());
    out.field_u64(702, 3);
    for (kind, (long, short)) in
        [(&b"SOD"[..], sides(position.start)), (b"TQ", traded), (b"FIN", sides(position.now))]
    {
        out.field(703, kind).field_amount(704, long).field_amount(705, short);
    }
}

/// Long and short.
fn sides(held: Amount) -> (Amount, Amount) {
    match held.units() {
        units if units < 0 => (Amount::ZERO, Amount::from_units(-units)),
        _ => (held, Amount::ZERO),
    }
}

/// PosMaintRptID(721): the record's id and the number of the position in it.
fn report_id(out: &mut Vec<u8>, id: ExecId, at: usize) {
    write_display(out, format_args!("{id}-{at}"));
}
