//! The event log port and its implementations.
