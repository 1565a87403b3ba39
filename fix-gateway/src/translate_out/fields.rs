//! Single fields that many reports have.

use super::phrase::phrase;
use assay_trading_types::{OrderId, Refusal, Timestamp};
use fix_session::Encoder;

pub(super) fn order_id(out: &mut Encoder, id: Option<OrderId>) {
    match id {
        Some(id) => _ = out.field_with(37, |out| write_display(out, id)),
        None => _ = out.field(37, b"NONE"),
    }
}

/// Text(58) as `CODE: free text`; without `detail` what the code means.
pub(super) fn text(out: &mut Encoder, code: Refusal, detail: &str) {
    let free = if detail.is_empty() { phrase(code) } else { detail };
    out.field_with(58, |out| {
        out.extend_from_slice(code.code().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(free.as_bytes());
    });
}

/// TransactTime(60) in microseconds.
pub(super) fn time(out: &mut Encoder, at: Timestamp) {
    out.field_with(60, |out| at.write_fix(6, out));
}

/// TradeDate(75), YYYYMMDD.
pub(super) fn trade_date(at: Timestamp, out: &mut Vec<u8>) {
    const DATE_CHARACTERS: usize = 8;
    let start = out.len();
    at.write_fix(0, out);
    out.truncate(start + DATE_CHARACTERS);
}

pub(super) fn write_display(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    use std::io::Write;
    write!(out, "{value}").expect("memory takes every byte");
}
