//! Users' own dictionaries.

use crate::seal::seal;
use assay_dictionaries::Dictionary;
use fix_session::{FieldIndex, Profile, ValidationOptions, check_message};

/// Any text is either refused with a line of it, or a dictionary that messages can be judged by.
///
/// # Panics
/// A rule is broken.
pub fn dictionary(data: &[u8]) {
    let Ok(xml) = std::str::from_utf8(data) else { return };
    match Dictionary::parse(xml) {
        Err(error) => {
            let lines = xml.lines().count().max(1) + 1;
            assert!((1..=lines as u32).contains(&error.line), "line {} of {lines}: {error}", error.line);
        }
        Ok(dictionary) => judge_by(Box::leak(Box::new(dictionary))),
    }
}

fn judge_by(dictionary: &'static Dictionary) {
    let frame =
        seal(b"35=D\x0134=2\x0149=A\x0156=B\x0152=20260101-00:00:00\x0111=x\x01453=1\x01448=y\x0158=z\x01");
    let mut index = FieldIndex::new();
    let message = index.parse(&frame, dictionary, Profile::Strict).expect("strict reads any frame");
    // Either answer is right; that there is one is what counts.
    let _ = check_message(&message, &ValidationOptions::default());
}
