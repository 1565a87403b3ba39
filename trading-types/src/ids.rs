//! Names of things, parsed once at the edge. All are short printable ASCII held in place: copying allocates nothing.

use crate::hex_text::{UPPER, hex, parse_hex};
use crate::text_visitor::from_text;
use arrayvec::ArrayString;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// No characters at all.
    #[error("empty id")]
    Empty,
    /// More characters than the id may have.
    #[error("id longer than {max} characters")]
    TooLong {
        /// Characters allowed.
        max: usize,
    },
    /// A blank or something outside printable ASCII.
    #[error("id has a character outside printable ASCII without space")]
    Character,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub struct $name(ArrayString<$max>);

        impl $name {
            /// Longest text, in characters.
            pub const MAX: usize = $max;

            /// Checks and keeps a text.
            ///
            /// # Errors
            /// Empty, too long, or a character that is not printable ASCII.
            pub fn new(text: &str) -> Result<Self, IdError> {
                Self::from_bytes(text.as_bytes())
            }

            /// As `new`, from bytes of a FIX field.
            ///
            /// # Errors
            /// As `new`.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, IdError> {
                if bytes.is_empty() {
                    return Err(IdError::Empty);
                }
                if bytes.len() > $max {
                    return Err(IdError::TooLong { max: $max });
                }
                if !bytes.iter().all(|b| (0x21..=0x7e).contains(b)) {
                    return Err(IdError::Character);
                }
                let text = std::str::from_utf8(bytes).map_err(|_| IdError::Character)?;
                ArrayString::from(text).map(Self).map_err(|_| IdError::TooLong { max: $max })
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                from_text(deserializer, "an id in a string", Self::new)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = IdError;
            fn try_from(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.as_str())
            }
        }
    };
}

text_id! {
    /// A trading firm: key of the `accounts` and `ledger` topics.
    FirmId, 24
}
text_id! {
    /// A trading account of a firm, Account(1).
    AccountId, 24
}
text_id! {
    /// An instrument, Symbol(55): key of the `markets` topic.
    Symbol, 24
}
text_id! {
    /// An asset that balances are kept in: a currency code or an instrument's symbol.
    Asset, 24
}
text_id! {
    /// What kind of instrument, SecurityType(167): `CS`.
    SecurityType, 8
}
text_id! {
    /// Where an instrument is listed, SecurityExchange(207): a market identifier code of ISO 10383, `XNYS`.
    Exchange, 4
}
text_id! {
    /// Where reference prices come from, as the configuration names it: `vendor`.
    PriceSource, 24
}
text_id! {
    /// A trading calendar: `XNYS`.
    CalendarId, 24
}
text_id! {
    /// An outside venue that orders are routed to: no longer than a firm's id.
    VenueId, 24
}
text_id! {
    /// A counterparty's id of a request, ClOrdID(11), 1 to 32 printable characters.
    ClOrdId, 32
}
text_id! {
    /// SenderCompID(49) or TargetCompID(56).
    CompId, 32
}
text_id! {
    /// A FIX session as the gateway names it: the counterparty's CompID, `/`, ours.
    SessionId, 65
}
text_id! {
    /// A change that one person proposes and another decides on.
    ChangeId, 32
}
text_id! {
    /// A locate: shares that somebody will lend for short sales.
    LocateId, 32
}
text_id! {
    /// Who caused a record: `session:CLIENT1/ASSAY`, `config`, `clock`, `operator:NAME`.
    Actor, 80
}
text_id! {
    /// A user of the back office: `usr_` and 32 hex digits, which sort by time.
    UserId, 40
}
text_id! {
    /// A login of a user: `lgn_` and 32 hex digits.
    LoginId, 40
}
text_id! {
    /// A key for machines: `key_` and 32 hex digits.
    ApiKeyId, 40
}
text_id! {
    /// A token that works once: `tok_` and 32 hex digits.
    TokenId, 40
}
text_id! {
    /// What waits for a second person: `prp_` and the digits of the command that asked.
    ProposalId, 40
}
text_id! {
    /// A mail: `mal_`, the digits of the command it follows from, a point and a number.
    MailId, 48
}
text_id! {
    /// An identity file: `kyc_` and 32 hex digits, which sort by time.
    KycFileId, 40
}
text_id! {
    /// A notice to a user: `ntc_`, the digits of what it follows from, a point and a number.
    NoticeId, 48
}
text_id! {
    /// A rule that alerts follow from: `alt_` and 32 hex digits.
    AlertRuleId, 40
}
text_id! {
    /// An alert: `alr_`, the digits of what it follows from, a point and a number.
    AlertId, 48
}
text_id! {
    /// A user's webhook: `whk_` and 32 hex digits.
    WebhookId, 40
}
text_id! {
    /// What a webhook is told: `dlv_`, the digits of what it follows from, a point and a number.
    DeliveryId, 48
}
text_id! {
    /// One making of a report: `rep_` and 32 hex digits, which sort by time.
    ReportRunId, 40
}
text_id! {
    /// A finding that somebody must answer for: `vio_`, the digits of what it follows from, a point and a number.
    ViolationId, 48
}
text_id! {
    /// Something that compliance looks into: `cas_` and 32 hex digits, which sort by time.
    CaseId, 40
}
text_id! {
    /// A destination for withdrawals, by the name that its firm gave it.
    BeneficiaryId, 32
}
text_id! {
    /// A statement of a bank: `bst_` and the digits of the command that brought it in.
    BankStatementId, 40
}
text_id! {
    /// A line of one: its statement's id, a point and its place there in four digits.
    BankLineId, 48
}
text_id! {
    /// A loan product.
    LoanProductId, 24
}
text_id! {
    /// An order that waits to be released: `stg_` and the digits of the command that staged it.
    StagedOrderId, 40
}
text_id! {
    /// A command of the back office: `cmd_` and 32 hex digits.
    CommandId, 40
}

