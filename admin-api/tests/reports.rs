//! Reports on a real life of orders: what each says, to whom, within which bounds, and that each can be made again.

#![allow(clippy::disallowed_methods, reason = "how long a test waits is by the wall clock")]

mod support;

use assay_admin_api::{ApiConfig, Every, Rates, ReportSchedule, ReportService, ReportsConfig};
use assay_audit::TradeLookup;
use assay_event_log::{EventLog, NewRecord, Value as Content};
use assay_pipeline::{Pipeline, Stages};
use assay_trading_types::*;
use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{Call, Reply, World};

/// Longest that the read model may take on whatever machine.
const PATIENCE: Duration = Duration::from_secs(120);

const DAY: &str = "from=2026-11-21&to=2026-11-22";

/// A venue with two firms, its market, and people.
struct Venue {
    world: World,
    pipeline: RefCell<Pipeline>,
    next: Cell<u64>,
    /// The market's clock; logins run out by the world's.
    now_s: Cell<i64>,
    admin: String,
    auditor: String,
    officer: String,
    /// Of FIRM1.
    trader: String,
    /// Of FIRM2.
    stranger: String,
}

fn venue() -> Venue {
    venue_in(World::new())
}

fn venue_in(world: World) -> Venue {
    let first = world.administrator();
    let second = world.member(&first, None, "second", &["admin"], None);
    let member = |name: &str, role: &str, firm| world.member(&first, Some(&second), name, &[role], firm);
    let (auditor, officer) = (member("aud", "auditor", None), member("lena", "loan_officer", None));
    let (trader, stranger) = (member("tim", "trader", Some("FIRM1")), member("sam", "trader", Some("FIRM2")));
    let port: Arc<dyn EventLog> = Arc::clone(&world.log) as Arc<dyn EventLog>;
    let pipeline = Pipeline::recover(&port, Stages::Both, None, world.log.last_origins()).unwrap();
    let (pipeline, next, now_s) = (RefCell::new(pipeline), Cell::new(1), Cell::new(world.now_s()));
    let venue = Venue { world, pipeline, next, now_s, admin: first, auditor, officer, trader, stranger };
    for (firm, basis_points) in [("FIRM1", "10"), ("FIRM2", "0")] {
        venue.says(FirmOpened {
            firm: firm.parse().unwrap(),
            accounts: vec![firm.parse().unwrap()],
            commission: Commission { basis_points: amount(basis_points), ..Commission::default() },
            self_trade: SelfTrade::Allow,
        });
        venue.credits(firm, "USD", "1000000");
    }
    venue.says_to_both(InstrumentListed {
        symbol: "AAPL".parse().unwrap(),
        currency: "USD".parse().unwrap(),
        tick_size: price("0.01"),
        lot_size: Qty::parse("1").unwrap(),
        security_type: None,
        exchange: None,
        single_orders: false,
    });
    venue.is_worth("100");
    venue.credits("FIRM2", "AAPL", "1000");
    let limits = Limits { order_qty_max: Some(Qty::parse("500").unwrap()), ..Limits::default() };
    let limits = Limits { gross_notional_max: Some(amount("10000")), ..limits };
    venue.says(LimitsSet { firm: "FIRM1".parse().unwrap(), account: None, version: 1, limits });
    venue
}

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

fn price(text: &str) -> Price {
    Price::parse(text).unwrap()
}

impl Venue {
    fn now(&self) -> Timestamp {
        Timestamp::from_ns(self.now_s.get() * 1_000_000_000)
    }

    fn passes_an_hour(&self) {
        self.now_s.set(self.now_s.get() + 3_600);
    }

    fn appends(&self, topic: Topic, event: Event) {
        let record = NewRecord {
            topic,
            partition: 0,
            key: Bytes::copy_from_slice(event.key().as_bytes()),
            at: self.now(),
            origin: None,
            trace: TraceId::default(),
            actor: Actor::new("config").unwrap(),
            wire: None,
            value: Content::event(event),
        };
        self.world.log.append(&mut vec![record]).unwrap();
        let mut pipeline = self.pipeline.borrow_mut();
        while pipeline.turn(&*self.world.log, None).unwrap() > 0 {}
    }

    fn says(&self, event: impl Into<Event>) {
        self.appends(Topic::Accounts, event.into());
    }

    /// What the market must know too.
    fn says_to_both(&self, event: impl Into<Event>) {
        let event = event.into();
        self.appends(Topic::Markets, event.clone());
        self.appends(Topic::Accounts, event);
    }

    fn is_worth(&self, at: &str) {
        let set = ReferencePriceSet {
            symbol: "AAPL".parse().unwrap(),
            price: price(at),
            max_age_ns: None,
            source: None,
        };
        self.says_to_both(set);
    }

    fn credits(&self, firm: &str, asset: &str, units: &str) {
        let reference = "opening".to_owned();
        let account = firm.parse().unwrap();
        self.says(AccountCredited {
            firm: firm.parse().unwrap(),
            account,
            asset: asset.parse().unwrap(),
            amount: amount(units),
            reference,
        });
    }

    fn request(&self, firm: &str) -> RequestId {
        let seq = self.next.get();
        self.next.set(seq + 1);
        RequestId { session: session(firm), epoch: 1, seq }
    }

