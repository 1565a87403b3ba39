//! Puts the messages of all topics of records back into the log's one order, and leaves out what never counted.

use super::control::Epochs;
use super::message::{Entry, Stored};
use super::names::DATA_SLOTS;
use std::collections::VecDeque;

/// One log from several topics. Every position is in one topic, each topic has its positions in order, so the next
/// record is the first one of some topic.
#[derive(Debug)]
pub(super) struct Merge {
    next: u64,
    lanes: [Lane; DATA_SLOTS],
}

/// One topic.
#[derive(Debug)]
struct Lane {
    /// Greatest epoch whose fence was passed: nobody else's records count here any more.
    epoch: u64,
    /// Positions below it were taken or passed: a message that stands twice counts once.
    next: u64,
    waiting: VecDeque<Stored>,
    bytes: usize,
}

impl Merge {
    /// Begins at `next`; the writer was that of `epoch` then.
    pub(super) fn new(next: u64, epoch: u64) -> Self {
        let lane = |_| Lane { epoch, next, waiting: VecDeque::new(), bytes: 0 };
        Self { next, lanes: std::array::from_fn(lane) }
    }

    /// Takes the next message of a topic.
    pub(super) fn offer(&mut self, slot: usize, entry: Entry, epochs: &Epochs) {
        let lane = &mut self.lanes[slot];
        match entry {
            Entry::Fence { epoch } => lane.epoch = lane.epoch.max(epoch),
            Entry::Record(stored) => {
                let position = stored.record.position.0;
                let counts = stored.epoch == lane.epoch && epochs.covers(stored.epoch, position);
                if counts && position >= lane.next {
                    lane.next = position + 1;
                    lane.bytes += stored.record.value.len();
                    lane.waiting.push_back(stored);
                }
            }
        }
    }

    /// The next record of the log, when its message has come.
    pub(super) fn take(&mut self) -> Option<Stored> {
        let next = self.next;
        let first = |lane: &Lane| lane.waiting.front().map(|stored| stored.record.position.0);
        let lane = self.lanes.iter_mut().find(|lane| first(lane) == Some(next))?;
        let stored = lane.waiting.pop_front()?;
        lane.bytes -= stored.record.value.len();
        self.next += 1;
        Some(stored)
    }

    /// Position of the record that is wanted next.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Bytes of values that wait in a lane for those before them.
    pub(super) fn waiting_bytes(&self, slot: usize) -> usize {
        self.lanes[slot].bytes
    }
}

#[cfg(test)]
mod tests {
    use super::super::control::{ControlRecord, History};
    use super::*;
    use crate::Record;
    use assay_trading_types::{Actor, Kind, Position, Timestamp, Topic, TraceId};
    use bytes::Bytes;

    fn record(epoch: u64, position: u64) -> Entry {
        let record = Record {
            position: Position(position),
            topic: Topic::Fix,
            partition: 0,
            offset: 0,
            key: Bytes::new(),
            kind: Kind::FixMessage,
            at: Timestamp::from_ns(0),
            origin: None,
            trace: TraceId::default(),
            actor: Actor::new("a").unwrap(),
            wire: None,
            value: Bytes::from(position.to_string()),
            event: None,
        };
        Entry::Record(Stored { epoch, group_continues: false, durable: 0, record })
    }

    /// Epoch 0 from position 0, epoch 2 from position 3.
    fn epochs() -> Epochs {
        let mut history = History::default();
        let claim = || ControlRecord::Claim { holder: String::new() };
        let begin = |epoch, position| ControlRecord::Begin { epoch, position };
        for (n, record) in [claim(), begin(0, 0), claim(), begin(2, 3)].into_iter().enumerate() {
            history.note(n as u64, record);
        }
        history.epochs
    }

    fn taken(merge: &mut Merge) -> Vec<(u64, u64)> {
        std::iter::from_fn(|| merge.take()).map(|s| (s.epoch, s.record.position.0)).collect()
    }

    #[test]
    fn topics_come_back_in_one_order() {
        let mut merge = Merge::new(0, 0);
        merge.offer(1, record(0, 1), &epochs());
        merge.offer(1, record(0, 2), &epochs());
        assert_eq!(taken(&mut merge), []);
        assert_eq!(merge.waiting_bytes(1), 2);
        merge.offer(0, record(0, 0), &epochs());
        assert_eq!(taken(&mut merge), [(0, 0), (0, 1), (0, 2)]);
        assert_eq!((merge.waiting_bytes(1), merge.next()), (0, 3));
    }

    #[test]
    fn what_stands_behind_a_hole_that_a_crash_left_does_not_count() {
        let mut merge = Merge::new(0, 0);
        for position in [0, 1, 2, 4] {
            merge.offer(0, record(0, position), &epochs());
        }
        merge.offer(0, Entry::Fence { epoch: 2 }, &epochs());
        merge.offer(0, record(2, 3), &epochs());
        merge.offer(0, record(2, 4), &epochs());
        assert_eq!(taken(&mut merge), [(0, 0), (0, 1), (0, 2), (2, 3), (2, 4)]);
    }

    #[test]
    fn what_a_replaced_writer_adds_does_not_count() {
        let mut merge = Merge::new(0, 0);
        merge.offer(0, record(0, 0), &epochs());
        merge.offer(0, Entry::Fence { epoch: 1 }, &epochs());
        merge.offer(0, record(0, 1), &epochs());
        merge.offer(0, Entry::Fence { epoch: 2 }, &epochs());
        merge.offer(0, record(0, 1), &epochs());
        assert_eq!(taken(&mut merge), [(0, 0)], "not even when the one that replaced it never began");
    }

    #[test]
    fn a_message_that_stands_twice_counts_once() {
        let mut merge = Merge::new(0, 0);
        for position in [0, 1, 0, 1, 2] {
            merge.offer(0, record(0, position), &epochs());
        }
        assert_eq!(taken(&mut merge), [(0, 0), (0, 1), (0, 2)]);
    }
}
