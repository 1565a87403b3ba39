//! What a gateway is told before it starts. The binary fills it from `[gateway]` and `[[session]]`.

use crate::tls::{ClientCertificates, TlsSpec};
use crate::{
    AddressRange, BackOffLimits, CancelOnDisconnect, Entitlements, Error, Key, Proof, Regime, SessionKind,
    SessionRules, SpecReader, StrangerLimits, ThrottleLimits, WallClock,
};
use assay_dictionaries::Dictionary;
use assay_trading_types::{AccountId, CompId, FirmId, SessionId};
use fix_session::{Profile, Role, Schedule, SessionConfig};
use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::PathBuf;

/// Largest BodyLength(9) of a session's messages (V-04). The log takes records of 2 MiB, so every message that is read can
/// also be written.
pub const FRAME_BYTES_MAX: usize = fix_session::BODY_BYTES_MAX;

/// Longest message that becomes a request, in bytes. The request is a record of JSON in which a byte may take six, and what
/// is answered repeats some of it.
pub(crate) const REQUEST_BYTES_MAX: usize = 128 << 10;

/// Records appended between two snapshots of the gateway's own state: what a restart reads again at most.
pub const SNAPSHOT_RECORDS: u64 = 500_000;

/// More requests without an answer than any pipeline needs to stay busy between two syncs of a slow disk.
const IN_FLIGHT_SESSION_MAX: u64 = 16_384;

/// What a peer that reads at all does not leave standing, and for how long (C-10).
const SLOW_BYTES: usize = 8 << 20;
const SLOW_NS: u64 = 10_000_000_000;

/// Answers take milliseconds; a disk that stands for a second is not waited for.
const DRAIN_NS: u64 = 1_000_000_000;

/// As often as the market tells of the levels of a book.
const MARKET_DATA_INTERVAL_MS: u64 = 10;

/// Ten seconds of back-pressure before it is told.
const OVERLOAD_NS: u64 = 10_000_000_000;

/// The gateway's settings.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// Where to listen, and how.
    pub listen: Vec<Listener>,
    /// Our CompID: TargetCompID(56) of every counterparty.
    pub comp_id: CompId,
    /// Who may log on, unless the log says otherwise.
    pub sessions: Vec<SessionSpec>,
    /// Reads sessions that the log defines; without it there are none.
    pub spec_reader: Option<SpecReader>,
    /// Accept sessions that prove nothing, by certificate or credentials, on an address that is not loopback.
    pub insecure_listen: bool,
    /// How often certificates, keys, CAs and revocations are looked at for changes, in milliseconds; 0: only on request.
    pub tls_reload_ms: u64,
    /// What connections may cost before their Logon.
    pub strangers: StrangerLimits,
    /// What failed logons cost.
    pub back_off: BackOffLimits,
    /// Where snapshots of the gateway's own state are kept; without one a start reads the whole log.
    pub snapshot_dir: Option<PathBuf>,
    /// Records appended between two snapshots.
    pub snapshot_records: u64,
    /// How long before a stop sessions are told of it, by News(B) every ten seconds; 0: not at all.
    pub countdown_s: u32,
    /// How long a stop waits for answers to what was read before it logs sessions out, in nanoseconds.
    pub drain_ns: u64,
    /// What messages may hold.
    pub dictionary: &'static Dictionary,
    /// Requests of one session without an answer, beyond which its socket is not read.
    pub in_flight_session_max: u64,
    /// A socket that was not read for so long, in nanoseconds, is read again and what it brings is refused: the
    /// counterparty learns what is the matter, and its heartbeats are heard.
    pub overload_ns: u64,
    /// Unsent bytes that a peer may leave standing for `slow_ns` before it is cut off (C-10).
    pub slow_bytes: usize,
    /// How long, in nanoseconds.
    pub slow_ns: u64,
    /// Shortest time between two looks at what is new in the markets, in milliseconds: what happens in between is told as one
    /// difference.
    pub market_data_interval_ms: u64,
    /// What SendingTime(52) and records are stamped with.
    pub wall_clock: WallClock,
    /// Partitions of a topic; 1 for the embedded log.
    pub partitions: u16,
}

