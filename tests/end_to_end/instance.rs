//! A data directory, its configuration, and `assay` processes on them.

use crate::PATIENCE;
use crate::client::Client;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use tempfile::TempDir;

/// Three firms that trade AAPL: FIRM1 with limits, FIRM2 without, FIRM3 poor and collared.
pub(crate) const CONFIGURATION: &str = r#"
[gateway]
listen = "127.0.0.1:0"
comp_id = "ASSAY"

[admin]
listen = "127.0.0.1:0"

[[session]]
comp_id = "CLIENT1"
firm = "FIRM1"
throttle = { per_s = 1000000 }

[[session]]
comp_id = "CLIENT2"
firm = "FIRM2"
throttle = { per_s = 1000000 }

[[session]]
comp_id = "CLIENT3"
firm = "FIRM3"
throttle = { per_s = 1000000 }

[[firm]]
id = "FIRM1"
cash = { USD = "1000000000" }
positions = { AAPL = "1000000" }
limits = { order_qty = 100000, order_notional = "10000000", gross_notional = "1000000000" }

[[firm]]
id = "FIRM2"
cash = { USD = "1000000000" }
positions = { AAPL = "1000000" }

[[firm]]
id = "FIRM3"
cash = { USD = "1000" }
limits = { price_collar_bp = 1000 }

[[instrument]]
symbol = "AAPL"
currency = "USD"
tick_size = "0.01"
lot_size = 1
security_type = "CS"
exchange = "XNAS"
reference_price = "100.00"

[[instrument]]
symbol = "NOREF"
currency = "USD"
tick_size = "0.01"

[log]
segment_mib = 4
"#;

/// A temporary directory with a configuration and a data directory.
pub(crate) struct Home {
    dir: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(dir.path().join("assay.toml"), CONFIGURATION).expect("it is writable");
        Self { dir }
    }

    /// As [`Home::new`], with more at the end of the configuration.
    pub(crate) fn with(more: &str) -> Self {
        let home = Self::new();
        std::fs::write(home.config(), format!("{CONFIGURATION}{more}")).expect("it is writable");
        home
    }

    /// With `old`, which must stand in the configuration, replaced by `new` where it comes first.
    pub(crate) fn changed(self, old: &str, new: &str) -> Self {
        let text = std::fs::read_to_string(self.config()).expect("it was written");
        assert!(text.contains(old), "no {old} in {text}");
        std::fs::write(self.config(), text.replacen(old, new, 1)).expect("it is writable");
        self
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.dir.path().join("assay.toml")
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Starts the server and waits until it listens.
    pub(crate) fn start(&self) -> Server {
        Server::launch(self.up())
    }

    /// `assay up` here.
    pub(crate) fn up(&self) -> Command {
        let mut command = assay(&["up"]);
        command.arg("--config").arg(self.config()).arg("--data-dir").arg(self.data());
        command
    }

    /// As [`Home::start`], with more arguments.
    pub(crate) fn start_with(&self, arguments: &[&str]) -> Server {
        let mut up = self.up();
        up.args(arguments);
        Server::launch(up)
    }

    /// `assay up` here, which must end by itself.
    pub(crate) fn refused_up(&self) -> Ended {
        run(self.up())
    }

    /// `assay audit verify` here.
    pub(crate) fn verify(&self) -> Ended {
        let mut command = assay(&["audit", "verify"]);
        command.arg("--data-dir").arg(self.data());
        run(command)
    }

    /// `assay check` here.
    pub(crate) fn check(&self) -> Ended {
        let mut command = assay(&["check"]);
        command.arg("--config").arg(self.config()).arg("--data-dir").arg(self.data());
        run(command)
    }

    /// `assay audit query` here.
    pub(crate) fn query(&self, args: &[&str]) -> Ended {
        let mut command = assay(&["audit", "query"]);
        command.arg("--data-dir").arg(self.data()).args(args);
        run(command)
    }

    /// The only log segment.
    pub(crate) fn segment(&self) -> PathBuf {
        self.data().join("log").join("00000000000000000000.log")
    }

    /// Checks that what the directory holds is whole, provable and balanced.
    #[track_caller]
    pub(crate) fn assert_sound(&self) {
        self.verify().assert_code(0);
        self.check().assert_code(0);
    }
}

