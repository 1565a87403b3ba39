//! camt.053: the statement that banks send once a day. What is booked counts; what is pending is left for the day it is booked.
//!
//! A document with a DTD is refused, so there are no entities to expand.

use super::{BankFile, decimal, name, words};
use assay_trading_types::{Amount, Asset, BankLine, Date};
use roxmltree::{Document, Node, ParsingOptions};

const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.";

/// Elements and texts of a file: some hundred for each of the lines that a statement may have.
const NODES_MAX: u32 = 400_000;

/// Elements within one another: a statement has some fifteen, and the parser takes stack for each.
const DEPTH_MAX: usize = 64;

/// What the account had before and after (ISO 20022 balance codes).
const OPENING: [&str; 2] = ["OPBD", "PRCD"];
const CLOSING: [&str; 1] = ["CLBD"];

pub(super) fn read(text: &str) -> Result<BankFile, String> {
    if is_deeper_than(DEPTH_MAX, text) {
        return Err(format!("has elements nested more than {DEPTH_MAX} deep"));
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX };
    let document =
        Document::parse_with_options(text, options).map_err(|error| format!("is no XML of ours: {error}"))?;
    let root = document.root_element();
    let namespace = root.tag_name().namespace().unwrap_or_default();
    if root.tag_name().name() != "Document" || !namespace.starts_with(NAMESPACE) {
        return Err("is no camt.053 document".to_owned());
    }
    let message = child(root, "BkToCstmrStmt").ok_or("has no BkToCstmrStmt")?;
    let mut statements = children(message, "Stmt");
    let statement = statements.next().ok_or("has no statement")?;
    if statements.next().is_some() {
        return Err("has several statements: import them one by one".to_owned());
    }
    read_statement(statement)
}

/// Whether elements are nested deeper than this, as far as the text is XML: at the first thing that is none the parser stops.
fn is_deeper_than(depth_max: usize, text: &str) -> bool {
    let (mut depth, mut rest) = (0_usize, text);
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        let end = match rest {
            _ if rest.starts_with("<!--") => behind(rest, "<!--", "-->"),
            _ if rest.starts_with("<![CDATA[") => behind(rest, "<![CDATA[", "]]>"),
            _ if rest.starts_with("<?") => behind(rest, "<?", "?>"),
            _ if rest.starts_with("<!") => behind(rest, "<!", ">"),
            _ if rest.starts_with("</") => {
                depth = depth.saturating_sub(1);
                behind(rest, "</", ">")
            }
            _ => {
                let end = end_of_tag(rest);
                depth += usize::from(end.is_none_or(|end| !rest[..end].ends_with("/>")));
                end
            }
        };
        if depth > depth_max {
            return true;
        }
        let Some(end) = end else { return false };
        rest = &rest[end..];
    }
    false
}

/// Where something ends that begins so.
fn behind(text: &str, begin: &str, end: &str) -> Option<usize> {
    text[begin.len()..].find(end).map(|at| begin.len() + at + end.len())
}

/// Where a tag ends: values of attributes may have what looks like its end.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    text.bytes().enumerate().find_map(|(at, byte)| {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        None
    })
}

fn read_statement(statement: Node<'_, '_>) -> Result<BankFile, String> {
    let account = child(statement, "Acct").ok_or("has no account")?;
    let named = path(account, &["Id", "IBAN"]).or_else(|| path(account, &["Id", "Othr", "Id"]));
    let named = name("account", &text_of(named))?.replace(' ', "");
    let opening = balance(statement, &OPENING).ok_or("has no opening balance (OPBD or PRCD)")??;
    let closing = balance(statement, &CLOSING).ok_or("has no closing balance (CLBD)")??;
    let asset = opening.1;
    let stated = child(account, "Ccy").map(text);
    if stated.is_some_and(|ccy| ccy != asset.as_str()) || closing.1 != asset {
        return Err("has an account and balances of different currencies".to_owned());
    }
    let entries = children(statement, "Ntry").filter(is_booked).collect::<Vec<_>>();
    let lines = entries.iter().map(|entry| line(*entry, &asset)).collect::<Result<Vec<_>, _>>()?;
    check_summary(statement, &lines)?;
    Ok(BankFile {
        account: named,
        name: name("statement id", &text_of(child(statement, "Id")))?,
        asset,
        opening: opening.0,
        closing: closing.0,
        lines,
    })
}

/// The first balance with one of these codes.
fn balance(statement: Node<'_, '_>, codes: &[&str]) -> Option<Result<(Amount, Asset), String>> {
    let has_code = |code: &str| {
        children(statement, "Bal").find(|b| text_of(path(*b, &["Tp", "CdOrPrtry", "Cd"])) == code)
    };
    codes.iter().find_map(|code| has_code(code)).map(signed)
}

