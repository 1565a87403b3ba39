//! One pass from a frame to fields, parts and groups, in tables that are reused from message to message.
//!
//! ```text
//! frame -> token: tag=value SOH, data by length -> place: part, group depth, doubles -> Entry, faults of structure
//! ```

mod lent;
mod place;
mod token;

use crate::{FrameFault, Message, Profile, SessionRejectReason, Violation};
use assay_dictionaries::{Dictionary, FieldId, TagInfo};
pub(crate) use lent::LentIndex;
use place::{Placer, Reading, Standing};
use token::{Token, Tokens};

/// Tags below this are found by array access; the standard's end below 1,000, user tags below 10,000.
/// Higher ones are kept sorted per message.
const TABLE_TAGS: usize = 16_384;

/// Entries kept allocated between messages. A larger message (at most one per three bytes of the longest frame)
/// is indexed too; its room is given back by the next parse.
const WARM_ENTRIES: usize = 8_192;

/// One field of the frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// 0 when it is no positive number below 2^32.
    pub(crate) tag: u32,
    /// Where `tag=` starts.
    pub(crate) start: u32,
    /// Where the value starts.
    pub(crate) value: u32,
    /// Where the value ends (its SOH).
    pub(crate) end: u32,
    /// The dictionary's field, if it has the tag.
    pub(crate) field: Option<FieldId>,
    /// Groups it stands in.
    pub(crate) depth: u8,
    /// First of a group entry.
    pub(crate) starts_entry: bool,
    /// Belongs where it stands: to the header, the trailer, the message or the group entry (else V-13).
    pub(crate) is_member: bool,
}

/// Faults of structure, the first of each kind, kept for [`crate::check_structure`].
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// 14 (V-20).
    pub(crate) misplaced: Option<i64>,
    /// 13 (V-21).
    pub(crate) twice: Option<i64>,
    /// 15, an entry that does not start with its first field (V-24).
    pub(crate) no_delimiter: Option<i64>,
    /// 15, members out of order, which a session may allow (V-24).
    pub(crate) out_of_order: Option<i64>,
    /// 16 (V-22).
    pub(crate) count: Option<i64>,
    /// 17 (V-25).
    pub(crate) cut: Option<i64>,
    /// 5, a data field that is not as long as its length says (V-26).
    pub(crate) wrong_length: Option<i64>,
    /// 1, a data field without its length, which a session may allow (V-26).
    pub(crate) no_length: Option<i64>,
    /// 1, required members missing in group entries: the first in dictionary order (V-16).
    pub(crate) missing: Option<MissingMember>,
}

/// A required member that a group entry lacks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MissingMember {
    /// The group is one of the header.
    pub(crate) in_header: bool,
    /// Position of the outermost group's counter among the members of its part.
    pub(crate) position: usize,
    /// What is missing.
    pub(crate) tag: i64,
}

/// Reusable tables of one parser: no allocation per message once warm. One per thread is enough.
#[derive(Debug)]
pub struct FieldIndex {
    entries: Vec<Entry>,
    /// By tag: generation of the message it was last seen in (high half), index of its entry (low half).
    first: Box<[u64]>,
    generation: u32,
    /// Tags of [`TABLE_TAGS`] and up outside groups, with their entries.
    high: Vec<(u32, u32)>,
    placer: Placer,
    pub(crate) faults: Faults,
    pub(crate) has_data: bool,
    body: std::ops::Range<usize>,
}

impl Default for FieldIndex {
    fn default() -> Self {
        Self::new()
    }
}

impl FieldIndex {
    /// Empty tables, about 128 KiB.
    pub fn new() -> Self {
        Self {
            entries: Vec::with_capacity(64),
            first: vec![0; TABLE_TAGS].into_boxed_slice(),
            generation: 0,
            high: Vec::new(),
            placer: Placer::default(),
            faults: Faults::default(),
            has_data: false,
            body: 0..0,
        }
    }

