//! Our own engine as an initiator: the child process `initiator` of this package.

use crate::WAIT_MAX;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

/// What the process said so far.
#[derive(Debug, Default)]
struct Said {
    /// Orders that it has journalled.
    taken: BTreeSet<String>,
    /// Orders that were answered.
    answered: BTreeSet<String>,
    up: bool,
    ended: bool,
}

type Heard = Arc<(Mutex<Said>, Condvar)>;

/// A running process, `ASSAY` towards `VENUE`; its journal outlives it.
#[derive(Debug)]
pub struct OurInitiator {
    binary: PathBuf,
    port: u16,
    journal: PathBuf,
    child: Child,
    commands: ChildStdin,
    heard: Heard,
}

impl OurInitiator {
    /// Starts `binary` towards `port` with its journal in `dir`.
    pub fn start(binary: &Path, port: u16, dir: &Path) -> Self {
        let journal = dir.join("journal");
        let heard = Heard::default();
        let (child, commands) = launch(binary, port, &journal, false, &heard);
        Self { binary: binary.to_owned(), port, journal, child, commands, heard }
    }

    /// Where its journal lies.
    pub fn journal(&self) -> &Path {
        &self.journal
    }

    /// Enters an order, whether or not it is logged on.
    pub fn order(&mut self, cl_ord_id: &str) {
        // A process that is gone does not take it; what it took is waited for.
        let _ = writeln!(self.commands, "order {cl_ord_id}");
    }

    /// Ends the process as a crash does.
    pub fn kill_9(&mut self) {
        self.child.kill().expect("the initiator was still running");
        self.child.wait().expect("the initiator has ended");
        self.wait("end", |said| said.ended);
    }

    /// Starts it again on what the crash left; with `reset` at number 1.
    pub fn restart(&mut self, reset: bool) {
        self.change(|said| (said.up, said.ended) = (false, false));
        (self.child, self.commands) = launch(&self.binary, self.port, &self.journal, reset, &self.heard);
    }

    /// Logs out and ends.
    pub fn stop(&mut self) {
        writeln!(self.commands, "stop").expect("the initiator takes commands");
        self.wait("end", |said| said.ended);
        assert!(self.child.wait().expect("the initiator has ended").success(), "the initiator failed");
    }

    /// Waits until it is logged on.
    pub fn wait_up(&self) {
        self.wait("logon", |said| said.up);
    }

    /// Waits until it is not.
    pub fn wait_down(&self) {
        self.wait("logout", |said| !said.up);
    }

    /// Waits until each of `cl_ord_ids` is journalled.
    pub fn wait_taken(&self, cl_ord_ids: &[String]) {
        self.wait("orders taken", |said| cl_ord_ids.iter().all(|id| said.taken.contains(id)));
    }

    /// Waits until `count` of `cl_ord_ids` are answered.
    pub fn wait_answered(&self, cl_ord_ids: &[String], count: usize) {
        self.wait("orders answered", |said| {
            cl_ord_ids.iter().filter(|id| said.answered.contains(*id)).count() >= count
        });
    }

    fn wait(&self, what: &str, done: impl Fn(&Said) -> bool) {
        let (said, changed) = &*self.heard;
        let (said, timeout) = changed
            .wait_timeout_while(lock(said), WAIT_MAX, |said| !done(said))
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        assert!(
            !timeout.timed_out(),
            "waited for: {what}; {} taken, {} answered, up {}",
            said.taken.len(),
            said.answered.len(),
            said.up
        );
    }

    fn change(&self, change: impl FnOnce(&mut Said)) {
        change(&mut lock(&self.heard.0));
    }
}

impl Drop for OurInitiator {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn launch(binary: &Path, port: u16, journal: &Path, reset: bool, heard: &Heard) -> (Child, ChildStdin) {
    let mut child = Command::new(binary)
        .arg(port.to_string())
        .arg(journal)
        .args(reset.then_some("reset"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{}: {e}", binary.display()));
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let (stdout, heard) = (stdout.expect("stdout is piped"), Arc::clone(heard));
    thread::spawn(move || listen(stdout, &heard));
    (child, stdin.expect("stdin is piped"))
}

fn listen(stdout: ChildStdout, heard: &Heard) {
    let (said, changed) = &**heard;
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let mut said = lock(said);
        match line.split_once(' ') {
            Some(("taken", id)) => _ = said.taken.insert(id.to_owned()),
            Some(("answer", id)) => _ = said.answered.insert(id.to_owned()),
            _ if line == "up" => said.up = true,
            _ if line == "down" => said.up = false,
            _ => {}
        }
        changed.notify_all();
    }
    let mut said = lock(said);
    (said.up, said.ended) = (false, true);
    changed.notify_all();
}

// A panic while holding the lock fails the test anyway; what was said stays readable for its message.
fn lock(said: &Mutex<Said>) -> MutexGuard<'_, Said> {
    said.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
