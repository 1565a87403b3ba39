//! Loans: what is asked of them, and what days, prices and sales bring. The loan core decides on a copy of a loan; its
//! postings go to the books in the same step, and what it says becomes records.
//!
//! ```text
//! LoanInstructed --> who may it be? --> assay_loans --> ledger: Posted, accounts: LoanChanged | LoanProductChanged
//! ClockTicked, ReferencePriceSet ---------^    +------> accounts: LoanRefused
//! ```

mod posting;
mod sales;
mod words;

pub(crate) use sales::Sales;

use crate::risk::Risk;
use assay_ledger::Ledger;
use assay_loans::{Application, Asked, Command, Funds, LoanEvent, Loans};
use assay_trading_types::loan_terms::Product;
use assay_trading_types::*;

/// Why an instruction has no effect, and in words.
type Refused = (LoanRefusal, String);

/// What clients can spend, by the books.
struct Books<'a>(&'a Ledger);

impl Funds for Books<'_> {
    fn available(&self, account: &AccountId, asset: Asset) -> Amount {
        let account = self.0.find(crate::risk::client_code(account), asset);
        account.map_or(Amount::ZERO, |ix| self.0.account(ix).available())
    }
}

impl Risk {
    /// Loans and their products.
    pub fn loans(&self) -> &Loans {
        &self.loans
    }

    pub(crate) fn instruct_loan(&mut self, e: &LoanInstructed, input: &Input<'_>, out: &mut Outbox) {
        if let Err((refusal, detail)) = self.try_loan(e, input, out) {
            let refused = LoanRefused { command: e.command, firm: e.firm, refusal, detail };
            out.emit(Topic::Accounts, refused.into());
        }
    }

    fn try_loan(&mut self, e: &LoanInstructed, input: &Input<'_>, out: &mut Outbox) -> Result<(), Refused> {
        self.check_loan_parties(e)?;
        let asked =
            Asked { by: input.actor, client: e.firm.filter(|_| is_clients(&e.action)), now: input.at };
        let command = command(e, LoanId::new(input.partition, input.offset));
        let events = self.loans.apply(&command, asked, &Books(&self.ledger));
        let events = events.map_err(|refusal| (refusal, self.loan_words(refusal, &e.action, input.at)))?;
        // Decided: nothing below fails.
        self.tell_of_loans(events, Some(e.command), out);
        if let Some(product) = product_of(&e.action).and_then(|id| self.loans.product(id)) {
            let changed = LoanProductChanged { command: e.command, product: Box::new(product) };
            out.emit(Topic::Accounts, changed.into());
            self.open_loan_desk(out);
        }
        Ok(())
    }

    /// What the books and the firm's standing say against it; the rest is the loan core's.
    fn check_loan_parties(&self, e: &LoanInstructed) -> Result<(), Refused> {
        if let Some(id) = e.action.loan() {
            let own = self.loans.loan(id).filter(|loan| Some(loan.borrower()) == e.firm);
            let Some(loan) = own else {
                return Err((LoanRefusal::LoanNotFound, format!("no loan {id} that is not long over")));
            };
            let version = loan.version();
            if let Some(expected) = e.version.filter(|expected| *expected != version) {
                return Err((LoanRefusal::LoanChanged, format!("it has version {version}, not {expected}")));
            }
        }
        match &e.action {
            LoanAction::Apply { account, pledges, .. } => {
                self.check_borrower(e.firm.as_ref(), account)?;
                pledges.iter().try_for_each(|(asset, amount)| self.check_lots(asset, *amount))
            }
            LoanAction::Pledge { asset, amount, .. } | LoanAction::Release { asset, amount, .. } => {
                self.check_lots(asset, *amount)
            }
            LoanAction::Disburse { loan } => match self.loans.loan(*loan) {
                Some(loan) => self.check_borrower(e.firm.as_ref(), &loan.account()),
                None => Ok(()),
            },
            LoanAction::ProposeProduct { terms, .. } => self.check_loan_terms(terms),
            _ => Ok(()),
        }
    }

