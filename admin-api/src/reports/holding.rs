//! One account's units of one instrument, what they cost, and what closing them brought: by average cost, and first in,
//! first out, side by side.

use crate::average_cost::{AverageCost, Split, part};
use std::collections::VecDeque;

/// Units bought or sold together: both figures negative for units that are owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lot {
    qty: i128,
    cost: i128,
}

/// Units, their cost, and the result so far; everything in billionths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Holding {
    /// All of them.
    pub(super) average: AverageCost,
    /// The first to go come first.
    lots: VecDeque<Lot>,
}

/// What a trade realised.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Realised {
    pub(super) by_average: i128,
    pub(super) fifo: i128,
}

impl Holding {
    /// What the units on hand cost, first in, first out.
    pub(super) fn fifo_cost(&self) -> i128 {
        self.lots.iter().map(|lot| lot.cost).sum()
    }

    /// Buys `qty` units for `value`, or sells them: then both are negative.
    pub(super) fn trade(&mut self, qty: i128, value: i128) -> Realised {
        let split = Split::new(self.average.qty, qty, value);
        let by_average = self.average.trade(qty, value).unwrap_or_default();
        let cost = self.shift_lots(split, value);
        let fifo = if split.closing > 0 { -split.closing_value - cost } else { 0 };
        Realised { by_average, fifo }
    }

    /// Units that come at a value, or go at what they cost: nothing is realised.
    pub(super) fn transfer(&mut self, qty: i128, value: i128) {
        let split = Split::new(self.average.qty, qty, value);
        self.average.transfer(qty, value);
        self.shift_lots(split, value);
    }

    /// Takes the first lots away, as many units as close, and adds what opens. What the former cost.
    fn shift_lots(&mut self, split: Split, value: i128) -> i128 {
        let (mut left, mut cost) = (split.closing, 0);
        while left > 0 {
            let Some(lot) = self.lots.front_mut() else { break };
            let taken = left.min(lot.qty.abs());
            let of_it = part(lot.cost, taken, lot.qty.abs());
            lot.qty -= lot.qty.signum() * taken;
            lot.cost -= of_it;
            cost += of_it;
            left -= taken;
            if lot.qty == 0 {
                self.lots.pop_front();
            }
        }
        if split.opening != 0 {
            self.lots.push_back(Lot { qty: split.opening, cost: value - split.closing_value });
        }
        cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn realised(by_average: i128, fifo: i128) -> Realised {
        Realised { by_average, fifo }
    }

    #[test]
    fn average_cost_and_first_in_first_out_differ_only_in_which_units_go() {
        let mut h = Holding::default();
        assert_eq!(h.trade(10, 1_000), realised(0, 0));
        assert_eq!(h.trade(10, 1_200), realised(0, 0));
        // Ten for 1,300: they cost 1,100 by average, and 1,000 when the first go first.
        assert_eq!(h.trade(-10, -1_300), realised(200, 300));
        assert_eq!((h.average.qty, h.average.cost, h.fifo_cost()), (10, 1_100, 1_200));
        assert_eq!(h.trade(-10, -1_300), realised(200, 100));
        assert_eq!(h, Holding::default());
    }

    #[test]
    fn a_short_gains_when_it_is_bought_back_for_less_and_a_trade_can_turn_it_round() {
        let mut h = Holding::default();
        assert_eq!(h.trade(-10, -1_000), realised(0, 0));
        assert_eq!((h.average.qty, h.average.cost), (-10, -1_000));
        assert_eq!(h.trade(4, 360), realised(40, 40));
        // Ten at 95: six close the short, four are long.
        assert_eq!(h.trade(10, 950), realised(30, 30));
        assert_eq!((h.average.qty, h.average.cost, h.fifo_cost()), (4, 380, 380));
    }

    #[test]
    fn what_a_division_cuts_off_stays_with_the_units_that_remain() {
        let mut h = Holding::default();
        h.trade(3, 100);
        let first = h.trade(-1, -40);
        let second = h.trade(-1, -40);
        let third = h.trade(-1, -40);
        let sum = [first, second, third].iter().map(|r| r.by_average).sum::<i128>();
        assert_eq!(sum, 120 - 100);
        assert_eq!((h.average.qty, h.average.cost, h.fifo_cost()), (0, 0, 0));
    }

    #[test]
    fn a_transfer_realises_nothing() {
        let mut h = Holding::default();
        h.transfer(10, 1_000);
        assert_eq!((h.average.qty, h.average.cost), (10, 1_000));
        h.transfer(-4, -999);
        assert_eq!((h.average.qty, h.average.cost, h.fifo_cost()), (6, 600, 600));
        h.transfer(-10, -1_000);
        assert_eq!((h.average.qty, h.average.cost), (-4, -400));
    }

    #[test]
    fn the_largest_values_do_not_overflow() {
        // A quintillion billionths of units at what 10^27 billionths cost.
        let (qty, value) = (1_000_000_000_000_000_003_i128, 10_i128.pow(27) + 7);
        let mut h = Holding::default();
        h.trade(qty, value);
        h.trade(-(qty / 3), -(value / 3));
        assert_eq!(h.average.qty, qty - qty / 3);
        assert!(h.average.cost > 0 && h.average.cost < value);
    }
}
