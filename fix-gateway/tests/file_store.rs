//! The gateway on the real log: what a process finds that comes after another.

use assay_event_log::{EventLog, FileLog, FileLogConfig};
use assay_trading_types::{CompId, FirmId};
use fix_gateway::client::{Client, Flow};
use fix_gateway::{Echo, GatewayConfig, Handle, SessionSpec, spawn_with};
use std::path::Path;
use std::sync::Arc;

fn start(dir: &Path) -> Handle {
    let config = FileLogConfig { segment_bytes: 4 << 20, ..FileLogConfig::default() };
    let log: Arc<dyn EventLog> = Arc::new(FileLog::open(dir.join("log"), config).unwrap().0);
    let mut config = GatewayConfig::new("127.0.0.1:0".parse().unwrap(), CompId::new("ASSAY").unwrap());
    config.sessions.push(SessionSpec::new(CompId::new("C").unwrap(), FirmId::new("F").unwrap()));
    config.snapshot_dir = Some(dir.join("gateway"));
    config.snapshot_records = 5_000;
    spawn_with(config, log, Echo::new(true)).unwrap()
}

fn flow(name: &str) -> Flow {
    Flow {
        orders: 10_000,
        window: 500,
        terms: "1=F|38=100|40=2|44=10|54=1|55=AAPL".to_owned(),
        id_prefix: name.to_owned(),
    }
}

#[test]
fn thousands_of_orders_over_three_processes_keep_their_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let mut next = 1;
    for (round, name) in ["a", "b", "c"].into_iter().enumerate() {
        let gateway = start(dir.path());
        let mut client = Client::connect(gateway.local_addr(), "C", "ASSAY").unwrap();
        client.set_next_out(next);
        let logon = client.logon(30, false).unwrap();
        let expected = round as u64 * 10_002 + 1;
        assert!(logon.contains(&format!("|35=A|34={expected}|")), "{logon}");
        assert_eq!(client.run(&flow(name)).unwrap().answered, 10_000);
        client.send("5", "").unwrap();
        client.receive_type("5").unwrap();
        next = client.next_out();
        drop(client);
        gateway.stop().unwrap();
    }
    // A resend reaches back over all of them.
    let gateway = start(dir.path());
    let mut client = Client::connect(gateway.local_addr(), "C", "ASSAY").unwrap();
    client.set_next_out(next);
    client.logon(30, false).unwrap();
    client.send("2", "7=2|16=30005").unwrap();
    let first = client.receive_type("8").unwrap();
    assert!(first.contains("|34=2|43=Y|") && first.contains("|11=a0|"), "{first}");
    loop {
        let message = client.receive_type("8").unwrap();
        if message.contains("|11=c9999|") {
            assert!(message.contains("|34=30005|43=Y|"), "{message}");
            break;
        }
    }
    gateway.stop().unwrap();
}
