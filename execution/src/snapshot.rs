//! The state as bytes: a version, then `postcard` of what cannot be derived from the rest, then each market and its orders.
//!
//! Orders are written one by one in the order they trade, so bytes do not depend on where anything is in memory, writing
//! needs no second copy of the book, and reading is putting them to rest again. The container adds a checksum (crate
//! `assay-pipeline`).

use crate::Error;
use crate::calendar::Standing;
use crate::closed::ClosedOrders;
use crate::delivery::Deliveries;
use crate::depth::Depth;
use crate::duty::Duty;
use crate::execution::{Calendar, Execution};
use crate::market::{Market, Rules, book_side};
use crate::parties::Party;
use crate::phase::PhaseState;
use crate::resting_order::Place;
use crate::routing::Routing;
use crate::saved_order::SavedOrder;
use crate::stops::Trigger;
use crate::trade_amendment::Amendments;
use assay_trading_types::{
    Event, InstrumentListed, Kind, OrdStatus, OrderId, Price, Timestamp, TimetableSet, TradingPhase, decode,
    encode,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Version of the bytes. Another one is refused; the log gives the same state.
const VERSION: u16 = 6;

#[derive(Serialize, Deserialize)]
struct Saved {
    partition: u16,
    now: Timestamp,
    today: i32,
    next_trade: u64,
    deliveries: Deliveries,
    /// Timetables as their events' JSON, which may leave fields out where a format without names cannot.
    calendars: Vec<(Vec<u8>, Standing)>,
    parties: Vec<Party>,
    closed: Vec<(OrderId, OrdStatus)>,
    amendments: Amendments,
    duties: Vec<(OrderId, Duty)>,
    unsettled: Vec<u32>,
    unindicated: Vec<u32>,
    /// As JSON.
    routing: Vec<u8>,
    markets: u32,
}

#[derive(Serialize, Deserialize)]
struct SavedMarket {
    /// The listing as its event's JSON.
    listed: Vec<u8>,
    rules: Rules,
    state: PhaseState,
    last: Option<Price>,
    indicated: Option<Vec<u8>>,
    depth: Depth,
    auction_only: Vec<OrderId>,
    orders: u64,
}

pub(crate) fn write(state: &Execution) -> Vec<u8> {
    let saved = Saved {
        partition: state.partition,
        now: state.now,
        today: state.today,
        next_trade: state.next_trade,
        deliveries: state.deliveries.clone(),
        calendars: state.calendars.values().map(|c| (json(c.timetable.clone()), c.standing)).collect(),
        parties: state.orders.parties.all().to_vec(),
        closed: state.closed.iter().collect(),
        amendments: state.amendments.clone(),
        duties: state.duties.iter().copied().collect(),
        unsettled: state.unsettled.iter().copied().collect(),
        unindicated: state.unindicated.iter().copied().collect(),
        routing: state.routing.to_bytes(),
        markets: state.markets.len() as u32,
    };
    let bytes = append(&saved, VERSION.to_le_bytes().to_vec());
    state.markets.iter().fold(bytes, |bytes, market| write_market(state, market, bytes))
}

fn write_market(state: &Execution, market: &Market, bytes: Vec<u8>) -> Vec<u8> {
    let slots = || market.slots(&state.orders.nodes);
    let saved = SavedMarket {
        listed: json(market.listed.clone()),
        rules: market.rules.clone(),
        state: market.state,
        last: market.last,
        indicated: market.indicated.map(json),
        depth: market.depth.clone(),
        auction_only: market.auction_only.iter().copied().collect(),
        orders: slots().count() as u64,
    };
    slots().fold(append(&saved, bytes), |bytes, slot| {
        append(&SavedOrder::of(&state.orders, market, slot), bytes)
    })
}

fn append<T: Serialize>(value: &T, bytes: Vec<u8>) -> Vec<u8> {
    postcard::to_extend(value, bytes).expect("the state has nothing that postcard cannot write")
}

fn json(event: impl Into<Event>) -> Vec<u8> {
    encode(&event.into())
}

pub(crate) fn read(bytes: &[u8]) -> Result<Execution, Error> {
    let foreign = |what: &str| Error::Foreign { expected: VERSION, what: what.to_owned() };
    let (version, body) = bytes.split_first_chunk::<2>().ok_or_else(|| foreign("cut"))?;
    if u16::from_le_bytes(*version) != VERSION {
        return Err(foreign("another version"));
    }
    restore(&mut { body })
}

fn restore(bytes: &mut &[u8]) -> Result<Execution, Error> {
    let saved: Saved = take(bytes)?;
    let mut state = Execution::new(saved.partition);
    (state.now, state.today, state.next_trade) = (saved.now, saved.today, saved.next_trade);
    state.deliveries = saved.deliveries;
    for (timetable, standing) in saved.calendars {
        let timetable = read_timetable(&timetable)?;
        state.calendars.insert(timetable.calendar, Calendar { timetable, standing });
    }
    for party in &saved.parties {
        state.orders.parties.number(party);
    }
    let mut closed = ClosedOrders::default();
    saved.closed.into_iter().for_each(|(id, status)| closed.note(id, status));
    state.closed = closed;
    state.amendments = saved.amendments;
    state.routing = Routing::from_bytes(&saved.routing).map_err(|why| damaged(&why.to_string()))?;
    for number in 0..saved.markets {
        restore_market(&mut state, number, bytes)?;
    }
    state.duties = saved.duties.into();
    (state.unsettled, state.unindicated) =
        (saved.unsettled.into_iter().collect(), saved.unindicated.into_iter().collect());
    let known = |sets: [&std::collections::BTreeSet<u32>; 2]| {
        sets.into_iter().flatten().all(|market| *market < saved.markets)
    };
    match bytes.is_empty() && known([&state.unsettled, &state.unindicated]) {
        true => Ok(state),
        false => Err(damaged("bytes behind its end, or a market that is not there")),
    }
}

fn restore_market(state: &mut Execution, number: u32, bytes: &mut &[u8]) -> Result<(), Error> {
    let saved: SavedMarket = take(bytes)?;
    let listed = read_listed(&saved.listed)?;
    if state.by_symbol.insert(listed.symbol, number).is_some() {
        return Err(damaged("a symbol twice"));
    }
    let mut market = Market::new(listed, saved.state);
    market.rules = saved.rules;
    market.last = saved.last;
    market.indicated = saved.indicated.as_deref().map(read_indicated).transpose()?;
    market.auction_only = saved.auction_only.into_iter().collect();
    market.depth = saved.depth;
    if let Some(due) = market.depth.due {
        state.depths.insert((due, number));
    }
    if let Some(until) = market.state.auction_until {
        state.interrupted.insert((until, number));
    }
    state.markets.push(market);
    for _ in 0..saved.orders {
        restore_order(state, number, take(bytes)?)?;
    }
    let market = &mut state.markets[number as usize];
    if market.phase() == TradingPhase::Continuous
        && let [Some(bid), Some(offer)] = market.book.top()
        && bid.ticks >= offer.ticks
    {
        return Err(damaged("a crossed book"));
    }
    market.was_published();
    Ok(())
}

fn restore_order(state: &mut Execution, number: u32, saved: SavedOrder) -> Result<(), Error> {
    let (ticks, lots) = (saved.ticks, saved.lots);
    let packed = saved.open(number, state.orders.parties.all().len()).map_err(damaged)?;
    if state.orders.find(packed.id).is_some() {
        return Err(damaged("an order twice"));
    }
    let (side, place, id) = (book_side(packed.side), packed.place, packed.id);
    let trigger = Trigger::of(packed.ord_type, packed.side);
    let slot = state.orders.insert(packed);
    let market = &mut state.markets[number as usize];
    match place {
        Place::Book => market.book.rest(&mut state.orders.nodes, slot, side, ticks, lots),
        Place::Stop => market.stops.wait(trigger, ticks, id, slot),
        Place::Close => _ = market.at_close.insert((id, slot)),
        Place::Whole => _ = market.whole.insert((id, slot)),
    }
    if place != Place::Book {
        state.orders.nodes.wait(slot, lots);
    }
    state.note_end(slot);
    Ok(())
}

fn take<T: DeserializeOwned>(bytes: &mut &[u8]) -> Result<T, Error> {
    let (value, rest) = postcard::take_from_bytes(bytes).map_err(|why| damaged(&why.to_string()))?;
    *bytes = rest;
    Ok(value)
}

fn read_listed(json: &[u8]) -> Result<InstrumentListed, Error> {
    match decode(Kind::InstrumentListed, json) {
        Ok(Event::InstrumentListed(listed)) => Ok(listed),
        _ => Err(damaged("a listing that cannot be read")),
    }
}

fn read_timetable(json: &[u8]) -> Result<TimetableSet, Error> {
    match decode(Kind::TimetableSet, json) {
        Ok(Event::TimetableSet(timetable)) => Ok(timetable),
        _ => Err(damaged("a timetable that cannot be read")),
    }
}

fn read_indicated(json: &[u8]) -> Result<assay_trading_types::AuctionIndicated, Error> {
    match decode(Kind::AuctionIndicated, json) {
        Ok(Event::AuctionIndicated(indicated)) => Ok(indicated),
        _ => Err(damaged("an indication that cannot be read")),
    }
}

fn damaged(what: &str) -> Error {
    Error::Damaged { what: what.to_owned() }
}
