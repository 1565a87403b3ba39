//! Reads a value from a JSON string without keeping the string: escapes, borrowed input and readers all work, and
//! nothing is allocated for it.

use serde::Deserializer;
use serde::de::{Error, Visitor};
use std::fmt::{self, Display};

/// Reads what `parse` makes of a string; `expecting` completes "expected ..." when there is no string at all.
pub(crate) fn from_text<'de, D, T, E>(
    deserializer: D,
    expecting: &'static str,
    parse: fn(&str) -> Result<T, E>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    E: Display,
{
    deserializer.deserialize_str(TextVisitor { expecting, parse })
}

struct TextVisitor<T, E> {
    expecting: &'static str,
    parse: fn(&str) -> Result<T, E>,
}

impl<T, E: Display> Visitor<'_> for TextVisitor<T, E> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    // Borrowed and owned strings arrive here too, by the trait's defaults.
    fn visit_str<F: Error>(self, text: &str) -> Result<T, F> {
        (self.parse)(text).map_err(F::custom)
    }
}
