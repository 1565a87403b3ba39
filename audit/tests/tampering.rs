//! Whatever is done to a log or a store, verification names the first record that it was done to.

mod support;

use assay_audit::keys::VerifyKeys;
use assay_audit::{Report, Span, Store, What, verify_both, verify_log, verify_store, verify_store_about};
use assay_event_log::{EventLog, Record};
use assay_trading_types::{Event, Position, Topic};
use bytes::Bytes;
use rusqlite::Connection;
use std::sync::Arc;
use std::time::Duration;
use support::*;

fn place(report: &Report) -> (Option<Topic>, Option<u64>, Option<u64>) {
    let place = report.fault.as_ref().unwrap_or_else(|| panic!("nothing found:\n{report}")).place;
    (place.partition.map(|p| p.topic), place.offset, place.position.map(|p| p.0))
}

fn what(report: &Report) -> &What {
    &report.fault.as_ref().unwrap_or_else(|| panic!("nothing found:\n{report}")).what
}

/// Audits a day, tampers with the store and verifies it alone.
fn tampered_store(sql: &str) -> Report {
    let dir = tempfile::tempdir().unwrap();
    audited_day(dir.path(), 5);
    let changed = Connection::open(store(dir.path())).unwrap().execute_batch(sql);
    changed.unwrap();
    verify_store(&store(dir.path()), &all_keys()).unwrap()
}

/// Audits a day, tampers with its records and verifies the log alone.
fn tampered_log(tamper: impl FnOnce(&mut Vec<Record>)) -> Report {
    let dir = tempfile::tempdir().unwrap();
    let mut records = records(&audited_day(dir.path(), 5));
    tamper(&mut records);
    verify_log(read(records), &all_keys())
}

#[test]
fn an_untouched_day_is_good_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let log = audited_day(dir.path(), 5);
    let all = records(&log).len() as u64;
    let from_log = verify_log(read(records(&log)), &all_keys());
    let from_store = verify_store(&store(dir.path()), &all_keys()).unwrap();
    let both = verify_both(read(records(&log)), &store(dir.path()), &all_keys()).unwrap();
    for report in [&from_log, &from_store, &both] {
        assert!(report.is_good(), "{report}");
        assert_eq!((report.records, report.seals), (all, seals(&log).len() as u64));
        assert_eq!((report.macs, report.signatures), (report.seals, report.seals));
        assert!(report.remarks.is_empty(), "{report}");
        let unsealed = report.partitions.iter().filter(|p| p.sealed != p.records);
        assert!(unsealed.into_iter().all(|p| p.partition.topic == Topic::Seals), "{report}");
    }
    assert_eq!((from_log.masked, from_store.masked, both.store_lag), (0, 1, 0));
}

#[test]
fn a_verification_says_what_lies_in_a_span_and_is_of_everything_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let log = audited_day(dir.path(), 5);
    let all = records(&log);
    let about = |from: Option<i64>, to: Option<i64>| {
        let span = Span { from: from.map(at), to: to.map(at) };
        verify_store_about(&store(dir.path()), &all_keys(), Some(span)).unwrap()
    };
    for (from, to) in [(None, None), (Some(2), Some(3)), (Some(2), None), (None, Some(2)), (Some(9), None)] {
        let within = |r: &&Record| from.is_none_or(|s| r.at >= at(s)) && to.is_none_or(|s| r.at < at(s));
        let report = about(from, to);
        assert!(report.is_good() && report.remarks.is_empty(), "{report}");
        let expected = (all.len() as u64, all.iter().filter(within).count() as u64);
        assert_eq!((report.records, report.in_span), expected, "{from:?} {to:?}");
    }
    assert_eq!(verify_store(&store(dir.path()), &all_keys()).unwrap().in_span, all.len() as u64);

    // What is wrong before the span breaks the chain that it hangs on.
    let sql = "UPDATE record SET leaf = zeroblob(32) WHERE position = 3";
    Connection::open(store(dir.path())).unwrap().execute_batch(sql).unwrap();
    let report = about(Some(3), None);
    assert_eq!((place(&report).2, report.in_span), (Some(3), 0));
}

#[test]
fn records_of_a_span_that_no_seal_covers_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let log = empty_log();
    log.append(&mut order(0, 2, "C0", at(0))).unwrap();
    log.append(&mut order(2, 3, "C1", at(1))).unwrap();
    let file = store(dir.path());
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let mut rows = Store::open(&log, &file).unwrap();
    while rows.turn(Duration::ZERO).unwrap() > 0 {}
    drop(rows);
    let about = |span| verify_store_about(&file, &all_keys(), span).unwrap();
    let report = about(Some(Span { from: None, to: Some(at(1)) }));
    let named = "offsets 0 to 1 of accounts/0, which no seal covers yet";
    assert!(report.is_good() && report.remarks.iter().any(|remark| remark == named), "{report}");
    assert!(about(None).remarks.is_empty(), "nobody relies on a span");
}

