//! Audit chain, seals and store.
