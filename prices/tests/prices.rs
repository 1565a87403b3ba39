//! Prices of several sources, by what is told of them.

use assay_prices::{Columns, InstrumentTerms, LineError, Prices, Quote, QuoteFault, SourceTerms, Told};
use assay_trading_types::{Alarm, Price, PriceSource, Symbol, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const S: i64 = 1_000_000_000;

/// Both sources are silent after five seconds.
const STALE_S: i64 = 5;

struct Desk {
    prices: Prices,
    now: Timestamp,
}

fn price(text: &str) -> Price {
    text.parse().expect("a price")
}

fn symbol() -> Symbol {
    "AAPL".parse().expect("a symbol")
}

impl Desk {
    /// Two sources, `first` and `second`, of AAPL at 100, where a tenth is an outlier.
    fn new() -> Self {
        Self::with(Some(30 * S))
    }

    fn with(max_age_ns: Option<i64>) -> Self {
        let source = |name: &str| SourceTerms {
            name: PriceSource::new(name).expect("a name"),
            stale_after_ns: STALE_S * S,
        };
        let terms = InstrumentTerms {
            symbol: symbol(),
            sources: vec![0, 1],
            outlier_bp: Some(1_000),
            max_age_ns,
            in_force: Some(price("100")),
        };
        let prices = Prices::new(vec![source("first"), source("second")], vec![terms]);
        Self { prices, now: Timestamp::from_ns(1_795_253_400 * S) }
    }

    fn quote(&self, last: &str) -> Quote {
        let last = Some(price(last));
        Quote { symbol: symbol(), at: self.now, bid: None, offer: None, last, sequence: None }
    }

    fn hears(&mut self, place: usize, last: &str) -> Result<(), QuoteFault> {
        let quote = self.quote(last);
        self.prices.hear(place, &quote, self.now)
    }

    fn waits(&mut self, ns: i64) {
        self.now = self.now.plus_ns(ns);
        self.prices.watch(self.now);
    }

    /// What was told since it was asked last: prices with their source, troubles.
    fn told(&mut self) -> Vec<String> {
        let text = |told: Told| match told {
            Told::Price(e) => format!("{} {}", e.source.expect("a source says it"), e.price),
            Told::Alarm(e) => {
                assert_eq!(e.symbol, Some(symbol()));
                match e.alarm {
                    Alarm::ReferencePrice(trouble) => format!("{trouble:?}"),
                    other => panic!("{other:?} is not of prices"),
                }
            }
        };
        self.prices.drain().map(text).collect()
    }
}

#[test]
fn a_new_price_is_told_and_the_same_one_only_before_it_grows_too_old() {
    let mut desk = Desk::new();
    desk.hears(0, "101").unwrap();
    assert_eq!(desk.told(), ["first 101"]);
    for _ in 0..9 {
        desk.waits(S);
        desk.hears(0, "101").unwrap();
        assert_eq!(desk.told(), [""; 0]);
    }
    desk.waits(S);
    assert_eq!(desk.told(), ["first 101"], "a third of thirty seconds is over");
    desk.waits(S);
    desk.hears(0, "102").unwrap();
    assert_eq!(desk.told(), ["first 102"]);
}

#[test]
fn a_first_price_is_told_though_it_is_the_one_in_force() {
    let mut desk = Desk::with(None);
    desk.hears(0, "100").unwrap();
    assert_eq!(desk.told(), ["first 100"]);
    desk.waits(3_600 * S);
    assert_eq!(desk.told(), ["Stale"]);
}

#[test]
fn ten_prices_a_second_are_told_and_the_last_one_is_not_lost() {
    let mut desk = Desk::new();
    for n in 0..1_000 {
        desk.hears(0, &format!("100.{n:03}")).unwrap();
        desk.waits(S / 1_000);
    }
    let told = desk.told();
    assert!((10..=11).contains(&told.len()), "{} in a second", told.len());
    desk.waits(S / 10);
    desk.hears(0, "100.999").unwrap();
    assert!(told.last().is_some_and(|t| t == "first 100.999") || desk.told() == ["first 100.999"]);
}

#[test]
fn a_silent_source_is_replaced_by_the_next_and_comes_back_once_it_is_steady() {
    let mut desk = Desk::new();
    desk.hears(0, "101").unwrap();
    desk.hears(1, "102").unwrap();
    assert_eq!(desk.told(), ["first 101"], "the first in order counts");
    for _ in 0..5 {
        desk.waits(S);
        desk.hears(1, "102").unwrap();
    }
    assert_eq!(desk.told(), [""; 0], "five seconds are allowed");
    desk.waits(1);
    assert_eq!(desk.told(), ["FailedOver", "second 102"]);
    assert_eq!((desk.prices.leads(0), desk.prices.leads(1), desk.prices.without()), (0, 1, 0));
    for _ in 0..5 {
        desk.waits(S);
        desk.hears(0, "103").unwrap();
        desk.hears(1, "102").unwrap();
        assert_eq!(desk.told(), [""; 0], "it may be gone again in a moment");
    }
    desk.hears(0, "103").unwrap();
    desk.waits(S);
    desk.hears(0, "103").unwrap();
    assert_eq!(desk.told(), ["Returned", "first 103"]);
}

#[test]
fn sources_that_say_nothing_from_the_start_on_are_silent() {
    let mut desk = Desk::new();
    desk.waits(0);
    desk.waits(STALE_S * S);
    assert_eq!(desk.told(), [""; 0]);
    desk.waits(1);
    assert_eq!(desk.told(), ["Stale"]);
    desk.waits(60 * S);
    desk.hears(1, "101").unwrap();
    assert_eq!(desk.told(), ["second 101"]);
}

#[test]
fn when_all_are_silent_it_is_said_once_and_the_first_to_speak_counts_at_once() {
    let mut desk = Desk::new();
    desk.hears(0, "101").unwrap();
    desk.told();
    desk.waits(STALE_S * S + 1);
    assert_eq!(desk.told(), ["Stale"]);
    desk.waits(60 * S);
    assert_eq!(desk.told(), [""; 0]);
    assert_eq!(desk.prices.without(), 1);
    desk.hears(1, "101").unwrap();
    assert_eq!(desk.told(), ["Returned", "second 101"]);
}

#[test]
fn an_outlier_counts_when_it_is_said_three_times_or_by_another_source() {
    let mut desk = Desk::new();
    desk.hears(0, "110").unwrap();
    assert_eq!(desk.told(), ["first 110"], "a tenth away is not further than a tenth");
    desk.waits(S);
    let outlier = QuoteFault::Outlier(price("150"), price("110"));
    assert_eq!(desk.hears(0, "150"), Err(outlier));
    assert_eq!(desk.told(), ["Outlier"]);
    assert_eq!(desk.hears(0, "150"), Err(outlier));
    assert_eq!(desk.told(), [""; 0], "it was said");
    desk.hears(0, "150").unwrap();
    assert_eq!(desk.told(), ["first 150"]);

    desk.waits(S);
    assert!(desk.hears(1, "50").is_err());
    assert_eq!(desk.told(), ["Outlier"]);
    desk.hears(1, "151").unwrap();
    desk.waits(S);
    assert!(desk.hears(0, "200").is_err());
    desk.hears(0, "151").unwrap();
    assert!(desk.hears(0, "200").is_err(), "what it said in between begins the count anew");
    assert!(desk.hears(0, "200").is_err());
    desk.told();
    assert!(desk.hears(1, "201").is_err(), "the other source has not been believed either");
    desk.hears(0, "201").unwrap();
    desk.waits(S);
    assert_eq!(desk.told().last().map(String::as_str), Some("first 201"));
    desk.hears(1, "202").unwrap();
}

#[test]
fn an_outlier_that_another_source_confirms_counts_at_once() {
    let mut desk = Desk::new();
    desk.hears(0, "100").unwrap();
    for _ in 0..3 {
        let _ = desk.hears(1, "130");
    }
    desk.waits(S);
    desk.told();
    desk.hears(0, "131").unwrap();
    assert_eq!(desk.told(), ["first 131"]);
}

#[test]
fn quotes_that_cannot_be_do_not_count() {
    let mut desk = Desk::new();
    let now = desk.now;
    let give = |desk: &mut Desk, change: &dyn Fn(&mut Quote)| {
        let mut quote = desk.quote("101");
        change(&mut quote);
        desk.prices.hear(0, &quote, now)
    };
    let other = "MSFT".parse().unwrap();
    assert_eq!(give(&mut desk, &|q| q.symbol = other), Err(QuoteFault::NotAsked));
    assert_eq!(desk.prices.hear(2, &desk.quote("101"), now), Err(QuoteFault::NotAsked));
    assert_eq!(give(&mut desk, &|q| q.last = None), Err(QuoteFault::NoPrice));
    assert_eq!(give(&mut desk, &|q| q.last = Some(price("0"))), Err(QuoteFault::NoPrice));
    assert_eq!(give(&mut desk, &|q| q.last = Some(price("-1"))), Err(QuoteFault::NoPrice));
    let crossed = QuoteFault::Crossed(price("102"), price("101"));
    let cross = |q: &mut Quote| (q.bid, q.offer) = (Some(price("102")), Some(price("101")));
    assert_eq!(give(&mut desk, &cross), Err(crossed));
    let ahead = now.plus_ns(S + 1);
    assert_eq!(give(&mut desk, &|q| q.at = ahead), Err(QuoteFault::Ahead(ahead)));
    assert_eq!(give(&mut desk, &|q| q.at = now.plus_ns(-STALE_S * S - 1)), Err(QuoteFault::Stale));
    give(&mut desk, &|_| ()).unwrap();
    assert_eq!(give(&mut desk, &|q| q.at = now.plus_ns(-1)), Err(QuoteFault::Late));
    assert_eq!(desk.told(), ["first 101"]);
}

#[test]
fn missing_numbers_are_said_and_repeated_ones_do_not_count() {
    let mut desk = Desk::new();
    let give = |desk: &mut Desk, number| {
        let quote = Quote { sequence: Some(number), ..desk.quote("100") };
        desk.prices.hear(0, &quote, desk.now)
    };
    give(&mut desk, 7).unwrap();
    give(&mut desk, 8).unwrap();
    assert_eq!(desk.told(), ["first 100"]);
    give(&mut desk, 11).unwrap();
    assert_eq!(desk.told(), ["Gap"]);
    assert_eq!(give(&mut desk, 11), Err(QuoteFault::Repeated(11)));
    assert_eq!(give(&mut desk, 9), Err(QuoteFault::Repeated(9)));
    give(&mut desk, 1).unwrap();
    give(&mut desk, 2).unwrap();
    assert_eq!(desk.told(), [""; 0], "a source that begins anew leaves nothing out");
}

#[test]
fn a_price_is_the_trade_held_between_the_sides_or_their_middle() {
    let of = |bid: &str, offer: &str, last: &str| {
        let maybe = |text: &str| (!text.is_empty()).then(|| price(text));
        let (bid, offer, last) = (maybe(bid), maybe(offer), maybe(last));
        Quote { symbol: symbol(), at: Timestamp::default(), bid, offer, last, sequence: None }.price()
    };
    assert_eq!(of("", "", "10"), Ok(price("10")));
    assert_eq!(of("9", "11", "10"), Ok(price("10")));
    assert_eq!(of("10.5", "11", "10"), Ok(price("10.5")));
    assert_eq!(of("8", "9", "10"), Ok(price("9")));
    assert_eq!(of("9", "11", ""), Ok(price("10")));
    assert_eq!(of("0.000000001", "0.000000002", ""), Ok(price("0.000000001")));
    assert_eq!(of("9", "", ""), Err(QuoteFault::NoPrice));
    assert_eq!(of("", "9", ""), Err(QuoteFault::NoPrice));
    assert_eq!(of("0", "9", "10"), Ok(price("9")));
}

#[test]
fn lines_are_read_by_their_heading() {
    let columns = Columns::parse("\u{feff}symbol, time,venue,last,bid,offer,sequence\r").unwrap();
    let quote =
        Quote::parse("AAPL,2026-11-21T09:30:00.000000001+01:00,XNYS,100.5,100,,42\r", &columns).unwrap();
    assert_eq!(quote.symbol, symbol());
    assert_eq!(quote.at, Timestamp::from_ns(1_795_249_800 * S + 1));
    assert_eq!((quote.bid, quote.offer, quote.last), (Some(price("100")), None, Some(price("100.5"))));
    assert_eq!(quote.sequence, Some(42));
    let by_ns = Quote::parse("AAPL,1795249800000000001,,100.5,100,,", &columns).unwrap();
    assert_eq!((by_ns.at, by_ns.sequence), (quote.at, None));
    let bad = |line: &str| Quote::parse(line, &columns).unwrap_err();
    assert_eq!(bad("AAPL,now"), LineError::Fields { found: 2, asked: 7 });
    assert_eq!(bad("AAPL,2026-11-21T09:30:00,,1,1,1,1"), LineError::Field("time"));
    assert_eq!(bad(",1795249800000000001,,1,1,1,1"), LineError::Field("symbol"));
    assert_eq!(bad("AAPL,1795249800000000001,,1e3,1,1,1"), LineError::Field("last"));
    assert_eq!(bad("AAPL,1795249800000000001,,NaN,1,1,1"), LineError::Field("last"));
    assert_eq!(bad("AAPL,1795249800000000001,,1,1,1,-1"), LineError::Field("sequence"));
    assert_eq!(bad(&"A".repeat(1_025)), LineError::TooLong);
    let no = |heading: &str| Columns::parse(heading).unwrap_err();
    assert_eq!(no("symbol,last"), LineError::Column("time"));
    assert_eq!(no("time,symbol,bid"), LineError::Column("last"));
    assert_eq!(no("time,symbol,last,last"), LineError::Column("last"));
}

/// Whatever sources say: a price told is above zero, no older than may be, and nothing panics.
#[test]
fn random_sources_tell_nothing_that_cannot_be() {
    let seed: u64 = rand::rngs::StdRng::from_os_rng().random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..200 {
        let mut desk = Desk::new();
        let mut heard = vec![price("100")];
        for _ in 0..500 {
            let mut maybe =
                || random.random_bool(0.7).then(|| Price::from_units(random.random_range(-S..200 * S)));
            let (bid, offer, last) = (maybe(), maybe(), maybe());
            let at = desk.now.plus_ns(random.random_range(-8 * S..2 * S));
            let sequence = random.random_bool(0.3).then(|| random.random_range(0..50));
            let quote = Quote { symbol: symbol(), at, bid, offer, last, sequence };
            if desk.prices.hear(random.random_range(0..3), &quote, desk.now).is_ok() {
                heard.push(quote.price().expect("what counts has a price"));
            }
            desk.waits(random.random_range(0..2 * S));
            for told in desk.prices.drain() {
                if let Told::Price(e) = told {
                    assert!(e.price.units() > 0 && heard.contains(&e.price), "{e:?} of {quote:?}");
                }
            }
        }
    }
}
