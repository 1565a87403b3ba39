//! A broker's messages, read.

use crate::Heard;
use assay_trading_types::{Price, Qty, Symbol, VenueMessage, VenueReport};
use fix_gateway::client::{Desk, Store};
use fix_session::{Inbound, Message, Verdict};
use std::cell::RefCell;
use std::rc::Rc;

/// Longest text of a broker that is kept.
const TEXT_CHARS_MAX: usize = 256;

/// Keeps what a broker says until the driver takes it. It is bounded by what the session reads in one turn.
#[derive(Debug)]
pub(super) struct BrokerDesk<S> {
    /// Oldest first.
    pub(super) heard: Vec<Heard>,
    /// What we sent, for what is refused by its number alone.
    sent: Rc<RefCell<S>>,
}

impl<S: Store> BrokerDesk<S> {
    pub(super) fn new(sent: Rc<RefCell<S>>) -> Self {
        Self { heard: Vec::new(), sent }
    }

    /// The message that a BusinessMessageReject(j) refuses by RefSeqNum(45) and not by its id (379), as QuickFIX's own do.
    fn refused_by_number(&self, reject: &Message<'_>) -> Option<Vec<u8>> {
        let number = reject.get_u64(45).filter(|_| reject.get(379).is_none())?;
        let mut frame = Vec::new();
        // What cannot be read names nothing: the order counts as unanswered, and its status is asked.
        self.sent.borrow().sent(number, &mut frame).ok()?;
        (field_of(&frame, b"35")? == reject.get(372)?).then_some(frame)
    }
}

impl<S: Store> Desk for BrokerDesk<S> {
    fn message(&mut self, inbound: &Inbound<'_>) -> Verdict {
        let of = |tag: u32| inbound.message.get(tag);
        let refused = match inbound.message.msg_type() {
            b"j" => self.refused_by_number(&inbound.message).unwrap_or_default(),
            _ => Vec::new(),
        };
        let message = match inbound.message.msg_type() {
            b"8" => report(&inbound.message),
            b"9" => VenueMessage::CancelRejected {
                cl_ord_id: text(of(11)).unwrap_or_default(),
                reason: number(of(102)),
                text: text(of(58)),
            },
            b"j" => VenueMessage::Refused {
                msg_type: text(of(372)).unwrap_or_default(),
                cl_ord_id: text(of(379).or_else(|| field_of(&refused, b"11"))).unwrap_or_default(),
                text: text(of(58)),
            },
            _ => return Verdict::Unsupported,
        };
        let symbol = of(55).or_else(|| field_of(&refused, b"55"));
        let symbol = symbol.and_then(|symbol| Symbol::from_bytes(symbol).ok());
        self.heard.push(Heard { symbol, message, wire: wire(inbound.frame) });
        Verdict::Accepted
    }

    fn rejected(&mut self, frame: &[u8]) {
        let of = |tag| field_of(frame, tag);
        let message = VenueMessage::Refused {
            msg_type: text(of(b"35")).unwrap_or_default(),
            cl_ord_id: text(of(b"11")).unwrap_or_default(),
            text: Some("rejected by the session".to_owned()),
        };
        let symbol = of(b"55").and_then(|symbol| Symbol::from_bytes(symbol).ok());
        self.heard.push(Heard { symbol, message, wire: wire(frame) });
    }
}

/// A field of a message of ours, which has no data fields.
fn field_of<'a>(frame: &'a [u8], tag: &[u8]) -> Option<&'a [u8]> {
    frame.split(|b| *b == 1).find_map(|field| field.strip_prefix(tag)?.strip_prefix(b"="))
}

fn report(message: &Message<'_>) -> VenueMessage {
    match read_report(message) {
        Ok(report) => VenueMessage::Report(Box::new(report)),
        Err(tag) => {
            VenueMessage::Unreadable { why: format!("field {tag} of a report is missing or no good") }
        }
    }
}

/// The report, or the tag of the field that cannot be read.
fn read_report(message: &Message<'_>) -> Result<VenueReport, u32> {
    let of = |tag: u32| message.get(tag);
    let char_of = |tag: u32| match of(tag) {
        Some([byte]) if byte.is_ascii_graphic() => Ok(char::from(*byte)),
        _ => Err(tag),
    };
    let qty = |tag: u32| of(tag).map(|value| Qty::parse_bytes(value).map_err(|_| tag)).transpose();
    let price = |tag: u32| of(tag).map(|value| Price::parse_bytes(value).map_err(|_| tag)).transpose();
    Ok(VenueReport {
        cl_ord_id: text(of(11)).unwrap_or_default(),
        orig_cl_ord_id: text(of(41)),
        venue_order_id: text(of(37)).unwrap_or_default(),
        exec_id: text(of(17)).ok_or(17_u32)?,
        status_number: number(of(790)),
        exec_ref_id: text(of(19)),
        exec_type: char_of(150)?,
        ord_status: char_of(39)?,
        qty: qty(38)?,
        price: price(44)?,
        last_qty: qty(32)?,
        last_px: price(31)?,
        cum_qty: qty(14)?,
        reason: number(of(103)),
        text: text(of(58)),
    })
}

fn text(value: Option<&[u8]>) -> Option<String> {
    value.map(|bytes| String::from_utf8_lossy(bytes).chars().take(TEXT_CHARS_MAX).collect())
}

fn number(value: Option<&[u8]>) -> Option<u32> {
    std::str::from_utf8(value?).ok()?.parse().ok()
}

fn wire(frame: &[u8]) -> String {
    String::from_utf8_lossy(frame).replace('\u{1}', "|")
}