    /// Whether a firm's account may borrow now: open, active, and known whose it is.
    fn check_borrower(&self, firm: Option<&FirmId>, account: &AccountId) -> Result<(), Refused> {
        let firm = firm.ok_or_else(|| (LoanRefusal::UnknownFirm, "no firm is named".to_owned()))?;
        self.check_payer(firm, account).map_err(|(refusal, detail)| (refusal_of(refusal), detail))
    }

    /// Collateral is what can be sold: whole lots.
    fn check_lots(&self, asset: &Asset, amount: Amount) -> Result<(), Refused> {
        let symbol = Symbol::new(asset.as_str()).ok().and_then(|symbol| self.instruments.find(&symbol));
        let listed = symbol.and_then(|ix| self.instruments[ix].listed.as_ref());
        let lot = listed.map_or(1, |listed| listed.lot_size.as_amount().units()).max(1);
        match amount.units() % lot {
            0 => Ok(()),
            _ => {
                let lot = Amount::from_units(lot);
                Err((LoanRefusal::AmountTooFine, format!("{asset} is taken in multiples of {lot}")))
            }
        }
    }

    /// What only the venue knows of a product: what its currency can say, and what collateral can be sold for.
    fn check_loan_terms(&self, terms: &Product) -> Result<(), Refused> {
        let invalid = |detail: String| Err((LoanRefusal::ProductInvalid, detail));
        if terms.decimals > self.decimals_of(&terms.currency) {
            return invalid(format!("{} has no {} decimals", terms.currency, terms.decimals));
        }
        let is_sold = |asset: &Asset| {
            let symbol = Symbol::new(asset.as_str()).ok().and_then(|symbol| self.instruments.find(&symbol));
            let listed = symbol.and_then(|ix| self.instruments[ix].listed.as_ref());
            listed.is_some_and(|listed| listed.currency == terms.currency)
        };
        match terms.collateral.iter().find(|rule| !is_sold(&rule.asset)) {
            Some(rule) => invalid(format!("{} does not trade in {}", rule.asset, terms.currency)),
            None => Ok(()),
        }
    }

    /// A second has passed: a new day may begin for loans, calls may have lapsed, and collateral may be offered again.
    pub(crate) fn loans_tick(&mut self, now: Timestamp, by: Actor, out: &mut Outbox) {
        let asked = Asked { by, client: None, now };
        let day = Command::StartDay { date: Date::of(now) };
        self.apply_to_loans(&day, asked, out);
    }

    /// A reference price has changed: what it means for loans that the instrument secures.
    pub(crate) fn loans_price(&mut self, e: &ReferencePriceSet, input: &Input<'_>, out: &mut Outbox) {
        let listed = self.instruments.find(&e.symbol).and_then(|ix| self.instruments[ix].listed.as_ref());
        let Some(listed) = listed else { return };
        let (currency, lot) = (listed.currency, listed.lot_size.as_amount());
        let Ok(asset) = Asset::new(e.symbol.as_str()) else { return };
        let (price, max_age_ns) = (Amount::from_units(e.price.units().into()), e.max_age_ns);
        let asked = Asked { by: input.actor, client: None, now: input.at };
        let set = Command::SetPrice { asset, currency, price, lot, max_age_ns };
        self.apply_to_loans(&set, asked, out);
    }

    /// A market went into another phase: an order of the desk, which is to trade at once, is taken in continuous trading
    /// alone.
    pub(crate) fn loans_market(&mut self, e: &TradingStateChanged, input: &Input<'_>, out: &mut Outbox) {
        let listed = self.instruments.find(&e.symbol).and_then(|ix| self.instruments[ix].listed.as_ref());
        let Some(currency) = listed.map(|listed| listed.currency) else { return };
        let Ok(asset) = Asset::new(e.symbol.as_str()) else { return };
        let open = e.phase == TradingPhase::Continuous;
        let asked = Asked { by: input.actor, client: None, now: input.at };
        self.apply_to_loans(&Command::SetMarket { asset, currency, open }, asked, out);
    }

