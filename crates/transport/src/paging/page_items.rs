//! The items of a page, bounded in number.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor};

use super::Split;
use crate::call::Received;
use crate::error::{Error, ErrorKind};

/// The most items that one page may have. Without a bound, a few kilobytes of compressed `{}` would become gigabytes.
const MOST_ITEMS: usize = 100_000;

/// The items of a page. `null` is read as an empty list.
///
/// [`Paging::Wire`](super::Paging::Wire) holds its items in this instead of a `Vec`, so that a hostile page cannot
/// exhaust memory: a page with more than 100,000 items is an error, and what is behind them is not decoded.
#[derive(Debug)]
pub struct PageItems<T>(Vec<T>);

impl<T> PageItems<T> {
    /// Decodes a list.
    ///
    /// # Errors
    /// If an item cannot be decoded.
    #[inline]
    pub fn read<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error>
    where
        T: Deserialize<'de>,
    {
        let mut items = Vec::new();
        while list.next_element_seed(Push(&mut items))?.is_some() {
            if items.len() > MOST_ITEMS {
                // One more than a page may have, by which the page is refused as a whole.
                while list.next_element::<IgnoredAny>()?.is_some() {}
                break;
            }
        }
        Ok(Self(items))
    }

    /// Returns the items alone.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

/// Decodes an item into the list. Items are large, so they are not moved through the list's visitor.
struct Push<'a, T>(&'a mut Vec<T>);

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Push<'_, T> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        // `extend` reserves space before it takes the item, which avoids a move that `push` needs.
        self.0.extend(Some(T::deserialize(deserializer)?));
        Ok(())
    }
}

impl<T> Default for PageItems<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for PageItems<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(ItemsVisitor(PhantomData))
    }
}

struct ItemsVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ItemsVisitor<T> {
    type Value = PageItems<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_none<E>(self) -> Result<PageItems<T>, E> {
        Ok(PageItems(Vec::new()))
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<PageItems<T>, D::Error> {
        deserializer.deserialize_seq(self)
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<PageItems<T>, A::Error> {
        PageItems::read(list)
    }
}

impl<T, P> Split<T, P> {
    /// The page, if it has no more items than one may have.
    ///
    /// # Errors
    /// If it has more.
    pub(super) fn bounded(self, received: &Received) -> Result<Self, Error> {
        match self.items.len() > MOST_ITEMS {
            true => Err(received.undecodable(too_many_items())),
            false => Ok(self),
        }
    }
}

#[cold]
fn too_many_items() -> Error {
    Error::new(
        ErrorKind::Decode,
        "the response has more than 100,000 items on one page",
    )
}
