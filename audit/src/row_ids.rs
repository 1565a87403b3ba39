//! By what a record can be found: the ids in it.

use crate::mask::Fields;
use assay_trading_types::{
    ClOrdId, Event, ExecId, ExecType, FirmId, LimitScope, OrderId, RequestId, SessionId, SwitchScope, Symbol,
    Topic,
};

/// Longest id taken from a FIX field; a counterparty's garbage is not an index entry.
const ID_MAX: usize = 64;

/// Offsets that an id can hold.
const ID_OFFSETS: u64 = 1 << 48;

/// Ids of a record, where it has them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RowIds<'a> {
    pub(crate) firm: Option<&'a str>,
    pub(crate) session: Option<&'a str>,
    pub(crate) order_id: Option<OrderId>,
    pub(crate) cl_ord_id: Option<&'a str>,
    pub(crate) orig_cl_ord_id: Option<&'a str>,
    pub(crate) symbol: Option<&'a str>,
    pub(crate) exec_id: Option<ExecId>,
}

/// Where the record stands; requests and outcomes take their ids from it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) topic: Topic,
    pub(crate) partition: u16,
    pub(crate) offset: u64,
}

impl Place {
    fn order_id(self) -> Option<OrderId> {
        self.in_accounts().then(|| OrderId::new(self.partition, self.offset))
    }

    fn exec_id(self) -> Option<ExecId> {
        self.in_accounts().then(|| ExecId::new(self.partition, self.offset))
    }

    fn in_accounts(self) -> bool {
        self.topic == Topic::Accounts && self.offset < ID_OFFSETS
    }
}

impl<'a> RowIds<'a> {
    /// Ids of a FIX message: ClOrdID(11), OrigClOrdID(41), OrderID(37), ExecID(17), Symbol(55), the first of each.
    pub(crate) fn of_fix(session: &'a [u8], message: &'a [u8]) -> Self {
        let mut ids = Self { session: text(session), ..Self::default() };
        for (tag, value) in Fields::of(message) {
            match tag {
                b"11" => ids.cl_ord_id = ids.cl_ord_id.or(text(value)),
                b"41" => ids.orig_cl_ord_id = ids.orig_cl_ord_id.or(text(value)),
                b"55" => ids.symbol = ids.symbol.or(text(value)),
                b"37" => ids.order_id = ids.order_id.or(text(value).and_then(OrderId::parse)),
                b"17" => ids.exec_id = ids.exec_id.or(text(value).and_then(ExecId::parse)),
                _ => {}
            }
        }
        ids
    }

