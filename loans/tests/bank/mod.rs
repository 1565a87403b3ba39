//! Loans with real books beside them: every event's postings are applied at once, and none may be refused.

#![allow(dead_code)] // each test uses its part

use assay_ledger::{Guard, Ledger, Leg};
use assay_loans::Command;
use assay_loans::*;
use assay_trading_types::loan_terms::*;
use assay_trading_types::*;
use std::collections::BTreeMap;

const HOUR_NS: i64 = 3_600_000_000_000;

/// A ledger as [`Funds`].
pub(crate) struct Books(pub(crate) Ledger);

impl Funds for Books {
    fn available(&self, account: &AccountId, asset: Asset) -> Amount {
        let code = LedgerCode::from(&format!("client:{account}")).unwrap();
        self.0.find(code, asset).map_or(Amount::ZERO, |ix| self.0.account(ix).available())
    }
}

pub(crate) struct Bank {
    pub(crate) loans: Loans,
    pub(crate) books: Books,
    pub(crate) now: Timestamp,
    /// The rules of commands that come now.
    pub(crate) rules: u32,
    next: u128,
}

impl Bank {
    /// On 2026-01-31, with product `HOME`, BTC at 50,000 USD, and alice having 10 BTC and 1,000 USD.
    pub(crate) fn opened() -> Self {
        Self::offering(product())
    }

    pub(crate) fn offering(product: Product) -> Self {
        let now = Timestamp::from_ns(day("2026-01-31").start().as_ns() + 9 * HOUR_NS);
        let mut bank = Self { loans: Loans::new(), books: Books(Ledger::new()), now, rules: 0, next: 0 };
        bank.credit("ALICE", "BTC", "10");
        bank.credit("ALICE", "USD", "1000");
        let id = product_id("HOME");
        bank.ok("officer", Command::ProposeProduct { id, product: Box::new(product) });
        bank.ok("chief", Command::ApproveProduct { id, version: 1 });
        bank.price("50000");
        bank
    }

    pub(crate) fn credit(&mut self, account: &str, asset_name: &str, units: &str) {
        self.next += 1;
        let transfer = Transfer {
            id: TransferId(self.next),
            debit: code("equity"),
            credit: code(&format!("client:{account}")),
            asset: asset(asset_name),
            amount: amount(units),
            kind: TransferKind::Plain,
            reason: TransferReason::Opening,
        };
        self.post(&[transfer]);
    }

    /// The market takes what was sold.
    pub(crate) fn take(&mut self, account: &str, asset_name: &str, units: &str) {
        self.next += 1;
        let transfer = Transfer {
            id: TransferId(self.next),
            debit: code(&format!("client:{account}")),
            credit: code("clearing"),
            asset: asset(asset_name),
            amount: amount(units),
            kind: TransferKind::Plain,
            reason: TransferReason::TradeAsset,
        };
        self.post(&[transfer]);
    }

    /// A command by somebody now; its postings go to the books.
    pub(crate) fn ask(&mut self, by: &str, command: Command) -> Result<Vec<LoanEvent>, LoanRefusal> {
        // Alice speaks for herself, everybody else for the house.
        let client = (by == "alice").then_some("ALICE");
        self.ask_for(client, by, command)
    }

    /// As [`Bank::ask`], for a client of that name.
    fn ask_for(
        &mut self,
        client: Option<&str>,
        by: &str,
        command: Command,
    ) -> Result<Vec<LoanEvent>, LoanRefusal> {
        let client = client.map(|name| FirmId::new(name).unwrap());
        let asked = Asked { by: actor(by), client, now: self.now };
        // A bank of thousands is not copied for each of them.
        let before = (self.loans.iter().count() < 100).then(|| self.loans.clone());
        let events = self.loans.apply(&command, asked, &self.books);
        match &events {
            Ok(events) => events.iter().for_each(|event| self.post(&event.transfers)),
            Err(status) => {
                assert!(before.is_none_or(|before| self.loans == before), "{status:?} changed something");
            }
        }
        events
    }

