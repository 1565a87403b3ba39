//! The double-entry core: integer amounts, two-sided transfers, holds, and books that balance after every step.
//!
//! ```text
//! transfer  debit account -> credit account, one asset, amount > 0
//!   plain    posted at once
//!   pending  reserved on both sides (a hold)
//!   post     part or all of a pending one becomes posted; the rest stays or is released
//!   void     part or all of a pending one is released
//! group     several transfers, all or nothing
//! ```
//! It does no I/O, reads no clock and knows nothing of orders. A correction is a new transfer. Debits equal credits
//! per asset by construction, and are asserted to after every group.

mod account;
mod ledger;
mod pending;
mod status;

pub use account::{Account, AccountIx, Guard};
pub use ledger::{Balance, Ledger, Leg};
pub use status::Status;
