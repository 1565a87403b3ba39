//! The way of what is asked of orders: as other commands, and then until risk and the market have answered.

use super::{Api, Outcome};
use crate::asked::Asked;
use crate::became::Answers;
use crate::operation::Operation;
use crate::problem::{Problem, ProblemKind};
use crate::read_model::{Answered, OrderAnswerRow, OrderRow};
use assay_trading_types::{
    ClOrdId, CommandId, ControlAction, FirmId, OrdStatus, OrderAction, OrderId, OrderWanted, Position,
    Refusal,
};
use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How a request on an order ended that was not refused.
pub(crate) enum Ordered {
    /// The order stands so now.
    Order(Box<OrderRow>),
    /// Nobody knows yet.
    Late(Outcome),
}

/// Positions that requests are closing now: two at once would each close all of it.
#[derive(Debug, Default)]
pub(crate) struct Closing(Mutex<HashSet<(String, String)>>);

impl Closing {
    /// Closes an account's position in a symbol until the guard is dropped; nothing while another does.
    pub(crate) fn enter(&self, account: &str, symbol: &str) -> Option<ClosingGuard<'_>> {
        let key = (account.to_owned(), symbol.to_owned());
        self.lock().insert(key.clone()).then(|| ClosingGuard { closing: self, key })
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<(String, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While it lives nobody else closes the position.
pub(crate) struct ClosingGuard<'a> {
    closing: &'a Closing,
    key: (String, String),
}

impl Drop for ClosingGuard<'_> {
    fn drop(&mut self) {
        self.closing.lock().remove(&self.key);
    }
}

/// When a request is answered.
#[derive(Clone, Copy)]
enum Until {
    /// The order that it names is on its book, or changed.
    Done,
    /// This order trades no more.
    Ended(OrderId),
}

impl Api {
    /// As [`Api::submit`], for what risk and the market decide on: answers once what they said is durable.
    ///
    /// # Errors
    /// It is refused, by whomever, or the log takes nothing.
    pub(crate) async fn order(
        &self,
        asked: &Asked,
        firm: FirmId,
        action: OrderAction,
    ) -> Result<Ordered, Problem> {
        let until = match &action {
            OrderAction::Cancel { order_id, .. } => Until::Ended(*order_id),
            _ => Until::Done,
        };
        let wanted = self.wanted(firm, action);
        let answered =
            self.submit_until(asked, wanted, |_, request| self.order_answer(request, until)).await?;
        Ok(answered.map_or_else(Ordered::Late, |row| Ordered::Order(Box::new(row))))
    }

    /// As [`Api::submit`], for an order that waits to be released, or is given up: the back office decides alone.
    ///
    /// # Errors
    /// As [`Api::submit`].
    pub(crate) async fn keep_order(
        &self,
        asked: &Asked,
        firm: FirmId,
        action: OrderAction,
    ) -> Result<Outcome, Problem> {
        self.submit(asked, self.wanted(firm, action)).await
    }

    fn wanted(&self, firm: FirmId, action: OrderAction) -> ControlAction {
        ControlAction::Order(OrderWanted { firm, asked: self.now(), action })
    }

    async fn order_answer(&self, request: String, until: Until) -> Result<OrderRow, Problem> {
        let unavailable = |_| Problem::later(ProblemKind::Unavailable, 1);
        let request = request.parse().map_err(|_| Problem::later(ProblemKind::Unavailable, 1))?;
        loop {
            let looked_at = self.model.position();
            let answer = self.model.order_answer(request).map_err(unavailable)?;
            let named = match (answer, until) {
                (Some(OrderAnswerRow::Refused(refusal, detail)), _) => return Err((refusal, detail).into()),
                (Some(OrderAnswerRow::Order(id)), Until::Done) => Some(id),
                (None, Until::Done) => None,
                (_, Until::Ended(id)) => Some(id),
            };
            let row = named.map(|id| self.model.order(id)).transpose().map_err(unavailable)?.flatten();
            let rejected = crate::word::word(&OrdStatus::Rejected);
            match (row, until) {
                // Rejected between the two looks: the next one sees why.
                (Some(row), Until::Done) if row.status != rejected => return Ok(row),
                (Some(row), Until::Ended(_)) if !is_working(&row) => {
                    return match row.status == crate::word::word(&OrdStatus::Canceled) {
                        true => Ok(row),
                        false => Err((Refusal::TooLate, format!("the order is {}", row.status)).into()),
                    };
                }
                _ => self.model_reaches(Position(looked_at.0 + 1)).await,
            }
        }
    }

    /// Whether an operation asks something of an order: what became of it is the answer of risk and the market.
    pub(crate) fn is_about_orders(operation: &str) -> bool {
        use Operation as O;
        [
            O::PlaceOrder,
            O::ReleaseOrder,
            O::ReplaceOrder,
            O::CancelOrder,
            O::CancelOrderByPost,
            O::ClosePosition,
        ]
        .map(O::name)
        .contains(&operation)
    }

    /// An id for a request that has none of its client's.
    pub(crate) fn cl_ord_id(&self) -> ClOrdId {
        let digits = hex::encode(self.ids.bytes());
        ClOrdId::new(&digits).expect("32 hex digits")
    }
}

/// As of now; a request to end an order is not answered as long as the order may trade.
impl Answers for Api {
    type Error = rusqlite::Error;

    fn answer(&self, command: &CommandId) -> rusqlite::Result<Option<Answered>> {
        self.model.answer(command)
    }

    fn order_answer(&self, operation: &str, request: u64) -> rusqlite::Result<Option<OrderAnswerRow>> {
        let answer = self.model.order_answer(request)?;
        let Some(OrderAnswerRow::Order(id)) = &answer else { return Ok(answer) };
        let ends = [Operation::CancelOrder, Operation::CancelOrderByPost].map(Operation::name);
        let row = self.model.order(*id)?;
        let is_open = row.is_none_or(|row| ends.contains(&operation) && is_working(&row));
        Ok(answer.filter(|_| !is_open))
    }
}

/// Whether an order may still trade.
pub(crate) fn is_working(row: &OrderRow) -> bool {
    OrdStatus::ALL.iter().any(|status| status.is_working() && crate::word::word(status) == row.status)
}
