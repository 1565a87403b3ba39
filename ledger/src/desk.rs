//! Where transfers are asked for: ids that make asking twice harmless, chains, amounts up to what is there, expiry.

use crate::remembered::{Ending, Remembered, compare};
use crate::{Ledger, Leg, Request, Status, Take};
use assay_trading_types::{Amount, Timestamp, TransferId, TransferKind};
use serde::{Deserialize, Serialize};

/// Takes requests for one [`Ledger`] and remembers the last ones.
///
/// ```text
/// requests  a  b+  c+  d  e          + says: linked with the next
/// chains    a | b  c  d | e          each all or nothing, in order, later ones see earlier ones
/// answers   Ok(leg applied) or Err(status), one for each request
/// ```
/// A request whose id is remembered is never applied again: it is [`Status::Exists`], or the status that names the first
/// term that differs. The memory is bounded: whoever may ask again after more transfers than that needs another
/// protection, such as the place in a log that [`TransferId`]s are made from. A snapshot of a ledger
/// needs its desk beside it, or a replay would answer otherwise.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Desk {
    remembered: Remembered,
}

/// What was asked for and what came of it.
pub type Answer = Result<Leg, Status>;

impl Desk {
    /// Remembers the last `bound` transfers, about 150 bytes each.
    pub fn new(bound: usize) -> Self {
        Self { remembered: Remembered::new(bound) }
    }

    /// Transfers it remembers now.
    pub fn remembered(&self) -> usize {
        self.remembered.len()
    }

    /// Applies each chain of `requests` to `ledger`, all or nothing, and answers each request.
    pub fn submit(&mut self, ledger: &mut Ledger, requests: &[Request], now: Timestamp) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(requests.len());
        let mut rest = requests;
        while !rest.is_empty() {
            let length = rest.iter().position(|r| !r.linked).map_or(rest.len(), |last| last + 1);
            let (chain, after) = rest.split_at(length);
            self.submit_chain(ledger, chain, now, &mut answers);
            rest = after;
        }
        answers
    }

    /// Releases at most `count` holds that expire at `now` or before, each by a void that `name` gives the id of.
    pub fn expire(
        &mut self,
        ledger: &mut Ledger,
        now: Timestamp,
        count: usize,
        name: impl FnMut(TransferId) -> TransferId,
    ) -> Vec<Leg> {
        let voids = ledger.expire(now, count, name);
        for void in &voids {
            self.remembered.end(void.hold().expect("a void draws on a hold"), Ending::Expired);
        }
        voids
    }

    fn submit_chain(
        &mut self,
        ledger: &mut Ledger,
        chain: &[Request],
        now: Timestamp,
        answers: &mut Vec<Answer>,
    ) {
        if chain.last().is_some_and(|last| last.linked) {
            return refuse(chain.len(), chain.len() - 1, Status::LinkedChainOpen, answers);
        }
        if chain.len() > 1 && chain.iter().all(|request| self.exists(request) == Some(Status::Exists)) {
            return answers.extend(chain.iter().map(|_| Err(Status::Exists)));
        }
        let applied = answers.len();
        for (i, request) in chain.iter().enumerate() {
            match self.step(ledger, &chain[..i], request, now) {
                Ok(leg) => answers.push(Ok(leg)),
                Err(status) => {
                    ledger.undo(&legs(&answers[applied..]));
                    answers.truncate(applied);
                    return refuse(chain.len(), i, status, answers);
                }
            }
        }
        match &answers[applied..] {
            [Ok(leg)] => ledger.settle(&[*leg]),
            chain => ledger.settle(&legs(chain)),
        }
        self.remember(ledger, chain);
    }

    /// Applies one request if nothing is against it.
    fn step(&self, ledger: &mut Ledger, before: &[Request], request: &Request, now: Timestamp) -> Answer {
        let Request { id, debit, credit, amount, kind, .. } = *request;
        let mut leg = Leg { id, debit, credit, amount, kind };
        ledger.check_shape(&leg)?;
        check_terms(request)?;
        let twice = before.iter().find(|r| r.id == id).map(|there| compare(there, request));
        if let Some(status) = self.exists(request).or(twice) {
            return Err(status);
        }
        if request.expires.is_some_and(|at| at <= now) {
            return Err(Status::ExpiryPassed);
        }
        self.check_hold(ledger, &leg, now)?;
        ledger.check_open(&leg)?;
        leg.amount = amount_of(ledger, request);
        ledger.step(&leg, request.expires).map_err(|status| match status {
            Status::AmountNotPositive => Status::NothingToTake,
            other => other,
        })?;
        Ok(leg)
    }

    /// How the request compares with the one remembered under its id.
    fn exists(&self, request: &Request) -> Option<Status> {
        self.remembered.request(request.id).map(|there| compare(there, request))
    }

    /// Whether the hold that the leg draws on is there still.
    fn check_hold(&self, ledger: &Ledger, leg: &Leg, now: Timestamp) -> Result<(), Status> {
        let (TransferKind::Post { pending, .. } | TransferKind::Void { pending }) = leg.kind else {
            return Ok(());
        };
        match ledger.hold(pending) {
            Some(hold) if hold.expires.is_some_and(|at| at <= now) => Err(Status::PendingExpired),
            Some(_) => Ok(()),
            None => Err(self.remembered.ending(pending).map_or(Status::PendingNotFound, Ending::status)),
        }
    }

    fn remember(&mut self, ledger: &Ledger, chain: &[Request]) {
        for request in chain {
            self.remembered.insert(*request);
            let (hold, ending) = match request.kind {
                TransferKind::Plain | TransferKind::Pending => continue,
                TransferKind::Post { pending, .. } => (pending, Ending::Posted),
                TransferKind::Void { pending } => (pending, Ending::Voided),
            };
            if ledger.held(hold) == Amount::ZERO {
                self.remembered.end(hold, ending);
            }
        }
    }
}

/// What can be said of a request's terms without looking at the books.
fn check_terms(request: &Request) -> Result<(), Status> {
    if request.expires.is_some() && request.kind != TransferKind::Pending {
        return Err(Status::ExpiryNotPending);
    }
    if !request.take_fits_kind() {
        return Err(Status::TakeNotOfKind);
    }
    Ok(())
}

/// What the request moves: its amount, or what is there of it. Zero or less if there is nothing.
fn amount_of(ledger: &Ledger, request: &Request) -> Amount {
    let there = match (request.take, request.kind) {
        (Take::UpToAvailable, _) => ledger.account(request.debit).available(),
        (Take::UpToOwed, _) => ledger.account(request.credit).owed(),
        (Take::UpToHeld, TransferKind::Post { pending, .. } | TransferKind::Void { pending }) => {
            ledger.held(pending)
        }
        (Take::Exactly | Take::UpToHeld, _) => request.amount,
    };
    request.amount.min(there)
}

fn legs(answers: &[Answer]) -> Vec<Leg> {
    answers.iter().filter_map(|answer| answer.ok()).collect()
}

/// Answers a chain of `length` whose request at `index` cannot be applied.
fn refuse(length: usize, index: usize, status: Status, answers: &mut Vec<Answer>) {
    let of = |i| if i == index { status } else { Status::LinkedTransferFailed };
    answers.extend((0..length).map(|i| Err(of(i))));
}
