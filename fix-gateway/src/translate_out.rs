//! Outcomes as messages (rules of engagement, sections 5 to 7 and 13). Bodies ascend by tag (V-32); nothing is allocated.

mod body;
mod execution_report;
mod fields;
mod mass;
mod news;
mod phrase;
mod positions;

use crate::carried::routing;
use assay_event_log::Record;
use assay_trading_types::{
    CancelRefused, ClOrdId, Event, ExecId, ExecType, ExecutionReported, Filled, LimitsChanged,
    MassCancelReported, MassStatusReported, OrdStatus, OrderRefused, OrderState, PositionsReported, Refusal,
    ResponseTo, SessionId, StatusReported, Timestamp, TradingStateChanged,
};
pub(crate) use execution_report::MassPart;
use execution_report::{
    ExecutionReport, Part, asked_by, detail_of, exec_type_char, fill_of, reason_of, restatement_of,
};
use fields::{order_id, text, time};
use fix_session::{Encoder, Outgoing, Routing};
pub(crate) use news::{maintenance, session_end};

/// A message that a record of `accounts` becomes.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    outcome: Outcome<'a>,
    exec_id: ExecId,
    at: Timestamp,
    part: Part,
    /// PossResend(97): said before.
    again: bool,
}

#[derive(Debug, Clone, Copy)]
enum Outcome<'a> {
    Refused(&'a OrderRefused),
    CancelRefused(&'a CancelRefused),
    Status(&'a StatusReported),
    Executed(&'a ExecutionReported),
    MassCancel(&'a MassCancelReported),
    MassStatus(&'a MassStatusReported),
    PositionsAck(&'a PositionsReported),
    Position(&'a PositionsReported, usize),
    LimitChange(&'a LimitsChanged),
    MarketState(&'a TradingStateChanged),
    NoFills(ClOrdId),
}

impl<'a> Report<'a> {
    /// The first message that a record becomes; nothing when the record concerns no counterparty.
    pub fn of(record: &Record, event: &'a Event) -> Option<Self> {
        let outcome = match event {
            Event::OrderRefused(e) => Outcome::Refused(e),
            Event::CancelRefused(e) => Outcome::CancelRefused(e),
            Event::StatusReported(e) => Outcome::Status(e),
            Event::ExecutionReported(e) => Outcome::Executed(e),
            Event::MassCancelReported(e) => Outcome::MassCancel(e),
            Event::MassStatusReported(e) => Outcome::MassStatus(e),
            Event::PositionsReported(e) if e.first == 0 => Outcome::PositionsAck(e),
            Event::PositionsReported(e) => Outcome::Position(e, 0),
            Event::LimitsChanged(e) => Outcome::LimitChange(e),
            Event::TradingStateChanged(e) => Outcome::MarketState(e),
            _ => return None,
        };
        Some(Self::new(outcome, record))
    }

    fn new(outcome: Outcome<'a>, record: &Record) -> Self {
        let exec_id = ExecId::new(record.partition, record.offset);
        Self { outcome, exec_id, at: record.at, part: Part::default(), again: false }
    }

    /// The PositionReport(AP) number `at` of a record.
    pub(crate) fn position(record: &Record, event: &'a PositionsReported, at: usize) -> Option<Self> {
        (at < event.positions.len()).then(|| Self::new(Outcome::Position(event, at), record))
    }

    /// The answer to a fill recovery that finds none.
    pub(crate) fn no_fills(record: &Record, id: ClOrdId) -> Self {
        Self::new(Outcome::NoFills(id), record)
    }

    /// The same report as a copy for a third party (A-34).
    pub(crate) fn copied(mut self) -> Self {
        self.part.copy = true;
        self
    }

    /// The same report again, as one of the answers to a fill recovery (A-36).
    pub(crate) fn recovered(mut self, place: MassPart) -> Self {
        (self.part.mass, self.again) = (Some(place), true);
        self
    }

    /// The session it goes to, where the record names one.
    pub fn session(&self) -> Option<SessionId> {
        Some(match self.outcome {
            Outcome::Refused(e) => e.terms.session,
            Outcome::CancelRefused(e) => e.request.session,
            Outcome::Status(e) => e.request.session,
            Outcome::MassCancel(e) => e.request.session,
            Outcome::MassStatus(e) => e.request.session,
            Outcome::PositionsAck(e) | Outcome::Position(e, _) => e.request.session,
            Outcome::Executed(e) => asked_by(&e.exec).map_or(e.terms.session, |ids| ids.request.session),
            Outcome::LimitChange(_) | Outcome::MarketState(_) | Outcome::NoFills(_) => return None,
        })
    }

    /// MsgType(35), PossResend(97) and routing: the order's own, reversed, with sub ids and locations where that is agreed
    /// (V-30); on a copy whose report it was, OnBehalfOfCompID(115).
    pub fn outgoing(&self, swap_sub_ids: bool) -> Outgoing<'a> {
        let routing = match self.part.copy {
            true => Routing { on_behalf_of_comp_id: self.entered_by(), ..Routing::default() },
            false => self.routing(swap_sub_ids),
        };
        Outgoing { msg_type: self.msg_type(), poss_resend: self.again, routing }
    }

    /// MsgType(35).
    pub fn msg_type(&self) -> &'static [u8] {
        match self.outcome {
            Outcome::CancelRefused(_) => b"9",
            Outcome::MassCancel(_) => b"r",
            Outcome::PositionsAck(_) => b"AO",
            Outcome::Position(..) => b"AP",
            Outcome::LimitChange(_) | Outcome::MarketState(_) => b"B",
            Outcome::Refused(_)
            | Outcome::Status(_)
            | Outcome::Executed(_)
            | Outcome::MassStatus(_)
            | Outcome::NoFills(_) => b"8",
        }
    }

    /// CompID of the counterparty whose order is reported.
    fn entered_by(&self) -> &'a [u8] {
        let session = match self.outcome {
            Outcome::Refused(e) => e.terms.session.as_str(),
            Outcome::Executed(e) => e.terms.session.as_str(),
            Outcome::Status(e) => e.request.session.as_str(),
            Outcome::MassStatus(e) => e.request.session.as_str(),
            _ => "",
        };
        session.rsplit_once('/').map_or("", |(comp_id, _)| comp_id).as_bytes()
    }

    /// Whom it goes to besides the session's peer: the order's own routing, reversed (V-30).
    fn routing(&self, swap_sub_ids: bool) -> Routing<'a> {
        let carried = match self.outcome {
            Outcome::Refused(e) => e.terms.carried.as_deref(),
            Outcome::Executed(e) => e.terms.carried.as_deref(),
            Outcome::Status(e) => e.order.as_ref().and_then(|order| order.terms.carried.as_deref()),
            Outcome::MassStatus(e) => e.order.as_ref().and_then(|order| order.terms.carried.as_deref()),
            Outcome::PositionsAck(e) | Outcome::Position(e, _) => e.carried.as_deref(),
            _ => None,
        };
        carried.map_or_else(Routing::default, |carried| routing(carried, swap_sub_ids))
    }

    /// Appends the body.
    pub fn write(&self, out: &mut Encoder) {
        match self.outcome {
            Outcome::Refused(e) => self.refused(e, out),
            Outcome::CancelRefused(e) => self.cancel_refused(e, out),
            Outcome::Status(e) => self.status(e, out),
            Outcome::Executed(e) => self.executed(e, out),
            Outcome::MassCancel(e) => mass::report(e, self.at, out),
            Outcome::MassStatus(e) => self.mass_status(e, out),
            Outcome::PositionsAck(e) => positions::acknowledgement(e, self.exec_id, out),
            Outcome::Position(e, at) => positions::report(e, at, self.exec_id, self.at, out),
            Outcome::LimitChange(e) => news::limit_change(e, out),
            Outcome::MarketState(e) => news::market_state(e, out),
            Outcome::NoFills(id) => mass::no_trades(id, self.at, out),
        }
    }

    fn refused(&self, e: &OrderRefused, out: &mut Encoder) {
        let report = ExecutionReport {
            exec_id: Some(self.exec_id),
            order_id: None,
            cl_ord_id: e.terms.cl_ord_id,
            orig_cl_ord_id: None,
            exec_type: b'8',
            status: OrdStatus::Rejected,
            terms: &e.terms,
            filled: Filled::default(),
            fill: None,
            exec_ref_id: None,
            refusal: Some(e.refusal),
            restatement: None,
            text: Some((e.refusal, &e.detail)),
            ord_status_req_id: None,
            working: None,
            part: self.part,
            at: self.at,
        };
        report.write(out);
    }

    fn executed(&self, e: &ExecutionReported, out: &mut Encoder) {
        let (mut cl_ord_id, mut orig_cl_ord_id) = (e.terms.cl_ord_id, None);
        if let Some(ids) = asked_by(&e.exec) {
            (cl_ord_id, orig_cl_ord_id) = (ids.cl_ord_id, Some(ids.orig_cl_ord_id));
        }
        let reason = reason_of(&e.exec);
        let (fill, exec_ref_id) = fill_of(&e.exec);
        let refusal = match &e.exec {
            ExecType::Rejected { reason } => Some(*reason),
            _ => None,
        };
        let report = ExecutionReport {
            exec_id: Some(self.exec_id),
            // A rejected order never existed (A-11, M-02).
            order_id: refusal.is_none().then_some(e.order_id),
            cl_ord_id,
            orig_cl_ord_id,
            exec_type: exec_type_char(&e.exec),
            status: e.status,
            terms: &e.terms,
            filled: e.filled,
            fill,
            exec_ref_id,
            refusal,
            restatement: restatement_of(&e.exec),
            text: reason.map(|r| (r, detail_of(&e.exec).unwrap_or_default())),
            ord_status_req_id: None,
            working: e.working,
            part: self.part,
            at: self.at,
        };
        report.write(out);
    }

    fn status(&self, e: &StatusReported, out: &mut Encoder) {
        let Some(order) = &e.order else { return self.status_unknown(e, out) };
        let report = ExecutionReport {
            cl_ord_id: e.cl_ord_id,
            ord_status_req_id: e.ord_status_req_id.as_deref(),
            ..self.as_it_stands(order)
        };
        report.write(out);
    }

    fn mass_status(&self, e: &MassStatusReported, out: &mut Encoder) {
        let Some(order) = &e.order else { return mass::none_found(e, self.at, out) };
        let place = MassPart { id: e.mass_status_req_id, total: e.total.into(), last: e.last };
        let report =
            ExecutionReport { part: Part { mass: Some(place), ..self.part }, ..self.as_it_stands(order) };
        report.write(out);
    }

    /// ExecType(150)=I: the present state, which changes nothing (M-30).
    fn as_it_stands<'o>(&self, order: &'o OrderState) -> ExecutionReport<'o> {
        ExecutionReport {
            exec_id: None,
            order_id: Some(order.order_id),
            cl_ord_id: order.terms.cl_ord_id,
            orig_cl_ord_id: None,
            exec_type: b'I',
            status: order.status,
            terms: &order.terms,
            filled: order.filled,
            fill: None,
            exec_ref_id: None,
            refusal: None,
            restatement: None,
            text: None,
            ord_status_req_id: None,
            working: order.working,
            part: self.part,
            at: self.at,
        }
    }

    fn status_unknown(&self, e: &StatusReported, out: &mut Encoder) {
        let refusal = Refusal::UnknownOrder;
        out.field_u64(6, 0).field(11, e.cl_ord_id.as_str().as_bytes()).field_u64(14, 0).field(17, b"0");
        out.field(37, b"NONE").field_char(39, OrdStatus::Rejected.fix()).field_char(54, e.side.fix());
        out.field(55, mass::shown(e.symbol.as_ref()));
        text(out, refusal, "no order with this id");
        time(out, self.at);
        out.field_u64(103, refusal.ord_rej_reason().into()).field_char(150, b'I').field_u64(151, 0);
        out.field(790, e.ord_status_req_id.as_deref().unwrap_or_default().as_bytes());
    }

    fn cancel_refused(&self, e: &CancelRefused, out: &mut Encoder) {
        out.field(1, e.account.as_ref().map_or(&b""[..], |a| a.as_str().as_bytes()));
        out.field(11, e.cl_ord_id.as_str().as_bytes());
        order_id(out, e.order_id);
        out.field_char(39, e.status.fix()).field(41, e.orig_cl_ord_id.as_str().as_bytes());
        text(out, e.refusal, &e.detail);
        time(out, self.at);
        out.field_u64(102, e.refusal.cxl_rej_reason().into());
        out.field_char(
            434,
            match e.response_to {
                ResponseTo::Cancel => b'1',
                ResponseTo::Replace => b'2',
            },
        );
    }
}
