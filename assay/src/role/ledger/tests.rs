use super::postings::Postings;
use assay_event_log::{EventLog, MemoryLog, NewRecord, Value};
use assay_trading_types::{Actor, ClockTicked, Event, Origin, Position, Role, Timestamp, Topic, TraceId};

/// An output of risk for input `offset` that says `ns`.
fn posting(offset: u64, ns: i64) -> NewRecord {
    let at = Timestamp::from_ns(ns);
    NewRecord {
        topic: Topic::Ledger,
        partition: 0,
        key: "FIRM1".into(),
        at,
        origin: Some(Origin::Input {
            role: Role::Risk,
            topic: Topic::Accounts,
            partition: 0,
            offset,
            index: 0,
        }),
        trace: TraceId::default(),
        actor: Actor::new("risk").unwrap(),
        wire: None,
        value: Value::event(Event::from(ClockTicked { now: at })),
    }
}

/// What comes of comparing `expected` with a log of `found`, both by offset and content.
fn compared(expected: &[(u64, i64)], found: &[(u64, i64)]) -> Result<(), String> {
    let log = MemoryLog::default();
    for (offset, ns) in found {
        log.append(&mut vec![posting(*offset, *ns)]).unwrap();
    }
    let mut postings = Postings::new(log.reader(&[Topic::Ledger], Position(0), false).unwrap());
    for (offset, ns) in expected {
        postings.expect(vec![posting(*offset, *ns)]);
        postings.compare().map_err(|error| error.to_string())?;
    }
    Ok(())
}

#[test]
fn postings_that_follow_are_good_whoever_is_ahead_and_however_often_they_stand_there() {
    let all = [(3, 1), (4, 2), (9, 3)];
    assert_eq!(compared(&all, &all), Ok(()));
    assert_eq!(compared(&all, &all[..1]), Ok(()), "the log has not come so far");
    assert_eq!(compared(&all[..1], &all), Ok(()), "nor have we");
    assert_eq!(compared(&all, &[(3, 1), (3, 1), (4, 2), (3, 1), (9, 3)]), Ok(()), "a zombie wrote twice");
    assert_eq!(compared(&all[1..], &all), Ok(()), "what was before a snapshot is not expected");
}

#[test]
fn a_posting_of_another_content_place_or_cause_is_found() {
    for (expected, found) in [
        (&[(3, 1), (4, 2)][..], &[(3, 1), (4, 7)][..]),
        (&[(3, 1), (4, 2)][..], &[(3, 1), (5, 2)][..]),
        (&[(3, 1), (9, 2)][..], &[(3, 1), (5, 2)][..]),
    ] {
        let wrong = compared(expected, found).unwrap_err();
        assert!(wrong.contains("at position 1"), "{wrong}");
    }
}
