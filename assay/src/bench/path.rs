//! The socket parts: a server process of its own, load clients in this one, CPU of the server told by thread.

use super::Floor;
use super::cpu::CpuTimes;
use super::load::{self, Load, LoadResult};
use crate::cli::BenchArgs;
use crate::demo::server::Server;
use crate::process::resident_bytes;
use hdrhistogram::Histogram;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(super) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Sessions of the whole path, each of a firm of its own so that they trade with one another.
const SESSIONS: u64 = 2;

/// Orders a session has in flight at full speed.
const WINDOW: usize = 500;

/// Orders a second at which latency is measured.
const PACED_RATE: f64 = 10_000.0;

/// Seconds of paced orders.
const PACED_S: u64 = 5;

/// The whole path: full speed, then paced.
pub(super) fn whole(args: &BenchArgs, floor: &Floor) -> Result<()> {
    let dir = fresh(&args.dir.join("path"))?;
    let server = Server::start(&configuration(&dir)?, &dir.join("data"))?;
    full_speed("path", &server, args.orders, floor)?;
    paced("path", &server, PACED_RATE as u64 * PACED_S, PACED_RATE, floor)?;
    if !server.stop()? {
        return Err("the server did not stop cleanly".into());
    }
    Ok(())
}

/// So many orders as fast as they are taken.
pub(super) fn full_speed(what: &str, server: &Server, orders: u64, floor: &Floor) -> Result<()> {
    // The first orders warm caches, allocate and grow tables; they are not counted.
    run_sessions(server, orders / 10, 0, None)?;
    let (before, began) = (CpuTimes::of(server.pid())?, resident_bytes(server.pid())?);
    let results = run_sessions(server, orders, 1_000_000_000, None)?;
    let used = CpuTimes::of(server.pid())?.since(&before);
    let took = results.iter().map(|r| r.took).max().unwrap_or_default();
    let rate = orders as f64 / took.as_secs_f64();
    println!(
        "{what}: {rate:.0} orders/s, {SESSIONS} sessions, window {WINDOW}, risk, match, ledger, audit chain, all synced ({:.2} of the bare echo)",
        rate / floor.echo_per_s
    );
    print_counts(what, &results);
    print_cpu(what, &used, orders);
    let now = resident_bytes(server.pid())?;
    println!("{what}: resident {} MiB before, {} MiB after {orders} orders", began >> 20, now >> 20);
    Ok(())
}

/// So many orders, `rate` of them a second; microseconds from order to answer.
pub(super) fn paced(
    what: &str,
    server: &Server,
    orders: u64,
    rate: f64,
    floor: &Floor,
) -> Result<Histogram<u64>> {
    let latency = merged(&run_sessions(server, orders, 2_000_000_000, Some(rate / SESSIONS as f64))?);
    print_latency(what, &latency, rate, floor);
    Ok(latency)
}

/// Recovery after a clean stop and after a kill, on the log that [`whole`] left.
pub(super) fn recovery(args: &BenchArgs) -> Result<()> {
    let dir = args.dir.join("path");
    if !dir.join("data").exists() {
        println!("recovery: run the path part first, it leaves the log that is recovered");
        return Ok(());
    }
    for what in ["after a clean stop", "after a kill -9"] {
        let began = instant();
        let server = Server::start(&dir.join("assay.toml"), &dir.join("data"))?;
        let took = began.elapsed();
        let records = server.metric("assay_log_end").unwrap_or(0);
        println!("recovery: {took:.2?} {what}, log of {records} records");
        server.kill()?;
    }
    Ok(())
}

fn run_sessions(server: &Server, orders: u64, first_id: u64, rate: Option<f64>) -> Result<Vec<LoadResult>> {
    let clients: Vec<_> = (0..SESSIONS)
        .map(|i| {
            let load = Load {
                comp_id: format!("CLIENT{}", i + 1),
                target: "ASSAY".to_owned(),
                account: format!("FIRM{}", i + 1),
                orders: orders / SESSIONS,
                window: WINDOW,
                rate,
                first_id: first_id + i,
                tls: None,
            };
            let address = server.fix;
            std::thread::spawn(move || load::run(address, &load))
        })
        .collect();
    clients.into_iter().map(|c| Ok(c.join().map_err(|_| "a load client panicked")??)).collect()
}

fn print_counts(what: &str, results: &[LoadResult]) {
    let fills: u64 = results.iter().map(|r| r.fills).sum();
    let refused: u64 = results.iter().map(|r| r.refused).sum();
    println!("{what}: {fills} fills, {refused} refused");
}

/// CPU an order, whole and by thread.
pub(super) fn print_cpu(what: &str, used: &CpuTimes, orders: u64) {
    print_cpu_each(what, "an order", used, orders);
}

/// As [`print_cpu`], of something else that was done so often.
pub(super) fn print_cpu_each(what: &str, unit: &str, used: &CpuTimes, count: u64) {
    let each = |time: Duration| time.as_secs_f64() * 1e6 / count as f64;
    let threads: Vec<String> = used
        .by_thread()
        .filter(|(_, t)| each(*t) >= 0.01)
        .map(|(name, t)| format!("{name} {:.2}", each(t)))
        .collect();
    println!("{what}: {:.2} us of server CPU {unit}: {}", each(used.total()), threads.join(", "));
}

/// Latency beside the disk's own.
pub(super) fn print_latency(what: &str, latency_us: &Histogram<u64>, rate: f64, floor: &Floor) {
    let p = |q| latency_us.value_at_quantile(q);
    let sync = floor.sync.p99.as_secs_f64() * 1e6;
    println!(
        "{what}: at {rate:.0} orders/s p50 {} us, p99 {} us, p99.9 {} us; p99 is {:.1} times the disk's p99 sync",
        p(0.5),
        p(0.99),
        p(0.999),
        p(0.99) as f64 / sync
    );
}

pub(super) fn merged(results: &[LoadResult]) -> Histogram<u64> {
    let mut all = results[0].latency_us.clone();
    results[1..].iter().for_each(|r| {
        let _ = all.add(&r.latency_us);
    });
    all
}

/// An empty directory at `dir`.
pub(super) fn fresh(dir: &Path) -> std::io::Result<PathBuf> {
    if dir.exists() {
        std::fs::remove_dir_all(dir)?;
    }
    std::fs::create_dir_all(dir)?;
    Ok(dir.to_owned())
}

/// Two sessions of two firms that trade one instrument.
pub(super) fn configuration(dir: &Path) -> std::io::Result<PathBuf> {
    let mut text = "[gateway]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n".to_owned();
    for i in 1..=SESSIONS {
        text += &format!(
            "[[session]]\ncomp_id = \"CLIENT{i}\"\nfirm = \"FIRM{i}\"\nthrottle = {{ per_s = 1000000 }}\n"
        );
    }
    for i in 1..=SESSIONS {
        text += &format!(
            "[[firm]]\nid = \"FIRM{i}\"\ncash = {{ USD = \"1000000000000000\" }}\npositions = {{ AAPL = \"1000000000000\" }}\n\
             limits = {{ order_qty = 100000, order_notional = \"10000000\", orders_per_s = 1000000, price_collar_bp = 1000 }}\n"
        );
    }
    text += "[[instrument]]\nsymbol = \"AAPL\"\ncurrency = \"USD\"\ntick_size = \"0.01\"\nlot_size = 1\nreference_price = \"100.00\"\n";
    let file = dir.join("assay.toml");
    std::fs::write(&file, text)?;
    Ok(file)
}

#[allow(clippy::disallowed_methods)] // a driver: it measures
pub(super) fn instant() -> Instant {
    Instant::now()
}
