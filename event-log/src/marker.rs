//! The durable marker: a side file that says up to where the log was synced. Written after each sync and not synced
//! itself, so it may be older than the truth and never newer.

use crate::LogError;
use crate::files::{Directory, LogFile, read_full_at, write_all_at};
use crate::frame::array;
use crate::segment::io_error;
use std::io;
use std::sync::Arc;

const FILE: &str = "durable";
const MAGIC: &[u8; 8] = b"ASSAYDUR";
const BYTES: usize = 20;

/// The marker of an open log.
pub(crate) struct Marker(Arc<dyn LogFile>);

impl Marker {
    /// Opens the marker for writing, new if there is none.
    pub(crate) fn open(directory: &dyn Directory) -> Result<Self, LogError> {
        let file = match directory.open(FILE, true) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => directory.create(FILE),
            other => other,
        };
        file.map(Self).map_err(|e| io_error("open", FILE, e))
    }

    /// Says that everything below `position` is durable.
    pub(crate) fn set(&self, position: u64) -> Result<(), LogError> {
        let mut bytes = [0; BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..16].copy_from_slice(&position.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..16]);
        bytes[16..].copy_from_slice(&crc.to_le_bytes());
        write_all_at(&*self.0, &bytes, 0).map_err(|e| io_error("write", FILE, e))
    }
}

/// Position below which everything was durable; 0, which claims nothing, when the marker is missing or torn.
pub(crate) fn read(directory: &dyn Directory) -> Result<u64, LogError> {
    let file = match directory.open(FILE, false) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(e) => return Err(io_error("open", FILE, e)),
    };
    let mut bytes = [0; BYTES];
    let read = read_full_at(&*file, &mut bytes, 0).map_err(|e| io_error("read", FILE, e))?;
    let crc = u32::from_le_bytes(array(&bytes, 16).unwrap_or_default());
    if read < BYTES || !bytes.starts_with(MAGIC) || crc32c::crc32c(&bytes[..16]) != crc {
        return Ok(0);
    }
    Ok(u64::from_le_bytes(array(&bytes, 8).unwrap_or_default()))
}
