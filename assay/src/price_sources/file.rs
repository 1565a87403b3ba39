//! A file as a source: a heading, and a line for each quote. It may be written to, cut, replaced, or not be there.

use crate::config::PricePace;
use assay_prices::{Columns, Quote};
use assay_trading_types::Timestamp;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// Most bytes that are read in a turn.
const TURN_MAX: u64 = 1 << 20;

/// How far back of its end a file that is written to is read when it is opened: what is older is stale.
const TAIL: u64 = 1 << 16;

/// Quotes of a replay that are read before they are due.
const AHEAD_MAX: usize = 4_096;

/// A file that is or will be there.
pub(super) struct FileSource {
    path: PathBuf,
    pace: PricePace,
    open: Option<OpenFile>,
    /// Of a replay: when it began, and the time of its first line.
    began: Option<(Timestamp, Timestamp)>,
    due: VecDeque<Quote>,
    /// What was logged last, so that it is said once.
    said: Option<String>,
}

struct OpenFile {
    reader: BufReader<File>,
    inode: u64,
    columns: Option<Columns>,
    /// A line without its end yet.
    partial: Vec<u8>,
    /// The rest of a line that is too long, or that was begun before the first one that is read.
    skipping: bool,
    read: u64,
}

impl FileSource {
    pub(super) fn new(path: PathBuf, pace: PricePace) -> Self {
        Self { path, pace, open: None, began: None, due: VecDeque::new(), said: None }
    }

    /// Shows the quotes that are there and due. Returns how many lines were none.
    pub(super) fn read(&mut self, now: Timestamp, each: &mut impl FnMut(&Quote)) -> u64 {
        match self.take(now, each) {
            Ok(bad) => bad,
            Err(error) => {
                self.open = None;
                let what = match error.kind() {
                    ErrorKind::NotFound => "it is not there".to_owned(),
                    _ => error.to_string(),
                };
                self.say(what);
                0
            }
        }
    }

    fn take(&mut self, now: Timestamp, each: &mut impl FnMut(&Quote)) -> std::io::Result<u64> {
        let mut file = match self.open.take().map(|file| file.if_current(&self.path)).transpose()?.flatten() {
            Some(file) => file,
            None => {
                let file = OpenFile::open(&self.path, self.pace)?;
                self.said = None;
                file
            }
        };
        let mut bad = 0;
        match self.pace {
            PricePace::AsWritten => bad = file.lines(usize::MAX, &mut |quote| each(&quote))?,
            PricePace::Replay => {
                let room = AHEAD_MAX - self.due.len();
                if room > 0 {
                    bad = file.lines(room, &mut |quote| self.due.push_back(quote))?;
                }
            }
        }
        self.open = Some(file);
        if bad > 0 {
            self.say("it has lines that are no quotes".to_owned());
        }
        self.show_due(now, each);
        Ok(bad)
    }

    /// Quotes of a replay whose time has come, dated as if they were of now.
    fn show_due(&mut self, now: Timestamp, each: &mut impl FnMut(&Quote)) {
        while let Some(quote) = self.due.front().copied() {
            let (began, first) = *self.began.get_or_insert((now, quote.at));
            let at = began.plus_ns(quote.at.since_ns(first));
            if at > now {
                break;
            }
            self.due.pop_front();
            each(&Quote { at, ..quote });
        }
    }

    fn say(&mut self, what: String) {
        if self.said.as_ref() != Some(&what) {
            tracing::warn!(file = %self.path.display(), "price source: {what}");
            self.said = Some(what);
        }
    }
}

