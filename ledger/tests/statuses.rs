//! The ledger as a bookkeeper reads it: one transfer a line, `id debit > credit amount kind = status`.

use assay_ledger::{AccountIx, Guard, Ledger, Leg, Status};
use assay_trading_types::{Amount, Asset, LedgerCode, TransferId, TransferKind};

/// Clients may not be overdrawn; everything else may.
struct Books(Ledger);

impl Books {
    /// Alice has 100 USD and 10 AAPL from equity.
    fn opened() -> Self {
        let mut books = Self(Ledger::new());
        books.check("1 equity > client:alice 100 USD plain = ok");
        books.check("2 equity > client:alice 10 AAPL plain = ok");
        books
    }

    fn account(&mut self, code: &str, asset: &str) -> AccountIx {
        let guard = if code.starts_with("client:") { Guard::NoOverdraft } else { Guard::Unlimited };
        self.0.open(LedgerCode::from(code).unwrap(), Asset::new(asset).unwrap(), guard)
    }

    /// `1 debit > credit 100 USD plain|hold|post of 1|post of 1 and release|void of 1`
    fn leg(&mut self, text: &str) -> Leg {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [id, debit, _, credit, amount, assets, kind @ ..] = words.as_slice() else { panic!("{text}") };
        let (debit_asset, credit_asset) = assets.split_once('/').unwrap_or((assets, assets));
        let hold = |text: &str| TransferId(text.parse().unwrap());
        let kind = match kind {
            ["plain"] => TransferKind::Plain,
            ["hold"] => TransferKind::Pending,
            ["post", "of", id] => TransferKind::Post { pending: hold(id), release_rest: false },
            ["post", "of", id, "and", "release"] => {
                TransferKind::Post { pending: hold(id), release_rest: true }
            }
            ["void", "of", id] => TransferKind::Void { pending: hold(id) },
            other => panic!("{other:?}"),
        };
        Leg {
            id: hold(id),
            debit: self.account(debit, debit_asset),
            credit: self.account(credit, credit_asset),
            amount: Amount::from_units(amount.parse().unwrap()),
            kind,
        }
    }

    fn check(&mut self, line: &str) {
        let (text, expected) = line.split_once(" = ").unwrap();
        let leg = self.leg(text);
        let status = self.0.apply(&[leg]).map_err(|(_, status)| status);
        let status = status.map_or_else(|s| format!("{s:?}"), |()| "ok".to_owned());
        assert_eq!(status, expected, "{text}");
        self.balanced();
    }

    fn table(&mut self, lines: &[&str]) {
        lines.iter().for_each(|line| self.check(line));
    }

    fn group(&mut self, lines: &[&str]) -> Result<(), (usize, Status)> {
        let legs: Vec<Leg> = lines.iter().map(|line| self.leg(line)).collect();
        self.0.apply(&legs)
    }

    /// balance, held, available
    fn state(&mut self, code: &str, asset: &str) -> [i128; 3] {
        let ix = self.account(code, asset);
        let account = self.0.account(ix);
        [account.balance(), account.held(), account.available()].map(|a| a.units())
    }

    fn balanced(&self) {
        assert!(self.0.trial_balance().iter().all(|b| b.debits == b.credits), "{:?}", self.0.trial_balance());
    }
}

#[test]
fn every_status_is_reached_in_order_of_precedence() {
    let mut books = Books::opened();
    books.table(&[
        "3 client:alice > client:alice 0 USD/AAPL plain = AmountNotPositive",
        "3 client:alice > clearing -1 USD plain = AmountNotPositive",
        "3 client:alice > client:alice 1 USD plain = SameAccount",
        "3 client:alice > clearing 1 USD/AAPL plain = AssetsDiffer",
        "3 client:alice > clearing 60 USD hold = ok",
        "3 client:alice > clearing 60 USD hold = Exists",
        "3 client:alice > clearing 59 USD hold = ExistsWithDifferentTerms",
        "3 client:alice > commission 60 USD hold = ExistsWithDifferentTerms",
        "4 client:alice > clearing 1 USD post of 9 = PendingNotFound",
        "4 client:alice > clearing 1 USD void of 9 = PendingNotFound",
        "4 client:alice > commission 1 USD post of 3 = PendingHasDifferentAccounts",
        "4 client:alice > clearing 61 USD post of 3 = ExceedsPending",
        "4 client:alice > clearing 61 USD void of 3 = ExceedsPending",
        "4 client:alice > clearing 41 USD plain = Overdraft",
        "4 client:alice > clearing 41 USD hold = Overdraft",
        "4 client:alice > clearing 40 USD plain = ok",
        &format!("5 equity > client:alice {} USD plain = Overflow", i128::MAX),
    ]);
    assert_eq!(books.state("client:alice", "USD"), [60, 60, 0]);
    let reached = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    assert_eq!(Status::ALL.map(|s| s as u16), reached, "numbers are stable");
}

