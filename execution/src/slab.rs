//! Things with stable numbers, in chunks.

use std::ops::{Index, IndexMut};

/// No slot: ends of lists.
pub(crate) const NIL: u32 = u32::MAX;

/// Things in a chunk. Growing allocates one chunk more and moves nothing but the first chunk while it is small, so that
/// no order pays for copying the others, and memory is what is used, not twice that.
const CHUNK_BITS: u32 = 13;
const CHUNK: usize = 1 << CHUNK_BITS;

/// Where slot `slot` is: its chunk and its place there.
pub(crate) const fn place(slot: u32) -> (usize, usize) {
    ((slot >> CHUNK_BITS) as usize, slot as usize & (CHUNK - 1))
}

/// A growing array whose free slots are used again, so its size is that of the most it ever held at once.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    chunks: Vec<Vec<Option<T>>>,
    free: Vec<u32>,
    len: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), free: Vec::new(), len: 0 }
    }
}

impl<T> Slab<T> {
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        self.len += 1;
        if let Some(slot) = self.free.pop() {
            let (chunk, at) = place(slot);
            self.chunks[chunk][at] = Some(value);
            return slot;
        }
        let slot = u32::try_from(self.len - 1).ok().filter(|s| *s != NIL);
        let slot = slot.expect("fewer than 2^32 - 1 things, which is beyond any memory");
        push(&mut self.chunks, Some(value));
        slot
    }

    pub(crate) fn remove(&mut self, slot: u32) -> T {
        let (chunk, at) = place(slot);
        let value = self.chunks[chunk][at].take().expect("the slot is in use");
        self.free.push(slot);
        self.len -= 1;
        value
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let numbered = self.chunks.iter().flatten().zip(0_u32..);
        numbered.filter_map(|(content, slot)| content.as_ref().map(|value| (slot, value)))
    }
}

/// Adds to chunks, the first of which grows as any array does and the others are allocated whole.
pub(crate) fn push<T>(chunks: &mut Vec<Vec<T>>, value: T) {
    match chunks.last_mut().filter(|chunk| chunk.len() < CHUNK) {
        Some(chunk) => chunk.push(value),
        None => {
            let mut chunk = if chunks.is_empty() { Vec::new() } else { Vec::with_capacity(CHUNK) };
            chunk.push(value);
            chunks.push(chunk);
        }
    }
}

impl<T> Index<u32> for Slab<T> {
    type Output = T;

    fn index(&self, slot: u32) -> &T {
        let (chunk, at) = place(slot);
        self.chunks[chunk][at].as_ref().expect("the slot is in use")
    }
}

impl<T> IndexMut<u32> for Slab<T> {
    fn index_mut(&mut self, slot: u32) -> &mut T {
        let (chunk, at) = place(slot);
        self.chunks[chunk][at].as_mut().expect("the slot is in use")
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

    #[test]
    fn numbers_go_on_from_chunk_to_chunk() {
        let mut slab = Slab::default();
        let last = (0..CHUNK as u32 + 2).map(|n| slab.insert(n)).last();
        assert_eq!(last, Some(CHUNK as u32 + 1));
        assert_eq!((slab[CHUNK as u32 - 1], slab[CHUNK as u32]), (CHUNK as u32 - 1, CHUNK as u32));
        assert!(slab.iter().map(|(slot, value)| (slot, *value)).all(|(slot, value)| slot == value));
    }
}
