//! The session engine alone behind a socket: a D is answered by an 8 without risk, books or audit.

use super::Floor;
use super::cpu::CpuTimes;
use super::load::{self, Load, LoadResult};
use super::path::{fresh, instant, merged, print_cpu};
use crate::cli::BenchArgs;
use crate::counterparty::{self, Counterparty, Desk};
use crate::demo::server::Server;
use crate::drill::witness::frame_len;
use crate::resident::resident_bytes;
use fix_gateway::client::framed;
use fix_session::{Inbound, Verdict};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What is asked of the engine on a number of sessions.
struct Target {
    store: &'static str,
    sessions: usize,
    /// Orders in flight on each.
    window: usize,
    /// Orders a second of all sessions together.
    orders_per_s: f64,
    cpu_us: f64,
}

const TARGETS: [Target; 4] = [
    Target { store: "file", sessions: 1, window: 200, orders_per_s: 160_000.0, cpu_us: 5.0 },
    Target { store: "file", sessions: 8, window: 50, orders_per_s: 200_000.0, cpu_us: 5.0 },
    Target { store: "memory", sessions: 1, window: 200, orders_per_s: 160_000.0, cpu_us: 5.0 },
    Target { store: "memory", sessions: 8, window: 50, orders_per_s: 250_000.0, cpu_us: 3.0 },
];

/// Sessions that do nothing but be there.
const IDLE_SESSIONS: usize = 1_000;

/// How long they are watched: each heartbeat of 30 s falls into it once.
const IDLE_TIME: Duration = Duration::from_secs(30);

pub(super) fn run(args: &BenchArgs, floor: &Floor) -> Result<()> {
    for target in &TARGETS {
        orders(args, floor, target)?;
    }
    resend(args)?;
    idle(args)
}

/// Orders as fast as the windows allow.
fn orders(args: &BenchArgs, floor: &Floor, target: &Target) -> Result<()> {
    let dir = fresh(&args.dir.join("engine"))?;
    let server = Server::start_echo(&dir, target.store, target.sessions)?;
    // The first orders warm caches, allocate and grow tables; they are not counted.
    load_all(server.fix, target, args.orders / 10, 0)?;
    let before = CpuTimes::of(server.pid())?;
    let results = load_all(server.fix, target, args.orders, 1_000_000_000)?;
    let used = CpuTimes::of(server.pid())?.since(&before);
    let took = results.iter().map(|r| r.took).max().unwrap_or_default();
    let rate = args.orders as f64 / took.as_secs_f64();
    let latency = merged(&results);
    let what = format!("engine, {} store, {} session(s)", target.store, target.sessions);
    println!(
        "{what}: {rate:.0} orders/s, window {} each ({:.2} of the target, {:.2} of the bare echo), p50 {} us, p99 {} us",
        target.window,
        rate / target.orders_per_s,
        rate / floor.echo_per_s,
        latency.value_at_quantile(0.5),
        latency.value_at_quantile(0.99)
    );
    print_cpu(&what, &used, args.orders);
    println!("{what}: at most {} us of server CPU an order are asked", target.cpu_us);
    server.stop()?;
    Ok(())
}

fn load_all(server: SocketAddr, target: &Target, orders: u64, first_id: u64) -> Result<Vec<LoadResult>> {
    let clients: Vec<_> = (1..=target.sessions)
        .map(|i| {
            let load = Load {
                comp_id: format!("CLIENT{i}"),
                target: "ECHO".to_owned(),
                account: "FIRM1".to_owned(),
                orders: orders / target.sessions as u64,
                window: target.window,
                rate: None,
                first_id,
            };
            std::thread::spawn(move || load::run(server, &load))
        })
        .collect();
    clients.into_iter().map(|c| Ok(c.join().map_err(|_| "a load client panicked")??)).collect()
}

