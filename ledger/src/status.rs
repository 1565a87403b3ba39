//! Why a transfer is not applied.

/// A business status, not an error. Numbers are stable, and those of retired statuses (5) are not used again; the order
/// of precedence is that of [`Status::ALL`]: the first that fits is the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Status {
    /// The last request of a batch says that another one follows.
    LinkedChainOpen = 11,
    /// Another transfer of its chain is not applied, so this one is not either.
    LinkedTransferFailed = 12,
    /// Zero or negative.
    AmountNotPositive = 1,
    /// More decimals than the asset has.
    AmountFinerThanAsset = 13,
    /// Debit and credit are one account.
    SameAccount = 2,
    /// Debit and credit hold different assets.
    AssetsDiffer = 3,
    /// An expiry on what reserves nothing.
    ExpiryNotPending = 14,
    /// The amount is to be what is there, but not of a place that this kind of transfer draws on.
    TakeNotOfKind = 15,
    /// A transfer of this id is there, of another kind.
    ExistsWithDifferentKind = 16,
    /// A transfer of this id is there, drawing on another hold.
    ExistsWithDifferentHold = 17,
    /// A transfer of this id is there, debiting another account.
    ExistsWithDifferentDebit = 18,
    /// A transfer of this id is there, crediting another account.
    ExistsWithDifferentCredit = 19,
    /// A transfer of this id is there, of another amount.
    ExistsWithDifferentAmount = 20,
    /// A transfer of this id is there, taking its amount from elsewhere.
    ExistsWithDifferentTake = 21,
    /// A transfer of this id is there, expiring at another time.
    ExistsWithDifferentExpiry = 22,
    /// A transfer of this id is there, for another reason.
    ExistsWithDifferentReason = 23,
    /// The same transfer is there: nothing to do.
    Exists = 4,
    /// It would expire at once.
    ExpiryPassed = 24,
    /// No pending transfer of the id that is to be posted or voided, or it is used up and forgotten.
    PendingNotFound = 6,
    /// The pending transfer was used up by posting.
    PendingAlreadyPosted = 25,
    /// The pending transfer was used up by voiding.
    PendingAlreadyVoided = 26,
    /// The pending transfer has expired.
    PendingExpired = 27,
    /// Post or void names other accounts than the pending transfer.
    PendingHasDifferentAccounts = 7,
    /// Post or void of more than remains.
    ExceedsPending = 8,
    /// The debit account is closed.
    DebitAccountClosed = 28,
    /// The credit account is closed.
    CreditAccountClosed = 29,
    /// The amount is to be what is there, and there is nothing.
    NothingToTake = 30,
    /// The debit account would be overdrawn, holds counted.
    Overdraft = 9,
    /// The credit account would be paid more than it is owed, holds counted.
    Overpayment = 31,
    /// A counter would pass its bound, about 10^23 whole units.
    Overflow = 10,
}

impl Status {
    /// Every status, in order of precedence.
    pub const ALL: [Self; 30] = [
        Self::LinkedChainOpen,
        Self::LinkedTransferFailed,
        Self::AmountNotPositive,
        Self::AmountFinerThanAsset,
        Self::SameAccount,
        Self::AssetsDiffer,
        Self::ExpiryNotPending,
        Self::TakeNotOfKind,
        Self::ExistsWithDifferentKind,
        Self::ExistsWithDifferentHold,
        Self::ExistsWithDifferentDebit,
        Self::ExistsWithDifferentCredit,
        Self::ExistsWithDifferentAmount,
        Self::ExistsWithDifferentTake,
        Self::ExistsWithDifferentExpiry,
        Self::ExistsWithDifferentReason,
        Self::Exists,
        Self::ExpiryPassed,
        Self::PendingNotFound,
        Self::PendingAlreadyPosted,
        Self::PendingAlreadyVoided,
        Self::PendingExpired,
        Self::PendingHasDifferentAccounts,
        Self::ExceedsPending,
        Self::DebitAccountClosed,
        Self::CreditAccountClosed,
        Self::NothingToTake,
        Self::Overdraft,
        Self::Overpayment,
        Self::Overflow,
    ];
}

/// Why an account is not closed or opened again, or an asset's decimals not set. In order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum AccountStatus {
    /// It is as asked already.
    Unchanged = 1,
    /// Something is held on it, by it or for it.
    HoldsOpen = 2,
    /// Its balance is not zero.
    NotEmpty = 3,
    /// More decimals than nine, or fewer than an amount in the books has.
    DecimalsNotPossible = 4,
}
