//! Trades undone or priced anew, in the books: the settlement is turned back by new postings, never erased, and the order's
//! hold follows what it may still cost (M-26, M-27).
//!
//! ```text
//! undone, buyer   client --units--> clearing      clearing --notional--> client     commission --> client
//! undone, seller  clearing --units--> client      client --notional--> clearing     commission --> client
//! priced anew     who pays more or gets less --difference--> clearing --> the other
//!
//! short sale undone          clearing --units--> borrowed, what it brought is held no more and goes back
//! buy-back undone            borrowed --units--> clearing, what comes back is held again
//! ```
//! What a client has spent or delivered elsewhere meanwhile is paid by the house, as in a settlement.

use crate::amend::renew_hold;
use crate::exposure::{Revalued, value};
use crate::group::Group;
use crate::names::HoldingIx;
use crate::order::{Accounts, OpenOrder};
use crate::orders::Slot;
use crate::risk::Risk;
use crate::settlement::{Paid, held, release, settled};
use crate::short::Borrowing;
use crate::venues::tell_settled;
use assay_ledger::AccountIx;
use assay_trading_types::*;

/// Ids of these transfers have this bit set, and below it the ExecID of the report and a number.
const AMENDMENT: u128 = 1 << 126;

/// Transfers of one report.
const TRANSFER_BITS: u32 = 8;

/// What a report changes of a side.
#[derive(Debug, Clone, Copy)]
struct Change {
    is_buy: bool,
    is_short: bool,
    /// Units that go back; zero when the trade stands at another price.
    qty: Qty,
    /// When what goes back was traded.
    traded: Option<Timestamp>,
    /// What the side pays more, negative when it is paid.
    cash: i128,
    /// What was traded more, in billionths of the currency; negative when a trade is undone.
    notional: i128,
    /// What the fill was.
    liquidity: Liquidity,
    /// Commission given back.
    commission: Amount,
    reason: TransferReason,
}

impl Change {
    fn of(e: &ExecutionReported) -> Option<Self> {
        let (is_buy, is_short) = (e.terms.side.is_buy(), e.terms.side.is_short());
        let paid = |units: i128| if is_buy { units } else { -units };
        Some(match &e.exec {
            ExecType::TradeCanceled { fill, traded, commission, .. } => Self {
                is_buy,
                is_short,
                qty: fill.qty,
                traded: Some(*traded),
                cash: paid(-fill.price.notional(fill.qty).units()),
                notional: -fill.price.notional(fill.qty).units(),
                liquidity: fill.liquidity,
                commission: *commission,
                reason: TransferReason::TradeReversal,
            },
            ExecType::TradeCorrected { fill, before, .. } => {
                let change = fill.price.notional(fill.qty).units() - before.notional(fill.qty).units();
                let (qty, traded, commission) = (Qty::ZERO, None, Amount::ZERO);
                Self {
                    is_buy,
                    is_short,
                    qty,
                    traded,
                    cash: paid(change),
                    notional: change,
                    liquidity: fill.liquidity,
                    commission,
                    reason: TransferReason::TradeCorrection,
                }
            }
            _ => return None,
        })
    }

    /// What more is to stay held for short sales once it is done, and how many shares are located again; `repaid` units are
    /// borrowed again.
    fn margin(&self, repaid: Amount) -> (i128, i64) {
        match (self.is_buy, self.is_short) {
            (true, _) if self.qty > Qty::ZERO => {
                ((-self.cash).max(0) * repaid.units() / self.qty.as_amount().units(), 0)
            }
            (false, true) => ((-self.cash).max(0), self.qty.units()),
            _ => (0, 0),
        }
    }
}

