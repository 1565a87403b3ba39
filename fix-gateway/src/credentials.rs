//! What a Logon shows to prove who sends it, judged against the session's keys (rules ).
//!
//! A key that does not exist costs the same work as one that does: the proof is always computed, against the key named or
//! else against the session's first one, and only then everything is weighed together.

mod key;
mod masked;
mod replays;

use crate::address_range::allows;
use assay_trading_types::Timestamp;
use fix_session::Message;
use std::net::IpAddr;
use zeroize::Zeroizing;

pub(crate) use key::PasswordHash;
pub use key::{HMAC_SECRET_BYTES_MIN, Key, KeyError, Proof};
pub(crate) use masked::without_passwords;
pub(crate) use replays::Replays;

/// Largest difference between SendingTime(52) of a Logon with credentials and our clock.
pub(crate) const LOGON_WINDOW_NS: i64 = 5_000_000_000;

/// What a Logon shows. Has no Debug: it holds secrets.
pub(crate) struct Shown {
    /// Username(553): the key's id.
    pub(crate) key_id: String,
    /// SendingTime(52).
    pub(crate) sending_time: Option<Timestamp>,
    password: Option<Zeroizing<Vec<u8>>>,
    signature: Vec<u8>,
    signed: Vec<u8>,
}

/// The circumstances of a Logon.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances {
    pub(crate) address: IpAddr,
    pub(crate) now: Timestamp,
    /// Nobody can listen: passwords may be shown.
    pub(crate) encrypted: bool,
}

/// What the keys say.
pub(crate) enum Judgement {
    /// The proof does not hold, or the key may not be used here and now. The peer is not told which.
    Refused,
    /// It holds.
    Proved,
    /// A password is to be compared, which takes long enough to be done elsewhere.
    Compare(Comparison),
}

/// A password and what it is compared with.
pub(crate) struct Comparison {
    password: Zeroizing<Vec<u8>>,
    hash: PasswordHash,
    /// Everything else is right.
    admissible: bool,
}

impl Comparison {
    /// Compares: tens of milliseconds by design, whatever the outcome.
    pub(crate) fn holds(self) -> bool {
        self.hash.is_of(&self.password) & self.admissible
    }
}

impl Shown {
    /// What `logon` shows.
    pub(crate) fn by(logon: &Message<'_>) -> Self {
        let get = |tag| logon.get(tag).unwrap_or_default();
        Self {
            key_id: String::from_utf8_lossy(get(553)).into_owned(),
            sending_time: Timestamp::parse_fix(get(52)).ok(),
            password: logon.get(554).map(|password| Zeroizing::new(password.to_vec())),
            signature: get(96).to_vec(),
            signed: [35, 49, 56, 34, 52].map(get).join(&1),
        }
    }

    /// Judges against `keys`, which must not be empty.
    pub(crate) fn judge(self, keys: &[Key], at: &Circumstances) -> Judgement {
        let named = keys.iter().find(|key| key.id == self.key_id);
        let admissible = named.is_some_and(|key| self.may_use(key, at));
        match &named.unwrap_or(&keys[0]).proof {
            Proof::Password(hash) => match self.password {
                Some(password) if at.encrypted => {
                    Judgement::Compare(Comparison { password, hash: hash.clone(), admissible })
                }
                _ => Judgement::Refused,
            },
            proof => match proof.holds(&self.signed, &self.signature) & admissible {
                true => Judgement::Proved,
                false => Judgement::Refused,
            },
        }
    }

    fn may_use(&self, key: &Key, at: &Circumstances) -> bool {
        let fresh = self.sending_time.is_some_and(|sent| at.now.since_ns(sent).abs() <= LOGON_WINDOW_NS);
        fresh && key.is_valid_at(at.now) && allows(&key.addresses, at.address)
    }
}

#[cfg(test)]
mod tests;
