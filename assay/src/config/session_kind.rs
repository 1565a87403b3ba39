//! What a session is for and what it may do.

use super::Session;
use assay_trading_types::{AccountId, CompId};
use serde::Deserialize;

/// `kind` of a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SessionKind {
    /// Orders in, reports out.
    #[default]
    OrderEntry,
    /// Copies of the firm's reports.
    DropCopy,
    /// Prices and books.
    MarketData,
}

/// One of a session's `entitlements`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entitlement {
    /// D and G.
    Trade,
    /// q.
    MassCancel,
    /// H and AF.
    Status,
    /// AF with RecoverFromExecID(9705).
    FillRecovery,
    /// x and c.
    ReferenceData,
    /// AN.
    Positions,
    /// q and AF reach the whole firm.
    FirmScope,
    /// V.
    MarketData,
}

impl From<Entitlement> for fix_gateway::Entitlement {
    fn from(entitlement: Entitlement) -> Self {
        match entitlement {
            Entitlement::Trade => Self::Trade,
            Entitlement::MassCancel => Self::MassCancel,
            Entitlement::Status => Self::Status,
            Entitlement::FillRecovery => Self::FillRecovery,
            Entitlement::ReferenceData => Self::ReferenceData,
            Entitlement::Positions => Self::Positions,
            Entitlement::FirmScope => Self::FirmScope,
            Entitlement::MarketData => Self::MarketData,
        }
    }
}

impl Session {
    /// Pending states it is told of.
    pub(super) fn pending_rules(&self) -> fix_gateway::PendingRules {
        let (new_orders, amendments) = (self.pending_new, self.pending_reports);
        fix_gateway::PendingRules { new_orders, amendments, chain: self.chain_pending }
    }

    /// What the gateway is told that it is for.
    pub(super) fn fix_kind(&self) -> fix_gateway::SessionKind {
        match self.kind {
            SessionKind::OrderEntry => fix_gateway::SessionKind::OrderEntry,
            SessionKind::DropCopy => fix_gateway::SessionKind::DropCopy(fix_gateway::DropCopy {
                accounts: self.accounts.clone().unwrap_or_default(),
                sessions: self.copy.sessions.clone(),
                status_answers: self.copy.status,
                duplicates: self.copy.duplicates,
            }),
            SessionKind::MarketData => fix_gateway::SessionKind::MarketData(fix_gateway::MarketDataRules {
                symbols_max: self.market_data.symbols_max,
                resend: self.market_data.resend,
                single_orders: self.market_data.single_orders,
            }),
        }
    }
}

/// `copy = { ... }` of a drop copy session.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Copies {
    /// Counterparties' CompIDs whose reports it copies; all of the firm's when left out.
    pub(crate) sessions: Vec<CompId>,
    /// Status answers (150=I) too.
    pub(crate) status: bool,
    /// Refusals of used ClOrdIDs too.
    pub(crate) duplicates: bool,
}

/// `market_data = { ... }` of a market data session.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MarketData {
    /// Symbols it may be subscribed to.
    pub(crate) symbols_max: u32,
    /// Resend W and X instead of filling their place.
    pub(crate) resend: bool,
    /// It may ask for single orders, by AggregatedBook(266)=N.
    pub(crate) single_orders: bool,
}

impl Default for MarketData {
    fn default() -> Self {
        let fix_gateway::MarketDataRules { symbols_max, resend, single_orders } =
            fix_gateway::MarketDataRules::default();
        Self { symbols_max, resend, single_orders }
    }
}

/// `[[regime]]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Regime {
    /// Accounts under it.
    pub(crate) accounts: Vec<AccountId>,
    /// Tags that orders must have.
    pub(crate) fields: Vec<u32>,
    /// PartyRole(452) that orders must have.
    pub(crate) party_roles: Vec<u32>,
}

impl From<&Regime> for fix_gateway::Regime {
    fn from(regime: &Regime) -> Self {
        let Regime { accounts, fields, party_roles } = regime.clone();
        Self { accounts, fields, party_roles }
    }
}
