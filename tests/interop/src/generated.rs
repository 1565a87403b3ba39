//! Messages made from a dictionary, valid ones and ones with one fault.

use assay_dictionaries::{Dictionary, FieldDef, FieldType, Layout, Member, MessageDef};

/// The same seed gives the same messages.
#[derive(Debug)]
pub struct Walk(u64);

impl Walk {
    /// A walk from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// A message type and the fields of its body in wire order.
#[derive(Debug, Clone)]
pub struct Generated {
    /// MsgType(35).
    pub msg_type: String,
    /// Tag as written, and value.
    pub fields: Vec<(String, String)>,
    /// What was done to it; `None` when nothing was.
    pub fault: Option<&'static str>,
}

/// Session messages, which would do more than be judged.
const ADMIN: [&[u8]; 8] = [b"0", b"1", b"2", b"3", b"4", b"5", b"A", b"j"];

impl Generated {
    /// A valid message of any application type.
    pub fn valid(walk: &mut Walk, dictionary: &Dictionary) -> Self {
        let types: Vec<&MessageDef> =
            dictionary.messages().iter().filter(|m| !ADMIN.contains(&m.msg_type())).collect();
        let definition = *walk.pick(&types);
        let mut fields = Vec::new();
        write_members(walk, dictionary, definition.body(), 0, &mut fields);
        let msg_type = String::from_utf8_lossy(definition.msg_type()).into_owned();
        Self { msg_type, fields, fault: None }
    }

    /// The same with one fault; some are none after all, which is for the judges to find.
    pub fn with_fault(mut self, walk: &mut Walk, dictionary: &Dictionary) -> Self {
        let at = walk.below(self.fields.len());
        let other = walk.below(self.fields.len());
        let stranger = walk.pick(dictionary.fields());
        let field = |tag: &str, value: &str| (tag.to_owned(), value.to_owned());
        if self.fields.is_empty() {
            self.fields.push(field("58", "x"));
        }
        let fault = match walk.below(12) {
            0 => {
                self.fields.remove(at);
                "a field left out"
            }
            1 => {
                let copy = self.fields[at].clone();
                self.fields.push(copy);
                "a field twice"
            }
            2 => {
                self.fields[at].1 = String::new();
                "no value"
            }
            3 => {
                self.fields[at].1 =
                    (*walk.pick(&["x", "-1", "1.5", "Z9", "20261301", "+1", " 1", "1e5", "y"])).to_owned();
                "another value"
            }
            4 => {
                let unknown: &&str = walk.pick(&["999", "5001", "0", "-5", "20001"]);
                self.fields.insert(other, field(unknown, "x"));
                "an unknown tag"
            }
            5 => {
                let value = value_of(walk, stranger);
                self.fields.insert(other, field(&stranger.tag().to_string(), &value));
                "any tag of the dictionary"
            }
            6 => {
                self.fields.swap(at, other);
                "two fields exchanged"
            }
            7 => {
                self.fields[at].1.push_str("\u{1}y");
                "SOH in a value"
            }
            8 => {
                self.fields.insert(other, field("115", "X"));
                "a header field in the body"
            }
            9 => {
                self.msg_type = (*walk.pick(&["ZZ", "d", "D", "AE", "zz", "n"])).to_owned();
                "another type"
            }
            10 => {
                self.fields.truncate(at);
                "cut off"
            }
            _ => {
                let copy = self.fields[at].clone();
                self.fields.insert(other, copy);
                "a field elsewhere too"
            }
        };
        self.fault = Some(fault);
        self
    }

    /// The body on the wire.
    pub fn body(&self) -> String {
        self.fields.iter().map(|(tag, value)| format!("{tag}={value}\u{1}")).collect()
    }
}

fn write_members(
    walk: &mut Walk,
    dictionary: &Dictionary,
    layout: &Layout,
    depth: u32,
    out: &mut Vec<(String, String)>,
) {
    let mut members = layout.members().iter().enumerate().peekable();
    while let Some((position, member)) = members.next() {
        let wanted = member.required || depth > 0 && position == 0 || walk.one_in(12);
        let field = dictionary.field(member.field);
        let announces = field.kind() == FieldType::Length
            && members.peek().is_some_and(|(_, next)| dictionary.field(next.field).kind() == FieldType::Data);
        if !wanted || field.kind() == FieldType::Data && !announces {
            continue;
        }
        if announces {
            // Encoded text would need MessageEncoding(347) in the header; it is not what is compared here.
            members.next();
            continue;
        }
        write_member(walk, dictionary, member, depth, out);
    }
}

fn write_member(
    walk: &mut Walk,
    dictionary: &Dictionary,
    member: &Member,
    depth: u32,
    out: &mut Vec<(String, String)>,
) {
    let tag = member.tag.to_string();
    let Some(group) = member.group else {
        let value = value_of(walk, dictionary.field(member.field));
        return out.push((tag, value));
    };
    let count = if depth > 2 { 1 } else { walk.below(3) + 1 };
    out.push((tag, count.to_string()));
    for _ in 0..count {
        write_members(walk, dictionary, dictionary.group(group).layout(), depth + 1, out);
    }
}

fn value_of(walk: &mut Walk, field: &FieldDef) -> String {
    let listed: Vec<String> =
        field.values().map(|(value, _)| String::from_utf8_lossy(value).into_owned()).collect();
    if !listed.is_empty() {
        return walk.pick(&listed).clone();
    }
    let texts: &[&str] = match field.kind() {
        FieldType::Int | FieldType::NumInGroup | FieldType::Length | FieldType::SeqNum => &["1", "7", "0042"],
        FieldType::Price
        | FieldType::Qty
        | FieldType::Amt
        | FieldType::Percentage
        | FieldType::Float
        | FieldType::PriceOffset => &["1", "0.5", "100.25", "-3"],
        FieldType::Char => &["A", "1"],
        FieldType::Boolean => &["Y", "N"],
        FieldType::UtcTimestamp => &["20261121-09:30:00", "20261121-09:30:00.123"],
        FieldType::UtcTimeOnly => &["09:30:00", "09:30:00.123"],
        FieldType::LocalMktDate | FieldType::UtcDateOnly => &["20261121"],
        FieldType::MonthYear => &["202611", "20261121", "202611w2"],
        FieldType::Currency => &["USD"],
        FieldType::Country => &["US"],
        FieldType::Exchange => &["N"],
        FieldType::String | FieldType::Data | FieldType::MultipleValueString => &["x", "some text", "a=b"],
    };
    (*walk.pick(texts)).to_owned()
}
