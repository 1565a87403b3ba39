//! What reports there are, and who may see which.

use super::error::ReportError;
use super::source::Source;
use super::spool::Rows;
use super::{books, business, lending, movements, people, positions, reconciliation, risk, trading, trail};
use crate::operation::{Access, LEDGER_READ, LOANS_READ, REVIEW, Scope, TRADING_READ};
use assay_reports::{Column, ColumnKind};
use assay_trading_types::UserRole::{Admin, Auditor, Compliance, KycReviewer, LoanOfficer, Operations, Risk};
use assay_trading_types::{ReportParameters, UserRole};

/// What a report can be narrowed by, besides its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Narrowing {
    Firm,
    Account,
    Symbol,
    AtLeast,
    Actor,
    Kind,
    Key,
    Object,
}

impl Narrowing {
    /// Its parameter.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Firm => "firm",
            Self::Account => "account",
            Self::Symbol => "symbol",
            Self::AtLeast => "at_least",
            Self::Actor => "actor",
            Self::Kind => "kind",
            Self::Key => "key",
            Self::Object => "object",
        }
    }
}

/// A report.
pub(crate) struct Report {
    /// Its name: lower-case words joined by `-`.
    pub(crate) name: &'static str,
    /// What stands over it.
    pub(crate) title: &'static str,
    /// What it says, and of which time: `from` and `to` bound what happened, or `to` says as of when.
    pub(crate) about: &'static str,
    /// Who may see it, of whom.
    pub(crate) audience: Access,
    /// What it can be narrowed by.
    pub(crate) takes: &'static [Narrowing],
    /// Its columns.
    pub(crate) columns: &'static [Column],
    /// Makes its rows.
    pub(crate) fill: fn(&Source, &ReportParameters, &mut Rows<'_>) -> Result<(), ReportError>,
}

impl Report {
    /// The widest that roles see of it; nothing when they may not.
    pub(crate) fn scope_of<'a>(&self, roles: impl IntoIterator<Item = &'a UserRole>) -> Option<Scope> {
        self.audience.scope_of(roles)
    }
}

/// A column.
pub(super) const fn column(name: &'static str, kind: ColumnKind, about: &'static str) -> Column {
    Column { name, kind, about }
}

/// The report of a name.
pub(crate) fn found(name: &str) -> Option<&'static Report> {
    REPORTS.iter().find(|report| report.name == name)
}

/// Who looks after controls.
const CONTROLS: Access = Access::Roles(&[
    (Admin, Scope::All),
    (Risk, Scope::All),
    (Compliance, Scope::All),
    (Auditor, Scope::All),
]);

/// Who knows clients.
const KYC: Access =
    Access::Roles(&[(KycReviewer, Scope::All), (Compliance, Scope::All), (Auditor, Scope::All)]);

/// The loan book as a whole.
const LOAN_STAFF: Access = Access::Roles(&[
    (LoanOfficer, Scope::All),
    (Admin, Scope::All),
    (Operations, Scope::All),
    (Risk, Scope::All),
    (Compliance, Scope::All),
    (Auditor, Scope::All),
]);

const OF_FIRMS: &[Narrowing] = &[Narrowing::Firm];
const OF_ACCOUNTS: &[Narrowing] = &[Narrowing::Firm, Narrowing::Account];
const OF_ORDERS: &[Narrowing] = &[Narrowing::Firm, Narrowing::Account, Narrowing::Symbol];

