//! Matching speed: 60 % adds, 35 % cancels, 5 % crossing orders over 1,000 symbols.
//!
//! First the book alone (with the map from order id to its place, as any user of it needs), then the whole processor:
//! event in, reports, prints and tops of book out, without the log.
#![allow(clippy::disallowed_methods)] // a measurement reads the clock

use assay_execution::{Book, BookSide, Execution, Handle};
use assay_trading_types::*;
use rand::{Rng, SeedableRng, rngs::StdRng};
use rustc_hash::FxHashMap;
use std::time::Instant;

const SYMBOLS: usize = 1_000;
const BOOK_OPERATIONS: usize = 6_000_000;
const EVENT_OPERATIONS: usize = 1_000_000;
const MID: i64 = 10_000;
/// A cancel takes one of so many recent orders, so that books stay of a realistic size.
const RECENT: usize = 1 << 16;

#[derive(Clone, Copy)]
enum Operation {
    Add { symbol: usize, side: BookSide, ticks: i64, lots: i64 },
    Cancel { order: u64, symbol: usize },
    Cross { symbol: usize, side: BookSide, lots: i64 },
}

fn script(count: usize) -> Vec<Operation> {
    let mut random = StdRng::seed_from_u64(7);
    let mut recent: Vec<(u64, usize)> = Vec::new();
    (0..count)
        .map(|number| {
            let symbol = random.random_range(0..SYMBOLS);
            let side = if random.random() { BookSide::Bid } else { BookSide::Offer };
            match random.random_range(0..100) {
                60..95 if !recent.is_empty() => {
                    let (order, symbol) = recent.swap_remove(random.random_range(0..recent.len()));
                    Operation::Cancel { order, symbol }
                }
                95.. => Operation::Cross { symbol, side, lots: random.random_range(1..500) },
                _ => {
                    if recent.len() < RECENT {
                        recent.push((number as u64, symbol));
                    }
                    let away = 1 + random.random_range(0..20) * random.random_range(0..5);
                    let ticks = if side == BookSide::Bid { MID - away } else { MID + away };
                    Operation::Add { symbol, side, ticks, lots: random.random_range(1..100) }
                }
            }
        })
        .collect()
}

fn book_alone(script: &[Operation]) {
    let mut books: Vec<Book<u64>> = (0..SYMBOLS).map(|_| Book::default()).collect();
    let mut places: FxHashMap<u64, Handle> = FxHashMap::default();
    let (mut trades, mut cancels) = (0u64, 0u64);
    let began = Instant::now();
    for (number, operation) in script.iter().enumerate() {
        match *operation {
            Operation::Add { symbol, side, ticks, lots } => {
                let place = books[symbol].rest(side, ticks, lots, number as u64);
                places.insert(number as u64, place);
            }
            Operation::Cancel { order, symbol } => {
                if let Some(place) = places.remove(&order) {
                    books[symbol].remove(place);
                    cancels += 1;
                }
            }
            Operation::Cross { symbol, side, lots } => {
                let (book, mut left) = (&mut books[symbol], lots);
                while let Some(place) = book.front(side.opposite()).filter(|_| left > 0) {
                    let maker = *book.get(place);
                    let lots = left.min(maker.lots);
                    left -= lots;
                    trades += 1;
                    if book.lower(place, lots) == 0 {
                        places.remove(&maker.tag);
                    }
                }
            }
        }
    }
    let open: usize = books.iter().map(Book::len).sum();
    print("book alone", script.len(), began, &format!("{trades} trades, {cancels} cancels, {open} open"));
}

