//! The session rules, one test a rule, on values.

mod desk;
mod duplicates;
mod heartbeats;
mod logon;
mod logout;
mod numbers;
mod pair;
mod resend;
mod resets;
mod validation;
