//! What the operator says: firms, opening balances, limits, instruments, prices, the kill switch.

use crate::group::Group;
use crate::risk::Risk;
use assay_trading_types::*;

/// Cancels that one input sends for a kill switch; the rest follow with the next inputs. An input's outputs are numbered
/// in 16 bits, and what it does itself needs a few of them.
const KILLS_PER_INPUT_MAX: usize = 16_384;

/// Ids of credits have the highest bit set, those of orders' transfers have not.
const CREDIT: u128 = 1 << 127;

impl Risk {
    pub(crate) fn open_firm(&mut self, e: &FirmOpened) {
        let firm = self.firms.entry(e.firm).or_default();
        firm.accounts.clone_from(&e.accounts);
        firm.commission = e.commission;
        firm.self_trade = e.self_trade;
        let listed: Vec<Symbol> = self.instruments.iter().map(|(symbol, _)| *symbol).collect();
        listed.into_iter().for_each(|symbol| self.count_position(e.firm, symbol));
    }

    pub(crate) fn set_limits(&mut self, e: &LimitsSet) {
        self.firms.entry(e.firm).or_default().limits = Some(e.clone());
    }

    pub(crate) fn list(&mut self, e: &InstrumentListed) {
        self.forget_accounts();
        if self.instruments.list(e) {
            let firms: Vec<FirmId> = self.firms.keys().copied().collect();
            firms.into_iter().for_each(|firm| self.count_position(firm, e.symbol));
        }
    }

    /// Takes a firm's position in a symbol from the books.
    fn count_position(&mut self, firm: FirmId, symbol: Symbol) {
        let Ok(asset) = Asset::new(symbol.as_str()) else { return };
        let accounts = self.firms.get(&firm).map_or(&[][..], |f| &f.accounts);
        let sum = accounts.iter().map(|account| self.position(account, &asset).units()).sum();
        let price = self.instruments.price(&symbol);
        if let Some(firm) = self.firms.get_mut(&firm) {
            firm.set_position(symbol, sum, price);
        }
    }

    pub(crate) fn set_reference(&mut self, e: &ReferencePriceSet, at: Timestamp) {
        let old = self.instruments.set_reference(e, at);
        self.firms.values_mut().for_each(|firm| firm.revalue(e.symbol, old, e.price));
    }

    pub(crate) fn credit(&mut self, e: &AccountCredited, input: &Input<'_>, out: &mut Outbox) {
        let key = (e.account, e.asset, e.reference.clone());
        if self.credited.contains(&key) {
            return;
        }
        let accounts = (self.house("equity", e.asset), self.client(e.account, e.asset));
        let id = TransferId(CREDIT | u128::from(input.partition) << 64 | u128::from(input.offset));
        let mut group = Group::default();
        group.add(id, accounts, e.amount, TransferKind::Plain, TransferReason::Opening);
        // Nothing, less than nothing, or more than books can count: no effect.
        let Ok(transfers) = group.post(&mut self.ledger) else { return };
        self.credited.insert(key);
        if let Some(symbol) =
            Symbol::new(e.asset.as_str()).ok().filter(|s| self.instruments.listed(s).is_some())
        {
            self.count_position(e.firm, symbol);
        }
        let posted = Posted { firm: e.firm, order_id: None, exec_id: None, transfers };
        out.emit(Topic::Ledger, posted.into());
    }

    pub(crate) fn set_kill_switch(&mut self, e: &KillSwitchSet) {
        self.firms.entry(e.firm).or_default().killed = e.engaged.then(|| e.reason.clone());
        if e.engaged {
            let mine = self.orders.open.iter().filter(|(_, order)| order.terms.firm == e.firm);
            let mut ids: Vec<OrderId> = mine.map(|(id, _)| *id).collect();
            ids.sort_unstable();
            self.killing.extend(ids);
        }
    }

    /// Sends cancels for orders of a killed firm that are still open.
    pub(crate) fn kill_some(&mut self, out: &mut Outbox) {
        for _ in 0..KILLS_PER_INPUT_MAX {
            let Some(order_id) = self.killing.pop_front() else { return };
            let Some(order) = self.orders.open.get(&order_id) else { continue };
            let (firm, symbol) = (order.terms.firm, order.terms.symbol);
            if self.firms.get(&firm).is_some_and(|f| f.killed.is_some()) {
                let reason = Some(Refusal::KillSwitch);
                out.emit(
                    Topic::Markets,
                    CancelAccepted { order_id, symbol, firm, request: None, reason, detail: None }.into(),
                );
            }
        }
    }
}