/// Booked: the status as text, or as a code below it in newer versions.
fn is_booked(entry: &Node<'_, '_>) -> bool {
    let status = child(*entry, "Sts");
    let coded = status.and_then(|status| child(status, "Cd"));
    text_of(coded.or(status)) == "BOOK"
}

fn line(entry: Node<'_, '_>, asset: &Asset) -> Result<BankLine, String> {
    let details = path(entry, &["NtryDtls", "TxDtls"]);
    let below = |names: &[&str]| details.and_then(|details| path(details, names));
    let reference = child(entry, "AcctSvcrRef")
        .or_else(|| child(entry, "NtryRef"))
        .or_else(|| below(&["Refs", "AcctSvcrRef"]));
    let reference = name("line's reference (AcctSvcrRef or NtryRef)", &text_of(reference))?;
    let (amount, own) = signed(entry)?;
    if own != *asset {
        return Err(format!("has line {reference} in {own}, not in the account's {asset}"));
    }
    let day = path(entry, &["BookgDt", "Dt"]).or_else(|| path(entry, &["BookgDt", "DtTm"]));
    let day = text_of(day);
    let day: Date = day
        .get(..10)
        .and_then(|day| Date::parse(day).ok())
        .ok_or_else(|| format!("has line {reference} without a day of booking"))?;
    let said = [
        below(&["Refs", "EndToEndId"]),
        below(&["RmtInf", "Strd", "CdtrRefInf", "Ref"]),
        below(&["RmtInf", "Ustrd"]),
        child(entry, "AddtlNtryInf"),
    ];
    let said: Vec<String> = said.into_iter().flatten().map(|node| text(node).to_owned()).collect();
    Ok(BankLine { reference, day, amount, text: words(&said.join(" ")), matched: None })
}

/// An amount with its direction and currency.
fn signed(node: Node<'_, '_>) -> Result<(Amount, Asset), String> {
    let amount = child(node, "Amt").ok_or("has something without an amount")?;
    let asset = Asset::new(amount.attribute("Ccy").unwrap_or_default());
    let asset = asset.map_err(|_| "has an amount without a currency")?;
    let units = decimal(text(amount))?.units();
    if units < 0 {
        return Err(format!("has {} for an amount", text(amount)));
    }
    match text_of(child(node, "CdtDbtInd")).as_str() {
        "CRDT" => Ok((Amount::from_units(units), asset)),
        "DBIT" => Ok((Amount::from_units(-units), asset)),
        other => Err(format!("has {other:?} for credit or debit")),
    }
}

/// Counts and sums of the summary, where the bank gives any.
fn check_summary(statement: Node<'_, '_>, lines: &[BankLine]) -> Result<(), String> {
    let Some(summary) = child(statement, "TxsSummry") else { return Ok(()) };
    for (of, keeps) in [
        ("TtlNtries", (|_| true) as fn(i128) -> bool),
        ("TtlCdtNtries", |units| units > 0),
        ("TtlDbtNtries", |units| units < 0),
    ] {
        let Some(total) = child(summary, of) else { continue };
        let kept = lines.iter().map(|line| line.amount.units()).filter(|units| keeps(*units));
        let (count, sum) = kept.fold((0_usize, 0_i128), |(n, sum), units| (n + 1, sum + units.abs()));
        let stated = |field: &str| child(total, field).map(text);
        if stated("NbOfNtries").is_some_and(|n| n.parse() != Ok(count)) {
            return Err(format!(
                "has {count} lines where its {of} says {}",
                stated("NbOfNtries").unwrap_or("")
            ));
        }
        if let Some(stated) = stated("Sum").map(decimal).transpose()?
            && stated.units() != sum
        {
            return Err(format!("has lines of {} where its {of} says {stated}", Amount::from_units(sum)));
        }
    }
    Ok(())
}

fn children<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| child.is_element() && child.tag_name().name() == name)
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.is_element() && child.tag_name().name() == name)
}

fn path<'a, 'i>(node: Node<'a, 'i>, names: &[&str]) -> Option<Node<'a, 'i>> {
    names.iter().try_fold(node, |node, name| child(node, name))
}

fn text<'a>(node: Node<'a, '_>) -> &'a str {
    node.text().unwrap_or_default().trim()
}

fn text_of(node: Option<Node<'_, '_>>) -> String {
    node.map(text).unwrap_or_default().to_owned()
}
