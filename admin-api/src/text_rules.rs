//! Rules for texts that people write about themselves.

use assay_trading_types::{PayMethod, Timestamp};

/// An e-mail address in lower case: ASCII, one `@`, a dot in the domain, at most 254 characters (RFC 5321).
///
/// # Errors
/// What is wrong, in words.
pub fn email(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.len() > 254 {
        return Err("must have at most 254 characters");
    }
    let Some((local, domain)) = text.rsplit_once('@') else { return Err("must be an e-mail address") };
    let is_local = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c);
    let label = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let local_fits = !local.is_empty() && local.len() <= 64 && local.chars().all(is_local);
    let dots_fit = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    if local_fits && dots_fit && domain.contains('.') && domain.split('.').all(label) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("must be an e-mail address")
    }
}

/// A name that others see: 3 to 32 ASCII letters, digits, `.`, `_` or `-`, a letter first, so that none looks like another.
///
/// # Errors
/// What is wrong, in words.
pub fn username(text: &str) -> Result<String, &'static str> {
    let fits = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    match text.len() {
        3..=32 if fits => Ok(text.to_owned()),
        3..=32 => Err("must begin with a letter and have letters, digits, '.', '_' and '-' of ASCII only"),
        _ => Err("must have 3 to 32 characters"),
    }
}

/// One line of at most `max` characters in any script, without control, invisible or direction-changing characters.
///
/// # Errors
/// What is wrong, in words.
pub fn line(text: &str, max: usize) -> Result<String, String> {
    let text = text.trim();
    if text.chars().count() > max {
        return Err(format!("must have at most {max} characters"));
    }
    if text.chars().any(is_deceptive) {
        return Err("must have no control or invisible characters".to_owned());
    }
    Ok(text.to_owned())
}

/// As [`line()`], and not empty: a reason is for those who read it later.
///
/// # Errors
/// What is wrong, in words.
pub fn reason(text: &str) -> Result<String, String> {
    match line(text, 500) {
        Ok(text) if text.is_empty() => Err("must say why".to_owned()),
        other => other,
    }
}

/// Where money is sent: an account number of 4 to 34 letters and digits, of which one that looks like an IBAN is one, or an
/// address on a chain of 20 to 100. Spaces are left out.
///
/// # Errors
/// What is wrong, in words.
pub fn destination(method: PayMethod, text: &str) -> Result<String, &'static str> {
    let text: String = text.chars().filter(|c| *c != ' ').collect();
    let is_plain = text.bytes().all(|b| b.is_ascii_alphanumeric());
    match method {
        PayMethod::Card => Err("nothing is withdrawn to a card"),
        PayMethod::Crypto if is_plain && (20..=100).contains(&text.len()) => Ok(text),
        PayMethod::Crypto => Err("must be an address of 20 to 100 letters and digits"),
        PayMethod::BankTransfer if !is_plain || !(4..=34).contains(&text.len()) => {
            Err("must be an account number of 4 to 34 letters and digits")
        }
        PayMethod::BankTransfer if looks_like_iban(&text) && !is_iban(&text) => {
            Err("must be an IBAN whose check digits are right")
        }
        PayMethod::BankTransfer => Ok(text),
    }
}

/// Two letters and two digits, in whatever case; the shortest IBAN, Norway's, has 15 characters.
fn looks_like_iban(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 15
        && bytes[..2].iter().all(u8::is_ascii_alphabetic)
        && bytes[2..4].iter().all(u8::is_ascii_digit)
}

/// ISO 13616: the first four characters go behind, letters count from 10, and the whole is 1 modulo 97. Check digits are 02
/// to 98 (ISO 7064): 00, 01 and 99 would leave the same remainder as 97, 98 and 02.
fn is_iban(text: &str) -> bool {
    let (head, tail) = text.as_bytes().split_at(4);
    if matches!(&head[2..], b"00" | b"01" | b"99") {
        return false;
    }
    let remainder = tail.iter().chain(head).try_fold(0_u32, |sum, byte| {
        let value = char::from(*byte).to_digit(36)?;
        Some((sum * if value < 10 { 10 } else { 100 } + value) % 97)
    });
    remainder == Some(1)
}

