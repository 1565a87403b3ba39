//! Stored messages written again: as possible duplicates, or for the first time under a number of their own (L-24).

use crate::Encoder;
use crate::encode::{CHECK_SUM_BYTES, SOH};

/// Header fields that [`Encoder::begin`] writes after 35, by ascending tag.
const HEADER_TAGS: [u32; 18] =
    [34, 43, 49, 50, 52, 56, 57, 97, 115, 116, 122, 128, 129, 142, 143, 144, 145, 369];

/// Writes a stored outbound message again for a resend: same number, body and order; 43=Y, 122 = its 52,
/// 52 = `sending_time`, 369 = `last_processed` if that is used, 9 and 10 anew. Replaces what `out` held.
///
/// `original` must be a message of [`Encoder`] (the store holds no others): its header then ascends by tag, and the
/// new fields go to their places in it. 122 of an original that was itself a resend stays. An original from before the
/// clock was put back claims to be of the future: its 122 becomes the new 52, since no peer takes a later one (D-04).
pub fn reencode_as_duplicate(
    original: &[u8],
    sending_time: &[u8],
    last_processed: Option<u64>,
    out: &mut Vec<u8>,
) {
    let mut encoder = Encoder::into(std::mem::take(out));
    encoder.open();
    let body_start = write_duplicate_header(original, sending_time, last_processed, &mut encoder);
    encoder.raw(body_of(original, body_start));
    *out = encoder.finish_into();
}

/// Writes a message that was stored without a number for its first sending: number, 52 and 369 as given, all else kept.
pub(crate) fn renumber(
    queued: &[u8],
    seq: u64,
    sending_time: &[u8],
    last_processed: Option<u64>,
    encoder: &mut Encoder,
) {
    encoder.open();
    let mut at = 0;
    while let Some((tag, value, next)) = next_header_field(queued, at) {
        at = next;
        match tag {
            8 | 9 | 369 => {}
            34 => _ = encoder.field_u64(34, seq),
            52 => _ = encoder.field(52, sending_time),
            _ => _ = encoder.field(tag, value),
        }
    }
    write_last_processed(last_processed, encoder);
    encoder.raw(body_of(queued, at));
}

fn body_of(original: &[u8], body_start: usize) -> &[u8] {
    let body_end = original.len().saturating_sub(CHECK_SUM_BYTES).max(body_start);
    original.get(body_start..body_end).unwrap_or_default()
}

fn write_last_processed(last_processed: Option<u64>, out: &mut Encoder) {
    if let Some(last) = last_processed {
        out.field_u64(369, last);
    }
}

/// Writes the changed header; answers where the original's body starts.
fn write_duplicate_header(
    original: &[u8],
    sending_time: &[u8],
    last_processed: Option<u64>,
    out: &mut Encoder,
) -> usize {
    let mut orig_sending_time: &[u8] = b"";
    let (mut wrote_flag, mut wrote_original_time) = (false, false);
    let mut at = 0;
    while let Some((tag, value, next)) = next_header_field(original, at) {
        at = next;
        if tag > 43 && !wrote_flag && tag != 35 {
            out.field(43, b"Y");
            wrote_flag = true;
        }
        if tag >= 122 && !wrote_original_time {
            let original = if tag == 122 { value } else { orig_sending_time };
            out.field(122, original.min(sending_time));
            wrote_original_time = true;
        }
        match tag {
            8 | 9 | 43 | 122 => {}
            52 => {
                orig_sending_time = value;
                out.field(52, sending_time);
            }
            369 if last_processed.is_some() => {}
            _ => {
                out.field(tag, value);
            }
        }
    }
    if !wrote_original_time {
        out.field(122, orig_sending_time.min(sending_time));
    }
    write_last_processed(last_processed, out);
    at
}

/// The header field at `at`: tag, value, and where the next starts; nothing where the body begins.
fn next_header_field(frame: &[u8], at: usize) -> Option<(u32, &[u8], usize)> {
    let rest = frame.get(at..)?;
    let end = rest.iter().position(|&b| b == SOH)?;
    let equals = rest[..end].iter().position(|&b| b == b'=')?;
    let tag = std::str::from_utf8(&rest[..equals]).ok()?.parse().ok()?;
    let is_header = matches!(tag, 8 | 9 | 35) || HEADER_TAGS.contains(&tag);
    is_header.then_some((tag, &rest[equals + 1..end], at + end + 1))
}
