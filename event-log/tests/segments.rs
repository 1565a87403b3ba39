//! Real files: roll-over, readers behind the ring, the offline reader.

mod support;

use assay_event_log::testing::FaultyDirectory;
use assay_event_log::{
    Directory, EventLog, FileLog, FileLogConfig, Glimpse, LockRefusal, LogError, LogFile, OutputId, Producer,
    ReadError, ReadOnlyLog, open_read_only, verify,
};
use assay_trading_types::{Position, Role, Topic};
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};
use support::*;

const RISK: Producer = Producer { role: Role::Risk, topic: Topic::Accounts, partition: 0 };

fn tiny_ring() -> FileLogConfig {
    FileLogConfig { ring_records_max: 4, ..small() }
}

fn segments(dir: &Path) -> Vec<std::path::PathBuf> {
    let files = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let mut logs: Vec<_> = files.filter(|p| p.extension().is_some_and(|e| e == "log")).collect();
    logs.sort();
    logs
}

#[test]
fn segments_roll_over_and_read_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = FileLog::open(dir.path(), small()).unwrap();
    for n in 0..200 {
        log.append(&mut vec![fix(n, 500), tick(Topic::Markets, n)]).unwrap();
    }
    log.wait_durable(log.end(), LONG).unwrap();
    let written = all_stored(&read_all(&log, 0));
    drop(log);
    assert!(segments(dir.path()).len() > 5);
    assert_eq!(std::fs::metadata(&segments(dir.path())[1]).unwrap().len(), 16 << 10, "preallocated");
    let (log, recovery) = FileLog::open(dir.path(), small()).unwrap();
    assert_eq!((recovery.records, recovery.end, recovery.torn), (400, Position(400), None));
    assert_eq!(
        recovery.next_offsets.iter().collect::<Vec<_>>(),
        [(Topic::Fix, 0, 200), (Topic::Markets, 0, 200)]
    );
    assert_eq!(recovery.last_origins.last(RISK), Some(OutputId { offset: 199, index: 0 }));
    for from in [0, 1, 57, 199, 398, 400] {
        assert_eq!(all_stored(&read_all(&log, from)), written[from as usize..], "from {from}");
    }
    assert_eq!(append_one(&log, fix(0, 10)), Position(400));
}

#[test]
fn origins_survive_many_segments_without_that_producer() {
    let disk = FaultyDirectory::new();
    let (log, _) = open(&disk, small());
    append_one(&log, tick(Topic::Markets, 17));
    (0..100).for_each(|n| {
        append_one(&log, fix(n, 1000));
    });
    drop(log);
    let (log, recovery) = open(&disk, small());
    assert_eq!(recovery.last_origins.last(RISK), Some(OutputId { offset: 17, index: 0 }));
    assert_eq!(log.last_origins(), recovery.last_origins);
    assert!(!recovery.last_origins.is_news(tick(Topic::Markets, 17).origin));
    assert!(recovery.last_origins.is_news(tick(Topic::Markets, 18).origin));
}

#[test]
fn a_group_larger_than_a_segment_gets_its_own() {
    let disk = FaultyDirectory::new();
    let (log, _) = open(&disk, small());
    append_one(&log, fix(0, 10));
    log.append(&mut (1..41).map(|n| fix(n, 1000)).collect()).unwrap();
    append_one(&log, fix(41, 10));
    drop(log);
    let (log, recovery) = open(&disk, small());
    assert_eq!(recovery.end, Position(42));
    assert_eq!(read_all(&log, 0).len(), 42);
}

#[test]
fn a_reader_behind_the_ring_reads_files_and_returns_to_the_ring() {
    let (log, _) = open(&FaultyDirectory::new(), tiny_ring());
    let mut reader = log.reader(&[Topic::Fix], Position(0), false).unwrap();
    let mut got = Vec::new();
    for n in 0..300 {
        append_durable(&log, vec![fix(n, 300)]);
        // Polls seldom enough to fall behind the ring of four, on and off.
        if n % 7 < 3 {
            while reader.poll(&mut got, 5).unwrap() > 0 {}
        }
    }
    while reader.poll(&mut got, 5).unwrap() > 0 {}
    assert_eq!(got.iter().map(|r| r.position.0).collect::<Vec<_>>(), (0..300).collect::<Vec<_>>());
}