impl CommandId {
    /// The command that a text names, which may be the id of something else.
    pub fn named(text: &str) -> Option<Self> {
        Self::new(text).ok().filter(|_| text.starts_with("cmd_"))
    }
}

impl SessionId {
    /// Stands where our CompID stands in the session of a counterparty: no gateway may be called so.
    pub const API: &'static str = "API";

    /// What a firm's orders over the API come in on: a session of its own, with ids and numbers of its own, that nobody
    /// logs on to.
    pub fn of_api(firm: &FirmId) -> Self {
        Self::new(&format!("{firm}/{}", Self::API)).expect("a firm's id is short enough")
    }

    /// Whether it is one of the API's.
    pub fn is_api(&self) -> bool {
        self.as_str().strip_suffix(Self::API).is_some_and(|text| text.ends_with('/'))
    }
}

/// An order's id, OrderID(37): where its request stands in `accounts`. Never reused, assigned by nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(u64);

/// A report's id, ExecID(17): where its outcome stands in `accounts`, so ids of an account sort in event order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExecId(u64);

/// A loan's id: where its application stands in `accounts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoanId(u64);

/// Bits of an id that hold the offset; the partition is above them.
const OFFSET_BITS: u32 = 48;

macro_rules! place_id {
    ($name:ident, $letter:literal) => {
        impl $name {
            /// The id of the record at `offset` of `partition` of `accounts`.
            pub fn new(partition: u16, offset: u64) -> Self {
                assert!(offset < 1 << OFFSET_BITS, "offset beyond 2^48");
                Self(u64::from(partition) << OFFSET_BITS | offset)
            }

            /// Offset in its partition of `accounts`.
            pub fn offset(&self) -> u64 {
                self.0 & ((1 << OFFSET_BITS) - 1)
            }

            /// Partition of `accounts`.
            pub fn partition(&self) -> u16 {
                (self.0 >> OFFSET_BITS) as u16
            }

            /// From [`as_u64`](Self::as_u64).
            pub fn from_u64(number: u64) -> Self {
                Self(number)
            }

            /// The whole id as one number, for hashing and sorting.
            pub fn as_u64(&self) -> u64 {
                self.0
            }

            fn text(&self) -> ArrayString<17> {
                let mut text = ArrayString::from($letter).unwrap_or_default();
                text.push_str(&hex::<16>(u128::from(self.0), UPPER));
                text
            }

            /// Reads the text form.
            pub fn parse(text: &str) -> Option<Self> {
                parse_hex(text.strip_prefix($letter)?, 16, UPPER).map(|number| Self(number as u64))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.text().as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.text().as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                const MISFIT: &str = concat!("not ", $letter, " and 16 upper-case hex digits");
                from_text(deserializer, "an id in a string", |text| Self::parse(text).ok_or(MISFIT))
            }
        }
    };
}
place_id!(OrderId, "O");
place_id!(ExecId, "E");
place_id!(LoanId, "L");

/// Identity of a request: session, epoch (grows at every sequence reset) and MsgSeqNum(34). Design section 3.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RequestId {
    /// The session it came in on.
    pub session: SessionId,
    /// The session's epoch.
    pub epoch: u32,
    /// MsgSeqNum(34).
    pub seq: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cl_ord_id_ladder() {
        assert_eq!(ClOrdId::new(""), Err(IdError::Empty));
        assert_eq!(ClOrdId::new(&"x".repeat(33)), Err(IdError::TooLong { max: 32 }));
        assert_eq!(ClOrdId::new("a b"), Err(IdError::Character));
        assert_eq!(ClOrdId::new("ä"), Err(IdError::Character));
        assert_eq!(ClOrdId::new(&"x".repeat(32)).unwrap().as_str().len(), 32);
    }

    #[test]
    fn sessions_of_the_api_are_told_from_those_of_counterparties() {
        let longest = FirmId::new(&"F".repeat(FirmId::MAX)).unwrap();
        assert!(SessionId::of_api(&longest).is_api());
        for other in ["CLIENT1/ASSAY", "API/ASSAY", "CLIENT1/XAPI", "API"] {
            assert!(!SessionId::new(other).unwrap().is_api(), "{other}");
        }
    }

    #[test]
    fn place_ids_sort_as_text_in_event_order() {
        let ids = [ExecId::new(0, 9), ExecId::new(0, 10), ExecId::new(0, 1 << 40), ExecId::new(1, 0)];
        let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
        assert!(texts.is_sorted());
        assert_eq!(ids.map(|id| ExecId::parse(&id.to_string())), ids.map(Some));
    }
}
