//! One loan: its terms, its stage, its collateral, and the postings of its steps.

use crate::event::{Application, LoanEvent};
use crate::running::Running;
use assay_trading_types::loan_terms::{Parts, Product};
use assay_trading_types::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// First bits of the ids of transfers that loans make: orders use neither, credits the other one.
const TRANSFER_IDS: u128 = 1 << 126;

/// The first rules under which offers of collateral are paced, and people told of what cannot be sold.
const PACED_RULES: u32 = 3;

/// Where a loan stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Applied for.
    Pending,
    /// Agreed to, not paid out.
    Approved,
    /// Paid out and kept.
    Active(Box<Running>),
    /// Paid out and not kept: everything is due, no interest is earned any more.
    Defaulted(Box<Running>),
    /// Paid back.
    Repaid {
        /// What was paid in all.
        repaid: Parts,
    },
    /// Given up.
    WrittenOff {
        /// What was given up.
        lost: Parts,
        /// What was paid before.
        repaid: Parts,
        /// What came in after all.
        recovered: Amount,
    },
    /// Declined.
    Rejected,
    /// Withdrawn by the borrower.
    Cancelled,
}

/// A loan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loan {
    pub(crate) id: LoanId,
    pub(crate) product: LoanProductId,
    pub(crate) terms: Arc<Product>,
    pub(crate) borrower: FirmId,
    pub(crate) account: AccountId,
    pub(crate) amount: Amount,
    pub(crate) applied: LoanSigned,
    /// Approved or rejected.
    pub(crate) decided: Option<LoanSigned>,
    /// Why it was rejected or is to be given up.
    pub(crate) reason: Option<String>,
    pub(crate) disbursed: Option<LoanSigned>,
    pub(crate) ended: Option<Timestamp>,
    /// Grows with every change.
    pub(crate) version: u64,
    /// Collateral that is locked now.
    pub(crate) pledges: BTreeMap<Asset, Amount>,
    pub(crate) stage: Stage,
    /// Transfers made so far: the next one's number.
    transfers: u64,
    /// The rules that it was applied for under: what days and prices bring follows them as long as it runs.
    #[serde(default, skip_serializing_if = "is_unnumbered")]
    rules: u32,
}

/// Whether it is from before rules were numbered.
fn is_unnumbered(rules: &u32) -> bool {
    *rules == 0
}

/// Accounts that a loan's money moves between.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Book {
    /// The borrower's spendable account.
    Client,
    /// The borrower's locked collateral.
    Collateral,
    /// The account that the loan desk sells collateral from.
    Desk,
    /// Principal owed to us.
    Principal,
    /// Interest owed to us.
    Interest,
    /// Fees owed to us.
    Fees,
    /// Interest earned.
    InterestIncome,
    /// Fees earned.
    FeeIncome,
    /// Debt given up.
    Loss,
    /// What came in on debt given up.
    Recovery,
}

/// Ledger account of collateral sales: an ordinary trading account of the house, so that an ordinary order sells.
pub const DESK_CODE: &str = "client:LOAN-DESK";

impl Book {
    /// Its code in the ledger.
    pub(crate) fn code(self, account: &AccountId) -> LedgerCode {
        let of =
            |class: &str| LedgerCode::from(&format!("{class}:{account}")).expect("24 characters and a class");
        let house = |code: &str| LedgerCode::from(code).expect("a short code");
        match self {
            Self::Client => of("client"),
            Self::Collateral => of("collateral"),
            Self::Desk => house(DESK_CODE),
            Self::Principal => of("loan-principal"),
            Self::Interest => of("loan-interest"),
            Self::Fees => of("loan-fees"),
            Self::InterestIncome => house("loan-interest-income"),
            Self::FeeIncome => house("loan-fee-income"),
            Self::Loss => house("loan-loss"),
            Self::Recovery => house("loan-recovery"),
        }
    }
}

impl Loan {
    pub(crate) fn new(
        application: &Application,
        terms: Arc<Product>,
        borrower: FirmId,
        applied: LoanSigned,
    ) -> Self {
        Self {
            id: application.loan,
            product: application.product,
            terms,
            borrower,
            account: application.account,
            amount: application.amount,
            applied,
            decided: None,
            reason: None,
            disbursed: None,
            ended: None,
            version: 0,
            pledges: BTreeMap::new(),
            stage: Stage::Pending,
            transfers: 0,
            rules: application.rules,
        }
    }

