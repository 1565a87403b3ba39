//! What the engine calls back into: the owner, the store, and the bytes to write.

use super::credentials::Credentials;
use super::store::{SentMessage, Store};
use crate::credentials::without_passwords;
use fix_session::{
    Close, Delivery, Handler, Inbound, LogonCredentials, Notice, Outbound, Queued, Reset, StoreRead,
    UnprovenLogon, Verdict,
};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::io;

/// The owner of an initiator: what it does with what arrives.
pub trait Desk {
    /// An application message, in order and once a number; once more only when the process ended before that was on disk.
    fn message(&mut self, inbound: &Inbound<'_>) -> Verdict;

    /// The server refused `frame`, a message of ours, by Reject(3): its number is used, and nothing else came of it.
    fn rejected(&mut self, frame: &[u8]) {
        let _ = frame;
    }

    /// Something worth knowing. It is logged in any case.
    fn notice(&mut self, notice: &Notice<'_>) {
        let _ = notice;
    }
}

/// The engine's counterpart.
pub(super) struct Side<D, S> {
    pub(super) desk: D,
    pub(super) store: S,
    credentials: Option<Credentials>,
    /// Messages that wait for a logon, oldest first.
    pub(super) waiting: VecDeque<Vec<u8>>,
    pub(super) waiting_wanted: bool,
    /// The oldest of those that wait is being sent.
    pub(super) unqueuing: bool,
    /// A message was kept to wait, and whoever sent it counts on that.
    queued: bool,
    pub(super) to_write: Vec<u8>,
    pub(super) read: Option<StoreRead>,
    pub(super) close: bool,
    pub(super) established: bool,
    pub(super) logged_out: bool,
    /// The store refused.
    pub(super) refused: Option<io::Error>,
    pub(super) utc_ns: i64,
}

impl<D, S: Store> Side<D, S> {
    pub(super) fn new(
        desk: D,
        store: S,
        waiting: VecDeque<Vec<u8>>,
        credentials: Option<Credentials>,
    ) -> Self {
        Self {
            desk,
            store,
            credentials,
            waiting,
            waiting_wanted: false,
            unqueuing: false,
            queued: false,
            to_write: Vec::new(),
            read: None,
            close: false,
            established: false,
            logged_out: false,
            refused: None,
            utc_ns: 0,
        }
    }

    /// Whether something was kept since the last question that must be on the medium now.
    pub(super) fn must_last(&mut self) -> bool {
        std::mem::take(&mut self.queued) || !self.to_write.is_empty()
    }

    /// What belonged to the connection is over.
    pub(super) fn disconnected(&mut self) {
        self.to_write.clear();
        self.read = None;
        self.waiting_wanted = false;
        self.close = false;
        self.established = false;
    }

    fn kept(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.refused.get_or_insert(error);
        }
    }

    fn count(&mut self, inbound: &Inbound<'_>) {
        let result = self.store.count(inbound.next_in, self.utc_ns);
        self.kept(result);
    }
}

impl<D: Desk, S: Store> Side<D, S> {
    fn tell_rejected(&mut self, number: u64) {
        let mut frame = Vec::new();
        match self.store.sent(number, &mut frame) {
            Ok(()) => self.desk.rejected(&frame),
            Err(error) => self.kept(Err(error)),
        }
    }
}

impl<D: Desk, S: Store> Handler for Side<D, S> {
    fn application(&mut self, inbound: &Inbound<'_>) -> Verdict {
        let verdict = self.desk.message(inbound);
        self.count(inbound);
        verdict
    }

    fn administrative(&mut self, inbound: &Inbound<'_>) {
        self.count(inbound);
        if inbound.message.msg_type() == b"3"
            && let Some(number) = inbound.message.get_u64(45)
        {
            self.tell_rejected(number);
        }
    }

    fn outbound(&mut self, outbound: &Outbound<'_>) {
        let waited = self.unqueuing && !is_administrative(outbound.bytes);
        // A Logon is never sent again, so nobody misses what is masked.
        let kept = match &self.credentials {
            Some(_) if is_administrative(outbound.bytes) => without_passwords(outbound.bytes),
            _ => Cow::Borrowed(outbound.bytes),
        };
        let sent = SentMessage { seq: outbound.seq, waited, bytes: &kept, utc_ns: self.utc_ns };
        let result = self.store.keep(&sent);
        self.kept(result);
        if outbound.delivery == Delivery::Write {
            self.to_write.extend_from_slice(outbound.bytes);
        }
    }

    fn replayed(&mut self, bytes: &[u8]) {
        self.to_write.extend_from_slice(bytes);
    }

    fn read_store(&mut self, read: StoreRead) {
        self.read = Some(read);
    }

    fn queued(&mut self, queued: &Queued<'_>) {
        let result = self.store.wait(queued.bytes, self.utc_ns);
        self.kept(result);
        self.waiting.push_back(queued.bytes.to_vec());
        self.queued = true;
    }

    fn read_queue(&mut self) {
        self.waiting_wanted = true;
    }

    fn reset(&mut self, reset: Reset) {
        let result = self.store.reset(&reset, self.utc_ns);
        self.kept(result);
    }

    fn credentials(&mut self, logon: &UnprovenLogon<'_>) -> LogonCredentials {
        self.credentials.as_ref().map(|credentials| credentials.shown(logon)).unwrap_or_default()
    }

    fn notice(&mut self, notice: Notice<'_>) {
        match notice {
            Notice::Established { heartbeat_s } => {
                self.established = true;
                tracing::info!(heartbeat_s, "logged on");
            }
            Notice::LoggedOut => {
                self.logged_out = true;
                tracing::info!("logged out");
            }
            Notice::PeerLogout(text) => {
                tracing::info!(text = %String::from_utf8_lossy(text), "peer logged out");
            }
            Notice::Garbled | Notice::Rejected { .. } | Notice::Queueing | Notice::QueueSent => {
                tracing::debug!(?notice, "session");
            }
            _ => tracing::warn!(?notice, "session"),
        }
        self.desk.notice(&notice);
    }

    fn close(&mut self, _: Close) {
        self.close = true;
    }
}

/// Whether a message of ours is the session's own: Heartbeat(0) to Logout(5) and Logon(A).
fn is_administrative(message: &[u8]) -> bool {
    let mut fields = message.split(|b| *b == 1);
    matches!(fields.nth(2), Some([b'3', b'5', b'=', b'0'..=b'5' | b'A']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_the_session_are_told_from_those_of_the_application() {
        let message = |msg_type: &str| format!("8=FIX.4.4\x019=5\x0135={msg_type}\x0134=1\x01").into_bytes();
        let administrative = ["0", "1", "2", "3", "4", "5", "A"];
        assert!(administrative.iter().all(|msg_type| is_administrative(&message(msg_type))));
        assert!(["6", "D", "AE", "j", ""].iter().all(|msg_type| !is_administrative(&message(msg_type))));
    }
}