impl GatewayConfig {
    /// A gateway on one address with every default and no session yet.
    pub fn new(listen: SocketAddr, comp_id: CompId) -> Self {
        Self {
            listen: vec![listen.into()],
            comp_id,
            sessions: Vec::new(),
            spec_reader: None,
            insecure_listen: false,
            tls_reload_ms: TLS_RELOAD_MS,
            strangers: StrangerLimits::default(),
            back_off: BackOffLimits::default(),
            snapshot_dir: None,
            snapshot_records: SNAPSHOT_RECORDS,
            countdown_s: 0,
            drain_ns: DRAIN_NS,
            dictionary: Dictionary::assay(),
            in_flight_session_max: IN_FLIGHT_SESSION_MAX,
            overload_ns: OVERLOAD_NS,
            slow_bytes: SLOW_BYTES,
            slow_ns: SLOW_NS,
            market_data_interval_ms: MARKET_DATA_INTERVAL_MS,
            wall_clock: WallClock::default(),
            partitions: 1,
        }
    }

    /// Refuses what cannot work or is not safe.
    ///
    /// # Errors
    /// A listener off loopback on which a session could log on that proves nothing, a session that no listener can
    /// serve, two sessions of one CompID, a session of our own CompID.
    pub fn check(&self) -> Result<(), Error> {
        if let Some(exposed) = self.listen.iter().find(|listener| self.exposes(listener)) {
            return Err(Error::Exposed(exposed.address));
        }
        let in_clear = self.listen.iter().all(|listener| listener.tls.is_none());
        if let Some(spec) = self.sessions.iter().find(|s| in_clear && s.has_passwords()) {
            return Err(Error::PasswordInClear(spec.comp_id));
        }
        for (i, spec) in self.sessions.iter().enumerate() {
            let double = self.sessions[..i].iter().any(|s| s.comp_id == spec.comp_id);
            if double || spec.comp_id == self.comp_id {
                return Err(Error::CompIdTaken(spec.comp_id));
            }
        }
        Ok(())
    }

    fn exposes(&self, listener: &Listener) -> bool {
        let proven = !self.sessions.is_empty() && self.sessions.iter().all(|s| !s.keys.is_empty());
        !self.trusts(listener.address) && !listener.binds() && !proven
    }

    /// Whether sessions that prove nothing are accepted where `address` is listened on.
    pub(crate) fn trusts(&self, address: SocketAddr) -> bool {
        address.ip().is_loopback() || self.insecure_listen
    }
}

/// How often files of TLS are looked at unless configured otherwise, in milliseconds.
const TLS_RELOAD_MS: u64 = 1_000;

/// An address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The address; port 0 takes a free one.
    pub address: SocketAddr,
    /// TLS; without it everything is in clear.
    pub tls: Option<TlsSpec>,
}

impl Listener {
    /// Whether every connection has shown a certificate.
    fn binds(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.client_certificates == ClientCertificates::Required)
    }
}

/// A listener in clear.
impl From<SocketAddr> for Listener {
    fn from(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }
}

/// Pending states that a session is told of, and what may wait behind them (section 6 of the rules of engagement).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PendingRules {
    /// Every accepted D yields 150=A before 150=0.
    pub new_orders: bool,
    /// Every accepted F and G yields 150=6 or E before its answer, and 39 is pending meanwhile.
    pub amendments: bool,
    /// A G may follow one that is pending.
    pub chain: bool,
}

