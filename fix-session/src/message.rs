//! A parsed message, read in place.

use crate::FieldIndex;
use crate::field_index::Entry;
use assay_dictionaries::{Dictionary, FieldType, MessageDef};
use std::ops::Range;

/// `MsgSeqNum(34)` as it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeqNumField {
    /// No field 34 (S-06).
    Missing,
    /// Empty, not digits, negative or beyond `u64` (S-07).
    Invalid,
    /// A number, leading zeros accepted; may be 0.
    Number(u64),
}

/// One field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The tag; 0 when the tag is no positive number below 2^32.
    pub tag: u32,
    /// Bytes between `=` and SOH.
    pub value: &'a [u8],
    /// Where `tag=` starts in the frame.
    pub offset: usize,
}

/// A field of the body and what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyPart<'a> {
    /// The tag of its first field.
    pub tag: u32,
    /// Its fields as they stand, each with its SOH.
    pub bytes: &'a [u8],
}

/// A view of one parsed message: cheap to copy, valid until the index parses the next.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    index: &'a FieldIndex,
    frame: &'a [u8],
    dictionary: &'a Dictionary,
    definition: Option<&'a MessageDef>,
}

impl<'a> Message<'a> {
    pub(crate) fn new(
        index: &'a FieldIndex,
        frame: &'a [u8],
        dictionary: &'a Dictionary,
        definition: Option<&'a MessageDef>,
    ) -> Self {
        Self { index, frame, dictionary, definition }
    }

    pub(crate) fn index(&self) -> &'a FieldIndex {
        self.index
    }

    #[inline]
    pub(crate) fn value_of(&self, entry: &Entry) -> &'a [u8] {
        &self.frame[entry.value as usize..entry.end as usize]
    }

    /// The message byte for byte.
    pub fn bytes(&self) -> &'a [u8] {
        self.frame
    }

    /// The dictionary it was read with.
    pub fn dictionary(&self) -> &'a Dictionary {
        self.dictionary
    }

    /// The dictionary's definition of its MsgType, if it has one.
    pub fn definition(&self) -> Option<&'a MessageDef> {
        self.definition
    }

    /// Value of a field outside groups, its first if it stands twice.
    #[inline]
    pub fn get(&self, tag: u32) -> Option<&'a [u8]> {
        let at = self.index.find(tag)?;
        Some(self.value_of(&self.index.entries()[at]))
    }

    /// All fields in wire order, 8 to 10, groups flattened.
    pub fn fields(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let message = *self;
        self.index.entries().iter().map(move |entry| message.field(entry))
    }

    fn field(&self, entry: &Entry) -> Field<'a> {
        Field { tag: entry.tag, value: self.value_of(entry), offset: entry.start as usize }
    }

    /// Entries of the group outside other groups that `count_tag` counts, none if it is absent.
    pub fn groups(&self, count_tag: u32) -> GroupEntries<'a> {
        match self.index.find(count_tag) {
            Some(at) => GroupEntries { message: *self, next: at + 1, depth: 1 },
            None => GroupEntries { message: *self, next: usize::MAX, depth: 1 },
        }
    }

    /// Where the body stands in the bytes: after the header's last field, before the trailer.
    pub fn body_range(&self) -> Range<usize> {
        self.index.body()
    }

    /// The body's bytes, each field with its SOH.
    pub fn body(&self) -> &'a [u8] {
        &self.frame[self.index.body()]
    }

    /// The body's fields in wire order, each with what has to stay right behind it: a count with its group's entries, a
    /// length with its data.
    pub fn body_parts(&self) -> impl Iterator<Item = BodyPart<'a>> + use<'a> {
        let message = *self;
        let body = self.body_range();
        let entries = self.index.entries();
        let first = entries.partition_point(|e| (e.start as usize) < body.start);
        let behind = entries.partition_point(|e| (e.start as usize) < body.end);
        let mut rest = &entries[first..behind];
        std::iter::from_fn(move || {
            let (head, tail) = rest.split_first()?;
            let joined = tail.iter().take_while(|e| e.depth > 0 || message.is_data(e)).count();
            let last = &rest[joined];
            rest = &tail[joined..];
            Some(BodyPart { tag: head.tag, bytes: &message.frame[head.start as usize..=last.end as usize] })
        })
    }

    fn is_data(&self, entry: &Entry) -> bool {
        entry.field.is_some_and(|id| self.dictionary.field(id).kind() == FieldType::Data)
    }

    /// `BeginString(8)`.
    pub fn begin_string(&self) -> &'a [u8] {
        self.get(8).unwrap_or_default()
    }

    /// `MsgType(35)`.
    pub fn msg_type(&self) -> &'a [u8] {
        self.get(35).unwrap_or_default()
    }

    /// `MsgSeqNum(34)`.
    pub fn seq_num(&self) -> SeqNumField {
        self.get(34).map_or(SeqNumField::Missing, |v| match number(v) {
            Some(n) => SeqNumField::Number(n),
            None => SeqNumField::Invalid,
        })
    }

    /// Value of a field outside groups read as an unsigned number; nothing when absent or no number.
    pub fn get_u64(&self, tag: u32) -> Option<u64> {
        self.get(tag).and_then(number)
    }

    /// Whether a BOOLEAN field outside groups is `Y`.
    pub fn is_yes(&self, tag: u32) -> bool {
        self.get(tag) == Some(b"Y")
    }

    /// `SenderCompID(49)`.
    pub fn sender_comp_id(&self) -> Option<&'a [u8]> {
        self.get(49)
    }

    /// `TargetCompID(56)`.
    pub fn target_comp_id(&self) -> Option<&'a [u8]> {
        self.get(56)
    }

    /// `SendingTime(52)`.
    pub fn sending_time(&self) -> Option<&'a [u8]> {
        self.get(52)
    }

    /// `OrigSendingTime(122)`.
    pub fn orig_sending_time(&self) -> Option<&'a [u8]> {
        self.get(122)
    }

    /// `PossDupFlag(43)` is `Y`; `N` equals absent (D-05).
    pub fn poss_dup(&self) -> bool {
        self.is_yes(43)
    }

    /// `PossResend(97)` is `Y` (D-07).
    pub fn poss_resend(&self) -> bool {
        self.is_yes(97)
    }
}

