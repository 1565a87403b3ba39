//! The state as bytes: a version, then `postcard` of what cannot be derived from the rest.
//!
//! Orders are written in the order they trade, so bytes do not depend on where anything is in memory, and reading is
//! putting them to rest again. The container adds a checksum (crate `assay-pipeline`).

use crate::closed::ClosedOrders;
use crate::delivery::Deliveries;
use crate::execution::Execution;
use crate::market::{Market, book_side};
use crate::open_order::OpenOrder;
use crate::{BookSide, Error};
use assay_trading_types::{
    AccountId, Amount, Carried, ClOrdId, Conditions, Expiry, Filled, FirmId, InstrumentListed, OrdStatus,
    OrdType, OrderId, OrderTerms, Price, Qty, SelfTrade, SessionId, Side, TimeInForce,
};
use serde::{Deserialize, Serialize};

/// Version of the bytes. Another one is refused; the log gives the same state.
const VERSION: u16 = 2;

#[derive(Serialize, Deserialize)]
struct Saved {
    partition: u16,
    today: i64,
    next_trade: u64,
    deliveries: Deliveries,
    markets: Vec<SavedMarket>,
    closed: Vec<(OrderId, OrdStatus)>,
}

#[derive(Serialize, Deserialize)]
struct SavedMarket {
    listed: InstrumentListed,
    bids: Vec<SavedOrder>,
    offers: Vec<SavedOrder>,
}

/// An order without its symbol, which its market says. The JSON form of the terms leaves fields out, which a format
/// without names cannot.
#[derive(Serialize, Deserialize)]
struct SavedOrder {
    id: OrderId,
    cl_ord_id: ClOrdId,
    session: SessionId,
    firm: FirmId,
    account: AccountId,
    side: Side,
    ord_type: OrdType,
    price: Option<Price>,
    stop_px: Option<Price>,
    qty: Qty,
    tif: TimeInForce,
    conditions: Option<SavedConditions>,
    carried: Carried,
    filled: Filled,
    self_trade: SelfTrade,
    notional_max: Option<Amount>,
    day: i64,
}

/// [`Conditions`] with every field, since postcard's form has no names by which to leave one out.
#[derive(Serialize, Deserialize)]
struct SavedConditions {
    expiry: Option<Expiry>,
    min_qty: Option<Qty>,
    max_floor: Option<Qty>,
    post_only: bool,
    all_or_none: bool,
}

impl SavedConditions {
    fn of(conditions: Conditions) -> Self {
        let Conditions { expiry, min_qty, max_floor, post_only, all_or_none } = conditions;
        Self { expiry, min_qty, max_floor, post_only, all_or_none }
    }

    fn open(self) -> Conditions {
        let Self { expiry, min_qty, max_floor, post_only, all_or_none } = self;
        Conditions { expiry, min_qty, max_floor, post_only, all_or_none }
    }
}

pub(crate) fn write(state: &Execution) -> Vec<u8> {
    let saved = Saved {
        partition: state.partition,
        today: state.today,
        next_trade: state.next_trade,
        deliveries: state.deliveries.clone(),
        markets: state.markets.iter().map(|market| save_market(state, market)).collect(),
        closed: state.closed.iter().collect(),
    };
    let bytes = VERSION.to_le_bytes().to_vec();
    postcard::to_extend(&saved, bytes).expect("the state has nothing that postcard cannot write")
}

pub(crate) fn read(bytes: &[u8]) -> Result<Execution, Error> {
    let foreign = |what: &str| Error::Foreign { expected: VERSION, what: what.to_owned() };
    let (version, body) = bytes.split_first_chunk::<2>().ok_or_else(|| foreign("cut"))?;
    if u16::from_le_bytes(*version) != VERSION {
        return Err(foreign("another version"));
    }
    match postcard::take_from_bytes::<Saved>(body) {
        Ok((saved, [])) => restore(saved),
        Ok(_) => Err(damaged("bytes behind its end")),
        Err(why) => Err(damaged(&why.to_string())),
    }
}

