//! What one account has in one instrument: position, open orders, accounts in the books, breaker.

use crate::names::{ClientIx, FirmIx, HoldingIx, Number, SymbolIx};
use crate::order::Accounts;
use crate::rate::Rate;
use crate::short::Short;
use assay_trading_types::Side;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::{Index, IndexMut};

/// One account in one instrument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holding {
    pub(crate) client: ClientIx,
    pub(crate) firm: FirmIx,
    pub(crate) symbol: SymbolIx,
    /// Where new orders settle; orders keep what they were accepted with.
    pub(crate) accounts: Accounts,
    /// Billionths, negative when short.
    pub(crate) position: i128,
    /// LeavesQty of open buys.
    pub(crate) open_buys: i64,
    /// LeavesQty of open sells.
    pub(crate) open_sells: i64,
    /// Fills lately, as far as a breaker watches them.
    pub(crate) fills: Rate,
    /// Repeated executions opened the breaker: nothing passes until a person closes it.
    pub(crate) tripped: bool,
    /// Whether the position is over a warning level, a bit for that of the account and of the firm.
    #[serde(default)]
    pub(crate) warned: u8,
    /// Likewise over a limit.
    #[serde(default)]
    pub(crate) over: u8,
    /// Locates, short sales and what is borrowed, once somebody located anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) short: Option<Box<Short>>,
}

impl Holding {
    pub(crate) fn new(client: ClientIx, firm: FirmIx, symbol: SymbolIx, accounts: Accounts) -> Self {
        Self {
            client,
            firm,
            symbol,
            accounts,
            position: 0,
            open_buys: 0,
            open_sells: 0,
            fills: Rate::default(),
            tripped: false,
            warned: 0,
            over: 0,
            short: None,
        }
    }

    /// An open order of `before` has `now` left.
    pub(crate) fn count(&mut self, side: Side, before: i64, now: i64) {
        let change = |sum: &mut i64| *sum = sum.saturating_add(now.saturating_sub(before)).max(0);
        change(if side.is_buy() { &mut self.open_buys } else { &mut self.open_sells });
        if let Some(short) = self.short.as_deref_mut().filter(|_| side.is_short()) {
            change(&mut short.open);
        }
    }

    /// The position if all open orders of a side and `added` more were filled; positive in the direction of the side.
    pub(crate) fn position_with(&self, is_buy: bool, added: i64) -> i128 {
        let (position, open) =
            if is_buy { (self.position, self.open_buys) } else { (-self.position, self.open_sells) };
        position + i128::from(open) + i128::from(added)
    }

    /// Whether `added` more on a side can only make the position smaller.
    pub(crate) fn reduces(&self, is_buy: bool, added: i64) -> bool {
        added <= 0 || self.position_with(is_buy, added) <= 0
    }
}

/// Holdings by account and instrument. They are never removed.
#[derive(Debug, Default)]
pub(crate) struct Holdings {
    by_place: FxHashMap<(ClientIx, SymbolIx), HoldingIx>,
    all: Vec<Holding>,
}

impl Holdings {
    pub(crate) fn find(&self, client: ClientIx, symbol: SymbolIx) -> Option<HoldingIx> {
        self.by_place.get(&(client, symbol)).copied()
    }

    pub(crate) fn add(&mut self, holding: Holding) -> HoldingIx {
        let ix = HoldingIx::new(self.all.len());
        self.by_place.insert((holding.client, holding.symbol), ix);
        self.all.push(holding);
        ix
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (HoldingIx, &Holding)> {
        self.all.iter().enumerate().map(|(n, holding)| (HoldingIx::new(n), holding))
    }
}

impl Index<HoldingIx> for Holdings {
    type Output = Holding;
    fn index(&self, ix: HoldingIx) -> &Holding {
        &self.all[ix.index()]
    }
}

impl IndexMut<HoldingIx> for Holdings {
    fn index_mut(&mut self, ix: HoldingIx) -> &mut Holding {
        &mut self.all[ix.index()]
    }
}

impl Serialize for Holdings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.all.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Holdings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut holdings = Self::default();
        for holding in Vec::<Holding>::deserialize(deserializer)? {
            holdings.add(holding);
        }
        Ok(holdings)
    }
}
