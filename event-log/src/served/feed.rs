//! The served side of a reader: records as they come, as fast as they are taken.

use super::cipher::Sender;
use super::message::{Incoming, MessageKind, Outgoing, write_record};
use super::server::Served;
use crate::sequence::TopicSet;
use crate::{ReadError, Reader, Record};
use assay_trading_types::{Position, Topic};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

/// Records read at a time.
const BATCH_RECORDS_MAX: usize = 512;

/// A message of records ends behind the one that takes it here.
const RECORDS_BYTES: usize = 128 << 10;

/// How often it looks whether the reader is still there.
const WAIT: Duration = Duration::from_millis(250);

pub(super) fn run(
    mut sender: Sender,
    mut incoming: Incoming,
    served: &Served,
    topics: TopicSet,
    from: Position,
    durable_only: bool,
) -> io::Result<()> {
    // A reader may rest for as long as it likes: what is sent waits, and nothing more is read for it.
    sender.stream().set_write_timeout(None)?;
    let topics: Vec<_> = Topic::ALL.into_iter().filter(|topic| topics.has(*topic)).collect();
    let mut reader = match served.log.reader(&topics, from, durable_only) {
        Ok(reader) => reader,
        Err(error) => return sender.send(refusal(&error)),
    };
    sender.send(Outgoing::new(MessageKind::Passed).u64(from.0))?;
    let mut told = from;
    let mut batch = Vec::with_capacity(BATCH_RECORDS_MAX);
    while !served.is_stopping() {
        if let Err(error) = reader.poll_wait(&mut batch, BATCH_RECORDS_MAX, WAIT) {
            return sender.send(refusal(&error));
        }
        let idle = batch.is_empty();
        told = send_records(&mut sender, &mut batch)?.unwrap_or(told);
        told = send_passed(&mut sender, &*reader, told)?;
        if idle && is_gone(&mut incoming)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Position behind the last one.
fn send_records(sender: &mut Sender, batch: &mut Vec<Arc<Record>>) -> io::Result<Option<Position>> {
    let told = batch.last().map(|record| Position(record.position.0 + 1));
    let mut out = Outgoing::new(MessageKind::Records);
    for record in batch.drain(..) {
        write_record(&record, out.body());
        if out.len() >= RECORDS_BYTES {
            let full = std::mem::replace(&mut out, Outgoing::new(MessageKind::Records));
            sender.send(full)?;
        }
    }
    if !out.is_without_body() {
        sender.send(out)?;
    }
    Ok(told)
}

/// Tells how far the reader is, when what it passed of late was not for it.
fn send_passed(sender: &mut Sender, reader: &dyn Reader, told: Position) -> io::Result<Position> {
    let passed = reader.position();
    if passed > told {
        sender.send(Outgoing::new(MessageKind::Passed).u64(passed.0))?;
    }
    Ok(passed.max(told))
}

/// Its reader says nothing; it can only end.
fn is_gone(incoming: &mut Incoming) -> io::Result<bool> {
    match incoming.next(Duration::ZERO) {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(true),
        Err(error) => Err(error),
    }
}

fn refusal(error: &ReadError) -> Outgoing {
    match error {
        ReadError::Gone { asked, first } => Outgoing::new(MessageKind::Gone).u64(asked.0).u64(first.0),
        other => Outgoing::new(MessageKind::Denied).bytes(other.to_string().as_bytes()),
    }
}