fn restore(saved: Saved) -> Result<Execution, Error> {
    let mut state = Execution::new(saved.partition);
    state.today = saved.today;
    state.next_trade = saved.next_trade;
    state.deliveries = saved.deliveries;
    for (number, market) in saved.markets.into_iter().enumerate() {
        restore_market(&mut state, number as u32, market)?;
    }
    let mut closed = ClosedOrders::default();
    saved.closed.into_iter().for_each(|(id, status)| closed.note(id, status));
    state.closed = closed;
    state.find_expiring();
    Ok(state)
}

fn restore_market(state: &mut Execution, number: u32, saved: SavedMarket) -> Result<(), Error> {
    if state.by_symbol.insert(saved.listed.symbol, number).is_some() {
        return Err(damaged("a symbol twice"));
    }
    state.markets.push(Market::new(saved.listed));
    for order in saved.bids.into_iter().chain(saved.offers) {
        restore_order(state, number, order)?;
    }
    let market = &mut state.markets[number as usize];
    if let [Some(bid), Some(offer)] = market.book.top()
        && bid.ticks >= offer.ticks
    {
        return Err(damaged("a crossed book"));
    }
    market.was_published();
    Ok(())
}

fn restore_order(state: &mut Execution, number: u32, saved: SavedOrder) -> Result<(), Error> {
    let market = &mut state.markets[number as usize];
    let price = saved.price.ok_or_else(|| damaged("a resting order without a price"))?;
    let ticks = market.ticks(price).map_err(|_| damaged("a price off tick"))?;
    let lots = market.lots(saved.filled.leaves_qty).map_err(|_| damaged("a quantity off lot"))?;
    let (id, side) = (saved.id, book_side(saved.side));
    let slot = state.orders.insert(saved.open(market, number));
    if state.by_id.insert(id, slot).is_some() {
        return Err(damaged("an order twice"));
    }
    state.orders[slot].handle = Some(state.markets[number as usize].book.rest(side, ticks, lots, slot));
    Ok(())
}

fn save_market(state: &Execution, market: &Market) -> SavedMarket {
    let side = |side: BookSide| market.book.orders(side).map(|o| save_order(&state.orders[o.tag])).collect();
    SavedMarket { listed: market.listed.clone(), bids: side(BookSide::Bid), offers: side(BookSide::Offer) }
}

fn save_order(order: &OpenOrder) -> SavedOrder {
    let terms = order.terms.clone();
    SavedOrder {
        id: order.id,
        cl_ord_id: terms.cl_ord_id,
        session: terms.session,
        firm: terms.firm,
        account: terms.account,
        side: terms.side,
        ord_type: terms.ord_type,
        price: terms.price,
        stop_px: terms.stop_px,
        qty: terms.qty,
        tif: terms.tif,
        conditions: terms.conditions.map(|c| SavedConditions::of(*c)),
        carried: terms.carried,
        filled: order.filled,
        self_trade: order.self_trade,
        notional_max: order.notional_max,
        day: order.day,
    }
}

impl SavedOrder {
    fn open(self, market: &Market, number: u32) -> OpenOrder {
        let terms = OrderTerms {
            cl_ord_id: self.cl_ord_id,
            session: self.session,
            firm: self.firm,
            account: self.account,
            symbol: market.listed.symbol,
            side: self.side,
            ord_type: self.ord_type,
            price: self.price,
            stop_px: self.stop_px,
            qty: self.qty,
            tif: self.tif,
            conditions: self.conditions.map(|c| Box::new(c.open())),
            carried: self.carried,
        };
        let Self { id, filled, self_trade, notional_max, day, .. } = self;
        OpenOrder { id, terms, filled, self_trade, notional_max, day, market: number, handle: None }
    }
}

fn damaged(what: &str) -> Error {
    Error::Damaged { what: what.to_owned() }
}
