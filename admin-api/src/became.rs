//! What became of a command: the back office's word and, where that is not the last, that of risk and the market.

use crate::api::Api;
use crate::read_model::{Answered, OrderAnswerRow};
use assay_trading_types::{CommandId, Decision};

/// What became of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Became {
    /// `done`, `proposed`, `refused` or `pending`.
    pub(crate) outcome: &'static str,
    /// What it made or changed, or the proposal.
    pub(crate) subject: Option<String>,
    /// Code of a refusal, by whomever.
    pub(crate) refusal: Option<String>,
    /// The refusal in words.
    pub(crate) detail: Option<String>,
}

/// Where the answers of risk and the market are.
pub(crate) trait Answers {
    /// Why they cannot be read.
    type Error;

    /// What risk answered to a command, if it has.
    fn answer(&self, command: &CommandId) -> Result<Option<Answered>, Self::Error>;

    /// What risk and the market answered to the request of an order of this number, if they have.
    fn order_answer(&self, operation: &str, request: u64) -> Result<Option<OrderAnswerRow>, Self::Error>;
}

impl Became {
    /// What became of a command that the back office decided so on.
    pub(crate) fn of<A: Answers>(
        answers: &A,
        command: CommandId,
        operation: &str,
        decision: &Decision,
    ) -> Result<Self, A::Error> {
        let subject = match decision {
            Decision::Done { subject, .. } => subject,
            Decision::Proposed { proposal } => {
                return Ok(Self { outcome: "proposed", ..Self::done(proposal.to_string()) });
            }
            Decision::Refused { refusal, detail } => return Ok(Self::refused(refusal.code(), detail)),
        };
        // The back office's yes is not the last word on what risk and the market decide.
        let request = Api::is_about_orders(operation).then(|| subject.parse().ok()).flatten();
        if let Some(request) = request {
            return Ok(match answers.order_answer(operation, request)? {
                Some(OrderAnswerRow::Refused(refusal, detail)) => Self::refused(refusal.code(), &detail),
                Some(OrderAnswerRow::Order(id)) => Self::done(id.to_string()),
                None => Self::pending(),
            });
        }
        // What risk answers has the command for a subject until then; a repeat names the first one.
        let asked = CommandId::named(subject);
        Ok(match answers.answer(&asked.unwrap_or(command))? {
            Some(Answered::Refused { code, detail }) => Self::refused(&code, &detail),
            Some(answered) => Self::done(answered.subject().unwrap_or_default()),
            None if asked.is_some() => Self::pending(),
            None => Self::done(subject.clone()),
        })
    }

    /// Nobody said yes.
    pub(crate) fn refused(code: &str, detail: &str) -> Self {
        let (refusal, detail) = (Some(code.to_owned()), Some(detail.to_owned()));
        Self { outcome: "refused", refusal, detail, ..Self::default() }
    }

    fn done(subject: String) -> Self {
        Self { outcome: "done", subject: Some(subject), ..Self::default() }
    }

    fn pending() -> Self {
        Self { outcome: "pending", ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_trading_types::{AdminRefusal, OrderId, ProposalId, Refusal};
    use std::convert::Infallible;

    const COMMAND: &str = "cmd_0192f3a4b5c60123456789abcdef0001";
    const FIRST: &str = "cmd_0192f3a4b5c60123456789abcdef0000";

    /// Risk took the first command, let order request 1 through and refused 2; it knows of nothing else.
    struct Risk;

    impl Answers for Risk {
        type Error = Infallible;

        fn answer(&self, command: &CommandId) -> Result<Option<Answered>, Infallible> {
            Ok((command.as_str() == FIRST).then(|| Answered::Taken("FIRM1".to_owned())))
        }

        fn order_answer(&self, _: &str, request: u64) -> Result<Option<OrderAnswerRow>, Infallible> {
            Ok(match request {
                1 => Some(OrderAnswerRow::Order(OrderId::new(0, 1))),
                2 => Some(OrderAnswerRow::Refused(Refusal::KillSwitch, "stopped".to_owned())),
                _ => None,
            })
        }
    }

    fn became(operation: &str, decision: &Decision) -> [String; 3] {
        let Ok(became) = Became::of(&Risk, CommandId::new(COMMAND).unwrap(), operation, decision);
        [became.outcome.to_owned(), became.subject.unwrap_or_default(), became.refusal.unwrap_or_default()]
    }

    #[test]
    fn the_last_word_is_that_of_whoever_decides() {
        let done = |subject: &str| Decision::Done { subject: subject.to_owned(), version: 1 };
        let user = "usr_0192f3a4b5c60123456789abcdef0123";
        assert_eq!(became("invite_user", &done(user)), ["done", user, ""], "the back office's own");
        assert_eq!(became("set_risk_switch", &done(COMMAND)), ["pending", "", ""]);
        assert_eq!(became("set_risk_switch", &done(FIRST)), ["done", "FIRM1", ""], "a repeat of the first");
        assert_eq!(became("place_order", &done("1")), ["done", "O0000000000000001", ""]);
        assert_eq!(became("place_order", &done("2")), ["refused", "", "KILL_SWITCH"]);
        assert_eq!(became("place_order", &done("3")), ["pending", "", ""]);
        let proposal = ProposalId::new("prp_1").unwrap();
        assert_eq!(became("open_firm", &Decision::Proposed { proposal }), ["proposed", "prp_1", ""]);
        let refused = Decision::Refused { refusal: AdminRefusal::EmailTaken, detail: String::new() };
        assert_eq!(became("invite_user", &refused), ["refused", "", "EMAIL_TAKEN"]);
    }
}
