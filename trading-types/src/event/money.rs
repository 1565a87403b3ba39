//! Money that comes, goes and changes owner: records of `accounts`. What is asked names who asks by the record's actor; the
//! core that decides on it holds the books, so that a decision and its postings are one step.

use crate::hex_text::{UPPER, hex, parse_hex};
use crate::text_visitor::from_text;
use crate::{AccountId, Actor, Amount, Asset, BeneficiaryId, CommandId, FirmId, MoneyRefusal, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Somebody wants money to move, or says what became of it outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyInstructed {
    /// The command it follows from; the answer carries it too.
    pub command: CommandId,
    /// Whose money.
    pub firm: FirmId,
    /// What is wanted.
    pub action: MoneyAction,
    /// The rules that decide on it, those of its command ([`Command::rules`](crate::Command::rules)).
    #[serde(default, skip_serializing_if = "crate::event::is_unnumbered")]
    pub rules: u32,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoneyAction {
    /// Money is on its way in; it counts once it is confirmed.
    Deposit {
        /// The account that it is for.
        account: AccountId,
        /// Currency or symbol.
        asset: Asset,
        /// How much.
        amount: Amount,
        /// The way it comes.
        method: PayMethod,
        /// For the record.
        note: String,
    },
    /// A deposit has arrived. Never by whoever announced it.
    Confirm {
        /// The deposit.
        movement: MovementId,
        /// The bank's, processor's or chain's own name for it; each counts once.
        external_reference: String,
        /// What it says has arrived; anything else than what was announced is refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        arrived: Option<Money>,
    },
    /// A processor has a deposit in hand, and will say what becomes of it.
    Acknowledge {
        /// The deposit.
        movement: MovementId,
        /// The processor's own name for it; each counts once.
        external_reference: String,
    },
    /// Money is to leave; it is held at once.
    Withdraw {
        /// The account that pays.
        account: AccountId,
        /// Currency or symbol.
        asset: Asset,
        /// How much arrives; the fee comes on top.
        amount: Amount,
        /// Where to, by its name in the firm's book of beneficiaries.
        beneficiary: BeneficiaryId,
        /// For the record.
        note: String,
    },
    /// Money goes to another account; to another firm's only after a second person's word.
    Transfer {
        /// The account that pays.
        account: AccountId,
        /// The firm that gets it.
        to_firm: FirmId,
        /// The account that gets it.
        to_account: AccountId,
        /// Currency or symbol.
        asset: Asset,
        /// How much.
        amount: Amount,
        /// For the record.
        note: String,
    },
    /// Money becomes another currency at the rate in force.
    Convert {
        /// The account.
        account: AccountId,
        /// What is given.
        asset: Asset,
        /// How much of it.
        amount: Amount,
        /// What is got for it.
        to: Asset,
        /// The least that is accepted for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_least: Option<Amount>,
        /// For the record.
        note: String,
    },
    /// The house charges a fee. Takes two persons.
    Charge {
        /// The account that pays.
        account: AccountId,
        /// Currency or symbol.
        asset: Asset,
        /// How much.
        amount: Amount,
        /// For what.
        note: String,
    },
    /// A movement is undone by opposite transfers. Takes two persons.
    Reverse {
        /// The movement.
        movement: MovementId,
        /// Why.
        note: String,
    },
    /// A second person's word on what takes two.
    Approve {
        /// The movement.
        movement: MovementId,
        /// For the record.
        note: String,
    },
    /// What waits is turned down.
    Reject {
        /// The movement.
        movement: MovementId,
        /// Why.
        reason: String,
    },
    /// What waits is taken back.
    Cancel {
        /// The movement.
        movement: MovementId,
        /// Why.
        reason: String,
    },
    /// An approved withdrawal was handed to the bank, processor or chain.
    Send {
        /// The withdrawal.
        movement: MovementId,
        /// Their own name for it; each counts once.
        external_reference: String,
    },
    /// A withdrawal that was sent has arrived.
    Complete {
        /// The withdrawal.
        movement: MovementId,
    },
    /// An approved withdrawal will not arrive: the money is the client's again.
    Fail {
        /// The withdrawal.
        movement: MovementId,
        /// Why.
        reason: String,
    },
    /// A destination for withdrawals; it can be used after its cooling-off.
    AddBeneficiary {
        /// Its name in the firm's book.
        beneficiary: BeneficiaryId,
        /// The one asset it takes.
        asset: Asset,
        /// The way there.
        method: PayMethod,
        /// Account number or address, sealed under the node's key.
        sealed: String,
        /// What people may know it by: its last characters.
        hint: String,
    },
    /// A destination is used no more.
    RemoveBeneficiary {
        /// Its name in the firm's book.
        beneficiary: BeneficiaryId,
    },
}

/// So much of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Currency or symbol.
    pub asset: Asset,
    /// How much.
    pub amount: Amount,
}

/// The way money takes into or out of the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayMethod {
    /// Between bank accounts.
    BankTransfer,
    /// By card, through a processor; inwards only.
    Card,
    /// On a chain.
    Crypto,
}

