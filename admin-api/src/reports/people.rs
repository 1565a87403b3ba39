//! Who may do what, who is known, who did what: from the back office's state as the log makes it.

use super::error::ReportError;
use super::report::column;
use super::source::{Source, decoded};
use super::spool::Rows;
use crate::became::Became;
use crate::operation::{Access, Operation};
use crate::state::{AdminState, KycFile, User, command_of};
use crate::word::word;
use assay_reports::Column;
use assay_reports::ColumnKind::{Flag, Integer, Text, Time};
use assay_trading_types::{
    CommandId, Event, FirmId, IdentityAction, KycSubject, Outbox, Processor, ReportParameters, Role,
    Timestamp, Topic,
};
use std::collections::HashMap;

/// Without a login for so long, or never, a user counts as dormant: 90 days.
const DORMANT_NS: i64 = 90 * 86_400 * 1_000_000_000;

/// The back office as it was at the end of the span: its state made anew from the log.
fn state_before(source: &Source, end: Timestamp) -> Result<AdminState, ReportError> {
    let (mut state, mut out) = (AdminState::default(), Outbox::new(Role::Admin, 1));
    source.records(Topic::Admin, |record| {
        if record.at >= end {
            return Ok(false);
        }
        let event = decoded(record)?;
        let input = record.input(&event);
        out.begin(&input);
        state.apply(&input, &mut out);
        out.drain();
        Ok(true)
    })?;
    Ok(state)
}

pub(super) const ACCESS: &[Column] = &[
    column("user", Text, "Its id."),
    column("email", Text, "Its address."),
    column("username", Text, "Its name."),
    column("firm", Text, "The firm of a firm's user."),
    column("roles", Text, "Its roles, in order."),
    column("active", Flag, "Whether it may log in."),
    column("privileged", Flag, "Whether its roles ask for a second factor."),
    column("second_factor", Flag, "Whether it has one."),
    column("operations", Integer, "Operations of the API that its roles open to it."),
    column("live_logins", Integer, "Logins that work."),
    column("live_api_keys", Integer, "Keys for machines that work."),
    column("last_login", Time, "When it last logged in."),
    column("dormant", Flag, "Active, and no login for 90 days or ever."),
    column("created", Time, "Since when there is the user."),
    column("changed", Time, "When its rights or profile last changed."),
];

pub(super) fn access(source: &Source, p: &ReportParameters, rows: &mut Rows<'_>) -> Result<(), ReportError> {
    let state = state_before(source, p.to)?;
    let identity = &state.identity;
    let is_wanted = |user: &&User| p.firm.is_none() || user.firm == p.firm;
    for user in identity.users().filter(is_wanted) {
        let roles: Vec<_> = user.roles.iter().map(word).collect();
        let opened = |op: &&Operation| {
            matches!(op.access(), Access::Roles(_)) && op.access().scope_of(&user.roles).is_some()
        };
        let keys = identity.api_keys().filter(|key| key.user == user.id && key.is_live(p.to)).count();
        let logins = identity.logins_of(user.id).filter(|login| login.is_live(p.to)).count();
        let is_idle = user.last_login.is_none_or(|at| p.to.since_ns(at) > DORMANT_NS);
        rows.put([
            user.id.as_str().into(),
            user.email.as_str().into(),
            user.username.as_str().into(),
            user.firm.map(|firm| firm.to_string()).into(),
            roles.join(" ").into(),
            user.active.into(),
            user.is_privileged().into(),
            user.totp.is_active().into(),
            count(Operation::ALL.iter().filter(opened).count()).into(),
            count(logins).into(),
            count(keys).into(),
            user.last_login.into(),
            (user.active && is_idle).into(),
            user.created.into(),
            user.updated.into(),
        ])?;
    }
    Ok(())
}

pub(super) const KYC: &[Column] = &[
    column("file", Text, "Id of the identity file. It names nobody: personal data are not in the report."),
    column("user", Text, "Whose it is, or who handed it in for a firm."),
    column("firm", Text, "The firm, of a firm's file."),
    column("newest", Flag, "Whether it is the newest of its subject, which decides."),
    column("standing", Text, "How far the proof of the subject is."),
    column("status", Text, "How far the file is."),
    column("risk", Text, "How much care it needs."),
    column("submitted", Time, "When it was handed in."),
    column("expires", Time, "Until when it can count."),
    column("assigned", Text, "The reviewer that has it."),
    column("reviewed_by", Text, "Who decided."),
    column("reviewed", Time, "When."),
    column("code", Text, "Why it was turned down."),
];