/// Every report.
pub(crate) const REPORTS: &[Report] = &[
    Report {
        name: "trade-blotter",
        title: "Trade blotter",
        about: "Every fill that happened from `from` on and before `to`, as it stands at the position: undone and corrected ones say so.",
        audience: TRADING_READ,
        takes: OF_ORDERS,
        columns: trading::BLOTTER,
        fill: trading::blotter,
    },
    Report {
        name: "order-ratios",
        title: "Order and cancel ratios",
        about: "Orders, changes, cancels, refusals and trades between `from` and `to` by account and symbol, and how they relate.",
        audience: TRADING_READ,
        takes: OF_ORDERS,
        columns: trading::RATIOS,
        fill: trading::ratios,
    },
    Report {
        name: "large-orders",
        title: "Large orders",
        about: "Orders and changes between `from` and `to` worth at least `at_least` (1,000,000 without it) at their price, or at the reference price where they have none.",
        audience: TRADING_READ,
        takes: &[Narrowing::Firm, Narrowing::Account, Narrowing::Symbol, Narrowing::AtLeast],
        columns: trading::LARGE,
        fill: trading::large,
    },
    Report {
        name: "rejected-orders",
        title: "Rejected orders",
        about: "Orders, changes and cancels that were refused between `from` and `to`, and why.",
        audience: TRADING_READ,
        takes: OF_ORDERS,
        columns: trading::REJECTED,
        fill: trading::rejected,
    },
    Report {
        name: "positions",
        title: "Positions",
        about: "What accounts have of instruments at `to`, what it cost on average and what it is worth. Units that came otherwise than by a trade cost the reference price of then.",
        audience: TRADING_READ,
        takes: OF_ORDERS,
        columns: positions::POSITIONS,
        fill: positions::positions,
    },
    Report {
        name: "profit-and-loss",
        title: "Profit and loss",
        about: "What trades between `from` and `to` realised, and what was unrealised at `to`, by account and instrument, at average cost and first in, first out. Fills as they stand at the position.",
        audience: TRADING_READ,
        takes: OF_ORDERS,
        columns: positions::PROFIT,
        fill: positions::profit,
    },
    Report {
        name: "fees",
        title: "Fees",
        about: "What the house earned of accounts between `from` and `to`: commission, fees, spreads, interest and fees of loans.",
        audience: TRADING_READ,
        takes: OF_ACCOUNTS,
        columns: books::FEES,
        fill: books::fees,
    },
    Report {
        name: "movements",
        title: "Movements of money",
        about: "Deposits, withdrawals, transfers and the like that were asked for between `from` and `to`, and how far each was.",
        audience: TRADING_READ,
        takes: &[Narrowing::Firm, Narrowing::Account],
        columns: movements::MOVEMENTS,
        fill: movements::movements,
    },
    Report {
        name: "exposure",
        title: "Exposure against limits",
        about: "Positions and open orders of accounts and firms at `to`, beside the limits in force then. A limit counts in each currency by itself.",
        audience: TRADING_READ,
        takes: OF_ORDERS,
        columns: risk::EXPOSURE,
        fill: risk::exposure,
    },
    Report {
        name: "limit-changes",
        title: "Changes, overrides and stops",
        about: "Every change of limits, override, stop, restriction, standing of an account and alarm between `from` and `to`, with who asked and who decided.",
        audience: CONTROLS,
        takes: OF_FIRMS,
        columns: risk::CHANGES,
        fill: risk::changes,
    },
    Report {
        name: "limit-breaches",
        title: "Breaches of limits",
        about: "What risk controls refused between `from` and `to`, by account and control.",
        audience: CONTROLS,
        takes: OF_ORDERS,
        columns: risk::BREACHES,
        fill: risk::breaches,
    },
    Report {
        name: "kyc-status",
        title: "Identity files",
        about: "Every identity file as it stood at `to`, and how far its subject is proven. It holds no personal data.",
        audience: KYC,
        takes: OF_FIRMS,
        columns: people::KYC,
        fill: people::kyc,
    },
    Report {
        name: "access-rights",
        title: "Access review",
        about: "Every user at `to`: roles, logins, keys, second factor, and whether it is dormant.",
        audience: REVIEW,
        takes: OF_FIRMS,
        columns: people::ACCESS,
        fill: people::access,
    },
    Report {
        name: "admin-actions",
        title: "Actions of the back office",
        about: "Every command decided between `from` and `to`: who asked, from where, and what became of it.",
        audience: REVIEW,
        takes: &[],
        columns: people::ACTIONS,
        fill: people::actions,
    },
    Report {
        name: "audit-trail",
        title: "Audit trail",
        about: "Every record of the log between `from` and `to`, with who caused it and its hash.",
        audience: REVIEW,
        takes: &[Narrowing::Actor, Narrowing::Kind, Narrowing::Key, Narrowing::Object],
        columns: trail::TRAIL,
        fill: trail::trail,
    },
    Report {
        name: "business-summary",
        title: "Business summary",
        about: "Orders, their success, trades, volume and revenue of each day between `from` and `to`, by currency.",
        audience: LEDGER_READ,
        takes: &[],
        columns: business::BUSINESS,
        fill: business::business,
    },
    Report {
        name: "loan-book",
        title: "Loan book",
        about: "Every loan as it stood at `to`.",
        audience: LOANS_READ,
        takes: OF_ACCOUNTS,
        columns: lending::BOOK,
        fill: lending::book,
    },
    Report {
        name: "delinquency",
        title: "Delinquency",
        about: "Loans that were paid out and not ended at `to`, by product and how late they were.",
        audience: LOAN_STAFF,
        takes: OF_FIRMS,
        columns: lending::DELINQUENCY,
        fill: lending::delinquency,
    },
    Report {
        name: "chart-of-accounts",
        title: "Chart of accounts",
        about: "Every account of the books with an entry before `to`, and what it is to the house.",
        audience: LEDGER_READ,
        takes: &[],
        columns: books::CHART,
        fill: books::chart,
    },
    Report {
        name: "journal",
        title: "Journal",
        about: "Every transfer that moved something between `from` and `to`, in the order of the log.",
        audience: LEDGER_READ,
        takes: &[],
        columns: books::JOURNAL,
        fill: books::journal,
    },
    Report {
        name: "trial-balance",
        title: "Trial balance",
        about: "What accounts had at `from`, debits and credits until `to`, and what they had then. Each asset's total is zero at both ends.",
        audience: LEDGER_READ,
        takes: &[],
        columns: books::TRIAL,
        fill: books::trial,
    },
    Report {
        name: "reconciliation",
        title: "Reconciliation",
        about: "Whether the books come to what they are made from, over everything below the position. A fill that is half way between counts as a difference until its posting is there.",
        audience: LEDGER_READ,
        takes: &[],
        columns: reconciliation::RECONCILIATION,
        fill: reconciliation::reconciliation,
    },
    Report {
        name: "balance-sheet",
        title: "Balance sheet",
        about: "What the house had, owed and was worth at `to`, by asset.",
        audience: LEDGER_READ,
        takes: &[],
        columns: books::SHEET,
        fill: books::sheet,
    },
    Report {
        name: "income-statement",
        title: "Income statement",
        about: "What the house earned and lost between `from` and `to`, by asset.",
        audience: LEDGER_READ,
        takes: &[],
        columns: books::INCOME,
        fill: books::income,
    },
];
