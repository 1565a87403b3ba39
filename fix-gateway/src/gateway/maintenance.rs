//! What sessions are told before a planned stop.

use super::Gateway;
use crate::translate_out::maintenance;
use crate::{Application, Statistics};
use fix_session::{Now, Outgoing};

impl<A: Application> Gateway<A> {
    /// News(B) `MAINTENANCE` to every session that is logged on.
    pub(crate) fn announce_stop(&mut self, seconds: u32, now: Now) {
        if self.failed.is_some() {
            return;
        }
        for index in 0..self.links.len() {
            if self.links[index].session.is_established() {
                self.turn(index, now, |session, turn| {
                    session.send(now, Outgoing::new(b"B"), |out| maintenance(out, seconds), turn)
                });
                Statistics::add(&self.statistics.reports_out, 1);
            }
        }
        self.commit();
    }
}
