//! Hashing of ids that are given out in sequence, so that those given out after each other stand beside each other in a
//! table: the newest are the ones that are asked for, and one line of memory tells of many of them.

use std::hash::{BuildHasherDefault, Hasher};

/// Builds hashes of [`OrderId`](crate::OrderId) and [`TransferId`](crate::TransferId) for tables of them. Not for what
/// counterparties choose.
pub type Neighbours = BuildHasherDefault<NeighbourHasher>;

/// Ids that stand together, as a power of two.
const TOGETHER_BITS: u32 = 6;

/// Where the number that counts begins in an id of a transfer, which its order's id is part of.
const ORDER_IN_TRANSFER: u32 = 32;

/// An odd number whose product spreads over all bits: 2^64 divided by the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Hashes one number.
#[derive(Debug, Clone, Copy, Default)]
pub struct NeighbourHasher(u64);

impl NeighbourHasher {
    fn place(&mut self, group: u64, within: u64) {
        let mixed = u128::from(group ^ self.0) * u128::from(SPREAD);
        let place = (mixed as u64 ^ (mixed >> u64::BITS) as u64).wrapping_add(within);
        // Tables tell neighbours apart by the highest bits.
        self.0 = place ^ within << (u64::BITS - TOGETHER_BITS);
    }
}

impl Hasher for NeighbourHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.place(u64::from(*byte), 0));
    }

    fn write_u64(&mut self, number: u64) {
        let within = number & ((1 << TOGETHER_BITS) - 1);
        self.place(number >> TOGETHER_BITS, within);
    }

    fn write_u128(&mut self, number: u128) {
        let within = (number >> ORDER_IN_TRANSFER) as u64 & ((1 << TOGETHER_BITS) - 1);
        let group = number & !(u128::from(within) << ORDER_IN_TRANSFER);
        let high = (group >> u64::BITS) as u64;
        self.place(group as u64 ^ high.rotate_left(ORDER_IN_TRANSFER).wrapping_mul(SPREAD), within);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OrderId, TransferId};
    use std::collections::BTreeMap;
    use std::hash::BuildHasher;

    fn place_of(hash: u64, buckets: u64) -> u64 {
        hash & (buckets - 1)
    }

    #[test]
    fn ids_in_sequence_stand_beside_each_other() {
        for from in [0, 640, 64 << 20] {
            let hash = |n| Neighbours::default().hash_one(OrderId::new(3, n));
            let first = place_of(hash(from), 1 << 20);
            for n in 1..64 {
                assert_eq!(place_of(hash(from + n), 1 << 20), (first + n) % (1 << 20));
                assert_ne!(hash(from + n) >> 57, hash(from) >> 57, "neighbours can be told apart");
            }
        }
    }

    #[test]
    fn no_form_of_ids_crowds_one_place() {
        type Form = fn(u128) -> u128;
        let forms: [Form; 5] =
            [|n| n, |n| n << 32 | 1, |n| n << 16 | 2, |n| 1 << 127 | 7 << 64 | n, |n| 1 << 126 | n << 48];
        for (f, form) in forms.into_iter().enumerate() {
            let mut crowds: BTreeMap<u64, u32> = BTreeMap::new();
            for n in 0..65_536 {
                let hash = Neighbours::default().hash_one(TransferId(form(n)));
                *crowds.entry(place_of(hash, 65_536) / 64).or_default() += 1;
            }
            // 64 in each of 1,024 on average. Neighbours fall together, and by chance some groups of 64 do.
            let most = crowds.values().max().unwrap();
            assert!(*most < 640, "form {f}: {most} in one place");
        }
    }
}
