//! A counterparty's thread: sends its morning, keeps a window in flight, reconnects, and logs out when done.

use super::desk::Trader;
use super::flow::Instruction;
use crate::counterparty::{self, Counterparty};
use hdrhistogram::Histogram;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Requests a counterparty has in flight at most.
const WINDOW: usize = 100;

/// New requests between two looks at the socket.
const BURST: usize = 32;

/// Pause before a lost connection is tried again.
const RECONNECT: Duration = Duration::from_millis(100);

/// Nobody logs out before everybody is done and nothing has arrived for this long: resting orders of one trade with
/// what the others still send.
const QUIET: Duration = Duration::from_millis(300);

/// How long a counterparty that crashed stays away.
const CRASH_PAUSE: Duration = Duration::from_millis(500);

/// What players and the demonstration share.
pub(super) struct Stage {
    server: Mutex<SocketAddr>,
    crash: AtomicUsize,
    abandoned: AtomicBool,
    answered: AtomicU64,
    /// Players that still have something to send or to hear.
    busy: AtomicUsize,
    latencies_us: Mutex<Histogram<u64>>,
}

/// No counterparty is to crash.
const NOBODY: usize = usize::MAX;

impl Stage {
    /// `players` players connect to `server`.
    pub(super) fn new(server: SocketAddr, players: usize) -> Self {
        Self {
            server: Mutex::new(server),
            crash: AtomicUsize::new(NOBODY),
            abandoned: AtomicBool::new(false),
            answered: AtomicU64::new(0),
            busy: AtomicUsize::new(players),
            latencies_us: Mutex::new(Histogram::new_with_max(60_000_000, 3).expect("valid bounds")),
        }
    }

    /// The server listens elsewhere now.
    pub(super) fn move_to(&self, server: SocketAddr) {
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = server;
    }

    /// Player `index` crashes as soon as it looks.
    pub(super) fn crash_client(&self, index: usize) {
        self.crash.store(index, Ordering::Release);
    }

    /// Everybody goes home.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
    }

    /// Requests answered by now.
    pub(super) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Latencies since the last call, in microseconds.
    pub(super) fn take_latencies(&self) -> Histogram<u64> {
        let mut all = self.latencies_us.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = all.clone();
        all.reset();
        taken
    }

    fn server(&self) -> SocketAddr {
        *self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running player.
pub(super) struct Player(JoinHandle<Trader>);

impl Player {
    /// Starts the thread of counterparty `comp_id`, which sends `quota` instructions for `account`.
    pub(super) fn start(
        index: usize,
        comp_id: &str,
        account: &'static str,
        trader: Trader,
        quota: u64,
        stage: Arc<Stage>,
    ) -> std::io::Result<Self> {
        let client = counterparty::new(comp_id, "ASSAY", stage.server(), trader);
        let thread = Thread { index, account, client, quota, stage, told_answered: 0, told_at: instant() };
        let spawned =
            std::thread::Builder::new().name(format!("client-{index}")).spawn(move || thread.run())?;
        Ok(Self(spawned))
    }

    /// Whether its morning is over.
    pub(super) fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// Its trader, once it is over.
    pub(super) fn join(self) -> Result<Trader, &'static str> {
        self.0.join().map_err(|_| "a counterparty's thread panicked")
    }
}

struct Thread {
    index: usize,
    account: &'static str,
    client: Counterparty<Trader>,
    quota: u64,
    stage: Arc<Stage>,
    told_answered: u64,
    told_at: Instant,
}

impl Thread {
    fn run(mut self) -> Trader {
        let mut quiet_since: Option<(Instant, u64)> = None;
        let mut logging_out = false;
        while !self.client.is_logged_out() && !self.stage.abandoned.load(Ordering::Acquire) {
            if !self.client.is_connected() && !self.reconnect() {
                continue;
            }
            let more = self.send_some();
            let (heard, in_flight) = (self.client.desk().exec_id_count(), self.client.desk().in_flight());
            if !more && in_flight == 0 && quiet_since.is_none() {
                self.stage.busy.fetch_sub(1, Ordering::AcqRel);
                quiet_since = Some((instant(), heard));
            }
            if let Some((since, count)) = &mut quiet_since {
                if *count != heard || self.stage.busy.load(Ordering::Acquire) > 0 {
                    (*since, *count) = (instant(), heard);
                }
                if since.elapsed() > QUIET && self.client.is_established() && !logging_out {
                    logging_out = true;
                    self.client.logout();
                }
            }
            let wait = if in_flight < WINDOW && more { Duration::ZERO } else { Duration::from_millis(2) };
            self.client.turn(wait);
            self.crash_if_told();
            self.tell();
        }
        self.tell();
        self.client.into_desk()
    }

    fn reconnect(&mut self) -> bool {
        self.client.set_server(self.stage.server());
        let connected = self.client.connect();
        if !connected {
            std::thread::sleep(RECONNECT);
        }
        connected
    }

    /// Sends until the window or the burst is full; says whether the quota is not used up.
    fn send_some(&mut self) -> bool {
        for _ in 0..BURST {
            let trader = self.client.desk();
            if trader.flow.sent() >= self.quota {
                return false;
            }
            if !self.client.is_established() || self.client.desk().in_flight() >= WINDOW {
                return true;
            }
            let instruction = self.client.desk().flow.next();
            self.send(&instruction);
        }
        true
    }

    fn send(&mut self, instruction: &Instruction) {
        let (account, at) = (self.account, crate::clock::now());
        self.client.desk().sent(instruction, instant());
        self.client.send(instruction.msg_type(), |body| instruction.write(body, account, at));
    }

    fn crash_if_told(&mut self) {
        let told = self.stage.crash.compare_exchange(self.index, NOBODY, Ordering::AcqRel, Ordering::Relaxed);
        if told.is_ok() {
            self.client.crash();
            std::thread::sleep(CRASH_PAUSE);
        }
    }

    fn tell(&mut self) {
        const EVERY: Duration = Duration::from_millis(50);
        if self.told_at.elapsed() < EVERY && !self.client.is_logged_out() {
            return;
        }
        self.told_at = instant();
        let trader = self.client.desk();
        let answered = trader.answered();
        self.stage.answered.fetch_add(answered - self.told_answered, Ordering::Relaxed);
        self.told_answered = answered;
        trader.take_latencies(&mut self.stage.latencies_us.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[allow(clippy::disallowed_methods)] // a driver: it measures latencies
fn instant() -> Instant {
    Instant::now()
}
