//! What a debt consists of: its parts, its instalments, how late it is.

use super::Part;
use crate::{Amount, Date};
use serde::{Deserialize, Serialize};

/// Parts of a debt, or of a payment on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Parts {
    /// Late fees and penalties.
    pub fees: Amount,
    /// Interest.
    pub interest: Amount,
    /// Principal.
    pub principal: Amount,
}

impl Parts {
    /// All together.
    pub fn total(&self) -> Amount {
        Amount::from_units(self.fees.units() + self.interest.units() + self.principal.units())
    }

    /// One of them, to change it.
    pub fn part_mut(&mut self, part: Part) -> &mut Amount {
        match part {
            Part::Fees => &mut self.fees,
            Part::Interest => &mut self.interest,
            Part::Principal => &mut self.principal,
        }
    }
}

/// One due date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instalment {
    /// When it is to be paid, a business day if the plan says so.
    pub due: Date,
    /// The day up to which its interest runs.
    pub interest_until: Date,
    /// Principal of it.
    pub principal: Amount,
    /// Interest of it if everything is paid when due.
    pub interest: Amount,
    /// Principal outstanding after it.
    pub outstanding: Amount,
}

impl Instalment {
    /// Principal and interest.
    pub fn total(&self) -> Amount {
        Amount::from_units(self.principal.units() + self.interest.units())
    }
}

/// How late the oldest unpaid instalment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// Nothing is late.
    #[default]
    Current,
    /// 1 to 29 days.
    Days1,
    /// 30 to 59 days.
    Days30,
    /// 60 to 89 days.
    Days60,
    /// 90 days and more.
    Days90,
}

impl Bucket {
    /// The bucket of so many days past due.
    pub fn of(days: u32) -> Self {
        match days {
            0 => Self::Current,
            1..30 => Self::Days1,
            30..60 => Self::Days30,
            60..90 => Self::Days60,
            _ => Self::Days90,
        }
    }
}
