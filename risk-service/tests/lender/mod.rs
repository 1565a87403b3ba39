//! A lender and its clients, spoken to in short calls: who asks, for what, and what came of it.
#![allow(dead_code, unreachable_pub)] // each test file uses its part of it

use crate::desk::{Desk, amount, id};
use assay_loans::{Loan, Running};
use assay_risk_service::Risk;
use assay_trading_types::loan_terms::*;
use assay_trading_types::*;
use std::collections::BTreeMap;

pub const ANN: &str = "user:ann";
pub const OLGA: &str = "user:olga";
pub const OSKAR: &str = "user:oskar";

/// ACME and BETA with 10,000 USD and 1,000 AAPL at 10 each, and the product HOME: a year at 12 % in monthly instalments,
/// AAPL less a fifth as collateral, 150 % of the loan.
pub struct Lender {
    pub desk: Desk,
    /// The rules of what is asked now.
    pub rules: u32,
    commands: u64,
}

impl Lender {
    pub fn new() -> Self {
        let mut lender = Self { desk: Desk::new(), rules: Command::RULES, commands: 0 };
        lender.offer(|_| ());
        lender.desk.hear();
        lender
    }

    /// HOME on these terms, proposed by Olga and approved by Oskar.
    pub fn offer(&mut self, change: impl FnOnce(&mut Product)) {
        let mut terms = home();
        change(&mut terms);
        let product = id("HOME");
        let proposed = self.ask(OLGA, None, LoanAction::ProposeProduct { product, terms: Box::new(terms) });
        let version = proposed.strip_prefix("HOME v").unwrap().parse().unwrap();
        self.ask(OSKAR, None, LoanAction::ApproveProduct { product, version });
    }

    /// What came of what `by` asked: `ID status`, `PRODUCT vN`, or the code of a refusal.
    pub fn ask(&mut self, by: &str, firm: Option<&str>, action: LoanAction) -> String {
        self.commands += 1;
        let command = id(&format!("cmd_{}", self.commands));
        self.desk.said.clear();
        self.desk.give_by(
            by,
            LoanInstructed { command, firm: firm.map(id), action, version: None, rules: self.rules },
        );
        let mut answers = self.desk.said.iter().filter_map(|event| answer(event, command));
        let answer = answers.next().expect("every instruction is answered");
        assert_eq!(answers.next(), None, "one answer");
        drop(answers);
        self.check();
        answer
    }

    /// Why the last instruction was refused, in words.
    pub fn words(&self) -> String {
        let refused = self.desk.said.iter().find_map(|event| match event {
            Event::LoanRefused(e) => Some(e.detail.clone()),
            _ => None,
        });
        refused.expect("it was refused")
    }

