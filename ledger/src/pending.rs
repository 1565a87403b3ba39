//! A hold: what remains reserved of a pending transfer, and until when.

use crate::{AccountIx, Leg};
use assay_trading_types::{Amount, Neighbours, Timestamp, TransferId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A pending transfer that is not used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) debit: AccountIx,
    pub(crate) credit: AccountIx,
    /// As it was made.
    pub(crate) amount: i128,
    pub(crate) remaining: i128,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<Timestamp>,
}

impl Pending {
    /// Whether the leg names its two accounts.
    pub(crate) fn is_of(&self, leg: &Leg) -> bool {
        self.debit == leg.debit && self.credit == leg.credit
    }
}

/// A hold as its owner sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// The pending transfer that made it.
    pub id: TransferId,
    /// Debited account.
    pub debit: AccountIx,
    /// Credited account.
    pub credit: AccountIx,
    /// As it was made.
    pub amount: Amount,
    /// What is still reserved.
    pub remaining: Amount,
    /// When the rest is released by itself, if ever.
    pub expires: Option<Timestamp>,
}

/// All holds that are not used up, by id and by expiry.
#[derive(Debug, Default, Clone)]
pub(crate) struct Holds {
    by_id: HashMap<TransferId, Pending, Neighbours>,
    by_expiry: BTreeSet<(Timestamp, TransferId)>,
}

impl Holds {
    pub(crate) fn get(&self, id: TransferId) -> Option<&Pending> {
        self.by_id.get(&id)
    }

    pub(crate) fn hold(&self, id: TransferId) -> Option<Hold> {
        let hold = |p: &Pending| Hold {
            id,
            debit: p.debit,
            credit: p.credit,
            amount: Amount::from_units(p.amount),
            remaining: Amount::from_units(p.remaining),
            expires: p.expires,
        };
        self.by_id.get(&id).map(hold)
    }

    pub(crate) fn insert(&mut self, id: TransferId, pending: Pending) {
        self.by_id.insert(id, pending);
        self.by_expiry.extend(pending.expires.map(|at| (at, id)));
    }

    /// Changes what a hold reserves.
    pub(crate) fn shift(&mut self, id: TransferId, change: i128) {
        self.by_id.get_mut(&id).expect("holds stay while a group lasts").remaining += change;
    }

    pub(crate) fn remove_if_used_up(&mut self, id: TransferId) {
        if self.by_id.get(&id).is_none_or(|p| p.remaining > 0) {
            return;
        }
        if let Some(at) = self.by_id.remove(&id).and_then(|p| p.expires) {
            self.by_expiry.remove(&(at, id));
        }
    }

    /// At most `count` holds that expire at `now` or before, the earliest first.
    pub(crate) fn due(&self, now: Timestamp, count: usize) -> Vec<TransferId> {
        self.by_expiry.iter().take_while(|(at, _)| *at <= now).take(count).map(|(_, id)| *id).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// In an order that does not depend on hashing.
    pub(crate) fn sorted(&self) -> BTreeMap<u128, Pending> {
        self.by_id.iter().map(|(id, p)| (id.0, *p)).collect()
    }
}

impl FromIterator<(TransferId, Pending)> for Holds {
    fn from_iter<I: IntoIterator<Item = (TransferId, Pending)>>(holds: I) -> Self {
        let mut all = Self::default();
        holds.into_iter().for_each(|(id, pending)| all.insert(id, pending));
        all
    }
}
