//! A message against its dictionary (V-10 to V-28): each check alone, for a session that orders them, and all in order.

mod value_format;

use crate::field_index::{Entry, MissingMember, tag_number};
use crate::{Message, Profile, SessionRejectReason as Reason, Violation};
use assay_dictionaries::{FieldDef, FieldType, Layout};
use value_format::has_format;
pub(crate) use value_format::is_timestamp;

/// Tags from here on are free for users (V-12).
const USER_TAGS_MIN: u32 = 5000;
const MSG_TYPE: u32 = 35;
const SECURE_DATA_LEN: u32 = 90;
const SECURE_DATA: u32 = 91;
const MESSAGE_ENCODING: u32 = 347;
const REF_MSG_TYPE: u32 = 372;
const NO_MSG_TYPES: u32 = 384;
const MSG_DIRECTION: u32 = 385;

/// How members of a group entry may stand (V-24).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GroupOrder {
    /// In dictionary order.
    #[default]
    Strict,
    /// Delimiter first, the rest in any order.
    Lenient,
}

/// What a session allows beyond its dictionary.
#[derive(Debug, Clone, Default)]
pub struct ValidationOptions {
    /// Tags of 5000 and up that the dictionary lacks are passed on (V-12).
    pub allow_user_tags: bool,
    /// Text may hold bytes outside 0x20 to 0x7E (V-27).
    pub allow_8bit: bool,
    /// Order inside group entries (V-24).
    pub group_order: GroupOrder,
    /// A data field without its length is read up to SOH rather than refused (V-26, interop).
    pub allow_data_without_length: bool,
    /// MsgTypes accepted though the dictionary lacks them (V-10); only their header is checked against it.
    pub custom_msg_types: Vec<Box<[u8]>>,
}

impl ValidationOptions {
    /// The defaults of a profile.
    pub fn for_profile(profile: Profile) -> Self {
        let interop = profile == Profile::Interop;
        Self { allow_8bit: interop, allow_data_without_length: interop, ..Self::default() }
    }
}

/// All checks in the order of section 0: MsgType, structure, fields in message order, missing fields.
///
/// # Errors
/// The first fault.
pub fn check_message(message: &Message<'_>, options: &ValidationOptions) -> Result<(), Violation> {
    check_msg_type(message, options)?;
    check_structure(message, options)?;
    check_fields(message, options)?;
    check_required(message, options)
}

/// `MsgType(35)` is known (V-10).
///
/// # Errors
/// Reason 11, or 4 when it is empty.
pub fn check_msg_type(message: &Message<'_>, options: &ValidationOptions) -> Result<(), Violation> {
    if message.definition().is_some() {
        return Ok(());
    }
    let msg_type = message.msg_type();
    if msg_type.is_empty() {
        return Err(Violation::at(Reason::TagWithoutValue, i64::from(MSG_TYPE)));
    }
    let custom = options.custom_msg_types.iter().any(|known| **known == *msg_type);
    if custom { Ok(()) } else { Err(Violation::new(Reason::InvalidMsgType)) }
}

/// Parts, doubles, groups, data lengths, encryption (V-20 to V-26, V-28).
///
/// # Errors
/// Reasons 14, 13, 15, 16, 17 in this order, and 5, 1 or 7 of data fields.
pub fn check_structure(message: &Message<'_>, options: &ValidationOptions) -> Result<(), Violation> {
    let lenient_order = options.group_order == GroupOrder::Lenient;
    if let Some(fault) = message.index().faults.first(lenient_order, options.allow_data_without_length) {
        return Err(fault);
    }
    if [SECURE_DATA_LEN, SECURE_DATA].iter().any(|&tag| message.get(tag).is_some()) {
        return Err(Violation::at(Reason::DecryptionProblem, i64::from(SECURE_DATA_LEN)));
    }
    Ok(())
}

/// Each field in message order: known, of this message, not empty, of its type, in its list (V-12 to V-15, V-19, V-27).
///
/// # Errors
/// Reasons 0, 2, 4, 6, 5.
pub fn check_fields(message: &Message<'_>, options: &ValidationOptions) -> Result<(), Violation> {
    // One look at the whole frame spares a look at each text.
    let check_text = !options.allow_8bit && !is_plain(message.bytes());
    for entry in message.index().entries() {
        let at = |reason| Violation::at(reason, tag_number(message.bytes(), entry));
        let value = message.value_of(entry);
        let Some(id) = entry.field else {
            check_unknown(entry.tag, value, options).map_err(at)?;
            continue;
        };
        if !entry.is_member {
            return Err(at(Reason::TagNotDefinedForMessage));
        }
        if value.is_empty() {
            return Err(at(Reason::TagWithoutValue));
        }
        if entry.tag == MSG_TYPE {
            // The messages are its list, and custom types pass: check_msg_type has judged it.
            continue;
        }
        let field = message.dictionary().field(id);
        if check_text && field.kind() != FieldType::Data && !is_plain(value) {
            return Err(at(Reason::IncorrectDataFormat));
        }
        check_value(field, value).map_err(at)?;
    }
    Ok(())
}

