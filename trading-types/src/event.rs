//! Every event kind. `docs/wire/topics.md` lists which topic holds which and who writes it.

mod alerts;
mod amendments;
mod bank;
mod commands;
mod compliance;
mod control;
mod disconnects;
mod fees;
mod firms;
mod identity;
mod interest;
mod kyc;
mod limits;
mod loans;
mod locates;
mod mail;
mod markets;
mod mass;
mod money;
mod notices;
mod operations;
mod outcomes;
mod positions;
mod postings;
mod reconciliation;
mod reports;
mod requests;
mod risk_controls;
mod sessions;
mod trading;
mod venues;
mod webhooks;
mod work;

pub use alerts::*;
pub use amendments::*;
pub use bank::*;
pub use commands::*;
pub use compliance::*;
pub use control::*;
pub use disconnects::*;
pub use fees::*;
pub use firms::*;
pub use identity::*;
pub use interest::*;
pub use kyc::*;
pub use limits::*;
pub use loans::*;
pub use locates::*;
pub use mail::*;
pub use markets::*;
pub use mass::*;
pub use money::*;
pub use notices::*;
pub use operations::*;
pub use outcomes::*;
pub use positions::*;
pub use postings::*;
pub use reconciliation::*;
pub use reports::*;
pub use requests::*;
pub use risk_controls::*;
pub use sessions::*;
pub use trading::*;
pub use venues::*;
pub use webhooks::*;
pub use work::*;

/// Whether a record is of before rules were numbered ([`Command::rules`]).
fn is_unnumbered(rules: &u32) -> bool {
    *rules == 0
}

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident($payload:ty) = $name:literal, key $key:expr;)*) => {
        /// What a record says. JSON: the payload's fields; the kind stands in the record, not in the value.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Event { $($(#[$doc])* $variant($payload),)* }

        /// Name and version of an event, as the record carries it: `order.requested.v1`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
            /// A FIX message, byte for byte; not JSON, never an [`Event`].
            FixMessage,
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)* Self::FixMessage];

            /// `name.vN`.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant => $name,)* Self::FixMessage => "fix.message.v1" }
            }

            /// From `name.vN`.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* "fix.message.v1" => Some(Self::FixMessage), _ => None }
            }
        }

        impl Event {
            /// Its kind.
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$variant(_) => Kind::$variant,)* }
            }

            /// The record's key: firm, symbol, session or entity.
            pub fn key(&self) -> &str {
                match self { $(Self::$variant(e) => { let key: fn(&$payload) -> &str = $key; key(e) })* }
            }

            pub(crate) fn write_json(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
                match self { $(Self::$variant(e) => serde_json::to_writer(out, e),)* }
            }

            pub(crate) fn read_json(kind: Kind, value: &[u8]) -> serde_json::Result<Option<Self>> {
                if kind == Kind::FixMessage {
                    return Ok(None);
                }
                // Checked as a whole: bytes would be checked string by string, of which an order has dozens.
                let text = std::str::from_utf8(value).map_err(serde::de::Error::custom)?;
                Ok(match kind {
                    $(Kind::$variant => Some(Self::$variant(serde_json::from_str(text)?)),)*
                    Kind::FixMessage => None,
                })
            }
        }

        $(impl From<$payload> for Event { fn from(e: $payload) -> Self { Self::$variant(e) } })*
    };
}

