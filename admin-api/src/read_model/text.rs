//! What columns of text are written from, without an allocation each: a row has some of them.

use arrayvec::ArrayString;
use assay_trading_types::TransferId;
use std::fmt::{Display, Write};

/// Holds the longest number: an amount has at most 39 digits, a sign and a point.
pub(super) type Text = ArrayString<48>;

/// A number as it is written.
pub(super) fn text(value: impl Display) -> Text {
    let mut text = Text::new();
    write!(text, "{value}").expect("numbers are shorter");
    text
}

/// A transfer's id in 32 hexadecimal digits.
pub(super) fn hex(id: TransferId) -> Text {
    let mut text = Text::new();
    for byte in id.0.to_be_bytes() {
        for digit in [byte >> 4, byte & 0xf] {
            text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_trading_types::Amount;

    #[test]
    fn ids_are_written_as_in_json() {
        for id in [0, 0xabc0_0000_0000_0001, u128::MAX] {
            assert_eq!(serde_json::json!(TransferId(id)), hex(TransferId(id)).as_str());
        }
    }

    #[test]
    fn the_longest_amount_has_room() {
        let least = Amount::from_units(i128::MIN);
        assert_eq!(text(least).as_str(), least.to_string());
    }
}
