//! What compliance sees: questions, views and roles.

#[path = "../../../audit/tests/support/mod.rs"]
mod support;

use assay_audit::clickhouse::{ClickHouseConfig, ClickHouseSink, query_clickhouse};
use assay_audit::{Format, Narrowing, Query, Selector, query};
use assay_clickhouse_tests::{Today, ask};
use assay_event_log::{EventLog, MemoryLog};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use support::*;

fn filled(log: &Arc<MemoryLog>, dir: &Path, config: &ClickHouseConfig) {
    let port = Arc::clone(log) as Arc<dyn EventLog>;
    let mut sink =
        ClickHouseSink::open(port, "assay-test", &dir.join("clickhouse.plan"), config.clone()).unwrap();
    sink.finish(u64::MAX / 2).unwrap();
    assert_eq!(sink.position(), log.durable());
    assert_eq!(sink.turn(Duration::ZERO).unwrap(), 0);
}

#[test]
fn a_question_has_the_same_answer_from_either_store() {
    let Some(server) = Today::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(audited_day(dir.path(), 25));
    let config = ClickHouseConfig::new(server.url(), "assay");
    filled(&log, dir.path(), &config);
    let selectors = [
        Selector::Order("C7".to_owned()),
        Selector::Order("O0000000000000008".to_owned()),
        Selector::Order("it's nobody's \\ order".to_owned()),
        Selector::Session("CLIENT1/ASSAY".to_owned()),
        Selector::Firm("FIRM1".to_owned()),
    ];
    let mut rows = 0;
    for select in selectors {
        for (after, limit) in [(None, 1_000), (None, 5), (Some(assay_trading_types::Position(20)), 7)] {
            for format in [Format::Table, Format::Csv, Format::JsonLines] {
                let question = Query {
                    select: select.clone(),
                    narrow: Narrowing::default(),
                    from: Some(at(0)),
                    to: Some(at(20)),
                    after,
                    limit,
                };
                let (mut ours, mut theirs) = (Vec::new(), Vec::new());
                let page = query(&store(dir.path()), &question, format, &mut ours).unwrap();
                let other = query_clickhouse(&config, &question, format, &mut theirs).unwrap();
                assert_eq!(page, other, "{question:?}");
                assert_eq!(String::from_utf8_lossy(&ours), String::from_utf8_lossy(&theirs), "{question:?}");
                rows += page.rows;
            }
        }
    }
    assert!(rows > 100);
    for object in
        ["AAPL", "O0000000000000008", "DEP-000000000002", "CLIENT1/ASSAY", "FIRM1", "it's \\ nobody"]
    {
        let narrow = Narrowing { object: Some(object.to_owned()), ..Narrowing::default() };
        let (select, from, to) = (Selector::All, Some(at(0)), Some(at(20)));
        let question = Query { select, narrow, from, to, after: None, limit: 1_000 };
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        query(&store(dir.path()), &question, Format::JsonLines, &mut ours).unwrap();
        query_clickhouse(&config, &question, Format::JsonLines, &mut theirs).unwrap();
        assert_eq!(String::from_utf8_lossy(&ours), String::from_utf8_lossy(&theirs), "{object}");
    }
}

/// The engine at hand keeps no users, but reads the statements.
#[test]
fn the_grants_are_what_the_server_reads_and_the_writer_can_neither_read_nor_change() {
    let Some(server) = Today::start() else { return };
    let text = include_str!("../../../deploy/clickhouse/roles.sql");
    let statements = text.split(";\n").map(|statement| {
        statement.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join(" ")
    });
    let mut read = Vec::new();
    for statement in statements.filter(|statement| !statement.trim().is_empty()) {
        let literal = statement.replace('\'', "\\'");
        read.push(ask(&server.url(), "default", &format!("SELECT formatQuerySingleLine('{literal}')")));
    }
    assert_eq!(read.len(), 9);
    let writer: Vec<&String> = read.iter().filter(|s| s.contains("audit_writer")).collect();
    assert!(writer.iter().any(|s| s.starts_with("GRANT INSERT ON assay.record TO")));
    assert!(!writer.iter().any(|s| s.contains("ALTER") || s.contains("payload") || s.contains("assay.*")));
}

/// The worked examples of the documentation run, and the ones that ask for holes and damage find none.
#[test]
fn the_documented_questions_run() {
    let Some(server) = Today::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let log = Arc::new(audited_day(dir.path(), 3));
    let config = ClickHouseConfig::new(server.url(), "assay");
    filled(&log, dir.path(), &config);
    let text = include_str!("../../../docs/compliance/queries.md");
    let questions: Vec<&str> =
        text.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(questions.len() >= 10);
    for question in questions {
        ask(&server.url(), "assay", question.trim().trim_end_matches(';'));
    }
}