#[test]
fn a_scan_behind_the_ring_shows_what_stands_in_files() {
    let (log, _) = open(&FaultyDirectory::new(), tiny_ring());
    for n in 0..300 {
        let record = if n % 3 == 0 { tick(Topic::Markets, n) } else { fix(n, 300) };
        append_durable(&log, vec![record]);
    }
    let mut reader = log.reader(&[Topic::Fix], Position(0), false).unwrap();
    let mut shown = Vec::new();
    let mut see = |glimpse: &Glimpse<'_>| {
        assert_eq!(glimpse.key, b"CLIENT1/ASSAY");
        assert!(glimpse.value.starts_with(format!("35=D|34={}|", glimpse.position.0).as_bytes()));
        shown.push(glimpse.wire.unwrap().seq);
        true
    };
    while reader.scan(7, &mut see).unwrap() > 0 {}
    assert_eq!(shown, (0..300).filter(|n| n % 3 > 0).collect::<Vec<_>>());
}

#[test]
fn a_reader_behind_goes_on_past_what_it_read_ahead_and_past_the_segment_it_stood_in() {
    let (log, _) = open(&FaultyDirectory::new(), tiny_ring());
    append_durable(&log, (0..6).map(|n| fix(n, 300)).collect());
    let mut reader = log.reader(&[Topic::Fix], Position(0), true).unwrap();
    let mut got = Vec::new();
    assert_eq!(reader.poll(&mut got, 1).unwrap(), 1);
    append_durable(&log, (6..12).map(|n| fix(n, 300)).collect());
    // The writer says what is durable before it trims the ring, so one poll may give files or ring and not both.
    while got.len() < 8 {
        let missing = 8 - got.len();
        assert!(reader.poll(&mut got, missing).unwrap() > 0);
    }
    (12..100).for_each(|n| append_durable(&log, vec![fix(n, 300)]));
    while reader.poll(&mut got, 9).unwrap() > 0 {}
    assert_eq!(got.iter().map(|r| r.position.0).collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
}

#[test]
fn readers_behind_the_ring_keep_up_with_a_writer() {
    const RECORDS: u64 = 3000;
    let dir = tempfile::tempdir().unwrap();
    let (log, _) =
        FileLog::open(dir.path(), FileLogConfig { segment_bytes: 64 << 10, ..tiny_ring() }).unwrap();
    std::thread::scope(|scope| {
        for (durable_only, max) in [(true, 3), (false, 50), (true, 1000)] {
            let mut reader = log.reader(&[Topic::Fix], Position(0), durable_only).unwrap();
            scope.spawn(move || {
                let mut got = Vec::new();
                while (got.len() as u64) < RECORDS {
                    reader.poll_wait(&mut got, max, LONG).unwrap();
                }
                assert!(
                    got.iter()
                        .enumerate()
                        .all(|(n, r)| r.position.0 == n as u64 && r.wire.unwrap().seq == n as u64)
                );
            });
        }
        (0..RECORDS).for_each(|n| {
            append_one(&log, fix(n, 200));
        });
    });
}

#[test]
fn an_offline_reader_streams_what_is_there_while_a_process_writes() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = FileLog::open(dir.path(), small()).unwrap();
    append_durable(&log, (0..100).map(|n| fix(n, 400)).collect());
    let offline = open_read_only(dir.path()).unwrap();
    append_durable(&log, vec![fix(100, 400)]);
    assert_eq!(offline.recovery().end, Position(100));
    let from_50: Vec<_> = offline.records(Position(50)).unwrap().map(|r| r.unwrap().position.0).collect();
    assert_eq!(from_50, (50..100).collect::<Vec<_>>());
    assert_eq!(offline.into_iter().count(), 100);
    assert_eq!(verify(dir.path()).unwrap().recovery.records, 101);
}

#[test]
fn an_offline_reader_finds_no_damage_in_a_log_that_is_being_written() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = FileLog::open(dir.path(), FileLogConfig { segment_bytes: 1 << 20, ..small() }).unwrap();
    std::thread::scope(|scope| {
        let writes = scope.spawn(|| {
            (0..20_000).for_each(|n| {
                append_one(&log, fix(n, 300));
            })
        });
        while !writes.is_finished() {
            let durable = log.durable();
            let verified = verify(dir.path()).unwrap();
            assert!(verified.recovery.end >= durable);
        }
    });
}

