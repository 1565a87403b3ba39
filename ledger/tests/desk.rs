//! What people and systems ask of the books, as tables.

mod books;

use assay_ledger::{Desk, Status};
use assay_trading_types::{Timestamp, TransferId};
use books::Books;
use std::collections::BTreeSet;

/// Every status, and a way to reach it, in order of precedence. Each line but the last lines of it also breaks a later
/// rule, so that the order shows.
const EVERY_STATUS: &str = "
    3 client:alice > clearing 10 USD hold until 50 = ok
    4 client:alice > clearing 20 USD hold = ok

    5 client:alice > client:alice 0 USD plain + = AmountNotPositive
    6 client:alice > clearing 1 USD plain       = LinkedTransferFailed

    5 client:alice > client:alice 0 USD/AAPL plain = AmountNotPositive
    5 client:alice > clearing    -1 USD plain      = AmountNotPositive
    decimals EUR 2 = ok
    5 client:alice > client:alice 1 EUR plain      = AmountFinerThanAsset
    5 client:alice > client:alice 1 USD plain until 9 = SameAccount
    5 client:alice > clearing     1 USD/AAPL plain until 9 = AssetsDiffer
    3 client:alice > clearing     9 USD plain until 9 up to held = ExpiryNotPending
    3 client:alice > clearing     9 USD plain up to held = TakeNotOfKind
    5 client:alice > clearing     9 USD void of 3 up to owed = TakeNotOfKind

    3 client:bob   > commission   9 USD plain                = ExistsWithDifferentKind
    6 client:alice > clearing     2 USD post of 3            = ok
    6 client:bob   > commission   9 USD post of 4            = ExistsWithDifferentHold
    3 client:bob   > commission   9 USD hold until 9         = ExistsWithDifferentDebit
    3 client:alice > commission   9 USD hold until 9         = ExistsWithDifferentCredit
    3 client:alice > clearing     9 USD hold until 9         = ExistsWithDifferentAmount
    3 client:alice > clearing    10 USD hold until 9 up to available = ExistsWithDifferentTake
    6 client:alice > clearing     2 USD post of 3 and release = ExistsWithDifferentTake
    3 client:alice > clearing    10 USD hold until 9 as commission = ExistsWithDifferentExpiry
    3 client:alice > clearing    10 USD hold until 50 as commission = ExistsWithDifferentReason
    3 client:alice > clearing    10 USD hold until 50        = Exists
    6 client:alice > clearing     2 USD post of 3            = Exists
    at 9
    7 client:nobody > clearing  999 USD hold until 9         = ExpiryPassed
    7 client:nobody > clearing  999 USD post of 99           = PendingNotFound
    8 client:alice > clearing    20 USD post of 4            = ok
    9 client:nobody > clearing  999 USD post of 4            = PendingAlreadyPosted
   10 client:alice > clearing    30 USD hold                 = ok
   11 client:alice > clearing    30 USD void of 10           = ok
   12 client:nobody > clearing  999 USD void of 10           = PendingAlreadyVoided
    at 50
   13 client:nobody > clearing  999 USD post of 3            = PendingExpired
    expire = 3
   13 client:nobody > clearing  999 USD post of 3            = PendingExpired
   14 client:alice > clearing    40 USD hold                 = ok
   15 client:nobody > clearing  999 USD post of 14           = PendingHasDifferentAccounts
   15 client:alice > clearing    41 USD post of 14           = ExceedsPending
   15 client:alice > clearing    41 USD void of 14           = ExceedsPending
    close client:nobody USD = ok
    close client:gone USD = ok
   15 client:nobody > client:gone 999 USD plain up to available = DebitAccountClosed
   15 client:alice > client:gone 999 USD plain up to available = CreditAccountClosed
   15 client:bob > clearing       9 USD plain up to available = NothingToTake
   15 client:alice > loan:bob     9 USD plain up to owed     = NothingToTake
   15 client:alice > loan:bob   999 USD plain                = Overdraft
   15 clearing > loan:bob 170141183460469231731687303715884105727 USD plain = Overpayment
   15 clearing > commission 170141183460469231731687303715884105727 USD plain = Overflow
";

