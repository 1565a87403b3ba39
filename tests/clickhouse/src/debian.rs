//! A whole server, the one that Debian ships: of 2018, without tokens, views or indexes that the product uses.

use super::{answers, free_port, missing, wait_for};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const PROGRAM: &str = "/usr/sbin/clickhouse-server";

/// `clickhouse-server` 18.16 with data in a directory of its own.
#[derive(Debug)]
pub struct Debian {
    dir: tempfile::TempDir,
    port: u16,
    process: Option<Child>,
}

impl Debian {
    /// A running server with nothing in it; none where it is not installed.
    pub fn start() -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            missing("no /usr/sbin/clickhouse-server");
            return None;
        }
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut server = Self { dir, port: free_port(), process: None };
        server.configure();
        server.restart();
        Some(server)
    }

    fn configure(&self) {
        let dir = self.dir.path();
        let config = format!(
            "<yandex><logger><level>warning</level><console>1</console></logger>\
             <http_port>{}</http_port><tcp_port>{}</tcp_port><listen_host>127.0.0.1</listen_host>\
             <path>DIR/</path><tmp_path>DIR/tmp/</tmp_path><users_config>DIR/users.xml</users_config>\
             <default_profile>default</default_profile><default_database>default</default_database>\
             <mark_cache_size>5368709120</mark_cache_size></yandex>",
            self.port,
            free_port()
        )
        .replace("DIR", &dir.display().to_string());
        let users = "<yandex><profiles><default></default></profiles><quotas><default></default></quotas>\
                     <users><default><password></password><networks><ip>127.0.0.1</ip></networks>\
                     <profile>default</profile><quota>default</quota></default></users></yandex>";
        std::fs::write(dir.join("config.xml"), config).expect("the configuration is written");
        std::fs::write(dir.join("users.xml"), users).expect("the users are written");
    }

    /// Begins again on the same data and port.
    pub fn restart(&mut self) {
        self.kill();
        let log = std::fs::File::create(self.dir.path().join("server.log")).expect("a log file");
        let process = Command::new(PROGRAM)
            .arg(format!("--config-file={}", self.dir.path().join("config.xml").display()))
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log file"))
            .stderr(log)
            .spawn()
            .expect("clickhouse-server starts");
        self.process = Some(process);
        let port = self.port;
        wait_for("ClickHouse 18.16", || answers(port));
    }

    /// Kills it where it stands.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// `http://...`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Debian {
    fn drop(&mut self) {
        self.kill();
    }
}
