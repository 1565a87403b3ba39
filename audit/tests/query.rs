//! Questions to the store and the three forms of their answers.

mod support;

use assay_audit::{Error, Format, LIMIT_MAX, Narrowing, Object, Page, Query, Selector, parse_time, query};
use assay_event_log::{EventLog, MemoryLog, NewRecord};
use assay_trading_types::*;
use std::path::Path;
use support::*;

fn all(select: Selector) -> Query {
    Query { select, narrow: Narrowing::default(), from: None, to: None, after: None, limit: 100 }
}

fn ask(dir: &Path, question: &Query, format: Format) -> (Page, String) {
    let mut out = Vec::new();
    let page = query(&store(dir), question, format, &mut out).unwrap();
    (page, String::from_utf8(out).unwrap())
}

/// Positions of the rows that answer.
fn positions(dir: &Path, question: &Query) -> Vec<u64> {
    let (page, text) = ask(dir, question, Format::JsonLines);
    let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(page.rows, rows.len());
    rows.iter().map(|row| row["position"].as_u64().unwrap()).collect()
}

#[test]
fn an_order_is_found_whole_by_either_of_its_ids() {
    let dir = tempfile::tempdir().unwrap();
    audited_day(dir.path(), 2);
    let trail = positions(dir.path(), &all(Selector::Order("C0".to_owned())));
    assert_eq!(trail, [1, 2, 3, 4, 5, 6]);
    let by_order_id = all(Selector::Order(OrderId::new(0, 0).to_string()));
    assert_eq!(positions(dir.path(), &by_order_id), trail);
    assert!(positions(dir.path(), &all(Selector::Order("C9".to_owned()))).is_empty());
}

#[test]
fn a_session_and_a_firm_are_found_with_their_messages() {
    let dir = tempfile::tempdir().unwrap();
    audited_day(dir.path(), 1);
    let session = positions(dir.path(), &all(Selector::Session("CLIENT1/ASSAY".to_owned())));
    assert_eq!(session, [0, 1, 2, 3, 5, 6]);
    let firm = positions(dir.path(), &all(Selector::Firm("FIRM1".to_owned())));
    assert_eq!(firm, [0, 1, 2, 3, 4, 5, 6]);
    assert!(positions(dir.path(), &all(Selector::Firm("FIRM2".to_owned()))).is_empty());
}

#[test]
fn a_span_of_time_begins_with_from_and_ends_before_to() {
    let dir = tempfile::tempdir().unwrap();
    audited_day(dir.path(), 4);
    let firm = Selector::Session("CLIENT1/ASSAY".to_owned());
    let span = Query { from: Some(at(1)), to: Some(at(2)), ..all(firm) };
    let (page, text) = ask(dir.path(), &span, Format::JsonLines);
    assert_eq!(page.rows, 5);
    assert!(text.lines().all(|line| line.contains("2026-11-21T09:30:01.000000000Z")), "{text}");
}

#[test]
fn pages_follow_one_another_without_gap_or_overlap() {
    let dir = tempfile::tempdir().unwrap();
    audited_day(dir.path(), 5);
    let whole = Query { to: Some(at(100)), ..all(Selector::All) };
    let expected = positions(dir.path(), &whole);
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = Query { after, limit: 7, ..whole.clone() };
        seen.extend(positions(dir.path(), &page));
        after = ask(dir.path(), &page, Format::Csv).0.next_after;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
}

#[test]
fn unbounded_and_senseless_questions_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    audited_day(dir.path(), 1);
    let firm = all(Selector::Firm("FIRM1".to_owned()));
    for question in [
        all(Selector::All),
        Query { limit: 0, ..firm.clone() },
        Query { limit: LIMIT_MAX + 1, ..firm.clone() },
        Query { from: Some(at(2)), to: Some(at(2)), ..firm.clone() },
    ] {
        let refused = query(&store(dir.path()), &question, Format::Csv, &mut Vec::new());
        assert!(matches!(refused, Err(Error::Query(_))), "{question:?}");
    }
    let missing = query(&dir.path().join("none"), &firm, Format::Csv, &mut Vec::new());
    assert!(matches!(missing, Err(Error::Store { .. })));
}

