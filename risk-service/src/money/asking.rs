//! Movements as they are asked for.

use super::legs::{Holder, Posting, legs};
use super::{Asked, Refused};
use crate::risk::Risk;
use assay_trading_types::*;

/// How long an announced deposit waits to be confirmed: longer than any bank takes.
const ANNOUNCED_NS: i64 = 30 * 86_400 * 1_000_000_000;

/// The first rules under which it does not wait for ever.
const ENDING_RULES: u32 = 3;

/// What is asked for, in a form that all kinds share.
struct Plain<'a> {
    kind: MovementKind,
    account: AccountId,
    asset: Asset,
    amount: Amount,
    note: &'a str,
}

impl Plain<'_> {
    fn movement(&self, asked: &Asked) -> Movement {
        Movement {
            id: asked.id(self.kind),
            status: MovementStatus::Pending,
            firm: asked.firm,
            account: self.account,
            asset: self.asset,
            amount: self.amount,
            fee: Amount::ZERO,
            to: None,
            converted: None,
            method: None,
            beneficiary: None,
            external_reference: None,
            reverses: None,
            reversed_by: None,
            note: self.note.to_owned(),
            by: asked.by,
            approvals: Vec::new(),
            approvals_needed: 1,
            reason: None,
            created: asked.at,
            expires: None,
            completed: None,
            version: 1,
        }
    }
}

impl Risk {
    pub(super) fn ask_money(
        &mut self,
        asked: &Asked,
        action: &MoneyAction,
        out: &mut Outbox,
    ) -> Result<(), Refused> {
        let (movement, posting) = self.wanted(asked, action)?;
        if !movement.status.is_final() {
            let is_deposit = movement.id.kind() == MovementKind::Deposit;
            self.money.has_room(&asked.firm, is_deposit)?;
        }
        let day = (movement.account, movement.asset, movement.amount);
        let is_withdrawal = movement.id.kind() == MovementKind::Withdrawal;
        self.post_movement(movement, posting, Some(asked.command), out)?;
        if is_withdrawal {
            let (account, asset, amount) = day;
            let sum = self.money.withdrawn.entry((account, asset)).or_default();
            *sum = Amount::from_units(sum.units() + amount.units());
        }
        Ok(())
    }

    /// The movement asked for, and what it does to the books at once.
    fn wanted(&self, asked: &Asked, action: &MoneyAction) -> Result<(Movement, Posting), Refused> {
        match action {
            MoneyAction::Deposit { account, asset, amount, method, note } => {
                let plain = Plain {
                    kind: MovementKind::Deposit,
                    account: *account,
                    asset: *asset,
                    amount: *amount,
                    note,
                };
                self.deposit(asked, &plain, *method)
            }
            MoneyAction::Withdraw { account, asset, amount, beneficiary, note } => {
                let plain = Plain {
                    kind: MovementKind::Withdrawal,
                    account: *account,
                    asset: *asset,
                    amount: *amount,
                    note,
                };
                self.withdraw(asked, &plain, beneficiary)
            }
            MoneyAction::Transfer { account, to_firm, to_account, asset, amount, note } => {
                let plain = Plain {
                    kind: MovementKind::Transfer,
                    account: *account,
                    asset: *asset,
                    amount: *amount,
                    note,
                };
                self.transfer(asked, &plain, Receiver { firm: *to_firm, account: *to_account })
            }
            MoneyAction::Convert { account, asset, amount, to, at_least, note } => {
                let plain = Plain {
                    kind: MovementKind::Conversion,
                    account: *account,
                    asset: *asset,
                    amount: *amount,
                    note,
                };
                self.convert(asked, &plain, *to, *at_least)
            }
            MoneyAction::Charge { account, asset, amount, note } => {
                let plain = Plain {
                    kind: MovementKind::Fee,
                    account: *account,
                    asset: *asset,
                    amount: *amount,
                    note,
                };
                self.charge_fee(asked, &plain)
            }
            MoneyAction::Reverse { movement, note } => self.reverse(asked, movement, note),
            _ => unreachable!("what changes a movement is decided elsewhere"),
        }
    }

    /// What is refused of any movement: account, asset, amount.
    fn check_plain(&self, asked: &Asked, plain: &Plain<'_>) -> Result<(), Refused> {
        self.account_of(&asked.firm, &plain.account)?;
        self.money_terms(&plain.account, &plain.asset)?.check_amount(&plain.asset, plain.amount)
    }

    fn deposit(
        &self,
        asked: &Asked,
        plain: &Plain<'_>,
        method: PayMethod,
    ) -> Result<(Movement, Posting), Refused> {
        self.check_plain(asked, plain)?;
        self.check_open(Holder::Client(plain.account))?;
        let expires = (asked.rules >= ENDING_RULES).then(|| asked.at.plus_ns(ANNOUNCED_NS));
        let movement = Movement { method: Some(method), expires, ..plain.movement(asked) };
        Ok((movement, Posting::Nothing))
    }

