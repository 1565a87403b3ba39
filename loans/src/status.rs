//! Why a command is refused.

/// A business status, not an error: nothing has changed then. Numbers are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum LoanStatus {
    /// A product's numbers contradict one another or are out of bounds.
    ProductInvalid = 1,
    /// No such product, or none proposed.
    ProductNotFound = 2,
    /// It is not offered.
    ProductNotActive = 3,
    /// Who asked may not also check: another person must.
    SamePerson = 4,
    /// A loan of this id is there.
    LoanExists = 5,
    /// No such loan.
    LoanNotFound = 6,
    /// Nobody decides on a loan of their own.
    OwnLoan = 7,
    /// Only the borrower may do that.
    NotTheBorrower = 8,
    /// The client is not verified.
    NotVerified = 9,
    /// Not in a stage in which this can be done.
    WrongStage = 10,
    /// Zero or negative.
    AmountNotPositive = 11,
    /// More decimals than the currency has.
    AmountTooFine = 12,
    /// Below the least or above the most that the product lends.
    AmountOutOfBounds = 13,
    /// As many loans run or wait as one client may have.
    TooManyLoans = 14,
    /// The product does not take this asset as collateral.
    CollateralNotAccepted = 15,
    /// An asset that secures the loan has no price.
    PriceMissing = 16,
    /// An asset that secures the loan has no price that is recent enough.
    PriceStale = 17,
    /// The collateral is worth less than is required.
    CollateralTooSmall = 18,
    /// The client has less of the asset than that.
    InsufficientFunds = 19,
    /// The terms make no schedule, or one in which the debt grows.
    NoSchedule = 20,
    /// Collateral is on its way to be sold.
    LiquidationOpen = 21,
    /// No such sale was asked for, or of less.
    LiquidationNotFound = 22,
    /// There is collateral left to sell.
    CollateralRemains = 23,
    /// More than can be counted.
    TooLarge = 24,
    /// A day that has not begun by the time it is said to.
    DayNotBegun = 25,
}

impl LoanStatus {
    /// Every status, by number.
    pub const ALL: [Self; 25] = [
        Self::ProductInvalid,
        Self::ProductNotFound,
        Self::ProductNotActive,
        Self::SamePerson,
        Self::LoanExists,
        Self::LoanNotFound,
        Self::OwnLoan,
        Self::NotTheBorrower,
        Self::NotVerified,
        Self::WrongStage,
        Self::AmountNotPositive,
        Self::AmountTooFine,
        Self::AmountOutOfBounds,
        Self::TooManyLoans,
        Self::CollateralNotAccepted,
        Self::PriceMissing,
        Self::PriceStale,
        Self::CollateralTooSmall,
        Self::InsufficientFunds,
        Self::NoSchedule,
        Self::LiquidationOpen,
        Self::LiquidationNotFound,
        Self::CollateralRemains,
        Self::TooLarge,
        Self::DayNotBegun,
    ];
}
