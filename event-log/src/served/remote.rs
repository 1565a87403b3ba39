//! The side of a process that has no log of its own.

use super::cipher::Sender;
use super::handshake::{self, LogSecret, Purpose};
use super::line::{ALIVE_EVERY, CLOSED, NO_LEASE, POISONED, SILENCE_MAX, TOO_LARGE};
use super::message::{
    Fields, Incoming, MESSAGE_BYTES_MAX, Message, MessageKind, Outgoing, malformed, write_record,
};
use super::own_events::OwnEvents;
use super::remote_reader::RemoteReader;
use super::standing::{Bequest, Standing};
use crate::frame;
use crate::listeners::{Listeners, Wake};
use crate::sequence::TopicSet;
use crate::signal::{Shared, Signal};
use crate::{AppendError, EventLog, NewRecord, ReadError, Reader, Record, Recovery};
use assay_trading_types::{Position, Topic};
use std::collections::VecDeque;
use std::io;
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longest that connecting may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// How often the thread that listens looks whether to say that this process is there.
const LISTEN_WAIT: Duration = Duration::from_millis(250);

/// Where a log is served.
#[derive(Debug, Clone)]
pub struct RemoteConfig {
    /// Host and port; several by comma where the log could be served.
    pub address: String,
    /// What both sides know.
    pub secret: LogSecret,
    /// Who this is, for people: `host:pid` for instance.
    pub holder: String,
}

/// Why a served log cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// Nobody serves it there, or not to us.
    #[error("no log at {address}: {source}")]
    Unreachable {
        /// Where it was looked for.
        address: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The connection ended.
    #[error("the log at {address} is lost: {why}")]
    Lost {
        /// Where it was.
        address: String,
        /// Why.
        why: Arc<str>,
    },
}

/// What a process is to append as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lease {
    /// As a role, once nobody else does.
    Role(String),
    /// As nothing: it reads.
    None,
}

/// The state of a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted {
    /// It is ours; what the log held then.
    Yes(Box<Recovery>),
    /// Somebody has it, who is named once the server has said.
    Not(Option<String>),
}

/// A log that another process has open. Its connection is the lease: with it gone, everything is refused, and whoever
/// needs the log makes a new one and begins anew.
pub struct RemoteLog {
    core: Arc<Core>,
    listening: Option<JoinHandle<()>>,
}

/// What a log and its readers share.
pub(super) struct Core {
    config: RemoteConfig,
    sending: Shared<Sending>,
    state: Shared<State>,
    changed: Signal,
    own_events: Shared<OwnEvents>,
}

struct Sending {
    sender: Sender,
    last: Instant,
}

#[derive(Default)]
struct State {
    standing: Standing,
    /// Who holds the role that this process waits for.
    holder: Option<String>,
    bequest: Option<Bequest>,
    lost: Option<Arc<str>>,
    /// Groups under way, in the order of their answers.
    replies: VecDeque<SyncSender<Reply>>,
    listeners: Arc<Listeners>,
}

type Reply = Result<Position, AppendError>;

impl RemoteLog {
    /// Connects.
    ///
    /// # Errors
    /// Nobody serves the log there, or the secret is another.
    #[allow(clippy::disallowed_methods, reason = "a driver: it says that it is there")]
    pub fn connect(config: RemoteConfig, lease: &Lease) -> Result<Self, RemoteError> {
        let purpose = match lease {
            Lease::Role(role) => Purpose::Lease { role: role.clone(), holder: config.holder.clone() },
            Lease::None => Purpose::Watch,
        };
        let failed = |source| RemoteError::Unreachable { address: config.address.clone(), source };
        let stream = dial(&config.address).map_err(failed)?;
        let (sender, mut incoming) = handshake::greet(stream, &config.secret, &purpose).map_err(failed)?;
        let (standing, holder) = first_standing(&mut incoming).map_err(failed)?;
        let state = State { standing, holder, ..State::default() };
        let core = Arc::new(Core {
            sending: Shared::new(Sending { sender, last: Instant::now() }),
            state: Shared::new(state),
            changed: Signal::default(),
            own_events: Shared::default(),
            config: config.clone(),
        });
        let listening = Arc::clone(&core);
        let thread = std::thread::Builder::new().name("log-link".to_owned());
        let thread = thread.spawn(move || listening.listen(incoming)).map_err(failed)?;
        Ok(Self { core, listening: Some(thread) })
    }

