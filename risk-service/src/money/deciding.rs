//! Second persons' words on movements.

use super::legs::{Posting, legs};
use super::{Asked, Refused};
use crate::risk::Risk;
use assay_trading_types::*;

impl Risk {
    /// A deposit has arrived.
    pub(super) fn confirm(
        &mut self,
        asked: &Asked,
        id: &MovementId,
        external_reference: &str,
        arrived: Option<&Money>,
        out: &mut Outbox,
    ) -> Result<(), Refused> {
        let mut movement = self.open_deposit(asked, id)?;
        if let Some(arrived) = arrived.filter(|a| (a.asset, a.amount) != (movement.asset, movement.amount)) {
            let (announced, asset) = (movement.amount, movement.asset);
            let detail =
                format!("{} {} arrived, {announced} {asset} announced", arrived.amount, arrived.asset);
            return Err((MoneyRefusal::NotAsAnnounced, detail));
        }
        check_other_person(&movement, asked)?;
        let reference = self.money.own_reference(&movement, external_reference)?;
        movement.external_reference = Some(external_reference.to_owned());
        movement.approvals.push(asked.by);
        complete(&mut movement, asked);
        self.post_movement(movement, Posting::Move, Some(asked.command), out)?;
        self.money.references.insert(reference);
        Ok(())
    }

    /// A processor has a deposit in hand: the client can take it back no more.
    pub(super) fn acknowledge(
        &mut self,
        asked: &Asked,
        id: &MovementId,
        external_reference: &str,
        out: &mut Outbox,
    ) -> Result<(), Refused> {
        let mut movement = self.open_deposit(asked, id)?;
        if movement.status != MovementStatus::Pending {
            return Err((MoneyRefusal::WrongState, format!("{id} is {:?}", movement.status)));
        }
        let reference = self.money.reference(&movement, external_reference)?;
        movement.external_reference = Some(external_reference.to_owned());
        movement.status = MovementStatus::Processing;
        movement.version += 1;
        self.money.references.insert(reference);
        self.keep(movement, Some(asked.command), out);
        Ok(())
    }

    fn open_deposit(&self, asked: &Asked, id: &MovementId) -> Result<Movement, Refused> {
        let movement = self.money.open_of(asked, id)?;
        self.check_parties(&movement)?;
        match id.kind() {
            MovementKind::Deposit => {
                check_in_time(&movement, asked)?;
                Ok(movement)
            }
            _ => Err((MoneyRefusal::WrongState, format!("{id} is no deposit"))),
        }
    }

    /// A second person lets happen what waits.
    pub(super) fn approve(
        &mut self,
        asked: &Asked,
        id: &MovementId,
        out: &mut Outbox,
    ) -> Result<(), Refused> {
        let mut movement = self.money.open_of(asked, id)?;
        self.check_parties(&movement)?;
        if movement.status != MovementStatus::Pending || id.kind() == MovementKind::Deposit {
            return Err((MoneyRefusal::WrongState, format!("{id} waits for no approval")));
        }
        check_in_time(&movement, asked)?;
        check_other_person(&movement, asked)?;
        movement.approvals.push(asked.by);
        if movement.approvals.len() < usize::from(movement.approvals_needed) {
            movement.version += 1;
            self.keep(movement, Some(asked.command), out);
            return Ok(());
        }
        if id.kind() == MovementKind::Withdrawal {
            movement.status = MovementStatus::Processing;
            movement.version += 1;
            self.keep(movement, Some(asked.command), out);
            return Ok(());
        }
        complete(&mut movement, asked);
        let undone = movement.reverses;
        self.post_movement(movement, Posting::MoveHeld, Some(asked.command), out)?;
        if let Some(undone) = undone {
            self.mark_undone(&undone, *id, out);
        }
        Ok(())
    }

    fn mark_undone(&mut self, id: &MovementId, by: MovementId, out: &mut Outbox) {
        let mut original = self.money.closed.get(id).cloned().expect("what is being undone is kept");
        original.reversed_by = Some(by);
        original.version += 1;
        self.keep(original, None, out);
    }

    /// Somebody turns down what waits, or takes it back.
    pub(super) fn turn_down(
        &mut self,
        asked: &Asked,
        id: &MovementId,
        reason: &str,
        is_rejection: bool,
        out: &mut Outbox,
    ) -> Result<(), Refused> {
        let movement = self.money.open_of(asked, id)?;
        // What a processor has in hand it may still say that it failed.
        let may_fail = is_rejection && id.kind() == MovementKind::Deposit;
        if movement.status != MovementStatus::Pending && !may_fail {
            return Err((MoneyRefusal::WrongState, format!("{id} is {:?}", movement.status)));
        }
        if id.kind() == MovementKind::Deposit {
            check_in_time(&movement, asked)?;
        }
        let status = match id.kind() {
            MovementKind::Deposit if is_rejection => MovementStatus::Failed,
            _ => MovementStatus::Cancelled,
        };
        self.end(movement, status, reason, Some(asked.command), out);
        Ok(())
    }

    /// Nobody may have become one by then who may not take part.
    fn check_parties(&self, movement: &Movement) -> Result<(), Refused> {
        for holder in legs(movement, self.original(movement)).iter().flat_map(|leg| [leg.debit, leg.credit]) {
            self.check_open(holder)?;
        }
        match movement.id.kind() {
            MovementKind::Withdrawal | MovementKind::Transfer => {
                self.check_payer(&movement.firm, &movement.account)
            }
            _ => Ok(()),
        }
    }
}

/// Time ends what waits from its instant on, whenever the clock's tick says so. What is under way outside has time.
fn check_in_time(movement: &Movement, asked: &Asked) -> Result<(), Refused> {
    let waits = movement.status == MovementStatus::Pending;
    match movement.expires.filter(|until| waits && asked.at >= *until) {
        Some(until) => Err((MoneyRefusal::Expired, format!("{} waited until {until}", movement.id))),
        None => Ok(()),
    }
}

fn check_other_person(movement: &Movement, asked: &Asked) -> Result<(), Refused> {
    if movement.by == asked.by || movement.approvals.contains(&asked.by) {
        return Err((MoneyRefusal::SamePerson, format!("{} took part in it already", asked.by)));
    }
    Ok(())
}

/// It is in the books for good.
pub(super) fn complete(movement: &mut Movement, asked: &Asked) {
    movement.status = MovementStatus::Completed;
    movement.completed = Some(asked.at);
    movement.version += 1;
}
