//! The service: when it seals, what a crash costs it (nothing but time), and what it writes where.

mod support;

use assay_audit::keys::{EpochKey, Keys, VerifyKeys, init, load};
use assay_audit::{
    AuditPaths, AuditService, Chains, Error, Partition, Sealer, Store, verify_both, verify_log,
};
use assay_event_log::{Delivery, Durability, EventLog, MemoryLog, MemoryLogConfig, NewRecord};
use assay_trading_types::*;
use rusqlite::Connection;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::*;

fn open(log: &MemoryLog, dir: &std::path::Path) -> AuditService {
    AuditService::open(log, dir, keys()).unwrap()
}

fn append(log: &MemoryLog, mut records: Vec<NewRecord>) {
    log.append(&mut records).unwrap();
}

fn sealed_sizes(log: &MemoryLog) -> Vec<(Topic, u64)> {
    seals(log).iter().map(|(_, s)| (s.topic, s.tree_size)).collect()
}

#[test]
fn a_second_after_the_first_unsealed_record_all_are_sealed_once() {
    let dir = tempfile::tempdir().unwrap();
    let log = empty_log();
    let mut audit = open(&log, dir.path());
    append(&log, order(0, 1, "C1", at(0)));
    settle(&mut audit, &log, at(0));
    settle(&mut audit, &log, Timestamp::from_ns(T0 + S - 1));
    assert_eq!(sealed_sizes(&log), []);
    settle(&mut audit, &log, at(1));
    let first = [(Topic::Fix, 2), (Topic::Accounts, 2), (Topic::Markets, 1), (Topic::Ledger, 1)];
    assert_eq!(sealed_sizes(&log), first);
    settle(&mut audit, &log, at(100));
    assert_eq!(sealed_sizes(&log), first, "seals alone do not call for seals");
}

#[test]
fn the_next_round_covers_the_seals_of_the_last() {
    let dir = tempfile::tempdir().unwrap();
    let log = empty_log();
    let mut audit = open(&log, dir.path());
    for second in [0, 10] {
        append(&log, vec![fix(at(second), Direction::In, 1, "35=0|")]);
        settle(&mut audit, &log, at(second));
        settle(&mut audit, &log, at(second + 1));
    }
    assert_eq!(sealed_sizes(&log), [(Topic::Fix, 1), (Topic::Fix, 2), (Topic::Seals, 1)]);
}

#[test]
fn ten_thousand_records_are_sealed_before_their_second_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let log = empty_log();
    let mut audit = open(&log, dir.path());
    for _ in 0..25 {
        append(&log, (0..1_000).map(|_| fix(at(0), Direction::In, 1, "35=0|")).collect());
    }
    settle(&mut audit, &log, at(0));
    assert_eq!(sealed_sizes(&log), [(Topic::Fix, 10_000), (Topic::Fix, 20_000)]);
}

#[test]
fn nothing_is_chained_or_stored_before_it_is_durable() {
    let dir = tempfile::tempdir().unwrap();
    let log = MemoryLog::new(MemoryLogConfig { durability: Durability::Manual, ..Default::default() });
    let mut audit = open(&log, dir.path());
    order(0, 1, "C1", at(0)).into_iter().for_each(|record| append(&log, vec![record]));
    settle(&mut audit, &log, at(0));
    assert_eq!((audit.chained(), audit.stored()), (Position(0), Position(0)));
    log.set_durable(Position(4));
    settle(&mut audit, &log, at(0));
    assert_eq!((audit.chained(), audit.stored()), (Position(4), Position(4)));
}

