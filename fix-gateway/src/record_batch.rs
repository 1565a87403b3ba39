//! The records of one atomic append, collected while the engine runs.

use crate::SessionSpec;
use assay_event_log::{NewRecord, Value};
use assay_trading_types::{
    Actor, CompId, Event, FirmId, Origin, RequestId, SessionId, Timestamp, Topic, TraceId, WireHeader,
    encode_into, partition_of,
};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

/// Memory taken at once for the values of records; values are slices of it, so a message costs no allocation.
const ARENA_BYTES: usize = 256 << 10;

/// What a session is called in records, made once.
#[derive(Debug, Clone)]
pub struct SessionNames {
    /// Its id.
    pub session: SessionId,
    pub(crate) key: Bytes,
    pub(crate) partition: u16,
    firm_key: Bytes,
    firm_partition: u16,
    actor: Actor,
}

impl SessionNames {
    /// The names of `spec` at a gateway called `ours`.
    pub(crate) fn new(spec: &SessionSpec, ours: CompId, partitions: u16) -> Self {
        Self::of(spec.session_id(ours), spec.firm, partitions)
    }

    /// The names of a session of `firm`, configured or not.
    pub(crate) fn of(session: SessionId, firm: FirmId, partitions: u16) -> Self {
        let actor = Actor::new(&format!("session:{session}")).expect("a SessionId fits an Actor");
        Self {
            session,
            key: Bytes::copy_from_slice(session.as_str().as_bytes()),
            partition: partition_of(session.as_str(), partitions),
            firm_key: Bytes::copy_from_slice(firm.as_str().as_bytes()),
            firm_partition: partition_of(firm.as_str(), partitions),
            actor,
        }
    }
}

/// What stands beside the bytes of a FIX message in its record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WireContext {
    pub(crate) at: Timestamp,
    pub(crate) origin: Option<Origin>,
    pub(crate) trace: TraceId,
}

/// Records that are appended together or not at all.
#[derive(Debug)]
pub struct RecordBatch {
    pub(crate) records: Vec<NewRecord>,
    arena: BytesMut,
    json: Vec<u8>,
    bytes: usize,
}

impl RecordBatch {
    pub(crate) fn new() -> Self {
        Self { records: Vec::new(), arena: BytesMut::with_capacity(ARENA_BYTES), json: Vec::new(), bytes: 0 }
    }

    /// Bytes of values since the last call.
    pub(crate) fn take_bytes(&mut self) -> usize {
        std::mem::take(&mut self.bytes)
    }

    /// A FIX message as it went over the wire.
    pub(crate) fn wire(
        &mut self,
        names: &SessionNames,
        wire: WireHeader,
        frame: &[u8],
        context: WireContext,
    ) {
        let value = Value::Fix(self.keep(frame));
        let WireContext { at, origin, trace } = context;
        self.records.push(NewRecord {
            topic: Topic::Fix,
            partition: names.partition,
            key: names.key.clone(),
            at,
            origin,
            trace,
            actor: names.actor,
            wire: Some(wire),
            value,
        });
    }

    /// An event of `fix`: a session's numbers were reset.
    pub(crate) fn session_event(
        &mut self,
        names: &SessionNames,
        event: Event,
        at: Timestamp,
        origin: Option<Origin>,
    ) {
        let record = self.event(names, event, at, origin, TraceId::default());
        self.records.push(NewRecord {
            topic: Topic::Fix,
            partition: names.partition,
            key: names.key.clone(),
            ..record
        });
    }

    /// An event of `accounts` that is no request: something about a session that its firm's partition has to know.
    pub(crate) fn account_event(&mut self, names: &SessionNames, event: Event, at: Timestamp) {
        let record = self.event(names, event, at, None, TraceId::default());
        self.records.push(record);
    }

    /// A request made of the message `request`.
    pub(crate) fn request(&mut self, names: &SessionNames, event: Event, request: RequestId, at: Timestamp) {
        let record = self.event(names, event, at, Some(Origin::Request(request)), trace_of(&request));
        self.records.push(record);
    }

    fn event(
        &mut self,
        names: &SessionNames,
        event: Event,
        at: Timestamp,
        origin: Option<Origin>,
        trace: TraceId,
    ) -> NewRecord {
        let mut json = std::mem::take(&mut self.json);
        json.clear();
        encode_into(&event, &mut json);
        let value = Value::Event { event: Arc::new(event), json: self.keep(&json) };
        self.json = json;
        NewRecord {
            topic: Topic::Accounts,
            partition: names.firm_partition,
            key: names.firm_key.clone(),
            at,
            origin,
            trace,
            actor: names.actor,
            wire: None,
            value,
        }
    }

    fn keep(&mut self, bytes: &[u8]) -> Bytes {
        self.bytes += bytes.len();
        if self.arena.capacity() < bytes.len() {
            self.arena = BytesMut::with_capacity(ARENA_BYTES.max(bytes.len()));
        }
        self.arena.extend_from_slice(bytes);
        self.arena.split().freeze()
    }
}

/// The trace of a request: FNV-1a of its identity, so that a message that is read again keeps its trace.
pub(crate) fn trace_of(request: &RequestId) -> TraceId {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let numbers = request.epoch.to_be_bytes().into_iter().chain(request.seq.to_be_bytes());
    let hash = request
        .session
        .as_str()
        .bytes()
        .chain(numbers)
        .fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |h, b| (h ^ u128::from(b)).wrapping_mul(PRIME));
    TraceId(hash.to_be_bytes())
}
