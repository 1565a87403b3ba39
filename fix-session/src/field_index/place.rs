//! Where each field stands: header, body or trailer (V-20), and in which group entry (V-22 to V-24).

use super::{Entry, Faults, MissingMember, tag_number};
use assay_dictionaries::{Dictionary, FieldId, GroupId, Layout, Member, MessageDef};

/// Part of the message we are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Part {
    #[default]
    Header,
    Body,
    Trailer,
}

/// A counted number of entries that cannot be compared: V-15 or V-23 refuse the count itself.
const NO_COUNT: u32 = u32::MAX;

/// A group we are inside of. Nesting is bounded by the dictionary's.
#[derive(Debug)]
struct OpenGroup {
    group: GroupId,
    count_tag: u32,
    expected: u32,
    seen: u32,
    /// Highest position of a member of this entry in its layout.
    last: usize,
    /// Required members seen in this entry.
    required_seen: usize,
    /// Index of the first field of this entry.
    entry_at: usize,
    /// A member that came twice in one entry: a fault of its own, or the start of an entry without delimiter.
    twice: Option<i64>,
}

/// Places fields one by one.
#[derive(Debug, Default)]
pub(super) struct Placer {
    part: Part,
    open: Vec<OpenGroup>,
    /// Position of the outermost open group among its part's members, and whether that part is the header.
    outermost: (bool, usize),
    body_start: Option<usize>,
    trailer_start: Option<usize>,
    trailer_tag: u32,
}

impl Placer {
    pub(super) fn reset(&mut self) {
        self.part = Part::Header;
        self.open.clear();
        self.body_start = None;
        self.trailer_start = None;
    }

    /// Bytes of the body.
    pub(super) fn body(&self, frame_len: usize) -> std::ops::Range<usize> {
        let end = self.trailer_start.unwrap_or(frame_len);
        self.body_start.unwrap_or(end).min(end)..end
    }

    /// Places the last entry.
    #[inline]
    pub(super) fn place(
        &mut self,
        frame: &[u8],
        entries: &mut [Entry],
        faults: &mut Faults,
        dictionary: &Dictionary,
        definition: Option<&MessageDef>,
    ) {
        if !self.open.is_empty() && self.place_in_group(frame, entries, faults, dictionary, definition) {
            return;
        }
        let Some((entry, before)) = entries.split_last_mut() else { return };
        let info = dictionary.tag(entry.tag);
        if self.part == Part::Header {
            if info.in_header() {
                entry.is_member = true;
                let member = entry.field.and_then(|field| dictionary.header().member(field));
                return self.open_counted(frame, entry, before.len(), member, dictionary.header());
            }
            self.part = Part::Body;
            self.body_start = Some(entry.start as usize);
        }
        let layout = definition.map(MessageDef::body);
        let member = layout.zip(entry.field).and_then(|(layout, field)| layout.member(field));
        if let (Some(layout), Some(member)) = (layout, member) {
            self.leave_trailer(faults);
            entry.is_member = true;
            return self.open_counted(frame, entry, before.len(), Some(member), layout);
        }
        if info.in_trailer() {
            entry.is_member = true;
            return self.enter_trailer(entry);
        }
        if info.in_header() {
            entry.is_member = true;
            faults.misplaced.get_or_insert(i64::from(entry.tag));
            return;
        }
        self.leave_trailer(faults);
        // A type that only the session knows may have any body.
        entry.is_member = definition.is_none() && entry.field.is_some();
    }

    fn enter_trailer(&mut self, entry: &Entry) {
        if self.part == Part::Body {
            self.part = Part::Trailer;
            self.trailer_start = Some(entry.start as usize);
            self.trailer_tag = entry.tag;
        }
    }

    /// A body field after a trailer field: the trailer field stood too early.
    #[inline]
    fn leave_trailer(&mut self, faults: &mut Faults) {
        if self.part == Part::Trailer {
            faults.misplaced.get_or_insert(i64::from(self.trailer_tag));
            self.part = Part::Body;
            self.trailer_start = None;
        }
    }

    /// Opens the group that a field outside groups counts.
    #[inline]
    fn open_counted(
        &mut self,
        frame: &[u8],
        entry: &Entry,
        at: usize,
        member: Option<&Member>,
        layout: &Layout,
    ) {
        if let Some(group) = member.and_then(|member| member.group) {
            let position = entry.field.and_then(|field| layout.position(field)).unwrap_or(0);
            self.outermost = (self.part == Part::Header, position);
            self.open_group(frame, entry, at, group);
        }
    }

    fn open_group(&mut self, frame: &[u8], entry: &Entry, at: usize, group: GroupId) {
        self.open.push(OpenGroup {
            group,
            count_tag: entry.tag,
            expected: count(&frame[entry.value as usize..entry.end as usize]),
            seen: 0,
            last: 0,
            required_seen: 0,
            entry_at: at + 1,
            twice: None,
        });
    }

