//! The order gateway's application: requests in, outcomes out, copies of outcomes to those entitled to them.

use crate::application::Publication;
use crate::market_data::{MarketData, Tape};
use crate::pending::Pendings;
use crate::reference_data::ReferenceData;
use crate::session_kind::admit;
use crate::translate_in::request_of;
use crate::{
    Answer, Application, DropCopy, Effects, GatewayConfig, Report, SessionKind, SessionSpec, Settles,
};
use assay_event_log::Record;
use assay_trading_types::{
    AccountId, CompId, Event, ExecType, FirmId, Kind, LimitScope, LimitsCause, OrderTerms, Origin, Refusal,
    RequestId, SessionId, Topic,
};
use fix_session::{Inbound, Verdict};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// D, F, G, H, q, AF and AN become requests; what becomes of them is told by 8, 9, r, AO and AP. x and c are answered at
/// once from what is listed, V from what the market shows.
#[derive(Debug, Clone, Default)]
pub struct OrderEntry {
    ours: Option<CompId>,
    firms: FxHashMap<FirmId, FirmSessions>,
    /// Order entry sessions that may name an account.
    accounts: FxHashMap<AccountId, Vec<SessionId>>,
    /// Order entry and market data sessions of all firms.
    everybody: Vec<SessionId>,
    listed: ReferenceData,
    /// Whether any session is told of pending requests.
    tells_pending: bool,
    /// The log is being read, and it may hold sessions that are told and that nobody has named yet.
    is_recovering: bool,
    pendings: Pendings,
    market_data: MarketData,
    /// Whether any session may ask for market data.
    shows_market: bool,
}

/// Sessions of one firm besides the one that an outcome is for.
#[derive(Debug, Clone, Default)]
struct FirmSessions {
    entry: Vec<SessionId>,
    copies: Vec<(SessionId, DropCopy)>,
}

impl OrderEntry {
    /// The application of a gateway.
    pub fn new(config: &GatewayConfig) -> Self {
        let mut entry = Self::default();
        entry.know(config.sessions.iter(), config.comp_id);
        entry.is_recovering = config.spec_reader.is_some();
        entry
    }

    fn minds_pending(&self) -> bool {
        self.tells_pending || self.is_recovering
    }

    /// The sessions are these from here on. What was told as pending is told to its end, whoever asks for it now.
    fn know<'a>(&mut self, sessions: impl Iterator<Item = &'a SessionSpec>, ours: CompId) {
        let Self { listed, pendings, tells_pending, market_data, .. } = std::mem::take(self);
        let tells_pending = tells_pending || pendings != Pendings::default();
        *self = Self { ours: Some(ours), listed, pendings, tells_pending, market_data, ..Self::default() };
        for spec in sessions {
            self.tells_pending |= spec.pending.amendments;
            let session = spec.session_id(ours);
            let firm = self.firms.entry(spec.firm).or_default();
            match &spec.kind {
                SessionKind::OrderEntry => {
                    firm.entry.push(session);
                    self.everybody.push(session);
                    for account in &spec.accounts {
                        self.accounts.entry(*account).or_default().push(session);
                    }
                }
                SessionKind::DropCopy(copy) => firm.copies.push((session, copy.clone())),
                SessionKind::MarketData(_) => {
                    self.everybody.push(session);
                    self.shows_market = true;
                }
            }
        }
    }

    /// The `nth` copy of a report.
    fn copy<'a>(&self, record: &'a Record, event: &'a Event, nth: usize) -> Option<Answer<'a>> {
        let (terms, kind) = copied(event)?;
        let wants = |(_, rules): &&(SessionId, DropCopy)| self.is_wanted(rules, terms, kind);
        let (session, _) = self.firms.get(&terms.firm)?.copies.iter().filter(wants).nth(nth)?;
        let report = Report::of(record, event)?.copied();
        Some(Answer { session: *session, report, settles: None })
    }

    fn is_wanted(&self, rules: &DropCopy, terms: &OrderTerms, kind: Copied) -> bool {
        let by_kind = match kind {
            Copied::Always => true,
            Copied::Status => rules.status_answers,
            Copied::Duplicate => rules.duplicates,
        };
        let entered_by = |comp_id: &CompId| {
            let ours = self.ours.as_ref().map_or("", CompId::as_str);
            let names = terms.session.as_str().strip_suffix(ours).and_then(|text| text.strip_suffix('/'));
            names == Some(comp_id.as_str())
        };
        by_kind
            && (rules.accounts.is_empty() || rules.accounts.contains(&terms.account))
            && (rules.sessions.is_empty() || rules.sessions.iter().any(entered_by))
    }

    /// Order entry sessions whose orders these limits are about.
    fn limited_by(&self, scope: &LimitScope) -> impl Iterator<Item = SessionId> {
        let named = match scope {
            LimitScope::House => &[],
            LimitScope::Firm(firm) => self.firms.get(firm).map_or(&[][..], |firm| &firm.entry),
            LimitScope::Account(account) => self.accounts.get(account).map_or(&[][..], Vec::as_slice),
        };
        named.iter().copied()
    }

    /// News(B) for several sessions.
    fn news<'a>(&self, record: &'a Record, event: &'a Event, nth: usize) -> Option<Answer<'a>> {
        // Limits that come with a firm's opening are no change.
        const FIRST_VERSION: u64 = 1;
        let session = match event {
            Event::LimitsChanged(e) if e.version > FIRST_VERSION && e.cause != LimitsCause::Declined => {
                self.limited_by(&e.scope).nth(nth)
            }
            Event::TradingStateChanged(_) if self.listed.is_news(record.offset) => {
                self.everybody.get(nth).copied()
            }
            _ => None,
        };
        Some(Answer { session: session?, report: Report::of(record, event)?, settles: None })
    }
}

