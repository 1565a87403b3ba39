//! One venue's thread.

use crate::{Error, Heard, Venue, VenueVitals};
use assay_event_log::{EventLog, LastOrigins, NewRecord, Reader, Record};
use assay_trading_types::{
    Actor, Event, Kind, Position, Timestamp, Topic, VenueAsk, VenueHeard, VenueId, VenueLinkChanged,
    VenueMessage, VenueRequested, VenueUnsent,
};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a turn waits for the venue before the log is looked at again: what a request may be late by.
const TURN: Duration = Duration::from_millis(2);

/// Requests looked at in a turn, so that the venue is listened to between them.
const REQUESTS_PER_TURN_MAX: usize = 256;

/// A disk that has not synced by then has failed.
const SYNC_MAX: Duration = Duration::from_secs(30);

/// Turns that a venue has to answer a Logout: two seconds.
const LEAVING_TURNS: u32 = 1_000;

/// Sends what one venue is asked, and writes what it says.
pub struct VenueService<V> {
    port: V,
    log: Arc<dyn EventLog>,
    now: fn() -> Timestamp,
    vitals: Arc<VenueVitals>,
    reader: Box<dyn Reader>,
    origins: LastOrigins,
    batch: Vec<Arc<Record>>,
    up: bool,
    /// ClOrdIDs of what was sent and not yet spoken of: as many as the venue leaves unanswered.
    unanswered: HashSet<String>,
}

impl<V: Venue> VenueService<V> {
    /// Begins: the link is down, and nothing that was asked for before will be sent.
    ///
    /// # Errors
    /// The log takes nothing or cannot be read.
    pub fn begin(
        port: V,
        log: Arc<dyn EventLog>,
        now: fn() -> Timestamp,
        vitals: Arc<VenueVitals>,
    ) -> Result<Self, Error> {
        let down = link(vitals.venue, false, "a process begins", now());
        let last = log.append(&mut vec![down])?;
        let reader = log.reader(&[Topic::Markets], Position(last.0 + 1), true)?;
        let (origins, batch) = (LastOrigins::default(), Vec::new());
        Ok(Self { port, log, now, vitals, reader, origins, batch, up: false, unanswered: HashSet::new() })
    }

    /// Turns until `stop` is set, then leaves in order.
    ///
    /// # Errors
    /// As [`VenueService::turn`].
    pub fn run(&mut self, stop: &AtomicBool) -> Result<(), Error> {
        while !stop.load(Ordering::Acquire) {
            self.turn()?;
        }
        self.port.leave();
        for _ in 0..LEAVING_TURNS {
            if self.port.has_left() {
                break;
            }
            self.listen()?;
        }
        self.tell_link()
    }

    /// Hears, says where the link is, then sends: so whatever is not sent is known to follow a lost link.
    ///
    /// # Errors
    /// The log or the session's store fails.
    pub fn turn(&mut self) -> Result<(), Error> {
        self.listen()?;
        self.tell_link()?;
        self.reader.poll(&mut self.batch, REQUESTS_PER_TURN_MAX)?;
        for record in std::mem::take(&mut self.batch) {
            self.look_at(&record)?;
        }
        Ok(())
    }

    fn listen(&mut self) -> Result<(), Error> {
        self.port.turn(TURN)?;
        let heard = self.port.take_heard();
        if heard.is_empty() {
            self.port.heard_is_durable();
            return Ok(());
        }
        let now = (self.now)();
        self.vitals.heard.fetch_add(heard.len() as u64, Ordering::Relaxed);
        self.vitals.last_heard_ns.store(now.as_ns(), Ordering::Relaxed);
        let mut records: Vec<NewRecord> =
            heard.into_iter().map(|heard| self.heard_record(heard, now)).collect();
        let last = self.log.append(&mut records)?;
        let target = Position(last.0 + 1);
        if self.log.wait_durable(target, SYNC_MAX)? < target {
            return Err(Error::NotDurable);
        }
        self.port.heard_is_durable();
        Ok(())
    }

    fn heard_record(&mut self, heard: Heard, now: Timestamp) -> NewRecord {
        let Heard { symbol, message, wire } = heard;
        match &message {
            VenueMessage::Report(report) => self.is_answered(&report.cl_ord_id),
            VenueMessage::CancelRejected { cl_ord_id, .. } | VenueMessage::Refused { cl_ord_id, .. } => {
                self.is_answered(cl_ord_id);
            }
            VenueMessage::Unreadable { .. } => {}
        }
        record(VenueHeard { venue: self.vitals.venue, symbol, message, wire }, now)
    }

    fn is_answered(&mut self, cl_ord_id: &str) {
        self.unanswered.remove(cl_ord_id);
        self.tell_unanswered();
    }

    fn tell_unanswered(&self) {
        self.vitals.unanswered.store(self.unanswered.len() as u64, Ordering::Relaxed);
    }

    fn tell_link(&mut self) -> Result<(), Error> {
        let up = self.port.is_up();
        if std::mem::replace(&mut self.up, up) == up {
            return Ok(());
        }
        self.vitals.up.store(up, Ordering::Relaxed);
        if !up {
            // Whatever became of it, the routing core asks.
            self.unanswered.clear();
            self.tell_unanswered();
        }
        let detail = if up { "logged on" } else { "the session ended" };
        tracing::info!(venue = %self.vitals.venue, up, "link");
        self.log.append(&mut vec![link(self.vitals.venue, up, detail, (self.now)())])?;
        Ok(())
    }

    fn look_at(&mut self, record: &Record) -> Result<(), Error> {
        if record.kind != Kind::VenueRequested || !self.origins.is_news(record.origin) {
            return Ok(());
        }
        self.origins.note(record.origin);
        let position = record.position;
        let event = record.decode().map_err(|source| Error::Decode { position, source })?;
        match &*event {
            Event::VenueRequested(request) if request.venue == self.vitals.venue => self.ask(request),
            _ => Ok(()),
        }
    }

    fn ask(&mut self, request: &VenueRequested) -> Result<(), Error> {
        let is_status = matches!(request.ask, VenueAsk::Status { .. });
        let now = (self.now)();
        if self.port.is_up() {
            self.vitals.sent.fetch_add(1, Ordering::Relaxed);
            if !is_status {
                self.unanswered.insert(request.cl_ord_id.as_str().to_owned());
                self.tell_unanswered();
            }
            self.port.ask(request, now);
            return Ok(());
        }
        self.vitals.unsent.fetch_add(1, Ordering::Relaxed);
        // A question that was not asked is asked once the link is back.
        if !is_status {
            let VenueRequested { venue, symbol, order_id, cl_ord_id, .. } = *request;
            self.log.append(&mut vec![record(VenueUnsent { venue, symbol, order_id, cl_ord_id }, now)])?;
        }
        Ok(())
    }
}

fn link(venue: VenueId, up: bool, detail: &str, at: Timestamp) -> NewRecord {
    record(VenueLinkChanged { venue, up, detail: detail.to_owned() }, at)
}

fn record(event: impl Into<Event>, at: Timestamp) -> NewRecord {
    NewRecord::first(Topic::Markets, Actor::new("venues").expect("a short printable name"), at, event)
}
