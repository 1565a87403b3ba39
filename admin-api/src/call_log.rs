//! Every call of the API, a line each, and beside it those that concern security. For operations: what counts as a record
//! stands in the event log, and is never rotated away.

use crate::operation::Operation;
use assay_trading_types::{Timestamp, UserId};
use serde_json::json;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// Lines that wait for the disk; beyond it they are dropped and counted: a slow disk holds no call up.
const WAITING_MAX: usize = 65_536;

/// How long a line may wait in memory.
const FLUSH: Duration = Duration::from_millis(200);

/// Size and number of the files of all calls, and of those that concern security (audit requirements, rule 3).
const ACCESS: (u64, u32) = (50 << 20, 5);
const SECURITY: (u64, u32) = (10 << 20, 10);

/// A call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) at: Timestamp,
    pub(crate) request_id: String,
    pub(crate) trace: Option<[u8; 16]>,
    pub(crate) user: Option<UserId>,
    pub(crate) operation: Option<Operation>,
    pub(crate) method: String,
    /// Without what is asked for behind it: that may hold secrets.
    pub(crate) path: String,
    pub(crate) address: IpAddr,
    pub(crate) status: u16,
    pub(crate) took_us: i64,
}

impl Default for Call {
    fn default() -> Self {
        Self {
            at: Timestamp::from_ns(0),
            request_id: String::new(),
            trace: None,
            user: None,
            operation: None,
            method: String::new(),
            path: String::new(),
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            status: 0,
            took_us: 0,
        }
    }
}

impl Call {
    /// Whether it is about logging in, or was refused for who or how often.
    fn concerns_security(&self) -> bool {
        self.path.starts_with("/api/v1/auth/") || matches!(self.status, 401 | 403 | 429)
    }

    fn line(&self) -> String {
        let line = json!({
            "at": self.at.to_string(),
            "level": if matches!(self.status, 401 | 403 | 429) { "warning" } else { "info" },
            "request_id": self.request_id,
            "trace": self.trace.map(hex::encode),
            "user": self.user,
            "operation": self.operation.map(Operation::name),
            "method": self.method,
            "path": self.path,
            "address": self.address,
            "status": self.status,
            "took_us": self.took_us,
        });
        format!("{line}\n")
    }
}

/// Takes calls down, on a thread of its own.
#[derive(Debug)]
pub(crate) struct CallLog {
    sender: SyncSender<Call>,
    dropped: AtomicU64,
}

impl CallLog {
    /// Writes `access.log` and `security.log` in `dir`.
    ///
    /// # Errors
    /// They cannot be opened.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let access = Rotating::open(dir.join("access.log"), ACCESS)?;
        let security = Rotating::open(dir.join("security.log"), SECURITY)?;
        let (sender, receiver) = sync_channel(WAITING_MAX);
        std::thread::Builder::new()
            .name("call-log".to_owned())
            .spawn(move || write(&receiver, access, security))?;
        Ok(Self { sender, dropped: AtomicU64::new(0) })
    }

    pub(crate) fn note(&self, call: Call) {
        if self.sender.try_send(call).is_err() && self.dropped.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::error!("calls come faster than the disk takes them; some are missing in access.log");
        }
    }
}

/// Until whoever calls is gone.
fn write(calls: &Receiver<Call>, mut access: Rotating, mut security: Rotating) {
    loop {
        let written = match calls.recv_timeout(FLUSH) {
            Ok(call) => {
                let line = call.line();
                let noted = if call.concerns_security() { security.line(&line) } else { Ok(()) };
                noted.and(access.line(&line))
            }
            Err(RecvTimeoutError::Timeout) => access.flush().and(security.flush()),
            Err(RecvTimeoutError::Disconnected) => break,
        };
        if let Err(error) = written {
            tracing::error!(%error, "a call is not written down");
        }
    }
    if let Err(error) = access.flush().and(security.flush()) {
        tracing::error!(%error, "the last calls are not written down");
    }
}

/// A file that becomes `NAME.1` when it is full, which becomes `NAME.2`, and so on.
#[derive(Debug)]
struct Rotating {
    file: PathBuf,
    bytes_max: u64,
    kept: u32,
    bytes: u64,
    out: BufWriter<File>,
}

impl Rotating {
    fn open(file: PathBuf, (bytes_max, kept): (u64, u32)) -> io::Result<Self> {
        let out = OpenOptions::new().create(true).append(true).open(&file)?;
        let bytes = out.metadata()?.len();
        Ok(Self { file, bytes_max, kept, bytes, out: BufWriter::new(out) })
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        if self.bytes > 0 && self.bytes + line.len() as u64 > self.bytes_max {
            self.rotate()?;
        }
        self.bytes += line.len() as u64;
        self.out.write_all(line.as_bytes())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.out.flush()?;
        let named = |n: u32| PathBuf::from(format!("{}.{n}", self.file.display()));
        for n in (1..self.kept.saturating_sub(1)).rev() {
            move_over(&named(n), &named(n + 1))?;
        }
        move_over(&self.file, &named(1))?;
        let anew = Self::open(self.file.clone(), (self.bytes_max, self.kept))?;
        *self = anew;
        Ok(())
    }
}

fn move_over(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_makes_room_and_the_oldest_goes() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.log");
        let mut log = Rotating::open(file.clone(), (10, 3)).unwrap();
        for n in 0..5 {
            log.line(&format!("line {n}\n")).unwrap();
        }
        log.flush().unwrap();
        let read = |name: &str| fs::read_to_string(dir.path().join(name)).ok();
        let text = |n: u32| Some(format!("line {n}\n"));
        assert_eq!([read("a.log"), read("a.log.1"), read("a.log.2")], [text(4), text(3), text(2)]);
        assert_eq!(read("a.log.3"), None);
        drop(log);
        let mut log = Rotating::open(file, (10, 3)).unwrap();
        log.line("again\n").unwrap();
        log.flush().unwrap();
        assert_eq!(read("a.log.1"), text(4), "what was there before counts");
    }
}
