//! Messages of a connection: length, kind, body. Numbers are little-endian.

use super::cipher::Opener;
use crate::Record;
use crate::frame::{self, Frame, Framing};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What a message is. The numbers stand on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum MessageKind {
    Hello = 1,
    Proof = 2,
    Append = 3,
    Alive = 4,
    Wake = 5,
    Challenge = 65,
    Waiting = 66,
    Granted = 67,
    Moved = 68,
    Appended = 69,
    Refused = 70,
    Records = 71,
    Passed = 72,
    Denied = 73,
    Gone = 74,
}

impl MessageKind {
    const ALL: [Self; 15] = [
        Self::Hello,
        Self::Proof,
        Self::Append,
        Self::Alive,
        Self::Wake,
        Self::Challenge,
        Self::Waiting,
        Self::Granted,
        Self::Moved,
        Self::Appended,
        Self::Refused,
        Self::Records,
        Self::Passed,
        Self::Denied,
        Self::Gone,
    ];

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// Bytes before a message's body: its length (kind and body) and its kind.
const HEAD_BYTES: usize = 5;

/// Longest message before both sides have proved themselves.
pub(super) const STRANGER_BYTES_MAX: usize = 1 << 10;

/// Longest message: a group as large as a log's queue takes.
pub(super) const MESSAGE_BYTES_MAX: usize = 72 << 20;

/// Room that is made for a read.
const READ_BYTES: usize = 128 << 10;

/// A message under construction, whose length is filled in at the end.
pub(super) struct Outgoing(Vec<u8>);

impl Outgoing {
    pub(super) fn new(kind: MessageKind) -> Self {
        Self(vec![0, 0, 0, 0, kind as u8])
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn u64(self, number: u64) -> Self {
        self.bytes(&number.to_le_bytes())
    }

    /// Where frames go, one behind another.
    pub(super) fn body(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_without_body(&self) -> bool {
        self.0.len() == HEAD_BYTES
    }

    /// The whole of it.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let length = (self.0.len() - HEAD_BYTES + 1) as u32;
        self.0[..4].copy_from_slice(&length.to_le_bytes());
        self.0
    }
}

/// Frames on a connection: it is not a segment of any file.
const FRAMING: Framing = Framing { salt: 0, batch: 0, group_continues: false };

/// Appends a record as it stands in appends and in records.
pub(super) fn write_record(record: &Record, out: &mut Vec<u8>) {
    frame::encode(record, FRAMING, out);
}

/// Calls `take` with the records that stand one behind another in `body`.
pub(super) fn read_records(mut body: &[u8], mut take: impl FnMut(Record)) -> io::Result<()> {
    while !body.is_empty() {
        let length = frame::length(body).filter(|length| *length <= body.len());
        let (bytes, rest) = body.split_at(length.ok_or_else(|| malformed("a record is cut short"))?);
        let frame =
            Frame::check(bytes, FRAMING.salt).ok_or_else(|| malformed("a record's checksum is wrong"))?;
        take(frame.record().map_err(malformed)?);
        body = rest;
    }
    Ok(())
}

/// Sends a whole message in clear, before there is anything to encrypt with.
pub(super) fn send(mut stream: &TcpStream, message: Outgoing) -> io::Result<()> {
    stream.write_all(&message.finish())
}

/// A message that arrived.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) kind: MessageKind,
    pub(super) body: &'a [u8],
}

/// What arrives on a connection, message by message, in bounded memory.
pub(super) struct Incoming {
    stream: TcpStream,
    /// As it came from the socket.
    arrived: Window,
    /// What opens it, and what it is; none before both sides have proved themselves.
    opened: Option<(Opener, Window)>,
    message_bytes_max: usize,
}

impl Incoming {
    /// Of a connection whose other side is still a stranger.
    pub(super) fn new(stream: TcpStream) -> Self {
        let message_bytes_max = STRANGER_BYTES_MAX;
        Self { stream, arrived: Window::default(), opened: None, message_bytes_max }
    }

