//! What an account sells short in one instrument: shares that were located, what is borrowed of them, and the margin that
//! stays held for it.
//!
//! ```text
//! short sale   borrowed --units--> clearing --notional--> client, where it stays held
//! buy-back     clearing --units--> borrowed, as far as something is owed; its share of the margin is free
//! ```
//! A locate is used once: working short sales reserve it, fills use it up, and buying back does not bring it back. The margin
//! is one hold on the account's cash. An order that buys back may use its share of it, and while it does so the margin is
//! smaller by that; what the order does not spend goes back.

use crate::checks::Asked;
use crate::group::Group;
use crate::holding::Holding;
use crate::names::HoldingIx;
use crate::order::OpenOrder;
use crate::orders::Slot;
use crate::risk::Risk;
use crate::stage::Refused;
use assay_ledger::{AccountIx, Guard, Ledger};
use assay_trading_types::*;
use serde::{Deserialize, Serialize};

/// Comes before the names of accounts whose loans of shares the books keep.
const BORROWED: &str = "borrowed:";

/// Opposite every margin hold; nothing is ever posted to it.
const MARGIN: &str = "short-margin";

/// Share of what a short sale brought that always stays held, in percent.
const ALL_PERCENT: u32 = 100;

/// Shares that may still be sold short on one locate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) until: Timestamp,
    pub(crate) locate: LocateId,
    pub(crate) qty: i64,
    /// What of it was not sold.
    pub(crate) left: i64,
}

/// Accounts of the books that short sales need beside an order's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShortAccounts {
    /// What the account owes: debits are borrowed, credits given back, never more than was borrowed.
    pub(crate) borrowed: AccountIx,
    /// The client's money that margin is held on.
    pub(crate) cash: AccountIx,
    margin: AccountIx,
}

/// One account's short sales in one instrument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Short {
    /// Those that end first come first.
    grants: Vec<Grant>,
    /// LeavesQty of working short sales.
    pub(crate) open: i64,
    pub(crate) accounts: ShortAccounts,
    /// What is to stay held for all that is borrowed, in billionths of the currency.
    required: i128,
    /// What working orders that buy back use of it.
    lent: i128,
    hold: Option<TransferId>,
}

impl Short {
    pub(crate) fn new(accounts: ShortAccounts) -> Self {
        Self { grants: Vec::new(), open: 0, accounts, required: 0, lent: 0, hold: None }
    }

    /// Units that are borrowed.
    pub(crate) fn owed(&self, ledger: &Ledger) -> i128 {
        ledger.account(self.accounts.borrowed).owed().units()
    }

    /// What may be sold short at `at`, working orders included.
    pub(crate) fn located(&self, at: Timestamp) -> i64 {
        self.grants.iter().filter(|g| g.until > at).map(|g| g.left).fold(0, i64::saturating_add)
    }

    /// What the locates have left, whenever they end.
    pub(crate) fn left(&self) -> i64 {
        self.grants.iter().map(|g| g.left).fold(0, i64::saturating_add)
    }

    pub(crate) fn grants(&self) -> usize {
        self.grants.len()
    }

    pub(crate) fn grant(&mut self, grant: Grant) {
        let key = (grant.until, grant.locate);
        let at = self.grants.partition_point(|g| (g.until, g.locate) < key);
        self.grants.insert(at, grant);
    }

    pub(crate) fn withdraw(&mut self, locate: &LocateId) -> Option<Grant> {
        let at = self.grants.iter().position(|g| g.locate == *locate)?;
        Some(self.grants.remove(at))
    }

    /// A fill uses up what ends first. A sale that was accepted while it was located may fill after the locate's end.
    fn use_up(&mut self, mut qty: i64) {
        for grant in &mut self.grants {
            let used = grant.left.min(qty);
            grant.left -= used;
            qty -= used;
        }
    }

    /// A fill is undone: its shares are located again, as far as the locates that there are had been used.
    fn give_back(&mut self, mut qty: i64) {
        for grant in self.grants.iter_mut().rev() {
            let back = (grant.qty - grant.left).min(qty);
            grant.left += back;
            qty -= back;
        }
    }

    /// Whether the books have anything of short sales in these accounts.
    fn is_in_use(&self, ledger: &Ledger) -> bool {
        self.owed(ledger) > 0 || self.hold.is_some() || self.open > 0
    }

    fn held(&self, ledger: &Ledger) -> i128 {
        self.hold.map_or(0, |id| ledger.held(id).units())
    }

    /// What the hold should be with `more` of it lent.
    fn target(&self, more: i128) -> i128 {
        (self.required - self.lent - more).max(0)
    }

    /// `repaid` of what was owed is given back: its share of the margin is free. Returns how much.
    fn repay(&mut self, repaid: i128, ledger: &Ledger) -> i128 {
        let before = self.owed(ledger) + repaid;
        let free = if repaid == before { self.required } else { share(self.required, repaid, before) };
        self.required -= free;
        free
    }

    /// A working order uses `lent` of the margin from now on.
    fn lend(&mut self, order: &mut OpenOrder, lent: i128) {
        self.lent += lent - order.lent.units();
        assert!(self.lent >= 0, "orders give back what they were lent");
        order.lent = Amount::from_units(lent);
    }

