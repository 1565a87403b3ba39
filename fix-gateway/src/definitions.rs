//! Sessions as the log defines them, beside those of the configuration (ADR 0014).
//!
//! The configuration is the first word on a session, the log the last: a `session.set.v1` replaces what the file says about
//! that session for good. What only the log knows (a suspension, numbers to be set) stands beside either.

use crate::SessionSpec;
use assay_trading_types::{
    CompId, Event, FirmId, Origin, SessionId, SessionNumbersSet, SessionSet, SessionSuspended,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What reads a session's settings: whoever reads the configuration file, so that both say the same in the same words.
#[derive(Clone)]
pub struct SpecReader(Arc<ReadSpec>);

type ReadSpec = dyn Fn(&Value) -> Result<SessionSpec, String> + Send + Sync;

impl SpecReader {
    /// A reader that `read`s.
    pub fn new(read: impl Fn(&Value) -> Result<SessionSpec, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// The session that `settings` describe.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub fn read(&self, settings: &Value) -> Result<SessionSpec, String> {
        (self.0)(settings)
    }
}

impl std::fmt::Debug for SpecReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SpecReader")
    }
}

/// What the log says about one session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Definition {
    /// All of its settings; none: those of the configuration.
    pub(crate) settings: Option<Value>,
    /// Whose it is since the log first said so.
    firm: Option<FirmId>,
    /// It may not log on.
    pub(crate) suspended: bool,
    /// Numbers that are still to be set.
    pub(crate) numbers: Option<NumbersWanted>,
    /// Place in `admin` of the last record whose numbers were set.
    numbered: Option<u64>,
}

/// Numbers that an operator wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NumbersWanted {
    /// Place in `admin` of the record that wants them: origin of the reset that does it.
    pub(crate) offset: u64,
    pub(crate) next_in: Option<u64>,
    pub(crate) next_out: Option<u64>,
}

/// Which part of a definition a record changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    Settings(CompId),
    Standing(CompId),
    Numbers(CompId),
}

/// What the log says about all sessions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Definitions {
    by_comp_id: BTreeMap<CompId, Definition>,
    /// The newest output of the back office: (offset, index) of its origin. What is not newer was written twice.
    newest: Option<(u64, u16)>,
}

/// A session, and whether its settings can be used; it may log on only if they can.
pub(crate) struct Defined {
    pub(crate) spec: SessionSpec,
    pub(crate) usable: bool,
}

impl Definitions {
    /// Takes a record of `admin` at `offset` into account.
    pub(crate) fn note(&mut self, offset: u64, origin: Option<Origin>, event: &Event) -> Option<Changed> {
        let (Event::SessionSet(SessionSet { comp_id, .. })
        | Event::SessionSuspended(SessionSuspended { comp_id, .. })
        | Event::SessionNumbersSet(SessionNumbersSet { comp_id, .. })) = event
        else {
            return None;
        };
        if !self.is_news(origin) {
            return None;
        }
        let definition = self.by_comp_id.entry(*comp_id).or_default();
        match event {
            Event::SessionSet(e) => {
                definition.firm = definition.firm.or_else(|| firm_in(&e.settings));
                definition.settings = Some(e.settings.clone());
                Some(Changed::Settings(*comp_id))
            }
            Event::SessionSuspended(e) => {
                definition.suspended = e.suspended;
                Some(Changed::Standing(*comp_id))
            }
            Event::SessionNumbersSet(e) if definition.numbered.is_none_or(|done| done < offset) => {
                let wanted = NumbersWanted { offset, next_in: e.next_in, next_out: e.next_out };
                definition.numbers = Some(wanted);
                Some(Changed::Numbers(*comp_id))
            }
            _ => None,
        }
    }

    /// Whether the back office said it for the first time (design section 2).
    fn is_news(&mut self, origin: Option<Origin>) -> bool {
        let Some(Origin::Input { offset, index, .. }) = origin else { return true };
        let is_news = self.newest.is_none_or(|newest| newest < (offset, index));
        self.newest = self.newest.max(Some((offset, index)));
        is_news
    }

    /// The numbers that the record at `offset` wants are set.
    pub(crate) fn numbered(&mut self, comp_id: CompId, offset: u64) {
        let definition = self.by_comp_id.entry(comp_id).or_default();
        definition.numbers.take_if(|wanted| wanted.offset <= offset);
        definition.numbered = definition.numbered.max(Some(offset));
    }

    pub(crate) fn get(&self, comp_id: CompId) -> Definition {
        self.by_comp_id.get(&comp_id).cloned().unwrap_or_default()
    }

    /// The sessions of the configuration with the log's word on each, and those that only the log knows.
    pub(crate) fn sessions(
        &self,
        configured: &[SessionSpec],
        comp_id_ours: CompId,
        reader: Option<&SpecReader>,
    ) -> Vec<Defined> {
        let defined = |spec: &SessionSpec| Defined { spec: spec.clone(), usable: true };
        let mut sessions: Vec<Defined> = configured.iter().map(defined).collect();
        let Some(reader) = reader else { return sessions };
        for comp_id in self.by_comp_id.keys() {
            let known = sessions.iter_mut().find(|known| known.spec.comp_id == *comp_id);
            let Some(defined) =
                self.defined(*comp_id, known.as_ref().map(|known| &known.spec), comp_id_ours, reader)
            else {
                continue;
            };
            match known {
                Some(known) => *known = defined,
                None => sessions.push(defined),
            }
        }
        sessions
    }

