//! The log in Kafka: what every log does, and what only this one has to.

#[path = "../../../event-log/tests/suite/mod.rs"]
mod suite;
#[path = "../../../event-log/tests/support/mod.rs"]
mod support;

use assay_event_log::testing::SplitMix;
use assay_event_log::{
    AppendError, EventLog, KafkaConfig, KafkaLog, KafkaRecords, KafkaSasl, KafkaSecurity, LogError, Record,
    Recovery, SaslMechanism, TopicPlan, check_topics, create_topics,
};
use assay_kafka_tests::{Cluster, Options, WAIT_MAX, wait_for};
use assay_trading_types::{Position, Topic};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use suite::contract;
use support::*;

const PLAN: TopicPlan = TopicPlan { replication: 1, min_insync_replicas: 1 };

/// One broker for all tests that leave it alone; it ends with this process.
fn shared_broker() -> Option<String> {
    static BROKER: OnceLock<Option<Cluster>> = OnceLock::new();
    BROKER.get_or_init(Cluster::start).as_ref().map(Cluster::addresses)
}

/// Tests with brokers of their own run one at a time: each broker is a Java machine.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A log of its own that nobody wrote yet.
fn fresh(brokers: &str) -> KafkaConfig {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let prefix = format!("log-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let config = KafkaConfig { open_timeout: WAIT_MAX, ..KafkaConfig::new(brokers, &prefix) };
    assert_eq!(create_topics(&config, PLAN).unwrap().created.len(), 8);
    config
}

fn open_kafka(config: &KafkaConfig) -> (KafkaLog, Recovery) {
    KafkaLog::open(config.clone()).unwrap()
}

/// The log as offline tools read it.
fn read_only(config: &KafkaConfig) -> Vec<Arc<Record>> {
    KafkaRecords::open(config.clone()).unwrap().map(|record| Arc::new(record.unwrap())).collect()
}

fn kafka_log() -> Option<Arc<KafkaLog>> {
    shared_broker().map(|brokers| Arc::new(open_kafka(&fresh(&brokers)).0))
}

contract!(kafka, super::kafka_log);

#[test]
fn a_log_goes_on_where_it_ended() {
    let Some(brokers) = shared_broker() else { return };
    let config = KafkaConfig { checkpoint_records: 100, ..fresh(&brokers) };
    let mut random = SplitMix::new(5);
    let mut written = Vec::new();
    for round in 0..3 {
        assert_eq!(all_stored(&read_only(&config)), written, "round {round}");
        let (log, recovery) = open_kafka(&config);
        assert_eq!(recovery.end.0, written.len() as u64, "round {round}");
        assert_eq!(all_stored(&read_all(&log, 0)), written, "what brokers hold is what was appended");
        while log.end().0 < 350 * (round + 1) {
            log.append(&mut random_group(&mut random, log.end().0)).unwrap();
        }
        written = all_stored(&read_all(&log, 0));
        let (offsets, origins) = (log.next_offsets(), log.last_origins());
        log.close().unwrap();
        drop(log);
        let (_, recovery) = open_kafka(&config);
        assert_eq!((recovery.next_offsets, recovery.last_origins), (offsets, origins), "round {round}");
    }
}

#[test]
fn a_reader_far_behind_the_ring_reads_from_brokers() {
    let Some(brokers) = shared_broker() else { return };
    let config = KafkaConfig { ring_records_max: 10, checkpoint_records: 500, ..fresh(&brokers) };
    let (log, _) = open_kafka(&config);
    let mut random = SplitMix::new(6);
    while log.end().0 < 3_000 {
        log.append(&mut random_group(&mut random, log.end().0)).unwrap();
    }
    log.wait_durable(log.end(), LONG).unwrap();
    let all = read_all(&log, 0);
    assert!(all.iter().enumerate().all(|(n, r)| r.position.0 == n as u64));
    assert_eq!(all.len() as u64, log.end().0);
    for from in [1, 499, 500, 501, 1_777, 2_995] {
        assert_eq!(all_stored(&read_all(&log, from)), all_stored(&all[from as usize..]), "from {from}");
    }
    let mut reader = log.reader(&[Topic::Markets], Position(1_000), true).unwrap();
    let markets: Vec<_> = drain(&mut *reader).iter().map(|r| r.position).collect();
    let wanted = all[1_000..].iter().filter(|r| r.topic == Topic::Markets).map(|r| r.position);
    assert_eq!(markets, wanted.collect::<Vec<_>>());
}

#[test]
fn a_process_that_was_replaced_makes_nothing_durable_any_more() {
    let Some(brokers) = shared_broker() else { return };
    let config = fresh(&brokers);
    let (zombie, _) = open_kafka(&config);
    append_durable(&zombie, vec![fix(0, 50), tick(Topic::Accounts, 1)]);
    let (successor, recovery) = open_kafka(&config);
    assert_eq!(recovery.end, Position(2));
    let at_risk = zombie.append(&mut vec![fix(66, 50), tick(Topic::Accounts, 66)]).unwrap();
    let refusal = zombie.wait_durable(Position(at_risk.0 + 1), LONG).unwrap_err();
    assert!(matches!(&refusal, AppendError::Poisoned(why) if why.contains("took the log")), "{refusal}");
    assert!(matches!(zombie.append(&mut vec![fix(67, 50)]), Err(AppendError::Poisoned(_))));
    assert_eq!(zombie.durable(), Position(2));
    append_durable(&successor, vec![fix(2, 50), tick(Topic::Accounts, 3)]);
    let kept = all_stored(&read_all(&successor, 0));
    drop((zombie, successor));
    let (after, recovery) = open_kafka(&config);
    assert_eq!(recovery.end, Position(4));
    assert_eq!(all_stored(&read_all(&after, 0)), kept, "what the zombie added does not count");
    assert_eq!(all_stored(&read_only(&config)), kept);
    assert!(kept.iter().all(|record| !record.contains("34=66")));
}

#[test]
fn a_process_that_only_idles_learns_of_its_successor_with_its_next_record() {
    let Some(brokers) = shared_broker() else { return };
    let config = fresh(&brokers);
    let logs: Vec<_> = (0..4).map(|_| open_kafka(&config).0).collect();
    for (n, log) in logs.iter().enumerate() {
        let last = log.append(&mut vec![tick(Topic::Seals, n as u64)]).unwrap();
        let durable = log.wait_durable(Position(last.0 + 1), LONG);
        assert_eq!(durable.is_ok(), n == 3, "only the last one writes: {durable:?}");
    }
}

#[test]
fn a_broker_that_is_killed_and_comes_back_loses_nothing_and_doubles_nothing() {
    let _turn = turn();
    let Some(mut broker) = Cluster::start() else { return };
    let config = KafkaConfig { checkpoint_records: 2_000, ..fresh(&broker.addresses()) };
    let (log, _) = open_kafka(&config);
    let log = Arc::new(log);
    let writer = Arc::clone(&log);
    let appending = std::thread::spawn(move || {
        let mut random = SplitMix::new(7);
        for _ in 0..200 {
            for _ in 0..20 {
                writer.append(&mut random_group(&mut random, writer.end().0)).unwrap();
            }
            // Never far ahead, so that kills meet records under way.
            let near = Position(writer.end().0.saturating_sub(200));
            assert!(writer.wait_durable(near, WAIT_MAX).unwrap() >= near);
        }
    });
    for kill in 1..=3 {
        let target = Position(kill * 1_500);
        log.wait_durable(target, WAIT_MAX).unwrap();
        broker.kill(0);
        broker.restart(0);
    }
    appending.join().unwrap();
    assert!(log.wait_durable(log.end(), WAIT_MAX).unwrap() >= log.end());
    let written = all_stored(&read_all(&*log, 0));
    assert_eq!(written.len() as u64, log.end().0);
    drop(log);
    let (log, recovery) = open_kafka(&config);
    assert_eq!(recovery.end.0, written.len() as u64);
    assert_eq!(all_stored(&read_all(&log, 0)), written);
}

#[test]
fn a_broker_that_stays_away_poisons_the_log_in_bounded_time() {
    let _turn = turn();
    let Some(mut broker) = Cluster::start() else { return };
    let config = KafkaConfig { delivery_timeout: Duration::from_secs(15), ..fresh(&broker.addresses()) };
    let (log, _) = open_kafka(&config);
    append_durable(&log, vec![fix(0, 10)]);
    broker.kill(0);
    log.append(&mut vec![fix(1, 10)]).unwrap();
    let refusal = log.wait_durable(Position(2), LONG).unwrap_err();
    assert!(matches!(&refusal, AppendError::Poisoned(why) if why.contains("timed out")), "{refusal}");
    assert_eq!((log.durable(), log.end()), (Position(1), Position(2)));
    drop(log);
    broker.restart(0);
    let (log, recovery) = open_kafka(&KafkaConfig { open_timeout: WAIT_MAX, ..config });
    assert!((1..=2).contains(&recovery.end.0), "what was not durable may be there or not");
    append_durable(&log, vec![fix(2, 10)]);
}

fn why(result: Result<(KafkaLog, Recovery), LogError>) -> String {
    result.expect_err("it must not open").to_string()
}

#[test]
fn a_log_that_cannot_be_opened_says_why() {
    let Some(brokers) = shared_broker() else { return };
    let nowhere = KafkaConfig {
        open_timeout: Duration::from_secs(1),
        ..KafkaConfig::new(&format!("127.0.0.1:{}", assay_kafka_tests::free_port()), "nowhere")
    };
    let text = why(KafkaLog::open(nowhere));
    assert!(text.starts_with("no Kafka broker served us at 127.0.0.1:"), "{text}");
    let text = why(KafkaLog::open(KafkaConfig::new(&brokers, "none")));
    assert_eq!(text, "topic none.fix is not there; `assay topics create` makes what this log needs");
}

#[test]
fn topics_are_compared_with_what_the_log_needs() {
    let Some(brokers) = shared_broker() else { return };
    let config = fresh(&brokers);
    assert_eq!(check_topics(&config, PLAN).unwrap(), []);
    assert_eq!(create_topics(&config, PLAN).unwrap().existing.len(), 8);
    let safer = TopicPlan { replication: 3, min_insync_replicas: 2 };
    let texts: Vec<_> = check_topics(&config, safer).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 16, "copies and copies in sync of eight topics: {texts:?}");
    let prefix = &config.prefix;
    assert!(texts.contains(&format!("topic {prefix}.fix is kept 1 times, and must be 3 times")), "{texts:?}");
    let in_sync = format!(
        "topic {prefix}.control has min.insync.replicas = 1, and must have 2 or more: \
         a record could be durable on fewer brokers"
    );
    assert!(texts.contains(&in_sync), "{texts:?}");
    let larger = KafkaConfig { record_bytes_max: 8 << 20, ..config };
    assert_eq!(check_topics(&larger, PLAN).unwrap().len(), 8, "the largest record would be refused");
    let none = check_topics(&KafkaConfig::new(&brokers, "none"), PLAN).unwrap();
    assert_eq!(none[0].to_string(), "topic none.fix is not there");
    assert_eq!(none.len(), 8);
}

