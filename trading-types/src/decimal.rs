//! Exact decimals in billionths: `Price` and `Qty` in an `i64`, `Amount` in an `i128`.

use crate::text_visitor::from_text;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Units in one: every price, quantity and amount counts billionths (ADR 0002).
pub const SCALE: i64 = 1_000_000_000;
const DECIMALS_MAX: usize = 9;

/// Why a text is not a decimal of ours. FIX `Reject(6)` catches the syntax before; the sizes are business answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not digits with an optional leading `-` and at most one point.
    #[error("not a decimal number")]
    Syntax,
    /// More than nine decimals.
    #[error("more than 9 decimals")]
    TooPrecise,
    /// Beyond what the type holds.
    #[error("number too large")]
    TooLarge,
}

/// Value in billionths and the count of decimals as written. Accepts leading zeros; refuses `+`, exponents, blanks.
fn parse_units(text: &[u8]) -> Result<(i128, u8), DecimalError> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let mut units: i128 = 0;
    let mut decimals: Option<usize> = None;
    let mut seen_digit = false;
    for &byte in digits {
        match byte {
            b'0'..=b'9' => {
                seen_digit = true;
                if let Some(count) = &mut decimals {
                    *count += 1;
                    if *count > DECIMALS_MAX {
                        // Trailing zeros past the ninth decimal change nothing and are still the same number.
                        if byte != b'0' {
                            return Err(DecimalError::TooPrecise);
                        }
                        continue;
                    }
                }
                units = units
                    .checked_mul(10)
                    .and_then(|u| u.checked_add(i128::from(byte - b'0')))
                    .ok_or(DecimalError::TooLarge)?;
            }
            b'.' if decimals.is_none() => decimals = Some(0),
            _ => return Err(DecimalError::Syntax),
        }
    }
    if !seen_digit {
        return Err(DecimalError::Syntax);
    }
    let written = decimals.unwrap_or(0).min(DECIMALS_MAX);
    let scaled =
        units.checked_mul(10_i128.pow((DECIMALS_MAX - written) as u32)).ok_or(DecimalError::TooLarge)?;
    Ok((if negative { -scaled } else { scaled }, written as u8))
}

/// FIX lets `5.` and `.5` be numbers; records and the API do not, as JSON does not: such a text was cut off somewhere.
fn check_written(text: &str) -> Result<(), DecimalError> {
    match text.trim_start_matches('-').starts_with('.') || text.ends_with('.') {
        true => Err(DecimalError::Syntax),
        false => Ok(()),
    }
}

/// Longest text of any of ours: sign, 30 integer digits, point, nine decimals.
const TEXT_MAX: usize = 48;

/// A decimal's text on the stack, at least `decimals_min` decimals, no trailing zeros beyond them.
struct DecimalText {
    bytes: [u8; TEXT_MAX],
    start: usize,
}

impl DecimalText {
    fn new(units: i128, decimals_min: u8) -> Self {
        let mut text = Self { bytes: [0; TEXT_MAX], start: TEXT_MAX };
        let magnitude = units.unsigned_abs();
        let (mut whole, mut fraction) = match u64::try_from(magnitude) {
            Ok(small) => (u128::from(small / SCALE as u64), small % SCALE as u64),
            Err(_) => (magnitude / SCALE as u128, (magnitude % SCALE as u128) as u64),
        };
        let mut decimals = DECIMALS_MAX;
        while decimals > usize::from(decimals_min) && fraction % 10 == 0 {
            fraction /= 10;
            decimals -= 1;
        }
        for _ in 0..decimals {
            text.push_front(b'0' + (fraction % 10) as u8);
            fraction /= 10;
        }
        if decimals > 0 {
            text.push_front(b'.');
        }
        text.push_whole(&mut whole);
        if units < 0 {
            text.push_front(b'-');
        }
        text
    }

    fn push_whole(&mut self, whole: &mut u128) {
        if let Ok(mut small) = u64::try_from(*whole) {
            loop {
                self.push_front(b'0' + (small % 10) as u8);
                small /= 10;
                if small == 0 {
                    return;
                }
            }
        }
        while *whole > 0 {
            self.push_front(b'0' + (*whole % 10) as u8);
            *whole /= 10;
        }
    }

    fn push_front(&mut self, byte: u8) {
        self.start -= 1;
        self.bytes[self.start] = byte;
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[self.start..]).unwrap_or("0")
    }
}

macro_rules! decimal_text {
    ($name:ident, $decimals:expr) => {
        impl $name {
            /// Reads a decimal text.
            ///
            /// # Errors
            /// Bad syntax, more than nine decimals, or more than the type holds.
            pub fn parse(text: &str) -> Result<Self, DecimalError> {
                Self::parse_bytes(text.as_bytes())
            }

            /// Appends the decimal text, as `Display` prints it, without formatting machinery.
            pub fn write_to(&self, out: &mut Vec<u8>) {
                let text = self.text();
                out.extend_from_slice(&text.bytes[text.start..]);
            }

            fn text(&self) -> DecimalText {
                let decimals: fn(&Self) -> u8 = $decimals;
                DecimalText::new(i128::from(self.units()), decimals(self))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.text().as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.text().as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.text().as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_text(deserializer, "a decimal in a string", |text| {
                    check_written(text)?;
                    Self::parse(text)
                })
            }
        }

        impl std::str::FromStr for $name {
            type Err = DecimalError;
            fn from_str(text: &str) -> Result<Self, DecimalError> {
                Self::parse(text)
            }
        }
    };
}