    pub(crate) fn ok(&mut self, by: &str, command: Command) -> Vec<LoanEvent> {
        let text = format!("{command:?}");
        self.ask(by, command).unwrap_or_else(|status| panic!("{text}: {status:?}"))
    }

    pub(crate) fn refused(&mut self, by: &str, command: Command) -> LoanRefusal {
        let text = format!("{command:?}");
        self.ask(by, command).expect_err(&text)
    }

    fn post(&mut self, transfers: &[Transfer]) {
        let legs: Vec<Leg> = transfers.iter().map(|t| self.leg(t)).collect();
        self.books.0.apply(&legs).unwrap_or_else(|refused| panic!("{refused:?}: {transfers:?}"));
    }

    fn leg(&mut self, t: &Transfer) -> Leg {
        let mut open = |code: LedgerCode| {
            let guard = match code.split(':').next() {
                Some("client" | "collateral") => Guard::NoOverdraft,
                Some("loan-principal" | "loan-interest" | "loan-fees") => Guard::NoOverpayment,
                _ => Guard::Unlimited,
            };
            self.books.0.open(code, t.asset, guard)
        };
        Leg { id: t.id, debit: open(t.debit), credit: open(t.credit), amount: t.amount, kind: t.kind }
    }

    pub(crate) fn price(&mut self, price: &str) -> Vec<LoanEvent> {
        let (asset, currency, price) = (asset("BTC"), asset("USD"), amount(price));
        self.ok(
            "prices",
            Command::SetPrice { asset, currency, price, lot: amount("0.000000001"), max_age_ns: None },
        )
    }

    /// Goes to a day, 09:00, without beginning it.
    pub(crate) fn go_to(&mut self, date: &str) {
        self.now = Timestamp::from_ns(day(date).start().as_ns() + 9 * HOUR_NS);
    }

    /// Begins a day, and goes to its 09:00.
    pub(crate) fn start_day(&mut self, date: &str) -> Vec<LoanEvent> {
        self.go_to(date);
        self.ok("clock", Command::StartDay { date: day(date) })
    }

    /// The clock ticks so many seconds later, and a few nanoseconds if it is said.
    pub(crate) fn tick(&mut self, later_s: i64, and_ns: i64) -> Vec<LoanEvent> {
        self.now = self.now.plus_ns(later_s * 1_000_000_000 + and_ns);
        self.ok("clock", Command::StartDay { date: Date::of(self.now) })
    }

    pub(crate) fn apply(&mut self, id: u64, units: &str, btc: &str) -> Result<Vec<LoanEvent>, LoanRefusal> {
        let application = Application { rules: self.rules, ..application(id, units, btc) };
        self.ask("alice", Command::Apply(application))
    }

    /// Applied for, approved and paid out.
    pub(crate) fn lend(&mut self, id: u64, units: &str, btc: &str) -> Vec<LoanEvent> {
        self.apply(id, units, btc).unwrap();
        self.ok("officer", Command::Approve { loan: LoanId::new(0, id) });
        self.ok("treasurer", Command::Disburse { loan: LoanId::new(0, id) })
    }

    /// As [`Bank::lend`], to a client and account of that name.
    pub(crate) fn lend_to(&mut self, name: &str, id: u64, units: &str, btc: &str) {
        let account = AccountId::new(name).unwrap();
        let application = Application { account, ..application(id, units, btc) };
        self.ask_for(Some(name), name, Command::Apply(application)).unwrap();
        self.ok("officer", Command::Approve { loan: LoanId::new(0, id) });
        self.ok("treasurer", Command::Disburse { loan: LoanId::new(0, id) });
    }

    pub(crate) fn repay(&mut self, id: u64, units: &str) -> Vec<LoanEvent> {
        self.ok("alice", Command::Repay { loan: LoanId::new(0, id), amount: amount(units) })
    }

    pub(crate) fn stage(&self, id: u64) -> &Stage {
        self.loans.loan(LoanId::new(0, id)).unwrap().stage()
    }

