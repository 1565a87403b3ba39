//! The whole state as bytes, in an order that does not depend on hashing.

use crate::Error;
use crate::risk::Risk;

/// First byte of a snapshot.
const VERSION: u8 = 14;

pub(crate) fn write(risk: &Risk) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    rmp_serde::encode::write_named(&mut bytes, risk).expect("a state in memory can be written to memory");
    bytes
}

pub(crate) fn read(bytes: &[u8]) -> Result<Risk, Error> {
    let body = bytes.strip_prefix(&[VERSION]).ok_or_else(|| Error::Foreign {
        expected: u16::from(VERSION),
        what: format!("it begins with {:?}", bytes.first()),
    })?;
    let mut risk: Risk = rmp_serde::from_slice(body).map_err(|e| Error::Damaged { what: e.to_string() })?;
    risk.used_entries = risk.sessions.rows().map(|(.., session)| session.used.entries()).sum();
    risk.check_numbers().map_err(|what| Error::Damaged { what })?;
    Ok(risk)
}
