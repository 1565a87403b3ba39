//! One hand-built event of every kind, with every optional part present, in the story of one small trade.
#![allow(dead_code, reason = "each test and example uses its part")]

mod compliance;
mod disconnects;
mod loans;
mod locates;
mod money;
mod risk_controls;
mod venues;

use assay_trading_types::*;
use disconnects::disconnects;
use loans::loans;
use locates::locates;
use money::money;
use risk_controls::{limits, measured, risk_controls};
use std::sync::Arc;
use venues::venues;

/// One of every kind, in the order of [`Kind::ALL`].
pub(crate) fn every_event() -> Vec<Event> {
    [
        requests(),
        outcomes(),
        firms(),
        market_inputs(),
        trading(),
        results(),
        operations(),
        risk_controls(),
        disconnects(),
        amendments(),
        money(),
        loans(),
        venues(),
        locates(),
    ]
    .concat()
}

fn requests() -> Vec<Event> {
    vec![
        order_requested().into(),
        CancelRequested {
            request: request(8),
            firm: firm(),
            cl_ord_id: cl_ord_id("c-2"),
            orig_cl_ord_id: cl_ord_id("a-1"),
            order_id: Some(order_id()),
            account: Some(account()),
            symbol: symbol(),
            side: Side::Buy,
            poss_resend: false,
            defect: Some(Defect { refusal: Refusal::StaleOrder, detail: "60 is 31 s old".into() }),
            tell_pending: true,
            waits: true,
        }
        .into(),
        OrderCancelInstructed {
            request: RequestId { session: SessionId::of_api(&firm()), epoch: 1, seq: 7 },
            firm: firm(),
            order_id: order_id(),
            cl_ord_id: cl_ord_id("0192f3a4b5c60123456789abcdef0123"),
        }
        .into(),
        ReplaceRequested {
            request: request(9),
            orig_cl_ord_id: cl_ord_id("a-1"),
            order_id: Some(order_id()),
            account_given: true,
            tif_given: false,
            orig_ord_mod_time: Some(at()),
            terms: OrderTerms { cl_ord_id: cl_ord_id("b-3"), qty: qty("150"), ..terms() },
            poss_resend: false,
            defect: Some(Defect { refusal: Refusal::BadPrice, detail: "10.x".into() }),
            tell_pending: true,
            may_chain: true,
            keeps_carried: true,
        }
        .into(),
        StatusRequested {
            request: request(10),
            firm: firm(),
            cl_ord_id: cl_ord_id("a-1"),
            order_id: Some(order_id()),
            ord_status_req_id: Some("q-4".into()),
            symbol: Some(symbol()),
            side: Side::Buy,
            reach: Some(Box::new(order_filter())),
            defect: Some(Defect {
                refusal: Refusal::IdMismatch,
                detail: "37=7 is not an OrderID of ours".into(),
            }),
            own_ids: true,
        }
        .into(),
        MassCancelRequested {
            request: request(11),
            firm: firm(),
            cl_ord_id: cl_ord_id("m-5"),
            request_type: '1',
            filter: order_filter(),
            poss_resend: false,
            defect: Some(Defect { refusal: Refusal::UnknownAccount, detail: "FIRM9".into() }),
        }
        .into(),
        MassStatusRequested {
            request: request(12),
            firm: firm(),
            mass_status_req_id: cl_ord_id("s-6"),
            filter: order_filter(),
            defect: Some(Defect { refusal: Refusal::UnsupportedScope, detail: "585=3".into() }),
        }
        .into(),
        FillsRequested {
            request: request(13),
            firm: firm(),
            mass_status_req_id: cl_ord_id("s-7"),
            filter: order_filter(),
            after: Some(ExecId::new(0, 45)),
        }
        .into(),
        PositionsRequested {
            request: request(14),
            firm: firm(),
            pos_req_id: cl_ord_id("p-8"),
            account: account(),
            symbol: Some(symbol()),
            carried: Some(Arc::from("581=1")),
            refused: Some(positions_refusal()),
        }
        .into(),
    ]
}

