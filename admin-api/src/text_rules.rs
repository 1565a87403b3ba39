//! Rules for texts that people write about themselves.

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
