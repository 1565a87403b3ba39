//! What a counterparty of the demonstration keeps: its morning, and a score of every id it sent and received.

use super::flow::{Flow, Instruction, OpenOrder};
use crate::books::Fills;
use crate::counterparty::Desk;
use assay_trading_types::{Amount, ClOrdId, ExecId, Price, Qty, Side, Symbol};
use fix_session::{Inbound, Message, Verdict};
use hdrhistogram::Histogram;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use std::time::Instant;

/// Slowest answer told apart, in microseconds: a minute.
const LATENCY_US_MAX: u64 = 60_000_000;

/// A counterparty's own books, kept from FIX messages alone.
pub(crate) struct Trader {
    /// What it does next.
    pub(crate) flow: Flow,
    /// Sent and not answered, with when it was sent.
    waiting: FxHashMap<ClOrdId, Instant>,
    /// Answers by ClOrdID of what it sent.
    answers: FxHashMap<ClOrdId, u32>,
    /// Of these, D.
    orders: FxHashSet<ClOrdId>,
    /// ExecIDs received.
    exec_ids: FxHashSet<ExecId>,
    /// The same ExecID received again.
    pub(crate) repeated_exec_ids: u64,
    /// Answers nobody asked for, or a second one.
    pub(crate) stray_answers: u64,
    /// D, F and G that were refused, which some are meant to be.
    pub(crate) refused: u64,
    /// ClOrdIDs of what was refused by Reject(3): to the books they never were.
    pub(crate) rejected: Vec<ClOrdId>,
    /// Fills.
    pub(crate) fills: Fills,
    /// Bought less sold.
    pub(crate) net: BTreeMap<Symbol, Amount>,
    /// Time from sending to the first answer, in microseconds, since it was last taken.
    latency_us: Histogram<u64>,
}

impl Trader {
    /// A trader about to begin `flow`.
    pub(crate) fn new(flow: Flow) -> Self {
        Self {
            flow,
            waiting: FxHashMap::default(),
            answers: FxHashMap::default(),
            orders: FxHashSet::default(),
            exec_ids: FxHashSet::default(),
            repeated_exec_ids: 0,
            stray_answers: 0,
            refused: 0,
            rejected: Vec::new(),
            fills: Fills::default(),
            net: BTreeMap::new(),
            latency_us: Histogram::new_with_max(LATENCY_US_MAX, 3).expect("valid bounds"),
        }
    }

    /// `instruction` goes out now.
    pub(crate) fn sent(&mut self, instruction: &Instruction, at: Instant) {
        let id = instruction.cl_ord_id();
        self.waiting.insert(id, at);
        self.answers.insert(id, 0);
        if matches!(instruction, Instruction::New(_)) {
            self.orders.insert(id);
        }
    }

    /// Requests without an answer yet.
    pub(crate) fn in_flight(&self) -> usize {
        self.waiting.len()
    }

    /// Requests that got exactly one answer.
    pub(crate) fn answered_once(&self) -> u64 {
        self.answers.values().filter(|n| **n == 1).count() as u64
    }

    /// Requests answered so far.
    pub(crate) fn answered(&self) -> u64 {
        (self.answers.len() - self.waiting.len()) as u64
    }

    /// ExecIDs received.
    pub(crate) fn exec_id_count(&self) -> u64 {
        self.exec_ids.len() as u64
    }

    /// ClOrdIDs of its D, but for those refused by Reject(3).
    pub(crate) fn orders(&self) -> impl Iterator<Item = &ClOrdId> {
        self.orders.iter()
    }

    /// The ExecIDs received.
    pub(crate) fn exec_ids(&self) -> impl Iterator<Item = ExecId> {
        self.exec_ids.iter().copied()
    }

    /// ClOrdIDs of what was sent and not refused by Reject(3), each with its count of answers.
    pub(crate) fn answers(&self) -> impl Iterator<Item = (ClOrdId, u32)> {
        self.answers.iter().map(|(id, count)| (*id, *count))
    }

    /// Moves the latencies seen since the last call into `all`.
    pub(crate) fn take_latencies(&mut self, all: &mut Histogram<u64>) {
        let _ = all.add(&self.latency_us);
        self.latency_us.reset();
    }

    fn answer(&mut self, id: ClOrdId) {
        if let Some(sent) = self.waiting.remove(&id) {
            let us = u64::try_from(sent.elapsed().as_micros()).unwrap_or(LATENCY_US_MAX);
            self.latency_us.saturating_record(us.clamp(1, LATENCY_US_MAX));
        }
        match self.answers.get_mut(&id) {
            Some(count) => {
                *count += 1;
                self.stray_answers += u64::from(*count > 1);
            }
            None => self.stray_answers += 1,
        }
    }

    fn execution_report(&mut self, message: &Message<'_>) -> Option<()> {
        let id = ClOrdId::from_bytes(message.get(11)?).ok()?;
        let exec_id = std::str::from_utf8(message.get(17)?).ok().and_then(ExecId::parse)?;
        if !self.exec_ids.insert(exec_id) {
            self.repeated_exec_ids += 1;
        }
        let asked = message.get(41).is_some();
        match message.get(150)? {
            b"0" => {
                self.answer(id);
                self.opened(id, message);
            }
            b"8" => {
                self.refused += 1;
                self.answer(id);
            }
            b"5" => {
                self.answer(id);
                self.opened(id, message);
            }
            b"4" if asked => self.answer(id),
            b"F" => self.fill(message)?,
            _ => {}
        }
        Some(())
    }

    fn opened(&mut self, cl_ord_id: ClOrdId, message: &Message<'_>) {
        let symbol = message.get(55).and_then(|s| Symbol::from_bytes(s).ok());
        let side = message.get(54).and_then(|s| Side::from_fix(*s.first()?));
        if let (Some(symbol), Some(side)) = (symbol, side) {
            self.flow.opened(OpenOrder { cl_ord_id, symbol, side });
        }
    }

    fn fill(&mut self, message: &Message<'_>) -> Option<()> {
        let qty = Qty::parse_bytes(message.get(32)?).ok()?;
        let price = Price::parse_bytes(message.get(31)?).ok()?;
        let side = Side::from_fix(*message.get(54)?.first()?)?;
        self.fills.add(side.is_buy(), price.notional(qty));
        let symbol = message.get(55).and_then(|s| Symbol::from_bytes(s).ok())?;
        let units = i128::from(qty.units());
        let net = self.net.entry(symbol).or_insert(Amount::ZERO);
        *net = Amount::from_units(net.units() + if side.is_buy() { units } else { -units });
        Some(())
    }
}

impl Desk for Trader {
    fn message(&mut self, inbound: &Inbound<'_>) -> Verdict {
        let message = &inbound.message;
        match message.msg_type() {
            b"8" => {
                if self.execution_report(message).is_none() {
                    self.stray_answers += 1;
                }
            }
            b"9" => {
                self.refused += 1;
                if let Some(id) = message.get(11).and_then(|id| ClOrdId::from_bytes(id).ok()) {
                    self.answer(id);
                }
            }
            _ => self.stray_answers += 1,
        }
        Verdict::Accepted
    }

    fn rejected(&mut self, frame: &[u8]) {
        let id = frame.split(|b| *b == 1).find_map(|field| field.strip_prefix(b"11="));
        match id.and_then(|id| ClOrdId::from_bytes(id).ok()) {
            Some(id) if self.answers.get(&id) == Some(&0) => {
                self.waiting.remove(&id);
                self.answers.remove(&id);
                self.orders.remove(&id);
                self.rejected.push(id);
            }
            _ => self.stray_answers += 1,
        }
    }
}
