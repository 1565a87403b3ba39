//! A gateway from what the log says.

use super::Gateway;
use super::protection::start_after_restart;
use crate::admission::Door;
use crate::application::{Effects, Replies};
use crate::back_off::BackOff;
use crate::definitions::Defined;
use crate::link::{Link, LinkState};
use crate::recovery::{Recovered, RecoveredSession, session_of};
use crate::throttle::Throttle;
use crate::{Application, Error, GatewayConfig, RecordBatch, SessionNames, SessionSpec, Statistics};
use assay_event_log::{EventLog, Record};
use assay_trading_types::{Position, RequestId, Timestamp, Topic};
use fix_session::{FieldIndex, Inbound, Now, Session, ValidationOptions, check_message};
use std::sync::Arc;

impl<A: Application> Gateway<A> {
    /// Takes every session's numbers from the log and asks again what a crash kept from being asked (design section 3.3).
    ///
    /// # Errors
    /// The log cannot be read or takes no records.
    pub(crate) fn recover(
        config: GatewayConfig,
        log: Arc<dyn EventLog>,
        application: A,
        statistics: Arc<Statistics>,
        now: Now,
    ) -> Result<Self, Error> {
        let mut application = application;
        let mut recovered = Recovered::read(&*log, &config, &mut application)?;
        let mut batch = RecordBatch::new();
        start_after_restart(
            &mut recovered.protections,
            &mut batch,
            config.partitions,
            Timestamp::from_ns(now.utc_ns),
        );
        let defined =
            recovered.definitions.sessions(&config.sessions, config.comp_id, config.spec_reader.as_ref());
        let links: Vec<Link> = defined
            .iter()
            .map(|Defined { spec, usable }| {
                let session = spec.session_id(config.comp_id);
                let known = recovered.sessions.remove(&session).unwrap_or_default();
                let mut link = link(spec, &config, known);
                link.state.watch.protection = recovered.protections.remove(&session).unwrap_or_default();
                link.suspended = recovered.definitions.get(spec.comp_id).suspended;
                link.usable = *usable;
                link
            })
            .collect();
        let outcomes =
            log.reader(&[Topic::Accounts, Topic::Admin], Position(recovered.accounts_from), false)?;
        let end = log.end().0;
        let door = Door::new(BackOff::new(config.back_off), recovered.logons);
        let mut gateway = Self {
            door,
            by_comp_id: links.iter().enumerate().map(|(i, l)| (l.spec.comp_id, i)).collect(),
            by_session: links.iter().enumerate().map(|(i, l)| (l.names.session, i)).collect(),
            links,
            definitions: recovered.definitions,
            defined_until: recovered.read_until,
            unlinked: recovered.sessions,
            config,
            log,
            application,
            batch,
            replies: Replies::default(),
            outcomes,
            polled: Vec::new(),
            told: recovered.told,
            ticks: [0, 0],
            appended_end: end,
            undurable: Default::default(),
            undurable_bytes: 0,
            statistics,
            failed: None,
            draining: false,
            stopping: false,
            exec_index: recovered.exec_index,
            snapshot_at: end,
            snapshot: None,
            feed: None,
            market_data_changed: Arc::default(),
        };
        for (id, record) in recovered.unasked {
            gateway.ask_again(id, &record);
        }
        gateway.tell_application();
        for index in 0..gateway.links.len() {
            gateway.settle_definition(index, now);
        }
        gateway.commit();
        match gateway.failed.take() {
            Some(error) => Err(error),
            None => Ok(gateway),
        }
    }

    /// Appends the request of a journalled message that has none, if it ever was one.
    fn ask_again(&mut self, id: RequestId, record: &Record) {
        let Some(&index) = session_of(record).and_then(|s| self.by_session.get(&s)) else { return };
        let link = &mut self.links[index];
        let profile = link.spec.profile;
        let mut fields = FieldIndex::new();
        let Ok(message) = fields.parse(&record.value, self.config.dictionary, profile) else { return };
        if check_message(&message, &ValidationOptions::for_profile(profile)).is_err() {
            return;
        }
        let inbound = Inbound {
            seq: id.seq,
            epoch: id.epoch.into(),
            next_in: record.wire.map_or(id.seq + 1, |w| w.next_seq),
            frame: &record.value,
            message,
            poss_dup: message.poss_dup(),
            poss_resend: message.poss_resend(),
        };
        let mut effects = Effects {
            batch: &mut self.batch,
            names: &link.names,
            request: id,
            at: record.at,
            requests: 0,
            too_fast: None,
            replies: &mut self.replies,
        };
        let _answered_already = self.application.message(&link.spec, &inbound, &mut effects);
        let requests = effects.requests;
        link.state.in_flight.asked(requests);
        Statistics::add(&self.statistics.in_flight, requests.into());
        self.replies.clear();
    }
}

/// A session with the numbers that it is known by.
pub(super) fn link(spec: &SessionSpec, config: &GatewayConfig, known: RecoveredSession) -> Link {
    let names = SessionNames::new(spec, config.comp_id, config.partitions);
    let RecoveredSession { numbers, journal, backlog, began } = known;
    let mut session = Session::new(spec.engine_config(config.comp_id), numbers, config.dictionary);
    session.set_queued(backlog.count);
    if let Some(began) = began {
        session.set_began(began.as_ns());
    }
    let mut state = LinkState::new(journal, backlog, began);
    state.throttle = spec.throttle.map(Throttle::new);
    let recoveries = Default::default();
    Link {
        spec: spec.clone(),
        names,
        session,
        state,
        replay: None,
        release: None,
        recoveries,
        suspended: false,
        usable: true,
        revision: 0,
        wanted: None,
    }
}
