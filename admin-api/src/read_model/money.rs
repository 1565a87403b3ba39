//! Movements of money, beneficiaries and rates.

use super::trading::run;
use super::{ReadModel, RowFilter, Slice};
use crate::word::word;
use assay_event_log::Record;
use assay_trading_types::loan_terms::Rate;
use assay_trading_types::{
    BalanceInterestSet, Beneficiary, CommandId, ConversionRateSet, Event, FeeScheduleSet, FirmId, Movement,
    MovementId, Symbol, Timestamp,
};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Writes what a record of `accounts` says of money.
pub(super) fn apply(db: &Connection, record: &Record, event: &Event) -> rusqlite::Result<()> {
    match event {
        Event::MovementChanged(e) => movement(db, &e.movement, e.command),
        Event::BeneficiaryChanged(e) => {
            let b = &e.beneficiary;
            let sql = "INSERT OR REPLACE INTO beneficiary VALUES (?1, ?2, ?3, ?4)";
            run(db, sql, params![b.firm.as_str(), b.id.as_str(), b.asset.as_str(), json(b)])
        }
        Event::ConversionRateSet(e) => {
            let pair = format!("{}-{}", e.from, e.to);
            let sql = "INSERT OR REPLACE INTO conversion_rate VALUES (?1, ?2, ?3)";
            run(db, sql, params![pair, json(e), record.at.as_ns()])
        }
        Event::FeeScheduleSet(e) => fee_schedule(db, e),
        Event::BalanceInterestSet(e) if e.rate == Rate::ZERO => {
            run(db, "DELETE FROM balance_interest WHERE asset = ?1", params![e.asset.as_str()])
        }
        Event::BalanceInterestSet(e) => run(
            db,
            "INSERT OR REPLACE INTO balance_interest VALUES (?1, ?2)",
            params![e.asset.as_str(), json(e)],
        ),
        _ => Ok(()),
    }
}

fn fee_schedule(db: &Connection, e: &FeeScheduleSet) -> rusqlite::Result<()> {
    let firm = e.firm.as_ref().map_or("", FirmId::as_str);
    let symbol = e.symbol.as_ref().map_or("", Symbol::as_str);
    match e.tiers.is_empty() {
        true => run(db, "DELETE FROM fee_schedule WHERE firm = ?1 AND symbol = ?2", params![firm, symbol]),
        false => {
            let sql = "INSERT OR REPLACE INTO fee_schedule VALUES (?1, ?2, ?3)";
            run(db, sql, params![firm, symbol, json(e)])
        }
    }
}

fn movement(db: &Connection, m: &Movement, command: Option<CommandId>) -> rusqlite::Result<()> {
    let sql = "INSERT INTO movement VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11) ON CONFLICT (place) DO UPDATE SET status = ?4, json = ?9";
    run(
        db,
        sql,
        params![
            m.id.place().cast_signed(),
            m.id.to_string(),
            word(&m.id.kind()),
            word(&m.status),
            m.firm.as_str(),
            m.account.as_str(),
            m.asset.as_str(),
            command.map(|command| command.to_string()),
            json(m),
            m.to.as_ref().map(|to| to.firm.to_string()),
            m.to.as_ref().map(|to| to.account.to_string()),
        ],
    )
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn from_json<T: serde::de::DeserializeOwned>(row: &Row<'_>) -> rusqlite::Result<T> {
    let json: String = row.get("json")?;
    serde_json::from_str(&json).map_err(|_| rusqlite::Error::InvalidColumnName(format!("json: {json}")))
}

/// A movement as it stands in a database.
pub(super) fn stored(db: &Connection, id: MovementId) -> rusqlite::Result<Option<Movement>> {
    let mut statement = db.prepare_cached("SELECT json FROM movement WHERE id = ?1")?;
    statement.query_row([id.to_string()], from_json).optional()
}

/// A movement as it stands.
pub(crate) struct MovementRow {
    pub(crate) movement: Movement,
}

fn movement_row(row: &Row<'_>) -> rusqlite::Result<MovementRow> {
    Ok(MovementRow { movement: from_json(row)? })
}

/// A beneficiary.
pub(crate) struct BeneficiaryRow {
    pub(crate) beneficiary: Beneficiary,
}

/// A conversion rate and since when it counts.
pub(crate) struct RateRow {
    pub(crate) rate: ConversionRateSet,
    pub(crate) at: Timestamp,
}

impl ReadModel {
    /// Movements by id, which is by time; those of a firm are also those that it gets.
    pub(crate) fn movements(
        &self,
        firm: Option<&str>,
        filter: &RowFilter,
        slice: &Slice,
    ) -> rusqlite::Result<Vec<MovementRow>> {
        let place = |id: &MovementId| id.place().cast_signed();
        let after = slice
            .after
            .as_deref()
            .map(|text| Value::Integer(MovementId::parse(text).as_ref().map_or(0, place)));
        // Each has an index in the order of the list; one condition for both has none.
        let mut rows = Vec::new();
        for party in ["firm", "to_firm"].into_iter().take(if firm.is_some() { 2 } else { 1 }) {
            let filter = filter.clone().equal(party, firm);
            rows.extend(self.rows("movement", "place", filter, after.clone(), slice, movement_row)?);
        }
        rows.sort_by_key(
            |row| if slice.descending { -place(&row.movement.id) } else { place(&row.movement.id) },
        );
        rows.dedup_by_key(|row| row.movement.id);
        rows.truncate(slice.limit);
        Ok(rows)
    }

    /// One movement.
    pub(crate) fn movement(&self, id: MovementId) -> rusqlite::Result<Option<Movement>> {
        stored(&self.connection(), id)
    }

    /// Movements that a bank, processor or chain gave this name, the newest few.
    pub(crate) fn movements_known_as(&self, name: &str) -> rusqlite::Result<Vec<Movement>> {
        let connection = self.connection();
        let sql = "SELECT json FROM movement WHERE json_extract(json, '$.external_reference') = ?1 \
                   ORDER BY place DESC LIMIT 10";
        connection.prepare_cached(sql)?.query_map([name], from_json)?.collect()
    }

    /// Beneficiaries of a firm that are not removed, by name.
    pub(crate) fn beneficiaries(&self, firm: &str) -> rusqlite::Result<Vec<BeneficiaryRow>> {
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached("SELECT json FROM beneficiary WHERE firm = ?1 ORDER BY id")?;
        let rows = statement.query_map([firm], |row| Ok(BeneficiaryRow { beneficiary: from_json(row)? }))?;
        rows.filter(|row| !row.as_ref().is_ok_and(|row| row.beneficiary.removed)).collect()
    }

    /// Fee schedules by firm and instrument, those of all first.
    pub(crate) fn fee_schedules(&self) -> rusqlite::Result<Vec<FeeScheduleSet>> {
        let connection = self.connection();
        let mut statement =
            connection.prepare_cached("SELECT json FROM fee_schedule ORDER BY firm, symbol")?;
        statement.query_map([], from_json)?.collect()
    }

    /// Rates of interest on balances by asset.
    pub(crate) fn balance_interest(&self) -> rusqlite::Result<Vec<BalanceInterestSet>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT json FROM balance_interest ORDER BY asset")?;
        statement.query_map([], from_json)?.collect()
    }

    /// Conversion rates by pair.
    pub(crate) fn conversion_rates(&self) -> rusqlite::Result<Vec<RateRow>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT * FROM conversion_rate ORDER BY pair")?;
        let read =
            |row: &Row<'_>| Ok(RateRow { rate: from_json(row)?, at: Timestamp::from_ns(row.get("at")?) });
        statement.query_map([], read)?.collect()
    }
}
