//! What a handler asks of the state: an action that becomes a command's record.

use assay_trading_types::{
    AlertsAction, AlertsRequested, BankAction, BankRequested, Command, ComplianceAction, ComplianceRequested,
    ControlAction, ControlRequested, Event, IdentityAction, IdentityRequested, Job, JobRequested, KycAction,
    KycRequested, NoticesAction, NoticesRequested, ProposalId, ReportProduced, ReportRun, TradeSide, Verdict,
    VerdictRequested, WebhooksAction, WebhooksRequested,
};

/// An action that becomes a record once it is known who asks.
pub(crate) trait Wish {
    /// The record's event.
    fn event(self, command: Command) -> Event;
}

impl Wish for IdentityAction {
    fn event(self, command: Command) -> Event {
        IdentityRequested { command, action: self }.into()
    }
}

impl Wish for ControlAction {
    fn event(self, command: Command) -> Event {
        ControlRequested { command, action: self }.into()
    }
}

impl Wish for KycAction {
    fn event(self, command: Command) -> Event {
        KycRequested { command, action: self }.into()
    }
}

impl Wish for NoticesAction {
    fn event(self, command: Command) -> Event {
        NoticesRequested { command, action: self }.into()
    }
}

impl Wish for WebhooksAction {
    fn event(self, command: Command) -> Event {
        WebhooksRequested { command, action: self }.into()
    }
}

impl Wish for BankAction {
    fn event(self, command: Command) -> Event {
        BankRequested { command, action: self }.into()
    }
}

impl Wish for AlertsAction {
    fn event(self, command: Command) -> Event {
        AlertsRequested { command, action: self }.into()
    }
}

impl Wish for ComplianceAction {
    fn event(self, command: Command) -> Event {
        ComplianceRequested { command, action: self }.into()
    }
}

impl Wish for Job {
    fn event(self, command: Command) -> Event {
        JobRequested { command, job: self }.into()
    }
}

impl Wish for ReportRun {
    fn event(self, command: Command) -> Event {
        ReportProduced { command, run: Box::new(self) }.into()
    }
}

/// A word on a proposal, and why.
pub(crate) struct Word {
    pub(crate) proposal: ProposalId,
    pub(crate) verdict: Verdict,
    pub(crate) reason: String,
    pub(crate) sides: Option<Box<[TradeSide; 2]>>,
}

impl Wish for Word {
    fn event(self, command: Command) -> Event {
        let Self { proposal, verdict, reason, sides } = self;
        VerdictRequested { command, proposal, verdict, reason, sides }.into()
    }
}
