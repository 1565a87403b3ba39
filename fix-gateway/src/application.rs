//! What a gateway does with application messages: the driver is the same for orders and for the echo.

use crate::market_data::Tape;
use crate::throttle::TooFast;
use crate::{RecordBatch, Report, SessionNames, SessionSpec};
use assay_event_log::Record;
use assay_trading_types::{
    CompId, Defect, Event, Kind, MassCancelRequested, OrderRequested, Refusal, ReplaceRequested, RequestId,
    SessionId, Timestamp,
};
use fix_session::{Encoder, Inbound, Outgoing, Verdict, append_fields};
use std::sync::Arc;

/// An application behind the sessions of a gateway.
///
/// It runs on the gateway's thread between two appends: whatever a message causes is appended to the log in one group
/// with the message itself, so neither is ever without the other.
pub trait Application: Send + 'static {
    /// Whether records of `accounts` become messages: then [`Application::answer`] is asked about each.
    const ANSWERS: bool;

    /// A message of `session`, valid and in turn, exactly once. `effects` takes what follows from it.
    ///
    /// Must depend on nothing but the message, the session's settings and what the application remembers since logon: a
    /// message that the log holds without its request is handed in again on start, and only its request is kept then.
    fn message(&mut self, session: &SessionSpec, inbound: &Inbound<'_>, effects: &mut Effects<'_>)
    -> Verdict;

    /// A session logged on: what was remembered of its last connection may be forgotten.
    fn logged_on(&mut self, session: &SessionSpec) {
        let _ = session;
    }

    /// The sessions are these from here on: at the start, and when one is added or changed.
    fn sessions_changed(&mut self, sessions: &[&SessionSpec], ours: CompId) {
        let _ = (sessions, ours);
    }

    /// A record of `accounts`, in order, before its answers are asked for; again after a restart.
    fn observe(&mut self, record: &Record, event: &Event) {
        let _ = (record, event);
    }

    /// The event as it is to be told, or nothing when nobody is to hear of it.
    fn as_told(&mut self, event: Arc<Event>) -> Option<Arc<Event>> {
        Some(event)
    }

    /// What market data is shown from, if any session may ask for it: the gateway then keeps it up to date.
    fn tape(&self) -> Option<Arc<Tape>> {
        None
    }

    /// Makes messages of market data that `session` is due. Returns whether there are more.
    fn publish(&mut self, session: SessionId, publication: &mut Publication<'_>) -> bool {
        let _ = (session, publication);
        false
    }

    /// The `nth` message, from 0, that a record of `accounts` becomes; asked until there is none.
    fn answer<'a>(&self, record: &'a Record, event: &'a Event, nth: usize) -> Option<Answer<'a>> {
        let _ = (record, event, nth);
        None
    }

    /// Whether it observes records of this kind also when their answers were told before a restart.
    fn follows(&self, kind: Kind) -> bool {
        let _ = kind;
        false
    }

    /// What it knows from `observe`, for a snapshot.
    fn remember(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    /// Takes back what [`Application::remember`] gave.
    fn recall(&mut self, remembered: serde_json::Value) {
        let _ = remembered;
    }
}

/// What follows from an inbound message.
pub struct Effects<'a> {
    pub(crate) batch: &'a mut RecordBatch,
    pub(crate) names: &'a SessionNames,
    pub(crate) request: RequestId,
    pub(crate) at: Timestamp,
    pub(crate) requests: u32,
    /// The message is too much: what it asks for is to be refused.
    pub(crate) too_fast: Option<TooFast>,
    pub(crate) replies: &'a mut Replies,
}

impl Effects<'_> {
    /// Which message it is: what its request is known by for ever.
    pub fn request_id(&self) -> RequestId {
        self.request
    }

    /// Whose message it is.
    pub fn session(&self) -> SessionId {
        self.names.session
    }

    /// When it arrived.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Asks for something: a record of `accounts` whose origin is this message.
    pub fn request(&mut self, mut event: Event) {
        self.requests += 1;
        if let Some(too_fast) = self.too_fast
            && let Event::OrderRequested(OrderRequested { defect, .. })
            | Event::ReplaceRequested(ReplaceRequested { defect, .. })
            | Event::MassCancelRequested(MassCancelRequested { defect, .. }) = &mut event
        {
            *defect = Some(Defect { refusal: Refusal::RateLimit, detail: too_fast.to_string() });
        }
        self.batch.request(self.names, event, self.request, self.at);
    }

    /// As [`Effects::reply`], with fields written by `body` in ascending order.
    pub fn reply_fields(&mut self, msg_type: &[u8], body: impl FnOnce(&mut Encoder)) {
        self.replies.push_fields(msg_type, body);
    }

    /// Answers at once with a message of `msg_type`; `body` appends its fields, each with its SOH. `poss_resend` becomes
    /// PossResend(97).
    pub fn reply(&mut self, msg_type: &[u8], poss_resend: bool, body: impl FnOnce(&mut Vec<u8>)) {
        self.replies.push(msg_type, poss_resend, body);
    }
}

/// Takes messages that nobody in particular caused.
pub struct Publication<'a>(pub(crate) &'a mut Replies);

/// Answers that wait until the engine has returned.
#[derive(Default)]
pub(crate) struct Replies {
    bytes: Vec<u8>,
    heads: Vec<ReplyHead>,
}

/// What a reply is, and where its body ends.
struct ReplyHead {
    msg_type: MsgType,
    poss_resend: bool,
    end: usize,
}

/// MsgType(35): one or two characters.
#[derive(Clone, Copy)]
struct MsgType([u8; 2], u8);

impl MsgType {
    fn new(text: &[u8]) -> Self {
        let len = text.len().min(2);
        let mut kept = [0; 2];
        kept[..len].copy_from_slice(&text[..len]);
        Self(kept, len as u8)
    }
}

impl Replies {
    fn push(&mut self, msg_type: &[u8], poss_resend: bool, body: impl FnOnce(&mut Vec<u8>)) {
        body(&mut self.bytes);
        let (msg_type, end) = (MsgType::new(msg_type), self.bytes.len());
        self.heads.push(ReplyHead { msg_type, poss_resend, end });
    }

    /// A message with fields written by `body` in ascending order.
    pub(crate) fn push_fields(&mut self, msg_type: &[u8], body: impl FnOnce(&mut Encoder)) {
        self.push(msg_type, false, |out| append_fields(out, body));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Each reply's header and body, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Outgoing<'_>, &[u8])> {
        let mut start = 0;
        self.heads.iter().map(move |head| {
            let body = &self.bytes[start..head.end];
            start = head.end;
            let MsgType(text, len) = &head.msg_type;
            let outgoing = Outgoing::new(&text[..usize::from(*len)]);
            (Outgoing { poss_resend: head.poss_resend, ..outgoing }, body)
        })
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.heads.clear();
    }
}

/// A message to send: to whom, what, and which request it settles.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The session it goes to.
    pub session: SessionId,
    /// What it reports.
    pub report: Report<'a>,
    /// The request that it is the first answer to, if it is one.
    pub settles: Option<Settles>,
}

/// How an answer names its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settles {
    /// By the place of the request's record in `accounts`.
    Offset(u64),
    /// By the message it came in.
    Request(RequestId),
}
