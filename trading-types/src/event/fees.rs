//! Fees of trades by schedule: records of `accounts`.

use crate::{Amount, Commission, FirmId, Liquidity, Symbol};
use serde::{Deserialize, Serialize};

/// Tiers of one schedule: more than any venue publishes.
pub const FEE_TIERS_MAX: usize = 20;

/// A fee schedule is in force for orders accepted from here on. Of several that fit an order, the firm's own for the instrument
/// counts, else the firm's own, else the one for the instrument, else the one for all; without any the firm's commission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeScheduleSet {
    /// Of this firm; of all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firm: Option<FirmId>,
    /// For this instrument; for all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// Grows with every schedule that is set, whichever; postings name it.
    pub version: u64,
    /// From the least volume on, the first from zero. None: the schedule is no more.
    pub tiers: Vec<FeeTier>,
}

/// What trades cost from a volume on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeTier {
    /// Notional that the firm traded in the instrument's currency on the 30 days (UTC) before this one.
    pub volume_min: Amount,
    /// Fills that add liquidity; no rate is above the taker's, whose is held before it is known.
    pub maker: Commission,
    /// Fills that take it.
    pub taker: Commission,
}

/// Why a schedule is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FeeScheduleError {
    /// More tiers than may be.
    #[error("has more than 20 tiers")]
    TooMany,
    /// The first tier begins above zero, or one not above the one before.
    #[error("must begin with volume zero and rise from tier to tier")]
    Order,
    /// A rate below zero.
    #[error("has a rate below zero")]
    Negative,
    /// A maker's rate above the taker's.
    #[error("has a maker's rate above the taker's")]
    MakerAbove,
}

impl FeeScheduleSet {
    /// Whether tiers and rates can be.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), FeeScheduleError> {
        if self.tiers.len() > FEE_TIERS_MAX {
            return Err(FeeScheduleError::TooMany);
        }
        let starts = self.tiers.first().is_none_or(|tier| tier.volume_min == Amount::ZERO);
        let rises = self.tiers.windows(2).all(|two| two[0].volume_min < two[1].volume_min);
        if !starts || !rises {
            return Err(FeeScheduleError::Order);
        }
        self.tiers.iter().try_for_each(FeeTier::check)
    }
}

impl FeeTier {
    fn check(&self) -> Result<(), FeeScheduleError> {
        let rates = |c: &Commission| [c.per_share, c.basis_points, c.minimum];
        let (maker, taker) = (rates(&self.maker), rates(&self.taker));
        if maker.iter().chain(&taker).any(|rate| *rate < Amount::ZERO) {
            return Err(FeeScheduleError::Negative);
        }
        match maker.iter().zip(&taker).all(|(maker, taker)| maker <= taker) {
            true => Ok(()),
            false => Err(FeeScheduleError::MakerAbove),
        }
    }
}

/// By what a fill's commission was reckoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeesApplied {
    /// Version of the schedule.
    pub schedule: u64,
    /// Its tier, from 0, by the firm's volume when the order was accepted.
    pub tier: u8,
    /// Maker's or taker's rates.
    pub liquidity: Liquidity,
}
