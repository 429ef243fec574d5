use super::JsonItem;
use super::guard::Books;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use std::fmt;

/// Takes an item; `false` when no more are wanted.
pub(super) type Take<'a, T> = &'a mut dyn FnMut(JsonItem<T>) -> bool;

/// Goes down to the list that `parts` lead to, and hands its items on. What lies beside is read and not kept. Gives
/// whether the list was there.
pub(super) struct Walk<'a, T> {
    pub(super) parts: &'a [String],
    pub(super) books: &'a Books,
    pub(super) take: Take<'a, T>,
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Walk<'_, T> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Walk<'_, T> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts.first() {
            None => formatter.write_str("a list of items"),
            Some(part) => write!(formatter, "an object or a list with `{part}`"),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<bool, A::Error> {
        let Some((part, below)) = self.parts.split_first() else {
            return Err(A::Error::invalid_type(serde::de::Unexpected::Map, &self));
        };
        let mut is_found = false;
        while let Some(name) = members.next_key::<String>()? {
            // A name that stands twice counts once: the items of both would be mixed up.
            if is_found || name != *part {
                members.next_value::<IgnoredAny>()?;
            } else {
                is_found = members.next_value_seed(Walk {
                    parts: below,
                    books: self.books,
                    take: &mut *self.take,
                })?;
            }
        }
        Ok(is_found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<bool, A::Error> {
        let Some((part, below)) = self.parts.split_first() else {
            items(elements, self.books, self.take)?;
            return Ok(true);
        };
        let wanted = part.parse::<usize>().ok();
        let (mut at, mut is_found) = (0, false);
        loop {
            if wanted == Some(at) {
                let walk = Walk { parts: below, books: self.books, take: &mut *self.take };
                match elements.next_element_seed(walk)? {
                    Some(found) => is_found = found,
                    None => return Ok(is_found),
                }
            } else if elements.next_element::<IgnoredAny>()?.is_none() {
                return Ok(is_found);
            }
            at += 1;
        }
    }
}

fn items<'de, T: DeserializeOwned, A: SeqAccess<'de>>(
    mut elements: A,
    books: &Books,
    take: Take<'_, T>,
) -> Result<(), A::Error> {
    loop {
        books.begin_item();
        let element = elements.next_element::<T>()?;
        let (offset, lease) = books.end_item();
        let Some(value) = element else { return Ok(()) };
        if !take(JsonItem::new(value, offset, lease)) {
            return Err(A::Error::custom("no more items are wanted"));
        }
    }
}