#[test]
fn every_status_is_reached_in_order_of_precedence() {
    let mut books = Books::opened();
    books.table(EVERY_STATUS);
    let mut open_chain = books.request("90 client:alice > client:alice 0 USD plain");
    open_chain.linked = true;
    let answers = books.desk.submit(&mut books.ledger, &[open_chain, open_chain], Timestamp::from_ns(60));
    assert_eq!(answers, [Err(Status::LinkedTransferFailed), Err(Status::LinkedChainOpen)]);

    let listed = |status: &Status| EVERY_STATUS.contains(&format!("= {status:?}\n"));
    let missing: Vec<&Status> = Status::ALL.iter().filter(|s| !listed(s)).collect();
    assert_eq!(missing, [&Status::LinkedChainOpen], "the only one that a table cannot write down");
    let position = |s: &Status| EVERY_STATUS.find(&format!("= {s:?}\n")).unwrap_or(0);
    let in_order = Status::ALL[2..].windows(2).all(|pair| position(&pair[0]) < position(&pair[1]));
    assert!(in_order, "the table has them in order of precedence");
    let numbers: BTreeSet<u16> = Status::ALL.iter().map(|s| *s as u16).collect();
    let expected: BTreeSet<u16> = (1..=31).filter(|n| *n != 5).collect();
    assert_eq!(numbers, expected, "numbers are stable, and 5 is retired");
}

#[test]
fn asking_again_moves_nothing_and_a_chain_asked_again_is_there() {
    let mut books = Books::opened();
    books.table(
        "3 client:alice > client:bob 60 USD plain = ok
         3 client:alice > client:bob 60 USD plain = Exists
         4 client:alice > client:bob 10 USD plain + = ok
         5 client:bob > commission 1 USD plain = ok
         4 client:alice > client:bob 10 USD plain + = Exists
         5 client:bob > commission 1 USD plain = Exists
         4 client:alice > client:bob 10 USD plain + = Exists
         6 client:bob > commission 1 USD plain = LinkedTransferFailed
         balance client:alice USD = 30 0 30
         balance client:bob USD = 69 0 69
         balance commission USD = 1 0 1",
    );
}

#[test]
fn a_chain_is_all_or_nothing_and_later_ones_see_earlier_ones() {
    let mut books = Books::opened();
    books.table(
        "3 client:alice > client:bob 100 USD plain + = LinkedTransferFailed
         4 client:bob > client:carol 100 USD plain + = LinkedTransferFailed
         5 client:carol > commission 101 USD plain = Overdraft
         balance client:alice USD = 100 0 100
         6 client:alice > client:bob 1 USD plain = ok
         3 client:alice > client:bob 99 USD plain + = ok
         4 client:bob > client:carol 999 USD plain up to available + = ok of 100
         5 client:carol > clearing 60 USD hold + = ok
         7 client:carol > clearing 50 USD post of 5 and release + = ok
         8 client:carol > commission 50 USD plain = ok
         balance client:carol USD = 0 0 0
         9 client:alice > client:bob 1 AAPL plain + = LinkedTransferFailed
         9 client:alice > client:bob 2 AAPL plain = ExistsWithDifferentAmount
         balance client:alice AAPL = 10 0 10",
    );
}

#[test]
fn a_balancing_transfer_takes_what_is_there() {
    let mut books = Books::opened();
    books.table(
        "3 client:alice > clearing 30 USD hold = ok
         4 client:alice > client:bob 50 USD plain up to available = ok
         5 client:alice > client:bob 50 USD plain up to available = ok of 20
         6 client:alice > client:bob 50 USD plain up to available = NothingToTake
         5 client:alice > client:bob 50 USD plain up to available = Exists
         7 loan:bob > client:carol 40 USD plain = ok
         8 client:bob > loan:bob 25 USD plain up to owed = ok
         9 client:bob > loan:bob 25 USD plain up to owed = ok of 15
         10 client:bob > loan:bob 1 USD plain = Overpayment
         11 client:alice > clearing 99 USD post of 3 up to held = ok of 30
         balance client:alice USD = 0 0 0
         balance client:bob USD = 30 0 30",
    );
}

#[test]
fn a_hold_expires_by_the_clock_and_not_before() {
    let mut books = Books::opened();
    books.table(
        "3 client:alice > clearing 10 USD hold until 20 = ok
         4 client:alice > clearing 20 USD hold until 10 = ok
         5 client:alice > clearing 30 USD hold until 30 = ok
         6 client:alice > clearing 5 USD post of 4 = ok
         7 client:alice > clearing 30 USD void of 5 = ok
         at 9
         expire = none
         balance client:alice USD = 95 25 70
         at 20
         expire = 4 3
         balance client:alice USD = 95 0 95
         at 30
         expire = none
         8 client:alice > clearing 1 USD void of 4 = PendingExpired
         3 client:alice > clearing 10 USD hold until 20 = Exists",
    );
    assert_eq!(books.ledger.holds(), 0);
}

