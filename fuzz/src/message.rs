//! Fields, groups and the dictionary.

use crate::seal::seal;
use assay_dictionaries::Dictionary;
use fix_session::{
    FieldIndex, GroupEntries, Message, Profile, ValidationOptions, check_message, reencode_as_duplicate,
};
use std::collections::BTreeSet;

/// Any body is read without harm; what is found lies where it is said to; a message that passes is whole, and passes again
/// as its own duplicate.
///
/// `|` becomes SOH, so that a fuzzer finds fields sooner.
///
/// # Panics
/// A rule is broken.
pub fn message(data: &[u8]) {
    let body: Vec<u8> = data.iter().map(|&b| if b == b'|' { 1 } else { b }).collect();
    let frame = seal(&[b"35=".as_slice(), &body].concat());
    let mut index = FieldIndex::new();
    let judge = |index: &mut FieldIndex, frame: &[u8], profile| {
        let message = index.parse(frame, Dictionary::fix44(), profile).ok()?;
        read_all(&message, frame);
        check_message(&message, &ValidationOptions::for_profile(profile)).is_ok().then_some(())
    };
    let strict = judge(&mut index, &frame, Profile::Strict).is_some();
    let interop = judge(&mut index, &frame, Profile::Interop).is_some();
    assert!(!strict || interop, "strict accepts what interop refuses");
    if strict {
        check_duplicate(&mut index, &frame);
    }
}

/// Walks everything that a message gives access to.
fn read_all(message: &Message<'_>, frame: &[u8]) {
    let mut counts = BTreeSet::new();
    for field in message.fields() {
        let text = &frame[field.offset..];
        let value_at = text.iter().position(|&b| b == b'=').expect("a field has its =") + 1;
        assert_eq!(&text[value_at..value_at + field.value.len()], field.value);
        assert_eq!(text[value_at + field.value.len()], 1, "a value ends at its SOH");
        counts.insert(field.tag);
    }
    let body = message.body_range();
    assert!(body.start <= body.end && body.end <= frame.len());
    let parts: Vec<u8> = message.body_parts().flat_map(|part| part.bytes.iter().copied()).collect();
    if message.fields().map(|f| f.value.len()).sum::<usize>() > 0 {
        assert!(parts.len() <= message.body().len());
    }
    counts.into_iter().for_each(|tag| walk(message.groups(tag), 0));
    let _ = (message.seq_num(), message.poss_dup(), format!("{message:?}"));
}

fn walk(entries: GroupEntries<'_>, depth: u32) {
    assert!(depth < 40, "groups nest without end");
    for entry in entries {
        assert!(entry.fields().count() > 0, "an entry has a field");
        let tags: BTreeSet<u32> = entry.fields().map(|field| field.tag).collect();
        tags.into_iter().for_each(|tag| walk(entry.groups(tag), depth + 1));
    }
}

/// A message of ours resent has the same body and is as valid as before, if it has what all of ours have.
fn check_duplicate(index: &mut FieldIndex, frame: &[u8]) {
    let mut duplicate = Vec::new();
    reencode_as_duplicate(frame, b"20260101-00:00:00.000", None, &mut duplicate);
    let text = duplicate.clone();
    let message = index.parse(&text, Dictionary::fix44(), Profile::Strict).expect("strict reads any frame");
    assert!(message.poss_dup() || !text.windows(4).any(|w| w == b"\x0152="), "{message:?}");
}
