//! What the log says about the gateway's sessions, read once before anybody may log on.

use crate::backlog::Backlog;
use crate::cancel_on_disconnect::{Protections, note};
use crate::credentials::Replays;
use crate::definitions::Definitions;
use crate::exec_index::ExecIndex;
use crate::gateway::numbered_by;
use crate::journal_index::JournalIndex;
use crate::snapshot::{SessionSnapshot, Snapshot};
use crate::{Application, Error, GatewayConfig};
use assay_event_log::{EventLog, Record};
use assay_trading_types::{
    CompId, Direction, Event, Kind, Origin, Position, RequestId, Role, SessionId, Timestamp, Topic,
    WireHeader,
};
use fix_session::Numbers;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::Arc;

/// Records read at once.
const CHUNK_RECORDS: usize = 4_096;

/// Journalled messages that may lack their request and are kept to be read again. A group holds both, so in this log
/// there are none but those that got no request at all; the oldest of these are forgotten beyond this many.
const CANDIDATES_MAX: usize = 65_536;

/// The gateway's state as the log has it.
#[derive(Default)]
pub(crate) struct Recovered {
    pub(crate) sessions: FxHashMap<SessionId, RecoveredSession>,
    /// Where to begin reading outcomes.
    pub(crate) accounts_from: u64,
    /// Per partition of `accounts`: the offset after the last outcome told.
    pub(crate) told: Vec<u64>,
    /// Where ExecIDs stand in the log.
    pub(crate) exec_index: ExecIndex,
    /// Messages that become requests and have none in `accounts`, in order.
    pub(crate) unasked: VecDeque<(RequestId, Arc<Record>)>,
    /// Logons with credentials that were accepted lately.
    pub(crate) logons: Replays,
    /// Sessions whose end costs their open orders, as they stood.
    pub(crate) protections: Protections,
    /// Sessions as the log defines them.
    pub(crate) definitions: Definitions,
    /// Where the log ended when it was read.
    pub(crate) read_until: u64,
    /// Our CompID.
    ours: Option<CompId>,
}

/// One session as the log has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct RecoveredSession {
    pub(crate) numbers: Numbers,
    pub(crate) journal: JournalIndex,
    pub(crate) backlog: Backlog,
    /// When the present numbers were first used: tells which interval of a schedule they belong to.
    pub(crate) began: Option<Timestamp>,
}