fn through_events(script: &[Operation]) {
    let mut execution = Execution::new(0);
    let mut out = Outbox::new(Role::Execution, 1);
    let events: Vec<Event> = (0..SYMBOLS).map(listed).chain(script.iter().enumerate().map(event)).collect();
    let actor = Actor::new("bench").expect("a short name");
    let (mut emitted, mut began) = (0, Instant::now());
    for (offset, event) in events.iter().enumerate() {
        if offset == SYMBOLS {
            began = Instant::now();
        }
        let origin = Origin::Input {
            role: Role::Risk,
            topic: Topic::Accounts,
            partition: 0,
            offset: offset as u64,
            index: 0,
        };
        let input = Input {
            topic: Topic::Markets,
            partition: 0,
            offset: offset as u64,
            at: Timestamp::from_ns(1_795_253_400_000_000_000),
            origin: Some(origin),
            trace: TraceId::default(),
            actor,
            event,
        };
        out.begin(&input);
        execution.apply(&input, &mut out);
        emitted += out.drain().count();
    }
    let open = execution.open_order_count();
    print("Processor::apply", script.len(), began, &format!("{emitted} outputs, {open} open"));
    let began = Instant::now();
    let bytes = execution.snapshot();
    let written = began.elapsed();
    let restored = Execution::restore(&bytes).map(|e| e.open_order_count());
    println!(
        "{:<18} {} bytes, written in {written:?}, read in {:?} ({} orders)",
        "snapshot",
        bytes.len(),
        began.elapsed() - written,
        restored.unwrap_or(0)
    );
}

fn print(what: &str, operations: usize, began: Instant, note: &str) {
    let seconds = began.elapsed().as_secs_f64();
    let (rate, each) = (operations as f64 / seconds / 1e6, seconds * 1e9 / operations as f64);
    println!("{what:<18} {rate:6.2} M operations/s  {each:5.0} ns each  ({note})");
}

fn symbol(number: usize) -> Symbol {
    Symbol::new(&format!("S{number}")).expect("a short name")
}

fn listed(number: usize) -> Event {
    let currency = Asset::new("USD").expect("a short name");
    let (tick_size, lot_size) = (Price::from_units(10_000_000), Qty::from_units(SCALE));
    InstrumentListed { symbol: symbol(number), currency, tick_size, lot_size }.into()
}

fn event((number, operation): (usize, &Operation)) -> Event {
    match *operation {
        Operation::Add { symbol, side, ticks, lots } => {
            order(number, symbol, side, OrdType::Limit, Some(ticks), lots)
        }
        Operation::Cross { symbol, side, lots } => order(number, symbol, side, OrdType::Market, None, lots),
        Operation::Cancel { order, symbol: number } => CancelAccepted {
            order_id: OrderId::new(0, order),
            symbol: symbol(number),
            firm: FirmId::new("FIRM").expect("a short name"),
            request: None,
            reason: Some(Refusal::Operator),
            detail: None,
        }
        .into(),
    }
}

fn order(
    number: usize,
    at: usize,
    side: BookSide,
    ord_type: OrdType,
    ticks: Option<i64>,
    lots: i64,
) -> Event {
    let session = SessionId::new("CLIENT1/ASSAY").expect("a short name");
    let terms = OrderTerms {
        cl_ord_id: ClOrdId::new(&format!("C{number}")).expect("a short id"),
        session,
        firm: FirmId::new("FIRM").expect("a short name"),
        account: AccountId::new("FIRM").expect("a short name"),
        symbol: symbol(at),
        side: if side == BookSide::Bid { Side::Buy } else { Side::Sell },
        ord_type,
        price: ticks.map(|t| Price::from_units(t * 10_000_000)),
        stop_px: None,
        qty: Qty::from_units(lots * SCALE),
        tif: TimeInForce::Day,
        conditions: None,
        carried: None,
    };
    OrderAccepted {
        order_id: OrderId::new(0, number as u64),
        request: RequestId { session, epoch: 1, seq: number as u64 },
        terms,
        self_trade: SelfTrade::Allow,
        notional_max: None,
        limits_version: 1,
        reference_price: None,
        account_limits_version: 0,
        protection_price: None,
        measured: Vec::new(),
    }
    .into()
}

fn main() {
    book_alone(&script(BOOK_OPERATIONS));
    through_events(&script(EVENT_OPERATIONS));
}
