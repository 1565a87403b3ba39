//! Why nothing happens to a loan.

use serde::{Deserialize, Serialize};

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $number:literal $code:literal;)*) => {
        /// A status, not an error: nothing has changed. Codes and numbers are stable; a retired one keeps its slot.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[repr(u16)]
        pub enum LoanRefusal { $($(#[$doc])* #[serde(rename = $code)] $name = $number,)* }

        impl LoanRefusal {
            /// Every refusal, by number.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its code, as in records and answers.
            pub const fn code(&self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

refusals! {
    /// A product's numbers contradict one another or are out of bounds.
    ProductInvalid = 1 "PRODUCT_INVALID";
    /// No such product, or none proposed.
    ProductNotFound = 2 "PRODUCT_NOT_FOUND";
    /// It is not offered.
    ProductNotActive = 3 "PRODUCT_NOT_ACTIVE";
    /// Who asked may not also check: another person must.
    SamePerson = 4 "SAME_PERSON";
    /// A loan of this id is there.
    LoanExists = 5 "LOAN_EXISTS";
    /// No such loan, or one that ended so long ago that it can only be looked up.
    LoanNotFound = 6 "LOAN_NOT_FOUND";
    /// Nobody decides on a loan of their own.
    OwnLoan = 7 "OWN_LOAN";
    /// Only the borrower may do that.
    NotTheBorrower = 8 "NOT_THE_BORROWER";
    /// It is not proven who the firm or the account's owner is.
    NotVerified = 9 "NOT_VERIFIED";
    /// Not in a stage in which this can be done.
    WrongStage = 10 "WRONG_STAGE";
    /// Zero or negative.
    AmountNotPositive = 11 "AMOUNT_NOT_POSITIVE";
    /// More decimals than the currency has.
    AmountTooFine = 12 "AMOUNT_TOO_FINE";
    /// Below the least or above the most that the product lends.
    AmountOutOfBounds = 13 "AMOUNT_OUT_OF_BOUNDS";
    /// As many loans run or wait as one client may have.
    TooManyLoans = 14 "TOO_MANY_LOANS";
    /// The product does not take this asset as collateral.
    CollateralNotAccepted = 15 "COLLATERAL_NOT_ACCEPTED";
    /// An asset that secures the loan has no price.
    PriceMissing = 16 "PRICE_MISSING";
    /// An asset that secures the loan has no price that is recent enough.
    PriceStale = 17 "PRICE_STALE";
    /// The collateral is worth less than is required.
    CollateralTooSmall = 18 "COLLATERAL_TOO_SMALL";
    /// The client has less of the asset than that.
    InsufficientFunds = 19 "INSUFFICIENT_FUNDS";
    /// The terms make no schedule, or one in which the debt grows.
    NoSchedule = 20 "NO_SCHEDULE";
    /// Collateral is on its way to be sold.
    LiquidationOpen = 21 "LIQUIDATION_OPEN";
    /// No such sale was asked for, or of less.
    LiquidationNotFound = 22 "LIQUIDATION_NOT_FOUND";
    /// There is collateral left to sell.
    CollateralRemains = 23 "COLLATERAL_REMAINS";
    /// More than can be counted.
    TooLarge = 24 "TOO_LARGE";
    /// A day that has not begun by the time it is said to.
    DayNotBegun = 25 "DAY_NOT_BEGUN";
    /// No such firm.
    UnknownFirm = 26 "UNKNOWN_FIRM";
    /// The firm has no such account.
    UnknownAccount = 27 "UNKNOWN_ACCOUNT";
    /// The account is closed.
    AccountClosed = 28 "ACCOUNT_CLOSED";
    /// The account is suspended.
    AccountSuspended = 29 "ACCOUNT_SUSPENDED";
    /// The product has changed since it was looked at.
    ProductChanged = 30 "PRODUCT_CHANGED";
    /// As many products as there may be.
    TooManyProducts = 31 "TOO_MANY_PRODUCTS";
    /// The loan has changed since it was looked at.
    LoanChanged = 32 "LOAN_CHANGED";
    /// Only who proposed it may take it back.
    NotTheProposer = 33 "NOT_THE_PROPOSER";
}