#[test]
fn a_table_has_aligned_columns_and_readable_fix() {
    let dir = tempfile::tempdir().unwrap();
    audited_day(dir.path(), 1);
    let (_, text) = ask(dir.path(), &all(Selector::Session("CLIENT1/ASSAY".to_owned())), Format::Table);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[1],
        "0           2026-11-21T09:30:00.000000000Z  fix.message.v1         -         CLIENT1/ASSAY    -                  -               8=FIX.4.4|35=A|553=me|554=***|10=000|"
    );
    let kind = lines[0].find("kind").unwrap();
    assert!(lines[1..].iter().all(|line| line[kind..].starts_with(char::is_alphabetic)), "{text}");
}

#[test]
fn csv_has_a_header_and_one_quoted_line_a_row() {
    let dir = tempfile::tempdir().unwrap();
    audited_day(dir.path(), 1);
    let (_, text) = ask(dir.path(), &all(Selector::Order("C0".to_owned())), Format::Csv);
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert!(lines[0].starts_with("position,topic,partition,offset,time,kind,actor,"));
    assert!(lines[0].ends_with(",leaf,chain,payload"));
    assert_eq!(lines.len(), 7);
    let request = lines[2];
    assert!(
        request.starts_with("2,accounts,0,0,2026-11-21T09:30:00.000000000Z,order.requested.v1,"),
        "{request}"
    );
    assert!(request.contains("\"{\"\"request\"\":{"), "{request}");
}

#[test]
fn json_lines_carry_the_payload_as_json_and_fix_as_text() {
    let dir = tempfile::tempdir().unwrap();
    audited_day(dir.path(), 1);
    let (_, text) = ask(dir.path(), &all(Selector::Order("C0".to_owned())), Format::JsonLines);
    let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows[1]["payload"]["terms"]["price"], "100.25");
    assert!(rows[0]["payload"].as_str().unwrap().starts_with("8=FIX.4.4|9=100|35=D|"));
    assert_eq!(rows[0]["leaf"].as_str().unwrap().len(), 64);
}

#[test]
fn times_are_rfc_3339() {
    assert_eq!(parse_time("2026-11-21T09:30:00Z").unwrap(), Timestamp::from_ns(T0));
    assert_eq!(parse_time("2026-11-21T11:30:00.5+02:00").unwrap(), Timestamp::from_ns(T0 + S / 2));
    for bad in ["", "2026-11-21", "yesterday", "2026-11-21T09:30:00", "9999-01-01T00:00:00Z"] {
        assert!(matches!(parse_time(bad), Err(Error::Query(_))), "{bad}");
    }
}

#[test]
fn a_question_after_the_last_position_is_empty() {
    let dir = tempfile::tempdir().unwrap();
    audited_day(dir.path(), 1);
    let beyond = Query { after: Some(Position(u64::MAX)), ..all(Selector::Firm("FIRM1".to_owned())) };
    assert!(positions(dir.path(), &beyond).is_empty());
}

#[test]
fn a_cl_ord_id_used_twice_does_not_mix_two_orders() {
    let dir = tempfile::tempdir().unwrap();
    let log = empty_log();
    let mut audit = assay_audit::AuditService::open(&log, dir.path(), keys()).unwrap();
    for (offset, name) in [(0, "SAME"), (2, "SAME"), (4, "OTHER")] {
        log.append(&mut order(offset, 1, name, at(0))).unwrap();
    }
    settle(&mut audit, &log, at(0));
    let second = positions(dir.path(), &all(Selector::Order(OrderId::new(0, 2).to_string())));
    // The first order's message in has no OrderID yet: it may belong to either, so it is shown with both.
    assert_eq!(second, [0, 6, 7, 8, 9, 10, 11]);
    let by_name = positions(dir.path(), &all(Selector::Order("SAME".to_owned())));
    assert_eq!(by_name, (0..12).collect::<Vec<u64>>());
}

