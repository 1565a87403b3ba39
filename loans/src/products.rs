//! The shelf: products that are offered, and those that wait for a second person.

use crate::event::Asked;
use crate::product::fault;
use assay_trading_types::loan_terms::Product;
use assay_trading_types::{Actor, LoanProduct, LoanProductId, LoanRefusal};
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
        let Place { version, offer, proposal } = self.0.get(&id)?;
        Some(LoanProduct {
            id,
            version: *version,
            active: offer.as_ref().is_some_and(|offer| offer.active),
            terms: offer.as_ref().map(|offer| Product::clone(&offer.terms)),
            approved_by: offer.as_ref().map(|offer| offer.by),
            proposed: proposal.as_ref().map(|proposal| proposal.terms.clone()),
            proposed_by: proposal.as_ref().map(|proposal| proposal.by),
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
        let proposal = place.proposal.as_ref().ok_or(LoanRefusal::ProductNotFound)?;
        if proposal.by == asked.by {
            return Err(LoanRefusal::SamePerson);
        }
        if place.version != version {
            return Err(LoanRefusal::ProductChanged);
        }
        // Decided: nothing below fails.
        let Some(Proposal { terms, .. }) = place.proposal.take() else { return Ok(()) };
        place.offer = Some(Offer { terms: Arc::new(terms), by: asked.by, active: true });
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
