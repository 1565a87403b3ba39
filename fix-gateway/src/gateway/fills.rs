//! Fill recovery: trade reports again, from the log, in bounded memory (A-36).
//!
//! ```text
//! fills.requested.v1 at P -> is the ExecID known? -> count what lies between it and P -> send it, paced by the socket
//! ```
//! Everything before P was told live before, everything after it will be, so nothing is missing and nothing is new.

use super::{Gateway, replay};
use crate::translate_out::MassPart;
use crate::{Application, Error, Report, Settles, Statistics};
use assay_event_log::{ReadError, Reader, Record};
use assay_trading_types::{Event, ExecId, ExecType, FillsRequested, Kind, Position, Timestamp, Topic};
use fix_session::{BusinessRefusal, Now};
use std::sync::Arc;

/// Records of `accounts` read before sockets are served again.
const RECORDS_PER_TURN: usize = 512;

/// Recoveries of one session that wait for one another; more are refused as not ready (BMR(4)).
const WAITING_MAX: usize = 8;

/// One recovery under way.
pub(crate) struct FillRecovery {
    asked: Arc<Event>,
    /// The request's own record: its offset ends the recovery.
    record: Arc<Record>,
    reader: Box<dyn Reader>,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Looking for the ExecID that the counterparty holds.
    Finding,
    Counting {
        found: u64,
    },
    Sending {
        total: u64,
        sent: u64,
    },
}

/// What a record means to a recovery.
enum Step {
    Skip,
    Over,
    Unknown,
}

impl FillRecovery {
    fn request(&self) -> &FillsRequested {
        match &*self.asked {
            Event::FillsRequested(e) => e,
            other => unreachable!("a recovery is of a request, not of {:?}", other.kind()),
        }
    }

    /// First offset that is looked for.
    fn begin(&self) -> Option<u64> {
        self.request().after.map(|after| after.offset())
    }

    /// Whether a record is a trade report that is wanted.
    fn wants(&self, record: &Record, event: &Event) -> bool {
        let Event::ExecutionReported(e) = event else { return false };
        let asked = self.request();
        let late_enough = match asked.after {
            Some(after) => record.offset > after.offset(),
            None => record.at >= day_start(self.record.at),
        };
        late_enough
            && record.offset < self.record.offset
            && matches!(
                e.exec,
                ExecType::Trade(_) | ExecType::TradeCanceled { .. } | ExecType::TradeCorrected { .. }
            )
            && asked.filter.reaches(&asked.request.session, &asked.firm, &e.terms)
    }

    /// Whether the record with the ExecID asked for is a report that this session got.
    fn holds(&self, event: &Event) -> bool {
        let asked = self.request();
        let terms = match event {
            Event::ExecutionReported(e) => &e.terms,
            Event::OrderRefused(e) => &e.terms,
            _ => return false,
        };
        asked.filter.reaches(&asked.request.session, &asked.firm, terms)
    }
}

impl<A: Application> Gateway<A> {
    /// A request for fills stands in `accounts`: whatever stands before it was told.
    pub(super) fn begin_recovery(
        &mut self,
        index: usize,
        record: &Arc<Record>,
        now: Now,
    ) -> Result<(), Error> {
        let event = record.decode().map_err(|source| Error::Record { position: record.position, source })?;
        let Event::FillsRequested(asked) = &*event else { return Ok(()) };
        self.settle(index, Settles::Offset(record.offset), now);
        if self.links[index].state.connection.is_none() {
            // It is gone and will ask again: nothing of it is owed to a later connection.
            return Ok(());
        }
        if self.links[index].recoveries.len() >= WAITING_MAX {
            self.refuse_recovery(index, asked, 4, "Application not available", now);
            return Ok(());
        }
        let known =
            asked.after.is_none_or(|a| a.partition() == record.partition && a.offset() < record.offset);
        if !known {
            self.refuse_unknown(index, asked, now);
            return Ok(());
        }
        let stage = if asked.after.is_some() { Stage::Finding } else { Stage::Counting { found: 0 } };
        let reader = self.accounts_from(asked.after, record.at)?;
        let recovery = FillRecovery { asked: Arc::clone(&event), record: Arc::clone(record), reader, stage };
        self.links[index].recoveries.push_back(recovery);
        self.wake(index);
        Ok(())
    }

    /// A reader of `accounts` that stands at or before what a recovery begins with.
    fn accounts_from(
        &self,
        after: Option<ExecId>,
        asked_at: Timestamp,
    ) -> Result<Box<dyn Reader>, ReadError> {
        let from = match after {
            Some(after) => self.exec_index.before_offset(after.offset()),
            None => self.exec_index.before_time(day_start(asked_at)),
        };
        match self.log.reader(&[Topic::Accounts], Position(from), false) {
            Err(ReadError::Gone { first, .. }) => self.log.reader(&[Topic::Accounts], first, false),
            other => other,
        }
    }

