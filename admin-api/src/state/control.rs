//! Staff's hold on the trading side: each action becomes the event that risk and execution know.

use super::{Changed, Refused};
use assay_trading_types::{AdminRefusal, Amount, ControlAction, Event, Outbox, Topic};

/// Staff's hold on the trading side. It keeps nothing: what it gives out is what counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Control;

impl Control {
    /// Whether an action takes two persons. A price does not: it comes often, and from sources that people only watch.
    pub(crate) fn takes_two(action: &ControlAction) -> bool {
        match action {
            ControlAction::OpenFirm(_)
            | ControlAction::TakeOnFirm(_)
            | ControlAction::ListInstrument(_)
            | ControlAction::CreditAccount(_) => true,
            ControlAction::SetReferencePrice(_) => false,
        }
    }

    pub(crate) fn perform(action: &ControlAction, out: &mut Outbox) -> Result<Changed, Refused> {
        match action {
            ControlAction::OpenFirm(e) | ControlAction::TakeOnFirm(e) => {
                Ok(one(e.firm.as_str(), out, e.clone().into()))
            }
            ControlAction::ListInstrument(e) => {
                out.emit(Topic::Markets, e.clone().into());
                Ok(one(e.symbol.as_str(), out, e.clone().into()))
            }
            ControlAction::SetReferencePrice(e) => Ok(one(e.symbol.as_str(), out, e.clone().into())),
            ControlAction::CreditAccount(e) if e.amount <= Amount::ZERO => {
                Err(Refused::new(AdminRefusal::WrongState, "a credit is above zero"))
            }
            ControlAction::CreditAccount(e) => Ok(one(e.account.as_str(), out, e.clone().into())),
        }
    }
}

fn one(subject: &str, out: &mut Outbox, event: Event) -> Changed {
    out.emit(Topic::Accounts, event);
    (subject.to_owned(), 1)
}
