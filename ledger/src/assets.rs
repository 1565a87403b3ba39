//! What is known of each asset: its posted sums and its smallest amount.

use assay_trading_types::{Asset, SCALE};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Decimals of a billionth.
const DECIMALS_MAX: u8 = 9;

/// Posted sums of one asset, kept from what the two sides of every transfer really counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) debits: i128,
    pub(crate) credits: i128,
    /// Billionths in its smallest amount.
    unit: i128,
}

/// All assets, by index and by name.
#[derive(Debug, Default, Clone)]
pub(crate) struct Assets {
    sums: Vec<Sums>,
    books: FxHashMap<Asset, u32>,
}

impl Assets {
    /// Index of an asset.
    pub(crate) fn book(&mut self, asset: Asset) -> u32 {
        let next = u32::try_from(self.sums.len()).expect("fewer than 2^32 assets");
        *self.books.entry(asset).or_insert_with(|| {
            self.sums.push(Sums { debits: 0, credits: 0, unit: 1 });
            next
        })
    }

    pub(crate) fn sums(&self, book: u32) -> &Sums {
        &self.sums[book as usize]
    }

    pub(crate) fn sums_mut(&mut self, book: u32) -> &mut Sums {
        &mut self.sums[book as usize]
    }

    /// Whether the amount has more decimals than the asset.
    pub(crate) fn is_too_fine(&self, book: u32, amount: i128) -> bool {
        let unit = self.sums(book).unit;
        unit != 1 && amount % unit != 0
    }

    pub(crate) fn decimals(&self, asset: Asset) -> u8 {
        self.books.get(&asset).map_or(DECIMALS_MAX, |book| decimals_of(self.sums(*book).unit))
    }

    pub(crate) fn set_unit(&mut self, asset: Asset, unit: i128) {
        let book = self.book(asset);
        self.sums_mut(book).unit = unit;
    }

    /// Decimals of the assets that have fewer than nine.
    pub(crate) fn coarse(&self) -> BTreeMap<Asset, u8> {
        let decimals = self.books.keys().map(|asset| (*asset, self.decimals(*asset)));
        decimals.filter(|(_, decimals)| *decimals < DECIMALS_MAX).collect()
    }
}

/// Billionths in the smallest amount with so many decimals, nine at most.
pub(crate) fn unit(decimals: u8) -> Option<i128> {
    (decimals <= DECIMALS_MAX).then(|| i128::from(SCALE) / 10_i128.pow(u32::from(decimals)))
}

fn decimals_of(unit: i128) -> u8 {
    DECIMALS_MAX - unit.ilog10() as u8
}
