//! What columns of text are written from, without an allocation each: a row has some of them.

use arrayvec::ArrayString;
use std::fmt::{Display, Write};

/// Holds the longest number: an amount has at most 39 digits, a sign and a point.
pub(super) type Text = ArrayString<48>;

/// A number, or an id, as it is written.
pub(super) fn text(value: impl Display) -> Text {
    let mut text = Text::new();
    write!(text, "{value}").expect("numbers and ids are shorter");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_trading_types::{Amount, TransferId};

    #[test]
    fn ids_are_written_as_in_json() {
        for id in [0, 0xabc0_0000_0000_0001, u128::MAX] {
            assert_eq!(serde_json::json!(TransferId(id)), text(TransferId(id)).as_str());
        }
    }

    #[test]
    fn the_longest_amount_has_room() {
        let least = Amount::from_units(i128::MIN);
        assert_eq!(text(least).as_str(), least.to_string());
    }
}
