//! Reads the last segment to its end and tells a torn tail, which is cut, from damage, which is refused.
//!
//! A write that a crash interrupted leaves its batch in any state, since a disk persists blocks in any order. But the
//! next batch is written only after the sync of the one before. So at a bad frame where position `p` should be, a
//! good frame behind it whose batch began after `p` proves that `p` had been durable: damage. So does a durable
//! marker above `p`. Otherwise all that follows is of the interrupted batch, and none of it was told to anyone.

use crate::frame::{self, ALIGN, Frame};
use crate::frames::{Found, Frames};
use crate::segment::{Header, Segment, damaged, io_error};
use crate::sequence::Sequence;
use crate::{LogError, TornTail};
use assay_trading_types::{Origin, Topic};

/// The last segment as found.
pub(crate) struct Tail {
    /// Numbers after its last whole group.
    pub(crate) sequence: Sequence,
    /// Where its last whole group ends.
    pub(crate) end_byte: u64,
    /// What stands behind that.
    pub(crate) torn: Option<TornTail>,
}

/// What a frame of an unfinished group would add.
type Pending = (Topic, u16, u64, Option<Origin>);

struct Scan<'a> {
    segment: &'a Segment,
    frames: Frames,
    sequence: Sequence,
    end_byte: u64,
    /// Frames of the group being read; bounded by the largest group ever appended.
    group: Vec<Pending>,
}

/// Reads the last segment. Everything below `durable` was durable and must be there; unless `accept_lost`.
pub(crate) fn read(
    segment: &Segment,
    header: &Header,
    frames: Frames,
    durable: u64,
    accept_lost: bool,
) -> Result<Tail, LogError> {
    let sequence = header.sequence.clone();
    let mut scan = Scan { segment, frames, sequence, end_byte: segment.frames_at, group: Vec::new() };
    while scan.take_frame()? {}
    if scan.sequence.end < durable && !accept_lost {
        let what = format!("records up to position {durable} were durable and are missing or changed");
        return Err(scan.damaged(&what));
    }
    let last_used = loop {
        match scan.judge_rest() {
            Ok(last_used) => break last_used,
            Err(damage) => scan.look_again(damage)?,
        }
        while scan.take_frame()? {}
    };
    let bytes = last_used.saturating_sub(scan.end_byte);
    let torn = (bytes > 0).then(|| TornTail { file: segment.name.clone(), byte: scan.end_byte, bytes });
    Ok(Tail { sequence: scan.sequence, end_byte: scan.end_byte, torn })
}

impl Scan<'_> {
    /// Position of the frame at the cursor.
    fn position(&self) -> u64 {
        self.sequence.end + self.group.len() as u64
    }

    fn damaged(&self, what: &str) -> LogError {
        damaged(&self.segment.name, self.frames.at(), self.position(), what)
    }

    /// Takes the next frame; `false` where there is none.
    fn take_frame(&mut self) -> Result<bool, LogError> {
        let expected = self.position();
        let found = self.frames.next().map_err(|e| io_error("read", &self.segment.name, e))?;
        let Found::Frame { frame, at } = found else { return Ok(false) };
        let bad = |what: &str| damaged(&self.segment.name, at, expected, what);
        if frame.position() != expected {
            return Err(bad(&format!("a frame of position {} stands here", frame.position())));
        }
        let topic = frame.topic().ok_or_else(|| bad("unknown topic"))?;
        let origin = frame.origin().map_err(bad)?;
        self.segment.note(expected, at);
        self.group.push((topic, frame.partition(), frame.offset(), origin));
        if !frame.group_continues() {
            self.take_group()?;
        }
        Ok(true)
    }

    fn take_group(&mut self) -> Result<(), LogError> {
        for (topic, partition, offset, origin) in std::mem::take(&mut self.group) {
            let next = self.sequence.offsets.next(topic, partition);
            if offset != next {
                return Err(
                    self.damaged(&format!("{topic}/{partition} goes on at offset {offset}, not {next}"))
                );
            }
            self.sequence.pass(topic, partition, offset, origin);
        }
        self.end_byte = self.frames.at();
        Ok(())
    }

    /// When a process writes the log meanwhile, the frame may have come after it was looked for and before what
    /// seemed to prove that it was lost.
    fn look_again(&mut self, damage: LogError) -> Result<(), LogError> {
        let LogError::Damaged { byte, .. } = damage else { return Err(damage) };
        self.frames.go_to(byte);
        let found = self.frames.next_fresh().map_err(|e| io_error("read", &self.segment.name, e))?;
        if matches!(found, Found::Nothing) {
            return Err(damage);
        }
        self.frames.go_to(byte);
        Ok(())
    }

    /// Looks through all that follows the last good frame: where its last byte that is not zero ends, unless it holds
    /// proof of damage.
    fn judge_rest(&mut self) -> Result<u64, LogError> {
        let (bad_at, bad_position) = (self.frames.at(), self.position());
        let mut last_used = bad_at;
        loop {
            let at = self.frames.at();
            let raw = self.frames.raw().map_err(|e| io_error("read", &self.segment.name, e))?;
            if raw.is_empty() {
                return Ok(last_used);
            }
            let used = used_bytes(raw);
            let candidate = next_candidate(&raw[..used]);
            let Some(candidate) = candidate else {
                if used > 0 {
                    last_used = last_used.max(at + used as u64);
                }
                let step = (raw.len() / ALIGN * ALIGN).max(raw.len().min(ALIGN));
                self.frames.go_to(at + step as u64);
                continue;
            };
            self.frames.go_to(at + candidate as u64);
            let found = self.frames.next().map_err(|e| io_error("read", &self.segment.name, e))?;
            match found {
                Found::Frame { frame, .. } if proves_durable(frame, bad_position) => {
                    let what = format!("no good frame, yet position {} follows", frame.position());
                    return Err(damaged(&self.segment.name, bad_at, bad_position, &what));
                }
                Found::Frame { .. } => last_used = last_used.max(self.frames.at()),
                Found::Nothing => {
                    self.frames.go_to(at + (candidate + ALIGN) as u64);
                    last_used = last_used.max(at + (candidate + ALIGN) as u64);
                }
            }
        }
    }
}

/// Zeros to compare with: preallocated space is mostly that, and comparing is many times faster than searching.
const ZEROS: [u8; 4096] = [0; 4096];

/// Length without the zeros at the end.
fn used_bytes(bytes: &[u8]) -> usize {
    let used = bytes.rchunks(ZEROS.len()).position(|chunk| *chunk != ZEROS[..chunk.len()]);
    let Some(blank_chunks) = used else { return 0 };
    let bytes = &bytes[..bytes.len() - blank_chunks * ZEROS.len()];
    bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1)
}

/// The next place where a frame may begin. Frames are aligned in the file, and so is every search step.
fn next_candidate(bytes: &[u8]) -> Option<usize> {
    bytes.chunks_exact(ALIGN).position(|chunk| chunk.starts_with(&frame::MAGIC)).map(|n| n * ALIGN)
}

fn proves_durable(frame: Frame<'_>, missing: u64) -> bool {
    frame.position() > missing && frame.batch() > missing
}