    /// From here on everything is encrypted.
    pub(super) fn open_with(&mut self, opener: Opener) {
        self.opened = Some((opener, Window::default()));
    }

    /// The other side has proved itself.
    pub(super) fn trust(&mut self) {
        self.message_bytes_max = MESSAGE_BYTES_MAX;
    }

    /// The next message; none when it is not there whole within `patience`, which may be zero.
    ///
    /// # Errors
    /// The connection ended, or what arrived is no message.
    #[allow(clippy::disallowed_methods, reason = "a driver: it waits for a socket")]
    pub(super) fn next(&mut self, patience: Duration) -> io::Result<Option<Message<'_>>> {
        let mut deadline = None;
        let length = loop {
            self.open()?;
            if let Some(length) = self.whole()? {
                break length;
            }
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + patience);
            if !self.fill(deadline.saturating_duration_since(Instant::now()))? {
                return Ok(None);
            }
        };
        let message = self.messages().take(4 + length);
        let kind =
            MessageKind::from_number(message[4]).ok_or_else(|| malformed("a message of unknown kind"))?;
        Ok(Some(Message { kind, body: &message[HEAD_BYTES..] }))
    }

    fn messages(&mut self) -> &mut Window {
        match &mut self.opened {
            Some((_, plain)) => plain,
            None => &mut self.arrived,
        }
    }

    /// Opens what has arrived, up to the end of the first message and as little as possible of the next.
    fn open(&mut self) -> io::Result<()> {
        while self.whole()?.is_none() {
            let Some((opener, plain)) = &mut self.opened else { return Ok(()) };
            let sealed = self.arrived.there();
            let Some(room) = Opener::room(sealed) else { return Ok(()) };
            let (taken, given) = opener.open(sealed, plain.room(room))?;
            plain.end += given;
            self.arrived.take(taken);
        }
        Ok(())
    }

    /// Length of the message at the beginning, if all of it is there.
    fn whole(&mut self) -> io::Result<Option<usize>> {
        let max = self.message_bytes_max;
        let there = self.messages().there();
        let Some(length) = there.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        match length {
            0 => Err(malformed("a message without kind")),
            _ if length > max => Err(malformed("a message longer than any may be")),
            _ => Ok((there.len() >= 4 + length).then_some(length)),
        }
    }

    /// Takes in what the socket has, waiting up to `patience` for it; says whether anything came.
    fn fill(&mut self, patience: Duration) -> io::Result<bool> {
        if !is_readable(&self.stream, patience)? {
            return Ok(false);
        }
        match self.stream.read(self.arrived.room(READ_BYTES / 2)) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                self.arrived.end += count;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(error),
        }
    }
}

/// Bytes that came and were not taken yet.
#[derive(Default)]
struct Window {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Window {
    fn there(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    fn take(&mut self, count: usize) -> &[u8] {
        let taken = self.start;
        self.start += count;
        &self.buffer[taken..taken + count]
    }

    /// Where more may come: at least `bytes`.
    fn room(&mut self, bytes: usize) -> &mut [u8] {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.buffer.len() - self.end < bytes {
            self.buffer.resize(self.end + bytes.max(READ_BYTES), 0);
        }
        &mut self.buffer[self.end..]
    }
}

fn is_readable(stream: &TcpStream, patience: Duration) -> io::Result<bool> {
    let timeout = Timespec::try_from(patience).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
    let mut sockets = [PollFd::new(stream, PollFlags::IN)];
    match poll(&mut sockets, Some(&timeout)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn malformed(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

/// A body's fields, one after another.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let (field, rest) =
            self.0.split_first_chunk::<N>().ok_or_else(|| malformed("a message is too short"))?;
        self.0 = rest;
        Ok(*field)
    }

    pub(super) fn u8(&mut self) -> io::Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u16(&mut self) -> io::Result<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> io::Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// What is left, as text; bytes that are none are shown as such.
    pub(super) fn text(self) -> String {
        String::from_utf8_lossy(self.0).into_owned()
    }
}
