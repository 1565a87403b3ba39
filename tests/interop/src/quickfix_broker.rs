//! A broker on QuickFIX C++, in a process of its own.

use crate::quickfix_cpp::{accept, message, venue};
use crate::{Broker, Fault, QuickFixVenue, Venue, WAIT_MAX};
use quickfix::{
    ApplicationCallback, FieldMap, Message, MsgFromAdminError, MsgFromAppError, SessionId, send_to_target,
};
use std::io::stdin;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// An acceptor `VENUE` for our `ASSAY` that is a [`Broker`]: the child process `quickfix_venue` of this package. Its orders end
/// with it.
pub struct QuickFixBroker {
    process: QuickFixVenue,
}

impl QuickFixBroker {
    /// `program` with files in `dir`, listening on `port`.
    pub fn open(program: &Path, dir: &Path, port: u16) -> Self {
        let mut process = QuickFixVenue::of_mode(program, dir, port, "broker");
        process.open(0);
        Self { process }
    }

    /// Has it do something, see [`Broker::obey`]; it is done when this returns. `refuse logons` and `take logons` too.
    pub fn command(&mut self, line: &str) {
        assert_eq!(self.process.asked(line), "done", "{line}");
    }

    /// What it was told about an order of ours, see [`Broker::heard`].
    pub fn heard(&mut self, order_id: &str) -> Vec<String> {
        let all = self.process.asked(&format!("heard {order_id}"));
        all.split(", ").filter(|one| !one.is_empty()).map(str::to_owned).collect()
    }

    /// Waits until it was told this about an order of ours.
    ///
    /// # Panics
    /// It is not within [`WAIT_MAX`].
    pub fn wait_heard(&mut self, order_id: &str, wanted: &str) {
        self.wait(|broker| broker.heard(order_id).iter().any(|one| one == wanted), wanted);
    }

    /// Waits until it was told of so many orders of ours, and returns the last one's OrderID(37) here.
    ///
    /// # Panics
    /// It is not within [`WAIT_MAX`].
    pub fn wait_order(&mut self, number: usize) -> String {
        let line = format!("order {number}");
        self.wait(|broker| !broker.process.asked(&line).is_empty(), &line);
        self.process.asked(&line)
    }

    /// Waits until it has refused so many Logons.
    ///
    /// # Panics
    /// It has not within [`WAIT_MAX`].
    pub fn wait_logons_refused(&mut self, count: u32) {
        let refused =
            |broker: &mut Self| broker.process.asked("refused").parse().is_ok_and(|n: u32| n >= count);
        self.wait(refused, "refused Logons");
    }

    #[allow(clippy::disallowed_methods, reason = "waiting ends by the clock when nothing comes")]
    fn wait(&mut self, done: impl Fn(&mut Self) -> bool, what: &str) {
        let start = Instant::now();
        while !done(self) {
            assert!(start.elapsed() < WAIT_MAX, "waited for: {what}");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The application that QuickFIX calls: it answers by itself, and does what it is told.
#[derive(Debug, Default)]
struct BrokerDesk {
    broker: Mutex<Broker>,
    refuses_logons: AtomicBool,
    logons_refused: AtomicU32,
}

impl BrokerDesk {
    /// One line of standard input, and what is answered.
    fn line(&self, line: &str) -> String {
        if let Some(order_id) = line.strip_prefix("heard ") {
            return self.broker().heard(order_id).join(", ");
        }
        if let Some(number) = line.strip_prefix("order ") {
            return self.broker().order(number.parse().expect("a number")).unwrap_or_default();
        }
        match line {
            "refused" => return self.logons_refused.load(Ordering::SeqCst).to_string(),
            "refuse logons" => self.refuses_logons.store(true, Ordering::SeqCst),
            "take logons" => self.refuses_logons.store(false, Ordering::SeqCst),
            _ => {
                // Nothing is refused that nobody sent.
                let _ = self.act(|broker| Ok(broker.obey(line)));
            }
        }
        "done".to_owned()
    }

    /// Lets the broker do something, and sends what it says.
    fn act(
        &self,
        act: impl FnOnce(&mut Broker) -> Result<Vec<(&'static str, Vec<(u32, String)>)>, Fault>,
    ) -> Result<(), Fault> {
        let session = SessionId::try_new("FIX.4.4", "VENUE", "ASSAY", "").expect("session id");
        let mut broker = self.broker();
        for (msg_type, fields) in act(&mut broker)? {
            let said = message(msg_type, fields.iter().map(|(tag, value)| (*tag, value.as_str())));
            send_to_target(said, &session).expect("QuickFIX takes the message");
        }
        Ok(())
    }

    // Whoever panicked with it has failed the test.
    fn broker(&self) -> MutexGuard<'_, Broker> {
        self.broker.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl ApplicationCallback for BrokerDesk {
    fn on_msg_from_admin(&self, asked: &Message, _: &SessionId) -> Result<(), MsgFromAdminError> {
        let is_logon = asked.with_header(|header| header.get_field(35)).as_deref() == Some("A");
        if is_logon && self.refuses_logons.load(Ordering::SeqCst) {
            self.logons_refused.fetch_add(1, Ordering::SeqCst);
            return Err(MsgFromAdminError::RejectLogon);
        }
        Ok(())
    }

    fn on_msg_from_app(&self, asked: &Message, _: &SessionId) -> Result<(), MsgFromAppError> {
        let head = |tag| asked.with_header(|header| header.get_field(tag));
        let msg_type = head(35).unwrap_or_default();
        let of = |tag| if tag == 97 { head(97) } else { asked.get_field(tag as i32) };
        self.act(|broker| broker.hear(&msg_type, of)).map_err(|fault| match fault {
            Fault::Value => MsgFromAppError::IncorrectTagValue,
            // By the engine's BusinessMessageReject(j). The binding hands on no UnsupportedMessageType.
            Fault::Missing => MsgFromAppError::FieldNotFound,
        })
    }
}

/// The main of a broker's process: what it is to do comes line by line on standard input; then it ends.
pub fn serve_quickfix_broker(dir: &Path, port: u16) -> ! {
    let desk = BrokerDesk::default();
    accept(dir, &venue(port), &desk, || {
        println!("started");
        for line in stdin().lines().map_while(Result::ok) {
            println!("{}", desk.line(&line));
        }
    })
}
