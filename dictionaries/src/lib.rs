//! FIX dictionaries in the QuickFIX XML format, compiled to flat tables.
//!
//! ```text
//! FIX44.xml (ours) or a user's file --parse--> Dictionary: tag -> field -> type, values
//!                                                          MsgType -> members, required, groups
//! ```
//!
//! A dictionary says what a message may hold; it does not read messages (`fix-session` does) and knows no
//! business rule. Loading is strict about what it resolves (names, doubles, cycles, counters) and deaf to what it does
//! not know (other elements and attributes), because users bring their own files.
//!
//! ```
//! use assay_dictionaries::Dictionary;
//!
//! let fix44 = Dictionary::fix44();
//! let order = fix44.message(b"D").unwrap();
//! assert_eq!(order.name(), "NewOrderSingle");
//! assert!(fix44.field_of_tag(54).unwrap().allows(b"1"));
//! ```
#![doc = include_str!("../README.md")]

mod dictionary;
mod error;
mod field;
mod layout;
mod load;
mod nesting;
mod part;

pub use dictionary::{Dictionary, TagInfo};
pub use error::{DictionaryError, DictionaryFault};
pub use field::{FieldDef, FieldId, FieldType};
pub use layout::{Category, GroupDef, GroupId, Layout, Member, MessageDef, Place};