pub(super) fn kyc(source: &Source, p: &ReportParameters, rows: &mut Rows<'_>) -> Result<(), ReportError> {
    let state = state_before(source, p.to)?;
    let is_wanted = |file: &&KycFile| p.firm.is_none() || firm_of(file) == p.firm;
    for file in state.kyc.files().filter(is_wanted) {
        let subject = &file.submission.subject;
        let newest = state.kyc.newest(subject).is_some_and(|newest| newest.id() == file.id());
        rows.put([
            file.id().to_string().into(),
            file.by.as_str().into(),
            firm_of(file).map(|firm| firm.to_string()).into(),
            newest.into(),
            word(&state.kyc.standing(subject, p.to)).as_ref().into(),
            word(&file.status).as_ref().into(),
            word(&file.risk).as_ref().into(),
            file.submitted.into(),
            file.expires.into(),
            file.assigned.map(|user| user.to_string()).into(),
            file.reviewed_by.map(|user| user.to_string()).into(),
            file.reviewed.into(),
            file.code.as_ref().map(|code| word(code).into_owned()).into(),
        ])?;
    }
    Ok(())
}

fn firm_of(file: &KycFile) -> Option<FirmId> {
    if let KycSubject::Firm(firm) = file.submission.subject { Some(firm) } else { None }
}

pub(super) const ACTIONS: &[Column] = &[
    column("at", Time, "When it was decided."),
    column("position", Integer, "Position of the decision in the log."),
    column("command", Text, "The command."),
    column("operation", Text, "Operation of the API, or the node's own."),
    column("by", Text, "Who; nobody for what needs no login and for the node itself."),
    column("address", Text, "The client's network address."),
    column(
        "outcome",
        Text,
        "`done`, `proposed` (it waits for a second person), `refused`, or `pending` at risk.",
    ),
    column("subject", Text, "What it made or changed, or the proposal."),
    column("refusal", Text, "Code of a refusal, by whomever."),
    column("detail", Text, "The refusal in words."),
];

/// A command whose decision has not come yet.
struct Undecided {
    address: Option<String>,
    /// It only notes that a password or a second factor was wrong.
    is_failed_log_in: bool,
}

pub(super) fn actions(source: &Source, p: &ReportParameters, rows: &mut Rows<'_>) -> Result<(), ReportError> {
    let mut undecided: HashMap<CommandId, Undecided> = HashMap::new();
    source.records(Topic::Admin, |record| {
        let event = decoded(record)?;
        let Event::CommandDecided(e) = &*event else {
            if let Some(command) = command_of(&event) {
                let address = command.address.clone();
                undecided
                    .insert(command.id, Undecided { address, is_failed_log_in: is_failed_log_in(&event) });
            }
            return Ok(true);
        };
        let asked = undecided.remove(&e.command);
        if record.at < p.from || record.at >= p.to {
            return Ok(true);
        }
        let is_failed = asked.as_ref().is_some_and(|asked| asked.is_failed_log_in);
        let became = match is_failed && e.operation == Operation::LogIn.name() {
            true => Became::refused("UNAUTHENTICATED", "no such user, or a wrong password or second factor"),
            false => Became::of(source, e.command, &e.operation, &e.decision)?,
        };
        rows.put([
            record.at.into(),
            record.position.0.cast_signed().into(),
            e.command.as_str().into(),
            e.operation.as_str().into(),
            e.by.map(|user| user.to_string()).into(),
            asked.and_then(|asked| asked.address).into(),
            became.outcome.into(),
            became.subject.into(),
            became.refusal.into(),
            became.detail.into(),
        ])?;
        Ok(true)
    })
}

fn is_failed_log_in(event: &Event) -> bool {
    matches!(event, Event::IdentityRequested(e) if matches!(e.action, IdentityAction::NoteFailedLogIn { .. }))
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
