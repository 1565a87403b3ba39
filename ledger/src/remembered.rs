//! The last transfers by id, a bounded number: what makes asking twice harmless.

use crate::{Request, Status};
use assay_trading_types::{TransferId, TransferKind};
use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};
use std::hash::BuildHasher;

/// How a hold came to be used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ending {
    Posted,
    Voided,
    Expired,
}

impl Ending {
    pub(crate) fn status(self) -> Status {
        match self {
            Self::Posted => Status::PendingAlreadyPosted,
            Self::Voided => Status::PendingAlreadyVoided,
            Self::Expired => Status::PendingExpired,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    request: Request,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ending: Option<Ending>,
}

/// A ring of requests that were applied: the oldest makes room for the newest.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub(crate) struct Remembered {
    ring: Vec<Known>,
    /// Places in the ring by hash of the id.
    places: HashTable<u32>,
    /// Requests ever remembered; the next one's place follows from it.
    count: u64,
    bound: usize,
}

/// The memory at rest, the oldest first.
#[derive(Serialize, Deserialize)]
struct Stored {
    bound: usize,
    known: Vec<Known>,
}

impl Remembered {
    /// Remembers at most `bound`.
    pub(crate) fn new(bound: usize) -> Self {
        assert!(bound > 0 && u32::try_from(bound).is_ok(), "between 1 and 2^32 transfers are remembered");
        Self { ring: Vec::new(), places: HashTable::new(), count: 0, bound }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn request(&self, id: TransferId) -> Option<&Request> {
        self.find(id).map(|place| &self.ring[place as usize].request)
    }

    pub(crate) fn ending(&self, id: TransferId) -> Option<Ending> {
        self.find(id).and_then(|place| self.ring[place as usize].ending)
    }

    /// Remembers a request whose id is not there.
    pub(crate) fn insert(&mut self, request: Request) {
        self.push(Known { request, ending: None });
    }

    fn push(&mut self, known: Known) {
        let (place, id) = ((self.count % self.bound as u64) as u32, known.request.id);
        match self.ring.get(place as usize).map(|old| old.request.id) {
            Some(old) => {
                self.forget(old, place);
                self.ring[place as usize] = known;
            }
            None => self.ring.push(known),
        }
        let ring = &self.ring;
        self.places.insert_unique(hash(id), place, |place| hash(ring[*place as usize].request.id));
        self.count += 1;
    }

    /// Notes how a hold was used up, if it is remembered.
    pub(crate) fn end(&mut self, hold: TransferId, ending: Ending) {
        if let Some(place) = self.find(hold) {
            self.ring[place as usize].ending = Some(ending);
        }
    }

    fn find(&self, id: TransferId) -> Option<u32> {
        self.places.find(hash(id), |place| self.ring[*place as usize].request.id == id).copied()
    }

    fn forget(&mut self, id: TransferId, place: u32) {
        if let Ok(entry) = self.places.find_entry(hash(id), |there| *there == place) {
            entry.remove();
        }
    }
}

impl From<Stored> for Remembered {
    fn from(stored: Stored) -> Self {
        let mut remembered = Self::new(stored.bound.clamp(1, u32::MAX as usize));
        stored.known.into_iter().for_each(|known| remembered.push(known));
        remembered
    }
}

impl From<Remembered> for Stored {
    fn from(mut remembered: Remembered) -> Self {
        if remembered.count > remembered.bound as u64 {
            remembered.ring.rotate_left((remembered.count % remembered.bound as u64) as usize);
        }
        Self { bound: remembered.bound, known: remembered.ring }
    }
}

/// How a request differs from the one remembered under its id.
pub(crate) fn compare(there: &Request, asked: &Request) -> Status {
    if std::mem::discriminant(&there.kind) != std::mem::discriminant(&asked.kind) {
        return Status::ExistsWithDifferentKind;
    }
    if hold_of(there.kind) != hold_of(asked.kind) {
        return Status::ExistsWithDifferentHold;
    }
    if there.debit != asked.debit {
        return Status::ExistsWithDifferentDebit;
    }
    if there.credit != asked.credit {
        return Status::ExistsWithDifferentCredit;
    }
    if there.amount != asked.amount {
        return Status::ExistsWithDifferentAmount;
    }
    if there.take != asked.take || there.kind != asked.kind {
        return Status::ExistsWithDifferentTake;
    }
    if there.expires != asked.expires {
        return Status::ExistsWithDifferentExpiry;
    }
    if there.reason != asked.reason {
        return Status::ExistsWithDifferentReason;
    }
    Status::Exists
}

fn hold_of(kind: TransferKind) -> Option<TransferId> {
    match kind {
        TransferKind::Plain | TransferKind::Pending => None,
        TransferKind::Post { pending, .. } | TransferKind::Void { pending } => Some(pending),
    }
}

fn hash(id: TransferId) -> u64 {
    FxBuildHasher.hash_one(id)
}
