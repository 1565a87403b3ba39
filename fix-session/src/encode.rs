//! Writing messages (V-32): 8, 9, 35, header by ascending tag, body in the caller's order, 10.

use crate::Message;
use crate::frame::check_sum;
use assay_trading_types::{Amount, Price, Qty, Timestamp};

/// Routing fields of the header (V-30). Empty means absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Routing<'a> {
    /// `SenderSubID(50)`.
    pub sender_sub_id: &'a [u8],
    /// `TargetSubID(57)`.
    pub target_sub_id: &'a [u8],
    /// `OnBehalfOfCompID(115)`.
    pub on_behalf_of_comp_id: &'a [u8],
    /// `OnBehalfOfSubID(116)`.
    pub on_behalf_of_sub_id: &'a [u8],
    /// `DeliverToCompID(128)`.
    pub deliver_to_comp_id: &'a [u8],
    /// `DeliverToSubID(129)`.
    pub deliver_to_sub_id: &'a [u8],
    /// `SenderLocationID(142)`.
    pub sender_location_id: &'a [u8],
    /// `TargetLocationID(143)`.
    pub target_location_id: &'a [u8],
    /// `OnBehalfOfLocationID(144)`.
    pub on_behalf_of_location_id: &'a [u8],
    /// `DeliverToLocationID(145)`.
    pub deliver_to_location_id: &'a [u8],
}

impl<'a> Routing<'a> {
    /// Routing of an answer to `message`: third-party fields reversed (V-30); 50/57 and 142/143 swapped if `swap_sub_ids`.
    pub fn of_answer_to(message: &Message<'a>, swap_sub_ids: bool) -> Self {
        let of = |tag| message.get(tag).unwrap_or_default();
        let swapped = |tag| if swap_sub_ids { of(tag) } else { &[] };
        Self {
            sender_sub_id: swapped(57),
            target_sub_id: swapped(50),
            sender_location_id: swapped(143),
            target_location_id: swapped(142),
            on_behalf_of_comp_id: of(128),
            on_behalf_of_sub_id: of(129),
            on_behalf_of_location_id: of(145),
            deliver_to_comp_id: of(115),
            deliver_to_sub_id: of(116),
            deliver_to_location_id: of(144),
        }
    }
}

/// Header of an outbound message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Header<'a> {
    /// `MsgType(35)`.
    pub msg_type: &'a [u8],
    /// `MsgSeqNum(34)`.
    pub seq_num: u64,
    /// `SenderCompID(49)`.
    pub sender_comp_id: &'a [u8],
    /// `TargetCompID(56)`.
    pub target_comp_id: &'a [u8],
    /// `SendingTime(52)`, already text: see [`sending_time_text`].
    pub sending_time: &'a [u8],
    /// `PossDupFlag(43)` = Y, left out when false.
    pub poss_dup: bool,
    /// `PossResend(97)` = Y, left out when false.
    pub poss_resend: bool,
    /// `OrigSendingTime(122)`; empty means absent.
    pub orig_sending_time: &'a [u8],
    /// `LastMsgSeqNumProcessed(369)`.
    pub last_processed: Option<u64>,
    /// Third parties and sub ids.
    pub routing: Routing<'a>,
}

/// Room kept before the third field: `8=FIX.4.4 SOH 9=` and up to seven digits with their SOH end right where
/// the body starts, so that `BodyLength(9)` needs no padding and nothing is moved.
const START_ROOM: usize = 24;
const START: &[u8] = b"8=FIX.4.4\x019=";
pub(crate) const SOH: u8 = 1;
/// `10=ddd SOH`.
pub(crate) const CHECK_SUM_BYTES: usize = 7;

/// A reusable writer of messages: no allocation once its buffer is warm.
///
/// `begin`, then the body's fields in order, then `finish`.
#[derive(Debug, Default)]
pub struct Encoder {
    buffer: Vec<u8>,
}

impl Encoder {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes of memory it keeps between messages.
    pub(crate) fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// A writer into memory that was used before.
    pub(crate) fn into(buffer: Vec<u8>) -> Self {
        Self { buffer }
    }

    /// The message that was finished last; empty when there is none.
    pub(crate) fn finished(&self) -> &[u8] {
        let body = self.buffer.len().saturating_sub(START_ROOM + CHECK_SUM_BYTES);
        let mut room = [0; START_ROOM];
        let from = START_ROOM - start_fields(body, &mut room).len();
        self.buffer.get(from..).unwrap_or_default()
    }

    /// Ends the message and gives its memory back, with nothing before or behind the message.
    pub(crate) fn finish_into(mut self) -> Vec<u8> {
        let len = self.finish().len();
        self.buffer.drain(..self.buffer.len() - len);
        self.buffer
    }

    /// Starts a message, dropping an unfinished one.
    pub fn begin(&mut self, header: &Header<'_>) -> &mut Self {
        self.open();
        let Header { routing, .. } = header;
        self.field(35, header.msg_type).field_u64(34, header.seq_num);
        self.field(43, if header.poss_dup { b"Y" } else { b"" });
        self.field(49, header.sender_comp_id);
        self.field(50, routing.sender_sub_id);
        self.field(52, header.sending_time).field(56, header.target_comp_id);
        self.field(57, routing.target_sub_id);
        self.field(97, if header.poss_resend { b"Y" } else { b"" });
        self.field(115, routing.on_behalf_of_comp_id);
        self.field(116, routing.on_behalf_of_sub_id);
        self.field(122, header.orig_sending_time);
        self.field(128, routing.deliver_to_comp_id);
        self.field(129, routing.deliver_to_sub_id);
        self.field(142, routing.sender_location_id);
        self.field(143, routing.target_location_id);
        self.field(144, routing.on_behalf_of_location_id);
        self.field(145, routing.deliver_to_location_id);
        if let Some(last) = header.last_processed {
            self.field_u64(369, last);
        }
        self
    }