/// Shows zeros in place of some bytes of segments, once: as a reader sees a frame that is written just after it looked.
struct Late {
    disk: FaultyDirectory,
    hidden: Arc<Mutex<Option<Range<usize>>>>,
}

struct LateFile {
    file: Arc<dyn LogFile>,
    hidden: Arc<Mutex<Option<Range<usize>>>>,
}

impl Directory for Late {
    fn path(&self) -> String {
        self.disk.path()
    }
    fn names(&self) -> io::Result<Vec<String>> {
        self.disk.names()
    }
    fn open(&self, name: &str, write: bool) -> io::Result<Arc<dyn LogFile>> {
        let file = self.disk.open(name, write)?;
        Ok(Arc::new(LateFile { file, hidden: Arc::clone(&self.hidden) }))
    }
    fn create(&self, name: &str) -> io::Result<Arc<dyn LogFile>> {
        self.disk.create(name)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }
    fn sync(&self) -> io::Result<()> {
        self.disk.sync()
    }
    fn lock(&self) -> Result<Box<dyn Send + Sync>, LockRefusal> {
        self.disk.lock()
    }
    fn salt(&self) -> u32 {
        self.disk.salt()
    }
}

impl LogFile for LateFile {
    fn read_at(&self, into: &mut [u8], at: u64) -> io::Result<usize> {
        let read = self.file.read_at(into, at)?;
        let mut hidden = self.hidden.lock().unwrap();
        let here = at as usize..at as usize + read;
        if let Some(range) = hidden.take_if(|r| here.start <= r.start && r.end <= here.end) {
            into[range.start - here.start..range.end - here.start].fill(0);
        }
        Ok(read)
    }
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<usize> {
        self.file.write_at(bytes, at)
    }
    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
    fn allocate(&self, bytes: u64) -> io::Result<()> {
        self.file.allocate(bytes)
    }
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
}

#[test]
fn a_frame_that_was_written_while_an_offline_reader_looked_is_not_lost() {
    let disk = FaultyDirectory::new();
    let (log, _) = open(&disk, small());
    (0..5).for_each(|n| append_durable(&log, vec![fix(n, 60)]));
    drop(log);
    disk.delete("durable");
    let second_frame = 4096 + 240..4096 + 480;
    let hidden = Arc::new(Mutex::new(Some(second_frame)));
    let offline = ReadOnlyLog::open_on(Arc::new(Late { disk, hidden: Arc::clone(&hidden) })).unwrap();
    assert_eq!(*hidden.lock().unwrap(), None, "it did look");
    assert_eq!((offline.recovery().end, offline.recovery().torn), (Position(5), None));
    assert_eq!(offline.into_iter().map(|r| r.unwrap().position.0).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

#[test]
fn an_offline_reader_changes_nothing_and_stops_at_the_torn_tail() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = FileLog::open(dir.path(), small()).unwrap();
    append_durable(&log, (0..3).map(|n| fix(n, 60)).collect());
    append_durable(&log, vec![fix(3, 60)]);
    drop(log);
    std::fs::remove_file(dir.path().join("durable")).unwrap();
    let segment = segments(dir.path()).remove(0);
    let mut bytes = std::fs::read(&segment).unwrap();
    let last = bytes.iter().rposition(|b| *b != 0).unwrap();
    bytes[last] ^= 0x40;
    std::fs::write(&segment, &bytes).unwrap();
    let offline = open_read_only(dir.path()).unwrap();
    assert!(offline.recovery().torn.is_some());
    assert_eq!(offline.into_iter().map(|r| r.unwrap().position.0).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(std::fs::read(&segment).unwrap(), bytes);
    let (_, recovery) = FileLog::open(dir.path(), small()).unwrap();
    assert!(recovery.torn.is_some(), "only opening to write cuts");
}

#[test]
fn no_log_is_not_an_empty_log() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(open_read_only(dir.path()), Err(LogError::Foreign { .. })));
    assert!(matches!(
        open_read_only(dir.path().join("nowhere")),
        Err(LogError::Io { doing: "list", .. } | LogError::Foreign { .. })
    ));
}

