//! The audit trail: every record of the log, who caused it and what its value's hash is.

use super::error::ReportError;
use super::report::column;
use super::source::Source;
use super::spool::Rows;
use assay_audit::Object;
use assay_event_log::Record;
use assay_reports::Column;
use assay_reports::ColumnKind::{Integer, Text, Time};
use assay_trading_types::{ReportParameters, Topic};
use sha2::{Digest, Sha256};

pub(super) const TRAIL: &[Column] = &[
    column("position", Integer, "Its place in the log."),
    column("at", Time, "When it entered the system."),
    column("topic", Text, "Its topic."),
    column("partition", Integer, "Its partition."),
    column("offset", Integer, "Its place in the topic's partition: gapless."),
    column("kind", Text, "What it is."),
    column("key", Text, "The session, firm, symbol or entity that it is about."),
    column("actor", Text, "Who caused it: a user, an address, a session, the configuration or the node."),
    column("trace", Text, "What it belongs to: one request and all that followed from it."),
    column(
        "sha256",
        Text,
        "Of its value's bytes, hex. `assay audit query` shows the value, `assay audit verify` the chain.",
    ),
];

pub(super) fn trail(source: &Source, p: &ReportParameters, rows: &mut Rows<'_>) -> Result<(), ReportError> {
    let object = p.object.as_deref().map(Object::new);
    source.records_of(&Topic::ALL, |record| {
        let is_about = || object.as_ref().is_none_or(|object| object.is_in(record));
        if record.at < p.from || record.at >= p.to || !is_wanted(p, record) || !is_about() {
            return Ok(true);
        }
        rows.put([
            record.position.0.cast_signed().into(),
            record.at.into(),
            record.topic.name().into(),
            i64::from(record.partition).into(),
            record.offset.cast_signed().into(),
            record.kind.name().into(),
            String::from_utf8_lossy(&record.key).into_owned().into(),
            record.actor.to_string().into(),
            record.trace.to_string().into(),
            hex::encode(Sha256::digest(&record.value)).into(),
        ])?;
        Ok(true)
    })
}

fn is_wanted(p: &ReportParameters, record: &Record) -> bool {
    p.actor.as_ref().is_none_or(|actor| record.actor.as_str() == actor)
        && p.kind.as_ref().is_none_or(|kind| record.kind.name() == kind)
        && p.key.as_ref().is_none_or(|key| record.key == key.as_bytes())
}
