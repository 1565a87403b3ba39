//! Pre-trade risk and accounts.

mod error;
mod risk;

pub use error::Error;
pub use risk::Risk;