    /// Makes the hold what it should be, as far as the account has money for it.
    fn keep(&mut self, mut next: impl FnMut() -> TransferId, ledger: &mut Ledger) -> Vec<Transfer> {
        let (held, mut group) = (self.held(ledger), Group::default());
        let most = held + ledger.account(self.accounts.cash).available().units().max(0);
        let target = self.target(0).min(most);
        if target < held {
            self.release(held - target, &mut next, &mut group);
        } else if target > held {
            self.release(held, &mut next, &mut group);
            let (id, accounts) = (next(), (self.accounts.cash, self.accounts.margin));
            let (kind, reason) = (TransferKind::Pending, TransferReason::MarginHold);
            group.add(id, accounts, Amount::from_units(target), kind, reason);
            self.hold = Some(id);
        }
        if target == 0 {
            self.hold = None;
        }
        group.post(ledger).unwrap_or_else(|status| panic!("margin refused: {status:?}: {group:?}"))
    }

    fn release(&self, amount: i128, next: &mut impl FnMut() -> TransferId, group: &mut Group) {
        let Some(pending) = self.hold.filter(|_| amount > 0) else { return };
        let (kind, reason) = (TransferKind::Void { pending }, TransferReason::MarginRelease);
        let accounts = (self.accounts.cash, self.accounts.margin);
        group.add(next(), accounts, Amount::from_units(amount), kind, reason);
    }
}

/// What an order that buys back is to use of the margin, and what that frees.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lending {
    /// Used by the order from then on.
    lent: i128,
    freed: i128,
}

impl Holding {
    /// Units that are borrowed.
    pub(crate) fn owed(&self, ledger: &Ledger) -> i128 {
        self.short.as_deref().map_or(0, |short| short.owed(ledger))
    }

    /// Begins the legs of an order that `added` units more are to be bought with: what it may use of the margin becomes free.
    pub(crate) fn lend(
        &self,
        order: &mut OpenOrder,
        added: i64,
        need: Amount,
        ledger: &Ledger,
        group: &mut Group,
    ) -> Lending {
        let short = self.short.as_deref().filter(|short| short.accounts.cash == order.accounts.cash);
        let Some(short) = short.filter(|_| order.terms.side.is_buy()) else { return Lending::default() };
        let owed = short.owed(ledger);
        let covers = (owed - i128::from(self.open_buys)).clamp(0, i128::from(added.max(0)));
        let before = order.lent.units();
        let lent = (before + share(short.required, covers, owed)).min(need.units()).max(before);
        let freed = (short.held(ledger) - short.target(lent - before)).max(0);
        short.release(freed, &mut || order.next_transfer(), group);
        Lending { lent, freed }
    }

    /// The legs that [`Holding::lend`] began are posted.
    pub(crate) fn lent(&mut self, order: &mut OpenOrder, lending: Lending, ledger: &Ledger) {
        let Some(short) = self.short.as_deref_mut().filter(|_| order.terms.side.is_buy()) else { return };
        short.lend(order, lending.lent);
        if lending.freed > 0 && short.held(ledger) == 0 {
            short.hold = None;
        }
    }
}

/// What a fill did to a loan of shares.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Borrowing {
    /// Money that a short sale brought, less commission, with what was held for it.
    pub(crate) kept: i128,
    /// Units that were sold short.
    pub(crate) sold: i64,
    /// Units that were given back.
    pub(crate) repaid: i128,
}

impl Risk {
    /// What an account owes of an instrument.
    pub fn borrowed(&self, account: &AccountId, asset: &Asset) -> Amount {
        let ix = self.ledger.find(borrowed_code(account), *asset);
        ix.map_or(Amount::ZERO, |ix| self.ledger.account(ix).owed())
    }

    /// What an account may still sell short of an instrument at `at`, working orders not counted.
    pub fn located(&self, account: &AccountId, symbol: &Symbol, at: Timestamp) -> Qty {
        let short = self.short_of(account, symbol);
        Qty::from_units(short.map_or(0, |short| short.located(at) - short.open))
    }

    /// What is to stay held for an account's short sales in an instrument less what orders use that buy back, and what is
    /// held.
    pub fn short_margin(&self, account: &AccountId, symbol: &Symbol) -> (Amount, Amount) {
        let short = self.short_of(account, symbol);
        let margin = short.map_or((0, 0), |short| (short.target(0), short.held(&self.ledger)));
        (Amount::from_units(margin.0), Amount::from_units(margin.1))
    }

    fn short_of(&self, account: &AccountId, symbol: &Symbol) -> Option<&Short> {
        let (client, symbol) = (self.clients.find(account)?, self.instruments.find(symbol)?);
        self.holdings[self.holdings.find(client, symbol)?].short.as_deref()
    }

    /// What margin holds reserve, by account of the books.
    pub(crate) fn margins(&self) -> impl Iterator<Item = (AccountIx, i128)> {
        let shorts = self.holdings.iter().filter_map(|(_, holding)| holding.short.as_deref());
        shorts.map(|short| (short.accounts.cash, short.held(&self.ledger)))
    }

