//! Disks that refuse, and everything else that ends a log early.

mod support;

use assay_event_log::testing::{Faults, FaultyDirectory};
use assay_event_log::{AppendError, EventLog, FileLog, FileLogConfig, LogError, ReadError};
use assay_trading_types::{Position, Topic};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::*;

/// Three durable records, then `faults`, then one more record; the reason that the log gives.
fn poisoned_by(faults: Faults) -> (FaultyDirectory, FileLog, Arc<str>) {
    let disk = FaultyDirectory::new();
    let (log, _) = open(&disk, small());
    append_durable(&log, (0..3).map(|n| fix(n, 60)).collect());
    disk.set_faults(faults);
    append_one(&log, fix(3, 60));
    let Err(AppendError::Poisoned(reason)) = log.wait_durable(Position(4), LONG) else {
        panic!("the log goes on");
    };
    (disk, log, reason)
}

fn refuses_everything(log: &FileLog) {
    assert!(matches!(log.append(&mut vec![fix(9, 10)]), Err(AppendError::Poisoned(_))));
    assert!(log.poisoned().is_some());
    assert_eq!(log.durable(), Position(3), "what was durable stays so");
    let mut reader = log.reader(&[Topic::Fix], Position(0), false).unwrap();
    let mut got = Vec::new();
    while got.len() < 4 {
        assert!(reader.poll_wait(&mut got, 9, LONG).unwrap() > 0);
    }
    assert!(matches!(reader.poll_wait(&mut got, 9, LONG), Err(ReadError::Poisoned(_))));
    let mut durable = log.reader(&[Topic::Fix], Position(0), true).unwrap();
    assert_eq!(durable.poll(&mut got, 9).unwrap(), 3);
    assert!(matches!(durable.poll(&mut got, 9), Err(ReadError::Poisoned(_))));
    assert!(matches!(log.close(), Err(AppendError::Poisoned(_))));
}

#[test]
fn a_failed_write_poisons_the_log() {
    let (disk, log, reason) = poisoned_by(Faults { failing_write: Some(1), ..Faults::default() });
    assert!(reason.contains("cannot write 00000000000000000000.log: write failed"), "{reason}");
    refuses_everything(&log);
    drop(log);
    assert_eq!(open(&disk.kill(), small()).1.end, Position(3));
}

#[test]
fn a_failed_sync_poisons_the_log_and_is_never_tried_again() {
    let (disk, log, reason) = poisoned_by(Faults { failing_sync: Some(1), ..Faults::default() });
    assert!(reason.contains("cannot sync 00000000000000000000.log: sync failed"), "{reason}");
    let syncs = disk.syncs();
    refuses_everything(&log);
    drop(log);
    assert_eq!(disk.syncs(), syncs);
    assert_eq!(open(&disk.kill(), small()).1.end, Position(4), "a killed process finds what it wrote");
}

#[test]
fn a_failed_marker_write_poisons_the_log() {
    let (_, log, reason) = poisoned_by(Faults { failing_write: Some(2), ..Faults::default() });
    assert!(reason.contains("cannot write durable"), "{reason}");
    refuses_everything(&log);
}

#[test]
fn short_writes_are_continued() {
    let disk = FaultyDirectory::new();
    let (log, _) = open(&disk, small());
    disk.set_faults(Faults { write_bytes_max: Some(7), ..Faults::default() });
    for n in 0..40 {
        append_durable(&log, vec![fix(n, 900)]);
    }
    let written = all_stored(&read_all(&log, 0));
    drop(log);
    let (log, recovery) = open(&disk.kill(), small());
    assert_eq!((recovery.end, recovery.torn), (Position(40), None));
    assert_eq!(all_stored(&read_all(&log, 0)), written);
}

#[test]
fn a_full_disk_poisons_the_log_and_loses_nothing_durable() {
    let disk = FaultyDirectory::new();
    let (log, _) = open(&disk, small());
    disk.set_faults(Faults { capacity_bytes: Some(50 << 10), ..Faults::default() });
    let mut durable = 0;
    let reason = loop {
        append_one(&log, fix(durable, 1000));
        match log.wait_durable(Position(durable + 1), LONG) {
            Ok(now) => durable = now.0,
            Err(AppendError::Poisoned(reason)) => break reason,
            Err(e) => panic!("{e}"),
        }
    };
    assert!(reason.contains("cannot create") && durable >= 30, "{reason}");
    drop(log);
    let (log, recovery) = open(&disk.kill(), small());
    assert_eq!(recovery.end, Position(durable));
    append_durable(&log, vec![fix(durable, 10_000)]);
    assert!(disk.file_names().iter().any(|name| name.ends_with(".new")), "the draft that did not fit");
}

