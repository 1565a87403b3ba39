//! `assay drill`: no loss, proven. A server is killed with SIGKILL at moments chosen by seed, its lines are cut, stalled and
//! half open, its clock jumps, and its counterparties come back, resend and keep score.
//!
//! ```text
//! counterparties (seat) --> lines (line, witness) --> `assay up`, killed and started again (life)
//! ```
//! At the end of a round every request has one answer, every order is in the books once, every ExecID was received once,
//! both sides' totals are the ledger's, no number went back on any line, and the audit verifies; or the drill fails.

mod account;
mod copies;
mod life;
mod line;
mod plan;
mod seat;
mod venue;
pub(crate) mod witness;

use crate::cli::{DrillArgs, Fault};
use crate::command::Outcome;
use crate::demo::desk::Trader;
use crate::demo::flow::Flow;
use crate::node::DataDir;
use assay_trading_types::Symbol;
use copies::Copies;
use life::Arena;
use line::{Line, Tally};
use plan::{Kinds, Plan};
use seat::{Act, Hall, Seat};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use venue::{COPY, SYMBOLS, TRADERS};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Kills of a round at most: its log, its scores and its replay at the end stay bounded however many are asked for.
const ROUND_KILLS_MAX: u32 = 500;

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_micros(300);

/// Nothing at all is answered or received for so long: then something is lost. A slow machine is only slow, so how long it
/// takes altogether is no fault.
const SILENCE_MAX: Duration = Duration::from_secs(180);

pub(crate) fn run(args: &DrillArgs) -> Outcome {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted))?;
    }
    let mut seed =
        args.seed.unwrap_or_else(|| crate::clock::now().as_ns().unsigned_abs() / 1_000_000 % 1_000_000);
    let mut left = args.kills;
    while (left > 0 || args.endless) && !interrupted.load(Ordering::Acquire) {
        let kills = if args.endless { args.kills.max(1) } else { left }.min(ROUND_KILLS_MAX);
        let round = Round { seed, kills, args, interrupted: &interrupted };
        if !round.run()? {
            println!("seed {seed}: FAILED");
            return Ok(ExitCode::FAILURE);
        }
        left = left.saturating_sub(kills);
        seed += 1;
    }
    Ok(ExitCode::SUCCESS)
}

/// One data directory from its first start to its account.
struct Round<'a> {
    seed: u64,
    kills: u32,
    args: &'a DrillArgs,
    interrupted: &'a AtomicBool,
}

impl Round<'_> {
    fn run(&self) -> Result<bool> {
        println!("seed {}: {} kills", self.seed, self.kills);
        let temporary;
        let root = match &self.args.keep {
            Some(dir) => {
                if dir.exists() {
                    std::fs::remove_dir_all(dir)?;
                }
                std::fs::create_dir_all(dir)?;
                dir.as_path()
            }
            None => {
                temporary = tempfile::tempdir()?;
                temporary.path()
            }
        };
        let hall = Arc::new(Hall::default());
        let tally = Arc::new(Tally::default());
        let lines: Vec<Line> =
            (0..=TRADERS.len()).map(|_| Line::put_up(Arc::clone(&tally))).collect::<std::io::Result<_>>()?;
        let good = self.trade(root, &hall, &tally, &lines);
        if !matches!(good, Ok(true)) {
            lines.iter().for_each(|line| println!("  last on line {}:\n{}", line.address, line.last_words()));
        }
        // Whatever happened, nobody is left behind.
        hall.abandon();
        good
    }

    fn trade(&self, root: &Path, hall: &Arc<Hall>, tally: &Tally, lines: &[Line]) -> Result<bool> {
        std::fs::write(root.join("assay.toml"), venue::configuration())?;
        let seats = Seats::take(self.seed, lines, hall)?;
        let plan = Plan::new(self.seed, self.kinds(), lines.len());
        let mut arena = Arena::open(root, lines, tally, hall, plan);
        let ends = now() + Duration::from_secs(60 * self.args.minutes_max);
        let mut progress = Progress::begin();
        for kill in 0..self.kills {
            if self.interrupted.load(Ordering::Acquire) {
                break;
            }
            if now() > ends {
                println!("  {} min are over after {kill} kills", self.args.minutes_max);
                break;
            }
            arena.live_and_die().map_err(|error| format!("kill {kill}: {error}\n{}", seats.standing()))?;
            if let Some(fault) = first_fault(lines) {
                println!("  [FAILED] kill {kill}: {fault}");
                return Ok(false);
            }
            progress.print_if_due(kill + 1, self.kills, &arena);
        }
        arena.stand_by()?;
        let (traders, copies) = seats.settle(hall)?;
        arena.close()?;
        println!("{}", arena.summary());
        let faults: Vec<String> = lines.iter().flat_map(Line::take_faults).collect();
        faults.iter().for_each(|fault| println!("  [FAILED] {fault}"));
        Ok(account::settle(&traders, &copies, &DataDir::new(&root.join("data")))? && faults.is_empty())
    }

    fn kinds(&self) -> Kinds {
        let has = |fault| self.args.faults.contains(&fault) && !self.args.faults.contains(&Fault::None);
        Kinds { network: has(Fault::Network), clock: has(Fault::Clock) }
    }
}

