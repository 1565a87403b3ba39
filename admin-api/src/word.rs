//! The word that an enumeration has in JSON, without making any JSON: a row has some of them.

use serde::ser::{Error, Impossible, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt::{Display, Formatter};

/// The word that a value has in JSON; nothing when it is no word.
pub(crate) fn word<T: Serialize + ?Sized>(value: &T) -> Cow<'static, str> {
    value.serialize(Words).unwrap_or_default()
}

/// Takes words and nothing else.
struct Words;

/// It is no word.
#[derive(Debug)]
struct NoWord;

impl Display for NoWord {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a word")
    }
}

impl std::error::Error for NoWord {}

impl Error for NoWord {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

type Taken = Result<Cow<'static, str>, NoWord>;
type Never = Impossible<Cow<'static, str>, NoWord>;

/// Values that are no words.
macro_rules! no_words {
    ($($name:ident($($argument:ty),*) -> $result:ty;)*) => {
        $(fn $name(self, $(_: $argument),*) -> $result { Err(NoWord) })*
    };
}

impl Serializer for Words {
    type Ok = Cow<'static, str>;
    type Error = NoWord;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Taken {
        Ok(Cow::Borrowed(variant))
    }

    fn serialize_str(self, text: &str) -> Taken {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Taken {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Taken {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Taken {
        Err(NoWord)
    }

    no_words! {
        serialize_bool(bool) -> Taken;
        serialize_i8(i8) -> Taken;
        serialize_i16(i16) -> Taken;
        serialize_i32(i32) -> Taken;
        serialize_i64(i64) -> Taken;
        serialize_u8(u8) -> Taken;
        serialize_u16(u16) -> Taken;
        serialize_u32(u32) -> Taken;
        serialize_u64(u64) -> Taken;
        serialize_f32(f32) -> Taken;
        serialize_f64(f64) -> Taken;
        serialize_char(char) -> Taken;
        serialize_bytes(&[u8]) -> Taken;
        serialize_none() -> Taken;
        serialize_unit() -> Taken;
        serialize_unit_struct(&'static str) -> Taken;
        serialize_seq(Option<usize>) -> Result<Never, NoWord>;
        serialize_tuple(usize) -> Result<Never, NoWord>;
        serialize_tuple_struct(&'static str, usize) -> Result<Never, NoWord>;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Result<Never, NoWord>;
        serialize_map(Option<usize>) -> Result<Never, NoWord>;
        serialize_struct(&'static str, usize) -> Result<Never, NoWord>;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Result<Never, NoWord>;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_trading_types::{ExecType, OrdStatus, Refusal, Side, Symbol};

    #[test]
    fn words_are_those_of_json_and_what_is_no_word_is_nothing() {
        for status in OrdStatus::ALL {
            assert_eq!(serde_json::json!(status), word(status).as_ref());
        }
        for side in Side::ALL {
            assert_eq!(serde_json::json!(side), word(side).as_ref());
        }
        assert_eq!(word(&"AAPL".parse::<Symbol>().unwrap()), "AAPL");
        assert_eq!(word(&Some(ExecType::New)), "new");
        assert_eq!(word(&ExecType::Rejected { reason: Refusal::NoPositions }), "");
        assert_eq!((word(&1), word(&None::<Side>), word(&[Side::Buy])), ("".into(), "".into(), "".into()));
    }
}
