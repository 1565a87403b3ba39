//! What the operator says: firms, opening balances, instruments, prices, who may trade.

use crate::answering::{NoEffect, refuse};
use crate::exposure::{Revalued, value};
use crate::group::Group;
use crate::holding::Holding;
use crate::names::{ClientIx, FirmIx, HoldingIx, SymbolIx};
use crate::order::Accounts;
use crate::risk::Risk;
use assay_trading_types::*;

/// Ids of credits have the highest bit set, those of orders' transfers have not.
const CREDIT: u128 = 1 << 127;

/// Most that one credit may bring, in billionths: 10^15 whole units, more than there is of any currency; so turnover
/// cannot pass what the books count.
const CREDIT_MAX: Amount = Amount::from_units(1_000_000_000_000_000 * SCALE as i128);

impl Risk {
    /// An account is one firm's for good: another firm that names it does not get it, and one that its firm names no more
    /// takes no orders, while what is on it stays the firm's.
    pub(crate) fn open_firm(&mut self, e: &FirmOpened) {
        let firm = self.firms.open(e.firm, Default::default);
        let mut accounts: Vec<ClientIx> =
            e.accounts.iter().map(|account| self.clients.open(*account, Default::default)).collect();
        accounts.retain(|ix| self.clients[*ix].firm.is_none_or(|owner| owner == firm));
        let row = &mut self.firms[firm];
        let before = std::mem::replace(&mut row.accounts, accounts.clone());
        (row.commission, row.self_trade) = (e.commission, e.self_trade);
        for gone in before.into_iter().filter(|ix| !accounts.contains(ix)) {
            self.clients[gone].unnamed = true;
        }
        for ix in &accounts {
            // An account stays with the firm it has traded for: its orders and positions count there.
            let elsewhere = self.holdings.iter().any(|(_, h)| h.client == *ix && h.firm != firm);
            if !elsewhere {
                self.clients[*ix].firm.get_or_insert(firm);
            }
            self.clients[*ix].unnamed = false;
        }
        let listed: Vec<SymbolIx> = self.instruments.rows().map(|(ix, ..)| ix).collect();
        for client in accounts {
            listed.iter().for_each(|symbol| self.count_position(client, *symbol));
        }
    }

    pub(crate) fn list(&mut self, e: &InstrumentListed) {
        // What settles in itself has no price.
        if e.symbol.as_str() == e.currency.as_str() {
            return;
        }
        let symbol = self.instruments.open(e.symbol, Default::default);
        let before = self.instruments[symbol].listed.replace(e.clone());
        if before.as_ref().is_none_or(|old| old.currency != e.currency) {
            let holdings = self.instruments[symbol].holdings.clone();
            for ix in holdings {
                let client = self.holdings[ix].client;
                self.holdings[ix].accounts = self.settlement_accounts(client, e);
            }
            let clients: Vec<ClientIx> = self.clients.rows().map(|(ix, ..)| ix).collect();
            clients.into_iter().for_each(|client| self.count_position(client, symbol));
        }
    }

    /// What an account has in a listed instrument, made when it is first needed.
    pub(crate) fn holding(&mut self, client: ClientIx, symbol: SymbolIx) -> Option<HoldingIx> {
        if let Some(ix) = self.holdings.find(client, symbol) {
            return Some(ix);
        }
        let firm = self.clients[client].firm?;
        self.open_holding(client, firm, symbol)
    }

    fn open_holding(&mut self, client: ClientIx, firm: FirmIx, symbol: SymbolIx) -> Option<HoldingIx> {
        let listed = self.instruments[symbol].listed.clone()?;
        let accounts = self.settlement_accounts(client, &listed);
        let ix = self.holdings.add(Holding::new(client, firm, symbol, accounts));
        self.instruments[symbol].holdings.push(ix);
        self.take_position(ix);
        Some(ix)
    }

    fn settlement_accounts(&mut self, client: ClientIx, listed: &InstrumentListed) -> Accounts {
        let account = *self.clients.name(client);
        let asset = Asset::new(listed.symbol.as_str()).expect("a symbol is an asset");
        let currency = listed.currency;
        Accounts {
            cash: self.client(account, currency),
            cash_clearing: self.house_account("clearing", currency),
            units: self.client(account, asset),
            units_clearing: self.house_account("clearing", asset),
            commission: self.house_account("commission", currency),
            cash_shortfall: self.house_account("shortfall", currency),
            units_shortfall: self.house_account("shortfall", asset),
        }
    }

    /// Takes an account's position in an instrument from the books, if it has any.
    fn count_position(&mut self, client: ClientIx, symbol: SymbolIx) {
        let Ok(asset) = Asset::new(self.instruments.name(symbol).as_str()) else { return };
        if self.position(self.clients.name(client), &asset) == Amount::ZERO {
            return;
        }
        if let Some(ix) = self.holding(client, symbol) {
            self.take_position(ix);
        }
    }

