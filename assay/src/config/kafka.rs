//! `[log.kafka]` as the log takes it.

use super::access::private_line;
use super::log::{Kafka, Mechanism};
use super::{Config, Fault};
use assay_event_log::{KafkaConfig, KafkaSasl, KafkaSecurity, KafkaTls, SaslMechanism, TopicPlan};
use std::path::Path;
use std::time::Duration;

impl Config {
    /// The log in Kafka and how its topics are to be kept.
    ///
    /// # Errors
    /// There is no `[log.kafka]`, or the password's file cannot be used; said without showing any of it.
    pub(crate) fn kafka(&self) -> Result<(KafkaConfig, TopicPlan), Fault> {
        let Some(kafka) = &self.log.kafka else {
            let what = "there is no [log.kafka] with brokers".to_owned();
            return Err(Fault::new("[log]", 0, "kafka", what));
        };
        let ring_bytes_max = (self.log.ring_mib as usize) << 20;
        let config = KafkaConfig {
            security: kafka.security(&self.base)?,
            holder: crate::process::name(),
            open_timeout: Duration::from_secs(kafka.open_timeout_s),
            delivery_timeout: Duration::from_secs(kafka.delivery_timeout_s),
            ring_bytes_max,
            ..KafkaConfig::new(&kafka.brokers, &kafka.prefix)
        };
        let Kafka { replication, min_insync_replicas, .. } = *kafka;
        Ok((config, TopicPlan { replication, min_insync_replicas }))
    }
}

impl Kafka {
    fn security(&self, base: &Path) -> Result<KafkaSecurity, Fault> {
        let below = |file: &std::path::PathBuf| base.join(file);
        let tls = self.tls.then(|| KafkaTls {
            ca_file: self.ca_file.as_ref().map(below),
            identity: self.certificate_file.as_ref().map(below).zip(self.key_file.as_ref().map(below)),
        });
        let sasl = match (&self.user, &self.password_file) {
            (Some(user), Some(file)) => {
                let password = private_line(&base.join(file));
                let password =
                    password.map_err(|what| Fault::new("[log.kafka]", 0, "password_file", what))?;
                Some(KafkaSasl { mechanism: self.mechanism.into(), user: user.clone(), password })
            }
            _ => None,
        };
        Ok(KafkaSecurity { tls, sasl })
    }
}

impl From<Mechanism> for SaslMechanism {
    fn from(mechanism: Mechanism) -> Self {
        match mechanism {
            Mechanism::ScramSha256 => Self::ScramSha256,
            Mechanism::ScramSha512 => Self::ScramSha512,
            Mechanism::Plain => Self::Plain,
        }
    }
}