/// An instant in UTC: `2026-11-21T09:30:00Z`, with a fraction of a second if need be.
///
/// # Errors
/// What is wrong, in words.
pub fn instant(text: &str) -> Result<Timestamp, &'static str> {
    let wrong = "must be an instant as 2026-11-21T09:30:00Z";
    let (day, time) = text.strip_suffix('Z').and_then(|text| text.split_once('T')).ok_or(wrong)?;
    let digits =
        day.bytes().enumerate().all(|(n, b)| if n == 4 || n == 7 { b == b'-' } else { b.is_ascii_digit() });
    let year = day.get(..4).and_then(|year| year.parse::<i32>().ok());
    if day.len() != 10 || !digits || !year.is_some_and(|year| (1970..=2200).contains(&year)) {
        return Err(wrong);
    }
    Timestamp::parse_fix(format!("{}-{time}", day.replace('-', "")).as_bytes()).map_err(|_| wrong)
}

/// A phone number: empty, or up to 20 digits, spaces and `+()-`.
///
/// # Errors
/// What is wrong, in words.
pub fn phone(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.chars().count() > 20 {
        return Err("must have at most 20 characters");
    }
    if text.chars().all(|c| c.is_ascii_digit() || "+()- ".contains(c)) {
        Ok(text.to_owned())
    } else {
        Err("must have digits, spaces and + ( ) - only")
    }
}

/// Characters that hide or reorder others: Unicode's control characters, zero-width characters and bidirectional controls.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_ladder() {
        assert_eq!(email(" Ada@Firm1.Example ").unwrap(), "ada@firm1.example");
        for bad in [
            "",
            "ada",
            "@firm1.example",
            "ada@",
            "ada@firm1",
            "ada@-x.example",
            "a b@firm1.example",
            "ada@firm1..example",
            ".ada@firm1.example",
            "a..b@firm1.example",
            "ad\u{430}@firm1.example",
            "ada@firm1.exam ple",
        ] {
            assert!(email(bad).is_err(), "{bad}");
        }
        assert!(email(&format!("a@{}.example", "x".repeat(64))).is_err());
    }

    #[test]
    fn a_destination_ladder() {
        let bank = |text: &str| destination(PayMethod::BankTransfer, text);
        assert_eq!(bank("DE89 3704 0044 0532 0130 00").unwrap(), "DE89370400440532013000");
        assert!(bank("12345678").is_ok(), "an account number that is no IBAN");
        for bad in ["", "123", "DE89370400440532013001", "GB00WEST12345698765432", "12 34;5", &"1".repeat(35)]
        {
            assert!(bank(bad).is_err(), "{bad}");
        }
        for (right, wrong) in [
            ("NO9386011117947", "NO9386011117948"),
            ("de89370400440532013000", "de89370400440532013001"),
            ("DE97370400440532013050", "DE00370400440532013050"),
            ("DE98370400440532013032", "DE01370400440532013032"),
            ("DE02370400440532013014", "DE99370400440532013014"),
        ] {
            assert_eq!((bank(right).as_deref(), bank(wrong).is_err()), (Ok(right), true), "{wrong}");
        }
        assert!(bank("NO938601111794").is_ok(), "too short for an IBAN");
        assert!(destination(PayMethod::Crypto, "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq").is_ok());
        assert!(destination(PayMethod::Crypto, "bc1q").is_err());
        assert!(destination(PayMethod::Card, "4111111111111111").is_err());
    }

    #[test]
    fn an_instant_ladder() {
        assert_eq!(instant("2026-11-21T09:30:00Z").unwrap().to_string(), "2026-11-21T09:30:00.000000000Z");
        assert_eq!(instant("1970-01-01T00:00:00.001Z").unwrap().as_ns(), 1_000_000);
        for bad in [
            "",
            "2026-11-21",
            "2026-11-21T09:30:00",
            "2026-11-21T09:30:00+01:00",
            "9999-01-01T00:00:00Z",
            "2026-13-21T09:30:00Z",
        ] {
            assert!(instant(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_looks_like_no_other() {
        assert!(username("ada.king-1").is_ok());
        for bad in ["ad", "1ada", "ad\u{430}", "ada king", &"a".repeat(33)] {
            assert!(username(bad).is_err(), "{bad}");
        }
        assert_eq!(
            line(" Ada \u{200d}King", 100).unwrap_err(),
            "must have no control or invisible characters"
        );
        assert!(line("Žofie Nováková", 100).is_ok());
        assert!(line("a\u{202e}b", 100).is_err());
        assert!(line(&"x".repeat(101), 100).is_err());
        assert!(reason("  ").is_err());
        assert!(phone("+27 (0)11-555 0100").is_ok());
        assert!(phone("0123456789012345678901").is_err());
        assert!(phone("ring me").is_err());
    }
}