    /// An order of a firm; its ClOrdID.
    fn orders(&self, firm: &str, side: Side, qty: &str, at: &str) -> ClOrdId {
        let request = self.request(firm);
        let cl_ord_id = ClOrdId::new(&format!("c-{}", request.seq)).unwrap();
        let terms = OrderTerms {
            cl_ord_id,
            session: session(firm),
            firm: firm.parse().unwrap(),
            account: firm.parse().unwrap(),
            symbol: "AAPL".parse().unwrap(),
            side,
            ord_type: OrdType::Limit,
            price: Some(price(at)),
            stop_px: None,
            qty: Qty::parse(qty).unwrap(),
            tif: TimeInForce::Day,
            conditions: None,
            carried: None,
        };
        let transact_time = self.now();
        let (poss_resend, defect, tell_pending) = (false, None, false);
        self.says(OrderRequested { request, terms, transact_time, poss_resend, defect, tell_pending });
        cl_ord_id
    }

    fn cancels(&self, firm: &str, side: Side, orig_cl_ord_id: ClOrdId) {
        let request = self.request(firm);
        self.says(CancelRequested {
            request,
            firm: firm.parse().unwrap(),
            cl_ord_id: ClOrdId::new(&format!("x-{}", request.seq)).unwrap(),
            orig_cl_ord_id,
            order_id: None,
            account: None,
            symbol: "AAPL".parse().unwrap(),
            side,
            poss_resend: false,
            defect: None,
            tell_pending: false,
            waits: true,
        });
    }

    /// FIRM2 sells to FIRM1, or the other way round.
    fn trades(&self, buyer: &str, seller: &str, qty: &str, at: &str) {
        self.orders(seller, Side::Sell, qty, at);
        self.orders(buyer, Side::Buy, qty, at);
    }

    /// Undoes the trade that an ExecID reported.
    fn undoes(&self, exec_id: &str) {
        let (symbol, trade, sides) = self.trade_of(exec_id);
        let reason = "wrong button".to_owned();
        self.appends(
            Topic::Markets,
            TradeBustRequested { symbol, trade, sides, reason, command: None }.into(),
        );
    }

    /// Gives it another price.
    fn corrects(&self, exec_id: &str, at: &str) {
        let (symbol, trade, sides) = self.trade_of(exec_id);
        let (price, reason) = (price(at), "wrong price".to_owned());
        self.appends(
            Topic::Markets,
            TradeCorrectionRequested { symbol, trade, sides, price, reason, command: None }.into(),
        );
    }

    fn trade_of(&self, exec_id: &str) -> (Symbol, u64, Box<[TradeSide; 2]>) {
        let mut lookup = TradeLookup::new(ExecId::parse(exec_id).unwrap());
        let topics = [Topic::Accounts, Topic::Ledger];
        let mut reader = self.world.log.reader(&topics, Position(0), false).unwrap();
        let mut records = Vec::new();
        while reader.poll(&mut records, 1_000).unwrap() > 0 {}
        records.iter().for_each(|record| lookup.note(record, &record.decode().unwrap()));
        let sides = lookup.sides().expect("a settled trade");
        (sides[0].terms.symbol, sides[0].fill.trade, sides)
    }

    /// Positions as lists show them, and as the reports make them from all that ever happened.
    fn positions(&self) -> [Vec<String>; 2] {
        let listed = |side: &str| self.get(&self.auditor, &format!("/positions{side}")).expect(200).body;
        let (open, closed) = (listed(""), listed("?side=flat"));
        let items = open["items"].as_array().unwrap().iter().chain(closed["items"].as_array().unwrap());
        let traded = items.filter(|item| item["realised"] != json!("0") || item["qty"] != json!("0"));
        let mut live: Vec<String> = traded
            .map(|item| {
                let column = |name: &str| shown(&item[name]);
                let [account, qty, realised] = ["account", "qty", "realised"].map(column);
                match qty.as_str() {
                    "0" => format!("{account} 0 - 0 - - - {realised}"),
                    _ => {
                        let rest =
                            ["entry_price", "cost", "price", "value", "unrealised"].map(column).join(" ");
                        format!("{account} {qty} {rest} {realised}")
                    }
                }
            })
            .collect();
        let span = "from=2026-11-21&to=2027-11-21";
        let columns = ["account", "qty", "average_cost", "cost", "price", "value", "unrealised"];
        let open = self.rows(&self.auditor, &format!("positions?{span}"), &columns);
        let columns = ["account", "closing_qty", "realised_average"];
        let profit = self.rows(&self.auditor, &format!("profit-and-loss?{span}"), &columns);
        let mut reported: Vec<String> = profit
            .iter()
            .filter_map(|line| {
                let [account, qty, realised] = line.split(' ').collect::<Vec<_>>()[..] else {
                    panic!("{line}")
                };
                let open = open.iter().find(|open| open.split(' ').next() == Some(account));
                match open {
                    Some(open) => Some(format!("{open} {realised}")),
                    None if realised == "0" => None,
                    None => Some(format!("{account} {qty} - 0 - - - {realised}")),
                }
            })
            .collect();
        live.sort();
        reported.sort();
        [live, reported]
    }

