//! An order at rest, packed: what a book of millions pays for each.

use assay_trading_types::{
    Amount, Carried, ClOrdId, Conditions, OrdType, OrderId, Price, Qty, Side, TimeInForce,
};
use serde::{Deserialize, Serialize};

/// An order that waits, without what its node in the book says (what is left of it, its price) and without what it
/// shares with others (its party and market).
#[derive(Debug)]
pub(crate) struct RestingOrder {
    pub(crate) id: OrderId,
    pub(crate) cl_ord_id: PackedId,
    /// What few orders have.
    pub(crate) more: Option<Box<More>>,
    pub(crate) party: u32,
    pub(crate) market: u32,
    /// Trading day that its terms are of.
    pub(crate) day: i32,
    pub(crate) side: Side,
    pub(crate) ord_type: OrdType,
    pub(crate) tif: TimeInForce,
    /// Decimals its limit was written with.
    pub(crate) decimals: u8,
    pub(crate) place: Place,
    /// Whether a stop order is triggered.
    pub(crate) triggered: bool,
    /// Whether it was reported done for the day and not yet renewed.
    pub(crate) done_for_day: bool,
}

/// With its node of 24 bytes and its entry in the index of ids, at most 12, an order stays at 100 bytes.
const _: () = assert!(std::mem::size_of::<Option<RestingOrder>>() <= 64);

/// Where an order waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Place {
    /// On the book.
    Book,
    /// For its stop price.
    Stop,
    /// For the closing auction.
    Close,
    /// For enough on the other side to be filled whole.
    Whole,
}

/// Parts that few orders have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct More {
    /// Filled so far, and what for.
    pub(crate) cum_qty: Qty,
    pub(crate) notional: Amount,
    /// Limit of an order that is not on the book.
    pub(crate) price: Option<Price>,
    pub(crate) stop_px: Option<Price>,
    pub(crate) conditions: Option<Box<Conditions>>,
    /// Lots behind those that an iceberg shows.
    pub(crate) hidden: i64,
    pub(crate) notional_max: Option<Amount>,
    pub(crate) protection: Option<Price>,
    pub(crate) carried: Carried,
}

/// A ClOrdID in 24 bytes; one of more than 22 characters, which is rare, on the heap.
#[derive(Debug, Clone)]
pub(crate) enum PackedId {
    Short { len: u8, text: [u8; PackedId::SHORT_MAX] },
    Long(Box<ClOrdId>),
}

impl PackedId {
    const SHORT_MAX: usize = 22;

    pub(crate) fn new(id: &ClOrdId) -> Self {
        let bytes = id.as_str().as_bytes();
        if bytes.len() > Self::SHORT_MAX {
            return Self::Long(Box::new(*id));
        }
        let mut text = [0; Self::SHORT_MAX];
        text[..bytes.len()].copy_from_slice(bytes);
        Self::Short { len: bytes.len() as u8, text }
    }

    pub(crate) fn open(&self) -> ClOrdId {
        match self {
            Self::Short { len, text } => {
                ClOrdId::from_bytes(&text[..usize::from(*len)]).expect("it was an id before")
            }
            Self::Long(id) => **id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_every_length_come_back() {
        for len in 1..=ClOrdId::MAX {
            let id = ClOrdId::new(&"abcdefghijklmnopqrstuvwxyz012345"[..len]).unwrap();
            assert_eq!(PackedId::new(&id).open(), id);
        }
    }
}
