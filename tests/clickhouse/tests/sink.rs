//! Each record is one row, whatever fails between log and server.

#[path = "../../../audit/tests/support/mod.rs"]
mod support;

use assay_audit::Error;
use assay_audit::clickhouse::{ClickHouseConfig, ClickHouseError, ClickHouseSink, Repeats, rebuild};
use assay_audit::{verify_clickhouse, verify_log_and_clickhouse};
use assay_clickhouse_tests::{Cut, Debian, Link, Today, ask};
use assay_event_log::{EventLog, MemoryLog};
use assay_trading_types::*;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use support::*;

const WAIT: Duration = Duration::from_millis(5);

fn sink(log: &Arc<MemoryLog>, dir: &Path, config: &ClickHouseConfig) -> Result<ClickHouseSink, Error> {
    let log = Arc::clone(log) as Arc<dyn EventLog>;
    ClickHouseSink::open(log, "assay-test", &dir.join("clickhouse.plan"), config.clone())
}

/// Drives until everything durable is stored.
fn drain(sink: &mut ClickHouseSink, log: &MemoryLog) {
    let mut turns = 0;
    while sink.position() < log.durable() {
        sink.turn(WAIT).unwrap();
        turns += 1;
        assert!(turns < 20_000, "the sink stands at {} of {}", sink.position(), log.durable());
    }
}

fn assert_each_once(log: &MemoryLog, config: &ClickHouseConfig) {
    let report = verify_log_and_clickhouse(read(records(log)), config, &all_keys()).unwrap();
    assert!(report.is_good(), "{report}");
    assert_eq!((report.records, report.store_lag), (log.durable().0, 0));
    assert_eq!(one(config, "SELECT count() FROM record"), log.durable().0.to_string());
}

fn one(config: &ClickHouseConfig, sql: &str) -> String {
    ask(&config.url, &config.database, sql)
}

#[test]
fn every_record_is_a_row_and_the_store_verifies_against_the_log_and_alone() {
    let Some(server) = Today::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(audited_day(dir.path(), 40));
    let config = ClickHouseConfig::new(server.url(), "assay");
    let mut sink = sink(&log, dir.path(), &config).unwrap();
    drain(&mut sink, &log);
    assert_each_once(&log, &config);
    let alone = verify_clickhouse(&config, &all_keys()).unwrap();
    assert!(alone.is_good(), "{alone}");
    assert_eq!(alone.masked, 1, "the logon's password is masked");
    assert_eq!(one(&config, "SELECT count() FROM record WHERE position(payload, 'hunter2') > 0"), "0");
    assert_eq!(one(&config, "SELECT count() FROM broken"), "0");
    assert_eq!(one(&config, "SELECT count() FROM gaps"), "0");
}

#[test]
fn a_sink_that_stops_or_dies_goes_on_where_it_stood() {
    let Some(server) = Today::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(audited_day(dir.path(), 20));
    let config = ClickHouseConfig::new(server.url(), "assay");
    let mut first = sink(&log, dir.path(), &config).unwrap();
    first.finish(u64::MAX / 2).unwrap();
    assert_eq!(first.position(), log.durable());
    drop(first);
    log.append(&mut order(1_000, 1_000, "later", at(1_000))).unwrap();
    let mut second = sink(&log, dir.path(), &config).unwrap();
    assert_eq!(second.position().0, log.durable().0 - 6);
    second.turn(WAIT).unwrap(); // taken, not yet sent: a death here loses nothing
    drop(second);
    let mut third = sink(&log, dir.path(), &config).unwrap();
    drain(&mut third, &log);
    assert_eq!(one(&config, "SELECT count() FROM record"), log.durable().0.to_string());
}

#[test]
fn a_block_whose_answer_was_lost_is_there_once_after_a_crash_or_a_second_try() {
    let Some(server) = Today::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(audited_day(dir.path(), 30));
    let link = Link::to(server.port());
    let config = ClickHouseConfig::new(link.url(), "assay");
    for crashes in [true, false] {
        let mut sink = sink(&log, dir.path(), &config).unwrap();
        link.cut(Cut::AnswersToBlocks);
        let before: u64 = one(&config, "SELECT count() FROM record").parse().unwrap();
        while one(&config, "SELECT count() FROM record").parse::<u64>().unwrap() == before {
            sink.turn(WAIT).unwrap();
        }
        assert!(sink.position() < log.durable(), "what was not answered is not counted");
        let mut sink = match crashes {
            true => {
                drop(sink);
                link.cut(Cut::None);
                self::sink(&log, dir.path(), &config).unwrap()
            }
            false => sink,
        };
        link.cut(Cut::None);
        drain(&mut sink, &log);
        assert_eq!(one(&config, "SELECT count() FROM record"), log.durable().0.to_string());
        log.append(&mut order(2_000, 2_000, "more", at(2_000))).unwrap();
    }
    let mut last = sink(&log, dir.path(), &config).unwrap();
    drain(&mut last, &log);
    assert_eq!(one(&config, "SELECT count() FROM broken"), "0");
    assert_eq!(one(&config, "SELECT count() FROM record"), log.durable().0.to_string());
}

