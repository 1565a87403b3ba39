//! Answers to mass requests that are not about one order: OrderMassCancelReport(r), and an 8 that says that there is none.

use super::fields::{order_id, text, time, write_display};
use assay_trading_types::{
    ClOrdId, MassCancelReported, MassStatusReported, OrdStatus, Refusal, Symbol, Timestamp,
};
use fix_session::Encoder;

/// MassCancelResponse(531) of a refusal.
const REFUSED: u8 = b'0';

/// Side(54) of a report that concerns no order: undisclosed. The standard requires the field.
const NO_SIDE: u8 = b'7';

/// Symbol(55) of a report that concerns no instrument, as the standard writes it.
const NO_SYMBOL: &[u8] = b"[N/A]";

/// OrderMassCancelReport(r).
pub(super) fn report(e: &MassCancelReported, at: Timestamp, out: &mut Encoder) {
    let request_type = u8::try_from(e.request_type).unwrap_or(REFUSED);
    out.field(11, e.cl_ord_id.as_str().as_bytes());
    order_id(out, Some(e.order_id));
    if let Some(side) = e.filter.side {
        out.field_char(54, side.fix());
    }
    if let Some(symbol) = &e.filter.symbol {
        out.field(55, symbol.as_str().as_bytes());
    }
    if let Some(refused) = &e.refused {
        text(out, refused.refusal, &refused.detail);
    }
    time(out, at);
    out.field_char(530, request_type);
    out.field_char(531, if e.refused.is_some() { REFUSED } else { request_type });
    if let Some(reason) = e.reject_reason() {
        out.field_u64(532, reason.into());
        return;
    }
    out.field_u64(533, e.total.into());
    if !e.affected.is_empty() {
        out.field_u64(534, e.affected.len() as u64);
    }
    for affected in &e.affected {
        out.field(41, affected.cl_ord_id.as_str().as_bytes());
        out.field_with(535, |out| write_display(out, affected.order_id));
    }
}

/// No open order, or a request that cannot be served.
pub(super) fn none_found(e: &MassStatusReported, at: Timestamp, out: &mut Encoder) {
    let (refusal, detail) = match &e.refused {
        Some(refused) => (refused.refusal, refused.detail.as_str()),
        None => (Refusal::UnknownOrder, "no open order"),
    };
    write_none(e.mass_status_req_id, e.symbol.as_ref(), Some((refusal, detail)), at, out);
}

/// Nothing to recover: the ExecID is known, and nothing has come after it.
pub(super) fn no_trades(id: ClOrdId, at: Timestamp, out: &mut Encoder) {
    write_none(id, None, None, at, out);
}

/// Symbol(55) of a report on no order: as it was asked for, if it was.
pub(super) fn shown(symbol: Option<&Symbol>) -> &[u8] {
    symbol.map_or(NO_SYMBOL, |symbol| symbol.as_str().as_bytes())
}

fn write_none(
    id: ClOrdId,
    symbol: Option<&Symbol>,
    refused: Option<(Refusal, &str)>,
    at: Timestamp,
    out: &mut Encoder,
) {
    const OTHER: u64 = 99;
    out.field_u64(6, 0).field_u64(14, 0).field(17, b"0").field(37, b"NONE");
    out.field_char(39, OrdStatus::Rejected.fix()).field_char(54, NO_SIDE);
    out.field(55, shown(symbol));
    match refused {
        Some((refusal, detail)) => text(out, refusal, detail),
        None => _ = out.field(58, b"no trade since"),
    }
    time(out, at);
    let reason = refused.map_or(OTHER, |(refusal, _)| refusal.ord_rej_reason().into());
    out.field_u64(103, reason).field_char(150, b'I').field_u64(151, 0);
    out.field(584, id.as_str().as_bytes()).field_u64(911, 0).field_bool(912, true);
}
