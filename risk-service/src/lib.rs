//! Pre-trade risk and accounts.
