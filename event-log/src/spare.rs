//! The file of the next segment, made ahead of need on a thread of its own.
//!
//! Space that is only set aside costs at every sync: the file system has to note, in its journal, which blocks now hold
//! data, and waits there for whatever other files are syncing. So the next segment's blocks are written with zeros and
//! synced before they are needed; a sync of frames then changes no metadata. Making the zeros goes along with the
//! filling of the present segment, two bytes for one, and so never comes as a burst.

use crate::blocks::{BLOCK_BYTES, BlockBuffer, zeros};
use crate::files::{Directory, LogFile, write_all_at};
use crate::signal::{Shared, Signal};
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

/// Name of the file until it becomes a segment. One that a crash left is removed when the log is opened.
pub(crate) const NAME: &str = "spare";

/// Zeros written at a time: small enough that the disk is soon free again.
const CHUNK_BYTES: u64 = 1 << 20;

/// Zeros between two syncs. Each makes the file system commit its journal, for which the log's own writes wait at times.
const SYNC_BYTES: u64 = 32 * CHUNK_BYTES;

/// Smaller segments are not worth a thread.
const SEGMENT_BYTES_MIN: u64 = 4 * CHUNK_BYTES;

/// Bytes zeroed for each byte of the present segment: ready when that one is half full.
const LEAD: u64 = 2;

/// The thread that makes spares, from the writer's side. Dropping it ends the thread.
pub(crate) struct SpareMaker {
    shared: Arc<Progress>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Progress {
    state: Shared<State>,
    changed: Signal,
}

#[derive(Default)]
struct State {
    /// Bytes of the present segment in use.
    filled: u64,
    spare: Spare,
    closed: bool,
}

#[derive(Default)]
enum Spare {
    #[default]
    NotBegun,
    /// The first so many bytes are zeros.
    Begun(Arc<dyn LogFile>, u64),
    /// Of this size.
    Ready(u64),
    /// The disk refused; tried again for the segment after.
    GivenUp,
}

impl State {
    /// The file so far, when it is time for its next zeros.
    fn due(&self) -> Option<(Option<Arc<dyn LogFile>>, u64)> {
        let (file, zeroed) = match &self.spare {
            Spare::NotBegun => (None, 0),
            Spare::Begun(file, zeroed) => (Some(Arc::clone(file)), *zeroed),
            Spare::Ready(_) | Spare::GivenUp => return None,
        };
        (self.filled.saturating_mul(LEAD) >= zeroed + CHUNK_BYTES).then_some((file, zeroed))
    }
}

impl SpareMaker {
    /// Starts the thread for segments of `bytes`; none for small ones and those that are not whole blocks.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start(directory: Arc<dyn Directory>, bytes: u64) -> io::Result<Self> {
        let shared = Arc::new(Progress::default());
        if bytes < SEGMENT_BYTES_MIN || !bytes.is_multiple_of(BLOCK_BYTES as u64) {
            return Ok(Self { shared, thread: None });
        }
        let progress = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("log-spare".to_owned())
            .spawn(move || progress.make_spares(&*directory, bytes))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// The present segment is in use up to `byte`.
    pub(crate) fn filled(&self, byte: u64) {
        if self.thread.is_some() {
            self.shared.state.lock().filled = byte;
            self.shared.changed.notify();
        }
    }

    /// Whether the spare is ready and of this size; then it is the caller's, for the segment that begins now.
    pub(crate) fn take(&self, bytes: u64) -> bool {
        let mut state = self.shared.state.lock();
        state.filled = 0;
        match std::mem::take(&mut state.spare) {
            Spare::Ready(size) if size == bytes => true,
            Spare::GivenUp | Spare::NotBegun => false,
            unfinished => {
                state.spare = unfinished;
                false
            }
        }
    }
}

impl Drop for SpareMaker {
    fn drop(&mut self) {
        self.shared.state.lock().closed = true;
        self.shared.changed.notify();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that makes spare segments panicked");
        }
    }
}

impl Progress {
    fn make_spares(&self, directory: &dyn Directory, bytes: u64) {
        let zeros = zeros(CHUNK_BYTES as usize / BLOCK_BYTES);
        while let Some((file, zeroed)) = self.wait_until_due() {
            let made = more_zeros(directory, file, zeroed, bytes, &zeros);
            let spare = match made {
                Ok((_, zeroed)) if zeroed == bytes => Spare::Ready(bytes),
                Ok((file, zeroed)) => Spare::Begun(file, zeroed),
                Err(error) => {
                    // The writer makes its segment itself then, and meets the same disk.
                    tracing::debug!(%error, "no spare segment could be made");
                    remove(directory);
                    Spare::GivenUp
                }
            };
            self.state.lock().spare = spare;
        }
        if !matches!(self.state.lock().spare, Spare::NotBegun | Spare::GivenUp) {
            remove(directory);
        }
    }