#[test]
fn a_flipped_bit_in_a_sealed_segment_is_found_when_read_and_by_verify() {
    let disk = FaultyDirectory::new();
    let (log, _) = open(&disk, small());
    (0..60).for_each(|n| append_durable(&log, vec![fix(n, 1000)]));
    drop(log);
    let name = disk.file_names().remove(1);
    let mut bytes = disk.read(&name);
    bytes[4096 + 200] ^= 1;
    disk.replace(&name, bytes);
    let (log, recovery) = open(&disk, small());
    let base: u64 = name.trim_end_matches(".log").parse().unwrap();
    assert_eq!(recovery.end, Position(60), "opening reads headers and the last segment");
    let mut reader = log.reader(&Topic::ALL, Position(0), true).unwrap();
    let mut got = Vec::new();
    let found = loop {
        match reader.poll(&mut got, 8) {
            Ok(taken) => assert!(taken > 0),
            Err(error) => break error,
        }
    };
    let is_it = |e: &ReadError| matches!(e, ReadError::Log(LogError::Damaged { file, byte: 4096, position, .. }) if *file == name && position.0 == base);
    assert!(is_it(&found), "{found:?}");
    assert_eq!(got.last().unwrap().position.0, base - 1, "all before it was returned");
    drop(log);
    let offline = ReadOnlyLog::open_on(Arc::new(disk.clone())).unwrap();
    assert!(is_it(&offline.verify().unwrap_err()));
    assert_eq!(offline.into_iter().filter(Result::is_err).count(), 1, "ends after the error");
}

/// The committed segment, written by version 1 of the format with one group a batch.
const FIXTURE: &[u8] = include_bytes!("fixtures/00000000000000000000.log");

fn fixture_disk() -> FaultyDirectory {
    let disk = FaultyDirectory::new();
    let (log, _) = open(&disk, FileLogConfig { segment_bytes: 6 << 10, ..FileLogConfig::default() });
    append_durable(&log, vec![fix(1, 60), tick(Topic::Accounts, 7)]);
    append_durable(&log, vec![tick(Topic::Markets, 8)]);
    drop(log);
    disk
}

/// docs/wire/event-log.md: a reader MUST read segments of every version it names.
#[test]
fn the_golden_segment_is_still_read() {
    let disk = FaultyDirectory::new();
    disk.replace("00000000000000000000.log", FIXTURE.to_vec());
    let records: Vec<_> =
        ReadOnlyLog::open_on(Arc::new(disk)).unwrap().into_iter().map(Result::unwrap).collect();
    let (log, _) = open(&fixture_disk(), small());
    let expected = all_stored(&read_all(&log, 0));
    assert_eq!(records.iter().map(stored).collect::<Vec<_>>(), expected);
    assert_eq!(records.len(), 3);
    assert_eq!(&records[0].value[..16], b"35=D|34=1|xxxxxx");
    assert_eq!(records[1].value, r#"{"now":7}"#);
}

/// The same records give the same bytes: a change here is a change of format and needs a new version.
#[test]
fn the_format_has_not_changed() {
    let written = fixture_disk().read("00000000000000000000.log");
    if std::env::var_os("ASSAY_WRITE_FIXTURES").is_some() {
        std::fs::write(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/00000000000000000000.log"),
            &written,
        )
        .unwrap();
        return;
    }
    let (same, behind) = written.split_at(FIXTURE.len());
    assert!(same == FIXTURE, "segment format differs from the golden segment");
    assert!(behind.iter().all(|b| *b == 0), "zeros to the end of the block");
}

#[test]
fn segments_made_of_spares_hold_what_was_written_and_a_left_over_spare_is_removed() {
    let disk = FaultyDirectory::new();
    let config = FileLogConfig { segment_bytes: 4 << 20, ..FileLogConfig::default() };
    let (log, _) = open(&disk, config);
    const RECORDS: u64 = 300;
    (0..RECORDS).for_each(|n| append_durable(&log, vec![fix(n, 64 << 10)]));
    let killed = disk.kill();
    killed.replace("spare", vec![7; 1000]);
    let (after, recovery) = open(&killed, config);
    assert_eq!((recovery.end, recovery.torn), (Position(RECORDS), None));
    assert!(!killed.file_names().iter().any(|name| name == "spare"));
    let mut reader = after.reader(&[Topic::Fix], Position(0), true).unwrap();
    let mut got = Vec::new();
    while reader.poll(&mut got, 100).unwrap() > 0 {}
    assert!(got.iter().map(|r| r.position.0).eq(0..RECORDS));
    assert!(got.iter().all(|r| r.value.len() == 64 << 10), "no zeros in between");
    drop(log);
    assert!(!disk.file_names().iter().any(|name| name == "spare"), "none is left by a clean end");
}
