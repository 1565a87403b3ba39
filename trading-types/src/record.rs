//! What every record carries besides its value: topic, place, time, origin, trace.

use crate::RequestId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A topic of the event log. Numbers are stable: they stand in frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Topic {
    /// Wire journal: every FIX message in and out, verbatim. Key: session.
    Fix = 0,
    /// Requests, refusals, execution reports, funds, limits. Key: firm.
    Accounts = 1,
    /// Accepted orders, cancels, replaces, trading-state changes. Key: symbol.
    Markets = 2,
    /// Postings. Key: firm.
    Ledger = 3,
    /// Trades, top of book, depth changes. Key: symbol.
    MarketData = 4,
    /// Users, sessions, instruments, configuration. Key: entity.
    Admin = 5,
    /// Seals and checkpoints. Key: topic-partition.
    Seals = 6,
}

impl Topic {
    /// Every topic, by number.
    pub const ALL: [Self; 7] =
        [Self::Fix, Self::Accounts, Self::Markets, Self::Ledger, Self::MarketData, Self::Admin, Self::Seals];

    /// Its name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Fix => "fix",
            Self::Accounts => "accounts",
            Self::Markets => "markets",
            Self::Ledger => "ledger",
            Self::MarketData => "market-data",
            Self::Admin => "admin",
            Self::Seals => "seals",
        }
    }

    /// From its number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// From its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.name() == name)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Place of a record among all records of a node's log: 0, 1, 2 ... without holes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Position(pub u64);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Who produces records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Role {
    /// FIX gateway.
    Gateway = 0,
    /// Risk service.
    Risk = 1,
    /// Execution.
    Execution = 2,
    /// Audit.
    Audit = 3,
    /// Admin, configuration and clock.
    Admin = 4,
}

impl Role {
    /// Every role, by number.
    pub const ALL: [Self; 5] = [Self::Gateway, Self::Risk, Self::Execution, Self::Audit, Self::Admin];
}

/// What a record follows from. Consumers keep the last one seen per producer and drop what is not newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The `index`-th output of `role` for the input record at `offset` of `topic`/`partition`.
    Input {
        /// Producer.
        role: Role,
        /// Input topic.
        topic: Topic,
        /// Input partition.
        partition: u16,
        /// Input offset.
        offset: u64,
        /// Which output of that input, from 0.
        index: u16,
    },
    /// A request of a counterparty (design section 3.3).
    Request(RequestId),
}

/// W3C trace id, 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TraceId(pub [u8; 16]);

impl TraceId {
    /// Of 32 hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let digit = |at: usize| char::from(bytes[at]).to_digit(16);
        let mut id = [0; 16];
        if bytes.len() != 32 {
            return None;
        }
        for (at, byte) in id.iter_mut().enumerate() {
            *byte = u8::try_from(digit(2 * at)? << 4 | digit(2 * at + 1)?).ok()?;
        }
        Some(Self(id))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Direction of a FIX message, as the gateway sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Direction {
    /// From the counterparty, consumed: it moved the expected number.
    In = 0,
    /// To the counterparty.
    Out = 1,
    /// From the counterparty, judged but not consumed (refused, duplicate, logon before a reset).
    InUnconsumed = 2,
    /// To the counterparty, kept without a number until its next logon.
    Queued = 3,
}

/// What a record of the `fix` topic carries besides the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WireHeader {
    /// In or out.
    pub direction: Direction,
    /// The session's epoch.
    pub epoch: u32,
    /// MsgSeqNum(34); 0 of a message that is queued without one.
    pub seq: u64,
    /// In: E after this message. Out: N after it. What recovery takes the numbers from.
    pub next_seq: u64,
}
