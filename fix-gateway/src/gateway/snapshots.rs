//! The gateway's own state at a position, taken when due and good once the log is durable so far.

use super::Gateway;
use crate::Application;
use crate::cancel_on_disconnect::Protection;
use crate::link::Link;
use crate::snapshot::{SessionSnapshot, Snapshot};

impl<A: Application> Gateway<A> {
    pub(super) fn snapshot_when_due(&mut self) {
        let due = self.appended_end - self.snapshot_at >= self.config.snapshot_records;
        if due && self.snapshot.is_none() && self.config.snapshot_dir.is_some() {
            self.snapshot = Some(self.snapshot_now());
            self.snapshot_at = self.appended_end;
        }
    }

    /// The present state; good once the log is durable up to its `fix_from`.
    pub(crate) fn snapshot_now(&self) -> Snapshot {
        let mut snapshot = Snapshot::new(self.appended_end, self.outcomes.position().0, self.told.clone());
        snapshot.logons = self.door.replays.clone();
        snapshot.exec_index = self.exec_index.clone();
        snapshot.application = self.application.remember();
        snapshot.sessions.extend(self.links.iter().map(|link| {
            let numbers = link.session.numbers();
            SessionSnapshot {
                session: link.names.session,
                epoch: crate::link::narrow(numbers.epoch),
                next_in: numbers.next_in,
                next_out: numbers.next_out,
                journal: link.state.journal.clone(),
                backlog: link.state.backlog,
                began: link.state.began,
            }
        }));
        snapshot.sessions.extend(self.unlinked.iter().map(|(session, known)| SessionSnapshot {
            session: *session,
            epoch: crate::link::narrow(known.numbers.epoch),
            next_in: known.numbers.next_in,
            next_out: known.numbers.next_out,
            journal: known.journal.clone(),
            backlog: known.backlog,
            began: known.began,
        }));
        snapshot.definitions = self.definitions.clone();
        snapshot.defined_from = self.defined_until.max(self.outcomes.position().0);
        let is_on = |link: &&Link| link.state.watch.protection != Protection::Off;
        let protection = |link: &Link| (link.names.session, link.state.watch.protection.clone());
        snapshot.protections.extend(self.links.iter().filter(is_on).map(protection));
        snapshot
    }

    /// A snapshot that may be written now.
    pub(crate) fn take_snapshot(&mut self) -> Option<Snapshot> {
        let durable = self.log.durable().0;
        self.snapshot.take_if(|snapshot| snapshot.fix_from <= durable)
    }
}