    fn withdraw(
        &self,
        asked: &Asked,
        plain: &Plain<'_>,
        beneficiary: &BeneficiaryId,
    ) -> Result<(Movement, Posting), Refused> {
        self.check_plain(asked, plain)?;
        let known = self.beneficiary(&asked.firm, beneficiary);
        if known.is_some_and(|b| b.asset != plain.asset) {
            return Err((MoneyRefusal::AssetMisfit, format!("{beneficiary} takes no {}", plain.asset)));
        }
        self.check_payer(&asked.firm, &plain.account)?;
        let unknown =
            || (MoneyRefusal::UnknownBeneficiary, format!("{} has no beneficiary {beneficiary}", asked.firm));
        let known = known.ok_or_else(unknown)?;
        if asked.at < known.usable_from {
            let detail = format!("{beneficiary} can be used from {}", known.usable_from);
            return Err((MoneyRefusal::BeneficiaryCooling, detail));
        }
        self.check_day(plain)?;
        let terms = self.money_terms(&plain.account, &plain.asset)?;
        let movement = Movement {
            fee: terms.fee(plain.amount),
            method: Some(known.method),
            beneficiary: Some(*beneficiary),
            approvals_needed: terms.approvals(plain.amount),
            expires: Some(asked.at.plus_ns(terms.decision_ns)),
            ..plain.movement(asked)
        };
        Ok((movement, Posting::Hold))
    }

    fn check_day(&self, plain: &Plain<'_>) -> Result<(), Refused> {
        let Some(max) = self.money_terms(&plain.account, &plain.asset)?.withdrawal_day_max else {
            return Ok(());
        };
        let before = self.money.withdrawn.get(&(plain.account, plain.asset)).copied().unwrap_or_default();
        if before.units() + plain.amount.units() > max.units() {
            let (amount, asset) = (plain.amount, plain.asset);
            return Err((MoneyRefusal::DayLimit, format!("{before} and {amount} > {max} {asset} a day")));
        }
        Ok(())
    }

    fn transfer(
        &self,
        asked: &Asked,
        plain: &Plain<'_>,
        to: Receiver,
    ) -> Result<(Movement, Posting), Refused> {
        self.account_of(&asked.firm, &plain.account)?;
        self.account_of(&to.firm, &to.account)?;
        self.check_plain(asked, plain)?;
        if to.account == plain.account {
            return Err((MoneyRefusal::SameAccount, format!("{} would pay itself", plain.account)));
        }
        self.check_open(Holder::Client(to.account))?;
        self.check_payer(&asked.firm, &plain.account)?;
        let movement = Movement { to: Some(to), ..plain.movement(asked) };
        if to.firm == asked.firm {
            return Ok((at_once(movement, asked), Posting::Move));
        }
        Ok((self.waiting(movement, asked)?, Posting::Hold))
    }

    fn convert(
        &self,
        asked: &Asked,
        plain: &Plain<'_>,
        to: Asset,
        at_least: Option<Amount>,
    ) -> Result<(Movement, Posting), Refused> {
        self.account_of(&asked.firm, &plain.account)?;
        self.money_terms(&plain.account, &to)?;
        self.check_plain(asked, plain)?;
        if to == plain.asset {
            return Err((MoneyRefusal::AssetMisfit, format!("it is {to} already")));
        }
        self.check_payer(&asked.firm, &plain.account)?;
        let converted = self.converted(&plain.account, (plain.asset, plain.amount), to, asked.at)?;
        let least = at_least.unwrap_or_default().max(Amount::from_units(1));
        if converted.amount < least {
            let detail = format!("{} {to} at {}, not {least}", converted.amount, converted.rate);
            return Err((MoneyRefusal::RateTooLow, detail));
        }
        let movement = Movement { converted: Some(converted), ..plain.movement(asked) };
        Ok((at_once(movement, asked), Posting::Move))
    }

    fn charge_fee(&self, asked: &Asked, plain: &Plain<'_>) -> Result<(Movement, Posting), Refused> {
        self.check_plain(asked, plain)?;
        self.check_open(Holder::Client(plain.account))?;
        Ok((self.waiting(plain.movement(asked), asked)?, Posting::Hold))
    }

    fn reverse(&self, asked: &Asked, id: &MovementId, note: &str) -> Result<(Movement, Posting), Refused> {
        let unknown = || (MoneyRefusal::UnknownMovement, format!("{} has no movement {id}", asked.firm));
        let original = self.movement(id).filter(|m| m.firm == asked.firm).ok_or_else(unknown)?;
        for holder in legs(original, None).iter().flat_map(|leg| [leg.debit, leg.credit]) {
            self.check_open(holder)?;
        }
        if original.status != MovementStatus::Completed {
            return Err((MoneyRefusal::WrongState, format!("{id} is {:?}", original.status)));
        }
        let is_being_undone = self.open_movements().any(|m| m.reverses == Some(*id));
        if id.kind() == MovementKind::Reversal || original.reversed_by.is_some() || is_being_undone {
            return Err((MoneyRefusal::NotReversible, format!("{id} is undone, or an undoing")));
        }
        let Movement { account, asset, amount, fee, .. } = *original;
        let plain = Plain { kind: MovementKind::Reversal, account, asset, amount, note };
        let movement = Movement { fee, reverses: Some(*id), ..plain.movement(asked) };
        Ok((self.waiting(movement, asked)?, Posting::Hold))
    }

    /// It waits for a second person, for a time.
    fn waiting(&self, movement: Movement, asked: &Asked) -> Result<Movement, Refused> {
        let terms = self.money_terms(&movement.account, &movement.asset)?;
        Ok(Movement { expires: Some(asked.at.plus_ns(terms.decision_ns)), ..movement })
    }
}

/// It waits for nobody.
fn at_once(movement: Movement, asked: &Asked) -> Movement {
    Movement { status: MovementStatus::Completed, completed: Some(asked.at), approvals_needed: 0, ..movement }
}
