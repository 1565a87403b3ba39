//! The public face of the session engine.

mod admin;
mod due;
mod filled;
mod gap;
mod gap_fill;
mod hours;
mod logon;
mod logon_checks;
mod logout;
mod machine;
mod queue;
mod receive;
mod release;
mod replay;
mod rollover;
mod state;
mod storm;
mod timers;
mod verdict;
mod writer;

use crate::field_index::LentIndex;
use crate::{
    BusinessRefusal, Encoder, FieldIndex, FrameLimits, Framed, Framer, Handler, Now, Numbers, Outgoing,
    Profile, ResetReason, Sent, SessionConfig,
};
use assay_dictionaries::Dictionary;
use machine::Machine;

/// One counterparty session: its numbers, its rules and the present connection, if there is one.
///
/// It survives connections. It owns no socket, clock, file or thread: the driver hands in bytes and time and a
/// [`Handler`] that takes what comes out. Calling order:
///
/// 1. [`Session::new`] with the numbers of the journal;
/// 2. [`Session::connected`] once the transport is up (for an acceptor: once [`identify`](crate::identify) told the driver
///    which session the first message belongs to; that message is then handed in like any other);
/// 3. [`Session::handle_bytes`] with whatever stands in the receive buffer; drop as many bytes as it returns;
/// 4. [`Session::handle_timeout`] once [`Session::poll_deadline`] has passed; the deadline may move at every call;
/// 5. [`Session::stored`] and [`Session::stored_end`] after [`Handler::read_store`], as fast as the transport drains;
/// 6. [`Session::unqueue`] after [`Handler::read_queue`], likewise;
/// 7. [`Session::handle_disconnected`] when the transport is gone, also after [`Handler::close`];
/// 8. [`Session::send`] at any time, connected or not.
///
/// Every call calls the handler before it returns, in the order in which the handler must act.
#[derive(Debug)]
pub struct Session {
    machine: Machine,
    framer: Framer,
    limits: FrameLimits,
    profile: Profile,
    dictionary: &'static Dictionary,
}

impl Session {
    /// A session without a connection that continues at `numbers`.
    pub fn new(config: SessionConfig, numbers: Numbers, dictionary: &'static Dictionary) -> Self {
        let limits = FrameLimits { body_bytes_max: config.body_bytes_max };
        let profile = config.profile;
        let machine = Machine::new(config, numbers);
        Self { machine, framer: Framer::new(limits), limits, profile, dictionary }
    }

    /// The numbers a journal must continue with.
    pub fn numbers(&self) -> Numbers {
        self.machine.numbers()
    }

    /// The room kept from message to message, bytes and entries added up, with the tables that the sessions of this thread
    /// share. It grows to the largest message seen and stays there: on the normal way nothing is allocated for a message.
    pub fn kept_room(&self) -> usize {
        self.machine.capacity() + LentIndex::take().capacity()
    }

    /// Whether Logon is complete and no Logout under way.
    pub fn is_established(&self) -> bool {
        self.machine.is_established()
    }

    /// The transport is up: an acceptor awaits Logon(A), an initiator sends it.
    pub fn connected<H: Handler>(&mut self, now: Now, handler: &mut H) {
        self.framer = Framer::new(self.limits);
        self.machine.connected(now, handler);
    }

    /// Takes what stands at the front of the receive buffer and returns how many bytes to drop. What is left is the
    /// beginning of a message; hand it in again with more behind it. Work and output are bounded by the bytes handed in.
    pub fn handle_bytes<H: Handler>(&mut self, now: Now, bytes: &[u8], handler: &mut H) -> usize {
        self.handle_bytes_answering(now, bytes, handler, |_, _| {})
    }

    /// As [`Session::handle_bytes`]; `answer` is called after each message, so that what the application says to it goes out
    /// before anything is said to the next.
    pub fn handle_bytes_answering<H: Handler>(
        &mut self,
        now: Now,
        bytes: &[u8],
        handler: &mut H,
        mut answer: impl FnMut(&mut Self, &mut H),
    ) -> usize {
        let mut used = 0;
        let mut progressed = false;
        let index = &mut LentIndex::take();
        while self.machine.listens() {
            let rest = &bytes[used..];
            match self.framer.next(rest) {
                Framed::NeedMore => {
                    self.machine.partial(now, progressed, rest.len());
                    return used;
                }
                Framed::Garbled { discard, reason } => {
                    used += discard;
                    self.machine.garbled(now, reason, handler);
                }
                Framed::Frame { len } => {
                    used += len;
                    self.frame(now, &rest[..len], index, handler, &mut answer);
                }
            }
            progressed = true;
        }
        bytes.len()
    }

    /// One whole message, and those behind it whose turn it becomes.
    fn frame<H: Handler>(
        &mut self,
        now: Now,
        frame: &[u8],
        index: &mut FieldIndex,
        handler: &mut H,
        answer: &mut impl FnMut(&mut Self, &mut H),
    ) {
        let expected = self.machine.next_in();
        match index.parse(frame, self.dictionary, self.profile) {
            Ok(message) => {
                self.machine.message(now, &message, handler);
                let filled = message.msg_type() == b"4";
                answer(self, handler);
                if self.machine.gap_is_open() {
                    self.drain_queue(now, index, handler, answer);
                    self.machine.gap_looked_at(now, expected, filled, handler);
                }
            }
            Err(fault) => self.machine.garbled(now, fault, handler),
        }
    }

