//! QuickFIX C++: as a trading peer, and as a venue. Numbers and messages in its own file store.

use crate::{Bend, CLIENTS, Connection, Order, OrderDesk, Peer, Tape, Venue, free_port, report_of, wait_end};
use quickfix::{
    Acceptor, Application, ApplicationCallback, ConnectionHandler, FieldMap, FileMessageStoreFactory,
    FixSocketServerKind, Initiator, LogCallback, LogFactory, Message, MsgFromAppError, NullLogger, SessionId,
    SessionSettings, send_to_target,
};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _, stdin};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio, exit};

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

/// A message for QuickFIX, which gives it its header.
pub(crate) fn message<'a>(msg_type: &str, fields: impl Iterator<Item = (u32, &'a str)>) -> Message {
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

/// The main of a venue's process: listens until a line comes on standard input, then logs out and ends the process.
///
/// QuickFIX's `stop` closes its server on the caller's thread while its own thread frees it, and may crash over that; in a
/// process of its own this harms nobody, since by then it has logged out and its store is written.
pub fn serve_quickfix(dir: &Path, port: u16, silent: bool) -> ! {
    accept(dir, &venue(port), &Answers { silent }, || {
        println!("started");
        // A line, or the end of the test's process.
        let _ = stdin().lines().next();
    })
}

/// Settings of an acceptor `VENUE` for our `ASSAY`.
pub(crate) fn venue(port: u16) -> String {
    format!("SenderCompID=VENUE\nTargetCompID=ASSAY\nSocketAcceptPort={port}\n[SESSION]\n")
}

/// Accepts sessions of `settings` while `serving` lasts, then ends the process.
pub(crate) fn accept(
    dir: &Path,
    settings: &str,
    callback: &(impl ApplicationCallback + 'static),
    serving: impl FnOnce(),
) -> ! {
    let stores = Stores { dir: dir.to_owned() };
    let settings = stores.settings(&format!("ConnectionType=acceptor\nSocketReuseAddress=Y\n{settings}"));
    let store_factory = FileMessageStoreFactory::try_new(&settings).expect("store");
    let log_factory = LogFactory::try_new(&NullLogger).expect("log");
    let application = Application::try_new(callback).expect("application");
    let kind = FixSocketServerKind::SingleThreaded;
    let mut acceptor =
        Acceptor::try_new(&settings, &application, &store_factory, &log_factory, kind).expect("acceptor");
    acceptor.start().expect("acceptor starts");
    serving();
    acceptor.stop().expect("acceptor stops");
    exit(0)
}

/// The main of the process that measurements run beside: an acceptor `ECHO` for `CLIENT1`, `CLIENT2` and so on that says where it
/// listens and answers until it is killed.
pub fn serve_quickfix_echo(dir: &Path, sessions: u32) -> ! {
    let port = free_port();
    let mut text = format!("SenderCompID=ECHO\nSocketAcceptPort={port}\nSocketNodelay=Y\n");
    for session in 1..=sessions {
        writeln!(text, "[SESSION]\nTargetCompID=CLIENT{session}").expect("a String takes all");
    }
    accept(dir, &text, &Answers { silent: false }, || {
        println!("admin on 127.0.0.1:{port}\nlistening on 127.0.0.1:{port}");
        loop {
            std::thread::park();
        }
    })
}

/// An acceptor `VENUE` for our `ASSAY`: the child process `quickfix_venue` of this package.
pub struct QuickFixVenue {
    program: PathBuf,
    stores: Stores,
    port: u16,
    mode: Option<&'static str>,
    open: Option<Child>,
}

impl QuickFixVenue {
    /// `program` with files in `dir`.
    pub fn new(program: &Path, dir: &Path, port: u16) -> Self {
        let stores = Stores { dir: dir.to_owned() };
        Self { program: program.to_owned(), stores, port, mode: None, open: None }
    }

    /// One that takes any message and says nothing.
    pub fn silent(program: &Path, dir: &Path, port: u16) -> Self {
        Self::of_mode(program, dir, port, "silent")
    }

    /// Another kind of one.
    pub(crate) fn of_mode(program: &Path, dir: &Path, port: u16, mode: &'static str) -> Self {
        let mut venue = Self::new(program, dir, port);
        venue.mode = Some(mode);
        venue
    }

    /// Gives the process a line, and returns what it answers.
    pub(crate) fn asked(&mut self, line: &str) -> String {
        let child = self.open.as_mut().expect("the venue is open");
        let stdin = child.stdin.as_mut().expect("stdin is piped");
        writeln!(stdin, "{line}").expect("the venue listens");
        said(child)
    }
}

impl Venue for QuickFixVenue {
    fn open(&mut self, skip_out: u64) {
        if skip_out > 0 {
            self.stores.change_numbers("VENUE-ASSAY", |out, expected| (out + skip_out, expected));
        }
        let child = self.open.insert(
            Command::new(&self.program)
                .arg(self.port.to_string())
                .arg(&self.stores.dir)
                .args(self.mode)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap_or_else(|e| panic!("{}: {e}", self.program.display())),
        );
        assert_eq!(said(child), "started", "the venue says that it has started");
    }

    fn close(&mut self) {
        let Some(mut child) = self.open.take() else { return };
        drop(child.stdin.take());
        // How it ended says nothing about FIX: see `serve_quickfix`.
        wait_end(&mut child, "QuickFIX");
    }
}

/// The next line of a venue's process. It says nothing that it is not asked for, so nothing is read ahead and lost.
fn said(child: &mut Child) -> String {
    let mut line = String::new();
    let stdout = child.stdout.as_mut().expect("stdout is piped");
    BufReader::with_capacity(1, stdout).read_line(&mut line).expect("the venue speaks");
    line.trim().to_owned()
}

impl Drop for QuickFixVenue {
    fn drop(&mut self) {
        if let Some(child) = &mut self.open {
            // Already gone is as good.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