/// One session has everything sent again while another one trades.
fn resend(args: &BenchArgs) -> Result<()> {
    let dir = fresh(&args.dir.join("engine"))?;
    let server = Server::start_echo(&dir, "file", 2)?;
    let load = |client: u32, orders, first_id| Load {
        comp_id: format!("CLIENT{client}"),
        target: "ECHO".to_owned(),
        account: "FIRM1".to_owned(),
        orders,
        window: 200,
        rate: None,
        first_id,
    };
    load::run(server.fix, &load(1, args.resend, 0))?;
    let before = resident_bytes(server.pid())?;
    let (address, live) = (server.fix, load(2, args.resend / 4, 1_000_000_000));
    let live = std::thread::spawn(move || load::run(address, &live));
    let mut peak = before;
    let resent = ask_again(server.fix, args.resend, || {
        // A figure that cannot be read now is read the next time.
        peak = peak.max(resident_bytes(server.pid()).unwrap_or(0));
    })?;
    let live = live.join().map_err(|_| "a load client panicked")??;
    println!(
        "engine, resend: {:.0} messages/s of {} while another session traded {:.0} orders/s, {} MiB of memory on top (asked: 500000/s, 16 MiB)",
        args.resend as f64 / resent.as_secs_f64(),
        args.resend,
        (args.resend / 4) as f64 / live.took.as_secs_f64(),
        (peak - before) >> 20
    );
    server.stop()?;
    Ok(())
}

/// A counterparty that lost everything but its own numbers: Logon, and all of the other side's messages again.
fn ask_again(server: SocketAddr, orders: u64, mut watch: impl FnMut()) -> Result<Duration> {
    const SILENCE_MAX: Duration = Duration::from_secs(30);
    let mut socket = TcpStream::connect(server)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(SILENCE_MAX))?;
    let header = |msg_type: &str, seq: u64| {
        let mut time = Vec::new();
        crate::clock::now().write_fix(3, &mut time);
        let time = String::from_utf8_lossy(&time).into_owned();
        format!("35={msg_type}|34={seq}|49=CLIENT1|52={time}|56=ECHO|")
    };
    // Logon, the orders and Logout were its messages so far.
    let next = orders + 3;
    socket.write_all(&framed(&format!("{}98=0|108=30|", header("A", next))))?;
    let began = instant();
    socket.write_all(&framed(&format!("{}7=1|16=0|", header("2", next + 1))))?;
    let (mut held, mut buffer) = (Vec::new(), vec![0; 1 << 20]);
    let mut again = 0;
    while again < orders {
        let count = socket.read(&mut buffer)?;
        if count == 0 {
            return Err(format!("the server hung up after {again} messages").into());
        }
        held.extend_from_slice(&buffer[..count]);
        let mut used = 0;
        while let Some(len) = frame_len(&held[used..]) {
            again += u64::from(is_report(&held[used..used + len]));
            used += len;
        }
        held.drain(..used);
        watch();
    }
    Ok(began.elapsed())
}

fn is_report(frame: &[u8]) -> bool {
    frame.split(|b| *b == 1).nth(2) == Some(b"35=8")
}

/// Hears nothing.
struct Nobody;

impl Desk for Nobody {
    fn message(&mut self, _: &Inbound<'_>) -> Verdict {
        Verdict::Accepted
    }
}

/// What sessions cost that only heartbeat.
fn idle(args: &BenchArgs) -> Result<()> {
    let dir = fresh(&args.dir.join("engine"))?;
    let server = Server::start_echo(&dir, "file", IDLE_SESSIONS)?;
    let before = resident_bytes(server.pid())?;
    let mut clients: Vec<Counterparty<Nobody>> = (1..=IDLE_SESSIONS)
        .map(|i| counterparty::resetting(&format!("CLIENT{i}"), "ECHO", server.fix, Nobody))
        .collect();
    for client in &mut clients {
        load::log_on(client)?;
    }
    let (used, began) = (CpuTimes::of(server.pid())?, instant());
    while began.elapsed() < IDLE_TIME {
        clients.iter_mut().for_each(|client| client.turn(Duration::from_micros(1)));
        std::thread::sleep(Duration::from_millis(100));
    }
    let used = CpuTimes::of(server.pid())?.since(&used).total();
    let now = resident_bytes(server.pid())?;
    let up = clients.iter().filter(|client| client.is_established()).count();
    println!(
        "engine, idle: {up} of {IDLE_SESSIONS} sessions up after {} s: {} MiB resident ({} MiB before the first), {:.2} % of a core (asked: 64 MiB, 2 %)",
        IDLE_TIME.as_secs(),
        now >> 20,
        before >> 20,
        used.as_secs_f64() / began.elapsed().as_secs_f64() * 100.0
    );
    drop(clients);
    server.stop()?;
    Ok(())
}
