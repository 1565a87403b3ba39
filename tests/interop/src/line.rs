//! A line between two ends that a test can cut, hold up, or let swallow what is said.

use crate::WAIT_MAX;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From who connected.
    There,
    /// To who connected.
    Back,
}

/// What becomes of bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Flow {
    #[default]
    Passes,
    Waits,
    Vanishes,
}

#[derive(Debug, Default)]
struct State {
    cut: bool,
    there: Flow,
    back: Flow,
    /// What vanished, both ways, SOH as `|`.
    vanished: String,
    /// Both ends of what is connected.
    streams: Vec<TcpStream>,
}

impl State {
    fn flow(&self, way: Way) -> Flow {
        match way {
            Way::There => self.there,
            Way::Back => self.back,
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// Listens on a port of its own, and connects to another for everyone who comes.
#[derive(Debug)]
pub struct Line {
    port: u16,
    shared: Arc<Shared>,
}

impl Line {
    /// A line to `target`, whole from the beginning.
    pub fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let shared = Arc::<Shared>::default();
        let line = Self { port, shared: Arc::clone(&shared) };
        thread::spawn(move || listener.incoming().flatten().for_each(|near| join(&shared, near, target)));
        line
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends what is connected, and whatever connects until [`Line::mend`].
    pub fn cut(&self) {
        self.change(|state| {
            state.cut = true;
            for stream in state.streams.drain(..) {
                // Its other end may have gone before.
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
    }

    /// Whole again, both ways.
    pub fn mend(&self) {
        self.change(|state| {
            (state.cut, state.there, state.back) = (false, Flow::Passes, Flow::Passes);
            state.vanished.clear();
        });
    }

    /// What goes that way waits until [`Line::mend`].
    pub fn hold(&self, way: Way) {
        self.set(way, Flow::Waits);
    }

    /// What goes that way arrives nowhere.
    pub fn swallow(&self, way: Way) {
        self.set(way, Flow::Vanishes);
    }

    /// Waits until a text vanished.
    ///
    /// # Panics
    /// It does not within [`WAIT_MAX`].
    pub fn wait_vanished(&self, text: &str) {
        let waiting = |state: &mut State| !state.vanished.contains(text);
        let waited = self.shared.changed.wait_timeout_while(lock(&self.shared), WAIT_MAX, waiting);
        let (state, timeout) = waited.unwrap_or_else(|poisoned| poisoned.into_inner());
        assert!(!timeout.timed_out(), "{text} did not vanish, only {}", state.vanished);
    }

    fn set(&self, way: Way, flow: Flow) {
        self.change(|state| match way {
            Way::There => state.there = flow,
            Way::Back => state.back = flow,
        });
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut lock(&self.shared));
        self.shared.changed.notify_all();
    }
}

// A thread that panicked with it fails the test anyway.
fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Joins a connection to a new one; over a cut line, and where nobody listens, it ends at once.
fn join(shared: &Arc<Shared>, near: TcpStream, target: u16) {
    let mut state = lock(shared);
    if state.cut {
        return;
    }
    let Ok(far) = TcpStream::connect(("127.0.0.1", target)) else { return };
    for (way, from, to) in [(Way::There, &near, &far), (Way::Back, &far, &near)] {
        to.set_nodelay(true).expect("an open socket");
        let ends = from.try_clone().and_then(|from| Ok((from, to.try_clone()?)));
        let (from, to) = ends.expect("sockets can be had twice");
        let shared = Arc::clone(shared);
        thread::spawn(move || carry(&shared, way, from, to));
    }
    state.streams.extend([near, far]);
}

/// Carries bytes one way until either end is gone.
fn carry(shared: &Shared, way: Way, mut from: TcpStream, mut to: TcpStream) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        let waited =
            shared.changed.wait_while(lock(shared), |state| !state.cut && state.flow(way) == Flow::Waits);
        let mut state = waited.unwrap_or_else(|poisoned| poisoned.into_inner());
        if state.flow(way) == Flow::Vanishes {
            let text = String::from_utf8_lossy(&bytes[..count]).replace('\u{1}', "|");
            state.vanished.push_str(&text);
            shared.changed.notify_all();
            continue;
        }
        drop(state);
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    // The other way has nobody to carry for any more; either end may have gone before.
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
