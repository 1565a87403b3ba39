//! What accounts hold, for RequestForPositions(AN).

use crate::risk::Risk;
use assay_trading_types::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Positions of one record: at some 200 bytes each a fifth of what a record may hold.
const PER_RECORD_MAX: usize = 1_000;

/// What was traded since the trading day began, by account and symbol.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DayTrades(BTreeMap<(AccountId, Symbol), Traded>);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Traded {
    bought: i64,
    sold: i64,
}

impl DayTrades {
    /// A fill of an order of `terms`.
    pub(crate) fn note(&mut self, terms: &OrderTerms, qty: Qty) {
        let traded = self.0.entry((terms.account, terms.symbol)).or_default();
        let side = if terms.side.is_buy() { &mut traded.bought } else { &mut traded.sold };
        *side = side.saturating_add(qty.units());
    }

    /// A fill of the day is undone. One of an earlier day is part of what the day began with.
    pub(crate) fn take_back(&mut self, terms: &OrderTerms, qty: Qty) {
        let traded = self.0.entry((terms.account, terms.symbol)).or_default();
        let side = if terms.side.is_buy() { &mut traded.bought } else { &mut traded.sold };
        *side = side.saturating_sub(qty.units()).max(0);
    }

    /// A new trading day.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Risk {
    pub(crate) fn positions(&self, e: &PositionsRequested, out: &mut Outbox) {
        let found = self.positions_of(e);
        let refused = match &e.refused {
            None if found.is_empty() => Some(PositionsRefusal {
                result: PositionsResult::NoneFound,
                refusal: Refusal::NoPositions,
                detail: format!("{} holds none", e.account),
            }),
            refused => refused.clone(),
        };
        let total = u32::try_from(found.len()).expect("fewer than 2^32 instruments");
        let report = |first: usize, positions: &[PositionState]| PositionsReported {
            request: e.request,
            firm: e.firm,
            pos_req_id: e.pos_req_id,
            account: e.account,
            symbol: e.symbol,
            carried: e.carried.clone(),
            total,
            first: u32::try_from(first).expect("fewer than 2^32 instruments"),
            positions: positions.to_vec(),
            refused: refused.clone(),
        };
        if found.is_empty() {
            return out.emit(Topic::Accounts, report(0, &[]).into());
        }
        for (n, chunk) in found.chunks(PER_RECORD_MAX).enumerate() {
            out.emit(Topic::Accounts, report(n * PER_RECORD_MAX, chunk).into());
        }
    }

    /// Positions that are held now or were traded today, by symbol.
    fn positions_of(&self, e: &PositionsRequested) -> Vec<PositionState> {
        if e.refused.is_some() {
            return Vec::new();
        }
        let listed = self.instruments.rows().map(|(_, symbol, _)| *symbol);
        let mut symbols: Vec<Symbol> = listed.filter(|s| e.symbol.is_none_or(|only| only == *s)).collect();
        symbols.sort_unstable();
        symbols.into_iter().filter_map(|symbol| self.position_state(e.account, symbol)).collect()
    }

    fn position_state(&self, account: AccountId, symbol: Symbol) -> Option<PositionState> {
        let asset = Asset::new(symbol.as_str()).ok()?;
        let now = self.position(&account, &asset);
        let traded = self.day_trades.0.get(&(account, symbol)).copied().unwrap_or_default();
        if now == Amount::ZERO && traded == Traded::default() {
            return None;
        }
        let start = now.units() - i128::from(traded.bought) + i128::from(traded.sold);
        let price = self.instruments.find(&symbol).and_then(|ix| self.instruments[ix].price());
        Some(PositionState {
            symbol,
            start: Amount::from_units(start),
            bought: Qty::from_units(traded.bought),
            sold: Qty::from_units(traded.sold),
            now,
            price,
            value: price.and_then(|price| value(now, price)),
        })
    }
}

/// None when it is more than can be counted.
fn value(held: Amount, price: Price) -> Option<Amount> {
    held.units().checked_mul(i128::from(price.units())).map(|v| Amount::from_units(v / i128::from(SCALE)))
}
