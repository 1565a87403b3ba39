//! A firm: its accounts, limits, exposure and switch.

use crate::exposure::Exposure;
use crate::fees::Volumes;
use crate::limit_book::LimitBook;
use crate::names::ClientIx;
use crate::rate::Rate;
use crate::switches::SwitchPlace;
use assay_trading_types::{Commission, KycStatus, SelfTrade};
use serde::{Deserialize, Serialize};

/// State of a firm.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Firm {
    pub(crate) accounts: Vec<ClientIx>,
    /// Whether it is known who it is; its accounts trade only then.
    pub(crate) kyc: KycStatus,
    pub(crate) commission: Commission,
    /// What it traded, which fee schedules go by.
    pub(crate) volumes: Volumes,
    pub(crate) self_trade: SelfTrade,
    pub(crate) book: LimitBook,
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