impl OpenFile {
    fn open(path: &PathBuf, pace: PricePace) -> std::io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let mut open = Self {
            reader: BufReader::new(file),
            inode: metadata.ino(),
            columns: None,
            partial: Vec::new(),
            skipping: false,
            read: 0,
        };
        if pace == PricePace::AsWritten && metadata.len() > 2 * TAIL {
            open.heading()?;
            open.read = metadata.len() - TAIL;
            open.reader.seek(SeekFrom::Start(open.read))?;
            open.skipping = true;
        }
        Ok(open)
    }

    /// Itself, unless another file has its name or it was cut.
    fn if_current(self, path: &PathBuf) -> std::io::Result<Option<Self>> {
        let metadata = std::fs::metadata(path)?;
        Ok((metadata.ino() == self.inode && metadata.len() >= self.read).then_some(self))
    }

    /// Reads the first line alone.
    fn heading(&mut self) -> std::io::Result<()> {
        let mut line = Vec::new();
        self.read += (&mut self.reader).take(TAIL).read_until(b'\n', &mut line)? as u64;
        self.columns = Columns::parse(String::from_utf8_lossy(&line).trim_end()).ok();
        match self.columns {
            Some(_) => Ok(()),
            None => Err(std::io::Error::new(ErrorKind::InvalidData, "its first line is no heading")),
        }
    }

    /// Shows whole lines, up to about `max` of them. Returns how many were no quotes.
    fn lines(&mut self, max: usize, each: &mut impl FnMut(Quote)) -> std::io::Result<u64> {
        let (mut bad, mut shown, mut bytes) = (0, 0, 0);
        while shown < max && bytes < TURN_MAX {
            let had = self.partial.len();
            let count = (&mut self.reader).take(TAIL).read_until(b'\n', &mut self.partial)?;
            if count == 0 {
                break;
            }
            (self.read, bytes) = (self.read + count as u64, bytes + count as u64);
            let is_whole = self.partial.last() == Some(&b'\n');
            if !is_whole {
                if had + count >= TAIL as usize {
                    self.partial.clear();
                    self.skipping = true;
                }
                continue;
            }
            let line = std::mem::take(&mut self.partial);
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end();
            match &self.columns {
                None => match Columns::parse(line) {
                    Ok(columns) => self.columns = Some(columns),
                    Err(error) => return Err(std::io::Error::new(ErrorKind::InvalidData, error)),
                },
                Some(_) if line.is_empty() => {}
                Some(columns) => match Quote::parse(line, columns) {
                    Ok(quote) => {
                        shown += 1;
                        each(quote);
                    }
                    Err(_) => bad += 1,
                },
            }
        }
        Ok(bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const S: i64 = 1_000_000_000;

    struct Place {
        dir: tempfile::TempDir,
        source: FileSource,
    }

    impl Place {
        fn new(pace: PricePace) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let source = FileSource::new(dir.path().join("prices.csv"), pace);
            Self { dir, source }
        }

        fn path(&self) -> PathBuf {
            self.dir.path().join("prices.csv")
        }

        fn append(&self, text: &[u8]) {
            let mut file = std::fs::OpenOptions::new().append(true).create(true).open(self.path()).unwrap();
            file.write_all(text).unwrap();
        }

        /// Prices that are shown at `second`, and lines that are no quotes.
        fn reads_at(&mut self, second: i64) -> (Vec<String>, u64) {
            let mut shown = Vec::new();
            let bad = self.source.read(Timestamp::from_ns(second * S), &mut |quote| {
                shown.push(quote.last.map_or("none".to_owned(), |price| price.to_string()));
            });
            (shown, bad)
        }

        fn reads(&mut self) -> (Vec<String>, u64) {
            self.reads_at(1_000)
        }
    }

    fn line(second: i64, price: &str) -> String {
        format!("{},AAPL,{price}\n", second * S)
    }

    fn prices(texts: &[&str]) -> (Vec<String>, u64) {
        (texts.iter().map(|t| (*t).to_owned()).collect(), 0)
    }

    #[test]
    fn lines_are_shown_once_and_whole_as_they_are_written() {
        let mut place = Place::new(PricePace::AsWritten);
        assert_eq!(place.reads(), prices(&[]), "it is not there");
        place.append(b"time,sym");
        assert_eq!(place.reads(), prices(&[]));
        place.append(b"bol,last\n1,AAPL,1\n2,AA");
        assert_eq!(place.reads(), prices(&["1"]));
        place.append(b"PL,2\nno quote\n3,AAPL,3\r\n\n");
        assert_eq!(place.reads(), (vec!["2".to_owned(), "3".to_owned()], 1));
        assert_eq!(place.reads(), prices(&[]));
        place.append(&[b'x'; 3 * TAIL as usize]);
        place.append(b"\n4,AAPL,4\n\xff\xfe,AAPL,5\n");
        let (shown, bad) = place.reads();
        assert_eq!((shown.as_slice(), bad), (["4".to_owned()].as_slice(), 1), "the long line is passed over");
    }

    #[test]
    fn a_file_that_is_cut_or_replaced_is_read_from_its_beginning() {
        let mut place = Place::new(PricePace::AsWritten);
        place.append(b"time,symbol,last\n1,AAPL,1\n2,AAPL,2\n");
        assert_eq!(place.reads(), prices(&["1", "2"]));
        std::fs::write(place.path(), "symbol,time,last\nAAPL,3,3\n").unwrap();
        assert_eq!(place.reads(), prices(&["3"]), "another heading counts");
        let other = place.dir.path().join("other.csv");
        std::fs::write(&other, "time,symbol,last\n4,AAPL,4\n5,AAPL,5\n6,AAPL,6\n").unwrap();
        std::fs::rename(&other, place.path()).unwrap();
        assert_eq!(place.reads(), prices(&["4", "5", "6"]));
        std::fs::remove_file(place.path()).unwrap();
        assert_eq!(place.reads(), prices(&[]));
        std::fs::write(place.path(), "no heading\n7,AAPL,7\n").unwrap();
        assert_eq!(place.reads(), prices(&[]));
        std::fs::write(place.path(), "time,symbol,last\n8,AAPL,8\n").unwrap();
        assert_eq!(place.reads(), prices(&["8"]));
    }

    #[test]
    fn of_a_long_file_the_end_is_read() {
        let mut place = Place::new(PricePace::AsWritten);
        place.append(b"time,symbol,last\n");
        let lines: String = (1..20_000).map(|n| line(n, &n.to_string())).collect();
        place.append(lines.as_bytes());
        let (shown, bad) = place.reads();
        assert_eq!(bad, 0);
        assert_eq!(shown.last().map(String::as_str), Some("19999"));
        assert!(shown.len() < 5_000, "{}", shown.len());
        place.append(b"20000,AAPL,7\n");
        assert_eq!(place.reads(), prices(&["7"]));
    }

    #[test]
    fn a_replay_shows_lines_as_far_apart_as_their_times() {
        let mut place = Place::new(PricePace::Replay);
        place.append(b"time,symbol,last\n");
        place.append(line(50, "1").as_bytes());
        place.append(line(53, "2").as_bytes());
        place.append(line(53, "3").as_bytes());
        place.append(line(60, "4").as_bytes());
        assert_eq!(place.reads_at(1_000), prices(&["1"]));
        assert_eq!(place.reads_at(1_002), prices(&[]));
        assert_eq!(place.reads_at(1_003), prices(&["2", "3"]));
        assert_eq!(place.reads_at(1_100), prices(&["4"]));
        assert_eq!(place.reads_at(2_000), prices(&[]));
    }
}