/// Digits only, no sign.
fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |n, &b| {
        b.is_ascii_digit().then_some(())?;
        n.checked_mul(10)?.checked_add(u64::from(b - b'0'))
    })
}

impl std::fmt::Debug for Message<'_> {
    /// The message with `|` for SOH; credentials and keys masked.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for field in self.fields() {
            let value = if MASKED_TAGS.contains(&field.tag) { b"***" } else { field.value };
            write!(f, "{}={}|", field.tag, value.escape_ascii())?;
        }
        Ok(())
    }
}

/// Signature(89), RawData(96), Password(554) and NewPassword(925) never reach a log.
const MASKED_TAGS: [u32; 4] = [89, 96, 554, 925];

/// Entries of one repeating group, in wire order.
#[derive(Clone, Copy)]
pub struct GroupEntries<'a> {
    message: Message<'a>,
    /// Where the next entry may start; beyond the end when there is none.
    next: usize,
    depth: u8,
}

impl<'a> Iterator for GroupEntries<'a> {
    type Item = GroupEntry<'a>;

    fn next(&mut self) -> Option<GroupEntry<'a>> {
        let rest = self.message.index.entries().get(self.next..)?;
        if rest.first().is_none_or(|first| first.depth < self.depth) {
            return None;
        }
        let ends = |e: &Entry| e.depth < self.depth || e.depth == self.depth && e.starts_entry;
        let len = 1 + rest[1..].iter().take_while(|e| !ends(e)).count();
        let entry = GroupEntry { message: self.message, at: self.next, len, depth: self.depth };
        self.next += len;
        Some(entry)
    }
}

/// One entry of a repeating group.
#[derive(Clone, Copy)]
pub struct GroupEntry<'a> {
    message: Message<'a>,
    at: usize,
    len: usize,
    depth: u8,
}

impl<'a> GroupEntry<'a> {
    fn entries(&self) -> &'a [Entry] {
        &self.message.index.entries()[self.at..self.at + self.len]
    }

    fn find(&self, tag: u32) -> Option<usize> {
        self.entries().iter().position(|e| e.depth == self.depth && e.tag == tag)
    }

    /// Value of a member of this entry, nested groups left out.
    pub fn get(&self, tag: u32) -> Option<&'a [u8]> {
        Some(self.message.value_of(&self.entries()[self.find(tag)?]))
    }

    /// All fields of this entry, nested groups flattened.
    pub fn fields(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let message = self.message;
        self.entries().iter().map(move |entry| message.field(entry))
    }

    /// Entries of a group nested in this one.
    pub fn groups(&self, count_tag: u32) -> GroupEntries<'a> {
        let next = self.find(count_tag).map_or(usize::MAX, |at| self.at + at + 1);
        GroupEntries { message: self.message, next, depth: self.depth + 1 }
    }
}
