//! Units of one instrument at average cost: what they cost together, and what closing some of them brings.

use assay_trading_types::Amount;

/// One, in billionths.
const UNIT: i128 = 1_000_000_000;

/// Units and what they cost together, in billionths. What is cut off in a division stays with the units that remain, so that
/// cost and results always sum to what was paid and received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct AverageCost {
    /// Long if positive.
    pub(crate) qty: i128,
    /// What they cost; negative for what a short brought.
    pub(crate) cost: i128,
}

impl AverageCost {
    /// Buys `qty` units for `value`, or sells them: then both are negative. What was realised; nothing if nothing was closed.
    pub(crate) fn trade(&mut self, qty: i128, value: i128) -> Option<i128> {
        let split = Split::new(self.qty, qty, value);
        let realised = (split.closing > 0).then(|| -split.closing_value - self.take(split.closing));
        self.add(split.opening, value - split.closing_value);
        realised
    }

    /// Units that come at a value, or go at what they cost: nothing is realised.
    pub(crate) fn transfer(&mut self, qty: i128, value: i128) {
        let split = Split::new(self.qty, qty, value);
        self.take(split.closing);
        self.add(split.opening, value - split.closing_value);
    }

    /// What one unit cost, towards zero; nothing without units.
    pub(crate) fn entry_price(&self) -> Option<i128> {
        (self.qty != 0).then(|| self.cost / self.qty * UNIT + self.cost % self.qty * UNIT / self.qty)
    }

    fn add(&mut self, qty: i128, cost: i128) {
        if qty != 0 {
            self.qty += qty;
            self.cost += cost;
        }
    }

    /// Takes units away and says what they cost.
    fn take(&mut self, units: i128) -> i128 {
        let cost = part(self.cost, units, self.qty.abs());
        self.cost -= cost;
        self.qty -= self.qty.signum() * units;
        cost
    }
}

/// How many units of a trade close what is there, what they trade for, and how many open something new.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Split {
    /// Without a sign.
    pub(crate) closing: i128,
    /// With the sign of the trade's.
    pub(crate) closing_value: i128,
    /// With the sign of the trade's.
    pub(crate) opening: i128,
}

impl Split {
    /// Of `qty` units for `value`, where there are `held`.
    pub(crate) fn new(held: i128, qty: i128, value: i128) -> Self {
        let closing = if held.signum() * qty.signum() < 0 { qty.abs().min(held.abs()) } else { 0 };
        let closing_value = part(value, closing, qty.abs());
        Self { closing, closing_value, opening: qty - qty.signum() * closing }
    }
}

/// Units times price, with their sign, towards zero.
pub(crate) fn value(price: Amount, units: i128) -> i128 {
    units / UNIT * price.units() + units % UNIT * price.units() / UNIT
}

/// `value * of / whole`, towards zero, without overflow for `of <= whole`.
pub(crate) fn part(value: i128, of: i128, whole: i128) -> i128 {
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

    #[test]
    fn a_result_is_what_closing_brings_and_nothing_where_nothing_is_closed() {
        let mut held = AverageCost::default();
        assert_eq!(held.trade(10, 1_000), None);
        assert_eq!(held.trade(10, 1_200), None);
        assert_eq!(held.entry_price(), Some(110_000_000_000));
        assert_eq!(held.trade(-10, -1_100), Some(0));
        // Ten at 130 close what is long, five more are short.
        assert_eq!(held.trade(-15, -1_950), Some(200));
        assert_eq!(held, AverageCost { qty: -5, cost: -650 });
        assert_eq!(held.trade(5, 700), Some(-50));
        assert_eq!((held, held.entry_price()), (AverageCost::default(), None));
    }
}
