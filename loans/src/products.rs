//! The shelf: products that are offered, and those that wait for a second person.

use crate::event::Asked;
use crate::product::fault;
use assay_trading_types::loan_terms::Product;
use assay_trading_types::{Actor, LoanProduct, LoanProductDeclined, LoanProductId, LoanRefusal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Products there may be, retired ones too: more than anybody reads.
const PRODUCTS_MAX: usize = 1_000;

/// Terms in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Offer {
    terms: Arc<Product>,
    by: Actor,
    active: bool,
}

/// Terms that wait for a second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Proposal {
    terms: Product,
    by: Actor,
}

/// A product's place on the shelf.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    version: u64,
    offer: Option<Offer>,
    proposal: Option<Proposal>,
    /// Who declined the terms proposed last, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    declined: Option<LoanProductDeclined>,
}

impl Place {
    /// What waits, if `version` says what it is. `may` says whether who asks may decide on it.
    fn proposal(
        &self,
        version: u64,
        may: impl FnOnce(&Proposal) -> Result<(), LoanRefusal>,
    ) -> Result<(), LoanRefusal> {
        may(self.proposal.as_ref().ok_or(LoanRefusal::ProductNotFound)?)?;
        if self.version == version { Ok(()) } else { Err(LoanRefusal::ProductChanged) }
    }
}

/// Whether it was proposed by somebody else.
fn by_another(asked: Asked) -> impl FnOnce(&Proposal) -> Result<(), LoanRefusal> {
    move |proposal| if proposal.by == asked.by { Err(LoanRefusal::SamePerson) } else { Ok(()) }
}

/// All products.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Products(BTreeMap<LoanProductId, Place>);

impl Products {
    /// Products that are offered.
    pub(crate) fn active(&self) -> impl Iterator<Item = (LoanProductId, &Product)> {
        self.0
            .iter()
            .filter_map(|(id, place)| Some((*id, place.offer.as_ref()?)).filter(|(_, o)| o.active))
            .map(|(id, offer)| (id, &*offer.terms))
    }

    /// Terms of a product that loans can be applied for under.
    pub(crate) fn offered(&self, id: LoanProductId) -> Result<&Arc<Product>, LoanRefusal> {
        let offer = self.0.get(&id).and_then(|place| place.offer.as_ref());
        let offer = offer.ok_or(LoanRefusal::ProductNotFound)?;
        if offer.active { Ok(&offer.terms) } else { Err(LoanRefusal::ProductNotActive) }
    }

    /// A product as it is told to others.
    pub(crate) fn state(&self, id: LoanProductId) -> Option<LoanProduct> {
        let Place { version, offer, proposal, declined } = self.0.get(&id)?;
        Some(LoanProduct {
            id,
            version: *version,
            active: offer.as_ref().is_some_and(|offer| offer.active),
            terms: offer.as_ref().map(|offer| Product::clone(&offer.terms)),
            approved_by: offer.as_ref().map(|offer| offer.by),
            proposed: proposal.as_ref().map(|proposal| proposal.terms.clone()),
            proposed_by: proposal.as_ref().map(|proposal| proposal.by),
            declined: declined.clone(),
        })
    }

    pub(crate) fn propose(
        &mut self,
        id: LoanProductId,
        terms: &Product,
        asked: Asked,
    ) -> Result<(), LoanRefusal> {
        if fault(terms).is_some() {
            return Err(LoanRefusal::ProductInvalid);
        }
        if self.0.len() >= PRODUCTS_MAX && !self.0.contains_key(&id) {
            return Err(LoanRefusal::TooManyProducts);
        }
        // Decided: nothing below fails.
        let place = self.0.entry(id).or_default();
        place.proposal = Some(Proposal { terms: terms.clone(), by: asked.by });
        place.declined = None;
        place.version += 1;
        Ok(())
    }

    /// Puts in force what was proposed; what `version` says was looked at.
    pub(crate) fn approve(
        &mut self,
        id: LoanProductId,
        version: u64,
        asked: Asked,
    ) -> Result<(), LoanRefusal> {
        let place = self.0.get_mut(&id).ok_or(LoanRefusal::ProductNotFound)?;
        place.proposal(version, by_another(asked))?;
        // Decided: nothing below fails.
        let Some(Proposal { terms, .. }) = place.proposal.take() else { return Ok(()) };
        place.offer = Some(Offer { terms: Arc::new(terms), by: asked.by, active: true });
        place.version += 1;
        Ok(())
    }

    /// Drops what was proposed, on a second person's word; what is in force stays so.
    pub(crate) fn decline(
        &mut self,
        id: LoanProductId,
        version: u64,
        reason: &str,
        asked: Asked,
    ) -> Result<(), LoanRefusal> {
        let place = self.0.get_mut(&id).ok_or(LoanRefusal::ProductNotFound)?;
        place.proposal(version, by_another(asked))?;
        // Decided: nothing below fails.
        place.proposal = None;
        place.declined = Some(LoanProductDeclined { by: asked.by, reason: reason.to_owned() });
        place.version += 1;
        Ok(())
    }

    /// Drops what whoever asks proposed.
    pub(crate) fn withdraw(
        &mut self,
        id: LoanProductId,
        version: u64,
        asked: Asked,
    ) -> Result<(), LoanRefusal> {
        let place = self.0.get_mut(&id).ok_or(LoanRefusal::ProductNotFound)?;
        let own = |proposal: &Proposal| {
            if proposal.by == asked.by { Ok(()) } else { Err(LoanRefusal::NotTheProposer) }
        };
        place.proposal(version, own)?;
        // Decided: nothing below fails.
        place.proposal = None;
        place.version += 1;
        Ok(())
    }

    pub(crate) fn retire(&mut self, id: LoanProductId) -> Result<(), LoanRefusal> {
        let place = self.0.get_mut(&id).ok_or(LoanRefusal::ProductNotFound)?;
        let offer = place.offer.as_mut().ok_or(LoanRefusal::ProductNotFound)?;
        if !offer.active {
            return Err(LoanRefusal::ProductNotActive);
        }
        // Decided: nothing below fails.
        offer.active = false;
        place.version += 1;
        Ok(())
    }
}
