//! Real ClickHouse servers for tests, and a network that fails between them and the product.
//!
//! [`Today`] is the engine of the `chdb` package behind a small HTTP front; [`Debian`] is a whole server of 2018.
//! `tests/clickhouse/install.sh` installs both. Where one is missing a test says that it was skipped; with
//! `REQUIRE_CLICKHOUSE` set it fails instead.

mod debian;
mod link;
mod today;

pub use debian::Debian;
pub use link::{Cut, Link};
pub use today::Today;

use std::io::Write;
use std::time::{Duration, Instant};

/// Says why a test does nothing, past the test runner's capture; fails where servers are required.
fn missing(what: &str) {
    assert!(std::env::var_os("REQUIRE_CLICKHOUSE").is_none(), "{what}");
    let _ = writeln!(std::io::stderr(), "skipped: {what}; tests/clickhouse/install.sh installs it");
}

/// Waits for `done`.
///
/// # Panics
/// It does not come within two minutes.
#[allow(clippy::disallowed_methods, reason = "a test waits for another process")]
fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(120), "{what} did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a ClickHouse answers on `port`.
fn answers(port: u16) -> bool {
    use std::io::Read;
    let Ok(mut socket) = std::net::TcpStream::connect(("127.0.0.1", port)) else { return false };
    let asked = socket.write_all(b"GET /ping HTTP/1.0\r\n\r\n");
    let mut answer = String::new();
    asked.is_ok() && socket.read_to_string(&mut answer).is_ok() && answer.contains("Ok.")
}

/// Answer of `url` to `sql` about `database`, tab separated, asked past the product.
///
/// # Panics
/// The server does not answer, or not with what was asked for.
pub fn ask(url: &str, database: &str, sql: &str) -> String {
    use std::io::Read;
    let address = url.strip_prefix("http://").expect("an address");
    let mut socket = std::net::TcpStream::connect(address).expect("the server listens");
    let head = format!(
        "POST /?database={database}&default_format=TabSeparated HTTP/1.0\r\nContent-Length: {}\r\n\r\n",
        sql.len()
    );
    socket.write_all((head + sql).as_bytes()).expect("the server takes the question");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer of HTTP");
    assert!(head.contains(" 200 "), "{sql}: {answer}");
    body.trim_end().to_owned()
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound socket").port()
}
