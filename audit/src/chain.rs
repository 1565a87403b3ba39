//! The hash chain and Merkle tree of one topic-partition, and those of a whole log.

use crate::canonical::{Covered, Hash, digest};
use crate::error::Error;
use crate::merkle::Frontier;
use assay_event_log::Record;
use assay_trading_types::{Position, Topic};

/// Chain value before the first record.
pub const CHAIN_START: Hash = [0; 32];

/// What a record adds to its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// `SHA-256(0x00 || canonical bytes)`.
    pub leaf: Hash,
    /// `SHA-256(chain before || leaf)`.
    pub chain: Hash,
}

/// Chain and tree of one topic-partition. Pure: records in, hashes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    head: Hash,
    tree: Frontier,
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

impl Chain {
    /// The chain of no records.
    pub fn new() -> Self {
        Self { head: CHAIN_START, tree: Frontier::default() }
    }

    /// Records so far, which is the offset of the next.
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Chain value of the last record.
    pub fn head(&self) -> Hash {
        self.head
    }

    /// RFC 6962 Merkle tree head over all leaves.
    pub fn root(&self) -> Hash {
        self.tree.root()
    }

    /// Adds the next leaf and returns the new head.
    pub fn push(&mut self, leaf: Hash) -> Hash {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&self.head);
        bytes[32..].copy_from_slice(&leaf);
        self.head = digest(&bytes);
        self.tree.push(leaf);
        self.head
    }
}

/// A topic-partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// Topic.
    pub topic: Topic,
    /// Partition.
    pub number: u16,
}

impl std::fmt::Display for Partition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.topic, self.number)
    }
}

/// Chains of every topic-partition of a log, up to a position.
///
/// ```text
/// push(record) -> Link         in position order, from where `position()` says
/// to_bytes() / from_bytes()    snapshot and restore; a damaged snapshot restores to nothing
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chains {
    next: Position,
    chains: Vec<(Partition, Chain)>,
    scratch: Vec<u8>,
}

impl Chains {
    /// Chains of an empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Position after the last record taken.
    pub fn position(&self) -> Position {
        self.next
    }

    /// Every topic-partition seen, in order of first appearance.
    pub fn iter(&self) -> impl Iterator<Item = (Partition, &Chain)> {
        self.chains.iter().map(|(partition, chain)| (*partition, chain))
    }

    /// The chain of a topic-partition, if it has records.
    pub fn get(&self, partition: Partition) -> Option<&Chain> {
        self.chains.iter().find(|(p, _)| *p == partition).map(|(_, chain)| chain)
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// [`Error::Discontinuous`] when its offset does not follow its partition's last.
    pub fn push(&mut self, record: &Record) -> Result<Link, Error> {
        let partition = Partition { topic: record.topic, number: record.partition };
        let index = self.index_of(partition);
        let chain = &mut self.chains[index].1;
        if record.offset != chain.size() {
            let expected = chain.size();
            return Err(Error::Discontinuous { partition, expected, found: record.offset });
        }
        let leaf = Covered::of(record).leaf(&mut self.scratch);
        self.next = Position(record.position.0 + 1);
        Ok(Link { leaf, chain: chain.push(leaf) })
    }

    /// A node has a handful of topic-partitions, so a scan beats hashing.
    fn index_of(&mut self, partition: Partition) -> usize {
        match self.chains.iter().position(|(p, _)| *p == partition) {
            Some(index) => index,
            None => {
                self.chains.push((partition, Chain::new()));
                self.chains.len() - 1
            }
        }
    }

    /// Snapshot: form, position, each chain, and a digest of all that.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = SNAPSHOT_FORM.to_vec();
        out.extend_from_slice(&self.next.0.to_be_bytes());
        out.extend_from_slice(&(self.chains.len() as u32).to_be_bytes());
        for (partition, chain) in &self.chains {
            out.push(partition.topic as u8);
            out.extend_from_slice(&partition.number.to_be_bytes());
            out.extend_from_slice(&chain.size().to_be_bytes());
            out.extend_from_slice(&chain.head);
            chain.tree.subtrees().iter().for_each(|hash| out.extend_from_slice(hash));
        }
        let digest = digest(&out);
        out.extend_from_slice(&digest);
        out
    }

    /// From a snapshot; nothing when it is torn, damaged or of another form.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (body, sum) = bytes.split_last_chunk::<32>()?;
        (digest(body) == *sum).then_some(())?;
        let mut rest = body.strip_prefix(SNAPSHOT_FORM)?;
        let next = Position(u64::from_be_bytes(take(&mut rest)?));
        let count = u32::from_be_bytes(take(&mut rest)?);
        let mut chains = Vec::new();
        for _ in 0..count {
            chains.push(read_chain(&mut rest)?);
        }
        rest.is_empty().then_some(Self { next, chains, scratch: Vec::new() })
    }
}

const SNAPSHOT_FORM: &[u8] = b"assay.chains.v1\n";

fn read_chain(rest: &mut &[u8]) -> Option<(Partition, Chain)> {
    let [topic] = take(rest)?;
    let number = u16::from_be_bytes(take(rest)?);
    let size = u64::from_be_bytes(take(rest)?);
    let head = take(rest)?;
    let mut subtrees = Vec::new();
    for _ in 0..size.count_ones() {
        subtrees.push(take::<32>(rest)?);
    }
    let partition = Partition { topic: Topic::from_number(topic)?, number };
    Some((partition, Chain { head, tree: Frontier::restore(size, &subtrees)? }))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}
