//! The checks of one record after another, the same for a log and for a store.

use super::Span;
use super::seals::{SealCheck, SealedPartition};
use crate::canonical::{Hash, digest};
use crate::chain::{CHAIN_START, Chains, Partition};
use crate::keys::VerifyKeys;
use crate::report::{Fault, PartitionReport, Place, Report, What};
use crate::row_view::StoredRow;
use assay_trading_types::{Event, Kind, Position, Timestamp, Topic, decode};
use rustc_hash::FxHashMap;

/// A record whose leaf was computed here.
pub(super) struct Checked<'a> {
    pub(super) partition: Partition,
    pub(super) offset: u64,
    pub(super) position: Position,
    pub(super) at: Timestamp,
    pub(super) kind: Kind,
    pub(super) value: &'a [u8],
    pub(super) masked: bool,
    pub(super) leaf: Hash,
}

impl Checked<'_> {
    pub(super) fn place(&self) -> Place {
        Place { partition: Some(self.partition), offset: Some(self.offset), position: Some(self.position) }
    }
}

/// Places, chains and seals of the records so far.
pub(super) struct Verifier<'k> {
    next: Position,
    partitions: Vec<(Partition, SealedPartition)>,
    seals: SealCheck<'k>,
    masked: u64,
    store_lag: u64,
    span: Option<Span>,
    in_span: u64,
    remarks: Vec<String>,
}

impl<'k> Verifier<'k> {
    pub(super) fn new(keys: &'k VerifyKeys) -> Self {
        Self::about(keys, None)
    }

    /// That counts what lies in a span.
    pub(super) fn about(keys: &'k VerifyKeys, span: Option<Span>) -> Self {
        let mut remarks = Vec::new();
        if keys.initial.is_none() {
            remarks.push("HMACs of seals, which need the initial key".to_owned());
        }
        if keys.public.is_none() {
            remarks.push("signatures of checkpoints, which need the log's public key".to_owned());
        }
        Self {
            next: Position(0),
            partitions: Vec::new(),
            seals: SealCheck::new(keys),
            masked: 0,
            store_lag: 0,
            span,
            in_span: 0,
            remarks,
        }
    }

    pub(super) fn next_position(&self) -> Position {
        self.next
    }

    pub(super) fn note_lag(&mut self) {
        self.store_lag += 1;
    }

    /// Offsets that the partitions' next records have.
    pub(super) fn sizes(&self) -> FxHashMap<Partition, u64> {
        self.partitions.iter().map(|(partition, sealed)| (*partition, sealed.size())).collect()
    }

    pub(super) fn take(&mut self, record: &Checked<'_>) -> Result<(), Fault> {
        if record.position > self.next {
            let place = Place { partition: None, offset: None, position: Some(self.next) };
            return Err(Fault { place, what: What::Missing });
        }
        let index = self.index_of(record.partition);
        let expected = self.partitions[index].1.size();
        if record.position < self.next || record.offset != expected {
            return Err(Fault { place: record.place(), what: What::OutOfOrder { expected } });
        }
        if record.partition.topic == Topic::Seals {
            self.take_seal(record)?;
        }
        self.partitions[index].1.push(record.leaf, record.position);
        if self.span.is_none_or(|span| span.holds(record.at)) {
            self.in_span += 1;
            self.partitions[index].1.note_wanted();
        }
        self.masked += u64::from(record.masked);
        self.next = Position(self.next.0 + 1);
        Ok(())
    }

    /// As [`Self::take`], after the row's own checks. A hole in the positions is named first.
    pub(super) fn take_row(&mut self, row: &StoredRow, check: &mut RowCheck) -> Result<(), Fault> {
        if row.position > self.next.0 as i64 {
            let place = Place { partition: None, offset: None, position: Some(self.next) };
            return Err(Fault { place, what: What::Missing });
        }
        self.take(&check.check(row)?)
    }

    fn take_seal(&mut self, record: &Checked<'_>) -> Result<(), Fault> {
        let fault = |what| Fault { place: record.place(), what };
        let Ok(Event::Sealed(sealed)) = decode(record.kind, record.value) else {
            return Err(fault(What::NotASeal));
        };
        self.seals.check_keys(&sealed).map_err(fault)?;
        let partition = Partition { topic: sealed.topic, number: sealed.partition };
        let index = self.index_of(partition);
        self.partitions[index].1.check(partition, &sealed, record)?;
        self.seals.compared += 1;
        Ok(())
    }

