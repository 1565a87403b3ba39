//! Where each field stands: header, body or trailer (V-20), and in which group entry (V-22 to V-24).

use super::{Entry, Faults, MissingMember};
use assay_dictionaries::{Dictionary, GroupId, Layout, Member, MessageDef, TagInfo};

/// What a parse reads: the frame, by which dictionary, and of which message once its type is known.
pub(super) struct Reading<'a> {
    pub(super) frame: &'a [u8],
    pub(super) dictionary: &'a Dictionary,
    pub(super) definition: Option<&'a MessageDef>,
}

impl<'a> Reading<'a> {
    pub(super) fn value_of(&self, entry: &Entry) -> &'a [u8] {
        &self.frame[entry.value as usize..entry.end as usize]
    }
}

/// How a field stands in its message.
#[derive(Clone, Copy)]
pub(super) struct Standing {
    pub(super) depth: u8,
    pub(super) starts_entry: bool,
    pub(super) is_member: bool,
}

impl Standing {
    const MEMBER: Self = Self { depth: 0, starts_entry: false, is_member: true };
    /// It belongs nowhere here.
    const STRANGER: Self = Self { is_member: false, ..Self::MEMBER };
}

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
    pub(super) fn capacity(&self) -> usize {
        self.open.capacity()
    }

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

    /// Places one field; `earlier` are those before it. It goes in by value and only its standing comes out, so
    /// that it stays in registers until it is stored once.
    #[inline]
    pub(super) fn place(
        &mut self,
        reading: &Reading<'_>,
        earlier: &[Entry],
        entry: Entry,
        info: TagInfo,
        faults: &mut Faults,
    ) -> Standing {
        if !self.open.is_empty()
            && let Some(standing) = self.place_in_group(reading, earlier, entry, info, faults)
        {
            return standing;
        }
        if self.part == Part::Header {
            if info.in_header() {
                self.open_counted(reading, earlier, entry, reading.dictionary.header());
                return Standing::MEMBER;
            }
            self.part = Part::Body;
            self.body_start = Some(entry.start as usize);
        }
        match reading.definition.map(MessageDef::body) {
            Some(body) if entry.field.is_some_and(|field| body.place(field).is_some()) => {
                self.leave_trailer(faults);
                self.open_counted(reading, earlier, entry, body);
                Standing::MEMBER
            }
            _ => self.place_elsewhere(reading, entry, info, faults),
        }
    }

    /// Opens the group that a field of the header or the body counts, if it counts one.
    #[inline]
    fn open_counted(&mut self, reading: &Reading<'_>, earlier: &[Entry], entry: Entry, layout: &Layout) {
        let place = entry.field.and_then(|field| layout.place(field));
        if let Some(place) = place.filter(|place| place.counts_group()) {
            self.outermost = (self.part == Part::Header, place.position());
            self.open_group(reading, earlier, entry, &layout.members()[place.position()]);
        }
    }

    /// After the header, a field that is none of the body's.
    #[cold]
    fn place_elsewhere(
        &mut self,
        reading: &Reading<'_>,
        entry: Entry,
        info: TagInfo,
        faults: &mut Faults,
    ) -> Standing {
        if info.in_trailer() {
            self.enter_trailer(entry);
        } else if info.in_header() {
            faults.misplaced.get_or_insert(i64::from(entry.tag));
        } else {
            self.leave_trailer(faults);
            // A type that only the session knows may have any body.
            if reading.definition.is_some() || entry.field.is_none() {
                return Standing::STRANGER;
            }
        }
        Standing::MEMBER
    }

    fn enter_trailer(&mut self, entry: Entry) {
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

    #[cold]
    fn open_group(&mut self, reading: &Reading<'_>, earlier: &[Entry], entry: Entry, member: &Member) {
        let Some(group) = member.group else { return };
        self.open.push(OpenGroup {
            group,
            count_tag: entry.tag,
            expected: count(reading.value_of(&entry)),
            seen: 0,
            last: 0,
            required_seen: 0,
            entry_at: earlier.len() + 1,
            twice: None,
        });
    }

    /// Places a field in the innermost group that has it. Nothing when it belongs outside all groups, which are
    /// closed then. A field that belongs nowhere stays where it stands, so that one stray tag is one fault.
    fn place_in_group(
        &mut self,
        reading: &Reading<'_>,
        earlier: &[Entry],
        entry: Entry,
        info: TagInfo,
        faults: &mut Faults,
    ) -> Option<Standing> {
        while let Some(open) = self.open.last() {
            let layout = reading.dictionary.group(open.group).layout();
            if let Some(place) = entry.field.and_then(|field| layout.place(field)) {
                let standing = self.join_entry(reading, earlier, entry, place.position(), faults);
                if place.counts_group() {
                    self.open_group(reading, earlier, entry, &layout.members()[place.position()]);
                }
                return Some(standing);
            }
            if !self.belongs_outside(reading, entry, info) {
                return Some(Standing { depth: self.open.len() as u8, ..Standing::STRANGER });
            }
            self.close_innermost(reading, earlier, faults);
        }
        None
    }

    fn belongs_outside(&self, reading: &Reading<'_>, entry: Entry, info: TagInfo) -> bool {
        if self.part == Part::Header || info.in_trailer() || info.in_header() {
            return true;
        }
        let Some(field) = entry.field else { return false };
        let in_group =
            |open: &OpenGroup| reading.dictionary.group(open.group).layout().position(field).is_some();
        reading.definition.is_some_and(|d| d.body().position(field).is_some())
            || self.open.iter().any(in_group)
    }

    /// Puts the member at `position` into the innermost group.
    fn join_entry(
        &mut self,
        reading: &Reading<'_>,
        earlier: &[Entry],
        entry: Entry,
        position: usize,
        faults: &mut Faults,
    ) -> Standing {
        let outermost = self.outermost;
        let mut standing = Standing { depth: self.open.len() as u8, ..Standing::MEMBER };
        let Some(open) = self.open.last_mut() else { return standing };
        let layout = reading.dictionary.group(open.group).layout();
        let tag = i64::from(entry.tag);
        if position == 0 || open.seen == 0 {
            if open.seen > 0 {
                open.check_required(earlier, standing.depth, faults, layout, outermost);
            }
            if position > 0 {
                faults.no_delimiter.get_or_insert(tag);
            }
            open.start_entry(earlier.len());
            standing.starts_entry = true;
        } else if position <= open.last {
            // Once a double is known there is nothing more to find by looking back.
            let so_far = &earlier[open.entry_at..];
            if open.twice.is_none() && so_far.iter().any(|e| e.depth == standing.depth && e.tag == entry.tag)
            {
                open.twice = Some(tag);
                return standing;
            }
            faults.out_of_order.get_or_insert(tag);
        }
        open.last = open.last.max(position);
        open.required_seen += usize::from(layout.members()[position].required);
        standing
    }

    fn close_innermost(&mut self, reading: &Reading<'_>, entries: &[Entry], faults: &mut Faults) {
        let depth = self.open.len() as u8;
        let Some(open) = self.open.pop() else { return };
        if open.seen > 0 {
            let layout = reading.dictionary.group(open.group).layout();
            open.check_required(entries, depth, faults, layout, self.outermost);
        }
        open.check_count(faults);
    }

    /// Ends all groups at the end of the frame.
    pub(super) fn close_all(&mut self, reading: &Reading<'_>, entries: &[Entry], faults: &mut Faults) {
        while !self.open.is_empty() {
            self.close_innermost(reading, entries, faults);
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