/// Both sides of a trade.
fn trade_sides() -> Box<[TradeSide; 2]> {
    let side = |side: Side, exec_id: u64| TradeSide {
        exec_id: ExecId::new(0, exec_id),
        order_id: order_id(),
        terms: OrderTerms { side, ..terms() },
        filled: filled(),
        status: OrdStatus::PartiallyFilled,
        fill: Fill {
            trade: 5,
            qty: qty("30"),
            price: price("10.10"),
            liquidity: Liquidity::Added,
            away: false,
        },
        traded: Timestamp::from_ns(1_795_000_000_000_000_000),
        commission: amount("0.3"),
    };
    Box::new([side(Side::Buy, 45), side(Side::Sell, 46)])
}

fn amendments() -> Vec<Event> {
    let (sides, reason) = (trade_sides(), "wrong button".to_owned());
    vec![
        TradeBustRequested {
            symbol: symbol(),
            trade: 5,
            sides: sides.clone(),
            reason: reason.clone(),
            command: Some(command_id()),
        }
        .into(),
        TradeCorrectionRequested {
            symbol: symbol(),
            trade: 5,
            sides,
            price: price("9.90"),
            reason,
            command: Some(command_id()),
        }
        .into(),
        TradeAmendmentRefused {
            firm: firm(),
            symbol: symbol(),
            trade: 5,
            refusal: AmendmentRefusal::AlreadyBusted,
            command: Some(command_id()),
        }
        .into(),
        TradeAmendmentTaken { command: command_id(), firm: firm(), symbol: symbol(), trade: 5 }.into(),
        TradeAmended { symbol: symbol(), trade: 5, qty: qty("30"), price: Some(price("9.90")) }.into(),
        DepthChanged {
            symbol: symbol(),
            bids: vec![DepthLevel { price: price("10.10"), qty: qty("70"), orders: 2 }],
            offers: vec![DepthLevel { price: price("10.12"), qty: Qty::ZERO, orders: 0 }],
            bid_orders: vec![vec![
                QueuedOrder { order_id: order_id(), qty: qty("30") },
                QueuedOrder { order_id: OrderId::new(0, 44), qty: qty("40") },
            ]],
            offer_orders: vec![Vec::new()],
        }
        .into(),
    ]
}

fn order_filter() -> OrderFilter {
    OrderFilter {
        scope: Scope::Firm,
        symbol: Some(symbol()),
        side: Some(Side::Buy),
        accounts: vec![account()],
    }
}

fn positions_refusal() -> PositionsRefusal {
    PositionsRefusal {
        result: PositionsResult::NotSupported,
        refusal: Refusal::UnsupportedScope,
        detail: "263=1".into(),
    }
}

/// The record that the gateway writes most.
pub(crate) fn order_requested() -> OrderRequested {
    OrderRequested {
        request: request(7),
        terms: terms(),
        transact_time: at(),
        poss_resend: false,
        defect: Some(Defect { refusal: Refusal::UnsupportedTif, detail: "59=2".into() }),
        tell_pending: true,
    }
}

