//! Assay as its users meet it: real processes, real sockets, real files.
//!
//! The FIX side is [`wire`] and [`client`], written for these tests alone: they share no code with the engine, so that
//! a misreading of the standard cannot stand on both sides. Nothing waits by sleeping: each wait is for a line, a
//! message, an end of stream or an exit, and [`PATIENCE`] bounds it.

mod audit_trail;
mod back_office;
mod clickhouse;
mod client;
mod configuration;
mod crash;
mod damage;
mod desk;
mod disconnects;
mod drop_copy;
mod full_disk;
mod garbage;
mod inquiries;
mod instance;
mod keeper;
mod kyc;
mod loans;
mod market_data;
mod mass;
mod matrix;
mod money;
mod news;
mod orders;
mod orders_over_the_api;
mod parties;
mod pending;
mod prices;
mod processes;
mod refusals;
mod risk;
mod roles;
mod security;
mod session_commands;
mod sessions;
mod short_sales;
mod shutdown;
mod terms;
mod trades;
mod venues;
mod wire;

use std::time::Duration;

/// Longest wait for anything: long past what a loaded machine needs, so that only a hang meets it.
const PATIENCE: Duration = Duration::from_secs(60);
