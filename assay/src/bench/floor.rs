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

/// A bare echo over loopback: messages a second with [`WINDOW`] in flight, one thread a side, no protocol.
pub(crate) fn loopback_echo(time: Duration) -> std::io::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = std::thread::spawn(move || -> std::io::Result<()> {
        let (mut socket, _) = listener.accept()?;
        socket.set_nodelay(true)?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match socket.read(&mut buffer)? {
                0 => return Ok(()),
                n => socket.write_all(&buffer[..n])?,
            }
        }
    });
    let mut socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    let window = vec![b'x'; MESSAGE_BYTES * WINDOW];
    socket.write_all(&window)?;
    let mut buffer = vec![0; 64 * 1024];
    let (start, mut echoed) = (Instant::now(), 0);
    while start.elapsed() < time {
        let n = socket.read(&mut buffer)?;
        echoed += n;
        socket.write_all(&buffer[..n])?;
    }
    let rate = echoed as f64 / MESSAGE_BYTES as f64 / start.elapsed().as_secs_f64();
    drop(socket);
    server.join().map_err(|_| std::io::Error::other("echo thread panicked"))?.or_else(|e| {
        match e.kind() {
            std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::BrokenPipe => Ok(()),
            _ => Err(e),
        }
    })?;
    Ok(rate)
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