impl PayMethod {
    /// Its name in records.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::BankTransfer => "bank_transfer",
            Self::Card => "card",
            Self::Crypto => "crypto",
        }
    }
}

/// What kind of movement it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// Money in.
    Deposit,
    /// Money out.
    Withdrawal,
    /// To another account.
    Transfer,
    /// Into another currency.
    Conversion,
    /// A fee of the house.
    Fee,
    /// A movement undone.
    Reversal,
}

impl MovementKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Deposit, Self::Withdrawal, Self::Transfer, Self::Conversion, Self::Fee, Self::Reversal];

    /// What its ids begin with.
    pub const fn prefix(&self) -> &'static str {
        match self {
            Self::Deposit => "DEP",
            Self::Withdrawal => "WDR",
            Self::Transfer => "TRF",
            Self::Conversion => "CNV",
            Self::Fee => "FEE",
            Self::Reversal => "REV",
        }
    }
}

/// A movement's id: its kind, and where it was asked for in `accounts`: `DEP-00000000002A`. People read it, so it is short:
/// 12 upper-case hex digits of the offset, with the partition's before them where that is not 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MovementId {
    place: u64,
    kind: MovementKind,
}

/// Bits of an id that hold the offset; the partition is above them.
const OFFSET_BITS: u32 = 48;

impl MovementId {
    /// The id of what was asked for at `offset` of `partition` of `accounts`.
    pub fn new(kind: MovementKind, partition: u16, offset: u64) -> Self {
        assert!(offset < 1 << OFFSET_BITS, "offset beyond 2^48");
        Self { place: u64::from(partition) << OFFSET_BITS | offset, kind }
    }

    /// What kind of movement it is.
    pub fn kind(&self) -> MovementKind {
        self.kind
    }

    /// Partition and offset as one number.
    pub fn place(&self) -> u64 {
        self.place
    }

    /// Reads the text form.
    pub fn parse(text: &str) -> Option<Self> {
        let (prefix, digits) = text.split_once('-')?;
        let kind = MovementKind::ALL.into_iter().find(|kind| kind.prefix() == prefix)?;
        let place = match digits.len() {
            12 => parse_hex(digits, 12, UPPER)?,
            _ => parse_hex(digits, 16, UPPER).filter(|place| *place >= 1 << OFFSET_BITS)?,
        };
        Some(Self { place: place as u64, kind })
    }
}

impl fmt::Display for MovementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = u128::from(self.place);
        let prefix = self.kind.prefix();
        match self.place >> OFFSET_BITS {
            0 => write!(f, "{prefix}-{}", hex::<12>(place, UPPER)),
            _ => write!(f, "{prefix}-{}", hex::<16>(place, UPPER)),
        }
    }
}

impl Serialize for MovementId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MovementId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a movement's id in a string", |text| {
            Self::parse(text).ok_or("not a kind, a dash and 12 or 16 upper-case hex digits")
        })
    }
}

/// How far a movement is. Completed, failed, cancelled and expired are final: what comes back later is a reversal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementStatus {
    /// Waits for confirmation or approval.
    Pending,
    /// Approved, and under way outside.
    Processing,
    /// In the books for good.
    Completed,
    /// It did not work; nothing moved.
    Failed,
    /// It was turned down or taken back, or nobody decided in time; nothing moved.
    Cancelled,
    /// A deposit was announced and never confirmed; nothing moved.
    Expired,
}

impl MovementStatus {
    /// Whether it changes no more.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled | Self::Expired)
    }
}

/// A movement as it stands after a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// Its id.
    pub id: MovementId,
    /// How far it is.
    pub status: MovementStatus,
    /// Whose it is.
    pub firm: FirmId,
    /// The account it is for or from.
    pub account: AccountId,
    /// Currency or symbol.
    pub asset: Asset,
    /// How much.
    pub amount: Amount,
    /// What it costs the account on top, in the same asset.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub fee: Amount,
    /// Who gets it, of a transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Receiver>,
    /// What it becomes, of a conversion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converted: Option<Converted>,
    /// The way in or out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<PayMethod>,
    /// Where to, of a withdrawal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beneficiary: Option<BeneficiaryId>,
    /// Name that it has outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_reference: Option<String>,
    /// What it undoes, of a reversal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverses: Option<MovementId>,
    /// What undid it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversed_by: Option<MovementId>,
    /// For the record, by whoever asked.
    pub note: String,
    /// Who asked.
    pub by: Actor,
    /// Who approved or confirmed, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Actor>,
    /// How many must.
    #[serde(default)]
    pub approvals_needed: u8,
    /// Why it was turned down, taken back or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was asked for.
    pub created: Timestamp,
    /// Until when somebody must have decided, or a deposit have arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it was completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed: Option<Timestamp>,
    /// Grows with every change, from 1.
    pub version: u64,
}

