//! What a session may send: its kind's row of the rules' section 1, less what it is not entitled to.

use assay_trading_types::{AccountId, CompId};
use fix_session::Verdict;

/// What a session is for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SessionKind {
    /// Orders in, reports out.
    #[default]
    OrderEntry,
    /// Copies of others' reports.
    DropCopy(DropCopy),
    /// Prices and books of all markets (section 7.3).
    MarketData(MarketDataRules),
}

/// What a market data session may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarketDataRules {
    /// Symbols it may be subscribed to, each as often as it asks for it.
    pub symbols_max: u32,
    /// Resend W and X when they are asked for again; else they are gap filled, since they are of the past.
    pub resend: bool,
    /// Single orders too, by AggregatedBook(266)=N, of the instruments that tell of them.
    pub single_orders: bool,
}

impl Default for MarketDataRules {
    fn default() -> Self {
        Self { symbols_max: 1_000, resend: false, single_orders: false }
    }
}

/// What a drop copy session receives: every report of its firm that agrees with all of this.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DropCopy {
    /// Accounts; none named: all of the firm's.
    pub accounts: Vec<AccountId>,
    /// Counterparties' CompIDs of the sessions it copies; none named: all of the firm's.
    pub sessions: Vec<CompId>,
    /// Status answers (150=I) too.
    pub status_answers: bool,
    /// Refusals of used ClOrdIDs too.
    pub duplicates: bool,
}

/// What orders of some accounts must state; the rules leave it to each account's regulator.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Regime {
    /// Its accounts.
    pub accounts: Vec<AccountId>,
    /// Tags of fields that must be there, such as OrderCapacity(528): BMR(5) without.
    pub fields: Vec<u32>,
    /// PartyRole(452) of parties that must be there: `PARTY_MISSING` without.
    pub party_roles: Vec<u32>,
}

/// One thing that a session may or may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Entitlement {
    /// D and G. F is never taken from anybody: what is open can always be cancelled.
    Trade = 1,
    /// q.
    MassCancel = 2,
    /// H and AF.
    Status = 4,
    /// AF with RecoverFromExecID(9705).
    FillRecovery = 8,
    /// x and c.
    ReferenceData = 16,
    /// AN.
    Positions = 32,
    /// q and AF reach the orders of the whole firm, not of this session alone.
    FirmScope = 64,
    /// V.
    MarketData = 128,
}

/// A set of [`Entitlement`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entitlements(u8);

impl Default for Entitlements {
    /// All but the firm's scope.
    fn default() -> Self {
        Self(!(Entitlement::FirmScope as u8))
    }
}

impl FromIterator<Entitlement> for Entitlements {
    fn from_iter<T: IntoIterator<Item = Entitlement>>(iter: T) -> Self {
        Self(iter.into_iter().fold(0, |set, one| set | one as u8))
    }
}

impl Entitlements {
    /// Whether `one` is among them.
    pub const fn has(self, one: Entitlement) -> bool {
        self.0 & one as u8 != 0
    }
}

/// Whether a session of this kind takes the message; BMR(3) and BMR(6) say why not.
pub(crate) fn admit(kind: &SessionKind, entitled: Entitlements, msg_type: &[u8]) -> Result<(), Verdict> {
    let needed = match (kind, msg_type) {
        (_, b"B" | b"j") | (SessionKind::OrderEntry, b"F") => return Ok(()),
        (SessionKind::OrderEntry, b"D" | b"G") => Entitlement::Trade,
        (SessionKind::OrderEntry, b"q") => Entitlement::MassCancel,
        (SessionKind::OrderEntry | SessionKind::DropCopy(_), b"H") | (SessionKind::OrderEntry, b"AF") => {
            Entitlement::Status
        }
        (SessionKind::DropCopy(_), b"AF") => Entitlement::FillRecovery,
        (SessionKind::OrderEntry | SessionKind::MarketData(_), b"x" | b"c") => Entitlement::ReferenceData,
        (SessionKind::OrderEntry, b"AN") => Entitlement::Positions,
        (SessionKind::MarketData(_), b"V") => Entitlement::MarketData,
        _ => return Err(Verdict::Unsupported),
    };
    if entitled.has(needed) { Ok(()) } else { Err(not_entitled(msg_type)) }
}

/// BMR(6).
pub(crate) fn not_entitled(msg_type: &[u8]) -> Verdict {
    const NOT_AUTHORISED: u32 = 6;
    let text = format!("NOT_ENTITLED: this session may not send {}", msg_type.escape_ascii());
    Verdict::Refused { reason: NOT_AUTHORISED, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DICTIONARY: [&[u8]; 17] = [
        b"D", b"F", b"G", b"H", b"q", b"AF", b"x", b"c", b"AN", b"B", b"j", b"V", b"8", b"9", b"E", b"R",
        b"AE",
    ];

    fn answers(kind: &SessionKind, entitled: Entitlements) -> String {
        let answer = |msg_type: &&[u8]| match admit(kind, entitled, msg_type) {
            Ok(()) => "ok".to_owned(),
            Err(Verdict::Unsupported) => "3".to_owned(),
            Err(Verdict::Refused { reason, text }) => {
                assert!(text.starts_with("NOT_ENTITLED: "), "{text}");
                reason.to_string()
            }
            Err(other) => panic!("{other:?}"),
        };
        let line = |m: &&[u8]| format!("{}={}", m.escape_ascii(), answer(m));
        DICTIONARY.iter().map(line).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_01_a_message_outside_the_row_of_its_session_is_bmr_3() {
        assert_eq!(
            answers(&SessionKind::OrderEntry, Entitlements::default()),
            "D=ok F=ok G=ok H=ok q=ok AF=ok x=ok c=ok AN=ok B=ok j=ok V=3 8=3 9=3 E=3 R=3 AE=3"
        );
        assert_eq!(
            answers(&SessionKind::DropCopy(DropCopy::default()), Entitlements::default()),
            "D=3 F=3 G=3 H=ok q=3 AF=ok x=3 c=3 AN=3 B=ok j=ok V=3 8=3 9=3 E=3 R=3 AE=3"
        );
    }

    #[test]
    fn a_01_a_message_that_entitlements_exclude_is_bmr_6_and_a_cancel_never_is() {
        let nothing: Entitlements = [].into_iter().collect();
        assert_eq!(
            answers(&SessionKind::OrderEntry, nothing),
            "D=6 F=ok G=6 H=6 q=6 AF=6 x=6 c=6 AN=6 B=ok j=ok V=3 8=3 9=3 E=3 R=3 AE=3"
        );
        let reads: Entitlements = [Entitlement::Status, Entitlement::Positions].into_iter().collect();
        assert_eq!(
            answers(&SessionKind::OrderEntry, reads),
            "D=6 F=ok G=6 H=ok q=6 AF=ok x=6 c=6 AN=ok B=ok j=ok V=3 8=3 9=3 E=3 R=3 AE=3"
        );
    }
}
