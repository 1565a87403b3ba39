//! Two risk officers by seed: they change limits with four eyes or in an emergency, stop scopes and let them go on, keep the
//! restricted list, suspend accounts, set prices, close breakers and find shares to be sold short.

use crate::traffic::{FIRMS, SYMBOLS, all_limits, id, record, session};
use assay_event_log::NewRecord;
use assay_trading_types::*;
use rand::{Rng, rngs::StdRng};

const OFFICERS: [&str; 2] = ["operator:ann", "operator:bob"];

/// A decision means one of so many latest changes.
const REMEMBERED: u64 = 4;

/// Each firm may sell some of the last symbol short from the start, which few of them have.
pub(crate) fn opening(at: Timestamp) -> Vec<NewRecord> {
    let by = |officer: usize, event: Event| NewRecord {
        actor: id(OFFICERS[officer]),
        ..record(Topic::Accounts, at, None, event)
    };
    let two = |(n, (firm, ..)): (usize, &(&str, SelfTrade, &str))| {
        let proposed = LocateProposed {
            locate: id(&format!("first-{n}")),
            firm: id(firm),
            account: id(firm),
            symbol: id(SYMBOLS[SYMBOLS.len() - 1]),
            qty: Qty::from_units(SCALE * 1_000),
            lender: "LENDER".to_owned(),
            valid_until: at.plus_ns(86_400_000_000_000),
            reason: "drill".to_owned(),
            command: None,
        };
        let (locate, reason) = (proposed.locate, "drill".to_owned());
        let decided = LocateDecided { locate, approved: true, reason, command: None };
        [by(0, proposed.into()), by(1, decided.into())]
    };
    FIRMS.iter().enumerate().flat_map(two).collect()
}

#[derive(Debug, Default)]
pub(crate) struct RiskOfficer {
    changes: u64,
    locates: u64,
}

impl RiskOfficer {
    /// One record of one of them.
    pub(crate) fn act(&mut self, random: &mut StdRng, at: Timestamp) -> NewRecord {
        let firm = random.random_range(0..FIRMS.len());
        let (name, symbol) = (FIRMS[firm].0, id(SYMBOLS[random.random_range(0..SYMBOLS.len())]));
        let reason = "drill".to_owned();
        let event: Event = match random.random_range(0..17) {
            0..2 => self.propose(random, name, at).into(),
            2..4 => {
                let back = random.random_range(0..REMEMBERED).min(self.changes);
                let change = change(self.changes - back);
                LimitsChangeDecided { change, approved: random.random_range(0..4) > 0, reason, command: None }
                    .into()
            }
            4..8 => {
                let scope = match random.random_range(0..8) {
                    0 => SwitchScope::All,
                    1 | 2 => SwitchScope::Firm(id(name)),
                    3 | 4 => SwitchScope::Account(id(name)),
                    5 | 6 => SwitchScope::Session(session(firm)),
                    _ => SwitchScope::Instrument(symbol),
                };
                // Mostly open again, so that trading goes on.
                let states = [SwitchState::Killed, SwitchState::CancelOnly, SwitchState::ReduceOnly];
                let state = states.get(random.random_range(0..9_usize)).copied().unwrap_or_default();
                RiskSwitchSet { scope, state, reason, command: None }.into()
            }
            8 => {
                let side = if random.random() { Some(Side::Buy) } else { None };
                let restricted = random.random_range(0..3) == 0;
                let (firm, account) = (Some(id(name)), None);
                RestrictionSet { firm, account, symbol: Some(symbol), side, restricted, reason }.into()
            }
            9 => {
                let statuses = [AccountStatus::Active, AccountStatus::Active, AccountStatus::Suspended];
                let status = statuses[random.random_range(0..statuses.len())];
                let (firm, account, kyc) = (id(name), id(name), KycStatus::Verified);
                AccountStatusSet { firm, account, status, kyc, reason }.into()
            }
            10..13 => self.propose_locate(random, name, symbol, at).into(),
            13..15 => {
                let back = random.random_range(0..2).min(self.locates);
                let approved = random.random_range(0..4) > 0;
                LocateDecided { locate: locate(self.locates - back), approved, reason, command: None }.into()
            }
            15 => {
                let back = random.random_range(0..REMEMBERED).min(self.locates);
                LocateReleaseRequested { locate: locate(self.locates - back), reason, command: None }.into()
            }
            _ => {
                let cents: i64 = random.random_range(980..1_020);
                let max_age_ns = (random.random_range(0..4) == 0).then_some(60_000_000_000);
                let price = Price::from_units(cents * (SCALE / 100));
                ReferencePriceSet { symbol, price, max_age_ns, source: None }.into()
            }
        };
        let actor = id(OFFICERS[random.random_range(0..OFFICERS.len())]);
        NewRecord { actor, ..record(Topic::Accounts, at, None, event) }
    }

    fn propose_locate(
        &mut self,
        random: &mut StdRng,
        firm: &str,
        symbol: Symbol,
        at: Timestamp,
    ) -> LocateProposed {
        self.locates += 1;
        let minutes: i64 = random.random_range(-1..2_000);
        LocateProposed {
            locate: locate(self.locates),
            firm: id(firm),
            account: id(firm),
            symbol,
            qty: Qty::from_units(SCALE * random.random_range(50..2_000)),
            lender: "LENDER".to_owned(),
            valid_until: at.plus_ns(minutes * 60_000_000_000),
            reason: "drill".to_owned(),
            command: Some(command(self.locates)),
        }
    }

    fn propose(&mut self, random: &mut StdRng, firm: &str, at: Timestamp) -> LimitsChangeProposed {
        self.changes += 1;
        let scope = match random.random_range(0..3) {
            0 => LimitScope::Account(id(firm)),
            _ => LimitScope::Firm(id(firm)),
        };
        let minutes = random.random_range(-1..90);
        LimitsChangeProposed {
            change: change(self.changes),
            scope,
            limits: Box::new(all_limits(random.random_range(200..2_000))),
            reason: "drill".to_owned(),
            valid_until: random.random::<bool>().then(|| at.plus_ns(minutes * 60_000_000_000)),
            emergency: random.random_range(0..4) == 0,
            command: Some(command(self.changes)),
        }
    }
}

fn command(number: u64) -> CommandId {
    id(&format!("cmd_{number:032x}"))
}

fn locate(number: u64) -> LocateId {
    id(&format!("locate-{number}"))
}

fn change(number: u64) -> ChangeId {
    id(&format!("change-{number}"))
}
