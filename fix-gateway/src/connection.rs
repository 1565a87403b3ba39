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

/// How long a session streams what is stored before others get their turn: as long as one of them that trades takes to have
/// what it has read at once decided.
const STREAM_NS: u64 = 1_000_000;

/// Room for the beginning of a message that a connection keeps; more is given back with the message's end.
const KEPT_BYTES_MAX: usize = 4 << 10;

/// The beginning of a message that is not whole, if there is one. What is read goes through memory that all connections
/// share, so that one that is idle has none.
#[derive(Default)]
struct Begun(Vec<u8>);

impl Begun {
    /// Reads once and hands what there is to `take`, which says how many bytes it is done with. `false`: the peer is gone or
    /// sends what no message can be.
    fn read(&mut self, socket: &Socket, shared: &mut Vec<u8>, take: impl FnOnce(&[u8]) -> usize) -> bool {
        let begun = self.0.len();
        if begun >= READ_BYTES {
            return self.read_on(socket, take);
        }
        let room = READ_BYTES.max(2 * begun);
        if shared.len() < room {
            shared.resize(room, 0);
        }
        shared[..begun].copy_from_slice(&self.0);
        match socket.try_read(&mut shared[begun..room]) {
            Ok(0) => false,
            Ok(count) => {
                let filled = &shared[..begun + count];
                let used = take(filled);
                self.keep(&filled[used..]);
                true
            }
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        }
    }

    /// Goes on with a long message where it stands: its beginning is not copied with each piece that arrives.
    fn read_on(&mut self, socket: &Socket, take: impl FnOnce(&[u8]) -> usize) -> bool {
        let begun = self.0.len();
        if begun >= BUFFER_BYTES_MAX {
            return false;
        }
        self.0.resize(begun + READ_BYTES, 0);
        let read = socket.try_read(&mut self.0[begun..]);
        self.0.truncate(begun + read.as_ref().map_or(0, |count| *count));
        match read {
            Ok(0) => false,
            Ok(_) => {
                self.use_up(take);
                if self.0.is_empty() {
                    self.0.shrink_to(KEPT_BYTES_MAX);
                }
                true
            }
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        }
    }

    fn keep(&mut self, rest: &[u8]) {
        self.0.clear();
        if rest.is_empty() {
            self.0.shrink_to(KEPT_BYTES_MAX);
        }
        self.0.extend_from_slice(rest);
    }

    /// Hands what there is to `take` without reading.
    fn use_up(&mut self, take: impl FnOnce(&[u8]) -> usize) {
        let used = take(&self.0);
        self.0.drain(..used);
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
    let mut begun = Begun::default();
    let patience = Duration::from_millis(shared.limits.patience_ms);
    let introduced =
        tokio::time::timeout(patience, introduce(&shared, &port, stream, peer, &mut begun)).await;
    drop(stranger);
    let Ok(Some((socket, admitted))) = introduced else {
        tracing::warn!(%peer, "connection closed without a word");
        Statistics::add(&shared.gateway.borrow().statistics.connections_refused, 1);
        return;
    };
    attend(&shared, Rc::new(socket), admitted, begun).await;
    shared.gateway.borrow_mut().detach(admitted.index, shared.clock.now());
    shared.ended.notify_one();
}

/// Handshake, first message, proof.
async fn introduce<A: Application>(
    shared: &Shared<A>,
    port: &Port,
    stream: TcpStream,
    peer: SocketAddr,
    begun: &mut Begun,
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
    let admission = first_message(shared, &socket, begun, &visitor).await?;
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
    begun: &mut Begun,
    visitor: &Visitor,
) -> Option<Admission> {
    let limits = FrameLimits { body_bytes_max: shared.limits.bytes_max };
    let judge =
        |identity: &Identity<'_>| shared.gateway.borrow_mut().admit(identity, visitor, shared.clock.now());
    loop {
        match identify(&begun.0, limits) {
            Identified::Message(identity) => return Some(judge(&identity)),
            Identified::Garbled => return None,
            Identified::NeedMore if begun.0.len() >= shared.limits.bytes_max => return None,
            Identified::NeedMore => {}
        }
        socket.readable().await.ok()?;
        if !begun.read(socket, &mut shared.reading.borrow_mut(), |_| 0) {
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
    mut begun: Begun,
) {
    let (gateway, clock, index) = (&shared.gateway, &shared.clock, admitted.index);
    let wake = gateway.borrow_mut().attach(admitted, Rc::clone(&socket), clock.now());
    begun.use_up(|bytes| gateway.borrow_mut().received(index, bytes, clock.now()));
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
                let take = |bytes: &[u8]| gateway.borrow_mut().received(index, bytes, clock.now());
                if ready.is_err() || !begun.read(&socket, &mut shared.reading.borrow_mut(), take) {
                    return;
                }
            }
            ready = socket.writable(), if plan.write => {
                if ready.is_err() {
                    return;
                }
                gateway.borrow_mut().writable(index);
            }
            () = wake.notified() => {}
            () = tokio::task::yield_now(), if plan.replay => stream(shared, index),
            () = &mut alarm, if armed != 0 => {
                armed = 0;
                gateway.borrow_mut().timeout(index, clock.now());
            }
        }
    }
}

/// Sends some of what is stored, then lets the other sessions have their turn.
fn stream<A: Application>(shared: &Shared<A>, index: usize) {
    let mut gateway = shared.gateway.borrow_mut();
    let end = shared.clock.now().mono_ns + STREAM_NS;
    loop {
        let now = shared.clock.now();
        if now.mono_ns >= end || !gateway.plan(index, now).replay {
            return;
        }
        gateway.replay(index, now);
    }
}
