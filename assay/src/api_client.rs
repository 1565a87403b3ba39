//! Calls of a running node's API by the command line: in clear HTTP on its own machine, under TLS from anywhere.

use clap::Args;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;
use std::fmt::{self, Display, Formatter};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// A node that has not answered by then hangs.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Where an API is: `127.0.0.1:8080`, `https://api.example.com` or `https://api.example.com:8443`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiAddress {
    host: String,
    port: u16,
    tls: bool,
}

/// Port of `http://` without one.
const HTTP: u16 = 80;

/// Port of `https://` without one.
const HTTPS: u16 = 443;

impl FromStr for ApiAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (tls, place) = match text.split_once("://") {
            None => (false, text),
            Some(("http", place)) => (false, place),
            Some(("https", place)) => (true, place),
            Some((scheme, _)) => return Err(format!("{scheme} is neither http nor https")),
        };
        let place = place.strip_suffix('/').unwrap_or(place);
        if place.contains('/') {
            return Err("a host and a port, without a path".to_owned());
        }
        // The colons of an IPv6 address stand between brackets.
        let (host, port) = match place.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
            Some((host, port)) => (host, port.parse().map_err(|_| format!("{port} is no port"))?),
            None if text.contains("://") => (place, if tls { HTTPS } else { HTTP }),
            None => return Err("no port: HOST:PORT or https://HOST".to_owned()),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() {
            return Err("no host".to_owned());
        }
        Ok(Self { host: host.to_owned(), port, tls })
    }
}

/// As in a Host header.
impl Display for ApiAddress {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            return write!(f, "[{}]:{}", self.host, self.port);
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A node's API, and who vouches for it.
#[derive(Debug, Args, Clone)]
pub(crate) struct ApiPlace {
    /// The node's API: HOST:PORT in clear (`admin.listen`), or https://HOST:PORT.
    #[arg(long, env = "ASSAY_API", default_value = "127.0.0.1:8080")]
    pub(crate) api: ApiAddress,
    /// Certificates in PEM that alone may vouch for it, instead of the system's.
    #[arg(long, env = "ASSAY_API_CA")]
    pub(crate) api_ca: Option<PathBuf>,
}

/// Which node, and as whom.
#[derive(Debug, Args, Clone)]
pub(crate) struct ApiArgs {
    #[command(flatten)]
    pub(crate) place: ApiPlace,
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
        call(&self.place, method, path, &self.header()?, body)
    }

    /// Writes what a GET answers to `out` as it comes, however large it is.
    ///
    /// # Errors
    /// As [`ApiArgs::call`], or `out` takes no more.
    pub(crate) fn download(&self, path: &str, out: &mut dyn Write) -> Result<Download, String> {
        let silent = |error| format!("{} (admin.listen) does not answer: {error}", self.place.api);
        let stream = ask(&self.place, "GET", path, &self.header()?, "", MADE_MAX).map_err(silent)?;
        let mut answer = BufReader::new(stream);
        let download = Download::read(&mut answer).map_err(silent)?;
        if !(200..300).contains(&download.status) {
            let mut body = String::new();
            answer.read_to_string(&mut body).map_err(silent)?;
            return Err(words(download.status, &serde_json::from_str(&body).unwrap_or_default()));
        }
        let length = download.header("content-length").and_then(|text| text.parse::<u64>().ok());
        let taken = io::copy(&mut answer, out).map_err(|error| format!("it cannot be written: {error}"))?;
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

    fn read(answer: &mut impl BufRead) -> io::Result<Self> {
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
    place: &ApiPlace,
    method: &str,
    path: &str,
    header: &str,
    body: Option<&Value>,
) -> Result<Value, String> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let (status, body) = answer(place, method, path, header, &body)?;
    let value: Value = serde_json::from_str(&body).unwrap_or_default();
    if (200..300).contains(&status) { Ok(value) } else { Err(words(status, &value)) }
}

/// Status and body of an answer.
fn answer(
    place: &ApiPlace,
    method: &str,
    path: &str,
    header: &str,
    body: &str,
) -> Result<(u16, String), String> {
    let answer = exchange(place, method, path, header, body)
        .map_err(|error| format!("{} (admin.listen) does not answer: {error}", place.api))?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("the answer is no HTTP")?;
    let status = head.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or_default();
    Ok((status, body.to_owned()))
}

fn exchange(place: &ApiPlace, method: &str, path: &str, header: &str, body: &str) -> io::Result<String> {
    let mut answer = String::new();
    ask(place, method, path, header, body, ANSWER_MAX)?.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Sends a request; what is read next is the answer, whose parts may be so far apart.
fn ask(
    place: &ApiPlace,
    method: &str,
    path: &str,
    header: &str,
    body: &str,
    silence_max: Duration,
) -> io::Result<Box<dyn Read>> {
    let ApiPlace { api, api_ca } = place;
    let tcp = connect(api)?;
    tcp.set_read_timeout(Some(silence_max))?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {api}\r\nConnection: close\r\n{header}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    if !api.tls {
        return sent(tcp, &request);
    }
    let name = ServerName::try_from(api.host.clone()).map_err(io::Error::other)?;
    let config = Arc::new(trusting(api_ca.as_deref())?);
    let session = ClientConnection::new(config, name).map_err(io::Error::other)?;
    sent(StreamOwned::new(session, tcp), &request)
}

fn connect(api: &ApiAddress) -> io::Result<TcpStream> {
    let mut refused = io::Error::other("the name has no address");
    for address in (api.host.as_str(), api.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, ANSWER_MAX) {
            Ok(stream) => return Ok(stream),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

fn sent(mut stream: impl Read + Write + 'static, request: &str) -> io::Result<Box<dyn Read>> {
    stream.write_all(request.as_bytes())?;
    Ok(Box::new(stream))
}

/// TLS that trusts the certificates of a file, or without one the system's.
fn trusting(ca: Option<&Path>) -> io::Result<ClientConfig> {
    let roots = match ca {
        Some(file) => fix_gateway::roots(file).map_err(io::Error::other)?,
        None => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            roots
        }
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(versions.map_err(io::Error::other)?.with_root_certificates(roots).with_no_client_auth())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_where_and_whether_under_tls() {
        let read = |text: &str| text.parse::<ApiAddress>().map(|a| (a.to_string(), a.tls));
        let is = |shown: &str, tls| Ok((shown.to_owned(), tls));
        assert_eq!(read("127.0.0.1:8080"), is("127.0.0.1:8080", false));
        assert_eq!(read("localhost:1"), is("localhost:1", false));
        assert_eq!(read("[::1]:8080"), is("[::1]:8080", false));
        assert_eq!(read("https://[::1]"), is("[::1]:443", true));
        assert_eq!(read("http://venue.example"), is("venue.example:80", false));
        assert_eq!(read("https://venue.example/"), is("venue.example:443", true));
        assert_eq!(read("https://venue.example:8443"), is("venue.example:8443", true));
        assert_eq!("[::1]:80".parse::<ApiAddress>().unwrap().host, "::1", "as a certificate has it");
        for bad in [
            "",
            "venue.example",
            ":8080",
            "venue.example:x",
            "ftp://a:1",
            "https://a/b",
            "https://",
            "a:70000",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