/// A price in billionths of the currency, with the decimals it was written with: `10.10` echoes as `10.10`
/// (rules of engagement A-07), and equals `10.1`.
#[derive(Clone, Copy)]
pub struct Price {
    units: i64,
    decimals: u8,
}

impl Price {
    /// A price of `units` billionths, shown without trailing zeros.
    pub const fn from_units(units: i64) -> Self {
        Self { units, decimals: 0 }
    }

    /// A price of `units` billionths that shows at least so many decimals, of nine at most.
    pub const fn with_decimals(units: i64, decimals: u8) -> Self {
        let decimals = if decimals as usize > DECIMALS_MAX { DECIMALS_MAX as u8 } else { decimals };
        Self { units, decimals }
    }

    /// Decimals it shows: as it was written, and at least those it needs.
    pub const fn decimals(&self) -> u8 {
        let (mut fraction, mut decimals) = (self.units.unsigned_abs() % SCALE as u64, DECIMALS_MAX as u8);
        while decimals > self.decimals && fraction.is_multiple_of(10) {
            fraction /= 10;
            decimals -= 1;
        }
        decimals
    }

    /// Billionths.
    pub const fn units(&self) -> i64 {
        self.units
    }

    /// As [`Price::parse`], from bytes of a FIX field.
    ///
    /// # Errors
    /// As [`Price::parse`].
    pub fn parse_bytes(text: &[u8]) -> Result<Self, DecimalError> {
        let (units, decimals) = parse_units(text)?;
        let units = i64::try_from(units).map_err(|_| DecimalError::TooLarge)?;
        Ok(Self { units, decimals })
    }

    /// Price times quantity, rounded half to even in the billionth; exact for usual ticks and lots.
    pub fn notional(&self, qty: Qty) -> Amount {
        Amount(billionths_half_even(i128::from(self.units) * i128::from(qty.0)))
    }
}

decimal_text!(Price, |p| p.decimals);

impl PartialEq for Price {
    fn eq(&self, other: &Self) -> bool {
        self.units == other.units
    }
}
impl Eq for Price {}
impl PartialOrd for Price {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Price {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.units.cmp(&other.units)
    }
}
impl std::hash::Hash for Price {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.units.hash(state);
    }
}

/// A quantity in billionths of a share or coin. May be zero or negative as parsed; the edge checks decide.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Qty(i64);

impl Qty {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// A quantity of `units` billionths.
    pub const fn from_units(units: i64) -> Self {
        Self(units)
    }

    /// Billionths.
    pub const fn units(&self) -> i64 {
        self.0
    }

    /// As [`Qty::parse`], from bytes of a FIX field.
    ///
    /// # Errors
    /// As [`Qty::parse`].
    pub fn parse_bytes(text: &[u8]) -> Result<Self, DecimalError> {
        let (units, _) = parse_units(text)?;
        i64::try_from(units).map(Self).map_err(|_| DecimalError::TooLarge)
    }

    /// Sum, or nothing on overflow.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Difference, or nothing on overflow.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The same number as an amount of the asset.
    pub fn as_amount(self) -> Amount {
        Amount(i128::from(self.0))
    }
}

decimal_text!(Qty, |_| 0);

/// An amount of an asset in its smallest unit, a billionth (ADR 0002).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(i128);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount of `units` billionths.
    pub const fn from_units(units: i128) -> Self {
        Self(units)
    }

    /// Billionths.
    pub const fn units(&self) -> i128 {
        self.0
    }

    /// As [`Amount::parse`], from bytes.
    ///
    /// # Errors
    /// As [`Amount::parse`].
    pub fn parse_bytes(text: &[u8]) -> Result<Self, DecimalError> {
        parse_units(text).map(|(units, _)| Self(units))
    }

    /// Sum, or nothing on overflow.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Difference, or nothing on overflow.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// This amount times `numerator / denominator`, rounded half to even; nothing on overflow or a zero denominator.
    pub fn checked_mul_ratio(self, numerator: i128, denominator: i128) -> Option<Self> {
        (denominator != 0).then_some(())?;
        Some(Self(div_half_even(self.0.checked_mul(numerator)?, denominator)))
    }

    /// Average price of `self` spread over `qty`, at most nine decimals, half to even, zero when `qty` is zero.
    pub fn average_over(self, qty: Qty) -> Price {
        if qty.0 == 0 {
            return Price::from_units(0);
        }
        let units = self.0.checked_mul(i128::from(SCALE)).map(|n| div_half_even(n, i128::from(qty.0)));
        Price::from_units(units.and_then(|u| i64::try_from(u).ok()).unwrap_or(i64::MAX))
    }
}

