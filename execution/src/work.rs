//! What one input may cause.

use assay_trading_types::{Event, Outbox, Topic};

/// Outputs of one input: they are numbered in 16 bits. What would go beyond waits for the next input.
pub(crate) const OUTPUTS_MAX: u32 = 64_000;

/// Outputs of one input, counted.
#[derive(Debug)]
pub(crate) struct Sink<'a> {
    out: &'a mut Outbox,
    left: u32,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(out: &'a mut Outbox) -> Self {
        Self { out, left: OUTPUTS_MAX }
    }

    /// Outputs that may still follow.
    pub(crate) fn left(&self) -> u32 {
        self.left
    }

    pub(crate) fn account(&mut self, event: impl Into<Event>) {
        self.emit(Topic::Accounts, event.into());
    }

    pub(crate) fn public(&mut self, event: impl Into<Event>) {
        self.emit(Topic::MarketData, event.into());
    }

    pub(crate) fn market(&mut self, event: impl Into<Event>) {
        self.emit(Topic::Markets, event.into());
    }

    fn emit(&mut self, topic: Topic, event: Event) {
        self.left = self.left.saturating_sub(1);
        self.out.emit(topic, event);
    }
}
