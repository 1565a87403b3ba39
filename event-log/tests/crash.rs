//! What a crash leaves, and what opening makes of it.

mod support;

use assay_event_log::testing::{BLOCK_BYTES, Faults, FaultyDirectory, SplitMix};
use assay_event_log::{EventLog, FileLog, FileLogConfig, LogError, ReadError, ReadOnlyLog, Recovery};
use assay_trading_types::{Position, Topic};
use std::sync::Arc;
use support::*;

const SEGMENT: &str = "00000000000000000000.log";
const MARKER: &str = "durable";
const HEADER_BYTES: usize = 4096;

/// A stopped log of groups of these sizes, each synced before the next was appended.
fn stopped(groups: &[u64]) -> FaultyDirectory {
    let disk = FaultyDirectory::new();
    let (log, _) = open(&disk, small());
    let mut first = 0;
    for count in groups {
        append_durable(&log, (first..first + count).map(|n| fix(n, 60)).collect());
        first += count;
    }
    drop(log);
    disk
}

/// Where each frame begins, and where the last ends.
fn frame_bounds(segment: &[u8]) -> Vec<usize> {
    let mut bounds = vec![HEADER_BYTES];
    loop {
        let at = *bounds.last().unwrap();
        let length = segment.get(at + 8..at + 12).map_or(0, |b| u32::from_le_bytes(b.try_into().unwrap()));
        if length == 0 {
            return bounds;
        }
        bounds.push(at + length as usize);
    }
}

fn try_open(disk: &FaultyDirectory, config: FileLogConfig) -> Result<(FileLog, Recovery), LogError> {
    FileLog::open_on(Arc::new(disk.clone()), config)
}

fn damage(opened: Result<(FileLog, Recovery), LogError>) -> (u64, u64) {
    match opened {
        Err(LogError::Damaged { byte, position, .. }) => (byte, position.0),
        other => panic!("expected damage, got {other:?}"),
    }
}

/// The end that whole groups of these sizes give when `frames` frames are whole.
fn whole_groups(groups: &[u64], frames: u64) -> u64 {
    groups
        .iter()
        .scan(0, |end, count| {
            *end += count;
            Some(*end)
        })
        .take_while(|end| *end <= frames)
        .last()
        .unwrap_or(0)
}

#[test]
fn a_log_stopped_cleanly_opens_whole() {
    let (log, recovery) = open(&stopped(&[1, 3, 2]), small());
    assert_eq!((recovery.records, recovery.first, recovery.end), (6, Position(0), Position(6)));
    assert_eq!(recovery.torn, None);
    assert_eq!(recovery.next_offsets.next(Topic::Fix, 0), 6);
    assert_eq!(log.durable(), Position(6));
}

#[test]
fn a_file_cut_at_any_byte_keeps_its_whole_groups_and_goes_on() {
    let groups = [1, 3, 2, 4];
    let disk = stopped(&groups);
    let segment = disk.read(SEGMENT);
    let bounds = frame_bounds(&segment);
    let end = *bounds.last().unwrap();
    for cut in bounds[1]..=end {
        for zeros_follow in [false, true] {
            let mut bytes = segment[..cut].to_vec();
            bytes.resize(if zeros_follow { segment.len() } else { cut }, 0);
            // A frame whose missing bytes were zeros is whole, and zeros cannot be told from what was never written.
            let frames = bounds[1..].iter().filter(|b| bytes.get(..**b) == Some(&segment[..**b])).count();
            let kept = whole_groups(&groups, frames as u64);
            let end_byte = bounds[kept as usize];
            let clean = bytes[end_byte..].iter().all(|b| *b == 0);
            let torn = FaultyDirectory::new();
            torn.replace(SEGMENT, bytes);
            let (log, recovery) = open(&torn, small());
            assert_eq!(recovery.end, Position(kept), "cut at {cut}");
            assert_eq!(recovery.torn.map(|t| t.byte), (!clean).then_some(end_byte as u64), "cut at {cut}");
            append_durable(&log, vec![fix(kept, 10)]);
            drop(log);
            let (log, again) = open(&torn, small());
            assert_eq!((again.end, again.torn), (Position(kept + 1), None), "cut at {cut}");
            assert_eq!(read_all(&log, 0).len() as u64, kept + 1);
        }
    }
}

#[test]
fn records_known_to_have_been_durable_are_never_cut_silently() {
    let disk = stopped(&[1, 3, 2]);
    let segment = disk.read(SEGMENT);
    let bounds = frame_bounds(&segment);
    disk.replace(SEGMENT, segment[..bounds[5]].to_vec());
    assert_eq!(damage(try_open(&disk, small())), (bounds[5] as u64, 5));
    let (_, recovery) = open(&disk, FileLogConfig { accept_lost_tail: true, ..small() });
    assert_eq!(recovery.end, Position(4));
    let (_, recovery) = open(&disk, small());
    assert_eq!(recovery.end, Position(4), "accepted once for all");
}

