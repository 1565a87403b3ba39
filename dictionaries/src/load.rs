//! Reading the QuickFIX XML format: names resolved, components flattened, groups compiled once each.

use crate::dictionary::Parts;
use crate::field::{ListedValue, ValueList};
use crate::layout::{Category, GroupDef, GroupId, Layout, Member, MessageDef};
use crate::nesting::too_deep_at;
use crate::{DictionaryError, DictionaryFault as Fault, FieldDef, FieldId, FieldType};
use roxmltree::{Document, Node, NodeId};
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

type Result<T> = std::result::Result<T, DictionaryError>;

pub(crate) fn load(xml: &str) -> Result<Parts> {
    if xml.len() > FILE_BYTES_MAX {
        return Err(DictionaryError {
            line: 1,
            fault: Fault::TooLarge { what: "file bytes", max: FILE_BYTES_MAX },
        });
    }
    if let Some(line) = too_deep_at(xml, NESTING_MAX) {
        return Err(DictionaryError { line, fault: Fault::TooLarge { what: "nesting", max: NESTING_MAX } });
    }
    let document = Document::parse(xml)
        .map_err(|e| DictionaryError { line: e.pos().row, fault: Fault::NotXml(e.to_string()) })?;
    let root = document.root_element();
    if root.tag_name().name() != "fix" {
        return Err(at(&root, Fault::MissingElement("fix")));
    }
    let version = Version::of(&root)?;
    let fields = read_fields(&root)?;
    let components = read_components(&root)?;
    let mut builder = Builder::new(&fields, components);
    let header = builder.part(&root, "header")?;
    let trailer = builder.part(&root, "trailer")?;
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

fn at(node: &Node<'_, '_>, fault: Fault) -> DictionaryError {
    DictionaryError { line: node.document().text_pos_at(node.range().start).row, fault }
}

fn elements<'a, 'x>(parent: &Node<'a, 'x>, name: &'static str) -> impl Iterator<Item = Node<'a, 'x>> {
    parent.children().filter(move |n| n.is_element() && n.tag_name().name() == name)
}

fn child<'a, 'x>(parent: &Node<'a, 'x>, name: &'static str) -> Result<Node<'a, 'x>> {
    elements(parent, name).next().ok_or_else(|| at(parent, Fault::MissingElement(name)))
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

fn read_fields<'a>(root: &Node<'a, '_>) -> Result<Fields<'a>> {
    let mut list = Vec::new();
    let mut names: HashMap<&str, u32> = HashMap::new();
    let mut tags = HashMap::new();
    for node in elements(&child(root, "fields")?, "field") {
        if list.len() == FIELDS_MAX {
            return Err(at(&node, Fault::TooLarge { what: "count of fields", max: FIELDS_MAX }));
        }
        let field = read_field(&node)?;
        let name = attribute(&node, "name")?;
        if names.insert(name, field.tag).is_some() {
            return Err(at(&node, Fault::Duplicate { what: "field", name: name.to_owned() }));
        }
        if tags.insert(field.tag, ()).is_some() {
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

fn read_components<'a, 'x>(root: &Node<'a, 'x>) -> Result<HashMap<&'a str, Node<'a, 'x>>> {
    let mut components = HashMap::new();
    for node in elements(root, "components").flat_map(|part| elements(&part, "component").collect::<Vec<_>>())
    {
        let name = attribute(&node, "name")?;
        if components.insert(name, node).is_some() {
            return Err(at(&node, Fault::Duplicate { what: "component", name: name.to_owned() }));
        }
    }
    Ok(components)
}

/// Compiles layouts; groups on the way, each XML element once.
struct Builder<'f, 'a, 'x> {
    fields: &'f Fields<'a>,
    components: HashMap<&'a str, Node<'a, 'x>>,
    groups: Vec<Option<GroupDef>>,
    group_ids: HashMap<NodeId, GroupId>,
    expansions: usize,
    /// Components and groups we are inside of, outermost first.
    path: Vec<NodeId>,
}

impl<'f, 'a, 'x> Builder<'f, 'a, 'x> {
    fn new(fields: &'f Fields<'a>, components: HashMap<&'a str, Node<'a, 'x>>) -> Self {
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

    fn part(&mut self, root: &Node<'a, 'x>, name: &'static str) -> Result<Layout> {
        self.layout(&child(root, name)?)
    }

    fn messages(&mut self, root: &Node<'a, 'x>) -> Result<Vec<MessageDef>> {
        let mut messages: Vec<MessageDef> = Vec::new();
        let mut seen = HashMap::new();
        for node in elements(&child(root, "messages")?, "message") {
            let name = attribute(&node, "name")?;
            let msg_type = attribute(&node, "msgtype")?;
            for (what, key) in [("message", name), ("MsgType", msg_type)] {
                if seen.insert((what, key), ()).is_some() {
                    return Err(at(&node, Fault::Duplicate { what, name: key.to_owned() }));
                }
            }
            if messages.len() == MESSAGES_MAX {
                return Err(at(&node, Fault::TooLarge { what: "count of messages", max: MESSAGES_MAX }));
            }
            messages.push(MessageDef {
                name: name.into(),
                msg_type: msg_type.as_bytes().into(),
                category: category(&node, msg_type)?,
                body: self.layout(&node)?,
            });
        }
        Ok(messages)
    }

    fn layout(&mut self, parent: &Node<'a, 'x>) -> Result<Layout> {
        let mut members = Members { list: Vec::new(), seen: vec![false; self.fields.list.len()] };
        self.expand(parent, true, &mut members)?;
        Ok(Layout::new(members.list, &self.fields.list))
    }

    fn expand(&mut self, parent: &Node<'a, 'x>, required: bool, out: &mut Members) -> Result<()> {
        if self.path.len() == NESTING_MAX {
            return Err(at(parent, Fault::TooLarge { what: "nesting", max: NESTING_MAX }));
        }
        self.path.push(parent.id());
        for node in parent.children().filter(Node::is_element) {
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
                    let group = Some(self.group(&node, field)?);
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

    fn component(&self, node: &Node<'a, 'x>) -> Result<Node<'a, 'x>> {
        let name = attribute(node, "name")?;
        let component =
            *self.components.get(name).ok_or_else(|| at(node, Fault::UnknownComponent(name.to_owned())))?;
        if self.path.contains(&component.id()) {
            return Err(at(node, Fault::ComponentCycle(name.to_owned())));
        }
        Ok(component)
    }

    fn group(&mut self, node: &Node<'a, 'x>, counter: FieldId) -> Result<GroupId> {
        if let Some(&id) = self.group_ids.get(&node.id()) {
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
        self.group_ids.insert(node.id(), id);
        let layout = self.layout(node)?;
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
