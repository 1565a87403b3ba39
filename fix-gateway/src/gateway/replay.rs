//! Stored messages for resends, streamed from the journal in bounded memory.

use super::Gateway;
use crate::Application;
use crate::link::Replay;
use assay_event_log::{Glimpse, ReadError};
use assay_trading_types::{Direction, Position, Topic};
use fix_session::{Now, StoreRead};

/// Records of the journal read before sockets are served again.
pub(super) const REPLAY_RECORDS: usize = 256;

/// Unsent bytes at which a replay waits for its socket.
pub(super) const AHEAD_BYTES: usize = 1 << 20;

impl<A: Application> Gateway<A> {
    /// Hands the engine of session `index` some more of the stored and of the queued messages it wants, or of the fills it
    /// asked for.
    pub(crate) fn replay(&mut self, index: usize, now: Now) {
        if self.failed.is_some() {
            return;
        }
        let streamed = match self.links[index].streams() {
            true => {
                self.replay_some(index, now).and_then(|()| self.release_some(index, now)).map_err(Into::into)
            }
            false => self.recover_some(index, now),
        };
        self.commit();
        if let Err(error) = streamed {
            self.fail(error);
        }
    }

    fn replay_some(&mut self, index: usize, now: Now) -> Result<(), ReadError> {
        if let Some(read) = self.links[index].state.wanted.take() {
            self.links[index].replay = self.open(index, read)?;
            if self.links[index].replay.is_none() {
                self.turn(index, now, |session, turn| session.stored_end(now, read.id, turn));
            }
        }
        let Some(mut replay) = self.links[index].replay.take() else { return Ok(()) };
        let mut wanted = true;
        let count = self.turn(index, now, |session, turn| {
            let Replay { read, reader, next } = &mut replay;
            reader.scan(REPLAY_RECORDS, &mut |glimpse| {
                if let Some(seq) = seq_of(&turn.names.key, (read, *next), glimpse) {
                    *next = seq + 1;
                    wanted = session.stored(now, read.id, seq, glimpse.value, turn);
                }
                wanted
            })
        })?;
        if wanted && (count == 0 || replay.next > replay.read.end) {
            self.turn(index, now, |session, turn| session.stored_end(now, replay.read.id, turn));
            wanted = false;
        }
        if wanted {
            self.links[index].replay = Some(replay);
        }
        Ok(())
    }

    /// A reader that stands at or before the first message wanted; none when the journal has none of this epoch.
    fn open(&self, index: usize, read: StoreRead) -> Result<Option<Replay>, ReadError> {
        let Some(from) = self.links[index].state.journal.before(read.begin) else { return Ok(None) };
        match self.log.reader(&[Topic::Fix], Position(from), false) {
            Ok(reader) => Ok(Some(Replay { read, reader, next: read.begin })),
            Err(ReadError::Gone { first, .. }) => {
                let reader = self.log.reader(&[Topic::Fix], first, false)?;
                Ok(Some(Replay { read, reader, next: read.begin }))
            }
            Err(error) => Err(error),
        }
    }
}

/// The number of a stored message of this session that is wanted next or later.
fn seq_of(session: &[u8], (read, next): (&StoreRead, u64), glimpse: &Glimpse<'_>) -> Option<u64> {
    let wire = glimpse.wire?;
    let ours = wire.direction == Direction::Out
        && u64::from(wire.epoch) == read.epoch
        && (next..=read.end).contains(&wire.seq)
        && glimpse.key == session;
    ours.then_some(wire.seq)
}
