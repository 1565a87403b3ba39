//! Connections that have not yet proved who they are, counted in all and per address (C-09).

use crate::back_off::Source;
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;

/// What a connection may cost before its Logon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrangerLimits {
    /// Connections without a session, over all listeners; beyond it new ones are closed.
    pub total_max: usize,
    /// The same from one address.
    pub per_address_max: usize,
    /// Bytes that may come before the Logon is whole.
    pub bytes_max: usize,
    /// Time for handshake and Logon together, in milliseconds (T-01).
    pub patience_ms: u64,
}

impl Default for StrangerLimits {
    fn default() -> Self {
        Self { total_max: 256, per_address_max: 64, bytes_max: 8 << 10, patience_ms: 10_000 }
    }
}

/// The counts.
#[derive(Debug, Default)]
pub(crate) struct Strangers {
    total: usize,
    by_address: FxHashMap<Source, usize>,
}

/// One counted connection; dropping it ends the count.
pub(crate) struct Stranger {
    counts: Rc<RefCell<Strangers>>,
    address: Source,
}

/// Counts a connection from `address`, or refuses it.
pub(crate) fn enter(
    counts: &Rc<RefCell<Strangers>>,
    address: IpAddr,
    limits: &StrangerLimits,
) -> Option<Stranger> {
    let address = Source::of(address);
    let mut strangers = counts.borrow_mut();
    let here = strangers.by_address.get(&address).copied().unwrap_or(0);
    if strangers.total >= limits.total_max || here >= limits.per_address_max {
        return None;
    }
    strangers.total += 1;
    strangers.by_address.insert(address, here + 1);
    Some(Stranger { counts: Rc::clone(counts), address })
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let mut strangers = self.counts.borrow_mut();
        strangers.total -= 1;
        if let Some(here) = strangers.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                strangers.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c_09_strangers_are_bounded_per_address_and_in_all() {
        let limits = StrangerLimits { total_max: 3, per_address_max: 2, ..StrangerLimits::default() };
        let counts = Rc::new(RefCell::new(Strangers::default()));
        let address = |last: u8| IpAddr::from([192, 0, 2, last]);
        let first = enter(&counts, address(1), &limits).unwrap();
        let second = enter(&counts, address(1), &limits).unwrap();
        assert!(enter(&counts, address(1), &limits).is_none(), "two from one address");
        let third = enter(&counts, address(2), &limits).unwrap();
        assert!(enter(&counts, address(3), &limits).is_none(), "three in all");
        drop(first);
        let fourth = enter(&counts, address(1), &limits).unwrap();
        drop((second, third, fourth));
        assert_eq!(counts.borrow().total, 0);
        assert!(counts.borrow().by_address.is_empty(), "nothing is remembered of those who left");
    }
}
