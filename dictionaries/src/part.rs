//! An element of a dictionary with what an overlay adds to it.

use crate::DictionaryFault as Fault;
use crate::load::{Result, at, elements};
use roxmltree::Node;

/// An element, and the overlay's element of the same name.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a, 'x> {
    pub(crate) base: Node<'a, 'x>,
    pub(crate) added: Option<Node<'a, 'x>>,
}

impl<'a, 'x> Part<'a, 'x> {
    /// An element that nothing is added to.
    pub(crate) fn of(base: Node<'a, 'x>) -> Self {
        Self { base, added: None }
    }

    /// The part called `name`, which there must be.
    pub(crate) fn child(&self, name: &'static str) -> Result<Self> {
        self.optional_child(name).ok_or_else(|| at(&self.base, Fault::MissingElement(name)))
    }

    /// The part called `name`, if there is one.
    pub(crate) fn optional_child(&self, name: &'static str) -> Option<Self> {
        let added = self.added.and_then(|added| elements(&added, name).next());
        match elements(&self.base, name).next() {
            Some(base) => Some(Self { base, added }),
            None => added.map(Self::of),
        }
    }

    /// Elements called `name`, those of the base first.
    pub(crate) fn elements(&self, name: &'static str) -> impl Iterator<Item = Node<'a, 'x>> + use<'a, 'x> {
        let added = self.added.map(|added| elements(&added, name)).into_iter().flatten();
        elements(&self.base, name).chain(added)
    }

    /// Whether an element of this part is the overlay's.
    pub(crate) fn is_added(&self, node: &Node<'_, '_>) -> bool {
        self.added.is_some_and(|added| node.parent_element().is_some_and(|parent| parent.id() == added.id()))
            && self.added.is_some_and(|added| std::ptr::eq(node.document(), added.document()))
    }

    /// Members in order: an added one stands behind the member that its `after` names, or at the end. A group that both
    /// have is one group with the added members.
    pub(crate) fn members(&self) -> Result<Vec<Self>> {
        let base: Vec<_> = self.base.children().filter(Node::is_element).collect();
        let added: Vec<_> =
            self.added.iter().flat_map(|added| added.children().filter(Node::is_element)).collect();
        let (extending, new): (Vec<_>, Vec<_>) =
            added.into_iter().partition(|node| base.iter().any(|b| is_same_group(b, node)));
        let stray = |node: &&Node<'_, '_>| {
            node.attribute("after")
                .is_some_and(|name| !base.iter().any(|b| b.attribute("name") == Some(name)))
        };
        if let Some(stray) = new.iter().find(stray) {
            let name = stray.attribute("after").unwrap_or_default().to_owned();
            return Err(at(stray, Fault::UnknownField(name)));
        }
        let mut members = Vec::with_capacity(base.len() + new.len());
        for node in &base {
            let extension = extending.iter().find(|added| is_same_group(node, added)).copied();
            members.push(Self { base: *node, added: extension });
            let behind = |added: &&Node<'_, '_>| {
                added.attribute("after").is_some_and(|name| node.attribute("name") == Some(name))
            };
            members.extend(new.iter().filter(behind).copied().map(Self::of));
        }
        members.extend(new.iter().filter(|node| node.attribute("after").is_none()).copied().map(Self::of));
        Ok(members)
    }
}

fn is_same_group(base: &Node<'_, '_>, added: &Node<'_, '_>) -> bool {
    let is_group = |node: &Node<'_, '_>| node.tag_name().name() == "group";
    is_group(base) && is_group(added) && base.attribute("name") == added.attribute("name")
}
