//! Writing messages (V-32): 8, 9, 35, header by ascending tag, body in the caller's order, 10.

use crate::Message;
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
        let _ = (message, swap_sub_ids);
        Self::default()
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

/// A reusable writer of messages: no allocation once its buffer is warm.
#[derive(Debug, Default)]
pub struct Encoder {
    buffer: Vec<u8>,
}

impl Encoder {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a message, dropping an unfinished one.
    pub fn begin(&mut self, header: &Header<'_>) -> &mut Self {
        let _ = header;
        self
    }

    /// Appends `tag=value`. The value must not hold SOH; see [`Encoder::data`] for bytes.
    pub fn field(&mut self, tag: u32, value: &[u8]) -> &mut Self {
        let _ = (tag, value);
        self
    }

    /// Appends a field whose value `write` appends to the buffer.
    pub fn field_with(&mut self, tag: u32, write: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        let _ = tag;
        write(&mut self.buffer);
        self
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
        let _ = (tag, value);
        self
    }

    /// Appends a signed number.
    pub fn field_i64(&mut self, tag: u32, value: i64) -> &mut Self {
        let _ = (tag, value);
        self
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
        let _ = fields;
        self
    }

    /// Ends the message: `BodyLength(9)` and `CheckSum(10)` written; the bytes stay until the next `begin`.
    pub fn finish(&mut self) -> &[u8] {
        &self.buffer
    }
}

/// `SendingTime(52)` text with milliseconds, 21 bytes.
pub fn sending_time_text(at: Timestamp, out: &mut Vec<u8>) {
    out.clear();
    at.write_fix(3, out);
}

/// Appends to `out` the resend of a stored outbound message: 43=Y, 122 = its 52, 52 = `sending_time`, body bytes kept.
pub fn reencode_as_duplicate(original: &[u8], sending_time: &[u8], out: &mut Vec<u8>) {
    let _ = (original, sending_time, out);
}
