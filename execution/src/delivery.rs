//! Which inputs have been applied, so that a repeated one changes nothing (design section 2).

use assay_trading_types::{Input, Origin, Role, Topic};
use serde::{Deserialize, Serialize};

/// The newest input of each producer partition. Producers are few (risk per `accounts` partition), so a list is
/// faster than a map.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Deliveries {
    next_offset: u64,
    newest: Vec<Newest>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Newest {
    role: Role,
    topic: Topic,
    partition: u16,
    output: (u64, u16),
}

impl Deliveries {
    /// Whether the input is new, which it is not a second time. A record read again has an old offset; one written
    /// again, by a producer that was thought dead, has an old origin.
    pub(crate) fn take(&mut self, input: &Input<'_>) -> bool {
        if input.offset < self.next_offset {
            return false;
        }
        self.next_offset = input.offset + 1;
        match input.origin {
            Some(Origin::Input { role, topic, partition, offset, index }) => {
                self.take_output(Newest { role, topic, partition, output: (offset, index) })
            }
            Some(Origin::Request(_)) | None => true,
        }
    }

    fn take_output(&mut self, new: Newest) -> bool {
        let same = |n: &&mut Newest| (n.role, n.topic, n.partition) == (new.role, new.topic, new.partition);
        let Some(newest) = self.newest.iter_mut().find(same) else {
            self.newest.push(new);
            return true;
        };
        let is_news = new.output > newest.output;
        newest.output = newest.output.max(new.output);
        is_news
    }
}