    /// Waits up to `timeout` for the lease.
    ///
    /// # Errors
    /// The connection ended.
    pub fn granted(&self, timeout: Duration) -> Result<Granted, RemoteError> {
        let state = self.core.state.lock();
        let waiting = |state: &mut State| state.bequest.is_none() && state.lost.is_none();
        let state = self.core.changed.wait_up_to(state, timeout, waiting);
        if let Some(why) = &state.lost {
            return Err(RemoteError::Lost {
                address: self.core.config.address.clone(),
                why: Arc::clone(why),
            });
        }
        Ok(match &state.bequest {
            None => Granted::Not(state.holder.clone()),
            Some(bequest) => Granted::Yes(Box::new(Recovery {
                records: state.standing.end - bequest.first.0,
                first: bequest.first,
                end: Position(state.standing.end),
                torn: None,
                next_offsets: bequest.offsets.clone(),
                last_origins: bequest.origins.clone(),
            })),
        })
    }
}

/// The server begins by saying where the log stands; who holds the role may come before.
fn first_standing(incoming: &mut Incoming) -> io::Result<(Standing, Option<String>)> {
    let mut holder = None;
    loop {
        let message = incoming.next(SILENCE_MAX)?.ok_or(io::ErrorKind::TimedOut)?;
        match message.kind {
            MessageKind::Moved => return Ok((Standing::read(&mut Fields(message.body))?, holder)),
            MessageKind::Waiting => holder = Some(Fields(message.body).text()),
            _ => return Err(malformed("a message out of turn")),
        }
    }
}

