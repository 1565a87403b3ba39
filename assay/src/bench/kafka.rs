//! The whole path with its log in Kafka, beside the same brokers without us.

use super::Floor;
use super::path::{self, Result};
use crate::cli::BenchArgs;
use crate::demo::server::Server;
use assay_event_log::{KafkaConfig, RawSpeed, TopicPlan, create_topics, delete_topics, raw_speed};
use std::path::Path;
use std::time::Duration;

/// Orders a second at which latency is measured.
const PACED_RATE: f64 = 2_000.0;

/// Seconds of paced orders.
const PACED_S: u64 = 10;

/// Measures on topics of its own, which it deletes.
pub(super) fn run(args: &BenchArgs, floor: &Floor) -> Result<()> {
    let Some(brokers) = &args.brokers else {
        println!("kafka: name brokers to measure on, as in --brokers 127.0.0.1:9092");
        return Ok(());
    };
    let raw = measured(brokers, "raw", |config| Ok(raw_speed(config)?))?;
    println!(
        "kafka: the brokers alone, 300 bytes, acks=all: {:.0} messages/s; one way at 2,000/s p50 {:.0?}, p99 {:.0?}",
        raw.messages_per_s,
        raw.one_way_at(0.5),
        raw.one_way_at(0.99)
    );
    let dir = path::fresh(&args.dir.join("kafka"))?;
    measured(brokers, "path", |config| over_kafka(args, floor, &raw, &dir, config))
}

/// Runs `body` on the topics of a log that is there for nothing else.
fn measured<T>(brokers: &str, what: &str, body: impl FnOnce(&KafkaConfig) -> Result<T>) -> Result<T> {
    let config = KafkaConfig::new(brokers, &format!("assay-bench-{}-{what}", std::process::id()));
    create_topics(&config, TopicPlan { replication: 1, min_insync_replicas: 1 })?;
    let result = body(&config);
    delete_topics(&config)?;
    result
}

fn over_kafka(
    args: &BenchArgs,
    floor: &Floor,
    raw: &RawSpeed,
    dir: &Path,
    kafka: &KafkaConfig,
) -> Result<()> {
    let file = path::configuration(dir)?;
    let mut text = std::fs::read_to_string(&file)?;
    text += &format!(
        "[log]\nkind = \"kafka\"\n[log.kafka]\nbrokers = \"{}\"\nprefix = \"{}\"\nreplication = 1\nmin_insync_replicas = 1\n",
        kafka.brokers, kafka.prefix
    );
    std::fs::write(&file, text)?;
    let server = Server::start(&file, &dir.join("data"))?;
    path::full_speed("kafka path", &server, args.orders, floor)?;
    let orders = PACED_RATE as u64 * PACED_S;
    let latency = path::paced("kafka path", &server, orders, PACED_RATE, floor)?;
    let times = |part: f64| {
        Duration::from_micros(latency.value_at_quantile(part)).as_secs_f64()
            / raw.one_way_at(part).as_secs_f64()
    };
    println!("kafka path: p50 {:.1} times the raw one way, p99 {:.1} times", times(0.5), times(0.99));
    if !server.stop()? {
        return Err("the server did not stop cleanly".into());
    }
    Ok(())
}