    /// What the log's settings make of a session that was `known` as something else, or not at all. Settings that cannot
    /// be used leave it as it was known and shut: what they were to take away (a key, say) must not come back.
    pub(crate) fn defined(
        &self,
        comp_id: CompId,
        known: Option<&SessionSpec>,
        ours: CompId,
        reader: &SpecReader,
    ) -> Option<Defined> {
        let definition = self.by_comp_id.get(&comp_id)?;
        let settings = definition.settings.as_ref()?;
        let firm = known.map(|spec| spec.firm).or(definition.firm);
        let what = match reader.read(settings) {
            Ok(spec) if spec.comp_id != comp_id || comp_id == ours => {
                "they are of another session".to_owned()
            }
            Ok(spec) if firm.is_some_and(|firm| firm != spec.firm) => {
                "a session stays with its firm".to_owned()
            }
            Ok(spec) => return Some(Defined { spec, usable: true }),
            Err(what) => what,
        };
        tracing::error!(%comp_id, what, "a session's settings cannot be used: it may not log on");
        let bare = |firm| SessionSpec { settings: settings.clone(), ..SessionSpec::new(comp_id, firm) };
        let spec = known.cloned().or_else(|| firm.map(bare))?;
        Some(Defined { spec, usable: false })
    }
}

fn firm_in(settings: &Value) -> Option<FirmId> {
    FirmId::new(settings.get("firm")?.as_str()?).ok()
}

/// The counterparty's CompID in a session's id.
pub(crate) fn comp_id_of(session: &SessionId, ours: CompId) -> Option<CompId> {
    let comp_id = session.as_str().strip_suffix(ours.as_str())?.strip_suffix('/')?;
    CompId::new(comp_id).ok()
}

/// Settings that hold for a live session at once: the engine knows nothing of them.
const LIGHT: [&str; 9] = [
    "accounts",
    "addresses",
    "cancel_on_disconnect",
    "certificate_names",
    "copy",
    "entitlements",
    "key",
    "order_age_max_s",
    "throttle",
];

/// Whether two settings of a session, by the keys of `[[session]]`, differ in nothing that a live connection stands on.
pub fn differ_lightly(before: &Value, after: &Value) -> bool {
    let rest = |settings: &Value| {
        let mut rest = settings.as_object().cloned().unwrap_or_default();
        LIGHT.iter().for_each(|key| _ = rest.remove(*key));
        rest
    };
    before.is_object() && rest(before) == rest(after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_trading_types::{Role, Topic};
    use serde_json::json;

    #[test]
    fn keys_and_limits_change_under_a_live_session_and_what_was_agreed_does_not() {
        let before = json!({"comp_id": "C", "heartbeat_s": 30, "key": [{"id": "old"}]});
        let light = json!({"comp_id": "C", "heartbeat_s": 30, "key": [], "throttle": {"per_s": 9}});
        let heavy = json!({"comp_id": "C", "heartbeat_s": 20, "key": [{"id": "old"}]});
        assert!(differ_lightly(&before, &light));
        assert!(!differ_lightly(&before, &heavy));
        assert!(!differ_lightly(&Value::Null, &light), "of hand-made settings nothing is known");
    }

    fn numbers_set() -> Event {
        let (comp_id, reason) = (CompId::new("C").unwrap(), "drill".to_owned());
        SessionNumbersSet { comp_id, version: 1, next_in: Some(3), next_out: None, reason }.into()
    }

    #[test]
    fn numbers_are_wanted_until_a_reset_names_their_record() {
        let comp_id = CompId::new("C").unwrap();
        let mut definitions = Definitions::default();
        definitions.note(7, None, &numbers_set());
        definitions.numbered(comp_id, 6);
        let wanted = NumbersWanted { offset: 7, next_in: Some(3), next_out: None };
        assert_eq!(definitions.get(comp_id).numbers, Some(wanted));
        definitions.numbered(comp_id, 7);
        assert_eq!(definitions.get(comp_id).numbers, None);
        definitions.note(7, None, &numbers_set());
        assert_eq!(definitions.get(comp_id).numbers, None, "its reset may be read before it");
    }

    #[test]
    fn what_the_back_office_wrote_twice_counts_once() {
        let origin = |offset| {
            Some(Origin::Input { role: Role::Admin, topic: Topic::Admin, partition: 0, offset, index: 0 })
        };
        let comp_id = CompId::new("C").unwrap();
        let mut definitions = Definitions::default();
        assert!(definitions.note(7, origin(5), &numbers_set()).is_some());
        definitions.numbered(comp_id, 7);
        assert_eq!(definitions.note(8, origin(5), &numbers_set()), None);
        assert_eq!(definitions.get(comp_id).numbers, None);
        assert!(definitions.note(9, origin(6), &numbers_set()).is_some());
    }

    #[test]
    fn a_session_is_named_before_the_last_word_of_its_id_whatever_is_in_ours() {
        let session = SessionId::new("A/B/OUR/S").unwrap();
        assert_eq!(comp_id_of(&session, CompId::new("OUR/S").unwrap()), CompId::new("A/B").ok());
        assert_eq!(comp_id_of(&session, CompId::new("OTHER").unwrap()), None);
    }
}