    /// Facts told since the last instruction, by name.
    pub fn facts(&self) -> Vec<&'static str> {
        let changed = self.desk.said.iter().filter_map(|event| match event {
            Event::LoanChanged(e) => Some(&e.facts),
            _ => None,
        });
        changed.flatten().map(LoanFact::name).collect()
    }

    /// A client's application.
    pub fn apply(&mut self, firm: &str, much: &str, aapl: &str) -> String {
        self.ask(ANN, Some(firm), application(firm, much, aapl))
    }

    /// Applied for, approved and paid out.
    #[track_caller]
    pub fn lend(&mut self, firm: &str, much: &str, aapl: &str) -> LoanId {
        let applied = self.apply(firm, much, aapl);
        let loan = LoanId::parse(applied.split(' ').next().unwrap()).unwrap_or_else(|| panic!("{applied}"));
        assert_eq!(self.ask(OLGA, Some(firm), LoanAction::Approve { loan }), format!("{loan} Approved"));
        assert_eq!(self.ask(OSKAR, Some(firm), LoanAction::Disburse { loan }), format!("{loan} Active"));
        loan
    }

    pub fn repay(&mut self, firm: &str, loan: LoanId, much: &str) -> String {
        self.ask(ANN, Some(firm), LoanAction::Repay { loan, amount: amount(much) })
    }

    /// The clock says that so many days have passed.
    pub fn days_later(&mut self, days: i64) {
        self.desk.later_ms(days * 86_400_000);
        self.desk.said.clear();
        self.desk.tick();
        self.check();
    }

    pub fn price(&mut self, price: &str) {
        self.desk.said.clear();
        self.desk.reference("AAPL", price);
        self.check();
    }

    pub fn loan(&self, loan: LoanId) -> &Loan {
        self.desk.risk.loans().loan(loan).unwrap()
    }

    pub fn state(&self, loan: LoanId) -> LoanState {
        self.loan(loan).state()
    }

    pub fn owed(&self, loan: LoanId) -> String {
        self.state(loan).owed.total().to_string()
    }

    /// Credits less debits of an account of the books.
    pub fn balance(&self, code: &str, asset: &str) -> String {
        let ledger = self.desk.risk.ledger();
        let ix = ledger.find(LedgerCode::from(code).unwrap(), id(asset));
        ix.map_or(Amount::ZERO, |ix| ledger.account(ix).balance()).to_string()
    }

    /// Writes everything down and begins anew from it.
    pub fn restart(&mut self) {
        let bytes = self.desk.risk.snapshot();
        self.desk.risk = Risk::restore(&bytes).expect("what was written can be read");
        assert_eq!(self.desk.risk.snapshot(), bytes);
    }

    /// What must hold after every record: the books balance, and they say of loans what the loan core says.
    pub fn check(&self) {
        self.desk.check_books();
        let mut owed: BTreeMap<AccountId, Parts> = BTreeMap::new();
        let mut pledged: BTreeMap<AccountId, i128> = BTreeMap::new();
        for loan in self.desk.risk.loans().iter() {
            let parts = loan.running().map(Running::owed).unwrap_or_default();
            let sum = owed.entry(loan.account()).or_default();
            for part in [Part::Fees, Part::Interest, Part::Principal] {
                let (so_far, more) = (*sum.part_mut(part), *{ parts }.part_mut(part));
                *sum.part_mut(part) = so_far.checked_add(more).unwrap();
            }
            let units: i128 = loan.pledges().values().map(Amount::units).sum();
            *pledged.entry(loan.account()).or_default() += units;
        }
        let minus = |amount: Amount| Amount::from_units(-amount.units()).to_string();
        for (account, parts) in owed {
            assert_eq!(self.balance(&format!("loan-principal:{account}"), "USD"), minus(parts.principal));
            assert_eq!(self.balance(&format!("loan-interest:{account}"), "USD"), minus(parts.interest));
            assert_eq!(self.balance(&format!("loan-fees:{account}"), "USD"), minus(parts.fees));
        }
        if self.desk.risk.open_sales() == 0 {
            for asset in ["USD", "AAPL"] {
                assert_eq!(
                    self.balance("client:LOAN-DESK", asset),
                    "0",
                    "{asset} of a desk that sells nothing"
                );
            }
        }
        for (account, units) in pledged {
            let balance = self.balance(&format!("collateral:{account}"), "AAPL");
            assert_eq!(balance, Amount::from_units(units).to_string(), "collateral of {account}");
        }
    }
}

fn answer(event: &Event, asked: CommandId) -> Option<String> {
    match event {
        Event::LoanChanged(e) if e.command == Some(asked) => {
            Some(format!("{} {:?}", e.loan.id, e.loan.status))
        }
        Event::LoanProductChanged(e) if e.command == asked => {
            Some(format!("{} v{}", e.product.id, e.product.version))
        }
        Event::LoanRefused(e) if e.command == asked => Some(e.refusal.code().to_owned()),
        _ => None,
    }
}

pub fn application(account: &str, much: &str, aapl: &str) -> LoanAction {
    LoanAction::Apply {
        account: id(account),
        product: id("HOME"),
        amount: amount(much),
        pledges: BTreeMap::from([(id("AAPL"), amount(aapl))]),
    }
}

pub fn home() -> Product {
    let rate = |text| Rate::parse(text).unwrap();
    Product {
        name: "Home".into(),
        description: String::new(),
        currency: id("USD"),
        decimals: 2,
        amount_min: amount("100"),
        amount_max: amount("5000"),
        term_days: 365,
        rate: rate("0.12"),
        day_count: DayCount::Act365Fixed,
        cycle: Cycle::Months(1),
        stub: Stub::Short,
        repayment: Repayment::EqualInstalments,
        business_days: BusinessDays::default(),
        collateral: vec![CollateralRule { asset: id("AAPL"), haircut: rate("0.2") }],
        collateral_ratio: rate("1.5"),
        margin_ratio: rate("1.25"),
        liquidation_ratio: rate("1.1"),
        cure_s: 86_400,
        price_age_max_s: 400 * 86_400,
        grace_days: 5,
        default_after_days: 30,
        late_fee: amount("25"),
        penalty_rate: rate("0.05"),
        payout_fee: amount("10"),
        waterfall: [Part::Fees, Part::Interest, Part::Principal],
        prepayment: Prepayment::ShortensTerm,
        tolerance: amount("0.01"),
        two_persons_above: amount("1000"),
    }
}
