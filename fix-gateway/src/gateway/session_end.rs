//! What sessions are told before their hours end (A-06, T-03).

use super::Gateway;
use crate::translate_out::session_end;
use crate::{Application, Statistics};
use assay_trading_types::Timestamp;
use fix_session::{Now, Outgoing};

/// How long before the end they are told.
const NOTICE_NS: i64 = 60_000_000_000;

/// Hours are looked at again after this long at the latest: the wall clock may have been set meanwhile (T-09).
const LOOK_AGAIN_NS: i64 = 60_000_000_000;

/// A session that is about to end and has not logged on yet is looked at again after this long.
const LOGON_NS: i64 = 1_000_000_000;

impl<A: Application> Gateway<A> {
    /// News(B) `SESSION_END` to session `index`, once for each connection, when its hours are nearly over.
    pub(super) fn announce_end(&mut self, index: usize, now: Now) {
        let link = &mut self.links[index];
        let Some(connection) = &mut link.state.connection else { return };
        if connection.hours_at.is_none_or(|at| at > now.mono_ns) {
            return;
        }
        connection.hours_at = None;
        let interval = link.spec.schedule.as_ref().and_then(|schedule| schedule.interval_at(now.utc_ns));
        let Some(end_ns) = interval.map(|interval| interval.end_ns) else { return };
        let left_ns = end_ns.saturating_sub(now.utc_ns);
        if left_ns <= NOTICE_NS && link.session.is_established() {
            return self.tell_end(index, Timestamp::from_ns(end_ns), now);
        }
        let wait_ns = left_ns.saturating_sub(NOTICE_NS).clamp(LOGON_NS, LOOK_AGAIN_NS);
        connection.hours_at = Some(now.mono_ns + wait_ns.unsigned_abs());
    }

    fn tell_end(&mut self, index: usize, end: Timestamp, now: Now) {
        self.turn(index, now, |session, turn| {
            session.send(now, Outgoing::new(b"B"), |out| session_end(out, end), turn)
        });
        Statistics::add(&self.statistics.reports_out, 1);
        self.commit();
    }
}