fn outcomes() -> Vec<Event> {
    vec![
        OrderRefused {
            request: request(7),
            terms: terms(),
            refusal: Refusal::LimitQty,
            detail: "100 > 50 FIRM1".into(),
            limits_version: 3,
            reference_price: Some(price("10.00")),
        }
        .into(),
        CancelRefused {
            request: request(8),
            firm: firm(),
            response_to: ResponseTo::Cancel,
            cl_ord_id: cl_ord_id("c-2"),
            orig_cl_ord_id: cl_ord_id("a-1"),
            order_id: Some(order_id()),
            account: Some(account()),
            status: OrdStatus::Filled,
            refusal: Refusal::TooLate,
            detail: "order is filled".into(),
        }
        .into(),
        StatusReported {
            request: request(10),
            firm: firm(),
            cl_ord_id: cl_ord_id("a-1"),
            ord_status_req_id: Some("q-4".into()),
            symbol: Some(symbol()),
            side: Side::Buy,
            order: Some(OrderState {
                order_id: order_id(),
                terms: terms(),
                filled: filled(),
                status: OrdStatus::PartiallyFilled,
                working: Some(false),
            }),
        }
        .into(),
        MassCancelReported {
            request: request(11),
            firm: firm(),
            order_id: OrderId::new(0, 47),
            cl_ord_id: cl_ord_id("m-5"),
            request_type: '1',
            filter: order_filter(),
            total: 1,
            affected: vec![AffectedOrder { order_id: order_id(), cl_ord_id: cl_ord_id("a-1") }],
            refused: Some(Defect { refusal: Refusal::RateLimit, detail: "1/1s".into() }),
        }
        .into(),
        MassStatusReported {
            request: request(12),
            firm: firm(),
            mass_status_req_id: cl_ord_id("s-6"),
            symbol: Some(symbol()),
            total: 1,
            last: true,
            order: Some(OrderState {
                order_id: order_id(),
                terms: terms(),
                filled: filled(),
                status: OrdStatus::PartiallyFilled,
                working: Some(false),
            }),
            refused: Some(Defect { refusal: Refusal::UnsupportedScope, detail: "585=3".into() }),
        }
        .into(),
        PositionsReported {
            request: request(14),
            firm: firm(),
            pos_req_id: cl_ord_id("p-8"),
            account: account(),
            symbol: Some(symbol()),
            carried: Some(Arc::from("581=1")),
            total: 1,
            first: 0,
            positions: vec![PositionState {
                symbol: symbol(),
                start: amount("70"),
                bought: qty("30"),
                sold: qty("0"),
                now: amount("100"),
                price: Some(price("100.00")),
                value: Some(amount("10000")),
            }],
            refused: Some(positions_refusal()),
        }
        .into(),
        execution_reported(ExecType::Trade(Fill {
            trade: 5,
            qty: qty("30"),
            price: price("10.10"),
            liquidity: Liquidity::Added,
            away: false,
        }))
        .into(),
    ]
}

/// The record that execution writes most.
pub(crate) fn execution_reported(exec: ExecType) -> ExecutionReported {
    ExecutionReported {
        order_id: order_id(),
        exec,
        terms: terms(),
        filled: filled(),
        status: OrdStatus::PartiallyFilled,
        working: Some(true),
    }
}

fn firms() -> Vec<Event> {
    vec![
        FirmOpened {
            firm: firm(),
            accounts: vec![account(), AccountId::new("FIRM1-B").unwrap()],
            commission: Commission {
                per_share: amount("0.001"),
                basis_points: amount("0.5"),
                minimum: amount("0.01"),
            },
            self_trade: SelfTrade::CancelNewest,
        }
        .into(),
        AccountCredited {
            firm: firm(),
            account: account(),
            asset: asset("USD"),
            amount: amount("1000000000"),
            reference: "opening".into(),
        }
        .into(),
        LimitsSet {
            firm: firm(),
            account: Some(AccountId::new("FIRM1-B").unwrap()),
            version: 3,
            limits: limits(),
        }
        .into(),
        KillSwitchSet { firm: firm(), engaged: true, reason: "runaway algorithm".into() }.into(),
    ]
}

