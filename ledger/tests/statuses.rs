//! Groups of transfers applied to the ledger directly, as those do who know what they do.

mod books;

use assay_ledger::{Leg, Status};
use assay_trading_types::TransferId;
use books::Books;

impl Books {
    fn check(&mut self, line: &str) {
        let (text, expected) = line.split_once(" = ").unwrap();
        let leg = self.leg(text);
        let status = self.ledger.apply(&[leg]).map_err(|(_, status)| status);
        let status = status.map_or_else(|s| format!("{s:?}"), |()| "ok".to_owned());
        assert_eq!(status, expected, "{text}");
        self.balanced();
    }

    fn steps(&mut self, lines: &[&str]) {
        lines.iter().for_each(|line| self.check(line));
    }

    fn group(&mut self, lines: &[&str]) -> Result<(), (usize, Status)> {
        let legs: Vec<Leg> = lines.iter().map(|line| self.leg(line)).collect();
        self.ledger.apply(&legs)
    }

    fn balanced(&self) {
        let books = self.ledger.trial_balance();
        assert!(books.iter().all(|b| b.debits == b.credits), "{books:?}");
    }
}

#[test]
fn the_ledger_itself_answers_in_order_of_precedence() {
    let mut books = Books::opened();
    books.steps(&[
        "3 client:alice > client:alice 0 USD/AAPL plain = AmountNotPositive",
        "3 client:alice > clearing -1 USD plain = AmountNotPositive",
        "3 client:alice > client:alice 1 USD plain = SameAccount",
        "3 client:alice > clearing 1 USD/AAPL plain = AssetsDiffer",
        "3 client:alice > clearing 60 USD hold = ok",
        "3 client:bob > commission 59 USD hold = ExistsWithDifferentDebit",
        "3 client:alice > commission 59 USD hold = ExistsWithDifferentCredit",
        "3 client:alice > clearing 59 USD hold = ExistsWithDifferentAmount",
        "3 client:alice > clearing 60 USD hold = Exists",
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
}

#[test]
fn a_hold_is_posted_in_parts_and_its_rest_voided() {
    let mut books = Books::opened();
    books.steps(&[
        "3 client:alice > clearing 60 USD hold = ok",
        "4 client:alice > clearing 25 USD post of 3 = ok",
        "3 client:alice > clearing 60 USD hold = Exists",
        "3 client:alice > clearing 35 USD hold = ExistsWithDifferentAmount",
    ]);
    assert_eq!(books.state("client:alice", "USD"), [75, 35, 40]);
    books.steps(&["5 client:alice > clearing 15 USD void of 3 = ok"]);
    assert_eq!(books.state("client:alice", "USD"), [75, 20, 55]);
    books.steps(&["6 client:alice > clearing 5 USD post of 3 and release = ok"]);
    assert_eq!(books.state("client:alice", "USD"), [70, 0, 70]);
    assert_eq!(books.state("clearing", "USD"), [30, 0, 30]);
    assert_eq!(books.ledger.holds(), 0, "a used-up hold is forgotten");
    books.steps(&["7 client:alice > clearing 1 USD post of 3 = PendingNotFound"]);
}

#[test]
fn a_group_is_all_or_nothing_and_later_legs_see_earlier_ones() {
    let mut books = Books::opened();
    books.steps(&["3 client:alice > clearing 60 USD hold = ok"]);
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
    assert_eq!(
        (books.ledger.holds(), books.ledger.held(TransferId(3)).units()),
        (1, 60),
        "the hold is whole again"
    );

    let used_twice =
        ["4 client:alice > clearing 60 USD post of 3", "5 client:alice > clearing 1 USD void of 3"];
    assert_eq!(books.group(&used_twice), Err((1, Status::PendingNotFound)));
    let released_twice = [
        "4 client:alice > clearing 1 USD post of 3 and release",
        "5 client:alice > clearing 1 USD void of 3",
    ];
    assert_eq!(books.group(&released_twice), Err((1, Status::PendingNotFound)));
    assert_eq!(books.ledger.held(TransferId(3)).units(), 60);

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
        let holds = books.ledger.holds();
        match books.group(&lines) {
            Ok(()) => applied += 1,
            Err(_) => {
                refused += 1;
                let after: Vec<[i128; 3]> = codes.iter().map(|code| books.state(code, "USD")).collect();
                assert_eq!((after, books.ledger.holds()), (before, holds), "{lines:?}");
            }
        }
        books.balanced();
        assert!(books.state("client:alice", "USD")[2] >= 0 && books.state("client:bob", "USD")[2] >= 0);
    }
    assert!(applied > 50 && refused > 50, "{applied} applied, {refused} refused");
}
