//! Reference prices, and what collateral is worth by them.

use crate::product::Product;
use crate::rate::RATE_ONE;
use crate::status::LoanStatus;
use assay_trading_types::{Amount, Asset, SCALE, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Nanoseconds in a second.
const NS_PER_S: i64 = 1_000_000_000;

/// A price and when it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Quoted {
    price: Amount,
    at: Timestamp,
}

/// The last reference price of each asset in each currency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Prices(BTreeMap<Asset, BTreeMap<Asset, Quoted>>);

impl Prices {
    pub(crate) fn set(&mut self, asset: Asset, currency: Asset, price: Amount, at: Timestamp) {
        self.0.entry(asset).or_default().insert(currency, Quoted { price, at });
    }

    /// The price of an asset in the product's currency, if it is recent enough.
    pub(crate) fn price(&self, asset: Asset, terms: &Product, now: Timestamp) -> Result<Amount, LoanStatus> {
        let quoted =
            self.0.get(&asset).and_then(|of| of.get(&terms.currency)).ok_or(LoanStatus::PriceMissing)?;
        let fresh = now.since_ns(quoted.at) < i64::from(terms.price_age_max_s) * NS_PER_S;
        if fresh { Ok(quoted.price) } else { Err(LoanStatus::PriceStale) }
    }

    /// What the pledges count for in the product's currency, haircuts taken, rounded down.
    pub(crate) fn value(
        &self,
        pledges: &BTreeMap<Asset, Amount>,
        terms: &Product,
        now: Timestamp,
    ) -> Result<Amount, LoanStatus> {
        let mut value = Amount::ZERO;
        for (asset, amount) in pledges {
            let rule = terms.rule(*asset).ok_or(LoanStatus::CollateralNotAccepted)?;
            let price = self.price(*asset, terms, now)?;
            let counted = RATE_ONE - i128::from(rule.haircut.billionths());
            let worth = times(times(*amount, price.units())?, counted)?;
            value = value.checked_add(worth).ok_or(LoanStatus::TooLarge)?;
        }
        Ok(value)
    }
}

/// An amount times a number of billionths, rounded down.
pub(crate) fn times(amount: Amount, billionths: i128) -> Result<Amount, LoanStatus> {
    let product = amount.units().checked_mul(billionths).ok_or(LoanStatus::TooLarge)?;
    Ok(Amount::from_units(product.div_euclid(i128::from(SCALE))))
}
