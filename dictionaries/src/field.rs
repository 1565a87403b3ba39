//! Fields: type, list of values, partner of a data field.

/// A field's type. The 23 types of FIX 4.4; older and newer files' names map onto them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub enum FieldType {
    String,
    Int,
    Char,
    NumInGroup,
    Price,
    Qty,
    LocalMktDate,
    Amt,
    Boolean,
    Percentage,
    UtcTimestamp,
    Length,
    Currency,
    Float,
    Data,
    PriceOffset,
    SeqNum,
    MultipleValueString,
    Exchange,
    MonthYear,
    Country,
    UtcDateOnly,
    UtcTimeOnly,
}

impl FieldType {
    /// Every type.
    pub const ALL: [Self; 23] = [
        Self::String,
        Self::Int,
        Self::Char,
        Self::NumInGroup,
        Self::Price,
        Self::Qty,
        Self::LocalMktDate,
        Self::Amt,
        Self::Boolean,
        Self::Percentage,
        Self::UtcTimestamp,
        Self::Length,
        Self::Currency,
        Self::Float,
        Self::Data,
        Self::PriceOffset,
        Self::SeqNum,
        Self::MultipleValueString,
        Self::Exchange,
        Self::MonthYear,
        Self::Country,
        Self::UtcDateOnly,
        Self::UtcTimeOnly,
    ];

    /// The type a file names, whatever the case; other versions' names map to the FIX 4.4 type with the same syntax.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            // Text that FIX 4.4 has no syntax for is read as STRING.
            "STRING" | "LANGUAGE" | "TZTIMEONLY" | "TZTIMESTAMP" | "PATTERN" | "TENOR" | "XID" | "XIDREF" => {
                Self::String
            }
            "RESERVED100PLUS" | "RESERVED1000PLUS" | "RESERVED4000PLUS" | "LOCALMKTTIME" => Self::String,
            "INT" | "DAYOFMONTH" | "DAY-OF-MONTH" | "TAGNUM" => Self::Int,
            "CHAR" => Self::Char,
            "NUMINGROUP" => Self::NumInGroup,
            "PRICE" => Self::Price,
            "QTY" | "QUANTITY" => Self::Qty,
            "LOCALMKTDATE" | "LOCALMKTDAT" | "DATE" => Self::LocalMktDate,
            "AMT" => Self::Amt,
            "BOOLEAN" => Self::Boolean,
            "PERCENTAGE" => Self::Percentage,
            "UTCTIMESTAMP" | "TIME" => Self::UtcTimestamp,
            "LENGTH" => Self::Length,
            "CURRENCY" => Self::Currency,
            "FLOAT" => Self::Float,
            "DATA" | "XMLDATA" => Self::Data,
            "PRICEOFFSET" => Self::PriceOffset,
            "SEQNUM" => Self::SeqNum,
            "MULTIPLEVALUESTRING" | "MULTIPLESTRINGVALUE" | "MULTIPLECHARVALUE" => Self::MultipleValueString,
            "EXCHANGE" => Self::Exchange,
            "MONTHYEAR" | "MONTH-YEAR" => Self::MonthYear,
            "COUNTRY" => Self::Country,
            "UTCDATEONLY" | "UTCDATE" => Self::UtcDateOnly,
            "UTCTIMEONLY" => Self::UtcTimeOnly,
            _ => return None,
        })
    }

    /// Whole numbers, whose leading zeros mean nothing.
    const fn is_integer(self) -> bool {
        matches!(self, Self::Int | Self::Length | Self::SeqNum | Self::NumInGroup)
    }
}

/// A field's number in its dictionary: dense, from 0, for tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub(crate) u16);

impl FieldId {
    /// As an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One field.
#[derive(Debug, Clone)]
pub struct FieldDef {
    pub(crate) tag: u32,
    pub(crate) kind: FieldType,
    /// Of a data field its length field's tag, of a length field its data field's; 0 for none.
    pub(crate) partner: u32,
    pub(crate) values: ValueList,
    pub(crate) name: Box<str>,
}

impl FieldDef {
    /// The tag.
    pub const fn tag(&self) -> u32 {
        self.tag
    }

    /// The name, such as `ClOrdID`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type.
    pub const fn kind(&self) -> FieldType {
        self.kind
    }

    /// Of a data field its length field's tag, of a length field its data field's.
    pub const fn partner(&self) -> Option<u32> {
        if self.partner == 0 { None } else { Some(self.partner) }
    }

    /// Values of the list with their labels, sorted by value; empty without a list.
    pub fn values(&self) -> impl ExactSizeIterator<Item = (&[u8], &str)> {
        self.values.labels.iter().map(|listed| (&*listed.value, &*listed.label))
    }

    /// Label of a listed value.
    pub fn label(&self, value: &[u8]) -> Option<&str> {
        self.values.find(value)
    }

    /// Whether the list allows `value`; without a list, or with one that `allowOtherValues` opens, anything.
    /// Each token of a MULTIPLEVALUESTRING counts (V-14).
    #[inline]
    pub fn allows(&self, value: &[u8]) -> bool {
        if !self.values.closed {
            return true;
        }
        match self.kind {
            FieldType::MultipleValueString => {
                value.split(|&b| b == b' ').all(|token| self.values.contains(token))
            }
            kind if kind.is_integer() => {
                self.values.contains(value) || self.values.contains(without_leading_zeros(value))
            }
            _ => self.values.contains(value),
        }
    }
}

fn without_leading_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|&&b| b == b'0').count().min(digits.len().saturating_sub(1));
    &digits[zeros..]
}

/// A field's list of values: single ASCII bytes in a bitmap, longer ones sorted.
#[derive(Debug, Clone, Default)]
pub(crate) struct ValueList {
    single: u128,
    longer: Box<[Box<[u8]>]>,
    closed: bool,
    labels: Box<[ListedValue]>,
}

/// One value of a list, with the file's label for it.
#[derive(Debug, Clone)]
pub(crate) struct ListedValue {
    pub(crate) value: Box<[u8]>,
    pub(crate) label: Box<str>,
}

impl ValueList {
    /// A value listed twice is harmless and kept once.
    /// These values and `more`.
    pub(crate) fn with(&self, more: &Self) -> Self {
        let labels = self.labels.iter().chain(&more.labels).cloned().collect();
        Self::new(labels, !self.closed && !self.labels.is_empty())
    }

    pub(crate) fn new(mut labels: Vec<ListedValue>, open: bool) -> Self {
        labels.sort_by(|a, b| a.value.cmp(&b.value));
        labels.dedup_by(|a, b| a.value == b.value);
        let mut single = 0;
        let mut longer = Vec::new();
        for listed in &labels {
            match *listed.value {
                [byte] if byte < 128 => single |= 1 << byte,
                _ => longer.push(listed.value.clone()),
            }
        }
        Self { single, longer: longer.into(), closed: !open && !labels.is_empty(), labels: labels.into() }
    }

    #[inline]
    fn contains(&self, value: &[u8]) -> bool {
        match *value {
            [byte] if byte < 128 => self.single >> byte & 1 == 1,
            _ => self.longer.binary_search_by(|listed| (**listed).cmp(value)).is_ok(),
        }
    }

    fn find(&self, value: &[u8]) -> Option<&str> {
        let at = self.labels.binary_search_by(|listed| (*listed.value).cmp(value)).ok()?;
        Some(&self.labels[at].label)
    }
}
