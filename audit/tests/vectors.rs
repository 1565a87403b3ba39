//! docs/wire/audit-chain.md, section 8: the program makes the bytes that the document states, which were computed by
//! another program from its text.

mod support;

use assay_audit::keys::VerifyKeys;
use assay_audit::{AuditService, Chain, Checkpoint, Covered, verifier_key};
use assay_event_log::{EventLog, NewRecord, Record, Value};
use assay_trading_types::*;
use bytes::Bytes;
use std::collections::HashMap;
use support::*;

const DOCUMENT: &str = include_str!("../../docs/wire/audit-chain.md");

fn vectors() -> HashMap<&'static str, &'static str> {
    let block = DOCUMENT.split("```vectors\n").nth(1).unwrap().split("```").next().unwrap();
    block.lines().map(|line| line.split_once(" = ").unwrap()).collect()
}

fn later(ns: i64) -> Timestamp {
    Timestamp::from_ns(T0 + ns)
}

fn wire(direction: Direction, seq: u64) -> Option<WireHeader> {
    Some(WireHeader { direction, epoch: 1, seq, next_seq: 2 })
}

fn sample() -> Vec<NewRecord> {
    let input =
        Origin::Input { role: Role::Execution, topic: Topic::Markets, partition: 0, offset: 11, index: 1 };
    vec![
        NewRecord {
            wire: wire(Direction::In, 1),
            ..fix(later(0), Direction::In, 1, "8=FIX.4.4|9=5|35=0|10=163|")
        },
        NewRecord {
            origin: Some(Origin::Request(request(7))),
            wire: wire(Direction::Out, 1),
            ..fix(later(1), Direction::Out, 1, "8=FIX.4.4|9=5|35=8|10=171|")
        },
        NewRecord {
            origin: Some(input),
            wire: wire(Direction::InUnconsumed, 9),
            trace: TraceId([0; 16]),
            actor: Actor::new("clock").unwrap(),
            value: Value::Fix(Bytes::new()),
            ..fix(later(2), Direction::InUnconsumed, 9, "")
        },
    ]
}

fn sample_records() -> Vec<Record> {
    let log = empty_log();
    log.append(&mut sample()).unwrap();
    records(&log)
}

fn canonical(record: &Record) -> Vec<u8> {
    let mut bytes = Vec::new();
    Covered::of(record).write(&mut bytes);
    bytes
}

#[test]
fn section_1_canonical_bytes() {
    let (vectors, records) = (vectors(), sample_records());
    assert_eq!(hex::encode(canonical(&records[0])), vectors["canonical-0"]);
    for n in [1, 2] {
        let origin = vectors[format!("canonical-{n}-origin").as_str()];
        let field = format!("{:08x}{origin}", origin.len() / 2);
        assert!(hex::encode(canonical(&records[n])).contains(&field), "record {n}");
    }
}

#[test]
fn section_1_without_a_total_order_the_position_is_empty() {
    let records = sample_records();
    let covered = Covered { position: None, ..Covered::of(&records[0]) };
    let mut bytes = Vec::new();
    covered.write(&mut bytes);
    assert_eq!(bytes.len(), canonical(&records[0]).len() - 8);
    assert_ne!(covered.leaf(&mut Vec::new()), Covered::of(&records[0]).leaf(&mut Vec::new()));
}

#[test]
fn section_2_leaves_chain_and_roots() {
    let vectors = vectors();
    let mut chain = Chain::new();
    for (n, record) in sample_records().iter().enumerate() {
        let leaf = Covered::of(record).leaf(&mut Vec::new());
        assert_eq!(hex::encode(leaf), vectors[format!("leaf-{n}").as_str()]);
        assert_eq!(hex::encode(chain.push(leaf)), vectors[format!("chain-{n}").as_str()]);
        assert_eq!(hex::encode(chain.root()), vectors[format!("root-{}", n + 1).as_str()]);
    }
}

#[test]
fn sections_4_and_6_seal_checkpoint_and_keys() {
    let vectors = vectors();
    let dir = tempfile::tempdir().unwrap();
    let log = empty_log();
    let mut audit = AuditService::open(&log, dir.path(), keys()).unwrap();
    log.append(&mut sample()).unwrap();
    settle(&mut audit, &log, later(0));
    settle(&mut audit, &log, at(1));
    let (_, sealed) = seals(&log).remove(0);
    assert_eq!((sealed.tree_size, sealed.key_epoch, sealed.clock_error_ns), (3, 1, -1));
    assert_eq!(sealed.root, vectors["root-3"]);
    assert_eq!(sealed.chain_head, vectors["chain-2"]);
    assert_eq!(hex::encode(&sealed.checkpoint), vectors["checkpoint"]);
    assert_eq!(sealed.mac, vectors["seal-mac"]);
    assert_eq!(hex::encode(signing().verify_key().as_bytes()), vectors["public-key"]);
    assert_eq!(verifier_key("assay-test/fix/0", &signing().verify_key()), vectors["verifier-key"]);
    let VerifyKeys { public, .. } = all_keys();
    let opened = Checkpoint::open(&sealed.checkpoint, public.as_ref()).unwrap();
    assert_eq!((opened.origin.as_str(), opened.tree_size), ("assay-test/fix/0", 3));
}

#[test]
fn section_6_the_next_epoch_key() {
    let epoch_1 = hex::decode(vectors()["epoch-key-1"]).unwrap();
    let stated = assay_audit::keys::EpochKey::new(1, epoch_1.try_into().unwrap());
    assert_eq!(initial().next(), stated);
}
