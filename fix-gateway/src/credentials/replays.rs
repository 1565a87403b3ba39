//! Logons that were accepted and must not be accepted again.

use super::LOGON_WINDOW_NS;
use assay_trading_types::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Accepted pairs of SendingTime(52) and key id, Username(553), as long as they could still be replayed. Their number is
/// bounded by what genuine counterparties do in ten seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replays {
    accepted: BTreeSet<(Timestamp, String)>,
}

impl Replays {
    /// Takes a pair; `false` when it was taken before.
    pub(crate) fn take(&mut self, sent: Timestamp, key_id: &str, now: Timestamp) -> bool {
        self.forget(now);
        self.accepted.insert((sent, key_id.to_owned()))
    }

    /// A Logon in the journal: `=` fields of a message that was accepted at `at`.
    pub(crate) fn journalled(&mut self, message: &[u8], at: Timestamp) {
        let value = |tag: &[u8]| message.split(|b| *b == 1).find_map(|field| field.strip_prefix(tag));
        if let (Some(key_id), Some(sent)) = (value(b"553="), value(b"52=").map(Timestamp::parse_fix))
            && let Ok(sent) = sent
        {
            self.take(sent, &String::from_utf8_lossy(key_id), at);
        }
    }

    /// Drops what is too old to pass the clock window anyway.
    fn forget(&mut self, now: Timestamp) {
        let oldest = (now.plus_ns(-LOGON_WINDOW_NS), String::new());
        self.accepted = self.accepted.split_off(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ns: i64) -> Timestamp {
        Timestamp::from_ns(1_795_253_400_000_000_000 + ns)
    }

    #[test]
    fn a_38_a_pair_is_taken_once_as_long_as_its_time_would_pass() {
        let mut replays = Replays::default();
        assert!(replays.take(at(0), "key", at(0)));
        assert!(!replays.take(at(0), "key", at(1)));
        assert!(replays.take(at(0), "other", at(1)), "another key");
        assert!(replays.take(at(1), "key", at(1)), "another time");
        assert!(!replays.take(at(0), "key", at(LOGON_WINDOW_NS)), "still inside the window");
        assert!(replays.take(at(2 * LOGON_WINDOW_NS), "key", at(2 * LOGON_WINDOW_NS)));
        assert_eq!(replays.accepted.len(), 1, "what cannot be replayed is forgotten");
    }

    #[test]
    fn a_38_the_journal_tells_what_was_accepted() {
        let mut replays = Replays::default();
        let logon = b"8=FIX.4.4\x019=1\x0135=A\x0152=20261121-09:30:00.000\x01553=key\x01554=*\x0110=1\x01";
        let sent = Timestamp::parse_fix(b"20261121-09:30:00.000").unwrap();
        replays.journalled(logon, sent);
        assert!(!replays.take(sent, "key", sent));
        replays.journalled(b"8=FIX.4.4\x0135=A\x0152=20261121-09:30:00.000\x01", sent);
        assert_eq!(replays.accepted.len(), 1);
    }
}