    /// Indexes `frame` (of [`crate::Framer`]). Faults of structure are kept in the message for
    /// [`crate::check_message`], so `34`, `49`, `56`, `52`, `43` and `122` can be read wherever they stand (V-20).
    ///
    /// # Errors
    /// Only under [`Profile::Interop`]: a piece without `tag=` makes the frame garbled (V-25).
    pub fn parse<'a>(
        &'a mut self,
        frame: &'a [u8],
        dictionary: &'a Dictionary,
        profile: Profile,
    ) -> Result<Message<'a>, FrameFault> {
        self.reset();
        let mut tokens = Tokens::new(frame, dictionary);
        let mut reading = Reading { frame, dictionary, definition: None };
        while let Some(token) = tokens.next(&mut self.faults) {
            match token {
                Token::Field(entry, info) => {
                    if self.entries.len() == 2 && entry.tag == 35 {
                        reading.definition = dictionary.message(reading.value_of(&entry));
                    }
                    self.add(&reading, entry, info);
                }
                Token::NoField if profile == Profile::Interop => return Err(FrameFault::NotAField),
                Token::NoField => self.cut(frame),
            }
        }
        self.has_data = tokens.has_data();
        self.finish(&reading);
        Ok(Message::new(self, frame, dictionary, reading.definition))
    }

    fn reset(&mut self) {
        self.entries.clear();
        self.entries.shrink_to(WARM_ENTRIES);
        self.high.clear();
        self.high.shrink_to(WARM_ENTRIES);
        self.placer.reset();
        self.faults = Faults::default();
        self.generation = self.generation.wrapping_add(1);
        if self.generation == 0 {
            self.first.fill(0);
            self.generation = 1;
        }
    }

    #[inline]
    fn add(&mut self, reading: &Reading<'_>, entry: Entry, info: TagInfo) {
        let Standing { depth, starts_entry, is_member } =
            self.placer.place(reading, &self.entries, entry, info, &mut self.faults);
        if depth == 0 && entry.tag != 0 {
            self.note_first(reading, entry, is_member, info);
        }
        self.entries.push(Entry { depth, starts_entry, is_member, ..entry });
    }

    /// Remembers the first of a tag outside groups.
    #[inline]
    fn note_first(&mut self, reading: &Reading<'_>, entry: Entry, is_member: bool, info: TagInfo) {
        let at = self.entries.len();
        let now = u64::from(self.generation) << 32;
        match self.first.get_mut(entry.tag as usize) {
            Some(slot) if *slot >> 32 != u64::from(self.generation) => *slot = now | at as u64,
            Some(_) => self.note_second(reading, entry, is_member, info),
            None => self.high.push((entry.tag, at as u32)),
        }
    }

    /// A tag that comes again is a fault, unless it does not belong here at all (then V-13 says so) or stands in
    /// the body of a type that only the session knows (there it may be of a group).
    #[cold]
    fn note_second(&mut self, reading: &Reading<'_>, entry: Entry, is_member: bool, info: TagInfo) {
        let has_place = match reading.definition {
            Some(_) => is_member,
            None => info.in_header() || info.in_trailer(),
        };
        if has_place || entry.field.is_none() {
            self.faults.twice.get_or_insert(i64::from(entry.tag));
        }
    }

    fn cut(&mut self, frame: &[u8]) {
        if let Some(entry) = self.entries.last() {
            self.faults.cut.get_or_insert(tag_number(frame, entry));
        }
    }

    fn finish(&mut self, reading: &Reading<'_>) {
        self.placer.close_all(reading, &self.entries, &mut self.faults);
        self.body = self.placer.body(reading.frame.len());
        if self.high.is_empty() {
            return;
        }
        self.high.sort_unstable();
        let twice = self.high.windows(2).find(|pair| pair[0].0 == pair[1].0);
        if let Some(pair) = twice {
            self.faults.twice.get_or_insert(i64::from(pair[0].0));
        }
    }

    /// Entries it keeps room for between messages.
    pub(crate) fn capacity(&self) -> usize {
        self.entries.capacity() + self.high.capacity() + self.placer.capacity()
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn body(&self) -> std::ops::Range<usize> {
        self.body.clone()
    }

    /// Index of the first entry of a tag outside groups.
    #[inline]
    pub(crate) fn find(&self, tag: u32) -> Option<usize> {
        match self.first.get(tag as usize) {
            Some(&slot) if slot >> 32 == u64::from(self.generation) => Some((slot & 0xffff_ffff) as usize),
            Some(_) => None,
            None => {
                let at = self.high.partition_point(|&(t, _)| t < tag);
                self.high.get(at).filter(|&&(t, _)| t == tag).map(|&(_, entry)| entry as usize)
            }
        }
    }
}

/// The tag as `RefTagID(371)` repeats it, also one that is 0, negative or beyond the tables.
pub(crate) fn tag_number(frame: &[u8], entry: &Entry) -> i64 {
    if entry.tag != 0 {
        return i64::from(entry.tag);
    }
    let text = &frame[entry.start as usize..entry.value as usize - 1];
    let text = std::str::from_utf8(text).unwrap_or_default();
    // Beyond 64 bits nothing can be named; the reason is what counts then.
    text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX })
}

impl Faults {
    /// The fault that the order of section 0 puts first: 14, 13, 15, 16, 17, then lengths of data.
    pub(crate) fn first(&self, lenient_order: bool, lenient_length: bool) -> Option<Violation> {
        use SessionRejectReason::*;
        [
            (self.misplaced, TagOutOfRequiredOrder),
            (self.twice, TagAppearsMoreThanOnce),
            (self.no_delimiter, GroupFieldsOutOfOrder),
            (self.out_of_order.filter(|_| !lenient_order), GroupFieldsOutOfOrder),
            (self.count, IncorrectNumInGroup),
            (self.wrong_length, ValueIncorrect),
            (self.no_length.filter(|_| !lenient_length), RequiredTagMissing),
            (self.cut, NonDataValueIncludesDelimiter),
        ]
        .into_iter()
        .find_map(|(tag, reason)| tag.map(|tag| Violation::at(reason, tag)))
    }
}
