//! The order gateway's application: requests in, outcomes out.

use crate::translate_in::request_of;
use crate::{Answer, Application, Effects, GatewayConfig, Report, SessionSpec, Settles};
use assay_event_log::Record;
use assay_trading_types::{Event, ExecType, Origin, Topic};
use fix_session::{Inbound, Verdict};

/// D, F, G and H become requests; what becomes of them is told by 8 and 9.
#[derive(Debug, Clone, Copy, Default)]
pub struct OrderEntry;

impl OrderEntry {
    /// The application of a gateway.
    pub fn new(_config: &GatewayConfig) -> Self {
        Self
    }
}

impl Application for OrderEntry {
    const ANSWERS: bool = true;

    fn message(
        &mut self,
        session: &SessionSpec,
        inbound: &Inbound<'_>,
        effects: &mut Effects<'_>,
    ) -> Verdict {
        // News(B) is logged and not answered; a peer's BusinessMessageReject(j) undoes nothing.
        if matches!(inbound.message.msg_type(), b"B" | b"j") {
            return Verdict::Accepted;
        }
        match request_of(session, inbound, effects.request_id()) {
            Ok(event) => {
                effects.request(event);
                Verdict::Accepted
            }
            Err(verdict) => verdict,
        }
    }

    fn answer<'a>(&self, record: &'a Record, event: &'a Event) -> Option<Answer<'a>> {
        let report = Report::of(record, event)?;
        Some(Answer { session: report.session(), settles: settles(record, event), report })
    }
}

/// Which request an outcome is the first answer to.
fn settles(record: &Record, event: &Event) -> Option<Settles> {
    match event {
        Event::OrderRefused(e) => Some(Settles::Request(e.request)),
        Event::CancelRefused(e) => Some(Settles::Request(e.request)),
        Event::StatusReported(e) => Some(Settles::Request(e.request)),
        Event::ExecutionReported(e) => match &e.exec {
            ExecType::New => Some(Settles::Offset(e.order_id.offset())),
            ExecType::Canceled { request: Some(ids), .. } | ExecType::Replaced { request: ids, .. } => {
                Some(Settles::Request(ids.request))
            }
            _ => None,
        },
        _ => match record.origin {
            Some(Origin::Input { topic: Topic::Accounts, offset, .. }) => Some(Settles::Offset(offset)),
            _ => None,
        },
    }
}
