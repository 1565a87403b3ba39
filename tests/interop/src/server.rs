//! `assay up` as a child process.

use crate::{WAIT_MAX, wait_end};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// The binary under test: `ASSAY_BIN`, or the parent workspace's release build, made if need be.
pub fn server_binary() -> PathBuf {
    if let Some(given) = std::env::var_os("ASSAY_BIN") {
        return PathBuf::from(given);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "-p", "assay"])
        .current_dir(&root)
        .env("CARGO_TARGET_DIR", &target)
        .status()
        .expect("cargo runs");
    assert!(status.success(), "assay does not build");
    target.join("release/assay")
}

/// A running server with one data directory, which survives its kills.
pub struct Server {
    binary: PathBuf,
    config: PathBuf,
    data_dir: PathBuf,
    port: u16,
    admin_port: u16,
    child: Child,
}

impl Server {
    /// Starts `binary` in `dir` with two firms that trade AAPL, and waits until it listens.
    pub fn start(binary: &Path, dir: &Path) -> Self {
        Self::start_with(binary, dir, "")
    }

    /// The same, with AAPL traded at brokers `VENUE`, in this order: the name of each here, where it listens, and more of its
    /// settings.
    pub fn start_routed(binary: &Path, dir: &Path, brokers: &[(&str, u16, &str)]) -> Self {
        let names: Vec<String> = brokers.iter().map(|(name, ..)| format!("{name:?}")).collect();
        let mut text = format!("venues = [{}]\n", names.join(", "));
        for (name, port, more) in brokers {
            text += &format!(
                "\n[[venue]]\nname = \"{name}\"\nhosts = [\"127.0.0.1:{port}\"]\ntarget_comp_id = \"VENUE\"\n\
                 account = \"HOUSE\"\nwait_s = 300\n{more}\n"
            );
        }
        Self::start_with(binary, dir, &text)
    }

    /// `more` stands behind the instrument.
    fn start_with(binary: &Path, dir: &Path, more: &str) -> Self {
        let (port, admin_port) = (free_port(), free_port());
        let config = dir.join("assay.toml");
        std::fs::write(&config, configuration(port, admin_port) + more).expect("configuration is written");
        let data_dir = dir.join("data");
        let child = launch(binary, &config, &data_dir);
        Self { binary: binary.to_owned(), config, data_dir, port, admin_port, child }
    }

    /// Where it listens for FIX.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends the process as a crash does: SIGKILL, no word to anyone.
    pub fn kill_9(&mut self) {
        self.child.kill().expect("the server was still running");
        self.child.wait().expect("the server has ended");
    }

    /// Waits until the session with an outside venue is logged on, or is not, as its metrics say.
    ///
    /// # Panics
    /// It is not within [`WAIT_MAX`].
    #[allow(clippy::disallowed_methods, reason = "waiting ends by the clock when nothing comes")]
    pub fn wait_venue(&self, name: &str, up: bool) {
        let wanted = format!("assay_venue_up{{venue=\"{name}\"}} {}\n", u8::from(up));
        let start = Instant::now();
        while !self.metrics().contains(&wanted) {
            assert!(start.elapsed() < WAIT_MAX, "waited for: {wanted}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn metrics(&self) -> String {
        let mut page = String::new();
        let mut stream = TcpStream::connect(("127.0.0.1", self.admin_port)).expect("the server listens");
        stream.set_read_timeout(Some(WAIT_MAX)).expect("an open socket");
        let asked =
            stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        asked.and_then(|()| stream.read_to_string(&mut page)).expect("the page comes");
        page
    }

    /// Stops it in order, and checks that what it leaves is whole, provable and balanced. Its clients have hung up.
    pub fn stop_sound(mut self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).expect("the server was still running");
        wait_end(&mut self.child, "the server");
        for words in [&["audit", "verify"][..], &["check"]] {
            let mut command = Command::new(&self.binary);
            command.args(words).arg("--data-dir").arg(&self.data_dir);
            if words == ["check"] {
                command.arg("--config").arg(&self.config);
            }
            let output = command.output().expect("the command runs");
            assert!(output.status.success(), "{words:?}: {output:?}");
        }
    }

    /// Starts it again on what the crash left.
    pub fn restart(&mut self) {
        self.child = launch(&self.binary, &self.config, &self.data_dir);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(binary: &Path, config: &Path, data_dir: &Path) -> Child {
    let mut child = Command::new(binary)
        .arg("up")
        .arg("--config")
        .arg(config)
        .arg("--data-dir")
        .arg(data_dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{}: {e}", binary.display()));
    let stdout = child.stdout.take().expect("stdout is piped");
    let ready = watch(stdout).recv_timeout(WAIT_MAX);
    if ready.is_err() {
        let _ = child.kill();
        panic!("the server did not say `listening on`; it ended with {:?}", child.wait());
    }
    child
}

/// Tells once when the server says that it listens, and reads on so that its output never blocks it.
fn watch(stdout: ChildStdout) -> Receiver<()> {
    let (ready, listening) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if line.starts_with("listening on ") {
                // Only the first one is waited for.
                let _ = ready.send(());
            }
        }
    });
    listening
}

/// A port that was free a moment ago; whoever is under test binds it at once, and again after each end.
pub fn free_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    socket.local_addr().expect("a bound socket has an address").port()
}

fn configuration(port: u16, admin_port: u16) -> String {
    format!(
        r#"
[gateway]
listen = "127.0.0.1:{port}"
comp_id = "ASSAY"

[[session]]
comp_id = "CLIENT1"
firm = "FIRM1"
heartbeat_s = 30
throttle = {{ per_s = 1000000 }}

[[session]]
comp_id = "CLIENT2"
firm = "FIRM2"
heartbeat_s = 30
throttle = {{ per_s = 1000000 }}

[admin]
listen = "127.0.0.1:{admin_port}"

[[firm]]
id = "FIRM1"
cash = {{ USD = "1000000000" }}

[[firm]]
id = "FIRM2"
positions = {{ AAPL = "1000000" }}

[[instrument]]
symbol = "AAPL"
currency = "USD"
tick_size = "0.01"
lot_size = 1
reference_price = "100.00"
"#
    )
}
