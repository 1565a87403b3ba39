//! Double-entry ledger core.
