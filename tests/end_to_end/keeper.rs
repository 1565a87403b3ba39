//! A counterparty that keeps count over crashes: every order of its own there once, every report told once.

use crate::client::Client;
use crate::instance::Home;
use crate::wire::Message;
use std::collections::{BTreeMap, BTreeSet};

/// Orders that it sends at a time.
pub(crate) const ORDERS: usize = 150;

/// New and one trade: each order meets one of the other side, of the same quantity and price.
pub(crate) const REPORTS_OF_ORDER: usize = 2;

/// A counterparty that keeps what it was told by number.
pub(crate) struct Keeper {
    client: Client,
    comp_id: &'static str,
    side: &'static str,
    orders: Vec<String>,
    /// Reports by MsgSeqNum: a resend of one it has is no second report.
    pub(crate) reports: BTreeMap<u64, Message>,
}

impl Keeper {
    pub(crate) fn new(comp_id: &'static str, side: &'static str) -> Self {
        Self { client: Client::new(comp_id), comp_id, side, orders: Vec::new(), reports: BTreeMap::new() }
    }

    /// Reconnects; the server must go on counting where the crash left it.
    pub(crate) fn come_back(&mut self, server: std::net::SocketAddr) {
        self.client.connect(server);
        self.client.send("A", "98=0|108=30|");
        let logon = self.client.receive_any().expect("an answer");
        assert_eq!(logon.msg_type(), "A", "{logon:?}");
        assert!(logon.seq() >= self.client.next_in(), "{} went back: {logon:?}", self.client.next_in());
        assert_eq!(logon.get(141), None, "no reset");
        self.take(logon);
    }

    /// Its line is closed, so that the server need not wait for its Logout.
    pub(crate) fn hung_up(mut self) -> Self {
        self.client.hang_up();
        self
    }

    pub(crate) fn send_orders(&mut self, life: usize) {
        for n in 0..ORDERS {
            let id = format!("S{}-L{life}-{n}", self.side);
            let body = self.client.order_body(&id, &format!("54={}|38=1|40=2|44=10|", self.side));
            self.client.send("D", &body);
            self.orders.push(id);
        }
    }

    pub(crate) fn take_one(&mut self) {
        let message = self.client.receive_any().expect("the server is there");
        self.take(message);
    }

    /// Takes what still comes until a TestRequest(1) is answered in turn.
    pub(crate) fn agree(&mut self) {
        self.client.send("1", "112=AGREED|");
        loop {
            let message = self.client.receive_any().expect("the server is there");
            let in_turn = message.seq() == self.client.next_in();
            let answered = message.get(112) == Some("AGREED");
            self.take(message);
            if in_turn && answered {
                return;
            }
        }
    }

    /// Counts a message in turn, asks for what is missing, resends what is asked for.
    fn take(&mut self, message: Message) {
        match message.msg_type() {
            "1" => _ = self.client.send("0", &format!("112={}|", message.value(112))),
            "2" => self.client.answer_resend_request(&message),
            _ => {}
        }
        let (seq, expected) = (message.seq(), self.client.next_in());
        if seq > expected {
            // Everything from the gap on comes again, this message included.
            return self.ask_for(expected);
        }
        if seq < expected {
            assert!(message.is_poss_dup(), "low without 43=Y: {message:?}");
            return;
        }
        let next = match message.msg_type() {
            "4" => message.value(36).parse().expect("a number"),
            "5" => panic!("logged out: {message:?}"),
            _ => seq + 1,
        };
        if message.msg_type() == "8" {
            self.reports.insert(seq, message);
        }
        self.client.count_to(next);
    }

    /// One request a gap: what is high meanwhile is dropped and comes with the answer.
    fn ask_for(&mut self, first: u64) {
        self.client.send("2", &format!("7={first}|16=0|"));
        loop {
            let message = self.client.receive_any().expect("the server is there");
            if message.seq() == first {
                return self.take(message);
            }
            if message.msg_type() == "2" {
                self.client.answer_resend_request(&message);
            }
        }
    }

    pub(crate) fn assert_each_order_once(&self) {
        let sent: BTreeSet<&str> = self.orders.iter().map(String::as_str).collect();
        for (exec_type, fields) in [("0", "39=0|14=0|151=1"), ("F", "39=2|14=1|151=0|31=10|32=1")] {
            let told: Vec<&Message> =
                self.reports.values().filter(|report| report.value(150) == exec_type).collect();
            let told_of: BTreeSet<&str> = told.iter().map(|report| report.value(11)).collect();
            assert_eq!(told.len(), told_of.len(), "150={exec_type} came twice for an order");
            assert_eq!(told_of, sent, "orders sent and told with 150={exec_type}");
            let order_ids: BTreeSet<&str> = told.iter().map(|report| report.value(37)).collect();
            assert_eq!(order_ids.len(), told.len(), "two orders have one OrderID");
            told.iter().for_each(|report| _ = report.assert_has(fields));
        }
        let exec_ids: BTreeSet<&str> = self.reports.values().map(|report| report.value(17)).collect();
        assert_eq!(exec_ids.len(), self.reports.len(), "an ExecID came twice");
        assert_eq!(self.reports.len(), sent.len() * REPORTS_OF_ORDER);
    }

    /// The record of it all says the same: each ClOrdID asked for once, accepted once, reported new and filled once.
    pub(crate) fn assert_log_agrees(&self, home: &Home) {
        let answer = home.query(&[
            "--session",
            &format!("{}/ASSAY", self.comp_id),
            "--format",
            "json",
            "--limit",
            "100000",
        ]);
        answer.assert_code(0);
        let mut counts: BTreeMap<(String, String), u32> = BTreeMap::new();
        for line in answer.stdout.lines() {
            let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
            // A report that waited for a logon stands in the record twice: as it was queued, without a number, and as it went.
            let waited = row["payload"].as_str().is_some_and(|message| message.contains("|34=0|"));
            if let (Some(kind), Some(id), false) = (row["kind"].as_str(), row["cl_ord_id"].as_str(), waited) {
                *counts.entry((kind.to_owned(), id.to_owned())).or_default() += 1;
            }
        }
        for id in &self.orders {
            for (kind, wanted) in
                [("order.requested.v1", 1), ("order.accepted.v1", 1), ("execution.reported.v1", 2)]
            {
                let found = counts.get(&(kind.to_owned(), id.clone())).copied().unwrap_or_default();
                assert_eq!(found, wanted, "{kind} of {id}");
            }
            // The order's own message and its reports: nothing was journalled twice either.
            assert_eq!(counts.get(&("fix.message.v1".to_owned(), id.clone())), Some(&3), "messages of {id}");
        }
    }
}
