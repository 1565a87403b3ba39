//! The service over real files, killed with SIGKILL again and again while it works.

mod support;

use assay_audit::keys::{VerifyKeys, init, load};
use assay_audit::{AuditPaths, AuditService, verify_both};
use assay_event_log::{EventLog, FileLog, FileLogConfig, open_read_only};
use assay_trading_types::{Position, Timestamp};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use support::*;

/// Names the directory to the child process.
const DIR: &str = "ASSAY_TEST_KILL_DIR";

/// Orders that a child appends when nobody kills it; a bound, so that no orphan runs for ever.
const ORDERS_MAX: u64 = 200_000;

fn config() -> FileLogConfig {
    FileLogConfig { segment_bytes: 4 << 20, ..FileLogConfig::default() }
}

fn open(dir: &Path) -> (FileLog, AuditService) {
    let (log, _) = FileLog::open(dir.join("log"), config()).unwrap();
    let keys = load(&AuditPaths::below(dir).keys).unwrap();
    let audit = AuditService::open(&log, dir, keys).unwrap();
    (log, audit)
}

/// The child: appends orders while the audit runs beside, and says how far the store is.
#[test]
#[ignore = "runs as the child process of kill_nine_at_any_time_leaves_each_row_once"]
fn child() {
    let dir = PathBuf::from(std::env::var_os(DIR).expect("the parent names a directory"));
    let (log, audit) = open(&dir);
    let (stop, clock, stored) = (AtomicBool::new(false), AtomicI64::new(T0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let driver = scope.spawn(|| {
            let now = || Timestamp::from_ns(clock.load(Ordering::Relaxed));
            audit.run(&log, &now, &stop, &|progress| {
                if let assay_audit::Progress::Stored(position) = progress {
                    stored.store(position.0, Ordering::Release);
                    println!("stored {position}");
                }
            })
        });
        for n in 0..ORDERS_MAX {
            let now = Timestamp::from_ns(clock.fetch_add(100_000_000, Ordering::Relaxed));
            let last = log.append(&mut order(0, n, &format!("C{n}"), now)).unwrap();
            log.wait_durable(Position(last.0 + 1), Duration::from_secs(10)).unwrap();
            // Seldom far ahead: above some flow the store would rest between its transactions.
            while n % 10 == 0 && stored.load(Ordering::Acquire) <= last.0 {
                std::thread::yield_now();
            }
        }
        stop.store(true, Ordering::Relaxed);
        driver.join().unwrap().unwrap();
    });
}

/// Starts the child, lets it store for `reports` reports and kills it.
fn live_and_die(dir: &Path, reports: usize) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--ignored", "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let seen = lines.map(Result::unwrap).filter(|line| line.contains("stored")).take(reports).count();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(seen, reports, "the child ended by itself");
}

#[test]
fn kill_nine_at_any_time_leaves_each_row_once() {
    let dir = tempfile::tempdir().unwrap();
    let paths = init(&AuditPaths::below(dir.path()).keys).unwrap();
    for reports in [5, 60, 1, 120, 20] {
        live_and_die(dir.path(), reports);
    }
    let (log, mut audit) = open(dir.path());
    settle(&mut audit, &log, at(1_000_000));
    audit.finish(&log, at(1_000_001)).unwrap();
    drop((audit, log));
    let keys = VerifyKeys::load(&AuditPaths::below(dir.path()).keys, Some(&paths.initial)).unwrap();
    let log = open_read_only(dir.path().join("log")).unwrap();
    let report = verify_both(log.records(Position(0)).unwrap(), &store(dir.path()), &keys).unwrap();
    println!("{report}");
    assert!(report.is_good() && report.store_lag == 0 && report.macs > 0, "{report}");
    assert_eq!(report.macs, report.seals);
    for p in report.partitions.iter().filter(|p| p.partition.topic != assay_trading_types::Topic::Seals) {
        assert_eq!(p.sealed, p.records, "{report}");
    }
}
