//! docs/coverage.md names every required capability once, with a status it may have.

use std::collections::BTreeMap;
use std::path::Path;

/// Capabilities of each family, numbered from 1.
const FAMILIES: [(&str, u32); 15] = [
    ("AUTH", 14),
    ("KYC", 12),
    ("WAL", 17),
    ("MKT", 23),
    ("EXE", 28),
    ("RISK", 15),
    ("LOAN", 15),
    ("STR", 24),
    ("COPY", 13),
    ("SIG", 14),
    ("REF", 8),
    ("NOT", 7),
    ("AUD", 14),
    ("OPS", 30),
    ("CON", 11),
];
const STATUSES: [&str; 3] = ["works", "partly", "not yet"];

struct Line {
    id: String,
    status: String,
    shown_by: String,
}

fn lines() -> Vec<Line> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/coverage.md");
    let text = std::fs::read_to_string(&page).unwrap_or_else(|e| panic!("{}: {e}", page.display()));
    text.lines().filter_map(line).collect()
}

/// A row of the table; its head and rule are none.
fn line(text: &str) -> Option<Line> {
    let cells: Vec<&str> = text.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim).collect();
    if matches!(cells[0], "id" | "---") {
        return None;
    }
    let [id, _capability, status, shown_by] = cells[..] else { panic!("not four cells: {text}") };
    Some(Line { id: id.into(), status: status.into(), shown_by: shown_by.into() })
}

#[test]
fn every_capability_has_exactly_one_line() {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for line in lines() {
        *counts.entry(line.id).or_default() += 1;
    }
    let ids = FAMILIES.iter().flat_map(|(family, count)| (1..=*count).map(move |n| format!("{family}-{n}")));
    let expected: BTreeMap<String, u32> = ids.map(|id| (id, 1)).collect();
    assert_eq!(expected.len(), 245);
    assert_eq!(counts, expected);
}

#[test]
fn every_status_is_known_and_every_line_says_how_to_see_it_or_why_it_is_not_there() {
    for line in lines() {
        assert!(STATUSES.contains(&line.status.as_str()), "{}: status `{}`", line.id, line.status);
        assert!(!line.shown_by.is_empty(), "{}: `{}`, and not a word more", line.id, line.status);
    }
}
