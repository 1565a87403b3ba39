//! A trading account: whose it is, whether it may trade, its own limits and exposure.

use crate::exposure::Exposure;
use crate::limit_book::LimitBook;
use crate::names::FirmIx;
use crate::rate::Rate;
use crate::switches::SwitchPlace;
use assay_trading_types::{AccountStatus, KycStatus};
use serde::{Deserialize, Serialize};

/// State of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Client {
    /// Its firm, once one names it; money may come before.
    pub(crate) firm: Option<FirmIx>,
    /// Its firm names it no more.
    #[serde(default)]
    pub(crate) unnamed: bool,
    pub(crate) status: AccountStatus,
    pub(crate) kyc: KycStatus,
    /// Its own limits beside the firm's; few accounts have any.
    pub(crate) book: Option<Box<LimitBook>>,
    pub(crate) exposure: Exposure,
    pub(crate) switch: SwitchPlace,
    /// D and G of the last second.
    pub(crate) recent: Rate,
    /// Measures over their warning level, one bit each.
    pub(crate) warned: u8,
    /// Measures that a price has brought over their limit, likewise.
    #[serde(default)]
    pub(crate) over: u8,
}

impl Client {
    /// Whether the account trades for a firm.
    pub(crate) fn trades_for(&self, firm: FirmIx) -> bool {
        self.firm == Some(firm) && !self.unnamed
    }
}