    /// A short sale needs located shares, and is not one of what the account owns (Regulation SHO, 200(g), 203(b)(1)).
    pub(crate) fn check_short(&self, asked: &Asked<'_>, holding: HoldingIx) -> Result<(), Refused> {
        let OrderTerms { side, account, symbol, .. } = asked.terms;
        if !side.is_short() || asked.added_qty <= 0 {
            return Ok(());
        }
        let holding = &self.holdings[holding];
        let located = holding.short.as_deref().map_or(0, |short| short.located(asked.at));
        let wanted = holding.short.as_deref().map_or(0, |short| short.open).saturating_add(asked.added_qty);
        if wanted > located {
            let [wanted, located] = [wanted, located].map(Qty::from_units);
            return Err((Refusal::ShortLocate, format!("{wanted} > {located} located account {account}")));
        }
        let units = self.ledger.account(holding.accounts.units).available().units();
        let owned = units - holding.owed(&self.ledger);
        if owned > 0 {
            let owned = Amount::from_units(owned);
            return Err((
                Refusal::ShortMarking,
                format!("{account} owns {owned} {symbol}, which is sold by 54=2"),
            ));
        }
        let moved =
            |short: &Short| short.accounts.cash != holding.accounts.cash && short.is_in_use(&self.ledger);
        if holding.short.as_deref().is_some_and(moved) {
            let detail = format!("{symbol} trades in another currency than it was sold short in");
            return Err((Refusal::ShortLocate, detail));
        }
        Ok(())
    }

    /// How much more than what a short sale brings stays held for it, in percent: the largest of account and firm.
    pub(crate) fn short_extra_percent(&self, holding: HoldingIx) -> u32 {
        let Holding { client, firm, .. } = self.holdings[holding];
        let own = self.clients[client].book.as_ref().and_then(|b| b.limits.short_margin_percent);
        let percent = own.max(self.firms[firm].book.limits.short_margin_percent);
        percent.unwrap_or(ALL_PERCENT).saturating_sub(ALL_PERCENT)
    }

    /// The accounts that a holding's short sales go through.
    pub(crate) fn short_accounts(&mut self, ix: HoldingIx) -> ShortAccounts {
        let holding = &self.holdings[ix];
        let (cash, client, symbol) = (holding.accounts.cash, holding.client, holding.symbol);
        let code = borrowed_code(self.clients.name(client));
        let asset = Asset::new(self.instruments.name(symbol).as_str()).expect("a symbol is an asset");
        let currency = self.ledger.account(cash).asset();
        ShortAccounts {
            borrowed: self.ledger.open(code, asset, Guard::NoOverpayment),
            cash,
            margin: self.house_account(MARGIN, currency),
        }
    }

    /// A short sale is about to settle where the holding's orders do now; [`Risk::check_short`] saw to it that nothing is
    /// left elsewhere.
    pub(crate) fn settle_short_in(&mut self, ix: HoldingIx) {
        let moved = |short: &Short| short.accounts.cash != self.holdings[ix].accounts.cash;
        if self.holdings[ix].short.as_deref().is_some_and(moved) {
            let accounts = self.short_accounts(ix);
            if let Some(short) = self.holdings[ix].short.as_deref_mut() {
                short.accounts = accounts;
            }
        }
    }

    /// What is borrowed has changed with an order, or what the order may use of the margin: the margin follows. `need` is what
    /// the order needs held now.
    pub(crate) fn margin_follows(&mut self, slot: Slot, borrowing: Borrowing, need: Amount) -> Vec<Transfer> {
        let order = &mut self.orders[slot];
        let Some(short) = self.holdings[order.holding].short.as_deref_mut() else { return Vec::new() };
        short.required += borrowing.kept;
        short.use_up(borrowing.sold);
        let free = if borrowing.repaid > 0 { short.repay(borrowing.repaid, &self.ledger) } else { 0 };
        let lent = (order.lent.units() - free).max(0).min(need.units());
        short.lend(order, lent);
        short.keep(|| order.next_transfer(), &mut self.ledger)
    }

    /// A trade of a holding was undone or priced anew: `required` more is to stay held, or less, and `located` shares are
    /// located again.
    pub(crate) fn margin_amended(
        &mut self,
        ix: HoldingIx,
        required: i128,
        located: i64,
        next: impl FnMut() -> TransferId,
    ) -> Vec<Transfer> {
        let Some(short) = self.holdings[ix].short.as_deref_mut() else { return Vec::new() };
        short.required = (short.required + required).max(0);
        short.give_back(located);
        if short.owed(&self.ledger) == 0 {
            short.required = 0;
        }
        short.keep(next, &mut self.ledger)
    }
}

fn borrowed_code(account: &AccountId) -> LedgerCode {
    let mut code = LedgerCode::new();
    code.push_str(BORROWED);
    code.push_str(account.as_str());
    code
}

/// `part` of `whole` of a sum, rounded down.
fn share(sum: i128, part: i128, whole: i128) -> i128 {
    if whole <= 0 {
        return 0;
    }
    sum.checked_mul(part).map_or(sum / whole * part, |product| product / whole)
}
