//! What becomes of withdrawals outside the house.

use super::deciding::complete;
use super::legs::Posting;
use super::{Asked, Money, Refused};
use crate::risk::Risk;
use assay_trading_types::*;

impl Risk {
    /// An approved withdrawal was handed over.
    pub(super) fn send(
        &mut self,
        asked: &Asked,
        id: &MovementId,
        external_reference: &str,
        out: &mut Outbox,
    ) -> Result<(), Refused> {
        let mut movement = self.under_way(asked, id)?;
        if movement.external_reference.is_some() {
            return Err((MoneyRefusal::WrongState, format!("{id} was sent already")));
        }
        let reference = self.money.reference(&movement, external_reference)?;
        movement.external_reference = Some(external_reference.to_owned());
        movement.version += 1;
        self.money.references.insert(reference);
        self.keep(movement, Some(asked.command), out);
        Ok(())
    }

    /// What was sent has arrived.
    pub(super) fn complete(
        &mut self,
        asked: &Asked,
        id: &MovementId,
        out: &mut Outbox,
    ) -> Result<(), Refused> {
        let mut movement = self.under_way(asked, id)?;
        if movement.external_reference.is_none() {
            return Err((MoneyRefusal::WrongState, format!("{id} was not sent")));
        }
        complete(&mut movement, asked);
        self.post_movement(movement, Posting::MoveHeld, Some(asked.command), out)
    }

    /// What was approved will not arrive.
    pub(super) fn fail(
        &mut self,
        asked: &Asked,
        id: &MovementId,
        reason: &str,
        out: &mut Outbox,
    ) -> Result<(), Refused> {
        let movement = self.under_way(asked, id)?;
        self.end(movement, MovementStatus::Failed, reason, Some(asked.command), out);
        Ok(())
    }

    fn under_way(&self, asked: &Asked, id: &MovementId) -> Result<Movement, Refused> {
        let movement = self.money.open_of(asked, id)?;
        match (id.kind(), movement.status) {
            (MovementKind::Withdrawal, MovementStatus::Processing) => Ok(movement),
            (_, other) => Err((MoneyRefusal::WrongState, format!("{id} is {other:?}"))),
        }
    }
}

impl Money {
    /// As [`Money::reference`]; or the name that the movement has already, and that only.
    pub(super) fn own_reference(
        &self,
        movement: &Movement,
        text: &str,
    ) -> Result<(MovementKind, PayMethod, String), Refused> {
        let method = movement.method.unwrap_or(PayMethod::BankTransfer);
        match &movement.external_reference {
            None => self.reference(movement, text),
            Some(own) if own == text => Ok((movement.id.kind(), method, text.to_owned())),
            Some(own) => Err((MoneyRefusal::ReferenceUsed, format!("{} is known as {own}", movement.id))),
        }
    }

    /// The outside name of a movement, when no other has it.
    pub(super) fn reference(
        &self,
        movement: &Movement,
        text: &str,
    ) -> Result<(MovementKind, PayMethod, String), Refused> {
        let method = movement.method.unwrap_or(PayMethod::BankTransfer);
        let reference = (movement.id.kind(), method, text.to_owned());
        match self.references.contains(&reference) {
            true => Err((MoneyRefusal::ReferenceUsed, format!("{text} stands on another movement"))),
            false => Ok(reference),
        }
    }
}
