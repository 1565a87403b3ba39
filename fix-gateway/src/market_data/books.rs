//! What is known of every symbol's market, from the records of `market-data` and nothing else.

use super::figures::{Figures, TradingDay};
use assay_event_log::Record;
use assay_trading_types::{
    DepthChanged, Event, Level, OrderId, Price, Qty, QueuedOrder, Symbol, Timestamp, TradingPhase,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Trades, and what became of them, that are kept of a symbol for those who read more slowly than it trades. What is
/// older they do not hear of, and a trade that is undone later than that only changes the volume.
const PRINTS_MAX: usize = 1_024;

/// All markets as of one place in the log.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Books {
    /// Place of the next record.
    pub(super) position: u64,
    symbols: BTreeMap<Symbol, Market>,
    /// Counts changes, so that readers see at once whose market did not change.
    #[serde(skip)]
    changes: u64,
}

/// One symbol.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Market {
    /// The number of its last change.
    #[serde(skip)]
    pub(super) changed: u64,
    /// None: it has always been in continuous trading.
    phase: Option<TradingPhase>,
    /// Its trading day where a calendar says which.
    date: Option<u32>,
    top: [Option<Level>; 2],
    top_at: Timestamp,
    bids: BTreeMap<i64, Depth>,
    offers: BTreeMap<i64, Depth>,
    pub(super) prints: VecDeque<Print>,
    next_print: u64,
    pub(super) figures: Figures,
}

/// A price level behind its price in billionths.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Depth {
    qty: Qty,
    orders: u32,
    at: Timestamp,
    /// Its orders in the order they trade, where the market tells of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    single: Vec<Single>,
}

/// One order.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Single {
    id: OrderId,
    qty: Qty,
    /// When it came to show that.
    at: Timestamp,
}

/// A price level, or one order, as others may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) price: Price,
    pub(super) qty: Qty,
    /// NumberOfOrders(346); none at the top, of which the market tells at once and without it.
    pub(super) orders: Option<u32>,
    /// Of one order, its OrderID(37).
    pub(super) order: Option<OrderId>,
    pub(super) at: Timestamp,
}

/// Something to be told of a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Print {
    /// Its place among all prints of the symbol.
    pub(super) number: u64,
    /// The trade's number.
    pub(super) trade: u64,
    pub(super) news: News,
    pub(super) price: Price,
    pub(super) qty: Qty,
    pub(super) at: Timestamp,
}

/// What is new about a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum News {
    /// That it was.
    Traded,
    /// Its price.
    Corrected,
    /// That it is undone.
    Undone,
}

/// A side of a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BookSide {
    Bid,
    Offer,
}

impl Books {
    /// Takes the next record of `market-data`.
    pub(super) fn read(&mut self, record: &Record, event: &Event) {
        self.position = record.position.0 + 1;
        let Some(symbol) = symbol_of(event) else { return };
        self.changes += 1;
        let market = self.symbols.entry(symbol).or_default();
        market.changed = self.changes;
        market.read(record.at, event);
    }

    pub(super) fn market(&self, symbol: &Symbol) -> Option<&Market> {
        self.symbols.get(symbol)
    }
}

/// The symbol that an event of `market-data` tells something new of.
fn symbol_of(event: &Event) -> Option<Symbol> {
    match event {
        Event::TradePrinted(e) => Some(e.symbol),
        Event::TradeAmended(e) => Some(e.symbol),
        Event::TopOfBookChanged(e) => Some(e.symbol),
        Event::DepthChanged(e) => Some(e.symbol),
        Event::TradingStateChanged(e) => Some(e.symbol),
        _ => None,
    }
}

