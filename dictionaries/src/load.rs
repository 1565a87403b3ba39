//! Reading the QuickFIX XML format: names resolved, components flattened, groups compiled once each.

use crate::dictionary::Parts;
use crate::field::{ListedValue, ValueList};
use crate::layout::{Category, GroupDef, GroupId, Layout, Member, MessageDef};
use crate::nesting::too_deep_at;
use crate::part::Part;
use crate::{DictionaryError, DictionaryFault as Fault, FieldDef, FieldId, FieldType};
use roxmltree::{Document, Node};
use std::collections::HashMap;

/// Largest file. The largest dictionary in circulation (FIX 5.0 SP2) is about 1.5 MB.
pub(crate) const FILE_BYTES_MAX: usize = 16 << 20;
/// Most fields; FIX Latest has about 6,000. Bounds the tables together with the next two.
const FIELDS_MAX: usize = 10_000;
/// Most messages; FIX Latest has under 200.
const MESSAGES_MAX: usize = 1_000;
/// Most group definitions; FIX Latest has under 1,000.
const GROUPS_MAX: usize = 4_000;
/// Deepest nesting of components and groups in one another; FIX 5.0 SP2 stays under 10. Keeps the recursion small.
const NESTING_MAX: usize = 32;
/// Most members over all expansions: a hostile file's components could otherwise multiply without end.
const EXPANSIONS_MAX: usize = 1_000_000;

pub(crate) type Result<T> = std::result::Result<T, DictionaryError>;

/// Compiles `xml`, with what `overlay` adds to it.
pub(crate) fn load(xml: &str, overlay: Option<&str>) -> Result<Parts> {
    let document = parse(xml)?;
    let overlay = overlay.map(parse).transpose()?;
    let root = Part { base: root_of(&document)?, added: overlay.as_ref().map(root_of).transpose()? };
    let version = Version::of(&root.base)?;
    let fields = read_fields(&root)?;
    let components = read_components(&root)?;
    let mut builder = Builder::new(&fields, components);
    let header = builder.layout(&root.child("header")?)?;
    let trailer = builder.layout(&root.child("trailer")?)?;
    let messages = builder.messages(&root)?;
    let groups = builder.into_groups();
    let mut fields = fields.list;
    type_counters(&mut fields, &groups);
    pair_data_fields(
        &mut fields,
        [&header, &trailer].into_iter().chain(messages.iter().map(|m| &m.body)),
        &groups,
    );
    Ok(Parts { begin_string: version.begin_string(), fields, header, trailer, groups, messages })
}

fn parse(xml: &str) -> Result<Document<'_>> {
    if xml.len() > FILE_BYTES_MAX {
        return Err(DictionaryError {
            line: 1,
            fault: Fault::TooLarge { what: "file bytes", max: FILE_BYTES_MAX },
        });
    }
    if let Some(line) = too_deep_at(xml, NESTING_MAX) {
        return Err(DictionaryError { line, fault: Fault::TooLarge { what: "nesting", max: NESTING_MAX } });
    }
    Document::parse(xml)
        .map_err(|e| DictionaryError { line: e.pos().row, fault: Fault::NotXml(e.to_string()) })
}

fn root_of<'a, 'x>(document: &'a Document<'x>) -> Result<Node<'a, 'x>> {
    let root = document.root_element();
    if root.tag_name().name() == "fix" { Ok(root) } else { Err(at(&root, Fault::MissingElement("fix"))) }
}

pub(crate) fn at(node: &Node<'_, '_>, fault: Fault) -> DictionaryError {
    DictionaryError { line: node.document().text_pos_at(node.range().start).row, fault }
}

pub(crate) fn elements<'a, 'x>(
    parent: &Node<'a, 'x>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'x>> + use<'a, 'x> {
    parent.children().filter(move |n| n.is_element() && n.tag_name().name() == name)
}

fn attribute<'a>(node: &Node<'a, '_>, attribute: &'static str) -> Result<&'a str> {
    node.attribute(attribute).ok_or_else(|| {
        let element = node.tag_name().name().to_owned();
        let name = node.attribute("name").unwrap_or_default().to_owned();
        at(node, Fault::MissingAttribute { element, name, attribute })
    })
}

fn bad(node: &Node<'_, '_>, attribute: &'static str) -> DictionaryError {
    let name = node.attribute("name").unwrap_or_default().to_owned();
    let value = node.attribute(attribute).unwrap_or_default().to_owned();
    at(node, Fault::BadAttribute { name, attribute, value })
}

