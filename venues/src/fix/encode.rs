//! Requests as FIX messages.

use assay_trading_types::{OrdType, Timestamp, VenueAsk, VenueRequested, VenueTerms};
use fix_session::Encoder;

/// MsgType(35).
pub(super) fn msg_type(ask: &VenueAsk) -> &'static [u8] {
    match ask {
        VenueAsk::New { .. } => b"D",
        VenueAsk::Replace { .. } => b"G",
        VenueAsk::Cancel { .. } => b"F",
        VenueAsk::Status { .. } => b"H",
    }
}

/// Everything behind the header, for `account` of ours there.
pub(super) fn body(request: &VenueRequested, account: &str, at: Timestamp, out: &mut Encoder) {
    out.field(11, request.cl_ord_id.as_str().as_bytes());
    if let VenueAsk::Replace { orig_cl_ord_id, .. } | VenueAsk::Cancel { orig_cl_ord_id, .. } = &request.ask {
        out.field(41, orig_cl_ord_id.as_str().as_bytes());
    }
    out.field(1, account.as_bytes());
    out.field(55, request.symbol.as_str().as_bytes());
    out.field_char(54, request.side.fix());
    if request.side.is_short() && matches!(request.ask, VenueAsk::New { .. } | VenueAsk::Replace { .. }) {
        // LocateReqd: we let nothing through that is not located.
        out.field_char(114, b'N');
    }
    match &request.ask {
        VenueAsk::New { terms: new, .. } => {
            out.field_time(60, at);
            terms(new, out);
        }
        VenueAsk::Replace { terms: new, .. } => {
            out.field_time(60, at);
            terms(new, out);
        }
        VenueAsk::Cancel { qty, .. } => {
            out.field_time(60, at).field_qty(38, *qty);
        }
        VenueAsk::Status { number } => {
            out.field_u64(790, u64::from(*number));
        }
    }
}

fn terms(terms: &VenueTerms, out: &mut Encoder) {
    out.field_qty(38, terms.qty).field_char(40, terms.ord_type.fix());
    if let Some(price) = terms.price.filter(|_| matches!(terms.ord_type, OrdType::Limit | OrdType::StopLimit))
    {
        out.field_price(44, price);
    }
    if let Some(stop_px) = terms.stop_px {
        out.field_price(99, stop_px);
    }
    out.field_char(59, terms.tif.fix());
}
