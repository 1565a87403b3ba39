//! How the simulated instruments trade: one always, one with a volatility guard, one by a calendar of very short days.

use crate::traffic::{SYMBOLS, id};
use assay_trading_types::*;
use rand::{Rng, rngs::StdRng};

const S: i64 = 1_000_000_000;
const DAY_S: i64 = 86_400;

/// The clock of a run jumps by days now and then; each of those has so many trading days of [`SHORT_DAY_S`].
const CLOCK_DAYS: i64 = 8;
const SHORT_DAYS: i64 = 6;
const SHORT_DAY_S: i64 = 12;

/// Rules and calendars, written when the node starts first.
pub(crate) fn opening(at: Timestamp) -> Vec<Event> {
    let calendar = CalendarId::new("SHORT").expect("a short name");
    let guard = VolatilityGuard { band_bp: 60, auction_ns: S };
    let rules = |symbol: &str, calendar, volatility| TradingRulesSet {
        symbol: id(symbol),
        calendar,
        volatility,
        reference_price: Some(Price::from_units(10 * SCALE)),
    };
    let timetable = TimetableSet { calendar, zone: "UTC".to_owned(), days: days(at) };
    vec![
        timetable.into(),
        rules(SYMBOLS[1], None, Some(guard)).into(),
        rules(SYMBOLS[2], Some(calendar), Some(guard)).into(),
    ]
}

fn days(at: Timestamp) -> Vec<TradingDay> {
    let begins = (0..CLOCK_DAYS).flat_map(|day| (0..SHORT_DAYS).map(move |n| day * DAY_S + n * SHORT_DAY_S));
    begins.zip(1..).map(|(begin_s, date)| short_day(at.plus_ns(begin_s * S), date)).collect()
}

fn short_day(begin: Timestamp, date: u32) -> TradingDay {
    use TradingPhase::{Closed, ClosingAuction, Continuous, OpeningAuction, PreOpen};
    let phases = [(0, PreOpen), (1, OpeningAuction), (3, Continuous), (8, ClosingAuction), (10, Closed)];
    TradingDay { date, phases: phases.map(|(s, phase)| (begin.plus_ns(s * S), phase)).to_vec() }
}

/// An operator halts an instrument or lets it go on.
pub(crate) fn halt(random: &mut StdRng) -> Event {
    let symbol = id(SYMBOLS[random.random_range(0..SYMBOLS.len())]);
    let halted = random.random_range(0..3) == 0;
    TradingStateSet { symbol, halted, reason: "drill".to_owned() }.into()
}

/// Makes an order one of the rarer kinds, now and then one that nobody can serve.
pub(crate) fn vary(random: &mut StdRng, mut terms: OrderTerms, at: Timestamp) -> OrderTerms {
    let part = Qty::from_units(SCALE * random.random_range(1..=(terms.qty.units() / SCALE).clamp(1, 50)));
    let mut conditions = Conditions::default();
    match random.random_range(0..24) {
        0..3 => {
            let stop: i64 = random.random_range(995..1_006);
            terms.stop_px = Some(Price::from_units(stop * (SCALE / 100)));
            terms.ord_type = match terms.price {
                Some(_) => OrdType::StopLimit,
                None if stop % 2 == 0 => OrdType::TakeProfit,
                None => OrdType::Stop,
            };
        }
        3..5 => {
            let time = at.plus_ns(random.random_range(-1..20) * S);
            let expiry =
                if random.random() { Expiry::Time(time) } else { Expiry::Date(random.random_range(3..40)) };
            (terms.tif, conditions.expiry) = (TimeInForce::Gtd, Some(expiry));
        }
        5..8 => conditions.max_floor = Some(part),
        8 => conditions.post_only = true,
        9 => conditions.all_or_none = true,
        10 => (terms.tif, conditions.min_qty) = (TimeInForce::Ioc, Some(part)),
        11 => terms.tif = TimeInForce::AtOpen,
        12 => terms.tif = TimeInForce::AtClose,
        _ => {}
    }
    terms.conditions = (conditions != Conditions::default()).then(|| Box::new(conditions));
    terms
}
