//! A compiled dictionary: flat tables, so that a lookup on the hot path is an array access.

use crate::{DictionaryError, FieldDef, FieldId, GroupDef, GroupId, Layout, MessageDef, load};
use std::sync::OnceLock;

/// Tags below this are looked up in an array. The standards stop below 2,000 and user tags below 10,000;
/// a file's higher tags work too, by binary search.
const DENSE_TAGS: u32 = 16_384;

const NO_FIELD: u16 = u16::MAX;

/// What a tag is, in four bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagInfo {
    field: u16,
    class: u8,
}

impl TagInfo {
    const UNKNOWN: Self = Self { field: NO_FIELD, class: 0 };
    const HEADER: u8 = 1;
    const TRAILER: u8 = 2;
    const LENGTH: u8 = 4;
    const DATA: u8 = 8;

    /// The field, unless the dictionary lacks the tag.
    #[inline]
    pub const fn field(self) -> Option<FieldId> {
        if self.field == NO_FIELD { None } else { Some(FieldId(self.field)) }
    }

    /// A member of the header, outside its groups.
    #[inline]
    pub const fn in_header(self) -> bool {
        self.class & Self::HEADER != 0
    }

    /// A member of the trailer.
    #[inline]
    pub const fn in_trailer(self) -> bool {
        self.class & Self::TRAILER != 0
    }

    /// The length of a data field.
    #[inline]
    pub const fn is_length(self) -> bool {
        self.class & Self::LENGTH != 0
    }

    /// A data field that has a length field.
    #[inline]
    pub const fn is_data(self) -> bool {
        self.class & Self::DATA != 0
    }
}

/// One FIX dictionary.
#[derive(Debug, Clone)]
pub struct Dictionary {
    begin_string: Box<str>,
    fields: Box<[FieldDef]>,
    tags: Box<[TagInfo]>,
    high_tags: Box<[(u32, TagInfo)]>,
    header: Layout,
    trailer: Layout,
    groups: Box<[GroupDef]>,
    messages: Box<[MessageDef]>,
    /// Message by a MsgType of one byte; `NO_FIELD` for none.
    one_byte: Box<[u16; 256]>,
    /// Longer MsgTypes, sorted.
    longer: Box<[(Box<[u8]>, u16)]>,
}

/// What the loader has read, before tables.
pub(crate) struct Parts {
    pub(crate) begin_string: Box<str>,
    pub(crate) fields: Vec<FieldDef>,
    pub(crate) header: Layout,
    pub(crate) trailer: Layout,
    pub(crate) groups: Vec<GroupDef>,
    pub(crate) messages: Vec<MessageDef>,
}

