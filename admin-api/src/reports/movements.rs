//! Movements of money: what was asked for, and how far it was.

use super::error::ReportError;
use super::report::column;
use super::source::{Query, Source, is_wanted};
use super::spool::Rows;
use crate::word::word;
use assay_reports::Column;
use assay_reports::ColumnKind::{Decimal, Text, Time};
use assay_trading_types::{Movement, ReportParameters};

pub(super) const MOVEMENTS: &[Column] = &[
    column("movement", Text, "Its id."),
    column("kind", Text, "`deposit`, `withdrawal`, `transfer` and so on."),
    column("created", Time, "When it was asked for."),
    column("firm", Text, "Whose it is."),
    column("account", Text, "The account it is for or from."),
    column("asset", Text, "Currency or symbol."),
    column("amount", Decimal, "How much."),
    column("fee", Decimal, "What it costs the account on top."),
    column("status", Text, "How far it was: `pending` and `processing` are open."),
    column("method", Text, "The way in or out."),
    column("beneficiary", Text, "Where to, of a withdrawal."),
    column("to_firm", Text, "Who gets it, of a transfer."),
    column("to_account", Text, "The account of that firm."),
    column("by", Text, "Who asked."),
    column("expires", Time, "Until when somebody must have decided, or a deposit have arrived."),
];

/// What can change afterwards is read from the events below the position, the rest from the movement.
pub(super) fn movements(
    source: &Source,
    p: &ReportParameters,
    rows: &mut Rows<'_>,
) -> Result<(), ReportError> {
    const SELECT: &str = "SELECT m.json, (SELECT e.status FROM movement_event e WHERE e.movement = m.id AND e.position < ? \
         ORDER BY e.position DESC LIMIT 1) AS status_then FROM movement m WHERE status_then IS NOT NULL ORDER BY m.place";
    source.each(Query::new(SELECT).integer(source.position().0.cast_signed()), |row| {
        let json: String = row.get("json")?;
        let m: Movement =
            serde_json::from_str(&json).map_err(|_| rusqlite::Error::InvalidColumnName(json))?;
        let in_span = m.created >= p.from && m.created < p.to;
        let asset = m.asset.as_str();
        let is_payers = is_wanted(p, m.firm.as_str(), m.account.as_str(), asset);
        let is_receivers = m.to.is_some_and(|to| is_wanted(p, to.firm.as_str(), to.account.as_str(), asset));
        if !in_span || !(is_payers || is_receivers) {
            return Ok(());
        }
        rows.put([
            m.id.to_string().into(),
            word(&m.id.kind()).as_ref().into(),
            m.created.into(),
            m.firm.as_str().into(),
            m.account.as_str().into(),
            m.asset.as_str().into(),
            m.amount.into(),
            m.fee.into(),
            row.get::<_, String>("status_then")?.into(),
            m.method.map(|method| method.name()).into(),
            m.beneficiary.map(|id| id.to_string()).into(),
            m.to.map(|to| to.firm.to_string()).into(),
            m.to.map(|to| to.account.to_string()).into(),
            m.by.as_str().into(),
            m.expires.into(),
        ])
    })
}
