//! The session rules, one test a rule, on values.

mod desk;
mod duplicates;
mod heartbeats;
mod hours;
mod logon;
mod logout;
mod lossy;
mod numbers;
mod pair;
mod queueing;
mod resend;
mod resets;
mod rollover;
mod store;
mod validation;