#[test]
fn an_order_is_in_the_store_with_every_id_it_can_be_found_by() {
    let dir = tempfile::tempdir().unwrap();
    audited_day(dir.path(), 1);
    let connection = Connection::open(store(dir.path())).unwrap();
    let mut statement = connection
        .prepare(
            "SELECT kind, ifnull(firm,'-'), ifnull(session,'-'), ifnull(order_id,'-'), ifnull(cl_ord_id,'-'), ifnull(exec_id,'-')
             FROM record WHERE position BETWEEN 1 AND 6 ORDER BY position",
        )
        .unwrap();
    let rows: Vec<String> = statement
        .query_map([], |row| {
            Ok((0..6).map(|n| row.get::<_, String>(n).unwrap()).collect::<Vec<_>>().join(" "))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        rows,
        [
            "fix.message.v1 - CLIENT1/ASSAY - C0 -",
            "order.requested.v1 FIRM1 CLIENT1/ASSAY O0000000000000000 C0 -",
            "order.accepted.v1 FIRM1 CLIENT1/ASSAY O0000000000000000 C0 -",
            "ledger.posted.v1 FIRM1 - O0000000000000000 - -",
            "execution.reported.v1 FIRM1 CLIENT1/ASSAY O0000000000000000 C0 E0000000000000001",
            "fix.message.v1 - CLIENT1/ASSAY O0000000000000000 C0 -",
        ]
    );
}

#[test]
fn no_secret_reaches_the_store() {
    let dir = tempfile::tempdir().unwrap();
    audited_day(dir.path(), 1);
    for entry in std::fs::read_dir(dir.path().join("audit")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(memchr::memmem::find(&bytes, b"hunter2").is_none());
    }
}

#[test]
fn the_store_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    audited_day(dir.path(), 1);
    let mode = std::fs::metadata(store(dir.path())).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Small pseudo-random numbers, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Crashes at random points with repeated deliveries: the service is dropped without `finish`, the log loses its
/// undurable tail, the state file may be torn; afterwards each record has its row once and all verifies.
#[test]
fn crashes_anywhere_leave_each_row_exactly_once_and_good_seals() {
    for seed in 0..20 {
        println!("seed {seed}");
        crash_run(seed);
    }
}

fn crash_run(seed: u64) {
    let dir = tempfile::tempdir().unwrap();
    let key_dir = AuditPaths::below(dir.path()).keys;
    let initial = init(&key_dir).unwrap().initial;
    let open = |log: &MemoryLog| AuditService::open(log, dir.path(), load(&key_dir).unwrap()).unwrap();
    let mut dice = Dice(seed);
    let config = |dice: &mut Dice| MemoryLogConfig {
        durability: Durability::Manual,
        delivery: Delivery::AtLeastOnce { seed: dice.below(1_000), repeat_one_in: 3 },
    };
    let mut log = MemoryLog::new(config(&mut dice));
    let mut now = 0;
    for _life in 0..6 {
        let mut audit = open(&log);
        for _ in 0..dice.below(30) {
            append(&log, order(log.end().0, 1, "C1", at(now)));
            let undurable = log.end().0 - log.durable().0;
            log.set_durable(Position(log.durable().0 + dice.below(undurable + 1)));
            now += dice.below(2) as i64;
            for _ in 0..dice.below(3) {
                audit.turn(&log, at(now)).unwrap();
            }
        }
        drop(audit);
        if dice.below(3) == 0 {
            let _ = std::fs::write(AuditPaths::below(dir.path()).state, b"torn");
        }
        let kept = log.durable().0 + dice.below(log.end().0 - log.durable().0 + 1);
        log = log.crash_into(Position(kept), config(&mut dice));
        log.set_durable(log.end());
    }
    log.set_durable(log.end());
    let mut audit = open(&log);
    for _ in 0..4 {
        now += 1;
        settle(&mut audit, &log, at(now));
        log.set_durable(log.end());
    }
    settle(&mut audit, &log, at(now));
    let all = log.end().0;
    let keys = VerifyKeys::load(&key_dir, Some(&initial)).unwrap();
    let report = verify_both(read(records(&log)), &store(dir.path()), &keys).unwrap();
    assert!(report.is_good(), "seed {seed}: {report}");
    assert_eq!((report.records, report.store_lag), (all, 0), "seed {seed}");
    for p in report.partitions.iter().filter(|p| p.partition.topic != Topic::Seals) {
        assert_eq!(p.sealed, p.records, "seed {seed}: {report}");
    }
}

#[test]
fn a_log_that_lost_what_was_audited_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    audited_day(dir.path(), 3);
    let shorter = empty_log();
    append(&shorter, order(0, 1, "C1", at(0)));
    let refused = AuditService::open(&shorter, dir.path(), keys()).err();
    assert!(matches!(refused, Some(Error::AheadOfLog { end: 6, .. })), "{refused:?}");
}

#[test]
fn a_key_from_before_the_seals_in_the_log_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let log = empty_log();
    let later = EpochKey::new(5, [7; 32]);
    let mut audit = AuditService::open(&log, dir.path(), Keys::in_memory(&later, signing())).unwrap();
    append(&log, order(0, 1, "C1", at(0)));
    settle(&mut audit, &log, at(0));
    audit.finish(&log, at(1)).unwrap();
    drop(audit);
    std::fs::remove_dir_all(dir.path().join("audit")).unwrap();
    let mut audit = open(&log, dir.path());
    assert!(matches!(audit.turn(&log, at(2)), Err(Error::Key { .. })));
}