#[test]
fn an_empty_log_and_store_are_good() {
    let dir = tempfile::tempdir().unwrap();
    let log = audited_day(dir.path(), 0);
    assert!(verify_both(read(records(&log)), &store(dir.path()), &all_keys()).unwrap().is_good());
    assert!(verify_log(read(Vec::new()), &all_keys()).is_good());
}

#[test]
fn a_byte_of_a_payload_in_the_store() {
    let report = tampered_store(
        "UPDATE record SET payload = CAST(replace(payload, '100.25', '100.26') AS BLOB) WHERE position = 8",
    );
    assert_eq!((place(&report), what(&report)), ((Some(Topic::Accounts), Some(2), Some(8)), &What::Leaf));
}

#[test]
fn a_payload_and_its_leaf_in_the_store() {
    let report = tampered_store("UPDATE record SET leaf = zeroblob(32) WHERE position = 3");
    assert_eq!((place(&report), what(&report)), ((Some(Topic::Markets), Some(0), Some(3)), &What::Leaf));
}

#[test]
fn a_chain_hash_in_the_store() {
    let report = tampered_store("UPDATE record SET chain = zeroblob(32) WHERE position = 3");
    assert_eq!((place(&report), what(&report)), ((Some(Topic::Markets), Some(0), Some(3)), &What::Chain));
}

#[test]
fn the_actor_of_a_row_with_a_masked_password() {
    let report = tampered_store("UPDATE record SET actor = 'nobody' WHERE position = 0");
    assert_eq!((place(&report), what(&report)), ((Some(Topic::Fix), Some(0), Some(0)), &What::Leaf));
}

#[test]
fn the_order_id_column_of_a_row() {
    let report = tampered_store("UPDATE record SET order_id = 'O0000000000000009' WHERE position = 4");
    assert_eq!((place(&report), what(&report)), ((Some(Topic::Ledger), Some(0), Some(4)), &What::Ids));
}

#[test]
fn a_row_that_was_deleted() {
    let report = tampered_store("DELETE FROM record WHERE position = 9");
    assert_eq!((place(&report), what(&report)), ((Some(Topic::Markets), Some(1), Some(9)), &What::Missing));
}

#[test]
fn a_row_that_was_deleted_with_the_positions_closed_up() {
    let report = tampered_store(
        "DELETE FROM record WHERE position = 9; UPDATE record SET position = position - 1 WHERE position > 9",
    );
    assert_eq!((place(&report), what(&report)), ((Some(Topic::Ledger), Some(1), Some(9)), &What::Leaf));
}

#[test]
fn two_rows_that_changed_places() {
    let swap = "UPDATE record SET position = -1 WHERE position = 3; UPDATE record SET position = 3 WHERE position = 4;
                UPDATE record SET position = 4 WHERE position = -1";
    let report = tampered_store(swap);
    assert_eq!((place(&report), what(&report)), ((Some(Topic::Ledger), Some(0), Some(3)), &What::Leaf));
}

#[test]
fn a_tail_of_rows_that_is_gone() {
    let report = tampered_store("DELETE FROM record WHERE position >= 20");
    assert_eq!(place(&report), (None, None, Some(20)));
    assert!(matches!(what(&report), What::StoreTail { .. }), "{report}");
}

#[test]
fn a_seal_in_the_store() {
    let report = tampered_store(
        "UPDATE record SET payload = CAST(replace(payload, '\"clock_error_ns\":-1', '\"clock_error_ns\":-2') AS BLOB)
         WHERE kind = 'sealed.v1'",
    );
    assert!(matches!(place(&report), (Some(Topic::Seals), Some(0), _)), "{report}");
    assert_eq!(what(&report), &What::Leaf);
}

#[test]
fn a_record_of_the_log_that_changed_under_an_intact_frame() {
    let report = tampered_log(|records| {
        let value = String::from_utf8(records[8].value.to_vec()).unwrap().replace("100.25", "100.26");
        records[8].value = Bytes::from(value);
    });
    // The log holds no leaves: the seal after it shows the change, and the records since the seal before are named.
    let What::NotAsSealed { partition, records, .. } = what(&report) else { panic!("{report}") };
    assert!(partition.topic == Topic::Accounts && records.contains(&2), "{report}");
}

#[test]
fn a_record_of_the_log_against_the_store_is_named_itself() {
    let dir = tempfile::tempdir().unwrap();
    let mut records = records(&audited_day(dir.path(), 5));
    records[8].actor = assay_trading_types::Actor::new("someone-else").unwrap();
    let report = verify_both(read(records), &store(dir.path()), &all_keys()).unwrap();
    assert_eq!((place(&report), what(&report)), ((Some(Topic::Accounts), Some(2), Some(8)), &What::Differs));
}

#[test]
fn a_masked_payload_against_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let log = audited_day(dir.path(), 5);
    let sql =
        "UPDATE record SET payload = CAST(replace(payload, '553=me', '553=it') AS BLOB) WHERE position = 0";
    Connection::open(store(dir.path())).unwrap().execute_batch(sql).unwrap();
    let report = verify_both(read(records(&log)), &store(dir.path()), &all_keys()).unwrap();
    assert_eq!((place(&report), what(&report)), ((Some(Topic::Fix), Some(0), Some(0)), &What::Differs));
}

