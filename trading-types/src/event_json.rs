//! Events as bytes of a record.

use crate::{Event, Kind};

/// A record's value that is not what its kind says.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A FIX message is bytes, not an event.
    #[error("a FIX message is not an event")]
    NotAnEvent,
    /// Not the JSON of that kind.
    #[error("value is not a {kind}")]
    Json {
        /// The kind it should be.
        kind: &'static str,
        /// What serde found.
        #[source]
        source: serde_json::Error,
    },
}

/// The value of a record that holds `event`.
pub fn encode(event: &Event) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    encode_into(event, &mut out);
    out
}

/// Appends the value of a record that holds `event`.
pub fn encode_into(event: &Event, out: &mut Vec<u8>) {
    event.write_json(out).expect("events have string keys and write to memory");
}

/// The event in a record of `kind`.
///
/// # Errors
/// A FIX message, or bytes that are not the kind's JSON.
pub fn decode(kind: Kind, value: &[u8]) -> Result<Event, DecodeError> {
    match Event::read_json(kind, value) {
        Ok(Some(event)) => Ok(event),
        Ok(None) => Err(DecodeError::NotAnEvent),
        Err(source) => Err(DecodeError::Json { kind: kind.name(), source }),
    }
}
