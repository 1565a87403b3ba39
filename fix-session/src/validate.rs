//! A message against its dictionary (V-10 to V-28): each check alone, for a session that orders them, and all in order.

use crate::{Message, Profile, Violation};

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
/// Reason 11.
pub fn check_msg_type(message: &Message<'_>, options: &ValidationOptions) -> Result<(), Violation> {
    let _ = (message, options);
    Ok(())
}

/// Parts, doubles, groups, data lengths (V-20 to V-26, V-28).
///
/// # Errors
/// Reasons 14, 13, 15, 16, 17, and 5, 1 or 7 of data fields.
pub fn check_structure(message: &Message<'_>, options: &ValidationOptions) -> Result<(), Violation> {
    let _ = (message, options);
    Ok(())
}

/// Each field: known, of this message, not empty, of its type, in its list (V-12 to V-15, V-19, V-27).
///
/// # Errors
/// Reasons 0, 2, 4, 6, 5.
pub fn check_fields(message: &Message<'_>, options: &ValidationOptions) -> Result<(), Violation> {
    let _ = (message, options);
    Ok(())
}

/// Required fields are there, header before body, in dictionary order (V-16).
///
/// # Errors
/// Reason 1.
pub fn check_required(message: &Message<'_>, options: &ValidationOptions) -> Result<(), Violation> {
    let _ = (message, options);
    Ok(())
}