fn market_inputs() -> Vec<Event> {
    vec![
        InstrumentListed {
            symbol: symbol(),
            currency: asset("USD"),
            tick_size: price("0.01"),
            lot_size: qty("1"),
            security_type: Some(SecurityType::new("CS").unwrap()),
            exchange: Some(Exchange::new("XNYS").unwrap()),
            single_orders: true,
        }
        .into(),
        ReferencePriceSet {
            symbol: symbol(),
            price: price("100.00"),
            max_age_ns: Some(60_000_000_000),
            source: None,
        }
        .into(),
        ClockTicked { now: at() }.into(),
        OrderAccepted {
            order_id: order_id(),
            request: request(7),
            terms: terms(),
            self_trade: SelfTrade::CancelNewest,
            notional_max: Some(amount("1010")),
            limits_version: 3,
            account_limits_version: 2,
            reference_price: Some(price("100.00")),
            protection_price: Some(price("110.00")),
            measured: vec![measured()],
        }
        .into(),
        CancelAccepted {
            order_id: order_id(),
            symbol: symbol(),
            firm: firm(),
            request: Some(chain_ids("c-2")),
            reason: Some(Refusal::KillSwitch),
            detail: Some("operations, firm FIRM1".into()),
        }
        .into(),
        ReplaceAccepted {
            order_id: order_id(),
            request: chain_ids("b-3"),
            terms: OrderTerms { cl_ord_id: cl_ord_id("b-3"), qty: qty("150"), ..terms() },
            notional_max: Some(amount("1515")),
            limits_version: 3,
            account_limits_version: 2,
            reference_price: Some(price("100.00")),
            protection_price: Some(price("110.00")),
            measured: vec![measured()],
        }
        .into(),
    ]
}

fn trading() -> Vec<Event> {
    let phases =
        vec![(at(), TradingPhase::Continuous), (at().plus_ns(23_400_000_000_000), TradingPhase::Closed)];
    vec![
        TimetableSet {
            calendar: calendar(),
            zone: "America/New_York".into(),
            days: vec![TradingDay { date: 20_261_121, phases }],
        }
        .into(),
        TradingRulesSet {
            symbol: symbol(),
            calendar: Some(calendar()),
            volatility: Some(VolatilityGuard { band_bp: 500, auction_ns: 300_000_000_000 }),
            reference_price: Some(price("100.00")),
        }
        .into(),
        TradingStateSet { symbol: symbol(), halted: true, reason: "news".into() }.into(),
        TradingStateChanged {
            symbol: symbol(),
            phase: TradingPhase::VolatilityAuction,
            date: Some(20_261_121),
            until: Some(at()),
        }
        .into(),
    ]
}

fn results() -> Vec<Event> {
    vec![
        Posted {
            firm: firm(),
            order_id: Some(order_id()),
            exec_id: Some(ExecId::new(0, 45)),
            movement: Some(MovementId::new(MovementKind::Transfer, 0, 42)),
            loan: Some(LoanId::new(0, 43)),
            fees: Some(FeesApplied { schedule: 3, tier: 0, liquidity: Liquidity::Added }),
            transfers: vec![
                transfer(1, "client:FIRM1", "clearing", TransferKind::Plain),
                transfer(2, "client:FIRM1", "clearing", TransferKind::Pending),
                transfer(3, "client:FIRM1", "clearing", post()),
                transfer(4, "client:FIRM1", "clearing", TransferKind::Void { pending: TransferId(2) }),
            ],
        }
        .into(),
        TradePrinted {
            symbol: symbol(),
            trade: 5,
            price: price("10.10"),
            qty: qty("30"),
            aggressor: Side::Sell,
        }
        .into(),
        TopOfBookChanged {
            symbol: symbol(),
            bid: Some(Level { price: price("10.10"), qty: qty("70") }),
            offer: Some(Level { price: price("10.12"), qty: qty("0.5") }),
        }
        .into(),
        AuctionIndicated {
            symbol: symbol(),
            price: Some(price("10.11")),
            qty: qty("30"),
            surplus: Some((Side::Buy, qty("40"))),
        }
        .into(),
    ]
}

