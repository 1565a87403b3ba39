//! The ledger as a bookkeeper writes it down: one line a step, what comes of it behind ` = `.
//!
//! ```text
//! 1 equity > client:alice 100 USD plain = ok                  a transfer: id, debit > credit, amount, kind = status
//! 2 client:alice > clearing 60 USD hold until 20 = ok         kinds: plain, hold, hold until T, post of ID,
//!                                                             post of ID and release, void of ID
//! 3 client:alice > clearing 99 USD plain up to available = ok of 40       up to available, owed or held
//! 4 client:bob > clearing 5 USD plain as commission + = ok    for that reason; linked with the next line
//! balance client:alice USD = 100 60 40                        balance, held, available
//! at 20 | expire = 2 3 (or none) | close client:bob USD = ok | reopen client:bob USD = ok | decimals USD 2 = ok
//! ```
//! `client:` accounts may not be overdrawn, `loan:` accounts not be overpaid, all others may be anything.

#![allow(dead_code)] // each test uses its part

use assay_ledger::{AccountIx, Answer, Desk, Guard, Ledger, Leg, Request, Take};
use assay_trading_types::{Amount, Asset, LedgerCode, Timestamp, TransferId, TransferKind, TransferReason};

/// Transfers that the desk of these tests remembers.
const REMEMBERED: usize = 64;

pub(crate) struct Books {
    pub(crate) ledger: Ledger,
    pub(crate) desk: Desk,
    pub(crate) now: Timestamp,
    /// Lines of a chain that is not whole, with what they expect.
    chain: Vec<(Request, String)>,
}

impl Books {
    pub(crate) fn new() -> Self {
        let (ledger, desk) = (Ledger::new(), Desk::new(REMEMBERED));
        Self { ledger, desk, now: Timestamp::from_ns(0), chain: Vec::new() }
    }

    /// Alice has 100 USD and 10 AAPL from equity.
    pub(crate) fn opened() -> Self {
        let mut books = Self::new();
        books.table(
            "1 equity > client:alice 100 USD plain = ok
             2 equity > client:alice 10 AAPL plain = ok",
        );
        books
    }

