//! Calls of a running node's API by the command line, in clear HTTP on its own machine.

use clap::Args;
use serde_json::Value;
use std::io::{Read, Write};
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

    /// What a GET answers, as it is.
    ///
    /// # Errors
    /// As [`ApiArgs::call`].
    pub(crate) fn text(&self, path: &str) -> Result<String, String> {
        let (status, body) = answer(self.api, "GET", path, &self.header()?, "")?;
        let problem = || serde_json::from_str(&body).unwrap_or_default();
        if (200..300).contains(&status) { Ok(body) } else { Err(words(status, &problem())) }
    }

    fn header(&self) -> Result<String, String> {
        let token = std::fs::read_to_string(&self.token_file)
            .map_err(|error| format!("cannot read {}: {error}", self.token_file.display()))?;
        Ok(format!("Authorization: Bearer {}\r\n", token.trim()))
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
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_MAX)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{header}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
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
