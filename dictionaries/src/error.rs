//! Why a dictionary file is refused: one line, one name.

/// A dictionary file that cannot be used, with the line to look at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("dictionary line {line}: {fault}")]
pub struct DictionaryError {
    /// Line in the file, from 1.
    pub line: u32,
    /// What is wrong there.
    pub fault: DictionaryFault,
}

/// What is wrong with a dictionary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DictionaryFault {
    /// More bytes, fields or nesting than a dictionary of any FIX version has.
    #[error("{what} exceeds {max}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The bound.
        max: usize,
    },
    /// Not well-formed XML.
    #[error("not XML: {0}")]
    NotXml(String),
    /// The root is not `<fix>`, or a part of it is missing.
    #[error("element <{0}> is missing")]
    MissingElement(&'static str),
    /// An element lacks an attribute it needs.
    #[error("<{element}> {name:?} lacks attribute {attribute:?}")]
    MissingAttribute {
        /// Element's tag name.
        element: String,
        /// Its `name`, empty if that is what it lacks.
        name: String,
        /// The attribute.
        attribute: &'static str,
    },
    /// An attribute has a value that cannot be.
    #[error("{attribute} of {name:?} cannot be {value:?}")]
    BadAttribute {
        /// Name of the element.
        name: String,
        /// The attribute.
        attribute: &'static str,
        /// Its value.
        value: String,
    },
    /// The same field, message, component or member is defined twice.
    #[error("{what} {name:?} is defined twice")]
    Duplicate {
        /// `field`, `field number`, `message`, `MsgType`, `component` or `member`.
        what: &'static str,
        /// Its name or number.
        name: String,
    },
    /// A member names a field that `<fields>` lacks.
    #[error("field {0:?} is not defined")]
    UnknownField(String),
    /// A member names a component that `<components>` lacks.
    #[error("component {0:?} is not defined")]
    UnknownComponent(String),
    /// A component contains itself.
    #[error("component {0:?} contains itself")]
    ComponentCycle(String),
    /// A group's counter is of a type that no count has: neither NUMINGROUP nor INT nor STRING.
    #[error("group counter {0:?} is not NUMINGROUP")]
    CounterNotNumInGroup(String),
    /// A group has no members, or begins with another group, so no field can start its entries.
    #[error("group {0:?} does not begin with a field")]
    GroupWithoutDelimiter(String),
}
