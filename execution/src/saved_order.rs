//! An order as a snapshot holds it: numbers as they are, without names.

use crate::market::Market;
use crate::orders::Orders;
use crate::resting_order::{More, PackedId, Place, RestingOrder};
use assay_trading_types::{
    Amount, ClOrdId, Conditions, Expiry, OrdType, OrderId, Price, Qty, Side, TimeInForce,
};
use serde::{Deserialize, Serialize};

/// An order without its market, which it is written behind.
#[derive(Serialize, Deserialize)]
pub(crate) struct SavedOrder {
    /// As numbers: its text form would cost more than all the rest.
    id: (u16, u64),
    cl_ord_id: ClOrdId,
    party: u32,
    day: i32,
    side: Side,
    ord_type: OrdType,
    tif: TimeInForce,
    decimals: u8,
    place: Place,
    triggered: bool,
    done_for_day: bool,
    /// On the book its price, of a stop its stop price.
    pub(crate) ticks: i64,
    /// What others see of it.
    pub(crate) lots: i64,
    more: Option<SavedMore>,
}

#[derive(Serialize, Deserialize)]
struct SavedMore {
    cum_qty: i64,
    notional: i128,
    price: Option<(i64, u8)>,
    stop_px: Option<(i64, u8)>,
    expiry: Option<Expiry>,
    min_qty: Option<i64>,
    max_floor: Option<i64>,
    /// Whether it has conditions at all, then the two that are flags.
    flags: Option<(bool, bool)>,
    hidden: i64,
    notional_max: Option<i128>,
    protection: Option<(i64, u8)>,
    carried: Option<String>,
}

impl SavedOrder {
    pub(crate) fn of(orders: &Orders, market: &Market, slot: u32) -> Self {
        let order = orders.get(slot);
        let stop_px = order.more.as_ref().and_then(|more| more.stop_px);
        let ticks = match order.place {
            Place::Book => market.book.get(&orders.nodes, slot).ticks,
            Place::Stop => stop_px.map_or(0, |price| market.ticks_below(price)),
            Place::Close | Place::Whole => 0,
        };
        Self {
            id: (order.id.partition(), order.id.offset()),
            cl_ord_id: order.cl_ord_id.open(),
            party: order.party,
            day: order.day,
            side: order.side,
            ord_type: order.ord_type,
            tif: order.tif,
            decimals: order.decimals,
            place: order.place,
            triggered: order.triggered,
            done_for_day: order.done_for_day,
            ticks,
            lots: orders.nodes[slot].lots,
            more: order.more.as_deref().map(SavedMore::of),
        }
    }

    /// The order of `market`, or what is wrong with it.
    pub(crate) fn open(self, market: u32, parties: usize) -> Result<RestingOrder, &'static str> {
        const OFFSET_MAX: u64 = 1 << 48;
        if self.id.1 >= OFFSET_MAX || self.party as usize >= parties {
            return Err("an order of an unknown party or place");
        }
        if self.lots <= 0 || self.ticks == i64::MIN {
            return Err("an order without lots or price");
        }
        Ok(RestingOrder {
            id: OrderId::new(self.id.0, self.id.1),
            cl_ord_id: PackedId::new(&self.cl_ord_id),
            more: self.more.map(|more| Box::new(more.open())),
            party: self.party,
            market,
            day: self.day,
            side: self.side,
            ord_type: self.ord_type,
            tif: self.tif,
            decimals: self.decimals,
            place: self.place,
            triggered: self.triggered,
            done_for_day: self.done_for_day,
        })
    }
}

impl SavedMore {
    fn of(more: &More) -> Self {
        let conditions = more.conditions.as_deref();
        let written = |price: Option<Price>| price.map(|p| (p.units(), p.decimals()));
        Self {
            cum_qty: more.cum_qty.units(),
            notional: more.notional.units(),
            price: written(more.price),
            stop_px: written(more.stop_px),
            expiry: conditions.and_then(|c| c.expiry),
            min_qty: conditions.and_then(|c| c.min_qty).map(|qty| qty.units()),
            max_floor: conditions.and_then(|c| c.max_floor).map(|qty| qty.units()),
            flags: conditions.map(|c| (c.post_only, c.all_or_none)),
            hidden: more.hidden,
            notional_max: more.notional_max.map(|amount| amount.units()),
            protection: written(more.protection),
            carried: more.carried.as_deref().map(str::to_owned),
        }
    }

    fn open(self) -> More {
        let written = |price: Option<(i64, u8)>| price.map(|(units, n)| Price::with_decimals(units, n));
        let conditions = self.flags.map(|(post_only, all_or_none)| {
            Box::new(Conditions {
                expiry: self.expiry,
                min_qty: self.min_qty.map(Qty::from_units),
                max_floor: self.max_floor.map(Qty::from_units),
                post_only,
                all_or_none,
            })
        });
        More {
            cum_qty: Qty::from_units(self.cum_qty),
            notional: Amount::from_units(self.notional),
            price: written(self.price),
            stop_px: written(self.stop_px),
            conditions,
            hidden: self.hidden,
            notional_max: self.notional_max.map(Amount::from_units),
            protection: written(self.protection),
            carried: self.carried.map(Into::into),
        }
    }
}
