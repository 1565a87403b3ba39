//! A venue of two firms, whose administrators, traders and operations move money over the API.

#![allow(dead_code)]

use crate::support::{Reply, World};
use assay_trading_types::*;
use serde_json::{Value, json};

/// Two persons of operations, the administrators of two firms, a trader and an auditor.
pub(crate) struct Venue {
    pub(crate) world: World,
    pub(crate) admins: [String; 2],
    pub(crate) olga: String,
    pub(crate) oskar: String,
    pub(crate) ada: String,
    pub(crate) ben: String,
    pub(crate) trader: String,
    pub(crate) auditor: String,
}

pub(crate) fn venue() -> Venue {
    venue_after(0)
}

/// A venue whose clock is some seconds further.
pub(crate) fn venue_after(seconds: i64) -> Venue {
    let world = World::new();
    world.pass_s(seconds);
    venue_of(world)
}

/// A venue on a world of its own settings.
pub(crate) fn venue_of(world: World) -> Venue {
    let world = world.with_books();
    let first = world.administrator();
    let second = world.member(&first, None, "second", &["admin"], None);
    let member = |name: &str, role: &str, firm| world.member(&first, Some(&second), name, &[role], firm);
    let (olga, oskar) = (member("olga", "operations", None), member("oskar", "operations", None));
    let (ada, ben) = (member("ada", "firm_admin", Some("FIRM1")), member("ben", "firm_admin", Some("FIRM2")));
    let (trader, auditor) = (member("tim", "trader", Some("FIRM1")), member("aud", "auditor", None));
    let venue = Venue { world, admins: [first, second], olga, oskar, ada, ben, trader, auditor };
    venue.opens("FIRM1", &["FIRM1", "FIRM1-B"]);
    venue.opens("FIRM2", &["FIRM2"]);
    venue.world.says(terms("USD"));
    venue.world.says(terms("EUR"));
    venue
}

pub(crate) fn terms(asset: &str) -> MoneyTermsSet {
    MoneyTermsSet {
        asset: asset.parse().unwrap(),
        decimals: 2,
        withdrawal_fee: Amount::parse("1").unwrap(),
        withdrawal_fee_bp: 0,
        withdrawal_day_max: None,
        second_approval_above: None,
        cooling_off_ns: 0,
        decision_ns: 3_600_000_000_000,
    }
}

impl Venue {
    pub(crate) fn opens(&self, firm: &str, accounts: &[&str]) {
        let accounts = accounts.iter().map(|account| account.parse().unwrap()).collect();
        let (commission, self_trade) = (Commission::default(), SelfTrade::Allow);
        self.world.says(FirmOpened { firm: firm.parse().unwrap(), accounts, commission, self_trade });
    }

    pub(crate) fn post(&self, token: &str, path: &str, body: Value) -> Reply {
        self.world.write(token, "POST", &format!("/api/v1{path}"), body)
    }

    pub(crate) fn get(&self, token: &str, path: &str) -> Reply {
        self.world.get(token, &format!("/api/v1{path}"))
    }

    /// A confirmed deposit for FIRM1.
    pub(crate) fn funded(&self, asset: &str, amount: &str) -> String {
        let body = json!({"account": "FIRM1", "asset": asset, "amount": amount, "method": "bank_transfer"});
        let id = self.post(&self.ada, "/deposits", body).expect(201).text("id");
        let reference = json!({"external_reference": format!("in {id}")});
        self.post(&self.olga, &format!("/deposits/{id}/confirm"), reference).expect(200);
        id
    }

    /// available, held, total.
    pub(crate) fn wallet(&self, token: &str, account: &str, asset: &str) -> [String; 3] {
        let wallet = self.get(token, &format!("/wallets/{account}/{asset}")).expect(200);
        ["available", "held", "total"].map(|field| wallet.text(field))
    }
}

pub(crate) fn ids(reply: &Reply) -> Vec<String> {
    let items = reply.body["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// Checks that money was refused with a code.
#[track_caller]
pub(crate) fn refused(reply: Reply, status: u16, code: &str) {
    assert_eq!((reply.status, reply.text("code")), (status, code.to_owned()), "{reply:?}");
}

/// A venue with one instrument at 10.00, and money for FIRM1; FIRM2 has the units.
pub(crate) fn market() -> Venue {
    let venue = venue();
    let listed = json!({"currency": "USD", "tick_size": "0.01", "lot_size": "1"});
    let proposed = venue.world.write(&venue.olga, "PUT", "/api/v1/instruments/AAPL", listed).expect(202);
    let approve = format!("/proposals/{}/approve", proposed.text("proposal"));
    venue.post(&venue.oskar, &approve, json!({"reason": "listed"})).expect(200);
    let symbol = "AAPL".parse().unwrap();
    venue.world.says(ReferencePriceSet {
        symbol,
        price: "10".parse().unwrap(),
        max_age_ns: None,
        source: None,
    });
    venue.funded("USD", "10000");
    let (firm, account) = ("FIRM2".parse().unwrap(), "FIRM2".parse().unwrap());
    let (amount, reference) = (Amount::parse("500").unwrap(), "opening".to_owned());
    venue.world.says(AccountCredited { firm, account, asset: "AAPL".parse().unwrap(), amount, reference });
    venue
}

/// A buy order of FIRM1.
pub(crate) fn bid(qty: &str, price: &str) -> Value {
    json!({"account": "FIRM1", "symbol": "AAPL", "side": "buy", "ord_type": "limit", "qty": qty, "price": price})
}

/// The same with another field.
pub(crate) fn change(bid: Value, field: &str, value: Value) -> Value {
    let mut bid = bid;
    bid[field] = value;
    bid
}

/// Checks that it comes to this.
#[track_caller]
pub(crate) fn sooner_or_later<const N: usize>(wanted: [&str; N], mut now: impl FnMut() -> [String; N]) {
    let last = (0..10_000).map(|_| now()).find(|found| *found == wanted);
    assert!(last.is_some(), "{:?} never became {wanted:?}", now());
}