    /// Three trades an hour apart, an order too large, one that is taken back, and one that stays.
    fn lives_a_day(&self) {
        self.trades("FIRM1", "FIRM2", "10", "100");
        self.passes_an_hour();
        self.trades("FIRM1", "FIRM2", "10", "120");
        self.passes_an_hour();
        self.trades("FIRM2", "FIRM1", "10", "130");
        self.orders("FIRM1", Side::Buy, "600", "100");
        let resting = self.orders("FIRM1", Side::Buy, "5", "90");
        self.cancels("FIRM1", Side::Buy, resting);
        self.orders("FIRM1", Side::Buy, "20", "80");
        self.is_worth("125");
        self.passes_an_hour();
    }

    /// Records of a kind.
    fn events_of(&self, kind: &str) -> Vec<Arc<assay_event_log::Record>> {
        let mut reader = self.world.log.reader(&Topic::ALL, Position(0), false).unwrap();
        let mut records = Vec::new();
        while reader.poll(&mut records, 1_000).unwrap() > 0 {}
        records.retain(|record| record.kind.name() == kind);
        records
    }

    /// What a path answers once the read model holds all of the log.
    fn get(&self, token: &str, path: &str) -> Reply {
        let until = Instant::now() + PATIENCE;
        loop {
            let end = self.world.log.end().0.to_string();
            let call = Call::new("GET", &format!("/api/v1{path}")).by(token).header("assay-position", &end);
            let reply = self.world.send(call);
            if reply.status != 503 || Instant::now() > until {
                return reply;
            }
        }
    }

    /// Rows of a report, each with some of its columns.
    fn rows(&self, token: &str, report: &str, columns: &[&str]) -> Vec<String> {
        let body = self.get(token, &format!("/reports/{report}")).expect(200).body;
        let row = |row: &Value| {
            let texts: Vec<String> = columns.iter().map(|column| shown(&row[*column])).collect();
            texts.join(" ")
        };
        body["rows"].as_array().unwrap_or_else(|| panic!("no rows: {body}")).iter().map(row).collect()
    }
}

fn session(firm: &str) -> SessionId {
    SessionId::new(&format!("S-{firm}")).unwrap()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[test]
fn a_blotter_has_every_fill_within_half_open_bounds_as_it_stands() {
    let v = venue();
    v.lives_a_day();
    let columns = ["at", "firm", "side", "qty", "price", "notional", "currency", "liquidity", "state"];
    let all = v.rows(&v.auditor, &format!("trade-blotter?{DAY}"), &columns);
    let time = |hour: u32| format!("2026-11-21T{hour:02}:30:00.000000000Z");
    let line = |hour, rest: &str| format!("{} {rest}", time(hour));
    let expected = [
        line(9, "FIRM2 sell 10 100 1000 USD added done"),
        line(9, "FIRM1 buy 10 100 1000 USD removed done"),
        line(10, "FIRM2 sell 10 120 1200 USD added done"),
        line(10, "FIRM1 buy 10 120 1200 USD removed done"),
        line(11, "FIRM1 sell 10 130 1300 USD added done"),
        line(11, "FIRM2 buy 10 130 1300 USD removed done"),
    ];
    let sorted = |mut lines: Vec<String>| {
        lines.sort();
        lines
    };
    assert_eq!(sorted(all), sorted(expected.to_vec()));

    // From an instant on, and before an instant.
    let span = "trade-blotter?from=2026-11-21T10:30:00Z&to=2026-11-21T11:30:00Z&firm=FIRM1";
    assert_eq!(v.rows(&v.auditor, span, &columns), [expected[3].clone()]);
    assert_eq!(v.rows(&v.auditor, "trade-blotter?from=2026-11-20&to=2026-11-21", &columns), [""; 0]);

    // A firm's users see their own firm's, whatever they ask for.
    let own = v.rows(&v.trader, &format!("trade-blotter?{DAY}"), &["firm"]);
    assert_eq!(own, ["FIRM1"; 3]);
    v.get(&v.trader, &format!("/reports/trade-blotter?{DAY}&firm=FIRM2")).problem(404, "not-found");
    let other = v.rows(&v.stranger, &format!("trade-blotter?{DAY}&account=FIRM1"), &["firm"]);
    assert_eq!(other, [""; 0]);

    // What is undone later says so, in a report that is made later.
    let second =
        v.rows(&v.auditor, "trade-blotter?from=2026-11-21T10:30:00Z&to=2026-11-21T10:31:00Z", &["exec_id"]);
    v.undoes(&second[0]);
    let after =
        v.rows(&v.auditor, &format!("trade-blotter?{DAY}&firm=FIRM1"), &["price", "notional", "state"]);
    assert_eq!(after, ["100 1000 done", "120 0 undone", "130 1300 done"]);
}

#[test]
fn a_run_is_recorded_and_made_again_to_the_byte_whatever_happened_since() {
    let v = venue();
    v.lives_a_day();
    let mut runs = Vec::new();
    for report in
        ["trade-blotter", "profit-and-loss", "exposure", "journal", "access-rights", "admin-actions"]
    {
        for format in ["table", "csv", "json", "pdf", "parquet"] {
            let made = v.get(&v.auditor, &format!("/reports/{report}?{DAY}&format={format}")).expect(200);
            let header = |name: &str| made.headers[name].to_str().unwrap().to_owned();
            assert!(
                header("content-disposition").contains(&format!("{report}-2026-11-21.")),
                "{report} {format}"
            );
            let run = v.get(&v.auditor, &format!("/report-runs/{}", header("assay-report-run"))).expect(200);
            assert_eq!((run.text("report"), run.text("format")), (report.to_owned(), format.to_owned()));
            assert_eq!(run.text("sha256"), header("assay-report-sha256"));
            assert_eq!(run.body["position"].to_string(), header("assay-report-position"));
            assert_eq!(run.body["rows"].to_string(), header("assay-report-rows"));
            assert_eq!(run.body["bytes"].to_string(), header("content-length"));
            assert_eq!(
                (run.text("from"), run.text("to")),
                ("2026-11-21T00:00:00.000000000Z".to_owned(), "2026-11-22T00:00:00.000000000Z".to_owned())
            );
            if format == "csv" {
                assert_eq!(run.text("sha256"), run.text("content_sha256"));
            }
            runs.push((run.text("id"), made.body));
        }
    }
    let exec = v.rows(&v.auditor, &format!("trade-blotter?{DAY}"), &["exec_id"]).remove(0);
    v.undoes(&exec);
    v.trades("FIRM1", "FIRM2", "1", "125");
    v.says(LimitsSet {
        firm: "FIRM1".parse().unwrap(),
        account: None,
        version: 2,
        limits: Limits::default(),
    });
    for (id, before) in &runs {
        let again = v.get(&v.auditor, &format!("/report-runs/{id}/content")).expect(200);
        assert!(again.body == *before, "{id} says something else");
    }
    // In another form the same rows; to somebody who may not see them, nothing.
    let blotter = &runs[0].0;
    let as_csv = v.get(&v.auditor, &format!("/report-runs/{blotter}/content?format=csv")).expect(200);
    assert!(as_csv.body == runs[1].1, "the same rows");
    v.get(&v.trader, &format!("/report-runs/{blotter}/content")).problem(404, "not-found");
    v.get(&v.trader, &format!("/report-runs/{blotter}")).problem(404, "not-found");
    let listed = v.get(&v.auditor, "/report-runs?limit=100&report=journal").expect(200);
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 5);
    assert_eq!(v.get(&v.trader, "/report-runs").expect(200).body["items"], json!([]));

    // The read model is made of the log alone, and so are its reports.
    let Venue { world, auditor, pipeline, .. } = v;
    drop(pipeline);
    let world = world.restarted_without_read_model();
    let (id, before) = &runs[1];
    let until = Instant::now() + PATIENCE;
    let again = loop {
        let end = world.log.end().0.to_string();
        let call = Call::new("GET", &format!("/api/v1/report-runs/{id}/content")).by(&auditor);
        let reply = world.send(call.header("assay-position", &end));
        if reply.status != 503 || Instant::now() > until {
            break reply.expect(200);
        }
    };
    assert!(again.body == *before, "made anew it says something else");
}

