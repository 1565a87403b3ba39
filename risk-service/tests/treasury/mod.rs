//! Money of two firms, spoken to in short calls: who asks, for what, and what came of it.
#![allow(dead_code, unreachable_pub)] // each test file uses its part of it

use crate::desk::{Desk, amount, id};
use assay_trading_types::*;

pub const ANN: &str = "user:ann";
pub const BOB: &str = "user:bob";
pub const EVE: &str = "user:eve";

/// ACME and BETA with 10,000 USD and 1,000 AAPL each, ACME with a second account; USD and EUR have two decimals; the bank
/// of ACME can be withdrawn to.
pub struct Treasury {
    pub desk: Desk,
    /// Every movement that was asked for.
    pub movements: std::collections::BTreeSet<MovementId>,
    commands: u64,
}

impl Treasury {
    pub fn new() -> Self {
        let mut desk = Desk::new();
        let accounts = vec![id("ACME"), id("ACME-2")];
        let (commission, self_trade) = (Commission::default(), SelfTrade::Allow);
        desk.give(FirmOpened { firm: id("ACME"), accounts, commission, self_trade });
        let mut treasury = Self { desk, movements: Default::default(), commands: 0 };
        treasury.terms(|_| ());
        treasury.desk.give(MoneyTermsSet { asset: id("EUR"), ..terms() });
        treasury.desk.give(rate("EUR", "USD", "1.0825", 20));
        treasury.add_beneficiary("bank", "USD");
        treasury.later_s(86_400);
        treasury.desk.hear();
        treasury
    }

    /// Other terms of USD.
    pub fn terms(&mut self, change: impl FnOnce(&mut MoneyTermsSet)) {
        let mut terms = terms();
        change(&mut terms);
        self.desk.give(terms);
    }

    pub fn later_s(&mut self, seconds: i64) {
        self.desk.later_ms(seconds * 1_000);
        self.desk.tick();
    }

    /// What came of what `by` asked of a firm's money: `ID status` or the code of a refusal.
    pub fn ask(&mut self, by: &str, firm: &str, action: MoneyAction) -> String {
        self.ask_under(Command::RULES, by, firm, action)
    }

    /// As [`Treasury::ask`], as it was asked under other rules.
    pub fn ask_under(&mut self, rules: u32, by: &str, firm: &str, action: MoneyAction) -> String {
        self.commands += 1;
        let command = id(&format!("cmd_{}", self.commands));
        self.desk.said.clear();
        self.desk.give_by(by, MoneyInstructed { command, firm: id(firm), action, rules });
        let mut answers = self.desk.said.iter().filter_map(|event| answer(event, command));
        let answer = answers.next().expect("every instruction is answered");
        assert_eq!(answers.next(), None, "one answer");
        drop(answers);
        self.movements.extend(answer.split(' ').next().and_then(MovementId::parse));
        self.desk.check_books();
        answer
    }

    /// As [`Treasury::ask`], for what makes a movement: its id.
    #[track_caller]
    pub fn made(&mut self, by: &str, firm: &str, action: MoneyAction) -> MovementId {
        let answer = self.ask(by, firm, action);
        MovementId::parse(answer.split(' ').next().unwrap()).unwrap_or_else(|| panic!("{answer}"))
    }

    pub fn add_beneficiary(&mut self, name: &str, asset: &str) -> String {
        let (sealed, hint) = ("c2VhbGVk".to_owned(), "0130".to_owned());
        let (beneficiary, asset, method) = (id(name), id(asset), PayMethod::BankTransfer);
        let action = MoneyAction::AddBeneficiary { beneficiary, asset, method, sealed, hint };
        self.ask(ANN, "ACME", action)
    }

    pub fn deposit(&mut self, much: &str) -> MovementId {
        self.made(ANN, "ACME", deposit("ACME", "USD", much))
    }

    pub fn withdrawal(&mut self, much: &str) -> MovementId {
        self.made(ANN, "ACME", withdraw("USD", much))
    }

    /// Approves, sends and completes a withdrawal.
    pub fn pay_out(&mut self, movement: MovementId) {
        let reference = format!("out-{movement}");
        assert_eq!(self.ask(BOB, "ACME", approve(movement)), format!("{movement} Processing"));
        assert_eq!(self.ask(BOB, "ACME", send(movement, &reference)), format!("{movement} Processing"));
        let completed = MoneyAction::Complete { movement };
        assert_eq!(self.ask(BOB, "ACME", completed), format!("{movement} Completed"));
    }

    pub fn funds(&self, account: &str, asset: &str) -> String {
        self.desk.funds(account, asset)
    }

