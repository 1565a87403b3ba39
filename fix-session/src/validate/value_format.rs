//! The syntax of each field type (V-09, V-15).

use assay_dictionaries::FieldType;

/// Whether a non-empty value has the syntax of its type. Text of any kind has; whether its bytes are plain is V-27.
#[inline]
pub(super) fn has_format(kind: FieldType, value: &[u8]) -> bool {
    match kind {
        FieldType::String
        | FieldType::Data
        | FieldType::Currency
        | FieldType::Exchange
        | FieldType::Country => true,
        FieldType::MultipleValueString => is_token_list(value),
        FieldType::Char => value.len() == 1,
        FieldType::Boolean => matches!(value, b"Y" | b"N"),
        FieldType::Int | FieldType::NumInGroup | FieldType::Length | FieldType::SeqNum => is_integer(value),
        FieldType::Price
        | FieldType::Qty
        | FieldType::Amt
        | FieldType::Percentage
        | FieldType::Float
        | FieldType::PriceOffset => is_decimal(value),
        FieldType::UtcTimestamp => is_timestamp(value),
        FieldType::UtcTimeOnly => is_time(value),
        FieldType::LocalMktDate | FieldType::UtcDateOnly => is_date(value),
        FieldType::MonthYear => is_month_year(value),
    }
}

/// Tokens separated by one space each.
fn is_token_list(value: &[u8]) -> bool {
    value.split(|&b| b == b' ').all(|token| !token.is_empty())
}

fn unsigned(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"-").unwrap_or(value)
}

fn are_digits(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_digit)
}

fn is_integer(value: &[u8]) -> bool {
    let digits = unsigned(value);
    !digits.is_empty() && are_digits(digits)
}

fn is_decimal(value: &[u8]) -> bool {
    let (mut digits, mut points) = (0, 0);
    for &byte in unsigned(value) {
        match byte {
            b'0'..=b'9' => digits += 1,
            b'.' => points += 1,
            _ => return false,
        }
    }
    digits > 0 && points <= 1
}

/// Two digits as a number.
fn two(digits: &[u8]) -> Option<u8> {
    match *digits {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some((tens - b'0') * 10 + ones - b'0'),
        _ => None,
    }
}

fn is_within(digits: &[u8], min: u8, max: u8) -> bool {
    two(digits).is_some_and(|n| (min..=max).contains(&n))
}

/// `YYYYMMDD`, a day that exists.
fn is_date(value: &[u8]) -> bool {
    let Some((year, [m1, m2, d1, d2])) = value.split_first_chunk::<4>().and_then(|(year, rest)| {
        let rest: &[u8; 4] = rest.try_into().ok()?;
        are_digits(year).then_some((year, *rest))
    }) else {
        return false;
    };
    let year = year.iter().fold(0u32, |n, &b| n * 10 + u32::from(b - b'0'));
    let (Some(month), Some(day)) = (two(&[m1, m2]), two(&[d1, d2])) else { return false };
    (1..=days_in(year, month)).contains(&day)
}

fn days_in(year: u32, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 0,
    }
}

/// `HH:MM:SS` with 0, 3, 6, 9 or 12 decimals; second 60 is a leap second.
fn is_time(value: &[u8]) -> bool {
    let Some((clock, decimals)) = value.split_at_checked(8) else { return false };
    let whole = clock[2] == b':'
        && clock[5] == b':'
        && is_within(&clock[0..2], 0, 23)
        && is_within(&clock[3..5], 0, 59)
        && is_within(&clock[6..8], 0, 60);
    let fraction = match decimals {
        [] => true,
        [b'.', digits @ ..] => matches!(digits.len(), 3 | 6 | 9 | 12) && are_digits(digits),
        _ => false,
    };
    whole && fraction
}

/// `YYYYMMDD-` and a time.
pub(crate) fn is_timestamp(value: &[u8]) -> bool {
    match value.split_at_checked(9) {
        Some((date, time)) => date[8] == b'-' && is_date(&date[..8]) && is_time(time),
        None => false,
    }
}

/// `YYYYMM`, `YYYYMMDD` or `YYYYMMwN` with week 1 to 5.
fn is_month_year(value: &[u8]) -> bool {
    match value.len() {
        6 => are_digits(&value[..4]) && is_within(&value[4..], 1, 12),
        8 if value[6] == b'w' => is_month_year(&value[..6]) && matches!(value[7], b'1'..=b'5'),
        8 => is_date(value),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use FieldType::*;

    #[test]
    fn v_09_v_15_format_ladder() {
        let table: &[(FieldType, &[&str], &[&str])] = &[
            (
                Int,
                &["0", "-1", "007", "123456789012345678901234567890"],
                &["+1", " 1", "1 ", "-", "1.0", "1e3", "a"],
            ),
            (SeqNum, &["1", "0001"], &["x", "1x"]),
            (
                Price,
                &["1", "-1", "1.5", ".5", "5.", "0001.50", "23."],
                &["+1", "1e3", ".", "-", "1.2.3", "1,5", " 1"],
            ),
            (Char, &["1", " "], &["12"]),
            (Boolean, &["Y", "N"], &["y", "n", "T", "1", "YN"]),
            (MultipleValueString, &["A", "A B"], &[" A", "A ", "A  B"]),
            (
                LocalMktDate,
                &["20240229", "20231231"],
                &["20230229", "20231301", "20231200", "2023123", "202312311"],
            ),
            (UtcDateOnly, &["20000229"], &["19000229", "2000-2-29"]),
            (
                UtcTimeOnly,
                &["00:00:00", "23:59:60", "12:00:00.123"],
                &["24:00:00", "12:60:00", "12:00:61", "12:00", "12:00:00."],
            ),
            (
                UtcTimestamp,
                &[
                    "20260101-00:00:00",
                    "20260101-00:00:00.123",
                    "20260101-00:00:00.123456",
                    "20260101-00:00:00.123456789",
                    "20260101-00:00:00.123456789012",
                    "20260630-23:59:60",
                ],
                &[
                    "20260101",
                    "20260101 00:00:00",
                    "20260101-00:00:00.1",
                    "20260101-00:00:00.12",
                    "20260101-00:00:00.1234",
                    "20260101-0:00:00",
                    "20261301-00:00:00",
                    "20260101-00:00:00Z",
                ],
            ),
            (
                MonthYear,
                &["202601", "20260131", "202601w5"],
                &["202613", "202601w6", "202601w0", "20260132", "2026"],
            ),
            (String, &["anything"], &[]),
        ];
        for (kind, good, bad) in table {
            for text in *good {
                assert!(has_format(*kind, text.as_bytes()), "{kind:?} {text}");
            }
            for text in *bad {
                assert!(!has_format(*kind, text.as_bytes()), "{kind:?} {text}");
            }
        }
    }
}
