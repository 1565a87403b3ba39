//! What becomes of the commands that people give: each part says why one has no effect, and it is written down here.

use assay_trading_types::*;

/// Why a command has no effect, and in words.
pub(crate) type NoEffect = (CommandRefusal, String);

/// Who gave a command about what, and under which name the back office waits for an answer, if it does.
pub(crate) struct Given<'a> {
    pub(crate) subject: &'a str,
    pub(crate) by: Actor,
    pub(crate) command: Option<CommandId>,
}

impl Given<'_> {
    /// Writes down what became of it: a refusal always, an effect only for whoever waits, since it has records of its own.
    pub(crate) fn answer(self, decided: Result<(), NoEffect>, out: &mut Outbox) {
        let Given { subject, by, command } = self;
        let subject = subject.to_owned();
        match (decided, command) {
            (Ok(()), None) => {}
            (Ok(()), Some(command)) => {
                out.emit(Topic::Accounts, RiskCommandTaken { command, subject, by }.into());
            }
            (Err((refusal, detail)), command) => {
                let refused = RiskCommandRefused { subject, by, refusal, detail, command };
                out.emit(Topic::Accounts, refused.into());
            }
        }
    }
}

/// Writes down that a command has no effect that nobody waits for.
pub(crate) fn refuse(subject: &str, by: Actor, refused: NoEffect, out: &mut Outbox) {
    Given { subject, by, command: None }.answer(Err(refused), out);
}