fn operations() -> Vec<Event> {
    vec![
        ConfigurationLoaded { version: "0.1.0".into(), digest: "5e".repeat(32) }.into(),
        identity_requested().into(),
        control_requested().into(),
        VerdictRequested {
            command: command("approve_proposal"),
            proposal: ProposalId::new(&id("prp", 3)).unwrap(),
            verdict: Verdict::Approve,
            reason: "checked against the mandate".into(),
            sides: Some(trade_sides()),
        }
        .into(),
        AccessRefused {
            user: UserId::new(&id("usr", 7)).unwrap(),
            operation: "list_users".into(),
            address: "192.0.2.7".into(),
            why: "forbidden".into(),
            unrecorded: 3,
        }
        .into(),
        CommandDecided {
            command: command_id(),
            operation: "invite_user".into(),
            by: Some(user_id(7)),
            decision: Decision::Done { subject: id("usr", 8), version: 1 },
        }
        .into(),
        MailRequested {
            mail: mail_id(),
            user: user_id(8),
            to: "ada@firm1.example".into(),
            letter: Letter::Invitation { token: TokenId::new(&id("tok", 2)).unwrap() },
        }
        .into(),
        MailTried { mail: mail_id(), attempt: 2, error: "451 come again later".into(), next: at() }.into(),
        MailSettled {
            mail: mail_id(),
            delivered: false,
            attempts: 8,
            error: Some("550 no such user".into()),
        }
        .into(),
        KycRequested {
            command: command("submit_kyc"),
            action: KycAction::Submit(KycSubmission {
                file: kyc_file(),
                subject: KycSubject::User(user_id(8)),
                holder: KycHolder::Person,
                document: KycDocument::Passport,
                country: "GB".into(),
                number_digest: "4e".repeat(32),
                sealed: "bm9uY2UrY2lwaGVydGV4dA".into(),
                images: vec![KycImage {
                    kind: KycImageKind::Front,
                    name: "5f".repeat(16),
                    media: "image/jpeg".into(),
                    bytes: 204_800,
                    sha256: "6a".repeat(32),
                }],
                document_expires: Some(at()),
                risk: KycRisk::High,
                screening: Screening {
                    lists: "7b".repeat(32),
                    hits: vec![ScreeningHit { entry: "Q1".into(), score: 931 }],
                },
            }),
        }
        .into(),
        FirmKycSet { firm: firm(), kyc: KycStatus::Expired, reason: "submitted too long ago".into() }.into(),
        NewsRaised {
            firm: Some(firm()),
            kind: NoticeKind::WithdrawalFailed,
            about: "WDR-00000000002A".into(),
            detail: Some("returned by the bank".into()),
        }
        .into(),
        NoticeRaised {
            notice: notice_id(),
            user: user_id(8),
            kind: NoticeKind::KycRejected,
            about: kyc_file().to_string(),
            reason: Some("the front cannot be read".into()),
        }
        .into(),
        NoticesRequested {
            command: command("mark_notice_read"),
            action: NoticesAction::MarkRead { notice: notice_id() },
        }
        .into(),
        WebhooksRequested {
            command: command("create_webhook"),
            action: WebhooksAction::Add {
                webhook: webhook_id(),
                terms: WebhookTerms {
                    url: "https://hooks.firm1.example/assay".into(),
                    kinds: [NoticeKind::KycApproved, NoticeKind::KycRejected].into(),
                    enabled: true,
                },
            },
        }
        .into(),
        money::bank(),
        DeliveryRequested {
            delivery: delivery_id(),
            webhook: webhook_id(),
            user: user_id(8),
            content: DeliveryContent::Notice {
                notice: notice_id(),
                kind: NoticeKind::KycRejected,
                about: kyc_file().to_string(),
            },
        }
        .into(),
        DeliveryTried {
            delivery: delivery_id(),
            attempt: 2,
            status: Some(503),
            error: Some("it answered 503".into()),
            next: Some(at()),
        }
        .into(),
        AlertsRequested {
            command: command("create_alert_rule"),
            action: AlertsAction::AddRule { rule: alert_rule(), terms: alert_terms() },
        }
        .into(),
        MeasuresTaken {
            samples: vec![MeasureSample { measure: alert_terms().measure, value: amount("120.75") }],
        }
        .into(),
        AlertChanged {
            alert: Alert {
                id: AlertId::new("alr_00000000000000000000000000000001.0000").unwrap(),
                source: AlertSource::Rule(alert_rule()),
                about: "price of AAPL".into(),
                owner: Some(user_id(8)),
                severity: Severity::Critical,
                state: AlertState::Acknowledged,
                detail: "price of AAPL is 120.75".into(),
                first_seen: at(),
                last_seen: at(),
                count: 2,
                escalations: 1,
                acknowledged_by: Some(user_id(8)),
                resolved_by: Some(user_id(9)),
                version: 4,
            },
        }
        .into(),
        JobRequested { command: command("run_job"), job: Job::KycScreening }.into(),
        JobStarted { job: Job::KycScreening, due: at() }.into(),
        JobFinished {
            job: Job::KycScreening,
            due: at(),
            count: 17,
            error: Some("a list cannot be read".into()),
        }
        .into(),
        ReportProduced {
            command: command("run_report"),
            run: Box::new(ReportRun {
                id: ReportRunId::new(&id("rep", 3)).unwrap(),
                report: "trade-blotter".into(),
                parameters: ReportParameters {
                    from: at(),
                    to: at().plus_ns(1),
                    firm: Some(firm()),
                    account: Some(account()),
                    symbol: Some(symbol()),
                    at_least: Some(Amount::parse("1000000").unwrap()),
                    actor: Some("user:grace".into()),
                    kind: Some("order.accepted.v1".into()),
                    key: Some("FIRM1".into()),
                    provisional: true,
                    object: Some("DEP-00000000002A".into()),
                },
                format: "csv".into(),
                position: Position(4711),
                rows: 2,
                bytes: 417,
                sha256: "1f".repeat(32),
                content_sha256: "1f".repeat(32),
                schedule: Some("daily-blotter".into()),
                file: Some("trade-blotter-2026-11-21.csv".into()),
            }),
        }
        .into(),
        money::reconciled(),
        compliance::requested(),
        compliance::checked(),
        SessionReset {
            session: session(),
            epoch: 2,
            next_in: 1,
            next_out: 1,
            reason: "141=Y received".into(),
        }
        .into(),
        SessionNumbersLost { session: session(), epoch: 2, begin: 17, end: 18 }.into(),
        Sealed {
            topic: Topic::MarketData,
            partition: 0,
            tree_size: 10_000,
            root: "0a".repeat(32),
            chain_head: "1b".repeat(32),
            at: at(),
            clock_error_ns: 500_000,
            key_epoch: 12,
            mac: "2c".repeat(32),
            checkpoint: "assay/market-data-0\n10000\nCgo=\n\n— assay AbCd\n".into(),
        }
        .into(),
    ]
}

