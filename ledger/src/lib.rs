//! The double-entry core: integer amounts, two-sided transfers, holds, and books that balance after every step.
//!
//! ```text
//! transfer  debit account -> credit account, one asset, amount > 0
//!   plain    posted at once
//!   pending  reserved on both sides (a hold)
//!   post     part or all of a pending one becomes posted; the rest stays or is released
//!   void     part or all of a pending one is released
//! group     several transfers, all or nothing
//! account   guarded against overdraft or overpayment, or not; closed at rest, never deleted
//! asset     billionths inside, and as many decimals outside as it was said to have
//! ```
//! [`Ledger`] applies groups whose callers know what they do. A [`Desk`] before it takes [`Request`]s as people and
//! systems make them: again, in chains, for what is there at most, reserved until a time. A [`History`] behind it, made
//! from what was posted, knows balances of the past; [`general_ledger`] makes journals and statements of it.
//!
//! # Ids
//! Every transfer has an id, made by its caller from what caused it, so that doing a thing again makes the same id. The
//! ledger itself keeps the ids of holds that are not used up: making such a hold again is [`Status::Exists`] (same
//! accounts and amount: nothing is to be done) or the status that names the term that differs (the caller is wrong). Ids of
//! plain transfers and of used-up holds it does not keep, since their number has no bound: against those the caller is
//! protected by applying each record of the log once, or by a [`Desk`], which keeps the last ones.
//!
//! It does no I/O, reads no clock and knows nothing of orders. A correction is a new transfer. Debits equal credits
//! per asset by construction, and that is asserted after every group, in production too.

mod account;
mod accounts;
mod assets;
mod desk;
pub mod general_ledger;
mod history;
mod ledger;
mod leg;
mod pending;
mod remembered;
mod request;
mod status;

pub use account::{Account, AccountIx, Guard};
pub use desk::{Answer, Desk};
pub use history::{BeforeHorizon, History, Line, Standing};
pub use ledger::{Balance, Ledger};
pub use leg::Leg;
pub use pending::Hold;
pub use request::{Request, Take};
pub use status::{AccountStatus, Status};
