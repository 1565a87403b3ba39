//! Real Kafka brokers for tests.
//!
//! [`Cluster`] runs Apache Kafka in KRaft mode from the jars that `tests/kafka/install.sh` fetches. Where they or Java are
//! missing a test says that it was skipped; with `REQUIRE_KAFKA` set it fails instead.

mod cluster;

pub use cluster::{Cluster, Options};

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// Longest wait for anything that has to come, on the slowest machine.
pub const WAIT_MAX: Duration = Duration::from_secs(180);

/// Where builds go, and what install.sh fetched.
pub fn target_dir() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// Says why a test does nothing, past the test runner's capture; fails where brokers are required.
fn missing(what: &str) {
    assert!(std::env::var_os("REQUIRE_KAFKA").is_none(), "{what}");
    let _ = writeln!(std::io::stderr(), "skipped: {what}; tests/kafka/install.sh installs it");
}

/// Waits for `done`.
///
/// # Panics
/// It does not come within [`WAIT_MAX`]; `why` says more.
#[allow(clippy::disallowed_methods, reason = "a test waits for another process")]
pub fn wait_for(what: &str, why: impl Fn() -> String, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < WAIT_MAX, "{what} did not come: {}", why());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A port that was free a moment ago, from below those that systems give to whoever connects somewhere: so nobody takes it
/// by chance while a broker is down.
///
/// # Panics
/// None is free.
pub fn free_port() -> u16 {
    const FIRST: u16 = 12_000;
    const COUNT: u16 = 18_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = (std::process::id() % u32::from(COUNT)) as u16;
    (0..COUNT)
        .map(|_| {
            FIRST + (u32::from(begin) * 37 + u32::from(NEXT.fetch_add(1, Ordering::Relaxed))) as u16 % COUNT
        })
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}