    /// Applies what cannot be refused.
    fn apply_to_loans(&mut self, command: &Command, asked: Asked, out: &mut Outbox) {
        let events = self.loans.apply(command, asked, &Books(&self.ledger));
        self.tell_of_loans(events.expect("days that have begun and prices are taken"), None, out);
    }

    /// What a tick or a price has left is gone on with.
    pub(crate) fn go_on_with_loans(&mut self, input: &Input<'_>, out: &mut Outbox) {
        let asked = Asked { by: input.actor, client: None, now: input.at };
        self.apply_to_loans(&Command::GoOn, asked, out);
    }
}

/// Whether a client asks for it, or the house.
fn is_clients(action: &LoanAction) -> bool {
    match action {
        LoanAction::Apply { .. }
        | LoanAction::Cancel { .. }
        | LoanAction::Repay { .. }
        | LoanAction::Pledge { .. }
        | LoanAction::Release { .. } => true,
        LoanAction::ProposeProduct { .. }
        | LoanAction::ApproveProduct { .. }
        | LoanAction::RetireProduct { .. }
        | LoanAction::DeclineProduct { .. }
        | LoanAction::WithdrawProduct { .. }
        | LoanAction::Approve { .. }
        | LoanAction::Reject { .. }
        | LoanAction::Disburse { .. }
        | LoanAction::ProposeWriteOff { .. }
        | LoanAction::WriteOff { .. } => false,
    }
}

fn product_of(action: &LoanAction) -> Option<LoanProductId> {
    match action {
        LoanAction::ProposeProduct { product, .. }
        | LoanAction::ApproveProduct { product, .. }
        | LoanAction::RetireProduct { product }
        | LoanAction::DeclineProduct { product, .. }
        | LoanAction::WithdrawProduct { product, .. } => Some(*product),
        _ => None,
    }
}

/// The core's command; `id` is that of the loan to be.
fn command(e: &LoanInstructed, id: LoanId) -> Command {
    match e.action.clone() {
        LoanAction::ProposeProduct { product, terms } => {
            Command::ProposeProduct { id: product, product: terms }
        }
        LoanAction::ApproveProduct { product, version } => Command::ApproveProduct { id: product, version },
        LoanAction::RetireProduct { product } => Command::RetireProduct { id: product },
        LoanAction::DeclineProduct { product, version, reason } => {
            Command::DeclineProduct { id: product, version, reason }
        }
        LoanAction::WithdrawProduct { product, version } => Command::WithdrawProduct { id: product, version },
        LoanAction::Apply { account, product, amount, pledges } => {
            // Who is not verified has been refused.
            let (verified, rules) = (true, e.rules);
            Command::Apply(Application { loan: id, product, account, amount, pledges, verified, rules })
        }
        LoanAction::Cancel { loan } => Command::Cancel { loan },
        LoanAction::Approve { loan } => Command::Approve { loan },
        LoanAction::Reject { loan, reason } => Command::Reject { loan, reason },
        LoanAction::Disburse { loan } => Command::Disburse { loan },
        LoanAction::Repay { loan, amount } => Command::Repay { loan, amount },
        LoanAction::Pledge { loan, asset, amount } => Command::Pledge { loan, asset, amount },
        LoanAction::Release { loan, asset, amount } => Command::Release { loan, asset, amount },
        LoanAction::ProposeWriteOff { loan, reason } => Command::ProposeWriteOff { loan, reason },
        LoanAction::WriteOff { loan } => Command::WriteOff { loan },
    }
}

/// What a refusal of money means for who would borrow.
fn refusal_of(refusal: MoneyRefusal) -> LoanRefusal {
    match refusal {
        MoneyRefusal::UnknownAccount => LoanRefusal::UnknownAccount,
        MoneyRefusal::AccountClosed => LoanRefusal::AccountClosed,
        MoneyRefusal::AccountSuspended => LoanRefusal::AccountSuspended,
        MoneyRefusal::NotVerified => LoanRefusal::NotVerified,
        _ => LoanRefusal::UnknownFirm,
    }
}