    fn drain_queue<H: Handler>(
        &mut self,
        now: Now,
        index: &mut FieldIndex,
        handler: &mut H,
        answer: &mut impl FnMut(&mut Self, &mut H),
    ) {
        while let Some(frame) = self.machine.next_queued() {
            // It was parsed when it came, so it parses again.
            if let Ok(message) = index.parse(&frame, self.dictionary, self.profile) {
                self.machine.queued(now, &message, handler);
                answer(self, handler);
            }
        }
    }

    /// When [`Session::handle_timeout`] is due, on the monotonic clock in nanoseconds.
    pub fn poll_deadline(&self) -> Option<u64> {
        self.machine.poll_deadline()
    }

    /// Does what is due at `now`.
    pub fn handle_timeout<H: Handler>(&mut self, now: Now, handler: &mut H) {
        self.machine.timeout(now, handler);
    }

    /// The transport is gone, whoever closed it.
    pub fn handle_disconnected<H: Handler>(&mut self, now: Now, handler: &mut H) {
        let _ = now;
        self.machine.disconnected(handler);
    }

    /// One stored outbound message of read `read_id`, byte for byte, in the order of the numbers. Returns whether the read
    /// is still wanted; when not, the driver stops it.
    pub fn stored<H: Handler>(
        &mut self,
        now: Now,
        read_id: u64,
        seq: u64,
        bytes: &[u8],
        handler: &mut H,
    ) -> bool {
        self.machine.stored(now, read_id, seq, bytes, handler)
    }

    /// The store holds nothing more in the range of read `read_id`.
    pub fn stored_end<H: Handler>(&mut self, now: Now, read_id: u64, handler: &mut H) {
        self.machine.stored_end(now, read_id, handler);
    }

    /// How many messages of ours wait without a number (L-24).
    pub fn queued(&self) -> u64 {
        self.machine.queued_out()
    }

    /// Tells a new session how many messages the journal holds that wait since before it was made.
    pub fn set_queued(&mut self, count: u64) {
        self.machine.set_queued_out(count);
    }

    /// Tells a new session when its present numbers were first used: with a schedule, numbers of an interval that is over
    /// begin again at the next connection, also when the process was down at the boundary (T-04).
    pub fn set_began(&mut self, utc_ns: i64) {
        self.machine.set_began(utc_ns);
    }

    /// Sends one queued message, the oldest, after [`Handler::read_queue`]: [`Handler::outbound`] gets it with its number.
    /// Returns whether the next one is wanted. When [`Session::queued`] did not fall, it was not sent and stays the
    /// oldest; the session asks again.
    pub fn unqueue<H: Handler>(&mut self, now: Now, bytes: &[u8], handler: &mut H) -> bool {
        self.machine.unqueue(now, bytes, handler)
    }

    /// Sends an application message under the next number, which it returns. Without a logged-on connection, or behind
    /// messages that wait for one, it is queued without a number: [`Handler::queued`] keeps it, and it goes out after the
    /// next logon, once the gaps of both sides are closed, with the time of that moment (L-24).
    pub fn send<'a, H: Handler>(
        &mut self,
        now: Now,
        outgoing: impl Into<Outgoing<'a>>,
        body: impl FnOnce(&mut Encoder),
        handler: &mut H,
    ) -> Sent {
        self.machine.send(now, &outgoing.into(), body, handler)
    }

    /// Refuses a message already accepted, by BusinessMessageReject(j); as [`Session::send`].
    pub fn reject_business<H: Handler>(
        &mut self,
        now: Now,
        refusal: &BusinessRefusal<'_>,
        handler: &mut H,
    ) -> Sent {
        self.machine.reject_business(now, refusal, handler)
    }

    /// Starts a Logout exchange (O-01); without an established session the connection is just closed. Empty `text`: none.
    pub fn logout<H: Handler>(&mut self, now: Now, text: &str, handler: &mut H) {
        self.machine.logout(now, text, handler);
    }

    /// Ends the session for a fault that only the driver sees, as its rate: Logout with `text`, two seconds for the answer,
    /// nothing else is listened to. Without an established session the connection is just closed.
    pub fn end<H: Handler>(&mut self, now: Now, text: &str, handler: &mut H) {
        self.machine.end(now, text, handler);
    }

    /// Starts the reset of both numbers on the live session: TestRequest, its answer, then Logon with 141=Y both ways (L-17).
    /// What the application sends meanwhile waits for it. False, and nothing done, without an established session.
    pub fn roll_over<H: Handler>(&mut self, now: Now, handler: &mut H) -> bool {
        self.machine.roll_over(now, handler)
    }

    /// The store refused a write or a flush: nothing more is said on this connection, and none is taken up until
    /// [`Session::store_cleared`].
    pub fn store_refused<H: Handler>(&mut self, handler: &mut H) {
        self.machine.store_refused(handler);
    }

    /// The operator has seen to the store: the session may connect again.
    pub fn store_cleared(&mut self) {
        self.machine.store_cleared();
    }

    /// Numbers become these in a new epoch, by order of the operator; one that is left out stays. Only between connections:
    /// returns false and does nothing on a live one. Numbers below are not in the new epoch's store and are gap filled when
    /// asked for.
    pub fn set_numbers<H: Handler>(
        &mut self,
        next_in: Option<u64>,
        next_out: Option<u64>,
        handler: &mut H,
    ) -> bool {
        let free = self.machine.is_disconnected();
        if free {
            self.machine.set_numbers(next_in, next_out, handler);
        }
        free
    }

    /// Both numbers become 1 in a new epoch, by order of the operator or the schedule. Only between connections:
    /// returns false and does nothing on a live one.
    pub fn reset<H: Handler>(&mut self, handler: &mut H) -> bool {
        let free = self.machine.is_disconnected();
        if free {
            self.machine.reset_numbers(ResetReason::Operator, handler);
        }
        free
    }
}
