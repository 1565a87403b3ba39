//! Orders as any engine sends them.

use assay_trading_types::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// Side(54).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// 1.
    Buy,
    /// 2.
    Sell,
}

/// A NewOrderSingle(D): the fields of its body.
#[derive(Debug, Clone)]
pub struct Order {
    /// Tag and value, in no order that matters.
    pub fields: Vec<(u32, String)>,
}

/// A day order for `qty` AAPL of `firm`'s default account at 100.00.
pub fn limit_order(cl_ord_id: &str, firm: &str, side: Side, qty: u32) -> Order {
    let side = match side {
        Side::Buy => "1",
        Side::Sell => "2",
    };
    let (qty, now) = (qty.to_string(), transact_time());
    let fields = [
        (11, cl_ord_id),
        (1, firm),
        (21, "1"),
        (55, "AAPL"),
        (54, side),
        (60, &now),
        (38, &qty),
        (40, "2"),
        (44, "100.00"),
        (59, "0"),
    ];
    Order { fields: fields.map(|(tag, value)| (tag, value.to_owned())).to_vec() }
}

#[allow(clippy::disallowed_methods, reason = "a counterparty states the time of its orders")]
fn transact_time() -> String {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970");
    let mut text = Vec::new();
    Timestamp::from_ns(since_1970.as_nanos() as i64).write_fix(3, &mut text);
    String::from_utf8(text).expect("digits")
}
