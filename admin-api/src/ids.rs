//! New ids: 48 bits of time, a counter of 16, and 64 random ones: they sort in the order they are made in and none is
//! made twice. They are no secrets.

use crate::error::Error;
use assay_trading_types::{
    AlertRuleId, ApiKeyId, CaseId, CommandId, KycFileId, LoginId, ReportRunId, Timestamp, TokenId, UserId,
    WebhookId,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng, TryRngCore};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Makes ids. Its generator is seeded by the system and cryptographic.
#[derive(Debug)]
pub(crate) struct Ids(Mutex<Maker>);

#[derive(Debug)]
struct Maker {
    random: StdRng,
    /// Milliseconds and counter of the last id, as one number.
    last: u64,
}

macro_rules! makers {
    ($($(#[$doc:meta])* $maker:ident $id:ident $prefix:literal;)*) => {
        $($(#[$doc])* pub(crate) fn $maker(&self, now: Timestamp) -> $id {
            $id::new(&self.text($prefix, now)).expect("36 hex digits and a sign")
        })*
    };
}

impl Ids {
    /// # Errors
    /// The system gives no random bytes.
    pub(crate) fn new() -> Result<Self, Error> {
        let mut seed = [0; 32];
        rand::rngs::OsRng.try_fill_bytes(&mut seed).map_err(|_| Error::Random)?;
        Ok(Self(Mutex::new(Maker { random: StdRng::from_seed(seed), last: 0 })))
    }

    makers! {
        /// Of a user.
        user UserId "usr";
        /// Of a login.
        login LoginId "lgn";
        /// Of a key for machines.
        api_key ApiKeyId "key";
        /// Of a one-time token.
        token TokenId "tok";
        /// Of an identity file.
        kyc_file KycFileId "kyc";
        /// Of a webhook.
        webhook WebhookId "whk";
        /// Of a rule for alerts.
        alert_rule AlertRuleId "alt";
        /// Of one making of a report.
        report_run ReportRunId "rep";
        /// Of a case.
        case CaseId "cas";
        /// Of a command.
        command CommandId "cmd";
    }

    /// Eight of A-Z and 0-9.
    pub(crate) fn referral_code(&self) -> String {
        const LETTERS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        let random = &mut self.maker().random;
        (0..8).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect()
    }

    /// Sixteen random bytes.
    pub(crate) fn bytes(&self) -> [u8; 16] {
        self.maker().random.random()
    }

    fn text(&self, prefix: &str, now: Timestamp) -> String {
        let mut maker = self.maker();
        let ms = u64::try_from(now.as_ns() / 1_000_000).unwrap_or(0) & 0xffff_ffff_ffff;
        // More than 65,536 in a millisecond borrow from the next; a clock that steps back repeats nothing.
        maker.last = (ms << 16).max(maker.last + 1);
        let (place, random) = (maker.last, maker.random.random::<u64>());
        format!("{prefix}_{place:016x}{random:016x}")
    }

    fn maker(&self) -> MutexGuard<'_, Maker> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
