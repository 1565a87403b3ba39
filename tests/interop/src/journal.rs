//! What our initiator keeps: a text file of one line an event, appended before anything leaves the process.

use fix_session::Numbers;
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A message that counted; `next_in` is what is expected after it. `|` for SOH.
    In {
        /// The next number expected.
        next_in: u64,
        /// The message.
        message: String,
    },
    /// A message of ours under its number. `|` for SOH.
    Out {
        /// MsgSeqNum(34).
        seq: u64,
        /// Whether it is the oldest of those that waited.
        waited: bool,
        /// The message.
        message: String,
    },
    /// A message of ours that waits for a logon. `|` for SOH.
    Waiting {
        /// The message.
        message: String,
    },
    /// Both numbers were set in a new epoch.
    Reset {
        /// The new epoch.
        epoch: u64,
    },
}

impl Entry {
    fn parse(line: &str) -> Option<Self> {
        let (kind, rest) = line.split_once(' ')?;
        if kind == "reset" {
            return Some(Self::Reset { epoch: rest.parse().ok()? });
        }
        let (number, message) = rest.split_once(' ')?;
        let (number, message) = (number.parse().ok()?, message.to_owned());
        match kind {
            "in" => Some(Self::In { next_in: number, message }),
            "out" | "unqueued" => Some(Self::Out { seq: number, waited: kind == "unqueued", message }),
            "waiting" => Some(Self::Waiting { message }),
            _ => None,
        }
    }

    fn line(&self) -> String {
        match self {
            Self::In { next_in, message } => format!("in {next_in} {message}\n"),
            Self::Out { seq, waited: false, message } => format!("out {seq} {message}\n"),
            Self::Out { seq, waited: true, message } => format!("unqueued {seq} {message}\n"),
            Self::Waiting { message } => format!("waiting 0 {message}\n"),
            Self::Reset { epoch } => format!("reset {epoch}\n"),
        }
    }
}

/// The file, and all that stands in it.
#[derive(Debug)]
pub struct Journal {
    file: File,
    entries: Vec<Entry>,
}

impl Journal {
    /// Opens or makes the file. A last line that a kill cut short is dropped.
    ///
    /// # Panics
    /// The file cannot be read or written, or holds what this program does not write.
    pub fn open(path: &Path) -> Self {
        let entries = Self::read(path);
        let text: String = entries.iter().map(Entry::line).collect();
        std::fs::write(path, text).expect("the journal is written");
        let file = OpenOptions::new().append(true).open(path).expect("the journal opens");
        Self { file, entries }
    }

    /// What the file holds.
    ///
    /// # Panics
    /// It holds what this program does not write.
    pub fn read(path: &Path) -> Vec<Entry> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let lines = whole.lines().map(|line| Entry::parse(line).unwrap_or_else(|| panic!("journal: {line}")));
        lines.collect()
    }

    /// Appends one line by one write, which a kill of the process cannot take back.
    ///
    /// # Panics
    /// The disk is full.
    pub fn append(&mut self, entry: Entry) {
        self.file.write_all(entry.line().as_bytes()).expect("the journal takes a line");
        self.entries.push(entry);
    }

    /// All that it holds, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The numbers to go on with.
    pub fn numbers(&self) -> Numbers {
        let mut numbers = Numbers::FIRST;
        for entry in &self.entries {
            match entry {
                Entry::In { next_in, .. } => numbers.next_in = *next_in,
                Entry::Out { seq, .. } => numbers.next_out = seq + 1,
                Entry::Waiting { .. } => {}
                Entry::Reset { epoch } => numbers = Numbers { epoch: *epoch, ..Numbers::FIRST },
            }
        }
        numbers
    }

    /// Our message number `seq` since the last reset, as it went out.
    pub fn sent(&self, seq: u64) -> Option<Vec<u8>> {
        let since_reset = self.entries.iter().rev().take_while(|e| !matches!(e, Entry::Reset { .. }));
        since_reset.into_iter().find_map(|entry| match entry {
            Entry::Out { seq: kept, message, .. } if *kept == seq => Some(bytes_of(message)),
            _ => None,
        })
    }

    /// Messages that wait for a logon, oldest first.
    pub fn waiting(&self) -> VecDeque<Vec<u8>> {
        let mut waiting = VecDeque::new();
        for entry in &self.entries {
            match entry {
                Entry::Waiting { message } => waiting.push_back(bytes_of(message)),
                Entry::Out { waited: true, .. } => _ = waiting.pop_front(),
                _ => {}
            }
        }
        waiting
    }
}

fn bytes_of(message: &str) -> Vec<u8> {
    message.replace('|', "\u{1}").into_bytes()
}
