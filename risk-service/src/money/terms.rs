//! On what terms assets move and become one another.

use super::{MOVEMENT_MAX, Refused};
use crate::administration::refuse_command;
use crate::risk::Risk;
use assay_trading_types::*;
use serde::{Deserialize, Serialize};

/// Basis points in one.
const BASIS_POINTS: i128 = 10_000;

/// Terms of assets that nobody set any for: amounts in billionths, no fee, no limit of the day, one approval, a day of
/// cooling-off, a week to decide.
const UNSET: MoneyTerms = MoneyTerms {
    decimals: 9,
    withdrawal_fee: Amount::ZERO,
    withdrawal_fee_bp: 0,
    withdrawal_day_max: None,
    second_approval_above: None,
    cooling_off_ns: 86_400 * 1_000_000_000,
    decision_ns: 7 * 86_400 * 1_000_000_000,
};

/// On what terms an asset moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MoneyTerms {
    decimals: u8,
    withdrawal_fee: Amount,
    withdrawal_fee_bp: u32,
    pub(super) withdrawal_day_max: Option<Amount>,
    second_approval_above: Option<Amount>,
    pub(super) cooling_off_ns: i64,
    pub(super) decision_ns: i64,
}

/// A conversion rate and since when it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ConversionRate {
    rate: Amount,
    spread_bp: u32,
    max_age_ns: Option<i64>,
    since: Timestamp,
}

impl MoneyTerms {
    /// Billionths of the smallest part of the asset.
    fn unit(&self) -> i128 {
        10_i128.pow(9 - u32::from(self.decimals.min(9)))
    }

    /// What a withdrawal costs, rounded up to what the asset can say.
    pub(super) fn fee(&self, amount: Amount) -> Amount {
        let share = amount.units() * i128::from(self.withdrawal_fee_bp);
        let (unit, share) = (self.unit(), share.div_ceil_positive(BASIS_POINTS));
        Amount::from_units((self.withdrawal_fee.units() + share).div_ceil_positive(unit) * unit)
    }

    /// How many must approve of a withdrawal.
    pub(super) fn approvals(&self, amount: Amount) -> u8 {
        if self.second_approval_above.is_some_and(|above| amount > above) { 2 } else { 1 }
    }

    pub(super) fn check_amount(&self, asset: &Asset, amount: Amount) -> Result<(), Refused> {
        if amount <= Amount::ZERO {
            return Err((MoneyRefusal::AmountNotPositive, format!("{amount} {asset}")));
        }
        if amount.units() % self.unit() != 0 {
            let detail = format!("{asset} has {} decimals, {amount} more", self.decimals);
            return Err((MoneyRefusal::AmountTooFine, detail));
        }
        if amount > MOVEMENT_MAX {
            return Err((MoneyRefusal::AmountTooLarge, format!("{amount} > {MOVEMENT_MAX} {asset}")));
        }
        Ok(())
    }
}

/// Rounding up, of what is not negative.
trait DivCeil {
    fn div_ceil_positive(self, by: i128) -> i128;
}

impl DivCeil for i128 {
    fn div_ceil_positive(self, by: i128) -> i128 {
        self / by + i128::from(self % by > 0)
    }
}

impl ConversionRate {
    /// What `amount` becomes and what the house keeps, both rounded down to what the asset got can say.
    fn convert(&self, amount: Amount, to: &MoneyTerms) -> Option<(Amount, Amount)> {
        let unit = to.unit();
        let product = amount.units().checked_mul(self.rate.units())?;
        let whole = product / i128::from(SCALE) / unit * unit;
        let share = BASIS_POINTS - i128::from(self.spread_bp);
        let own = product.checked_mul(share)? / (i128::from(SCALE) * BASIS_POINTS) / unit * unit;
        Some((Amount::from_units(own), Amount::from_units(whole - own)))
    }
}

impl Risk {
    pub(crate) fn set_money_terms(&mut self, e: &MoneyTermsSet) {
        let terms = MoneyTerms {
            decimals: e.decimals.min(9),
            withdrawal_fee: e.withdrawal_fee.max(Amount::ZERO),
            withdrawal_fee_bp: e.withdrawal_fee_bp.min(10_000),
            withdrawal_day_max: e.withdrawal_day_max,
            second_approval_above: e.second_approval_above,
            cooling_off_ns: e.cooling_off_ns.max(0),
            decision_ns: e.decision_ns.max(0),
        };
        self.money.terms.insert(e.asset, terms);
    }

    pub(crate) fn set_conversion_rate(
        &mut self,
        e: &ConversionRateSet,
        by: Actor,
        at: Timestamp,
        out: &mut Outbox,
    ) {
        let is_rate = e.rate > Amount::ZERO && e.rate <= MOVEMENT_MAX && e.from != e.to;
        if !is_rate || e.spread_bp > 10_000 {
            return refuse_command(e.from.as_str(), by, CommandRefusal::NoEffect, out);
        }
        let rate =
            ConversionRate { rate: e.rate, spread_bp: e.spread_bp, max_age_ns: e.max_age_ns, since: at };
        self.money.rates.insert((e.from, e.to), rate);
    }

    /// How many decimals amounts of an asset may have.
    pub(crate) fn decimals_of(&self, asset: &Asset) -> u8 {
        self.money.terms.get(asset).map_or(UNSET.decimals, |terms| terms.decimals)
    }

    /// Terms of an asset that is known: set, traded, or in one of the account's books.
    pub(super) fn money_terms(&self, account: &AccountId, asset: &Asset) -> Result<&MoneyTerms, Refused> {
        if let Some(terms) = self.money.terms.get(asset) {
            return Ok(terms);
        }
        let mut listed =
            self.instruments.rows().filter_map(|(_, symbol, row)| Some((symbol, row.listed.as_ref()?)));
        let is_traded = listed.any(|(symbol, l)| symbol.as_str() == asset.as_str() || l.currency == *asset);
        let is_held = || self.ledger.find(super::Holder::Client(*account).code(), *asset).is_some();
        match is_traded || is_held() {
            true => Ok(&UNSET),
            false => Err((MoneyRefusal::UnknownAsset, format!("no asset {asset}"))),
        }
    }

    /// What an amount becomes at the rate in force.
    pub(super) fn converted(
        &self,
        account: &AccountId,
        (asset, amount): (Asset, Amount),
        to: Asset,
        at: Timestamp,
    ) -> Result<Converted, Refused> {
        let terms = self.money_terms(account, &to)?;
        let no_rate = |what: &str| (MoneyRefusal::NoRate, format!("{what} from {asset} to {to}"));
        let rate = self.money.rates.get(&(asset, to)).ok_or_else(|| no_rate("no rate"))?;
        if rate.max_age_ns.is_some_and(|max| at.since_ns(rate.since) > max) {
            return Err(no_rate("no rate young enough"));
        }
        let too_large = || (MoneyRefusal::AmountTooLarge, format!("{amount} {asset} in {to}"));
        let (got, spread) = rate.convert(amount, terms).ok_or_else(too_large)?;
        if got > MOVEMENT_MAX {
            return Err(too_large());
        }
        Ok(Converted { asset: to, amount: got, rate: rate.rate, spread })
    }
}