#[test]
fn a_hold_is_posted_in_parts_and_its_rest_voided() {
    let mut books = Books::opened();
    books.table(&[
        "3 client:alice > clearing 60 USD hold = ok",
        "4 client:alice > clearing 25 USD post of 3 = ok",
        "3 client:alice > clearing 60 USD hold = Exists",
        "3 client:alice > clearing 35 USD hold = ExistsWithDifferentTerms",
    ]);
    assert_eq!(books.state("client:alice", "USD"), [75, 35, 40]);
    books.table(&["5 client:alice > clearing 15 USD void of 3 = ok"]);
    assert_eq!(books.state("client:alice", "USD"), [75, 20, 55]);
    books.table(&["6 client:alice > clearing 5 USD post of 3 and release = ok"]);
    assert_eq!(books.state("client:alice", "USD"), [70, 0, 70]);
    assert_eq!(books.state("clearing", "USD"), [30, 0, 30]);
    assert_eq!(books.0.holds(), 0, "a used-up hold is forgotten");
    books.table(&["7 client:alice > clearing 1 USD post of 3 = PendingNotFound"]);
}

#[test]
fn a_group_is_all_or_nothing_and_later_legs_see_earlier_ones() {
    let mut books = Books::opened();
    books.table(&["3 client:alice > clearing 60 USD hold = ok"]);
    let before = (books.state("client:alice", "USD"), books.state("client:bob", "USD"));
    let delivery = [
        "4 client:alice > clearing 50 USD post of 3",
        "5 clearing > client:bob 50 USD plain",
        "6 client:alice > clearing 10 USD void of 3",
        "7 client:alice > clearing 45 USD hold",
    ];
    let mut failing = delivery.to_vec();
    failing.push("8 client:bob > commission 51 USD plain");
    assert_eq!(books.group(&failing), Err((4, Status::Overdraft)));
    assert_eq!((books.state("client:alice", "USD"), books.state("client:bob", "USD")), before);
    assert_eq!((books.0.holds(), books.0.held(TransferId(3)).units()), (1, 60), "the hold is whole again");

    let used_twice =
        ["4 client:alice > clearing 60 USD post of 3", "5 client:alice > clearing 1 USD void of 3"];
    assert_eq!(books.group(&used_twice), Err((1, Status::PendingNotFound)));
    let released_twice = [
        "4 client:alice > clearing 1 USD post of 3 and release",
        "5 client:alice > clearing 1 USD void of 3",
    ];
    assert_eq!(books.group(&released_twice), Err((1, Status::PendingNotFound)));
    assert_eq!(books.0.held(TransferId(3)).units(), 60);

    let mut fitting = delivery.to_vec();
    fitting.push("8 client:bob > commission 50 USD plain");
    assert_eq!(books.group(&fitting), Ok(()));
    assert_eq!(books.state("client:alice", "USD"), [50, 45, 5]);
    assert_eq!(books.state("client:bob", "USD"), [0, 0, 0]);
    assert_eq!(books.state("clearing", "USD"), [0, 0, 0]);
    books.balanced();
    assert_eq!(books.group(&[]), Ok(()), "nothing is no contradiction");
}

#[test]
fn random_groups_balance_and_failed_ones_leave_no_trace() {
    use rand::{Rng, SeedableRng};
    let seed = std::env::var("SEED").map_or(0x00a5_5a17, |seed| seed.parse().unwrap());
    println!("seed {seed}");
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    let mut books = Books::opened();
    let codes = ["client:alice", "client:bob", "clearing", "commission"];
    let (mut applied, mut refused) = (0, 0);
    for group in 0..2_000_u64 {
        let kinds = ["plain".to_owned(), "hold".to_owned()].into_iter();
        let recent = (group.saturating_sub(6)..group).flat_map(|g| {
            let hold = 100 + g * 10;
            [format!("post of {hold}"), format!("post of {hold} and release"), format!("void of {hold}")]
        });
        let kinds: Vec<String> = kinds.chain(recent).collect();
        let lines: Vec<String> = (0..rng.random_range(1..5))
            .map(|leg| {
                let amount = rng.random_range(0..12);
                let choices = if rng.random() { 2 } else { kinds.len() };
                let kind = &kinds[rng.random_range(0..choices)];
                let mut code = || codes[rng.random_range(0..codes.len())];
                let (debit, credit) =
                    if kind == "plain" { (code(), code()) } else { ("client:alice", "clearing") };
                format!("{} {debit} > {credit} {amount} USD {kind}", 100 + group * 10 + leg)
            })
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let before: Vec<[i128; 3]> = codes.iter().map(|code| books.state(code, "USD")).collect();
        let holds = books.0.holds();
        match books.group(&lines) {
            Ok(()) => applied += 1,
            Err(_) => {
                refused += 1;
                let after: Vec<[i128; 3]> = codes.iter().map(|code| books.state(code, "USD")).collect();
                assert_eq!((after, books.0.holds()), (before, holds), "{lines:?}");
            }
        }
        books.balanced();
        assert!(books.state("client:alice", "USD")[2] >= 0 && books.state("client:bob", "USD")[2] >= 0);
    }
    assert!(applied > 50 && refused > 50, "{applied} applied, {refused} refused");
}
