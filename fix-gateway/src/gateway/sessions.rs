//! Sessions that change while the gateway serves (ADR 0014).
//!
//! What the engine knows nothing of holds at once. What a live connection stands on waits for its end: the session is logged
//! out with the reason and comes back under its new terms.

use super::Gateway;
use super::restart::link;
use crate::definitions::{Changed, Defined, NumbersWanted, comp_id_of, differ_lightly};
use crate::link::Link;
use crate::live_session::{LiveSession, Source};
use crate::throttle::Throttle;
use crate::{Application, Error, SessionSpec};
use assay_event_log::Record;
use assay_trading_types::{CompId, Kind, Origin, Role, SessionLoss, Topic, TraceId};
use fix_session::{Now, Session};

impl<A: Application> Gateway<A> {
    /// A record of `admin`.
    pub(super) fn defined(&mut self, record: &Record, now: Now) -> Result<(), Error> {
        let is_known = record.position.0 < self.defined_until;
        let is_one =
            matches!(record.kind, Kind::SessionSet | Kind::SessionSuspended | Kind::SessionNumbersSet);
        if is_known || !is_one {
            return Ok(());
        }
        let event = record.decode().map_err(|source| Error::Record { position: record.position, source })?;
        match self.definitions.note(record.offset, record.origin, &event) {
            Some(Changed::Settings(comp_id)) => self.settings_changed(comp_id, now),
            Some(Changed::Standing(comp_id)) => self.standing_changed(comp_id, now),
            Some(Changed::Numbers(comp_id)) => self.numbers_wanted(comp_id, now),
            None => {}
        }
        Ok(())
    }

    fn settings_changed(&mut self, comp_id: CompId, now: Now) {
        let Some(reader) = self.config.spec_reader.clone() else { return };
        let index = self.by_comp_id.get(&comp_id).copied();
        let known = index.map(|index| &self.links[index].spec);
        let Some(Defined { spec, usable }) =
            self.definitions.defined(comp_id, known, self.config.comp_id, &reader)
        else {
            return;
        };
        let Some(index) = index else { return self.add(spec, usable, now) };
        let link = &mut self.links[index];
        link.usable = usable;
        link.wanted = None;
        link.revision += 1;
        if !usable {
            self.end_session(index, "Session settings changed", now);
        } else if link.state.connection.is_none() {
            self.replace(index, spec);
        } else if differ_lightly(&link.spec.settings, &spec.settings) {
            link.state.throttle = spec.throttle.map(Throttle::new);
            link.spec = spec;
            self.tell_application();
        } else {
            link.wanted = Some(Box::new(spec));
            self.end_session(index, "Session settings changed", now);
        }
    }

    /// A suspended session is ended without patience for what it still sends, and that counts as a loss: whoever is shut
    /// out cannot look after the orders that it wanted cancelled then.
    fn standing_changed(&mut self, comp_id: CompId, now: Now) {
        let Some(&index) = self.by_comp_id.get(&comp_id) else { return };
        let link = &mut self.links[index];
        link.suspended = self.definitions.get(comp_id).suspended;
        if link.suspended && link.state.connection.is_some() {
            link.state.watch.ends(SessionLoss::Suspended);
            self.turn(index, now, |session, turn| session.end(now, "Session suspended", turn));
        }
    }

    fn numbers_wanted(&mut self, comp_id: CompId, now: Now) {
        let Some(&index) = self.by_comp_id.get(&comp_id) else { return };
        match self.links[index].state.connection.is_some() {
            true => self.end_session(index, "Sequence numbers are set by the operator", now),
            false => self.settle_definition(index, now),
        }
    }

    fn end_session(&mut self, index: usize, text: &str, now: Now) {
        if self.links[index].state.connection.is_some() {
            self.turn(index, now, |session, turn| session.logout(now, text, turn));
        }
    }

    /// Session `index` has no connection: what waited for that is done.
    pub(super) fn settle_definition(&mut self, index: usize, now: Now) {
        if let Some(spec) = self.links[index].wanted.take() {
            self.replace(index, *spec);
        }
        let comp_id = self.links[index].spec.comp_id;
        if let Some(NumbersWanted { offset, next_in, next_out }) = self.definitions.get(comp_id).numbers {
            let origin =
                Origin::Input { role: Role::Gateway, topic: Topic::Admin, partition: 0, offset, index: 0 };
            let done = self.turn(index, now, |session, turn| {
                turn.origin = Some((origin, TraceId::default()));
                let done = session.set_numbers(next_in, next_out, turn);
                turn.origin = None;
                done
            });
            if done {
                self.definitions.numbered(comp_id, offset);
            }
        }
    }

    fn add(&mut self, spec: SessionSpec, usable: bool, now: Now) {
        let session = spec.session_id(self.config.comp_id);
        let known = self.unlinked.remove(&session).unwrap_or_default();
        let mut added = link(&spec, &self.config, known);
        added.suspended = self.definitions.get(spec.comp_id).suspended;
        added.usable = usable;
        let index = self.links.len();
        self.by_comp_id.insert(spec.comp_id, index);
        self.by_session.insert(session, index);
        self.links.push(added);
        self.tell_application();
        self.settle_definition(index, now);
    }

    /// Other settings for a session without a connection; its numbers and what is queued for it stay.
    fn replace(&mut self, index: usize, spec: SessionSpec) {
        let link = &mut self.links[index];
        let mut session = Session::new(
            spec.engine_config(self.config.comp_id),
            link.session.numbers(),
            self.config.dictionary,
        );
        session.set_queued(link.state.backlog.count);
        if let Some(began) = link.state.began {
            session.set_began(began.as_ns());
        }
        link.session = session;
        link.state.throttle = spec.throttle.map(Throttle::new);
        link.spec = spec;
        self.tell_application();
    }

    pub(super) fn tell_application(&mut self) {
        let specs: Vec<&SessionSpec> = self.links.iter().map(|link| &link.spec).collect();
        self.application.sessions_changed(&specs, self.config.comp_id);
        self.keep_market_data();
    }

    /// Every session as it is now.
    pub(crate) fn live_sessions(&mut self, now: Now) -> Vec<LiveSession> {
        let definitions = &self.definitions;
        let live = |link: &mut Link| {
            let numbers = link.session.numbers();
            let definition = definitions.get(link.spec.comp_id);
            let source = if definition.settings.is_some() { Source::Log } else { Source::File };
            let changing = link.wanted.is_some() || definition.numbers.is_some();
            LiveSession {
                source,
                changing,
                comp_id: link.spec.comp_id,
                session: link.names.session,
                firm: link.spec.firm,
                settings: definition.settings.unwrap_or_else(|| link.spec.settings.clone()),
                suspended: link.suspended,
                usable: link.usable,
                logged_on: link.session.is_established(),
                epoch: numbers.epoch,
                next_in: numbers.next_in,
                next_out: numbers.next_out,
                queued: link.session.queued(),
                usage: link.state.throttle.as_mut().map(|throttle| throttle.usage(now.mono_ns)),
            }
        };
        self.links.iter_mut().map(live).collect()
    }
}

/// The CompID and the place in `admin` that a reset of numbers by the operator names.
pub(crate) fn numbered_by(record: &Record, ours: CompId) -> Option<(CompId, u64)> {
    let Some(Origin::Input { topic: Topic::Admin, offset, .. }) = record.origin else { return None };
    Some((comp_id_of(&crate::recovery::session_of(record)?, ours)?, offset))
}
