//! Balances as of any instant, and what led from one to the next: a read model made from postings.

use assay_trading_types::{
    Amount, Asset, LedgerCode, Timestamp, Transfer, TransferId, TransferKind, TransferReason,
};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// One line of an account's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// When it was posted.
    pub at: Timestamp,
    /// The transfer.
    pub id: TransferId,
    /// Why.
    pub reason: TransferReason,
    /// Credit, or debit if negative; zero if the transfer only holds or releases.
    pub change: Amount,
    /// Credits less debits after it.
    pub balance: Amount,
    /// What holds reserve of the balance after it.
    pub held: Amount,
}

/// Balance of an account at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Credits less debits.
    pub balance: Amount,
    /// What holds reserve of it.
    pub held: Amount,
}

/// The instant lies before what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the history kept begins at {horizon}")]
pub struct BeforeHorizon {
    /// Balances are known from this instant on, and every line after it.
    pub horizon: Timestamp,
}

/// Lines of all accounts, a bounded number: the oldest of all makes room, and the horizon moves up to it.
///
/// Postings must come in the order of the log; an instant then has all postings of its time or earlier. Looking up a
/// balance takes a binary search in the account's lines.
#[derive(Debug)]
pub struct History {
    accounts: Vec<Lines>,
    places: FxHashMap<(LedgerCode, Asset), u32>,
    /// What each hold still reserves, by its id.
    holds: FxHashMap<TransferId, Amount>,
    /// Which account each kept line is of, the oldest first.
    order: VecDeque<u32>,
    bound: usize,
    /// Time of the last line that made room.
    horizon: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Lines {
    kept: VecDeque<Line>,
    /// After the last line that made room.
    before: Standing,
}

impl History {
    /// Keeps at most `bound` lines, about 100 bytes each; a transfer makes two.
    pub fn new(bound: usize) -> Self {
        Self {
            accounts: Vec::new(),
            places: FxHashMap::default(),
            holds: FxHashMap::default(),
            order: VecDeque::new(),
            bound,
            horizon: None,
        }
    }

    /// Takes in a transfer as it stands in the `ledger` topic.
    pub fn post(&mut self, at: Timestamp, transfer: &Transfer) {
        let (posted, reserved) = self.effect(transfer);
        let debit = Amount::from_units(-posted.units());
        self.add(at, transfer, transfer.debit, (debit, reserved));
        self.add(at, transfer, transfer.credit, (posted, Amount::ZERO));
        while self.order.len() > self.bound {
            self.forget_oldest();
        }
    }

    /// Lines kept.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// How the account stood after everything that was posted at `at` or before; zero if it was not there yet.
    ///
    /// # Errors
    /// The instant lies before what is kept.
    pub fn as_of(&self, code: LedgerCode, asset: Asset, at: Timestamp) -> Result<Standing, BeforeHorizon> {
        if let Some(horizon) = self.horizon.filter(|horizon| at < *horizon) {
            return Err(BeforeHorizon { horizon });
        }
        Ok(self.lines_of(code, asset).map_or(Standing::default(), |lines| lines.as_of(at)))
    }

    /// The account's lines from `from` until before `until`, the oldest first.
    ///
    /// # Errors
    /// The instant `from` lies before what is kept, or so that some of its lines may be gone.
    pub fn lines(
        &self,
        code: LedgerCode,
        asset: Asset,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<impl Iterator<Item = &Line>, BeforeHorizon> {
        if let Some(horizon) = self.horizon.filter(|horizon| from <= *horizon) {
            return Err(BeforeHorizon { horizon });
        }
        let range = self.lines_of(code, asset).map(|lines| {
            let first = lines.kept.partition_point(|line| line.at < from);
            let last = lines.kept.partition_point(|line| line.at < until);
            lines.kept.range(first..last.max(first))
        });
        Ok(range.into_iter().flatten())
    }

    fn lines_of(&self, code: LedgerCode, asset: Asset) -> Option<&Lines> {
        self.places.get(&(code, asset)).map(|place| &self.accounts[*place as usize])
    }

    /// What a transfer posts and by how much it changes what is reserved.
    fn effect(&mut self, transfer: &Transfer) -> (Amount, Amount) {
        let amount = transfer.amount;
        match transfer.kind {
            TransferKind::Plain => (amount, Amount::ZERO),
            TransferKind::Pending => {
                self.holds.insert(transfer.id, amount);
                (Amount::ZERO, amount)
            }
            TransferKind::Post { pending, release_rest } => {
                let released = if release_rest { self.draw_all(pending) } else { self.draw(pending, amount) };
                (amount, Amount::from_units(-released.units()))
            }
            TransferKind::Void { pending } => {
                (Amount::ZERO, Amount::from_units(-self.draw(pending, amount).units()))
            }
        }
    }

    fn draw(&mut self, hold: TransferId, amount: Amount) -> Amount {
        let Some(remaining) = self.holds.get_mut(&hold) else { return Amount::ZERO };
        let drawn = amount.min(*remaining);
        *remaining = Amount::from_units(remaining.units() - drawn.units());
        if *remaining == Amount::ZERO {
            self.holds.remove(&hold);
        }
        drawn
    }

    fn draw_all(&mut self, hold: TransferId) -> Amount {
        self.holds.remove(&hold).unwrap_or(Amount::ZERO)
    }

    fn add(
        &mut self,
        at: Timestamp,
        transfer: &Transfer,
        code: LedgerCode,
        (change, reserved): (Amount, Amount),
    ) {
        let next = u32::try_from(self.accounts.len()).expect("fewer than 2^32 accounts");
        let place = *self.places.entry((code, transfer.asset)).or_insert_with(|| {
            self.accounts.push(Lines::default());
            next
        });
        let lines = &mut self.accounts[place as usize];
        let Standing { balance, held } = lines.now();
        lines.kept.push_back(Line {
            at,
            id: transfer.id,
            reason: transfer.reason,
            change,
            balance: Amount::from_units(balance.units() + change.units()),
            held: Amount::from_units(held.units() + reserved.units()),
        });
        self.order.push_back(place);
    }

    fn forget_oldest(&mut self) {
        let Some(place) = self.order.pop_front() else { return };
        let lines = &mut self.accounts[place as usize];
        let line = lines.kept.pop_front().expect("every place in the order has its line");
        lines.before = Standing { balance: line.balance, held: line.held };
        self.horizon = self.horizon.max(Some(line.at));
    }
}

impl Lines {
    fn now(&self) -> Standing {
        self.kept.back().map_or(self.before, |line| Standing { balance: line.balance, held: line.held })
    }

    fn as_of(&self, at: Timestamp) -> Standing {
        match self.kept.partition_point(|line| line.at <= at) {
            0 => self.before,
            n => Standing { balance: self.kept[n - 1].balance, held: self.kept[n - 1].held },
        }
    }
}
