//! A counterparty's thread: trades while it may, comes back whatever happens to its line, and keeps score.

use super::copies::Copies;
use crate::counterparty::{self, Counterparty, Desk};
use crate::demo::desk::Trader;
use crate::demo::flow::{Instruction, NewOrder};
use assay_trading_types::{ClOrdId, OrdType, Qty, SCALE, Side, Symbol, TimeInForce};
use fix_session::{Role, SessionConfig};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Requests in flight at most.
const WINDOW: usize = 100;

/// New requests between two looks at the socket.
const BURST: usize = 16;

/// Pause before a lost connection is tried again.
const RECONNECT: Duration = Duration::from_millis(15);

/// HeartBtInt(108): the shortest, so that an end that is not told of a cut finds out soon.
const HEARTBEAT_S: u32 = 1;

/// A counterparty of the drill judges no clock but its own: ten years.
const ANY_CLOCK_S: u64 = 315_360_000;

/// What comes after trading, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
#[repr(u8)]
pub(super) enum Act {
    /// Waits until all its requests are answered.
    Wait = 1,
    /// Asks for one thing more, whose answer stands behind all that is owed.
    Mark,
    /// Logs out.
    GoHome,
}

/// What seats and drill share.
#[derive(Debug, Default)]
pub(super) struct Hall {
    /// The act that has begun; 0: everybody trades.
    act: AtomicU8,
    abandoned: AtomicBool,
    /// Requests answered, all seats together.
    pub(super) answered: AtomicU64,
}

impl Hall {
    /// Everybody goes on to `act`.
    pub(super) fn begin(&self, act: Act) {
        self.act.store(act as u8, Ordering::Release);
    }

    /// Everybody leaves as they are.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
    }

    fn is_at(&self, act: Act) -> bool {
        self.act.load(Ordering::Acquire) >= act as u8
    }
}

/// What a seat's owner is: somebody who asks and is answered, or who only listens.
pub(super) trait Part: Desk + Send + 'static {
    /// The next request.
    fn next(&mut self) -> Option<Instruction>;
    /// The last request: one that is refused.
    fn mark(&mut self) -> Option<Instruction>;
    /// A request goes out.
    fn sent(&mut self, request: &Instruction);
    /// Requests without an answer.
    fn in_flight(&self) -> usize;
    /// Requests answered.
    fn answered(&self) -> u64;
    /// ExecIDs received.
    fn heard(&self) -> u64;
}

impl Part for Trader {
    fn next(&mut self) -> Option<Instruction> {
        Some(self.flow.next())
    }

    fn mark(&mut self) -> Option<Instruction> {
        Some(Instruction::New(NewOrder {
            cl_ord_id: ClOrdId::new("MARK").ok()?,
            symbol: Symbol::new("NOSUCH").ok()?,
            side: Side::Buy,
            ord_type: OrdType::Market,
            price: None,
            qty: Qty::from_units(SCALE),
            tif: TimeInForce::Ioc,
        }))
    }

    fn sent(&mut self, request: &Instruction) {
        Self::sent(self, request, now());
    }

    fn in_flight(&self) -> usize {
        Self::in_flight(self)
    }

    fn answered(&self) -> u64 {
        Self::answered(self)
    }

    fn heard(&self) -> u64 {
        self.exec_id_count()
    }
}

impl Part for Copies {
    fn next(&mut self) -> Option<Instruction> {
        None
    }

    fn mark(&mut self) -> Option<Instruction> {
        None
    }

    fn sent(&mut self, _: &Instruction) {}

    fn in_flight(&self) -> usize {
        0
    }

    fn answered(&self) -> u64 {
        0
    }

    fn heard(&self) -> u64 {
        self.exec_ids.len() as u64
    }
}

/// A seat that is taken.
pub(super) struct Seat<P> {
    comp_id: &'static str,
    state: Arc<State>,
    thread: JoinHandle<P>,
}

/// What a seat tells of itself.
#[derive(Debug, Default)]
struct State {
    in_flight: AtomicU64,
    heard: AtomicU64,
    marked: AtomicBool,
    established: AtomicBool,
}

impl<P: Part> Seat<P> {
    /// `part` takes the seat of `comp_id`, whose line is at `line`, and trades for `account`.
    pub(super) fn take(
        comp_id: &'static str,
        account: &'static str,
        line: SocketAddr,
        part: P,
        hall: Arc<Hall>,
    ) -> std::io::Result<Self> {
        let terms = SessionConfig {
            heartbeat_s: HEARTBEAT_S,
            sending_time_tolerance_s: ANY_CLOCK_S,
            ..SessionConfig::new(Role::Initiator, comp_id, "ASSAY")
        };
        let state = Arc::new(State::default());
        let sitter = Sitter {
            account,
            client: counterparty::with(terms, line, part),
            hall,
            state: Arc::clone(&state),
            told: 0,
        };
        let thread = std::thread::Builder::new().name(comp_id.to_owned()).spawn(move || sitter.run())?;
        Ok(Self { comp_id, state, thread })
    }

