//! What a peer saw, kept for waiting and for judging.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// How long a test waits for what must come; far beyond anything seen, so that only a fault ends it.
pub const WAIT_MAX: Duration = Duration::from_secs(60);

/// An ExecutionReport(8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The session it came on, by our CompID.
    pub session: String,
    /// MsgSeqNum(34).
    pub seq: u64,
    /// PossDupFlag(43)=Y.
    pub poss_dup: bool,
    /// ExecID(17).
    pub exec_id: String,
    /// OrderID(37).
    pub order_id: String,
    /// ClOrdID(11).
    pub cl_ord_id: String,
    /// ExecType(150).
    pub exec_type: String,
    /// LastQty(32), zero where there is none.
    pub last_qty: u64,
    /// CumQty(14).
    pub cum_qty: u64,
    /// LeavesQty(151).
    pub leaves_qty: u64,
}

impl Report {
    /// Reads a message with `|` for SOH; nothing when it is no report.
    fn read(message: &str, session: &str) -> Option<Self> {
        let field = |tag| field(message, tag);
        (field(35)? == "8").then_some(())?;
        let qty = |tag| field(tag).and_then(|text| text.parse().ok());
        let text = |tag| field(tag).map(str::to_owned);
        Some(Self {
            session: session.to_owned(),
            seq: field(34)?.parse().ok()?,
            poss_dup: field(43) == Some("Y"),
            exec_id: text(17)?,
            order_id: text(37)?,
            cl_ord_id: text(11)?,
            exec_type: text(150)?,
            last_qty: qty(32).unwrap_or(0),
            cum_qty: qty(14)?,
            leaves_qty: qty(151)?,
        })
    }

    /// The same report, whichever way it was transmitted.
    fn content(&self) -> Self {
        Self { poss_dup: false, ..self.clone() }
    }
}

/// Value of a field of a message with `|` for SOH.
pub fn field(message: &str, tag: u32) -> Option<&str> {
    let prefix = format!("|{tag}=");
    let start = message.find(&prefix)? + prefix.len();
    message[start..].split('|').next()
}

/// Everything seen so far.
#[derive(Debug, Default)]
struct Seen {
    logged_on: BTreeSet<String>,
    reports: Vec<Report>,
    others: Vec<String>,
    resend_requests_in: usize,
    resend_requests_out: usize,
    gap_fills_out: usize,
}

/// Records what the engine reports and logs; its threads call while a test waits.
#[derive(Debug, Default)]
pub struct Tape {
    seen: Mutex<Seen>,
    changed: Condvar,
}

impl Tape {
    /// Waits until every one of `sessions` is logged on.
    pub fn wait_logged_on(&self, sessions: &[&str]) {
        self.wait("all sessions logged on", |seen| sessions.iter().all(|s| seen.logged_on.contains(*s)));
    }

    /// Waits until the last report of each of `cl_ord_ids` leaves nothing open.
    pub fn wait_filled(&self, cl_ord_ids: &[String]) {
        self.wait("all orders filled", |seen| {
            let filled: BTreeSet<&str> =
                seen.reports.iter().filter(|r| r.leaves_qty == 0).map(|r| r.cl_ord_id.as_str()).collect();
            cl_ord_ids.iter().all(|id| filled.contains(id.as_str()))
        });
    }

    /// Waits until `count` of `cl_ord_ids` have had a report.
    pub fn wait_acknowledged(&self, cl_ord_ids: &[String], count: usize) {
        self.wait("orders acknowledged", |seen| {
            let known: BTreeSet<&str> = seen.reports.iter().map(|r| r.cl_ord_id.as_str()).collect();
            cl_ord_ids.iter().filter(|id| known.contains(id.as_str())).count() >= count
        });
    }

    /// Waits until reports with the numbers `seqs` of `session` came a second time.
    pub fn wait_repeated(&self, session: &str, seqs: &[u64]) {
        self.wait("reports came again", |seen| {
            let times = |seq| seen.reports.iter().filter(|r| r.session == session && r.seq == seq).count();
            seqs.iter().all(|seq| times(*seq) >= 2)
        });
    }

    /// Waits until a ResendRequest(2) of the server came.
    pub fn wait_resend_requested_by_server(&self) {
        self.wait("server asked for a resend", |seen| seen.resend_requests_in > 0);
    }

    /// ResendRequest(2) messages received and sent, and gap fills (4 with 123=Y) sent.
    pub fn session_messages(&self) -> (usize, usize, usize) {
        let seen = self.lock();
        (seen.resend_requests_in, seen.resend_requests_out, seen.gap_fills_out)
    }

    /// Every report in the order it came.
    pub fn reports(&self) -> Vec<Report> {
        self.lock().reports.clone()
    }

    /// Application messages that were no ExecutionReport(8).
    pub fn others(&self) -> Vec<String> {
        self.lock().others.clone()
    }

    /// Judges the whole tape and returns each report once, by ExecID: an ExecID has one place in one session and
    /// one content for ever, and comes again only as a resend of that place.
    ///
    /// # Panics
    /// A report was doubled or changed.
    pub fn reports_once(&self) -> BTreeMap<String, Report> {
        let mut once: BTreeMap<String, Report> = BTreeMap::new();
        for report in self.reports() {
            match once.get(&report.exec_id) {
                Some(first) => {
                    assert_eq!(first.content(), report.content(), "an ExecID came with another content");
                    assert!(report.poss_dup, "a report came twice without PossDupFlag: {report:?}");
                }
                None => {
                    once.insert(report.exec_id.clone(), report);
                }
            }
        }
        once
    }

    /// `session` is logged on.
    pub fn logged_on(&self, session: &str) {
        self.change(|seen| seen.logged_on.extend([session.to_owned()]));
    }

    /// `session` is logged on no longer.
    pub fn logged_out(&self, session: &str) {
        self.change(|seen| seen.logged_on.retain(|name| name != session));
    }

    /// An application message reached `session`'s application; `|` for SOH.
    pub fn application_message(&self, session: &str, message: &str) {
        self.change(|seen| match Report::read(message, session) {
            Some(report) => seen.reports.push(report),
            None => seen.others.push(message.to_owned()),
        });
    }

    /// A message arrived; `|` for SOH.
    pub fn incoming(&self, message: &str) {
        self.change(|seen| seen.resend_requests_in += usize::from(message.contains("|35=2|")));
    }

    /// A message went out; `|` for SOH.
    pub fn outgoing(&self, message: &str) {
        let gap_fill = message.contains("|35=4|") && message.contains("|123=Y|");
        self.change(|seen| {
            seen.resend_requests_out += usize::from(message.contains("|35=2|"));
            seen.gap_fills_out += usize::from(gap_fill);
        });
    }

    fn wait(&self, what: &str, done: impl Fn(&Seen) -> bool) {
        let seen = self.lock();
        let (seen, timeout) = self
            .changed
            .wait_timeout_while(seen, WAIT_MAX, |seen| !done(seen))
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        assert!(
            !timeout.timed_out(),
            "waited for: {what}; logged on {:?}, {} reports, others {:?}",
            seen.logged_on,
            seen.reports.len(),
            seen.others
        );
    }

    fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    // A panic while holding the lock fails the test anyway; what was seen stays readable for its message.
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