#[test]
fn ratios_large_and_rejected_orders_count_what_happened() {
    let v = venue();
    v.lives_a_day();
    let columns = [
        "firm",
        "symbol",
        "orders",
        "replaced",
        "canceled",
        "refused",
        "trades",
        "ordered_qty",
        "traded_qty",
    ];
    let ratios = v.rows(&v.auditor, &format!("order-ratios?{DAY}"), &columns);
    assert_eq!(ratios, ["FIRM1 AAPL 5 0 1 1 3 55 30", "FIRM2 AAPL 3 0 0 0 3 30 30"]);
    let derived = ["cancel_ratio", "order_trade_ratio", "volume_ratio"];
    let ratios = v.rows(&v.auditor, &format!("order-ratios?{DAY}"), &derived);
    assert_eq!(ratios, ["0.2 1 0.833333", "0 0 0"]);
    assert_eq!(v.rows(&v.auditor, "order-ratios?from=2026-11-22&to=2026-11-23", &derived), [""; 0]);

    let columns = ["kind", "firm", "qty", "price", "notional"];
    let large = v.rows(&v.auditor, &format!("large-orders?{DAY}&at_least=1300"), &columns);
    assert_eq!(large.len(), 3, "{large:?}");
    assert!(large.contains(&"new FIRM1 20 80 1600".to_owned()), "{large:?}");
    assert_eq!(
        v.rows(&v.auditor, &format!("large-orders?{DAY}"), &columns),
        [""; 0],
        "a million without a word"
    );

    let columns = ["kind", "firm", "qty", "price", "code"];
    let rejected = v.rows(&v.auditor, &format!("rejected-orders?{DAY}"), &columns);
    assert_eq!(rejected, ["refused FIRM1 600 100 LIMIT_QTY"]);
    assert_eq!(v.rows(&v.stranger, &format!("rejected-orders?{DAY}"), &columns), [""; 0]);
    let columns =
        ["day", "currency", "orders", "refused", "success_percent", "trades", "volume", "firms", "revenue"];
    let business = v.rows(&v.auditor, &format!("business-summary?{DAY}"), &columns);
    assert_eq!(business, ["2026-11-21 USD 8 1 88.88 3 3500 2 3.5"]);
    let breaches =
        v.rows(&v.auditor, &format!("limit-breaches?{DAY}"), &["firm", "code", "count", "notional"]);
    assert_eq!(breaches, ["FIRM1 LIMIT_QTY 1 60000"]);
}

