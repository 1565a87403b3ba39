//! As plain-text accounting: ledger-cli (ledger-cli.org, which hledger reads too) and beancount (beancount.github.io).
//!
//! Both sign debits positive and credits negative. What their syntax has no room for is escaped as `-x` and two hex digits
//! (accounts) or `_` and two hex digits (beancount's commodities), so that two names are never one.

use super::chart::Chart;
use super::entry::{Entry, Period};
use assay_trading_types::{Amount, Asset, Date, LedgerCode};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The entries up to the end of the period for ledger-cli, with an assertion of each balance behind them.
pub fn ledger_cli(entries: &[Entry], chart: &Chart, period: Period) -> String {
    let mut out = String::new();
    let commodity = |asset: Asset| format!("\"{}\"", asset.as_str().replace('"', "_22"));
    for entry in entries.iter().filter(|e| period.ends_after(e.at)) {
        let Some(amount) = entry.posted() else { continue };
        let (t, asset) = (&entry.transfer, commodity(entry.transfer.asset));
        put(&mut out, format_args!("{} * {:?}  ; id: {:032x}", Date::of(entry.at), t.reason, t.id.0));
        put(&mut out, format_args!("    {}  {amount} {asset}", account(t.debit, chart)));
        put(&mut out, format_args!("    {}  -{amount} {asset}\n", account(t.credit, chart)));
    }
    let balances = balances(entries, period);
    if !balances.is_empty() {
        put(&mut out, format_args!("{} * balances", period.until.plus_days(-1)));
    }
    for ((code, asset), units) in balances {
        let (balance, asset) = (Amount::from_units(units), commodity(asset));
        put(&mut out, format_args!("    {}  0 {asset} = {balance} {asset}", account(code, chart)));
    }
    out
}

/// The entries up to the end of the period for beancount, with an assertion of each balance behind them.
pub fn beancount(entries: &[Entry], chart: &Chart, period: Period) -> String {
    let mut out = String::new();
    let mut opened = BTreeSet::new();
    for entry in entries.iter().filter(|e| period.ends_after(e.at)) {
        let Some(amount) = entry.posted() else { continue };
        let (t, date, asset) = (&entry.transfer, Date::of(entry.at), commodity(entry.transfer.asset));
        for code in [t.debit, t.credit] {
            if opened.insert(code) {
                put(&mut out, format_args!("{date} open {}", account(code, chart)));
            }
        }
        put(&mut out, format_args!("{date} * \"{:?}\"\n  id: \"{:032x}\"", t.reason, t.id.0));
        put(&mut out, format_args!("  {}  {amount} {asset}", account(t.debit, chart)));
        put(&mut out, format_args!("  {}  -{amount} {asset}\n", account(t.credit, chart)));
    }
    for ((code, asset), units) in balances(entries, period) {
        let (balance, asset) = (Amount::from_units(units), commodity(asset));
        put(&mut out, format_args!("{} balance {}  {balance} {asset}", period.until, account(code, chart)));
    }
    out
}

fn put(out: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(out, "{line}").expect("a string takes everything");
}

/// Debits less credits of each account and asset at the end of the period.
fn balances(entries: &[Entry], period: Period) -> BTreeMap<(LedgerCode, Asset), i128> {
    let mut sums = BTreeMap::new();
    for (code, asset, units) in entries.iter().filter(|e| period.ends_after(e.at)).flat_map(Entry::lines) {
        *sums.entry((code, asset)).or_default() -= units;
    }
    sums
}

/// `client:ACME-1` is `Liabilities:Client:ACME-1`.
fn account(code: LedgerCode, chart: &Chart) -> String {
    let (class, owner) = code.split_once(':').map_or((&*code, None), |(class, owner)| (class, Some(owner)));
    let mut name = format!("{}:{}", chart.type_of(code).name(), class_component(class));
    for part in owner.into_iter().flat_map(|owner| owner.split(':')) {
        name.push(':');
        name.push_str(&component(part));
    }
    name
}

/// Classes begin with a lower-case letter, which becomes an upper-case one.
fn class_component(class: &str) -> String {
    match class.as_bytes() {
        [first @ b'a'..=b'z', rest @ ..] => {
            let rest = std::str::from_utf8(rest).expect("what follows an ASCII letter is text");
            format!("{}{}", char::from(first.to_ascii_uppercase()), escaped(rest))
        }
        _ => format!("X-{}", escaped(class)),
    }
}

/// Owners begin with an upper-case letter or a digit; others are put behind `X-`.
fn component(part: &str) -> String {
    let starts = part.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit());
    if starts && !part.starts_with("X-") { escaped(part) } else { format!("X-{}", escaped(part)) }
}

/// Letters, digits and dashes; the rest, and a dash before an `x`, escaped.
fn escaped(part: &str) -> String {
    let mut name = String::new();
    for (i, byte) in part.bytes().enumerate() {
        let escape = byte == b'-' && part.as_bytes().get(i + 1) == Some(&b'x');
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => name.push(byte.into()),
            b'-' if !escape => name.push('-'),
            other => write!(name, "-x{other:02X}").expect("a string takes everything"),
        }
    }
    name
}

/// Upper-case letters, digits, dots and dashes between a letter and a letter or digit, two characters at least.
fn commodity(asset: Asset) -> String {
    let mut name = String::new();
    for byte in asset.as_str().bytes() {
        match byte {
            b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' => name.push(byte.into()),
            other => write!(name, "_{other:02X}").expect("a string takes everything"),
        }
    }
    // A doubled underscore is no escape, so what it joins on can be told from what was there.
    if !name.starts_with(|c: char| c.is_ascii_uppercase()) {
        name.insert_str(0, "X__");
    }
    if name.len() < 2 || !name.ends_with(|c: char| c.is_ascii_alphanumeric()) {
        name.push_str("__X");
    }
    name
}
