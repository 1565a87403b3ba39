//! Logons as they may be kept.

use std::borrow::Cow;

/// A Logon with `*` for each byte of Password(554) and NewPassword(925): passwords are not written to any disk.
pub(crate) fn without_passwords(frame: &[u8]) -> Cow<'_, [u8]> {
    let holds = |field: &[u8]| field.starts_with(b"554=") || field.starts_with(b"925=");
    if !frame.split(|&b| b == 1).any(holds) {
        return Cow::Borrowed(frame);
    }
    let mut kept = frame.to_vec();
    kept.split_mut(|&b| b == 1).filter(|field| holds(field)).for_each(|field| field[4..].fill(b'*'));
    Cow::Owned(kept)
}
