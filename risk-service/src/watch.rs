//! Watching between orders: a price alone can bring positions to their warning levels and over their limits.

use crate::exposure::value;
use crate::limits::is_reached;
use crate::names::{HoldingIx, SymbolIx};
use crate::risk::Risk;
use arrayvec::ArrayVec;
use assay_trading_types::*;

/// Alarms of one price: an input's outputs are numbered in 16 bits. Whoever is not told yet is with the next price.
const ALARMS_MAX: usize = 1_000;

/// Measures that a price moves, of both levels.
const MEASURES_MAX: usize = 8;

/// What people know of one measure.
pub(crate) struct Mark<'a> {
    pub(crate) bits: &'a mut u8,
    pub(crate) bit: u8,
}

impl Mark<'_> {
    /// Keeps what holds now; whether it did not before.
    pub(crate) fn begins(self, holds: bool) -> bool {
        let held = *self.bits & self.bit != 0;
        *self.bits = if holds { *self.bits | self.bit } else { *self.bits & !self.bit };
        holds && !held
    }
}

impl Risk {
    /// An instrument has another price: alarms for the accounts and firms that hold some of it, where a measure has reached
    /// its warning level or passed its limit; one each until it has not any more.
    pub(crate) fn watch(&mut self, symbol: SymbolIx, out: &mut Outbox) {
        let mut told = 0;
        for n in 0..self.instruments[symbol].holdings.len() {
            if told >= ALARMS_MAX {
                return;
            }
            told += self.watch_holding(self.instruments[symbol].holdings[n], out);
        }
    }

    fn watch_holding(&mut self, ix: HoldingIx, out: &mut Outbox) -> usize {
        let mut told = 0;
        for one in self.measured_between_orders(ix) {
            let percent = self.warning_percent(ix, one.level);
            let (warned, over) = self.marks(ix, &one);
            let reached = percent.is_some_and(|percent| is_reached(&one, percent));
            // What an order is refused for, a price does.
            let news = [warned.begins(reached), over.begins(one.value > one.limit)];
            if news.contains(&true) {
                self.alarm_of(ix, &one, out);
                told += 1;
            }
        }
        told
    }

    /// What a price moves, where it is limited, as decisions measure it.
    fn measured_between_orders(&self, ix: HoldingIx) -> ArrayVec<Measured, MEASURES_MAX> {
        let holding = &self.holdings[ix];
        let (client, firm) = (&self.clients[holding.client], &self.firms[holding.firm]);
        let price = self.instruments[holding.symbol].price();
        let most = holding.position_with(true, 0).max(holding.position_with(false, 0));
        let own = client.book.as_deref().map(|book| (LimitLevel::Account, book, &client.exposure));
        let levels = own.into_iter().chain([(LimitLevel::Firm, &firm.book, &firm.exposure)]);
        let mut measured = ArrayVec::new();
        for (level, book, exposure) in levels {
            let limits = &book.limits;
            let net = exposure.net_on(true).max(exposure.net_on(false));
            let all = [
                (Measure::Gross, limits.gross_notional_max, exposure.gross_with_orders()),
                (Measure::Net, limits.net_notional_max, net),
                (Measure::Position, limits.position_notional_max, value(most, price)),
                (Measure::Loss, limits.daily_loss_max, exposure.loss()),
            ];
            for (measure, limit, units) in all {
                let value = Amount::from_units(units);
                measured.extend(limit.map(|limit| Measured { level, measure, value, limit }));
            }
        }
        measured
    }
}
