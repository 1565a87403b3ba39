//! Watching between orders: a price alone can bring positions to their warning levels and over their limits.

use crate::exposure::value;
use crate::names::{HoldingIx, SymbolIx};
use crate::risk::Risk;
use arrayvec::ArrayVec;
use assay_trading_types::*;

/// Alarms of one price: an input's outputs are numbered in 16 bits. Whoever is not told yet is with the next price.
const ALARMS_MAX: usize = 1_000;

/// Without a warning level the limit itself is one: a decision keeps to it, a price does not.
const AT_THE_LIMIT: u32 = 100;

/// Measures that a price moves, of both levels.
const MEASURES_MAX: usize = 8;

impl Risk {
    /// An instrument has another price: alarms for the accounts and firms that hold some of it, where a measure has reached
    /// its warning level; one each until it is below it again.
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
            if self.comes_to_warning(ix, &one, Some(AT_THE_LIMIT)) {
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
            let net = (exposure.net + exposure.open_buys).max(exposure.open_sells - exposure.net);
            let all = [
                (Measure::Gross, limits.gross_notional_max, exposure.working() + exposure.gross),
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
