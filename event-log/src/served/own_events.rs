//! The newest events that this process appended, so that its readers need not decode them again.

use crate::{NewRecord, Value};
use assay_trading_types::Event;
use std::collections::VecDeque;
use std::sync::Arc;

/// Events kept: some milliseconds of full load, within which readers that keep up come by.
const EVENTS_MAX: usize = 4_096;

/// Events by position, in rising order.
#[derive(Debug, Default)]
pub(super) struct OwnEvents(VecDeque<(u64, Arc<Event>)>);

impl OwnEvents {
    /// A group that got the positions up to `last`.
    pub(super) fn keep(&mut self, group: &[NewRecord], last: u64) {
        let first = last + 1 - group.len() as u64;
        if self.0.back().is_some_and(|(newest, _)| *newest >= first) {
            // Two threads' answers crossed. What is not kept is decoded.
            return;
        }
        for (position, record) in (first..).zip(group) {
            if let Value::Event { event, .. } = &record.value {
                self.0.push_back((position, Arc::clone(event)));
            }
        }
        self.0.drain(..self.0.len().saturating_sub(EVENTS_MAX));
    }

    pub(super) fn find(&self, position: u64) -> Option<Arc<Event>> {
        let at = self.0.binary_search_by_key(&position, |(at, _)| *at).ok()?;
        Some(Arc::clone(&self.0[at].1))
    }
}
