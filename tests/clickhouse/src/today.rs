//! Today's engine.

use super::{answers, free_port, missing, wait_for};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The engine of the `chdb` package behind an HTTP front, data in a directory that outlives its process.
#[derive(Debug)]
pub struct Today {
    python: PathBuf,
    dir: tempfile::TempDir,
    port: u16,
    process: Option<Child>,
}

impl Today {
    /// A running server with nothing in it; none where the package is not installed.
    pub fn start() -> Option<Self> {
        let Some(python) = python() else {
            missing("no Python with the chdb package");
            return None;
        };
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut server = Self { python, dir, port: free_port(), process: None };
        server.restart();
        Some(server)
    }

    /// Begins again on the same data and port.
    pub fn restart(&mut self) {
        self.kill();
        let process = Command::new(&self.python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/src/front.py"))
            .arg(self.dir.path())
            .env("FRONT_PORT", self.port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("python starts");
        self.process = Some(process);
        let port = self.port;
        wait_for("ClickHouse", || answers(port));
    }

    /// Kills it where it stands.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `http://...`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Today {
    fn drop(&mut self) {
        self.kill();
    }
}

fn python() -> Option<PathBuf> {
    let named = std::env::var_os("CHDB_PYTHON").map(PathBuf::from);
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target")), PathBuf::from);
    named.or(Some(target.join("chdb/bin/python"))).filter(|python| python.exists())
}
