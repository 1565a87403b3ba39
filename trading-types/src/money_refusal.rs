//! Why money does not move.

use serde::{Deserialize, Serialize};

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $number:literal $code:literal;)*) => {
        /// A status, not an error: nothing moved. Codes and numbers are stable; a retired one keeps its slot. Where several
        /// hold, the one that stands first here is given.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[repr(u16)]
        pub enum MoneyRefusal { $($(#[$doc])* #[serde(rename = $code)] $name = $number,)* }

        impl MoneyRefusal {
            /// Every refusal, in order of precedence.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its code, as in records and answers.
            pub const fn code(&self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

refusals! {
    /// No such movement of the firm, or one so old that it can only be looked up.
    UnknownMovement = 1 "UNKNOWN_MOVEMENT";
    /// No such firm.
    UnknownFirm = 2 "UNKNOWN_FIRM";
    /// The firm has no such account.
    UnknownAccount = 3 "UNKNOWN_ACCOUNT";
    /// No such currency or instrument.
    UnknownAsset = 4 "UNKNOWN_ASSET";
    /// Zero or negative.
    AmountNotPositive = 5 "AMOUNT_NOT_POSITIVE";
    /// More decimals than the asset has.
    AmountTooFine = 6 "AMOUNT_TOO_FINE";
    /// More than one movement may bring, or than books can count.
    AmountTooLarge = 7 "AMOUNT_TOO_LARGE";
    /// The account would pay itself.
    SameAccount = 8 "SAME_ACCOUNT";
    /// A conversion into the same asset, or a beneficiary that takes another.
    AssetMisfit = 9 "ASSET_MISFIT";
    /// One of the accounts is closed.
    AccountClosed = 10 "ACCOUNT_CLOSED";
    /// The account that pays is suspended.
    AccountSuspended = 11 "ACCOUNT_SUSPENDED";
    /// It is not proven who the firm or the account's owner is.
    NotVerified = 12 "NOT_VERIFIED";
    /// The movement is at a stage that does not allow it.
    WrongState = 13 "WRONG_STATE";
    /// Nobody decided in time, or nothing arrived.
    Expired = 14 "EXPIRED";
    /// What has arrived is not what was announced.
    NotAsAnnounced = 26 "NOT_AS_ANNOUNCED";
    /// Whoever asked for it, or has approved already, may not approve.
    SamePerson = 15 "SAME_PERSON";
    /// Undone already, being undone, or itself an undoing.
    NotReversible = 16 "NOT_REVERSIBLE";
    /// The outside name stands on another movement.
    ReferenceUsed = 17 "REFERENCE_USED";
    /// The book has one of this name.
    BeneficiaryExists = 18 "BENEFICIARY_EXISTS";
    /// The book has none of this name.
    UnknownBeneficiary = 19 "UNKNOWN_BENEFICIARY";
    /// The beneficiary is too new.
    BeneficiaryCooling = 20 "BENEFICIARY_COOLING";
    /// There is no rate, or an old one.
    NoRate = 21 "NO_RATE";
    /// It would give nothing, or less than what is accepted.
    RateTooLow = 22 "RATE_TOO_LOW";
    /// The account would withdraw more than it may on one day.
    DayLimit = 23 "DAY_LIMIT";
    /// More of them than may wait at a time.
    TooMany = 24 "TOO_MANY";
    /// The account has not enough that is available.
    InsufficientFunds = 25 "INSUFFICIENT_FUNDS";
}
