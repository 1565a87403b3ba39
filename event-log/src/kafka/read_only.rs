//! The log for offline tools: nothing is claimed or changed, up to its last whole group.

use super::config::KafkaConfig;
use super::control::History;
use super::fault::KafkaFault;
use super::names::{CONTROL_SLOT, DATA_SLOTS, Names, PARTITION};
use super::patience::Patience;
use super::source::{self, Source, Start};
use crate::{LogError, ReadError, Record};
use rdkafka::consumer::Consumer;
use std::collections::VecDeque;
use std::time::Duration;

/// One look for a message.
const LOOK: Duration = Duration::from_millis(100);
/// One question about a topic.
const ASK: Duration = Duration::from_secs(5);

/// Records of a log in Kafka from the first one on, streamed; a process may be writing it meanwhile: what is appended
/// later is not seen. Ends after the first error.
pub struct KafkaRecords {
    config: KafkaConfig,
    source: Source,
    ends: [i64; DATA_SLOTS],
    /// A group that is not known to be whole.
    group: Vec<Record>,
    ready: VecDeque<Record>,
    over: bool,
}

impl KafkaRecords {
    /// Of the log as it stands now.
    ///
    /// # Errors
    /// Brokers are away, or a topic is missing.
    pub fn open(config: KafkaConfig) -> Result<Self, LogError> {
        let names = Names::new(&config.prefix);
        let (ends, control_end) = ends(&config, &names)?;
        let mut history = History::default();
        history.read(&config, &names, 0..control_end)?;
        let source = Source::start(&config, &names, Start::default(), history.epochs)?;
        Ok(Self { config, source, ends, group: Vec::new(), ready: VecDeque::new(), over: false })
    }

    fn fetch(&mut self) -> Result<Option<Record>, KafkaFault> {
        let mut patience = Patience::new(&self.config);
        while self.ready.is_empty() {
            match self.source.next(LOOK)? {
                Some(stored) => {
                    patience = Patience::new(&self.config);
                    self.group.push(stored.record);
                    if !stored.group_continues {
                        self.ready.extend(self.group.drain(..));
                    }
                }
                None if self.source.has_reached(&self.ends) => return Ok(None),
                None => patience.check(&|| self.source.heard())?,
            }
        }
        Ok(self.ready.pop_front())
    }
}

impl Iterator for KafkaRecords {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let next = self.fetch().map_err(|fault| ReadError::from(LogError::from(fault))).transpose();
        self.over = !matches!(next, Some(Ok(_)));
        next
    }
}

/// Where the topics of records and that of control end now.
fn ends(config: &KafkaConfig, names: &Names) -> Result<([i64; DATA_SLOTS], i64), KafkaFault> {
    let consumer = source::subscribe(config, names, &[(CONTROL_SLOT, 0)])?;
    let mut ends = [0; DATA_SLOTS + 1];
    // Control last: whoever wrote what is read is known then.
    for (slot, end) in ends.iter_mut().enumerate() {
        let patience = Patience::new(config);
        *end = loop {
            match consumer.fetch_watermarks(names.of(slot), PARTITION, ASK) {
                Ok((_, end)) => break end,
                Err(error) => match KafkaFault::lasting("read", names.of(slot), &error) {
                    Some(fault) => return Err(fault),
                    None => patience.wait(&|| error.to_string())?,
                },
            }
        };
    }
    let [records @ .., control] = ends;
    Ok((records, control))
}
