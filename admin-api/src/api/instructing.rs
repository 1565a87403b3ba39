//! The way of what risk or the market decides on, but for orders: as other commands, and then until there is an answer.

use super::{Api, Outcome};
use crate::asked::Asked;
use crate::problem::{Problem, ProblemKind};
use crate::read_model::{Answered, LoanRow, Repayment};
use crate::wish::Word;
use assay_trading_types::{
    AmendmentRefusal, CommandId, CommandRefusal, ControlAction, FirmId, LoanAction, LoanProduct, LoanRefusal,
    LoanWanted, MoneyAction, MoneyRefusal, MoneyWanted, Movement, Position,
};

/// How an instruction on money ended that was not refused.
#[derive(Debug)]
pub(crate) enum Instructed {
    /// A movement stands so now.
    Movement(Box<Movement>),
    /// The entry of this name in a book of beneficiaries was made or removed.
    Beneficiary(String),
    /// Nobody knows yet.
    Late(Outcome),
}

/// How an instruction on a loan or a product ended that was not refused.
pub(crate) enum Lent {
    /// A loan stands so now, and this was the payment if it was one.
    Loan(Box<LoanRow>, Option<Repayment>),
    /// A product does.
    Product(Box<LoanProduct>),
    /// Nobody knows yet.
    Late(Outcome),
}

impl Api {
    /// As [`Api::submit`], for money: answers once what risk said is durable.
    ///
    /// # Errors
    /// It is refused, by whomever, or the log takes nothing.
    pub(crate) async fn instruct(
        &self,
        asked: &Asked,
        firm: FirmId,
        action: MoneyAction,
    ) -> Result<Instructed, Problem> {
        let wanted = ControlAction::Money(MoneyWanted { firm, action });
        let answered = self.submit_until(asked, wanted, |command, _| self.money_answer(command)).await?;
        Ok(answered.unwrap_or_else(Instructed::Late))
    }

    /// As [`Api::instruct`], for loans and their products.
    ///
    /// # Errors
    /// As [`Api::instruct`].
    pub(crate) async fn instruct_loan(
        &self,
        asked: &Asked,
        firm: Option<FirmId>,
        action: LoanAction,
    ) -> Result<Lent, Problem> {
        let wanted = ControlAction::Loan(LoanWanted { firm, action });
        let answered = self.submit_until(asked, wanted, |command, _| self.loan_answer(command)).await?;
        Ok(answered.unwrap_or_else(Lent::Late))
    }

    /// As [`Api::instruct`], for switches, limits, locates and breakers.
    ///
    /// # Errors
    /// As [`Api::instruct`].
    pub(crate) async fn instruct_risk(
        &self,
        asked: &Asked,
        action: ControlAction,
    ) -> Result<Outcome, Problem> {
        let answered =
            self.submit_until(asked, action, |command, subject| self.risk_answer(command, subject)).await?;
        Ok(answered.unwrap_or_else(|late| late))
    }

    async fn money_answer(&self, command: CommandId) -> Result<Instructed, Problem> {
        match self.answer(&command).await? {
            Answered::Beneficiary(id) => Ok(Instructed::Beneficiary(id)),
            Answered::Movement(id) => {
                let movement = self.model.movement(id).map_err(|_| unavailable())?.ok_or_else(unavailable)?;
                Ok(Instructed::Movement(Box::new(movement)))
            }
            other => Err(refused(other, MoneyRefusal::ALL, MoneyRefusal::code)),
        }
    }

    async fn loan_answer(&self, command: CommandId) -> Result<Lent, Problem> {
        match self.answer(&command).await? {
            Answered::Loan(id) => {
                let loan = self.model.loan(id).map_err(|_| unavailable())?.ok_or_else(unavailable)?;
                let payment = self.model.payment_of(&command).map_err(|_| unavailable())?;
                Ok(Lent::Loan(Box::new(loan), payment))
            }
            Answered::Product(id) => {
                let product = self.model.loan_product(id).map_err(|_| unavailable())?;
                Ok(Lent::Product(Box::new(product.ok_or_else(unavailable)?)))
            }
            other => Err(refused(other, LoanRefusal::ALL, LoanRefusal::code)),
        }
    }

    async fn risk_answer(&self, command: CommandId, subject: String) -> Result<Outcome, Problem> {
        // First asked before risk answered: what the back office said then is all there will be.
        if CommandId::named(&subject).is_none() {
            return Ok(Outcome::Done { command, subject, version: 1 });
        }
        match self.answer(&command).await? {
            Answered::Taken(subject) => Ok(Outcome::Done { command, subject, version: 1 }),
            other => Err(refused(other, CommandRefusal::ALL, CommandRefusal::code)),
        }
    }

    /// As [`Api::submit`], for an approval of what somebody wished of a trade: answers once what the market said to it is
    /// durable, which it says under the name of that wish.
    ///
    /// # Errors
    /// As [`Api::instruct`].
    pub(crate) async fn approve_amendment(&self, asked: &Asked, word: Word) -> Result<Outcome, Problem> {
        let proposal = word.proposal;
        let answered = self.submit_until(asked, word, async |command, wish| {
            let wish = CommandId::named(&wish).ok_or_else(unavailable)?;
            match self.answer(&wish).await? {
                Answered::Taken(_) => {
                    let version =
                        self.state().proposals.get(&proposal).map_or(0, |proposal| proposal.version);
                    Ok(Outcome::Done { command, subject: proposal.to_string(), version })
                }
                other => Err(refused(other, &AmendmentRefusal::ALL, |refusal| refusal.code())),
            }
        });
        Ok(answered.await?.unwrap_or_else(|late| late))
    }

    /// Waits until risk or the market has answered.
    async fn answer(&self, command: &CommandId) -> Result<Answered, Problem> {
        loop {
            let looked_at = self.model.position();
            if let Some(answered) = self.model.answer(command).map_err(|_| unavailable())? {
                return Ok(answered);
            }
            self.model_reaches(Position(looked_at.0 + 1)).await;
        }
    }
}

/// The problem of a refusal, which is one of `all`; an answer of another kind is none that can be told.
fn refused<R: Copy>(answered: Answered, all: &[R], code_of: fn(&R) -> &'static str) -> Problem
where
    Problem: From<(R, String)>,
{
    let Answered::Refused { code, detail } = answered else { return unavailable() };
    let refusal = all.iter().find(|refusal| code_of(refusal) == code);
    refusal.map_or_else(unavailable, |refusal| (*refusal, detail).into())
}

fn unavailable() -> Problem {
    Problem::later(ProblemKind::Unavailable, 1)
}