    /// Goes on with the oldest recovery of session `index`.
    pub(super) fn recover_some(&mut self, index: usize, now: Now) -> Result<(), Error> {
        let Some(mut recovery) = self.links[index].recoveries.pop_front() else { return Ok(()) };
        let mut records = Vec::with_capacity(RECORDS_PER_TURN);
        recovery.reader.poll(&mut records, RECORDS_PER_TURN)?;
        let mut step = if records.is_empty() { Step::Over } else { Step::Skip };
        for record in &records {
            step = self.recover_record(index, &mut recovery, record, now)?;
            if !matches!(step, Step::Skip) {
                break;
            }
        }
        match step {
            Step::Skip => self.links[index].recoveries.push_front(recovery),
            Step::Unknown => self.refuse_unknown(index, recovery.request(), now),
            Step::Over => self.end_of_stage(index, recovery, now)?,
        }
        self.commit();
        Ok(())
    }

    fn recover_record(
        &mut self,
        index: usize,
        recovery: &mut FillRecovery,
        record: &Record,
        now: Now,
    ) -> Result<Step, Error> {
        if record.offset >= recovery.record.offset {
            return Ok(Step::Over);
        }
        if recovery.stage == Stage::Finding {
            return self.find(recovery, record);
        }
        if record.kind != Kind::ExecutionReported {
            return Ok(Step::Skip);
        }
        let event = record.decode().map_err(|source| Error::Record { position: record.position, source })?;
        if recovery.wants(record, &event) {
            match &mut recovery.stage {
                Stage::Finding => {}
                Stage::Counting { found } => *found += 1,
                Stage::Sending { total, sent } => {
                    *sent += 1;
                    let (total, last) = (*total, sent == total);
                    let id = recovery.request().mass_status_req_id;
                    self.send_recovered(index, record, &event, MassPart { id, total, last }, now);
                }
            }
        }
        Ok(Step::Skip)
    }

    fn find(&self, recovery: &mut FillRecovery, record: &Record) -> Result<Step, Error> {
        match recovery.begin().map(|offset| record.offset.cmp(&offset)) {
            Some(std::cmp::Ordering::Less) => Ok(Step::Skip),
            Some(std::cmp::Ordering::Equal) => {
                let event =
                    record.decode().map_err(|source| Error::Record { position: record.position, source })?;
                if !recovery.holds(&event) {
                    return Ok(Step::Unknown);
                }
                recovery.stage = Stage::Counting { found: 0 };
                Ok(Step::Skip)
            }
            _ => Ok(Step::Unknown),
        }
    }

    /// All was read: after the count comes the sending, after the sending the next recovery.
    fn end_of_stage(&mut self, index: usize, mut recovery: FillRecovery, now: Now) -> Result<(), Error> {
        match recovery.stage {
            Stage::Finding => self.refuse_unknown(index, recovery.request(), now),
            Stage::Counting { found: 0 } => {
                let report = Report::no_fills(&recovery.record, recovery.request().mass_status_req_id);
                let outgoing = report.outgoing(self.links[index].spec.swap_sub_ids);
                self.turn(index, now, |session, turn| {
                    session.send(now, outgoing, |out| report.write(out), turn);
                });
            }
            Stage::Counting { found } => {
                recovery.reader = self.accounts_from(recovery.request().after, recovery.record.at)?;
                recovery.stage = Stage::Sending { total: found, sent: 0 };
                self.links[index].recoveries.push_front(recovery);
            }
            Stage::Sending { .. } => {}
        }
        Ok(())
    }

    fn send_recovered(&mut self, index: usize, record: &Record, event: &Event, place: MassPart, now: Now) {
        let Some(report) = Report::of(record, event) else { return };
        let report = report.recovered(place);
        let copies = matches!(self.links[index].spec.kind, crate::SessionKind::DropCopy(_));
        let report = if copies { report.copied() } else { report };
        let outgoing = report.outgoing(self.links[index].spec.swap_sub_ids);
        self.turn(index, now, |session, turn| {
            session.send(now, outgoing, |out| report.write(out), turn);
        });
        Statistics::add(&self.statistics.reports_out, 1);
    }

    fn refuse_unknown(&mut self, index: usize, asked: &FillsRequested, now: Now) {
        const UNKNOWN_ID: u32 = 1;
        let after = asked.after.map(|id| id.to_string()).unwrap_or_default();
        let text = format!("UNKNOWN_EXECID: {after} is no report of this session");
        self.refuse_recovery(index, asked, UNKNOWN_ID, &text, now);
    }

    fn refuse_recovery(&mut self, index: usize, asked: &FillsRequested, reason: u32, text: &str, now: Now) {
        let refusal = BusinessRefusal {
            ref_seq: asked.request.seq,
            ref_msg_type: b"AF",
            ref_id: asked.mass_status_req_id.as_str().as_bytes(),
            reason,
            text,
            ..BusinessRefusal::default()
        };
        self.turn(index, now, |session, turn| session.reject_business(now, &refusal, turn));
    }

    /// Whether session `index` has fills to be sent and room for them.
    pub(super) fn has_fills_to_send(&self, index: usize) -> bool {
        let link = &self.links[index];
        !link.recoveries.is_empty() && link.state.queue.unsent() < replay::AHEAD_BYTES
    }
}

/// Midnight UTC of the day of `at`: the trading day's start (A-36).
fn day_start(at: Timestamp) -> Timestamp {
    const DAY_NS: i64 = 86_400_000_000_000;
    Timestamp::from_ns(at.day() * DAY_NS)
}
