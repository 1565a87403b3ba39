//! The second factor: time-based codes (RFC 6238, SHA-1, 30 s, 6 digits) and recovery codes.

use crate::secrets::{SecretOf, Secrets};
use assay_trading_types::{CommandId, Timestamp};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Length of a time step.
pub const STEP_S: u64 = 30;

/// Steps a device's clock may be off, either way.
const DRIFT_STEPS: u64 = 1;

/// Bytes of a secret: SHA-1's output, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;

/// The secret that was given out by a command.
pub fn secret(secrets: &Secrets, command: &CommandId) -> [u8; SECRET_BYTES] {
    let derived = secrets.derive(SecretOf::Totp, command.as_str());
    let mut secret = [0; SECRET_BYTES];
    secret.copy_from_slice(&derived[..SECRET_BYTES]);
    secret
}

/// The step that `code` belongs to, when it is of now or one step off.
pub fn step_of(secret: &[u8], code: &str, now: Timestamp) -> Option<u64> {
    let now_step = u64::try_from(now.as_ns() / 1_000_000_000).ok()? / STEP_S;
    let steps = now_step.saturating_sub(DRIFT_STEPS)..=now_step + DRIFT_STEPS;
    // All are computed, so that time does not tell which one it was.
    steps.fold(None, |found, step| {
        let is_it = bool::from(code_at(secret, step).as_bytes().ct_eq(code.as_bytes()));
        if is_it { Some(step) } else { found }
    })
}

/// The code of a time step.
pub fn code_at(secret: &[u8], step: u64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes any key");
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 0x0f);
    let number = u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

/// Base32 (RFC 4648) without padding, as authenticator apps read secrets.
pub fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    let (mut buffer, mut bits) = (0u32, 0);
    for byte in bytes {
        buffer = buffer << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(buffer >> bits & 31) as usize]));
        }
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(buffer << (5 - bits) & 31) as usize]));
    }
    text
}

/// What [`base32`] wrote.
pub fn from_base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut buffer, mut bits) = (0u32, 0);
    for character in text.bytes() {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'2'..=b'7' => character - b'2' + 26,
            _ => return None,
        };
        buffer = buffer << 5 | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits & 0xff) as u8);
        }
    }
    Some(bytes)
}

/// The `n`-th recovery code that goes with a second factor: 16 characters, 80 bits.
pub fn recovery_code(secrets: &Secrets, command: &CommandId, n: usize) -> String {
    let derived = secrets.derive(SecretOf::Recovery, &format!("{command}.{n}"));
    let text = base32(&derived[..10]);
    format!("{}-{}", &text[..8], &text[8..])
}

/// SHA-256 of a recovery code, hex; letters' case does not count.
pub fn recovery_digest(code: &str) -> String {
    hex::encode(Sha256::digest(code.trim().to_ascii_uppercase().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, the last six of its eight digits.
    #[test]
    fn codes_are_those_of_rfc_6238() {
        let secret = b"12345678901234567890";
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(code_at(secret, seconds / STEP_S), code);
        }
    }

    #[test]
    fn a_code_works_one_step_off_and_not_two() {
        let (secret, now) = (b"12345678901234567890", Timestamp::from_ns(3_000_000_000_000));
        for (step, expected) in [(98, None), (99, Some(99)), (100, Some(100)), (101, Some(101)), (102, None)]
        {
            assert_eq!(step_of(secret, &code_at(secret, step), now), expected, "{step}");
        }
        assert_eq!(step_of(secret, "", now), None);
    }

    /// RFC 4648 section 10.
    #[test]
    fn base32_is_that_of_rfc_4648() {
        for (bytes, text) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(bytes.as_bytes()), text);
            assert_eq!(from_base32(text).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!(from_base32("M1"), None);
    }
}
