//! Things with stable numbers in one allocation.

use std::ops::{Index, IndexMut};

/// No slot: ends of lists.
pub(crate) const NIL: u32 = u32::MAX;

#[derive(Debug)]
enum Slot<T> {
    Free(u32),
    Used(T),
}

/// A growing array whose free slots are used again, so its size is that of the most it ever held at once.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: u32,
    len: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: NIL, len: 0 }
    }
}

impl<T> Slab<T> {
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        self.len += 1;
        if self.free == NIL {
            let slot = u32::try_from(self.slots.len()).ok().filter(|s| *s != NIL);
            self.slots.push(Slot::Used(value));
            return slot.expect("fewer than 2^32 - 1 things, which is beyond any memory");
        }
        let slot = self.free;
        let place = &mut self.slots[slot as usize];
        let Slot::Free(next) = *place else { unreachable!("the free list holds free slots") };
        self.free = next;
        *place = Slot::Used(value);
        slot
    }

    pub(crate) fn remove(&mut self, slot: u32) -> T {
        let taken = std::mem::replace(&mut self.slots[slot as usize], Slot::Free(self.free));
        let Slot::Used(value) = taken else { unreachable!("slot {slot} is in use") };
        self.free = slot;
        self.len -= 1;
        value
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.slots.iter().enumerate().filter_map(|(slot, content)| match content {
            Slot::Used(value) => Some((slot as u32, value)),
            Slot::Free(_) => None,
        })
    }
}

impl<T> Index<u32> for Slab<T> {
    type Output = T;

    fn index(&self, slot: u32) -> &T {
        match &self.slots[slot as usize] {
            Slot::Used(value) => value,
            Slot::Free(_) => unreachable!("slot {slot} is in use"),
        }
    }
}

impl<T> IndexMut<u32> for Slab<T> {
    fn index_mut(&mut self, slot: u32) -> &mut T {
        match &mut self.slots[slot as usize] {
            Slot::Used(value) => value,
            Slot::Free(_) => unreachable!("slot {slot} is in use"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_slots_are_used_again_and_numbers_stay() {
        let mut slab = Slab::default();
        let [a, b, c] = ["a", "b", "c"].map(|t| slab.insert(t));
        assert_eq!(slab.remove(b), "b");
        assert_eq!((slab[a], slab[c], slab.len()), ("a", "c", 2));
        assert_eq!(slab.insert("d"), b);
        assert_eq!(slab.iter().map(|(_, t)| *t).collect::<Vec<_>>(), ["a", "d", "c"]);
    }
}
