//! `docs/wire/fix-rules.md` names, for every rule of the session layer, the tests that show it. Here its word is checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The rules, by section: how many there are.
const SECTIONS: [(char, u32); 11] = [
    ('C', 10),
    ('L', 24),
    ('S', 13),
    ('R', 16),
    ('G', 10),
    ('H', 9),
    ('V', 32),
    ('D', 8),
    ('O', 9),
    ('T', 10),
    ('X', 10),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Rule to what its row says, in order of the document.
fn table() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(root().join("docs/wire/fix-rules.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines() {
        let Some((rule, shown_by)) = line.strip_prefix("| ").and_then(|row| row.split_once(" | ")) else {
            continue;
        };
        let is_rule = rule.len() == 4 && rule.as_bytes()[1] == b'-' && rule[2..].parse::<u32>().is_ok();
        if is_rule {
            let twice = rows.insert(rule.to_owned(), shown_by.trim_end_matches(" |").to_owned());
            assert!(twice.is_none(), "{rule} has two rows");
        }
    }
    rows
}

#[test]
fn every_rule_has_one_row_and_each_row_a_test_or_a_reason() {
    let rows = table();
    let rules =
        SECTIONS.iter().flat_map(|&(section, count)| (1..=count).map(move |n| format!("{section}-{n:02}")));
    let mut known = 0;
    for rule in rules {
        let shown_by = rows.get(&rule).unwrap_or_else(|| panic!("{rule} has no row"));
        assert!(shown_by.contains("::") || shown_by.starts_with("open: "), "{rule}: {shown_by}");
        known += 1;
    }
    assert_eq!(rows.len(), known, "rows of rules that do not exist");
}

#[test]
fn every_test_that_is_named_exists() {
    let mut sources = BTreeMap::new();
    let mut named = 0;
    for (rule, shown_by) in table() {
        // `path/file.rs::test`, and ` `::test` ` for more of the same file.
        let mut file = String::new();
        for name in shown_by.split('`').skip(1).step_by(2) {
            let (path, test) =
                name.split_once("::").unwrap_or_else(|| panic!("{rule}: {name} names no test"));
            if !path.is_empty() {
                file = path.to_owned();
            }
            let source = sources.entry(file.clone()).or_insert_with(|| {
                std::fs::read_to_string(root().join(&file)).unwrap_or_else(|e| panic!("{rule}: {file}: {e}"))
            });
            assert!(source.contains(&format!("fn {test}(")), "{rule}: {file} has no test {test}");
            named += 1;
        }
    }
    assert!(named > 200, "the table names {named} tests only: is it still read right?");
}
