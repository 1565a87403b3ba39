//! Money that comes, goes and changes owner.

use super::risk_controls::operator;
use super::*;
use assay_trading_types::loan_terms::{DayCount, Rate};

pub(super) fn money() -> Vec<Event> {
    let command = command("request_withdrawal").id;
    vec![
        MoneyInstructed {
            command,
            firm: firm(),
            action: MoneyAction::Withdraw {
                account: account(),
                asset: asset("USD"),
                amount: amount("2500.50"),
                beneficiary: beneficiary().id,
                note: "quarterly".into(),
            },
            rules: 3,
        }
        .into(),
        MovementChanged { command: Some(command), movement: Box::new(movement()) }.into(),
        MoneyRefused {
            command,
            firm: firm(),
            refusal: MoneyRefusal::InsufficientFunds,
            detail: "2501.50 > 1000 USD of FIRM1".into(),
        }
        .into(),
        BeneficiaryChanged { command, beneficiary: beneficiary() }.into(),
        MoneyTermsSet {
            asset: asset("USD"),
            decimals: 2,
            withdrawal_fee: amount("1"),
            withdrawal_fee_bp: 5,
            withdrawal_day_max: Some(amount("1000000")),
            second_approval_above: Some(amount("100000")),
            cooling_off_ns: 86_400_000_000_000,
            decision_ns: 604_800_000_000_000,
        }
        .into(),
        ConversionRateSet {
            from: asset("EUR"),
            to: asset("USD"),
            rate: amount("1.0825"),
            spread_bp: 20,
            max_age_ns: Some(60_000_000_000),
            compared: Some(RateCompared { reference: Some(amount("1.0810")), alone_within_bp: 200 }),
        }
        .into(),
        FeeScheduleSet {
            firm: Some(firm()),
            symbol: Some("AAPL".parse().unwrap()),
            version: 3,
            tiers: vec![FeeTier { volume_min: amount("0"), maker: rates("1"), taker: rates("2.5") }],
        }
        .into(),
        BalanceInterestSet {
            asset: asset("USD"),
            rate: Rate::parse("0.0425").unwrap(),
            day_count: DayCount::Act360,
            version: 4,
        }
        .into(),
    ]
}

pub(super) fn bank() -> Event {
    let line = BankLine {
        reference: "R1".into(),
        day: Date::parse("2026-11-20").unwrap(),
        amount: amount("2500.50"),
        text: "for DEP-00000000002A".into(),
        matched: MovementId::parse("DEP-00000000002A"),
    };
    let statement = BankStatement {
        account: "DE89370400440532013000".into(),
        name: "2026-11-20".into(),
        asset: asset("EUR"),
        digest: "3d".repeat(32),
        opening: amount("1000"),
        closing: amount("3500.50"),
        lines: vec![line],
    };
    BankRequested { command: command("import_bank_statement"), action: BankAction::Import(statement) }.into()
}

pub(super) fn reconciled() -> Event {
    let found = BooksBreak {
        kind: BreakKind::Hold,
        account: "client:FIRM1".into(),
        asset: asset("USD"),
        books: amount("10"),
        expected: amount("0"),
        reference: Some("WDR-00000000002A".into()),
    };
    BooksReconciled {
        due: at(),
        position: 4_711,
        accounts: 12,
        holds: 3,
        open_bank_lines: 1,
        breaks_total: 1,
        breaks: vec![found],
    }
    .into()
}

fn rates(basis_points: &str) -> Commission {
    Commission { per_share: amount("0.001"), basis_points: amount(basis_points), minimum: amount("0.01") }
}

fn beneficiary() -> Beneficiary {
    Beneficiary {
        id: BeneficiaryId::new("house-bank").unwrap(),
        firm: firm(),
        asset: asset("USD"),
        method: PayMethod::BankTransfer,
        sealed: "c2VhbGVk".into(),
        hint: "0130".into(),
        by: operator("ann"),
        usable_from: at(),
        removed: true,
    }
}

/// One with every part, so that each is seen; no movement has them all.
fn movement() -> Movement {
    let id = |kind, offset| MovementId::new(kind, 0, offset);
    Movement {
        id: id(MovementKind::Withdrawal, 42),
        status: MovementStatus::Completed,
        firm: firm(),
        account: account(),
        asset: asset("USD"),
        amount: amount("2500.50"),
        fee: amount("1"),
        to: Some(Receiver { firm: firm(), account: account() }),
        converted: Some(Converted {
            asset: asset("EUR"),
            amount: amount("2305.30"),
            rate: amount("0.9238"),
            spread: amount("4.61"),
        }),
        method: Some(PayMethod::BankTransfer),
        beneficiary: Some(beneficiary().id),
        external_reference: Some("MT103-7781".into()),
        reverses: Some(id(MovementKind::Deposit, 7)),
        reversed_by: Some(id(MovementKind::Reversal, 51)),
        note: "quarterly".into(),
        by: operator("ann"),
        approvals: vec![operator("bob")],
        approvals_needed: 1,
        reason: Some("the bank sent it back".into()),
        created: at(),
        expires: Some(at()),
        completed: Some(at()),
        version: 4,
    }
}
