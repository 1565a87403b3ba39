//! Two sessions back to back over a link that garbles, loses connections and is slow to serve the store: every
//! application message arrives exactly once and in order, whatever the seed.

use crate::desk::{START, config};
use assay_dictionaries::Dictionary;
use fix_session::{
    Close, Delivery, Handler, Inbound, Notice, Now, Numbers, Outbound, Queued, Reset, Role, Session,
    StoreRead, Verdict,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};

const MESSAGES: u64 = 40;

/// The journal and the wire of one side.
#[derive(Default)]
struct Journal {
    wire: Vec<Vec<u8>>,
    store: BTreeMap<u64, Vec<u8>>,
    read: Option<StoreRead>,
    queue: VecDeque<Vec<u8>>,
    queue_wanted: bool,
    applied: Vec<u64>,
    closed: bool,
}

impl Handler for Journal {
    fn application(&mut self, inbound: &Inbound<'_>) -> Verdict {
        let text = std::str::from_utf8(inbound.message.get(148).unwrap()).unwrap();
        self.applied.push(text.parse().unwrap());
        Verdict::Accepted
    }
    fn administrative(&mut self, _: &Inbound<'_>) {}
    fn outbound(&mut self, outbound: &Outbound<'_>) {
        assert_eq!(
            self.store.insert(outbound.seq, outbound.bytes.to_vec()),
            None,
            "a number given out twice"
        );
        assert_eq!(self.store.len() as u64, outbound.seq, "a number left out");
        if outbound.delivery == Delivery::Write {
            self.wire.push(outbound.bytes.to_vec());
        }
    }
    fn replayed(&mut self, bytes: &[u8]) {
        self.wire.push(bytes.to_vec());
    }
    fn read_store(&mut self, read: StoreRead) {
        self.read = Some(read);
    }
    fn queued(&mut self, queued: &Queued<'_>) {
        self.queue.push_back(queued.bytes.to_vec());
    }
    fn read_queue(&mut self) {
        self.queue_wanted = true;
    }
    fn reset(&mut self, _: Reset) {}
    fn notice(&mut self, _: Notice<'_>) {}
    fn close(&mut self, _: Close) {
        self.closed = true;
    }
}

struct Side {
    session: Session,
    journal: Journal,
    sent: u64,
}

impl Side {
    fn new(role: Role) -> Self {
        let mut config = config(role);
        if role == Role::Initiator {
            (config.sender_comp_id, config.target_comp_id) = (config.target_comp_id, config.sender_comp_id);
        }
        // A garbling link must not be taken for an attack or a loop.
        config.garbled_per_minute_max = u32::MAX;
        Self {
            session: Session::new(config, Numbers::FIRST, Dictionary::fix44()),
            journal: Journal::default(),
            sent: 0,
        }
    }

    fn send(&mut self, now: Now) {
        self.sent += 1;
        let text = self.sent.to_string();
        let body = |out: &mut fix_session::Encoder| {
            out.field(33, b"1").field(58, b"line").field(148, text.as_bytes());
        };
        self.session.send(now, b"B", body, &mut self.journal);
    }

    /// Serves at most `chunk` stored messages.
    fn serve(&mut self, now: Now, chunk: usize) {
        let Some(read) = self.journal.read else { return };
        let stored: Vec<_> = self
            .journal
            .store
            .range(read.begin..=read.end)
            .take(chunk)
            .map(|(&s, b)| (s, b.clone()))
            .collect();
        let mut wanted = true;
        let mut next = read.begin;
        for (seq, bytes) in stored {
            wanted = self.session.stored(now, read.id, seq, &bytes, &mut self.journal);
            next = seq + 1;
        }
        if !wanted {
            self.journal.read = None;
        } else if next > read.end {
            self.journal.read = None;
            self.session.stored_end(now, read.id, &mut self.journal);
        } else {
            self.journal.read = Some(StoreRead { begin: next, ..read });
        }
    }

    /// Hands in at most `chunk` queued messages.
    fn serve_queue(&mut self, now: Now, chunk: usize) {
        for _ in 0..chunk {
            let Some(oldest) = self.journal.queue.front().filter(|_| self.journal.queue_wanted).cloned()
            else {
                return;
            };
            let waiting = self.session.queued();
            self.journal.queue_wanted = self.session.unqueue(now, &oldest, &mut self.journal);
            if self.session.queued() < waiting {
                self.journal.queue.pop_front();
            }
        }
    }

    fn due(&mut self, now: Now) {
        if self.session.poll_deadline().is_some_and(|at| at <= now.mono_ns) {
            self.session.handle_timeout(now, &mut self.journal);
        }
    }
}

/// Carries what `from` wrote to `to`; one in `garble` frames is damaged.
fn carry(from: &mut Side, to: &mut Side, now: Now, garble: &mut impl FnMut() -> bool) {
    for mut bytes in std::mem::take(&mut from.journal.wire) {
        if garble() {
            let at = bytes.len() / 2;
            bytes[at] ^= 0x04;
        }
        to.session.handle_bytes(now, &bytes, &mut to.journal);
    }
}

fn reconnect(a: &mut Side, b: &mut Side, now: Now) {
    for side in [&mut *a, &mut *b] {
        side.journal.wire.clear();
        side.journal.read = None;
        side.journal.queue_wanted = false;
        side.journal.closed = false;
        side.session.handle_disconnected(now, &mut side.journal);
    }
    for side in [b, a] {
        side.session.connected(now, &mut side.journal);
    }
}

/// xorshift: the whole run follows from the seed.
fn dice(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move |sides| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % sides
    }
}

fn run(seed: u64) {
    let mut roll = dice(seed);
    let (mut a, mut b) = (Side::new(Role::Initiator), Side::new(Role::Acceptor));
    let mut now = START;
    reconnect(&mut a, &mut b, now);
    for step in 0..20_000u64 {
        let rough = step < 600;
        now = now.plus_ns(if rough { 200_000_000 } else { 1_000_000_000 });
        for side in [&mut a, &mut b] {
            if side.sent < MESSAGES && roll(4) == 0 {
                side.send(now);
            }
            let chunk = 1 + roll(3) as usize;
            side.serve(now, chunk);
            side.serve_queue(now, chunk);
            side.due(now);
        }
        let mut garble = || rough && roll(12) == 0;
        carry(&mut a, &mut b, now, &mut garble);
        carry(&mut b, &mut a, now, &mut garble);
        let lost = rough && roll(60) == 0;
        if lost || a.journal.closed || b.journal.closed {
            reconnect(&mut a, &mut b, now);
        }
        let all = |side: &Side| side.journal.applied.len() as u64 >= MESSAGES;
        if a.sent == MESSAGES && b.sent == MESSAGES && all(&a) && all(&b) {
            break;
        }
    }
    let wanted: Vec<u64> = (1..=MESSAGES).collect();
    assert_eq!(a.journal.applied, wanted, "initiator, seed {seed}");
    assert_eq!(b.journal.applied, wanted, "acceptor, seed {seed}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn v_05_s_04_over_a_garbling_link_every_message_arrives_once_and_in_order(seed in any::<u64>()) {
        println!("seed {seed}");
        run(seed);
    }
}