events! {
    /// D arrived and is well formed, or its like over the API. accounts, gateway and admin.
    OrderRequested(OrderRequested) = "order.requested.v1", key |e| e.terms.firm.as_str();
    /// F arrived. accounts, gateway.
    CancelRequested(CancelRequested) = "cancel.requested.v1", key |e| e.firm.as_str();
    /// An open order is to be cancelled. accounts, admin.
    OrderCancelInstructed(OrderCancelInstructed) = "order.cancel_instructed.v1", key |e| e.firm.as_str();
    /// G arrived. accounts, gateway.
    ReplaceRequested(ReplaceRequested) = "replace.requested.v1", key |e| e.terms.firm.as_str();
    /// H arrived. accounts, gateway.
    StatusRequested(StatusRequested) = "status.requested.v1", key |e| e.firm.as_str();
    /// q arrived. accounts, gateway.
    MassCancelRequested(MassCancelRequested) = "mass_cancel.requested.v1", key |e| e.firm.as_str();
    /// AF for open orders arrived. accounts, gateway.
    MassStatusRequested(MassStatusRequested) = "mass_status.requested.v1", key |e| e.firm.as_str();
    /// AF for trade reports arrived; answered by the gateway itself. accounts, gateway.
    FillsRequested(FillsRequested) = "fills.requested.v1", key |e| e.firm.as_str();
    /// AN arrived. accounts, gateway.
    PositionsRequested(PositionsRequested) = "positions.requested.v1", key |e| e.firm.as_str();
    /// A D is refused: becomes 8 with 150=8. accounts, risk.
    OrderRefused(OrderRefused) = "order.refused.v1", key |e| e.terms.firm.as_str();
    /// An F or G is refused: becomes 9. accounts, risk or execution.
    CancelRefused(CancelRefused) = "cancel.refused.v1", key |e| e.firm.as_str();
    /// Answer to H: becomes 8 with 150=I. accounts, risk.
    StatusReported(StatusReported) = "status.reported.v1", key |e| e.firm.as_str();
    /// Answer to q: becomes r. accounts, risk.
    MassCancelReported(MassCancelReported) = "mass_cancel.reported.v1", key |e| e.firm.as_str();
    /// Answer to AF, one for each order: becomes 8 with 150=I. accounts, risk.
    MassStatusReported(MassStatusReported) = "mass_status.reported.v1", key |e| e.firm.as_str();
    /// Answer to AN: becomes AO and APs. accounts, risk.
    PositionsReported(PositionsReported) = "positions.reported.v1", key |e| e.firm.as_str();
    /// Something happened to an order: becomes 8. accounts, execution.
    ExecutionReported(ExecutionReported) = "execution.reported.v1", key |e| e.terms.firm.as_str();
    /// A firm and its accounts exist. accounts, admin.
    FirmOpened(FirmOpened) = "firm.opened.v1", key |e| e.firm.as_str();
    /// Opening cash or position of an account. accounts, admin.
    AccountCredited(AccountCredited) = "account.credited.v1", key |e| e.firm.as_str();
    /// Limits of a firm or account as configured. accounts, admin.
    LimitsSet(LimitsSet) = "limits.set.v1", key |e| e.firm.as_str();
    /// A firm's kill switch. accounts, admin.
    KillSwitchSet(KillSwitchSet) = "kill_switch.set.v1", key |e| e.firm.as_str();
    /// An instrument exists, or its terms changed. accounts and markets, admin.
    InstrumentListed(InstrumentListed) = "instrument.listed.v1", key |e| e.symbol.as_str();
    /// A reference price. accounts, admin.
    ReferencePriceSet(ReferencePriceSet) = "reference_price.set.v1", key |e| e.symbol.as_str();
    /// A second passed; in admin a minute. accounts, markets and admin, the partition's owner.
    ClockTicked(ClockTicked) = "clock.ticked.v1", key |_| "clock";
    /// Risk let an order through, funds held. markets, risk.
    OrderAccepted(OrderAccepted) = "order.accepted.v1", key |e| e.terms.symbol.as_str();
    /// Risk let a cancel through. markets, risk.
    CancelAccepted(CancelAccepted) = "cancel.accepted.v1", key |e| e.symbol.as_str();
    /// Risk let a replace through, funds for the new terms held. markets, risk.
    ReplaceAccepted(ReplaceAccepted) = "replace.accepted.v1", key |e| e.terms.symbol.as_str();
    /// When a calendar's instruments trade. markets, admin.
    TimetableSet(TimetableSet) = "timetable.set.v1", key |e| e.calendar.as_str();
    /// An instrument's calendar and volatility guard. markets, admin.
    TradingRulesSet(TradingRulesSet) = "trading_rules.set.v1", key |e| e.symbol.as_str();
    /// An operator halts or resumes an instrument. markets, admin.
    TradingStateSet(TradingStateSet) = "trading_state.set.v1", key |e| e.symbol.as_str();
    /// An instrument went into another phase. accounts and market-data, execution.
    TradingStateChanged(TradingStateChanged) = "trading_state.changed.v1", key |e| e.symbol.as_str();
    /// Transfers of one decision, all or nothing. ledger, risk.
    Posted(Posted) = "ledger.posted.v1", key |e| e.firm.as_str();
    /// A trade. market-data, execution.
    TradePrinted(TradePrinted) = "trade.printed.v1", key |e| e.symbol.as_str();
    /// Best bid and offer changed. market-data, execution.
    TopOfBookChanged(TopOfBookChanged) = "top_of_book.changed.v1", key |e| e.symbol.as_str();
    /// What an auction would give now. market-data, execution.
    AuctionIndicated(AuctionIndicated) = "auction.indicated.v1", key |e| e.symbol.as_str();
    /// The configuration a process started with. admin, admin.
    ConfigurationLoaded(ConfigurationLoaded) = "configuration.loaded.v1", key |_| "configuration";
    /// A command on users and their logins. admin, API.
    IdentityRequested(IdentityRequested) = "identity.requested.v1", key |e| e.entity();
    /// A command on firms, instruments, prices or opening money. admin, API.
    ControlRequested(ControlRequested) = "control.requested.v1", key |e| e.entity();
    /// A second person's word on a proposal. admin, API.
    VerdictRequested(VerdictRequested) = "verdict.requested.v1", key |e| e.proposal.as_str();
    /// Somebody known was refused access. admin, API.
    AccessRefused(AccessRefused) = "access.refused.v1", key |e| e.user.as_str();
    /// What became of a command. admin, admin.
    CommandDecided(CommandDecided) = "command.decided.v1", key |e| e.command.as_str();
    /// A mail must go out. admin, admin.
    MailRequested(MailRequested) = "mail.requested.v1", key |e| e.user.as_str();
    /// It was not taken. admin, admin.
    MailTried(MailTried) = "mail.tried.v1", key |e| e.mail.as_str();
    /// What became of it. admin, admin.
    MailSettled(MailSettled) = "mail.settled.v1", key |e| e.mail.as_str();
    /// A command on identity files. admin, API.
    KycRequested(KycRequested) = "kyc.requested.v1", key |e| e.entity();
    /// Whether a firm's identity is proven. accounts, admin.
    FirmKycSet(FirmKycSet) = "firm_kyc.set.v1", key |e| e.firm.as_str();
    /// People are to be told of what risk did or saw. admin, risk.
    NewsRaised(NewsRaised) = "news.raised.v1", key |e| e.firm.as_ref().map_or("house", |firm| firm.as_str());
    /// A user is told something. admin, admin.
    NoticeRaised(NoticeRaised) = "notice.raised.v1", key |e| e.user.as_str();
    /// A command of a user on the own notices. admin, API.
    NoticesRequested(NoticesRequested) = "notices.requested.v1", key |_| "notices";
    /// A command of a user on the own webhooks. admin, API.
    WebhooksRequested(WebhooksRequested) = "webhooks.requested.v1", key |_| "webhooks";
    /// A command on statements of the house's banks. admin, API.
    BankRequested(BankRequested) = "bank.requested.v1", key |_| "bank";
    /// Something must go to a webhook. admin, admin.
    DeliveryRequested(DeliveryRequested) = "delivery.requested.v1", key |e| e.webhook.as_str();
    /// A delivery was tried. admin, admin.
    DeliveryTried(DeliveryTried) = "delivery.tried.v1", key |e| e.delivery.as_str();
    /// A command on alerts and their rules. admin, API.
    AlertsRequested(AlertsRequested) = "alerts.requested.v1", key |_| "alerts";
    /// Measures that passed a threshold. admin, admin.
    MeasuresTaken(MeasuresTaken) = "measures.taken.v1", key |_| "alerts";
    /// An alert began or is otherwise. admin, admin.
    AlertChanged(AlertChanged) = "alert.changed.v1", key |e| e.alert.id.as_str();
    /// Somebody wants a job to run now. admin, API.
    JobRequested(JobRequested) = "job.requested.v1", key |_| "jobs";
    /// A job began that a worker does. admin, admin.
    JobStarted(JobStarted) = "job.started.v1", key |_| "jobs";
    /// A job ended. admin, admin.
    JobFinished(JobFinished) = "job.finished.v1", key |_| "jobs";
    /// A report was made. admin, API.
    ReportProduced(ReportProduced) = "report.produced.v1", key |_| "reports";
    /// The books were reconciled. admin, admin.
    BooksReconciled(BooksReconciled) = "books.reconciled.v1", key |_| "books";
    /// A command on violations, cases and certificates. admin, API.
    ComplianceRequested(ComplianceRequested) = "compliance.requested.v1", key |e| e.subject();
    /// What checks found. admin, admin.
    ComplianceChecked(ComplianceChecked) = "compliance.checked.v1", key |_| "compliance";
    /// A session's numbers were reset and a new epoch began. fix, gateway.
    SessionReset(SessionReset) = "session.reset.v1", key |e| e.session.as_str();
    /// Numbers asked for again were not in the log. fix, gateway.
    SessionNumbersLost(SessionNumbersLost) = "session.numbers_lost.v1", key |e| e.session.as_str();
    /// A seal over a topic-partition. seals, audit.
    Sealed(Sealed) = "sealed.v1", key |e| e.topic.name();
    /// The house's own credit over all firms. accounts, admin.
    HouseCreditSet(HouseCreditSet) = "house_credit.set.v1", key |_| "house";
    /// Somebody asks for other limits. accounts, admin.
    LimitsChangeProposed(LimitsChangeProposed) = "limits.change_proposed.v1", key |e| e.scope.key();
    /// Somebody else decides on it. accounts, admin.
    LimitsChangeDecided(LimitsChangeDecided) = "limits.change_decided.v1", key |e| e.change.as_str();
    /// Other limits are in force. accounts, risk.
    LimitsChanged(LimitsChanged) = "limits.changed.v1", key |e| e.scope.key();
    /// Somebody stops a scope or lets it go on. accounts, admin.
    RiskSwitchSet(RiskSwitchSet) = "risk_switch.set.v1", key |e| e.scope.key();
    /// A scope is stopped or goes on. accounts, risk.
    RiskSwitchChanged(RiskSwitchChanged) = "risk_switch.changed.v1", key |e| e.scope.key();
    /// An entry of the restricted list. accounts, admin.
    RestrictionSet(RestrictionSet) = "restriction.set.v1", key |e| e.firm.as_ref().map_or("all", |f| f.as_str());
    /// An account's standing. accounts, admin.
    AccountStatusSet(AccountStatusSet) = "account_status.set.v1", key |e| e.firm.as_str();
    /// An instrument's average daily volume. accounts, admin.
    AverageVolumeSet(AverageVolumeSet) = "average_volume.set.v1", key |e| e.symbol.as_str();
    /// Somebody closes a breaker. accounts, admin.
    RepeatBreakerReset(RepeatBreakerReset) = "repeat_breaker.reset.v1", key |e| e.firm.as_str();
    /// A command about risk has no effect. accounts, risk.
    RiskCommandRefused(RiskCommandRefused) = "risk_command.refused.v1", key |e| e.subject.as_str();
    /// Something that people must look at. accounts, risk.
    RiskAlarmed(RiskAlarmed) = "risk.alarmed.v1", key |e| e.firm.as_ref().map_or("house", |f| f.as_str());
    /// A session is logged on and its orders are protected, or not any more. accounts, gateway.
    CancelOnDisconnectSet(CancelOnDisconnectSet) = "cancel_on_disconnect.set.v1", key |e| e.firm.as_str();
    /// A protected session is lost. accounts, gateway.
    CancelOnDisconnectStarted(CancelOnDisconnectStarted) = "cancel_on_disconnect.started.v1", key |e| e.firm.as_str();
    /// A protected session ended in order. accounts, gateway.
    CancelOnDisconnectEnded(CancelOnDisconnectEnded) = "cancel_on_disconnect.ended.v1", key |e| e.firm.as_str();
    /// A FIX session exists with these settings. admin, admin.
    SessionSet(SessionSet) = "session.set.v1", key |e| e.comp_id.as_str();
    /// A FIX session may log on no more, or again. admin, admin.
    SessionSuspended(SessionSuspended) = "session.suspended.v1", key |e| e.comp_id.as_str();
    /// A FIX session's sequence numbers are set. admin, admin.
    SessionNumbersSet(SessionNumbersSet) = "session.numbers_set.v1", key |e| e.comp_id.as_str();
    /// A trade is to be undone. markets, admin.
    TradeBustRequested(TradeBustRequested) = "trade.bust_requested.v1", key |e| e.symbol.as_str();
    /// A trade is to have another price. markets, admin.
    TradeCorrectionRequested(TradeCorrectionRequested) = "trade.correction_requested.v1", key |e| e.symbol.as_str();
    /// A trade stays as it is. accounts, execution.
    TradeAmendmentRefused(TradeAmendmentRefused) = "trade_amendment.refused.v1", key |e| e.firm.as_str();
    /// What a command asked of a trade has effect. accounts, execution.
    TradeAmendmentTaken(TradeAmendmentTaken) = "trade_amendment.taken.v1", key |e| e.firm.as_str();
    /// A trade was undone or has another price. market-data, execution.
    TradeAmended(TradeAmended) = "trade.amended.v1", key |e| e.symbol.as_str();
    /// Price levels of a book changed. market-data, execution.
    DepthChanged(DepthChanged) = "depth.changed.v1", key |e| e.symbol.as_str();
    /// Somebody wants money to move. accounts, admin.
    MoneyInstructed(MoneyInstructed) = "money.instructed.v1", key |e| e.firm.as_str();
    /// A movement was asked for, or is at another stage. accounts, risk.
    MovementChanged(MovementChanged) = "movement.changed.v1", key |e| e.movement.firm.as_str();
    /// An instruction has no effect. accounts, risk.
    MoneyRefused(MoneyRefused) = "money.refused.v1", key |e| e.firm.as_str();
    /// A firm's book of beneficiaries changed. accounts, risk.
    BeneficiaryChanged(BeneficiaryChanged) = "beneficiary.changed.v1", key |e| e.beneficiary.firm.as_str();
    /// On what terms an asset moves. accounts, admin.
    MoneyTermsSet(MoneyTermsSet) = "money_terms.set.v1", key |e| e.asset.as_str();
    /// A conversion rate. accounts, admin.
    ConversionRateSet(ConversionRateSet) = "conversion_rate.set.v1", key |e| e.from.as_str();
    /// What trades cost. accounts, admin.
    FeeScheduleSet(FeeScheduleSet) = "fee_schedule.set.v1", key |e| e.firm.as_ref().map_or("all", |f| f.as_str());
    /// What the house pays on balances. accounts, admin.
    BalanceInterestSet(BalanceInterestSet) = "balance_interest.set.v1", key |e| e.asset.as_str();
    /// Somebody wants something of a loan or a product. accounts, admin.
    LoanInstructed(LoanInstructed) = "loan.instructed.v1", key |e| e.key();
    /// Something happened to a loan. accounts, risk.
    LoanChanged(LoanChanged) = "loan.changed.v1", key |e| e.loan.firm.as_str();
    /// A loan product is another. accounts, risk.
    LoanProductChanged(LoanProductChanged) = "loan_product.changed.v1", key |e| e.product.id.as_str();
    /// What is wanted of a loan has no effect. accounts, risk.
    LoanRefused(LoanRefused) = "loan.refused.v1", key |e| e.key();
    /// A day or a price has begun more than one step does. accounts, risk.
    WorkLeft(WorkLeft) = "work.left.v1", key |_| "work";
    /// People are to be told of a loan. admin, risk.
    LoanNewsRaised(LoanNewsRaised) = "loan_news.raised.v1", key |e| e.firm.as_str();
    /// An outside venue exists. markets, admin.
    VenueSet(VenueSet) = "venue.set.v1", key |e| e.venue.as_str();
    /// Where orders of an instrument go. markets, admin.
    RouteSet(RouteSet) = "route.set.v1", key |e| e.symbol.as_str();
    /// The session with a venue is up or down. markets, venues.
    VenueLinkChanged(VenueLinkChanged) = "venue.link_changed.v1", key |e| e.venue.as_str();
    /// Something is to be sent to a venue. markets, execution.
    VenueRequested(VenueRequested) = "venue.requested.v1", key |e| e.symbol.as_str();
    /// It was not sent and never will be. markets, venues.
    VenueUnsent(VenueUnsent) = "venue.unsent.v1", key |e| e.symbol.as_str();
    /// A venue said something. markets, venues.
    VenueHeard(VenueHeard) = "venue.heard.v1", key |e| e.symbol.as_ref().map_or(e.venue.as_str(), |s| s.as_str());
    /// A fill at a venue, for the books. accounts, execution.
    VenueTraded(VenueTraded) = "venue.traded.v1", key |e| e.venue.as_str();
    /// A fill at a venue is in the books. markets, risk.
    VenueFillSettled(VenueFillSettled) = "venue.fill_settled.v1", key |e| e.symbol.as_str();
    /// A venue and we do not agree. accounts, execution.
    VenueDiffered(VenueDiffered) = "venue.differed.v1", key |e| e.venue.as_str();
    /// Somebody asks that located shares be counted. accounts, admin.
    LocateProposed(LocateProposed) = "locate.proposed.v1", key |e| e.firm.as_str();
    /// Somebody else decides on it. accounts, admin.
    LocateDecided(LocateDecided) = "locate.decided.v1", key |e| e.locate.as_str();
    /// Somebody gives a locate back. accounts, admin.
    LocateReleaseRequested(LocateReleaseRequested) = "locate.release_requested.v1", key |e| e.locate.as_str();
    /// An account may sell located shares short. accounts, risk.
    LocateGranted(LocateGranted) = "locate.granted.v1", key |e| e.firm.as_str();
    /// A locate counts no more, or never will. accounts, risk.
    LocateEnded(LocateEnded) = "locate.ended.v1", key |e| e.firm.as_str();
    /// A command about risk has effect. accounts, risk.
    RiskCommandTaken(RiskCommandTaken) = "risk_command.taken.v1", key |e| e.subject.as_str();
}