#[test]
fn a_flipped_bit_in_any_frame_is_refused_or_cut_with_the_last_batch() {
    let disk = stopped(&[1, 3, 2]);
    let segment = disk.read(SEGMENT);
    let bounds = frame_bounds(&segment);
    for at in bounds[0]..bounds[6] {
        let mut bytes = segment.clone();
        bytes[at] ^= 1 << (at % 8);
        let frame = bounds.iter().rposition(|b| *b <= at).unwrap();
        let flipped = disk.kill();
        flipped.replace(SEGMENT, bytes);
        assert_eq!(damage(try_open(&flipped, small())), (bounds[frame] as u64, frame as u64), "byte {at}");
        flipped.delete(MARKER);
        if frame < 4 {
            let refused = damage(try_open(&flipped, small()));
            assert_eq!(refused, (bounds[frame] as u64, frame as u64), "byte {at} without marker");
        } else {
            let (_, recovery) = open(&flipped, small());
            assert_eq!(recovery.end, Position(4), "byte {at} without marker");
            assert!(recovery.torn.is_some());
        }
    }
}

#[test]
fn a_flipped_bit_in_the_header_is_refused() {
    let disk = stopped(&[2]);
    let segment = disk.read(SEGMENT);
    for at in 0..HEADER_BYTES {
        let mut bytes = segment.clone();
        bytes[at] ^= 1 << (at % 8);
        disk.replace(SEGMENT, bytes);
        let opened = try_open(&disk, small());
        assert!(
            matches!(opened, Err(LogError::Damaged { .. } | LogError::Foreign { .. })),
            "byte {at}: {opened:?}"
        );
    }
}

#[test]
fn a_torn_marker_claims_nothing() {
    let disk = stopped(&[2]);
    let marker = disk.read(MARKER);
    for cut in 0..marker.len() {
        disk.replace(MARKER, marker[..cut].to_vec());
        assert_eq!(open(&disk, small()).1.end, Position(2));
    }
}

#[test]
fn blocks_missing_within_the_last_batch_are_a_torn_tail() {
    let disk = FaultyDirectory::new();
    let (log, _) = open(&disk, small());
    append_durable(&log, vec![fix(0, 60)]);
    let mut group: Vec<_> = (1..9).map(|n| fix(n, 900)).collect();
    append_durable(&log, std::mem::take(&mut group));
    drop(log);
    let segment = disk.read(SEGMENT);
    let bounds = frame_bounds(&segment);
    for block in (bounds[1] / BLOCK_BYTES + 1)..(bounds[9] / BLOCK_BYTES) {
        let mut bytes = segment.clone();
        bytes[block * BLOCK_BYTES..(block + 1) * BLOCK_BYTES].fill(0);
        let lost = FaultyDirectory::new();
        lost.replace(SEGMENT, bytes);
        let (_, recovery) = open(&lost, small());
        assert_eq!(recovery.end, Position(1), "block {block}");
        let torn = recovery.torn.unwrap();
        assert_eq!(torn.byte, bounds[1] as u64);
        assert!(lost.read(SEGMENT)[bounds[1]..].iter().all(|b| *b == 0), "cut bytes are zeroed");
    }
}

/// docs/wire/event-log.md: the salt keeps a counterparty from sending a message that contains a frame.
#[test]
fn a_frame_inside_a_message_is_no_frame() {
    let disk = stopped(&[1, 1, 1]);
    let segment = disk.read(SEGMENT);
    let bounds = frame_bounds(&segment);
    for padding in 0..8 {
        // The very bytes of a later frame of another log arrive as a message, which is then torn at its first byte.
        let victim = disk.kill();
        victim.delete(SEGMENT);
        victim.delete(MARKER);
        let (log, _) = open(&victim, small());
        let mut message = fix(0, 8);
        let frame = &segment[bounds[2]..bounds[3]];
        let text: Vec<u8> = std::iter::repeat_n(b' ', padding).chain(frame.iter().copied()).collect();
        message.value = assay_event_log::Value::Fix(text.into());
        append_durable(&log, vec![message]);
        drop(log);
        let mut bytes = victim.read(SEGMENT);
        bytes[HEADER_BYTES] ^= 1;
        let torn = FaultyDirectory::new();
        torn.replace(SEGMENT, bytes);
        assert_eq!(open(&torn, small()).1.end, Position(0), "padding {padding}");
    }
}

