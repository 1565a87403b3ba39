//! The engine alone: what comes in goes out again. For conformance suites and benchmarks (design section 10).

use crate::{Application, Effects, SessionSpec};
use assay_trading_types::{CompId, Timestamp};
use fix_session::{Inbound, Message, Verdict};
use rustc_hash::{FxHashMap, FxHashSet};

/// The last so many ClOrdIDs of a connection are remembered, and up to as many before them: few enough to stay in a core's
/// cache. Only a PossResend of an order longer ago is echoed twice.
const CL_ORD_IDS_MIN: usize = 1 << 16;

/// Sends D, d and C back with the same body in the order of its tags, and with their PossResend(97); a D may be answered by
/// an ExecutionReport New instead.
#[derive(Debug, Default)]
pub struct Echo {
    execution_reports: bool,
    seen: FxHashMap<CompId, Seen>,
    reports: u64,
}

/// ClOrdID(11) seen since logon, as hashes of 64 bits.
#[derive(Debug, Default)]
struct Seen {
    young: FxHashSet<u64>,
    old: FxHashSet<u64>,
}

impl Seen {
    /// Notes one. Whether it was seen before is looked up where it matters.
    fn note(&mut self, id: u64, matters: bool) -> bool {
        if self.young.len() >= CL_ORD_IDS_MIN {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        !self.young.insert(id) || matters && self.old.contains(&id)
    }
}

impl Echo {
    /// An echo; with `execution_reports` a D is answered by an 8 with 150=0.
    pub fn new(execution_reports: bool) -> Self {
        Self { execution_reports, ..Self::default() }
    }

    fn is_repeated(&mut self, session: &SessionSpec, inbound: &Inbound<'_>) -> bool {
        let id = inbound.message.get(11).unwrap_or_default();
        let seen = self.seen.entry(session.comp_id).or_default();
        seen.note(fnv(id), inbound.poss_resend) && inbound.poss_resend
    }
}

impl Application for Echo {
    const ANSWERS: bool = false;

    fn message(
        &mut self,
        session: &SessionSpec,
        inbound: &Inbound<'_>,
        effects: &mut Effects<'_>,
    ) -> Verdict {
        let message = &inbound.message;
        match message.msg_type() {
            b"D" if self.is_repeated(session, inbound) => {}
            b"D" if self.execution_reports => {
                self.reports += 1;
                let (number, at) = (self.reports, effects.at());
                effects.reply(b"8", inbound.poss_resend, |out| report_new(message, number, at, out));
            }
            msg_type @ (b"D" | b"d" | b"C") => {
                effects.reply(msg_type, inbound.poss_resend, |out| body_by_tag(message, out));
            }
            b"j" => {}
            _ => return Verdict::Unsupported,
        }
        Verdict::Accepted
    }

    fn logged_on(&mut self, session: &SessionSpec) {
        self.seen.remove(&session.comp_id);
    }
}

/// The body by ascending tag, as all our messages have it, whatever order the peer chose (V-32).
fn body_by_tag(message: &Message<'_>, out: &mut Vec<u8>) {
    if message.body_parts().is_sorted_by_key(|part| part.tag) {
        return out.extend_from_slice(message.body());
    }
    let mut parts: Vec<_> = message.body_parts().collect();
    parts.sort_by_key(|part| part.tag);
    parts.iter().for_each(|part| out.extend_from_slice(part.bytes));
}

/// An 8 that says the order is on the book.
fn report_new(order: &Message<'_>, number: u64, at: Timestamp, out: &mut Vec<u8>) {
    let qty = order.get(38).unwrap_or(b"0");
    let echo = |tag: &[u8], value: Option<&[u8]>, out: &mut Vec<u8>| {
        if let Some(value) = value {
            put(tag, value, out);
        }
    };
    let id = number.to_string();
    echo(b"1", order.get(1), out);
    put(b"6", b"0", out);
    echo(b"11", order.get(11), out);
    put(b"14", b"0", out);
    put(b"17", id.as_bytes(), out);
    put(b"37", id.as_bytes(), out);
    put(b"38", qty, out);
    put(b"39", b"0", out);
    echo(b"40", order.get(40), out);
    echo(b"44", order.get(44), out);
    echo(b"54", order.get(54), out);
    echo(b"55", order.get(55), out);
    out.extend_from_slice(b"60=");
    at.write_fix(3, out);
    out.push(1);
    put(b"150", b"0", out);
    put(b"151", qty, out);
}

fn put(tag: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(tag);
    out.push(b'=');
    out.extend_from_slice(value);
    out.push(1);
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ids_are_remembered_and_those_of_long_ago_are_not() {
        let mut seen = Seen::default();
        let count = CL_ORD_IDS_MIN as u64;
        (0..3 * count).for_each(|id| assert!(!seen.note(id, false)));
        assert!(seen.note(3 * count - 1, true));
        assert!(seen.note(2 * count, true));
        assert!(!seen.note(0, true));
    }
}
