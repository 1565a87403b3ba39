//! Every order that waits, packed, and found by its id.

use crate::book::Nodes;
use crate::live_order::{LiveOrder, trades_as};
use crate::market::Market;
use crate::parties::{Parties, Party};
use crate::resting_order::{More, PackedId, Place, RestingOrder};
use crate::slab::Slab;
use assay_trading_types::{Conditions, Filled, OrdType, OrderId, OrderTerms, Price, Qty};
use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;

/// Orders by slot; a slot is also the order's node in its book.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    packed: Slab<RestingOrder>,
    pub(crate) nodes: Nodes,
    /// Slots by OrderID. The id stands in the slot, so an entry is 4 bytes.
    by_id: HashTable<u32>,
    pub(crate) parties: Parties,
}

impl Orders {
    pub(crate) fn len(&self) -> usize {
        self.packed.len()
    }

    pub(crate) fn find(&self, id: OrderId) -> Option<u32> {
        self.by_id.find(hash_of(id), |slot| self.packed[*slot].id == id).copied()
    }

    pub(crate) fn get(&self, slot: u32) -> &RestingOrder {
        &self.packed[slot]
    }

    pub(crate) fn get_mut(&mut self, slot: u32) -> &mut RestingOrder {
        &mut self.packed[slot]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &RestingOrder)> {
        self.packed.iter()
    }

    pub(crate) fn party(&self, slot: u32) -> &Party {
        self.parties.get(self.get(slot).party)
    }

    /// Lots that an iceberg does not show.
    pub(crate) fn hidden(&self, slot: u32) -> i64 {
        self.get(slot).more.as_ref().map_or(0, |more| more.hidden)
    }

    /// Lots that are left of it, hidden ones included.
    pub(crate) fn lots(&self, slot: u32) -> i64 {
        self.nodes[slot].lots + self.hidden(slot)
    }

    /// What it does not share with most orders.
    pub(crate) fn more(&mut self, slot: u32) -> &mut More {
        self.get_mut(slot).more.get_or_insert_default()
    }

    pub(crate) fn conditions(&self, slot: u32) -> Option<&Conditions> {
        self.get(slot).more.as_ref()?.conditions.as_deref()
    }

    /// Packs an order away, `hidden` of its lots not to be shown; its node is the caller's to set.
    pub(crate) fn pack(&mut self, order: &LiveOrder, place: Place, hidden: i64) -> u32 {
        let packed = self.packed(order, place, hidden);
        self.insert(packed)
    }

    /// Packs an order anew that stays where it is.
    pub(crate) fn repack(&mut self, slot: u32, order: &LiveOrder) {
        let packed = self.packed(order, self.get(slot).place, self.hidden(slot));
        *self.get_mut(slot) = packed;
    }

    fn packed(&mut self, order: &LiveOrder, place: Place, hidden: i64) -> RestingOrder {
        let terms = &order.terms;
        let more = More {
            cum_qty: order.filled.cum_qty,
            notional: order.filled.notional,
            price: terms.price.filter(|_| place != Place::Book),
            stop_px: terms.stop_px,
            conditions: terms.conditions.clone(),
            hidden,
            notional_max: order.notional_max,
            protection: order.protection,
            carried: terms.carried.clone(),
        };
        RestingOrder {
            id: order.id,
            cl_ord_id: PackedId::new(&terms.cl_ord_id),
            more: (more != More::default()).then(|| Box::new(more)),
            party: self.parties.number(&order.party()),
            market: order.market,
            day: order.day,
            side: terms.side,
            ord_type: terms.ord_type,
            tif: terms.tif,
            decimals: terms.price.map_or(0, |price| price.decimals()),
            place,
            triggered: order.triggered,
            done_for_day: order.done_for_day,
        }
    }

    pub(crate) fn insert(&mut self, packed: RestingOrder) -> u32 {
        let id = packed.id;
        let slot = self.packed.insert(packed);
        let packed = &self.packed;
        self.by_id.insert_unique(hash_of(id), slot, |slot| hash_of(packed[*slot].id));
        slot
    }

    /// Forgets an order that is out of its book.
    pub(crate) fn forget(&mut self, slot: u32) -> RestingOrder {
        if let Ok(entry) = self.by_id.find_entry(hash_of(self.packed[slot].id), |there| *there == slot) {
            entry.remove();
        }
        self.packed.remove(slot)
    }

    /// The order, unpacked; it stays.
    pub(crate) fn open(&self, slot: u32, market: &Market) -> LiveOrder {
        let order = self.get(slot);
        let party = self.parties.get(order.party);
        LiveOrder {
            id: order.id,
            terms: self.terms(slot, market),
            filled: self.filled(slot, market),
            self_trade: party.self_trade,
            notional_max: order.more.as_ref().and_then(|more| more.notional_max),
            protection: order.more.as_ref().and_then(|more| more.protection),
            day: order.day,
            market: order.market,
            triggered: order.triggered,
            done_for_day: order.done_for_day,
        }
    }

    pub(crate) fn filled(&self, slot: u32, market: &Market) -> Filled {
        let more = self.get(slot).more.as_ref();
        Filled {
            cum_qty: more.map_or(Qty::ZERO, |more| more.cum_qty),
            leaves_qty: market.qty(self.lots(slot)),
            notional: more.map(|more| more.notional).unwrap_or_default(),
        }
    }

    fn terms(&self, slot: u32, market: &Market) -> OrderTerms {
        let order = self.get(slot);
        let party = self.parties.get(order.party);
        let more = order.more.as_ref();
        let cum_qty = more.map_or(Qty::ZERO, |more| more.cum_qty);
        OrderTerms {
            cl_ord_id: order.cl_ord_id.open(),
            session: party.session,
            firm: party.firm,
            account: party.account,
            symbol: market.listed.symbol,
            side: order.side,
            ord_type: order.ord_type,
            price: self.limit(slot, market),
            stop_px: more.and_then(|more| more.stop_px),
            qty: crate::live_order::sum(cum_qty, market.qty(self.lots(slot))),
            tif: order.tif,
            conditions: more.and_then(|more| more.conditions.clone()),
            carried: more.and_then(|more| more.carried.clone()),
        }
    }

    /// Its limit as it was written; none of a market order.
    pub(crate) fn limit(&self, slot: u32, market: &Market) -> Option<Price> {
        let order = self.get(slot);
        match (order.place, trades_as(order.ord_type)) {
            (_, OrdType::Market) => None,
            (Place::Book, _) => {
                let ticks = market.book.get(&self.nodes, slot).ticks;
                Some(Price::with_decimals(market.price_units(ticks), order.decimals))
            }
            (Place::Stop | Place::Close | Place::Whole, _) => order.more.as_ref()?.price,
        }
    }
}

fn hash_of(id: OrderId) -> u64 {
    FxBuildHasher.hash_one(id)
}
