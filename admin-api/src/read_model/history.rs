//! What happened, row by row, with the position of its record: only ever added to. A report of what is below a position is
//! the same whenever it is made, and a model that was deleted and made anew has the same rows.

use super::Decoded;
use super::rows::Rows;
use super::trading::run;
use crate::word::word;
use assay_event_log::Record;
use assay_trading_types::{
    AccountId, Actor, CancelRefused, Event, ExecId, ExecType, ExecutionReported, Fill, FirmId, LimitScope,
    LimitsChanged, LoanChanged, MovementChanged, OrderId, OrderRefused, OrderTerms, Qty, SwitchScope,
    VenueTaker, VenueTraded,
};
use rusqlite::{Connection, params};

/// Writes what a record of `accounts` says, but for what became of orders.
pub(super) fn apply(db: &Connection, record: &Record, event: &Event) -> rusqlite::Result<()> {
    match event {
        Event::ReferencePriceSet(e) => {
            let sql = "INSERT OR REPLACE INTO price_event VALUES (?1, ?2, ?3, ?4)";
            let (place, at) = place(record);
            run(db, sql, params![place, at, e.symbol.as_str(), e.price.to_string()])
        }
        Event::LoanChanged(e) => loan(db, record, e),
        Event::MovementChanged(e) => movement(db, record, e),
        Event::VenueTraded(e) if e.taker == VenueTaker::Client => traded_at_venue(db, record, e),
        other => Control::of(record, other).map_or(Ok(()), |control| control.write(db, record)),
    }
}

/// Writes what became of orders.
pub(super) fn write_orders(db: &Connection, records: &[Decoded]) -> rusqlite::Result<()> {
    let mut rows = OrderEvents::into(db, "order_event", "");
    for (record, event) in records {
        let row = match &**event {
            Event::ExecutionReported(e) => Step::of(&e.exec).map(|step| reported(record, e, step)),
            Event::OrderRefused(e) => Some(refused(e)),
            Event::CancelRefused(e) => Some(cancel_refused(e)),
            _ => None,
        };
        if let Some(row) = row {
            row.write(&mut rows, record)?;
        }
    }
    rows.flush()
}

fn place(record: &Record) -> (i64, i64) {
    (record.position.0.cast_signed(), record.at.as_ns())
}

/// A step in an order's life that reports count; what is pending is none.
struct Step<'a> {
    kind: &'static str,
    fill: Option<&'a Fill>,
    code: Option<&'static str>,
    asked: bool,
}

impl<'a> Step<'a> {
    fn of(exec: &'a ExecType) -> Option<Self> {
        let step = |kind| Self { kind, fill: None, code: None, asked: false };
        Some(match exec {
            ExecType::PendingNew | ExecType::PendingCancel { .. } | ExecType::PendingReplace { .. } => {
                return None;
            }
            ExecType::New => Self { asked: true, ..step("new") },
            ExecType::Trade(fill) => Self { fill: Some(fill), ..step("trade") },
            ExecType::TradeCanceled { fill, .. } => Self { fill: Some(fill), ..step("trade_canceled") },
            ExecType::TradeCorrected { fill, .. } => Self { fill: Some(fill), ..step("trade_corrected") },
            ExecType::Canceled { request, reason, .. } => {
                Self { asked: request.is_some(), code: reason.map(|r| r.code()), ..step("canceled") }
            }
            ExecType::Replaced { reason, .. } => {
                Self { asked: true, code: reason.map(|r| r.code()), ..step("replaced") }
            }
            ExecType::Rejected { reason } => Self { code: Some(reason.code()), ..step("rejected") },
            ExecType::Expired => step("expired"),
            ExecType::DoneForDay => step("done_for_day"),
            ExecType::Restated { reason } => Self { code: Some(reason.code()), ..step("restated") },
        })
    }
}

/// Columns of `order_event`.
type OrderEvents<'c> = Rows<'c, 22>;

/// What an order, or what was none, went through: one row.
#[derive(Default)]
struct OrderEvent<'a> {
    kind: &'static str,
    order_id: Option<OrderId>,
    firm: &'a str,
    account: Option<&'a str>,
    session: &'a str,
    cl_ord_id: &'a str,
    terms: Option<&'a OrderTerms>,
    leaves_qty: Option<Qty>,
    exec: Option<ExecId>,
    fill: Option<&'a Fill>,
    code: Option<&'static str>,
    detail: Option<&'a str>,
    asked: bool,
}

impl<'a> OrderEvent<'a> {
    fn of(terms: &'a OrderTerms) -> Self {
        Self {
            firm: terms.firm.as_str(),
            account: Some(terms.account.as_str()),
            session: terms.session.as_str(),
            cl_ord_id: terms.cl_ord_id.as_str(),
            terms: Some(terms),
            ..Self::default()
        }
    }

