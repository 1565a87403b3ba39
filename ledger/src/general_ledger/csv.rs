//! As tables for spreadsheets, by RFC 4180.

use super::entry::{Entry, Period};
use super::statements::TrialBalanceLine;
use std::fmt::Write;

/// The entries of a period that post something, one a line.
pub fn journal_csv(entries: &[Entry], period: Period) -> String {
    let mut out = String::from("at,id,debit,credit,asset,amount,reason\r\n");
    for entry in entries.iter().filter(|e| period.has(e.at)) {
        let (t, Some(amount)) = (&entry.transfer, entry.posted()) else { continue };
        let (debit, credit, asset) = (quoted(&t.debit), quoted(&t.credit), quoted(t.asset.as_str()));
        let line = writeln_crlf(
            &mut out,
            format_args!("{},{:032x},{debit},{credit},{asset},{amount},{:?}", entry.at, t.id.0, t.reason),
        );
        line.expect("a string takes everything");
    }
    out
}

/// A trial balance, one account a line.
pub fn trial_balance_csv(lines: &[TrialBalanceLine]) -> String {
    let mut out = String::from("asset,account,type,debits,credits\r\n");
    for line in lines {
        let (asset, code) = (quoted(line.asset.as_str()), quoted(&line.code));
        let (of, debits, credits) = (line.of.name(), line.debits, line.credits);
        let line = writeln_crlf(&mut out, format_args!("{asset},{code},{of},{debits},{credits}"));
        line.expect("a string takes everything");
    }
    out
}

fn writeln_crlf(out: &mut String, line: std::fmt::Arguments<'_>) -> std::fmt::Result {
    out.write_fmt(line)?;
    out.write_str("\r\n")
}

/// A field, in quotes if it needs them. A formula sign at the front is kept from being one.
fn quoted(field: &str) -> String {
    let guard = if field.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    if guard.is_empty() && !field.contains([',', '"', '\r', '\n']) {
        return field.to_owned();
    }
    format!("\"{guard}{}\"", field.replace('"', "\"\""))
}
