//! What the loan core says, in the books and as records.

use super::LoanEvent;
use crate::risk::Risk;
use assay_ledger::{AccountIx, Guard, Leg};
use assay_trading_types::*;
use std::collections::BTreeMap;

/// Transfers that one record holds. A loan that makes up for years has more, in several records.
const TRANSFERS_OF_RECORD_MAX: usize = 512;

impl Risk {
    /// Posts what happened to loans and tells of it, loan by loan.
    pub(super) fn tell_of_loans(
        &mut self,
        events: Vec<LoanEvent>,
        command: Option<CommandId>,
        out: &mut Outbox,
    ) {
        let mut by_loan: BTreeMap<LoanId, Vec<LoanEvent>> = BTreeMap::new();
        for event in events {
            by_loan.entry(event.loan).or_default().push(event);
        }
        for (id, events) in by_loan {
            self.tell_of_loan(id, events, command, out);
        }
    }

    fn tell_of_loan(
        &mut self,
        id: LoanId,
        events: Vec<LoanEvent>,
        command: Option<CommandId>,
        out: &mut Outbox,
    ) {
        let (mut facts, mut transfers, mut at) = (Vec::new(), Vec::new(), Timestamp::default());
        for event in events {
            at = event.at;
            facts.push(event.fact);
            transfers.extend(event.transfers);
        }
        self.post_loan(&transfers);
        let loan = self.loans.loan(id).expect("what just changed is known");
        let (state, firm, is_paced) = (loan.state(), loan.borrower(), loan.is_paced());
        let terms = facts.iter().any(|fact| matches!(fact, LoanFact::Applied { .. }));
        let terms = terms.then(|| Box::new(loan.terms().clone()));
        let schedule = facts.iter().any(moves_schedule);
        let schedule =
            schedule.then(|| loan.running().into_iter().flat_map(|r| r.future().copied()).collect());
        for transfers in transfers.chunks(TRANSFERS_OF_RECORD_MAX).map(<[Transfer]>::to_vec) {
            let loan = Some(id);
            let posted = Posted { loan, ..Posted::of(firm, transfers) };
            out.emit(Topic::Ledger, posted.into());
        }
        let sale = facts.iter().find_map(|fact| match fact {
            LoanFact::LiquidationRequested { asset, amount } => Some((*asset, *amount)),
            _ => None,
        });
        // Of an offer that found no buyer people are told once a day, by a fact of its own.
        let is_told = |fact: &&LoanFact| !(is_paced && is_unsold(fact));
        let kinds: Vec<NoticeKind> = facts.iter().filter(is_told).filter_map(LoanFact::notice).collect();
        if !kinds.is_empty() {
            out.emit(Topic::Admin, LoanNewsRaised { firm, loan: id, kinds }.into());
        }
        let changed = LoanChanged { command, facts, loan: Box::new(state), terms, schedule };
        out.emit(Topic::Accounts, changed.into());
        if let Some((asset, amount)) = sale {
            self.open_sale(id, asset, amount, at, out);
        }
    }

    /// The core has seen to it that nothing is spent that is not there and nothing repaid that is not owed: books that
    /// refuse would be other books than it was told of.
    fn post_loan(&mut self, transfers: &[Transfer]) {
        let legs: Vec<Leg> = transfers.iter().map(|transfer| self.loan_leg(transfer)).collect();
        self.ledger.apply(&legs).expect("the loan core asks for nothing that the books lack");
        for transfer in transfers {
            for code in [transfer.debit, transfer.credit] {
                self.recount_code(&code, transfer.asset);
            }
        }
    }

    fn loan_leg(&mut self, t: &Transfer) -> Leg {
        let (debit, credit) = (self.loan_account(t.debit, t.asset), self.loan_account(t.credit, t.asset));
        Leg { id: t.id, debit, credit, amount: t.amount, kind: t.kind }
    }

    fn loan_account(&mut self, code: LedgerCode, asset: Asset) -> AccountIx {
        let class = code.split(':').next().unwrap_or_default();
        let guard = match class {
            "client" | "collateral" => Guard::NoOverdraft,
            "loan-principal" | "loan-interest" | "loan-fees" => Guard::NoOverpayment,
            _ => Guard::Unlimited,
        };
        self.ledger.open(code, asset, guard)
    }

    /// A client's position follows from the books when what it trades is pledged, given back or sold.
    fn recount_code(&mut self, code: &LedgerCode, asset: Asset) {
        let account = code.strip_prefix("client:").and_then(|account| AccountId::new(account).ok());
        if let Some(account) = account {
            self.recount_account(&account, asset);
        }
    }
}

/// Whether an offer of collateral found no buyer.
fn is_unsold(fact: &LoanFact) -> bool {
    matches!(fact, LoanFact::CollateralSold { sold, .. } if *sold == Amount::ZERO)
}

/// Whether instalments to come may be others after it.
fn moves_schedule(fact: &LoanFact) -> bool {
    matches!(
        fact,
        LoanFact::Disbursed { .. }
            | LoanFact::InstalmentDue { .. }
            | LoanFact::Repayment { .. }
            | LoanFact::Repaid
            | LoanFact::WrittenOff { .. }
    )
}