/// A tag the dictionary lacks (V-12).
fn check_unknown(tag: u32, value: &[u8], options: &ValidationOptions) -> Result<(), Reason> {
    if tag < USER_TAGS_MIN || !options.allow_user_tags {
        return Err(Reason::InvalidTagNumber);
    }
    if value.is_empty() {
        return Err(Reason::TagWithoutValue);
    }
    if options.allow_8bit || is_plain(value) { Ok(()) } else { Err(Reason::IncorrectDataFormat) }
}

/// Type first, then list (V-15, V-14); counts and lengths below zero cannot be (V-23, V-26).
#[inline]
fn check_value(field: &FieldDef, value: &[u8]) -> Result<(), Reason> {
    if !has_format(field.kind(), value) {
        return Err(Reason::IncorrectDataFormat);
    }
    let counts = matches!(field.kind(), FieldType::NumInGroup | FieldType::Length | FieldType::SeqNum);
    if counts && value[0] == b'-' || !field.allows(value) {
        return Err(Reason::ValueIncorrect);
    }
    Ok(())
}

/// Required fields are there: header, body, trailer, each in dictionary order (V-16); then `MessageEncoding(347)`
/// when an encoded field is used (V-27).
///
/// # Errors
/// Reason 1.
pub fn check_required(message: &Message<'_>, _options: &ValidationOptions) -> Result<(), Violation> {
    let missing = message.index().faults.missing;
    let in_header = missing.filter(|m| m.in_header);
    first_missing(message, message.dictionary().header(), in_header)?;
    if let Some(definition) = message.definition() {
        first_missing(message, definition.body(), missing.filter(|m| !m.in_header))?;
    }
    first_missing(message, message.dictionary().trailer(), None)?;
    check_conditional(message)?;
    if message.index().has_data { check_encoding(message) } else { Ok(()) }
}

/// Administrative messages: what other fields make necessary though the dictionary does not require it (V-17). An entry of
/// Logon's `NoMsgTypes(384)` names a type and a direction.
fn check_conditional(message: &Message<'_>) -> Result<(), Violation> {
    if message.msg_type() != b"A" {
        return Ok(());
    }
    for entry in message.groups(NO_MSG_TYPES) {
        for tag in [REF_MSG_TYPE, MSG_DIRECTION] {
            if entry.get(tag).is_none() {
                return Err(Violation::at(Reason::RequiredTagMissing, i64::from(tag)));
            }
        }
    }
    Ok(())
}

/// The first required member of a part that is not there, or that a group entry of the part lacks before it.
#[inline]
fn first_missing(
    message: &Message<'_>,
    part: &Layout,
    in_group: Option<MissingMember>,
) -> Result<(), Violation> {
    let index = message.index();
    let absent = part.required().iter().find(|member| index.find(member.tag).is_none());
    let absent_at = absent.and_then(|member| part.position(member.field));
    let tag = match (in_group, absent_at) {
        (Some(lacks), Some(at)) if lacks.position > at => absent.map(|member| i64::from(member.tag)),
        (Some(lacks), _) => Some(lacks.tag),
        (None, _) => absent.map(|member| i64::from(member.tag)),
    };
    tag.map_or(Ok(()), |tag| Err(Violation::at(Reason::RequiredTagMissing, tag)))
}

#[cold]
fn check_encoding(message: &Message<'_>) -> Result<(), Violation> {
    let is_encoded = |entry: &Entry| {
        let field = entry.field.map(|id| message.dictionary().field(id));
        field.is_some_and(|f| f.kind() == FieldType::Data && f.name().starts_with("Encoded"))
    };
    if message.get(MESSAGE_ENCODING).is_none() && message.index().entries().iter().any(is_encoded) {
        return Err(Violation::at(Reason::RequiredTagMissing, i64::from(MESSAGE_ENCODING)));
    }
    Ok(())
}

/// Only printable ASCII, with SOH as the delimiter.
fn is_plain(bytes: &[u8]) -> bool {
    let odd = bytes.iter().fold(false, |odd, &b| odd | ((b.wrapping_sub(0x20) > 0x5e) & (b != 1)));
    !odd
}
