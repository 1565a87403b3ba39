//! What every implementation of the port does, run on each.

mod suite;
mod support;

use assay_event_log::testing::FaultyDirectory;
use assay_event_log::{AppendError, Delivery, Durability, EventLog, FileLog, MemoryLog, MemoryLogConfig};
use assay_trading_types::{Position, Topic};
use std::sync::Arc;
use suite::contract;
use support::*;

fn file_log() -> Option<Arc<FileLog>> {
    Some(Arc::new(open(&FaultyDirectory::new(), small()).0))
}

fn memory_log() -> Option<Arc<MemoryLog>> {
    Some(Arc::default())
}

fn served_log() -> Option<Arc<ServedLog>> {
    let (log, recovery) = open(&FaultyDirectory::new(), small());
    Some(Arc::new(ServedLog::of(Arc::new(log), &recovery)))
}

contract!(file, super::file_log);
contract!(memory, super::memory_log);
contract!(served, super::served_log);

#[test]
fn a_memory_log_keeps_a_crash_at_whole_groups_above_the_durable_ones() {
    let log = MemoryLog::new(MemoryLogConfig { durability: Durability::Manual, ..Default::default() });
    for first in [0, 3, 6] {
        log.append(&mut (first..first + 3).map(|n| tick(Topic::Accounts, n)).collect()).unwrap();
    }
    assert_eq!(log.durable(), Position(0));
    log.set_durable(Position(5));
    assert_eq!(log.durable(), Position(3), "groups become durable whole");
    for (keep, end) in [(0, 3), (3, 3), (5, 3), (6, 6), (8, 6), (9, 9), (99, 9)] {
        let after = log.crash(Position(keep));
        assert_eq!((after.end(), after.durable()), (Position(end), Position(end)), "keep {keep}");
        assert_eq!(after.next_offsets().next(Topic::Accounts, 0), end);
        assert!(read_all(&after, 0).iter().all(|r| r.event.is_none()), "as from a disk");
        assert_eq!(all_stored(&read_all(&after, 0)), all_stored(&read_all(&log, 0)[..end as usize]));
        assert_eq!(append_one(&after, tick(Topic::Accounts, 7)), Position(end));
    }
    assert_eq!(log.end(), Position(9));
}

#[test]
fn a_memory_log_repeats_deliveries_by_seed() {
    let delivered = |seed| {
        let delivery = Delivery::AtLeastOnce { seed, repeat_one_in: 3 };
        let log = MemoryLog::new(MemoryLogConfig { delivery, ..Default::default() });
        (0..200).for_each(|n| {
            append_one(&log, fix(n, 10));
        });
        read_all(&log, 0).iter().map(|r| r.position.0).collect::<Vec<_>>()
    };
    let got = delivered(1);
    assert!(got.len() > 200, "some are repeated");
    let mut firsts = got.clone();
    let mut next = 0;
    firsts.retain(|p| {
        let first = *p == next;
        next += u64::from(first);
        first
    });
    assert_eq!(firsts, (0..200).collect::<Vec<_>>(), "none is left out, first deliveries are in order");
    assert_eq!(got, delivered(1));
    assert_ne!(got, delivered(2));
}

#[test]
fn a_poisoned_memory_log_refuses_and_still_shows_what_it_has() {
    let log = MemoryLog::default();
    append_one(&log, fix(0, 10));
    log.poison("disk gone");
    assert!(
        matches!(log.append(&mut vec![fix(1, 10)]), Err(AppendError::Poisoned(why)) if &*why == "disk gone")
    );
    let mut reader = log.reader(&[Topic::Fix], Position(0), false).unwrap();
    let mut got = Vec::new();
    assert_eq!(reader.poll(&mut got, 9).unwrap(), 1);
    assert!(reader.poll(&mut got, 9).is_err());
}
