//! Messages that waited for a logon, streamed from the log in bounded memory (L-24).

use super::Gateway;
use super::replay::REPLAY_RECORDS;
use crate::Application;
use crate::link::{Link, Release};
use assay_event_log::{ReadError, Reader, Record};
use assay_trading_types::{Direction, Origin, Position, Role, Topic};
use fix_session::Now;

impl<A: Application> Gateway<A> {
    /// Hands the engine of session `index` some more of the messages that wait.
    pub(super) fn release_some(&mut self, index: usize, now: Now) -> Result<(), ReadError> {
        let link = &mut self.links[index];
        let wanted_anew = std::mem::take(&mut link.state.queue_wanted);
        let mut reader = match link.release.take_if(|release| wanted_anew || !release.idle) {
            _ if wanted_anew => self.backlog_reader(index)?,
            Some(release) => release.reader,
            None => return Ok(()),
        };
        let mut records = Vec::with_capacity(REPLAY_RECORDS);
        let count = reader.poll(&mut records, REPLAY_RECORDS)?;
        let mut wanted = true;
        for record in &records {
            if is_waiting(&self.links[index], record) {
                wanted = self.unqueue(index, record, now);
            }
            if !wanted {
                break;
            }
        }
        if wanted {
            self.links[index].release = Some(Release { reader, idle: count == 0 });
        }
        Ok(())
    }

    /// The log changed: a release that had come to its end may go on.
    pub(super) fn release_again(&mut self, index: usize) {
        let link = &mut self.links[index];
        if let (Some(release), Some(connection)) = (&mut link.release, &link.state.connection)
            && std::mem::take(&mut release.idle)
        {
            connection.wake.notify_one();
        }
    }

    fn unqueue(&mut self, index: usize, record: &Record, now: Now) -> bool {
        let origin = Origin::Input {
            role: Role::Gateway,
            topic: Topic::Fix,
            partition: record.partition,
            offset: record.offset,
            index: 0,
        };
        let waiting = self.links[index].session.queued();
        let wanted = self.turn(index, now, |session, turn| {
            turn.origin = Some((origin, record.trace));
            let wanted = session.unqueue(now, &record.value, turn);
            turn.origin = None;
            wanted
        });
        let link = &mut self.links[index];
        if link.session.queued() < waiting {
            link.state.backlog.sent(record.offset);
        }
        wanted
    }

    fn backlog_reader(&self, index: usize) -> Result<Box<dyn Reader>, ReadError> {
        let from = Position(self.links[index].state.backlog.from);
        match self.log.reader(&[Topic::Fix], from, false) {
            Err(ReadError::Gone { first, .. }) => self.log.reader(&[Topic::Fix], first, false),
            reader => reader,
        }
    }
}

/// Whether a record holds a message of this session that is queued and not sent.
fn is_waiting(link: &Link, record: &Record) -> bool {
    record.wire.is_some_and(|wire| wire.direction == Direction::Queued)
        && record.offset >= link.state.backlog.next_offset
        && record.key == link.names.key
}
