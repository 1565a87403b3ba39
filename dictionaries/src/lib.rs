//! FIX dictionaries.