    pub(crate) fn owed(&self, id: u64) -> Parts {
        self.loans.loan(LoanId::new(0, id)).unwrap().running().map(Running::owed).unwrap_or_default()
    }

    /// Credits less debits.
    pub(crate) fn balance(&self, code_text: &str, asset_name: &str) -> String {
        let ix = self.books.0.find(code(code_text), asset(asset_name));
        ix.map_or(Amount::ZERO, |ix| self.books.0.account(ix).balance()).to_string()
    }

    /// What the loans say must be what the books say.
    pub(crate) fn agree(&self) {
        let mut owed = Parts::default();
        let mut pledged: BTreeMap<Asset, i128> = BTreeMap::new();
        for loan in self.loans.iter() {
            for (asset, amount) in loan.pledges() {
                *pledged.entry(*asset).or_default() += amount.units();
            }
            let parts = loan.running().map(Running::owed).unwrap_or_default();
            owed = Parts {
                fees: owed.fees.checked_add(parts.fees).unwrap(),
                interest: owed.interest.checked_add(parts.interest).unwrap(),
                principal: owed.principal.checked_add(parts.principal).unwrap(),
            };
        }
        let minus = |amount: Amount| Amount::from_units(-amount.units()).to_string();
        assert_eq!(self.balance("loan-principal:ALICE", "USD"), minus(owed.principal));
        assert_eq!(self.balance("loan-interest:ALICE", "USD"), minus(owed.interest));
        assert_eq!(self.balance("loan-fees:ALICE", "USD"), minus(owed.fees));
        let btc = pledged.get(&asset("BTC")).copied().unwrap_or_default();
        assert_eq!(self.balance("collateral:ALICE", "BTC"), Amount::from_units(btc).to_string());
        assert!(self.books.0.trial_balance().iter().all(|b| b.debits == b.credits));
    }
}

/// One year at 12 %, equal monthly instalments, 150 % collateral, call below 125 %, sale below 110 %.
pub(crate) fn product() -> Product {
    Product {
        name: "Home".into(),
        description: String::new(),
        currency: asset("USD"),
        decimals: 2,
        amount_min: amount("100"),
        amount_max: amount("100000"),
        term_days: 365,
        rate: Rate::parse("0.12").unwrap(),
        day_count: DayCount::Act365Fixed,
        cycle: Cycle::Months(1),
        stub: Stub::Short,
        repayment: Repayment::EqualInstalments,
        business_days: BusinessDays::default(),
        collateral: vec![CollateralRule { asset: asset("BTC"), haircut: Rate::parse("0.2").unwrap() }],
        collateral_ratio: Rate::parse("1.5").unwrap(),
        margin_ratio: Rate::parse("1.25").unwrap(),
        liquidation_ratio: Rate::parse("1.1").unwrap(),
        cure_s: 86_400,
        price_age_max_s: 400 * 86_400,
        grace_days: 5,
        default_after_days: 30,
        late_fee: amount("25"),
        penalty_rate: Rate::parse("0.05").unwrap(),
        payout_fee: amount("10"),
        waterfall: [Part::Fees, Part::Interest, Part::Principal],
        prepayment: Prepayment::ShortensTerm,
        tolerance: amount("0.01"),
        two_persons_above: amount("5000"),
    }
}

pub(crate) fn application(id: u64, units: &str, btc: &str) -> Application {
    Application {
        loan: LoanId::new(0, id),
        product: product_id("HOME"),
        account: AccountId::new("ALICE").unwrap(),
        amount: amount(units),
        pledges: BTreeMap::from([(asset("BTC"), amount(btc))]),
        verified: true,
        rules: 0,
    }
}

pub(crate) fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

pub(crate) fn asset(text: &str) -> Asset {
    Asset::new(text).unwrap()
}

pub(crate) fn product_id(text: &str) -> LoanProductId {
    LoanProductId::new(text).unwrap()
}

pub(crate) fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn actor(text: &str) -> Actor {
    Actor::new(text).unwrap()
}

fn code(text: &str) -> LedgerCode {
    LedgerCode::from(text).unwrap()
}
