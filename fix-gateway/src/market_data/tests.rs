//! What one subscriber is told, from records to fields.

use super::*;
use assay_event_log::{EventLog, MemoryLog, NewRecord, Record, Value};
use assay_trading_types::{
    Actor, DepthChanged, DepthLevel, Event, Level, OrderId, Price, Qty, QueuedOrder, Side, Timestamp,
    TopOfBookChanged, Topic, TraceId, TradeAmended, TradePrinted, TradingPhase, TradingStateChanged,
};
use books::{BookSide, Shown};
use bytes::Bytes;
use entry::{EntryType, EntryTypes};
use fix_session::append_fields;

/// A market and somebody who looks at it.
struct Look {
    books: Books,
    log: MemoryLog,
    at: Timestamp,
    view: View,
    wanted: Wanted,
}

fn symbol() -> Symbol {
    Symbol::new("AAPL").unwrap()
}

fn price(text: &str) -> Price {
    Price::parse(text).unwrap()
}

fn qty(text: &str) -> Qty {
    Qty::parse(text).unwrap()
}

/// `70@10.1/1 0@10/0`
fn levels(text: &str) -> Vec<DepthLevel> {
    let level = |level: &str| {
        let (size, rest) = level.split_once('@').unwrap();
        let (at, orders) = rest.split_once('/').unwrap();
        DepthLevel { price: price(at), qty: qty(size), orders: orders.parse().unwrap() }
    };
    text.split_whitespace().map(level).collect()
}

fn no_depth() -> DepthChanged {
    DepthChanged {
        symbol: symbol(),
        bids: Vec::new(),
        offers: Vec::new(),
        bid_orders: Vec::new(),
        offer_orders: Vec::new(),
    }
}

impl Look {
    fn at(types: &str, levels: usize) -> Self {
        let mut wanted = EntryTypes::default();
        types.bytes().for_each(|kind| wanted.add(EntryType::from_fix(&[kind]).unwrap()));
        Self {
            books: Books::default(),
            log: MemoryLog::default(),
            at: Timestamp::parse_fix(b"20261120-14:30:00.250").unwrap(),
            view: View::default(),
            wanted: Wanted { types: wanted, levels, single: false },
        }
    }

    /// Who looks at single orders.
    fn singly(types: &str, levels: usize) -> Self {
        let mut look = Self::at(types, levels);
        look.wanted.single = true;
        look
    }

    /// Bids of one order or more each: `10@9 7:1 3:2` is a level and its orders by number.
    fn queues(&mut self, bids: &[&str]) -> &mut Self {
        let (mut levels, mut bid_orders) = (Vec::new(), Vec::new());
        for bid in bids {
            let (price_text, queue) = bid.split_once(' ').unwrap_or((bid, ""));
            let order = |text: &str| {
                let (size, id) = text.split_once(':').unwrap();
                QueuedOrder { order_id: OrderId::new(0, id.parse().unwrap()), qty: qty(size) }
            };
            let queue: Vec<_> = queue.split_whitespace().map(order).collect();
            let sum = queue.iter().map(|order| order.qty.units()).sum();
            let (price, orders) = (price(price_text), queue.len() as u32);
            levels.push(DepthLevel { price, qty: Qty::from_units(sum), orders });
            bid_orders.push(queue);
        }
        let event = DepthChanged { bids: levels, bid_orders, ..no_depth() };
        self.read(event)
    }

    fn record(&self, event: Event) -> Arc<Record> {
        let record = NewRecord {
            topic: Topic::MarketData,
            partition: 0,
            key: Bytes::from_static(b"AAPL"),
            at: self.at,
            origin: None,
            trace: TraceId::default(),
            actor: Actor::new("test").unwrap(),
            wire: None,
            value: Value::event(event),
        };
        let place = self.log.append(&mut vec![record]).unwrap();
        Arc::clone(&self.log.records()[place.0 as usize])
    }

    fn read(&mut self, event: impl Into<Event>) -> &mut Self {
        let record = self.record(event.into());
        self.books.read(&record, &record.decode().unwrap());
        self
    }

    fn depth(&mut self, bids: &str, offers: &str) -> &mut Self {
        self.read(DepthChanged { bids: levels(bids), offers: levels(offers), ..no_depth() })
    }

    fn trade(&mut self, trade: u64, at: &str, size: &str) -> &mut Self {
        let (price, qty) = (price(at), qty(size));
        self.read(TradePrinted { symbol: symbol(), trade, price, qty, aggressor: Side::Buy })
    }

    fn phase(&mut self, phase: TradingPhase) -> &mut Self {
        self.read(TradingStateChanged { symbol: symbol(), phase, date: None, until: None })
    }

    fn w(&mut self) -> String {
        let silent = Market::default();
        let entries = self.view.all(self.books.market(&symbol()).unwrap_or(&silent), self.wanted);
        text(|out| entries.iter().for_each(|entry| entry.write_full(out)))
    }