fn is_yes(node: &Node<'_, '_>, name: &'static str) -> Result<bool> {
    match attribute(node, name)? {
        "Y" | "y" => Ok(true),
        "N" | "n" => Ok(false),
        _ => Err(bad(node, name)),
    }
}

/// The file's FIX version.
struct Version<'a> {
    kind: &'a str,
    major: u32,
    minor: u32,
}

impl<'a> Version<'a> {
    fn of(root: &Node<'a, '_>) -> Result<Self> {
        let number = |name| attribute(root, name)?.parse().map_err(|_| bad(root, name));
        Ok(Self {
            kind: root.attribute("type").unwrap_or("FIX"),
            major: number("major")?,
            minor: number("minor")?,
        })
    }

    fn begin_string(&self) -> Box<str> {
        format!("{}.{}.{}", self.kind, self.major, self.minor).into()
    }
}

/// Fields by tag, and their ids by name.
struct Fields<'a> {
    list: Vec<FieldDef>,
    ids: HashMap<&'a str, FieldId>,
}

fn read_fields<'a>(root: &Part<'a, '_>) -> Result<Fields<'a>> {
    let mut list: Vec<FieldDef> = Vec::new();
    let mut names: HashMap<&str, u32> = HashMap::new();
    let mut tags: HashMap<u32, usize> = HashMap::new();
    let part = root.child("fields")?;
    for node in part.elements("field") {
        if list.len() == FIELDS_MAX {
            return Err(at(&node, Fault::TooLarge { what: "count of fields", max: FIELDS_MAX }));
        }
        let field = read_field(&node)?;
        let name = attribute(&node, "name")?;
        if part.is_added(&node)
            && let Some(known) = tags.get(&field.tag).map(|at| &mut list[*at])
            && *known.name == *name
        {
            known.values = known.values.with(&field.values);
            continue;
        }
        if names.insert(name, field.tag).is_some() {
            return Err(at(&node, Fault::Duplicate { what: "field", name: name.to_owned() }));
        }
        if tags.insert(field.tag, list.len()).is_some() {
            return Err(at(&node, Fault::Duplicate { what: "field number", name: field.tag.to_string() }));
        }
        list.push(field);
    }
    list.sort_by_key(|f| f.tag);
    let id_of = |tag: u32| list.binary_search_by_key(&tag, |f| f.tag).map(|id| FieldId(id as u16));
    let ids = names.into_iter().filter_map(|(name, tag)| Some((name, id_of(tag).ok()?))).collect();
    Ok(Fields { list, ids })
}

fn read_field(node: &Node<'_, '_>) -> Result<FieldDef> {
    let tag = attribute(node, "number")?.parse().ok().filter(|&tag: &u32| tag > 0);
    let kind = FieldType::from_name(attribute(node, "type")?).ok_or_else(|| bad(node, "type"))?;
    let wrapped = elements(node, "values").next();
    let open = [Some(*node), wrapped].iter().flatten().any(|n| n.attribute("allowOtherValues") == Some("Y"));
    let mut labels = Vec::new();
    for value in elements(&wrapped.unwrap_or(*node), "value") {
        let label = value.attribute("description").unwrap_or_default();
        labels.push(ListedValue { value: attribute(&value, "enum")?.as_bytes().into(), label: label.into() });
    }
    Ok(FieldDef {
        tag: tag.ok_or_else(|| bad(node, "number"))?,
        kind,
        partner: 0,
        values: ValueList::new(labels, open),
        name: attribute(node, "name")?.into(),
    })
}

fn read_components<'a, 'x>(root: &Part<'a, 'x>) -> Result<HashMap<&'a str, Part<'a, 'x>>> {
    let mut components: HashMap<&str, Part<'_, '_>> = HashMap::new();
    let Some(part) = root.optional_child("components") else { return Ok(components) };
    for node in part.elements("component") {
        let name = attribute(&node, "name")?;
        match components.get_mut(name) {
            Some(known) if known.added.is_none() && part.is_added(&node) => known.added = Some(node),
            Some(_) => return Err(at(&node, Fault::Duplicate { what: "component", name: name.to_owned() })),
            None => _ = components.insert(name, Part::of(node)),
        }
    }
    Ok(components)
}

