//! The way of what is asked of loans: as other commands, and then until risk has answered.

use super::{Api, MODEL_POLL, Outcome};
use crate::asked::Asked;
use crate::problem::{Problem, ProblemKind};
use crate::read_model::{LoanAnswerRow, LoanRow};
use assay_trading_types::{
    CommandId, ControlAction, FirmId, LoanAction, LoanProduct, LoanRefusal, LoanWanted,
};

/// How an instruction on a loan or a product ended that was not refused.
pub(crate) enum Lent {
    /// A loan stands so now.
    Loan(Box<LoanRow>),
    /// A product does.
    Product(Box<LoanProduct>),
    /// Nobody knows yet.
    Late(Outcome),
}

impl Api {
    /// As [`Api::instruct`], for loans and their products.
    ///
    /// # Errors
    /// It is refused, by whomever, or the log takes nothing.
    pub(crate) async fn instruct_loan(
        &self,
        asked: &Asked,
        firm: Option<FirmId>,
        action: LoanAction,
    ) -> Result<Lent, Problem> {
        let wanted = ControlAction::Loan(LoanWanted { firm, action });
        let answered = self.submit_until(asked, wanted, |command| self.loan_answer(command)).await?;
        Ok(answered.unwrap_or_else(Lent::Late))
    }

    async fn loan_answer(&self, command: CommandId) -> Result<Lent, Problem> {
        let unavailable = || Problem::later(ProblemKind::Unavailable, 1);
        loop {
            match self.model.loan_answer(&command).map_err(|_| unavailable())? {
                None => tokio::time::sleep(MODEL_POLL).await,
                Some(LoanAnswerRow::Refused(code, detail)) => {
                    let refusal = LoanRefusal::ALL.iter().find(|refusal| refusal.code() == code);
                    return Err((*refusal.ok_or_else(unavailable)?, detail).into());
                }
                Some(LoanAnswerRow::Loan(id)) => {
                    let loan = self.model.loan(id).map_err(|_| unavailable())?.ok_or_else(unavailable)?;
                    return Ok(Lent::Loan(Box::new(loan)));
                }
                Some(LoanAnswerRow::Product(id)) => {
                    let product = self.model.loan_product(id).map_err(|_| unavailable())?;
                    return Ok(Lent::Product(Box::new(product.ok_or_else(unavailable)?)));
                }
            }
        }
    }
}
