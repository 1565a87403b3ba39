//! QuickFIX C++: as a trading peer, and as a venue. Numbers and messages in its own file store.

use crate::{Bend, CLIENTS, Connection, Order, OrderDesk, Peer, Tape, Venue, report_of};
use quickfix::{
    Acceptor, Application, ApplicationCallback, ConnectionHandler, FieldMap, FileMessageStoreFactory,
    FixSocketServerKind, Initiator, LogCallback, LogFactory, Message, MsgFromAppError, NullLogger, SessionId,
    SessionSettings, send_to_target,
};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// QuickFIX's files: what it sent, and its two numbers of each session.
#[derive(Debug)]
struct Stores {
    dir: PathBuf,
}

impl Stores {
    /// Changes (next to send, next expected) of a session whose connector is stopped.
    fn change_numbers(&self, session: &str, change: impl FnOnce(u64, u64) -> (u64, u64)) {
        let file = self.dir.join("store").join(format!("FIX.4.4-{session}.seqnums"));
        let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let (out, expected) = text.split_once(':').expect("two numbers");
        let number = |text: &str| text.trim().trim_matches('\0').parse().expect("a number");
        let (out, expected) = change(number(out), number(expected));
        std::fs::write(&file, format!("{out:020} : {expected:020}")).expect("numbers are written");
    }

    /// Settings with what all kinds of connection share, and `more`.
    fn settings(&self, more: &str) -> SessionSettings {
        let dictionary = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dictionaries/FIX44.xml");
        let text = format!(
            "[DEFAULT]\nBeginString=FIX.4.4\nNonStopSession=Y\nUseDataDictionary=Y\nDataDictionary={}\n\
             FileStorePath={}\nPersistMessages=Y\n{more}",
            dictionary.display(),
            self.dir.join("store").display()
        );
        let file = self.dir.join("quickfix.cfg");
        std::fs::write(&file, text).expect("settings are written");
        SessionSettings::try_from_path(file).expect("settings")
    }
}

/// An initiator that trades as both clients.
#[derive(Debug)]
pub struct QuickFixPeer {
    stores: Stores,
}

impl QuickFixPeer {
    /// Files in `dir`.
    pub fn new(dir: &Path) -> Self {
        Self { stores: Stores { dir: dir.to_owned() } }
    }

    fn bend(&self, bend: &Bend) {
        let session = format!("{}-ASSAY", bend.comp_id);
        self.stores.change_numbers(&session, |out, expected| {
            (out + bend.skip_out, bend.expects.unwrap_or(expected))
        });
    }
}

impl Peer for QuickFixPeer {
    fn connected(
        &self,
        connection: &Connection,
        tape: &'static Tape,
        trade: &mut dyn FnMut(&mut dyn OrderDesk),
    ) {
        connection.bends.iter().for_each(|bend| self.bend(bend));
        let settings = self.stores.settings(&initiator_settings(connection));
        let store_factory = FileMessageStoreFactory::try_new(&settings).expect("file store");
        let log_factory = LogFactory::try_new(tape).expect("log");
        let application = Application::try_new(tape).expect("application");
        let kind = FixSocketServerKind::SingleThreaded;
        let mut initiator = Initiator::try_new(&settings, &application, &store_factory, &log_factory, kind)
            .expect("initiator");
        initiator.start().expect("initiator starts");
        tape.wait_logged_on(&CLIENTS);
        trade(&mut Running);
        initiator.stop().expect("initiator stops");
    }
}

fn initiator_settings(connection: &Connection) -> String {
    let mut text = format!(
        "ConnectionType=initiator\nTargetCompID=ASSAY\nHeartBtInt=30\nReconnectInterval=1\n\
         SocketConnectHost=127.0.0.1\nSocketConnectPort={}\nResetOnLogon={}\n",
        connection.port,
        if connection.reset { "Y" } else { "N" }
    );
    for comp_id in CLIENTS {
        writeln!(text, "[SESSION]\nSenderCompID={comp_id}").expect("a String takes all");
    }
    text
}

/// QuickFIX finds sessions by name in the whole process.
struct Running;