/// Compiles layouts; groups on the way, each XML element once.
struct Builder<'f, 'a, 'x> {
    fields: &'f Fields<'a>,
    components: HashMap<&'a str, Part<'a, 'x>>,
    groups: Vec<Option<GroupDef>>,
    group_ids: HashMap<Node<'a, 'x>, GroupId>,
    expansions: usize,
    /// Components and groups we are inside of, outermost first.
    path: Vec<Node<'a, 'x>>,
}

impl<'f, 'a, 'x> Builder<'f, 'a, 'x> {
    fn new(fields: &'f Fields<'a>, components: HashMap<&'a str, Part<'a, 'x>>) -> Self {
        Self {
            fields,
            components,
            groups: Vec::new(),
            group_ids: HashMap::new(),
            expansions: 0,
            path: Vec::new(),
        }
    }

    fn into_groups(self) -> Vec<GroupDef> {
        self.groups.into_iter().flatten().collect()
    }

    fn messages(&mut self, root: &Part<'a, 'x>) -> Result<Vec<MessageDef>> {
        let mut messages: Vec<MessageDef> = Vec::new();
        let mut seen = HashMap::new();
        for message in messages_of(root)? {
            let node = &message.base;
            let name = attribute(node, "name")?;
            let msg_type = attribute(node, "msgtype")?;
            for (what, key) in [("message", name), ("MsgType", msg_type)] {
                if seen.insert((what, key), ()).is_some() {
                    return Err(at(node, Fault::Duplicate { what, name: key.to_owned() }));
                }
            }
            if messages.len() == MESSAGES_MAX {
                return Err(at(node, Fault::TooLarge { what: "count of messages", max: MESSAGES_MAX }));
            }
            messages.push(MessageDef {
                name: name.into(),
                msg_type: msg_type.as_bytes().into(),
                category: category(node, msg_type)?,
                body: self.layout(&message)?,
            });
        }
        Ok(messages)
    }

    fn layout(&mut self, parent: &Part<'a, 'x>) -> Result<Layout> {
        let mut members = Members { list: Vec::new(), seen: vec![false; self.fields.list.len()] };
        self.expand(parent, true, &mut members)?;
        Ok(Layout::new(members.list, &self.fields.list))
    }

    fn expand(&mut self, parent: &Part<'a, 'x>, required: bool, out: &mut Members) -> Result<()> {
        if self.path.len() == NESTING_MAX {
            return Err(at(&parent.base, Fault::TooLarge { what: "nesting", max: NESTING_MAX }));
        }
        self.path.push(parent.base);
        for part in parent.members()? {
            let node = part.base;
            self.expansions += 1;
            if self.expansions > EXPANSIONS_MAX {
                return Err(at(&node, Fault::TooLarge { what: "count of members", max: EXPANSIONS_MAX }));
            }
            match node.tag_name().name() {
                "field" => {
                    let field = self.field(&node)?;
                    let required = is_yes(&node, "required")? && required;
                    out.push(
                        &node,
                        Member { field, tag: self.fields.list[field.index()].tag, required, group: None },
                    )?;
                }
                "group" => {
                    let field = self.field(&node)?;
                    let required = is_yes(&node, "required")? && required;
                    let group = Some(self.group(&part, field)?);
                    out.push(
                        &node,
                        Member { field, tag: self.fields.list[field.index()].tag, required, group },
                    )?;
                }
                "component" => {
                    let component = self.component(&node)?;
                    let required = is_yes(&node, "required")? && required;
                    self.expand(&component, required, out)?;
                }
                _ => {}
            }
        }
        self.path.pop();
        Ok(())
    }

    fn field(&self, node: &Node<'a, 'x>) -> Result<FieldId> {
        let name = attribute(node, "name")?;
        let id = self.fields.ids.get(name).copied();
        id.ok_or_else(|| at(node, Fault::UnknownField(name.to_owned())))
    }

    fn component(&self, node: &Node<'a, 'x>) -> Result<Part<'a, 'x>> {
        let name = attribute(node, "name")?;
        let component =
            *self.components.get(name).ok_or_else(|| at(node, Fault::UnknownComponent(name.to_owned())))?;
        if self.path.contains(&component.base) {
            return Err(at(node, Fault::ComponentCycle(name.to_owned())));
        }
        Ok(component)
    }

