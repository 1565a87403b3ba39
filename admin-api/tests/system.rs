//! What operators are told of the whole: how business stands, and figures (OPS-3, OPS-6).

mod support;
mod venue;

use assay_admin_api::{NodeFigures, Standing};
use assay_event_log::EventLog;
use assay_trading_types::*;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use support::{Call, Reply, World};

const HEALTH: &str = "/api/v1/system/health";
const METRICS: &str = "/api/v1/system/metrics";

fn listed(symbol: &str) -> InstrumentListed {
    let golden = include_bytes!("../../trading-types/tests/golden/instrument.listed.v1.json");
    let Event::InstrumentListed(listed) = decode(Kind::InstrumentListed, golden).unwrap() else { panic!() };
    InstrumentListed { symbol: symbol.parse().unwrap(), ..listed }
}

fn priced(symbol: &str, max_age_s: i64) -> ReferencePriceSet {
    let golden = include_bytes!("../../trading-types/tests/golden/reference_price.set.v1.json");
    let Event::ReferencePriceSet(set) = decode(Kind::ReferencePriceSet, golden).unwrap() else { panic!() };
    ReferencePriceSet { symbol: symbol.parse().unwrap(), max_age_ns: Some(max_age_s * 1_000_000_000), ..set }
}

fn reported(world: &World, order: u64, exec: &Value, status: &str) {
    let golden = include_str!("../../trading-types/tests/golden/execution.reported.v1.json");
    let mut json: Value = serde_json::from_str(golden).unwrap();
    json["order_id"] = json!(OrderId::new(0, order).to_string());
    (json["exec"], json["status"]) = (exec.clone(), json!(status));
    world.says(decode(Kind::ExecutionReported, json.to_string().as_bytes()).unwrap());
}

/// As the read model has it once it has everything.
fn settled(world: &World, token: &str, path: &str) -> Reply {
    let end = world.log.end().0.to_string();
    // A list waits for a position; what is asked next is then of it.
    world.send(Call::new("GET", "/api/v1/orders").by(token).header("assay-position", &end)).expect(200);
    world.get(token, path).expect(200)
}

/// The status of a part, and its figures.
#[track_caller]
fn part(reply: &Reply, name: &str) -> [String; 2] {
    let checks = reply.body["checks"].as_array().unwrap();
    let check =
        checks.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("no {name}: {reply:?}"));
    ["status", "detail"].map(|field| check[field].as_str().unwrap().to_owned())
}

#[test]
fn prices_are_well_when_all_are_fresh_and_business_ends_when_none_is() {
    let world = World::new();
    let admin = world.administrator();
    assert_eq!(settled(&world, &admin, HEALTH).text("status"), "healthy", "nothing is listed");
    world.says(listed("AAPL"));
    let reply = settled(&world, &admin, HEALTH);
    assert_eq!(part(&reply, "prices"), ["unhealthy", "1 instruments, 1 without a price, 0 stale"]);
    assert_eq!(reply.text("status"), "unhealthy", "as its worst part");
    world.says(priced("AAPL", 60));
    assert_eq!(part(&settled(&world, &admin, HEALTH), "prices")[0], "healthy");
    world.says(listed("MSFT"));
    world.says(priced("MSFT", 61));
    world.pass_s(60);
    assert_eq!(part(&settled(&world, &admin, HEALTH), "prices")[0], "healthy", "as old as they may be");
    world.pass_s(1);
    let reply = settled(&world, &admin, HEALTH);
    assert_eq!(part(&reply, "prices"), ["degraded", "2 instruments, 0 without a price, 1 stale"]);
    world.pass_s(1);
    assert_eq!(part(&settled(&world, &admin, HEALTH), "prices")[0], "unhealthy", "none is fresh");
}

#[test]
fn a_switch_that_is_not_open_is_named_until_it_is() {
    let world = World::new();
    let admin = world.administrator();
    let switched = |before, state| {
        let golden = include_str!("../../trading-types/tests/golden/risk_switch.changed.v1.json");
        let mut json: Value = serde_json::from_str(golden).unwrap();
        (json["scope"], json["before"], json["state"]) =
            (json!({"firm": "FIRM1"}), json!(before), json!(state));
        world.says(decode(Kind::RiskSwitchChanged, json.to_string().as_bytes()).unwrap());
    };
    assert_eq!(part(&settled(&world, &admin, HEALTH), "switches"), ["healthy", "all open"]);
    switched("open", "killed");
    assert_eq!(part(&settled(&world, &admin, HEALTH), "switches"), ["degraded", "firm FIRM1: killed"]);
    switched("killed", "reduce_only");
    assert_eq!(part(&settled(&world, &admin, HEALTH), "switches"), ["degraded", "firm FIRM1: reduce_only"]);
    switched("reduce_only", "open");
    assert_eq!(part(&settled(&world, &admin, HEALTH), "switches"), ["healthy", "all open"]);
}

