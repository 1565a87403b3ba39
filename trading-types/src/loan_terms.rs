//! Terms of loans, as they stand in records: rates, days, due dates, products, and what a debt consists of. The rules that
//! make something of them are the loan core's.

mod calendar;
mod day_count;
mod debt;
mod product;
mod rate;

pub use calendar::{BusinessDays, Cycle, DUE_DATES_MAX, Shift, Stub};
pub use day_count::{DayCount, YEAR};
pub use debt::{Bucket, Instalment, Parts};
pub use product::{CollateralRule, Part, Prepayment, Product, Repayment};
pub use rate::{Rate, RateError};
