//! Loans and their products.

use super::risk_controls::operator;
use super::*;
use assay_trading_types::loan_terms::*;
use std::collections::BTreeMap;

pub(super) fn loans() -> Vec<Event> {
    let command = command("apply_for_loan").id;
    let product = LoanProductId::new("HOME").unwrap();
    vec![
        LoanInstructed {
            command,
            firm: Some(firm()),
            action: LoanAction::Apply {
                account: account(),
                product,
                amount: amount("10000"),
                pledges: pledges(),
            },
            version: None,
            rules: 3,
        }
        .into(),
        LoanChanged {
            command: Some(command),
            facts: vec![
                LoanFact::Repayment {
                    asked: amount("1000"),
                    taken: amount("1000"),
                    fees: amount("25"),
                    interest: amount("98.63"),
                    principal: amount("876.37"),
                    owed: amount("9123.63"),
                },
                LoanFact::MarginCallCured { value: amount("16000"), owed: amount("9123.63") },
            ],
            loan: Box::new(loan()),
            terms: Some(Box::new(terms_of_product())),
            schedule: Some(vec![Instalment {
                due: day("2026-12-31"),
                interest_until: day("2026-12-31"),
                principal: amount("790.12"),
                interest: amount("98.37"),
                outstanding: amount("8333.51"),
            }]),
        }
        .into(),
        LoanProductChanged {
            command,
            product: Box::new(LoanProduct {
                id: product,
                version: 3,
                active: true,
                terms: Some(terms_of_product()),
                approved_by: Some(operator("bob")),
                proposed: Some(Product { rate: Rate::parse("0.11").unwrap(), ..terms_of_product() }),
                proposed_by: Some(operator("ann")),
                declined: Some(LoanProductDeclined { by: operator("bob"), reason: "too cheap".into() }),
            }),
        }
        .into(),
        LoanRefused {
            command,
            firm: Some(firm()),
            refusal: LoanRefusal::AmountOutOfBounds,
            detail: "50 USD is not between 100 and 100000 USD".into(),
        }
        .into(),
        WorkLeft { loans_from: Some(LoanId::new(0, 42)), balances: 117 }.into(),
        LoanNewsRaised {
            firm: firm(),
            loan: LoanId::new(0, 42),
            kinds: vec![NoticeKind::LoanDefaulted, NoticeKind::CollateralLiquidated],
        }
        .into(),
    ]
}

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn pledges() -> BTreeMap<Asset, Amount> {
    BTreeMap::from([(asset("AAPL"), amount("2000"))])
}

/// One with every part, so that each is seen; no loan has them all.
fn loan() -> LoanState {
    let signed = |by: &str| Some(LoanSigned { by: operator(by), at: at() });
    LoanState {
        id: LoanId::new(0, 42),
        firm: firm(),
        account: account(),
        product: LoanProductId::new("HOME").unwrap(),
        status: LoanStatus::Active,
        currency: asset("USD"),
        amount: amount("10000"),
        rate: Rate::parse("0.12").unwrap(),
        pledges: pledges(),
        selling: Some(LoanSale { asset: asset("AAPL"), amount: amount("12.5") }),
        owed: Parts { fees: amount("0"), interest: amount("0"), principal: amount("9123.63") },
        repaid: Parts { fees: amount("25"), interest: amount("98.63"), principal: amount("876.37") },
        recovered: amount("0"),
        applied: LoanSigned { by: operator("ann"), at: at() },
        decided: signed("bob"),
        reason: Some("the collateral is gone".into()),
        disbursed: signed("cas"),
        maturity: Some(day("2027-11-21")),
        next_due: Some(day("2026-12-31")),
        late: Bucket::Days1,
        call_until: Some(at()),
        ended: Some(at()),
        version: 7,
    }
}

fn terms_of_product() -> Product {
    let rate = |text| Rate::parse(text).unwrap();
    Product {
        name: "Home".into(),
        description: "For homes".into(),
        currency: asset("USD"),
        decimals: 2,
        amount_min: amount("100"),
        amount_max: amount("100000"),
        term_days: 365,
        rate: rate("0.12"),
        day_count: DayCount::Act365Fixed,
        cycle: Cycle::Months(1),
        stub: Stub::Short,
        repayment: Repayment::EqualInstalments,
        business_days: BusinessDays {
            shift: Shift::Following,
            interest_moves: false,
            holidays: [day("2026-12-25")].into(),
        },
        collateral: vec![CollateralRule { asset: asset("AAPL"), haircut: rate("0.2") }],
        collateral_ratio: rate("1.5"),
        margin_ratio: rate("1.25"),
        liquidation_ratio: rate("1.1"),
        cure_s: 86_400,
        price_age_max_s: 3_600,
        grace_days: 5,
        default_after_days: 30,
        late_fee: amount("25"),
        penalty_rate: rate("0.05"),
        payout_fee: amount("10"),
        waterfall: [Part::Fees, Part::Interest, Part::Principal],
        prepayment: Prepayment::ShortensTerm,
        tolerance: amount("0.01"),
        two_persons_above: amount("5000"),
    }
}