/// The binary under test, deaf to the caller's environment.
pub(crate) fn assay(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ASSAY_")) {
        command.env_remove(name);
    }
    command.args(args);
    command
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn assert_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// Checks that one line on stderr is all there is to read, and returns it without `assay: `.
    #[track_caller]
    pub(crate) fn one_line(&self) -> &str {
        let line = self.stderr.strip_suffix('\n').unwrap_or(&self.stderr);
        assert!(!line.contains('\n'), "more than one line: {self:?}");
        line.strip_prefix("assay: ").unwrap_or_else(|| panic!("no `assay: `: {self:?}"))
    }
}

/// Runs `command` to its end.
pub(crate) fn run(mut command: Command) -> Ended {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let pid = child.id();
    let (done, ended) = channel();
    std::thread::spawn(move || {
        // Nobody waits any more when the deadline has passed.
        let _ = done.send(child.wait_with_output());
    });
    let Ok(output) = ended.recv_timeout(PATIENCE) else {
        signal(pid, Signal::KILL);
        panic!("{command:?} did not end");
    };
    let Output { status, stdout, stderr } = output.expect("its output can be read");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ended { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

/// A running `assay up`.
pub(crate) struct Server {
    child: Child,
    lines: Receiver<String>,
    stderr: Option<std::thread::JoinHandle<String>>,
    address: SocketAddr,
    /// What it said before it listened.
    pub(crate) greeting: Vec<String>,
}

impl Server {
    /// Starts `command` and waits for `listening on`.
    #[track_caller]
    pub(crate) fn launch(command: Command) -> Self {
        let mut server = Self::spawn(command);
        server.await_listening();
        server
    }

    /// Starts `command`.
    #[track_caller]
    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let lines = lines_of(child.stdout.take().expect("piped"));
        let mut pipe = child.stderr.take().expect("piped");
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            // What is no text is shown as far as it is.
            let _ = pipe.read_to_string(&mut text);
            text
        });
        Self {
            child,
            lines,
            stderr: Some(stderr),
            address: SocketAddr::from(([0, 0, 0, 0], 0)),
            greeting: Vec::new(),
        }
    }

    #[track_caller]
    pub(crate) fn await_listening(&mut self) {
        self.address = self.await_line("listening on ").parse().expect("an address");
    }

    /// Waits until it says a line that begins with `prefix`; the rest of that line.
    #[track_caller]
    pub(crate) fn await_line(&mut self, prefix: &str) -> String {
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                // Dead or hung: its words say which.
                let _ = self.child.kill();
                let ended = self.ended();
                panic!("it never said {prefix:?}: {:?} {ended:?}", self.greeting);
            };
            if let Some(rest) = line.strip_prefix(prefix) {
                return rest.to_owned();
            }
            self.greeting.push(line);
        }
    }

    /// Where it accepts FIX.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory in bytes.
    pub(crate) fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("Linux");
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).expect("a running process");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
    }

    /// Ends it as a crash does.
    pub(crate) fn kill_9(mut self) {
        self.child.kill().expect("it was running");
        self.child.wait().expect("it is ours");
    }

    /// SIGTERM, without waiting.
    pub(crate) fn terminate(&self) {
        signal(self.pid(), Signal::TERM);
    }

    /// Stops it in order.
    #[track_caller]
    pub(crate) fn stop(self) {
        self.terminate();
        self.wait().assert_code(0);
    }

    /// Stops it in order once `clients` have hung up: with them on the line it would wait for their Logouts.
    #[track_caller]
    pub(crate) fn stop_after<const N: usize>(self, clients: [Client; N]) {
        drop(clients);
        self.stop();
    }

    /// Waits until it has ended.
    pub(crate) fn wait(mut self) -> Ended {
        self.ended()
    }

    /// The rest of its words; they end with the process.
    fn ended(&mut self) -> Ended {
        let mut stdout = String::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => stdout = stdout + &line + "\n",
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("it did not end: {stdout}"),
            }
        }
        let code = self.child.wait().expect("it is ours").code();
        let stderr = self.stderr.take().expect("read once").join().expect("reading does not panic");
        Ended { code, stdout, stderr }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid.cast_signed()).expect("not zero");
    kill_process(pid, signal).expect("it is ours");
}

fn lines_of(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Bytes of a file, changed in place.
pub(crate) fn edit(file: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(file).expect("readable");
    change(&mut bytes);
    std::fs::write(file, bytes).expect("writable");
}
