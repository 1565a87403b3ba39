//! Rows in ClickHouse's RowBinary: values one after another, integers little endian, strings after their length.

use crate::row::Row;

/// Columns as [`write_row`] writes them.
pub(crate) const COLUMNS: &str = "topic, partition, offset, position, at_ns, kind, actor, firm, session, order_id, \
     cl_ord_id, orig_cl_ord_id, symbol, exec_id, key, origin, trace, wire, payload, masked_digest, leaf, chain";

/// Appends `row`. What it does not have is an empty text.
pub(crate) fn write_row(row: &Row<'_>, out: &mut Vec<u8>) {
    let record = row.record;
    string(out, record.topic.name().as_bytes());
    out.extend_from_slice(&record.partition.to_le_bytes());
    out.extend_from_slice(&record.offset.to_le_bytes());
    out.extend_from_slice(&(record.position.0 as i64).to_le_bytes());
    out.extend_from_slice(&record.at.as_ns().to_le_bytes());
    string(out, record.kind.name().as_bytes());
    string(out, record.actor.as_str().as_bytes());
    optional(out, row.ids.firm);
    optional(out, row.ids.session);
    optional(out, row.order_id.as_deref());
    optional(out, row.ids.cl_ord_id);
    optional(out, row.ids.orig_cl_ord_id);
    optional(out, row.ids.symbol);
    optional(out, row.exec_id.as_deref());
    string(out, &record.key);
    string(out, row.origin);
    string(out, &record.trace.0);
    string(out, row.wire);
    string(out, &row.payload);
    string(out, row.masked_digest.as_ref().map_or(&[], |digest| &digest[..]));
    string(out, &row.link.leaf);
    string(out, &row.link.chain);
}

fn optional(out: &mut Vec<u8>, text: Option<&str>) {
    string(out, text.unwrap_or_default().as_bytes());
}

fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    leb128(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn leb128(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_seven_bits_a_byte() {
        let of = |value| {
            let mut out = Vec::new();
            leb128(&mut out, value);
            out
        };
        assert_eq!(of(0), [0]);
        assert_eq!(of(127), [127]);
        assert_eq!(of(128), [0x80, 1]);
        assert_eq!(of(300), [0xac, 2]);
    }
}