    fn write(&self, rows: &mut OrderEvents<'_>, record: &Record) -> rusqlite::Result<()> {
        let ((place, at), t, fill) = (place(record), self.terms, self.fill);
        let liquidity = fill.map(|fill| word(&fill.liquidity));
        let (side, ord_type) = (t.map(|t| word(&t.side)), t.map(|t| word(&t.ord_type)));
        rows.put([
            place.into(),
            at.into(),
            self.kind.into(),
            self.order_id.map(|id| id.as_u64().cast_signed()).into(),
            self.firm.into(),
            self.account.into(),
            self.session.into(),
            self.cl_ord_id.into(),
            t.map(|t| t.symbol.as_str()).into(),
            side.as_deref().into(),
            ord_type.as_deref().into(),
            t.and_then(|t| t.price).into(),
            t.map(|t| t.qty).into(),
            self.leaves_qty.into(),
            self.exec.map(|exec| exec.as_u64().cast_signed()).into(),
            fill.map(|fill| fill.trade.cast_signed()).into(),
            fill.map(|fill| fill.qty).into(),
            fill.map(|fill| fill.price).into(),
            liquidity.as_deref().into(),
            self.code.into(),
            self.detail.into(),
            self.asked.into(),
        ])
    }
}

fn reported<'a>(record: &Record, e: &'a ExecutionReported, step: Step<'a>) -> OrderEvent<'a> {
    let Step { kind, fill, code, asked } = step;
    OrderEvent {
        kind,
        order_id: Some(e.order_id),
        leaves_qty: Some(e.filled.leaves_qty),
        exec: fill.map(|_| ExecId::new(record.partition, record.offset)),
        fill,
        code,
        asked,
        ..OrderEvent::of(&e.terms)
    }
}

fn refused(e: &OrderRefused) -> OrderEvent<'_> {
    OrderEvent {
        kind: "refused",
        code: Some(e.refusal.code()),
        detail: Some(&e.detail),
        asked: true,
        ..OrderEvent::of(&e.terms)
    }
}

fn cancel_refused(e: &CancelRefused) -> OrderEvent<'_> {
    OrderEvent {
        kind: "cancel_refused",
        order_id: e.order_id,
        firm: e.firm.as_str(),
        account: e.account.as_ref().map(|account| account.as_str()),
        session: e.request.session.as_str(),
        cl_ord_id: e.cl_ord_id.as_str(),
        code: Some(e.refusal.code()),
        detail: Some(&e.detail),
        asked: true,
        ..OrderEvent::default()
    }
}

fn loan(db: &Connection, record: &Record, e: &LoanChanged) -> rusqlite::Result<()> {
    let ((place, at), loan) = (place(record), &e.loan);
    let pledges: Vec<String> =
        loan.pledges.iter().map(|(asset, amount)| format!("{amount} {asset}")).collect();
    run(
        db,
        "INSERT OR REPLACE INTO loan_event VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
        params![
            loan.id.as_u64().cast_signed(),
            place,
            at,
            word(&loan.status),
            word(&loan.late),
            loan.owed.principal.to_string(),
            loan.owed.interest.to_string(),
            loan.owed.fees.to_string(),
            loan.repaid.total().to_string(),
            loan.recovered.to_string(),
            pledges.join(" "),
            loan.next_due.map(|day| day.days()),
            loan.call_until.map(|at| at.as_ns()),
        ],
    )
}

fn movement(db: &Connection, record: &Record, e: &MovementChanged) -> rusqlite::Result<()> {
    let (place, _) = place(record);
    let (id, status) = (e.movement.id.to_string(), word(&e.movement.status));
    run(db, "INSERT OR REPLACE INTO movement_event VALUES (?1, ?2, ?3)", params![id, place, status])
}

/// What a venue had on the other side of a client's fill; undone, it is the other way round.
fn traded_at_venue(db: &Connection, record: &Record, e: &VenueTraded) -> rusqlite::Result<()> {
    let ((place, _), is_buy) = (place(record), e.side.is_buy() != e.undone);
    let (qty, price) = (e.qty.to_string(), e.price.to_string());
    let sql = "INSERT OR REPLACE INTO venue_event VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    run(db, sql, params![place, e.venue.as_str(), e.symbol.as_str(), is_buy, qty, price])
}

/// Something that risk controls are judged by at the annual review: a change, an override, a stop, an alarm.
struct Control {
    kind: &'static str,
    firm: Option<String>,
    subject: String,
    version: Option<u64>,
    cause: String,
    maker: Option<Actor>,
    checker: Option<Actor>,
    before: Option<String>,
    after: Option<String>,
    reason: String,
}