#[test]
fn all_who_wait_are_woken_when_the_log_is_poisoned() {
    let disk = FaultyDirectory::new();
    let (log, _) = open(&disk, small());
    disk.set_faults(Faults { failing_sync: Some(1), ..Faults::default() });
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let wake = Arc::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    log.on_change(&[Topic::Fix], wake);
    let mut reader = log.reader(&[Topic::Seals], Position(0), true).unwrap();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| log.wait_durable(Position(1), LONG));
        let reads = scope.spawn(move || {
            loop {
                match reader.poll_wait(&mut Vec::new(), 9, LONG) {
                    Ok(0) => {}
                    other => return other,
                }
            }
        });
        append_one(&log, fix(0, 10));
        assert!(matches!(waits.join().unwrap(), Err(AppendError::Poisoned(_))));
        assert!(matches!(reads.join().unwrap(), Err(ReadError::Poisoned(_))));
    });
    assert!(calls.load(Ordering::SeqCst) >= 2, "after the append and on poisoning");
}

#[test]
fn records_too_large_are_refused_and_change_nothing() {
    let config = FileLogConfig { record_bytes_max: 1024, ..small() };
    let (log, _) = open(&FaultyDirectory::new(), config);
    let mut group = vec![fix(0, 10), fix(1, 1024)];
    assert!(
        matches!(log.append(&mut group), Err(AppendError::TooLarge { bytes, max: 1024 }) if bytes > 1024)
    );
    assert_eq!((log.end(), group.len()), (Position(0), 2));
    let mut long_key = fix(0, 10);
    long_key.key = vec![b'k'; 65_536].into();
    let (log, _) = open(&FaultyDirectory::new(), small());
    assert!(matches!(log.append(&mut vec![long_key]), Err(AppendError::TooLarge { max: 65_535, .. })));
    append_durable(&log, vec![fix(0, 900)]);
}

#[test]
fn a_full_queue_makes_append_wait_and_nothing_is_lost() {
    let config = FileLogConfig { queue_bytes_max: 1, ..small() };
    let (log, _) = open(&FaultyDirectory::new(), config);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                (0..100).for_each(|n| {
                    append_one(&log, fix(n, 100));
                })
            });
        }
    });
    log.close().unwrap();
    assert_eq!((log.end(), log.durable()), (Position(300), Position(300)));
}

#[test]
fn closing_makes_everything_durable_and_refuses_more() {
    let disk = FaultyDirectory::new();
    let (log, _) = open(&disk, small());
    (0..50).for_each(|n| {
        append_one(&log, fix(n, 100));
    });
    log.close().unwrap();
    assert_eq!(log.durable(), Position(50));
    assert!(matches!(log.append(&mut vec![fix(50, 10)]), Err(AppendError::Closed)));
    assert_eq!(read_all(&log, 0).len(), 50, "what is there can still be read");
    log.close().unwrap();
}

#[test]
fn dropping_makes_everything_durable() {
    let disk = FaultyDirectory::new();
    let (log, _) = open(&disk, small());
    (0..50).for_each(|n| {
        append_one(&log, fix(n, 100));
    });
    drop(log);
    let mut never_keeps_unsynced = assay_event_log::testing::SplitMix::new(1);
    assert_eq!(open(&disk.crash(&mut never_keeps_unsynced), small()).1.end, Position(50));
}

#[test]
fn one_process_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = FileLog::open(dir.path(), small()).unwrap();
    match FileLog::open(dir.path(), small()) {
        Err(LogError::Locked { dir: named, holder }) => {
            assert_eq!(holder, std::process::id().to_string());
            assert_eq!(named, dir.path().display().to_string());
        }
        other => panic!("{other:?}"),
    }
    drop(log);
    FileLog::open(dir.path(), small()).unwrap();
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let blocked = dir.path().join("file");
    std::fs::write(&blocked, b"x").unwrap();
    let refused = FileLog::open(blocked.join("log"), small());
    assert!(matches!(refused, Err(LogError::Io { doing: "create", file, .. }) if file.ends_with("file/log")));
}