#[test]
fn holds_expire_a_bounded_number_at_a_time() {
    let mut books = Books::opened();
    for id in 10..15 {
        books.table(&format!("{id} client:alice > clearing 1 USD hold until {id} = ok"));
    }
    let mut expired = Vec::new();
    loop {
        let now = Timestamp::from_ns(99);
        let voids = books.desk.expire(&mut books.ledger, now, 2, |hold| TransferId(hold.0 + 1_000));
        expired.push(voids.len());
        if voids.len() < 2 {
            break;
        }
    }
    assert_eq!(expired, [2, 2, 1]);
}

#[test]
fn an_account_closes_at_rest_and_takes_nothing_until_it_is_opened_again() {
    let mut books = Books::opened();
    books.table(
        "3 client:alice > client:bob 10 USD hold = ok
         close client:alice USD = HoldsOpen
         close client:bob USD = HoldsOpen
         4 client:alice > client:bob 10 USD void of 3 = ok
         close client:alice USD = NotEmpty
         close client:bob USD = ok
         close client:bob USD = Unchanged
         5 client:alice > client:bob 10 USD plain = CreditAccountClosed
         6 client:alice > client:bob 10 USD hold = CreditAccountClosed
         reopen client:bob USD = ok
         reopen client:bob USD = Unchanged
         5 client:alice > client:bob 10 USD plain = ok",
    );
}

#[test]
fn an_asset_has_its_decimals() {
    let mut books = Books::new();
    books.table(
        "decimals USD 10 = DecimalsNotPossible
         decimals USD 9 = Unchanged
         decimals USD 2 = ok
         1 equity > client:alice 10000000 USD plain = ok
         2 equity > client:alice 1 USD plain = AmountFinerThanAsset
         decimals USD 1 = DecimalsNotPossible
         decimals USD 8 = ok
         2 equity > client:alice 10 USD plain = ok
         decimals USD 2 = DecimalsNotPossible
         3 equity > client:alice 1 BTC plain = ok",
    );
}

#[test]
fn the_memory_is_bounded_and_the_oldest_makes_room() {
    let mut books = Books::opened();
    books.desk = Desk::new(3);
    books.table(
        "3 equity > client:bob 1 USD plain = ok
         4 equity > client:bob 1 USD plain = ok
         5 equity > client:bob 1 USD plain = ok
         3 equity > client:bob 1 USD plain = Exists
         6 equity > client:bob 1 USD plain = ok
         4 equity > client:bob 1 USD plain = Exists
         3 equity > client:bob 1 USD plain = ok",
    );
    assert_eq!(books.desk.remembered(), 3);
    let stored = serde_json::to_string(&books.desk).unwrap();
    books.desk = serde_json::from_str(&stored).unwrap();
    assert_eq!(serde_json::to_string(&books.desk).unwrap(), stored);
    books.table(
        "5 equity > client:bob 1 USD plain = Exists
         7 equity > client:bob 1 USD plain = ok
         6 equity > client:bob 1 USD plain = Exists
         5 equity > client:bob 1 USD plain = ok",
    );
}

#[test]
fn books_read_back_go_on_where_they_were() {
    let mut books = Books::opened();
    books.table(
        "decimals EUR 2 = ok
         3 client:alice > clearing 60 USD hold until 20 = ok
         4 client:alice > clearing 20 USD post of 3 = ok
         close client:bob USD = ok",
    );
    let stored = serde_json::to_string(&books.ledger).unwrap();
    books.ledger = serde_json::from_str(&stored).unwrap();
    assert_eq!(serde_json::to_string(&books.ledger).unwrap(), stored);
    books.table(
        "5 equity > client:alice 1 EUR plain = AmountFinerThanAsset
         5 equity > client:bob 1 USD plain = CreditAccountClosed
         balance client:alice USD = 80 40 40
         at 20
         expire = 3
         balance client:alice USD = 80 0 80",
    );
}

#[test]
fn books_written_before_holds_expired_and_accounts_closed_are_read() {
    let stored = r#"{"accounts":[{"code":"equity","asset":"USD","guard":"Unlimited","debits_posted":9,
        "credits_posted":0,"debits_pending":0,"credits_pending":0},{"code":"client:alice","asset":"USD",
        "guard":"NoOverdraft","debits_posted":0,"credits_posted":9,"debits_pending":0,"credits_pending":0},
        {"code":"clearing","asset":"USD","guard":"Unlimited","debits_posted":0,"credits_posted":0,
        "debits_pending":0,"credits_pending":0}],"pending":{}}"#;
    let mut books = Books::new();
    books.ledger = serde_json::from_str(stored).unwrap();
    books.table(
        "balance client:alice USD = 9 0 9
         1 client:alice > clearing 9 USD plain = ok",
    );
}
