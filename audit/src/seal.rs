//! One seal: what it states, its HMAC and its checkpoint (docs/wire/audit-chain.md, section 4).

use crate::canonical::put;
use crate::chain::{Chain, Partition};
use crate::keys::{EpochKey, Keys};
use crate::note::Checkpoint;
use assay_trading_types::{Sealed, Timestamp};

const FORM: &[u8] = b"assay.seal.v1";

/// Origin of a topic-partition's checkpoints in the log named `log`.
pub fn origin(log: &str, partition: Partition) -> String {
    format!("{log}/{partition}")
}

/// Seals `chain` as it stands.
pub fn seal(partition: Partition, chain: &Chain, at: Timestamp, clock_error_ns: i64, keys: &Keys) -> Sealed {
    let root = chain.root();
    let origin = origin(keys.signing().log_name(), partition);
    let checkpoint = Checkpoint { origin, tree_size: chain.size(), root }.sign(keys.signing());
    let mut sealed = Sealed {
        topic: partition.topic,
        partition: partition.number,
        tree_size: chain.size(),
        root: hex::encode(root),
        chain_head: hex::encode(chain.head()),
        at,
        clock_error_ns,
        key_epoch: keys.epoch().epoch(),
        mac: String::new(),
        checkpoint,
    };
    sealed.mac = hex::encode(keys.epoch().mac(&mac_input(&sealed)));
    sealed
}

/// Whether the seal's HMAC is that of `key`, which must be of the seal's epoch.
pub(crate) fn mac_holds(sealed: &Sealed, key: &EpochKey) -> bool {
    hex::decode(&sealed.mac).is_ok_and(|mac| key.verify(&mac_input(sealed), &mac))
}

/// Every field of the seal but the HMAC, length-prefixed in the order of the event.
fn mac_input(sealed: &Sealed) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    put(&mut out, FORM);
    put(&mut out, sealed.topic.name().as_bytes());
    put(&mut out, &sealed.partition.to_be_bytes());
    put(&mut out, &sealed.tree_size.to_be_bytes());
    put(&mut out, sealed.root.as_bytes());
    put(&mut out, sealed.chain_head.as_bytes());
    put(&mut out, &sealed.at.as_ns().to_be_bytes());
    put(&mut out, &sealed.clock_error_ns.to_be_bytes());
    put(&mut out, &sealed.key_epoch.to_be_bytes());
    put(&mut out, sealed.checkpoint.as_bytes());
    out
}
