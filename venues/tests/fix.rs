//! What a broker's refusals are taken for, over a socket.

use assay_trading_types::*;
use assay_venues::{FixVenue, FixVenueConfig, Venue};
use fix_gateway::client::{InitiatorConfig, framed};
use fix_session::{Role, SessionConfig};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

const NOW_NS: i64 = 1_795_253_400_000_000_000;
const SENDING_TIME: &str = "20261121-09:30:00.000";

/// Turns after which what was waited for does not come any more.
const TURNS_MAX: u32 = 10_000;

/// A venue and its broker's end of the connection.
struct Bench {
    venue: FixVenue,
    broker: TcpStream,
    next_out: u64,
}

impl Bench {
    /// Logged on with a session in `dir`; the broker's next number is `next_out`, its Logon's.
    fn logged_on(listener: &TcpListener, dir: &Path, next_out: u64) -> Self {
        let mut venue = FixVenue::open(config(listener.local_addr().unwrap(), dir)).unwrap();
        venue.turn(Duration::ZERO).unwrap();
        let (broker, _) = listener.accept().unwrap();
        let mut bench = Self { venue, broker, next_out };
        assert!(bench.receive().contains("|35=A|"));
        bench.say("A", "98=0|108=30|");
        bench.turn_until(|venue| venue.is_up());
        assert_eq!(bench.venue.take_heard(), []);
        bench.venue.heard_is_durable();
        bench
    }

    /// Sends an order; its MsgSeqNum(34).
    fn order(&mut self, cl_ord_id: &str) -> u64 {
        let terms = VenueTerms {
            ord_type: OrdType::Limit,
            qty: Qty::from_units(SCALE),
            price: Some(Price::parse("10").unwrap()),
            stop_px: None,
            tif: TimeInForce::Day,
        };
        let request = VenueRequested {
            venue: VenueId::new("B1").unwrap(),
            symbol: Symbol::new("AAPL").unwrap(),
            order_id: OrderId::new(0, 7),
            cl_ord_id: ClOrdId::new(cl_ord_id).unwrap(),
            side: Side::Buy,
            ask: VenueAsk::New { terms, again: false },
        };
        self.venue.ask(&request, Timestamp::from_ns(NOW_NS));
        self.venue.turn(Duration::ZERO).unwrap();
        let sent = self.receive();
        assert!(sent.contains(&format!("|11={cl_ord_id}|")), "{sent}");
        let number = sent.split_once("|34=").unwrap().1;
        number.split('|').next().unwrap().parse().unwrap()
    }

    /// MsgType(35) and ClOrdID(11) of the message that a BusinessMessageReject(j) refuses, and the symbol.
    fn refused(&mut self, fields: &str) -> (String, String, Option<Symbol>) {
        self.say("j", fields);
        let mut heard = Vec::new();
        self.turn_until(|venue| {
            heard = venue.take_heard();
            !heard.is_empty()
        });
        self.venue.heard_is_durable();
        let heard = heard.remove(0);
        let VenueMessage::Refused { msg_type, cl_ord_id, .. } = heard.message else { panic!("{heard:?}") };
        (msg_type, cl_ord_id, heard.symbol)
    }

    fn say(&mut self, msg_type: &str, fields: &str) {
        let head = format!("35={msg_type}|34={}|49=BROKER|52={SENDING_TIME}|56=ASSAY|", self.next_out);
        self.next_out += 1;
        self.broker.write_all(&framed(&(head + fields))).unwrap();
    }

    /// What came, SOH as `|`.
    fn receive(&mut self) -> String {
        let mut bytes = [0; 4096];
        let count = self.broker.read(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..count]).replace('\u{1}', "|")
    }

    fn turn_until(&mut self, mut done: impl FnMut(&mut FixVenue) -> bool) {
        for _ in 0..TURNS_MAX {
            self.venue.turn(Duration::from_millis(2)).unwrap();
            if done(&mut self.venue) {
                return;
            }
        }
        panic!("it does not come");
    }
}

fn config(broker: SocketAddr, dir: &Path) -> FixVenueConfig {
    let session = SessionConfig::new(Role::Initiator, "ASSAY", "BROKER");
    FixVenueConfig {
        venue: VenueId::new("B1").unwrap(),
        initiator: InitiatorConfig { utc: || NOW_NS, ..InitiatorConfig::new(session, broker) },
        account: "HOUSE".to_owned(),
        dir: dir.to_owned(),
    }
}

fn aapl() -> Option<Symbol> {
    Some(Symbol::new("AAPL").unwrap())
}

fn refusal(msg_type: &str, cl_ord_id: &str, symbol: Option<Symbol>) -> (String, String, Option<Symbol>) {
    (msg_type.to_owned(), cl_ord_id.to_owned(), symbol)
}

#[test]
fn a_business_reject_names_the_order_by_its_id_or_by_its_number() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut bench = Bench::logged_on(&listener, dir.path(), 1);
    let first = bench.order("O0000000000000007-1");
    bench.order("O0000000000000008-1");
    let by_number = bench.refused(&format!("45={first}|372=D|380=5|"));
    assert_eq!(by_number, refusal("D", "O0000000000000007-1", aapl()));
    // The id has the last word.
    let by_both = bench.refused(&format!("45={first}|372=D|379=O0000000000000008-1|380=4|"));
    assert_eq!(by_both, refusal("D", "O0000000000000008-1", None));
}

#[test]
fn a_business_reject_by_a_number_that_is_not_that_message_names_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut bench = Bench::logged_on(&listener, dir.path(), 1);
    let number = bench.order("O0000000000000007-1");
    let other_type = bench.refused(&format!("45={number}|372=F|380=5|"));
    assert_eq!(other_type, refusal("F", "", None));
    let not_sent_yet = bench.refused(&format!("45={}|372=D|380=5|", number + 1));
    assert_eq!(not_sent_yet, refusal("D", "", None));
    assert_eq!(bench.refused("372=D|380=5|"), refusal("D", "", None));
}

#[test]
fn a_business_reject_after_a_restart_still_finds_the_order_by_its_number() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut bench = Bench::logged_on(&listener, dir.path(), 1);
    let number = bench.order("O0000000000000007-1");
    let next_out = bench.next_out;
    drop(bench);
    let mut bench = Bench::logged_on(&listener, dir.path(), next_out);
    let late = bench.refused(&format!("45={number}|372=D|380=5|"));
    assert_eq!(late, refusal("D", "O0000000000000007-1", aapl()));
}
