//! Where a firm withdraws to.

use super::{Asked, Refused};
use crate::risk::Risk;
use assay_trading_types::*;

/// Beneficiaries of one firm, removed ones included.
const BENEFICIARIES_MAX: usize = 1_000;

impl Risk {
    /// A beneficiary that may be used, or will be.
    pub(super) fn beneficiary(&self, firm: &FirmId, id: &BeneficiaryId) -> Option<&Beneficiary> {
        self.money.beneficiaries.get(&(*firm, *id)).filter(|b| !b.removed)
    }

    pub(super) fn add_beneficiary(
        &mut self,
        asked: &Asked,
        action: &MoneyAction,
        out: &mut Outbox,
    ) -> Result<(), Refused> {
        let MoneyAction::AddBeneficiary { beneficiary: id, asset, method, sealed, hint } = action else {
            unreachable!("another action is decided elsewhere")
        };
        let firm = asked.firm;
        let ix =
            self.firms.find(&firm).ok_or_else(|| (MoneyRefusal::UnknownFirm, format!("no firm {firm}")))?;
        let first = self.firms[ix].accounts.first().map(|client| *self.clients.name(*client));
        let Some(first) = first else {
            return Err((MoneyRefusal::UnknownAccount, format!("{firm} has no account")));
        };
        let cooling_off_ns = self.money_terms(&first, asset)?.cooling_off_ns;
        if self.beneficiary(&firm, id).is_some() {
            return Err((MoneyRefusal::BeneficiaryExists, format!("{firm} has a beneficiary {id}")));
        }
        let is_new = !self.money.beneficiaries.contains_key(&(firm, *id));
        let own = self.money.beneficiaries.keys().filter(|(of, _)| *of == firm).count();
        if is_new && own >= BENEFICIARIES_MAX {
            return Err((MoneyRefusal::TooMany, format!("{firm} has {own} beneficiaries")));
        }
        // Decided: nothing below fails.
        let beneficiary = Beneficiary {
            id: *id,
            firm,
            asset: *asset,
            method: *method,
            sealed: sealed.clone(),
            hint: hint.clone(),
            by: asked.by,
            usable_from: asked.at.plus_ns(cooling_off_ns),
            removed: false,
        };
        self.money.beneficiaries.insert((firm, *id), beneficiary.clone());
        out.emit(Topic::Accounts, BeneficiaryChanged { command: asked.command, beneficiary }.into());
        Ok(())
    }

    pub(super) fn remove_beneficiary(
        &mut self,
        asked: &Asked,
        id: &BeneficiaryId,
        out: &mut Outbox,
    ) -> Result<(), Refused> {
        let firm = asked.firm;
        // Who decides on a withdrawal looks at where it goes: that stays as it is until it has gone there.
        let named = |movement: &&Movement| movement.firm == firm && movement.beneficiary == Some(*id);
        if let Some(open) = self.money.open.values().find(named) {
            return Err((MoneyRefusal::WrongState, format!("{} is to go to {id}: it ends first", open.id)));
        }
        let entry = self.money.beneficiaries.get_mut(&(firm, *id)).filter(|b| !b.removed);
        let unknown = || (MoneyRefusal::UnknownBeneficiary, format!("{firm} has no beneficiary {id}"));
        let entry = entry.ok_or_else(unknown)?;
        // Decided: nothing below fails.
        entry.removed = true;
        let beneficiary = entry.clone();
        out.emit(Topic::Accounts, BeneficiaryChanged { command: asked.command, beneficiary }.into());
        Ok(())
    }
}
