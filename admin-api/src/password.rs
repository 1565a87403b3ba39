//! Passwords: the rules they keep, and argon2id.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use rand::TryRngCore;
use std::collections::HashSet;
use std::path::Path;

/// Fewest characters (AUTH-7).
pub const LENGTH_MIN: usize = 12;

/// Most characters: hashing more costs the server and protects nobody.
pub const LENGTH_MAX: usize = 128;

/// Parts of a user's own names shorter than this may stand in a password by chance.
const PART_MIN: usize = 4;

/// Largest breach list read: it is held in memory.
const BREACH_LIST_BYTES_MAX: u64 = 256 << 20;

/// Words that a password must not be made of alone, whatever digits and signs stand around them.
const COMMON: &str = include_str!("common_passwords.txt");

/// Passwords that are known to others.
#[derive(Debug, Clone)]
pub struct BreachList {
    words: HashSet<String>,
    leaked: HashSet<String>,
}

impl Default for BreachList {
    fn default() -> Self {
        Self { words: COMMON.lines().map(str::to_owned).collect(), leaked: HashSet::new() }
    }
}

impl BreachList {
    /// The built-in words, and the passwords in `file`, one a line.
    ///
    /// # Errors
    /// The file cannot be read, or is too large.
    pub fn load(file: &Path) -> std::io::Result<Self> {
        let bytes = std::fs::metadata(file)?.len();
        if bytes > BREACH_LIST_BYTES_MAX {
            return Err(std::io::Error::other(format!(
                "{bytes} bytes are more than {BREACH_LIST_BYTES_MAX}"
            )));
        }
        let leaked = std::fs::read_to_string(file)?.lines().map(str::to_lowercase).collect();
        Ok(Self { leaked, ..Self::default() })
    }

    fn holds(&self, password: &str) -> bool {
        let lower = password.to_lowercase();
        let disguised: String = lower.chars().map(plain).filter(|c| c.is_alphabetic()).collect();
        let letters: String = lower.chars().filter(|c| c.is_alphabetic()).collect();
        self.leaked.contains(&lower) || self.is_made_of_words(&disguised) || self.is_made_of_words(&letters)
    }

    /// Whether letters are common words and nothing else.
    fn is_made_of_words(&self, letters: &str) -> bool {
        let mut reached = vec![false; letters.len() + 1];
        reached[0] = true;
        for end in (1..=letters.len()).filter(|end| letters.is_char_boundary(*end)) {
            reached[end] = (0..end).any(|start| reached[start] && self.words.contains(&letters[start..end]));
        }
        reached[letters.len()]
    }
}

/// The letter that a digit or sign stands for in `P4$$w0rd`.
fn plain(c: char) -> char {
    match c {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        c => c,
    }
}

/// Every rule that `password` breaks, in words; `own` are the user's own names and address.
pub fn broken_rules(password: &str, own: &[&str], breaches: &BreachList) -> Vec<&'static str> {
    let length = password.chars().count();
    let mut broken = Vec::new();
    if length < LENGTH_MIN {
        broken.push("must have at least 12 characters");
    }
    if length > LENGTH_MAX {
        // Nothing more is said: the other rules cost time by length.
        return vec!["must have at most 128 characters"];
    }
    if password.chars().all(|c| c.is_ascii_digit()) {
        broken.push("must not be all digits");
    }
    if is_like(password, own) {
        broken.push("must not contain your name or address");
    }
    if breaches.holds(password) || has_long_run(password) {
        broken.push("is too common, or known from a breach");
    }
    broken
}

/// Whether so much of it that it could be a whole password is one character over and over, or the alphabet or digits in a
/// row: `aaaaaaaaaaaa`, `abcdefghijkl`, `123456789012`, or backwards.
fn has_long_run(password: &str) -> bool {
    let characters: Vec<char> = password.to_lowercase().chars().collect();
    let mut rows = characters.windows(LENGTH_MIN);
    rows.any(|row| is_run(row, |a, b| a == b) || is_run(row, follows) || is_run(row, |a, b| follows(b, a)))
}

