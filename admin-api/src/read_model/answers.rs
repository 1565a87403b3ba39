//! What risk answered to commands of the back office, on money, loans, and its own controls; and the market, on its trades.

use super::ReadModel;
use super::trading::run;
use assay_event_log::Record;
use assay_trading_types::{CommandId, Event, LoanId, LoanProductId, MovementId, Position};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// What became of a command.
pub(crate) enum Answered {
    /// A movement was made or changed.
    Movement(MovementId),
    /// The entry of this name in a book of beneficiaries was.
    Beneficiary(String),
    /// A loan was.
    Loan(LoanId),
    /// A loan product was.
    Product(LoanProductId),
    /// What the command names: a switch, limits, a locate, a breaker, or a trade as `AAPL-17`.
    Taken(String),
    /// Nothing was.
    Refused {
        /// Why.
        code: String,
        /// In words.
        detail: String,
    },
}

impl Answered {
    /// What was made or changed; nothing for a refusal.
    pub(crate) fn subject(&self) -> Option<String> {
        match self {
            Self::Movement(id) => Some(id.to_string()),
            Self::Loan(id) => Some(id.to_string()),
            Self::Product(id) => Some(id.to_string()),
            Self::Beneficiary(name) | Self::Taken(name) => Some(name.clone()),
            Self::Refused { .. } => None,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Movement(_) => "movement",
            Self::Beneficiary(_) => "beneficiary",
            Self::Loan(_) => "loan",
            Self::Product(_) => "product",
            Self::Taken(_) => "taken",
            Self::Refused { .. } => "refused",
        }
    }

    fn of(event: &Event) -> Option<(CommandId, Self)> {
        let refused =
            |code: &str, detail: &str| Self::Refused { code: code.to_owned(), detail: detail.to_owned() };
        Some(match event {
            Event::MovementChanged(e) => (e.command?, Self::Movement(e.movement.id)),
            Event::BeneficiaryChanged(e) => (e.command, Self::Beneficiary(e.beneficiary.id.to_string())),
            Event::MoneyRefused(e) => (e.command, refused(e.refusal.code(), &e.detail)),
            Event::LoanChanged(e) => (e.command?, Self::Loan(e.loan.id)),
            Event::LoanProductChanged(e) => (e.command, Self::Product(e.product.id)),
            Event::LoanRefused(e) => (e.command, refused(e.refusal.code(), &e.detail)),
            Event::RiskCommandTaken(e) => (e.command, Self::Taken(e.subject.clone())),
            Event::TradeAmendmentTaken(e) => (e.command, Self::Taken(format!("{}-{}", e.symbol, e.trade))),
            Event::TradeAmendmentRefused(e) => (e.command?, refused(e.refusal.code(), "")),
            Event::RiskCommandRefused(e) => (e.command?, refused(e.refusal.code(), &e.detail)),
            _ => return None,
        })
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (kind, subject): (String, String) = (row.get("kind")?, row.get("subject")?);
        let read = match kind.as_str() {
            "movement" => MovementId::parse(&subject).map(Self::Movement),
            "beneficiary" => Some(Self::Beneficiary(subject)),
            "loan" => LoanId::parse(&subject).map(Self::Loan),
            "product" => LoanProductId::new(&subject).ok().map(Self::Product),
            "taken" => Some(Self::Taken(subject)),
            _ => Some(Self::Refused { code: subject, detail: row.get("detail")? }),
        };
        read.ok_or_else(|| rusqlite::Error::InvalidColumnName(kind))
    }
}

/// Writes what a record of `accounts` answers to a command.
pub(super) fn apply(db: &Connection, record: &Record, event: &Event) -> rusqlite::Result<()> {
    let Some((command, answered)) = Answered::of(event) else { return Ok(()) };
    let (subject, detail) = match &answered {
        Answered::Refused { code, detail } => (Some(code.clone()), Some(detail)),
        done => (done.subject(), None),
    };
    let sql = "INSERT OR REPLACE INTO answer VALUES (?1, ?2, ?3, ?4, ?5)";
    let position = record.position.0.cast_signed();
    run(db, sql, params![command.as_str(), position, answered.kind(), subject, detail])
}

/// What was answered to a command below a position.
pub(crate) fn answer_below(
    db: &Connection,
    command: &CommandId,
    below: Position,
) -> rusqlite::Result<Option<Answered>> {
    let sql = "SELECT kind, subject, detail FROM answer WHERE command = ?1 AND position < ?2";
    let values = params![command.as_str(), below.0.cast_signed()];
    db.prepare_cached(sql)?.query_row(values, Answered::read).optional()
}

impl ReadModel {
    /// What risk answered to a command, if it has.
    pub(crate) fn answer(&self, command: &CommandId) -> rusqlite::Result<Option<Answered>> {
        answer_below(&self.connection(), command, Position(i64::MAX.cast_unsigned()))
    }
}