/// One counterparty's session.
#[derive(Debug, Clone)]
pub struct SessionSpec {
    /// The counterparty's SenderCompID(49).
    pub comp_id: CompId,
    /// The firm it trades for.
    pub firm: FirmId,
    /// Accounts it may name in Account(1).
    pub accounts: Vec<AccountId>,
    /// What it is for.
    pub kind: SessionKind,
    /// What it may do.
    pub entitlements: Entitlements,
    /// What accounts under a regulatory regime must state.
    pub regimes: Vec<Regime>,
    /// Oldest order taken when it is sent again with PossDupFlag(43), in seconds; without it any.
    pub order_age_max_s: Option<u32>,
    /// HeartBtInt(108) we would choose; an acceptor takes the counterparty's.
    pub heartbeat_s: u32,
    /// Start at 1 with every logon.
    pub reset_on_logon: bool,
    /// Strict, or as engines of the QuickFIX family do.
    pub profile: Profile,
    /// Third parties it may name in OnBehalfOfCompID(115) and DeliverToCompID(128); without a list any (V-29).
    pub third_parties: Option<Vec<String>>,
    /// Answers swap its sub ids and locations, 50/57 and 142/143 (V-30).
    pub swap_sub_ids: bool,
    /// When it is open, and when its numbers begin again; always open without one.
    pub schedule: Option<Schedule>,
    /// We too tell at logon what we expect next, by NextExpectedMsgSeqNum(789).
    pub next_expected: bool,
    /// Every message tells by LastMsgSeqNumProcessed(369) what was received.
    pub last_processed: bool,
    /// Most messages asked for by one ResendRequest(2); without it all that are missing.
    pub resend_chunk: Option<NonZeroU64>,
    /// Keys of which a Logon must prove one; none: it need not.
    pub keys: Vec<Key>,
    /// Where the counterparty may come from; empty: anywhere (L-06).
    pub addresses: Vec<AddressRange>,
    /// Names of which its certificate must have one, where it shows a certificate; empty: its CompID (C-06).
    pub certificate_names: Vec<String>,
    /// Say Logout("Authentication failed") instead of nothing when a proof fails (L-08).
    pub logout_on_auth_failure: bool,
    /// How much it may send; none: as much as it can.
    pub throttle: Option<ThrottleLimits>,
    /// What its end costs its open orders.
    pub cancel_on_disconnect: CancelOnDisconnect,
    /// Pending states it is told of.
    pub pending: PendingRules,
    /// What the session rules leave to each session.
    pub rules: SessionRules,
    /// What it was made of: an object with the keys of `[[session]]`, or nothing when it was made by hand.
    pub settings: serde_json::Value,
}

impl SessionSpec {
    /// A session with every default and one account named like the firm.
    pub fn new(comp_id: CompId, firm: FirmId) -> Self {
        let accounts = AccountId::new(firm.as_str()).into_iter().collect();
        Self {
            comp_id,
            firm,
            accounts,
            kind: SessionKind::default(),
            entitlements: Entitlements::default(),
            regimes: Vec::new(),
            order_age_max_s: None,
            heartbeat_s: 30,
            reset_on_logon: false,
            profile: Profile::Strict,
            third_parties: None,
            swap_sub_ids: false,
            schedule: None,
            next_expected: false,
            last_processed: false,
            resend_chunk: None,
            keys: Vec::new(),
            addresses: Vec::new(),
            certificate_names: Vec::new(),
            logout_on_auth_failure: false,
            throttle: None,
            cancel_on_disconnect: CancelOnDisconnect::default(),
            pending: PendingRules::default(),
            rules: SessionRules::default(),
            settings: serde_json::Value::Null,
        }
    }

    /// Its name in records: the counterparty's CompID, `/`, ours.
    pub fn session_id(&self, ours: CompId) -> SessionId {
        let text = format!("{}/{}", self.comp_id, ours);
        SessionId::new(&text).expect("two CompIDs of 32 and a stroke fit a SessionId")
    }

    /// The regime of one of its accounts.
    pub(crate) fn regime(&self, account: &AccountId) -> Option<&Regime> {
        self.regimes.iter().find(|regime| regime.accounts.contains(account))
    }

    /// Whether a certificate with these names is this counterparty's (C-06).
    pub(crate) fn is_bound_to(&self, names: &[String]) -> bool {
        match &self.certificate_names[..] {
            [] => names.iter().any(|name| name == self.comp_id.as_str()),
            bound => bound.iter().any(|name| names.contains(name)),
        }
    }

    fn has_passwords(&self) -> bool {
        self.keys.iter().any(|key| matches!(key.proof, Proof::Password(_)))
    }

    pub(crate) fn engine_config(&self, ours: CompId) -> SessionConfig {
        let mut config = SessionConfig {
            heartbeat_s: self.heartbeat_s,
            reset_on_logon: self.reset_on_logon,
            third_parties: self.third_parties.clone(),
            swap_sub_ids: self.swap_sub_ids,
            schedule: self.schedule.clone(),
            next_expected: self.next_expected,
            last_processed: self.last_processed,
            resend_chunk: self.resend_chunk.map(NonZeroU64::get),
            body_bytes_max: FRAME_BYTES_MAX,
            logout_on_auth_failure: self.logout_on_auth_failure,
            resend_market_data: !matches!(&self.kind, SessionKind::MarketData(rules) if !rules.resend),
            ..SessionConfig::new(Role::Acceptor, ours.as_str(), self.comp_id.as_str())
        }
        .with_profile(self.profile);
        self.rules.apply(&mut config);
        config
    }
}
