//! What every implementation of the port does: each function takes an empty log. tests/kafka runs it too.
#![allow(dead_code, reason = "each test file runs it on its own logs")]

use crate::support::*;
use assay_event_log::{EventLog, Glimpse};
use assay_trading_types::{Position, Topic, WireHeader};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Makes a module `$log` with a test for each function of the suite, each on a log that `$open` gives, if it gives one.
macro_rules! contract {
    ($log:ident, $open:path) => {
        contract! { @tests $log, $open,
            positions_run_over_all_topics_and_offsets_within_each
            a_record_comes_back_as_it_was_appended
            events_come_back_without_decoding
            an_empty_group_changes_nothing
            a_reader_sees_a_record_at_once
            a_reader_takes_only_its_topics
            a_reader_begins_anywhere
            a_scan_shows_what_a_poll_takes
            a_scan_ends_when_enough_is_seen
            poll_takes_no_more_than_asked
            poll_wait_returns_nothing_after_its_timeout
            poll_wait_is_woken_by_an_append
            a_durable_only_reader_gets_everything_in_the_end
            wait_durable_reaches_the_end
            wait_durable_gives_up_after_its_timeout
            wakers_are_called
            groups_of_several_threads_stay_whole_and_ordered
        }
    };
    (@tests $log:ident, $open:path, $($name:ident)*) => {
        mod $log { $(#[test] fn $name() {
            if let Some(log) = $open() {
                $crate::suite::$name(log);
            }
        })* }
    };
}

pub(crate) use contract;

pub(crate) fn positions_run_over_all_topics_and_offsets_within_each(log: Arc<dyn EventLog>) {
    assert_eq!(log.end(), Position(0));
    let mut group = vec![tick(Topic::Accounts, 0), tick(Topic::Markets, 1), tick(Topic::Accounts, 2)];
    assert_eq!(log.append(&mut group).unwrap(), Position(2));
    assert!(group.is_empty(), "append drains the group");
    assert_eq!(append_one(&*log, tick(Topic::Markets, 3)), Position(3));
    let places: Vec<_> = read_all(&*log, 0).iter().map(|r| (r.position.0, r.topic, r.offset)).collect();
    let (a, m) = (Topic::Accounts, Topic::Markets);
    assert_eq!(places, [(0, a, 0), (1, m, 0), (2, a, 1), (3, m, 1)]);
}