#[test]
fn a_server_that_is_away_or_killed_holds_nobody_up_and_gets_everything_later() {
    let Some(mut server) = Today::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(audited_day(dir.path(), 30));
    let config = ClickHouseConfig::new(server.url(), "assay");
    server.kill();
    let mut sink = sink(&log, dir.path(), &config).unwrap();
    assert_eq!(sink.turn(WAIT).unwrap(), 0);
    assert_eq!(sink.position(), Position(0));
    server.restart();
    drain(&mut sink, &log);
    log.append(&mut order(3_000, 3_000, "meanwhile", at(3_000))).unwrap();
    server.kill();
    for _ in 0..300 {
        sink.turn(WAIT).unwrap();
    }
    assert!(sink.position() < log.durable());
    server.restart();
    drain(&mut sink, &log);
    assert_eq!(one(&config, "SELECT count() FROM record"), log.durable().0.to_string());
    assert_eq!(one(&config, "SELECT count() FROM broken"), "0");
}

#[test]
fn a_lost_plan_is_made_again_from_the_database_and_a_damaged_database_is_named() {
    let Some(server) = Today::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(audited_day(dir.path(), 20));
    let config = ClickHouseConfig::new(server.url(), "assay");
    let mut first = sink(&log, dir.path(), &config).unwrap();
    drain(&mut first, &log);
    drop(first);
    std::fs::remove_file(dir.path().join("clickhouse.plan")).unwrap();
    log.append(&mut order(4_000, 4_000, "after", at(4_000))).unwrap();
    let mut second = sink(&log, dir.path(), &config).unwrap();
    assert_eq!(second.position().0, log.durable().0 - 6);
    drain(&mut second, &log);
    drop(second);
    assert_eq!(one(&config, "SELECT count() FROM record"), log.durable().0.to_string());

    std::fs::remove_file(dir.path().join("clickhouse.plan")).unwrap();
    one(&config, "ALTER TABLE record DELETE WHERE position = 7 SETTINGS mutations_sync = 2");
    let refused = sink(&log, dir.path(), &config).err().unwrap();
    assert!(matches!(refused, Error::ClickHouse(ClickHouseError::Differs { .. })), "{refused}");
    rebuild(&config, "assay-test", &dir.path().join("clickhouse.plan")).unwrap();
    let mut rebuilt = sink(&log, dir.path(), &config).unwrap();
    assert_eq!(rebuilt.position(), Position(0));
    drain(&mut rebuilt, &log);
    assert_eq!(one(&config, "SELECT count() FROM record"), log.durable().0.to_string());
    assert_eq!(one(&config, "SELECT count() FROM broken"), "0");
}

#[test]
fn a_changed_or_missing_row_is_named_by_both_verifiers_and_by_sql() {
    let Some(server) = Today::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(audited_day(dir.path(), 20));
    let config = ClickHouseConfig::new(server.url(), "assay");
    drain(&mut sink(&log, dir.path(), &config).unwrap(), &log);
    let change = "ALTER TABLE record UPDATE payload = replaceAll(payload, '100.25', '100.26') WHERE position = 9 SETTINGS mutations_sync = 2";
    one(&config, change);
    let report = verify_clickhouse(&config, &all_keys()).unwrap();
    assert!(!report.is_good());
    assert_eq!(report.fault.as_ref().unwrap().place.position, Some(Position(9)), "{report}");
    let both = verify_log_and_clickhouse(read(records(&log)), &config, &all_keys()).unwrap();
    assert_eq!(both.fault.as_ref().unwrap().place.position, Some(Position(9)), "{both}");
    assert_eq!(one(&config, "SELECT position, leaf_holds FROM broken"), "9\t0");

    one(&config, "ALTER TABLE record DELETE WHERE position = 9 SETTINGS mutations_sync = 2");
    let report = verify_clickhouse(&config, &all_keys()).unwrap();
    assert_eq!(report.fault.as_ref().unwrap().place.position, Some(Position(9)), "{report}");
    assert_eq!(one(&config, "SELECT count(), sum(missing) FROM gaps"), "1\t1");
    assert_eq!(one(&config, "SELECT leaf_holds, chain_holds FROM broken"), "1\t0");
}

