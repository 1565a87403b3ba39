//! One account's units of one instrument, what they cost, and what closing them brought: by average cost, and first in,
//! first out, side by side.

use std::collections::VecDeque;

/// Units bought or sold together: both figures negative for units that are owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lot {
    qty: i128,
    cost: i128,
}

/// Units, their cost, and the result so far; everything in billionths. What is cut off in a division stays with the units that
/// remain, so that cost and result always sum to what was paid and received.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Holding {
    /// Long if positive.
    pub(super) qty: i128,
    /// What they cost by average; negative for what a short brought.
    pub(super) cost: i128,
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
        let closing = if self.qty.signum() * qty.signum() < 0 { qty.abs().min(self.qty.abs()) } else { 0 };
        let mut realised = Realised::default();
        let value_of_closing = part(value, closing, qty.abs());
        if closing > 0 {
            let costs = self.take(closing);
            realised.by_average = -value_of_closing - costs.by_average;
            realised.fifo = -value_of_closing - costs.fifo;
        }
        let opening = qty - qty.signum() * closing;
        if opening != 0 {
            self.add(opening, value - value_of_closing);
        }
        realised
    }

    /// Units that come at a value, or go at what they cost: nothing is realised.
    pub(super) fn transfer(&mut self, qty: i128, value: i128) {
        let leaving = if self.qty.signum() * qty.signum() < 0 { qty.abs().min(self.qty.abs()) } else { 0 };
        if leaving > 0 {
            self.take(leaving);
        }
        let coming = qty - qty.signum() * leaving;
        if coming != 0 {
            self.add(coming, value - part(value, leaving, qty.abs()));
        }
    }

    fn add(&mut self, qty: i128, cost: i128) {
        self.qty += qty;
        self.cost += cost;
        self.lots.push_back(Lot { qty, cost });
    }

    /// Takes units away and says what they cost.
    fn take(&mut self, units: i128) -> Realised {
        let sign = self.qty.signum();
        let by_average = part(self.cost, units, self.qty.abs());
        self.cost -= by_average;
        self.qty -= sign * units;
        let (mut left, mut fifo) = (units, 0);
        while left > 0 {
            let Some(lot) = self.lots.front_mut() else { break };
            let taken = left.min(lot.qty.abs());
            let cost = part(lot.cost, taken, lot.qty.abs());
            lot.qty -= sign * taken;
            lot.cost -= cost;
            fifo += cost;
            left -= taken;
            if lot.qty == 0 {
                self.lots.pop_front();
            }
        }
        Realised { by_average, fifo }
    }
}

/// `value * of / whole`, towards zero, without overflow for `of <= whole`.
fn part(value: i128, of: i128, whole: i128) -> i128 {
    if whole == 0 || of == 0 {
        return 0;
    }
    let common = gcd(of, whole);
    let (of, whole) = (of / common, whole / common);
    value / whole * of + value % whole * of / whole
}

fn gcd(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
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
        assert_eq!((h.qty, h.cost, h.fifo_cost()), (10, 1_100, 1_200));
        assert_eq!(h.trade(-10, -1_300), realised(200, 100));
        assert_eq!(h, Holding::default());
    }

    #[test]
    fn a_short_gains_when_it_is_bought_back_for_less_and_a_trade_can_turn_it_round() {
        let mut h = Holding::default();
        assert_eq!(h.trade(-10, -1_000), realised(0, 0));
        assert_eq!((h.qty, h.cost), (-10, -1_000));
        assert_eq!(h.trade(4, 360), realised(40, 40));
        // Ten at 95: six close the short, four are long.
        assert_eq!(h.trade(10, 950), realised(30, 30));
        assert_eq!((h.qty, h.cost, h.fifo_cost()), (4, 380, 380));
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
        assert_eq!((h.qty, h.cost, h.fifo_cost()), (0, 0, 0));
    }

    #[test]
    fn a_transfer_realises_nothing() {
        let mut h = Holding::default();
        h.transfer(10, 1_000);
        assert_eq!((h.qty, h.cost), (10, 1_000));
        h.transfer(-4, -999);
        assert_eq!((h.qty, h.cost, h.fifo_cost()), (6, 600, 600));
        h.transfer(-10, -1_000);
        assert_eq!((h.qty, h.cost), (-4, -400));
    }

    #[test]
    fn the_largest_values_do_not_overflow() {
        // A quintillion billionths of units at what 10^27 billionths cost.
        let (qty, value) = (1_000_000_000_000_000_003_i128, 10_i128.pow(27) + 7);
        let mut h = Holding::default();
        h.trade(qty, value);
        h.trade(-(qty / 3), -(value / 3));
        assert_eq!(h.qty, qty - qty / 3);
        assert!(h.cost > 0 && h.cost < value);
    }
}
