//! The server under demonstration or measurement: `assay up` as a process of its own, so that it can be killed.

use crate::clock::Jump;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A child that serves.
pub(crate) struct Server {
    child: Child,
    /// Where FIX sessions connect.
    pub(crate) fix: SocketAddr,
    /// Where metrics are.
    pub(crate) admin: SocketAddr,
    /// What it said about its log on the way up.
    pub(crate) said: Vec<String>,
}

impl Server {
    /// Starts `assay up` on `config` and `data_dir` and waits until it accepts.
    pub(crate) fn start(config: &Path, data_dir: &Path) -> std::io::Result<Self> {
        Self::spawn(up(config, data_dir)?)
    }

    /// As [`Server::start`], with a clock that goes wrong.
    pub(crate) fn start_with_clock(config: &Path, data_dir: &Path, jumps: &[Jump]) -> std::io::Result<Self> {
        let mut command = up(config, data_dir)?;
        for jump in jumps {
            command.arg(format!("--clock-jumps={jump}"));
        }
        Self::spawn(command)
    }

    /// Starts `assay up` and kills it after `life`, wherever it is by then.
    pub(crate) fn start_and_kill(config: &Path, data_dir: &Path, life: Duration) -> std::io::Result<()> {
        let mut command = up(config, data_dir)?;
        let quiet = command.env("ASSAY_LOG", "error").stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = quiet.spawn()?;
        std::thread::sleep(life);
        child.kill()?;
        child.wait().map(drop)
    }

    /// Starts `assay echo` with its journal in `dir` or in memory, for so many sessions.
    pub(crate) fn start_echo(dir: &Path, store: &str, sessions: usize) -> std::io::Result<Self> {
        Self::spawn(echo(dir, store, sessions)?)
    }

    /// As [`Server::start_echo`], under TLS with the certificates of a directory.
    pub(crate) fn start_echo_under_tls(
        dir: &Path,
        store: &str,
        sessions: usize,
        certificates: &Path,
    ) -> std::io::Result<Self> {
        let mut command = echo(dir, store, sessions)?;
        command.arg("--certificates").arg(certificates);
        Self::spawn(command)
    }

    /// Starts another engine's acceptor, which says where it listens as we do.
    pub(crate) fn start_other(program: &Path, dir: &Path, sessions: usize) -> std::io::Result<Self> {
        let mut command = Command::new(program);
        command.arg(dir).arg(sessions.to_string());
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> std::io::Result<Self> {
        let mut child =
            command.env("ASSAY_LOG", "error").stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| std::io::Error::other("no stdout"))?;
        let mut lines = BufReader::new(stdout).lines();
        let (mut admin, mut said) = (None, Vec::new());
        while let Some(line) = lines.next().transpose()? {
            if let Some(address) = line.strip_prefix("admin on ") {
                admin = address.parse().ok();
            } else if let Some(address) = line.strip_prefix("listening on ") {
                let (Ok(fix), Some(admin)) = (address.parse(), admin) else { break };
                // The rest of what it prints is read so that the pipe never fills; the thread ends with the process.
                std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
                return Ok(Self { child, fix, admin, said });
            } else {
                said.push(line);
            }
        }
        let status = child.wait()?;
        Err(std::io::Error::other(format!("the server did not come up ({status}): {}", said.join("; "))))
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// kill -9, and waits until it is gone.
    pub(crate) fn kill(mut self) -> std::io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// SIGTERM, and waits until it has finished.
    pub(crate) fn stop(mut self) -> std::io::Result<bool> {
        self.terminate()?;
        self.child.wait().map(|status| status.success())
    }

    /// SIGTERM, without waiting.
    pub(crate) fn terminate(&self) -> std::io::Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let pid = pid.ok_or_else(|| std::io::Error::other("no process id"))?;
        Ok(rustix::process::kill_process(pid, rustix::process::Signal::TERM)?)
    }

    /// Whether it has ended by itself, which is none of its rights.
    pub(crate) fn has_ended(&mut self) -> std::io::Result<bool> {
        self.child.try_wait().map(|status| status.is_some())
    }

    /// One of its metrics now; nothing while it cannot be asked.
    pub(crate) fn metric(&self, name: &str) -> Option<u64> {
        metric(self.admin, name)
    }
}

fn echo(dir: &Path, store: &str, sessions: usize) -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("echo").arg("--store").arg(store).arg("--dir").arg(dir);
    command.arg("--sessions").arg(sessions.to_string());
    Ok(command)
}

fn up(config: &Path, data_dir: &Path) -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("up").arg("--config").arg(config).arg("--data-dir").arg(data_dir);
    Ok(command)
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `kill` and `stop` this finds no process and does nothing; otherwise nothing may be left behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One metric of the node whose admin listener is at `admin`.
pub(crate) fn metric(admin: SocketAddr, name: &str) -> Option<u64> {
    let mut socket = TcpStream::connect_timeout(&admin, Duration::from_millis(200)).ok()?;
    socket.set_read_timeout(Some(Duration::from_millis(500))).ok()?;
    socket.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    socket.read_to_string(&mut text).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}
