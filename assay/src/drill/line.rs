//! A loopback line between one counterparty and the server, on which things go wrong on demand.
//!
//! ```text
//! counterparty <--> line <--> server        two threads a connection, one a direction
//! ```
//! The line keeps its address while servers come and go, and everything on it passes the [`Witness`].

use super::witness::{Frames, Passed, Witness};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often an idle direction looks for what is to go wrong, and whether all is over.
const LOOK: Duration = Duration::from_millis(20);

/// A socket that takes no byte for so long is left.
const WRITE_MAX: Duration = Duration::from_secs(5);

/// A half of a connection whose other half is gone is kept no longer.
const HALF_OPEN_MAX: Duration = Duration::from_secs(20);

/// Where bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    ToServer,
    ToClient,
}

/// What goes wrong with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Of the next bytes that go there so many pass, the rest is lost, and both ends are cut off.
    Cut(Direction, usize),
    /// Nothing passes there for a while.
    Stall(Direction, Duration),
    /// So many bytes go there one by one.
    Trickle(Direction, usize),
    /// Nothing passes any more. One end may be told by a close; the other, or both, have to find out by the silence.
    HalfOpen { told: Option<Direction> },
}

/// What all lines saw, for whoever waits for a moment.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) logons: AtomicU64,
    pub(super) resend_requests: AtomicU64,
    pub(super) repeated: AtomicU64,
    pub(super) troubles: AtomicU64,
}

impl Tally {
    fn note(&self, passed: Passed) {
        match passed {
            Passed::Logon => self.logons.fetch_add(1, Ordering::Relaxed),
            Passed::ResendRequest => self.resend_requests.fetch_add(1, Ordering::Relaxed),
            Passed::Repeated => self.repeated.fetch_add(1, Ordering::Relaxed),
            Passed::Other => 0,
        };
    }
}

/// A line that is up.
pub(super) struct Line {
    /// Where the counterparty connects.
    pub(super) address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    /// Where the server is; nowhere between two of them.
    server: Mutex<Option<SocketAddr>>,
    trouble: Mutex<Option<Trouble>>,
    witness: Mutex<Witness>,
    tally: Arc<Tally>,
    over: AtomicBool,
}

impl Line {
    /// Puts up a line that leads nowhere yet.
    pub(super) fn put_up(tally: Arc<Tally>) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            server: Mutex::new(None),
            trouble: Mutex::new(None),
            witness: Mutex::new(Witness::default()),
            tally,
            over: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        let accepting = std::thread::Builder::new()
            .name("line".to_owned())
            .spawn(move || accept(&listener, &accepting))?;
        Ok(Self { address, shared, accepting: Some(accepting) })
    }

    /// Where new connections lead from now on.
    pub(super) fn lead_to(&self, server: Option<SocketAddr>) {
        *locked(&self.shared.server) = server;
    }

    /// The next bytes or the next look meet `trouble`.
    pub(super) fn strike(&self, trouble: Option<Trouble>) {
        *locked(&self.shared.trouble) = trouble;
    }

    /// What was said on it last, in words.
    pub(super) fn last_words(&self) -> String {
        let witness = locked(&self.shared.witness);
        witness.last_words().fold(String::new(), |text, words| text + "    " + words + "\n")
    }

    /// What was said on it that must not be.
    pub(super) fn take_faults(&self) -> Vec<String> {
        locked(&self.shared.witness).take_faults()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Release);
        // Wakes the accepting thread; when it is gone there is nobody to wake.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut pumps: Vec<JoinHandle<()>> = Vec::new();
    while let Ok((client, _)) = listener.accept() {
        if shared.over.load(Ordering::Acquire) {
            break;
        }
        pumps.retain(|pump| !pump.is_finished());
        // A server that is not there is what the counterparty sees: its connection closes.
        if let Ok(connection) = connect(client, shared) {
            pumps.extend(connection);
        }
    }
    pumps.into_iter().for_each(|pump| _ = pump.join());
}

