//! An initiator for load and tests.