impl Control {
    fn of(record: &Record, event: &Event) -> Option<Self> {
        let by = Some(record.actor);
        Some(match event {
            Event::LimitsSet(e) => {
                let subject = e.account.map_or(LimitScope::Firm(e.firm), LimitScope::Account);
                let (version, after) = (Some(e.version), Some(json(&e.limits)));
                Self {
                    version,
                    after,
                    cause: "configured".to_owned(),
                    ..Self::new("limits", Some(e.firm), whose(subject), "")
                }
            }
            Event::HouseCreditSet(e) => {
                let after = Some(json(&e.credit_max));
                let cause = "configured".to_owned();
                Self { version: Some(e.version), after, cause, ..Self::new("limits", None, "house", "") }
            }
            Event::LimitsChanged(e) => Self::limits(e),
            Event::RiskSwitchChanged(e) => Self {
                cause: if e.state > e.before { "stopped" } else { "released" }.to_owned(),
                maker: Some(e.by),
                before: Some(word(&e.before).into_owned()),
                after: Some(word(&e.state).into_owned()),
                ..Self::new("switch", firm_of(&e.scope), e.scope.to_string(), &e.reason)
            },
            Event::RepeatBreakerReset(e) => {
                let subject = format!("{} {}", e.account, e.symbol);
                Self {
                    cause: "released".to_owned(),
                    maker: by,
                    ..Self::new("breaker", Some(e.firm), subject, &e.reason)
                }
            }
            Event::RestrictionSet(e) => {
                let named = [
                    e.firm.map(|f| f.to_string()),
                    e.account.map(|a| a.to_string()),
                    e.symbol.map(|s| s.to_string()),
                ];
                let named: Vec<String> =
                    named.into_iter().flatten().chain(e.side.map(|side| word(&side).into_owned())).collect();
                let cause = if e.restricted { "restricted" } else { "lifted" }.to_owned();
                Self { cause, maker: by, ..Self::new("restriction", e.firm, named.join(" "), &e.reason) }
            }
            Event::LocateGranted(e) => Self {
                cause: "granted".to_owned(),
                maker: Some(e.maker),
                checker: Some(e.checker),
                after: Some(format!("{} {} of {} until {}", e.qty, e.symbol, e.lender, e.valid_until)),
                ..Self::new("locate", Some(e.firm), format!("{} {}", e.account, e.locate), &e.reason)
            },
            Event::LocateEnded(e) => Self {
                cause: word(&e.cause).into_owned(),
                maker: e.by,
                before: Some(format!("{} {} unused", e.unused, e.symbol)),
                ..Self::new("locate", Some(e.firm), format!("{} {}", e.account, e.locate), &e.reason)
            },
            Event::AccountStatusSet(e) => {
                let after = Some(word(&e.status).into_owned());
                let subject = account(e.account);
                Self {
                    cause: word(&e.kyc).into_owned(),
                    after,
                    maker: by,
                    ..Self::new("account", Some(e.firm), subject, &e.reason)
                }
            }
            Event::RiskAlarmed(e) => {
                let subject =
                    e.account.map_or_else(|| e.firm.map_or("house".to_owned(), |f| f.to_string()), account);
                Self { cause: "raised".to_owned(), ..Self::new("alarm", e.firm, subject, &e.detail) }
            }
            Event::RiskCommandRefused(e) => Self {
                cause: word(&e.refusal).into_owned(),
                maker: Some(e.by),
                ..Self::new("refused_command", None, e.subject.clone(), &e.detail)
            },
            _ => return None,
        })
    }

    fn new(kind: &'static str, firm: Option<FirmId>, subject: impl Into<String>, reason: &str) -> Self {
        Self {
            kind,
            firm: firm.map(|firm| firm.to_string()),
            subject: subject.into(),
            version: None,
            cause: String::new(),
            maker: None,
            checker: None,
            before: None,
            after: None,
            reason: reason.to_owned(),
        }
    }

    fn limits(e: &LimitsChanged) -> Self {
        let firm = if let LimitScope::Firm(firm) = e.scope { Some(firm) } else { None };
        Self {
            version: Some(e.version),
            cause: word(&e.cause).into_owned(),
            maker: e.maker,
            checker: e.checker,
            before: Some(json(&*e.before)),
            after: Some(json(&*e.limits)),
            ..Self::new("limits", firm, whose(e.scope), &e.reason)
        }
    }

    /// Writes it. Limits of an account belong to the account's firm.
    fn write(self, db: &Connection, record: &Record) -> rusqlite::Result<()> {
        let (place, at) = place(record);
        let sql = "INSERT OR REPLACE INTO control_event VALUES \
                   (?1, ?2, ?3, coalesce(?4, (SELECT firm FROM firm_account WHERE 'account ' || account = ?5)), ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        let name = |actor: Option<Actor>| actor.map(|actor| actor.to_string());
        let version = self.version.map(u64::cast_signed);
        run(
            db,
            sql,
            params![
                place,
                at,
                self.kind,
                self.firm,
                self.subject,
                version,
                self.cause,
                name(self.maker),
                name(self.checker),
                self.before,
                self.after,
                self.reason,
            ],
        )
    }
}

/// Whose limits, in words that tell a firm from an account of the same name.
fn whose(scope: LimitScope) -> String {
    match scope {
        LimitScope::House => "house".to_owned(),
        LimitScope::Firm(firm) => format!("firm {firm}"),
        LimitScope::Account(account) => format!("account {account}"),
    }
}

fn firm_of(scope: &SwitchScope) -> Option<FirmId> {
    if let SwitchScope::Firm(firm) = scope { Some(*firm) } else { None }
}

fn account(account: AccountId) -> String {
    account.to_string()
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
