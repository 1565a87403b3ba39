//! Interest, exactly: nothing is rounded but what falls due, and what rounding leaves is carried on.

use crate::plan::RATE_ONE;
use assay_trading_types::Amount;
use assay_trading_types::loan_terms::{Rate, YEAR};
use serde::{Deserialize, Serialize};

/// Parts of a billionth of the currency that interest is counted in.
const PARTS: i128 = YEAR as i128 * RATE_ONE;

/// Interest that has run up since a loan began.
///
/// Rule: what has fallen due up to any day is the exact sum up to that day, rounded half to even to the currency's
/// smallest amount. So it does not matter how often it is taken: a year taken daily, monthly or at once is the same sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Accrual {
    /// Exact sum less what fell due, in parts; between minus and plus one half of the smallest amount after a taking.
    carry: i128,
    /// What fell due so far.
    taken: Amount,
}

impl Accrual {
    /// Adds the interest on `principal` at `rate` over `part` of a year, in parts of [`YEAR`]. Nothing if the sum is
    /// beyond what can be counted, which no principal below 10^12 reaches in 10 years at 1,000 %.
    #[must_use]
    pub fn plus(self, principal: Amount, rate: Rate, part: i64) -> Option<Self> {
        let interest =
            principal.units().checked_mul(i128::from(rate.billionths()))?.checked_mul(part.into())?;
        Some(Self { carry: self.carry.checked_add(interest)?, ..self })
    }

    /// Takes what has fallen due, in whole multiples of `unit` billionths.
    pub fn take(&mut self, unit: i128) -> Amount {
        let whole = unit * PARTS;
        let (count, rest) = (self.carry.div_euclid(whole), self.carry.rem_euclid(whole));
        let odd = (self.taken.units() / unit + count) % 2 != 0;
        let up = match (rest * 2).cmp(&whole) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => i128::from(odd),
            std::cmp::Ordering::Greater => 1,
        };
        let due = Amount::from_units((count + up) * unit);
        self.carry -= (count + up) * whole;
        self.taken = Amount::from_units(self.taken.units() + due.units());
        due
    }

    /// What fell due so far.
    pub fn taken(&self) -> Amount {
        self.taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    #[test]
    fn interest_is_additive_over_any_split_of_days() {
        let seed = std::env::var("SEED").map_or(0x10a2, |seed| seed.parse().unwrap());
        println!("seed {seed}");
        let mut rng = StdRng::seed_from_u64(seed);
        for _ in 0..500 {
            let principal = Amount::from_units(rng.random_range(1..=1_000_000_000_000_000_000_000));
            let rate = Rate::from_billionths(rng.random_range(0..=10_000_000_000)).unwrap();
            let unit = [1, 10_000_000, 1_000_000_000][rng.random_range(0..3)];
            let days: Vec<i64> =
                (0..rng.random_range(1..60)).map(|_| rng.random_range(0..40) * 4_392).collect();
            let mut at_once = Accrual::default().plus(principal, rate, days.iter().sum()).unwrap();
            let expected = at_once.take(unit);
            let mut daily = Accrual::default();
            let mut sum = 0;
            for part in days {
                daily = daily.plus(principal, rate, part).unwrap();
                if rng.random() {
                    let due = daily.take(unit);
                    assert!(due >= Amount::ZERO, "what fell due stays due");
                    sum += due.units();
                }
            }
            sum += daily.take(unit).units();
            assert_eq!((Amount::from_units(sum), daily), (expected, at_once));
        }
    }

    #[test]
    fn a_half_goes_to_the_even_neighbour_of_the_whole_sum() {
        let half_cent = |n: i128| {
            let principal = Amount::from_units(n * 5_000_000);
            let mut accrual = Accrual::default().plus(principal, Rate::parse("1").unwrap(), YEAR).unwrap();
            accrual.take(10_000_000).units() / 10_000_000
        };
        assert_eq!([1, 2, 3, 4, 5, 7].map(half_cent), [0, 1, 2, 2, 2, 4]);
    }
}