impl Dictionary {
    /// The project's FIX 4.4 (`FIX44.xml`), compiled on first use.
    ///
    /// # Panics
    /// Never: the file is part of the program and its tests load it.
    pub fn fix44() -> &'static Self {
        static FIX44: OnceLock<Dictionary> = OnceLock::new();
        FIX44.get_or_init(|| match Self::parse(include_str!("../FIX44.xml")) {
            Ok(dictionary) => dictionary,
            Err(error) => panic!("built-in FIX44.xml: {error}"),
        })
    }

    /// FIX 4.4 with the extensions of Assay's rules of engagement (`FIX44-assay.xml`), compiled on first use.
    ///
    /// # Panics
    /// Never: both files are part of the program and its tests load them.
    pub fn assay() -> &'static Self {
        static ASSAY: OnceLock<Dictionary> = OnceLock::new();
        let overlay = include_str!("../FIX44-assay.xml");
        ASSAY.get_or_init(|| match Self::parse_with_overlay(include_str!("../FIX44.xml"), overlay) {
            Ok(dictionary) => dictionary,
            Err(error) => panic!("built-in FIX44-assay.xml: {error}"),
        })
    }

    /// Reads a dictionary in the QuickFIX XML format. Unknown elements and attributes are ignored.
    ///
    /// # Errors
    /// The first fault with its line: not XML, a name that resolves to nothing, a duplicate, a cycle, a missing
    /// attribute, a group without counter or delimiter, or more than a dictionary may hold.
    pub fn parse(xml: &str) -> Result<Self, DictionaryError> {
        load::load(xml, None).map(Self::compile)
    }

    /// As [`Dictionary::parse`], with fields, listed values, members and messages that `overlay` adds to `xml`.
    ///
    /// # Errors
    /// As [`Dictionary::parse`], in either file; or the overlay redefines what is there.
    pub fn parse_with_overlay(xml: &str, overlay: &str) -> Result<Self, DictionaryError> {
        load::load(xml, Some(overlay)).map(Self::compile)
    }

    fn compile(parts: Parts) -> Self {
        let Parts { begin_string, fields, header, trailer, groups, messages } = parts;
        let info = |id: usize, field: &FieldDef| {
            let flag = |is: bool, bit: u8| if is { bit } else { 0 };
            let id = FieldId(id as u16);
            let is_data = field.kind == crate::FieldType::Data;
            let paired = field.partner != 0;
            TagInfo {
                field: id.0,
                class: flag(header.position(id).is_some(), TagInfo::HEADER)
                    | flag(trailer.position(id).is_some(), TagInfo::TRAILER)
                    | flag(paired && !is_data, TagInfo::LENGTH)
                    | flag(paired && is_data, TagInfo::DATA),
            }
        };
        let dense = fields.iter().map(|f| f.tag).filter(|&tag| tag < DENSE_TAGS).max().unwrap_or(0);
        let mut tags = vec![TagInfo::UNKNOWN; dense as usize + 1].into_boxed_slice();
        let mut high_tags = Vec::new();
        for (id, field) in fields.iter().enumerate() {
            match tags.get_mut(field.tag as usize) {
                Some(slot) => *slot = info(id, field),
                None => high_tags.push((field.tag, info(id, field))),
            }
        }
        high_tags.sort_by_key(|&(tag, _)| tag);
        let mut one_byte = Box::new([NO_FIELD; 256]);
        let mut longer = Vec::new();
        for (at, message) in messages.iter().enumerate() {
            match *message.msg_type {
                [byte] => one_byte[usize::from(byte)] = at as u16,
                _ => longer.push((message.msg_type.clone(), at as u16)),
            }
        }
        longer.sort();
        Self {
            begin_string,
            fields: fields.into(),
            tags,
            high_tags: high_tags.into(),
            header,
            trailer,
            groups: groups.into(),
            messages: messages.into(),
            one_byte,
            longer: longer.into(),
        }
    }

    /// `BeginString(8)` of this version, such as `FIX.4.4`.
    pub fn begin_string(&self) -> &str {
        &self.begin_string
    }

    /// What a tag is.
    #[inline]
    pub fn tag(&self, tag: u32) -> TagInfo {
        match self.tags.get(tag as usize) {
            Some(&info) => info,
            None => self.high_tag(tag),
        }
    }

    #[cold]
    fn high_tag(&self, tag: u32) -> TagInfo {
        let found = self.high_tags.binary_search_by_key(&tag, |&(t, _)| t);
        found.map_or(TagInfo::UNKNOWN, |at| self.high_tags[at].1)
    }

    /// Definition of a field.
    #[inline]
    pub fn field(&self, id: FieldId) -> &FieldDef {
        &self.fields[id.index()]
    }

    /// Definition of a tag.
    pub fn field_of_tag(&self, tag: u32) -> Option<&FieldDef> {
        self.tag(tag).field().map(|id| self.field(id))
    }

    /// All fields by ascending tag.
    pub fn fields(&self) -> &[FieldDef] {
        &self.fields
    }

    /// Members of the header.
    pub const fn header(&self) -> &Layout {
        &self.header
    }

    /// Members of the trailer.
    pub const fn trailer(&self) -> &Layout {
        &self.trailer
    }

    /// A group.
    #[inline]
    pub fn group(&self, id: GroupId) -> &GroupDef {
        &self.groups[usize::from(id.0)]
    }

    /// All groups.
    pub fn groups(&self) -> &[GroupDef] {
        &self.groups
    }

    /// All messages, in the file's order.
    pub fn messages(&self) -> &[MessageDef] {
        &self.messages
    }

    /// Definition of a MsgType(35), case sensitive.
    #[inline]
    pub fn message(&self, msg_type: &[u8]) -> Option<&MessageDef> {
        let at = match *msg_type {
            [byte] => self.one_byte[usize::from(byte)],
            _ => self
                .longer
                .binary_search_by(|(t, _)| (**t).cmp(msg_type))
                .map_or(NO_FIELD, |i| self.longer[i].1),
        };
        self.messages.get(usize::from(at))
    }
}
