//! Secrets of FIX messages, masked in every view of the store. The leaf covers the true bytes.

use memchr::memchr;
use std::borrow::Cow;

const SOH: u8 = 0x01;

/// Password(554), RawData(96), Signature(89), NewPassword(925).
const SECRET_TAGS: [&[u8]; 4] = [b"554", b"96", b"89", b"925"];

/// What stands for a secret, whatever its length.
const MASK: &[u8] = b"***";

/// Fields of a FIX message in order: tag and value. Stops at what is no field. A value of RawData(96) or
/// Signature(89) reaches as far as its length field says, SOH bytes within it included.
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
    data_length: Option<usize>,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(message: &'a [u8]) -> Self {
        Self { rest: message, data_length: None }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let equals = memchr(b'=', self.rest)?;
        let (tag, after) = (&self.rest[..equals], &self.rest[equals + 1..]);
        let end = match (tag, self.data_length.take()) {
            (b"96" | b"89", Some(length)) if after.get(length) == Some(&SOH) => length,
            _ => memchr(SOH, after).unwrap_or(after.len()),
        };
        let value = &after[..end];
        self.rest = after.get(end + 1..).unwrap_or_default();
        if matches!(tag, b"95" | b"93") {
            self.data_length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        }
        Some((tag, value))
    }
}

/// The message with its secrets masked, and whether there were any.
pub(crate) fn masked(message: &[u8]) -> Cow<'_, [u8]> {
    if !Fields::of(message).any(|(tag, _)| SECRET_TAGS.contains(&tag)) {
        return Cow::Borrowed(message);
    }
    let mut out = Vec::with_capacity(message.len());
    for (tag, value) in Fields::of(message) {
        out.extend_from_slice(tag);
        out.push(b'=');
        out.extend_from_slice(if SECRET_TAGS.contains(&tag) { MASK } else { value });
        out.push(SOH);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(message: &str) -> String {
        let wire = message.replace('|', "\u{1}").into_bytes();
        String::from_utf8(masked(&wire).into_owned()).unwrap().replace('\u{1}', "|")
    }

    #[test]
    fn secrets_are_masked_and_the_rest_stays() {
        let logon = "8=FIX.4.4|9=5|35=A|553=me|554=secret|925=next|10=000|";
        assert_eq!(show(logon), "8=FIX.4.4|9=5|35=A|553=me|554=***|925=***|10=000|");
        assert_eq!(show("35=D|11=554|58=a96=b|"), "35=D|11=554|58=a96=b|");
    }

    #[test]
    fn raw_data_is_masked_to_its_length_even_across_soh() {
        assert_eq!(show("35=A|95=7|96=ab|554=|98=0|"), "35=A|95=7|96=***|98=0|");
        assert_eq!(show("35=A|95=99|96=ab|98=0|"), "35=A|95=99|96=***|98=0|");
    }
}
