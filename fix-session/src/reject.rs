//! Why a message is refused: `SessionRejectReason(373)` and the fault that names it.

/// `SessionRejectReason(373)`. The texts are a contract: programs match on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SessionRejectReason {
    /// A tag in no dictionary (V-12).
    InvalidTagNumber = 0,
    /// A required field is missing (V-16).
    RequiredTagMissing = 1,
    /// A tag of the dictionary that this message type does not have (V-13).
    TagNotDefinedForMessage = 2,
    /// `tag=` with nothing before SOH (V-19).
    TagWithoutValue = 4,
    /// Outside the field's list, or a length or count that cannot be (V-14, V-23, V-26).
    ValueIncorrect = 5,
    /// Not of the field's type (V-15).
    IncorrectDataFormat = 6,
    /// Encrypted content is not offered (V-28).
    DecryptionProblem = 7,
    /// A configured signature does not verify (V-28).
    SignatureProblem = 8,
    /// `SenderCompID(49)` or `TargetCompID(56)` are not the session's (V-07, V-29).
    CompIdProblem = 9,
    /// `SendingTime(52)` is off (V-08, D-04).
    SendingTimeAccuracy = 10,
    /// `MsgType(35)` in no dictionary (V-10).
    InvalidMsgType = 11,
    /// A tag twice where it may stand once (V-21).
    TagAppearsMoreThanOnce = 13,
    /// A header or trailer field in the wrong part (V-20).
    TagOutOfRequiredOrder = 14,
    /// An entry's members out of order (V-24).
    GroupFieldsOutOfOrder = 15,
    /// A NumInGroup that differs from the entries (V-22).
    IncorrectNumInGroup = 16,
    /// SOH inside a value that is not data (V-25).
    NonDataValueIncludesDelimiter = 17,
    /// Only where a rule says so, with its own text.
    Other = 99,
}

impl SessionRejectReason {
    /// The number in field 373.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The `Text(58)` that goes with the number (section 0 of the session rules).
    pub const fn text(self) -> &'static str {
        match self {
            Self::InvalidTagNumber => "Invalid tag number",
            Self::RequiredTagMissing => "Required tag missing",
            Self::TagNotDefinedForMessage => "Tag not defined for this message type",
            Self::TagWithoutValue => "Tag specified without a value",
            Self::ValueIncorrect => "Value is incorrect (out of range) for this tag",
            Self::IncorrectDataFormat => "Incorrect data format for value",
            Self::DecryptionProblem => "Decryption problem",
            Self::SignatureProblem => "Signature problem",
            Self::CompIdProblem => "CompID problem",
            Self::SendingTimeAccuracy => "SendingTime accuracy problem",
            Self::InvalidMsgType => "Invalid MsgType",
            Self::TagAppearsMoreThanOnce => "Tag appears more than once",
            Self::TagOutOfRequiredOrder => "Tag specified out of required order",
            Self::GroupFieldsOutOfOrder => "Repeating group fields out of order",
            Self::IncorrectNumInGroup => "Incorrect NumInGroup count for repeating group",
            Self::NonDataValueIncludesDelimiter => {
                "Non \"data\" value includes field delimiter (SOH character)"
            }
            Self::Other => "Other",
        }
    }
}

/// One fault of one message, as `Reject(3)` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Field 373.
    pub reason: SessionRejectReason,
    /// Field 371, signed because a tag may arrive negative (V-12). Absent where the rules give none.
    pub tag: Option<i64>,
    /// `Text(58)` where a rule words its own; otherwise [`SessionRejectReason::text`].
    pub own_text: Option<String>,
}

impl Violation {
    /// A fault with the reason's own text and no tag.
    pub const fn new(reason: SessionRejectReason) -> Self {
        Self { reason, tag: None, own_text: None }
    }

    /// A fault of one tag.
    pub const fn at(reason: SessionRejectReason, tag: i64) -> Self {
        Self { reason, tag: Some(tag), own_text: None }
    }

    /// The same fault with a text of its own.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.own_text = Some(text.into());
        self
    }

    /// What goes into `Text(58)`.
    pub fn text(&self) -> &str {
        self.own_text.as_deref().unwrap_or(self.reason.text())
    }
}