    pub(crate) fn open(&mut self) {
        self.buffer.clear();
        self.buffer.resize(START_ROOM, SOH);
    }

    /// Appends `tag=value`; an empty value leaves the field out, as FIX has no empty fields (V-19). The value must
    /// not hold SOH; see [`Encoder::data`] for bytes.
    #[inline]
    pub fn field(&mut self, tag: u32, value: &[u8]) -> &mut Self {
        if value.is_empty() {
            return self;
        }
        self.field_with(tag, |out| out.extend_from_slice(value))
    }

    /// Appends a field whose value `write` appends to the buffer.
    #[inline]
    pub fn field_with(&mut self, tag: u32, write: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        self.tag(tag);
        write(&mut self.buffer);
        self.buffer.push(SOH);
        self
    }

    #[inline]
    fn tag(&mut self, tag: u32) {
        push_number(&mut self.buffer, u64::from(tag));
        self.buffer.push(b'=');
    }

    /// Appends one CHAR.
    pub fn field_char(&mut self, tag: u32, value: u8) -> &mut Self {
        self.field(tag, &[value])
    }

    /// Appends a BOOLEAN.
    pub fn field_bool(&mut self, tag: u32, value: bool) -> &mut Self {
        self.field(tag, if value { b"Y" } else { b"N" })
    }

    /// Appends an unsigned number.
    pub fn field_u64(&mut self, tag: u32, value: u64) -> &mut Self {
        self.field_with(tag, |out| push_number(out, value))
    }

    /// Appends a signed number.
    pub fn field_i64(&mut self, tag: u32, value: i64) -> &mut Self {
        self.field_with(tag, |out| {
            if value < 0 {
                out.push(b'-');
            }
            push_number(out, value.unsigned_abs());
        })
    }

    /// Appends a price with the decimals it was written with.
    pub fn field_price(&mut self, tag: u32, value: Price) -> &mut Self {
        self.field_with(tag, |out| value.write_to(out))
    }

    /// Appends a quantity.
    pub fn field_qty(&mut self, tag: u32, value: Qty) -> &mut Self {
        self.field_with(tag, |out| value.write_to(out))
    }

    /// Appends an amount.
    pub fn field_amount(&mut self, tag: u32, value: Amount) -> &mut Self {
        self.field_with(tag, |out| value.write_to(out))
    }

    /// Appends a UTCTIMESTAMP with milliseconds.
    pub fn field_time(&mut self, tag: u32, value: Timestamp) -> &mut Self {
        self.field_with(tag, |out| value.write_fix(3, out))
    }

    /// Appends a data field after its length (V-26).
    pub fn data(&mut self, length_tag: u32, data_tag: u32, bytes: &[u8]) -> &mut Self {
        self.field_u64(length_tag, bytes.len() as u64).field(data_tag, bytes)
    }

    /// Appends fields that are already `tag=value SOH`, such as another message's body.
    pub fn raw(&mut self, fields: &[u8]) -> &mut Self {
        self.buffer.extend_from_slice(fields);
        self
    }

    /// Ends the message: `BodyLength(9)` and `CheckSum(10)` written; the bytes stay until the next `begin`.
    ///
    /// Call it once per `begin`; before any `begin` there is no message and the answer is empty.
    pub fn finish(&mut self) -> &[u8] {
        let Some(body_len) = self.buffer.len().checked_sub(START_ROOM) else { return &[] };
        let mut start = [0; START_ROOM];
        let start = start_fields(body_len, &mut start);
        let from = START_ROOM - start.len();
        self.buffer[from..START_ROOM].copy_from_slice(start);
        let sum = check_sum(&self.buffer[from..]);
        self.buffer.extend_from_slice(b"10=");
        self.buffer.extend_from_slice(&sum);
        self.buffer.push(SOH);
        &self.buffer[from..]
    }
}

/// Writes fields alone, without header and trailer, behind what `out` holds: a body to be sent later.
pub fn append_fields(out: &mut Vec<u8>, write: impl FnOnce(&mut Encoder)) {
    let mut encoder = Encoder { buffer: std::mem::take(out) };
    write(&mut encoder);
    *out = encoder.buffer;
}

/// `8=FIX.4.4 SOH 9=length SOH`, at the end of `room`.
fn start_fields(body_len: usize, room: &mut [u8; START_ROOM]) -> &[u8] {
    let mut at = START_ROOM - 1;
    room[at] = SOH;
    let mut rest = body_len;
    // Eleven digits fit between the two ends, far more than any frame may declare.
    while at > START.len() {
        at -= 1;
        room[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    let from = at - START.len();
    room[from..at].copy_from_slice(START);
    &room[from..]
}

#[inline]
fn push_number(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// `SendingTime(52)` text with milliseconds, 21 bytes; replaces what `out` held.
pub fn sending_time_text(at: Timestamp, out: &mut Vec<u8>) {
    out.clear();
    at.write_fix(3, out);
}