#[test]
fn a_block_never_holds_two_months() {
    let Some(server) = Today::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(empty_log());
    const DAY: i64 = 86_400;
    for (n, day) in [0, 5, 9, 10, 40].into_iter().enumerate() {
        let n = n as u64;
        log.append(&mut order(2 * n, n + 2, &format!("M{n}"), at(day * DAY))).unwrap();
    }
    let config = ClickHouseConfig::new(server.url(), "assay");
    drain(&mut sink(&log, dir.path(), &config).unwrap(), &log);
    assert_eq!(one(&config, "SELECT count() FROM record"), "30");
    let parts = "SELECT partition, sum(rows) FROM system.parts WHERE database = 'assay' AND table = 'record' AND active \
                 GROUP BY partition ORDER BY partition";
    assert_eq!(one(&config, parts), "202611\t18\n202612\t12");
}

#[test]
fn a_database_that_cannot_serve_is_refused_in_so_many_words() {
    let Some(server) = Today::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(audited_day(dir.path(), 2));
    let config = ClickHouseConfig::new(server.url(), "assay");
    drop(sink(&log, dir.path(), &config).unwrap());
    let refusal = |log_name: &str, config: &ClickHouseConfig| {
        let log = Arc::clone(&log) as Arc<dyn EventLog>;
        let plan = dir.path().join("clickhouse.plan");
        match ClickHouseSink::open(log, log_name, &plan, config.clone()) {
            Err(Error::ClickHouse(refused)) => refused,
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("not refused"),
        }
    };
    assert!(matches!(refusal("assay-other", &config), ClickHouseError::ForeignLog { .. }));

    let longer = ClickHouseConfig { retention_years: 9, ..config.clone() };
    drop(sink(&log, dir.path(), &longer).unwrap());
    assert!(matches!(
        refusal("assay-test", &config),
        ClickHouseError::ShorterRetention { kept: 9, asked: 7, .. }
    ));

    let forgetful = ClickHouseConfig::new(server.url(), "forgetful");
    drop(sink(&log, dir.path(), &forgetful).unwrap());
    one(&forgetful, "ALTER TABLE record MODIFY SETTING non_replicated_deduplication_window = 0");
    let refused = refusal("assay-test", &forgetful);
    assert!(matches!(refused, ClickHouseError::NoDeduplication { .. }), "{refused}");
    assert!(refused.to_string().contains("read_back_only"), "{refused}");

    one(&config, "INSERT INTO log (name, schema) VALUES ('assay-test', 99)");
    assert!(matches!(refusal("assay-test", &longer), ClickHouseError::NewerSchema { found: 99, .. }));
}

#[test]
fn an_old_server_is_refused_by_default_and_serves_rows_by_choice() {
    let Some(mut server) = Debian::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(audited_day(dir.path(), 30));
    let config = ClickHouseConfig::new(server.url(), "assay");
    let refused = sink(&log, dir.path(), &config).err().unwrap();
    assert!(refused.to_string().contains("18.16"), "{refused}");
    assert!(refused.to_string().contains("22.8 or newer"), "{refused}");

    let config = ClickHouseConfig { repeats: Repeats::ReadBackOnly, compress: true, ..config };
    let mut sink = sink(&log, dir.path(), &config).unwrap();
    drain(&mut sink, &log);
    assert_each_once(&log, &config);
    for n in 0..3 {
        log.append(&mut order(5_000 + 2 * n, 5_000 + n, &format!("kill{n}"), at(5_000))).unwrap();
        sink.turn(WAIT).unwrap();
        server.kill();
        for _ in 0..200 {
            sink.turn(WAIT).unwrap();
        }
        server.restart();
        drain(&mut sink, &log);
    }
    assert_eq!(one(&config, "SELECT count() FROM record"), log.durable().0.to_string());
    assert_eq!(one(&config, "SELECT uniqExact(position) FROM record"), log.durable().0.to_string());
}
