//! The task of one connection: a stranger until its first message names a session, then that session's socket.

use crate::Application;
use crate::admission::{Admission, Admitted, Pending, Visitor};
use crate::config::FRAME_BYTES_MAX;
use crate::credentials::Comparison;
use crate::driver::{Port, Shared};
use crate::socket::{Socket, TlsSocket};
use crate::statistics::Statistics;
use crate::strangers::Stranger;
use fix_session::{FrameLimits, Identified, Identity, identify};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpStream;

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
    fn read(&mut self, socket: &Socket) -> bool {
        let room = self.room();
        if room.is_empty() {
            return false;
        }
        match socket.try_read(room) {
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
pub(crate) async fn serve<A: Application>(
    shared: Rc<Shared<A>>,
    port: Rc<Port>,
    stream: TcpStream,
    peer: SocketAddr,
    stranger: Stranger,
) {
    let mut buffer = Buffer::new();
    let patience = Duration::from_millis(shared.limits.patience_ms);
    let introduced =
        tokio::time::timeout(patience, introduce(&shared, &port, stream, peer, &mut buffer)).await;
    drop(stranger);
    let Ok(Some((socket, admitted))) = introduced else {
        tracing::warn!(%peer, "connection closed without a word");
        Statistics::add(&shared.gateway.borrow().statistics.connections_refused, 1);
        return;
    };
    attend(&shared, Rc::new(socket), admitted, buffer).await;
    shared.gateway.borrow_mut().detach(admitted.index, shared.clock.now());
    shared.ended.notify_one();
}

/// Handshake, first message, proof.
async fn introduce<A: Application>(
    shared: &Shared<A>,
    port: &Port,
    stream: TcpStream,
    peer: SocketAddr,
    buffer: &mut Buffer,
) -> Option<(Socket, Admitted)> {
    let socket = match &port.tls {
        None => Socket::Plain(stream),
        Some(tls) => match TlsSocket::accept(stream, tls.config()).await {
            Ok(tls) => Socket::Tls(Box::new(tls)),
            Err(error) => {
                tracing::warn!(%peer, %error, "TLS handshake failed");
                Statistics::add(&shared.gateway.borrow().statistics.tls_failures, 1);
                return None;
            }
        },
    };
    let visitor =
        Visitor { peer, trusted: port.trusted, encrypted: port.tls.is_some(), names: socket.peer_names() };
    let admission = first_message(shared, &socket, buffer, &visitor).await?;
    let admitted = match admission {
        Admission::Admitted(admitted) => Some(admitted),
        Admission::Refused => None,
        Admission::Compare(pending, comparison) => compare(shared, &pending, comparison, &visitor).await,
    };
    if admitted.is_none() {
        socket.say_goodbye();
    }
    admitted.map(|admitted| (socket, admitted))
}

/// Reads until the first message is whole and says whose session this is (C-01).
async fn first_message<A: Application>(
    shared: &Shared<A>,
    socket: &Socket,
    buffer: &mut Buffer,
    visitor: &Visitor,
) -> Option<Admission> {
    let limits = FrameLimits { body_bytes_max: shared.limits.bytes_max };
    let judge =
        |identity: &Identity<'_>| shared.gateway.borrow_mut().admit(identity, visitor, shared.clock.now());
    loop {
        match identify(buffer.filled(), limits) {
            Identified::Message(identity) => return Some(judge(&identity)),
            Identified::Garbled => return None,
            Identified::NeedMore if buffer.filled >= shared.limits.bytes_max => return None,
            Identified::NeedMore => {}
        }
        socket.readable().await.ok()?;
        if !buffer.read(socket) {
            return None;
        }
    }
}

/// Compares a password away from the sessions' thread.
async fn compare<A: Application>(
    shared: &Shared<A>,
    pending: &Pending,
    comparison: Comparison,
    visitor: &Visitor,
) -> Option<Admitted> {
    let _turn = shared.comparing.acquire().await.ok()?;
    let holds = tokio::task::spawn_blocking(move || comparison.holds()).await.ok()?;
    match shared.gateway.borrow_mut().compared(pending, holds, visitor, shared.clock.now()) {
        Admission::Admitted(admitted) => Some(admitted),
        Admission::Refused | Admission::Compare(..) => None,
    }
}

/// Serves a session on its socket. Two connections cannot get here for one session: between the last question whether
/// it is free and this answer nothing else runs.
async fn attend<A: Application>(
    shared: &Shared<A>,
    socket: Rc<Socket>,
    admitted: Admitted,
    mut buffer: Buffer,
) {
    let (gateway, clock, index) = (&shared.gateway, &shared.clock, admitted.index);
    let wake = gateway.borrow_mut().attach(admitted, Rc::clone(&socket), clock.now());
    let used = gateway.borrow_mut().received(index, buffer.filled(), clock.now());
    buffer.consume(used);
    let alarm = tokio::time::sleep(Duration::ZERO);
    tokio::pin!(alarm);
    let mut armed = 0;
    loop {
        let plan = gateway.borrow_mut().plan(index, clock.now());
        if plan.over {
            return socket.say_goodbye();
        }
        // The deadline moves with every message; the alarm only follows when it would ring too late, or has rung.
        if let Some(at) = plan.deadline
            && (armed == 0 || at < armed)
        {
            alarm.as_mut().reset(clock.instant(at));
            armed = at;
        }
        tokio::select! {
            ready = socket.readable(), if plan.read => {
                if ready.is_err() || !buffer.read(&socket) {
                    return;
                }
                let used = gateway.borrow_mut().received(index, buffer.filled(), clock.now());
                buffer.consume(used);
            }
            ready = socket.writable(), if plan.write => {
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
