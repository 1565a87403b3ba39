//! What is asked of the core and what came of it.

use assay_trading_types::loan_terms::Product;
use assay_trading_types::{
    AccountId, Actor, Amount, Asset, Date, FirmId, LoanFact, LoanId, LoanProductId, Timestamp, Transfer,
};
use std::collections::BTreeMap;

/// Who asks, and when.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Who.
    pub by: Actor,
    /// The client whom they speak for; none for the house.
    pub client: Option<FirmId>,
    /// When.
    pub now: Timestamp,
}

/// What is asked. Who may ask is decided before, by role.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // fields are named for what they are
pub enum Command {
    /// Offers a product, or new terms for later loans of it. Takes effect when another person approves.
    ProposeProduct { id: LoanProductId, product: Box<Product> },
    /// Approves what was proposed, if that is still what its version says.
    ApproveProduct { id: LoanProductId, version: u64 },
    /// Declines what was proposed, if that is still what its version says.
    DeclineProduct { id: LoanProductId, version: u64, reason: String },
    /// Takes back what one proposed, likewise.
    WithdrawProduct { id: LoanProductId, version: u64 },
    /// Offers it no more.
    RetireProduct { id: LoanProductId },
    /// Applies for a loan; its collateral is locked at once.
    Apply(Application),
    /// Withdraws an application.
    Cancel { loan: LoanId },
    /// Agrees to an application.
    Approve { loan: LoanId },
    /// Declines an application.
    Reject { loan: LoanId, reason: String },
    /// Pays out.
    Disburse { loan: LoanId },
    /// Pays back from the borrower's account; more than is owed is not taken.
    Repay { loan: LoanId, amount: Amount },
    /// Adds collateral.
    Pledge { loan: LoanId, asset: Asset, amount: Amount },
    /// Takes collateral back that is not needed.
    Release { loan: LoanId, asset: Asset, amount: Amount },
    /// A reference price of an asset in a currency; the asset is sold in multiples of `lot`.
    SetPrice { asset: Asset, currency: Asset, price: Amount, lot: Amount, max_age_ns: Option<i64> },
    /// The market of an asset in a currency takes orders that trade at once, or does not.
    SetMarket { asset: Asset, currency: Asset, open: bool },
    /// The clock has ticked on this day, UTC: the day begins if it has not, or goes on where its last turn ended; calls that
    /// have lapsed and collateral that may be offered again are looked after.
    StartDay { date: Date },
    /// Goes on with what a price or a tick has left.
    GoOn,
    /// What came of a sale that was asked for: so much sold, for so much, and so much brought back.
    Sold { loan: LoanId, sold: Amount, proceeds: Amount, returned: Amount },
    /// Asks to give a loan up.
    ProposeWriteOff { loan: LoanId, reason: String },
    /// Gives it up, by another person.
    WriteOff { loan: LoanId },
}

/// An application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Id of the loan to be.
    pub loan: LoanId,
    /// What is applied for.
    pub product: LoanProductId,
    /// The borrower's account, for payout, collateral and payments.
    pub account: AccountId,
    /// How much.
    pub amount: Amount,
    /// Collateral by asset.
    pub pledges: BTreeMap<Asset, Amount>,
    /// Whether the client is verified, as the KYC record says at this moment.
    pub verified: bool,
    /// The rules that decide on the loan as long as it runs: those of when it was applied for.
    pub rules: u32,
}

/// What has happened to a loan, with the postings it makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoanEvent {
    /// When.
    pub at: Timestamp,
    /// The loan.
    pub loan: LoanId,
    /// What.
    pub fact: LoanFact,
    /// Postings, all or nothing.
    pub transfers: Vec<Transfer>,
}
