//! QuickFIX/J: a child process of the Java program in `quickfixj/`, as a trading peer and as a venue.

use crate::{Bend, CLIENTS, Connection, Order, OrderDesk, Peer, Tape, Venue, WAIT_MAX, wait_end};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

/// The program, once built.
#[derive(Debug, Clone)]
pub struct QuickFixJ {
    jar: PathBuf,
}

impl QuickFixJ {
    /// Builds the program below `target`, with what Maven has at hand or else with what it fetches. Says what is missing
    /// when this machine cannot.
    ///
    /// # Errors
    /// No `java`, no `mvn`, or a failed build.
    pub fn build(target: &Path) -> Result<Self, String> {
        for tool in ["java", "mvn"] {
            let found =
                Command::new(tool).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            if !found.is_ok_and(|status| status.success()) {
                return Err(format!("{tool} is not there"));
            }
        }
        let dir = target.join("quickfixj");
        let package = |flags: &[&str]| {
            Command::new("mvn")
                .args(["-q", "-B", "package"])
                .args(flags)
                .arg(format!("-Dtarget.dir={}", dir.display()))
                .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("quickfixj"))
                .stdout(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        };
        if package(&["-o"]) || package(&[]) {
            Ok(Self { jar: dir.join("counterparty.jar") })
        } else {
            Err("Maven could not build quickfixj/".to_owned())
        }
    }

    fn start(&self, mode: &str, settings: &Path, bends: &[String]) -> (Child, ChildStdin, ChildStdout) {
        let mut child = Command::new("java")
            .args(["-Xmx256m", "-jar"])
            .arg(&self.jar)
            .arg(mode)
            .arg(settings)
            .args(bends)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("java runs");
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        (child, stdin.expect("stdin is piped"), stdout.expect("stdout is piped"))
    }
}

/// A running program. Its output is read to the end, so that it never blocks on it.
struct Running {
    child: Child,
    commands: Option<ChildStdin>,
    reader: Option<JoinHandle<()>>,
    started: Receiver<()>,
}

impl Running {
    fn start(
        program: &QuickFixJ,
        mode: &str,
        settings: &Path,
        bends: &[String],
        tape: Option<&'static Tape>,
    ) -> Self {
        let (child, stdin, stdout) = program.start(mode, settings, bends);
        let (ready, started) = channel();
        let reader = thread::spawn(move || listen(stdout, &ready, tape));
        Self { child, commands: Some(stdin), reader: Some(reader), started }
    }

    fn wait_started(&self) {
        self.started.recv_timeout(WAIT_MAX).expect("QuickFIX/J says that it has started");
    }

    fn command(&mut self, line: &str) {
        let commands = self.commands.as_mut().expect("it was not stopped");
        writeln!(commands, "{line}").expect("QuickFIX/J takes commands");
    }

    /// Logs out and ends.
    fn stop(mut self) {
        self.command("quit");
        self.commands = None;
        wait_end(&mut self.child, "QuickFIX/J");
        if let Some(reader) = self.reader.take() {
            reader.join().expect("its output was read");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tells the tape what the program says.
fn listen(stdout: ChildStdout, ready: &Sender<()>, tape: Option<&'static Tape>) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let (event, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match (event, tape) {
            // Only the first one is waited for.
            ("started", _) => _ = ready.send(()),
            ("error", _) => eprintln!("QuickFIX/J: {rest}"),
            ("logon", Some(tape)) => tape.logged_on(rest),
            ("logout", Some(tape)) => tape.logged_out(rest),
            ("in", Some(tape)) => tape.incoming(rest),
            ("out", Some(tape)) => tape.outgoing(rest),
            ("app", Some(tape)) => {
                if let Some((session, message)) = rest.split_once(' ') {
                    tape.application_message(session, message);
                }
            }
            _ => {}
        }
    }
}

/// Writes settings with what all kinds of connection share, and `more`. The dictionary is its own.
fn write_settings(dir: &Path, more: &str) -> PathBuf {
    let text = format!(
        "[DEFAULT]\nBeginString=FIX.4.4\nNonStopSession=Y\nStartTime=00:00:00\nEndTime=00:00:00\nUseDataDictionary=Y\n\
         DataDictionary=FIX44.xml\nFileStorePath={}\nPersistMessages=Y\n{more}",
        dir.join("store-j").display()
    );
    let file = dir.join("quickfixj.cfg");
    std::fs::write(&file, text).expect("settings are written");
    file
}

fn bend_argument(comp_id: &str, skip_out: u64, expects: Option<u64>) -> String {
    let expects = expects.map_or("-".to_owned(), |seq| seq.to_string());
    format!("{comp_id}:{skip_out}:{expects}")
}

/// An initiator that trades as both clients.
#[derive(Debug)]
pub struct QuickFixJPeer {
    program: QuickFixJ,
    dir: PathBuf,
}

impl QuickFixJPeer {
    /// Files in `dir`.
    pub fn new(program: &QuickFixJ, dir: &Path) -> Self {
        Self { program: program.clone(), dir: dir.to_owned() }
    }
}

impl Peer for QuickFixJPeer {
    fn connected(
        &self,
        connection: &Connection,
        tape: &'static Tape,
        trade: &mut dyn FnMut(&mut dyn OrderDesk),
    ) {
        let mut more = format!(
            "ConnectionType=initiator\nTargetCompID=ASSAY\nHeartBtInt=30\nReconnectInterval=1\n\
             SocketConnectHost=127.0.0.1\nSocketConnectPort={}\nResetOnLogon={}\n",
            connection.port,
            if connection.reset { "Y" } else { "N" }
        );
        for comp_id in CLIENTS {
            writeln!(more, "[SESSION]\nSenderCompID={comp_id}").expect("a String takes all");
        }
        let settings = write_settings(&self.dir, &more);
        let argument = |bend: &Bend| bend_argument(bend.comp_id, bend.skip_out, bend.expects);
        let bends: Vec<String> = connection.bends.iter().map(argument).collect();
        let mut running = Running::start(&self.program, "initiator", &settings, &bends, Some(tape));
        running.wait_started();
        tape.wait_logged_on(&CLIENTS);
        trade(&mut running);
        running.stop();
    }
}

impl OrderDesk for Running {
    fn send(&mut self, comp_id: &str, order: &Order) {
        let fields: Vec<String> = order.fields.iter().map(|(tag, value)| format!("{tag}={value}")).collect();
        self.command(&format!("send {comp_id} D {}", fields.join("|")));
    }
}

/// An acceptor `VENUE` for our `ASSAY`.
pub struct QuickFixJVenue {
    program: QuickFixJ,
    dir: PathBuf,
    port: u16,
    open: Option<Running>,
}

impl QuickFixJVenue {
    /// Files in `dir`.
    pub fn new(program: &QuickFixJ, dir: &Path, port: u16) -> Self {
        Self { program: program.clone(), dir: dir.to_owned(), port, open: None }
    }
}

impl Venue for QuickFixJVenue {
    fn open(&mut self, skip_out: u64) {
        let settings = write_settings(
            &self.dir,
            &format!(
                "ConnectionType=acceptor\nSenderCompID=VENUE\nTargetCompID=ASSAY\nSocketAcceptPort={}\n[SESSION]\n",
                self.port
            ),
        );
        let bends = if skip_out > 0 { vec![bend_argument("VENUE", skip_out, None)] } else { Vec::new() };
        let running = Running::start(&self.program, "acceptor", &settings, &bends, None);
        running.wait_started();
        self.open = Some(running);
    }

    fn close(&mut self) {
        if let Some(running) = self.open.take() {
            running.stop();
        }
    }
}