    fn wait_until_due(&self) -> Option<(Option<Arc<dyn LogFile>>, u64)> {
        let state = self.state.lock();
        let state = self.changed.wait(state, |s| !s.closed && s.due().is_none());
        if state.closed { None } else { state.due() }
    }
}

/// Writes the zeros that follow the first `zeroed` bytes, of a new file if there is none.
fn more_zeros(
    directory: &dyn Directory,
    file: Option<Arc<dyn LogFile>>,
    zeroed: u64,
    bytes: u64,
    zeros: &BlockBuffer,
) -> io::Result<(Arc<dyn LogFile>, u64)> {
    let file = match file {
        Some(file) => file,
        None => {
            directory.create(NAME)?.allocate(bytes)?;
            directory.open_direct(NAME)?
        }
    };
    let step = CHUNK_BYTES.min(bytes - zeroed);
    write_all_at(&*file, &zeros.bytes()[..step as usize], zeroed)?;
    let zeroed = zeroed + step;
    if zeroed == bytes || zeroed.is_multiple_of(SYNC_BYTES) {
        file.sync()?;
    }
    Ok((file, zeroed))
}

/// Whether it succeeds or not: what stays is removed at the next opening.
fn remove(directory: &dyn Directory) {
    if let Err(error) = directory.remove(NAME) {
        tracing::debug!(%error, "a spare segment is not there to be removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Faults, FaultyDirectory, SplitMix};
    use std::time::{Duration, Instant};

    const BYTES: u64 = SEGMENT_BYTES_MIN;

    fn maker(disk: &FaultyDirectory) -> SpareMaker {
        SpareMaker::start(Arc::new(disk.clone()), BYTES).unwrap()
    }

    #[allow(clippy::disallowed_methods, reason = "a test waits for a thread")]
    fn wait_until(mut holds: impl FnMut() -> bool) {
        let began = Instant::now();
        while !holds() {
            assert!(began.elapsed() < Duration::from_secs(20), "waited in vain");
            std::thread::yield_now();
        }
    }

    fn is_idle(maker: &SpareMaker) -> bool {
        maker.shared.state.lock().due().is_none() && maker.shared.changed.is_awaited()
    }

    #[test]
    fn a_spare_is_zeros_on_disk_before_it_is_handed_out() {
        let disk = FaultyDirectory::new();
        let maker = maker(&disk);
        maker.filled(BYTES / LEAD);
        wait_until(|| {
            maker.filled(BYTES / LEAD);
            maker.take(BYTES)
        });
        assert_eq!(disk.read(NAME).len() as u64, BYTES);
        let survived = disk.crash(&mut SplitMix::new(1)).read(NAME);
        assert!(
            survived.is_empty() || survived == vec![0; BYTES as usize],
            "synced whole, or its name was lost"
        );
    }

    #[test]
    fn zeros_keep_pace_with_the_filling_of_the_present_segment() {
        let disk = FaultyDirectory::new();
        let maker = maker(&disk);
        let zeroed = || match &maker.shared.state.lock().spare {
            Spare::NotBegun | Spare::GivenUp => 0,
            Spare::Begun(_, zeroed) | Spare::Ready(zeroed) => *zeroed,
        };
        wait_until(|| is_idle(&maker));
        assert_eq!(zeroed(), 0, "nothing before anything is written");
        maker.filled(CHUNK_BYTES);
        wait_until(|| is_idle(&maker));
        assert_eq!(zeroed(), LEAD * CHUNK_BYTES);
        assert!(!maker.take(BYTES), "not ready");
        maker.filled(BYTES);
        wait_until(|| is_idle(&maker));
        assert_eq!((zeroed(), disk.syncs()), (BYTES, 1), "goes on where it was, synced at the end");
        assert!(!maker.take(BYTES / 2), "of another size");
    }

    #[test]
    fn a_disk_that_refuses_a_spare_is_left_alone_until_the_next_segment() {
        let disk = FaultyDirectory::new();
        disk.set_faults(Faults { capacity_bytes: Some(BYTES / 2), ..Faults::default() });
        let maker = maker(&disk);
        maker.filled(BYTES);
        wait_until(|| matches!(maker.shared.state.lock().spare, Spare::GivenUp));
        assert_eq!(disk.file_names(), Vec::<String>::new());
        disk.set_faults(Faults::default());
        assert!(!maker.take(BYTES));
        wait_until(|| {
            maker.filled(BYTES);
            maker.take(BYTES)
        });
    }

    #[test]
    fn an_unused_spare_goes_with_its_maker() {
        let disk = FaultyDirectory::new();
        let maker = maker(&disk);
        maker.filled(CHUNK_BYTES);
        wait_until(|| disk.file_names() == [NAME]);
        drop(maker);
        assert_eq!(disk.file_names(), Vec::<String>::new());
    }
}
