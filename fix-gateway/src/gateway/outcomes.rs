//! Outcomes in `accounts` become messages, each exactly once.

use super::Gateway;
use crate::{Answer, Application, Error, Settles, Statistics};
use assay_event_log::Record;
use assay_trading_types::{Event, Kind, Origin, Role, Timestamp, Topic};
use fix_session::Now;
use std::sync::Arc;

/// Outcomes turned into messages before sockets are served again.
const OUTCOMES_PER_TURN: usize = 1_024;

impl<A: Application> Gateway<A> {
    pub(super) fn answer(&mut self, now: Now) -> Result<bool, Error> {
        if !A::ANSWERS {
            return Ok(false);
        }
        let mut polled = std::mem::take(&mut self.polled);
        let count = self.outcomes.poll(&mut polled, OUTCOMES_PER_TURN)?;
        for record in polled.drain(..) {
            self.outcome(&record, now)?;
        }
        self.polled = polled;
        self.commit();
        Ok(count == OUTCOMES_PER_TURN)
    }

    fn outcome(&mut self, record: &Arc<Record>, now: Now) -> Result<(), Error> {
        if record.topic == Topic::Admin {
            return self.defined(record, now);
        }
        self.exec_index.note(record.offset, record.position.0, record.at);
        if let Some(Origin::Request(id)) = record.origin {
            if let Some(&index) = self.by_session.get(&id.session) {
                self.links[index].state.in_flight.placed(record.offset, id.epoch, id.seq, record.at);
                if self.application.follows(record.kind) {
                    self.observe(record)?;
                }
                if record.kind == Kind::FillsRequested {
                    self.begin_recovery(index, record, now)?;
                }
            }
            return Ok(());
        }
        let partition = usize::from(record.partition);
        let was_told = self.told.get(partition).is_none_or(|told| record.offset < *told);
        if was_told && !self.application.follows(record.kind) {
            return Ok(());
        }
        let event = self.observe(record)?;
        let Some(event) = self.application.as_told(event).filter(|_| !was_told) else { return Ok(()) };
        if matches!(*event, Event::ClockTicked(_)) {
            self.tick(record.offset);
            return Ok(());
        }
        let mut nth = 0;
        while let Some(answer) = self.application.answer(record, &event, nth) {
            self.told[partition] = record.offset + 1;
            self.tell(record, &answer, nth, now);
            nth += 1;
        }
        Ok(())
    }

    fn observe(&mut self, record: &Record) -> Result<Arc<Event>, Error> {
        let event = record.decode().map_err(|source| Error::Record { position: record.position, source })?;
        self.application.observe(record, &event);
        Ok(event)
    }

    /// Sends the `nth` message that a record becomes.
    fn tell(&mut self, record: &Record, answer: &Answer<'_>, nth: usize, now: Now) {
        let Some(&index) = self.by_session.get(&answer.session) else {
            // Nobody logs on to those of the API, and nobody misses it.
            if !answer.session.is_api() {
                Statistics::add(&self.statistics.outcomes_without_session, 1);
            }
            return;
        };
        if let Some(settles) = answer.settles {
            self.settle(index, settles, now);
        }
        let origin = Origin::Input {
            role: Role::Gateway,
            topic: Topic::Accounts,
            partition: record.partition,
            offset: record.offset,
            index: u16::try_from(nth).unwrap_or(u16::MAX),
        };
        let outgoing = answer.report.outgoing(self.links[index].spec.swap_sub_ids);
        self.turn(index, now, |session, turn| {
            turn.origin = Some((origin, record.trace));
            session.send(now, outgoing, |out| answer.report.write(out), turn);
            turn.origin = None;
        });
        Statistics::add(&self.statistics.reports_out, 1);
    }

    pub(super) fn settle(&mut self, index: usize, settles: Settles, now: Now) {
        let in_flight = &mut self.links[index].state.in_flight;
        let before = in_flight.count();
        let answered = Timestamp::from_ns(now.utc_ns);
        in_flight.settled(settles, |at| self.statistics.answers.observe(answered.since_ns(at)));
        let settled = before - in_flight.count();
        self.statistics.in_flight.fetch_sub(settled, std::sync::atomic::Ordering::Relaxed);
    }

    /// The owner of `accounts` ticks in turn with its work: what stood before the last tick but one is decided.
    fn tick(&mut self, offset: u64) {
        let decided = self.ticks[1];
        self.ticks = [offset, self.ticks[0]];
        for link in &mut self.links {
            let before = link.state.in_flight.count();
            link.state.in_flight.decided_before(decided);
            let settled = before - link.state.in_flight.count();
            self.statistics.in_flight.fetch_sub(settled, std::sync::atomic::Ordering::Relaxed);
        }
    }
}