fn identity_requested() -> IdentityRequested {
    IdentityRequested {
        command: command("invite_user"),
        action: IdentityAction::Invite {
            user: NewUser {
                user: user_id(8),
                email: "ada@firm1.example".into(),
                username: "ada".into(),
                profile: Profile {
                    first_name: "Ada".into(),
                    last_name: "King".into(),
                    phone: "+4412".into(),
                },
                roles: vec![UserRole::Trader],
                firm: Some(firm()),
                password_hash: Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".into()),
                referral_code: "AB12CD34".into(),
                referred_with: Some("ZZ99YY88".into()),
            },
            token: OneTimeToken { id: TokenId::new(&id("tok", 2)).unwrap(), expires: at() },
        },
    }
}

fn control_requested() -> ControlRequested {
    let price = ReferencePriceSet {
        symbol: symbol(),
        price: price("100.00"),
        max_age_ns: Some(60_000_000_000),
        source: None,
    };
    ControlRequested {
        command: command("set_reference_price"),
        action: ControlAction::SetReferencePrice(price),
    }
}

fn command_id() -> CommandId {
    CommandId::new(&id("cmd", 1)).unwrap()
}

fn command(operation: &str) -> Command {
    Command {
        id: command_id(),
        operation: operation.into(),
        by: Some(user_id(7)),
        login: Some(LoginId::new(&id("lgn", 4)).unwrap()),
        api_key: Some(ApiKeyId::new(&id("key", 5)).unwrap()),
        address: Some("192.0.2.7".into()),
        idempotency: Some(Idempotency { key: "first-try".into(), digest: "3d".repeat(32) }),
        expected_version: Some(2),
        rules: 0,
    }
}