impl Risk {
    pub(crate) fn trade_amended(&mut self, e: &ExecutionReported, input: &Input<'_>, out: &mut Outbox) {
        let Some(change) = Change::of(e) else { return };
        let slot = self.orders.known_slot(&e.order_id);
        let Some(holding) = slot.map(|slot| self.orders[slot].holding).or_else(|| self.holding_of(&e.terms))
        else {
            return;
        };
        let accounts = slot.map_or(self.holdings[holding].accounts, |slot| self.orders[slot].accounts);
        let exec_id = ExecId::new(input.partition, input.offset);
        let repaid = slot.map_or(Amount::ZERO, |slot| self.take_back_repaid(slot, &change));
        let mut transfers = self.turn_back(&change, (holding, repaid), &accounts, (e.order_id, exec_id));
        let short = transfers.iter().any(|t| t.reason == TransferReason::Shortfall);
        if let Some(slot) = slot {
            transfers.extend(self.adopt_amended(slot, e, &change, input.at, out));
        }
        if change.traded.is_some_and(|traded| traded.day() == self.day) {
            self.day_trades.take_back(&e.terms, change.qty);
        }
        self.revalue_amended(holding, &change);
        if let ExecType::TradeCorrected { fill, .. } = &e.exec {
            tell_settled(e, fill, Amount::ZERO, input, out);
        }
        let posted = Posted {
            order_id: Some(e.order_id),
            exec_id: Some(exec_id),
            ..Posted::of(e.terms.firm, transfers)
        };
        if !posted.transfers.is_empty() {
            out.emit(Topic::Ledger, posted.into());
        }
        if short {
            let OrderTerms { firm, account, symbol, .. } = e.terms;
            let (firm, account, symbol) = (Some(firm), Some(account), Some(symbol));
            let (alarm, detail) = (Alarm::Shortfall, format!("the house paid to amend {}", e.order_id));
            crate::news::alarm(RiskAlarmed { alarm, firm, account, symbol, detail }, out);
        }
    }

    /// Where an order settled that nobody remembers.
    fn holding_of(&mut self, terms: &OrderTerms) -> Option<HoldingIx> {
        let client = self.clients.find(&terms.account)?;
        self.holdings.find(client, self.instruments.find(&terms.symbol)?)
    }

    /// What of an undone buy gave borrowed units back, which are borrowed again now.
    fn take_back_repaid(&mut self, slot: Slot, change: &Change) -> Amount {
        let order = &mut self.orders[slot];
        let again = if change.is_buy { order.repaid.min(change.qty.as_amount()) } else { Amount::ZERO };
        order.repaid = Amount::from_units(order.repaid.units() - again.units());
        again
    }

    fn turn_back(
        &mut self,
        change: &Change,
        (holding, repaid): (HoldingIx, Amount),
        accounts: &Accounts,
        (order_id, exec_id): (OrderId, ExecId),
    ) -> Vec<Transfer> {
        let short = self.holdings[holding].short.as_deref();
        let borrowed = short.map(|short| short.accounts.borrowed);
        let owed = self.holdings[holding].owed(&self.ledger);
        let mut ids = Ids { exec_id, number: 0 };
        let commission = change.commission;
        // What a short sale brought is there to be given back before it is asked for.
        let less = if change.is_short { change.cash - commission.units() } else { 0 };
        let mut transfers = self.margin_amended(holding, -less.max(0), 0, || ids.next());
        let group = Group::default();
        let mut back = Back { risk: self, ids: &mut ids, reason: change.reason, group };
        let units = (accounts.units, accounts.units_clearing);
        let cash = (accounts.cash, accounts.cash_clearing);
        let qty = change.qty.as_amount();
        back.plain((accounts.commission, accounts.cash), commission);
        match (change.is_buy, borrowed) {
            (true, Some(borrowed)) => {
                back.plain((borrowed, units.1), repaid);
                let rest = Amount::from_units(qty.units() - repaid.units());
                back.pay((units, accounts.units_shortfall), rest, Amount::ZERO);
            }
            (true, None) => back.pay((units, accounts.units_shortfall), qty, Amount::ZERO),
            (false, Some(borrowed)) if change.is_short => {
                let given_back = qty.min(Amount::from_units(owed));
                back.plain((units.1, borrowed), given_back);
                back.plain((units.1, units.0), Amount::from_units(qty.units() - given_back.units()));
            }
            (false, _) => back.plain((units.1, units.0), qty),
        }
        match Amount::from_units(change.cash) {
            more if more > Amount::ZERO => back.pay((cash, accounts.cash_shortfall), more, commission),
            less => back.plain((cash.1, cash.0), Amount::from_units(-less.units())),
        }
        let group = back.group;
        transfers.extend(settled(&group, order_id, &mut self.ledger));
        let (required, located) = change.margin(repaid);
        transfers.extend(self.margin_amended(holding, required, located, || ids.next()));
        transfers
    }