    /// Ids of an event.
    pub(crate) fn of_event(event: &'a Event, place: Place) -> Self {
        let none = Self::default();
        match event {
            Event::OrderRequested(e) => {
                Self { order_id: place.order_id(), ..none }.asked(&e.request).termed(&e.terms)
            }
            Event::CancelRequested(e) => Self {
                firm: Some(e.firm.as_str()),
                order_id: e.order_id,
                symbol: Some(e.symbol.as_str()),
                ..none
            }
            .asked(&e.request)
            .chained(&e.cl_ord_id, &e.orig_cl_ord_id),
            Event::OrderCancelInstructed(e) => Self {
                firm: Some(e.firm.as_str()),
                order_id: Some(e.order_id),
                cl_ord_id: Some(e.cl_ord_id.as_str()),
                ..none
            }
            .asked(&e.request),
            Event::ReplaceRequested(e) => Self { order_id: e.order_id, ..none }
                .asked(&e.request)
                .termed(&e.terms)
                .chained(&e.terms.cl_ord_id, &e.orig_cl_ord_id),
            Event::StatusRequested(e) => Self {
                firm: Some(e.firm.as_str()),
                order_id: e.order_id,
                cl_ord_id: Some(e.cl_ord_id.as_str()),
                symbol: e.symbol.as_ref().map(|symbol| symbol.as_str()),
                ..none
            }
            .asked(&e.request),
            Event::MassCancelRequested(e) => Self {
                firm: Some(e.firm.as_str()),
                order_id: place.order_id(),
                cl_ord_id: Some(e.cl_ord_id.as_str()),
                symbol: e.filter.symbol.as_ref().map(Symbol::as_str),
                ..none
            }
            .asked(&e.request),
            Event::MassCancelReported(e) => Self {
                firm: Some(e.firm.as_str()),
                order_id: Some(e.order_id),
                cl_ord_id: Some(e.cl_ord_id.as_str()),
                symbol: e.filter.symbol.as_ref().map(Symbol::as_str),
                ..none
            }
            .asked(&e.request),
            Event::MassStatusRequested(e) => Self { firm: Some(e.firm.as_str()), ..none }.asked(&e.request),
            Event::MassStatusReported(e) => Self {
                firm: Some(e.firm.as_str()),
                order_id: e.order.as_ref().map(|order| order.order_id),
                ..none
            }
            .asked(&e.request),
            Event::FillsRequested(e) => {
                Self { firm: Some(e.firm.as_str()), exec_id: e.after, ..none }.asked(&e.request)
            }
            Event::PositionsRequested(e) => {
                Self { firm: Some(e.firm.as_str()), symbol: e.symbol.as_ref().map(Symbol::as_str), ..none }
                    .asked(&e.request)
            }
            Event::PositionsReported(e) => {
                Self { firm: Some(e.firm.as_str()), symbol: e.symbol.as_ref().map(Symbol::as_str), ..none }
                    .asked(&e.request)
            }
            Event::OrderRefused(e) => {
                Self { exec_id: place.exec_id(), ..none }.asked(&e.request).termed(&e.terms)
            }
            Event::CancelRefused(e) => {
                Self { firm: Some(e.firm.as_str()), order_id: e.order_id, exec_id: place.exec_id(), ..none }
                    .asked(&e.request)
                    .chained(&e.cl_ord_id, &e.orig_cl_ord_id)
            }
            Event::StatusReported(e) => Self {
                firm: Some(e.firm.as_str()),
                order_id: e.order.as_ref().map(|order| order.order_id),
                cl_ord_id: Some(e.cl_ord_id.as_str()),
                symbol: e.symbol.as_ref().map(|symbol| symbol.as_str()),
                exec_id: place.exec_id(),
                ..none
            }
            .asked(&e.request),
            Event::ExecutionReported(e) => {
                let ids =
                    Self { order_id: Some(e.order_id), exec_id: place.exec_id(), ..none }.termed(&e.terms);
                match &e.exec {
                    ExecType::Canceled { request: Some(ids_asked), .. }
                    | ExecType::Replaced { request: ids_asked, .. }
                    | ExecType::PendingCancel { request: ids_asked }
                    | ExecType::PendingReplace { request: ids_asked } => {
                        ids.chained(&ids_asked.cl_ord_id, &ids_asked.orig_cl_ord_id)
                    }
                    _ => ids,
                }
            }
            Event::OrderAccepted(e) => {
                Self { order_id: Some(e.order_id), ..none }.termed(&e.terms).asked(&e.request)
            }
            Event::CancelAccepted(e) => {
                let ids = Self {
                    firm: Some(e.firm.as_str()),
                    order_id: Some(e.order_id),
                    symbol: Some(e.symbol.as_str()),
                    ..none
                };
                match &e.request {
                    Some(asked) => ids.asked(&asked.request).chained(&asked.cl_ord_id, &asked.orig_cl_ord_id),
                    None => ids,
                }
            }
            Event::ReplaceAccepted(e) => Self { order_id: Some(e.order_id), ..none }
                .termed(&e.terms)
                .asked(&e.request.request)
                .chained(&e.request.cl_ord_id, &e.request.orig_cl_ord_id),
            Event::Posted(e) => {
                Self { firm: Some(e.firm.as_str()), order_id: e.order_id, exec_id: e.exec_id, ..none }
            }
            Event::FirmOpened(e) => Self { firm: Some(e.firm.as_str()), ..none },
            Event::AccountCredited(e) => Self { firm: Some(e.firm.as_str()), ..none },
            Event::LimitsSet(e) => Self { firm: Some(e.firm.as_str()), ..none },
            Event::KillSwitchSet(e) => Self { firm: Some(e.firm.as_str()), ..none },
            Event::InstrumentListed(e) => Self { symbol: Some(e.symbol.as_str()), ..none },
            Event::ReferencePriceSet(e) => Self { symbol: Some(e.symbol.as_str()), ..none },
            Event::TradePrinted(e) => Self { symbol: Some(e.symbol.as_str()), ..none },
            Event::TopOfBookChanged(e) => Self { symbol: Some(e.symbol.as_str()), ..none },
            Event::DepthChanged(e) => Self { symbol: Some(e.symbol.as_str()), ..none },
            Event::TradingRulesSet(e) => Self { symbol: Some(e.symbol.as_str()), ..none },
            Event::TradingStateSet(e) => Self { symbol: Some(e.symbol.as_str()), ..none },
            Event::TradingStateChanged(e) => Self { symbol: Some(e.symbol.as_str()), ..none },
            Event::AuctionIndicated(e) => Self { symbol: Some(e.symbol.as_str()), ..none },
            Event::TradeBustRequested(e) => Self { symbol: Some(e.symbol.as_str()), ..none },
            Event::TradeCorrectionRequested(e) => Self { symbol: Some(e.symbol.as_str()), ..none },
            Event::TradeAmendmentRefused(e) => {
                Self { firm: Some(e.firm.as_str()), symbol: Some(e.symbol.as_str()), ..none }
            }
            Event::TradeAmendmentTaken(e) => {
                Self { firm: Some(e.firm.as_str()), symbol: Some(e.symbol.as_str()), ..none }
            }
            Event::TradeAmended(e) => Self { symbol: Some(e.symbol.as_str()), ..none },
            Event::RouteSet(e) => Self { symbol: Some(e.symbol.as_str()), ..none },
            Event::VenueRequested(e) => {
                Self { order_id: Some(e.order_id), symbol: Some(e.symbol.as_str()), ..none }
            }
            Event::VenueUnsent(e) => {
                Self { order_id: Some(e.order_id), symbol: Some(e.symbol.as_str()), ..none }
            }
            Event::VenueHeard(e) => Self { symbol: e.symbol.as_ref().map(|s| s.as_str()), ..none },
            Event::VenueTraded(e) => {
                Self { order_id: Some(e.order_id), symbol: Some(e.symbol.as_str()), ..none }
            }
            Event::VenueFillSettled(e) => {
                Self { order_id: Some(e.order_id), symbol: Some(e.symbol.as_str()), ..none }
            }
            Event::VenueDiffered(e) => {
                Self { order_id: e.order_id, symbol: e.symbol.as_ref().map(|s| s.as_str()), ..none }
            }
            Event::VenueSet(_) | Event::VenueLinkChanged(_) => none,
            Event::MoneyInstructed(e) => Self { firm: Some(e.firm.as_str()), ..none },
            Event::MovementChanged(e) => Self { firm: Some(e.movement.firm.as_str()), ..none },
            Event::MoneyRefused(e) => Self { firm: Some(e.firm.as_str()), ..none },
            Event::BeneficiaryChanged(e) => Self { firm: Some(e.beneficiary.firm.as_str()), ..none },
            Event::LoanInstructed(e) => Self { firm: e.firm.as_ref().map(FirmId::as_str), ..none },
            Event::NewsRaised(e) => Self { firm: e.firm.as_ref().map(FirmId::as_str), ..none },
            Event::LoanNewsRaised(e) => Self { firm: Some(e.firm.as_str()), ..none },
            Event::LoanChanged(e) => Self { firm: Some(e.loan.firm.as_str()), ..none },
            Event::LoanRefused(e) => Self { firm: e.firm.as_ref().map(FirmId::as_str), ..none },
            Event::FeeScheduleSet(e) => Self { firm: e.firm.as_ref().map(|firm| firm.as_str()), ..none },
            Event::LoanProductChanged(_)
            | Event::WorkLeft(_)
            | Event::BalanceInterestSet(_)
            | Event::MoneyTermsSet(_)
            | Event::ConversionRateSet(_) => none,
            Event::HouseCreditSet(_) | Event::LimitsChangeDecided(_) => none,
            Event::LimitsChangeProposed(e) => Self { firm: firm_of_limits(&e.scope), ..none },
            Event::LimitsChanged(e) => Self { firm: firm_of_limits(&e.scope), ..none },
            Event::RiskSwitchSet(e) => Self::switched(&e.scope),
            Event::RiskSwitchChanged(e) => Self::switched(&e.scope),
            Event::RestrictionSet(e) => Self {
                firm: e.firm.as_ref().map(|f| f.as_str()),
                symbol: e.symbol.as_ref().map(|s| s.as_str()),
                ..none
            },
            Event::LocateDecided(_) | Event::LocateReleaseRequested(_) => none,
            Event::LocateProposed(e) => {
                Self { firm: Some(e.firm.as_str()), symbol: Some(e.symbol.as_str()), ..none }
            }
            Event::LocateGranted(e) => {
                Self { firm: Some(e.firm.as_str()), symbol: Some(e.symbol.as_str()), ..none }
            }
            Event::LocateEnded(e) => {
                Self { firm: Some(e.firm.as_str()), symbol: Some(e.symbol.as_str()), ..none }
            }
            Event::FirmKycSet(e) => Self { firm: Some(e.firm.as_str()), ..none },
            Event::AccountStatusSet(e) => Self { firm: Some(e.firm.as_str()), ..none },
            Event::AverageVolumeSet(e) => Self { symbol: Some(e.symbol.as_str()), ..none },
            Event::RepeatBreakerReset(e) => {
                Self { firm: Some(e.firm.as_str()), symbol: Some(e.symbol.as_str()), ..none }
            }
            Event::RiskCommandTaken(_) | Event::RiskCommandRefused(_) => none,
            Event::RiskAlarmed(e) => Self {
                firm: e.firm.as_ref().map(|f| f.as_str()),
                symbol: e.symbol.as_ref().map(|s| s.as_str()),
                ..none
            },
            Event::SessionReset(e) => Self { session: Some(e.session.as_str()), ..none },
            Event::SessionNumbersLost(e) => Self { session: Some(e.session.as_str()), ..none },
            Event::CancelOnDisconnectSet(e) => none.of_session(&e.session, &e.firm),
            Event::CancelOnDisconnectStarted(e) => none.of_session(&e.session, &e.firm),
            Event::CancelOnDisconnectEnded(e) => none.of_session(&e.session, &e.firm),
            // Their CompIDs are no session ids: what they change is found by the session in `fix`.
            Event::SessionSet(_) | Event::SessionSuspended(_) | Event::SessionNumbersSet(_) => none,
            Event::TimetableSet(_)
            | Event::ClockTicked(_)
            | Event::ConfigurationLoaded(_)
            | Event::IdentityRequested(_)
            | Event::ControlRequested(_)
            | Event::VerdictRequested(_)
            | Event::AccessRefused(_)
            | Event::CommandDecided(_)
            | Event::MailRequested(_)
            | Event::MailTried(_)
            | Event::MailSettled(_)
            | Event::KycRequested(_)
            | Event::NoticeRaised(_)
            | Event::NoticesRequested(_)
            | Event::WebhooksRequested(_)
            | Event::BankRequested(_)
            | Event::DeliveryRequested(_)
            | Event::DeliveryTried(_)
            | Event::AlertsRequested(_)
            | Event::MeasuresTaken(_)
            | Event::AlertChanged(_)
            | Event::JobRequested(_)
            | Event::JobStarted(_)
            | Event::JobFinished(_)
            | Event::ReportProduced(_)
            | Event::BooksReconciled(_)
            | Event::ComplianceRequested(_)
            | Event::ComplianceChecked(_)
            | Event::Sealed(_) => none,
        }
    }

