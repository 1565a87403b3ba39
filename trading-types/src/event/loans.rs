//! Loans against collateral: records of `accounts`. What is asked names who asks by the record's actor; the core that
//! decides on it holds the books, so that a decision and its postings are one step.

use crate::loan_terms::{Bucket, Instalment, Parts, Product, Rate};
use crate::{
    AccountId, Actor, Amount, Asset, CommandId, Date, FirmId, LoanId, LoanProductId, LoanRefusal, NoticeKind,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Key of what concerns products, which are everybody's.
const HOUSE: &str = "house";

/// Somebody wants something of a loan or a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanInstructed {
    /// The command it follows from; the answer carries it too.
    pub command: CommandId,
    /// The client whose loan it is; none for products.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firm: Option<FirmId>,
    /// What is wanted.
    pub action: LoanAction,
    /// The version that the loan must have, if whoever asks said one (If-Match).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The rules that decide on it, those of its command ([`Command::rules`](crate::Command::rules)).
    #[serde(default, skip_serializing_if = "crate::event::is_unnumbered")]
    pub rules: u32,
}

impl LoanInstructed {
    /// The firm, or the house.
    pub fn key(&self) -> &str {
        firm_or_house(self.firm.as_ref())
    }
}

fn firm_or_house(firm: Option<&FirmId>) -> &str {
    firm.map_or(HOUSE, FirmId::as_str)
}

/// What is wanted. Clients apply, cancel, repay, pledge and take back; the rest is the house's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoanAction {
    /// A product, or other terms for later loans of it. Takes effect when another person approves.
    ProposeProduct {
        /// Its name.
        product: LoanProductId,
        /// Its terms.
        terms: Box<Product>,
    },
    /// A second person's word on proposed terms.
    ApproveProduct {
        /// The product.
        product: LoanProductId,
        /// Its version, so that what was looked at is approved.
        version: u64,
    },
    /// It is offered no more.
    RetireProduct {
        /// The product.
        product: LoanProductId,
    },
    /// Applies for a loan; its collateral is locked at once.
    Apply {
        /// The account for payout, collateral and payments.
        account: AccountId,
        /// What is applied for.
        product: LoanProductId,
        /// How much.
        amount: Amount,
        /// Collateral by asset.
        pledges: BTreeMap<Asset, Amount>,
    },
    /// Takes an application back.
    Cancel {
        /// The loan.
        loan: LoanId,
    },
    /// Agrees to an application. Never by whoever applied.
    Approve {
        /// The loan.
        loan: LoanId,
    },
    /// Declines an application. Never by whoever applied.
    Reject {
        /// The loan.
        loan: LoanId,
        /// Why.
        reason: String,
    },
    /// Pays out. Above the product's threshold by another person than approved.
    Disburse {
        /// The loan.
        loan: LoanId,
    },
    /// Pays back from the borrower's account; more than is owed is not taken. Of a loan that was given up: as a recovery.
    Repay {
        /// The loan.
        loan: LoanId,
        /// How much at most.
        amount: Amount,
    },
    /// Adds collateral.
    Pledge {
        /// The loan.
        loan: LoanId,
        /// What.
        asset: Asset,
        /// How much.
        amount: Amount,
    },
    /// Takes collateral back that is not needed.
    Release {
        /// The loan.
        loan: LoanId,
        /// What.
        asset: Asset,
        /// How much.
        amount: Amount,
    },
    /// Asks to give a loan up.
    ProposeWriteOff {
        /// The loan.
        loan: LoanId,
        /// Why.
        reason: String,
    },
    /// Gives it up. Never by whoever asked for it.
    WriteOff {
        /// The loan.
        loan: LoanId,
    },
    /// A second person's word against proposed terms.
    DeclineProduct {
        /// The product.
        product: LoanProductId,
        /// Its version, so that what was looked at is declined.
        version: u64,
        /// Why.
        reason: String,
    },
    /// Takes proposed terms back. By whoever proposed them.
    WithdrawProduct {
        /// The product.
        product: LoanProductId,
        /// Its version.
        version: u64,
    },
}

impl LoanAction {
    /// The loan it is about; none for products and applications.
    pub fn loan(&self) -> Option<LoanId> {
        match self {
            Self::ProposeProduct { .. }
            | Self::ApproveProduct { .. }
            | Self::RetireProduct { .. }
            | Self::DeclineProduct { .. }
            | Self::WithdrawProduct { .. }
            | Self::Apply { .. } => None,
            Self::Cancel { loan }
            | Self::Approve { loan }
            | Self::Reject { loan, .. }
            | Self::Disburse { loan }
            | Self::Repay { loan, .. }
            | Self::Pledge { loan, .. }
            | Self::Release { loan, .. }
            | Self::ProposeWriteOff { loan, .. }
            | Self::WriteOff { loan } => Some(*loan),
        }
    }
}

/// A product was proposed, approved or retired, or what was proposed of it declined or taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanProductChanged {
    /// The command it follows from.
    pub command: CommandId,
    /// The product as it stands now.
    pub product: Box<LoanProduct>,
}

