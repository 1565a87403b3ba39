//! Random requests by seed against books that an auditor keeps beside, with arithmetic of its own.

mod books;

use assay_ledger::{Answer, Desk, Leg, Request};
use assay_trading_types::{Timestamp, TransferId, TransferKind};
use books::Books;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;

const CODES: [&str; 6] = ["client:alice", "client:bob", "clearing", "commission", "loan:alice", "loan:bob"];

/// Balance and holds of each account as the auditor sums them from what was said to be applied.
#[derive(Default)]
struct Auditor {
    balances: BTreeMap<u32, i128>,
    holds: BTreeMap<TransferId, (u32, i128)>,
}

impl Auditor {
    fn note(&mut self, leg: &Leg, number: impl Fn(assay_ledger::AccountIx) -> u32) {
        let amount = leg.amount.units();
        let posts = match leg.kind {
            TransferKind::Plain => true,
            TransferKind::Pending => {
                self.holds.insert(leg.id, (number(leg.debit), amount));
                false
            }
            TransferKind::Post { pending, release_rest } => {
                self.lower(pending, amount, release_rest);
                true
            }
            TransferKind::Void { pending } => {
                self.lower(pending, amount, false);
                false
            }
        };
        if posts {
            *self.balances.entry(number(leg.debit)).or_default() -= amount;
            *self.balances.entry(number(leg.credit)).or_default() += amount;
        }
    }

    fn lower(&mut self, hold: TransferId, amount: i128, all: bool) {
        let (_, remaining) = self.holds.get_mut(&hold).expect("a draw has its hold");
        *remaining -= amount;
        assert!(*remaining >= 0, "no hold is negative");
        if all || *remaining == 0 {
            self.holds.remove(&hold);
        }
    }

    fn held(&self, account: u32) -> i128 {
        self.holds.values().filter(|(of, _)| *of == account).map(|(_, remaining)| remaining).sum()
    }
}

/// A line for the books: any kind, any accounts, ids that repeat now and then.
fn line(rng: &mut StdRng, step: u64) -> String {
    let id = 10 + if rng.random_ratio(1, 8) { rng.random_range(0..=step) } else { step };
    let hold = 10 + step.saturating_sub(rng.random_range(0..8));
    let (debit, credit) = (CODES[rng.random_range(0..6)], CODES[rng.random_range(0..6)]);
    let kind = match rng.random_range(0..6) {
        0 => "plain".to_owned(),
        1 => "hold".to_owned(),
        2 => format!("hold until {}", step + rng.random_range(0..20)),
        3 => format!("post of {hold}"),
        4 => format!("post of {hold} and release"),
        _ => format!("void of {hold}"),
    };
    let take = ["", "", "", " up to available", " up to owed", " up to held"][rng.random_range(0..6)];
    let linked = if rng.random_ratio(1, 4) { " +" } else { "" };
    // Draws name the accounts that most holds are of, or they would hardly ever fit.
    let (debit, credit) = if kind.contains("of") { ("client:alice", "clearing") } else { (debit, credit) };
    let (debit, credit) = if kind.contains("hold") && rng.random_ratio(3, 4) {
        ("client:alice", "clearing")
    } else {
        (debit, credit)
    };
    format!("{id} {debit} > {credit} {} USD {kind}{take}{linked}", rng.random_range(-1..12))
}

fn batch(rng: &mut StdRng, books: &mut Books, step: &mut u64) -> Vec<Request> {
    let count = rng.random_range(1..6);
    let request = |_| {
        *step += 1;
        books.request(&line(rng, *step))
    };
    (0..count).map(request).collect()
}

fn opened() -> Books {
    let mut books = Books::opened();
    books
        .table("3 loan:alice > client:alice 500 USD plain = ok\n 4 loan:bob > client:bob 500 USD plain = ok");
    for code in CODES {
        books.account(code, "USD");
    }
    books
}

#[test]
fn what_is_applied_adds_up_and_a_replay_gives_the_same_books() {
    let seed = std::env::var("SEED").map_or(0x0a55_a17e, |seed| seed.parse().unwrap());
    println!("seed {seed}");
    let (mut rng, mut step) = (StdRng::seed_from_u64(seed), 0);
    let (mut books, mut replay, mut auditor) = (opened(), opened(), Auditor::default());
    let number = |ix: assay_ledger::AccountIx| serde_json::to_value(ix).unwrap().as_u64().unwrap() as u32;
    for account in CODES {
        let ix = books.account(account, "USD");
        auditor.balances.insert(number(ix), books.ledger.account(ix).balance().units());
    }
    let (mut applied, mut refused, mut expired) = (0, 0, 0);
    for round in 0..4_000 {
        let now = Timestamp::from_ns(step as i64);
        let requests = batch(&mut rng, &mut books, &mut step);
        let answers = books.desk.submit(&mut books.ledger, &requests, now);
        assert_eq!(replay.desk.submit(&mut replay.ledger, &requests, now), answers);
        all_or_nothing(&requests, &answers);
        for answer in &answers {
            match answer {
                Ok(leg) => auditor.note(leg, number),
                Err(_) => refused += 1,
            }
        }
        applied += answers.iter().flatten().count();
        let name = |hold: TransferId| TransferId(hold.0 | 1 << 100);
        let voids = books.desk.expire(&mut books.ledger, now, 3, name);
        assert_eq!(replay.desk.expire(&mut replay.ledger, now, 3, name), voids);
        voids.iter().for_each(|void| auditor.note(void, number));
        expired += voids.len();
        agree(&mut books, &auditor, number);
        if round % 500 == 0 {
            replay = read_back(&replay);
        }
    }
    assert_eq!(stored(&replay), stored(&books));
    assert!(
        applied > 1_000 && refused > 1_000 && expired > 20,
        "{applied} applied, {refused} refused, {expired} expired"
    );
}

/// A chain is applied whole or not at all.
fn all_or_nothing(requests: &[Request], answers: &[Answer]) {
    for (pair, answers) in requests.windows(2).zip(answers.windows(2)) {
        assert!(!pair[0].linked || answers[0].is_ok() == answers[1].is_ok(), "{pair:?}: {answers:?}");
    }
}

fn agree(books: &mut Books, auditor: &Auditor, number: impl Fn(assay_ledger::AccountIx) -> u32) {
    for code in CODES {
        let ix = books.account(code, "USD");
        let [balance, held, available] = books.state(code, "USD");
        assert_eq!(balance, auditor.balances[&number(ix)], "balance of {code}");
        assert_eq!(held, auditor.held(number(ix)), "held of {code}");
        assert!(held >= 0);
        assert!(!code.starts_with("client:") || available >= 0, "{code} is overdrawn");
        assert!(!code.starts_with("loan:") || balance <= 0, "{code} is overpaid");
    }
    let sums = books.ledger.trial_balance();
    assert!(sums.iter().all(|b| b.debits == b.credits), "{sums:?}");
}

fn read_back(books: &Books) -> Books {
    let mut again = Books::new();
    let (ledger, desk) = stored(books);
    again.ledger = serde_json::from_str(&ledger).unwrap();
    again.desk = serde_json::from_str::<Desk>(&desk).unwrap();
    again
}

fn stored(books: &Books) -> (String, String) {
    (serde_json::to_string(&books.ledger).unwrap(), serde_json::to_string(&books.desk).unwrap())
}