    /// Takes an account's position from the books after something came or went.
    pub(crate) fn recount_position(&mut self, client: ClientIx, symbol: SymbolIx) {
        match self.holdings.find(client, symbol) {
            Some(ix) => self.take_position(ix),
            None => self.count_position(client, symbol),
        }
    }

    fn take_position(&mut self, ix: HoldingIx) {
        let holding = &self.holdings[ix];
        let owned = self.ledger.account(holding.accounts.units).balance().units();
        let units = owned - holding.owed(&self.ledger);
        let price = self.instruments[holding.symbol].price();
        let change = Revalued::between(value(holding.position, price), value(units, price));
        let (client, firm) = (holding.client, holding.firm);
        self.holdings[ix].position = units;
        for exposure in [&mut self.clients[client].exposure, &mut self.firms[firm].exposure] {
            exposure.revalue(change);
            // What is brought in is neither profit nor loss.
            exposure.day.base += change.net;
        }
    }

    pub(crate) fn set_reference(&mut self, e: &ReferencePriceSet, at: Timestamp) -> SymbolIx {
        let symbol = self.instruments.open(e.symbol, Default::default);
        let instrument = &mut self.instruments[symbol];
        let old = instrument.set_reference(e, at);
        for ix in &instrument.holdings {
            let holding = &self.holdings[*ix];
            let (before, after) = (value(holding.position, old), value(holding.position, Some(e.price)));
            let change = Revalued::between(before, after);
            // A first price makes no profit of what was there without one.
            let brought_in = if old.is_none() { change.net } else { 0 };
            let (client, firm) = (&mut self.clients[holding.client], &mut self.firms[holding.firm]);
            for exposure in [&mut client.exposure, &mut firm.exposure] {
                exposure.revalue(change);
                exposure.day.base += brought_in;
            }
        }
        symbol
    }

    pub(crate) fn credit(&mut self, e: &AccountCredited, input: &Input<'_>, out: &mut Outbox) {
        let key = (e.account, e.asset, e.reference.clone());
        if self.credited.contains(&key) || e.amount > CREDIT_MAX {
            return;
        }
        let accounts = (self.house_account("equity", e.asset), self.client(e.account, e.asset));
        let id = TransferId(CREDIT | u128::from(input.partition) << 64 | u128::from(input.offset));
        let mut group = Group::default();
        group.add(id, accounts, e.amount, TransferKind::Plain, TransferReason::Opening);
        // Nothing, less than nothing, or more than books can count: no effect.
        let Ok(transfers) = group.post(&mut self.ledger) else { return };
        self.credited.insert(key);
        let client = self.clients.open(e.account, Default::default);
        let symbol = Symbol::new(e.asset.as_str()).ok().and_then(|s| self.instruments.find(&s));
        if let Some(symbol) = symbol {
            self.count_position(client, symbol);
        }
        let posted = Posted::of(e.firm, transfers);
        out.emit(Topic::Ledger, posted.into());
    }

    pub(crate) fn set_average_volume(&mut self, e: &AverageVolumeSet) {
        let symbol = self.instruments.open(e.symbol, Default::default);
        self.instruments[symbol].average_volume = Some(e.qty).filter(|qty| *qty > Qty::ZERO);
    }

    pub(crate) fn set_account_status(&mut self, e: &AccountStatusSet, by: Actor, out: &mut Outbox) {
        let Some(ix) = self.clients.find(&e.account) else {
            return refuse_command(e.account.as_str(), by, CommandRefusal::UnknownScope, out);
        };
        let client = &mut self.clients[ix];
        (client.status, client.kyc) = (e.status, e.kyc);
    }

    pub(crate) fn set_firm_kyc(&mut self, e: &FirmKycSet, by: Actor, out: &mut Outbox) {
        match self.firms.find(&e.firm) {
            Some(firm) => self.firms[firm].kyc = e.kyc,
            None => refuse_command(e.firm.as_str(), by, CommandRefusal::UnknownScope, out),
        }
    }

    pub(crate) fn set_restriction(&mut self, e: &RestrictionSet, by: Actor, out: &mut Outbox) {
        if !self.restrictions.set(e) {
            let subject = e.symbol.as_ref().map_or("all", Symbol::as_str);
            refuse_command(subject, by, CommandRefusal::NoEffect, out);
        }
    }

    pub(crate) fn reset_breaker(&mut self, e: &RepeatBreakerReset) -> Result<(), NoEffect> {
        let client = self.clients.find(&e.account);
        let symbol = self.instruments.find(&e.symbol);
        let holding = client.zip(symbol).and_then(|(client, symbol)| self.holdings.find(client, symbol));
        let tripped = holding.map(|ix| &mut self.holdings[ix]).filter(|holding| holding.tripped);
        let none =
            || (CommandRefusal::NoEffect, format!("no breaker of {} in {} is open", e.account, e.symbol));
        tripped.ok_or_else(none)?.tripped = false;
        Ok(())
    }
}

pub(crate) fn refuse_command(subject: &str, by: Actor, refusal: CommandRefusal, out: &mut Outbox) {
    refuse(subject, by, (refusal, String::new()), out);
}
