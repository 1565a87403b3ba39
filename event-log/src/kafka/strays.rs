//! Whose messages stand where ours were to be: those of a process we replaced, which do not count, or of one that replaced us.

use super::config::KafkaConfig;
use super::control::ControlRecord;
use super::fault::KafkaFault;
use super::in_flight::Displaced;
use super::message::Entry;
use super::names::{CONTROL_SLOT, Names};
use super::source;
use rdkafka::message::Message;
use std::time::{Duration, Instant};

/// One look for a message.
const LOOK: Duration = Duration::from_millis(100);

/// Reads what stands between where our message belonged and where it is. Nothing of a later epoch: then ours counts.
///
/// # Errors
/// Somebody replaced us, or it cannot be told.
#[allow(clippy::disallowed_methods, reason = "a driver: it waits for brokers")]
pub(super) fn judge(
    config: &KafkaConfig,
    names: &Names,
    epoch: u64,
    displaced: Displaced,
) -> Result<(), KafkaFault> {
    let Displaced { slot, expected, found } = displaced;
    let topic = names.of(slot).to_owned();
    if found < expected {
        let what = format!("a message got offset {found}, behind one that has {expected}");
        return Err(KafkaFault::Gone { topic, what });
    }
    let consumer = source::subscribe(config, names, &[(slot, expected)])?;
    let (began, mut next) = (Instant::now(), expected);
    while next < found {
        let Some(message) = source::poll(&consumer, names, LOOK)? else {
            if began.elapsed() > config.delivery_timeout {
                let (brokers, waited_s) = (config.brokers.clone(), began.elapsed().as_secs());
                return Err(KafkaFault::Away { brokers, waited_s, why: "no messages of others".to_owned() });
            }
            continue;
        };
        next = message.offset() + 1;
        let replaced = match slot {
            CONTROL_SLOT => {
                let record = serde_json::from_slice(message.payload().unwrap_or_default());
                matches!(record, Ok(ControlRecord::Claim { .. }))
            }
            _ => match source::decode(&message, slot)? {
                Entry::Fence { epoch: theirs } => theirs > epoch,
                Entry::Record(stored) => stored.epoch > epoch,
            },
        };
        if replaced && message.offset() < found {
            return Err(KafkaFault::Replaced { prefix: config.prefix.clone(), topic, expected, found });
        }
    }
    tracing::warn!(
        topic,
        from = expected,
        until = found,
        "a process that was replaced still writes; it does not count"
    );
    Ok(())
}
