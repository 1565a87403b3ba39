//! All orders that risk knows: open ones, a window of closed ones, and the ids that name them.
//!
//! Orders stand in slots of an array that grows by blocks, so that nothing moves when an order is opened, closed or
//! forgotten, and a million of them cost no pause.

use crate::names::SessionIx;
use crate::order::OpenOrder;
use assay_trading_types::{ClOrdId, Neighbours, OrderId};
use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;
use std::ops::{Index, IndexMut};

/// Closed orders remembered for TOO_LATE and status answers; older ones are unknown. About 40 MB.
const CLOSED_ORDERS_MAX: usize = 65_536;

/// Slots of a block; a power of two.
const BLOCK: usize = 1_024;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(u32);

/// Orders by place, by OrderID and by the ids counterparties gave them.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    blocks: Vec<Vec<Option<OpenOrder>>>,
    free: Vec<Slot>,
    by_id: HashMap<OrderId, Slot, Neighbours>,
    ids: HashTable<Named>,
    /// Counterparties choose ids, so where they stand is nothing they can foresee.
    hashing: DefaultHashBuilder,
    closed_oldest_first: VecDeque<Slot>,
}

/// That an order has a name. The name itself stands in the order; its hash tells it from nearly all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Named {
    hash: u32,
    slot: Slot,
}

impl Named {
    /// Where it stands in a table.
    fn place(&self) -> u64 {
        spread(self.hash)
    }
}

/// A short hash over all bits of a long one.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

impl Orders {
    /// Gives an order its place before it is decided on, so that it is written once; nothing finds it there.
    pub(crate) fn prepare(&mut self, order: OpenOrder) -> Slot {
        let slot = self.free.pop().unwrap_or_else(|| self.grow());
        *self.place_of(slot) = Some(order);
        slot
    }

    /// The order is refused: its place is free again.
    pub(crate) fn discard(&mut self, slot: Slot) {
        *self.place_of(slot) = None;
        self.free.push(slot);
    }

    /// The order is live: from now on it is found.
    pub(crate) fn open(&mut self, slot: Slot) {
        let order = &self[slot];
        let (order_id, session, id) = (order.order_id, order.session, order.terms.cl_ord_id);
        self.by_id.insert(order_id, slot);
        self.name(session, id, slot);
    }

    /// An order that may still trade.
    pub(crate) fn slot(&self, order_id: &OrderId) -> Option<Slot> {
        self.by_id.get(order_id).copied().filter(|slot| self[*slot].is_open())
    }

    /// An order, open or closed lately.
    pub(crate) fn known(&self, order_id: &OrderId) -> Option<&OpenOrder> {
        self.by_id.get(order_id).map(|slot| &self[*slot])
    }

    /// Where an order stands, open or closed lately.
    pub(crate) fn known_slot(&self, order_id: &OrderId) -> Option<Slot> {
        self.by_id.get(order_id).copied()
    }

    /// The order that `id` of a session names, open or closed lately.
    pub(crate) fn find(&self, session: SessionIx, id: &ClOrdId) -> Option<Slot> {
        let hash = self.hash(session, id);
        self.ids
            .find(spread(hash), |named| named.hash == hash && self.has(named.slot, session, id))
            .map(|n| n.slot)
    }

    /// Whether the id is one of an order that may still trade.
    pub(crate) fn is_of_open_chain(&self, session: SessionIx, id: &ClOrdId) -> bool {
        self.find(session, id).is_some_and(|slot| self[slot].is_open())
    }

    /// From now on the id, which is one of the order's, names this order, whatever it named on an earlier day.
    pub(crate) fn name(&mut self, session: SessionIx, id: ClOrdId, slot: Slot) {
        let hash = self.hash(session, &id);
        let mut ids = std::mem::take(&mut self.ids);
        let is_it = |named: &Named| named.hash == hash && self.has(named.slot, session, &id);
        match ids.entry(spread(hash), is_it, Named::place) {
            Entry::Occupied(mut named) => named.get_mut().slot = slot,
            Entry::Vacant(place) => {
                place.insert(Named { hash, slot });
            }
        }
        self.ids = ids;
    }

