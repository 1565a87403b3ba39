//! What may stand where: members of a header, a body, a trailer or a group entry, components flattened.

use crate::{FieldDef, FieldId};

/// One member of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The field.
    pub field: FieldId,
    /// Its tag.
    pub tag: u32,
    /// Effective requirement: required here and in every component on the way here.
    pub required: bool,
    /// The group it counts, if it is a counter.
    pub group: Option<GroupId>,
}

/// A group's number in its dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub(crate) u16);

/// Where a field stands in a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(u16);

impl Place {
    const COUNTER: u16 = 1 << 15;

    /// Position among the members.
    #[inline]
    pub const fn position(self) -> usize {
        (self.0 & !Self::COUNTER) as usize - 1
    }

    /// Whether the field counts a group here.
    #[inline]
    pub const fn counts_group(self) -> bool {
        self.0 & Self::COUNTER != 0
    }
}

/// Members in dictionary order, with a table from field to place.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    members: Box<[Member]>,
    /// By [`FieldId`]: position + 1 with a bit for counters, 0 for a field that is no member.
    places: Box<[u16]>,
    /// The required members, in dictionary order.
    required: Box<[Member]>,
}

impl Layout {
    pub(crate) fn new(members: Vec<Member>, fields: &[FieldDef]) -> Self {
        let mut places = vec![0; fields.len()].into_boxed_slice();
        for (at, member) in members.iter().enumerate() {
            let counter = if member.group.is_some() { Place::COUNTER } else { 0 };
            places[member.field.index()] = (at as u16 + 1) | counter;
        }
        let required = members.iter().copied().filter(|m| m.required).collect();
        Self { members: members.into(), places, required }
    }

    /// All members in dictionary order, groups by their counters.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Required members in dictionary order.
    pub fn required(&self) -> &[Member] {
        &self.required
    }

    /// Where a field stands, if it is a member.
    #[inline]
    pub fn place(&self, field: FieldId) -> Option<Place> {
        match self.places.get(field.index()) {
            None | Some(0) => None,
            Some(&place) => Some(Place(place)),
        }
    }

    /// Position of a field among the members.
    #[inline]
    pub fn position(&self, field: FieldId) -> Option<usize> {
        self.place(field).map(Place::position)
    }

    /// The member that a field is.
    #[inline]
    pub fn member(&self, field: FieldId) -> Option<&Member> {
        self.members.get(self.position(field)?)
    }
}

/// A repeating group. Its first member starts each entry.
#[derive(Debug, Clone)]
pub struct GroupDef {
    pub(crate) count_tag: u32,
    pub(crate) layout: Layout,
}

impl GroupDef {
    /// Tag of the counter.
    pub const fn count_tag(&self) -> u32 {
        self.count_tag
    }

    /// Members of one entry.
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The tag each entry starts with.
    pub fn delimiter(&self) -> u32 {
        self.layout.members.first().map_or(0, |m| m.tag)
    }
}

/// Whether a message is replayed or gap filled (`msgcat`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// Session level: gap filled.
    Admin,
    /// Business level: resent.
    App,
}

/// A message type.
#[derive(Debug, Clone)]
pub struct MessageDef {
    pub(crate) name: Box<str>,
    pub(crate) msg_type: Box<[u8]>,
    pub(crate) category: Category,
    pub(crate) body: Layout,
}

impl MessageDef {
    /// Name, such as `NewOrderSingle`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `MsgType(35)`.
    pub fn msg_type(&self) -> &[u8] {
        &self.msg_type
    }

    /// Admin or app.
    pub const fn category(&self) -> Category {
        self.category
    }

    /// Members of the body.
    pub const fn body(&self) -> &Layout {
        &self.body
    }
}
