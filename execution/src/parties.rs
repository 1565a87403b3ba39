//! Who orders belong to, once for all of their orders.

use assay_trading_types::{AccountId, FirmId, SelfTrade, SessionId};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// What orders of one account, entered on one session, have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Party {
    pub(crate) session: SessionId,
    pub(crate) firm: FirmId,
    pub(crate) account: AccountId,
    pub(crate) self_trade: SelfTrade,
}

impl Party {
    /// Whether self-trade prevention of this incoming order's owner stands against `resting`.
    pub(crate) fn must_not_meet(&self, resting: &Self) -> bool {
        self.self_trade != SelfTrade::Allow && self.firm == resting.firm
    }
}

/// Every party that has had an order, by number. They are as many as sessions times accounts times their settings, which
/// operators make and not counterparties, so none is ever forgotten.
#[derive(Debug, Default)]
pub(crate) struct Parties {
    parties: Vec<Party>,
    numbers: FxHashMap<Party, u32>,
}

impl Parties {
    pub(crate) fn number(&mut self, party: &Party) -> u32 {
        if let Some(number) = self.numbers.get(party) {
            return *number;
        }
        let number = u32::try_from(self.parties.len()).expect("fewer parties than 2^32");
        self.parties.push(*party);
        self.numbers.insert(*party, number);
        number
    }

    pub(crate) fn get(&self, number: u32) -> &Party {
        &self.parties[number as usize]
    }

    /// By number.
    pub(crate) fn all(&self) -> &[Party] {
        &self.parties
    }
}