impl Market {
    fn read(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::TradePrinted(e) => {
                self.print(News::Traded, (e.trade, e.price, e.qty), at);
                self.figures.trade(self.day(at), (e.price, e.qty), at);
            }
            Event::TradeAmended(e) => self.amend((e.trade, e.price, e.qty), at),
            Event::TopOfBookChanged(e) => (self.top, self.top_at) = ([e.bid, e.offer], at),
            Event::DepthChanged(e) => self.change_levels(e, at),
            Event::TradingStateChanged(e) => {
                (self.phase, self.date) = (Some(e.phase), e.date);
                if e.phase == TradingPhase::Closed {
                    self.figures.close(at);
                }
            }
            _ => {}
        }
    }

    fn day(&self, at: Timestamp) -> TradingDay {
        self.date.map_or(TradingDay::Utc(at.day()), TradingDay::Calendar)
    }

    fn change_levels(&mut self, changed: &DepthChanged, at: Timestamp) {
        let bids = (&mut self.bids, &changed.bids, &changed.bid_orders);
        let offers = (&mut self.offers, &changed.offers, &changed.offer_orders);
        for (side, levels, queues) in [bids, offers] {
            for (index, level) in levels.iter().enumerate() {
                let price = level.price.units();
                let before = side.remove(&price).map_or(Vec::new(), |depth| depth.single);
                if level.orders > 0 {
                    let queue = queues.get(index).map_or(&[][..], |queue| &queue[..]);
                    let single = queue.iter().map(|order| Single::seen(order, &before, at)).collect();
                    side.insert(price, Depth { qty: level.qty, orders: level.orders, at, single });
                }
            }
        }
    }

    fn print(&mut self, news: News, (trade, price, qty): (u64, Price, Qty), at: Timestamp) {
        if self.prints.len() == PRINTS_MAX {
            self.prints.pop_front();
        }
        self.next_print += 1;
        self.prints.push_back(Print { number: self.next_print, trade, news, price, qty, at });
    }

    /// A trade is undone, or has another price.
    fn amend(&mut self, (trade, price, qty): (u64, Option<Price>, Qty), at: Timestamp) {
        let before = self.prints.iter().rev().find(|print| print.trade == trade).copied();
        let day = before.map(|before| self.day(before.at));
        self.figures.amend((day, before.map(|before| before.price)), (price, qty));
        let news = if price.is_some() { News::Corrected } else { News::Undone };
        if let Some(known) = price.or(before.map(|before| before.price)) {
            self.print(news, (trade, known, qty), at);
        }
    }

    /// The number of its last print.
    pub(super) fn last_print(&self) -> u64 {
        self.next_print
    }

    /// The last trade that stands.
    pub(super) fn last_trade(&self) -> Option<&Print> {
        let mut known = BTreeSet::new();
        let latest = self.prints.iter().rev().filter(|print| known.insert(print.trade));
        latest.filter(|print| print.news != News::Undone).max_by_key(|print| print.trade)
    }

    /// Levels of a side, the best first: the top alone, or up to `max` levels. None outside of continuous trading, when
    /// nothing can be had at them.
    pub(super) fn levels(&self, side: BookSide, max: usize) -> Vec<Shown> {
        if !self.is_continuous() {
            return Vec::new();
        }
        if max == 1 {
            let top = self.top[side as usize].map(|top| (top.price, top.qty));
            return top
                .map(|(price, qty)| Shown { price, qty, orders: None, order: None, at: self.top_at })
                .into_iter()
                .collect();
        }
        let shown = |(price, level): (&i64, &Depth)| Shown {
            price: Price::from_units(*price),
            qty: level.qty,
            orders: Some(level.orders),
            order: None,
            at: level.at,
        };
        self.best_first(side).take(max).map(shown).collect()
    }

    /// Single orders of the best `max_levels` prices of a side in the order they trade, `max` at most; none outside of
    /// continuous trading.
    pub(super) fn singles(&self, side: BookSide, max_levels: usize, max: usize) -> Vec<Shown> {
        if !self.is_continuous() {
            return Vec::new();
        }
        let shown = |(price, level): (&i64, &'_ Depth)| {
            let price = Price::from_units(*price);
            let one = move |order: &Single| Shown {
                price,
                qty: order.qty,
                orders: None,
                order: Some(order.id),
                at: order.at,
            };
            level.single.iter().map(one).collect::<Vec<_>>()
        };
        self.best_first(side).take(max_levels).flat_map(shown).take(max).collect()
    }

    fn is_continuous(&self) -> bool {
        self.phase.is_none_or(|phase| phase == TradingPhase::Continuous)
    }

    fn best_first(&self, side: BookSide) -> Box<dyn Iterator<Item = (&i64, &Depth)> + '_> {
        match side {
            BookSide::Bid => Box::new(self.bids.iter().rev()),
            BookSide::Offer => Box::new(self.offers.iter()),
        }
    }
}

impl Single {
    /// An order of a level on which these were seen before.
    fn seen(order: &QueuedOrder, before: &[Self], at: Timestamp) -> Self {
        let known = before.iter().find(|known| known.id == order.order_id && known.qty == order.qty);
        known.copied().unwrap_or(Self { id: order.order_id, qty: order.qty, at })
    }
}
