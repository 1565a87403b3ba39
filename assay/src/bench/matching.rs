//! Matching: the book alone on a realistic mix, operation by operation, then what a book of many orders costs.

use crate::process::resident_bytes;
use assay_execution::{Book, BookSide, Execution, Nodes};
use assay_trading_types::*;
use hdrhistogram::Histogram;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::time::{Duration, Instant};

const SYMBOLS: usize = 1_000;

/// Operations of the mix. Enough that books reach their usual size early in it.
const OPERATIONS: usize = 5_000_000;

/// A cancel takes one of so many recent orders, so that books stay of a realistic size.
const RECENT_MAX: usize = 1 << 16;

/// Price in ticks that orders gather around.
const MIDDLE: i64 = 10_000;

#[derive(Debug, Clone, Copy)]
enum Operation {
    Add {
        symbol: usize,
        side: BookSide,
        ticks: i64,
        lots: i64,
    },
    /// The order that the so-manieth operation added.
    Cancel {
        added: usize,
        symbol: usize,
    },
    Cross {
        symbol: usize,
        side: BookSide,
        lots: i64,
    },
}

/// 60 % add, 35 % cancel, 5 % cross, by seed.
fn script() -> Vec<Operation> {
    let mut random = StdRng::seed_from_u64(7);
    let mut recent: Vec<(usize, usize)> = Vec::new();
    (0..OPERATIONS).map(|number| operation(&mut random, &mut recent, number)).collect()
}

fn operation(random: &mut StdRng, recent: &mut Vec<(usize, usize)>, number: usize) -> Operation {
    let symbol = random.random_range(0..SYMBOLS);
    let side = if random.random() { BookSide::Bid } else { BookSide::Offer };
    match random.random_range(0..100) {
        60..95 if !recent.is_empty() => {
            let (added, symbol) = recent.swap_remove(random.random_range(0..recent.len()));
            Operation::Cancel { added, symbol }
        }
        95.. => Operation::Cross { symbol, side, lots: random.random_range(1..500) },
        _ => {
            if recent.len() < RECENT_MAX {
                recent.push((number, symbol));
            }
            let away = 1 + random.random_range(0..20) * random.random_range(0..5);
            let ticks = if side == BookSide::Bid { MIDDLE - away } else { MIDDLE + away };
            Operation::Add { symbol, side, ticks, lots: random.random_range(1..100) }
        }
    }
}

/// Books, and where each order of the script is in them.
struct Venue {
    books: Vec<Book>,
    nodes: Nodes,
    /// Slots that are free again.
    free: Vec<u32>,
    /// By slot, the operation that added its order.
    added: Vec<usize>,
    /// By operation, the slot of the order it added while that rests.
    slots: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

impl Venue {
    fn new() -> Self {
        let books = (0..SYMBOLS).map(|_| Book::default()).collect();
        let slots = vec![NOWHERE; OPERATIONS];
        Self { books, nodes: Nodes::default(), free: Vec::new(), added: Vec::new(), slots }
    }

    fn apply(&mut self, number: usize, operation: Operation) {
        match operation {
            Operation::Add { symbol, side, ticks, lots } => {
                let slot = self.slot_for(number);
                self.books[symbol].rest(&mut self.nodes, slot, side, ticks, lots);
            }
            Operation::Cancel { added, symbol } => {
                let slot = std::mem::replace(&mut self.slots[added], NOWHERE);
                if slot != NOWHERE {
                    self.books[symbol].remove(&mut self.nodes, slot);
                    self.free.push(slot);
                }
            }
            Operation::Cross { symbol, side, lots } => self.cross(symbol, side, lots),
        }
    }

    fn slot_for(&mut self, number: usize) -> u32 {
        let slot = self.free.pop().unwrap_or(self.added.len() as u32);
        match self.added.get_mut(slot as usize) {
            Some(added) => *added = number,
            None => self.added.push(number),
        }
        self.slots[number] = slot;
        slot
    }