    fn switched(scope: &'a SwitchScope) -> Self {
        let none = Self::default();
        match scope {
            SwitchScope::All | SwitchScope::Account(_) => none,
            SwitchScope::Firm(firm) => Self { firm: Some(firm.as_str()), ..none },
            SwitchScope::Session(session) => Self { session: Some(session.as_str()), ..none },
            SwitchScope::Instrument(symbol) => Self { symbol: Some(symbol.as_str()), ..none },
        }
    }

    fn of_session(self, session: &'a SessionId, firm: &'a FirmId) -> Self {
        Self { session: Some(session.as_str()), firm: Some(firm.as_str()), ..self }
    }

    fn asked(self, request: &'a RequestId) -> Self {
        Self { session: Some(request.session.as_str()), ..self }
    }

    fn termed(self, terms: &'a assay_trading_types::OrderTerms) -> Self {
        Self {
            firm: Some(terms.firm.as_str()),
            session: Some(terms.session.as_str()),
            cl_ord_id: Some(terms.cl_ord_id.as_str()),
            symbol: Some(terms.symbol.as_str()),
            ..self
        }
    }

    fn chained(self, cl_ord_id: &'a ClOrdId, orig_cl_ord_id: &'a ClOrdId) -> Self {
        Self { cl_ord_id: Some(cl_ord_id.as_str()), orig_cl_ord_id: Some(orig_cl_ord_id.as_str()), ..self }
    }
}

fn firm_of_limits(scope: &LimitScope) -> Option<&str> {
    match scope {
        LimitScope::Firm(firm) => Some(firm.as_str()),
        LimitScope::House | LimitScope::Account(_) => None,
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty() && text.len() <= ID_MAX)
}