impl Recovered {
    /// Reads the snapshot and the records after it.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(crate) fn read<A: Application>(
        log: &dyn EventLog,
        config: &GatewayConfig,
        application: &mut A,
    ) -> Result<Self, Error> {
        let end = log.end().0;
        let snapshot = config.snapshot_dir.as_deref().and_then(|dir| Snapshot::read(dir, end));
        let mut snapshot = snapshot.unwrap_or_default();
        application.recall(std::mem::take(&mut snapshot.application));
        let (fix_from, accounts_from) = (snapshot.fix_from, snapshot.accounts_from);
        let defined_from = snapshot.defined_from;
        let mut recovered = Self::of(snapshot);
        recovered.ours = Some(config.comp_id);
        recovered.told.resize(usize::from(config.partitions), 0);
        let from = Position(fix_from.min(accounts_from));
        let mut reader = log.reader(&[Topic::Fix, Topic::Accounts, Topic::Admin], from, false)?;
        let mut chunk = Vec::with_capacity(CHUNK_RECORDS);
        while reader.poll(&mut chunk, CHUNK_RECORDS)? > 0 {
            for record in chunk.drain(..) {
                if record.topic == Topic::Admin {
                    if record.position.0 >= defined_from {
                        recovered.defined(&record)?;
                    }
                } else if record.topic == Topic::Accounts {
                    recovered.request(&record);
                    if record.position.0 >= fix_from {
                        recovered.protection(&record)?;
                    }
                    recovered.observed(&record, accounts_from, application)?;
                } else if record.position.0 >= fix_from {
                    recovered.journalled(record)?;
                }
            }
        }
        recovered.read_until = reader.position().0;
        Ok(recovered)
    }

    fn of(snapshot: Snapshot) -> Self {
        let session = |s: SessionSnapshot| {
            let numbers = Numbers { next_in: s.next_in, next_out: s.next_out, epoch: s.epoch.into() };
            (s.session, RecoveredSession { numbers, journal: s.journal, backlog: s.backlog, began: s.began })
        };
        Self {
            sessions: snapshot.sessions.into_iter().map(session).collect(),
            accounts_from: snapshot.accounts_from,
            told: snapshot.told,
            exec_index: snapshot.exec_index,
            unasked: VecDeque::new(),
            logons: snapshot.logons,
            protections: snapshot.protections.into_iter().collect(),
            definitions: snapshot.definitions,
            read_until: 0,
            ours: None,
        }
    }

    /// A record of `accounts`: the message it was made of needs no second one.
    fn request(&mut self, record: &Record) {
        let Some(Origin::Request(id)) = record.origin else { return };
        // Requests follow their messages in order, so the search ends at once unless some message got none.
        if let Some(found) = self.unasked.iter().rposition(|(candidate, _)| *candidate == id) {
            self.unasked.remove(found);
        }
    }

    /// A record of `admin` that may be about a session.
    fn defined(&mut self, record: &Record) -> Result<(), Error> {
        if matches!(record.kind, Kind::SessionSet | Kind::SessionSuspended | Kind::SessionNumbersSet) {
            let event =
                record.decode().map_err(|source| Error::Record { position: record.position, source })?;
            self.definitions.note(record.offset, record.origin, &event);
        }
        Ok(())
    }

    /// A record of `accounts` that says how a session stands. Like those of `fix` it is ours, and in a snapshot as they are.
    fn protection(&mut self, record: &Record) -> Result<(), Error> {
        let is_one = matches!(
            record.kind,
            Kind::CancelOnDisconnectSet | Kind::CancelOnDisconnectStarted | Kind::CancelOnDisconnectEnded
        );
        if is_one {
            let event =
                record.decode().map_err(|source| Error::Record { position: record.position, source })?;
            note(&mut self.protections, &event);
        }
        Ok(())
    }

    /// A record of `accounts` that the application should know before anybody logs on.
    fn observed<A: Application>(
        &mut self,
        record: &Record,
        accounts_from: u64,
        application: &mut A,
    ) -> Result<(), Error> {
        if !A::ANSWERS || record.position.0 < accounts_from {
            return Ok(());
        }
        self.exec_index.note(record.offset, record.position.0, record.at);
        // The rest it observes when outcomes are told from here on; what is listed may be asked for before.
        if record.kind != Kind::InstrumentListed {
            return Ok(());
        }
        let event = record.decode().map_err(|source| Error::Record { position: record.position, source })?;
        application.observe(record, &event);
        Ok(())
    }

    fn journalled(&mut self, record: Arc<Record>) -> Result<(), Error> {
        if let Some(Origin::Input { role: Role::Gateway, topic: Topic::Accounts, partition, offset, .. }) =
            record.origin
            && let Some(told) = self.told.get_mut(usize::from(partition))
        {
            *told = (*told).max(offset + 1);
        }
        match (record.kind, record.wire) {
            (Kind::FixMessage, Some(wire)) => self.message(record, wire),
            (Kind::SessionReset, _) => self.session_reset(&record)?,
            _ => {}
        }
        Ok(())
    }

    fn message(&mut self, record: Arc<Record>, wire: WireHeader) {
        let Some(session) = session_of(&record) else { return };
        if wire.direction != Direction::Out && is_logon(&record.value) {
            self.logons.journalled(&record.value, record.at);
        }
        if let Some(seq) = refused_number(&record.value)
            && matches!(wire.direction, Direction::Out | Direction::Queued)
        {
            self.answered(session, seq);
        }
        let known = self.sessions.entry(session).or_default();
        match wire.direction {
            Direction::InUnconsumed => {}
            Direction::Queued => known.backlog.queue(record.position.0),
            Direction::In => {
                known.began.get_or_insert(record.at);
                // What came between our reset of a live session and its answer belongs to the epoch before (L-17).
                if u64::from(wire.epoch) == known.numbers.epoch {
                    known.numbers.next_in = wire.next_seq;
                }
                if may_be_request(&record.value) {
                    self.candidate(RequestId { session, epoch: wire.epoch, seq: wire.seq }, record);
                }
            }
            Direction::Out => {
                known.began.get_or_insert(record.at);
                known.numbers.next_out = wire.next_seq;
                known.journal.note(wire.seq, record.position.0);
                if let Some(Origin::Input { topic: Topic::Fix, offset, .. }) = record.origin {
                    known.backlog.sent(offset);
                }
            }
        }
    }

    /// A message of the session that was refused on the spot is not to be asked about again. The refusal is in the
    /// message's own group, so the search ends among the newest.
    fn answered(&mut self, session: SessionId, seq: u64) {
        let refused = |id: &RequestId| id.session == session && id.seq == seq;
        if let Some(found) = self.unasked.iter().rposition(|(candidate, _)| refused(candidate)) {
            self.unasked.remove(found);
        }
    }

    fn candidate(&mut self, id: RequestId, record: Arc<Record>) {
        if self.unasked.len() == CANDIDATES_MAX {
            self.unasked.pop_front();
        }
        self.unasked.push_back((id, record));
    }

    fn session_reset(&mut self, record: &Record) -> Result<(), Error> {
        let event = record.decode().map_err(|source| Error::Record { position: record.position, source })?;
        if let Event::SessionReset(reset) = &*event {
            let known = self.sessions.entry(reset.session).or_default();
            known.numbers =
                Numbers { next_in: reset.next_in, next_out: reset.next_out, epoch: reset.epoch.into() };
            known.journal.clear();
            known.began = Some(record.at);
            if let Some((comp_id, offset)) = self.ours.and_then(|ours| numbered_by(record, ours)) {
                self.definitions.numbered(comp_id, offset);
            }
        }
        Ok(())
    }
}

