//! Limits and their changes, switches, lists and alarms.

use super::*;

pub(super) fn risk_controls() -> Vec<Event> {
    let (scope, change) = (LimitScope::Firm(firm()), ChangeId::new("change-17").unwrap());
    let until = Some(Timestamp::from_ns(1_795_257_000_000_000_000));
    vec![
        HouseCreditSet { version: 3, credit_max: Some(amount("5000000000")) }.into(),
        LimitsChangeProposed {
            change,
            scope,
            limits: Box::new(limits()),
            reason: "index rebalance".into(),
            valid_until: until,
            emergency: false,
            command: Some(command_id()),
        }
        .into(),
        LimitsChangeDecided {
            change,
            approved: true,
            reason: "seen the client's mandate".into(),
            command: Some(command_id()),
        }
        .into(),
        LimitsChanged {
            scope,
            version: 4,
            cause: LimitsCause::Approved,
            change: Some(change),
            maker: Some(operator("ann")),
            checker: Some(operator("bob")),
            reason: "index rebalance / seen the client's mandate".into(),
            valid_until: until,
            before: Box::new(Limits { order_qty_max: Some(qty("50000")), ..Limits::default() }),
            limits: Box::new(limits()),
        }
        .into(),
        RiskSwitchSet {
            scope: SwitchScope::Instrument(symbol()),
            state: SwitchState::ReduceOnly,
            reason: "issuer's news".into(),
            command: Some(command_id()),
        }
        .into(),
        RiskSwitchChanged {
            scope: SwitchScope::All,
            before: SwitchState::Open,
            state: SwitchState::Killed,
            by: operator("ann"),
            reason: "runaway algorithm".into(),
            orders: 17,
        }
        .into(),
        RestrictionSet {
            firm: Some(firm()),
            account: Some(account()),
            symbol: Some(symbol()),
            side: Some(Side::Sell),
            restricted: true,
            reason: "insider list".into(),
        }
        .into(),
        AccountStatusSet {
            firm: firm(),
            account: account(),
            status: AccountStatus::Suspended,
            kyc: KycStatus::Expired,
            reason: "documents ran out".into(),
        }
        .into(),
        AverageVolumeSet { symbol: symbol(), qty: qty("2500000") }.into(),
        RepeatBreakerReset {
            firm: firm(),
            account: account(),
            symbol: symbol(),
            reason: "algorithm stopped".into(),
            command: Some(command_id()),
        }
        .into(),
        RiskCommandRefused {
            subject: "change-17".into(),
            by: operator("ann"),
            refusal: CommandRefusal::SamePerson,
            detail: "operator:ann proposed it".into(),
            command: Some(command_id()),
        }
        .into(),
        RiskAlarmed {
            alarm: Alarm::LimitWarning(measured()),
            firm: Some(firm()),
            account: Some(account()),
            symbol: Some(symbol()),
            detail: "Gross 900000000 of 1000000000".into(),
        }
        .into(),
    ]
}

pub(super) fn limits() -> Limits {
    Limits {
        order_qty_max: Some(qty("100000")),
        order_notional_max: Some(amount("10000000")),
        gross_notional_max: Some(amount("1000000000")),
        orders_per_s_max: Some(1000),
        price_collar_bp: Some(1000),
        price_collar_ticks: Some(500),
        market_protection_bp: Some(200),
        order_adv_bp_max: Some(500),
        net_notional_max: Some(amount("500000000")),
        working_notional_max: Some(amount("200000000")),
        open_orders_max: Some(10_000),
        position_qty_max: Some(qty("5000000")),
        position_notional_max: Some(amount("250000000")),
        daily_loss_max: Some(amount("2000000")),
        credit_max: Some(amount("750000000")),
        warning_percent: Some(80),
        order_trade_ratio_max: Some(500),
        duplicate_window_ms: Some(250),
        repeated_executions_max: Some(100),
        repeated_execution_window_ms: Some(1000),
        short_margin_percent: Some(150),
    }
}

pub(super) fn measured() -> Measured {
    Measured {
        level: LimitLevel::Firm,
        measure: Measure::Gross,
        value: amount("900000000"),
        limit: amount("1000000000"),
    }
}

pub(super) fn operator(name: &str) -> Actor {
    Actor::new(&format!("operator:{name}")).unwrap()
}
