//! What is asked and what came of it: what crosses topics.

use crate::product::Product;
use crate::running::Bucket;
use assay_trading_types::{AccountId, Actor, Amount, Asset, Date, Timestamp, Transfer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Id of a loan: the place of its application in the log, partition above bit 48. Text: `L` and 16 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct LoanId(pub u64);

impl From<LoanId> for String {
    fn from(id: LoanId) -> Self {
        format!("L{:016X}", id.0)
    }
}

impl TryFrom<String> for LoanId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = text.strip_prefix('L').filter(|digits| digits.len() == 16);
        let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()).map(Self);
        number.filter(|id| String::from(*id) == text).ok_or("not L and 16 upper-case hex digits")
    }
}

/// Id of a product.
pub type ProductId = Asset;

/// What is asked. Who asks and when comes with it; who may ask is decided before, by role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // fields are named for what they are
pub enum Command {
    /// Offers a product, or new terms for later loans of it. Takes effect when another person approves.
    ProposeProduct { id: ProductId, product: Box<Product> },
    /// Approves what was proposed.
    ApproveProduct { id: ProductId },
    /// Offers it no more.
    RetireProduct { id: ProductId },
    /// Applies for a loan; its collateral is locked at once.
    Apply(Application),
    /// Withdraws an application.
    Cancel { loan: LoanId },
    /// Agrees to an application.
    Approve { loan: LoanId },
    /// Declines an application.
    Reject { loan: LoanId },
    /// Pays out.
    Disburse { loan: LoanId },
    /// Pays back from the borrower's account; more than is owed is not taken.
    Repay { loan: LoanId, amount: Amount },
    /// Adds collateral.
    Pledge { loan: LoanId, asset: Asset, amount: Amount },
    /// Takes collateral back that is not needed.
    Release { loan: LoanId, asset: Asset, amount: Amount },
    /// A reference price of an asset in a currency.
    SetPrice { asset: Asset, currency: Asset, price: Amount },
    /// A day has begun, UTC.
    StartDay { date: Date },
    /// What came of a sale that was asked for: so much sold, for so much, and so much brought back.
    Sold { loan: LoanId, sold: Amount, proceeds: Amount, returned: Amount },
    /// Asks to give a loan up.
    ProposeWriteOff { loan: LoanId },
    /// Gives it up, by another person.
    WriteOff { loan: LoanId },
    /// A payment on a loan that was given up.
    Recover { loan: LoanId, amount: Amount },
}

/// An application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// Id of the loan to be.
    pub loan: LoanId,
    /// What is applied for.
    pub product: ProductId,
    /// The borrower's account, for payout, collateral and payments.
    pub account: AccountId,
    /// How much.
    pub amount: Amount,
    /// Collateral by asset.
    pub pledges: BTreeMap<Asset, Amount>,
    /// Whether the client is verified, as the KYC record says at this moment.
    pub verified: bool,
}

/// What has happened, with the postings it makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanEvent {
    /// When.
    pub at: Timestamp,
    /// The loan; none for products.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loan: Option<LoanId>,
    /// What.
    pub fact: Fact,
    /// Postings, all or nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<Transfer>,
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

/// Facts about loans.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // fields are named for what they are
pub enum Fact {
    /// A product waits for its second person.
    ProductProposed { id: ProductId, by: Actor },
    /// A product is offered.
    ProductApproved { id: ProductId, by: Actor },
    /// A product is offered no more.
    ProductRetired { id: ProductId, by: Actor },
    /// Applied for; the collateral is locked.
    Applied { borrower: Actor, product: ProductId, amount: Amount },
    /// Withdrawn.
    Cancelled,
    /// Agreed to.
    Approved { by: Actor },
    /// Declined.
    Rejected { by: Actor },
    /// Paid out.
    Disbursed { by: Actor, maturity: Date },
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
    /// Collateral added.
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
    Recovered { amount: Amount },
}
