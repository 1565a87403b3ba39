//! What trading costs.

use assay_trading_types::{Amount, Commission, Qty, SCALE};

/// Basis points in one.
const BASIS: i128 = 10_000;

/// Where rates and quantities beyond all sense come to: nobody can cover it, and sums of it still fit 128 bits.
const PROHIBITIVE: Amount = Amount::from_units(i128::MAX >> 8);

/// Commission due on `qty` traded for `notional` in all of an order's fills: at least the minimum, as soon as anything
/// is traded. Each rate rounds half to even in the billionth. It never falls as fills are added.
pub(crate) fn due(rates: &Commission, qty: Qty, notional: Amount) -> Amount {
    if qty <= Qty::ZERO || *rates == Commission::default() {
        return Amount::ZERO;
    }
    let unit = i128::from(SCALE);
    let shares = rates.per_share.checked_mul_ratio(i128::from(qty.units()), unit);
    let value = rates.basis_points.checked_mul_ratio(notional.units(), BASIS * unit);
    let sum = shares.zip(value).and_then(|(shares, value)| shares.checked_add(value));
    sum.unwrap_or(PROHIBITIVE).max(rates.minimum).clamp(Amount::ZERO, PROHIBITIVE)
}

/// As [`due`], less what some of the fills saved; the minimum stays.
pub(crate) fn due_less(rates: &Commission, qty: Qty, notional: Amount, saved: Amount) -> Amount {
    if qty <= Qty::ZERO {
        return Amount::ZERO;
    }
    let whole = without_minimum(rates, qty, notional).units() - saved.units();
    Amount::from_units(whole.max(0)).max(rates.minimum).clamp(Amount::ZERO, PROHIBITIVE)
}

/// As [`due`], without a minimum.
pub(crate) fn without_minimum(rates: &Commission, qty: Qty, notional: Amount) -> Amount {
    due(&Commission { minimum: Amount::ZERO, ..*rates }, qty, notional)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text).unwrap()
    }

    #[test]
    fn commission_is_rates_then_minimum_rounded_half_to_even() {
        let table = [
            // per share, basis points, minimum, qty, notional, due
            ("0", "0", "0", "100", "1000", "0"),
            ("0.005", "0", "0", "100", "1000", "0.5"),
            ("0", "5", "0", "100", "1000", "0.5"),
            ("0.005", "5", "0", "100", "1000", "1"),
            ("0.005", "0", "1", "100", "1000", "1"),
            ("0.005", "0", "1", "200", "1000", "1"),
            ("0.005", "0", "1", "201", "1000", "1.005"),
            ("0", "0", "1", "1", "1000", "1"),
            ("0", "0", "1", "0", "0", "0"),
            ("0.000000001", "0", "0", "0.5", "1", "0"),
            ("0.000000001", "0", "0", "1.5", "1", "0.000000002"),
            ("0.000000001", "0", "0", "2.5", "1", "0.000000002"),
            ("0", "0.5", "0", "1", "0.00001", "0"),
            ("0", "0.5", "0", "1", "0.00003", "0.000000002"),
            ("-1", "0", "0", "1", "1", "0"),
        ];
        for (per_share, basis_points, minimum, qty, notional, expected) in table {
            let rates = Commission {
                per_share: amount(per_share),
                basis_points: amount(basis_points),
                minimum: amount(minimum),
            };
            let due = due(&rates, Qty::parse(qty).unwrap(), amount(notional));
            assert_eq!(due, amount(expected), "{per_share} {basis_points} {minimum} {qty} {notional}");
        }
    }
}