/// A product as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanProduct {
    /// Its name.
    pub id: LoanProductId,
    /// Grows with every change.
    pub version: u64,
    /// Whether loans can be applied for.
    pub active: bool,
    /// Terms in force, once some were approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Product>,
    /// Who approved them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<Actor>,
    /// Terms that wait for a second person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<Product>,
    /// Who proposed them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_by: Option<Actor>,
    /// What became of the terms proposed last, if somebody declined them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declined: Option<LoanProductDeclined>,
}

/// A second person's word against proposed terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanProductDeclined {
    /// Who.
    pub by: Actor,
    /// Why.
    pub reason: String,
}

/// Something happened to a loan. The postings of it stand in `ledger`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanChanged {
    /// The command it follows from; none for what days, prices and sales bring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandId>,
    /// What happened, in order.
    pub facts: Vec<LoanFact>,
    /// The loan as it stands now.
    pub loan: Box<LoanState>,
    /// Its terms, with its first record: they do not change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<Box<Product>>,
    /// Instalments to come, when they have changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Vec<Instalment>>,
}

/// People are to be told of a loan: a record of `admin`, where it is known who they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanNewsRaised {
    /// Whose loan it is.
    pub firm: FirmId,
    /// The loan.
    pub loan: LoanId,
    /// What they are told, in order.
    pub kinds: Vec<NoticeKind>,
}

/// What is wanted has no effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanRefused {
    /// The command.
    pub command: CommandId,
    /// As asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firm: Option<FirmId>,
    /// Why.
    pub refusal: LoanRefusal,
    /// In words.
    pub detail: String,
}

impl LoanRefused {
    /// The firm, or the house.
    pub fn key(&self) -> &str {
        firm_or_house(self.firm.as_ref())
    }
}

/// Where a loan stands. The last four are final, but a loan that was written off may bring something in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoanStatus {
    /// Applied for.
    Pending,
    /// Agreed to, not paid out.
    Approved,
    /// Paid out and kept.
    Active,
    /// Paid out and not kept: everything is due, nothing more is earned.
    Defaulted,
    /// Paid back.
    Repaid,
    /// Given up.
    WrittenOff,
    /// Declined.
    Rejected,
    /// Taken back by the borrower.
    Cancelled,
}

/// Who did something, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanSigned {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// Collateral on its way to be sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanSale {
    /// What.
    pub asset: Asset,
    /// How much is not sold yet.
    pub amount: Amount,
}

/// A loan as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanState {
    /// Its id.
    pub id: LoanId,
    /// Who borrows.
    pub firm: FirmId,
    /// The account for payout, collateral and payments.
    pub account: AccountId,
    /// What it was made from.
    pub product: LoanProductId,
    /// Where it stands.
    pub status: LoanStatus,
    /// Currency lent.
    pub currency: Asset,
    /// What was applied for.
    pub amount: Amount,
    /// A year, as it was when it was applied for.
    pub rate: Rate,
    /// Collateral that is locked now.
    pub pledges: BTreeMap<Asset, Amount>,
    /// Collateral on its way to be sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selling: Option<LoanSale>,
    /// What is owed now; of a loan that was given up what was.
    pub owed: Parts,
    /// What was paid back.
    pub repaid: Parts,
    /// What came in after it was given up.
    pub recovered: Amount,
    /// Who applied, and when.
    pub applied: LoanSigned,
    /// Who approved or rejected, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<LoanSigned>,
    /// Why it was rejected or is to be given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who paid it out, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disbursed: Option<LoanSigned>,
    /// The last due date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maturity: Option<Date>,
    /// The next instalment's due date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_due: Option<Date>,
    /// How late it is.
    pub late: Bucket,
    /// Until when a margin call is to be cured, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_until: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// Grows with every change.
    pub version: u64,
}

/// Why a loan is in default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultCause {
    /// An instalment was past due for too long.
    PastDue,
    /// Its collateral is sold and did not suffice.
    CollateralExhausted,
}

/// Why collateral that is to be sold is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnsoldCause {
    /// Nobody takes it, or the desk's order was refused.
    NoBuyer,
    /// It has no recent price.
    NoPrice,
    /// Its market is halted, closed or in an auction.
    MarketShut,
}

