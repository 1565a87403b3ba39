//! A parsed message, read in place.

use crate::FieldIndex;
use assay_dictionaries::{Dictionary, MessageDef};
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

/// A view of one parsed message: cheap to copy, valid until the index parses the next.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    index: &'a FieldIndex,
    frame: &'a [u8],
    dictionary: &'a Dictionary,
}

impl<'a> Message<'a> {
    pub(crate) fn new(index: &'a FieldIndex, frame: &'a [u8], dictionary: &'a Dictionary) -> Self {
        Self { index, frame, dictionary }
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
        self.dictionary.message(self.msg_type())
    }

    /// Value of a field outside groups, its first if it stands twice.
    pub fn get(&self, tag: u32) -> Option<&'a [u8]> {
        let _ = (tag, self.index);
        None
    }

    /// All fields in wire order, 8 to 10, groups flattened.
    pub fn fields(&self) -> impl Iterator<Item = Field<'a>> + 'a {
        std::iter::empty()
    }

    /// Entries of the group that `count_tag` counts, none if it is absent.
    pub fn groups(&self, count_tag: u32) -> GroupEntries<'a> {
        let _ = count_tag;
        GroupEntries { message: *self }
    }

    /// Where the body stands in the bytes: after the header's last field, before the trailer.
    pub fn body_range(&self) -> Range<usize> {
        0..0
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
        self.get(34).map_or(SeqNumField::Missing, |v| match crate::message::number(v) {
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

/// Entries of one repeating group, in wire order.
#[derive(Clone, Copy)]
pub struct GroupEntries<'a> {
    message: Message<'a>,
}

impl<'a> Iterator for GroupEntries<'a> {
    type Item = GroupEntry<'a>;

    fn next(&mut self) -> Option<GroupEntry<'a>> {
        let _ = self.message;
        None
    }
}

/// One entry of a repeating group.
#[derive(Clone, Copy)]
pub struct GroupEntry<'a> {
    message: Message<'a>,
}

impl<'a> GroupEntry<'a> {
    /// Value of a member of this entry, nested groups left out.
    pub fn get(&self, tag: u32) -> Option<&'a [u8]> {
        self.message.get(tag)
    }

    /// Entries of a group nested in this one.
    pub fn groups(&self, count_tag: u32) -> GroupEntries<'a> {
        self.message.groups(count_tag)
    }
}