impl OrderDesk for Running {
    fn send(&mut self, comp_id: &str, order: &Order) {
        let session = SessionId::try_new("FIX.4.4", comp_id, "ASSAY", "").expect("session id");
        let fields = order.fields.iter().map(|(tag, value)| (*tag, value.as_str()));
        send_to_target(message("D", fields), &session).expect("QuickFIX takes the message");
    }
}

fn message<'a>(msg_type: &str, fields: impl Iterator<Item = (u32, &'a str)>) -> Message {
    let mut message = Message::new();
    message.with_header_mut(|header| header.set_field(35, msg_type)).expect("35 can be set");
    for (tag, value) in fields {
        message.set_field(tag as i32, value).expect("field can be set");
    }
    message
}

fn text_of(message: &str) -> String {
    message.replace('\u{1}', "|")
}

fn name_of(session: &SessionId) -> String {
    session.get_sender_comp_id().unwrap_or_default()
}

impl ApplicationCallback for Tape {
    fn on_logon(&self, session: &SessionId) {
        self.logged_on(&name_of(session));
    }

    fn on_logout(&self, session: &SessionId) {
        self.logged_out(&name_of(session));
    }

    fn on_msg_from_app(&self, message: &Message, session: &SessionId) -> Result<(), MsgFromAppError> {
        let text = text_of(&message.to_fix_string().unwrap_or_default());
        self.application_message(&name_of(session), &text);
        Ok(())
    }
}

impl LogCallback for Tape {
    fn on_incoming(&self, _: Option<&SessionId>, message: &str) {
        self.incoming(&text_of(message));
    }

    fn on_outgoing(&self, _: Option<&SessionId>, message: &str) {
        self.outgoing(&text_of(message));
    }
}

/// Answers orders as [`Venue`] says, or nothing.
#[derive(Debug)]
struct Answers {
    silent: bool,
}

impl ApplicationCallback for Answers {
    fn on_msg_from_app(&self, order: &Message, session: &SessionId) -> Result<(), MsgFromAppError> {
        if self.silent {
            return Ok(());
        }
        let fields = report_of(|tag| order.get_field(tag as i32));
        let report = message("8", fields.iter().map(|(tag, value)| (*tag, value.as_str())));
        send_to_target(report, session).expect("QuickFIX takes the report");
        Ok(())
    }
}

type OpenAcceptor = Acceptor<'static, Answers, NullLogger, FileMessageStoreFactory>;

/// An acceptor `VENUE` for our `ASSAY`.
pub struct QuickFixVenue {
    stores: Stores,
    port: u16,
    silent: bool,
    open: Option<OpenAcceptor>,
}

impl QuickFixVenue {
    /// Files in `dir`.
    pub fn new(dir: &Path, port: u16) -> Self {
        Self { stores: Stores { dir: dir.to_owned() }, port, silent: false, open: None }
    }

    /// One that takes any message and says nothing.
    pub fn silent(dir: &Path, port: u16) -> Self {
        Self { silent: true, ..Self::new(dir, port) }
    }
}

impl Venue for QuickFixVenue {
    fn open(&mut self, skip_out: u64) {
        if skip_out > 0 {
            self.stores.change_numbers("VENUE-ASSAY", |out, expected| (out + skip_out, expected));
        }
        let settings = self.stores.settings(&format!(
            "ConnectionType=acceptor\nSenderCompID=VENUE\nTargetCompID=ASSAY\nSocketAcceptPort={}\n\
             SocketReuseAddress=Y\n[SESSION]\n",
            self.port
        ));
        // QuickFIX's threads keep pointers to these until the process ends.
        let store_factory = Box::leak(Box::new(FileMessageStoreFactory::try_new(&settings).expect("store")));
        let log_factory = Box::leak(Box::new(LogFactory::try_new(&NullLogger).expect("log")));
        let answers: &'static Answers = Box::leak(Box::new(Answers { silent: self.silent }));
        let application = Box::leak(Box::new(Application::try_new(answers).expect("application")));
        let kind = FixSocketServerKind::SingleThreaded;
        let mut acceptor =
            Acceptor::try_new(&settings, application, store_factory, log_factory, kind).expect("acceptor");
        acceptor.start().expect("acceptor starts");
        self.open = Some(acceptor);
    }

    fn close(&mut self) {
        if let Some(mut acceptor) = self.open.take() {
            acceptor.stop().expect("acceptor stops");
        }
    }
}