fn first_fault(lines: &[Line]) -> Option<String> {
    lines.iter().flat_map(Line::take_faults).next()
}

/// Everybody who takes part.
struct Seats {
    traders: Vec<Seat<Trader>>,
    copies: Seat<Copies>,
}

impl Seats {
    fn take(seed: u64, lines: &[Line], hall: &Arc<Hall>) -> std::io::Result<Self> {
        let symbols: Vec<(Symbol, i64)> =
            SYMBOLS.iter().filter_map(|(name, cents)| Some((Symbol::new(name).ok()?, *cents))).collect();
        let trader = |(i, &(comp_id, firm, letter)): (usize, &(&'static str, &'static str, char))| {
            let flow = Flow::new(seed.wrapping_mul(31).wrapping_add(i as u64), letter, symbols.clone());
            Seat::take(comp_id, firm, lines[i].address, Trader::new(flow), Arc::clone(hall))
        };
        let traders = TRADERS.iter().enumerate().map(trader).collect::<std::io::Result<_>>()?;
        let line = lines[TRADERS.len()].address;
        let copies = Seat::take(COPY.0, COPY.1, line, Copies::default(), Arc::clone(hall))?;
        Ok(Self { traders, copies })
    }

    /// Waits until everybody has every answer, and sends everybody home.
    fn settle(self, hall: &Hall) -> Result<(Vec<Trader>, Copies)> {
        for act in [Act::Wait, Act::Mark] {
            hall.begin(act);
            self.await_all(|seats| seats.traders.iter().all(|seat| seat.is_settled(act)))?;
        }
        // Whoever only listens has nothing to ask for that would tell the end: it has heard all when it has as much.
        self.await_all(|seats| seats.copies.heard() >= seats.traders[0].heard())?;
        hall.begin(Act::GoHome);
        self.await_all(|seats| seats.traders.iter().all(Seat::is_empty) && seats.copies.is_empty())?;
        let traders = self.traders.into_iter().map(Seat::leave).collect::<std::result::Result<_, _>>()?;
        Ok((traders, self.copies.leave()?))
    }

    fn await_all(&self, done: impl Fn(&Self) -> bool) -> Result<()> {
        match wait_while_heard(|| self.heard(), || done(self)) {
            true => Ok(()),
            false => Err(format!("not everybody was answered\n{}", self.standing()).into()),
        }
    }

    /// Reports that all have.
    fn heard(&self) -> u64 {
        self.traders.iter().map(Seat::heard).sum::<u64>() + self.copies.heard()
    }

    fn standing(&self) -> String {
        let mut lines: Vec<String> = self.traders.iter().map(Seat::standing).collect();
        lines.push(self.copies.standing());
        lines.join("\n")
    }
}

/// A line every few seconds.
struct Progress {
    began: Instant,
    printed: Instant,
}

impl Progress {
    fn begin() -> Self {
        Self { began: now(), printed: now() }
    }

    fn print_if_due(&mut self, kills: u32, of: u32, arena: &Arena<'_>) {
        const EVERY: Duration = Duration::from_secs(10);
        if self.printed.elapsed() >= EVERY || kills == of {
            self.printed = now();
            println!(
                "  {:>4.0} s  {kills} of {of} kills, {}",
                self.began.elapsed().as_secs_f64(),
                arena.summary()
            );
        }
    }
}

/// Whether `done` came true within `time`.
fn wait_until(time: Duration, mut done: impl FnMut() -> bool) -> bool {
    let ends = now() + time;
    loop {
        if done() {
            return true;
        }
        if now() > ends {
            return false;
        }
        std::thread::sleep(LOOK);
    }
}

/// Whether `done` came true before `heard` stood still for [`SILENCE_MAX`].
fn wait_while_heard(heard: impl Fn() -> u64, mut done: impl FnMut() -> bool) -> bool {
    loop {
        let so_far = heard();
        let moved = wait_until(SILENCE_MAX, || done() || heard() != so_far);
        if done() {
            return true;
        }
        if !moved {
            return false;
        }
    }
}

#[allow(clippy::disallowed_methods)] // a driver
fn now() -> Instant {
    Instant::now()
}
