//! The session engine alone behind a socket: a D is answered by an 8 without risk, books or audit.

use super::Floor;
use super::cpu::CpuTimes;
use super::load::{self, Load, LoadResult};
use super::path::{fresh, instant, merged, print_cpu};
use crate::certificates::Authority;
use crate::cli::BenchArgs;
use crate::counterparty::{self, Counterparty, Desk};
use crate::demo::server::Server;
use crate::drill::witness::frame_len;
use crate::process::resident_bytes;
use fix_gateway::CertificateFiles;
use fix_gateway::client::{ClientTls, ClientTlsSpec, framed};
use fix_session::{Inbound, Verdict};
use hdrhistogram::Histogram;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
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

/// Orders of another engine's share of the run: it is slower, and its rate shows sooner.
const OTHERS_SHARE: u64 = 8;

/// How much faster than QuickFIX C++ is asked, and how much of the throughput TLS may cost.
const QUICKFIX_TIMES: f64 = 4.0;
const TLS_COST_MAX: f64 = 0.25;

pub(super) fn run(args: &BenchArgs, floor: &Floor) -> Result<()> {
    for target in &TARGETS {
        let plain = orders(args, floor, target)?;
        if target.store == "file" {
            under_tls(args, target)?;
            beside_quickfix(args, target, plain)?;
        }
    }
    resend(args)?;
    idle(args)
}

/// What a run of orders showed.
struct Measured {
    orders: u64,
    orders_per_s: f64,
    latency_us: Histogram<u64>,
    used: CpuTimes,
}

impl Measured {
    fn print(&self, what: &str, more: &str) {
        println!(
            "{what}: {:.0} orders/s{more}, p50 {} us, p99 {} us",
            self.orders_per_s,
            self.latency_us.value_at_quantile(0.5),
            self.latency_us.value_at_quantile(0.99)
        );
        print_cpu(what, &self.used, self.orders);
    }
}

/// Orders as fast as the windows allow.
fn orders(args: &BenchArgs, floor: &Floor, target: &Target) -> Result<f64> {
    let dir = fresh(&args.dir.join("engine"))?;
    let server = Server::start_echo(&dir, target.store, target.sessions)?;
    let measured = measure(&server, target, args.orders, None)?;
    let what = format!("engine, {} store, {} session(s)", target.store, target.sessions);
    let rate = measured.orders_per_s;
    let beside = format!(
        ", window {} each ({:.2} of the target, {:.2} of the bare echo)",
        target.window,
        rate / target.orders_per_s,
        rate / floor.echo_per_s
    );
    measured.print(&what, &beside);
    println!("{what}: at most {} us of server CPU an order are asked", target.cpu_us);
    server.stop()?;
    Ok(rate)
}

/// Turns of a comparison between TLS and clear, of one server each, which alternate: a shared machine is not the same from one
/// minute to the next.
const TLS_TURNS: u64 = 4;

/// The same with TLS 1.3 and certificates on both sides, beside as much in clear.
fn under_tls(args: &BenchArgs, target: &Target) -> Result<()> {
    let dir = fresh(&args.dir.join("engine"))?;
    let certificates = dir.join("certificates");
    let mut authority = Authority::create(&certificates, crate::clock::now())?;
    authority.issue_server(&["127.0.0.1".to_owned()])?;
    (1..=target.sessions).try_for_each(|i| authority.issue_client(&format!("CLIENT{i}")).map(drop))?;
    authority.revoke(&[])?;
    let (store, sessions) = (target.store, target.sessions);
    let clear = Server::start_echo(&dir.join("clear"), store, sessions)?;
    let protected = Server::start_echo_under_tls(&dir.join("tls"), store, sessions, &certificates)?;
    let (mut seconds, mut cpu_s, mut orders) = ([0.0; 2], [0.0; 2], 0);
    for _ in 0..TLS_TURNS {
        for (index, server, tls) in [(0, &clear, None), (1, &protected, Some(&*certificates))] {
            let measured = measure(server, target, args.orders / TLS_TURNS, tls)?;
            seconds[index] += measured.orders as f64 / measured.orders_per_s;
            cpu_s[index] += measured.used.total().as_secs_f64();
            orders += measured.orders;
        }
    }
    clear.stop()?;
    protected.stop()?;
    let each = |total: f64| total * 1e6 / (orders / 2) as f64;
    println!(
        "engine, mutual TLS, {sessions} session(s): {:.0} orders/s, in clear {:.0}, in turns: TLS costs {:.0} % of the throughput (asked: {:.0} %); {:.2} us of server CPU an order, in clear {:.2}",
        1e6 / each(seconds[1]),
        1e6 / each(seconds[0]),
        (1.0 - seconds[0] / seconds[1]) * 100.0,
        TLS_COST_MAX * 100.0,
        each(cpu_s[1]),
        each(cpu_s[0])
    );
    Ok(())
}

