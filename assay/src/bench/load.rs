//! A load client: orders as fast as a window allows, or at a fixed rate, and the time until each is answered.

use crate::counterparty::{self, Counterparty, Desk};
use assay_trading_types::Side;
use fix_gateway::client::ClientTls;
use fix_session::{Inbound, Verdict};
use hdrhistogram::Histogram;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What one session sends.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// SenderCompID.
    pub(crate) comp_id: String,
    /// TargetCompID.
    pub(crate) target: String,
    /// Account(1).
    pub(crate) account: String,
    /// Orders.
    pub(crate) orders: u64,
    /// In flight at most.
    pub(crate) window: usize,
    /// Orders a second; as fast as it goes without one.
    pub(crate) rate: Option<f64>,
    /// First number of ClOrdIDs, so that later runs on the same log use new ones.
    pub(crate) first_id: u64,
    /// TLS, and what it shows there.
    pub(crate) tls: Option<ClientTls>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct LoadResult {
    /// From the first order to the last answer.
    pub(crate) took: Duration,
    /// From sending to the first ExecutionReport, microseconds.
    pub(crate) latency_us: Histogram<u64>,
    /// Orders refused.
    pub(crate) refused: u64,
    /// Fills.
    pub(crate) fills: u64,
}

/// Counts answers; answers to one session's orders come in the order of the orders.
struct Counter {
    sent: VecDeque<Instant>,
    answered: u64,
    refused: u64,
    fills: u64,
    latency_us: Histogram<u64>,
}

impl Desk for Counter {
    fn message(&mut self, inbound: &Inbound<'_>) -> Verdict {
        match inbound.message.get(150) {
            Some(b"F") => self.fills += 1,
            Some(kind @ (b"0" | b"8")) => {
                self.refused += u64::from(kind == b"8");
                self.answered += 1;
                if let Some(sent) = self.sent.pop_front() {
                    let us = u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX);
                    self.latency_us.saturating_record(us.max(1));
                }
            }
            _ => {}
        }
        Verdict::Accepted
    }
}

/// A server that answers nothing for this long has failed.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Between two looks at the silence, at full speed.
const ANSWER_WAIT: Duration = Duration::from_millis(5);

/// Runs `load` against `server` and logs out.
#[allow(clippy::disallowed_methods)] // a driver: it measures
pub(crate) fn run(server: SocketAddr, load: &Load) -> std::io::Result<LoadResult> {
    let counter = Counter {
        sent: VecDeque::with_capacity(load.window),
        answered: 0,
        refused: 0,
        fills: 0,
        latency_us: Histogram::new_with_max(60_000_000, 3).map_err(std::io::Error::other)?,
    };
    let mut client =
        counterparty::resetting_over(&load.comp_id, &load.target, (server, load.tls.clone()), counter);
    log_on(&mut client)?;
    let began = Instant::now();
    let mut sent = 0;
    let mut heard = (began, 0);
    while client.desk().answered < load.orders {
        let due = load.rate.map_or(load.orders, |rate| (began.elapsed().as_secs_f64() * rate) as u64 + 1);
        while sent < load.orders.min(due) && client.desk().sent.len() < load.window {
            send(&mut client, load, sent);
            sent += 1;
        }
        let may_send = sent < load.orders && client.desk().sent.len() < load.window;
        let next = load.rate.filter(|_| may_send).map(|rate| Duration::from_secs_f64(sent as f64 / rate));
        client.turn(next.map_or(ANSWER_WAIT, |next| next.saturating_sub(began.elapsed())));
        if heard.1 != client.desk().answered {
            heard = (Instant::now(), client.desk().answered);
        }
        if heard.0.elapsed() > SILENCE_MAX || !client.is_connected() {
            return Err(std::io::Error::other(format!(
                "{} stopped being answered after {}",
                load.comp_id, heard.1
            )));
        }
    }
    let took = began.elapsed();
    client.logout();
    while client.is_connected() && !client.is_logged_out() && began.elapsed() < took + SILENCE_MAX {
        client.turn(Duration::from_millis(5));
    }
    let counter = client.into_desk();
    Ok(LoadResult { took, latency_us: counter.latency_us, refused: counter.refused, fills: counter.fills })
}

pub(crate) fn log_on<D: Desk>(client: &mut Counterparty<D>) -> std::io::Result<()> {
    const TRIES: u32 = 2_000;
    if !client.connect() {
        return Err(std::io::Error::other("the server does not accept connections"));
    }
    for _ in 0..TRIES {
        client.turn(Duration::from_millis(5));
        if client.is_established() {
            return Ok(());
        }
    }
    Err(std::io::Error::other("no answer to Logon"))
}

/// Buys and sells in turn within a few cents, so that most orders trade and books stay short.
#[allow(clippy::disallowed_methods)] // as above
fn send(client: &mut Counterparty<Counter>, load: &Load, n: u64) {
    let id = load.first_id + n;
    let side = if id.is_multiple_of(2) { Side::Buy } else { Side::Sell };
    let cents = 10_000 + id / 2 % 5;
    let at = crate::clock::now();
    client.desk().sent.push_back(Instant::now());
    client.send(b"D", |body| {
        body.field(1, load.account.as_bytes());
        body.field_with(11, |out| write_id(out, id)).field(38, b"100").field(40, b"2");
        body.field_with(44, |out| write_cents(out, cents)).field_char(54, side.fix());
        body.field(55, b"AAPL").field(59, b"0").field_time(60, at);
    });
}

fn write_id(out: &mut Vec<u8>, id: u64) {
    out.push(b'L');
    write_digits(out, id, 10);
}

fn write_cents(out: &mut Vec<u8>, cents: u64) {
    write_digits(out, cents / 100, 3);
    out.push(b'.');
    write_digits(out, cents % 100, 2);
}

fn write_digits(out: &mut Vec<u8>, value: u64, width: u32) {
    (0..width).rev().for_each(|i| out.push(b'0' + (value / 10_u64.pow(i) % 10) as u8));
}
