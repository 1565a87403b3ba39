//! The audit chain, recomputed from docs/wire/audit-chain.md without the audit's code.

use assay_event_log::Record;
use assay_trading_types::{Origin, Topic};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

type Hash = [u8; 32];

/// Chain head of every topic-partition.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct IndependentChains(BTreeMap<(Topic, u16), Hash>);

impl IndependentChains {
    pub(crate) fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut chains = Self::default();
        records.into_iter().for_each(|record| chains.push(record));
        chains
    }

    fn push(&mut self, record: &Record) {
        let leaf = hash(&[&[0], &canonical(record)]);
        let head = self.0.entry((record.topic, record.partition)).or_default();
        *head = hash(&[&*head, &leaf]);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Topic, u16, Hash)> {
        self.0.iter().map(|((topic, partition), head)| (*topic, *partition, *head))
    }

    /// One hash over all heads, for telling runs apart.
    pub(crate) fn digest(&self) -> String {
        let all: Vec<u8> = self.0.values().flatten().copied().collect();
        hash(&[&all]).iter().map(|b| format!("{b:02x}")).collect()
    }
}

fn hash(parts: &[&[u8]]) -> Hash {
    parts.iter().fold(Sha256::new(), |h, part| h.chain_update(part)).finalize().into()
}

/// Section 1: every field as its length in four bytes and its bytes; integers big endian.
fn canonical(record: &Record) -> Vec<u8> {
    let mut out = Vec::new();
    let mut field = |bytes: &[u8]| {
        out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
        out.extend_from_slice(bytes);
    };
    field(b"assay.record.v1");
    field(record.topic.name().as_bytes());
    field(&record.partition.to_be_bytes());
    field(&record.offset.to_be_bytes());
    field(&record.position.0.to_be_bytes());
    field(&record.key);
    field(record.kind.name().as_bytes());
    field(&record.at.as_ns().to_be_bytes());
    field(&origin(record.origin));
    field(&record.trace.0);
    field(record.actor.as_str().as_bytes());
    field(b"");
    field(&hash(&[&record.value]));
    out
}

fn origin(origin: Option<Origin>) -> Vec<u8> {
    match origin {
        None => Vec::new(),
        Some(Origin::Input { role, topic, partition, offset, index }) => {
            let mut out = vec![1, role as u8, topic as u8];
            out.extend_from_slice(&partition.to_be_bytes());
            out.extend_from_slice(&offset.to_be_bytes());
            out.extend_from_slice(&index.to_be_bytes());
            out
        }
        Some(Origin::Request(id)) => {
            let mut out = vec![2];
            out.extend_from_slice(&id.epoch.to_be_bytes());
            out.extend_from_slice(&id.seq.to_be_bytes());
            out.extend_from_slice(id.session.as_str().as_bytes());
            out
        }
    }
}
