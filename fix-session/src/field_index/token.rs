//! Cutting a frame into `tag=value SOH`.

use super::{Entry, Faults};
use assay_dictionaries::{Dictionary, TagInfo};

const SOH: u8 = 1;

/// A piece of the frame.
pub(super) enum Token {
    /// A field, not yet placed.
    Field(Entry, TagInfo),
    /// A piece without `tag=` (V-25).
    NoField,
}

/// What the last field says about the next.
#[derive(Clone, Copy)]
enum Announced {
    Nothing,
    /// `bytes` of the data field `data_tag`, said by `length_tag`.
    Data {
        length_tag: u32,
        data_tag: u32,
        bytes: usize,
    },
    /// A length that is no count; V-15 or V-26 say so where it stands, so the data is read to SOH without more ado.
    Unreadable {
        data_tag: u32,
    },
}

/// The pieces of one frame, in order.
pub(super) struct Tokens<'a> {
    frame: &'a [u8],
    at: usize,
    dictionary: &'a Dictionary,
    announced: Announced,
    has_data: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(frame: &'a [u8], dictionary: &'a Dictionary) -> Self {
        Self { frame, at: 0, dictionary, announced: Announced::Nothing, has_data: false }
    }

    /// Whether a data field was met.
    pub(super) fn has_data(&self) -> bool {
        self.has_data
    }

    #[inline]
    pub(super) fn next(&mut self, faults: &mut Faults) -> Option<Token> {
        let start = self.at;
        if start >= self.frame.len() {
            return None;
        }
        let Some((tag, value)) = read_tag(self.frame, start).or_else(|| odd_tag(self.frame, start)) else {
            self.at = soh_from(self.frame, start) + 1;
            self.announced = Announced::Nothing;
            return Some(Token::NoField);
        };
        let info = self.dictionary.tag(tag);
        let end = if info.is_data() || !matches!(self.announced, Announced::Nothing) {
            self.announced_end(tag, value, info.is_data(), faults)
        } else {
            soh_from(self.frame, value)
        };
        if info.is_length() {
            self.announce(tag, &self.frame[value..end]);
        }
        self.at = end + 1;
        let entry = Entry {
            tag,
            start: start as u32,
            value: value as u32,
            end: end as u32,
            field: info.field(),
            depth: 0,
            starts_entry: false,
            is_member: false,
        };
        Some(Token::Field(entry, info))
    }

    #[cold]
    fn announce(&mut self, length_tag: u32, text: &[u8]) {
        let partner = self.dictionary.field_of_tag(length_tag).and_then(|field| field.partner());
        let Some(data_tag) = partner else { return };
        self.announced = if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
            Announced::Unreadable { data_tag }
        } else {
            let add = |n: usize, &b: &u8| n.saturating_mul(10).saturating_add(usize::from(b - b'0'));
            Announced::Data { length_tag, data_tag, bytes: text.iter().fold(0, add) }
        };
    }

    /// Where a value ends that is data, or that follows a length (V-26).
    #[cold]
    fn announced_end(&mut self, tag: u32, value: usize, is_data: bool, faults: &mut Faults) -> usize {
        self.has_data |= is_data;
        let to_soh = soh_from(self.frame, value);
        match std::mem::replace(&mut self.announced, Announced::Nothing) {
            Announced::Data { length_tag, data_tag, bytes } if data_tag == tag => {
                let end = value.checked_add(bytes).filter(|&end| self.frame.get(end) == Some(&SOH));
                return end.unwrap_or_else(|| {
                    faults.wrong_length.get_or_insert(i64::from(length_tag));
                    to_soh
                });
            }
            Announced::Unreadable { data_tag } if data_tag == tag => return to_soh,
            Announced::Data { length_tag, bytes, .. } if bytes > 0 => {
                faults.wrong_length.get_or_insert(i64::from(length_tag));
            }
            _ => {}
        }
        if is_data {
            let length_tag = self.dictionary.field_of_tag(tag).and_then(|field| field.partner());
            faults.no_length = faults.no_length.or(length_tag.map(i64::from));
        }
        to_soh
    }
}

/// Reads `tag=` at `start`, a tag of one to nine digits (which cannot overflow): the tag and where the value starts.
#[inline]
fn read_tag(frame: &[u8], start: usize) -> Option<(u32, usize)> {
    let mut tag: u32 = 0;
    for (n, &byte) in frame[start..].iter().take(10).enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return (byte == b'=' && n > 0).then_some((tag, start + n + 1));
        }
        if n == 9 {
            break;
        }
        tag = tag * 10 + u32::from(digit);
    }
    None
}

/// Reads a tag with a sign or of many digits; 0 when it is no positive number below 2^32.
#[cold]
fn odd_tag(frame: &[u8], start: usize) -> Option<(u32, usize)> {
    let unsigned = start + usize::from(frame.get(start) == Some(&b'-'));
    let digits = frame[unsigned..].iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 || frame.get(unsigned + digits) != Some(&b'=') {
        return None;
    }
    let text = std::str::from_utf8(&frame[start..unsigned + digits]).ok()?;
    Some((text.parse().unwrap_or(0), unsigned + digits + 1))
}

/// The next SOH at or after `from`, or the end of the frame.
#[inline]
fn soh_from(frame: &[u8], from: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let mut at = from;
    // Values are short, so eight bytes at a time beat the set-up of a longer vector search.
    while let Some(chunk) = frame.get(at..at + 8) {
        let Ok(eight) = <[u8; 8]>::try_from(chunk) else { break };
        let word = u64::from_le_bytes(eight) ^ ONES;
        let hit = word.wrapping_sub(ONES) & !word & HIGHS;
        if hit != 0 {
            return at + (hit.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    frame[at..].iter().position(|&b| b == SOH).map_or(frame.len(), |n| at + n)
}
