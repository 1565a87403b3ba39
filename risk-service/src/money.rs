//! Money that comes, goes and changes owner: every refusal first, then postings and a movement's next stage in one step.
//!
//! ```text
//! deposit      pending --confirm--> completed      reject: failed      cancel: cancelled
//!              pending --acknowledge--> processing --confirm--> completed      reject: failed
//!              time, while pending: expired
//! withdrawal   pending --approve--> processing --send, complete--> completed
//!              held from the start; reject, cancel, time: cancelled; fail: failed; the hold is released
//! transfer     completed at once within a firm; to another pending --approve--> completed, held meanwhile
//! conversion   completed at once        fee, reversal   pending --approve--> completed, held meanwhile
//! ```

mod asking;
mod beneficiaries;
mod deciding;
mod legs;
mod outside;
mod terms;

use crate::names::ClientIx;
use crate::risk::Risk;
use assay_ledger::{AccountIx, Status};
use assay_trading_types::*;
use legs::{Holder, Posting, legs};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use terms::{ConversionRate, MoneyTerms};

/// Most that one movement may bring, in billionths: 10^15 whole units, more than there is of any currency.
const MOVEMENT_MAX: Amount = Amount::from_units(1_000_000_000_000_000 * SCALE as i128);

/// Movements of one firm that wait or are under way. More are refused: nobody could look after them.
const OPEN_OF_FIRM_MAX: usize = 1_000;

/// Movements of all firms that wait or are under way.
const OPEN_MAX: usize = 50_000;

/// Final movements that can still be undone and whose outside names are known, the newest; older ones stand in the log.
const FINAL_MAX: usize = 100_000;

/// Movements that one tick ends because nobody decided in time; the rest follow with the next ticks.
const EXPIRED_PER_TICK_MAX: usize = 1_000;

/// Movements, beneficiaries and terms of one partition.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Money {
    /// What waits or is under way.
    open: BTreeMap<MovementId, Movement>,
    /// What changes no more but by being undone.
    closed: BTreeMap<MovementId, Movement>,
    /// Outside names of both.
    references: BTreeSet<(MovementKind, PayMethod, String)>,
    /// When nobody has decided in time, and announced deposits are over.
    deadlines: BTreeSet<(Timestamp, MovementId)>,
    beneficiaries: BTreeMap<(FirmId, BeneficiaryId), Beneficiary>,
    terms: BTreeMap<Asset, MoneyTerms>,
    rates: BTreeMap<(Asset, Asset), ConversionRate>,
    /// What was asked to be withdrawn today (UTC), less what was not.
    withdrawn: BTreeMap<(AccountId, Asset), Amount>,
}

/// Why an instruction has no effect, and in words.
pub(crate) type Refused = (MoneyRefusal, String);

/// Who asks for what they ask.
#[derive(Debug, Clone, Copy)]
struct Asked {
    command: CommandId,
    firm: FirmId,
    by: Actor,
    at: Timestamp,
    partition: u16,
    offset: u64,
    rules: u32,
}

impl Asked {
    fn id(&self, kind: MovementKind) -> MovementId {
        MovementId::new(kind, self.partition, self.offset)
    }
}

impl Risk {
    /// A movement that is not so old that only the log knows it.
    pub fn movement(&self, id: &MovementId) -> Option<&Movement> {
        self.money.open.get(id).or_else(|| self.money.closed.get(id))
    }

    /// Movements that wait or are under way.
    pub fn open_movements(&self) -> impl Iterator<Item = &Movement> {
        self.money.open.values()
    }

    pub(crate) fn instruct(&mut self, e: &MoneyInstructed, input: &Input<'_>, out: &mut Outbox) {
        let (partition, offset) = (input.partition, input.offset);
        let (by, at, rules) = (input.actor, input.at, e.rules);
        let asked = Asked { command: e.command, firm: e.firm, by, at, partition, offset, rules };
        let done = match &e.action {
            MoneyAction::Deposit { .. }
            | MoneyAction::Withdraw { .. }
            | MoneyAction::Transfer { .. }
            | MoneyAction::Convert { .. }
            | MoneyAction::Charge { .. }
            | MoneyAction::Reverse { .. } => self.ask_money(&asked, &e.action, out),
            MoneyAction::Confirm { movement, external_reference, arrived } => {
                self.confirm(&asked, movement, external_reference, arrived.as_ref(), out)
            }
            MoneyAction::Acknowledge { movement, external_reference } => {
                self.acknowledge(&asked, movement, external_reference, out)
            }
            MoneyAction::Approve { movement, .. } => self.approve(&asked, movement, out),
            MoneyAction::Reject { movement, reason } => self.turn_down(&asked, movement, reason, true, out),
            MoneyAction::Cancel { movement, reason } => self.turn_down(&asked, movement, reason, false, out),
            MoneyAction::Send { movement, external_reference } => {
                self.send(&asked, movement, external_reference, out)
            }
            MoneyAction::Complete { movement } => self.complete(&asked, movement, out),
            MoneyAction::Fail { movement, reason } => self.fail(&asked, movement, reason, out),
            MoneyAction::AddBeneficiary { .. } => self.add_beneficiary(&asked, &e.action, out),
            MoneyAction::RemoveBeneficiary { beneficiary } => {
                self.remove_beneficiary(&asked, beneficiary, out)
            }
        };
        if let Err((refusal, detail)) = done {
            let refused = MoneyRefused { command: e.command, firm: e.firm, refusal, detail };
            out.emit(Topic::Accounts, refused.into());
        }
    }