    fn x(&mut self) -> String {
        let silent = Market::default();
        let changes = self.view.changes(self.books.market(&symbol()).unwrap_or(&silent), self.wanted);
        text(|out| changes.iter().for_each(|(action, entry)| entry.write_change(*action, &symbol(), out)))
    }
}

/// Fields without times, which are all the same.
fn text(write: impl FnOnce(&mut Encoder)) -> String {
    let mut bytes = Vec::new();
    append_fields(&mut bytes, write);
    let text = String::from_utf8(bytes).unwrap().replace('\x01', "|");
    text.replace("272=20261120|273=14:30:00.250000|", "")
}

#[test]
fn a_snapshot_has_levels_by_rank_then_trade_and_figures() {
    let mut look = Look::at("0124578B", 5);
    look.depth("10@9.9/1 5@9.8/2", "7@10.1/1").trade(4, "10", "3").trade(5, "10.2", "2");
    assert_eq!(
        look.w(),
        "269=0|270=9.9|271=10|346=1|290=1|269=0|270=9.8|271=5|346=2|290=2|269=1|270=10.1|271=7|346=1|290=1|\
         269=2|270=10.2|271=2|269=4|270=10|269=7|270=10.2|269=8|270=10|269=B|271=5|"
    );
    assert_eq!(look.x(), "", "nothing is new");
}

#[test]
fn a_25_however_much_happened_only_the_difference_is_told() {
    let mut look = Look::at("01", 10);
    look.depth("10@9/1 10@8/1 10@7/1", "").w();
    for n in 1..1_000 {
        look.depth(&format!("{n}@9/1 {n}@8.5/1"), "");
    }
    look.depth("0@9/0 20@8/2", "5@11/1");
    assert_eq!(
        look.x(),
        "279=2|269=0|278=0-9|55=AAPL|270=9|279=0|269=0|278=0-8.5|55=AAPL|270=8.5|271=999|346=1|290=1|\
         279=1|269=0|278=0-8|55=AAPL|270=8|271=20|346=2|290=2|279=0|269=1|278=1-11|55=AAPL|270=11|271=5|346=1|290=1|"
    );
    look.depth("1@12/1", "");
    look.depth("0@12/0", "");
    assert_eq!(look.x(), "", "what came and went was never there");
}

#[test]
fn a_depth_loses_the_level_that_is_pushed_out_and_gets_it_back() {
    let mut look = Look::at("0", 2);
    look.depth("1@5/1 1@4/1 1@3/1", "").w();
    look.depth("1@6/1", "");
    assert_eq!(
        look.x(),
        "279=0|269=0|278=0-6|55=AAPL|270=6|271=1|346=1|290=1|279=2|269=0|278=0-4|55=AAPL|270=4|"
    );
    look.depth("0@6/0", "");
    assert_eq!(
        look.x(),
        "279=2|269=0|278=0-6|55=AAPL|270=6|279=0|269=0|278=0-4|55=AAPL|270=4|271=1|346=1|290=2|"
    );
}

#[test]
fn the_top_is_what_the_market_says_at_once() {
    let mut look = Look::at("01", 1);
    let bid = Some(Level { price: price("9"), qty: qty("3") });
    look.read(TopOfBookChanged { symbol: symbol(), bid, offer: None });
    assert_eq!(look.w(), "269=0|270=9|271=3|290=1|");
}

#[test]
fn outside_of_continuous_trading_there_are_no_levels() {
    let mut look = Look::at("0", 10);
    look.depth("1@5/1", "").w();
    look.phase(TradingPhase::Halted);
    assert_eq!(look.x(), "279=2|269=0|278=0-5|55=AAPL|270=5|");
    look.depth("2@4/1", "").phase(TradingPhase::Continuous);
    assert_eq!(
        look.x(),
        "279=0|269=0|278=0-5|55=AAPL|270=5|271=1|346=1|290=1|279=0|269=0|278=0-4|55=AAPL|270=4|271=2|346=1|290=2|"
    );
}

#[test]
fn a_trade_that_is_corrected_or_undone_changes_the_figures() {
    let mut look = Look::at("278B", 1);
    look.trade(1, "10", "3").trade(2, "12", "4").w();
    look.read(TradeAmended { symbol: symbol(), trade: 2, qty: qty("4"), price: Some(price("11")) });
    assert_eq!(look.x(), "279=1|269=2|278=2-2|55=AAPL|270=11|271=4|279=1|269=7|278=7|55=AAPL|270=11|");
    look.read(TradeAmended { symbol: symbol(), trade: 2, qty: qty("4"), price: None });
    assert_eq!(
        look.x(),
        "279=2|269=2|278=2-2|55=AAPL|270=11|279=1|269=7|278=7|55=AAPL|270=10|279=1|269=B|278=B|55=AAPL|271=3|"
    );
    assert_eq!(look.w(), "269=2|270=10|271=3|269=7|270=10|269=8|270=10|269=B|271=3|");
}

#[test]
fn a_new_day_begins_with_its_first_trade_and_knows_the_last_one_s_close() {
    let mut look = Look::at("45B", 1);
    look.trade(1, "10", "3").trade(2, "11", "1");
    look.at = Timestamp::from_ns(look.at.as_ns() + 86_400_000_000_000);
    look.trade(3, "12", "5");
    let text = look.w().replace("272=20261121|273=14:30:00.250000|", "");
    assert_eq!(text, "269=4|270=12|269=5|270=11|269=B|271=5|");
}