    /// The id of a replace that came to nothing names the order no longer.
    pub(crate) fn unname(&mut self, session: SessionIx, id: ClOrdId, slot: Slot) {
        // The same id may name an order of a later day.
        let hash = self.hash(session, &id);
        if let Ok(named) = self.ids.find_entry(spread(hash), |named| *named == Named { hash, slot }) {
            named.remove();
        }
    }

    fn hash(&self, session: SessionIx, id: &ClOrdId) -> u32 {
        self.hashing.hash_one((session, id)) as u32
    }

    fn has(&self, slot: Slot, session: SessionIx, id: &ClOrdId) -> bool {
        let place = &self.blocks[slot.0 as usize / BLOCK][slot.0 as usize % BLOCK];
        place.as_ref().is_some_and(|order| order.session == session && order.ids().any(|own| own == id))
    }

    /// An order has ended; it is remembered for a while.
    pub(crate) fn close(&mut self, slot: Slot) {
        assert!(!self[slot].is_open(), "its last report closed it");
        if self.closed_oldest_first.len() == CLOSED_ORDERS_MAX {
            self.forget_oldest();
        }
        self.closed_oldest_first.push_back(slot);
    }

    fn forget_oldest(&mut self) {
        let Some(slot) = self.closed_oldest_first.pop_front() else { return };
        let Some(order) = self.place_of(slot).take() else { return };
        for id in order.ids() {
            self.unname(order.session, *id, slot);
        }
        self.by_id.remove(&order.order_id);
        self.free.push(slot);
    }

    /// Orders that may still trade, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &OpenOrder> {
        self.blocks.iter().flatten().flatten().filter(|order| order.is_open())
    }

    fn grow(&mut self) -> Slot {
        if self.blocks.last().is_none_or(|block| block.len() == BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        let full = (self.blocks.len() - 1) * BLOCK;
        let block = self.blocks.last_mut().expect("one was pushed");
        block.push(None);
        Slot(u32::try_from(full + block.len() - 1).expect("fewer than 2^32 orders"))
    }

    fn place_of(&mut self, slot: Slot) -> &mut Option<OpenOrder> {
        &mut self.blocks[slot.0 as usize / BLOCK][slot.0 as usize % BLOCK]
    }
}

impl Index<Slot> for Orders {
    type Output = OpenOrder;
    fn index(&self, slot: Slot) -> &OpenOrder {
        self.blocks[slot.0 as usize / BLOCK][slot.0 as usize % BLOCK].as_ref().expect("a slot in use")
    }
}

impl IndexMut<Slot> for Orders {
    fn index_mut(&mut self, slot: Slot) -> &mut OpenOrder {
        self.place_of(slot).as_mut().expect("a slot in use")
    }
}

/// At rest: closed orders, the oldest first, then open ones by OrderID. An id is not given again while it names an open
/// order, so the last order that is taken back has it.
impl Serialize for Orders {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut open: Vec<&OpenOrder> = self.iter().collect();
        open.sort_unstable_by_key(|order| order.order_id);
        let closed = self.closed_oldest_first.iter().map(|slot| &self[*slot]);
        serializer.collect_seq(closed.chain(open))
    }
}

impl<'de> Deserialize<'de> for Orders {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut orders = Self::default();
        for order in Vec::<OpenOrder>::deserialize(deserializer)? {
            let (session, ids): (_, Vec<ClOrdId>) = (order.session, order.ids().copied().collect());
            let is_open = order.is_open();
            let order_id = order.order_id;
            let slot = orders.prepare(order);
            orders.by_id.insert(order_id, slot);
            ids.into_iter().for_each(|id| orders.name(session, id, slot));
            if !is_open {
                orders.close(slot);
            }
        }
        Ok(orders)
    }
}
