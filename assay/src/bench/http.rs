//! HTTP clients that ask again as soon as they are answered, and a bare server to hold the figures against.

use hdrhistogram::Histogram;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A server that answers nothing for this long has failed.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// What a client has heard.
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// A connection that is kept.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn to(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE_MAX))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends a whole request in one write and reads the answer to its end.
    pub(crate) fn ask(&mut self, request: &str) -> std::io::Result<Heard> {
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (first, length) = read_head(&mut self.stream)?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        let status = first.split(' ').nth(1).and_then(|text| text.parse().ok());
        let status = status.ok_or_else(|| std::io::Error::other("the answer is no HTTP"))?;
        Ok(Heard { status, body: String::from_utf8_lossy(&body).into_owned() })
    }
}

/// A request as text.
pub(crate) fn request(method: &str, path: &str, token: &str, body: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The first line of a message and the length of its body. An end of the stream is an error.
fn read_head(stream: &mut impl BufRead) -> std::io::Result<(String, usize)> {
    let (mut first, mut length, mut line) = (String::new(), 0, String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let text = line.trim_end();
        if text.is_empty() {
            return Ok((first, length));
        }
        if first.is_empty() {
            first = text.to_owned();
        }
        if let Some((name, value)) = text.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(std::io::Error::other)?;
        }
    }
}

/// What came of a load.
pub(crate) struct Rate {
    pub(crate) per_s: f64,
    pub(crate) latency_us: Histogram<u64>,
}

/// `count` requests in all, over `connections` that each wait for an answer before they ask again, or as many as fit
/// into `time_max`. `request` makes the one of a number; every answer must be 200.
#[allow(clippy::disallowed_methods)] // a driver: it measures
pub(crate) fn load(
    address: SocketAddr,
    connections: usize,
    count: u64,
    time_max: Duration,
    request: &(impl Fn(u64) -> String + Sync),
) -> std::io::Result<Rate> {
    let next = AtomicU64::new(0);
    let began = Instant::now();
    let client = || -> std::io::Result<Histogram<u64>> {
        let mut latency_us = Histogram::new_with_max(60_000_000, 3).map_err(std::io::Error::other)?;
        let mut connection = Connection::to(address)?;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count || began.elapsed() > time_max {
                return Ok(latency_us);
            }
            let (text, asked) = (request(number), Instant::now());
            let heard = connection.ask(&text)?;
            if heard.status != 200 {
                return Err(std::io::Error::other(format!("answered {}: {}", heard.status, heard.body)));
            }
            let us = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
            latency_us.saturating_record(us.max(1));
        }
    };
    let parts: Vec<_> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..connections).map(|_| scope.spawn(client)).collect();
        let joined = clients
            .into_iter()
            .map(|client| client.join().unwrap_or_else(|_| Err(std::io::Error::other("a client panicked"))));
        joined.collect::<std::io::Result<_>>()
    })?;
    let took = began.elapsed();
    let mut latency_us = Histogram::new_with_max(60_000_000, 3).map_err(std::io::Error::other)?;
    for part in &parts {
        latency_us.add(part).map_err(std::io::Error::other)?;
    }
    Ok(Rate { per_s: latency_us.len() as f64 / took.as_secs_f64(), latency_us })
}

/// A server that answers every request with the same bytes, one thread a connection, until its clients go. Returns
/// where it listens; its threads end with their connections, and it takes `connections` of them.
pub(crate) fn bare_server(connections: usize, body_bytes: usize) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body_bytes}\r\n\r\n{}",
        " ".repeat(body_bytes)
    );
    std::thread::spawn(move || {
        for stream in listener.incoming().take(connections).flatten() {
            let answer = answer.clone();
            std::thread::spawn(move || answer_all(stream, &answer));
        }
    });
    Ok(address)
}

/// Ends with an error when the client goes, which is how it ends.
fn answer_all(stream: TcpStream, answer: &str) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut body = Vec::new();
    loop {
        let (_, length) = read_head(&mut stream)?;
        body.resize(length, 0);
        stream.read_exact(&mut body)?;
        stream.get_mut().write_all(answer.as_bytes())?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_on_the_bare_server_is_counted_and_ends() {
        let address = bare_server(3, 10).unwrap();
        let rate = load(address, 3, 50, SILENCE_MAX, &|n| request("POST", "/", "t", &n.to_string())).unwrap();
        assert_eq!(rate.latency_us.len(), 50);
    }
}
