//! The `assay` command: one binary, every role.

mod config;

fn main() {}