    /// What open movements need held, by account in the books.
    pub(crate) fn movement_needs(&self) -> BTreeMap<AccountIx, Amount> {
        let mut needs = BTreeMap::new();
        let held = self.money.open.values().filter(|m| m.id.kind() != MovementKind::Deposit);
        for leg in held.flat_map(|movement| legs(movement, self.original(movement))) {
            let Some(ix) = self.ledger.find(leg.debit.code(), leg.asset) else { continue };
            let sum: &mut Amount = needs.entry(ix).or_default();
            *sum = Amount::from_units(sum.units() + leg.amount.units());
        }
        needs
    }

    /// What a reversal undoes.
    fn original(&self, movement: &Movement) -> Option<&Movement> {
        movement.reverses.as_ref().and_then(|id| self.movement(id))
    }

    /// Posts a movement's legs as `posting` says, and tells. All that could be refused has been, but what the books say;
    /// they are as before when they refuse.
    fn post_movement(
        &mut self,
        movement: Movement,
        posting: Posting,
        command: Option<CommandId>,
        out: &mut Outbox,
    ) -> Result<(), Refused> {
        let legs = legs(&movement, self.original(&movement));
        let transfers = match self.post_legs(movement.id, &legs, posting) {
            Ok(transfers) => transfers,
            Err(status) => return Err(self.words(status, &movement)),
        };
        // Decided: nothing below fails.
        if posting.moves() {
            for (holder, asset) in legs.iter().flat_map(|l| [(l.debit, l.asset), (l.credit, l.asset)]) {
                self.recount_asset(holder, asset);
            }
        }
        if !transfers.is_empty() {
            let (firm, id) = (movement.firm, Some(movement.id));
            let posted = Posted { movement: id, ..Posted::of(firm, transfers) };
            out.emit(Topic::Ledger, posted.into());
        }
        self.keep(movement, command, out);
        Ok(())
    }

    fn words(&self, status: Status, movement: &Movement) -> Refused {
        let Movement { account, asset, amount, fee, .. } = movement;
        match status {
            Status::Overdraft => {
                let available = self.available(account, asset);
                let detail = format!("{amount} and a fee of {fee} {asset}; {account} has {available}");
                (MoneyRefusal::InsufficientFunds, detail)
            }
            Status::DebitAccountClosed | Status::CreditAccountClosed => {
                (MoneyRefusal::AccountClosed, format!("{asset} of {account}"))
            }
            other => (MoneyRefusal::AmountTooLarge, format!("the books say {other:?}")),
        }
    }

    /// Keeps a movement as it stands now, and tells.
    fn keep(&mut self, movement: Movement, command: Option<CommandId>, out: &mut Outbox) {
        crate::news::movement(self.movement(&movement.id), &movement, out);
        self.money.keep(movement.clone());
        out.emit(Topic::Accounts, MovementChanged { command, movement: Box::new(movement) }.into());
    }

    /// An account's position follows from the books when what it trades comes or goes.
    fn recount_asset(&mut self, holder: Holder, asset: Asset) {
        if let Holder::Client(account) = holder {
            self.recount_account(&account, asset);
        }
    }

    /// As [`Risk::recount_asset`], of a client's account.
    pub(crate) fn recount_account(&mut self, account: &AccountId, asset: Asset) {
        let client = self.clients.find(account);
        let symbol = Symbol::new(asset.as_str()).ok().and_then(|symbol| self.instruments.find(&symbol));
        if let Some((client, symbol)) = client.zip(symbol) {
            self.recount_position(client, symbol);
        }
    }

    /// Movements that nobody decided on in time, and deposits that never arrived.
    pub(crate) fn end_waiting_movements(&mut self, now: Timestamp, out: &mut Outbox) {
        for _ in 0..EXPIRED_PER_TICK_MAX {
            let due = self.money.deadlines.first().copied().filter(|(until, _)| *until <= now);
            let Some((until, id)) = due else { return };
            self.money.deadlines.remove(&(until, id));
            if let Some(movement) = self.money.open.get(&id).cloned() {
                let (status, reason) = match id.kind() {
                    MovementKind::Deposit => (MovementStatus::Expired, "it never arrived"),
                    _ => (MovementStatus::Cancelled, "nobody decided in time"),
                };
                self.end(movement, status, reason, None, out);
            }
        }
    }

    /// Ends a movement without effect: whatever it held is released.
    fn end(
        &mut self,
        mut movement: Movement,
        status: MovementStatus,
        reason: &str,
        command: Option<CommandId>,
        out: &mut Outbox,
    ) {
        self.money.give_back_day(&movement, self.day);
        (movement.status, movement.reason) = (status, Some(reason.to_owned()));
        movement.version += 1;
        let posting = match movement.id.kind() {
            MovementKind::Deposit => Posting::Nothing,
            _ => Posting::Release,
        };
        self.post_movement(movement, posting, command, out).expect("what is held can be released");
    }