pub(crate) fn a_record_comes_back_as_it_was_appended(log: Arc<dyn EventLog>) {
    append_one(&*log, fix(5, 40));
    let record = &read_all(&*log, 0)[0];
    let new = fix(5, 40);
    assert_eq!((&record.key, record.at, record.origin), (&new.key, new.at, new.origin));
    assert_eq!((record.trace, record.actor, record.wire), (new.trace, new.actor, new.wire));
    assert_eq!(record.kind.name(), "fix.message.v1");
    assert_eq!(&record.value[..], b"35=D|34=5|xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
}

pub(crate) fn events_come_back_without_decoding(log: Arc<dyn EventLog>) {
    append_one(&*log, tick(Topic::Accounts, 9));
    let record = &read_all(&*log, 0)[0];
    assert!(record.event.is_some());
    assert_eq!(record.kind.name(), "clock.ticked.v1");
    assert_eq!(*record.decode().unwrap(), assay_trading_types::decode(record.kind, &record.value).unwrap());
}

pub(crate) fn an_empty_group_changes_nothing(log: Arc<dyn EventLog>) {
    append_one(&*log, fix(0, 10));
    append_one(&*log, fix(1, 10));
    assert_eq!(log.append(&mut Vec::new()).unwrap(), Position(1));
    assert_eq!(log.end(), Position(2));
}

pub(crate) fn a_reader_sees_a_record_at_once(log: Arc<dyn EventLog>) {
    let mut reader = log.reader(&[Topic::Fix], Position(0), false).unwrap();
    for n in 0..100 {
        append_one(&*log, fix(n, 10));
        let mut got = Vec::new();
        assert_eq!(reader.poll(&mut got, 10).unwrap(), 1);
        assert_eq!(got[0].position, Position(n));
    }
}

pub(crate) fn a_reader_takes_only_its_topics(log: Arc<dyn EventLog>) {
    for n in 0..30 {
        append_one(&*log, tick(if n % 3 == 0 { Topic::Markets } else { Topic::Accounts }, n));
    }
    let mut reader = log.reader(&[Topic::Markets, Topic::Seals], Position(0), false).unwrap();
    let positions: Vec<_> = drain(&mut *reader).iter().map(|r| r.position.0).collect();
    assert_eq!(positions, (0..30).step_by(3).collect::<Vec<_>>());
    assert_eq!(reader.position(), Position(30));
}

pub(crate) fn a_scan_shows_what_a_poll_takes(log: Arc<dyn EventLog>) {
    for n in 0..30 {
        append_one(&*log, if n % 3 == 0 { tick(Topic::Markets, n) } else { fix(n, 30) });
    }
    let taken: Vec<_> = read_all(&*log, 4)
        .iter()
        .filter(|r| r.topic == Topic::Fix)
        .map(|r| copied(&Glimpse::of(r)))
        .collect();
    let mut reader = log.reader(&[Topic::Fix], Position(4), false).unwrap();
    let mut shown = Vec::new();
    while shown.len() < taken.len() {
        let seen = reader.scan(3, &mut |glimpse| {
            shown.push(copied(glimpse));
            true
        });
        assert!(seen.unwrap() <= 3);
    }
    assert_eq!((shown.len(), shown), (18, taken));
}

/// All that a glimpse shows.
fn copied(glimpse: &Glimpse<'_>) -> (Position, u16, u64, Option<WireHeader>, Vec<u8>, Vec<u8>) {
    let Glimpse { position, partition, offset, wire, key, value } = *glimpse;
    (position, partition, offset, wire, key.to_vec(), value.to_vec())
}

pub(crate) fn a_scan_ends_when_enough_is_seen(log: Arc<dyn EventLog>) {
    for n in 0..10 {
        append_one(&*log, fix(n, 30));
    }
    let mut reader = log.reader(&[Topic::Fix], Position(0), false).unwrap();
    let mut shown = 0;
    while shown < 3 {
        let seen = reader.scan(8, &mut |glimpse| {
            shown += 1;
            glimpse.position.0 < 2
        });
        seen.unwrap();
    }
    assert_eq!(shown, 3);
}

pub(crate) fn a_reader_begins_anywhere(log: Arc<dyn EventLog>) {
    for n in 0..40 {
        append_one(&*log, fix(n, 10));
    }
    for from in 0..=40 {
        assert_eq!(read_all(&*log, from).len() as u64, 40 - from);
    }
    let mut ahead = log.reader(&[Topic::Fix], Position(42), false).unwrap();
    for n in 40..45 {
        append_one(&*log, fix(n, 10));
    }
    assert_eq!(drain(&mut *ahead).iter().map(|r| r.position.0).collect::<Vec<_>>(), [42, 43, 44]);
}

pub(crate) fn poll_takes_no_more_than_asked(log: Arc<dyn EventLog>) {
    for n in 0..5 {
        append_one(&*log, fix(n, 10));
    }
    let mut reader = log.reader(&[Topic::Fix], Position(0), false).unwrap();
    let mut got = Vec::new();
    let taken: Vec<_> = [0, 2, 2, 2, 2].map(|max| reader.poll(&mut got, max).unwrap()).into();
    assert_eq!(taken, [0, 2, 2, 1, 0]);
    assert_eq!(got.iter().map(|r| r.position.0).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

pub(crate) fn poll_wait_returns_nothing_after_its_timeout(log: Arc<dyn EventLog>) {
    append_one(&*log, tick(Topic::Markets, 0));
    let mut reader = log.reader(&[Topic::Fix], Position(0), false).unwrap();
    assert_eq!(reader.poll_wait(&mut Vec::new(), 10, Duration::from_millis(1)).unwrap(), 0);
}

pub(crate) fn poll_wait_is_woken_by_an_append(log: Arc<dyn EventLog>) {
    let mut reader = log.reader(&[Topic::Fix], Position(0), false).unwrap();
    let writer = Arc::clone(&log);
    let thread = std::thread::spawn(move || {
        append_one(&*writer, tick(Topic::Markets, 0));
        append_one(&*writer, fix(1, 10));
    });
    let mut got = Vec::new();
    while reader.poll_wait(&mut got, 10, LONG).unwrap() == 0 {}
    assert_eq!(got[0].position, Position(1));
    thread.join().unwrap();
}

pub(crate) fn a_durable_only_reader_gets_everything_in_the_end(log: Arc<dyn EventLog>) {
    let mut reader = log.reader(&Topic::ALL, Position(0), true).unwrap();
    let mut got = Vec::new();
    for n in 0..200 {
        append_one(&*log, fix(n, 100));
    }
    while got.len() < 200 {
        reader.poll_wait(&mut got, 64, LONG).unwrap();
        assert!(reader.position() <= log.durable());
    }
    assert!(got.iter().enumerate().all(|(n, r)| r.position.0 == n as u64));
}

pub(crate) fn wait_durable_reaches_the_end(log: Arc<dyn EventLog>) {
    append_durable(&*log, vec![fix(0, 10), fix(1, 10)]);
    assert_eq!(log.durable(), Position(2));
}

pub(crate) fn wait_durable_gives_up_after_its_timeout(log: Arc<dyn EventLog>) {
    append_durable(&*log, vec![fix(0, 10)]);
    assert_eq!(log.wait_durable(Position(9), Duration::from_millis(1)).unwrap(), Position(1));
}

pub(crate) fn wakers_are_called(log: Arc<dyn EventLog>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let wake = Arc::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    log.on_change(&[Topic::Fix], wake);
    append_one(&*log, fix(0, 10));
    assert!(calls.load(Ordering::SeqCst) >= 1, "after an append");
}

pub(crate) fn groups_of_several_threads_stay_whole_and_ordered(log: Arc<dyn EventLog>) {
    const THREADS: u64 = 4;
    const GROUPS: u64 = 100;
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let log = &log;
            scope.spawn(move || {
                for group in 0..GROUPS {
                    let first = (thread * GROUPS + group) * 3;
                    log.append(&mut (first..first + 3).map(|n| fix(n, 200)).collect()).unwrap();
                }
            });
        }
    });
    log.wait_durable(log.end(), LONG).unwrap();
    let all = read_all(&*log, 0);
    assert_eq!(all.len() as u64, THREADS * GROUPS * 3);
    let mut last_of_thread = [None; THREADS as usize];
    for group in all.chunks(3) {
        let first = group[0].wire.unwrap().seq;
        assert_eq!(
            group.iter().map(|r| r.wire.unwrap().seq).collect::<Vec<_>>(),
            [first, first + 1, first + 2]
        );
        let last = &mut last_of_thread[(first / 3 / GROUPS) as usize];
        assert!(*last < Some(first), "groups of a thread keep their order");
        *last = Some(first);
    }
    assert!(all.iter().enumerate().all(|(n, r)| r.position.0 == n as u64 && r.offset == n as u64));
}
