//! A trading morning as one counterparty sends it: orders around a wandering price, cancels, replaces, and the
//! mistakes people make. The same seed gives the same morning for the same answers.

use assay_trading_types::{ClOrdId, OrdType, Price, Qty, Side, Symbol, TimeInForce, Timestamp};
use fix_session::Encoder;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Open orders a counterparty keeps in mind to cancel or replace; beyond it, the oldest are left to rest.
const OPEN_REMEMBERED_MAX: usize = 2_000;

/// What the counterparty does next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Instruction {
    /// NewOrderSingle(D).
    New(NewOrder),
    /// OrderCancelRequest(F) of an order of ours.
    Cancel { cl_ord_id: ClOrdId, target: OpenOrder },
    /// OrderCancelReplaceRequest(G) to a new quantity and price.
    Replace { cl_ord_id: ClOrdId, target: OpenOrder, qty: Qty, price: Price },
}

impl Instruction {
    /// ClOrdID(11) of the request.
    pub(crate) fn cl_ord_id(&self) -> ClOrdId {
        match self {
            Self::New(order) => order.cl_ord_id,
            Self::Cancel { cl_ord_id, .. } | Self::Replace { cl_ord_id, .. } => *cl_ord_id,
        }
    }

    /// MsgType(35).
    pub(crate) fn msg_type(&self) -> &'static [u8] {
        match self {
            Self::New(_) => b"D",
            Self::Cancel { .. } => b"F",
            Self::Replace { .. } => b"G",
        }
    }

    /// The message's body, for `account`.
    pub(crate) fn write(&self, body: &mut Encoder, account: &str, at: Timestamp) {
        match self {
            Self::New(order) => order.write(body, account, at),
            Self::Cancel { cl_ord_id, target } => {
                body.field(11, cl_ord_id.as_str().as_bytes()).field(41, target.cl_ord_id.as_str().as_bytes());
                body.field_char(54, target.side.fix()).field(55, target.symbol.as_str().as_bytes());
                body.field_time(60, at);
            }
            Self::Replace { cl_ord_id, target, qty, price } => {
                body.field(11, cl_ord_id.as_str().as_bytes()).field_qty(38, *qty).field_char(40, b'2');
                body.field(41, target.cl_ord_id.as_str().as_bytes()).field_price(44, *price);
                body.field_char(54, target.side.fix()).field(55, target.symbol.as_str().as_bytes());
                body.field_time(60, at);
            }
        }
    }
}

/// Terms of a D.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewOrder {
    pub(crate) cl_ord_id: ClOrdId,
    pub(crate) symbol: Symbol,
    pub(crate) side: Side,
    pub(crate) ord_type: OrdType,
    pub(crate) price: Option<Price>,
    pub(crate) qty: Qty,
    pub(crate) tif: TimeInForce,
}

impl NewOrder {
    fn write(&self, body: &mut Encoder, account: &str, at: Timestamp) {
        body.field(1, account.as_bytes()).field(11, self.cl_ord_id.as_str().as_bytes());
        body.field_qty(38, self.qty).field_char(40, self.ord_type.fix());
        if let (OrdType::Limit, Some(price)) = (self.ord_type, self.price) {
            body.field_price(44, price);
        }
        body.field_char(54, self.side.fix()).field(55, self.symbol.as_str().as_bytes());
        body.field_char(59, self.tif.fix()).field_time(60, at);
    }
}

/// An order that was on the book when we last heard of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct OpenOrder {
    pub(crate) cl_ord_id: ClOrdId,
    pub(crate) symbol: Symbol,
    pub(crate) side: Side,
}

/// The source of instructions.
pub(crate) struct Flow {
    rng: StdRng,
    prefix: char,
    symbols: Vec<(Symbol, i64)>,
    sent: u64,
    open: Vec<OpenOrder>,
}

/// One cent in billionths: the tick of every instrument here.
const TICK: i64 = assay_trading_types::SCALE / 100;

