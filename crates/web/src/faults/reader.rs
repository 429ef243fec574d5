use super::misfit::Misfit;
use super::place::Step;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer as _, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

/// How scalars are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As JSON: a number is a number.
    Json,
    /// As in a query string: numbers and booleans are texts, and an empty text may stand for nothing.
    Text,
}

/// Reads a value and remembers where it does not fit.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    value: &'a Value,
    form: Form,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(value: &'a Value, form: Form) -> Self {
        Self { value, form }
    }

    fn text(self) -> Option<&'a str> {
        (self.form == Form::Text).then(|| self.value.as_str()).flatten()
    }

    fn number<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let Some(text) = self.text() else { return self.deserialize_any(visitor) };
        if let Ok(number) = text.parse::<u64>() {
            visitor.visit_u64(number)
        } else if let Ok(number) = text.parse::<i64>() {
            visitor.visit_i64(number)
        } else if let Ok(number) = text.parse::<f64>() {
            visitor.visit_f64(number)
        } else {
            Err(Misfit::invalid_type(Unexpected::Str(text), &visitor))
        }
    }
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(elements) => Elements::visit(elements, self.form, visitor),
            Value::Object(members) => visitor.visit_map(Members::of(members, self.form)),
        }
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.number(visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.number(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.number(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.number(visitor)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.number(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.number(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.number(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.number(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.number(visitor)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.number(visitor)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.number(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.number(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.text() {
            Some("true" | "1") => visitor.visit_bool(true),
            Some("false" | "0") => visitor.visit_bool(false),
            Some(text) => Err(Misfit::invalid_type(Unexpected::Str(text), &visitor)),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match (self.value, self.text()) {
            (Value::Null, _) | (_, Some("")) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.text() {
            // One occurrence of a parameter that may occur several times.
            Some(_) => Elements::visit(std::slice::from_ref(self.value), self.form, visitor),
            None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    /// Serde would take a list for an object with the members in order; callers of an API never mean that.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self.value {
            Value::Array(_) => Err(Misfit::invalid_type(Unexpected::Seq, &"a map")),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self.value {
            Value::String(name) => visitor.visit_enum(Choice { name, content: None }),
            Value::Object(members) => match members.iter().next() {
                Some((name, value)) if members.len() == 1 => {
                    visitor.visit_enum(Choice { name, content: Some(Self { value, form: self.form }) })
                }
                _ => Err(Misfit::invalid_value(Unexpected::Map, &"an object with one member")),
            },
            _ => Err(Misfit::invalid_type(Unexpected::Other("value"), &"string or map")),
        }
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct tuple tuple_struct map identifier ignored_any
    }
}

struct Elements<'a> {
    rest: std::iter::Enumerate<std::slice::Iter<'a, Value>>,
    form: Form,
}

impl<'a> Elements<'a> {
    fn visit<V: Visitor<'a>>(elements: &'a [Value], form: Form, visitor: V) -> Result<V::Value, Misfit> {
        let mut access = Self { rest: elements.iter().enumerate(), form };
        let found = visitor.visit_seq(&mut access)?;
        match access.rest.next() {
            None => Ok(found),
            Some(_) => Err(Misfit::invalid_length(elements.len(), &"a shorter list")),
        }
    }
}

impl<'a> SeqAccess<'a> for &mut Elements<'a> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        let Some((index, value)) = self.rest.next() else { return Ok(None) };
        let element = seed.deserialize(Reader { value, form: self.form });
        element.map(Some).map_err(|misfit| misfit.under(Step::Element(index)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

struct Members<'a> {
    rest: serde_json::map::Iter<'a>,
    current: Option<(&'a str, &'a Value)>,
    form: Form,
}

impl<'a> Members<'a> {
    fn of(members: &'a Map<String, Value>, form: Form) -> Self {
        Self { rest: members.iter(), current: None, form }
    }
}

impl<'a> MapAccess<'a> for Members<'a> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Misfit> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        self.current = Some((name, value));
        seed.deserialize(serde::de::value::BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        let Some((name, value)) = self.current.take() else {
            return Err(Misfit::custom("a value was read before its name"));
        };
        seed.deserialize(Reader { value, form: self.form })
            .map_err(|misfit| misfit.under(Step::Member(name.to_owned())))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// One variant of an enum, with its content if it has one.
struct Choice<'a> {
    name: &'a str,
    content: Option<Reader<'a>>,
}

impl<'a> EnumAccess<'a> for Choice<'a> {
    type Error = Misfit;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'a>>(self, seed: V) -> Result<(V::Value, Self), Misfit> {
        let name: StrDeserializer<'_, Misfit> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'a> Choice<'a> {
    fn content(&self) -> Result<Reader<'a>, Misfit> {
        self.content
            .ok_or_else(|| Misfit::invalid_type(Unexpected::UnitVariant, &"an object with one member"))
    }

    fn inside<T>(&self, outcome: Result<T, Misfit>) -> Result<T, Misfit> {
        outcome.map_err(|misfit| misfit.under(Step::Member(self.name.to_owned())))
    }
}

impl<'a> VariantAccess<'a> for Choice<'a> {
    type Error = Misfit;

    fn unit_variant(self) -> Result<(), Misfit> {
        match self.content {
            None => Ok(()),
            Some(reader) => self.inside(serde::Deserialize::deserialize(reader)),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'a>>(self, seed: T) -> Result<T::Value, Misfit> {
        let reader = self.content()?;
        self.inside(seed.deserialize(reader))
    }

    fn tuple_variant<V: Visitor<'a>>(self, _length: usize, visitor: V) -> Result<V::Value, Misfit> {
        let reader = self.content()?;
        self.inside(reader.deserialize_any(visitor))
    }

    fn struct_variant<V: Visitor<'a>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let reader = self.content()?;
        self.inside(reader.deserialize_any(visitor))
    }
}
