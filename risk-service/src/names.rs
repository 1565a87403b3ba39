//! Names as small numbers: a name is looked up once at the edge of a decision, and what belongs to it is an array element
//! from there on. Numbers follow the order in which the log first names things, so a replay gives the same; they never
//! leave this process but in its snapshots.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::hash::Hash;
use std::ops::{Index, IndexMut};

macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident)*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub(crate) struct $name(u32);

        impl Number for $name {
            fn new(number: usize) -> Self {
                Self(u32::try_from(number).expect("fewer than 2^32 names"))
            }
            fn index(self) -> usize {
                self.0 as usize
            }
        }
    )* };
}

/// The number of a name.
pub(crate) trait Number: Copy {
    fn new(number: usize) -> Self;
    fn index(self) -> usize;
}

numbers! {
    /// A firm.
    FirmIx
    /// A trading account.
    ClientIx
    /// A session.
    SessionIx
    /// An instrument.
    SymbolIx
    /// What one account has in one instrument.
    HoldingIx
}

/// Rows by name and by number. Rows are never removed.
#[derive(Debug, Clone)]
pub(crate) struct Table<K, I, V> {
    numbers: FxHashMap<K, I>,
    rows: Vec<(K, V)>,
}

impl<K, I, V> Default for Table<K, I, V> {
    fn default() -> Self {
        Self { numbers: FxHashMap::default(), rows: Vec::new() }
    }
}

impl<K: Copy + Eq + Hash, I: Number, V> Table<K, I, V> {
    /// The number of a name, if it has one.
    pub(crate) fn find(&self, name: &K) -> Option<I> {
        self.numbers.get(name).copied()
    }

    /// The number of a name, which gets the row `make` makes if it has none.
    pub(crate) fn open(&mut self, name: K, make: impl FnOnce() -> V) -> I {
        if let Some(number) = self.find(&name) {
            return number;
        }
        let number = I::new(self.rows.len());
        self.rows.push((name, make()));
        self.numbers.insert(name, number);
        number
    }

    /// The name of a number.
    pub(crate) fn name(&self, number: I) -> &K {
        &self.rows[number.index()].0
    }

    /// Rows in the order of their numbers.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (I, &K, &V)> {
        self.rows.iter().enumerate().map(|(n, (name, row))| (I::new(n), name, row))
    }

    /// Rows to change, in the order of their numbers.
    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.rows.iter_mut().map(|(_, row)| row)
    }
}

impl<K, I: Number, V> Index<I> for Table<K, I, V> {
    type Output = V;
    fn index(&self, number: I) -> &V {
        &self.rows[number.index()].1
    }
}

impl<K, I: Number, V> IndexMut<I> for Table<K, I, V> {
    fn index_mut(&mut self, number: I) -> &mut V {
        &mut self.rows[number.index()].1
    }
}

impl<K: Serialize, I, V: Serialize> Serialize for Table<K, I, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.rows.serialize(serializer)
    }
}

impl<'de, K, I, V> Deserialize<'de> for Table<K, I, V>
where
    K: Deserialize<'de> + Copy + Eq + Hash,
    I: Number,
    V: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows: Vec<(K, V)> = Vec::deserialize(deserializer)?;
        let numbers = rows.iter().enumerate().map(|(n, (name, _))| (*name, I::new(n))).collect();
        Ok(Self { numbers, rows })
    }
}
