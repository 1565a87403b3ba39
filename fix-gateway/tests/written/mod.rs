//! Messages as the gateway writes them, each taken by our own dictionary.

use assay_dictionaries::Dictionary;
use assay_event_log::{EventLog, MemoryLog, NewRecord, Record, Value};
use assay_trading_types::{Actor, Event, Timestamp, Topic, TraceId};
use bytes::Bytes;
use fix_gateway::Report;
use fix_session::{Encoder, FieldIndex, Header, Profile, ValidationOptions, check_message};
use std::sync::Arc;

fn record(event: Event) -> Arc<Record> {
    let log = MemoryLog::default();
    let record = NewRecord {
        topic: Topic::Accounts,
        partition: 0,
        key: Bytes::from_static(b"FIRM1"),
        at: Timestamp::parse_fix(b"20261121-09:30:00.123456").unwrap(),
        origin: None,
        trace: TraceId::default(),
        actor: Actor::new("test").unwrap(),
        wire: None,
        value: Value::event(event),
    };
    log.append(&mut vec![record]).unwrap();
    log.records().remove(0)
}

/// The body of the report that `event` becomes, after the dictionary has taken the whole message.
pub(crate) fn body(event: impl Into<Event>) -> String {
    let event = event.into();
    let record = record(event.clone());
    let report = Report::of(&record, &event).unwrap();
    let mut out = Encoder::new();
    out.begin(&Header {
        msg_type: report.msg_type(),
        seq_num: 2,
        sender_comp_id: b"ASSAY",
        target_comp_id: b"CLIENT1",
        sending_time: b"20261121-09:30:00.000",
        ..Header::default()
    });
    report.write(&mut out);
    let frame = out.finish().to_vec();
    let mut fields = FieldIndex::new();
    let message = fields.parse(&frame, Dictionary::assay(), Profile::Strict).unwrap();
    let text = String::from_utf8(message.body().to_vec()).unwrap().replace('\x01', "|");
    check_message(&message, &ValidationOptions::default()).unwrap_or_else(|v| panic!("{v:?} in {text}"));
    text
}