    /// Whether collateral that finds no buyer is offered less and less often, and people are told of it.
    pub fn is_paced(&self) -> bool {
        self.rules >= PACED_RULES
    }

    /// Its id.
    pub fn id(&self) -> LoanId {
        self.id
    }

    /// Grows with every change.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The product it was made from.
    pub fn product(&self) -> LoanProductId {
        self.product
    }

    /// Terms, as they were when it was applied for.
    pub fn terms(&self) -> &Product {
        &self.terms
    }

    /// Who borrows.
    pub fn borrower(&self) -> FirmId {
        self.borrower
    }

    /// The borrower's account.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// What was applied for.
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// Collateral that is locked now.
    pub fn pledges(&self) -> &BTreeMap<Asset, Amount> {
        &self.pledges
    }

    /// Where it stands.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Its state if it was paid out and has not ended.
    pub fn running(&self) -> Option<&Running> {
        match &self.stage {
            Stage::Active(running) | Stage::Defaulted(running) => Some(running),
            _ => None,
        }
    }

    /// Whether it counts towards what one client may have.
    pub(crate) fn counts(&self) -> bool {
        matches!(self.stage, Stage::Pending | Stage::Approved | Stage::Active(_) | Stage::Defaulted(_))
    }

    /// Whether nothing more can come of it.
    pub(crate) fn is_over(&self) -> bool {
        match &self.stage {
            Stage::Repaid { .. } | Stage::Rejected | Stage::Cancelled => true,
            Stage::WrittenOff { lost, recovered, .. } => *recovered >= lost.total(),
            Stage::Pending | Stage::Approved | Stage::Active(_) | Stage::Defaulted(_) => false,
        }
    }

    pub(crate) fn running_mut(&mut self) -> Option<&mut Running> {
        match &mut self.stage {
            Stage::Active(running) | Stage::Defaulted(running) => Some(running),
            _ => None,
        }
    }

    pub(crate) fn event(&self, at: Timestamp, fact: LoanFact, transfers: Vec<Transfer>) -> LoanEvent {
        LoanEvent { at, loan: self.id, fact, transfers }
    }

    /// A posting of this loan in its currency; none for nothing.
    pub(crate) fn post(
        &mut self,
        debit: Book,
        credit: Book,
        amount: Amount,
        reason: TransferReason,
    ) -> Vec<Transfer> {
        self.post_asset(debit, credit, (self.terms.currency, amount), reason)
    }

    /// A posting of this loan in any asset; none for nothing.
    pub(crate) fn post_asset(
        &mut self,
        debit: Book,
        credit: Book,
        (asset, amount): (Asset, Amount),
        reason: TransferReason,
    ) -> Vec<Transfer> {
        if amount == Amount::ZERO {
            return Vec::new();
        }
        self.transfers += 1;
        let transfer = Transfer {
            id: TransferId(TRANSFER_IDS | u128::from(self.id.as_u64()) << 48 | u128::from(self.transfers)),
            debit: debit.code(&self.account),
            credit: credit.code(&self.account),
            asset,
            amount,
            kind: TransferKind::Plain,
            reason,
        };
        vec![transfer]
    }

    /// Postings that settle parts of the debt from `debit`.
    pub(crate) fn settlement(&mut self, debit: Book, parts: Parts, reason: TransferReason) -> Vec<Transfer> {
        let mut transfers = self.post(debit, Book::Fees, parts.fees, reason);
        transfers.extend(self.post(debit, Book::Interest, parts.interest, reason));
        transfers.extend(self.post(debit, Book::Principal, parts.principal, reason));
        transfers
    }

    /// Gives all collateral back.
    pub(crate) fn release_all(&mut self, at: Timestamp, out: &mut Vec<LoanEvent>) {
        for (asset, amount) in std::mem::take(&mut self.pledges) {
            let (from, to) = (Book::Collateral, Book::Client);
            let transfers = self.post_asset(from, to, (asset, amount), TransferReason::LoanCollateral);
            out.push(self.event(at, LoanFact::CollateralReleased { asset, amount }, transfers));
        }
    }
}
