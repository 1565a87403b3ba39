//! A movement as transfers between accounts of the books.

use crate::group::Group;
use crate::risk::Risk;
use arrayvec::ArrayVec;
use assay_ledger::{AccountIx, Status};
use assay_trading_types::*;

/// Ids of movements' transfers have the two highest bits set, those of credits the highest only, those of orders neither.
const MOVEMENT: u128 = 3 << 126;

/// Bits of a transfer's id that number it within its movement.
const LEG_BITS: u32 = 8;

/// Where the numbers of transfers begin that end a hold; those that make one, or none, are below.
const ENDING: u128 = 16;

/// A conversion has three: what is given, what is got, what the house keeps.
const LEGS_MAX: usize = 3;

pub(super) type Legs = ArrayVec<MoneyLeg, LEGS_MAX>;

/// Whose an account of the books is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// A trading account.
    Client(AccountId),
    /// What the house has with banks, processors or on chains.
    External(PayMethod),
    /// Fees earned.
    Fees,
    /// The house's side of conversions.
    Conversion,
    /// What it kept of them.
    Spread,
}

/// One transfer of a movement.
#[derive(Debug, Clone, Copy)]
pub(super) struct MoneyLeg {
    pub(super) debit: Holder,
    pub(super) credit: Holder,
    pub(super) asset: Asset,
    pub(super) amount: Amount,
    reason: TransferReason,
}

/// What a stage does to a movement's legs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Posting {
    /// Nothing.
    Nothing,
    /// Moves them at once.
    Move,
    /// Holds them.
    Hold,
    /// Moves what is held.
    MoveHeld,
    /// Releases what is held.
    Release,
}

impl Posting {
    /// Whether balances change.
    pub(super) fn moves(self) -> bool {
        matches!(self, Self::Move | Self::MoveHeld)
    }
}

impl Holder {
    /// Code of the account in the books.
    pub(super) fn code(self) -> LedgerCode {
        let mut code = LedgerCode::new();
        match self {
            Self::Client(account) => {
                code.push_str("client:");
                code.push_str(account.as_str());
            }
            Self::External(method) => {
                code.push_str("external:");
                code.push_str(method.name());
            }
            Self::Fees => code.push_str("fees"),
            Self::Conversion => code.push_str("conversion"),
            Self::Spread => code.push_str("conversion-spread"),
        }
        code
    }
}

/// The transfers of a movement; of a reversal those of what it undoes, turned round.
pub(super) fn legs(movement: &Movement, original: Option<&Movement>) -> Legs {
    let client = Holder::Client(movement.account);
    let leg = |debit, credit, asset, amount, reason| MoneyLeg { debit, credit, asset, amount, reason };
    let (asset, amount) = (movement.asset, movement.amount);
    let mut legs = Legs::new();
    match movement.id.kind() {
        MovementKind::Deposit => {
            legs.push(leg(outside(movement), client, asset, amount, TransferReason::Deposit));
        }
        MovementKind::Withdrawal => {
            legs.push(leg(client, outside(movement), asset, amount, TransferReason::Withdrawal));
            legs.push(leg(client, Holder::Fees, asset, movement.fee, TransferReason::Fee));
        }
        MovementKind::Transfer => {
            if let Some(to) = movement.to {
                let receiver = Holder::Client(to.account);
                legs.push(leg(client, receiver, asset, amount, TransferReason::Transfer));
            }
        }
        MovementKind::Conversion => {
            legs.push(leg(client, Holder::Conversion, asset, amount, TransferReason::Conversion));
            if let Some(to) = movement.converted {
                let (got, kept) = (TransferReason::Conversion, TransferReason::ConversionSpread);
                legs.push(leg(Holder::Conversion, client, to.asset, to.amount, got));
                legs.push(leg(Holder::Conversion, Holder::Spread, to.asset, to.spread, kept));
            }
        }
        MovementKind::Fee => legs.push(leg(client, Holder::Fees, asset, amount, TransferReason::Fee)),
        MovementKind::Reversal => {
            // What comes back is there before what is owed is taken.
            let undone = original.map(|original| self::legs(original, None)).unwrap_or_default();
            legs.extend(
                undone
                    .into_iter()
                    .map(|l| leg(l.credit, l.debit, l.asset, l.amount, TransferReason::Reversal)),
            );
        }
    }
    legs.retain(|leg| leg.amount > Amount::ZERO);
    legs
}

fn outside(movement: &Movement) -> Holder {
    Holder::External(movement.method.unwrap_or(PayMethod::BankTransfer))
}

impl Risk {
    /// Applies a movement's legs, all or nothing, and returns them as they stand in the `ledger` topic.
    pub(super) fn post_legs(
        &mut self,
        id: MovementId,
        legs: &Legs,
        posting: Posting,
    ) -> Result<Vec<Transfer>, Status> {
        let name = |n: usize| TransferId(MOVEMENT | u128::from(id.place()) << LEG_BITS | n as u128);
        let end = |n: usize| TransferId(name(n).0 | ENDING);
        let mut group = Group::default();
        for (n, leg) in legs.iter().enumerate() {
            let (held, released) = (TransferReason::MovementHold, TransferReason::MovementRelease);
            let (id, kind, reason) = match posting {
                Posting::Nothing => continue,
                Posting::Move => (name(n), TransferKind::Plain, leg.reason),
                Posting::Hold => (name(n), TransferKind::Pending, held),
                Posting::MoveHeld => {
                    (end(n), TransferKind::Post { pending: name(n), release_rest: true }, leg.reason)
                }
                Posting::Release => (end(n), TransferKind::Void { pending: name(n) }, released),
            };
            let accounts = (self.account_for(leg.debit, leg.asset), self.account_for(leg.credit, leg.asset));
            group.add(id, accounts, leg.amount, kind, reason);
        }
        group.post(&mut self.ledger)
    }

    fn account_for(&mut self, holder: Holder, asset: Asset) -> AccountIx {
        match holder {
            Holder::Client(account) => self.client(account, asset),
            _ => self.house_account(holder.code().as_str(), asset),
        }
    }
}