    /// Credits less debits of an account of the house.
    pub fn house(&self, code: &str, asset: &str) -> String {
        let ledger = self.desk.risk.ledger();
        let ix = ledger.find(LedgerCode::from(code).unwrap(), id(asset));
        ix.map_or(Amount::ZERO, |ix| ledger.account(ix).balance()).to_string()
    }

    pub fn status(&mut self, account: &str, status: AccountStatus) {
        let kyc = KycStatus::Verified;
        self.desk.give(AccountStatusSet {
            firm: id("ACME"),
            account: id(account),
            status,
            kyc,
            reason: "test".to_owned(),
        });
    }
}

fn answer(event: &Event, asked: CommandId) -> Option<String> {
    match event {
        Event::MovementChanged(e) if e.command == Some(asked) => {
            Some(format!("{} {:?}", e.movement.id, e.movement.status))
        }
        Event::BeneficiaryChanged(e) if e.command == asked => Some(e.beneficiary.id.to_string()),
        Event::MoneyRefused(e) if e.command == asked => Some(e.refusal.code().to_owned()),
        _ => None,
    }
}

fn terms() -> MoneyTermsSet {
    MoneyTermsSet {
        asset: id("USD"),
        decimals: 2,
        withdrawal_fee: Amount::ZERO,
        withdrawal_fee_bp: 0,
        withdrawal_day_max: None,
        second_approval_above: None,
        cooling_off_ns: 86_400_000_000_000,
        decision_ns: 3_600_000_000_000,
    }
}

pub fn rate(from: &str, to: &str, rate: &str, spread_bp: u32) -> ConversionRateSet {
    let max_age_ns = Some(2 * 86_400_000_000_000);
    ConversionRateSet {
        from: id(from),
        to: id(to),
        rate: amount(rate),
        spread_bp,
        max_age_ns,
        compared: None,
    }
}

pub fn deposit(account: &str, asset: &str, much: &str) -> MoneyAction {
    let (account, asset, method) = (id(account), id(asset), PayMethod::BankTransfer);
    MoneyAction::Deposit { account, asset, amount: amount(much), method, note: String::new() }
}

pub fn confirm(movement: MovementId, reference: &str) -> MoneyAction {
    MoneyAction::Confirm { movement, external_reference: reference.to_owned(), arrived: None }
}

pub fn acknowledge(movement: MovementId, reference: &str) -> MoneyAction {
    MoneyAction::Acknowledge { movement, external_reference: reference.to_owned() }
}

pub fn withdraw(asset: &str, much: &str) -> MoneyAction {
    withdraw_to("bank", "ACME", asset, much)
}

pub fn withdraw_to(beneficiary: &str, account: &str, asset: &str, much: &str) -> MoneyAction {
    let (account, asset, beneficiary) = (id(account), id(asset), id(beneficiary));
    MoneyAction::Withdraw { account, asset, amount: amount(much), beneficiary, note: String::new() }
}

pub fn transfer(account: &str, (firm, to): (&str, &str), asset: &str, much: &str) -> MoneyAction {
    MoneyAction::Transfer {
        account: id(account),
        to_firm: id(firm),
        to_account: id(to),
        asset: id(asset),
        amount: amount(much),
        note: String::new(),
    }
}

pub fn convert(much: &str, from: &str, to: &str, at_least: Option<&str>) -> MoneyAction {
    MoneyAction::Convert {
        account: id("ACME"),
        asset: id(from),
        amount: amount(much),
        to: id(to),
        at_least: at_least.map(amount),
        note: String::new(),
    }
}

pub fn charge(much: &str) -> MoneyAction {
    MoneyAction::Charge { account: id("ACME"), asset: id("USD"), amount: amount(much), note: String::new() }
}

pub fn reverse(movement: MovementId) -> MoneyAction {
    MoneyAction::Reverse { movement, note: "the bank sent it back".to_owned() }
}

pub fn approve(movement: MovementId) -> MoneyAction {
    MoneyAction::Approve { movement, note: String::new() }
}

pub fn reject(movement: MovementId) -> MoneyAction {
    MoneyAction::Reject { movement, reason: "no".to_owned() }
}

pub fn cancel(movement: MovementId) -> MoneyAction {
    MoneyAction::Cancel { movement, reason: "not needed".to_owned() }
}

pub fn send(movement: MovementId, reference: &str) -> MoneyAction {
    MoneyAction::Send { movement, external_reference: reference.to_owned() }
}

pub fn fail(movement: MovementId) -> MoneyAction {
    MoneyAction::Fail { movement, reason: "account closed at the bank".to_owned() }
}
