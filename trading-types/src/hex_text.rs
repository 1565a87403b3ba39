//! Fixed-width hexadecimal on the stack: ids stand in every record, and formatting machinery would cost more than
//! the rest of the id's encoding.

use arrayvec::ArrayString;

pub(crate) const UPPER: &[u8; 16] = b"0123456789ABCDEF";
pub(crate) const LOWER: &[u8; 16] = b"0123456789abcdef";

/// The lowest `N` digits of `value`.
pub(crate) fn hex<const N: usize>(value: u128, digits: &[u8; 16]) -> ArrayString<N> {
    let mut text = [b'0'; N];
    let mut rest = value;
    for digit in text.iter_mut().rev() {
        *digit = digits[(rest & 0xf) as usize];
        rest >>= 4;
    }
    ArrayString::from_byte_string(&text).unwrap_or_default()
}

/// The number that exactly `width` of `digits` spell; no sign, no other case.
pub(crate) fn parse_hex(text: &str, width: usize, digits: &[u8; 16]) -> Option<u128> {
    (text.len() == width).then_some(())?;
    text.bytes().try_fold(0_u128, |value, byte| {
        let digit = digits.iter().position(|d| *d == byte)?;
        Some(value << 4 | digit as u128)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_ladder() {
        for bad in ["", "00F", "0000F", "+00F", "00f0", "00 F", "0x0F"] {
            assert_eq!(parse_hex(bad, 4, UPPER), None, "{bad}");
        }
        assert_eq!(parse_hex("00F0", 4, UPPER), Some(0xf0));
        assert_eq!(hex::<4>(0xf0, LOWER).as_str(), "00f0");
        assert_eq!(hex::<32>(u128::MAX, UPPER).as_str(), "F".repeat(32));
    }
}