/// An order; a deposit that is asked for, posted and confirmed; a proposal and the word on it; a session.
fn dealings(dir: &Path) -> MemoryLog {
    let log = empty_log();
    let mut audit = assay_audit::AuditService::open(&log, dir, keys()).unwrap();
    log.append(&mut order(0, 1, "C0", at(0))).unwrap();
    let (firm, movement) = (FirmId::new("FIRM1").unwrap(), MovementId::new(MovementKind::Deposit, 0, 2));
    let id = |number: u8| CommandId::new(&format!("cmd_{number:032x}")).unwrap();
    let money = |number, action| MoneyInstructed { command: id(number), firm, action, rules: 3 };
    let deposit = MoneyAction::Deposit {
        account: AccountId::new("FIRM1").unwrap(),
        asset: Asset::new("USD").unwrap(),
        amount: Amount::parse("100").unwrap(),
        method: PayMethod::BankTransfer,
        note: "for \"FIRM9\"".to_owned(),
    };
    let confirm = MoneyAction::Confirm { movement, external_reference: "B1".to_owned(), arrived: None };
    let proposal = ProposalId::new(&format!("prp_{:032x}", 1)).unwrap();
    let command = serde_json::json!({"id": id(3), "operation": "approve_proposal", "by": USER});
    let said: [(Topic, Event); 6] = [
        (Topic::Accounts, money(1, deposit).into()),
        (Topic::Ledger, Posted { movement: Some(movement), ..Posted::of(firm, Vec::new()) }.into()),
        (Topic::Accounts, money(2, confirm).into()),
        (
            Topic::Admin,
            CommandDecided {
                command: id(1),
                operation: "open_firm".to_owned(),
                by: None,
                decision: Decision::Proposed { proposal },
            }
            .into(),
        ),
        (
            Topic::Admin,
            VerdictRequested {
                command: serde_json::from_value(command).unwrap(),
                proposal,
                verdict: Verdict::Approve,
                reason: "known".to_owned(),
                sides: None,
            }
            .into(),
        ),
        (
            Topic::Admin,
            SessionSet {
                comp_id: CompId::new("CLIENT1").unwrap(),
                version: 1,
                settings: serde_json::json!({}),
                reason: "new".to_owned(),
            }
            .into(),
        ),
    ];
    for (topic, said) in said {
        let record =
            NewRecord { actor: Actor::new(&format!("user:{USER}")).unwrap(), ..event(topic, at(1), said) };
        log.append(&mut vec![record]).unwrap();
    }
    settle(&mut audit, &log, at(2));
    log
}

const USER: &str = "usr_0192f3a4b5c60123456789abcdef0123";

#[test]
fn an_object_is_found_by_whatever_names_it_in_the_store_and_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let log = dealings(dir.path());
    let about = |name: &str| {
        let narrow = Narrowing { object: Some(name.to_owned()), ..Narrowing::default() };
        let kept = positions(dir.path(), &Query { narrow, to: Some(at(100)), ..all(Selector::All) });
        let object = Object::new(name);
        let logged = records(&log).into_iter().filter(|record| object.is_in(record));
        assert_eq!(kept, logged.map(|record| record.position.0).collect::<Vec<_>>(), "{name}");
        kept
    };
    assert_eq!(about("DEP-000000000002"), [6, 7, 8], "where it was asked for, and where it is named");
    assert_eq!(about("DEP-000000000003"), [8], "what was said at its place");
    assert_eq!(about("L0000000000000002"), [0; 0], "no loan was asked for there");
    assert_eq!(about("O0000000000000000"), [1, 2, 3, 4, 5]);
    assert_eq!(about("E0000000000000001"), [4]);
    assert_eq!(about("AAPL"), [0, 1, 2, 4]);
    assert_eq!(about("FIRM1"), [1, 2, 3, 4, 6, 7, 8]);
    assert_eq!(about(&format!("prp_{:032x}", 1)), [6, 9, 10], "and the command that asked");
    assert_eq!(about(USER), [6, 7, 8, 9, 10, 11], "and what it did");
    assert_eq!(about("CLIENT1/ASSAY"), [0, 1, 2, 3, 4, 5, 11], "and what changed the session");
    for nobody in ["FIRM", "FIRM9", "%", "O0000000000000009", "it's \" \\ nobody"] {
        assert_eq!(about(nobody), [0; 0], "{nobody}");
    }
}

#[test]
fn an_object_without_a_name_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    audited_day(dir.path(), 1);
    let narrow = Narrowing { object: Some(String::new()), ..Narrowing::default() };
    let question = Query { narrow, ..all(Selector::Firm("FIRM1".to_owned())) };
    let refused = query(&store(dir.path()), &question, Format::Csv, &mut Vec::new());
    assert!(matches!(refused, Err(Error::Query(_))));
}
