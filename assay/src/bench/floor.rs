//! What the machine itself can do in this very run: the floor that every figure is held against.

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// Bytes of a usual NewOrderSingle, and of its answer in the bare echo.
const MESSAGE_BYTES: usize = 180;

/// Messages in flight in the bare echo, as in the engine's own bench.
const WINDOW: usize = 200;

/// A bare echo over loopback: messages a second with [`WINDOW`] in flight, one thread a side, one write a message, no
/// protocol.
#[allow(clippy::disallowed_methods)] // a driver: it measures
pub(crate) fn loopback_echo(time: Duration) -> std::io::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = std::thread::spawn(move || -> std::io::Result<u64> {
        let (socket, _) = listener.accept()?;
        echo_messages(socket, None)
    });
    let mut socket = TcpStream::connect(address)?;
    socket.write_all(&vec![b'x'; MESSAGE_BYTES * WINDOW])?;
    let start = Instant::now();
    let echoed = echo_messages(socket, Some(start + time))?;
    let rate = echoed as f64 / start.elapsed().as_secs_f64();
    // The server ends with an error when the last messages cross the closing; only its ending matters.
    let _ = server.join();
    Ok(rate)
}

/// Writes back each message as it arrives, until the other side closes or `deadline` passes. Returns how many.
#[allow(clippy::disallowed_methods)] // as above
fn echo_messages(mut socket: TcpStream, deadline: Option<Instant>) -> std::io::Result<u64> {
    socket.set_nodelay(true)?;
    let (mut buffer, mut held, mut count) = (vec![0; 64 * 1024], 0, 0);
    loop {
        let n = socket.read(&mut buffer[held..])?;
        if n == 0 || deadline.is_some_and(|d| Instant::now() > d) {
            return Ok(count);
        }
        held += n;
        let whole = held / MESSAGE_BYTES * MESSAGE_BYTES;
        for message in buffer[..whole].chunks_exact(MESSAGE_BYTES) {
            socket.write_all(message)?;
            count += 1;
        }
        buffer.copy_within(whole..held, 0);
        held -= whole;
    }
}

/// Quantiles of the disk's own sync time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SyncTime {
    /// Median.
    pub(crate) p50: Duration,
    /// 99th percentile.
    pub(crate) p99: Duration,
}

/// Writes and `fdatasync`s 4 KiB blocks into a preallocated file of `dir`, `count` times.
#[allow(clippy::disallowed_methods)] // as above
pub(crate) fn disk_sync(dir: &Path, count: usize) -> std::io::Result<SyncTime> {
    const BLOCK: usize = 4096;
    let path = dir.join("sync-floor");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(&path)?;
    file.write_all(&vec![0; BLOCK * count])?;
    file.sync_all()?;
    file.seek(SeekFrom::Start(0))?;
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        file.write_all(&[b'x'; BLOCK])?;
        let start = Instant::now();
        file.sync_data()?;
        times.push(start.elapsed());
    }
    drop(file);
    std::fs::remove_file(&path)?;
    times.sort_unstable();
    Ok(SyncTime { p50: times[count / 2], p99: times[count * 99 / 100] })
}

/// Nanoseconds of a read that waits for the one before it and that no cache has, anywhere in 512 MiB: mean of `count`.
#[allow(clippy::disallowed_methods)] // as above
pub(crate) fn memory_read(count: u32) -> f64 {
    const PLACES: u32 = 1 << 27;
    // One walk through all places that no prefetcher follows: a congruential generator of full period (Hull and Dobell).
    let next = |place: u32| place.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) % PLACES;
    let places: Vec<u32> = (0..PLACES).map(next).collect();
    let start = Instant::now();
    let mut place = 0;
    for _ in 0..count {
        place = places[place as usize];
    }
    std::hint::black_box(place);
    start.elapsed().as_nanos() as f64 / f64::from(count)
}
