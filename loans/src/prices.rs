//! Reference prices, and what collateral is worth by them.

use crate::plan::RATE_ONE;
use assay_trading_types::loan_terms::Product;
use assay_trading_types::{Amount, Asset, LoanRefusal, SCALE, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Nanoseconds in a second.
const NS_PER_S: i64 = 1_000_000_000;

/// A price and when it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Quoted {
    price: Amount,
    at: Timestamp,
    /// How old it may become by whoever said it.
    max_age_ns: Option<i64>,
    /// The asset is sold in multiples of this.
    lot: Amount,
    /// Its market takes no order that is to trade at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    shut: bool,
    /// When its market last opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opened: Option<Timestamp>,
}

impl Quoted {
    /// No price yet, or none any more.
    const NONE: Self = Self {
        price: Amount::ZERO,
        at: Timestamp::from_ns(0),
        max_age_ns: None,
        lot: Amount::from_units(1),
        shut: false,
        opened: None,
    };
}

/// A reference price, when it was said, and how old it may become by whoever said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// The price.
    pub price: Amount,
    /// When it was said.
    pub at: Timestamp,
    /// Its greatest age, if one was said with it.
    pub max_age_ns: Option<i64>,
}

impl Quote {
    /// The price, if it is recent enough for what is lent on these terms.
    fn usable(&self, terms: &Product, now: Timestamp) -> Result<Amount, LoanRefusal> {
        let age_ns = now.since_ns(self.at);
        let said = self.max_age_ns.is_none_or(|max| age_ns <= max);
        let fresh = said && age_ns < i64::from(terms.price_age_max_s) * NS_PER_S;
        if fresh { Ok(self.price) } else { Err(LoanRefusal::PriceStale) }
    }
}

/// A price as it is said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    pub(crate) asset: Asset,
    pub(crate) currency: Asset,
    pub(crate) price: Amount,
    pub(crate) lot: Amount,
    pub(crate) max_age_ns: Option<i64>,
}

/// The last reference price of each asset in each currency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Prices(BTreeMap<Asset, BTreeMap<Asset, Quoted>>);

impl Prices {
    /// The price of an asset in a currency from now on, however old it may become.
    pub(crate) fn set(&mut self, said: Said, at: Timestamp) {
        let Said { asset, currency, price, lot, max_age_ns } = said;
        let quoted = self.0.entry(asset).or_default().entry(currency).or_insert(Quoted::NONE);
        *quoted = Quoted { price, at, max_age_ns, lot, ..*quoted };
    }

    /// The market of an asset has opened or shut. Returns whether it opened now.
    pub(crate) fn set_market(&mut self, asset: Asset, currency: Asset, open: bool, at: Timestamp) -> bool {
        let quoted = self.0.entry(asset).or_default().entry(currency).or_insert(Quoted::NONE);
        let opens = open && quoted.shut;
        quoted.shut = !open;
        quoted.opened = if opens { Some(at) } else { quoted.opened };
        opens
    }

    /// Whether the market of an asset takes no order of the loan desk now.
    pub(crate) fn is_shut(&self, asset: Asset, terms: &Product) -> bool {
        self.quoted(asset, terms).is_some_and(|quoted| quoted.shut)
    }

    /// Whether the market of an asset has opened after that.
    pub(crate) fn opened_after(&self, asset: Asset, terms: &Product, at: Timestamp) -> bool {
        self.quoted(asset, terms).is_some_and(|quoted| quoted.opened > Some(at))
    }

    /// An amount of an asset rounded up to what can be sold of it.
    pub(crate) fn in_lots(&self, asset: Asset, amount: Amount, terms: &Product) -> Amount {
        let lot = self.quoted(asset, terms).map_or(1, |quoted| quoted.lot.units()).max(1);
        let rest = amount.units().rem_euclid(lot);
        Amount::from_units(if rest == 0 { amount.units() } else { amount.units() - rest + lot })
    }

    /// There is no price of an asset in a currency any more.
    pub(crate) fn forget(&mut self, asset: Asset, currency: Asset) {
        if let Some(quoted) = self.0.get_mut(&asset).and_then(|of| of.get_mut(&currency)) {
            *quoted = Quoted { shut: quoted.shut, opened: quoted.opened, ..Quoted::NONE };
        }
    }

    /// The price of an asset in the product's currency, if it is recent enough.
    pub(crate) fn price(&self, asset: Asset, terms: &Product, now: Timestamp) -> Result<Amount, LoanRefusal> {
        self.quote(asset, terms).ok_or(LoanRefusal::PriceMissing)?.usable(terms, now)
    }

    fn quote(&self, asset: Asset, terms: &Product) -> Option<Quote> {
        let Quoted { price, at, max_age_ns, .. } = *self.quoted(asset, terms)?;
        (price > Amount::ZERO).then_some(Quote { price, at, max_age_ns })
    }

    fn quoted(&self, asset: Asset, terms: &Product) -> Option<&Quoted> {
        self.0.get(&asset)?.get(&terms.currency)
    }

    /// What the pledges count for in the product's currency, haircuts taken, rounded down.
    pub(crate) fn value(
        &self,
        pledges: &BTreeMap<Asset, Amount>,
        terms: &Product,
        now: Timestamp,
    ) -> Result<Amount, LoanRefusal> {
        sum(pledges
            .iter()
            .map(|(asset, amount)| worth((*asset, *amount), terms, self.quote(*asset, terms).as_ref(), now)))
    }
}

/// What an amount of an asset counts for, haircut taken, rounded down.
pub(crate) fn worth(
    (asset, amount): (Asset, Amount),
    terms: &Product,
    quote: Option<&Quote>,
    now: Timestamp,
) -> Result<Amount, LoanRefusal> {
    let rule = terms.rule(asset).ok_or(LoanRefusal::CollateralNotAccepted)?;
    let price = quote.ok_or(LoanRefusal::PriceMissing)?.usable(terms, now)?;
    let counted = RATE_ONE - i128::from(rule.haircut.billionths());
    times(times(amount, price.units())?, counted)
}

/// All of it, or why the first that cannot be counted cannot.
pub(crate) fn sum(
    mut worths: impl Iterator<Item = Result<Amount, LoanRefusal>>,
) -> Result<Amount, LoanRefusal> {
    worths.try_fold(Amount::ZERO, |sum, worth| sum.checked_add(worth?).ok_or(LoanRefusal::TooLarge))
}

/// An amount times a number of billionths, rounded down.
pub(crate) fn times(amount: Amount, billionths: i128) -> Result<Amount, LoanRefusal> {
    let product = amount.units().checked_mul(billionths).ok_or(LoanRefusal::TooLarge)?;
    Ok(Amount::from_units(product.div_euclid(i128::from(SCALE))))
}
