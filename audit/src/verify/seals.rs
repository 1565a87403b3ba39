//! Seals against the records they cover and against the keys.

use super::check::Checked;
use crate::canonical::Hash;
use crate::chain::{Chain, Partition};
use crate::keys::{EpochKey, VerifyKeys};
use crate::note::Checkpoint;
use crate::report::{Fault, Place, What};
use crate::seal::{mac_holds, origin};
use assay_trading_types::{Position, Sealed};
use std::collections::VecDeque;

/// Records of a partition that may come between a record and its seal (docs/wire/audit-chain.md, section 5): 160 MB
/// of leaves. Beyond it the oldest are folded into the tree and a seal that ends among them is not accepted.
const UNSEALED_MAX: usize = 1 << 22;

/// Epochs between two seals, five years of them. A forged number must not keep a verifier deriving keys for ever.
const EPOCH_STEP_MAX: u64 = 1 << 24;

/// A topic-partition: the tree up to the last seal, and the leaves since.
#[derive(Default)]
pub(super) struct SealedPartition {
    folded: Chain,
    unsealed: VecDeque<(Hash, Position)>,
    sealed: u64,
    seals: u64,
    /// Records up to the last one of the span that is asked about.
    wanted: u64,
}

impl SealedPartition {
    pub(super) fn size(&self) -> u64 {
        self.folded.size() + self.unsealed.len() as u64
    }

    pub(super) fn sealed(&self) -> u64 {
        self.sealed
    }

    pub(super) fn seals(&self) -> u64 {
        self.seals
    }

    pub(super) fn wanted(&self) -> u64 {
        self.wanted
    }

    /// The last record is one that is asked about.
    pub(super) fn note_wanted(&mut self) {
        self.wanted = self.size();
    }

    pub(super) fn push(&mut self, leaf: Hash, position: Position) {
        if self.unsealed.len() == UNSEALED_MAX {
            self.fold_to(self.folded.size() + 1);
        }
        self.unsealed.push_back((leaf, position));
    }

    /// The chain over all records.
    pub(super) fn end(&mut self) -> Chain {
        self.fold_to(self.size());
        self.folded.clone()
    }

    pub(super) fn check(
        &mut self,
        partition: Partition,
        sealed: &Sealed,
        seal: &Checked<'_>,
    ) -> Result<(), Fault> {
        let (covers, records, earlier) = (sealed.tree_size, self.size(), self.sealed.max(self.folded.size()));
        let fault = |what| Err(Fault { place: seal.place(), what });
        if covers > records {
            return fault(What::SealAhead { partition, covers, records });
        }
        if covers < earlier {
            return fault(What::SealBackwards { partition, covers, earlier });
        }
        let first = self.unsealed.front().map(|(_, position)| *position);
        self.fold_to(covers);
        let agrees = hex::encode(self.folded.root()) == sealed.root
            && hex::encode(self.folded.head()) == sealed.chain_head;
        if !agrees {
            let place = match first {
                Some(_) if covers > earlier => {
                    Place { partition: Some(partition), offset: Some(self.sealed), position: first }
                }
                _ => seal.place(),
            };
            let what = What::NotAsSealed { partition, records: self.sealed..covers, seal: seal.position };
            return Err(Fault { place, what });
        }
        self.sealed = covers;
        self.seals += 1;
        Ok(())
    }

    fn fold_to(&mut self, size: u64) {
        while self.folded.size() < size {
            let (leaf, _) = self.unsealed.pop_front().expect("no more is folded than there is");
            self.folded.push(leaf);
        }
    }
}

/// Seals against keys.
pub(super) struct SealCheck<'k> {
    keys: &'k VerifyKeys,
    key: Option<EpochKey>,
    last_epoch: u64,
    pub(super) compared: u64,
    pub(super) macs: u64,
    pub(super) signatures: u64,
}

impl<'k> SealCheck<'k> {
    pub(super) fn new(keys: &'k VerifyKeys) -> Self {
        Self { keys, key: keys.initial.clone(), last_epoch: 0, compared: 0, macs: 0, signatures: 0 }
    }

    pub(super) fn check_keys(&mut self, sealed: &Sealed) -> Result<(), What> {
        self.check_mac(sealed)?;
        self.check_note(sealed)?;
        self.last_epoch = sealed.key_epoch;
        Ok(())
    }

    fn check_mac(&mut self, sealed: &Sealed) -> Result<(), What> {
        let (epoch, earlier) = (sealed.key_epoch, self.last_epoch);
        if epoch < earlier {
            return Err(What::EpochBackwards { epoch, earlier });
        }
        let Some(key) = &mut self.key else { return Ok(()) };
        if epoch.saturating_sub(key.epoch()) > EPOCH_STEP_MAX {
            return Err(What::Mac);
        }
        *key = key.at(epoch).ok_or(What::Mac)?;
        if !mac_holds(sealed, key) {
            return Err(What::Mac);
        }
        self.macs += 1;
        Ok(())
    }

    fn check_note(&mut self, sealed: &Sealed) -> Result<(), What> {
        let public = self.keys.public.as_ref();
        let checkpoint = Checkpoint::open(&sealed.checkpoint, public).map_err(What::Checkpoint)?;
        let partition = Partition { topic: sealed.topic, number: sealed.partition };
        let same_origin = public.is_none_or(|key| checkpoint.origin == origin(key.log_name(), partition));
        let same_tree =
            checkpoint.tree_size == sealed.tree_size && hex::encode(checkpoint.root) == sealed.root;
        if !(same_origin && same_tree) {
            return Err(What::CheckpointDiffers);
        }
        self.signatures += u64::from(public.is_some());
        Ok(())
    }

    /// A node replaces the key of epoch n only once a seal under it is durable, so a key of epoch n + 1 proves that
    /// seal; and nobody can go back to the key of epoch n.
    pub(super) fn check_end(&self) -> Result<(), What> {
        let (Some(initial), Some(current)) = (&self.keys.initial, &self.keys.current) else { return Ok(()) };
        if current.epoch().saturating_sub(self.last_epoch) > EPOCH_STEP_MAX {
            return Err(What::ForeignKey);
        }
        let known = self.key.as_ref().unwrap_or(initial);
        if known.at(current.epoch()).is_some_and(|derived| derived != *current) {
            return Err(What::ForeignKey);
        }
        let proven = current.epoch().saturating_sub(1);
        if self.last_epoch < proven {
            return Err(What::SealsMissing { last: self.last_epoch, proven });
        }
        Ok(())
    }
}
