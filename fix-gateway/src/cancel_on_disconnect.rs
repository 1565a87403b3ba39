//! Cancel on disconnect (A-31, A-32): what a Logon wishes, what the configuration demands, what a session's end starts.
//!
//! ```text
//! Logon 9700..9702 -> agreed, echoed -> cancel_on_disconnect.set.v1
//! end of the session -> .started.v1 (risk cancels when the grace is over) | .ended.v1 (its orders stay)
//! Logon again        -> .set.v1 (risk forgets the start)
//! ```
//! The three records are the state: a gateway that starts finds in them who was protected and logged on when it went down.

use crate::{SessionKind, SessionSpec};
use assay_trading_types::{
    CancelOnDisconnectSet, CancelOnDisconnectStarted, CancelWhen, CompId, DisconnectTerms, Event, FirmId,
    OrderFilter, Scope, SessionId, SessionLoss, Timestamp,
};
use fix_session::Message;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// CancelOnDisconnect(9700).
const CANCEL_ON_DISCONNECT: u32 = 9700;
/// CancelOnDisconnectGrace(9701).
const GRACE: u32 = 9701;
/// KeepGT(9702).
const KEEP_GT: u32 = 9702;

/// Longest grace, in seconds (A-31).
pub const GRACE_S_MAX: u32 = 60;

const NS_PER_S: i64 = 1_000_000_000;

/// How a session is configured. The default demands nothing and grants every wish.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CancelOnDisconnect {
    /// What holds at least; where the Logon says nothing, what holds.
    pub minimum: DisconnectTerms,
    /// Orders of the session's accounts are cancelled, whoever entered them; else those of the session.
    pub by_account: bool,
    /// The drop copy session whose loss counts as this one's.
    pub drop_copy: Option<CompId>,
}

impl CancelOnDisconnect {
    /// What a Logon gets: its wish, as far as that is not weaker than the minimum.
    pub(crate) fn agree(&self, logon: &Message<'_>) -> Result<DisconnectTerms, &'static str> {
        let least = self.minimum;
        let wish = DisconnectTerms {
            when: logon.get(CANCEL_ON_DISCONNECT).map_or(least.when, when),
            grace_s: match logon.get(GRACE) {
                Some(text) => seconds(text).ok_or("CancelOnDisconnectGrace(9701) must be 0 to 60")?,
                None => least.grace_s,
            },
            keep_gt: logon.get(KEEP_GT).map_or(least.keep_gt, |flag| flag == b"Y"),
        };
        Ok(match (least.when, wish.when) {
            (CancelWhen::Off, _) => wish,
            (_, CancelWhen::Off) => least,
            _ => DisconnectTerms {
                when: wish.when.max(least.when),
                grace_s: wish.grace_s.min(least.grace_s),
                keep_gt: wish.keep_gt && least.keep_gt,
            },
        })
    }
}

/// Values outside the dictionary are the engine's to refuse.
fn when(text: &[u8]) -> CancelWhen {
    match text {
        b"1" => CancelWhen::Abnormal,
        b"2" => CancelWhen::Any,
        _ => CancelWhen::Off,
    }
}

fn seconds(text: &[u8]) -> Option<u32> {
    let seconds = std::str::from_utf8(text).ok()?.parse().ok()?;
    (seconds <= GRACE_S_MAX).then_some(seconds)
}

/// The fields of the Logon's answer: nothing where nobody spoke of it.
pub(crate) fn echo(logon: &Message<'_>, agreed: &DisconnectTerms) -> Vec<u8> {
    let asked = [CANCEL_ON_DISCONNECT, GRACE, KEEP_GT].into_iter().any(|tag| logon.get(tag).is_some());
    let keep_gt = if agreed.keep_gt { 'Y' } else { 'N' };
    match agreed.when {
        CancelWhen::Off if !asked => String::new(),
        CancelWhen::Off => "9700=0\x01".to_owned(),
        CancelWhen::Abnormal => format!("9700=1\x019701={}\x019702={keep_gt}\x01", agreed.grace_s),
        CancelWhen::Any => format!("9700=2\x019701={}\x019702={keep_gt}\x01", agreed.grace_s),
    }
    .into_bytes()
}

/// What is protected, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Protected {
    pub(crate) firm: FirmId,
    pub(crate) terms: DisconnectTerms,
    pub(crate) filter: OrderFilter,
}

impl Protected {
    /// What `spec` gets by `terms`; nothing when they are off or it has no orders.
    pub(crate) fn of(spec: &SessionSpec, terms: DisconnectTerms) -> Option<Self> {
        let has_orders = spec.kind == SessionKind::OrderEntry;
        let by_account = spec.cancel_on_disconnect.by_account && !spec.accounts.is_empty();
        let filter = match by_account {
            true => OrderFilter { scope: Scope::Firm, accounts: spec.accounts.clone(), ..Default::default() },
            false => OrderFilter::default(),
        };
        (has_orders && terms.when != CancelWhen::Off).then_some(Self { firm: spec.firm, terms, filter })
    }

    /// The record that starts the grace.
    pub(crate) fn start(&self, session: SessionId, loss: SessionLoss, at: Timestamp) -> Event {
        let Self { firm, terms, filter } = self;
        CancelOnDisconnectStarted {
            session,
            firm: *firm,
            loss,
            until: at.plus_ns(i64::from(terms.grace_s) * NS_PER_S),
            filter: filter.clone(),
            keep_gt: terms.keep_gt,
        }
        .into()
    }
}

