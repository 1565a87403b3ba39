//! A drop copy session's score: each of its firm's fills once.

use crate::books::Fills;
use crate::counterparty::Desk;
use assay_trading_types::{ExecId, Price, Qty, Side};
use fix_session::{Inbound, Message, Verdict};
use rustc_hash::FxHashSet;

/// What a drop copy session received.
#[derive(Debug, Default)]
pub(super) struct Copies {
    pub(super) exec_ids: FxHashSet<ExecId>,
    /// The same ExecID again.
    pub(super) repeated: u64,
    /// Messages that are no copy.
    pub(super) stray: u64,
    pub(super) fills: Fills,
}

impl Copies {
    fn copy(&mut self, message: &Message<'_>) -> Option<()> {
        let exec_id = std::str::from_utf8(message.get(17)?).ok().and_then(ExecId::parse)?;
        if !self.exec_ids.insert(exec_id) {
            self.repeated += 1;
        }
        if message.get(150)? == b"F" {
            let qty = Qty::parse_bytes(message.get(32)?).ok()?;
            let price = Price::parse_bytes(message.get(31)?).ok()?;
            let side = Side::from_fix(*message.get(54)?.first()?)?;
            self.fills.add(side.is_buy(), price.notional(qty));
        }
        (message.get(797)? == b"Y").then_some(())
    }
}

impl Desk for Copies {
    fn message(&mut self, inbound: &Inbound<'_>) -> Verdict {
        let message = &inbound.message;
        let copied = message.msg_type() == b"8" && self.copy(message).is_some();
        self.stray += u64::from(!copied);
        Verdict::Accepted
    }

    fn rejected(&mut self, _: &[u8]) {
        self.stray += 1;
    }
}