decimal_text!(Amount, |_| 0);

/// Quotient rounded half to even.
/// A product of two counts of billionths, in billionths, half to even. Dividing 128 bits takes ten times as long as
/// dividing 64; whatever real prices and quantities come to fits 94 bits, which two short divisions by a constant do.
fn billionths_half_even(product: i128) -> i128 {
    const ONE: u64 = SCALE as u64;
    let magnitude = product.unsigned_abs();
    if magnitude >> 94 != 0 {
        return div_half_even(product, i128::from(SCALE));
    }
    let high = (magnitude >> 32) as u64;
    let low = (high % ONE) << 32 | u64::from(magnitude as u32);
    let quotient = u128::from(high / ONE) << 32 | u128::from(low / ONE);
    let twice = low % ONE * 2;
    let away = twice > ONE || twice == ONE && quotient % 2 != 0;
    let rounded = (quotient + u128::from(away)) as i128;
    if product < 0 { -rounded } else { rounded }
}

fn div_half_even(numerator: i128, denominator: i128) -> i128 {
    let quotient = numerator / denominator;
    let remainder = numerator % denominator;
    let twice = remainder.unsigned_abs() * 2;
    let away = match twice.cmp(&denominator.unsigned_abs()) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => quotient % 2 != 0,
    };
    let sign = if (numerator < 0) == (denominator < 0) { 1 } else { -1 };
    if away { quotient + sign } else { quotient }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_division_is_the_long_one() {
        let mut product: i128 = 1;
        while product < 1 << 123 {
            for near in -3..=3 {
                for half in [0, 500_000_000, 1_500_000_000] {
                    let n = product + near + half;
                    for n in [n, -n, n / 1_000_000_000 * 1_000_000_000 + half] {
                        assert_eq!(billionths_half_even(n), div_half_even(n, i128::from(SCALE)), "{n}");
                    }
                }
            }
            product = product * 7 / 3 + 1;
        }
    }

    #[test]
    fn price_text_ladder() {
        let table = [
            ("", Err(DecimalError::Syntax)),
            ("-", Err(DecimalError::Syntax)),
            (".", Err(DecimalError::Syntax)),
            ("+1", Err(DecimalError::Syntax)),
            ("1e3", Err(DecimalError::Syntax)),
            ("1.2.3", Err(DecimalError::Syntax)),
            (" 1", Err(DecimalError::Syntax)),
            ("0.0000000001", Err(DecimalError::TooPrecise)),
            ("9223372037", Err(DecimalError::TooLarge)),
            ("1234567890123456789012345678901234567890", Err(DecimalError::TooLarge)),
            ("9223372036.854775807", Ok(i64::MAX)),
            ("0010.10", Ok(10_100_000_000)),
            ("-1", Ok(-1_000_000_000)),
            (".5", Ok(500_000_000)),
            ("5.", Ok(5_000_000_000)),
            ("1.0000000000", Ok(1_000_000_000)),
        ];
        for (text, expected) in table {
            assert_eq!(Price::parse(text).map(|p| p.units()), expected, "{text}");
        }
    }

    #[test]
    fn in_json_a_point_has_digits_on_both_sides() {
        for text in ["5.", ".5", "-.5", "-5.", "."] {
            assert!(serde_json::from_str::<Amount>(&format!("\"{text}\"")).is_err(), "{text}");
        }
        assert_eq!(serde_json::from_str::<Amount>("\"-0.5\"").unwrap().units(), -500_000_000);
    }

    #[test]
    fn a_price_echoes_the_decimals_it_was_written_with() {
        for text in ["10.10", "10", "10.100000000", "-0.50", "0.00"] {
            assert_eq!(Price::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Price::parse("10.10").unwrap(), Price::parse("10.1").unwrap());
        assert_eq!(Price::from_units(10_070_000_000).to_string(), "10.07");
    }

    #[test]
    fn average_is_half_to_even() {
        let amount = Amount::parse("0.000000001").unwrap();
        assert_eq!(amount.average_over(Qty::parse("2").unwrap()).units(), 0);
        let amount = Amount::parse("0.000000003").unwrap();
        assert_eq!(amount.average_over(Qty::parse("2").unwrap()).units(), 2);
        assert_eq!(
            Amount::parse("1007").unwrap().average_over(Qty::parse("100").unwrap()).to_string(),
            "10.07"
        );
        assert_eq!(Amount::ZERO.average_over(Qty::ZERO).to_string(), "0");
    }

    #[test]
    fn large_amounts_print_whole() {
        let text = "170141183460469231731687303715.884105727";
        assert_eq!(Amount::from_units(i128::MAX).to_string(), text);
        assert_eq!(Amount::parse(text).unwrap().units(), i128::MAX);
    }
}
