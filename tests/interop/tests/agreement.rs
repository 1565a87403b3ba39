//! Our validator and QuickFIX C++'s agree on what is valid, but for differences that are known and named.
//!
//! What QuickFIX refuses we refuse, but for one thing; and it takes what we refuse where it does not look:
//!
//! | what | ours | QuickFIX C++ |
//! |---|---|---|
//! | values inside group entries | checked like any other: 4, 5, 6 | not looked at |
//! | order of members inside an entry | 15 (V-24) | any order |
//! | a required member missing in an entry of a group inside a group | 1 (V-16) | not looked at |
//! | a member twice in an entry of a group inside a group | 13 (V-21) | not looked at |
//! | counts of groups inside groups | 16 (V-22) | not looked at |
//! | LOCALMKTDATE and MONTHYEAR | 6 when they are none (V-15) | any text |
//! | a data field without its length | read up to SOH (V-26, interop) | takes the message for garbled |

use assay_dictionaries::{Dictionary, FieldType};
use assay_interop::{Generated, Judgement, QuickFixVenue, RawPeer, Venue, Walk, free_port, sealed};
use fix_session::{FieldIndex, Message, Profile, ValidationOptions, check_message};
use std::collections::BTreeMap;
use std::path::Path;

/// Messages a run compares; `AGREEMENT_MESSAGES` asks for more.
const MESSAGES: usize = 4_000;

fn from_environment(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Our judgement, by the profile that follows QuickFIX, and where QuickFIX does not look if we refuse.
fn ours(index: &mut FieldIndex, generated: &Generated) -> (Judgement, Option<&'static str>) {
    let head =
        format!("35={}\u{1}34=2\u{1}49=ASSAY\u{1}52=20261121-09:30:00\u{1}56=VENUE\u{1}", generated.msg_type);
    let frame = sealed(&format!("{head}{}", generated.body()));
    let Ok(message) = index.parse(&frame, Dictionary::fix44(), Profile::Interop) else {
        return (Judgement::Dropped, None);
    };
    match check_message(&message, &ValidationOptions::for_profile(Profile::Interop)) {
        Ok(()) => (Judgement::Accepted, None),
        Err(fault) => {
            let reason = i32::from(fault.reason.code());
            (Judgement::Rejected { reason, tag: fault.tag }, unseen(&message, reason, fault.tag))
        }
    }
}

/// The known difference that a refusal of ours falls under.
fn unseen(message: &Message<'_>, reason: i32, tag: Option<i64>) -> Option<&'static str> {
    let tag = u32::try_from(tag?).ok()?;
    let times = message.fields().filter(|field| field.tag == tag).count();
    let in_group = times > 1 || message.get(tag).is_none();
    let kind = Dictionary::fix44().field_of_tag(tag)?.kind();
    let own = message.definition().is_some_and(|d| d.body().members().iter().any(|m| m.tag == tag));
    match reason {
        1 if !own => Some("required member of an entry"),
        15 => Some("order inside an entry"),
        13 if in_group => Some("member twice in an entry"),
        16 if in_group => Some("count of a group inside a group"),
        4..=6 if in_group => Some("value inside an entry"),
        6 if matches!(kind, FieldType::LocalMktDate | FieldType::MonthYear) => Some("date without time"),
        _ => None,
    }
}

/// Whether a data field follows something else than its length.
fn has_data_without_length(generated: &Generated) -> bool {
    let dictionary = Dictionary::fix44();
    let tags = || generated.fields.iter().map(|(tag, _)| dictionary.field_of_tag(tag.parse().ok()?));
    let before = std::iter::once(None).chain(tags());
    before.zip(tags()).any(|(before, field)| {
        field.is_some_and(|f| f.kind() == FieldType::Data)
            && before.is_none_or(|b| b.kind() != FieldType::Length)
    })
}

#[test]
fn our_validator_and_quickfix_agree_on_what_is_valid() {
    let seed = from_environment("AGREEMENT_SEED", 20_261_121) as u64;
    println!("AGREEMENT_SEED={seed}");
    let dir = tempfile::tempdir().unwrap();
    let port = free_port();
    let program = Path::new(env!("CARGO_BIN_EXE_quickfix_venue"));
    let mut venue = QuickFixVenue::silent(program, dir.path(), port);
    venue.open(0);
    let mut peer = RawPeer::log_on(port);
    let (mut walk, mut index) = (Walk::new(seed), FieldIndex::new());
    let (mut accepted, mut refused, mut same_reason) = (0, 0, 0);
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    for number in 0..from_environment("AGREEMENT_MESSAGES", MESSAGES) {
        let mut message = Generated::valid(&mut walk, Dictionary::fix44());
        if number % 4 != 0 {
            message = message.with_fault(&mut walk, Dictionary::fix44());
        }
        let (ours, unseen) = ours(&mut index, &message);
        let theirs = peer.judge(&message.msg_type, &message.body());
        match (ours == Judgement::Accepted, theirs == Judgement::Accepted, unseen) {
            (true, true, _) => accepted += 1,
            (false, false, _) => {
                refused += 1;
                same_reason += usize::from(ours == theirs);
            }
            (false, true, Some(difference)) => *known.entry(difference).or_default() += 1,
            (true, false, _) if theirs == Judgement::Dropped && has_data_without_length(&message) => {
                *known.entry("data without its length").or_default() += 1;
            }
            _ => panic!("ours {ours:?}, theirs {theirs:?}: {message:?}"),
        }
    }
    drop(peer);
    venue.close();
    println!(
        "both accept {accepted}; both refuse {refused}, {same_reason} with reason and tag alike; {known:?}"
    );
    assert!(accepted > 0 && refused > 0, "messages of both kinds were compared");
}
