//! The task of one connection: a stranger until its first message names a session, then that session's socket.

use crate::Application;
use crate::config::FRAME_BYTES_MAX;
use crate::driver::Shared;
use crate::statistics::Statistics;
use fix_session::{FrameLimits, Identified, identify};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpStream;

/// Bytes a stranger may send before its Logon is whole (C-09).
const STRANGER_BYTES_MAX: usize = 8 << 10;

/// Time a stranger has for it (T-01).
const STRANGER_PATIENCE: Duration = Duration::from_secs(10);

/// Read at once: some 300 orders, which then share one append and one disk sync.
const READ_BYTES: usize = 64 << 10;

/// Largest buffer: a longest message and as much again behind it.
const BUFFER_BYTES_MAX: usize = 2 * FRAME_BYTES_MAX;

/// What was read and not yet used.
struct Buffer {
    bytes: Vec<u8>,
    filled: usize,
}

impl Buffer {
    fn new() -> Self {
        Self { bytes: vec![0; READ_BYTES], filled: 0 }
    }

    fn filled(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    /// Room to read into. Grows to hold a longest message.
    fn room(&mut self) -> &mut [u8] {
        if self.filled == self.bytes.len() {
            let more = (self.bytes.len() * 2).min(BUFFER_BYTES_MAX);
            self.bytes.resize(more, 0);
        }
        &mut self.bytes[self.filled..]
    }

    fn consume(&mut self, count: usize) {
        self.bytes.copy_within(count..self.filled, 0);
        self.filled -= count;
    }

    /// Reads once. `false`: the peer is gone or sends what no message can be.
    fn read(&mut self, stream: &TcpStream) -> bool {
        let room = self.room();
        if room.is_empty() {
            return false;
        }
        match stream.try_read(room) {
            Ok(0) => false,
            Ok(count) => {
                self.filled += count;
                true
            }
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        }
    }
}

/// Serves one connection to its end.
pub(crate) async fn serve<A: Application>(shared: Rc<Shared<A>>, stream: TcpStream, peer: SocketAddr) {
    let mut buffer = Buffer::new();
    shared.strangers.set(shared.strangers.get() + 1);
    let introduced = tokio::time::timeout(STRANGER_PATIENCE, introduce(&shared, &stream, &mut buffer)).await;
    shared.strangers.set(shared.strangers.get() - 1);
    let Ok(Some(index)) = introduced else {
        tracing::warn!(%peer, "connection closed without a word");
        Statistics::add(&shared.gateway.borrow().statistics.connections_refused, 1);
        return;
    };
    attend(&shared, Rc::new(stream), index, buffer).await;
    shared.gateway.borrow_mut().detach(index, shared.clock.now());
    shared.ended.notify_one();
}

/// Reads until the first message is whole and says whose session this is (C-01).
async fn introduce<A: Application>(
    shared: &Shared<A>,
    stream: &TcpStream,
    buffer: &mut Buffer,
) -> Option<usize> {
    let limits = FrameLimits { body_bytes_max: STRANGER_BYTES_MAX };
    loop {
        match identify(buffer.filled(), limits) {
            Identified::Message(identity) => return shared.gateway.borrow().identify(&identity),
            Identified::Garbled => return None,
            Identified::NeedMore if buffer.filled >= STRANGER_BYTES_MAX => return None,
            Identified::NeedMore => {}
        }
        stream.readable().await.ok()?;
        if !buffer.read(stream) {
            return None;
        }
    }
}

/// Serves session `index` on its socket. Two connections cannot get here for one session: between the question and
/// the answer nothing else runs.
async fn attend<A: Application>(shared: &Shared<A>, stream: Rc<TcpStream>, index: usize, mut buffer: Buffer) {
    let (gateway, clock) = (&shared.gateway, &shared.clock);
    let wake = gateway.borrow_mut().attach(index, Rc::clone(&stream), clock.now());
    let used = gateway.borrow_mut().received(index, buffer.filled(), clock.now());
    buffer.consume(used);
    let alarm = tokio::time::sleep(Duration::ZERO);
    tokio::pin!(alarm);
    let mut armed = 0;
    loop {
        let plan = gateway.borrow_mut().plan(index);
        if plan.over {
            return;
        }
        // The deadline moves with every message; the alarm only follows when it would ring too late, or has rung.
        if let Some(at) = plan.deadline
            && (armed == 0 || at < armed)
        {
            alarm.as_mut().reset(clock.instant(at));
            armed = at;
        }
        tokio::select! {
            ready = stream.readable(), if plan.read => {
                if ready.is_err() || !buffer.read(&stream) {
                    return;
                }
                let used = gateway.borrow_mut().received(index, buffer.filled(), clock.now());
                buffer.consume(used);
            }
            ready = stream.writable(), if plan.write => {
                if ready.is_err() {
                    return;
                }
                gateway.borrow_mut().writable(index);
            }
            () = wake.notified() => {}
            () = tokio::task::yield_now(), if plan.replay => gateway.borrow_mut().replay(index, clock.now()),
            () = &mut alarm, if armed != 0 => {
                armed = 0;
                gateway.borrow_mut().timeout(index, clock.now());
            }
        }
    }
}