#[test]
fn what_was_read_is_remembered() {
    let mut look = Look::at("0278", 10);
    look.depth("1@5/1", "").trade(1, "10", "3").trade(2, "10", "9000000000").trade(3, "10", "9000000000");
    let before = look.w();
    look.books = serde_json::from_value(serde_json::to_value(&look.books).unwrap()).unwrap();
    assert_eq!(look.w(), before);
    assert_eq!(look.books.position, 4);
}

#[test]
fn a_02_266_n_shows_each_order_with_its_own_id_and_place() {
    let mut look = Look::singly("0", 10);
    look.queues(&["9 7:1 3:2", "8 5:3"]);
    let id = |n: u64| OrderId::new(0, n).to_string();
    let (one, two, three, four) = (id(1), id(2), id(3), id(4));
    assert_eq!(
        look.w(),
        format!(
            "269=0|270=9|271=7|37={one}|290=1|269=0|270=9|271=3|37={two}|290=2|269=0|270=8|271=5|37={three}|290=3|"
        )
    );
    // The first trades in part, the second goes, another comes.
    look.queues(&["9 4:1 6:4"]);
    assert_eq!(
        look.x(),
        format!(
            "279=2|269=0|278=0-{two}|55=AAPL|270=9|37={two}|279=1|269=0|278=0-{one}|55=AAPL|270=9|271=4|37={one}|290=1|\
             279=0|269=0|278=0-{four}|55=AAPL|270=9|271=6|37={four}|290=2|"
        )
    );
    assert_eq!(look.x(), "", "nothing is new");
    // An order moves to another price under its id; the level it leaves is gone.
    look.queues(&["8", "7 5:3"]);
    assert_eq!(
        look.x(),
        format!(
            "279=2|269=0|278=0-{three}|55=AAPL|270=8|37={three}|279=0|269=0|278=0-{three}|55=AAPL|270=7|271=5|37={three}|290=3|"
        )
    );
}

#[test]
fn a_02_266_n_an_order_that_looks_as_before_and_trades_later_goes_and_comes() {
    let mut look = Look::singly("0", 1);
    look.queues(&["9 10:1 20:2 5:3", "8 1:9"]).w();
    look.queues(&["9 20:2 5:3 10:1"]);
    let one = OrderId::new(0, 1);
    assert_eq!(
        look.x(),
        format!(
            "279=2|269=0|278=0-{one}|55=AAPL|270=9|37={one}|279=0|269=0|278=0-{one}|55=AAPL|270=9|271=10|37={one}|290=3|"
        )
    );
}

#[test]
fn a_02_266_n_outside_of_continuous_trading_there_are_no_orders() {
    let mut look = Look::singly("0", 10);
    look.queues(&["9 10:1"]).phase(TradingPhase::Halted);
    assert_eq!(look.w(), "");
}

/// What somebody who follows X keeps: orders of a side in their places.
fn follow(kept: &mut Vec<Shown>, changes: &[(Action, Entry)]) {
    for (action, entry) in changes {
        let before = kept.iter().position(|shown| shown.order == entry.order);
        assert_eq!(before.is_none(), *action == Action::New, "{entry:?}");
        before.map(|place| kept.remove(place));
        if *action != Action::Delete {
            let (price, qty) = (entry.price.unwrap(), entry.size.unwrap());
            let shown = Shown { price, qty, orders: None, order: entry.order, at: entry.at };
            kept.insert(entry.position.unwrap() as usize - 1, shown);
        }
    }
}

#[test]
fn a_02_266_n_whoever_follows_the_changes_has_the_book() {
    for seed in 1..=200u64 {
        let mut random = seed;
        let mut draw = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        let mut look = Look::singly("0", 3);
        let mut kept = Vec::new();
        for _ in 0..30 {
            // Orders 1 to 8 over prices 1 to 4, each on one of them or nowhere, in any order.
            let mut queues: [Vec<String>; 4] = Default::default();
            let first = draw(8);
            for n in 0..8 {
                if let at @ 0..4 = draw(6) {
                    queues[at as usize].push(format!("{}:{}", 1 + draw(2), (first + n) % 8 + 1));
                }
            }
            let levels: Vec<_> =
                (1..).zip(&queues).map(|(at, queue)| format!("{at} {}", queue.join(" "))).collect();
            look.queues(&levels.iter().map(|level| level.trim()).collect::<Vec<_>>());
            let market = look.books.market(&symbol()).unwrap();
            follow(&mut kept, &look.view.changes(market, look.wanted));
            let brief = |shown: &Shown| (shown.price, shown.qty, shown.order);
            let book: Vec<_> = market.singles(BookSide::Bid, 3, 500).iter().map(brief).collect();
            assert_eq!(kept.iter().map(brief).collect::<Vec<_>>(), book, "seed {seed}");
        }
    }
}
