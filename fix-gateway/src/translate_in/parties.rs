//! Parties and regulatory fields: presence and form are checked, nothing is rewritten (section 8).

use super::reading::{Reading, Stop, shown};
use crate::{Regime, SessionSpec};
use assay_trading_types::{AccountId, Refusal};

/// LocateReqd(114).
const LOCATE_REQD: u32 = 114;

/// Most entries of Parties(453).
const PARTIES_MAX: usize = 10;

/// PartyRole(452).
const ROLES: [u32; 10] = [1, 3, 4, 7, 11, 12, 13, 24, 36, 122];

/// PartyIDSource(447).
const SOURCES: [&[u8]; 6] = [b"B", b"C", b"D", b"G", b"N", b"P"];

/// Most attributes of NoOrderAttributes(2593): each kind once.
const ATTRIBUTES_MAX: usize = 6;

impl Reading<'_> {
    /// Fields that the regime of Account(1) requires. LocateReqd(114) is one of short sales only.
    pub(super) fn need_regime_fields(&self, session: &SessionSpec) -> Result<(), Stop> {
        let regime =
            self.value(1).and_then(|a| AccountId::from_bytes(a).ok()).and_then(|a| session.regime(&a));
        let Some(regime) = regime else { return Ok(()) };
        let is_short = self.value(54) == Some(b"5");
        let needs = |tag: u32| tag != LOCATE_REQD || is_short;
        match regime.fields.iter().find(|tag| needs(**tag) && !self.has(**tag)) {
            Some(tag) => Err(Stop::Missing(*tag)),
            None => Ok(()),
        }
    }

    /// Parties(453) have ids, known sources and roles, each role once, and the regime's roles are there.
    pub(super) fn parties(&mut self, regime: Option<&Regime>) {
        let mut roles = Vec::with_capacity(PARTIES_MAX);
        for party in self.message().groups(453) {
            let role = party.get(452).and_then(|text| std::str::from_utf8(text).ok()?.parse::<u32>().ok());
            let source = party.get(447).unwrap_or_default();
            let id = party.get(448).unwrap_or_default();
            let known = role.filter(|role| ROLES.contains(role) && !roles.contains(role));
            match known {
                Some(role) if !id.is_empty() && SOURCES.contains(&source) && roles.len() < PARTIES_MAX => {
                    roles.push(role);
                }
                _ => {
                    let role = shown(party.get(452).unwrap_or_default());
                    return self.note(Refusal::PartyInvalid, || {
                        format!("448={} 447={} 452={role}", shown(id), shown(source))
                    });
                }
            }
        }
        let missing = regime.and_then(|r| r.party_roles.iter().find(|role| !roles.contains(role)));
        if let Some(role) = missing {
            self.note(Refusal::PartyMissing, || format!("452={role} is required"));
        }
    }

    /// NoOrderAttributes(2593): each kind once.
    pub(super) fn attributes(&mut self) {
        let mut kinds = Vec::with_capacity(ATTRIBUTES_MAX);
        for attribute in self.message().groups(2593) {
            let kind = attribute.get(2594).unwrap_or_default();
            if kinds.contains(&kind) {
                return self.note(Refusal::PartyInvalid, || format!("2594={} twice", shown(kind)));
            }
            kinds.push(kind);
        }
    }
}
