//! The served side of a process: what it appends, and what it is told of the log.

use super::cipher::Sender;
use super::leases::Held;
use super::message::{Fields, Incoming, Message, MessageKind, Outgoing, malformed, read_records};
use super::server::Served;
use super::standing::Standing;
use crate::sequence::TopicSet;
use crate::signal::Shared;
use crate::{AppendError, EventLog, NewRecord, Record, Value};
use assay_trading_types::Kind;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

/// A process that says nothing for this long is gone, and with it its lease.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(5);

/// How often something is said when there is nothing to say.
pub(super) const ALIVE_EVERY: Duration = Duration::from_secs(1);

/// How often a waiting process's role is looked at.
const LEASE_WAIT: Duration = Duration::from_millis(50);

/// Why a group was not appended.
pub(super) const TOO_LARGE: u8 = 1;
pub(super) const POISONED: u8 = 2;
pub(super) const CLOSED: u8 = 3;
pub(super) const NO_LEASE: u8 = 4;

/// A process that appends as `role`, once it holds it.
pub(super) fn lead(
    sender: Sender,
    mut incoming: Incoming,
    served: &Served,
    role: &str,
    holder: &str,
) -> io::Result<()> {
    let line = Line::new(sender, served);
    line.run(|| {
        let held = line.wait_for(&mut incoming, role, holder)?;
        tracing::info!(role, holder, "leads");
        line.send_now(|| {
            let (standing, bequest) = served.known();
            bequest.write(standing.write(Outgoing::new(MessageKind::Granted)))
        })?;
        let ended = line.serve(&mut incoming, Some(&held));
        tracing::info!(role, holder, "leads no longer");
        ended
    })
}

/// A process that appends nothing.
pub(super) fn watch(sender: Sender, mut incoming: Incoming, served: &Served) -> io::Result<()> {
    let line = Line::new(sender, served);
    line.run(|| line.serve(&mut incoming, None))
}

struct Line<'a> {
    served: &'a Served,
    sending: Shared<Sender>,
    /// Topics whose growth the process wants to hear of.
    wakes: AtomicU8,
    ended: AtomicBool,
}

impl<'a> Line<'a> {
    fn new(sender: Sender, served: &'a Served) -> Self {
        Self { served, sending: Shared::new(sender), wakes: AtomicU8::new(0), ended: AtomicBool::new(false) }
    }

    /// Tells the process where the log stands, first of all and then beside what `body` does.
    fn run(&self, body: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        self.send_moved()?;
        std::thread::scope(|scope| {
            let telling = std::thread::Builder::new().name("log-news".to_owned());
            let telling = telling.spawn_scoped(scope, || self.tell())?;
            let result = body();
            self.ended.store(true, Ordering::Release);
            self.served.news.tell();
            telling.join().map_err(|_| io::Error::other("a thread of the log's server panicked"))?;
            result
        })
    }

    fn wait_for(&self, incoming: &mut Incoming, role: &str, holder: &str) -> io::Result<Held> {
        let mut told = None;
        let mut silent = Duration::ZERO;
        loop {
            match self.served.leases.take(role, holder) {
                Ok(held) => return Ok(held),
                Err(other) if told.as_ref() != Some(&other) => {
                    self.send(Outgoing::new(MessageKind::Waiting).bytes(other.as_bytes()))?;
                    told = Some(other);
                }
                Err(_) => {}
            }
            match incoming.next(LEASE_WAIT)? {
                Some(message) => {
                    silent = Duration::ZERO;
                    self.hear(message, None)?;
                }
                None => silent += LEASE_WAIT,
            }
            if silent >= SILENCE_MAX {
                return Err(ErrorKind::TimedOut.into());
            }
        }
    }

    fn serve(&self, incoming: &mut Incoming, held: Option<&Held>) -> io::Result<()> {
        loop {
            let message = incoming.next(SILENCE_MAX)?.ok_or(ErrorKind::TimedOut)?;
            self.hear(message, held)?;
        }
    }

    fn hear(&self, message: Message<'_>, held: Option<&Held>) -> io::Result<()> {
        match message.kind {
            MessageKind::Alive => Ok(()),
            MessageKind::Wake => {
                self.wakes.fetch_or(Fields(message.body).u8()?, Ordering::AcqRel);
                Ok(())
            }
            MessageKind::Append => self.append(message.body, held),
            _ => Err(malformed("a message out of turn")),
        }
    }

    fn append(&self, body: &[u8], held: Option<&Held>) -> io::Result<()> {
        if held.is_none() {
            return self.send(Outgoing::new(MessageKind::Refused).bytes(&[NO_LEASE]));
        }
        let mut records = group(body)?;
        match self.served.append(&mut records) {
            Ok(last) => self
                .send_now(|| self.served.standing().write(Outgoing::new(MessageKind::Appended).u64(last.0))),
            Err(error) => self.send(refusal(&error)),
        }
    }

    /// Says where the log stands whenever the process wants to hear of it, and at times that all is well.
    fn tell(&self) {
        let mut told = Some(Standing::default());
        let mut heard = 0;
        while !self.ended.load(Ordering::Acquire) && !self.served.is_stopping() {
            let standing = self.served.standing();
            if told.is_none_or(|told| self.wants(told, standing)) {
                told = Some(standing);
                if self.send_moved().is_err() {
                    // Whoever reads this connection learns it too.
                    return;
                }
            }
            let news = self.served.news.wait(heard, ALIVE_EVERY);
            if std::mem::replace(&mut heard, news) == news {
                told = None;
            }
        }
    }

    fn wants(&self, told: Standing, now: Standing) -> bool {
        let wakes = TopicSet::from_bits(self.wakes.load(Ordering::Acquire));
        now.durable > told.durable || now.grown_since(&told).meets(wakes)
    }

    fn send_moved(&self) -> io::Result<()> {
        self.send_now(|| self.served.standing().write(Outgoing::new(MessageKind::Moved)))
    }

    fn send(&self, message: Outgoing) -> io::Result<()> {
        self.send_now(|| message)
    }

    /// Makes the message once nothing else can be sent before it: later messages tell of later moments.
    fn send_now(&self, message: impl FnOnce() -> Outgoing) -> io::Result<()> {
        let mut sender = self.sending.lock();
        sender.send(message())
    }
}

fn refusal(error: &AppendError) -> Outgoing {
    let out = Outgoing::new(MessageKind::Refused);
    match error {
        AppendError::TooLarge { bytes, max } => out.bytes(&[TOO_LARGE]).u64(*bytes as u64).u64(*max as u64),
        AppendError::Poisoned(why) => out.bytes(&[POISONED]).bytes(why.as_bytes()),
        AppendError::Closed => out.bytes(&[CLOSED]),
    }
}

/// The records of a group.
fn group(body: &[u8]) -> io::Result<Vec<NewRecord>> {
    if body.is_empty() {
        return Err(malformed("a group without records"));
    }
    let mut records = Vec::new();
    read_records(body, |record| records.push(to_append(record)))?;
    Ok(records)
}

/// The record without the place that it will get.
fn to_append(record: Record) -> NewRecord {
    let value = match record.kind {
        Kind::FixMessage => Value::Fix(record.value),
        kind => Value::Stored { kind, json: record.value },
    };
    let Record { topic, partition, key, at, origin, trace, actor, wire, .. } = record;
    NewRecord { topic, partition, key, at, origin, trace, actor, wire, value }
}
