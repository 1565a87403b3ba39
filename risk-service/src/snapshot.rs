//! The whole state as bytes, in an order that does not depend on hashing.

use crate::Error;
use crate::cl_ord_ids::UsedIds;
use crate::firm::Firm;
use crate::instruments::Instrument;
use crate::order::OpenOrder;
use crate::orders::ClosedOrder;
use crate::risk::Risk;
use assay_ledger::Ledger;
use assay_trading_types::{AccountId, Asset, FirmId, OrderId, SessionId, Symbol};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// First byte of a snapshot.
const VERSION: u8 = 3;

/// A snapshot's content.
#[derive(Serialize, Deserialize)]
struct Stored {
    partition: u16,
    next_offset: u64,
    day: i64,
    firms: BTreeMap<FirmId, Firm>,
    instruments: BTreeMap<Symbol, Instrument>,
    ledger: Ledger,
    orders: Vec<(OrderId, OpenOrder)>,
    closed: Vec<ClosedOrder>,
    used: BTreeMap<SessionId, UsedIds>,
    credited: BTreeSet<(AccountId, Asset, String)>,
    requests: BTreeMap<SessionId, (u32, u64)>,
    outcomes: BTreeMap<(u8, u16), (u64, u16)>,
    killing: VecDeque<OrderId>,
}

pub(crate) fn write(risk: &Risk) -> Vec<u8> {
    let mut orders: Vec<(OrderId, OpenOrder)> =
        risk.orders.open.iter().map(|(id, order)| (*id, order.clone())).collect();
    orders.sort_unstable_by_key(|(id, _)| *id);
    let stored = Stored {
        partition: risk.partition,
        next_offset: risk.next_offset,
        day: risk.day,
        firms: risk.firms.clone(),
        instruments: risk.instruments.iter().map(|(s, i)| (*s, i.clone())).collect(),
        ledger: risk.ledger.clone(),
        orders,
        closed: risk.orders.closed().cloned().collect(),
        used: risk.used.iter().map(|(s, u)| (*s, u.clone())).collect(),
        credited: risk.credited.clone(),
        requests: risk.requests.iter().map(|(s, r)| (*s, *r)).collect(),
        outcomes: risk.outcomes.clone(),
        killing: risk.killing.clone(),
    };
    let mut bytes = vec![VERSION];
    rmp_serde::encode::write_named(&mut bytes, &stored).expect("a state in memory can be written to memory");
    bytes
}

pub(crate) fn read(bytes: &[u8]) -> Result<Risk, Error> {
    let body = bytes.strip_prefix(&[VERSION]).ok_or_else(|| Error::Foreign {
        expected: u16::from(VERSION),
        what: format!("it begins with {:?}", bytes.first()),
    })?;
    let stored: Stored = rmp_serde::from_slice(body).map_err(|e| Error::Damaged { what: e.to_string() })?;
    let mut risk = Risk {
        partition: stored.partition,
        next_offset: stored.next_offset,
        day: stored.day,
        firms: stored.firms,
        instruments: stored.instruments.into_iter().collect(),
        ledger: stored.ledger,
        used: stored.used.into_iter().collect(),
        credited: stored.credited,
        requests: stored.requests.into_iter().collect(),
        outcomes: stored.outcomes,
        killing: stored.killing,
        ..Risk::default()
    };
    stored.closed.into_iter().for_each(|closed| risk.orders.restore_closed(closed));
    stored.orders.into_iter().for_each(|(id, order)| risk.orders.restore_open(id, order));
    if let Some((id, order)) = risk.orders.open.iter().find(|(_, o)| !risk.firms.contains_key(&o.terms.firm))
    {
        return Err(Error::Damaged { what: format!("order {id} is of unknown firm {}", order.terms.firm) });
    }
    Ok(risk)
}