#[test]
fn a_broker_that_wants_a_password_gets_it() {
    let (user, password) = ("assay", "a-good-password");
    let options = Options { scram: Some((user.to_owned(), password.to_owned())), ..Options::default() };
    let _turn = turn();
    let Some(broker) = Cluster::with(&options) else { return };
    let known = |password: &str| {
        let (mechanism, password) = (SaslMechanism::ScramSha256, password.to_owned().into());
        let sasl = Some(KafkaSasl { mechanism, user: user.to_owned(), password });
        let security = KafkaSecurity { sasl, tls: None };
        KafkaConfig { security, open_timeout: WAIT_MAX, ..KafkaConfig::new(&broker.addresses(), "secret") }
    };
    create_topics(&known(password), PLAN).unwrap();
    let (log, _) = open_kafka(&known(password));
    append_durable(&log, vec![fix(0, 10)]);
    let stranger = KafkaConfig { open_timeout: Duration::from_secs(15), ..known("a-guess") };
    assert!(!format!("{stranger:?}").contains("a-guess"), "secrets are not shown");
    let text = why(KafkaLog::open(stranger));
    assert!(text.contains("uthentication"), "{text}");
}

#[test]
fn three_brokers_lose_one_after_the_other_and_nothing_else() {
    let _turn = turn();
    let Some(mut brokers) = Cluster::with(&Options { brokers: 3, ..Options::default() }) else { return };
    let plan = TopicPlan { replication: 3, min_insync_replicas: 2 };
    let config = KafkaConfig {
        open_timeout: WAIT_MAX,
        delivery_timeout: WAIT_MAX,
        ..KafkaConfig::new(&brokers.addresses(), "three")
    };
    create_topics(&config, plan).unwrap();
    // Whichever broker is asked may be the last to hear of the topics.
    let compare = || check_topics(&config, plan);
    wait_for("agreement", || format!("{:?}", compare()), || compare().is_ok_and(|found| found.is_empty()));
    let (log, _) = open_kafka(&config);
    let mut random = SplitMix::new(8);
    for broker in 0..3 {
        let before = log.end().0;
        while log.end().0 < before + 400 {
            log.append(&mut random_group(&mut random, log.end().0)).unwrap();
        }
        brokers.kill(broker);
        while log.end().0 < before + 800 {
            log.append(&mut random_group(&mut random, log.end().0)).unwrap();
        }
        assert!(log.wait_durable(log.end(), WAIT_MAX).unwrap() >= log.end(), "two of three are enough");
        brokers.restart(broker);
        append_durable(&log, vec![fix(log.end().0, 10)]);
    }
    let written = all_stored(&read_all(&log, 0));
    drop(log);
    let (log, recovery) = open_kafka(&config);
    assert_eq!(recovery.end.0, written.len() as u64);
    assert_eq!(all_stored(&read_all(&log, 0)), written);
}