    /// Takes up to `lots` from the other side.
    fn cross(&mut self, symbol: usize, side: BookSide, mut lots: i64) {
        let book = &mut self.books[symbol];
        while let Some(slot) = book.front(side.opposite()).filter(|_| lots > 0) {
            let taken = lots.min(book.get(&self.nodes, slot).lots);
            lots -= taken;
            if book.lower(&mut self.nodes, slot, taken) == 0 {
                self.slots[self.added[slot as usize]] = NOWHERE;
                self.free.push(slot);
            }
        }
    }
}

/// The mix twice: once for the rate, once with each operation timed.
#[allow(clippy::disallowed_methods)] // a driver: it measures
pub(super) fn mix() {
    let script = script();
    let mut venue = Venue::new();
    let start = Instant::now();
    script.iter().enumerate().for_each(|(number, operation)| venue.apply(number, *operation));
    let rate = script.len() as f64 / start.elapsed().as_secs_f64();
    let (mut timed, mut times) = (Venue::new(), Histogram::<u64>::new(3).expect("three digits"));
    for (number, operation) in script.iter().enumerate() {
        let start = Instant::now();
        timed.apply(number, *operation);
        times.saturating_record(start.elapsed().as_nanos() as u64);
    }
    println!(
        "match (60 add, 35 cancel, 5 cross, 1,000 symbols): {:.2} million/s on one core, {:.2} of the target; \
         each p50 {} ns, p99 {} ns, p99.9 {} ns",
        rate / 1e6,
        rate / 5e6,
        times.value_at_quantile(0.5),
        times.value_at_quantile(0.99),
        times.value_at_quantile(0.999),
    );
}

/// The processor with `count` orders at rest: memory for each, snapshot and restore.
#[allow(clippy::disallowed_methods)] // a driver: it measures
pub(super) fn at_rest(count: u64) {
    let before = resident();
    let mut processor = Processing::new();
    let start = Instant::now();
    (0..count).for_each(|number| processor.order(number));
    let (took, resident) = (start.elapsed(), resident().saturating_sub(before));
    let start = Instant::now();
    let bytes = processor.execution.snapshot();
    let written = start.elapsed();
    drop(processor);
    let start = Instant::now();
    let restored = Execution::restore(&bytes).expect("what was written is read");
    assert_eq!(restored.open_order_count() as u64, count, "every order comes back");
    println!(
        "{count} orders at rest: {:.0} ns each to accept, {:.1} bytes of memory each, {:.2} GiB in all; snapshot of {:.1} \
         bytes each written in {:.2?}, read in {:.2?}",
        per(took, count),
        resident as f64 / count as f64,
        resident as f64 / f64::from(1 << 30),
        bytes.len() as f64 / count as f64,
        written,
        start.elapsed(),
    );
}

/// Memory of this process; 0 where the system does not tell.
fn resident() -> u64 {
    resident_bytes(std::process::id()).unwrap_or(0)
}

fn per(time: Duration, count: u64) -> f64 {
    time.as_nanos() as f64 / count.max(1) as f64
}

/// Execution fed with accepted orders that all rest.
struct Processing {
    execution: Execution,
    out: Outbox,
    offset: u64,
}

impl Processing {
    fn new() -> Self {
        let (execution, out) = (Execution::new(0), Outbox::new(Role::Execution, 1));
        let mut new = Self { execution, out, offset: 0 };
        (0..SYMBOLS).for_each(|number| new.apply(listed(number)));
        new
    }

    fn order(&mut self, number: u64) {
        self.apply(accepted(number));
    }

    fn apply(&mut self, event: Event) {
        let input = Input {
            topic: Topic::Markets,
            partition: 0,
            offset: self.offset,
            // A microsecond apart, so that books tell of changed levels as they go, and do not keep them all to tell.
            at: Timestamp::from_ns(1_795_253_400_000_000_000 + self.offset.cast_signed() * 1_000),
            origin: None,
            trace: TraceId::default(),
            actor: Actor::new("bench").expect("a short name"),
            event: &event,
        };
        self.offset += 1;
        self.out.begin(&input);
        self.execution.apply(&input, &mut self.out);
        self.out.drain();
    }
}

fn symbol(number: usize) -> Symbol {
    Symbol::new(&format!("S{number}")).expect("a short name")
}

fn listed(number: usize) -> Event {
    let currency = Asset::new("USD").expect("a short name");
    let (tick_size, lot_size) = (Price::from_units(SCALE / 100), Qty::from_units(SCALE));
    InstrumentListed {
        symbol: symbol(number),
        currency,
        tick_size,
        lot_size,
        security_type: None,
        exchange: None,
        single_orders: false,
    }
    .into()
}

/// Orders of a hundred firms that lie up to 500 ticks away from the middle of their symbol.
fn accepted(number: u64) -> Event {
    let side = if number.is_multiple_of(2) { Side::Buy } else { Side::Sell };
    let away = 1 + (number / 7 % 500) as i64;
    let ticks = if side.is_buy() { MIDDLE - away } else { MIDDLE + away };
    let firm = format!("FIRM{}", number % 100);
    let session = SessionId::new(&format!("{firm}/ASSAY")).expect("a short name");
    let qty = Qty::from_units((1 + number as i64 % 90) * SCALE);
    let terms = OrderTerms {
        cl_ord_id: ClOrdId::new(&format!("ORD-{number:012}")).expect("a short id"),
        session,
        firm: FirmId::new(&firm).expect("a short name"),
        account: AccountId::new(&firm).expect("a short name"),
        symbol: symbol(number as usize / 3 % SYMBOLS),
        side,
        ord_type: OrdType::Limit,
        price: Some(Price::from_units(ticks * (SCALE / 100))),
        stop_px: None,
        qty,
        tif: TimeInForce::Gtc,
        conditions: None,
        carried: None,
    };
    OrderAccepted {
        order_id: OrderId::new(0, 4 * number),
        request: RequestId { session, epoch: 1, seq: number },
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
