//! A counterparty: numbers its messages, keeps them to resend, and checks the server's numbers.

use crate::wire::{Message, Wire, framed, utc_now};
use std::net::SocketAddr;

/// A message that was sent, as it must be resent.
#[derive(Clone)]
struct Sent {
    msg_type: String,
    sending_time: String,
    body: String,
}

/// A session seen from the counterparty's side. It outlives its connections.
pub(crate) struct Client {
    comp_id: String,
    wire: Option<Wire>,
    /// Message n stands at n - 1.
    sent: Vec<Sent>,
    /// Number of the next message from the server.
    next_in: u64,
}

impl Client {
    /// A session that has never been used.
    pub(crate) fn new(comp_id: &str) -> Self {
        Self { comp_id: comp_id.to_owned(), wire: None, sent: Vec::new(), next_in: 1 }
    }

    /// A new session, logged on.
    pub(crate) fn logged_on(comp_id: &str, server: SocketAddr) -> Self {
        let mut client = Self::new(comp_id);
        client.connect(server);
        client.logon();
        client
    }

    /// Connects, anew if it was connected.
    pub(crate) fn connect(&mut self, server: SocketAddr) {
        self.wire = Some(Wire::connect(server));
    }

    /// Drops the connection without a word.
    pub(crate) fn hang_up(&mut self) -> Wire {
        self.wire.take().expect("connected")
    }

    /// Sends Logon and returns the answer.
    pub(crate) fn logon(&mut self) -> Message {
        self.send("A", "98=0|108=30|");
        let answer = self.receive();
        assert_eq!(answer.msg_type(), "A", "{answer:?}");
        answer
    }

    /// Number of the next message to the server.
    pub(crate) fn next_out(&self) -> u64 {
        self.sent.len() as u64 + 1
    }

    /// Number of the next message from the server.
    pub(crate) fn next_in(&self) -> u64 {
        self.next_in
    }

    /// Sends a message with the next number; `body` is text ending with `|`.
    pub(crate) fn send(&mut self, msg_type: &str, body: &str) -> u64 {
        let seq = self.keep(msg_type, body);
        let bytes = self.bytes(seq, "");
        self.wire().send(&bytes);
        seq
    }

    /// Gives a message the next number and does not send it.
    pub(crate) fn keep(&mut self, msg_type: &str, body: &str) -> u64 {
        self.sent.push(Sent { msg_type: msg_type.into(), sending_time: utc_now(), body: body.into() });
        self.sent.len() as u64
    }

    /// Message `seq` as it was first sent; `header` is more header fields, each with `|`.
    pub(crate) fn bytes(&self, seq: u64, header: &str) -> Vec<u8> {
        let Sent { msg_type, sending_time, body } = &self.sent[seq as usize - 1];
        self.frame(msg_type, seq, &format!("52={sending_time}|56=ASSAY|{header}{body}"))
    }

    /// Sends message `seq` again, as the standard wants it.
    pub(crate) fn resend(&mut self, seq: u64) {
        let Sent { msg_type, sending_time, body } = self.sent[seq as usize - 1].clone();
        let text = if is_admin(&msg_type) {
            let now = utc_now();
            self.frame("4", seq, &format!("43=Y|52={now}|56=ASSAY|122={now}|123=Y|36={}|", seq + 1))
        } else {
            let header = format!("43=Y|52={}|56=ASSAY|122={sending_time}|", utc_now());
            self.frame(&msg_type, seq, &format!("{header}{body}"))
        };
        self.wire().send(&text);
    }

    /// Answers a ResendRequest(2).
    pub(crate) fn answer_resend_request(&mut self, request: &Message) {
        let first: u64 = request.value(7).parse().expect("a number");
        let last = match request.value(16) {
            "0" => self.sent.len() as u64,
            end => end.parse::<u64>().expect("a number").min(self.sent.len() as u64),
        };
        for seq in first..=last {
            self.resend(seq);
        }
    }

    /// Sends bytes as they are.
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.wire().send(bytes);
    }

    /// The next message but heartbeats, in turn.
    #[track_caller]
    pub(crate) fn receive(&mut self) -> Message {
        loop {
            let message = self.receive_any().unwrap_or_else(|| panic!("{}: connection closed", self.comp_id));
            assert_eq!(message.seq(), self.next_in, "{message:?}");
            self.next_in += 1;
            if message.msg_type() != "0" || message.get(112).is_some() {
                return message;
            }
        }
    }

    /// The next message, which must be of `msg_type`.
    #[track_caller]
    pub(crate) fn expect(&mut self, msg_type: &str) -> Message {
        let message = self.receive();
        assert_eq!(message.msg_type(), msg_type, "{message:?}");
        message
    }

    /// The next message whatever its number, or nothing when the connection is closed. What has the expected number
    /// is not counted: [`Client::count`] does.
    pub(crate) fn receive_any(&mut self) -> Option<Message> {
        let message = self.wire().receive()?;
        assert_eq!((message.value(49), message.value(56)), ("ASSAY", self.comp_id.as_str()));
        Some(message)
    }

    /// Takes the numbers up to before `next_in` for received.
    pub(crate) fn count_to(&mut self, next_in: u64) {
        self.next_in = next_in;
    }

    /// Checks that the server is there and in step: TestRequest(1) gets its Heartbeat(0) next.
    #[track_caller]
    pub(crate) fn assert_alive(&mut self) {
        let id = format!("T{}", self.next_out());
        self.send("1", &format!("112={id}|"));
        self.expect("0").assert_has(&format!("112={id}"));
    }

    /// Sends an order and returns the first answer; `terms` as `54=1|38=100|40=2|44=10|`.
    #[track_caller]
    pub(crate) fn order(&mut self, id: &str, terms: &str) -> Message {
        self.send("D", &self.order_body(id, terms));
        self.receive()
    }

    /// Body of an order of AAPL on the firm's own account.
    pub(crate) fn order_body(&self, id: &str, terms: &str) -> String {
        let firm = self.comp_id.replace("CLIENT", "FIRM");
        format!("11={id}|1={firm}|55=AAPL|60={}|{terms}", utc_now())
    }

    /// Checks that the server closes and says nothing more.
    #[track_caller]
    pub(crate) fn assert_closed(&mut self) {
        self.hang_up().assert_silent_close();
    }

    fn frame(&self, msg_type: &str, seq: u64, rest: &str) -> Vec<u8> {
        framed(&format!("35={msg_type}|34={seq}|49={}|{rest}", self.comp_id))
    }

    pub(crate) fn wire(&mut self) -> &mut Wire {
        self.wire.as_mut().expect("connected")
    }
}

/// Messages that are gap filled, never resent.
fn is_admin(msg_type: &str) -> bool {
    matches!(msg_type, "A" | "0" | "1" | "2" | "4" | "5")
}
