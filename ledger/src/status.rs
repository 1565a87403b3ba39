//! Why a transfer is not applied.

/// A business status, not an error. The order here is the order of the checks: the first that fits is the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Status {
    /// Zero or negative.
    AmountNotPositive = 1,
    /// Debit and credit are one account.
    SameAccount = 2,
    /// Debit and credit hold different assets.
    AssetsDiffer = 3,
    /// A pending transfer of this id is there, the same one: nothing to do.
    Exists = 4,
    /// A pending transfer of this id is there, another one.
    ExistsWithDifferentTerms = 5,
    /// No pending transfer of the id that is to be posted or voided, or it is used up.
    PendingNotFound = 6,
    /// Post or void names other accounts than the pending transfer.
    PendingHasDifferentAccounts = 7,
    /// Post or void of more than remains.
    ExceedsPending = 8,
    /// The debit account would be overdrawn, holds counted.
    Overdraft = 9,
    /// A counter would pass its bound, about 10^23 whole units.
    Overflow = 10,
}

impl Status {
    /// Every status, in order of precedence.
    pub const ALL: [Self; 10] = [
        Self::AmountNotPositive,
        Self::SameAccount,
        Self::AssetsDiffer,
        Self::Exists,
        Self::ExistsWithDifferentTerms,
        Self::PendingNotFound,
        Self::PendingHasDifferentAccounts,
        Self::ExceedsPending,
        Self::Overdraft,
        Self::Overflow,
    ];
}