#[test]
fn strangers_are_told_of_one_look_a_second() {
    let world = World::new();
    let admin = world.administrator();
    settled(&world, &admin, HEALTH);
    assert_eq!(world.api.business_standing(), Standing::Healthy);
    world.says(listed("AAPL"));
    assert_eq!(
        settled(&world, &admin, HEALTH).text("status"),
        "unhealthy",
        "who is logged in sees it at once"
    );
    assert_eq!(world.api.business_standing(), Standing::Healthy, "as it was a moment ago");
    world.pass_s(1);
    assert_eq!(world.api.business_standing(), Standing::Unhealthy);
}

#[test]
fn books_that_do_not_balance_are_unhealthy_within_fifteen_seconds() {
    let venue = venue::venue();
    venue.funded("USD", "1000");
    let (world, admin) = (&venue.world, &venue.admins[0]);
    let reply = settled(world, admin, HEALTH);
    assert_eq!(part(&reply, "books"), ["healthy", "debits are credits in every asset"]);
    // No posting can do this, so somebody's hand in the database has to.
    let file = world.path("admin").join("read-model.sqlite");
    let changed = rusqlite::Connection::open(file)
        .unwrap()
        .execute("UPDATE ledger_account SET credits = '1000.01' WHERE code = 'client:FIRM1'", [])
        .unwrap();
    assert_eq!(changed, 1);
    world.pass_s(14);
    assert_eq!(part(&settled(world, admin, HEALTH), "books")[0], "healthy", "not looked at again yet");
    world.pass_s(1);
    let reply = settled(world, admin, HEALTH);
    assert_eq!(part(&reply, "books"), ["unhealthy", "debits less credits: -0.01 USD"]);
    assert_eq!(reply.text("status"), "unhealthy");
}

#[test]
fn what_lags_or_is_away_is_told_from_the_processs_own_figures() {
    let world = World::new();
    let admin = world.administrator();
    let own = part(&settled(&world, &admin, HEALTH), "orders");
    assert_eq!(own, ["healthy", "decided on in another process"]);
    let figures = Arc::new(Mutex::new(NodeFigures::default()));
    let told = Arc::clone(&figures);
    world.api.heed_node(Box::new(move || told.lock().unwrap().clone()));
    let stands = |orders_lag, audit_lag, up| {
        let venues = vec![("PAPER".to_owned(), up)];
        *figures.lock().unwrap() = NodeFigures {
            orders_lag: Some(orders_lag),
            audit_lag: Some(audit_lag),
            venues,
            ..NodeFigures::default()
        };
        let reply = settled(&world, &admin, HEALTH);
        ["orders", "audit", "venues"].map(|name| part(&reply, name)[0].clone())
    };
    assert_eq!(stands(100_000, 500_000, true), ["healthy"; 3]);
    assert_eq!(stands(100_001, 500_000, true), ["unhealthy", "healthy", "healthy"]);
    assert_eq!(stands(0, 500_001, true), ["healthy", "degraded", "healthy"]);
    assert_eq!(stands(0, 0, false), ["healthy", "healthy", "degraded"]);
}

#[test]
fn figures_count_orders_and_prices_and_survive_a_start() {
    let world = World::new();
    let admin = world.administrator();
    let fill = json!({"trade": {"trade": 1, "qty": "100", "price": "10.10", "liquidity": "added"}});
    world.says(listed("AAPL"));
    world.says(priced("AAPL", 60));
    world.says(priced("AAPL", 60));
    reported(&world, 1, &json!("new"), "new");
    reported(&world, 1, &fill, "partially_filled");
    world.pass_s(59);
    reported(&world, 2, &json!("new"), "new");
    reported(&world, 2, &fill, "filled");
    let counted = |reply: &Reply| {
        ["market_data_records", "orders", "orders_filled", "orders_last_minute"]
            .map(|field| reply.body[field].as_u64().unwrap())
    };
    let reply = settled(&world, &admin, METRICS);
    assert_eq!(counted(&reply), [2, 2, 1, 2]);
    assert_eq!(
        (&reply.body["answers"], &reply.body["execution_latency_mean_us"]),
        (&json!(null), &json!(null))
    );
    let world = world.restarted();
    assert_eq!(counted(&settled(&world, &admin, METRICS)), [2, 2, 1, 2]);
    world.pass_s(1);
    assert_eq!(counted(&settled(&world, &admin, METRICS)), [2, 2, 1, 1], "the first is a minute ago");
    let world = world.restarted_without_read_model();
    assert_eq!(counted(&settled(&world, &admin, METRICS)), [2, 2, 1, 1]);
    let answers = |answers| {
        let world = World::new();
        let admin = world.administrator();
        world.api.heed_node(Box::new(move || NodeFigures { answers, ..NodeFigures::default() }));
        let reply = world.get(&admin, METRICS).expect(200);
        (reply.body["answers"].clone(), reply.body["execution_latency_mean_us"].clone())
    };
    assert_eq!(answers(Some((3, 1_000))), (json!(3), json!(333)));
    assert_eq!(answers(Some((0, 0))), (json!(0), json!(null)), "nothing was answered yet");
}