#[test]
fn positions_and_profit_are_by_average_cost_and_first_in_first_out() {
    let v = venue();
    v.lives_a_day();
    let columns = ["account", "qty", "average_cost", "cost", "price", "value", "unrealised"];
    let positions = v.rows(&v.auditor, &format!("positions?{DAY}"), &columns);
    // FIRM2 began with 1,000 at 100, sold 20 and bought 10 at 130.
    assert_eq!(
        positions,
        ["FIRM1 10 110 1100 125 1250 150", "FIRM2 990 100.303030303 99300 125 123750 24450"]
    );
    let columns = [
        "account",
        "opening_qty",
        "bought_qty",
        "sold_qty",
        "moved_qty",
        "closing_qty",
        "realised_average",
        "realised_fifo",
        "unrealised_average",
        "unrealised_fifo",
    ];
    let profit = v.rows(&v.auditor, &format!("profit-and-loss?{DAY}&firm=FIRM1"), &columns);
    assert_eq!(profit, ["FIRM1 0 20 10 0 10 200 300 150 50"]);
    // Only the last hour: it began with twenty.
    let span = "profit-and-loss?from=2026-11-21T11:00:00Z&to=2026-11-22";
    let profit = v.rows(&v.trader, span, &columns);
    assert_eq!(profit, ["FIRM1 20 0 10 0 10 200 300 150 50"]);
    // Before it: nothing is realised yet, and the price of then counts.
    let span = "profit-and-loss?from=2026-11-21&to=2026-11-21T11:00:00Z&account=FIRM1";
    assert_eq!(v.rows(&v.auditor, span, &columns), ["FIRM1 0 20 0 0 20 0 0 -200 -200"]);
    // What the books say.
    let wallet = v.get(&v.trader, "/wallets/FIRM1/AAPL").expect(200);
    assert_eq!(wallet.text("total"), "10");

    // Undone, the second trade never was: the first ten went for 130.
    let exec =
        v.rows(&v.auditor, "trade-blotter?from=2026-11-21T10:30:00Z&to=2026-11-21T10:31:00Z", &["exec_id"]);
    v.undoes(&exec[0]);
    let profit = v.rows(&v.auditor, &format!("profit-and-loss?{DAY}&firm=FIRM1"), &columns);
    assert_eq!(profit, ["FIRM1 0 10 10 0 0 300 300 0 0"]);
    assert_eq!(v.get(&v.trader, "/wallets/FIRM1/AAPL").expect(200).text("total"), "0");
}

/// Trades, some undone or corrected much later, units from outside, other prices: the positions that are carried on from record
/// to record come to what the reports make from all of them.
#[test]
fn positions_carried_on_are_those_that_the_reports_make_from_everything() {
    for seed in 0..6 {
        println!("seed {seed}");
        let random = &mut StdRng::seed_from_u64(seed);
        let v = venue();
        for _ in 0..30 {
            v.passes_an_hour();
            let at = random.random_range(80..120).to_string();
            let (buyer, seller) =
                if random.random_bool(0.5) { ("FIRM1", "FIRM2") } else { ("FIRM2", "FIRM1") };
            match random.random_range(0..10) {
                0 => v.is_worth(&at),
                1 => v.credits(buyer, "AAPL", &random.random_range(1..50).to_string()),
                2 | 3 => {
                    let fills = v.rows(
                        &v.auditor,
                        "trade-blotter?from=2026-11-21&to=2027-11-21",
                        &["exec_id", "state"],
                    );
                    let done: Vec<_> = fills.iter().filter_map(|fill| fill.strip_suffix(" done")).collect();
                    if !done.is_empty() {
                        let exec_id = done[random.random_range(0..done.len())];
                        if random.random_bool(0.5) { v.undoes(exec_id) } else { v.corrects(exec_id, &at) }
                    }
                }
                _ => v.trades(buyer, seller, &random.random_range(1..30).to_string(), &at),
            }
            let [live, reported] = v.positions();
            assert_eq!(live, reported, "seed {seed}");
        }
        let before = v.positions()[0].clone();
        assert!(before.iter().any(|line| !line.ends_with(" 0")), "nothing was gained or lost: {before:?}");
        let Venue { world, pipeline, next, now_s, admin, auditor, officer, trader, stranger } = v;
        let world = world.restarted_without_read_model();
        let v = Venue { world, pipeline, next, now_s, admin, auditor, officer, trader, stranger };
        assert_eq!(v.positions()[0], before, "made anew, seed {seed}");
    }
}

