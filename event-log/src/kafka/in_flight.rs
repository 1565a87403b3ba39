//! What was handed to Kafka and not yet acknowledged.

use std::collections::VecDeque;

/// A message landed elsewhere than the only writer of a topic would have it: somebody else writes there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Displaced {
    /// Its topic.
    pub(super) slot: usize,
    /// Where it belonged.
    pub(super) expected: i64,
    /// Where Kafka put it.
    pub(super) found: i64,
}

/// Records from the durable position on, in order.
#[derive(Debug)]
pub(super) struct InFlight {
    durable: u64,
    pending: VecDeque<Pending>,
    /// How many of the first ones are acknowledged.
    acknowledged: usize,
}

#[derive(Debug, Clone, Copy)]
struct Pending {
    slot: u8,
    message: i64,
    group_continues: bool,
    acknowledged: bool,
}

impl InFlight {
    pub(super) fn new(durable: u64) -> Self {
        Self { durable, pending: VecDeque::new(), acknowledged: 0 }
    }

    /// The next record goes to `slot`, where it becomes message `message`.
    pub(super) fn push(&mut self, slot: usize, message: i64, group_continues: bool) {
        self.pending.push_back(Pending { slot: slot as u8, message, group_continues, acknowledged: false });
    }

    /// Kafka holds the record of `position` as message `found` of its topic.
    pub(super) fn acknowledge(&mut self, position: u64, found: i64) -> Result<(), Displaced> {
        let n = position.checked_sub(self.durable).map(|n| n as usize);
        let pending = n.and_then(|n| self.pending.get_mut(n)).expect("what is acknowledged was in flight");
        if pending.message != found {
            let slot = usize::from(pending.slot);
            return Err(Displaced { slot, expected: pending.message, found });
        }
        pending.acknowledged = true;
        Ok(())
    }

    /// Messages of others stand before message `from` of a topic: what is under way there lands `by` further.
    pub(super) fn shift(&mut self, slot: usize, from: i64, by: i64) {
        let moved = |p: &&mut Pending| usize::from(p.slot) == slot && !p.acknowledged && p.message >= from;
        self.pending.iter_mut().filter(moved).for_each(|pending| pending.message += by);
    }

    /// Moves the durable position over whole groups that are acknowledged without a gap. Calls `passed` with the slot of
    /// each record that became durable.
    pub(super) fn settle(&mut self, mut passed: impl FnMut(usize)) -> u64 {
        while let Some(pending) = self.pending.get(self.acknowledged).filter(|p| p.acknowledged) {
            self.acknowledged += 1;
            if !pending.group_continues {
                self.pending.drain(..self.acknowledged).for_each(|p| passed(usize::from(p.slot)));
                self.durable += self.acknowledged as u64;
                self.acknowledged = 0;
            }
        }
        self.durable
    }

    /// Everything below it is acknowledged, in whole groups.
    pub(super) fn durable(&self) -> u64 {
        self.durable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Positions 10 to 14: a group of two in slots 0 and 1, a single one, a group of two.
    fn in_flight() -> InFlight {
        let mut in_flight = InFlight::new(10);
        for (slot, message, continues) in
            [(0, 5, true), (1, 9, false), (0, 6, false), (0, 7, true), (0, 8, false)]
        {
            in_flight.push(slot, message, continues);
        }
        in_flight
    }

    #[test]
    fn only_whole_groups_without_a_gap_become_durable() {
        let mut in_flight = in_flight();
        for (position, message, durable) in [(12, 6, 10), (10, 5, 10), (11, 9, 13), (14, 8, 13), (13, 7, 15)]
        {
            in_flight.acknowledge(position, message).unwrap();
            assert_eq!(in_flight.settle(|_| ()), durable, "after {position}");
        }
        assert_eq!(in_flight.durable(), 15);
    }

    #[test]
    fn a_message_elsewhere_tells_of_another_writer() {
        let mut in_flight = in_flight();
        in_flight.acknowledge(10, 5).unwrap();
        assert_eq!(in_flight.acknowledge(11, 10), Err(Displaced { slot: 1, expected: 9, found: 10 }));
        assert_eq!(in_flight.settle(|_| ()), 10);
    }

    #[test]
    fn what_is_under_way_behind_messages_of_others_lands_further() {
        let mut in_flight = in_flight();
        in_flight.acknowledge(10, 5).unwrap();
        in_flight.shift(0, 6, 3);
        for (position, message) in [(11, 9), (12, 9), (13, 10), (14, 11)] {
            in_flight.acknowledge(position, message).unwrap();
        }
        assert_eq!(in_flight.settle(|_| ()), 15);
    }

    #[test]
    fn what_became_durable_tells_its_topics() {
        let mut in_flight = in_flight();
        for (position, message) in [(10, 5), (11, 9), (12, 6)] {
            in_flight.acknowledge(position, message).unwrap();
        }
        let mut slots = Vec::new();
        in_flight.settle(|slot| slots.push(slot));
        assert_eq!(slots, [0, 1, 0]);
    }
}