#[test]
fn a_store_of_another_schema_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = store(dir.path());
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    Connection::open(&file)
        .unwrap()
        .execute_batch("CREATE TABLE other (x); PRAGMA user_version = 9")
        .unwrap();
    let refused = AuditService::open(&empty_log(), dir.path(), keys()).err();
    assert!(matches!(refused, Some(Error::ForeignStore { .. })), "{refused:?}");
}

#[test]
fn sealing_goes_on_while_the_store_stands_still() {
    let dir = tempfile::tempdir().unwrap();
    let log = empty_log();
    let paths = AuditPaths::below(dir.path());
    std::fs::create_dir_all(paths.store.parent().unwrap()).unwrap();
    let mut sealer = Sealer::open(&log, paths.state, keys(), -1).unwrap();
    let mut rows = Store::open(&log, &paths.store).unwrap();
    append(&log, order(0, 1, "C1", at(0)));
    let turn = |sealer: &mut Sealer, now| while sealer.turn(&log, now, Duration::ZERO).unwrap() > 0 {};
    turn(&mut sealer, at(0));
    turn(&mut sealer, at(1));
    assert_eq!((seals(&log).len(), rows.position()), (4, Position(0)));
    while rows.turn(Duration::ZERO).unwrap() > 0 {}
    assert_eq!(rows.position(), log.end());
}

#[test]
fn a_lost_store_is_rebuilt_from_the_log_alike() {
    let dir = tempfile::tempdir().unwrap();
    let log = audited_day(dir.path(), 4);
    let again = tempfile::tempdir().unwrap();
    let mut rows = Store::open(&log, &again.path().join("audit.sqlite")).unwrap();
    while rows.turn(Duration::ZERO).unwrap() > 0 {}
    let leaves = |file: &std::path::Path| -> Vec<Vec<u8>> {
        let connection = Connection::open(file).unwrap();
        let mut statement = connection.prepare("SELECT chain FROM record ORDER BY position").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(leaves(&store(dir.path())), leaves(&again.path().join("audit.sqlite")));
}

#[test]
fn the_thread_seals_and_stores_until_it_is_stopped_and_leaves_nothing_over() {
    let dir = tempfile::tempdir().unwrap();
    let log = empty_log();
    let audit = open(&log, dir.path());
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let driver = scope.spawn(|| audit.run(&log, &|| at(0), &stop, &|_| {}));
        append(&log, order(0, 1, "C1", at(0)));
        stop.store(true, Ordering::Relaxed);
        driver.join().unwrap().unwrap();
    });
    let report = verify_both(read(records(&log)), &store(dir.path()), &all_keys()).unwrap();
    assert!(report.is_good() && report.seals == 4 && report.store_lag == 0, "{report}");
    assert!(verify_log(read(records(&log)), &all_keys()).is_good());
}

#[test]
fn chains_come_back_from_their_snapshot_and_not_from_a_damaged_one() {
    let log = empty_log();
    append(&log, order(0, 1, "C1", at(0)));
    let mut chains = Chains::new();
    records(&log).iter().for_each(|record| {
        chains.push(record).unwrap();
    });
    let bytes = chains.to_bytes();
    let back = Chains::from_bytes(&bytes).unwrap();
    let fix = Partition { topic: Topic::Fix, number: 0 };
    assert_eq!((back.position(), back.get(fix)), (Position(6), chains.get(fix)));
    for cut in 0..bytes.len() {
        assert!(Chains::from_bytes(&bytes[..cut]).is_none());
    }
    for byte in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[byte] ^= 1;
        assert!(Chains::from_bytes(&damaged).is_none());
    }
}

#[test]
fn a_record_out_of_order_is_refused() {
    let log = empty_log();
    append(&log, order(0, 1, "C1", at(0)));
    let records = records(&log);
    let mut chains = Chains::new();
    chains.push(&records[0]).unwrap();
    assert!(matches!(chains.push(&records[5]).map(|_| ()), Ok(())));
    assert!(matches!(chains.push(&records[4]), Err(Error::Discontinuous { expected: 0, found: 1, .. })));
    assert!(matches!(chains.push(&records[5]), Err(Error::Discontinuous { expected: 2, found: 1, .. })));
}