    /// Places the last entry in the innermost group that has it. False when it belongs outside all groups, which are
    /// closed then. A field that belongs nowhere stays where it stands, so that one stray tag is one fault.
    fn place_in_group(
        &mut self,
        frame: &[u8],
        entries: &mut [Entry],
        faults: &mut Faults,
        dictionary: &Dictionary,
        definition: Option<&MessageDef>,
    ) -> bool {
        let at = entries.len() - 1;
        let field = entries[at].field;
        while let Some(open) = self.open.last() {
            let layout = dictionary.group(open.group).layout();
            let position = field.and_then(|field| layout.position(field));
            if let Some(position) = position {
                self.join_entry(frame, entries, faults, layout, position);
                if let Some(group) = layout.members()[position].group {
                    self.open_group(frame, &entries[at], at, group);
                }
                return true;
            }
            if !self.belongs_outside(field, entries[at].tag, dictionary, definition) {
                entries[at].depth = self.open.len() as u8;
                return true;
            }
            self.close_innermost(&entries[..at], faults, dictionary);
        }
        false
    }

    fn belongs_outside(
        &self,
        field: Option<FieldId>,
        tag: u32,
        dictionary: &Dictionary,
        definition: Option<&MessageDef>,
    ) -> bool {
        let Some(field) = field else { return self.part == Part::Header };
        let info = dictionary.tag(tag);
        self.part == Part::Header
            || info.in_trailer()
            || info.in_header()
            || definition.is_some_and(|d| d.body().position(field).is_some())
            || self.open.iter().any(|g| dictionary.group(g.group).layout().position(field).is_some())
    }

    /// Puts the last entry, the member at `position`, into the innermost group.
    fn join_entry(
        &mut self,
        frame: &[u8],
        entries: &mut [Entry],
        faults: &mut Faults,
        layout: &Layout,
        position: usize,
    ) {
        let depth = self.open.len() as u8;
        let outermost = self.outermost;
        let Some(open) = self.open.last_mut() else { return };
        let at = entries.len() - 1;
        let tag = tag_number(frame, &entries[at]);
        entries[at].depth = depth;
        entries[at].is_member = true;
        if position == 0 || open.seen == 0 {
            if open.seen > 0 {
                open.check_required(&entries[..at], depth, faults, layout, outermost);
            }
            if position > 0 {
                faults.no_delimiter.get_or_insert(tag);
            }
            open.start_entry(at);
            entries[at].starts_entry = true;
        } else if position <= open.last {
            let earlier = &entries[open.entry_at..at];
            // Once a double is known there is nothing more to find by looking back.
            if open.twice.is_none() && earlier.iter().any(|e| e.depth == depth && e.tag == entries[at].tag) {
                open.twice = Some(tag);
                return;
            }
            faults.out_of_order.get_or_insert(tag);
        }
        open.last = open.last.max(position);
        open.required_seen += usize::from(layout.members()[position].required);
    }

    fn close_innermost(&mut self, entries: &[Entry], faults: &mut Faults, dictionary: &Dictionary) {
        let depth = self.open.len() as u8;
        let Some(open) = self.open.pop() else { return };
        if open.seen > 0 {
            open.check_required(
                entries,
                depth,
                faults,
                dictionary.group(open.group).layout(),
                self.outermost,
            );
        }
        open.check_count(faults);
    }

    /// Ends all groups at the end of the frame.
    pub(super) fn close_all(&mut self, entries: &[Entry], faults: &mut Faults, dictionary: &Dictionary) {
        while !self.open.is_empty() {
            self.close_innermost(entries, faults, dictionary);
        }
    }
}

impl OpenGroup {
    fn start_entry(&mut self, at: usize) {
        self.seen = self.seen.saturating_add(1);
        self.entry_at = at;
        self.last = 0;
        self.required_seen = 0;
    }

    /// Compares the count, and decides what a member that came twice was: with an entry too few it began one
    /// without the delimiter (V-24), otherwise it is a double (V-21).
    fn check_count(&self, faults: &mut Faults) {
        if let Some(tag) = self.twice {
            let lacks_entries = self.expected != NO_COUNT && self.seen < self.expected;
            let fault = if lacks_entries { &mut faults.no_delimiter } else { &mut faults.twice };
            fault.get_or_insert(tag);
        }
        if self.expected != NO_COUNT && self.seen != self.expected {
            faults.count.get_or_insert(i64::from(self.count_tag));
        }
    }

    /// Notes the first required member that the entry ending here lacks.
    fn check_required(
        &self,
        entries: &[Entry],
        depth: u8,
        faults: &mut Faults,
        layout: &Layout,
        (in_header, position): (bool, usize),
    ) {
        let known_earlier =
            faults.missing.is_some_and(|m| (!m.in_header, m.position) <= (!in_header, position));
        if self.required_seen >= layout.required().len() || known_earlier {
            return;
        }
        let entry = &entries[self.entry_at..];
        let missing = |member: &&Member| !entry.iter().any(|e| e.depth == depth && e.tag == member.tag);
        if let Some(member) = layout.required().iter().find(missing) {
            faults.missing = Some(MissingMember { in_header, position, tag: i64::from(member.tag) });
        }
    }
}

/// NumInGroup: digits, holding at the largest that can be compared; anything else is refused as a value.
fn count(text: &[u8]) -> u32 {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return NO_COUNT;
    }
    text.iter().fold(0u32, |n, &b| n.saturating_mul(10).saturating_add(u32::from(b - b'0'))).min(NO_COUNT - 1)
}
