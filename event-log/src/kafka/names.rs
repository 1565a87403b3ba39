//! What the Kafka topics of one log are called.

use assay_trading_types::Topic;

/// How many Kafka topics hold records: one each.
pub(super) const DATA_SLOTS: usize = Topic::ALL.len();
/// The slot of the control topic, behind those of records.
pub(super) const CONTROL_SLOT: usize = DATA_SLOTS;
/// How many Kafka topics there are.
pub(super) const SLOTS: usize = DATA_SLOTS + 1;

/// Every one has this partition and no other: a node's log is in one order.
pub(super) const PARTITION: i32 = 0;

/// Names of a log's Kafka topics: `PREFIX.fix` to `PREFIX.seals`, and `PREFIX.control`.
#[derive(Debug, Clone)]
pub(super) struct Names([String; SLOTS]);

impl Names {
    pub(super) fn new(prefix: &str) -> Self {
        Self(std::array::from_fn(|slot| match Topic::ALL.get(slot) {
            Some(topic) => format!("{prefix}.{topic}", topic = topic.name()),
            None => format!("{prefix}.control"),
        }))
    }

    /// The name of a slot; that of a topic of records is the topic's number.
    pub(super) fn of(&self, slot: usize) -> &str {
        &self.0[slot]
    }

    /// The slot of a Kafka topic.
    pub(super) fn slot(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|known| known == name)
    }

    /// Every name, by slot.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}