    /// The order as it is now, and its hold with it.
    fn adopt_amended(
        &mut self,
        slot: Slot,
        e: &ExecutionReported,
        change: &Change,
        at: Timestamp,
        out: &mut Outbox,
    ) -> Vec<Transfer> {
        let order = &mut self.orders[slot];
        let was_open = order.is_open();
        (order.filled, order.status, order.modified) = (e.filled, e.status, at);
        order.charged = Amount::from_units(order.charged.units() - change.commission.units());
        if let Some(scheduled) = &mut order.scheduled {
            scheduled.note(change.liquidity, -change.qty.units(), change.notional);
        }
        if !was_open {
            return Vec::new();
        }
        let mut group = Group::default();
        let (need, held) = (order.need(), held(order, &self.ledger));
        let available = self.ledger.account(order.held_accounts().0).available().max(Amount::ZERO);
        let most = Amount::from_units(held.units() + available.units());
        if need > held && most > held {
            order.hold = Some(renew_hold(order, held, need.min(most), &mut group));
        } else if need < held {
            release(order, &Paid::default(), need, &self.ledger, &mut group);
        }
        let order_id = order.order_id;
        if need > most {
            out.emit(Topic::Markets, uncovered(order).into());
        }
        let mut transfers = settled(&group, order_id, &mut self.ledger);
        transfers.extend(self.margin_follows(slot, Borrowing::default(), need));
        self.recount(slot);
        transfers
    }

    fn revalue_amended(&mut self, ix: HoldingIx, change: &Change) {
        let holding = &mut self.holdings[ix];
        let price = self.instruments[holding.symbol].price();
        let before = value(holding.position, price);
        let qty = i128::from(change.qty.units());
        holding.position -= if change.is_buy { qty } else { -qty };
        let revalued = Revalued::between(before, value(holding.position, price));
        // What a buyer pays more was bought, what a seller pays more was not sold.
        let notional = if change.is_buy { change.cash } else { -change.cash };
        let (client, firm) = (&mut self.clients[holding.client], &mut self.firms[holding.firm]);
        for exposure in [&mut client.exposure, &mut firm.exposure] {
            exposure.revalue(revalued);
            exposure.amend_trade(change.is_buy, notional, change.commission.units());
        }
    }
}

/// An order that got quantity back which its account cannot cover any more does not stay.
fn uncovered(order: &OpenOrder) -> CancelAccepted {
    CancelAccepted {
        order_id: order.order_id,
        symbol: order.terms.symbol,
        firm: order.terms.firm,
        request: None,
        reason: Some(Refusal::LimitCredit),
        detail: Some("a trade was undone and what is left is not covered".into()),
    }
}

/// Numbers the transfers of one report.
struct Ids {
    exec_id: ExecId,
    number: u128,
}

impl Ids {
    fn next(&mut self) -> TransferId {
        self.number += 1;
        TransferId(AMENDMENT | u128::from(self.exec_id.as_u64()) << TRANSFER_BITS | self.number)
    }
}

/// Postings of one report.
struct Back<'a> {
    risk: &'a Risk,
    ids: &'a mut Ids,
    reason: TransferReason,
    group: Group,
}

impl Back<'_> {
    fn plain(&mut self, accounts: (AccountIx, AccountIx), amount: Amount) {
        self.add(accounts, amount, self.reason);
    }

    /// Paid by the client as far as it has it, `more` included that it gets before, and else by the house.
    fn pay(
        &mut self,
        (accounts, shortfall): ((AccountIx, AccountIx), AccountIx),
        amount: Amount,
        more: Amount,
    ) {
        let available = self.risk.ledger.account(accounts.0).available().units() + more.units();
        let own = amount.min(Amount::from_units(available.max(0)));
        self.add(accounts, own, self.reason);
        let lacking = Amount::from_units(amount.units() - own.units());
        self.add((shortfall, accounts.1), lacking, TransferReason::Shortfall);
    }

    fn add(&mut self, accounts: (AccountIx, AccountIx), amount: Amount, reason: TransferReason) {
        if amount <= Amount::ZERO {
            return;
        }
        let id = self.ids.next();
        self.group.add(id, accounts, amount, TransferKind::Plain, reason);
    }
}