#[test]
fn exposure_stands_beside_the_limits_of_then() {
    let v = venue();
    v.lives_a_day();
    let columns = ["firm", "account", "measure", "value", "limit", "used_percent"];
    let rows = v.rows(&v.auditor, &format!("exposure?{DAY}&firm=FIRM1"), &columns);
    // Ten at 125, and twenty wanted at 80.
    let expected = [
        "FIRM1 - gross 2850 10000 28.5",
        "FIRM1 - net 2850 - -",
        "FIRM1 - working 1600 - -",
        "FIRM1 - open_orders 1 - -",
        "FIRM1 FIRM1 gross 2850 - -",
        "FIRM1 FIRM1 net 2850 - -",
        "FIRM1 FIRM1 working 1600 - -",
        "FIRM1 FIRM1 open_orders 1 - -",
    ];
    assert_eq!(rows, expected);
    assert!(v.rows(&v.trader, "exposure?to=2026-11-22", &["firm"]).iter().all(|firm| firm == "FIRM1"));
    // An hour in there was no order open, and ten at 100.
    let rows = v.rows(&v.auditor, "exposure?to=2026-11-21T10:00:00Z&account=FIRM1", &columns);
    assert_eq!(rows[0], "FIRM1 - gross 1000 10000 10");

    let columns = ["kind", "firm", "subject", "version", "cause"];
    let changes = v.rows(&v.auditor, &format!("limit-changes?{DAY}"), &columns);
    assert_eq!(changes, ["limits FIRM1 firm FIRM1 1 configured"]);
    v.get(&v.trader, &format!("/reports/limit-changes?{DAY}")).problem(403, "forbidden");
}

#[test]
fn the_books_balance_in_every_view_of_them() {
    let v = venue();
    v.lives_a_day();
    let fees = v.rows(&v.auditor, &format!("fees?{DAY}"), &["account", "class", "asset", "amount"]);
    assert_eq!(fees, ["FIRM1 commission USD 1", "FIRM1 commission USD 1.2", "FIRM1 commission USD 1.3"]);
    assert_eq!(v.rows(&v.stranger, &format!("fees?{DAY}"), &["amount"]), [""; 0]);
    let trial = v.rows(&v.auditor, &format!("trial-balance?{DAY}"), &["asset", "code", "opening", "closing"]);
    let expected = [
        "AAPL clearing 0 0",
        "AAPL client:FIRM1 0 10",
        "AAPL client:FIRM2 0 990",
        "AAPL equity 0 -1000",
        "AAPL total 0 0",
        "USD clearing 0 0",
        "USD client:FIRM1 0 999096.5",
        "USD client:FIRM2 0 1000900",
        "USD commission 0 3.5",
        "USD equity 0 -2000000",
        "USD total 0 0",
    ];
    assert_eq!(trial, expected);
    let columns = ["asset", "section", "class", "amount"];
    let sheet = v.rows(&v.auditor, &format!("balance-sheet?{DAY}&format=json"), &columns);
    let of_usd: Vec<&String> = sheet.iter().filter(|line| line.starts_with("USD")).collect();
    let expected = [
        "USD asset total 0",
        "USD liability clearing 0",
        "USD liability client 1999996.5",
        "USD liability total 1999996.5",
        "USD equity equity -2000000",
        "USD equity profit 3.5",
        "USD equity total -1999996.5",
    ];
    assert_eq!(of_usd, expected);
    let income = v.rows(&v.auditor, "income-statement?from=2026-11-21T10:00:00Z&to=2026-11-22", &columns);
    assert_eq!(income, ["USD income commission 2.5", "USD result total 2.5"]);
    let journal =
        v.rows(&v.auditor, &format!("journal?{DAY}"), &["debit", "credit", "asset", "amount", "reason"]);
    assert_eq!(journal[0], "equity client:FIRM1 USD 1000000 opening");
    let chart = v.rows(&v.auditor, &format!("chart-of-accounts?{DAY}"), &["code", "nature", "asset", "firm"]);
    assert!(chart.contains(&"client:FIRM1 liability USD FIRM1".to_owned()), "{chart:?}");
    let columns = ["check", "asset", "code", "expected", "found", "passed"];
    let reconciled = v.rows(&v.auditor, &format!("reconciliation?{DAY}"), &columns);
    let expected = [
        "debits_and_credits AAPL - 1060 1060 true",
        "clearing AAPL - 0 0 true",
        "debits_and_credits USD - 2007003.5 2007003.5 true",
        "clearing USD - 0 0 true",
        "trades AAPL client:FIRM1 10 10 true",
        "trades USD client:FIRM1 -900 -900 true",
        "trades AAPL client:FIRM2 -10 -10 true",
        "trades USD client:FIRM2 900 900 true",
        "holds USD client:FIRM1 1601.6 1601.6 true",
    ];
    assert_eq!(reconciled, expected);
    let plain = v.get(&v.auditor, &format!("/reports/journal?{DAY}&format=ledger")).expect(200);
    assert!(
        plain.body.as_str().unwrap().contains("    Liabilities:Client:FIRM1  -1000000 USD\n"),
        "{plain:?}"
    );
    v.get(&v.auditor, &format!("/reports/fees?{DAY}&format=ledger")).problem(400, "invalid");
    for report in ["journal", "trial-balance", "balance-sheet", "income-statement", "chart-of-accounts"] {
        v.get(&v.trader, &format!("/reports/{report}?{DAY}")).problem(403, "forbidden");
    }
}