    /// Whether everything it asked is answered, and, once it was to mark, its mark too.
    pub(super) fn is_settled(&self, act: Act) -> bool {
        let marked = act < Act::Mark || self.state.marked.load(Ordering::Acquire);
        marked && self.state.in_flight.load(Ordering::Acquire) == 0 && self.is_logged_on()
    }

    /// Reports it has.
    pub(super) fn heard(&self) -> u64 {
        self.state.heard.load(Ordering::Acquire)
    }

    fn is_logged_on(&self) -> bool {
        self.state.established.load(Ordering::Acquire)
    }

    /// Whether it has gone home.
    pub(super) fn is_empty(&self) -> bool {
        self.thread.is_finished()
    }

    /// Where it stands, in words.
    pub(super) fn standing(&self) -> String {
        let in_flight = self.state.in_flight.load(Ordering::Acquire);
        let (heard, logged_on) = (self.heard(), self.is_logged_on());
        format!("{}: {in_flight} without an answer, {heard} reports, logged on: {logged_on}", self.comp_id)
    }

    /// Its part, once it has gone home.
    pub(super) fn leave(self) -> Result<P, String> {
        self.thread.join().map_err(|_| format!("the thread of {} panicked", self.comp_id))
    }
}

struct Sitter<P> {
    account: &'static str,
    client: Counterparty<P>,
    hall: Arc<Hall>,
    state: Arc<State>,
    told: u64,
}

impl<P: Part> Sitter<P> {
    fn run(mut self) -> P {
        let (mut marked, mut leaving) = (false, false);
        while !self.is_over(leaving) {
            if !self.client.is_connected() {
                leaving = false;
                if !self.client.connect() {
                    std::thread::sleep(RECONNECT);
                    continue;
                }
            }
            if self.client.is_established() {
                if !self.hall.is_at(Act::Wait) {
                    self.trade();
                } else if self.hall.is_at(Act::Mark) && !marked {
                    marked = true;
                    self.mark();
                } else if self.hall.is_at(Act::GoHome) && !leaving {
                    leaving = true;
                    self.client.logout();
                }
            }
            let patience = self.patience();
            self.client.turn(patience);
            self.tell(marked);
            self.pause_if_lost();
        }
        self.client.into_desk()
    }

    /// A server that stops logs everybody out; whoever did not mean to leave comes back.
    fn is_over(&self, leaving: bool) -> bool {
        self.hall.abandoned.load(Ordering::Acquire) || leaving && self.client.is_logged_out()
    }

    fn trade(&mut self) {
        for _ in 0..BURST {
            if self.client.desk().in_flight() >= WINDOW {
                return;
            }
            let Some(instruction) = self.client.desk().next() else { return };
            self.send(&instruction);
        }
    }

    fn mark(&mut self) {
        if let Some(instruction) = self.client.desk().mark() {
            self.send(&instruction);
        }
    }

    fn send(&mut self, instruction: &Instruction) {
        let (account, at) = (self.account, crate::clock::now());
        self.client.desk().sent(instruction);
        self.client.send(instruction.msg_type(), |body| instruction.write(body, account, at));
    }

    /// How long to listen before there may be something to send.
    fn patience(&mut self) -> Duration {
        let full = self.client.desk().in_flight() >= WINDOW || self.hall.is_at(Act::Wait);
        Duration::from_millis(if full || !self.client.is_established() { 5 } else { 1 })
    }

    fn tell(&mut self, marked: bool) {
        let established = self.client.is_established();
        let part = self.client.desk();
        let (in_flight, answered, heard) = (part.in_flight() as u64, part.answered(), part.heard());
        self.hall.answered.fetch_add(answered.saturating_sub(self.told), Ordering::Relaxed);
        self.told = self.told.max(answered);
        self.state.heard.store(heard, Ordering::Release);
        self.state.in_flight.store(in_flight, Ordering::Release);
        self.state.established.store(established, Ordering::Release);
        self.state.marked.store(marked, Ordering::Release);
    }

    /// Whoever is cut off takes a breath, so that a server that is not there is not run against.
    fn pause_if_lost(&self) {
        if !self.client.is_connected() && !self.client.is_logged_out() {
            std::thread::sleep(RECONNECT);
        }
    }
}

#[allow(clippy::disallowed_methods)] // a driver
fn now() -> Instant {
    Instant::now()
}