#[test]
fn a_record_that_was_cut_out_of_the_log() {
    let report = tampered_log(|records| {
        records.remove(9);
    });
    assert_eq!((place(&report), what(&report)), ((None, None, Some(9)), &What::Missing));
}

#[test]
fn two_records_of_the_log_that_changed_places() {
    let report = tampered_log(|records| {
        records.swap(3, 4);
        records[3].position = Position(3);
        records[4].position = Position(4);
    });
    assert!(matches!(what(&report), What::NotAsSealed { .. }), "{report}");
}

fn with_seal(record: &mut Record, change: impl FnOnce(&mut assay_trading_types::Sealed)) {
    let Event::Sealed(mut sealed) = (*record.decode().unwrap()).clone() else { panic!("not a seal") };
    change(&mut sealed);
    let event = Event::Sealed(sealed);
    record.value = Bytes::from(assay_trading_types::encode(&event));
    record.event = Some(Arc::new(event));
}

fn first_seal(records: &[Record]) -> usize {
    records.iter().position(|r| r.topic == Topic::Seals).unwrap()
}

#[test]
fn an_edited_seal_of_the_log() {
    let edits: [fn(&mut assay_trading_types::Sealed); 5] = [
        |s| s.tree_size -= 1,
        |s| s.root = "00".repeat(32),
        |s| s.chain_head = "00".repeat(32),
        |s| s.at = s.at.plus_ns(1),
        |s| s.key_epoch += 1,
    ];
    for edit in edits {
        let report = tampered_log(|records| {
            let seal = first_seal(records);
            with_seal(&mut records[seal], edit);
        });
        assert!(matches!(place(&report), (Some(Topic::Seals), Some(0), _)), "{report}");
        assert_eq!(what(&report), &What::Mac);
    }
}

#[test]
fn without_the_initial_key_the_checkpoint_still_tells_an_edited_seal() {
    let dir = tempfile::tempdir().unwrap();
    let mut records = records(&audited_day(dir.path(), 5));
    let seal = first_seal(&records);
    with_seal(&mut records[seal], |s| s.root = "00".repeat(32));
    let keys = VerifyKeys { initial: None, ..all_keys() };
    let report = verify_log(read(records), &keys);
    assert_eq!(what(&report), &What::CheckpointDiffers);
    assert_eq!((report.macs, report.remarks.len()), (0, 1));
}

#[test]
fn a_checkpoint_signed_by_another() {
    let dir = tempfile::tempdir().unwrap();
    let records = records(&audited_day(dir.path(), 5));
    let stranger = assay_audit::keys::SigningKey::from_seed("assay-test", &[1; 32]).verify_key();
    let keys = VerifyKeys { public: Some(stranger), ..all_keys() };
    let report = verify_log(read(records), &keys);
    assert!(matches!(what(&report), What::Checkpoint(_)), "{report}");
}

#[test]
fn the_last_seals_dropped_from_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let key_dir = tempfile::tempdir().unwrap();
    let paths = assay_audit::keys::init(key_dir.path()).unwrap();
    let log = empty_log();
    let keys = assay_audit::keys::load(key_dir.path()).unwrap();
    let mut audit = assay_audit::AuditService::open(&log, dir.path(), keys).unwrap();
    for n in 0..30 {
        assay_event_log::EventLog::append(&log, &mut order(2 * n, n + 1, &format!("C{n}"), at(n as i64)))
            .unwrap();
        settle(&mut audit, &log, at(n as i64));
    }
    audit.finish(&log, at(30)).unwrap();
    let keys = VerifyKeys::load(key_dir.path(), Some(&paths.initial)).unwrap();
    let whole = records(&log);
    let report = verify_log(read(whole.clone()), &keys);
    assert!(report.is_good() && report.macs > 20, "{report}");

    let cut: Vec<Record> = whole[..60].to_vec();
    let report = verify_log(read(cut.clone()), &keys);
    assert!(matches!(what(&report), What::SealsMissing { .. }), "{report}");
    assert_eq!(place(&report), (None, None, Some(60)));

    // The store still has them.
    let keys = VerifyKeys { current: None, ..keys };
    let report = verify_both(read(cut), &store(dir.path()), &keys).unwrap();
    assert_eq!((place(&report).2, what(&report)), (Some(60), &What::NotInLog));
}

#[test]
fn a_current_key_that_does_not_descend_from_the_initial_one() {
    let dir = tempfile::tempdir().unwrap();
    let records = records(&audited_day(dir.path(), 2));
    let current = Some(assay_audit::keys::EpochKey::new(2, [1; 32]));
    let report = verify_log(read(records), &VerifyKeys { current, ..all_keys() });
    assert_eq!(what(&report), &What::ForeignKey);
}
