//! Application messages: handed over once, and answered when the application does not take them (V-11, V-17, V-18).

use super::machine::Machine;
use crate::{
    BusinessRefusal, Handler, Inbound, Message, Now, Routing, SessionRejectReason, Verdict, Violation,
};

impl Machine {
    pub(super) fn application<H: Handler>(
        &mut self,
        now: Now,
        message: &Message<'_>,
        seq: u64,
        handler: &mut H,
    ) {
        self.numbers.next_in = seq + 1;
        let inbound = self.inbound(message, seq);
        let verdict = handler.application(&inbound);
        if verdict != Verdict::Accepted {
            self.answer_verdict(now, &inbound, &verdict, handler);
        }
    }

    fn answer_verdict<H: Handler>(
        &mut self,
        now: Now,
        inbound: &Inbound<'_>,
        verdict: &Verdict,
        handler: &mut H,
    ) {
        let message = &inbound.message;
        if message.msg_type() == b"j" {
            return;
        }
        let missing;
        let (reason, text) = match verdict {
            Verdict::Accepted => return,
            Verdict::Unsupported => (3, "Unsupported Message Type"),
            Verdict::NotReady => (4, "Application not available"),
            Verdict::MissingConditional(tag) => {
                missing = format!("Conditionally Required Field Missing ({tag})");
                (5, missing.as_str())
            }
            Verdict::BadValue(tag) => {
                let fault = Violation::at(SessionRejectReason::ValueIncorrect, (*tag).into());
                return self.reject(now, message, inbound.seq, &fault, handler);
            }
            Verdict::Refused { reason, text } => (*reason, text.as_str()),
        };
        let ref_id = if reason == 3 { b"" } else { business_id(message) };
        let refusal = BusinessRefusal {
            ref_seq: inbound.seq,
            ref_msg_type: message.msg_type(),
            ref_id,
            reason,
            text,
            routing: Routing::of_answer_to(message, self.config.swap_sub_ids),
        };
        self.reject_business(now, &refusal, handler);
    }
}

/// The business id of a message, for BusinessRejectRefID(379).
fn business_id<'a>(message: &Message<'a>) -> &'a [u8] {
    let tag = match message.msg_type() {
        b"D" | b"F" | b"G" | b"H" | b"q" | b"AB" | b"AC" | b"s" | b"t" | b"u" => 11,
        b"8" => 17,
        b"V" => 262,
        b"R" => 131,
        b"S" | b"i" => 117,
        b"c" | b"d" | b"x" | b"v" => 320,
        b"e" | b"g" => 335,
        b"AF" => 584,
        b"AN" => 710,
        b"C" => 164,
        b"E" => 66,
        b"BE" => 923,
        _ => return b"",
    };
    message.get(tag).unwrap_or_default()
}
