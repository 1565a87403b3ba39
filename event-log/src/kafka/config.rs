//! Where the brokers are, how to be let in, and every bound.

use rdkafka::ClientConfig;
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// How a [`KafkaLog`](crate::KafkaLog) is reached and kept.
#[derive(Debug, Clone)]
pub struct KafkaConfig {
    /// `host:port`, several by comma.
    pub brokers: String,
    /// Begins the name of every Kafka topic of this log, so that several share a cluster.
    pub prefix: String,
    /// How brokers and we know one another.
    pub security: KafkaSecurity,
    /// Names this process in the control topic, for people.
    pub holder: String,
    /// How long opening waits for brokers that are away.
    pub open_timeout: Duration,
    /// How long brokers may leave a record without acknowledgement until the log is given up.
    pub delivery_timeout: Duration,
    /// Largest message taken; the topics must allow for it.
    pub record_bytes_max: usize,
    /// Bytes of values that wait to be handed to Kafka's client; beyond it `append` waits. The client holds as much again.
    pub queue_bytes_max: usize,
    /// Memory for recent records, which readers take without asking brokers. Records not yet durable are kept beyond it.
    pub ring_bytes_max: usize,
    /// As `ring_bytes_max`, in records.
    pub ring_records_max: usize,
    /// Records between checkpoints, from which opening and reading go on: tens of thousands are read in a second.
    pub checkpoint_records: u64,
}

impl KafkaConfig {
    /// Usual bounds, without encryption or credentials.
    pub fn new(brokers: &str, prefix: &str) -> Self {
        Self {
            brokers: brokers.to_owned(),
            prefix: prefix.to_owned(),
            security: KafkaSecurity::default(),
            holder: format!("process {}", std::process::id()),
            open_timeout: Duration::from_secs(60),
            delivery_timeout: Duration::from_secs(120),
            record_bytes_max: 2 << 20,
            queue_bytes_max: 64 << 20,
            ring_bytes_max: 64 << 20,
            ring_records_max: 1 << 18,
            checkpoint_records: 1 << 16,
        }
    }

    /// What every connection needs.
    pub(super) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", format!("assay.{}", self.prefix))
            .set("allow.auto.create.topics", "false")
            .set("log.connection.close", "false")
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "1000");
        self.security.apply(&mut config);
        config
    }

    /// One writer's: everything acknowledged by all replicas in sync, nothing reordered and nothing twice.
    pub(super) fn producer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("max.in.flight.requests.per.connection", "5")
            .set("message.timeout.ms", self.delivery_timeout.as_millis().to_string())
            .set("message.max.bytes", (2 * self.record_bytes_max).to_string())
            .set("queue.buffering.max.kbytes", (self.queue_bytes_max >> 10).max(1024).to_string())
            .set("queue.buffering.max.messages", "1000000")
            .set("queue.buffering.max.ms", "0")
            .set("socket.nagle.disable", "true");
        config
    }

    /// A reader's, which says itself where to begin.
    pub(super) fn consumer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("group.id", format!("assay.{}", self.prefix))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("check.crcs", "true")
            .set("fetch.wait.max.ms", "100")
            .set("fetch.error.backoff.ms", "50")
            .set("fetch.message.max.bytes", (4 << 20).to_string())
            .set("queued.max.messages.kbytes", (16 << 10).to_string());
        config
    }
}

/// How brokers and we know one another.
#[derive(Debug, Clone, Default)]
pub struct KafkaSecurity {
    /// Encrypt, and check the brokers' certificates.
    pub tls: Option<KafkaTls>,
    /// Say who we are by name and password.
    pub sasl: Option<KafkaSasl>,
}

/// Encryption of connections to brokers.
#[derive(Debug, Clone, Default)]
pub struct KafkaTls {
    /// PEM file of the authorities that sign brokers' certificates; the system's without one.
    pub ca_file: Option<PathBuf>,
    /// PEM files of our own certificate and its key, where brokers ask for one.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// Name and password for brokers.
#[derive(Clone)]
pub struct KafkaSasl {
    /// How they are shown.
    pub mechanism: SaslMechanism,
    /// Name.
    pub user: String,
    /// Password.
    pub password: Zeroizing<String>,
}

impl std::fmt::Debug for KafkaSasl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KafkaSasl({} by {})", self.user, self.mechanism.name())
    }
}

/// How name and password are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaslMechanism {
    /// By challenge, SHA-256 (RFC 7677).
    ScramSha256,
    /// By challenge, SHA-512.
    ScramSha512,
    /// As they are: under TLS only.
    Plain,
}

impl SaslMechanism {
    fn name(self) -> &'static str {
        match self {
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::Plain => "PLAIN",
        }
    }
}

impl KafkaSecurity {
    fn apply(&self, config: &mut ClientConfig) {
        let protocol = match (&self.tls, &self.sasl) {
            (None, None) => "plaintext",
            (Some(_), None) => "ssl",
            (None, Some(_)) => "sasl_plaintext",
            (Some(_), Some(_)) => "sasl_ssl",
        };
        config.set("security.protocol", protocol);
        if let Some(tls) = &self.tls {
            if let Some(file) = &tls.ca_file {
                config.set("ssl.ca.location", file.display().to_string());
            }
            if let Some((certificate, key)) = &tls.identity {
                config.set("ssl.certificate.location", certificate.display().to_string());
                config.set("ssl.key.location", key.display().to_string());
            }
        }
        if let Some(sasl) = &self.sasl {
            config
                .set("sasl.mechanisms", sasl.mechanism.name())
                .set("sasl.username", &sasl.user)
                .set("sasl.password", sasl.password.as_str());
        }
    }
}
