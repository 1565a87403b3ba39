//! The deterministic core of the back office: commands of `admin` in, decisions and their effects out.
//!
//! No I/O, no clock, no randomness: time is the record's, and whatever is secret or random was made by the API before
//! the command was appended. Two nodes that read the same records agree on everything.

mod command_book;
mod control;
mod identity;
mod mail;
mod proposals;
mod refused;

pub use command_book::{CommandBook, Past};
pub use identity::{
    ApiKey, Identity, LOCK_MAX_NS, Login, OneTime, Purpose, RECOVERY_CODES, SigningKey, Totp, User,
};
pub use mail::Outgoing;
pub use proposals::{Proposal, ProposalStatus, Proposals, Wanted};
pub use refused::Refused;

use assay_trading_types::{
    AdminRefusal, Command, CommandDecided, Decision, Event, Input, Outbox, Processor, Topic, UserId,
    VerdictRequested,
};
use control::Control;
use serde::{Deserialize, Serialize};

/// What an action changed: the id of it, and its version now.
pub type Changed = (String, u64);

/// Everything that the `admin` topic says so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AdminState {
    /// Users, logins, keys.
    pub identity: Identity,
    /// What waits for a second person.
    pub proposals: Proposals,
    /// Mail that has not gone out yet.
    pub mail: Outgoing,
    /// Past commands, for repeats and for whoever asks later.
    pub commands: CommandBook,
}

impl Processor for AdminState {
    fn apply(&mut self, input: &Input<'_>, out: &mut Outbox) {
        if let Event::MailSettled(e) = input.event {
            self.mail.settle(e);
        }
        let Some(asked) = Asked::of(input.event) else { return };
        let command = asked.command();
        self.identity.forget_expired(input.at);
        let decision = match self.commands.repeated(command, input.at) {
            Some(earlier) => earlier,
            None => {
                let decision = self.decide(&asked, input, out).unwrap_or_else(Decision::from);
                self.commands.note(command, &decision, input.at);
                decision
            }
        };
        let decided = CommandDecided {
            command: command.id,
            operation: command.operation.clone(),
            by: command.by,
            decision,
        };
        out.emit(Topic::Admin, decided.into());
    }
}

/// A command, whichever kind it is of.
enum Asked<'a> {
    /// A wish for something.
    For(&'a Command, Wanted),
    /// A word on a proposal.
    Verdict(&'a VerdictRequested),
}

impl<'a> Asked<'a> {
    fn of(event: &'a Event) -> Option<Self> {
        match event {
            Event::IdentityRequested(e) => {
                Some(Self::For(&e.command, Wanted::Identity(Box::new(e.action.clone()))))
            }
            Event::ControlRequested(e) => Some(Self::For(&e.command, Wanted::Control(e.action.clone()))),
            Event::VerdictRequested(e) => Some(Self::Verdict(e)),
            _ => None,
        }
    }

    fn command(&self) -> &'a Command {
        match self {
            Self::For(command, _) => command,
            Self::Verdict(e) => &e.command,
        }
    }
}

impl AdminState {
    fn decide(
        &mut self,
        asked: &Asked<'_>,
        input: &Input<'_>,
        out: &mut Outbox,
    ) -> Result<Decision, Refused> {
        let command = asked.command();
        self.identity.require_standing(command, input.at)?;
        match asked {
            Asked::For(_, wanted) if self.needs_second_person(command, wanted) => {
                self.identity.may_propose(command, wanted)?;
                let proposal = self.proposals.propose(command, wanted.clone(), input.at)?;
                Ok(Decision::Proposed { proposal })
            }
            Asked::For(_, wanted) => self.perform(command, wanted, input, out).map(done),
            Asked::Verdict(e) => self.judge(e, input, out).map(done),
        }
    }

    /// Nobody changes money, limits, keys of others or privileges alone. The exception is the beginning: while there is
    /// one administrator only, there is nobody who could check what it does to users.
    fn needs_second_person(&self, command: &Command, wanted: &Wanted) -> bool {
        match wanted {
            Wanted::Identity(action) => {
                self.identity.is_privileged_change(action)
                    && !self.identity.is_sole_administrator(command.by.as_ref())
            }
            Wanted::Control(action) => Control::takes_two(action),
        }
    }

    fn perform(
        &mut self,
        command: &Command,
        wanted: &Wanted,
        input: &Input<'_>,
        out: &mut Outbox,
    ) -> Result<Changed, Refused> {
        match wanted {
            Wanted::Identity(action) => {
                let letters = mail::letters(&self.identity, command, action);
                let changed = self.identity.perform(command, action, input.at);
                let due = letters.into_iter().filter(|letter| letter.is_due(changed.as_ref()));
                self.mail.send(command, due, out);
                changed
            }
            Wanted::Control(action) => Control::perform(action, out),
        }
    }

    fn judge(
        &mut self,
        e: &VerdictRequested,
        input: &Input<'_>,
        out: &mut Outbox,
    ) -> Result<Changed, Refused> {
        let by = e.command.by.ok_or(Refused::new(AdminRefusal::NotSignedIn, "a verdict needs a person"))?;
        let proposal = self.proposals.judged(e, by)?.clone();
        if e.verdict == assay_trading_types::Verdict::Approve {
            self.perform(&proposal.command, &proposal.wanted, input, out)?;
        }
        Ok(self.proposals.close(e, by, input.at))
    }

    /// A user who may act: active.
    pub fn active_user(&self, id: &UserId) -> Option<&User> {
        self.identity.user(id).filter(|user| user.active)
    }
}

fn done((subject, version): Changed) -> Decision {
    Decision::Done { subject, version }
}