fn connect(client: TcpStream, shared: &Arc<Shared>) -> std::io::Result<[JoinHandle<()>; 2]> {
    let address = locked(&shared.server).ok_or(ErrorKind::NotConnected)?;
    let server = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    for socket in [&client, &server] {
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(LOOK))?;
        socket.set_write_timeout(Some(WRITE_MAX))?;
    }
    let deaf = Arc::new(AtomicBool::new(false));
    let up = Pump {
        direction: Direction::ToServer,
        from: client.try_clone()?,
        to: server.try_clone()?,
        deaf: Arc::clone(&deaf),
        shared: Arc::clone(shared),
    };
    let down =
        Pump { direction: Direction::ToClient, from: server, to: client, deaf, shared: Arc::clone(shared) };
    Ok([std::thread::spawn(move || up.run()), std::thread::spawn(move || down.run())])
}

/// One direction of one connection.
struct Pump {
    direction: Direction,
    from: TcpStream,
    to: TcpStream,
    /// Nothing passes any more, in either direction.
    deaf: Arc<AtomicBool>,
    shared: Arc<Shared>,
}

/// Whether a direction goes on.
#[derive(PartialEq, Eq)]
enum Flow {
    On,
    Over,
}

impl Pump {
    fn run(mut self) {
        let (mut frames, mut buffer) = (Frames::default(), vec![0; 64 << 10]);
        let mut deaf_since = None;
        while !self.shared.over.load(Ordering::Acquire) {
            let count = match self.from.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if is_idle(&error) => 0,
                Err(_) => break,
            };
            if self.deaf.load(Ordering::Acquire) {
                if deaf_since.get_or_insert_with(now).elapsed() > HALF_OPEN_MAX {
                    break;
                }
                continue;
            }
            frames.feed(&buffer[..count], |frame| self.judge(frame));
            if self.pass(&buffer[..count]) == Flow::Over {
                break;
            }
        }
        self.hang_up();
    }

    fn judge(&self, frame: &[u8]) {
        let mut witness = locked(&self.shared.witness);
        let passed = match self.direction {
            Direction::ToServer => witness.client_said(frame),
            Direction::ToClient => witness.server_said(frame),
        };
        self.shared.tally.note(passed);
    }

    /// Writes `bytes`, or does with them what is to go wrong.
    fn pass(&mut self, bytes: &[u8]) -> Flow {
        match self.trouble(bytes.len()) {
            None => self.write(bytes),
            Some(Trouble::Cut(_, count)) => {
                let _ = self.write(&bytes[..count.min(bytes.len())]);
                Flow::Over
            }
            Some(Trouble::Stall(_, time)) => {
                std::thread::sleep(time);
                self.write(bytes)
            }
            Some(Trouble::Trickle(_, count)) => {
                let (slow, rest) = bytes.split_at(count.min(bytes.len()));
                match slow.chunks(1).all(|byte| self.write(byte) == Flow::On) {
                    true => self.write(rest),
                    false => Flow::Over,
                }
            }
            Some(Trouble::HalfOpen { told }) => {
                self.deaf.store(true, Ordering::Release);
                let told = told.map(|told| if told == self.direction { &self.to } else { &self.from });
                // A socket that is gone already is told.
                told.map(|socket| socket.shutdown(Shutdown::Both));
                Flow::On
            }
        }
    }

    /// What is to go wrong now in this direction.
    fn trouble(&self, count: usize) -> Option<Trouble> {
        let taken = locked(&self.shared.trouble).take_if(|trouble| match trouble {
            Trouble::HalfOpen { .. } => true,
            Trouble::Cut(direction, _) => *direction == self.direction,
            Trouble::Stall(direction, _) | Trouble::Trickle(direction, _) => {
                *direction == self.direction && count > 0
            }
        });
        if taken.is_some() {
            self.shared.tally.troubles.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    fn write(&mut self, bytes: &[u8]) -> Flow {
        if self.to.write_all(bytes).is_ok() { Flow::On } else { Flow::Over }
    }

    fn hang_up(&self) {
        // On a half-open connection the other end is not to be told.
        let _ = self.from.shutdown(Shutdown::Both);
        if !self.deaf.load(Ordering::Acquire) || self.shared.over.load(Ordering::Acquire) {
            let _ = self.to.shutdown(Shutdown::Both);
        }
    }
}

fn is_idle(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

#[allow(clippy::disallowed_methods)] // a driver
fn now() -> Instant {
    Instant::now()
}
