//! What a tick of the clock and a price bring to many loans, a bounded number of them at a time.
//!
//! A tick looks after the loans whose instant has come, the earliest first. A day goes through all loans by id. A price goes
//! through the loans that its asset secures, from where the price before it has come to and round to there, so that prices
//! that come often starve nobody.

use crate::event::LoanEvent;
use crate::loans::Loans;
use assay_trading_types::{Asset, Date, LoanId, LoanRefusal, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Loans that one turn looks at, some 10 us each with their postings: orders wait for one turn of them at most, because
/// whoever drives the core lets everything else that has come pass between two turns. A loan gives some few records, so
/// that those of a turn are far fewer than one input may have.
pub const TURN_LOANS_MAX: usize = 250;

/// What is still to be looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Turns {
    /// The last day that was begun.
    day: Option<Date>,
    /// Where its round has come to, until it has ended.
    next: Option<LoanId>,
    /// The last tick, until the loans whose instant had come by then have been looked after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_until: Option<Timestamp>,
    /// Rounds of prices.
    rounds: BTreeMap<Asset, Round>,
}

/// A round through the loans that an asset secures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Round {
    next: LoanId,
    left: usize,
}

/// The least id.
fn first() -> LoanId {
    LoanId::new(0, 0)
}

fn after(id: LoanId) -> Option<LoanId> {
    id.as_u64().checked_add(1).map(LoanId::from_u64)
}

impl Loans {
    /// Begins a day: interest, instalments, lateness, defaults, collateral of every running loan. A day that was begun,
    /// or one before it, changes nothing; days that were left out are made up for. Whatever the day, loans are looked after
    /// whose instant has come.
    pub(crate) fn start_day(&mut self, date: Date, now: Timestamp) -> Result<Vec<LoanEvent>, LoanRefusal> {
        if date > Date::of(now) {
            return Err(LoanRefusal::DayNotBegun);
        }
        // Decided: nothing below fails.
        if self.turns.day.is_none_or(|day| day < date) {
            (self.turns.day, self.turns.next) = (Some(date), Some(first()));
        }
        self.turns.due_until = Some(now);
        Ok(self.go_on(now))
    }

    /// Whether a tick or a price has left loans that are still to be looked at.
    pub fn is_work_left(&self) -> bool {
        self.turns.next.is_some() || self.turns.due_until.is_some() || !self.turns.rounds.is_empty()
    }

    /// Where the day goes on, until all loans have been looked at.
    pub fn day_from(&self) -> Option<LoanId> {
        self.turns.next
    }

    /// A price was said: the loans that it concerns are looked at.
    pub(crate) fn start_round(&mut self, asset: Asset) {
        let left = self.by_collateral.get(&asset).map_or(0, |secured| secured.len());
        let round = self.turns.rounds.entry(asset).or_insert(Round { next: first(), left });
        round.left = left;
    }

    /// Looks at loans that a tick or a price has left, [`TURN_LOANS_MAX`] at most. Those whose instant has come are first:
    /// they are few, and each waits for another instant or none afterwards.
    pub(crate) fn go_on(&mut self, now: Timestamp) -> Vec<LoanEvent> {
        let mut out = Vec::new();
        let mut room = TURN_LOANS_MAX;
        room -= self.go_on_with_due(room, now, &mut out);
        room -= self.go_on_with_day(room, now, &mut out);
        self.go_on_with_rounds(room, now, &mut out);
        out
    }

    fn go_on_with_due(&mut self, room: usize, now: Timestamp, out: &mut Vec<LoanEvent>) -> usize {
        let Some(until) = self.turns.due_until else { return 0 };
        for looked_at in 0..room {
            // Not what has not come by a clock that was set back meanwhile.
            let Some(id) = self.loans.due(until.min(now)) else {
                self.turns.due_until = None;
                return looked_at;
            };
            self.look_at(id, out, |loan, prices, out| loan.look_when_due(prices, now, out));
        }
        room
    }

    fn go_on_with_day(&mut self, room: usize, now: Timestamp, out: &mut Vec<LoanEvent>) -> usize {
        let (Some(date), Some(mut next)) = (self.turns.day, self.turns.next) else { return 0 };
        for looked_at in 0..room {
            let mut running = self.loans.range(next..).filter(|(_, loan)| loan.running().is_some());
            let Some(id) = running.next().map(|(id, _)| *id) else {
                self.turns.next = None;
                return looked_at;
            };
            self.bring_to(id, date, now, out);
            self.turns.next = after(id);
            match self.turns.next {
                Some(id) => next = id,
                None => return looked_at + 1,
            }
        }
        room
    }

    fn bring_to(&mut self, id: LoanId, date: Date, now: Timestamp, out: &mut Vec<LoanEvent>) {
        self.look_at(id, out, |loan, prices, out| {
            loan.advance(date, now, out);
            loan.look_at_lateness(date, now, out);
            loan.look_after_collateral(prices, now, out);
        });
    }

    fn go_on_with_rounds(&mut self, mut room: usize, now: Timestamp, out: &mut Vec<LoanEvent>) {
        while room > 0 {
            let Some((asset, round)) = self.turns.rounds.first_key_value().map(|(a, r)| (*a, *r)) else {
                return;
            };
            let secured = self.by_collateral.get(&asset);
            let next =
                secured.and_then(|ids| ids.range(round.next..).next().or_else(|| ids.first()).copied());
            let Some(id) = next.filter(|_| round.left > 0) else {
                self.turns.rounds.remove(&asset);
                continue;
            };
            self.look_at(id, out, |loan, prices, out| loan.look_after_collateral(prices, now, out));
            let round = Round { next: after(id).unwrap_or_else(first), left: round.left - 1 };
            self.turns.rounds.insert(asset, round);
            room -= 1;
        }
    }
}
