//! The thread that keeps the books.

use super::books::Books;
use crate::Error;
use assay_event_log::{EventLog, ReadError, Reader};
use assay_trading_types::{Position, Topic};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::Notify;

/// Records taken while the books are held: short enough that who publishes hardly waits.
const BATCH_RECORDS: usize = 256;

/// How long records gather after some were read, so that a busy log, which is synced thousands of times a second, does not wake
/// the thread as often: half of what lies between two looks of those who are shown the books.
const GATHER: Duration = Duration::from_millis(5);

/// How long a stop may have to wait for the thread.
const WAIT: Duration = Duration::from_millis(100);

/// The books, shared by the thread that keeps them and the gateway that shows them.
#[derive(Debug, Default)]
pub struct Tape {
    books: Mutex<Books>,
    /// The log was read to where it ended when the thread began: what the books show is no longer past.
    ready: AtomicBool,
}

impl Tape {
    /// The books, once they are up to date.
    pub(super) fn books(&self) -> Option<MutexGuard<'_, Books>> {
        self.ready.load(Ordering::Acquire).then(|| self.lock())
    }

    /// What was read so far, for a snapshot: durable records alone.
    pub(crate) fn remember(&self) -> serde_json::Value {
        serde_json::to_value(&*self.lock()).expect("names and numbers have a JSON form")
    }

    /// Goes on from what [`Tape::remember`] gave; without that, from the beginning of the log.
    pub(crate) fn recall(&self, remembered: serde_json::Value) {
        *self.lock() = serde_json::from_value(remembered).unwrap_or_default();
    }

    /// A panic while they were held ends the thread that keeps them, and the books stay as they are.
    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The running thread; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Feed {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Feed {
    /// Begins to read. `changed` hears of changes.
    pub(crate) fn start(
        tape: Arc<Tape>,
        log: Arc<dyn EventLog>,
        changed: Arc<Notify>,
    ) -> Result<Self, Error> {
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let run = move || {
            if let Err(error) = follow(&tape, &*log, &changed, &told) {
                tracing::error!(%error, "no market data from here on");
            }
        };
        let named = std::thread::Builder::new().name("market-data".to_owned());
        Ok(Self { stop, thread: Some(named.spawn(run).map_err(Error::Thread)?) })
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // It has logged why, if it ended otherwise.
            let _ = thread.join();
        }
    }
}

fn follow(tape: &Tape, log: &dyn EventLog, changed: &Notify, stop: &AtomicBool) -> Result<(), ReadError> {
    let caught_up = log.durable();
    let from = Position(tape.lock().position);
    let mut reader = log.reader(&[Topic::MarketData], from, true)?;
    let mut records = Vec::with_capacity(BATCH_RECORDS);
    while !stop.load(Ordering::Acquire) {
        let count = read_some(&mut *reader, &mut records, tape)?;
        let was_ready = tape.ready.load(Ordering::Acquire);
        let is_ready = was_ready || reader.position() >= caught_up || count == 0;
        tape.ready.store(is_ready, Ordering::Release);
        if count > 0 && is_ready || is_ready != was_ready {
            changed.notify_one();
        }
        if (1..BATCH_RECORDS).contains(&count) {
            std::thread::sleep(GATHER);
        }
    }
    Ok(())
}

fn read_some(
    reader: &mut dyn Reader,
    records: &mut Vec<Arc<assay_event_log::Record>>,
    tape: &Tape,
) -> Result<usize, ReadError> {
    let count = reader.poll_wait(records, BATCH_RECORDS, WAIT)?;
    let mut books = tape.lock();
    for record in records.drain(..) {
        match record.decode() {
            Ok(event) if record.position.0 >= books.position => books.read(&record, &event),
            Ok(_) => {}
            Err(error) => {
                tracing::error!(position = record.position.0, %error, "a record of market-data is left out")
            }
        }
    }
    Ok(count)
}
