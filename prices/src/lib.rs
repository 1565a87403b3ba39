//! Which price an instrument is valued at, of several sources that may stall, lie or end.
//!
//! ```text
//! source 1 --Quote--> +--------+
//! source 2 --Quote--> | Prices | --> ReferencePriceSet, RiskAlarmed
//!          time ----> +--------+
//! ```
//! Sans-IO: whoever reads sources gives quotes and time, and takes what is to be recorded. A quote that cannot be is refused;
//! one far from the price in force is an outlier until it is confirmed; of the sources that live the first in an instrument's
//! order counts. Nothing of it is state that matters: after a restart the next quotes say it again, and risk refuses orders
//! by the age of a price whatever happens here.

mod fault;
mod feed;
mod prices;
mod quote;

pub use fault::QuoteFault;
pub use prices::{InstrumentTerms, Prices, SourceTerms, Told};
pub use quote::{Columns, LineError, Quote};
