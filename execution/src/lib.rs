//! Matching.

mod error;
mod execution;

pub use error::Error;
pub use execution::Execution;
