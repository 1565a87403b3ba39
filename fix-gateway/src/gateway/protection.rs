//! Cancel on disconnect: when records begin and end the protection of a session's orders.

use super::Gateway;
use crate::cancel_on_disconnect::{Protected, Protection, Protections, set};
use crate::{Application, RecordBatch, SessionNames};
use assay_trading_types::{CancelOnDisconnectEnded, CancelWhen, CompId, SessionLoss, Timestamp};

impl<A: Application> Gateway<A> {
    /// Records what the Logon that session `index` just completed got, and that what waited for it is off.
    pub(super) fn watch(&mut self, index: usize, at: Timestamp) {
        let link = &mut self.links[index];
        if !std::mem::take(&mut link.state.watch.is_new) {
            return;
        }
        let protection = match Protected::of(&link.spec, link.state.watch.agreed) {
            Some(protected) => Protection::Watching(protected),
            None => Protection::Off,
        };
        let comp_id = link.spec.comp_id;
        self.protect(index, protection, at);
        for copied in self.copied_by(comp_id) {
            if let Protection::Started(protected) = &self.links[copied].state.watch.protection {
                let protected = protected.clone();
                self.protect(copied, Protection::Watching(protected), at);
            }
        }
    }

    /// Session `index` stands so from here on; says it if that is new.
    fn protect(&mut self, index: usize, protection: Protection, at: Timestamp) {
        let link = &mut self.links[index];
        if link.state.watch.protection == protection {
            return;
        }
        let protected = match &protection {
            Protection::Watching(protected) => Some(protected),
            Protection::Off | Protection::Started(_) => None,
        };
        let event = set(link.names.session, &link.spec, protected);
        link.state.watch.protection = protection;
        self.batch.account_event(&link.names, event, at);
    }

    /// The connection of session `index`, which was logged on, is gone.
    pub(super) fn lose(&mut self, index: usize, at: Timestamp) {
        let link = &mut self.links[index];
        let loss = link.state.watch.ending.take().unwrap_or(SessionLoss::Connection);
        let comp_id = link.spec.comp_id;
        self.start(index, loss, at);
        if loss != SessionLoss::Logout {
            for copied in self.copied_by(comp_id) {
                self.start(copied, SessionLoss::DropCopy, at);
            }
        }
    }

    /// Starts the grace of session `index` if its loss counts.
    fn start(&mut self, index: usize, loss: SessionLoss, at: Timestamp) {
        let link = &mut self.links[index];
        let Protection::Watching(protected) = &link.state.watch.protection else { return };
        let (session, firm) = (link.names.session, protected.firm);
        let orderly = loss == SessionLoss::Logout && protected.terms.when != CancelWhen::Any;
        let (event, protection) = match orderly {
            true => (CancelOnDisconnectEnded { session, firm }.into(), Protection::Off),
            false => (protected.start(session, loss, at), Protection::Started(protected.clone())),
        };
        link.state.watch.protection = protection;
        self.batch.account_event(&link.names, event, at);
    }

    /// Sessions that are logged on and whose drop copy session is `comp_id`.
    fn copied_by(&self, comp_id: CompId) -> Vec<usize> {
        let is_copied = |index: &usize| {
            let link = &self.links[*index];
            link.spec.cancel_on_disconnect.drop_copy == Some(comp_id) && link.session.is_established()
        };
        (0..self.links.len()).filter(is_copied).collect()
    }
}

/// Sessions that were logged on when the gateway went down are lost by that. Their grace begins now, when they can
/// come back.
pub(super) fn start_after_restart(
    protections: &mut Protections,
    batch: &mut RecordBatch,
    partitions: u16,
    at: Timestamp,
) {
    let mut lost: Vec<_> = protections.iter_mut().collect();
    lost.sort_unstable_by_key(|(session, _)| **session);
    for (session, protection) in lost {
        if let Protection::Watching(protected) = protection {
            let names = SessionNames::of(*session, protected.firm, partitions);
            batch.account_event(&names, protected.start(*session, SessionLoss::Restart, at), at);
            *protection = Protection::Started(protected.clone());
        }
    }
}
