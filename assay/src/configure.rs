//! The configuration as events: firms, instruments, limits and opening balances enter the log like everything else.
//!
//! All of it is appended when the configuration's digest differs from the last one in the log. Credits carry the
//! reference `opening` and have effect once; everything else replaces what was there.

use crate::config::{Config, Firm, Instrument, Limits};
use crate::timetable::timetable;
use assay_event_log::{NewRecord, Value};
use assay_trading_types::{
    AccountCredited, Actor, Asset, AverageVolumeSet, Commission, ConfigurationLoaded, Event, FirmOpened,
    HouseCreditSet, InstrumentListed, LimitsSet, ReferencePriceSet, RouteSet, Timestamp, Topic,
    TradingRulesSet, VolatilityGuard,
};
use sha2::{Digest, Sha256};

/// Marks opening balances, so that a balance is counted once however often the configuration is read.
const OPENING: &str = "opening";

const NS_PER_S: i64 = 1_000_000_000;

/// What `config` says about the business, in hex: equal digests need no new events. Addresses and paths do not count.
pub(crate) fn digest(config: &Config) -> String {
    let mut hash = Sha256::new();
    for record in records(config, 0, Timestamp::default()) {
        if let Value::Event { json, .. } = &record.value {
            hash.update((json.len() as u64).to_be_bytes());
            hash.update(json);
        }
    }
    hex::encode(hash.finalize())
}

/// The records that bring `config` into force at `at`; limits get version `limits_version`.
pub(crate) fn records(config: &Config, limits_version: u64, at: Timestamp) -> Vec<NewRecord> {
    let instruments = config.instruments.iter().flat_map(instrument_events);
    let assets = config.assets.iter().map(|asset| (Topic::Accounts, asset.terms().into()));
    let venues = config.venues.iter().map(|venue| (Topic::Markets, venue.terms().into()));
    let house = house_events(config, limits_version);
    let firms = config.firms.iter().flat_map(|firm| firm_events(firm, limits_version));
    instruments
        .chain(assets)
        .chain(venues)
        .chain(house)
        .chain(firms)
        .map(|(topic, event)| record(topic, event, at))
        .collect()
}

/// When the configured calendars trade, from about `at` on. A start of a node needs them anew, also when the configuration
/// is the same: they reach a year ahead.
pub(crate) fn timetables(config: &Config, at: Timestamp) -> Vec<NewRecord> {
    let timetables = config.calendars.iter().map(|calendar| timetable(calendar, at));
    timetables.map(|timetable| record(Topic::Markets, timetable.into(), at)).collect()
}

/// The record that says a process started with `config`.
pub(crate) fn loaded(digest: String, at: Timestamp) -> NewRecord {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    record(Topic::Admin, ConfigurationLoaded { version, digest }.into(), at)
}

fn record(topic: Topic, event: Event, at: Timestamp) -> NewRecord {
    NewRecord::first(topic, Actor::new("config").expect("a valid actor"), at, event)
}

fn instrument_events(instrument: &Instrument) -> Vec<(Topic, Event)> {
    let listed = InstrumentListed {
        symbol: instrument.symbol,
        currency: instrument.currency,
        tick_size: instrument.tick_size,
        lot_size: instrument.lot_size,
        security_type: instrument.security_type,
        exchange: instrument.exchange,
        single_orders: instrument.single_orders,
    };
    let rules = TradingRulesSet {
        symbol: instrument.symbol,
        calendar: instrument.calendar,
        volatility: instrument.volatility.map(|guard| VolatilityGuard {
            band_bp: guard.band_bp,
            auction_ns: i64::from(guard.auction_s) * NS_PER_S,
        }),
        reference_price: instrument.reference_price,
    };
    let mut events = vec![
        (Topic::Accounts, listed.clone().into()),
        (Topic::Markets, listed.into()),
        (Topic::Markets, rules.into()),
        (Topic::Markets, RouteSet { symbol: instrument.symbol, venues: instrument.venues.clone() }.into()),
    ];
    if let Some(price) = instrument.reference_price {
        let max_age_ns = instrument.reference_max_age_s.map(|s| i64::from(s) * 1_000_000_000);
        let reference = ReferencePriceSet { symbol: instrument.symbol, price, max_age_ns, source: None };
        events.push((Topic::Accounts, reference.into()));
    }
    if let Some(qty) = instrument.average_daily_volume {
        events.push((Topic::Accounts, AverageVolumeSet { symbol: instrument.symbol, qty }.into()));
    }
    events
}

/// The house's credit comes before the firms' shares of it.
fn house_events(config: &Config, version: u64) -> Option<(Topic, Event)> {
    let credit_max = config.house.credit?;
    Some((Topic::Accounts, HouseCreditSet { version, credit_max: Some(credit_max) }.into()))
}

fn firm_events(firm: &Firm, limits_version: u64) -> Vec<(Topic, Event)> {
    let accounts = firm.accounts();
    let Some(first) = accounts.first().copied() else { return Vec::new() };
    let commission = Commission {
        per_share: firm.commission.per_share,
        basis_points: firm.commission.basis_points,
        minimum: firm.commission.minimum,
    };
    let opened = FirmOpened { firm: firm.id, accounts, commission, self_trade: firm.self_trade };
    let limits = |account, limits: &Limits| LimitsSet {
        firm: firm.id,
        account,
        version: limits_version,
        limits: limits.to_limits(),
    };
    let credit = |(asset, amount): (&Asset, &assay_trading_types::Amount)| {
        let reference = OPENING.to_owned();
        AccountCredited { firm: firm.id, account: first, asset: *asset, amount: *amount, reference }.into()
    };
    let mut events: Vec<Event> = vec![opened.into(), limits(None, &firm.limits).into()];
    let own = firm.account_limits.iter();
    events.extend(own.map(|(account, own)| limits(Some(*account), own).into()));
    events.extend(firm.cash.iter().chain(&firm.positions).filter(|(_, a)| a.units() > 0).map(credit));
    events.into_iter().map(|event| (Topic::Accounts, event)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Overrides;

    fn example() -> Config {
        let file = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/example.toml"));
        Config::load(file, &Overrides::default()).unwrap()
    }

    #[test]
    fn a_digest_follows_business_terms_only() {
        let config = example();
        let mut moved = config.clone();
        moved.gateway.listen = "127.0.0.1:1".parse().unwrap();
        assert_eq!(digest(&config), digest(&moved));
        let mut changed = config.clone();
        changed.firms[0].limits.orders_per_s = Some(7);
        assert_ne!(digest(&config), digest(&changed));
    }

    #[test]
    fn opening_balances_and_instruments_become_events() {
        let kinds: Vec<&str> =
            records(&example(), 1, Timestamp::default()).iter().map(|r| r.value.kind().name()).collect();
        assert_eq!(kinds.iter().filter(|k| **k == "account.credited.v1").count(), 4);
        assert_eq!(kinds.iter().filter(|k| **k == "instrument.listed.v1").count(), 2);
        assert_eq!(kinds.iter().filter(|k| **k == "firm.opened.v1").count(), 2);
    }
}