/// QuickFIX C++ with its file store, on the same load.
fn beside_quickfix(args: &BenchArgs, target: &Target, plain: f64) -> Result<()> {
    let Some(program) = &args.quickfix else { return Ok(()) };
    let dir = fresh(&args.dir.join("quickfix"))?;
    let server = Server::start_other(program, &dir, target.sessions)?;
    let measured = measure(&server, target, args.orders / OTHERS_SHARE, None)?;
    let beside = format!(
        ": the engine is {:.1} times as fast (asked: {QUICKFIX_TIMES:.0}), though it syncs and QuickFIX does not",
        plain / measured.orders_per_s
    );
    measured.print(&format!("QuickFIX C++, file store, {} session(s)", target.sessions), &beside);
    server.kill()?;
    Ok(())
}

/// Runs the load of `target`; with `certificates` under TLS.
fn measure(server: &Server, target: &Target, orders: u64, certificates: Option<&Path>) -> Result<Measured> {
    // The first orders warm caches, allocate and grow tables; they are not counted.
    load_all(server.fix, target, (orders / 10, 0), certificates)?;
    let before = CpuTimes::of(server.pid())?;
    let results = load_all(server.fix, target, (orders, 1_000_000_000), certificates)?;
    let used = CpuTimes::of(server.pid())?.since(&before);
    let took = results.iter().map(|r| r.took).max().unwrap_or_default();
    Ok(Measured {
        orders,
        orders_per_s: orders as f64 / took.as_secs_f64(),
        latency_us: merged(&results),
        used,
    })
}

fn load_all(
    server: SocketAddr,
    target: &Target,
    (orders, first_id): (u64, u64),
    certificates: Option<&Path>,
) -> Result<Vec<LoadResult>> {
    let load = |comp_id: String| -> Result<Load> {
        let tls = certificates.map(|dir| client_tls(dir, &comp_id)).transpose()?;
        Ok(Load {
            comp_id,
            target: "ECHO".to_owned(),
            account: "FIRM1".to_owned(),
            orders: orders / target.sessions as u64,
            window: target.window,
            rate: None,
            first_id,
            tls,
        })
    };
    let loads: Vec<Load> =
        (1..=target.sessions).map(|i| load(format!("CLIENT{i}"))).collect::<Result<_>>()?;
    let run = |load: Load| std::thread::spawn(move || load::run(server, &load));
    let clients: Vec<_> = loads.into_iter().map(run).collect();
    clients.into_iter().map(|c| Ok(c.join().map_err(|_| "a load client panicked")??)).collect()
}

fn client_tls(dir: &Path, comp_id: &str) -> Result<ClientTls> {
    let file = |name: String| dir.join(name);
    let identity =
        CertificateFiles { certificate: file(format!("{comp_id}.pem")), key: file(format!("{comp_id}.key")) };
    let spec = ClientTlsSpec { ca: file("ca.pem".to_owned()), identity: Some(identity), tls12_only: false };
    Ok(ClientTls::load(&spec)?)
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
        tls: None,
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