/// The first of several places, by comma, that answers.
fn dial(places: &str) -> io::Result<TcpStream> {
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for place in places.split(',') {
        match dial_one(place.trim()) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

fn dial_one(place: &str) -> io::Result<TcpStream> {
    let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in place.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_MAX) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

impl Drop for RemoteLog {
    fn drop(&mut self) {
        // One that ended by itself cannot be ended again.
        let _ = self.core.sending.lock().sender.stream().shutdown(Shutdown::Both);
        if let Some(thread) = self.listening.take() {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

impl Core {
    pub(super) fn standing(&self) -> Standing {
        self.state.lock().standing
    }

    /// Waits up to `timeout` until everything below `target` is durable or the log is lost.
    pub(super) fn wait_until_durable(&self, target: u64, timeout: Duration) {
        let short = |state: &mut State| state.standing.durable < target && state.lost.is_none();
        drop(self.changed.wait_up_to(self.state.lock(), timeout, short));
    }

    pub(super) fn lost(&self) -> Option<Arc<str>> {
        self.state.lock().lost.clone()
    }

    /// The record, with its event if this process appended it.
    pub(super) fn with_event(&self, record: Record) -> Record {
        let event = self.own_events.lock().find(record.position.0);
        Record { event, ..record }
    }

    fn listen(&self, mut incoming: Incoming) {
        let mut silent = Duration::ZERO;
        let ended = loop {
            let heard = incoming.next(LISTEN_WAIT).and_then(|message| match message {
                Some(message) => self.hear(message).map(|()| true),
                None => Ok(false),
            });
            silent = match heard {
                Ok(true) => Duration::ZERO,
                Ok(false) if silent >= SILENCE_MAX => break io::Error::from(io::ErrorKind::TimedOut),
                Ok(false) => silent + LISTEN_WAIT,
                Err(error) => break error,
            };
            if let Err(error) = self.say_alive() {
                break error;
            }
        };
        self.lose(&ended.to_string());
    }

    fn hear(&self, message: Message<'_>) -> io::Result<()> {
        let mut fields = Fields(message.body);
        match message.kind {
            MessageKind::Moved => self.move_to(Standing::read(&mut fields)?),
            MessageKind::Waiting => self.state.lock().holder = Some(fields.text()),
            MessageKind::Granted => {
                let (standing, bequest) = (Standing::read(&mut fields)?, Bequest::read(fields)?);
                self.move_to(standing);
                self.state.lock().bequest = Some(bequest);
                self.changed.notify();
            }
            MessageKind::Appended => {
                let last = Position(fields.u64()?);
                self.move_to(Standing::read(&mut fields)?);
                self.answer(Ok(last))?;
            }
            MessageKind::Refused => self.answer(Err(refusal(fields)?))?,
            MessageKind::Denied => return Err(io::Error::other(fields.text())),
            _ => return Err(malformed("a message out of turn")),
        }
        Ok(())
    }

    fn move_to(&self, standing: Standing) {
        let mut state = self.state.lock();
        let before = std::mem::replace(&mut state.standing, standing);
        let listeners = Arc::clone(&state.listeners);
        drop(state);
        self.changed.notify();
        let grown = standing.grown_since(&before);
        if grown != TopicSet::NONE {
            listeners.appended(grown);
        }
        if standing.durable > before.durable {
            listeners.synced(TopicSet::of(&Topic::ALL));
        }
    }

    fn answer(&self, reply: Reply) -> io::Result<()> {
        let asked = self.state.lock().replies.pop_front().ok_or_else(|| malformed("an answer to nothing"))?;
        // Each has room for its one answer.
        let _ = asked.try_send(reply);
        Ok(())
    }

    /// The log is lost as a whole, whichever connection ended first.
    pub(super) fn lose(&self, why: &str) {
        let mut state = self.state.lock();
        if state.lost.is_some() {
            return;
        }
        state.lost = Some(why.into());
        state.replies.clear();
        let listeners = Arc::clone(&state.listeners);
        drop(state);
        self.changed.notify();
        listeners.ended();
    }

    #[allow(clippy::disallowed_methods, reason = "a driver: it says that it is there")]
    fn say_alive(&self) -> io::Result<()> {
        let mut sending = self.sending.lock();
        if sending.last.elapsed() < ALIVE_EVERY {
            return Ok(());
        }
        sending.send(Outgoing::new(MessageKind::Alive))
    }

    /// Sends a group; its answer comes on the receiver, which ends without one when the log is lost.
    fn send_group(&self, message: Outgoing) -> Result<Receiver<Reply>, AppendError> {
        let (answer, answered) = sync_channel(1);
        // Held over both, so that answers come in the order of the list.
        let mut sending = self.sending.lock();
        let mut state = self.state.lock();
        if let Some(why) = &state.lost {
            return Err(AppendError::Poisoned(Arc::clone(why)));
        }
        state.replies.push_back(answer);
        drop(state);
        if let Err(error) = sending.send(message) {
            // Half a message may be on its way: nothing more can follow it.
            let _ = sending.sender.stream().shutdown(Shutdown::Both);
            return Err(AppendError::Poisoned(error.to_string().into()));
        }
        Ok(answered)
    }

    fn poison(&self) -> AppendError {
        AppendError::Poisoned(self.lost().unwrap_or_else(|| "the connection to the log ended".into()))
    }
}

impl Sending {
    #[allow(clippy::disallowed_methods, reason = "a driver: it says that it is there")]
    fn send(&mut self, message: Outgoing) -> io::Result<()> {
        self.last = Instant::now();
        self.sender.send(message)
    }
}

fn refusal(mut fields: Fields<'_>) -> io::Result<AppendError> {
    Ok(match fields.u8()? {
        TOO_LARGE => AppendError::TooLarge { bytes: fields.u64()? as usize, max: fields.u64()? as usize },
        POISONED => AppendError::Poisoned(fields.text().into()),
        CLOSED => AppendError::Closed,
        NO_LEASE => AppendError::Poisoned("this process holds no lease on the log".into()),
        _ => return Err(malformed("a refusal that is not known")),
    })
}

/// A record as it will be, but for its place.
fn placeless(new: &NewRecord) -> Record {
    Record {
        position: Position(0),
        topic: new.topic,
        partition: new.partition,
        offset: 0,
        key: new.key.clone(),
        kind: new.value.kind(),
        at: new.at,
        origin: new.origin,
        trace: new.trace,
        actor: new.actor,
        wire: new.wire,
        value: new.value.bytes().clone(),
        event: None,
    }
}

impl EventLog for RemoteLog {
    fn append(&self, records: &mut Vec<NewRecord>) -> Result<Position, AppendError> {
        if records.is_empty() {
            return Ok(Position(self.core.standing().end.saturating_sub(1)));
        }
        if let Some(key) = records.iter().map(|r| r.key.len()).find(|key| *key > frame::KEY_BYTES_MAX) {
            return Err(AppendError::TooLarge { bytes: key, max: frame::KEY_BYTES_MAX });
        }
        let bytes: usize = records.iter().map(frame::frame_bytes).sum();
        if bytes >= MESSAGE_BYTES_MAX {
            return Err(AppendError::TooLarge { bytes, max: MESSAGE_BYTES_MAX });
        }
        let mut message = Outgoing::new(MessageKind::Append);
        message.body().reserve(bytes);
        records.iter().for_each(|new| write_record(&placeless(new), message.body()));
        let answer = self.core.send_group(message)?;
        let last = answer.recv().map_err(|_| self.core.poison())??;
        self.core.own_events.lock().keep(records, last.0);
        records.clear();
        Ok(last)
    }

    fn end(&self) -> Position {
        Position(self.core.standing().end)
    }

    fn durable(&self) -> Position {
        Position(self.core.standing().durable)
    }

    fn wait_durable(&self, target: Position, timeout: Duration) -> Result<Position, AppendError> {
        self.core.wait_until_durable(target.0, timeout);
        let state = self.core.state.lock();
        match &state.lost {
            Some(why) if state.standing.durable < target.0 => Err(AppendError::Poisoned(Arc::clone(why))),
            _ => Ok(Position(state.standing.durable)),
        }
    }

    fn on_change(&self, topics: &[Topic], wake: Wake) {
        let topics = TopicSet::of(topics);
        let mut state = self.core.state.lock();
        state.listeners = Arc::new(state.listeners.with_waker(topics, wake));
        drop(state);
        // A connection that ended tells its listeners so.
        let _ = self.core.sending.lock().send(Outgoing::new(MessageKind::Wake).bytes(&[topics.bits()]));
    }

    fn reader(
        &self,
        topics: &[Topic],
        from: Position,
        durable_only: bool,
    ) -> Result<Box<dyn Reader>, ReadError> {
        if let Some(why) = self.core.lost() {
            return Err(ReadError::Poisoned(why));
        }
        let topics = TopicSet::of(topics);
        let purpose = Purpose::Read { topics, from, durable_only };
        let unreachable =
            |error: io::Error| ReadError::Poisoned(format!("the log cannot be read: {error}").into());
        let (_, incoming) = dial(&self.core.config.address)
            .and_then(|stream| handshake::greet(stream, &self.core.config.secret, &purpose))
            .map_err(unreachable)?;
        let reader = RemoteReader::begin(Arc::clone(&self.core), incoming, topics, from, durable_only)?;
        Ok(Box::new(reader))
    }

    fn poisoned(&self) -> Option<Arc<str>> {
        self.core.lost()
    }
}
