//! What happens when, by seed: at which moment a server dies, and what goes wrong on the lines meanwhile.

use super::line::{Direction, Trouble};
use crate::clock::Jump;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::time::Duration;

/// When a server is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Moment {
    /// While counterparties log on.
    Logon,
    /// With orders in flight.
    Burst,
    /// While messages are sent again, one way or the other.
    Resend,
    /// While it reads its log at the start.
    StartUp,
    /// While a snapshot is being written.
    Snapshot,
    /// While it stops in order.
    Stop,
}

impl Moment {
    pub(super) const ALL: [Self; 6] =
        [Self::Logon, Self::Burst, Self::Resend, Self::StartUp, Self::Snapshot, Self::Stop];

    /// Its name in the account.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Logon => "logon",
            Self::Burst => "burst",
            Self::Resend => "resend",
            Self::StartUp => "start-up",
            Self::Snapshot => "snapshot",
            Self::Stop => "stop",
        }
    }

    /// How long after the moment is there the blow may fall, so that every place of it is hit.
    fn length(self) -> Duration {
        Duration::from_millis(match self {
            Self::Logon | Self::Resend => 5,
            Self::Burst => 2,
            Self::StartUp => 150,
            Self::Snapshot => 3,
            Self::Stop => 40,
        })
    }
}

/// One life of a server.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Life {
    pub(super) moment: Moment,
    /// From the moment to the blow.
    pub(super) delay: Duration,
    /// Requests answered before the moment is waited for.
    pub(super) answers: u64,
    /// What goes wrong on which line before that.
    pub(super) troubles: Vec<(usize, Trouble)>,
    /// How its clock goes wrong.
    pub(super) jumps: Vec<Jump>,
}

/// Which faults a plan may have beside kills.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kinds {
    pub(super) network: bool,
    pub(super) clock: bool,
}

/// The source of lives.
pub(super) struct Plan {
    rng: StdRng,
    kinds: Kinds,
    lines: usize,
}

/// Largest difference of clocks that both sides live with: SendingTime(52) may be off by 120 s.
const TOLERATED_MS: i64 = 60_000;

/// A clock that is quite wrong: an hour.
const WRONG_MS: i64 = 3_600_000;

impl Plan {
    pub(super) fn new(seed: u64, kinds: Kinds, lines: usize) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), kinds, lines }
    }

    /// The next life.
    pub(super) fn next(&mut self) -> Life {
        let moment = Moment::ALL[self.rng.random_range(0..Moment::ALL.len())];
        let delay = moment.length().mul_f64(self.rng.random_range(0.0..1.0));
        let answers = self.rng.random_range(0..600);
        let troubles = self.troubles();
        let jumps = self.jumps();
        Life { moment, delay, answers, troubles, jumps }
    }

    /// A line to cut, so that somebody has to ask for what it missed.
    pub(super) fn cut(&mut self) -> (usize, Trouble) {
        let (line, direction) = (self.line(), self.direction());
        (line, Trouble::Cut(direction, self.rng.random_range(0..2_000)))
    }

    fn troubles(&mut self) -> Vec<(usize, Trouble)> {
        const SHARE: f64 = 0.5;
        if !self.kinds.network || !self.rng.random_bool(SHARE) {
            return Vec::new();
        }
        (0..self.rng.random_range(1..=2)).map(|_| (self.line(), self.trouble())).collect()
    }

    fn trouble(&mut self) -> Trouble {
        let direction = self.direction();
        match self.rng.random_range(0..100) {
            0..40 => Trouble::Cut(direction, self.rng.random_range(0..20_000)),
            40..65 => Trouble::Stall(direction, Duration::from_millis(self.rng.random_range(1..100))),
            65..94 => Trouble::Trickle(direction, self.rng.random_range(1..3_000)),
            // These take seconds until the silence is noticed, so they are few.
            94..96 => Trouble::HalfOpen { told: None },
            _ => Trouble::HalfOpen { told: Some(direction) },
        }
    }

    /// Mostly by what both sides tolerate, now and then by an hour for some moments; forwards and backwards.
    fn jumps(&mut self) -> Vec<Jump> {
        const SHARE: f64 = 0.4;
        if !self.kinds.clock || !self.rng.random_bool(SHARE) {
            return Vec::new();
        }
        let sign = if self.rng.random_bool(0.5) { 1 } else { -1 };
        let first = Duration::from_millis(self.rng.random_range(0..400));
        let then = first + Duration::from_millis(self.rng.random_range(1..200));
        if self.rng.random_ratio(1, 6) {
            vec![Jump { offset_ms: sign * WRONG_MS, after: first }, Jump { offset_ms: 0, after: then }]
        } else {
            let some = |rng: &mut StdRng| rng.random_range(-TOLERATED_MS..TOLERATED_MS);
            let (one, other) = (some(&mut self.rng), some(&mut self.rng));
            vec![Jump { offset_ms: one, after: first }, Jump { offset_ms: other, after: then }]
        }
    }

    fn line(&mut self) -> usize {
        self.rng.random_range(0..self.lines)
    }

    fn direction(&mut self) -> Direction {
        if self.rng.random_bool(0.5) { Direction::ToServer } else { Direction::ToClient }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_plan_with_every_moment() {
        let plan = |seed| {
            let mut plan = Plan::new(seed, Kinds { network: true, clock: true }, 4);
            (0..200).map(|_| plan.next()).collect::<Vec<_>>()
        };
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
        for moment in Moment::ALL {
            assert!(plan(3).iter().any(|life| life.moment == moment), "{moment:?}");
        }
    }

    #[test]
    fn kills_alone_leave_lines_and_clock_in_peace() {
        let mut plan = Plan::new(1, Kinds { network: false, clock: false }, 4);
        assert!((0..200).map(|_| plan.next()).all(|life| life.troubles.is_empty() && life.jumps.is_empty()));
    }
}