fn kyc_file() -> KycFileId {
    KycFileId::new(&id("kyc", 9)).unwrap()
}

fn notice_id() -> NoticeId {
    NoticeId::new(&format!("ntc_{:032x}.0000", 1)).unwrap()
}

fn alert_rule() -> AlertRuleId {
    AlertRuleId::new("alt_00000000000000000000000000000001").unwrap()
}

fn alert_terms() -> AlertTerms {
    AlertTerms {
        measure: AlertMeasure::ReferencePrice { symbol: Symbol::new("AAPL").unwrap() },
        operator: AlertOperator::Above,
        threshold: amount("120.5"),
        cool_down_s: 300,
        severity: Severity::Critical,
        email: true,
        enabled: true,
    }
}

fn webhook_id() -> WebhookId {
    WebhookId::new(&id("whk", 6)).unwrap()
}

fn delivery_id() -> DeliveryId {
    DeliveryId::new(&format!("dlv_{:032x}.0000.w0", 1)).unwrap()
}

fn mail_id() -> MailId {
    MailId::new(&format!("{}.0", id("mal", 1))).unwrap()
}

fn user_id(number: u128) -> UserId {
    UserId::new(&id("usr", number)).unwrap()
}

fn id(prefix: &str, number: u128) -> String {
    format!("{prefix}_{number:032x}")
}

/// Terms of a limit order to buy 100 at 10.10.
pub(crate) fn terms() -> OrderTerms {
    OrderTerms {
        cl_ord_id: cl_ord_id("a-1"),
        session: session(),
        firm: firm(),
        account: account(),
        symbol: symbol(),
        side: Side::Buy,
        ord_type: OrdType::StopLimit,
        price: Some(price("10.10")),
        stop_px: Some(price("10.20")),
        qty: qty("100"),
        tif: TimeInForce::Day,
        conditions: None,
        carried: Some(Arc::from("58=note\u{1}583=link-1")),
    }
}

fn transfer(id: u128, debit: &str, credit: &str, kind: TransferKind) -> Transfer {
    Transfer {
        id: TransferId(id),
        debit: LedgerCode::from(debit).unwrap(),
        credit: LedgerCode::from(credit).unwrap(),
        asset: asset("USD"),
        amount: amount("303"),
        kind,
        reason: TransferReason::TradeCash,
    }
}

fn post() -> TransferKind {
    TransferKind::Post { pending: TransferId(2), release_rest: true }
}

fn filled() -> Filled {
    Filled { cum_qty: qty("30"), leaves_qty: qty("70"), notional: amount("303") }
}

fn chain_ids(id: &str) -> ChainIds {
    ChainIds { request: request(8), cl_ord_id: cl_ord_id(id), orig_cl_ord_id: cl_ord_id("a-1") }
}

fn request(seq: u64) -> RequestId {
    RequestId { session: session(), epoch: 1, seq }
}

fn session() -> SessionId {
    SessionId::new("CLIENT1/ASSAY").unwrap()
}

fn firm() -> FirmId {
    FirmId::new("FIRM1").unwrap()
}

fn account() -> AccountId {
    AccountId::new("FIRM1").unwrap()
}

fn symbol() -> Symbol {
    Symbol::new("AAPL").unwrap()
}

fn asset(text: &str) -> Asset {
    Asset::new(text).unwrap()
}

fn calendar() -> CalendarId {
    CalendarId::new("XNYS").unwrap()
}

fn cl_ord_id(text: &str) -> ClOrdId {
    ClOrdId::new(text).unwrap()
}

fn order_id() -> OrderId {
    OrderId::new(0, 42)
}

fn price(text: &str) -> Price {
    Price::parse(text).unwrap()
}

fn qty(text: &str) -> Qty {
    Qty::parse(text).unwrap()
}

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

fn at() -> Timestamp {
    Timestamp::from_ns(1_795_253_400_123_456_789)
}