    /// The account that a firm names.
    fn account_of(&self, firm: &FirmId, account: &AccountId) -> Result<ClientIx, Refused> {
        let firm_ix =
            self.firms.find(firm).ok_or_else(|| (MoneyRefusal::UnknownFirm, format!("no firm {firm}")))?;
        let client = self.clients.find(account).filter(|ix| self.clients[*ix].firm == Some(firm_ix));
        client.ok_or_else(|| (MoneyRefusal::UnknownAccount, format!("{firm} has no account {account}")))
    }

    fn check_open(&self, holder: Holder) -> Result<(), Refused> {
        let Holder::Client(account) = holder else { return Ok(()) };
        let status = self.clients.find(&account).map(|ix| self.clients[ix].status);
        match status {
            Some(AccountStatus::Closed) => Err((MoneyRefusal::AccountClosed, format!("{account} is closed"))),
            _ => Ok(()),
        }
    }

    /// Whether an account may pay by its owner's word.
    pub(crate) fn check_payer(&self, firm: &FirmId, account: &AccountId) -> Result<(), Refused> {
        let client = &self.clients[self.account_of(firm, account)?];
        match client.status {
            AccountStatus::Active => {}
            AccountStatus::Closed => {
                return Err((MoneyRefusal::AccountClosed, format!("{account} is closed")));
            }
            AccountStatus::Suspended => {
                return Err((MoneyRefusal::AccountSuspended, format!("{account} is suspended")));
            }
        }
        let firm_kyc = self.firms.find(firm).map_or(KycStatus::Pending, |ix| self.firms[ix].kyc);
        match (firm_kyc, client.kyc) {
            (KycStatus::Verified, KycStatus::Verified) => Ok(()),
            _ => Err((MoneyRefusal::NotVerified, format!("it is not proven who owns {account} of {firm}"))),
        }
    }
}

impl Money {
    /// A new trading day begins.
    pub(crate) fn begin_day(&mut self) {
        self.withdrawn.clear();
    }

    fn keep(&mut self, movement: Movement) {
        let id = movement.id;
        let deadline = movement.expires.map(|until| (until, id));
        match (movement.status, deadline) {
            (MovementStatus::Pending, Some(deadline)) => {
                self.deadlines.insert(deadline);
            }
            (_, Some(deadline)) => {
                self.deadlines.remove(&deadline);
            }
            (_, None) => {}
        }
        if movement.status.is_final() {
            self.open.remove(&id);
            self.closed.insert(id, movement);
        } else {
            self.open.insert(id, movement);
        }
        if self.closed.len() > FINAL_MAX {
            self.forget_oldest();
        }
    }

    /// What is being undone is kept until that is decided.
    fn forget_oldest(&mut self) {
        let undone: BTreeSet<MovementId> =
            self.open.values().filter_map(|movement| movement.reverses).collect();
        let oldest = self.closed.keys().find(|id| !undone.contains(id)).copied();
        let Some(movement) = oldest.and_then(|id| self.closed.remove(&id)) else { return };
        if let Some((method, reference)) = movement.method.zip(movement.external_reference) {
            self.references.remove(&(movement.id.kind(), method, reference));
        }
    }

    /// An open movement of a firm, or why there is none.
    fn open_of(&self, asked: &Asked, id: &MovementId) -> Result<Movement, Refused> {
        let is_own = |movement: &&Movement| movement.firm == asked.firm;
        if let Some(movement) = self.open.get(id).filter(is_own) {
            return Ok(movement.clone());
        }
        match self.closed.get(id).filter(is_own) {
            Some(movement) => Err((MoneyRefusal::WrongState, format!("{id} is {:?}", movement.status))),
            None => Err((MoneyRefusal::UnknownMovement, format!("{} has no movement {id}", asked.firm))),
        }
    }

    /// Deposits, which anybody can announce, leave room for everything else.
    fn has_room(&self, firm: &FirmId, is_deposit: bool) -> Result<(), Refused> {
        let alike = |movement: &&Movement| (movement.id.kind() == MovementKind::Deposit) == is_deposit;
        let own = self.open.values().filter(|movement| movement.firm == *firm).filter(alike).count();
        if own >= OPEN_OF_FIRM_MAX || self.open.len() >= OPEN_MAX {
            let what = if is_deposit { "deposits" } else { "movements" };
            return Err((MoneyRefusal::TooMany, format!("{own} {what} of {firm} are open")));
        }
        Ok(())
    }

    /// What was not withdrawn after all counts no more on its day.
    fn give_back_day(&mut self, movement: &Movement, day: i64) {
        if movement.id.kind() != MovementKind::Withdrawal || movement.created.day() != day {
            return;
        }
        if let Some(sum) = self.withdrawn.get_mut(&(movement.account, movement.asset)) {
            *sum = Amount::from_units((sum.units() - movement.amount.units()).max(0));
        }
    }
}
