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
//! # Ids
//! Every transfer has an id, made by its caller from what caused it, so that doing a thing again makes the same id. The
//! ledger itself keeps the ids of holds that are not used up: making such a hold again is [`Status::Exists`] (same
//! accounts and amount: nothing is to be done) or [`Status::ExistsWithDifferentTerms`] (the caller is wrong). Ids of plain
//! transfers and of used-up holds are not kept, since their number has no bound: against those the caller is protected by
//! applying each record of the log once.
//!
//! It does no I/O, reads no clock and knows nothing of orders. A correction is a new transfer. Debits equal credits
//! per asset by construction, and that is asserted after every group, in production too.

mod account;
mod ledger;
mod pending;
mod status;

pub use account::{Account, AccountIx, Guard};
pub use ledger::{Balance, Ledger, Leg};
pub use status::Status;
