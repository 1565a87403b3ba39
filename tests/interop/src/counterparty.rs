//! QuickFIX C++ as an initiator with a file store, and that store between two lives of the initiator.

use crate::Tape;
use quickfix::{
    Application, ConnectionHandler, FileMessageStoreFactory, FixSocketServerKind, Initiator, LogFactory,
    Message, SessionId, SessionSettings, send_to_target,
};
use std::path::{Path, PathBuf};

/// Our CompIDs, one session each.
const SESSIONS: [&str; 2] = ["CLIENT1", "CLIENT2"];

/// A running initiator; both sessions are logged on or on the way.
pub struct Counterparty {
    _running: (),
}

impl Counterparty {
    /// Connects both sessions to `port`, runs `trade`, logs out and stops. Numbers and messages stay in `stores`.
    pub fn run(port: u16, stores: &Stores, tape: &'static Tape, trade: impl FnOnce(&Self)) {
        let settings = SessionSettings::try_from_path(stores.write_settings(port)).expect("settings");
        let store_factory = FileMessageStoreFactory::try_new(&settings).expect("file store");
        let log_factory = LogFactory::try_new(tape).expect("log");
        let application = Application::try_new(tape).expect("application");
        let kind = FixSocketServerKind::SingleThreaded;
        let mut initiator = Initiator::try_new(&settings, &application, &store_factory, &log_factory, kind)
            .expect("initiator");
        initiator.start().expect("initiator starts");
        tape.wait_logged_on(&SESSIONS);
        trade(&Self { _running: () });
        initiator.stop().expect("initiator stops");
    }

    /// Gives a message to the session of `comp_id`. While disconnected QuickFIX keeps it for the next resend.
    pub fn send(&self, comp_id: &str, message: Message) {
        let session = SessionId::try_new("FIX.4.4", comp_id, "ASSAY", "").expect("session id");
        send_to_target(message, &session).expect("QuickFIX takes the message");
    }
}

/// QuickFIX's files: what it sent, and its two numbers of each session.
pub struct Stores {
    dir: PathBuf,
}

impl Stores {
    /// Files in `dir`.
    pub fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Changes (next to send, next expected) of a session whose initiator is stopped.
    ///
    /// # Panics
    /// The file is not what QuickFIX writes.
    pub fn change_numbers(&self, comp_id: &str, change: impl FnOnce(u64, u64) -> (u64, u64)) {
        let file = self.dir.join("store").join(format!("FIX.4.4-{comp_id}-ASSAY.seqnums"));
        let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let (out, expected) = text.split_once(':').expect("two numbers");
        let number = |text: &str| text.trim().trim_matches('\0').parse().expect("a number");
        let (out, expected) = change(number(out), number(expected));
        std::fs::write(&file, format!("{out:020} : {expected:020}")).expect("numbers are written");
    }

    fn write_settings(&self, port: u16) -> PathBuf {
        let dictionary = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dictionaries/FIX44.xml");
        let (store, dictionary) = (self.dir.join("store"), dictionary.display());
        let mut text = format!(
            "[DEFAULT]\nConnectionType=initiator\nBeginString=FIX.4.4\nTargetCompID=ASSAY\nHeartBtInt=30\n\
             ReconnectInterval=1\nNonStopSession=Y\nSocketConnectHost=127.0.0.1\nSocketConnectPort={port}\n\
             UseDataDictionary=Y\nDataDictionary={dictionary}\nFileStorePath={}\nPersistMessages=Y\n",
            store.display()
        );
        for comp_id in SESSIONS {
            text.push_str(&format!("[SESSION]\nSenderCompID={comp_id}\n"));
        }
        let file = self.dir.join("quickfix.cfg");
        std::fs::write(&file, text).expect("settings are written");
        file
    }
}
