//! Outcomes as 8 and 9 (rules of engagement, sections 5, 6 and 13). Bodies ascend by tag (V-32); nothing is allocated.

mod body;

use assay_event_log::Record;
use assay_trading_types::{
    CancelRefused, ClOrdId, Event, ExecId, ExecType, ExecutionReported, Filled, OrdStatus, OrderId,
    OrderRefused, OrderTerms, Refusal, ResponseTo, SessionId, StatusReported, Timestamp,
};
use body::Body;
use fix_session::Encoder;

/// An outcome of `accounts` that a counterparty is told.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    outcome: Outcome<'a>,
    exec_id: ExecId,
    at: Timestamp,
}

#[derive(Debug, Clone, Copy)]
enum Outcome<'a> {
    Refused(&'a OrderRefused),
    CancelRefused(&'a CancelRefused),
    Status(&'a StatusReported),
    Executed(&'a ExecutionReported),
}

impl<'a> Report<'a> {
    /// The report that a record of `accounts` is; nothing when the record concerns no counterparty.
    pub fn of(record: &Record, event: &'a Event) -> Option<Self> {
        let outcome = match event {
            Event::OrderRefused(e) => Outcome::Refused(e),
            Event::CancelRefused(e) => Outcome::CancelRefused(e),
            Event::StatusReported(e) => Outcome::Status(e),
            Event::ExecutionReported(e) => Outcome::Executed(e),
            _ => return None,
        };
        Some(Self { outcome, exec_id: ExecId::new(record.partition, record.offset), at: record.at })
    }

    /// The session it goes to.
    pub fn session(&self) -> SessionId {
        match self.outcome {
            Outcome::Refused(e) => e.terms.session,
            Outcome::CancelRefused(e) => e.request.session,
            Outcome::Status(e) => e.request.session,
            Outcome::Executed(e) => match &e.exec {
                ExecType::Canceled { request: Some(ids), .. } | ExecType::Replaced { request: ids, .. } => {
                    ids.request.session
                }
                _ => e.terms.session,
            },
        }
    }

    /// MsgType(35).
    pub fn msg_type(&self) -> &'static [u8] {
        match self.outcome {
            Outcome::CancelRefused(_) => b"9",
            Outcome::Refused(_) | Outcome::Status(_) | Outcome::Executed(_) => b"8",
        }
    }

    /// Appends the body.
    pub fn write(&self, out: &mut Encoder) {
        match self.outcome {
            Outcome::Refused(e) => self.refused(e, out),
            Outcome::CancelRefused(e) => self.cancel_refused(e, out),
            Outcome::Status(e) => self.status(e, out),
            Outcome::Executed(e) => self.executed(e, out),
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
            refusal: Some(e.refusal),
            restatement: None,
            text: Some((e.refusal, &e.detail)),
            ord_status_req_id: None,
            at: self.at,
        };
        report.write(out);
    }

    fn executed(&self, e: &ExecutionReported, out: &mut Encoder) {
        let (mut cl_ord_id, mut orig_cl_ord_id) = (e.terms.cl_ord_id, None);
        if let ExecType::Canceled { request: Some(ids), .. } | ExecType::Replaced { request: ids, .. } =
            &e.exec
        {
            (cl_ord_id, orig_cl_ord_id) = (ids.cl_ord_id, Some(ids.orig_cl_ord_id));
        }
        let reason = reason_of(&e.exec);
        let report = ExecutionReport {
            exec_id: Some(self.exec_id),
            order_id: Some(e.order_id),
            cl_ord_id,
            orig_cl_ord_id,
            exec_type: exec_type_char(&e.exec),
            status: e.status,
            terms: &e.terms,
            filled: e.filled,
            fill: match &e.exec {
                ExecType::Trade(fill) => Some(fill),
                _ => None,
            },
            refusal: None,
            restatement: restatement_of(&e.exec),
            text: reason.map(|r| (r, detail_of(&e.exec).unwrap_or(phrase(r)))),
            ord_status_req_id: None,
            at: self.at,
        };
        report.write(out);
    }

    fn status(&self, e: &StatusReported, out: &mut Encoder) {
        let Some(order) = &e.order else { return self.status_unknown(e, out) };
        let report = ExecutionReport {
            exec_id: None,
            order_id: Some(order.order_id),
            cl_ord_id: e.cl_ord_id,
            orig_cl_ord_id: None,
            exec_type: b'I',
            status: order.status,
            terms: &order.terms,
            filled: order.filled,
            fill: None,
            refusal: None,
            restatement: None,
            text: None,
            ord_status_req_id: e.ord_status_req_id.as_deref(),
            at: self.at,
        };
        report.write(out);
    }

    fn status_unknown(&self, e: &StatusReported, out: &mut Encoder) {
        let refusal = Refusal::UnknownOrder;
        out.field_u64(6, 0).field(11, e.cl_ord_id.as_str().as_bytes()).field_u64(14, 0).field(17, b"0");
        out.field(37, b"NONE").field_char(39, OrdStatus::Rejected.fix()).field_char(54, e.side.fix());
        out.field(55, e.symbol.as_str().as_bytes());
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

/// What an ExecutionReport(8) says.
struct ExecutionReport<'a> {
    /// None: 17=0, a status answer.
    exec_id: Option<ExecId>,
    /// None: 37=NONE.
    order_id: Option<OrderId>,
    cl_ord_id: ClOrdId,
    orig_cl_ord_id: Option<ClOrdId>,
    exec_type: u8,
    status: OrdStatus,
    terms: &'a OrderTerms,
    filled: Filled,
    fill: Option<&'a assay_trading_types::Fill>,
    refusal: Option<Refusal>,
    restatement: Option<u64>,
    text: Option<(Refusal, &'a str)>,
    ord_status_req_id: Option<&'a str>,
    at: Timestamp,
}

impl ExecutionReport<'_> {
    fn write(&self, out: &mut Encoder) {
        let terms = self.terms;
        let mut body = Body::new(out, terms.carried.as_deref());
        body.echo(1, |o| _ = o.field(1, terms.account.as_str().as_bytes()));
        body.own(6, |o| _ = o.field_price(6, self.filled.avg_px()));
        body.own(11, |o| _ = o.field(11, self.cl_ord_id.as_str().as_bytes()));
        body.own(14, |o| _ = o.field_qty(14, self.filled.cum_qty));
        body.own(17, |o| match self.exec_id {
            Some(id) => _ = o.field_with(17, |out| write_display(out, id)),
            None => _ = o.field(17, b"0"),
        });
        if let Some(fill) = self.fill {
            body.own(31, |o| _ = o.field_price(31, fill.price).field_qty(32, fill.qty));
        }
        body.own(37, |o| order_id(o, self.order_id));
        body.echo(38, |o| _ = o.field_qty(38, terms.qty));
        body.own(39, |o| _ = o.field_char(39, self.status.fix()));
        body.echo(40, |o| _ = o.field_char(40, terms.ord_type.fix()));
        if let Some(id) = self.orig_cl_ord_id {
            body.own(41, |o| _ = o.field(41, id.as_str().as_bytes()));
        }
        if let Some(price) = terms.price {
            body.echo(44, |o| _ = o.field_price(44, price));
        }
        body.echo(54, |o| _ = o.field_char(54, terms.side.fix()));
        body.echo(55, |o| _ = o.field(55, terms.symbol.as_str().as_bytes()));
        if let Some((code, detail)) = self.text {
            body.own(58, |o| text(o, code, detail));
        }
        body.echo(59, |o| _ = o.field_char(59, terms.tif.fix()));
        body.own(60, |o| time(o, self.at));
        if self.fill.is_some() {
            body.own(75, |o| _ = o.field_with(75, |out| trade_date(self.at, out)));
        }
        if let Some(price) = terms.stop_px {
            body.echo(99, |o| _ = o.field_price(99, price));
        }
        if let Some(refusal) = self.refusal {
            body.own(103, |o| _ = o.field_u64(103, refusal.ord_rej_reason().into()));
        }
        body.own(150, |o| _ = o.field_char(150, self.exec_type).field_qty(151, self.filled.leaves_qty));
        if let Some(reason) = self.restatement {
            body.own(378, |o| _ = o.field_u64(378, reason));
        }
        if let Some(id) = self.ord_status_req_id {
            body.own(790, |o| _ = o.field(790, id.as_bytes()));
        }
        if let Some(fill) = self.fill {
            body.own(851, |o| _ = o.field_char(851, liquidity(fill)));
        }
        body.end();
    }
}

fn liquidity(fill: &assay_trading_types::Fill) -> u8 {
    match fill.liquidity {
        assay_trading_types::Liquidity::Added => b'1',
        assay_trading_types::Liquidity::Removed => b'2',
    }
}

fn exec_type_char(exec: &ExecType) -> u8 {
    match exec {
        ExecType::New => b'0',
        ExecType::Trade(_) => b'F',
        ExecType::Canceled { .. } => b'4',
        ExecType::Replaced { .. } => b'5',
        ExecType::Expired => b'C',
        ExecType::DoneForDay => b'3',
        ExecType::Restated { .. } => b'D',
    }
}

fn reason_of(exec: &ExecType) -> Option<Refusal> {
    match exec {
        ExecType::Canceled { reason, .. } | ExecType::Replaced { reason, .. } => *reason,
        ExecType::Restated { reason } => Some(*reason),
        ExecType::New | ExecType::Trade(_) | ExecType::Expired | ExecType::DoneForDay => None,
    }
}

fn detail_of(exec: &ExecType) -> Option<&str> {
    match exec {
        ExecType::Canceled { detail, .. } => detail.as_deref(),
        _ => None,
    }
}

/// ExecRestatementReason(378): on restatements, and on cancels that nobody who may send F asked for (M-25).
fn restatement_of(exec: &ExecType) -> Option<u64> {
    const RENEWAL: u64 = 1;
    const HALT: u64 = 6;
    const OTHER: u64 = 99;
    match exec {
        ExecType::Restated { reason: Refusal::GtRenewal } => Some(RENEWAL),
        ExecType::Restated { .. } => Some(OTHER),
        ExecType::Canceled { request: None, reason: Some(reason), .. } => match reason {
            Refusal::Halt | Refusal::Halted => Some(HALT),
            Refusal::Cod | Refusal::KillSwitch | Refusal::SelfTrade | Refusal::Operator => Some(OTHER),
            _ => None,
        },
        _ => None,
    }
}

/// Free text behind the CODE of an event nobody asked for.
fn phrase(reason: Refusal) -> &'static str {
    match reason {
        Refusal::IocRemainder => "rest of an immediate order cancelled",
        Refusal::FokUnfilled => "could not be filled whole at once",
        Refusal::QtyReduced => "quantity is what was executed, rest cancelled",
        Refusal::NoLiquidity => "nothing to trade against, rest cancelled",
        Refusal::SelfTrade => "would have traded with the same firm",
        Refusal::KillSwitch => "trading of the firm is stopped",
        Refusal::Halt | Refusal::Halted => "trading is halted",
        Refusal::MassCancel => "mass cancel",
        Refusal::Cod => "cancelled on disconnect",
        Refusal::Operator => "cancelled by an operator",
        Refusal::StopTriggered => "the stop price was reached",
        Refusal::PostOnly => "would have taken",
        Refusal::AuctionRemainder => "the auction is over, rest cancelled",
        Refusal::GtRenewal => "goes on in a new trading day",
        Refusal::MarketClosed => "the market takes no such order now",
        Refusal::ExpirePast => "its time is over",
        _ => "",
    }
}

fn order_id(out: &mut Encoder, id: Option<OrderId>) {
    match id {
        Some(id) => _ = out.field_with(37, |out| write_display(out, id)),
        None => _ = out.field(37, b"NONE"),
    }
}

/// Text(58) as `CODE: free text`.
fn text(out: &mut Encoder, code: Refusal, detail: &str) {
    out.field_with(58, |out| {
        out.extend_from_slice(code.code().as_bytes());
        if !detail.is_empty() {
            out.extend_from_slice(b": ");
            out.extend_from_slice(detail.as_bytes());
        }
    });
}

/// TransactTime(60) in microseconds.
fn time(out: &mut Encoder, at: Timestamp) {
    out.field_with(60, |out| at.write_fix(6, out));
}

/// TradeDate(75), YYYYMMDD.
fn trade_date(at: Timestamp, out: &mut Vec<u8>) {
    const DATE_CHARACTERS: usize = 8;
    let start = out.len();
    at.write_fix(0, out);
    out.truncate(start + DATE_CHARACTERS);
}

fn write_display(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    use std::io::Write;
    write!(out, "{value}").expect("memory takes every byte");
}
