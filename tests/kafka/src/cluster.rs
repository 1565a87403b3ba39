//! Brokers of Apache Kafka as child processes, in KRaft mode: no ZooKeeper, each broker is a controller too.

use crate::{free_port, missing, target_dir, wait_for};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Any id will do; the same one makes data of one test readable by hand for another.
const CLUSTER_ID: &str = "4L6g3nShT-eMCtK--X86sw";

/// Kills the broker when this process ends, however it ends, since its input then ends; removes its data unless told to
/// keep them.
const GUARD: &str = r#"dir=$1; shift
java "$@" </dev/null >>"$dir/broker.log" 2>&1 &
pid=$!
read -r word
kill -9 $pid 2>/dev/null
wait $pid 2>/dev/null
[ "$word" = keep ] || rm -rf "$dir"
"#;

/// What a cluster is like.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many brokers.
    pub brokers: usize,
    /// Name and password that clients must show by SCRAM-SHA-256.
    pub scram: Option<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self { brokers: 1, scram: None }
    }
}

/// Running brokers with data of their own.
#[derive(Debug)]
pub struct Cluster {
    brokers: Vec<Broker>,
}

#[derive(Debug)]
struct Broker {
    dir: PathBuf,
    port: u16,
    process: Option<Child>,
}

impl Cluster {
    /// One broker with nothing in it; none where it cannot be had.
    pub fn start() -> Option<Self> {
        Self::with(&Options::default())
    }

    /// Brokers with nothing in them; none where they cannot be had.
    ///
    /// # Panics
    /// They are there and do not start.
    pub fn with(options: &Options) -> Option<Self> {
        let java = Command::new("java").arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !java.is_ok_and(|status| status.success()) {
            missing("no java");
            return None;
        }
        if std::fs::read_dir(jars()).map_or(0, Iterator::count) == 0 {
            missing("no jars of Apache Kafka");
            return None;
        }
        let ports: Vec<(u16, u16)> = (0..options.brokers).map(|_| (free_port(), free_port())).collect();
        let mut cluster = Self { brokers: Vec::new() };
        for (n, (port, _)) in ports.iter().enumerate() {
            let dir = tempfile::Builder::new().prefix("kafka-").tempdir().expect("a directory").keep();
            std::fs::write(dir.join("server.properties"), properties(&dir, n, &ports, options))
                .expect("properties are written");
            let mut broker = Broker { dir, port: *port, process: None };
            broker.format(options);
            broker.launch();
            cluster.brokers.push(broker);
        }
        cluster.wait_until_served();
        Some(cluster)
    }

    /// `host:port` of every broker.
    pub fn addresses(&self) -> String {
        let addresses: Vec<_> =
            self.brokers.iter().map(|broker| format!("127.0.0.1:{}", broker.port)).collect();
        addresses.join(",")
    }

    /// Kills a broker where it stands, as a crash does. Its data stay.
    pub fn kill(&mut self, n: usize) {
        self.brokers[n].end(true);
    }

    /// Begins it again on its data and port.
    pub fn restart(&mut self, n: usize) {
        self.brokers[n].launch();
        self.brokers[n].wait_until_listening();
    }

    fn wait_until_served(&self) {
        self.brokers.iter().for_each(Broker::wait_until_listening);
    }
}

impl Broker {
    fn format(&self, options: &Options) {
        let mut command = Command::new("java");
        command.args(["-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"]).arg(class_path());
        command.args(["kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c"]);
        command.arg(self.dir.join("server.properties"));
        if let Some((user, password)) = &options.scram {
            command.arg("--add-scram").arg(format!("SCRAM-SHA-256=[name={user},password={password}]"));
        }
        let done = command.stdin(Stdio::null()).output().expect("java runs");
        assert!(done.status.success(), "storage is not formatted: {}", String::from_utf8_lossy(&done.stderr));
    }

    fn launch(&mut self) {
        let mut child = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(&self.dir)
            .args(["-Xms64m", "-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"])
            .arg(class_path())
            .arg("kafka.Kafka")
            .arg(self.dir.join("server.properties"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh runs");
        assert!(child.stdin.is_some());
        if let Ok(Some(status)) = child.try_wait() {
            panic!("the broker's guard ended with {status}");
        }
        self.process = Some(child);
    }

    fn end(&mut self, keep: bool) {
        if let Some(mut guard) = self.process.take() {
            let mut stdin = guard.stdin.take().expect("its input is piped");
            if keep {
                writeln!(stdin, "keep").expect("the guard listens");
            }
            drop(stdin);
            guard.wait().expect("the guard ends");
        }
    }

    /// A broker opens its port when it serves.
    fn wait_until_listening(&self) {
        let why = || std::fs::read_to_string(self.dir.join("broker.log")).unwrap_or_default();
        wait_for("a Kafka broker", why, || std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok());
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.end(false);
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn jars() -> PathBuf {
    target_dir().join("kafka-broker/libs")
}

fn class_path() -> String {
    format!("{}/*", jars().display())
}

fn properties(dir: &Path, n: usize, ports: &[(u16, u16)], options: &Options) -> String {
    let (port, controller) = ports[n];
    let voters: Vec<_> = ports
        .iter()
        .enumerate()
        .map(|(n, (_, controller))| format!("{}@127.0.0.1:{controller}", n + 1))
        .collect();
    let copies = options.brokers.min(3);
    let protocol = if options.scram.is_some() { "SASL_PLAINTEXT" } else { "PLAINTEXT" };
    let mut text = format!(
        "process.roles=broker,controller\n\
         node.id={id}\n\
         controller.quorum.voters={voters}\n\
         listeners=CLIENTS://127.0.0.1:{port},BROKERS://127.0.0.1:{inner},CONTROLLERS://127.0.0.1:{controller}\n\
         listener.security.protocol.map=CLIENTS:{protocol},BROKERS:PLAINTEXT,CONTROLLERS:PLAINTEXT\n\
         inter.broker.listener.name=BROKERS\n\
         controller.listener.names=CONTROLLERS\n\
         log.dirs={dir}/data\n\
         auto.create.topics.enable=false\n\
         num.network.threads=2\n\
         num.io.threads=4\n\
         offsets.topic.replication.factor={copies}\n\
         offsets.topic.num.partitions=1\n\
         share.coordinator.state.topic.replication.factor={copies}\n\
         transaction.state.log.replication.factor={copies}\n\
         transaction.state.log.min.isr=1\n\
         transaction.state.log.num.partitions=1\n\
         log.cleaner.dedupe.buffer.size=4194304\n\
         group.initial.rebalance.delay.ms=0\n\
         broker.heartbeat.interval.ms=500\n\
         broker.session.timeout.ms=6000\n",
        id = n + 1,
        voters = voters.join(","),
        inner = free_port(),
        dir = dir.display(),
    );
    if options.scram.is_some() {
        text.push_str("sasl.enabled.mechanisms=SCRAM-SHA-256\n");
        let module = "org.apache.kafka.common.security.scram.ScramLoginModule";
        let _ = writeln!(text, "listener.name.clients.scram-sha-256.sasl.jaas.config={module} required;");
    }
    text
}