    fn group(&mut self, part: &Part<'a, 'x>, counter: FieldId) -> Result<GroupId> {
        let node = &part.base;
        if let Some(&id) = self.group_ids.get(node) {
            return Ok(id);
        }
        let name = || node.attribute("name").unwrap_or_default().to_owned();
        let count = &self.fields.list[counter.index()];
        if !may_count(count.kind) {
            return Err(at(node, Fault::CounterNotNumInGroup(name())));
        }
        let id = GroupId(self.groups.len() as u16);
        if self.groups.len() == GROUPS_MAX {
            return Err(at(node, Fault::TooLarge { what: "count of groups", max: GROUPS_MAX }));
        }
        self.groups.push(None);
        self.group_ids.insert(*node, id);
        let layout = self.layout(part)?;
        if layout.members().first().is_none_or(|first| first.group.is_some()) {
            return Err(at(node, Fault::GroupWithoutDelimiter(name())));
        }
        self.groups[usize::from(id.0)] = Some(GroupDef { count_tag: count.tag, layout });
        Ok(id)
    }
}

/// Types that files in circulation give a counter: NUMINGROUP came with FIX 4.3, and some counters stayed INT or even
/// STRING. That the field counts a group is what the file says most plainly.
fn may_count(kind: FieldType) -> bool {
    matches!(kind, FieldType::NumInGroup | FieldType::Int | FieldType::String)
}

/// What counts a group is a NUMINGROUP, whatever its file calls it.
fn type_counters(fields: &mut [FieldDef], groups: &[GroupDef]) {
    for group in groups {
        if let Ok(at) = fields.binary_search_by_key(&group.count_tag, |f| f.tag) {
            fields[at].kind = FieldType::NumInGroup;
        }
    }
}

/// Messages, each with what the overlay adds to it, then those the overlay brings.
fn messages_of<'a, 'x>(root: &Part<'a, 'x>) -> Result<Vec<Part<'a, 'x>>> {
    let part = root.child("messages")?;
    let (added, base): (Vec<_>, Vec<_>) = part.elements("message").partition(|node| part.is_added(node));
    let of_type = |node: &Node<'_, '_>, other: &Node<'_, '_>| {
        node.attribute("msgtype") == other.attribute("msgtype")
            && node.attribute("name") == other.attribute("name")
    };
    let mut messages: Vec<_> = base
        .iter()
        .map(|node| Part { base: *node, added: added.iter().find(|a| of_type(a, node)).copied() })
        .collect();
    messages
        .extend(added.iter().filter(|a| !base.iter().any(|node| of_type(a, node))).copied().map(Part::of));
    Ok(messages)
}

/// Members of one layout as they are found; none may come twice.
struct Members {
    list: Vec<Member>,
    seen: Vec<bool>,
}

impl Members {
    fn push(&mut self, node: &Node<'_, '_>, member: Member) -> Result<()> {
        if std::mem::replace(&mut self.seen[member.field.index()], true) {
            let name = node.attribute("name").unwrap_or_default().to_owned();
            return Err(at(node, Fault::Duplicate { what: "member", name }));
        }
        self.list.push(member);
        Ok(())
    }
}

fn category(node: &Node<'_, '_>, msg_type: &str) -> Result<Category> {
    match node.attribute("msgcat") {
        Some("admin") => Ok(Category::Admin),
        Some("app") => Ok(Category::App),
        None if matches!(msg_type, "0" | "1" | "2" | "3" | "4" | "5" | "A") => Ok(Category::Admin),
        None => Ok(Category::App),
        Some(_) => Err(bad(node, "msgcat")),
    }
}

/// Ties each data field to its length field: the LENGTH that stands right before it in any layout.
fn pair_data_fields<'l>(
    fields: &mut [FieldDef],
    layouts: impl Iterator<Item = &'l Layout>,
    groups: &'l [GroupDef],
) {
    for layout in layouts.chain(groups.iter().map(GroupDef::layout)) {
        for pair in layout.members().windows(2) {
            let (length, data) = (pair[0].field.index(), pair[1].field.index());
            let pairs = fields[data].kind == FieldType::Data
                && fields[data].partner == 0
                && fields[length].partner == 0
                && matches!(fields[length].kind, FieldType::Length | FieldType::Int);
            if pairs {
                fields[data].partner = fields[length].tag;
                fields[length].partner = fields[data].tag;
            }
        }
    }
}
