//! The JSON of every kind is a contract with whoever reads the topics: the files in `golden/` hold it byte for byte.
//! `ASSAY_REGENERATE_GOLDEN=1 cargo test -p assay-trading-types --test golden` writes them anew; the diff then says
//! what changed for readers, and a change that breaks them needs a new version of the kind.

#[path = "samples/mod.rs"]
mod samples;

use assay_trading_types::{Event, Kind, decode, encode};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const REGENERATE: &str = "ASSAY_REGENERATE_GOLDEN";

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn file_of(kind: Kind) -> PathBuf {
    directory().join(format!("{}.json", kind.name()))
}

fn kinds_of_events() -> impl Iterator<Item = Kind> {
    Kind::ALL.iter().copied().filter(|kind| *kind != Kind::FixMessage)
}

fn check(event: &Event) {
    let file = file_of(event.kind());
    let encoded = String::from_utf8(encode(event)).unwrap();
    if std::env::var_os(REGENERATE).is_some() {
        std::fs::write(&file, format!("{encoded}\n")).unwrap();
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let golden = golden.trim_end();
    assert_eq!(encoded, golden, "{} is written otherwise than its golden file", event.kind().name());
    assert_eq!(&decode(event.kind(), golden.as_bytes()).unwrap(), event);
}

#[test]
fn every_kind_is_written_and_read_as_its_golden_file_says() {
    samples::every_event().iter().for_each(check);
}

#[test]
fn every_kind_has_one_sample_and_one_file() {
    let samples: Vec<Kind> = samples::every_event().iter().map(Event::kind).collect();
    assert_eq!(samples, kinds_of_events().collect::<Vec<_>>());
    let wanted: BTreeSet<PathBuf> = kinds_of_events().map(file_of).collect();
    let present: BTreeSet<PathBuf> =
        std::fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(present, wanted);
}

/// docs/wire/topics.md is the contract in words; its examples are these files.
#[test]
fn the_topics_page_shows_every_kind_and_its_golden_file() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/wire/topics.md");
    let page = std::fs::read_to_string(&page).unwrap_or_else(|e| panic!("{}: {e}", page.display()));
    for kind in Kind::ALL {
        let heading = format!("\n### {}\n", kind.name());
        assert_eq!(page.matches(&heading).count(), 1, "one heading for {}", kind.name());
    }
    for kind in kinds_of_events() {
        let golden = std::fs::read_to_string(file_of(kind)).unwrap();
        assert!(page.contains(&format!("```json\n{golden}```\n")), "example of {} differs", kind.name());
    }
}

#[test]
fn a_value_of_another_kind_or_with_a_missing_field_is_refused() {
    let event = Event::from(samples::order_requested());
    let json = encode(&event);
    assert!(decode(Kind::CancelRequested, &json).is_err());
    assert!(decode(Kind::FixMessage, &json).is_err());
    assert!(decode(Kind::OrderRequested, b"{}").is_err());
    assert!(decode(Kind::OrderRequested, &json[..json.len() - 1]).is_err());
}

#[test]
fn an_absent_option_is_left_out_and_read_back() {
    let event =
        Event::from(assay_trading_types::OrderRequested { defect: None, ..samples::order_requested() });
    let json = String::from_utf8(encode(&event)).unwrap();
    assert!(!json.contains("defect"), "{json}");
    assert_eq!(decode(event.kind(), json.as_bytes()).unwrap(), event);
}