#[test]
fn people_are_reviewed_as_of_a_time_and_actions_with_their_outcome() {
    let v = venue();
    let before = format!("access-rights?to={}", "2026-11-21T09:30:00Z");
    assert_eq!(v.rows(&v.auditor, &before, &["user"]), [""; 0], "nobody yet");
    let columns = ["username", "firm", "roles", "active", "privileged", "second_factor", "dormant"];
    let people = v.rows(&v.auditor, "access-rights?to=2026-11-22", &columns);
    assert!(people.contains(&"tim FIRM1 trader true false false false".to_owned()), "{people:?}");
    assert!(people.contains(&"aud - auditor true true true false".to_owned()), "{people:?}");
    let own = v.rows(&v.auditor, "access-rights?to=2026-11-22&firm=FIRM1", &["username"]);
    assert_eq!(own, ["tim"]);
    let later = v.rows(&v.auditor, "access-rights?to=2027-11-22&firm=FIRM1", &["dormant"]);
    assert_eq!(later, ["true"], "a year without a login");

    let by = v.world.get(&v.admin, "/api/v1/auth/me").expect(200).text("id");
    v.world.write(&v.admin, "PATCH", "/api/v1/auth/me", json!({"first_name": "Grace"})).expect(200);
    let actions = v.rows(&v.auditor, &format!("admin-actions?{DAY}"), &["operation", "by", "outcome"]);
    assert!(actions.contains(&format!("change_me {by} done")), "{actions:?}");
    assert!(
        actions.iter().any(|line| line.starts_with("invite_user") && line.ends_with("proposed")),
        "{actions:?}"
    );
    assert_eq!(v.rows(&v.auditor, "admin-actions?from=2026-11-20&to=2026-11-21", &["by"]), [""; 0]);
    assert_eq!(v.rows(&v.auditor, &format!("kyc-status?{DAY}"), &["file"]), [""; 0]);

    let trail = format!("audit-trail?{DAY}&kind=limits.set.v1&actor=config&key=FIRM1");
    let columns = ["topic", "kind", "key", "actor", "sha256"];
    let record = v.events_of("limits.set.v1").remove(0);
    let hash = hex::encode(Sha256::digest(&record.value));
    assert_eq!(v.rows(&v.auditor, &trail, &columns), [format!("accounts limits.set.v1 FIRM1 config {hash}")]);
    let user = format!("audit-trail?{DAY}&kind=command.decided.v1&object={by}");
    assert!(!v.rows(&v.auditor, &user, &["key"]).is_empty(), "whoever is named in it");
    assert_eq!(v.rows(&v.auditor, &format!("audit-trail?{DAY}&object=nobody"), &["key"]), [""; 0]);
    let all = v.rows(&v.auditor, &format!("audit-trail?{DAY}"), &["position"]);
    assert!(
        all.windows(2).all(|two| two[0].parse::<u64>().unwrap() < two[1].parse::<u64>().unwrap()),
        "in order"
    );
    v.get(&v.trader, &format!("/reports/{trail}")).problem(403, "forbidden");
    v.get(&v.trader, &format!("/reports/admin-actions?{DAY}")).problem(403, "forbidden");
    v.get(&v.officer, &format!("/reports/access-rights?{DAY}")).problem(403, "forbidden");
}

#[test]
fn a_report_whose_end_is_to_come_says_that_it_is_provisional_whenever_it_is_made_again() {
    let v = venue();
    v.lives_a_day();
    let now = Timestamp::from_ns(v.world.now_s() * 1_000_000_000);
    let mut runs = Vec::new();
    for (to, title) in [(now, "Journal"), (now.plus_ns(1_000_000_000), "Journal (provisional)")] {
        let is_provisional = to > now;
        let made = v.get(&v.auditor, &format!("/reports/journal?from=2026-11-21&to={to}")).expect(200);
        assert_eq!(made.headers["assay-report-provisional"], is_provisional.to_string());
        assert_eq!(made.body["title"], title);
        assert_eq!(made.body["about"]["provisional"].is_string(), is_provisional);
        runs.push((made.headers["assay-report-run"].to_str().unwrap().to_owned(), is_provisional, made.body));
    }
    // Its span is over now; what it says is of before.
    v.world.pass_s(60);
    for (run, is_provisional, before) in runs {
        let again = v.get(&v.auditor, &format!("/report-runs/{run}/content")).expect(200);
        assert_eq!(again.headers["assay-report-provisional"], is_provisional.to_string());
        assert!(again.body == before, "{run} says something else");
        let seen = v.get(&v.auditor, &format!("/report-runs/{run}")).expect(200);
        assert_eq!(seen.body["provisional"], is_provisional);
    }
}

#[test]
fn what_cannot_be_asked_is_refused_in_words() {
    let v = venue();
    v.get(&v.auditor, "/reports/none").problem(404, "not-found");
    v.get(&v.auditor, "/report-runs/none").problem(404, "not-found");
    for (query, field) in [
        ("from=2026-11-22&to=2026-11-21", "from"),
        ("from=2026-11-21&to=2026-11-21", "from"),
        ("from=yesterday", "from"),
        ("to=2026-11-21T09:30:00%2B01:00", "to"),
        ("to=2026-02-30", "to"),
        ("format=xls", "format"),
        ("at_least=5", "at_least"),
        ("limit=5", "limit"),
    ] {
        let reply = v.get(&v.auditor, &format!("/reports/trade-blotter?{query}")).problem(400, "invalid");
        assert!(reply_names(&reply, field), "{query}: {reply:?}");
    }
    let reply = v.get(&v.auditor, "/reports/journal?firm=FIRM1").problem(400, "invalid");
    assert_eq!(reply.faults(), ["firm"]);
    // Who may see which is in each report's own table, and the list says what one may see.
    let names = |token: &str| -> Vec<String> {
        let list = v.get(token, "/reports").expect(200).body;
        list.as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&v.officer), ["loan-book", "delinquency"]);
    assert!(
        names(&v.trader).contains(&"trade-blotter".to_owned())
            && !names(&v.trader).contains(&"journal".to_owned())
    );
    let all = names(&v.auditor);
    for report in &all {
        let made = v.get(&v.auditor, &format!("/reports/{report}?{DAY}")).expect(200);
        assert!(made.body["rows"].is_array(), "{report}");
    }
}

