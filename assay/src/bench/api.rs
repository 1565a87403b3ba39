//! The back office's API: a server process of its own, HTTP clients in this one.

use super::Floor;
use super::cpu::CpuTimes;
use super::http::{self, Connection, Rate, request};
use super::path::{fresh, print_cpu_each};
use crate::cli::BenchArgs;
use crate::clock;
use crate::demo::server::Server;
use assay_admin_api::totp;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Connections that each wait for an answer before they ask again.
const CONNECTIONS: usize = 16;

/// Longest that one figure takes.
const TIME_MAX: Duration = Duration::from_secs(30);

/// Orders of the socket parts for each read, and reads for each write, so that the parts take about as long.
const ORDERS_PER_READ: u64 = 10;
const READS_PER_WRITE: u64 = 2;

/// Bytes of a usual answer, in the bare server.
const ANSWER_BYTES: usize = 400;

pub(super) const EMAIL: &str = "bench@venue.example";
pub(super) const PASSWORD: &str = "tulip-orbit-9-canal";

/// Instruments in the list.
const INSTRUMENTS: usize = 200;

pub(super) fn run(args: &BenchArgs, floor: &Floor) -> Result<()> {
    let reads = (args.orders / ORDERS_PER_READ).max(1);
    let writes = (reads / READS_PER_WRITE).max(1);
    let bare =
        http::load(http::bare_server(CONNECTIONS, ANSWER_BYTES)?, CONNECTIONS, reads, TIME_MAX, &|_| {
            request("GET", "/api/v1/auth/me", "token", "")
        })?;
    print("bare HTTP over loopback", &bare, &bare);

    let dir = fresh(&args.dir.join("api"))?;
    let config = configuration(&dir)?;
    create_administrator(&dir, &config)?;
    let server = Server::start(&config, &dir.join("data"))?;
    let token = log_in(server.admin)?;
    let figure = |what: &str, count: u64, ask: &(dyn Fn(u64) -> String + Sync)| -> Result<()> {
        http::load(server.admin, CONNECTIONS, count / 10 + 1, TIME_MAX, &ask)?;
        let before = CpuTimes::of(server.pid())?;
        let rate = http::load(server.admin, CONNECTIONS, count, TIME_MAX, &ask)?;
        let used = CpuTimes::of(server.pid())?.since(&before);
        print(what, &rate, &bare);
        print_cpu_each("api", "a request", &used, rate.latency_us.len().max(1));
        Ok(())
    };
    figure("read of one's own user", reads, &|_| request("GET", "/api/v1/auth/me", &token, ""))?;
    figure("list of 50 instruments", reads, &|_| request("GET", "/api/v1/instruments?limit=50", &token, ""))?;
    figure("durable write of one's preferences", writes, &|n| {
        let body = json!({
            "email_enabled": n % 2 == 0, "push_enabled": false, "quiet_minutes": null, "language": "en", "time_zone": "UTC"
        });
        request("PUT", "/api/v1/auth/me/preferences", &token, &body.to_string())
    })?;
    println!(
        "api: a write waits for the disk: its sync takes p50 {:.0?}, p99 {:.0?}",
        floor.sync.p50, floor.sync.p99
    );
    if !server.stop()? {
        return Err("the server did not stop cleanly".into());
    }
    Ok(())
}

fn print(what: &str, rate: &Rate, bare: &Rate) {
    let p = |q| rate.latency_us.value_at_quantile(q);
    println!(
        "api: {what}: {:.0} requests/s over {CONNECTIONS} connections ({:.2} of bare HTTP), p50 {} us, p99 {} us",
        rate.per_s,
        rate.per_s / bare.per_s,
        p(0.5),
        p(0.99)
    );
}

fn configuration(dir: &Path) -> std::io::Result<PathBuf> {
    let mut text = "[gateway]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n\
        [admin.rates]\nanonymous_per_h = 100000000\nuser_per_h = 100000000\n\
        [[session]]\ncomp_id = \"CLIENT1\"\nfirm = \"FIRM1\"\n[[firm]]\nid = \"FIRM1\"\n"
        .to_owned();
    for i in 0..INSTRUMENTS {
        text += &format!(
            "[[instrument]]\nsymbol = \"S{i}\"\ncurrency = \"USD\"\ntick_size = \"0.01\"\nlot_size = 1\nreference_price = \"100.00\"\n"
        );
    }
    let file = dir.join("assay.toml");
    std::fs::write(&file, text)?;
    Ok(file)
}

/// Before the server starts: the command decides by itself then.
fn create_administrator(dir: &Path, config: &Path) -> Result<()> {
    let password = dir.join("password.txt");
    std::fs::write(&password, PASSWORD)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["user", "create-admin", "--email", EMAIL]).arg("--password-file").arg(password);
    command.arg("--config").arg(config).arg("--data-dir").arg(dir.join("data"));
    let done = command.env("ASSAY_LOG", "error").stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    if done.success() { Ok(()) } else { Err("no administrator could be made".into()) }
}

/// The token of a login with a second factor.
pub(super) fn log_in(address: SocketAddr) -> Result<String> {
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let login = once_recovered(address, &request("POST", "/api/v1/auth/login", "", &body.to_string()))?;
    let token = text(&login, "access_token")?;
    let mut connection = Connection::to(address)?;
    let mut ask = |path: &str, body: &str| -> Result<Value> {
        let heard = connection.ask(&request("POST", path, &token, body))?;
        match heard.status {
            200 => Ok(serde_json::from_str(&heard.body)?),
            status => Err(format!("{path}: answered {status}: {}", heard.body).into()),
        }
    };
    let secret = text(&ask("/api/v1/auth/me/totp", "")?, "secret")?;
    let secret = totp::from_base32(&secret).ok_or("the secret is not base32")?;
    let step = u64::try_from(clock::now().as_ns())? / 1_000_000_000 / totp::STEP_S;
    let code = json!({ "code": totp::code_at(&secret, step) });
    ask("/api/v1/auth/me/totp/confirm", &code.to_string())?;
    Ok(token)
}

/// Until the back office has read the log it answers 503.
fn once_recovered(address: SocketAddr, request: &str) -> Result<Value> {
    const TRIES: u32 = 3_000;
    const PAUSE: Duration = Duration::from_millis(20);
    for _ in 0..TRIES {
        let heard = Connection::to(address)?.ask(request)?;
        match heard.status {
            200 => return Ok(serde_json::from_str(&heard.body)?),
            503 => std::thread::sleep(PAUSE),
            status => return Err(format!("answered {status}: {}", heard.body).into()),
        }
    }
    Err("the back office does not recover".into())
}

fn text(value: &Value, field: &str) -> Result<String> {
    Ok(value[field].as_str().ok_or_else(|| format!("no {field} in {value}"))?.to_owned())
}
