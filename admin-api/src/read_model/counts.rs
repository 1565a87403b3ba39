//! How many orders and prices there were (OPS-6): counted while they are written, for counting ten million rows takes seconds.

use super::ReadModel;
use super::trading::run;
use assay_event_log::Record;
use assay_trading_types::{Event, ExecType, OrdStatus, Timestamp};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Seconds that orders are counted by.
const WINDOW_S: i64 = 60;

const NS_PER_S: i64 = 1_000_000_000;

/// Newest orders that are looked through after a start for those of the last minute; beyond it the rate of that minute is too
/// low until a minute has passed.
const LOOKED_THROUGH_MAX: i64 = 1_000_000;

/// What there was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Orders that came to a market.
    pub(crate) orders: u64,
    /// Those of them that were filled to the end.
    pub(crate) filled: u64,
    /// Reference prices.
    pub(crate) prices: u64,
    /// Orders of each second of the newest minute.
    by_second: BTreeMap<i64, u64>,
}

impl Counts {
    /// Orders in the minute up to `now`.
    pub(crate) fn last_minute(&self, now: Timestamp) -> u64 {
        let second = now.as_ns() / NS_PER_S;
        self.by_second.range(second - WINDOW_S + 1..=second).map(|(_, orders)| orders).sum()
    }

    fn note(&mut self, record: &Record, event: &Event) {
        match event {
            Event::ReferencePriceSet(_) => self.prices += 1,
            Event::ExecutionReported(e) => match &e.exec {
                ExecType::New => {
                    self.orders += 1;
                    self.note_second(record.at.as_ns() / NS_PER_S);
                }
                ExecType::Trade(_) if e.status == OrdStatus::Filled => self.filled += 1,
                _ => {}
            },
            _ => {}
        }
    }

    fn note_second(&mut self, second: i64) {
        *self.by_second.entry(second).or_default() += 1;
        if self.by_second.len() > WINDOW_S as usize {
            self.by_second.pop_first();
        }
    }
}

/// Counts, shared with those who read them.
#[derive(Debug, Clone, Default)]
pub(super) struct Counted(Arc<Mutex<Counts>>);

impl Counted {
    /// What stands in a database.
    pub(super) fn load(db: &Connection) -> rusqlite::Result<Self> {
        let number = |row: &rusqlite::Row<'_>, at| row.get::<_, i64>(at).map(i64::cast_unsigned);
        let mut counts = db.query_row("SELECT orders, filled, prices FROM counted", [], |row| {
            let (orders, filled, prices) = (number(row, 0)?, number(row, 1)?, number(row, 2)?);
            Ok(Counts { orders, filled, prices, by_second: BTreeMap::new() })
        })?;
        let sql = "SELECT created / 1000000000 AS second, count(*) FROM (SELECT created FROM trade_order ORDER BY id DESC LIMIT ?1) \
                   GROUP BY second ORDER BY second DESC LIMIT ?2";
        let mut statement = db.prepare(sql)?;
        let seconds = statement
            .query_map([LOOKED_THROUGH_MAX, WINDOW_S], |row| Ok((row.get::<_, i64>(0)?, number(row, 1)?)))?;
        counts.by_second = seconds.collect::<rusqlite::Result<_>>()?;
        Ok(Self(Arc::new(Mutex::new(counts))))
    }

    /// Counts what records say.
    pub(super) fn note<'a>(&self, records: impl Iterator<Item = (&'a Record, &'a Event)>) {
        let mut counts = self.lock();
        records.for_each(|(record, event)| counts.note(record, event));
    }

    /// Writes them.
    pub(super) fn flush(&self, db: &Connection) -> rusqlite::Result<()> {
        let Counts { orders, filled, prices, .. } = *self.lock();
        let numbers = [orders, filled, prices].map(u64::cast_signed);
        run(
            db,
            "UPDATE counted SET orders = ?1, filled = ?2, prices = ?3",
            params![numbers[0], numbers[1], numbers[2]],
        )
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReadModel {
    /// What was counted so far.
    pub(crate) fn counts(&self) -> Counts {
        self.counted.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_ns(s * NS_PER_S)
    }

    #[test]
    fn a_minute_has_sixty_seconds_and_the_older_ones_are_forgotten() {
        let mut counts = Counts::default();
        for second in 0..=60 {
            counts.note_second(second);
        }
        counts.note_second(60);
        assert_eq!(counts.by_second.len(), 60);
        assert_eq!(counts.last_minute(at(60)), 61);
        assert_eq!(counts.last_minute(at(61)), 60, "the second 1 is a minute ago");
        assert_eq!(counts.last_minute(at(119)), 2);
        assert_eq!(counts.last_minute(at(120)), 0);
    }
}
