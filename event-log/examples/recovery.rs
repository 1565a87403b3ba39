//! Measures the log on this disk: `cargo run --release -p assay-event-log --example recovery [DIR]`.
//!
//! Prints append throughput, the floor under it (the disk's own write + sync), latency of one durable append, and how
//! long opening and reading a million records takes.
#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use assay_event_log::{
    Directory, EventLog, FileLog, FileLogConfig, LogFile, NewRecord, RealDirectory, Value,
};
use assay_trading_types::{Actor, Position, Timestamp, Topic, TraceId};
use bytes::Bytes;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const RECORDS: u64 = 1_000_000;
const VALUE_BYTES: usize = 300;
const GROUP: u64 = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let scratch = tempfile::tempdir()?;
    let root = std::env::args().nth(1).map_or_else(|| scratch.path().to_owned(), Into::into);
    let dir = root.join("log");
    measure_floor(&root)?;
    let (log, _) = FileLog::open(&dir, FileLogConfig::default())?;
    measure_append(&log)?;
    measure_latency(&log)?;
    measure_subscription(&log)?;
    log.close()?;
    drop(log);
    measure_recovery(&dir)?;
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

fn record(value: &Bytes) -> NewRecord {
    NewRecord {
        topic: Topic::Fix,
        partition: 0,
        key: Bytes::from_static(b"CLIENT1/ASSAY"),
        at: Timestamp::from_ns(1_795_253_400_000_000_000),
        origin: None,
        trace: TraceId([7; 16]),
        actor: Actor::new("session:CLIENT1/ASSAY").expect("an id"),
        wire: None,
        value: Value::Fix(value.clone()),
    }
}

/// What the disk does without us: sequential 1 MiB writes, and 512 bytes with a sync each.
fn measure_floor(root: &Path) -> Result<(), Box<dyn Error>> {
    let directory = RealDirectory::create(root)?;
    let file = directory.create("floor")?;
    file.allocate(256 << 20)?;
    let block = vec![1u8; 1 << 20];
    let start = Instant::now();
    for n in 0..256 {
        file.write_at(&block, n << 20)?;
    }
    file.sync()?;
    let secs = start.elapsed().as_secs_f64();
    println!("floor: sequential write and one sync   {:>10.0} MB/s", 268.4 / secs);
    let mut times = sync_times(&*file)?;
    times.sort_unstable();
    println!(
        "floor: 512 bytes and sync              {:>10.1} us p50, {:.1} us p99",
        micros(&times, 50),
        micros(&times, 99)
    );
    directory.remove("floor")?;
    Ok(())
}

fn sync_times(file: &dyn LogFile) -> std::io::Result<Vec<Duration>> {
    (0..500)
        .map(|n| {
            let start = Instant::now();
            file.write_at(&[2; 512], n * 512)?;
            file.sync()?;
            Ok(start.elapsed())
        })
        .collect()
}

fn micros(sorted: &[Duration], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100].as_secs_f64() * 1e6
}

fn measure_append(log: &FileLog) -> Result<(), Box<dyn Error>> {
    let value = Bytes::from(vec![b'x'; VALUE_BYTES]);
    let mut group = Vec::with_capacity(GROUP as usize);
    let (mut queueing, start) = (Duration::ZERO, Instant::now());
    for _ in 0..RECORDS / GROUP {
        group.extend((0..GROUP).map(|_| record(&value)));
        let before = Instant::now();
        log.append(&mut group)?;
        queueing += before.elapsed();
    }
    let queued = start.elapsed().as_secs_f64();
    log.wait_durable(log.end(), Duration::from_secs(60))?;
    let durable = start.elapsed().as_secs_f64();
    let n = log.end().0 as f64;
    println!(
        "append: {n:.0} records of {VALUE_BYTES} bytes    {:>10.0} /s queued, {:.0} /s durable",
        n / queued,
        n / durable
    );
    println!("append: time inside append             {:>10.0} ns a record", queueing.as_secs_f64() * 1e9 / n);
    Ok(())
}

fn measure_latency(log: &FileLog) -> Result<(), Box<dyn Error>> {
    let value = Bytes::from(vec![b'x'; VALUE_BYTES]);
    let mut times = Vec::new();
    for _ in 0..500 {
        let start = Instant::now();
        let last = log.append(&mut vec![record(&value)])?;
        log.wait_durable(Position(last.0 + 1), Duration::from_secs(10))?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    println!(
        "append until durable, one at a time    {:>10.1} us p50, {:.1} us p99",
        micros(&times, 50),
        micros(&times, 99)
    );
    Ok(())
}

fn measure_subscription(log: &FileLog) -> Result<(), Box<dyn Error>> {
    let mut reader = log.reader(&[Topic::Fix], Position(0), true)?;
    let (mut got, mut records, start) = (0, Vec::new(), Instant::now());
    while reader.position() < log.end() {
        got += reader.poll(&mut records, 256)?;
        records.clear();
    }
    println!(
        "reader from position 0                 {:>10.0} /s",
        got as f64 / start.elapsed().as_secs_f64()
    );
    Ok(())
}

fn measure_recovery(dir: &Path) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let (log, recovery) = FileLog::open(dir, FileLogConfig::default())?;
    println!(
        "open with {} records              {:>10.0} ms",
        recovery.records,
        start.elapsed().as_secs_f64() * 1e3
    );
    drop(log);
    let start = Instant::now();
    let log: Arc<assay_event_log::ReadOnlyLog> = Arc::new(assay_event_log::open_read_only(dir)?);
    let verified = log.verify()?;
    println!(
        "verify all {} segments                  {:>10.0} ms",
        verified.segments,
        start.elapsed().as_secs_f64() * 1e3
    );
    let one = dir.join("one");
    let big = FileLogConfig { segment_bytes: 1 << 30, ..FileLogConfig::default() };
    let (log, _) = FileLog::open(&one, big)?;
    let value = Bytes::from(vec![b'x'; VALUE_BYTES]);
    for _ in 0..RECORDS / 100 {
        log.append(&mut (0..100).map(|_| record(&value)).collect())?;
    }
    drop(log);
    let start = Instant::now();
    let (_log, recovery) = FileLog::open(&one, big)?;
    println!(
        "open with {} records in one segment {:>7.0} ms",
        recovery.records,
        start.elapsed().as_secs_f64() * 1e3
    );
    Ok(())
}
