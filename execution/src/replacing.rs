//! Changing what rests: replaces by the counterparty, new terms of the instrument.

use crate::execution::{Execution, limit_ticks};
use crate::market::{Market, book_side};
use crate::matching::MEETINGS_PER_INPUT_MAX;
use assay_trading_types::{
    CancelRefused, ExecType, InstrumentListed, OrdStatus, Outbox, Qty, Refusal, ReplaceAccepted, ResponseTo,
    TimeInForce, Topic,
};

/// What a replace comes to.
enum Change {
    /// The new quantity is executed already: the order ends filled (M-13).
    Finish,
    /// At its price, not larger: it keeps its place.
    Stay { lots: i64 },
    /// It leaves its place, may trade, and queues behind the others.
    Requeue { ticks: Option<i64>, lots: i64 },
}

impl Execution {
    pub(crate) fn replace(&mut self, replace: &ReplaceAccepted, out: &mut Outbox) {
        let Some(slot) = self.live(replace.order_id, out) else {
            let late = self.late(replace.order_id, replace.terms.firm, ResponseTo::Replace, &replace.request);
            let late = CancelRefused { account: Some(replace.terms.account), ..late };
            return out.emit(Topic::Accounts, late.into());
        };
        let change = match self.judge(slot, replace) {
            Ok(change) => change,
            Err(refusal) => return self.refuse_replace(slot, replace, refusal, out),
        };
        // Decided; nothing below fails.
        match change {
            Change::Finish => self.finish(slot, replace, out),
            Change::Stay { lots } => self.stay(slot, replace, lots, out),
            Change::Requeue { ticks, lots } => {
                self.take_off(slot);
                self.adopt(slot, replace);
                self.report_replaced(slot, replace, None, out);
                self.trade_and_settle(slot, ticks, lots, out);
            }
        }
    }

    fn judge(&self, slot: u32, replace: &ReplaceAccepted) -> Result<Change, Refusal> {
        let (order, terms) = (&self.orders[slot], &replace.terms);
        let side = book_side(order.terms.side);
        if terms.symbol != order.terms.symbol || book_side(terms.side) != side {
            return Err(Refusal::TermsMismatch);
        }
        if terms.qty <= order.filled.cum_qty {
            return Ok(Change::Finish);
        }
        let market = &self.markets[order.market as usize];
        let ticks = limit_ticks(market, terms.ord_type, terms.price)?;
        let remaining = terms.qty.checked_sub(order.filled.cum_qty).ok_or(Refusal::QtyMax)?;
        let lots = market.lots(remaining)?;
        if terms.tif == TimeInForce::Gtd {
            return Err(Refusal::UnsupportedTif);
        }
        let resting = market.book.get(order.handle.expect("between inputs an open order rests"));
        let may_stay =
            order.terms.tif == terms.tif || matches!(terms.tif, TimeInForce::Day | TimeInForce::Gtc);
        let stays = may_stay && ticks == Some(resting.ticks) && lots <= resting.lots;
        Ok(if stays { Change::Stay { lots } } else { Change::Requeue { ticks, lots } })
    }

    fn refuse_replace(&self, slot: u32, replace: &ReplaceAccepted, refusal: Refusal, out: &mut Outbox) {
        let order = &self.orders[slot];
        let refused = CancelRefused {
            request: replace.request.request,
            firm: order.terms.firm,
            response_to: ResponseTo::Replace,
            cl_ord_id: replace.request.cl_ord_id,
            orig_cl_ord_id: replace.request.orig_cl_ord_id,
            order_id: Some(order.id),
            account: Some(order.terms.account),
            status: order.working_status(),
            refusal,
            detail: "the market does not take the new terms".to_owned(),
        };
        out.emit(Topic::Accounts, refused.into());
    }

    fn finish(&mut self, slot: u32, replace: &ReplaceAccepted, out: &mut Outbox) {
        self.take_off(slot);
        self.adopt(slot, replace);
        let order = &mut self.orders[slot];
        order.terms.qty = order.filled.cum_qty;
        order.filled.leaves_qty = Qty::ZERO;
        let exec = ExecType::Replaced { request: replace.request, reason: Some(Refusal::QtyReduced) };
        order.report(exec, OrdStatus::Filled, out);
        self.close(slot, OrdStatus::Filled);
    }

    fn stay(&mut self, slot: u32, replace: &ReplaceAccepted, lots: i64, out: &mut Outbox) {
        let order = &self.orders[slot];
        let (market, handle) = (order.market, order.handle.expect("between inputs an open order rests"));
        let book = &mut self.markets[market as usize].book;
        let less = book.get(handle).lots - lots;
        if less > 0 {
            book.lower(handle, less);
            self.touch(market);
        }
        self.adopt(slot, replace);
        self.report_replaced(slot, replace, None, out);
    }

    /// Takes over the new terms.
    fn adopt(&mut self, slot: u32, replace: &ReplaceAccepted) {
        let today = self.today;
        let order = &mut self.orders[slot];
        order.terms = replace.terms.clone();
        order.notional_max = replace.notional_max;
        order.day = order.day.max(today);
        let cum = order.filled.cum_qty;
        order.filled.leaves_qty = order.terms.qty.checked_sub(cum).unwrap_or(Qty::ZERO);
    }

    fn report_replaced(
        &self,
        slot: u32,
        replace: &ReplaceAccepted,
        reason: Option<Refusal>,
        out: &mut Outbox,
    ) {
        let order = &self.orders[slot];
        order.report(ExecType::Replaced { request: replace.request, reason }, order.working_status(), out);
    }

    /// New terms of an instrument that trades. Orders that are multiples of the new tick and lot keep their places,
    /// the others are cancelled. With more than [`MEETINGS_PER_INPUT_MAX`] of those the old terms stay: one input
    /// cannot report so many, and an operator has to clear the book first.
    pub(crate) fn relist(&mut self, market: u32, listed: &InstrumentListed, out: &mut Outbox) {
        if self.markets[market as usize].listed == *listed {
            return;
        }
        let mut new = Market::new(listed.clone());
        let old = &self.markets[market as usize];
        let judged: Vec<_> = old.slots().map(|slot| (slot, self.fit(&new, slot))).collect();
        if judged.iter().filter(|(_, fit)| fit.is_err()).count() > MEETINGS_PER_INPUT_MAX {
            return;
        }
        // Decided; nothing below fails.
        for (slot, fit) in judged {
            match fit {
                Err(reason) => self.end_cancelled(slot, reason, out),
                Ok((ticks, lots)) => {
                    let order = &mut self.orders[slot];
                    order.handle = Some(new.book.rest(book_side(order.terms.side), ticks, lots, slot));
                }
            }
        }
        self.touch(market);
        self.markets[market as usize].renew(new);
    }

    fn fit(&self, market: &Market, slot: u32) -> Result<(i64, i64), Refusal> {
        let order = &self.orders[slot];
        let price = order.terms.price.ok_or(Refusal::BadPrice)?;
        Ok((market.ticks(price)?, market.lots(order.filled.leaves_qty)?))
    }
}