    fn index_of(&mut self, partition: Partition) -> usize {
        match self.partitions.iter().position(|(p, _)| *p == partition) {
            Some(index) => index,
            None => {
                self.partitions.push((partition, SealedPartition::default()));
                self.partitions.len() - 1
            }
        }
    }

    /// The log ended: seals must reach as far as the node's key proves.
    pub(super) fn finish_log(&self) -> Result<(), Fault> {
        let place = Place { partition: None, offset: None, position: Some(self.next) };
        self.seals.check_end().map_err(|what| Fault { place, what })
    }

    /// A store may lag, so seals that the key proves may be on their way: said, not held against it.
    pub(super) fn remark_on_missing_seals(&mut self) {
        if let Err(what) = self.seals.check_end() {
            self.remarks
                .push(format!("what follows position {}; {what}, unless the store only lags", self.next));
        }
    }

    /// The store ended: its own state must say the same.
    pub(super) fn finish_store(&mut self, state: Option<Chains>) -> Result<(), Fault> {
        let place = Place { partition: None, offset: None, position: Some(self.next) };
        let state = state.unwrap_or_default();
        if state.position() != self.next {
            return Err(Fault { place, what: What::StoreTail { position: state.position().0 } });
        }
        for (partition, sealed) in &mut self.partitions {
            let here = sealed.end();
            if state.get(*partition).is_none_or(|chain| *chain != here) && here.size() > 0 {
                return Err(Fault { place, what: What::StoreState });
            }
        }
        Ok(())
    }

    /// Seals that have not come yet are said where somebody relies on a span.
    fn remark_on_unsealed_span(&mut self) {
        // Nothing seals the seals but the next ones.
        let partitions = self.partitions.iter().filter(|(partition, _)| partition.topic != Topic::Seals);
        let unsealed = partitions.filter(|(_, p)| p.wanted() > p.sealed());
        let remarks = unsealed.map(|(partition, p)| {
            format!("offsets {} to {} of {partition}, which no seal covers yet", p.sealed(), p.wanted() - 1)
        });
        self.remarks.extend(remarks);
    }

    pub(super) fn report(mut self, fault: Option<Fault>) -> Report {
        if self.span.is_some() && fault.is_none() {
            self.remark_on_unsealed_span();
        }
        let mut partitions: Vec<PartitionReport> = self
            .partitions
            .iter()
            .map(|(partition, p)| PartitionReport {
                partition: *partition,
                records: p.size(),
                sealed: p.sealed(),
                seals: p.seals(),
            })
            .collect();
        partitions.sort_by_key(|p| p.partition);
        Report {
            records: self.next.0,
            partitions,
            seals: self.seals.compared,
            macs: self.seals.macs,
            signatures: self.seals.signatures,
            masked: self.masked,
            store_lag: self.store_lag,
            in_span: self.in_span,
            remarks: self.remarks,
            fault,
        }
    }
}

/// Checks of a row against itself and the row before it in its partition.
#[derive(Default)]
pub(super) struct RowCheck {
    heads: FxHashMap<Partition, Hash>,
    scratch: Vec<u8>,
}

impl RowCheck {
    pub(super) fn check<'r>(&mut self, row: &'r StoredRow) -> Result<Checked<'r>, Fault> {
        let fault = |what| Fault { place: row.named(), what };
        let leaf = row.checked_leaf(&mut self.scratch).map_err(fault)?;
        let (Some(partition), Some(kind)) = (row.partition(), row.kind()) else {
            return Err(fault(What::Malformed));
        };
        let head = self.heads.entry(partition).or_insert(CHAIN_START);
        let next = digest(&[*head, leaf].concat());
        if row.chain != next {
            return Err(fault(What::Chain));
        }
        *head = next;
        Ok(Checked {
            partition,
            offset: row.offset as u64,
            position: Position(row.position as u64),
            at: Timestamp::from_ns(row.at_ns),
            kind,
            value: &row.payload,
            masked: row.is_masked(),
            leaf,
        })
    }
}
