//! FIX dictionaries.

mod dictionary;
pub use dictionary::{Category, Dictionary, MessageDef};