/// The record that says what holds for a session from here on.
pub(crate) fn set(session: SessionId, spec: &SessionSpec, protected: Option<&Protected>) -> Event {
    let (terms, filter) = match protected {
        Some(protected) => (protected.terms, protected.filter.clone()),
        None => Default::default(),
    };
    CancelOnDisconnectSet { session, firm: spec.firm, terms, filter }.into()
}

/// Where a session stands, as the log has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Protection {
    /// Its end costs it nothing.
    #[default]
    Off,
    /// It is logged on.
    Watching(Protected),
    /// It is lost, and risk was told.
    Started(Protected),
}

/// What the gateway watches of one session.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    pub(crate) protection: Protection,
    /// What the last Logon got.
    pub(crate) agreed: DisconnectTerms,
    /// A Logon is complete and has no record yet.
    pub(crate) is_new: bool,
    /// What ends the connection, if that is more than its loss.
    pub(crate) ending: Option<SessionLoss>,
}

impl Watch {
    /// A Logon is complete.
    pub(crate) fn established(&mut self) {
        self.is_new = true;
        self.ending = None;
    }

    /// Something ends the connection; the first cause counts.
    pub(crate) fn ends(&mut self, how: SessionLoss) {
        self.ending.get_or_insert(how);
    }
}

/// Protections by session, as records tell them.
pub(crate) type Protections = FxHashMap<SessionId, Protection>;

/// Takes a record of `accounts` into account.
pub(crate) fn note(protections: &mut Protections, event: &Event) {
    match event {
        Event::CancelOnDisconnectSet(e) => {
            let protected = Protected { firm: e.firm, terms: e.terms, filter: e.filter.clone() };
            match e.terms.when {
                CancelWhen::Off => _ = protections.remove(&e.session),
                CancelWhen::Abnormal | CancelWhen::Any => {
                    protections.insert(e.session, Protection::Watching(protected));
                }
            }
        }
        Event::CancelOnDisconnectStarted(e) => {
            if let Some(Protection::Watching(protected)) = protections.remove(&e.session) {
                protections.insert(e.session, Protection::Started(protected));
            }
        }
        Event::CancelOnDisconnectEnded(e) => _ = protections.remove(&e.session),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_dictionaries::Dictionary;
    use fix_session::{FieldIndex, Profile};

    fn terms(when: CancelWhen, grace_s: u32, keep_gt: bool) -> DisconnectTerms {
        DisconnectTerms { when, grace_s, keep_gt }
    }

    /// What a Logon with `fields` gets, and what it is answered.
    fn agreed(minimum: DisconnectTerms, fields: &str) -> Result<(DisconnectTerms, String), &'static str> {
        let body = format!("35=A|34=1|49=C|52=20261121-09:30:00.000|56=ASSAY|98=0|108=30|{fields}");
        let text = format!("8=FIX.4.4|9={}|{body}", body.len()).replace('|', "\x01");
        let sum = text.bytes().fold(0u8, u8::wrapping_add);
        let text = format!("{text}10={sum:03}\x01");
        let mut index = FieldIndex::new();
        let logon = index.parse(text.as_bytes(), Dictionary::assay(), Profile::Strict).unwrap();
        let settings = CancelOnDisconnect { minimum, ..CancelOnDisconnect::default() };
        let agreed = settings.agree(&logon)?;
        let echoed = String::from_utf8(echo(&logon, &agreed)).unwrap().replace('\x01', "|");
        Ok((agreed, echoed))
    }

    #[test]
    fn a_31_a_wish_is_granted_where_nothing_is_demanded() {
        use CancelWhen::{Abnormal, Any, Off};
        let nothing = DisconnectTerms::default();
        for (fields, expected, echoed) in [
            ("", nothing, ""),
            ("9700=0|", nothing, "9700=0|"),
            ("9700=1|", terms(Abnormal, 5, true), "9700=1|9701=5|9702=Y|"),
            ("9700=2|9701=0|9702=N|", terms(Any, 0, false), "9700=2|9701=0|9702=N|"),
            ("9700=1|9701=60|", terms(Abnormal, 60, true), "9700=1|9701=60|9702=Y|"),
            ("9701=7|", terms(Off, 7, true), "9700=0|"),
        ] {
            assert_eq!(agreed(nothing, fields), Ok((expected, echoed.to_owned())), "{fields}");
        }
    }

    #[test]
    fn a_31_the_configured_minimum_wins_over_a_weaker_wish() {
        use CancelWhen::{Abnormal, Any};
        let least = terms(Abnormal, 10, false);
        for (fields, expected, echoed) in [
            ("", least, "9700=1|9701=10|9702=N|"),
            ("9700=0|9701=60|", least, "9700=1|9701=10|9702=N|"),
            ("9700=1|9701=60|9702=Y|", least, "9700=1|9701=10|9702=N|"),
            ("9701=3|", terms(Abnormal, 3, false), "9700=1|9701=3|9702=N|"),
            ("9700=2|9701=3|", terms(Any, 3, false), "9700=2|9701=3|9702=N|"),
        ] {
            assert_eq!(agreed(least, fields), Ok((expected, echoed.to_owned())), "{fields}");
        }
        let keeping = terms(Any, 5, true);
        assert_eq!(agreed(keeping, "9700=1|9702=N|").unwrap().0, terms(Any, 5, false));
    }

    #[test]
    fn a_31_a_grace_is_0_to_60_seconds() {
        for fields in ["9700=1|9701=61|", "9700=1|9701=-1|", "9700=1|9701=4294967296|"] {
            let refused = agreed(DisconnectTerms::default(), fields).unwrap_err();
            assert_eq!(refused, "CancelOnDisconnectGrace(9701) must be 0 to 60", "{fields}");
        }
    }
}