fn is_run(row: &[char], goes_on: impl Fn(char, char) -> bool) -> bool {
    row.windows(2).all(|pair| matches!(pair, [a, b] if goes_on(*a, *b)))
}

/// Whether `next` comes after `c` among letters or digits; 0 comes after 9, as on keyboards, and `a` after `z`.
fn follows(c: char, next: char) -> bool {
    match (c, next) {
        ('9', '0') | ('z', 'a') => true,
        (c, next) => c.is_alphanumeric() && next.is_alphanumeric() && u32::from(c) + 1 == u32::from(next),
    }
}

fn is_like(password: &str, own: &[&str]) -> bool {
    let lower = password.to_lowercase();
    let parts = own.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    parts.filter(|part| part.chars().count() >= PART_MIN).any(|part| lower.contains(&part.to_lowercase()))
}

/// argon2id with the parameters that OWASP gives (19 MiB, 2 passes), as a PHC string. Takes tens of milliseconds.
pub fn hash(password: &str) -> Option<String> {
    let mut salt = [0; 16];
    rand::rngs::OsRng.try_fill_bytes(&mut salt).ok()?;
    let salt = SaltString::encode_b64(&salt).ok()?;
    Argon2::default().hash_password(password.as_bytes(), &salt).ok().map(|hash| hash.to_string())
}

/// Hash of no password that anybody knows; its parameters are those of [`hash`].
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5bm9i$ZqS3mN0rG9yqk1n3v0m1m8oC2o0m0b7eQm2n8m7c1sA";

/// Whether `password` is the one that was hashed; without a hash it takes as long and says no.
pub fn verify(password: &str, hash: Option<&str>) -> bool {
    let parsed = PasswordHash::new(hash.unwrap_or(NOBODYS));
    let matches =
        parsed.is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok());
    matches && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_ladder() {
        let own = ["ada.king@firm1.example", "lovelace", "Ada", "King"];
        let rules = |password: &str| broken_rules(password, &own, &BreachList::default()).len();
        assert_eq!(rules("tulip-orbit-9-canal"), 0);
        assert_eq!(rules("tulip-orbit"), 1, "11 characters");
        assert_eq!(rules("tulip-orbits"), 0, "12 characters");
        assert_eq!(rules(&"tulip-orbit ".repeat(11)), 1, "132 characters");
        assert_eq!(rules("839201746352"), 2, "all digits, which is common too");
        assert_eq!(rules("my-Lovelace-2026"), 1, "the user name");
        assert_eq!(rules("P4ssw0rd!P4ssw0rd!"), 1, "common words alone");
        assert_eq!(rules("passwordpassword"), 1);
        assert_eq!(rules("qqqqqqqqqqqq"), 1, "one character over and over");
        assert_eq!(rules("-Abcdefghijkl"), 1, "a row");
        assert_eq!(rules("mnlkjihgfedcba"), 1, "a row backwards");
        assert_eq!(rules("123456789012"), 2, "a row of digits, and nothing else");
        assert_eq!(rules("abcdefghijk-9"), 0, "eleven in a row and two more");
        assert_eq!(rules("1234"), 3, "short, digits, common: every rule is named");
    }

    #[test]
    fn a_list_of_leaked_passwords_is_honoured() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("leaked.txt");
        std::fs::write(&file, "tulip-orbit-9-canal\n").unwrap();
        let list = BreachList::load(&file).unwrap();
        assert_eq!(broken_rules("Tulip-Orbit-9-Canal", &[], &list).len(), 1);
        assert_eq!(broken_rules("tulip-orbit-8-canal", &[], &list).len(), 0);
    }

    #[test]
    fn the_right_password_and_no_other_verifies() {
        let hashed = hash("tulip-orbit-9-canal").unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert!(verify("tulip-orbit-9-canal", Some(&hashed)));
        assert!(!verify("tulip-orbit-9-canaL", Some(&hashed)));
        assert!(!verify("tulip-orbit-9-canal", None));
        assert!(PasswordHash::new(NOBODYS).is_ok(), "an unknown user costs as much time");
    }
}