#[test]
fn a_schedule_delivers_each_span_once_whole_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let schedule = |name: &str, report: &str, format: &str| {
        ReportSchedule::new(name, report, Every::Day, format, None).unwrap()
    };
    let schedules =
        vec![schedule("blotter", "trade-blotter", "csv"), schedule("books", "journal", "beancount")];
    let reports = ReportsConfig { dir: dir.path().join("out"), schedules };
    let rates = Rates { anonymous_per_h: 1_000_000, user_per_h: 1_000_000, ..Rates::default() };
    let v = venue_in(World::with(ApiConfig { reports, rates, ..ApiConfig::default() }));
    v.lives_a_day();
    let mut service = ReportService::new(Arc::clone(&v.world.api));
    let delivered = |until: usize, service: &mut ReportService| {
        let begin = Instant::now();
        loop {
            service.turn();
            let events = v.world.events(Topic::Admin);
            let runs = events
                .iter()
                .filter_map(|e| if let Event::ReportProduced(e) = e { Some((*e.run).clone()) } else { None });
            let runs: Vec<ReportRun> = runs.collect();
            let is_over = |e: &&Event| matches!(e, Event::JobFinished(e) if e.job == Job::ReportDelivery);
            let over = events.iter().filter(is_over).count();
            if over == until || begin.elapsed() > PATIENCE {
                assert_eq!(over, until, "runs of the job");
                return runs;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    // At half past midnight the day is over.
    v.world.pass_s(24 * 3_600);
    let runs = delivered(1, &mut service);
    let files: Vec<&str> = runs.iter().map(|run| run.file.as_deref().unwrap()).collect();
    assert_eq!(files, ["blotter-2026-11-21.csv", "books-2026-11-21.beancount"]);
    for run in &runs {
        let bytes = std::fs::read(dir.path().join("out").join(run.file.as_ref().unwrap())).unwrap();
        assert_eq!((run.bytes, &run.sha256), (bytes.len() as u64, &hex::encode(Sha256::digest(&bytes))));
    }
    let blotter = std::fs::read_to_string(dir.path().join("out/blotter-2026-11-21.csv")).unwrap();
    assert_eq!(blotter.lines().count(), 1 + 6, "{blotter}");
    let left = std::fs::read_dir(dir.path().join("out")).unwrap().count();
    assert_eq!(left, 2, "nothing half made");

    // Three days later, the two that were missed are made up for; a process that starts anew repeats nothing.
    v.world.pass_s(2 * 24 * 3_600);
    let mut anew = ReportService::new(Arc::clone(&v.world.api));
    let runs = delivered(2, &mut anew);
    let spans: Vec<&str> = runs[2..].iter().filter_map(|run| run.file.as_deref()).collect();
    let expected = [
        "blotter-2026-11-22.csv",
        "blotter-2026-11-23.csv",
        "books-2026-11-22.beancount",
        "books-2026-11-23.beancount",
    ];
    assert_eq!(spans, expected);
    assert!(runs.iter().all(|run| run.schedule.is_some()));
}

/// `ASSAY_REGENERATE_GOLDEN=1 cargo test -p assay-admin-api --test reports the_page` writes the page's second half anew.
#[test]
fn the_page_says_of_every_report_what_the_program_says() {
    const HALF: &str = "<!-- from here on as the program says it -->\n";
    let v = venue();
    let list = v.get(&v.auditor, "/reports").expect(200).body;
    let reports = list.as_array().unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reports.md");
    let page = std::fs::read_to_string(file).unwrap();
    let (words, shown) = page.split_once(HALF).expect("a page of two halves");
    let said: String = reports.iter().map(described).collect();
    if std::env::var_os("ASSAY_REGENERATE_GOLDEN").is_some() {
        std::fs::write(file, format!("{words}{HALF}{said}")).unwrap();
    } else {
        assert!(said == shown, "docs/reports.md says otherwise than the program");
    }
}

fn described(report: &Value) -> String {
    let text = |value: &Value, field: &str| value[field].as_str().unwrap().to_owned();
    let column =
        |c: &Value| format!("| `{}` | {} | {} |\n", text(c, "name"), text(c, "kind"), text(c, "about"));
    let columns: String = report["columns"].as_array().unwrap().iter().map(column).collect();
    let narrowed: Vec<String> =
        report["takes"].as_array().unwrap().iter().map(|t| format!("`{}`", t.as_str().unwrap())).collect();
    let narrowed = if narrowed.is_empty() { "nothing".to_owned() } else { narrowed.join(", ") };
    format!(
        "\n### {}\n{}\n\nNarrowed by {narrowed}.\n\n| column | kind | what it holds |\n|---|---|---|\n{columns}",
        text(report, "name"),
        text(report, "about"),
    )
}

fn reply_names(reply: &Reply, field: &str) -> bool {
    reply.faults() == [field]
}
