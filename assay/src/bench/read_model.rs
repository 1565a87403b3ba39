//! The back office's read model: how fast it is made anew from a log, and how long a page of all its orders takes then.

use super::api;
use super::http::{Connection, request};
use super::path::{fresh, instant};
use crate::cli::BenchArgs;
use crate::{clock, health};
use assay_admin_api::{
    Api, ApiConfig, CommandProcessor, FirstAdministrator, Rates, create_first_administrator,
};
use assay_event_log::{EventLog, FileLog, FileLogConfig, NewRecord};
use assay_trading_types::*;
use hdrhistogram::Histogram;
use std::future::pending;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const FIRMS: u64 = 100;

/// Records appended at a time.
const GROUP: usize = 10_000;

/// Records that an order makes here: two reports, its hold and its trade.
const RECORDS_OF_ORDER: usize = 4;

/// Pages that are timed, one behind the other.
const PAGES: u64 = 200;

pub(super) fn run(args: &BenchArgs) -> Result<()> {
    let dir = fresh(&args.dir.join("read-model"))?;
    let (log, recovery) = FileLog::open(dir.join("log"), FileLogConfig::default())?;
    let log: Arc<dyn EventLog> = Arc::new(log);
    write(&*log, args.rows)?;
    let config = ApiConfig {
        keys: dir.join("keys"),
        read_model: dir.join("admin"),
        rates: Rates { anonymous_per_h: 100_000_000, user_per_h: 100_000_000, ..Rates::default() },
        ..ApiConfig::default()
    };
    let (api, mut builder) = Api::new(config, Arc::clone(&log), Arc::new(clock::now))?;
    let (began, mut records) = (instant(), 0);
    loop {
        match builder.turn(Duration::ZERO)? {
            0 => break,
            taken => records += taken,
        }
    }
    let took = began.elapsed();
    println!(
        "read model: {records} records of {} orders in {took:.2?}: {:.0} records/s",
        args.rows,
        records as f64 / took.as_secs_f64()
    );
    let processor = CommandProcessor::new(Arc::clone(&api), recovery.last_origins)?;
    let stop = Arc::new(AtomicBool::new(false));
    let (listener, address) = health::bind(([127, 0, 0, 1], 0).into())?;
    std::thread::scope(|scope| {
        let deciding = scope.spawn(|| processor.run(&stop).map_err(|error| error.to_string()));
        // A page waits a while for a model that lags.
        let building = scope.spawn(|| builder.run(&stop, || {}).map_err(|error| error.to_string()));
        let serving = scope.spawn(|| serve(&api, listener, &stop).map_err(|error| error.to_string()));
        let timed = pages(&api, address, args.rows).map_err(|error| error.to_string());
        stop.store(true, Ordering::Release);
        let ended = [deciding, building, serving]
            .map(|thread| thread.join().unwrap_or(Err("it panicked".to_owned())));
        ended.into_iter().chain([timed]).collect::<std::result::Result<(), String>>()
    })?;
    Ok(())
}

fn serve(api: &Arc<Api>, listener: TcpListener, stop: &AtomicBool) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let serving =
            assay_admin_api::serve(listener, None, assay_admin_api::app(Arc::clone(api)), pending());
        let stopped = async {
            while !stop.load(Ordering::Acquire) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            served = serving => served,
            () = stopped => Ok(()),
        }
    })
}

/// Times pages of the list of orders, from its newest on and back again, and of one firm's.
fn pages(api: &Api, address: SocketAddr, orders: u64) -> Result<()> {
    let first = FirstAdministrator { email: api::EMAIL.to_owned(), password: api::PASSWORD.to_owned() };
    while !api.is_recovered() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(create_first_administrator(api, first))?;
    let token = api::log_in(address)?;
    let mut connection = Connection::to(address)?;
    for (what, filter) in [("all orders", ""), ("one firm's orders", "&firm=FIRM7")] {
        for sort in ["id", "-id"] {
            let mut times = Histogram::<u64>::new(3)?;
            let mut after = String::new();
            for _ in 0..PAGES {
                let path = format!("/api/v1/orders?limit=100&sort={sort}{filter}{after}");
                let began = instant();
                let heard = connection.ask(&request("GET", &path, &token, ""))?;
                times.record(u64::try_from(began.elapsed().as_micros())?)?;
                if heard.status != 200 {
                    return Err(format!("{path}: answered {}", heard.status).into());
                }
                let page: serde_json::Value = serde_json::from_str(&heard.body)?;
                let Some(next) = page["next"].as_str() else { break };
                after = format!("&after={next}");
            }
            let p = |quantile| times.value_at_quantile(quantile);
            println!(
                "read model: a page of 100 of {what} ({orders}), sorted by {sort}: p50 {} us, p99 {} us, worst {} us",
                p(0.5),
                p(0.99),
                times.max()
            );
        }
    }
    Ok(())
}

/// A log as trading leaves it: orders that are accepted with a hold and filled with a trade.
fn write(log: &dyn EventLog, orders: u64) -> Result<()> {
    let golden = include_bytes!("../../../trading-types/tests/golden/execution.reported.v1.json");
    let Event::ExecutionReported(report) = decode(Kind::ExecutionReported, golden)? else {
        return Err("the golden file is of another kind".into());
    };
    let mut group = Vec::with_capacity(GROUP);
    for n in 0..orders {
        group.extend(order(&report, n)?);
        if group.len() >= GROUP {
            log.append(&mut group)?;
        }
    }
    log.append(&mut group)?;
    log.wait_durable(log.end(), Duration::from_secs(60))?;
    Ok(())
}

/// What one order leaves.
fn order(report: &ExecutionReported, n: u64) -> Result<[NewRecord; RECORDS_OF_ORDER]> {
    let firm = format!("FIRM{}", n % FIRMS);
    let order_id = OrderId::new(0, n);
    let mut terms = report.terms.clone();
    (terms.firm, terms.account, terms.cl_ord_id) = (firm.parse()?, firm.parse()?, format!("c{n}").parse()?);
    let mut code = LedgerCode::new();
    code.push_str(&format!("client:{firm}"));
    let mut clearing = LedgerCode::new();
    clearing.push_str("clearing");
    let (asset, amount) = (Asset::new("USD")?, Amount::parse("1010")?);
    let transfer = |place: u64, kind, reason| Transfer {
        id: TransferId(u128::from(2 * n + place)),
        debit: code,
        credit: clearing,
        asset,
        amount,
        kind,
        reason,
    };
    let posted = |transfers| {
        let (order_id, exec_id) = (Some(order_id), None);
        Posted { order_id, exec_id, ..Posted::of(terms.firm, transfers) }
    };
    let hold = transfer(0, TransferKind::Pending, TransferReason::OrderHold);
    let pending = hold.id;
    let paid = transfer(1, TransferKind::Post { pending, release_rest: true }, TransferReason::TradeCash);
    let told = |exec, filled: Filled, status| ExecutionReported {
        order_id,
        exec,
        terms: terms.clone(),
        filled,
        status,
        ..report.clone()
    };
    let nothing = Filled::unfilled(terms.qty);
    let accepted = told(ExecType::New, nothing, OrdStatus::New);
    let filled = told(report.exec.clone(), report.filled, OrdStatus::Filled);
    Ok([
        record(Topic::Accounts, accepted),
        record(Topic::Ledger, posted(vec![hold])),
        record(Topic::Accounts, filled),
        record(Topic::Ledger, posted(vec![paid])),
    ])
}

fn record(topic: Topic, event: impl Into<Event>) -> NewRecord {
    NewRecord::first(topic, Actor::new("bench").expect("a valid actor"), clock::now(), event)
}