fn is_nothing(amount: &Amount) -> bool {
    *amount == Amount::ZERO
}

/// Who gets a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receiver {
    /// The firm.
    pub firm: FirmId,
    /// Its account.
    pub account: AccountId,
}

/// What a conversion gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Converted {
    /// Currency or symbol.
    pub asset: Asset,
    /// How much the account gets.
    pub amount: Amount,
    /// The rate in force: units of it for one given.
    pub rate: Amount,
    /// What the house keeps of it.
    pub spread: Amount,
}

/// A movement was asked for, or is at another stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovementChanged {
    /// The command it follows from; none when time ran out or another movement undid it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandId>,
    /// How it stands now.
    pub movement: Box<Movement>,
}

/// An instruction has no effect, and nothing moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyRefused {
    /// The command.
    pub command: CommandId,
    /// Whose money.
    pub firm: FirmId,
    /// Why.
    pub refusal: MoneyRefusal,
    /// In words.
    pub detail: String,
}

/// A destination for withdrawals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beneficiary {
    /// Its name in the firm's book.
    pub id: BeneficiaryId,
    /// Whose book.
    pub firm: FirmId,
    /// The one asset it takes.
    pub asset: Asset,
    /// The way there.
    pub method: PayMethod,
    /// Account number or address, sealed under the node's key.
    pub sealed: String,
    /// Its last characters.
    pub hint: String,
    /// Who added it.
    pub by: Actor,
    /// Before it nothing is withdrawn there.
    pub usable_from: Timestamp,
    /// Whether it is used no more.
    #[serde(default)]
    pub removed: bool,
}

/// A firm's book of beneficiaries has another entry, or one less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeneficiaryChanged {
    /// The command it follows from.
    pub command: CommandId,
    /// The entry.
    pub beneficiary: Beneficiary,
}

/// On what terms an asset moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyTermsSet {
    /// Currency or symbol.
    pub asset: Asset,
    /// Decimals that amounts may have when they come, go or change owner, 0 to 9.
    pub decimals: u8,
    /// What a withdrawal costs.
    pub withdrawal_fee: Amount,
    /// What it costs besides, in basis points of the amount.
    pub withdrawal_fee_bp: u32,
    /// Most that an account withdraws on one day (UTC), if that is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawal_day_max: Option<Amount>,
    /// A withdrawal above it takes two approvals, if any does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_approval_above: Option<Amount>,
    /// How long a new beneficiary is not used.
    pub cooling_off_ns: i64,
    /// How long what takes an approval waits for it.
    pub decision_ns: i64,
}

/// A conversion rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversionRateSet {
    /// What is given.
    pub from: Asset,
    /// What is got.
    pub to: Asset,
    /// Units of it for one given.
    pub rate: Amount,
    /// What the house keeps, in basis points of what the rate gives; at most 10,000.
    pub spread_bp: u32,
    /// How long it may be used; until the next without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_ns: Option<i64>,
    /// What it was compared with before it was set; nothing where nobody compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<RateCompared>,
}

/// What a conversion rate was compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateCompared {
    /// The rate in force, or by the rate in force the other way round; nothing when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Amount>,
    /// How far from it, in basis points, one person may set a rate.
    pub alone_within_bp: u32,
}

impl ConversionRateSet {
    /// Whether it takes two persons: it is further from what it was compared with than one may set it, or there was
    /// nothing to compare it with.
    pub fn takes_two(&self) -> bool {
        let Some(compared) = self.compared else { return false };
        let Some(reference) = compared.reference else { return true };
        let (rate, reference) = (self.rate.units(), reference.units());
        let distance = rate.abs_diff(reference).checked_mul(10_000);
        let allowed = reference.unsigned_abs().checked_mul(u128::from(compared.alone_within_bp));
        // Numbers too large to compare are too far apart.
        !matches!((distance, allowed), (Some(distance), Some(allowed)) if distance <= allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn movement_ids_are_read_back_and_nothing_else_is() {
        for kind in MovementKind::ALL {
            for (partition, offset) in [(0, 42), (0, (1 << 48) - 1), (3, 0)] {
                let id = MovementId::new(kind, partition, offset);
                assert_eq!(MovementId::parse(&id.to_string()), Some(id));
            }
        }
        assert_eq!(MovementId::new(MovementKind::Deposit, 0, 42).to_string(), "DEP-00000000002A");
        for bad in
            ["", "DEP", "DEP-", "DEP-2A", "DEP-00000000002a", "XXX-00000000002A", "DEP-000000000000002A"]
        {
            assert_eq!(MovementId::parse(bad), None, "{bad}");
        }
    }
}
