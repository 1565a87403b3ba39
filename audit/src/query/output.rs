//! Rows as a table, CSV or JSON lines.

use super::Format;
use crate::row_view::StoredRow;
use assay_trading_types::{Kind, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::io::{self, Write};

/// Columns of the table; CSV has these and the hashes.
const TABLE: [(&str, usize); 8] = [
    ("position", 10),
    ("time", 30),
    ("kind", 21),
    ("firm", 8),
    ("session", 15),
    ("order", 17),
    ("clordid", 14),
    ("what", 0),
];

const CSV: &str = "position,topic,partition,offset,time,kind,actor,firm,session,order_id,cl_ord_id,orig_cl_ord_id,\
                   symbol,exec_id,trace,masked,leaf,chain,payload\r\n";

/// Rows go to `out` one after another; nothing is gathered.
pub(crate) struct Writer<'w, W> {
    format: Format,
    out: &'w mut W,
}

impl<'w, W: Write> Writer<'w, W> {
    pub(crate) fn begin(format: Format, out: &'w mut W) -> io::Result<Self> {
        match format {
            Format::Table => {
                for (name, width) in &TABLE[..7] {
                    write!(out, "{name:<width$}  ")?;
                }
                writeln!(out, "{}", TABLE[7].0)?;
            }
            Format::Csv => out.write_all(CSV.as_bytes())?,
            Format::JsonLines => {}
        }
        Ok(Self { format, out })
    }

    pub(crate) fn row(&mut self, row: &StoredRow) -> io::Result<()> {
        match self.format {
            Format::Table => self.table(row),
            Format::Csv => self.csv(row),
            Format::JsonLines => self.json(row),
        }
    }

    pub(crate) fn finish(self) -> io::Result<()> {
        self.out.flush()
    }

    fn table(&mut self, row: &StoredRow) -> io::Result<()> {
        let time = Timestamp::from_ns(row.at_ns).to_string();
        let position = row.position.to_string();
        let or_dash = |text: &Option<String>| visible(text.as_deref().unwrap_or("-")).into_owned();
        let cells = [
            position,
            time,
            visible(&row.kind).into_owned(),
            or_dash(&row.firm),
            or_dash(&row.session),
            or_dash(&row.order_id),
            or_dash(&row.cl_ord_id),
        ];
        for (cell, (_, width)) in cells.iter().zip(TABLE) {
            write!(self.out, "{cell:<width$}  ")?;
        }
        writeln!(self.out, "{}", visible(&payload_text(row)))
    }

    fn csv(&mut self, row: &StoredRow) -> io::Result<()> {
        let none = String::new();
        let optional = |text: &'_ Option<String>| text.clone().unwrap_or_default();
        let numbers = [row.position, row.partition, row.offset];
        write!(self.out, "{},{},{},{},", numbers[0], csv_cell(&row.topic), numbers[1], numbers[2])?;
        let cells = [
            Timestamp::from_ns(row.at_ns).to_string(),
            row.kind.clone(),
            row.actor.clone(),
            optional(&row.firm),
            optional(&row.session),
            optional(&row.order_id),
            optional(&row.cl_ord_id),
            optional(&row.orig_cl_ord_id),
            optional(&row.symbol),
            optional(&row.exec_id),
            hex::encode(&row.trace),
            if row.is_masked() { "masked".to_owned() } else { none },
            hex::encode(&row.leaf),
            hex::encode(&row.chain),
        ];
        for cell in &cells {
            write!(self.out, "{},", csv_cell(cell))?;
        }
        write!(self.out, "{}\r\n", csv_cell(&payload_text(row)))
    }

    fn json(&mut self, row: &StoredRow) -> io::Result<()> {
        let text = payload_text(row);
        let payload = match Kind::from_name(&row.kind) {
            Some(Kind::FixMessage) | None => serde_json::value::to_raw_value(&text),
            Some(_) => RawValue::from_string(text.into_owned()).or_else(|e| {
                serde_json::value::to_raw_value(&String::from_utf8_lossy(&row.payload)).map_err(|_| e)
            }),
        }?;
        serde_json::to_writer(&mut *self.out, &JsonRow::of(row, &payload))?;
        self.out.write_all(b"\n")
    }
}

#[derive(Serialize)]
struct JsonRow<'a> {
    position: i64,
    topic: &'a str,
    partition: i64,
    offset: i64,
    time: String,
    kind: &'a str,
    actor: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    firm: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cl_ord_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    orig_cl_ord_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    symbol: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exec_id: Option<&'a str>,
    trace: String,
    masked: bool,
    leaf: String,
    chain: String,
    payload: &'a RawValue,
}

impl<'a> JsonRow<'a> {
    fn of(row: &'a StoredRow, payload: &'a RawValue) -> Self {
        Self {
            position: row.position,
            topic: &row.topic,
            partition: row.partition,
            offset: row.offset,
            time: Timestamp::from_ns(row.at_ns).to_string(),
            kind: &row.kind,
            actor: &row.actor,
            firm: row.firm.as_deref(),
            session: row.session.as_deref(),
            order_id: row.order_id.as_deref(),
            cl_ord_id: row.cl_ord_id.as_deref(),
            orig_cl_ord_id: row.orig_cl_ord_id.as_deref(),
            symbol: row.symbol.as_deref(),
            exec_id: row.exec_id.as_deref(),
            trace: hex::encode(&row.trace),
            masked: row.is_masked(),
            leaf: hex::encode(&row.leaf),
            chain: hex::encode(&row.chain),
            payload,
        }
    }
}

/// A payload as text: FIX with `|` for SOH, as everybody reads it; other bytes outside UTF-8 become U+FFFD.
fn payload_text(row: &StoredRow) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(&row.payload);
    match row.kind() {
        Some(Kind::FixMessage) => Cow::Owned(text.replace('\u{1}', "|")),
        _ => text,
    }
}

/// A counterparty's text must not steer the auditor's terminal.
fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect::<String>().into()
}

/// RFC 4180 quoting; a leading `=`, `+`, `-`, `@`, tab or carriage return would be a formula to a spreadsheet (OWASP,
/// "CSV Injection").
fn csv_cell(text: &str) -> Cow<'_, str> {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let quoted = formula || text.contains([',', '"', '\r', '\n']);
    match (formula, quoted) {
        (true, _) => format!("\"'{}\"", text.replace('"', "\"\"")).into(),
        (false, true) => format!("\"{}\"", text.replace('"', "\"\"")).into(),
        (false, false) => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_cells_are_quoted_and_never_formulas() {
        for (text, cell) in [
            ("plain", "plain"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "\"'=1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("-2\"", "\"'-2\"\"\""),
        ] {
            assert_eq!(csv_cell(text), cell);
        }
    }

    #[test]
    fn control_characters_do_not_reach_a_terminal() {
        assert_eq!(visible("a\u{1b}[31mb"), "a\u{fffd}[31mb");
        assert_eq!(visible("plain"), "plain");
    }
}