pub(crate) fn session_of(record: &Record) -> Option<SessionId> {
    SessionId::from_bytes(&record.key).ok()
}

/// Whether the message becomes a record of `accounts`.
fn may_be_request(frame: &[u8]) -> bool {
    matches!(third_field(frame), Some(b"35=D" | b"35=F" | b"35=G" | b"35=H" | b"35=q" | b"35=AF" | b"35=AN"))
}

fn is_logon(frame: &[u8]) -> bool {
    third_field(frame) == Some(b"35=A")
}

/// MsgType(35) with its tag.
fn third_field(frame: &[u8]) -> Option<&[u8]> {
    frame.split(|&b| b == 1).nth(2)
}

/// RefSeqNum(45) of a Reject(3) or BusinessMessageReject(j).
fn refused_number(frame: &[u8]) -> Option<u64> {
    let mut fields = frame.split(|&b| b == 1);
    matches!(fields.nth(2), Some(b"35=3" | b"35=j")).then_some(())?;
    let number = fields.find_map(|field| field.strip_prefix(b"45="))?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_message_it_refuses() {
        let refused = |text: &str| refused_number(text.replace('|', "\x01").as_bytes());
        assert_eq!(refused("8=FIX.4.4|9=9|35=j|34=7|45=12|372=D|380=4|10=000|"), Some(12));
        assert_eq!(refused("8=FIX.4.4|9=9|35=3|34=7|45=12|10=000|"), Some(12));
        assert_eq!(refused("8=FIX.4.4|9=9|35=8|34=7|45=12|10=000|"), None);
        assert_eq!(refused("8=FIX.4.4|9=9|35=3|34=7|10=000|"), None);
    }
}