/// When an 8 is copied.
#[derive(Debug, Clone, Copy)]
enum Copied {
    Always,
    Status,
    Duplicate,
}

/// Whose order a report is about, if drop copies may want it.
fn copied(event: &Event) -> Option<(&OrderTerms, Copied)> {
    match event {
        Event::ExecutionReported(e) => Some((&e.terms, Copied::Always)),
        Event::OrderRefused(e) if e.refusal == Refusal::DupClOrdId => Some((&e.terms, Copied::Duplicate)),
        Event::OrderRefused(e) => Some((&e.terms, Copied::Always)),
        Event::StatusReported(e) => e.order.as_ref().map(|order| (&order.terms, Copied::Status)),
        Event::MassStatusReported(e) => e.order.as_ref().map(|order| (&order.terms, Copied::Status)),
        _ => None,
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
        let msg_type = inbound.message.msg_type();
        if let Err(verdict) = admit(&session.kind, session.entitlements, msg_type) {
            return verdict;
        }
        match msg_type {
            // News(B) is logged and not answered; a peer's BusinessMessageReject(j) undoes nothing.
            b"B" | b"j" => Verdict::Accepted,
            b"x" => self.listed.security_list(inbound, effects),
            b"c" => self.listed.security_definition(inbound, effects),
            b"V" => match &session.kind {
                SessionKind::MarketData(rules) => {
                    self.market_data.request(&self.listed, *rules, inbound, effects)
                }
                _ => Verdict::Unsupported,
            },
            _ => match request_of(session, &self.listed, inbound, effects.request_id()) {
                Ok(event) => {
                    effects.request(event);
                    Verdict::Accepted
                }
                Err(verdict) => verdict,
            },
        }
    }

    fn sessions_changed(&mut self, sessions: &[&SessionSpec], ours: CompId) {
        self.know(sessions.iter().copied(), ours);
    }

    fn logged_on(&mut self, session: &SessionSpec) {
        if let (Some(ours), SessionKind::MarketData(_)) = (self.ours, &session.kind) {
            self.market_data.forget(session.session_id(ours));
        }
    }

    fn tape(&self) -> Option<Arc<Tape>> {
        self.shows_market.then(|| Arc::clone(&self.market_data.tape))
    }

    fn publish(&mut self, session: SessionId, publication: &mut Publication<'_>) -> bool {
        self.market_data.publish(session, publication.0)
    }

    fn observe(&mut self, record: &Record, event: &Event) {
        self.listed.observe(record, event);
        if self.minds_pending() {
            self.pendings.observe(record.offset, event);
        }
    }

    fn as_told(&mut self, event: Arc<Event>) -> Option<Arc<Event>> {
        if self.minds_pending() { self.pendings.as_told(event) } else { Some(event) }
    }

    fn answer<'a>(&self, record: &'a Record, event: &'a Event, nth: usize) -> Option<Answer<'a>> {
        match event {
            Event::LimitsChanged(_) | Event::TradingStateChanged(_) => self.news(record, event, nth),
            Event::PositionsReported(e) => {
                let report = match nth + usize::from(e.first != 0) {
                    0 => Report::of(record, event)?,
                    after => Report::position(record, e, after - 1)?,
                };
                let settles = Some(Settles::Request(e.request));
                Some(Answer { session: e.request.session, report, settles })
            }
            _ if nth == 0 => {
                let report = Report::of(record, event)?;
                Some(Answer { session: report.session()?, settles: settles(record, event), report })
            }
            _ => self.copy(record, event, nth - 1),
        }
    }

    fn follows(&self, kind: Kind) -> bool {
        matches!(kind, Kind::InstrumentListed | Kind::TradingStateChanged)
            || self.minds_pending() && Pendings::follows(kind)
    }

    fn remember(&self) -> serde_json::Value {
        let market_data = self.market_data.tape.remember();
        let (listed, pending) = (self.listed.remember(), self.pendings.remember());
        serde_json::json!({ "listed": listed, "pending": pending, "market_data": market_data })
    }

    fn recall(&mut self, mut remembered: serde_json::Value) {
        self.listed = ReferenceData::recall(remembered["listed"].take());
        self.pendings = Pendings::recall(remembered["pending"].take());
        self.market_data.tape.recall(remembered["market_data"].take());
    }
}

/// Which request an outcome is the first answer to.
fn settles(record: &Record, event: &Event) -> Option<Settles> {
    let request = |id: RequestId| Some(Settles::Request(id));
    match event {
        Event::OrderRefused(e) => request(e.request),
        Event::CancelRefused(e) => request(e.request),
        Event::StatusReported(e) => request(e.request),
        Event::MassCancelReported(e) => request(e.request),
        Event::MassStatusReported(e) => request(e.request),
        Event::ExecutionReported(e) => match &e.exec {
            ExecType::New | ExecType::Rejected { .. } => Some(Settles::Offset(e.order_id.offset())),
            ExecType::Canceled { request: Some(ids), .. } | ExecType::Replaced { request: ids, .. } => {
                request(ids.request)
            }
            _ => None,
        },
        _ => match record.origin {
            Some(Origin::Input { topic: Topic::Accounts, offset, .. }) => Some(Settles::Offset(offset)),
            _ => None,
        },
    }
}