#[test]
fn missing_segments_are_refused() {
    let disk = FaultyDirectory::new();
    let (log, _) = open(&disk, small());
    for n in 0..60 {
        append_durable(&log, vec![fix(n, 1000)]);
    }
    drop(log);
    let names: Vec<_> = disk.file_names().into_iter().filter(|n| n.ends_with(".log")).collect();
    assert!(names.len() >= 4, "{names:?}");
    let hole = disk.kill();
    hole.delete(&names[1]);
    assert!(matches!(try_open(&hole, small()), Err(LogError::Damaged { file, .. }) if file == names[2]));
    let short = disk.kill();
    short.replace(&names[1], disk.read(&names[1])[..9000].to_vec());
    assert!(matches!(try_open(&short, small()), Err(LogError::Damaged { file, .. }) if file == names[1]));
    let headless = disk.kill();
    headless.delete(&names[0]);
    let (log, recovery) = open(&headless, small());
    assert!(recovery.first > Position(0), "segments may be dropped from the front");
    assert_eq!(recovery.next_offsets.next(Topic::Fix, 0), 60);
    assert!(log.reader(&[Topic::Fix], Position(0), false).is_err());
    let empty = disk.kill();
    names.iter().for_each(|name| empty.delete(name));
    assert!(matches!(try_open(&empty, small()), Err(LogError::Damaged { .. })));
}

#[test]
fn what_a_killed_process_had_not_synced_is_durable_once_its_successor_opened() {
    // Syncs at a roll-over: the old segment, the header of the new one, the directory. Then the batch itself.
    for failing_sync in 1..=4 {
        let disk = FaultyDirectory::new();
        let (log, _) = open(&disk, small());
        append_durable(&log, (0..9).map(|n| fix(n, 1000)).collect());
        disk.set_faults(Faults { failing_sync: Some(failing_sync), ..Faults::default() });
        log.append(&mut (9..19).map(|n| fix(n, 1000)).collect()).unwrap();
        assert!(log.wait_durable(Position(19), LONG).is_err());
        drop(log);
        for seed in 0..20 {
            let killed = disk.kill();
            let (log, recovery) = open(&killed, small());
            let at_once = killed.crash(&mut SplitMix::new(seed));
            assert_eq!(open(&at_once, small()).1.end, recovery.end, "sync {failing_sync}, seed {seed}");
            append_durable(&log, vec![fix(recovery.end.0, 10)]);
            let after = killed.crash(&mut SplitMix::new(seed));
            assert_eq!(open(&after, small()).1.end.0, recovery.end.0 + 1, "sync {failing_sync}, seed {seed}");
        }
    }
}

/// Where the log on a disk ends, once all of it was read and found good.
fn verified(disk: &FaultyDirectory) -> Result<u64, ReadError> {
    Ok(ReadOnlyLog::open_on(Arc::new(disk.clone()))?.verify()?.recovery.end.0)
}

/// Appends random groups, lets the disk lose power at a random moment and opens again, some rounds long. Batches
/// depend on how the writer thread runs, so a seed repeats the faults, not every byte.
fn survive(seed: u64, lying: bool) {
    let mut random = SplitMix::new(seed);
    let mut disk = FaultyDirectory::new();
    let mut written: Vec<String> = Vec::new();
    for round in 0..6 {
        let opened = try_open(&disk, small());
        let (log, recovery) = match opened {
            Ok(opened) => opened,
            Err(LogError::Damaged { .. } | LogError::Foreign { .. }) if lying => return,
            Err(e) => panic!("seed {seed} round {round}: {e}"),
        };
        let stored = all_stored(&read_all(&log, 0));
        assert_eq!(stored.len() as u64, recovery.end.0, "seed {seed} round {round}");
        assert_eq!(stored, written[..stored.len()], "seed {seed} round {round}");
        if lying && random.below(2) == 0 {
            disk.set_faults(Faults { lying_sync: true, ..Default::default() });
        }
        let mut group_ends = vec![recovery.end.0];
        for _ in 0..random.below(40) {
            let mut group = random_group(&mut random, log.end().0);
            log.append(&mut group).unwrap();
            group_ends.push(log.end().0);
            if random.below(4) == 0 {
                log.wait_durable(log.end(), LONG).unwrap();
            }
        }
        let durable = log.durable().0;
        let crashed = if random.below(4) == 0 { disk.kill() } else { disk.crash(&mut random) };
        written = all_stored(&read_all(&log, 0));
        drop(log);
        disk = crashed;
        match verified(&disk) {
            Ok(end) => {
                assert!(
                    group_ends.contains(&end) || lying,
                    "seed {seed} round {round}: half a group, end {end}"
                );
                assert!(end >= durable || lying, "seed {seed} round {round}: lost durable records");
            }
            Err(ReadError::Log(LogError::Damaged { .. } | LogError::Foreign { .. })) if lying => return,
            Err(e) => panic!("seed {seed} round {round}: {e}"),
        }
    }
}

#[test]
fn random_power_losses_lose_no_durable_record_and_halve_no_group() {
    (0..300).for_each(|seed| survive(seed, false));
}

#[test]
fn a_lying_disk_is_found_out_or_loses_the_tail_only() {
    (1000..1200).for_each(|seed| survive(seed, true));
}
