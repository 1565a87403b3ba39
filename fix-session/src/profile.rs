//! Which of two readings of the standard a session follows.

/// A session's profile, one switch (section 12 of the session rules lists every difference).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// The standard; the default.
    #[default]
    Strict,
    /// What QuickFIX-family engines do and their suites expect.
    Interop,
}