/// Facts about loans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // fields are named for what they are
pub enum LoanFact {
    /// Applied for.
    Applied { amount: Amount },
    /// Agreed to.
    Approved { by: Actor },
    /// Declined.
    Rejected { by: Actor },
    /// Taken back.
    Cancelled,
    /// Paid out.
    Disbursed { by: Actor, amount: Amount, fee: Amount, maturity: Date },
    /// Interest earned up to a day.
    InterestAccrued { amount: Amount, until: Date },
    /// Penalty earned up to a day.
    PenaltyAccrued { amount: Amount, until: Date },
    /// An instalment falls due in a few days.
    DueSoon { due: Date },
    /// An instalment falls due.
    InstalmentDue { due: Date, principal: Amount, interest: Amount },
    /// A fee for a late instalment.
    LateFee { due: Date, amount: Amount },
    /// How late it is has changed.
    Delinquency { days: u32, from: Bucket, to: Bucket },
    /// A payment: asked for, taken, and what it settled.
    Repayment {
        asked: Amount,
        taken: Amount,
        fees: Amount,
        interest: Amount,
        principal: Amount,
        owed: Amount,
    },
    /// What little was left is let go.
    Forgiven { amount: Amount },
    /// Paid back in full.
    Repaid,
    /// Collateral locked.
    CollateralPledged { asset: Asset, amount: Amount },
    /// Collateral given back.
    CollateralReleased { asset: Asset, amount: Amount },
    /// The collateral is worth too little; the borrower has until then.
    MarginCalled { value: Amount, owed: Amount, until: Timestamp },
    /// It is worth enough again.
    MarginCallCured { value: Amount, owed: Amount },
    /// Collateral is to be sold, by an ordinary order of the loan desk.
    LiquidationRequested { asset: Asset, amount: Amount },
    /// It was sold, and the proceeds settled this much.
    CollateralSold { asset: Asset, sold: Amount, proceeds: Amount, taken: Amount, returned: Amount },
    /// In default: everything is due.
    Defaulted { cause: DefaultCause },
    /// To be given up, if another person agrees.
    WriteOffProposed { by: Actor },
    /// Given up.
    WrittenOff { by: Actor, principal: Amount, interest: Amount, fees: Amount },
    /// Something came in after all.
    Recovered { asked: Amount, amount: Amount },
    /// Collateral is to be sold and cannot be: once a day.
    CollateralUnsold { asset: Asset, cause: UnsoldCause },
}

impl LoanFact {
    /// What people are told of it; nothing of what every day brings, and of what they did themselves.
    pub const fn notice(&self) -> Option<NoticeKind> {
        match self {
            Self::Applied { .. } => Some(NoticeKind::LoanApplied),
            Self::Approved { .. } => Some(NoticeKind::LoanApproved),
            Self::Rejected { .. } => Some(NoticeKind::LoanRejected),
            Self::Disbursed { .. } => Some(NoticeKind::LoanDisbursed),
            Self::Repaid => Some(NoticeKind::LoanRepaid),
            Self::DueSoon { .. } => Some(NoticeKind::LoanDueSoon),
            Self::Delinquency { to: Bucket::Current, .. } => None,
            Self::Delinquency { .. } => Some(NoticeKind::LoanOverdue),
            Self::Defaulted { .. } => Some(NoticeKind::LoanDefaulted),
            Self::WrittenOff { .. } => Some(NoticeKind::LoanWrittenOff),
            Self::MarginCalled { .. } => Some(NoticeKind::CollateralMarginCall),
            Self::CollateralSold { .. } => Some(NoticeKind::CollateralLiquidated),
            Self::CollateralReleased { .. } => Some(NoticeKind::CollateralReleased),
            Self::CollateralUnsold { .. } => Some(NoticeKind::CollateralUnsold),
            Self::Cancelled
            | Self::InterestAccrued { .. }
            | Self::PenaltyAccrued { .. }
            | Self::InstalmentDue { .. }
            | Self::LateFee { .. }
            | Self::Repayment { .. }
            | Self::Forgiven { .. }
            | Self::CollateralPledged { .. }
            | Self::MarginCallCured { .. }
            | Self::LiquidationRequested { .. }
            | Self::WriteOffProposed { .. }
            | Self::Recovered { .. } => None,
        }
    }

    /// The name of the event, as notices and subscribers know it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Applied { .. } => "loan.applied",
            Self::Approved { .. } => "loan.approved",
            Self::Rejected { .. } => "loan.rejected",
            Self::Cancelled => "loan.cancelled",
            Self::Disbursed { .. } => "loan.disbursed",
            Self::InterestAccrued { .. } => "loan.interest_accrued",
            Self::PenaltyAccrued { .. } => "loan.penalty_accrued",
            Self::DueSoon { .. } => "loan.due_soon",
            Self::InstalmentDue { .. } => "loan.due",
            Self::LateFee { .. } => "loan.late_fee",
            Self::Delinquency { to: Bucket::Current, .. } => "loan.caught_up",
            Self::Delinquency { .. } => "loan.overdue",
            Self::Repayment { .. } => "loan.repayment",
            Self::Forgiven { .. } => "loan.forgiven",
            Self::Repaid => "loan.repaid",
            Self::CollateralPledged { .. } => "collateral.locked",
            Self::CollateralReleased { .. } => "collateral.released",
            Self::MarginCalled { .. } => "collateral.margin_call",
            Self::MarginCallCured { .. } => "collateral.margin_call_cured",
            Self::LiquidationRequested { .. } => "collateral.liquidation_requested",
            Self::CollateralSold { .. } => "collateral.liquidated",
            Self::CollateralUnsold { .. } => "collateral.unsold",
            Self::Defaulted { .. } => "loan.defaulted",
            Self::WriteOffProposed { .. } => "loan.write_off_proposed",
            Self::WrittenOff { .. } => "loan.written_off",
            Self::Recovered { .. } => "loan.recovered",
        }
    }
}
