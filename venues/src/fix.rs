//! A venue behind a FIX 4.4 session.

mod counted_store;
mod desk;
mod encode;

use crate::{Error, Heard, Venue};
use assay_trading_types::{Timestamp, VenueAsk, VenueId, VenueRequested};
use counted_store::{CountedStore, Counts};
use desk::BrokerDesk;
use fix_gateway::client::{FileStore, Initiator, InitiatorConfig};
use fix_session::Outgoing;
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

/// What a FIX venue is told before it starts.
#[derive(Debug, Clone)]
pub struct FixVenueConfig {
    /// Its name.
    pub venue: VenueId,
    /// The session and where to connect.
    pub initiator: InitiatorConfig,
    /// Account(1) of ours there.
    pub account: String,
    /// Where the session is kept.
    pub dir: PathBuf,
}

/// An initiator's session with a broker.
pub struct FixVenue {
    venue: VenueId,
    account: String,
    initiator: Initiator<BrokerDesk<FileStore>, CountedStore<FileStore>>,
    counts: Rc<Counts>,
}

impl FixVenue {
    /// A session that continues where its file ended, not connected yet.
    ///
    /// # Errors
    /// The file cannot be used.
    pub fn open(config: FixVenueConfig) -> Result<Self, Error> {
        let FixVenueConfig { venue, initiator, account, dir } = config;
        let session = &initiator.session;
        let store =
            FileStore::open(&session_file(&dir, &venue), &session.sender_comp_id, &session.target_comp_id)?;
        let counts = Rc::<Counts>::default();
        let store = Rc::new(RefCell::new(store));
        let desk = BrokerDesk::new(Rc::clone(&store));
        let initiator = Initiator::new(initiator, CountedStore::new(store, Rc::clone(&counts)), desk);
        Ok(Self { venue, account, initiator, counts })
    }
}

/// Where a venue's session is kept.
fn session_file(dir: &Path, venue: &VenueId) -> PathBuf {
    dir.join(format!("{venue}.session"))
}

impl Venue for FixVenue {
    fn turn(&mut self, wait: Duration) -> Result<(), Error> {
        self.initiator.turn(wait);
        match self.initiator.store_fault() {
            Some(fault) => Err(Error::Store { venue: self.venue, what: fault.to_string() }),
            None => Ok(()),
        }
    }

    fn is_up(&self) -> bool {
        self.initiator.is_established()
    }

    fn ask(&mut self, request: &VenueRequested, at: Timestamp) {
        let again = matches!(request.ask, VenueAsk::New { again: true, .. });
        let msg_type = encode::msg_type(&request.ask);
        let outgoing = Outgoing { poss_resend: again, ..Outgoing::new(msg_type) };
        let account = &self.account;
        self.initiator.send(outgoing, |out| encode::body(request, account, at, out));
    }

    fn take_heard(&mut self) -> Vec<Heard> {
        self.counts.taken();
        std::mem::take(&mut self.initiator.desk().heard)
    }

    fn heard_is_durable(&mut self) {
        self.counts.durable();
    }

    fn leave(&mut self) {
        self.initiator.logout();
    }

    fn has_left(&self) -> bool {
        !self.initiator.is_connected()
    }
}
