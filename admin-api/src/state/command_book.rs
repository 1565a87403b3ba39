//! Past commands: repeats under one Idempotency-Key get the first decision, and whoever was told 202 can ask later.

use assay_trading_types::{AdminRefusal, Command, CommandId, Decision, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, VecDeque};

/// How long an Idempotency-Key is remembered: a day, past any client's retries.
pub(super) const REMEMBERED_NS: i64 = 86_400 * 1_000_000_000;

/// Most past commands held: at 2,000 a second some minutes, at an office's pace a year. The oldest go first.
pub(super) const COMMANDS_MAX: usize = 200_000;

/// A command that was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// Who asked.
    pub by: Option<UserId>,
    /// For what.
    pub operation: String,
    /// When.
    pub at: Timestamp,
    /// With which outcome.
    pub decision: Decision,
    key: Option<(String, String)>,
}

/// Decided commands, the newest `COMMANDS_MAX`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CommandBook {
    past: HashMap<CommandId, Past>,
    order: VecDeque<CommandId>,
    /// (who, Idempotency-Key) -> first command. A list of pairs in JSON, whose keys are text.
    #[serde(with = "pairs")]
    keys: HashMap<(String, String), CommandId>,
}

impl CommandBook {
    /// A past command.
    pub fn get(&self, id: &CommandId) -> Option<&Past> {
        self.past.get(id)
    }

    /// The first command under the same key, within a day: its id and content.
    pub fn first_of(&self, by: Option<UserId>, key: &str, at: Timestamp) -> Option<(CommandId, &Past)> {
        let id = self.keys.get(&owned(by, key))?;
        let past = self.past.get(id)?;
        (at.since_ns(past.at) < REMEMBERED_NS).then_some((*id, past))
    }

    /// The earlier decision, when `command` repeats a request; a refusal when its content is another.
    pub(crate) fn repeated(&self, command: &Command, at: Timestamp) -> Option<Decision> {
        let asked = command.idempotency.as_ref()?;
        let (_, past) = self.first_of(command.by, &asked.key, at)?;
        let same = past.key.as_ref().is_some_and(|(_, digest)| *digest == asked.digest);
        Some(if same {
            past.decision.clone()
        } else {
            Decision::Refused {
                refusal: AdminRefusal::IdempotencyConflict,
                detail: "this Idempotency-Key came with another request before".to_owned(),
            }
        })
    }

    pub(crate) fn note(&mut self, command: &Command, decision: &Decision, at: Timestamp) {
        if self.order.len() >= COMMANDS_MAX {
            self.forget_oldest();
        }
        let key = command.idempotency.as_ref().map(|i| (i.key.clone(), i.digest.clone()));
        if let Some((key, _)) = &key {
            self.keys.insert(owned(command.by, key), command.id);
        }
        let operation = command.operation.clone();
        self.past.insert(command.id, Past { by: command.by, operation, at, decision: decision.clone(), key });
        self.order.push_back(command.id);
    }

    fn forget_oldest(&mut self) {
        let Some(id) = self.order.pop_front() else { return };
        let Some(past) = self.past.remove(&id) else { return };
        if let Some((key, _)) = past.key {
            let owned = owned(past.by, &key);
            if self.keys.get(&owned) == Some(&id) {
                self.keys.remove(&owned);
            }
        }
    }
}

impl Past {
    /// Digest of the content it came with, when it had an Idempotency-Key.
    pub fn digest(&self) -> Option<&str> {
        self.key.as_ref().map(|(_, digest)| digest.as_str())
    }
}

fn owned(by: Option<UserId>, key: &str) -> (String, String) {
    (by.map_or_else(String::new, |user| user.to_string()), key.to_owned())
}

mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::HashMap;

    type Keys = HashMap<(String, String), super::CommandId>;

    pub(super) fn serialize<S: Serializer>(keys: &Keys, serializer: S) -> Result<S::Ok, S::Error> {
        keys.iter().collect::<Vec<_>>().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Keys, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}
