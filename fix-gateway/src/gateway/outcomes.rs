//! Outcomes in `accounts` become messages, each exactly once.

use super::{Gateway, msg_type_of};
use crate::{Application, Error, Settles, Statistics};
use assay_event_log::Record;
use assay_trading_types::{Event, Origin, Role, Topic};
use fix_session::Now;

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

    fn outcome(&mut self, record: &Record, now: Now) -> Result<(), Error> {
        let partition = usize::from(record.partition);
        if let Some(Origin::Request(id)) = record.origin {
            if let Some(&index) = self.by_session.get(&id.session) {
                self.links[index].state.in_flight.placed(record.offset, id.epoch, id.seq);
            }
            return Ok(());
        }
        if self.told.get(partition).is_none_or(|told| record.offset < *told) {
            return Ok(());
        }
        let event = record.decode().map_err(|source| Error::Record { position: record.position, source })?;
        if matches!(*event, Event::ClockTicked(_)) {
            self.tick(record.offset);
            return Ok(());
        }
        let Some(answer) = self.application.answer(record, &event) else { return Ok(()) };
        self.told[partition] = record.offset + 1;
        let Some(&index) = self.by_session.get(&answer.session) else {
            Statistics::add(&self.statistics.outcomes_without_session, 1);
            return Ok(());
        };
        if let Some(settles) = answer.settles {
            self.settle(index, settles);
        }
        let origin = Origin::Input {
            role: Role::Gateway,
            topic: Topic::Accounts,
            partition: record.partition,
            offset: record.offset,
            index: 0,
        };
        self.turn(index, now, |session, turn| {
            turn.origin = Some((origin, record.trace));
            let msg_type = msg_type_of(answer.report.msg_type());
            session.send(now, msg_type, |out| answer.report.write(out), turn);
            turn.origin = None;
        });
        Statistics::add(&self.statistics.reports_out, 1);
        Ok(())
    }

    fn settle(&mut self, index: usize, settles: Settles) {
        let in_flight = &mut self.links[index].state.in_flight;
        let before = in_flight.count();
        in_flight.settled(settles);
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
