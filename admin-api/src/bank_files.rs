//! Bank statements as files: camt.053 (ISO 20022) and CSV. A file is taken whole or not at all: its balances must come out, every
//! line have a name of its own, and all of it be in the account's currency.

mod camt053;
mod table;

use assay_trading_types::{Amount, Asset, BankLine, SCALE};
use std::collections::BTreeSet;

/// Longest name that a bank gives an account, a statement or a line.
const NAME_MAX: usize = 100;

/// Most that is kept of what payers wrote.
const TEXT_MAX: usize = 200;

/// Which form a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
pub(crate) enum BankFormat {
    /// Bank-to-customer statement of ISO 20022, `camt.053.001.xx`, one statement a file.
    #[serde(rename = "camt.053")]
    Camt053,
    /// `account,statement,asset,date,reference,amount,balance,details`, a header and one line a row; RFC 4180.
    #[serde(rename = "csv")]
    Csv,
}

/// A file that was read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BankFile {
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) asset: Asset,
    pub(crate) opening: Amount,
    pub(crate) closing: Amount,
    pub(crate) lines: Vec<BankLine>,
}

/// Reads a file.
///
/// # Errors
/// What is wrong with it, in words; then nothing of it counts.
pub(crate) fn read(format: BankFormat, bytes: &[u8], lines_max: usize) -> Result<BankFile, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("is not UTF-8 from byte {} on", error.valid_up_to()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let file = match format {
        BankFormat::Camt053 => camt053::read(text)?,
        BankFormat::Csv => table::read(text)?,
    };
    check(&file, lines_max)?;
    Ok(file)
}

fn check(file: &BankFile, lines_max: usize) -> Result<(), String> {
    if file.lines.len() > lines_max {
        return Err(format!("has {} lines, more than {lines_max}: import it in parts", file.lines.len()));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = file.lines.iter().find(|line| !seen.insert(&line.reference)) {
        return Err(format!("has line {} twice", twice.reference));
    }
    if let Some(line) = file.lines.iter().find(|line| line.amount == Amount::ZERO) {
        return Err(format!("has line {} of nothing", line.reference));
    }
    let moved: Option<i128> =
        file.lines.iter().try_fold(0_i128, |sum, line| sum.checked_add(line.amount.units()));
    let comes_to = moved.and_then(|moved| file.opening.units().checked_add(moved));
    match comes_to == Some(file.closing.units()) {
        true => Ok(()),
        false => {
            let comes_to =
                comes_to.map_or("more than can be".to_owned(), |u| Amount::from_units(u).to_string());
            Err(format!(
                "opens with {}, its lines bring it to {comes_to}, and it closes with {}",
                file.opening, file.closing
            ))
        }
    }
}

/// A name as the bank gives it: one line of printable characters.
fn name(what: &str, text: &str) -> Result<String, String> {
    match crate::text_rules::line(text, NAME_MAX) {
        Ok(text) if text.is_empty() => Err(format!("has no {what}")),
        Ok(text) => Ok(text),
        Err(why) => Err(format!("has a {what} that {why}")),
    }
}

/// What payers wrote, as far as people can read it: in one line, cut to length.
fn words(text: &str) -> String {
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain: String =
        plain.chars().filter(|c| crate::text_rules::line(&c.to_string(), 1).is_ok()).collect();
    plain.chars().take(TEXT_MAX).collect()
}

/// More than there is of any currency, in whole units; so that no sum of lines is more than can be counted.
const AMOUNT_MAX: Amount = Amount::from_units(1_000_000_000_000_000_000 * SCALE as i128);

/// A decimal with digits on both sides of its point, at most nine behind it.
fn decimal(text: &str) -> Result<Amount, String> {
    let text = text.trim();
    let is_whole = !text.trim_start_matches('-').starts_with('.') && !text.ends_with('.');
    match Amount::parse(text) {
        Ok(amount) if is_whole && amount.units().abs() <= AMOUNT_MAX.units() => Ok(amount),
        _ => Err(format!("has {text:?} for an amount")),
    }
}

#[cfg(test)]
mod tests;