impl Flow {
    /// A morning of counterparty `prefix` in `symbols`, each with its opening price in ticks.
    pub(crate) fn new(seed: u64, prefix: char, symbols: Vec<(Symbol, i64)>) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), prefix, symbols, sent: 0, open: Vec::new() }
    }

    /// An order of ours is on the book.
    pub(crate) fn opened(&mut self, order: OpenOrder) {
        if self.open.len() == OPEN_REMEMBERED_MAX {
            self.open.swap_remove(0);
        }
        self.open.push(order);
    }

    /// Instructions given so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// What comes next.
    pub(crate) fn next(&mut self) -> Instruction {
        self.sent += 1;
        let cl_ord_id = ClOrdId::new(&format!("{}{:08}", self.prefix, self.sent)).expect("a valid ClOrdID");
        self.wander();
        let roll = self.rng.random_range(0..100);
        match (roll, self.take_open()) {
            (0..22, Some(target)) => Instruction::Cancel { cl_ord_id, target },
            (22..30, Some(target)) => {
                let (_, middle) = self.level(target.symbol);
                let price = self.price_near(middle, target.side);
                Instruction::Replace { cl_ord_id, target, qty: self.qty(), price }
            }
            (_, unused) => {
                self.open.extend(unused);
                Instruction::New(self.new_order(cl_ord_id, roll))
            }
        }
    }

    fn new_order(&mut self, cl_ord_id: ClOrdId, roll: u32) -> NewOrder {
        let (symbol, middle) = self.symbols[self.rng.random_range(0..self.symbols.len())];
        let side = if self.rng.random_bool(0.5) { Side::Buy } else { Side::Sell };
        let price = self.price_near(middle, side);
        let order = NewOrder {
            cl_ord_id,
            symbol,
            side,
            ord_type: OrdType::Limit,
            price: Some(price),
            qty: self.qty(),
            tif: TimeInForce::Day,
        };
        match roll {
            90..93 => NewOrder { ord_type: OrdType::Market, price: None, tif: TimeInForce::Ioc, ..order },
            93..96 => NewOrder { tif: TimeInForce::Ioc, ..order },
            96 => NewOrder { tif: TimeInForce::Fok, ..order },
            // Off tick, too large, and a symbol that nobody lists: each is refused with its code.
            97 => NewOrder { price: Some(Price::from_units(price.units() + TICK / 2)), ..order },
            98 => NewOrder { qty: Qty::from_units(9_000_000 * assay_trading_types::SCALE), ..order },
            99 => NewOrder { symbol: Symbol::new("NOSUCH").expect("a valid symbol"), ..order },
            _ => NewOrder {
                tif: if roll.is_multiple_of(5) { TimeInForce::Gtc } else { TimeInForce::Day },
                ..order
            },
        }
    }

    fn take_open(&mut self) -> Option<OpenOrder> {
        if self.open.is_empty() {
            return None;
        }
        let at = self.rng.random_range(0..self.open.len());
        Some(self.open.swap_remove(at))
    }

    /// Now and then a price moves a tick.
    fn wander(&mut self) {
        if self.rng.random_ratio(1, 50) {
            let at = self.rng.random_range(0..self.symbols.len());
            self.symbols[at].1 += if self.rng.random_bool(0.5) { 1 } else { -1 };
        }
    }

    fn level(&self, symbol: Symbol) -> (Symbol, i64) {
        self.symbols.iter().copied().find(|(s, _)| *s == symbol).unwrap_or(self.symbols[0])
    }

    /// Mostly passive by up to ten ticks, sometimes through the middle by up to three.
    fn price_near(&mut self, middle: i64, side: Side) -> Price {
        let away = self.rng.random_range(-3..10);
        let ticks = if side.is_buy() { middle - away } else { middle + away };
        Price::from_units(ticks.max(1) * TICK)
    }

    fn qty(&mut self) -> Qty {
        Qty::from_units(self.rng.random_range(1..=20) * 10 * assay_trading_types::SCALE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(seed: u64) -> Flow {
        Flow::new(seed, 'A', vec![(Symbol::new("AAPL").unwrap(), 10_000)])
    }

    #[test]
    fn one_seed_gives_one_morning_and_ids_never_repeat() {
        let morning = |seed| {
            let mut flow = flow(seed);
            (0..1000).map(|_| flow.next()).collect::<Vec<_>>()
        };
        assert_eq!(morning(1), morning(1));
        assert_ne!(morning(1), morning(2));
        let mut ids: Vec<String> = morning(3).iter().map(|i| i.cl_ord_id().to_string()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 1000);
    }

    #[test]
    fn nothing_is_cancelled_before_something_is_open() {
        let mut flow = flow(4);
        assert!((0..200).all(|_| matches!(flow.next(), Instruction::New(_))));
        flow.opened(OpenOrder {
            cl_ord_id: ClOrdId::new("X").unwrap(),
            symbol: Symbol::new("AAPL").unwrap(),
            side: Side::Buy,
        });
        assert!((0..200).any(|_| !matches!(flow.next(), Instruction::New(_))));
    }
}