    /// Goes through the lines of a table.
    pub(crate) fn table(&mut self, lines: &str) {
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            self.line(line);
            let books = self.ledger.trial_balance();
            assert!(books.iter().all(|b| b.debits == b.credits), "{line}: {books:?}");
        }
        assert!(self.chain.is_empty(), "a chain is not whole");
    }

    fn line(&mut self, line: &str) {
        let (text, expected) = line.split_once(" = ").unwrap_or((line, ""));
        let words: Vec<&str> = text.split_whitespace().collect();
        let answer = match words.as_slice() {
            ["at", time] => {
                self.now = Timestamp::from_ns(time.parse().unwrap());
                String::new()
            }
            ["expire"] => self.expire(),
            ["balance", code, asset] => self.state(code, asset).map(|units| units.to_string()).join(" "),
            ["close", code, asset] => {
                let ix = self.account(code, asset);
                self.ledger.close(ix).map_or_else(|s| format!("{s:?}"), |()| "ok".into())
            }
            ["reopen", code, asset] => {
                let ix = self.account(code, asset);
                self.ledger.reopen(ix).map_or_else(|s| format!("{s:?}"), |()| "ok".into())
            }
            ["decimals", asset, decimals] => {
                let asset = Asset::new(asset).unwrap();
                let decimals = decimals.parse().unwrap();
                self.ledger.set_decimals(asset, decimals).map_or_else(|s| format!("{s:?}"), |()| "ok".into())
            }
            _ => return self.transfer(text, expected),
        };
        assert_eq!(answer, expected, "{line}");
    }

    fn expire(&mut self) -> String {
        let voids = self.desk.expire(&mut self.ledger, self.now, 10, |hold| TransferId(hold.0 + 1_000));
        let id = |void: &Leg| (void.id.0 - 1_000).to_string();
        match voids.as_slice() {
            [] => "none".to_owned(),
            voids => voids.iter().map(id).collect::<Vec<_>>().join(" "),
        }
    }

    fn transfer(&mut self, text: &str, expected: &str) {
        let request = self.request(text);
        self.chain.push((request, expected.to_owned()));
        if request.linked {
            return;
        }
        let chain = std::mem::take(&mut self.chain);
        let requests: Vec<Request> = chain.iter().map(|(request, _)| *request).collect();
        let answers = self.desk.submit(&mut self.ledger, &requests, self.now);
        for ((request, expected), answer) in chain.iter().zip(answers) {
            assert_eq!(&shown(request, answer), expected, "{text}: {request:?}");
        }
    }

    pub(crate) fn account(&mut self, code: &str, asset: &str) -> AccountIx {
        let guard = match code.split(':').next() {
            Some("client") => Guard::NoOverdraft,
            Some("loan") => Guard::NoOverpayment,
            _ => Guard::Unlimited,
        };
        self.ledger.open(LedgerCode::from(code).unwrap(), Asset::new(asset).unwrap(), guard)
    }

    /// `ID debit > credit AMOUNT ASSET[/ASSET of the credit] kind.. [up to ..] [as ..] [+]`
    pub(crate) fn request(&mut self, text: &str) -> Request {
        let (text, linked) = text.trim().strip_suffix(" +").map_or((text, false), |text| (text, true));
        let (text, reason) = text.trim().split_once(" as ").unwrap_or((text, "opening"));
        let (text, take) = text.trim().split_once(" up to ").unwrap_or((text, "exactly"));
        let words: Vec<&str> = text.split_whitespace().collect();
        let [id, debit, _, credit, amount, assets, kind @ ..] = words.as_slice() else { panic!("{text}") };
        let (debit_asset, credit_asset) = assets.split_once('/').unwrap_or((assets, assets));
        let (kind, expires) = kind_of(kind);
        Request {
            id: id_of(id),
            debit: self.account(debit, debit_asset),
            credit: self.account(credit, credit_asset),
            amount: Amount::from_units(amount.parse().unwrap()),
            take: match take.trim() {
                "exactly" => Take::Exactly,
                "available" => Take::UpToAvailable,
                "owed" => Take::UpToOwed,
                "held" => Take::UpToHeld,
                other => panic!("{other}"),
            },
            kind,
            expires,
            reason: match reason.trim() {
                "opening" => TransferReason::Opening,
                "commission" => TransferReason::Commission,
                other => panic!("{other}"),
            },
            linked,
        }
    }

    pub(crate) fn leg(&mut self, text: &str) -> Leg {
        let Request { id, debit, credit, amount, kind, .. } = self.request(text);
        Leg { id, debit, credit, amount, kind }
    }

    /// balance, held, available
    pub(crate) fn state(&mut self, code: &str, asset: &str) -> [i128; 3] {
        let ix = self.account(code, asset);
        let account = self.ledger.account(ix);
        [account.balance(), account.held(), account.available()].map(|a| a.units())
    }
}

fn kind_of(words: &[&str]) -> (TransferKind, Option<Timestamp>) {
    let draw = |id: &str, release_rest| TransferKind::Post { pending: id_of(id), release_rest };
    match words {
        ["plain"] => (TransferKind::Plain, None),
        ["plain", "until", time] => (TransferKind::Plain, Some(time_of(time))),
        ["hold"] => (TransferKind::Pending, None),
        ["hold", "until", time] => (TransferKind::Pending, Some(time_of(time))),
        ["post", "of", id] => (draw(id, false), None),
        ["post", "of", id, "and", "release"] => (draw(id, true), None),
        ["void", "of", id] => (TransferKind::Void { pending: id_of(id) }, None),
        other => panic!("{other:?}"),
    }
}

fn id_of(text: &str) -> TransferId {
    TransferId(text.parse().unwrap())
}

fn time_of(text: &str) -> Timestamp {
    Timestamp::from_ns(text.parse().unwrap())
}

/// `ok`, `ok of 40` when something else than the amount was taken, or the status.
fn shown(request: &Request, answer: Answer) -> String {
    match answer {
        Ok(leg) if leg.amount == request.amount => "ok".to_owned(),
        Ok(leg) => format!("ok of {}", leg.amount.units()),
        Err(status) => format!("{status:?}"),
    }
}
