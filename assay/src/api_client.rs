//! Calls of a running node's API by the command line, in clear HTTP on its own machine.

use clap::Args;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

/// A node that has not answered by then hangs.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Which node, and as whom.
#[derive(Debug, Args, Clone)]
pub(crate) struct ApiArgs {
    /// Address of the node's API (`admin.listen`).
    #[arg(long, env = "ASSAY_API", default_value = "127.0.0.1:8080")]
    pub(crate) api: SocketAddr,
    /// File with the access token of a login (`assay user log-in`).
    #[arg(long, env = "ASSAY_TOKEN_FILE")]
    pub(crate) token_file: PathBuf,
}

impl ApiArgs {
    /// Calls an operation and returns what it answered.
    ///
    /// # Errors
    /// The node does not answer, or refuses: then its words.
    pub(crate) fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        call(self.api, method, path, &self.header()?, body)
    }

    /// Writes what a GET answers to `out` as it comes, however large it is.
    ///
    /// # Errors
    /// As [`ApiArgs::call`], or `out` takes no more.
    pub(crate) fn download(&self, path: &str, out: &mut dyn Write) -> Result<Download, String> {
        let silent = |error| format!("{} (admin.listen) does not answer: {error}", self.api);
        let stream = ask(self.api, "GET", path, &self.header()?, "", MADE_MAX).map_err(silent)?;
        let mut answer = BufReader::new(stream);
        let download = Download::read(&mut answer).map_err(silent)?;
        if !(200..300).contains(&download.status) {
            let mut body = String::new();
            answer.read_to_string(&mut body).map_err(silent)?;
            return Err(words(download.status, &serde_json::from_str(&body).unwrap_or_default()));
        }
        let length = download.header("content-length").and_then(|text| text.parse::<u64>().ok());
        let taken =
            std::io::copy(&mut answer, out).map_err(|error| format!("it cannot be written: {error}"))?;
        out.flush().map_err(|error| format!("it cannot be written: {error}"))?;
        match length {
            Some(length) if length != taken => Err(format!("only {taken} of {length} bytes came")),
            _ => Ok(download),
        }
    }

    fn header(&self) -> Result<String, String> {
        let token = std::fs::read_to_string(&self.token_file)
            .map_err(|error| format!("cannot read {}: {error}", self.token_file.display()))?;
        Ok(format!("Authorization: Bearer {}\r\n", token.trim()))
    }
}

/// Longest that making something large may take.
const MADE_MAX: Duration = Duration::from_secs(3_600);

/// What stands before a downloaded body.
pub(crate) struct Download {
    status: u16,
    headers: Vec<(String, String)>,
}

impl Download {
    /// A header, if there is one.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn read(answer: &mut impl BufRead) -> std::io::Result<Self> {
        let mut line = String::new();
        answer.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or_default();
        let mut headers = Vec::new();
        loop {
            line.clear();
            if answer.read_line(&mut line)? == 0 || line.trim().is_empty() {
                return Ok(Self { status, headers });
            }
            if let Some((name, value)) = line.split_once(':') {
                headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
    }
}

/// Calls an operation with more header lines, each with its line end.
///
/// # Errors
/// As [`ApiArgs::call`].
pub(crate) fn call(
    address: SocketAddr,
    method: &str,
    path: &str,
    header: &str,
    body: Option<&Value>,
) -> Result<Value, String> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let (status, body) = answer(address, method, path, header, &body)?;
    let value: Value = serde_json::from_str(&body).unwrap_or_default();
    if (200..300).contains(&status) { Ok(value) } else { Err(words(status, &value)) }
}

/// Status and body of an answer.
fn answer(
    address: SocketAddr,
    method: &str,
    path: &str,
    header: &str,
    body: &str,
) -> Result<(u16, String), String> {
    let answer = exchange(address, method, path, header, body)
        .map_err(|error| format!("{address} (admin.listen) does not answer: {error}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("the answer is no HTTP")?;
    let status = head.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or_default();
    Ok((status, body.to_owned()))
}

fn exchange(
    address: SocketAddr,
    method: &str,
    path: &str,
    header: &str,
    body: &str,
) -> std::io::Result<String> {
    let mut answer = String::new();
    ask(address, method, path, header, body, ANSWER_MAX)?.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Sends a request; what is read next is the answer, whose parts may be so far apart.
fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    header: &str,
    body: &str,
    silence_max: Duration,
) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_MAX)?;
    stream.set_read_timeout(Some(silence_max))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{header}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    Ok(stream)
}

/// A problem in one line.
fn words(status: u16, problem: &Value) -> String {
    let text = |field: &str| problem[field].as_str().unwrap_or_default().to_owned();
    let faults = problem["errors"].as_array().into_iter().flatten();
    let faults: String = faults
        .map(|fault| {
            let part = |name: &str| fault[name].as_str().unwrap_or_default().to_owned();
            format!("; {} {}", part("field"), part("message"))
        })
        .collect();
    format!("{status} {}: {}{faults}", text("title"), text("detail"))
}
