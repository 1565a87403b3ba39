//! Loans against collateral: products, schedules, interest, payments, margin calls, default, each step with its postings.
//!
//! ```text
//! propose -> approve product                                     (two persons)
//! apply -> pending -> approved -> active -> repaid               collateral locked at once, given back at the end
//!             |  |                 |  ^
//!             |  rejected          |  margin call -> cured | partial sale
//!             cancelled            v
//!                              defaulted -> sale of what covers the debt -> repaid | written off -> recovered
//! ```
//! [`Loans`] takes a [`Command`], who asks and when, and answers with [`LoanEvent`]s or a `LoanRefusal`; every event
//! carries postings that balance. It decides on a copy and then puts it in place, so a refusal changes nothing.
//!
//! It does no I/O, reads no clock and knows neither the log nor orders: whoever runs it applies the postings to the books
//! in the same step, feeds it prices and days, and turns `LoanFact::LiquidationRequested` into an ordinary order. Who may
//! ask is decided by role before; that two persons must act, and that nobody decides on their own loan, is decided here.
//!
//! # Rules
//! - Interest is simple, on outstanding principal, from the payout on; exact, and rounded only as [`Accrual`] says.
//! - Fees, interest and principal are owed apart. A payment settles them in the product's order, the oldest instalment
//!   first, and is never taken beyond what is owed. What goes beyond what is due is prepaid principal.
//! - A loan in default earns nothing more.
//! - What finds no buyer is offered again after 1, 2, 4 ... 60 minutes, or after one where its price moves or its market
//!   opens, and people are told once a day.
//! - Collateral counts at its reference price less a haircut. Without a recent price nothing is lent, nothing is given
//!   back, and nobody is called upon.

#![warn(missing_docs)]

mod accrual;
mod collateral;
mod daily;
mod event;
mod kept;
mod loan;
mod loans;
mod payments;
mod plan;
mod prices;
mod product;
mod products;
mod running;
mod schedule;
mod state;
mod steps;
mod turns;
mod valuation;

pub use accrual::Accrual;
pub use event::{Application, Asked, Command, LoanEvent};
pub use loan::{DESK_CODE, Loan, Stage};
pub use loans::{Funds, LOANS_MAX, Loans, collateral_needed, quote};
pub use plan::{Interest, PRINCIPAL_MAX, Plan, PlanFault, RATE_STEPS_MAX, RateStep};
pub use prices::Quote;
pub use product::fault;
pub use running::Running;
pub use turns::TURN_LOANS_MAX;
pub use valuation::{Valuation, Valued};
