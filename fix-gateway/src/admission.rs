//! Who may log on: judged on the first message of a connection, before its session hears of it.
//!
//! In this order: known and free (L-05, L-06), not barred for failures (C-09), from an allowed address (L-06), bound to the
//! certificate shown (C-06), proven by a key where the session has keys (L-08). What fails is closed without a word,
//! and nothing of it is journalled: an unproven peer costs no number, no record and no disk.

use crate::address_range::allows;
use crate::back_off::{BackOff, Source};
use crate::credentials::{Circumstances, Comparison, Judgement, Replays, Shown};
use crate::gateway::Gateway;
use crate::{Application, Statistics};
use assay_trading_types::Timestamp;
use fix_session::{FieldIndex, Identity, LogonVerdict, Now, Profile};
use std::net::SocketAddr;

/// A connection as its listener knows it.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub(crate) peer: SocketAddr,
    /// The listener accepts sessions that prove nothing.
    pub(crate) trusted: bool,
    pub(crate) encrypted: bool,
    /// Names in the certificate it showed, if it showed one.
    pub(crate) names: Option<Vec<String>>,
}

/// What becomes of a Logon.
pub(crate) enum Admission {
    /// Closed without a word.
    Refused,
    /// The session takes the connection and answers with this verdict.
    Admitted(Admitted),
    /// A password is to be compared first; the result goes to [`Gateway::compared`].
    Compare(Pending, Comparison),
}

/// A connection that its session takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Admitted {
    pub(crate) index: usize,
    pub(crate) verdict: LogonVerdict,
}

/// A Logon whose password is being compared.
pub(crate) struct Pending {
    index: usize,
    /// Settings that it is judged by.
    revision: u64,
    key_id: String,
    sent: Option<Timestamp>,
}

/// What is remembered of logons.
#[derive(Debug, Default)]
pub(crate) struct Door {
    back_off: BackOff,
    pub(crate) replays: Replays,
}

impl Door {
    pub(crate) fn new(back_off: BackOff, replays: Replays) -> Self {
        Self { back_off, replays }
    }
}

impl<A: Application> Gateway<A> {
    /// Judges a first message.
    pub(crate) fn admit(&mut self, identity: &Identity<'_>, visitor: &Visitor, now: Now) -> Admission {
        let address = Source::of(visitor.peer.ip());
        if self.door.back_off.bars(address, ms(now)) {
            return self.refuse(visitor, "too many failed logons from its address");
        }
        let Some(index) = self.identify(identity) else {
            // Where everybody is trusted an unknown CompID is a slip; elsewhere it may be a search.
            if !visitor.trusted {
                self.count_failure(address, now);
            }
            return self.refuse(visitor, "no session of that name is free");
        };
        let spec = &self.links[index].spec;
        if !allows(&spec.addresses, visitor.peer.ip()) {
            self.count_failure(address, now);
            return self.refuse(visitor, "the session is not allowed from its address");
        }
        if let Some(names) = &visitor.names
            && !spec.is_bound_to(names)
        {
            self.count_failure(address, now);
            return self.refuse(visitor, "the session is not bound to its certificate");
        }
        if self.is_throttled(index, now) {
            return self.refuse(visitor, "the session was logged out for its message rate");
        }
        if spec.keys.is_empty() {
            return match visitor.names.is_some() || visitor.trusted {
                true => Admission::Admitted(Admitted { index, verdict: LogonVerdict::Accept }),
                false => self.refuse(visitor, "the session proves nothing"),
            };
        }
        if self.door.back_off.bars(Source::Session(index), ms(now)) {
            return self.refuse(visitor, "too many failed logons of the session");
        }
        self.prove(index, identity.frame, visitor, now)
    }

    fn prove(&mut self, index: usize, frame: &[u8], visitor: &Visitor, now: Now) -> Admission {
        let mut fields = FieldIndex::new();
        // The most tolerant reading: whether the message is right is for the session to say once the peer has proved itself.
        let Ok(logon) = fields.parse(frame, self.config.dictionary, Profile::Interop) else {
            return self.unproven(index, visitor, now);
        };
        let shown = Shown::by(&logon);
        let revision = self.links[index].revision;
        let pending = Pending { index, revision, key_id: shown.key_id.clone(), sent: shown.sending_time };
        let circumstances = Circumstances {
            address: visitor.peer.ip(),
            now: Timestamp::from_ns(now.utc_ns),
            encrypted: visitor.encrypted,
        };
        match shown.judge(&self.links[index].spec.keys, &circumstances) {
            Judgement::Refused => self.unproven(index, visitor, now),
            Judgement::Proved => self.proved(&pending, visitor, now),
            Judgement::Compare(comparison) => Admission::Compare(pending, comparison),
        }
    }

    /// A password was compared. Meanwhile the session may have been taken, or its keys replaced.
    pub(crate) fn compared(
        &mut self,
        pending: &Pending,
        holds: bool,
        visitor: &Visitor,
        now: Now,
    ) -> Admission {
        if !self.is_free(pending.index) {
            return self.refuse(visitor, "no session of that name is free");
        }
        if self.links[pending.index].revision != pending.revision {
            return self.refuse(visitor, "the session's settings changed meanwhile");
        }
        if holds { self.proved(pending, visitor, now) } else { self.unproven(pending.index, visitor, now) }
    }

    fn proved(&mut self, pending: &Pending, visitor: &Visitor, now: Now) -> Admission {
        let at = Timestamp::from_ns(now.utc_ns);
        let fresh = pending.sent.is_some_and(|sent| self.door.replays.take(sent, &pending.key_id, at));
        if !fresh {
            return self.unproven(pending.index, visitor, now);
        }
        self.door.back_off.succeeded(Source::of(visitor.peer.ip()));
        self.door.back_off.succeeded(Source::Session(pending.index));
        Admission::Admitted(Admitted { index: pending.index, verdict: LogonVerdict::Accept })
    }

    /// L-08: silence, or a Logout where the session is so configured, which only its engine can number.
    fn unproven(&mut self, index: usize, visitor: &Visitor, now: Now) -> Admission {
        self.count_failure(Source::of(visitor.peer.ip()), now);
        self.count_failure(Source::Session(index), now);
        let refused = self.refuse(visitor, "its credentials do not hold");
        if self.links[index].spec.logout_on_auth_failure {
            return Admission::Admitted(Admitted { index, verdict: LogonVerdict::Unauthenticated });
        }
        refused
    }

    fn count_failure(&mut self, source: Source, now: Now) {
        if let Some(wait_ms) = self.door.back_off.failed(source, ms(now)) {
            tracing::warn!(?source, wait_ms, "too many failed logons");
        }
    }

    fn refuse(&self, visitor: &Visitor, why: &'static str) -> Admission {
        tracing::warn!(peer = %visitor.peer, why, "logon refused");
        Statistics::add(&self.statistics.logons_refused, 1);
        Admission::Refused
    }
}

fn ms(now: Now) -> u64 {
    now.mono_ns / 1_000_000
}
