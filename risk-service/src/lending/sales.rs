//! Sales of collateral: ordinary orders of the loan desk, an account of the house. Risk asks itself for one, and decides on
//! it, and execution matches it, as on any other; when the order ends, the loan takes what came of it.

use crate::risk::Risk;
use assay_loans::{Asked, Command, DESK_CODE};
use assay_trading_types::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Comes before the names of clients' accounts in the books.
const CLIENT: &str = "client:";

/// Epoch of the desk's requests: its numbers never begin anew.
const EPOCH: u32 = 1;

/// An order of the desk that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Sale {
    loan: LoanId,
    amount: Amount,
    /// Account and currency that it is paid to.
    currency: Asset,
}

/// Orders of the desk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sales {
    /// Number of the last one.
    last: u64,
    /// Those that have not ended: one of each loan at most.
    open: BTreeMap<ClOrdId, Sale>,
}

/// What came of an order.
struct Outcome {
    sold: Amount,
    proceeds: Amount,
}

fn desk_name() -> &'static str {
    DESK_CODE.strip_prefix(CLIENT).expect("the desk is a client's account")
}

fn desk_account() -> AccountId {
    AccountId::new(desk_name()).expect("a short name")
}

fn desk_firm() -> FirmId {
    FirmId::new(desk_name()).expect("a short name")
}

fn desk_session() -> SessionId {
    SessionId::new(&format!("{}/ASSAY", desk_name())).expect("a short name")
}

impl Risk {
    /// The desk is a firm like any other, there from the first product on; a configuration may have opened it before.
    pub(super) fn open_loan_desk(&mut self, out: &mut Outbox) {
        if self.firms.find(&desk_firm()).is_none() {
            let (commission, self_trade) = (Commission::default(), SelfTrade::Allow);
            let accounts = vec![desk_account()];
            let opened = FirmOpened { firm: desk_firm(), accounts, commission, self_trade };
            out.emit(Topic::Accounts, opened.into());
        }
    }

    /// Asks for the order that sells collateral of a loan: at the market, now, as much as there are buyers for.
    pub(super) fn open_sale(
        &mut self,
        loan: LoanId,
        asset: Asset,
        amount: Amount,
        at: Timestamp,
        out: &mut Outbox,
    ) {
        let currency = self.loans.loan(loan).map(|loan| loan.terms().currency);
        let qty = i64::try_from(amount.units()).ok().map(Qty::from_units);
        let symbol = Symbol::new(asset.as_str()).ok();
        let (Some(currency), Some(qty), Some(symbol)) = (currency, qty, symbol) else { return };
        self.sales.last += 1;
        let cl_ord_id =
            ClOrdId::new(&format!("{loan}-{}", self.sales.last)).expect("17 characters and a number");
        self.sales.open.insert(cl_ord_id, Sale { loan, amount, currency });
        let terms = OrderTerms {
            cl_ord_id,
            session: desk_session(),
            firm: desk_firm(),
            account: desk_account(),
            symbol,
            side: Side::Sell,
            ord_type: OrdType::Market,
            price: None,
            stop_px: None,
            qty,
            tif: TimeInForce::Ioc,
            conditions: None,
            carried: None,
        };
        let request = RequestId { session: desk_session(), epoch: EPOCH, seq: self.sales.last };
        let (poss_resend, defect, tell_pending) = (false, None, false);
        let requested =
            OrderRequested { request, terms, transact_time: at, poss_resend, defect, tell_pending };
        out.emit(Topic::Accounts, requested.into());
    }

    /// An order of the desk was refused: nothing was sold.
    pub(crate) fn sale_refused(&mut self, e: &OrderRefused, input: &Input<'_>, out: &mut Outbox) {
        let nothing = Outcome { sold: Amount::ZERO, proceeds: Amount::ZERO };
        self.end_sale(&e.terms, nothing, input, out);
    }

    /// A report on an order, which may be one of the desk that has ended.
    pub(crate) fn sale_reported(&mut self, e: &ExecutionReported, input: &Input<'_>, out: &mut Outbox) {
        if e.status.is_working() || e.terms.account != desk_account() {
            return;
        }
        let charged = self.orders.known(&e.order_id).map_or(0, |order| order.charged.units());
        let proceeds = Amount::from_units((e.filled.notional.units() - charged).max(0));
        let outcome = Outcome { sold: e.filled.cum_qty.as_amount(), proceeds };
        self.end_sale(&e.terms, outcome, input, out);
    }

    fn end_sale(&mut self, terms: &OrderTerms, outcome: Outcome, input: &Input<'_>, out: &mut Outbox) {
        if terms.session != desk_session() {
            return;
        }
        let Some(sale) = self.sales.open.remove(&terms.cl_ord_id) else { return };
        let asset = Asset::new(terms.symbol.as_str()).expect("a symbol is an asset");
        // A trade of the desk that was undone meanwhile may have taken some of what this one brought.
        let proceeds = outcome.proceeds.min(self.available(&desk_account(), &sale.currency));
        let unsold = Amount::from_units(sale.amount.units() - outcome.sold.units());
        let returned = unsold.min(self.available(&desk_account(), &asset));
        let asked = Asked { by: input.actor, client: None, now: input.at };
        let sold = Command::Sold { loan: sale.loan, sold: outcome.sold, proceeds, returned };
        let events = self.loans.apply(&sold, asked, &super::Books(&self.ledger));
        if let Ok(events) = events {
            self.tell_of_loans(events, None, out);
        }
    }

    /// How many orders of the loan desk have not ended.
    pub fn open_sales(&self) -> usize {
        self.sales.open.len()
    }
}
