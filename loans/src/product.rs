//! Products: whether their terms agree, and the plan of a loan on them.

use crate::accrual::Accrual;
use crate::plan::{Interest, PRINCIPAL_MAX, Plan, RATE_ONE, unit_of};
use assay_trading_types::loan_terms::{CollateralRule, Cycle, Part, Product, Rate, YEAR};
use assay_trading_types::{Amount, Date};

/// Longest term, 40 years.
const TERM_DAYS_MAX: u32 = 14_610;

/// Most of any other number of days in the terms, ten years: beyond that nobody means a number of days.
const DAYS_MAX: u32 = 3_650;

/// Assets that a product takes as collateral.
const COLLATERAL_MAX: usize = 64;

/// Years for which interest on the most that is lent must be countable, longer than any loan is kept.
const COUNTABLE_YEARS: i64 = 100;

/// Longest name, in characters.
const NAME_MAX: usize = 100;

/// Longest description, in characters.
const DESCRIPTION_MAX: usize = 2_000;

/// Days without business that a product names: 40 years of some 25.
const HOLIDAYS_MAX: usize = 1_000;

/// What is wrong with the terms of a product, if anything: the first that is.
pub fn fault(product: &Product) -> Option<&'static str> {
    let of_terms = [words_fault, amounts_fault, ratios_fault, schedule_fault];
    of_terms.iter().find_map(|fault| fault(product))
}

/// The plan of a loan of `amount` paid out on `start`.
pub(crate) fn plan(product: &Product, amount: Amount, start: Date) -> Plan {
    Plan {
        principal: amount,
        decimals: product.decimals,
        start,
        anchor: start,
        maturity: start.plus_days(product.term_days as i32),
        cycle: product.cycle,
        stub: product.stub,
        interest: Interest { rate: product.rate, steps: Vec::new(), day_count: product.day_count },
        repayment: product.repayment,
        business_days: product.business_days.clone(),
    }
}

/// The words of the first thing that does not hold.
fn first_of<const N: usize>(rules: [(bool, &'static str); N]) -> Option<&'static str> {
    rules.into_iter().find(|(holds, _)| !holds).map(|(_, words)| words)
}

fn words_fault(p: &Product) -> Option<&'static str> {
    let name = (1..=NAME_MAX).contains(&p.name.chars().count());
    first_of([
        (name, "name must have 1 to 100 characters"),
        (!p.name.contains(char::is_control), "name must have no control characters"),
        (p.description.chars().count() <= DESCRIPTION_MAX, "description must have at most 2000 characters"),
        (p.business_days.holidays.len() <= HOLIDAYS_MAX, "business_days must name at most 1000 holidays"),
    ])
}

fn amounts_fault(p: &Product) -> Option<&'static str> {
    let unit = unit_of(p.decimals);
    let whole = |amount: &Amount| *amount >= Amount::ZERO && amount.units() % unit == 0;
    let all = [p.amount_min, p.amount_max, p.late_fee, p.payout_fee, p.tolerance, p.two_persons_above];
    first_of([
        (p.decimals <= 9, "decimals must be at most 9"),
        (all.iter().all(whole), "amounts must not be negative nor have more decimals than the currency"),
        (p.amount_min > Amount::ZERO, "amount_min must be above zero"),
        (p.amount_min <= p.amount_max, "amount_min must not be above amount_max"),
        (p.amount_max <= PRINCIPAL_MAX, "amount_max must be at most 10^12"),
        (p.payout_fee < p.amount_min, "payout_fee must be below amount_min"),
    ])
}

fn ratios_fault(p: &Product) -> Option<&'static str> {
    let below_one = |rule: &CollateralRule| i128::from(rule.haircut.billionths()) < RATE_ONE;
    let distinct = |(i, rule): (usize, &CollateralRule)| {
        rule.asset != p.currency && !p.collateral[..i].iter().any(|other| other.asset == rule.asset)
    };
    let named = (1..=COLLATERAL_MAX).contains(&p.collateral.len());
    let least = i128::from(p.liquidation_ratio.billionths()) >= RATE_ONE;
    let rising = p.liquidation_ratio <= p.margin_ratio && p.margin_ratio <= p.collateral_ratio;
    first_of([
        (named, "collateral must name 1 to 64 assets"),
        (p.collateral.iter().all(below_one), "a haircut must be below 1"),
        (p.collateral.iter().enumerate().all(distinct), "collateral must be other assets, each named once"),
        (least, "liquidation_ratio must be at least 1"),
        (rising, "liquidation_ratio, margin_ratio and collateral_ratio must not fall"),
    ])
}

fn schedule_fault(p: &Product) -> Option<&'static str> {
    // A price has an age from the moment it is said: of none at all, nothing could ever be lent.
    let usable = p.price_age_max_s > 0;
    let every = [Part::Fees, Part::Interest, Part::Principal].iter().all(|part| p.waterfall.contains(part));
    let cycle_days = if let Cycle::Days(days) = p.cycle { u32::from(days) } else { 0 };
    let start = Date::from_days(0);
    let plans = |amount| plan(p, amount, start).check().is_ok();
    let countable =
        |rate: &Rate| Accrual::default().plus(p.amount_max, *rate, COUNTABLE_YEARS * YEAR).is_some();
    first_of([
        ((1..=TERM_DAYS_MAX).contains(&p.term_days), "term_days must be 1 to 14610"),
        (p.grace_days <= DAYS_MAX, "grace_days must be at most 3650"),
        (p.default_after_days <= DAYS_MAX, "default_after_days must be at most 3650"),
        (cycle_days <= DAYS_MAX, "cycle must be at most 3650 days"),
        (usable, "price_age_max_s must be at least 1"),
        (every, "waterfall must name fees, interest and principal"),
        (
            plans(p.amount_min) && plans(p.amount_max),
            "the terms make no schedule, or one of more than 480 dates",
        ),
        (
            [p.rate, p.penalty_rate].iter().all(countable),
            "interest on amount_max is more than can be counted",
        ),
    ])
}
