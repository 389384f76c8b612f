//! Reading a page in the form in which a service sends it.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, MapAccess, SeqAccess, Unexpected, Visitor};

/// Reads a page member by member, with a [`PageVisitor`]. If a member is sent twice, the implementation decides which
/// one counts; derived implementations of `Deserialize` refuse such an object.
///
/// ```
/// use security_api_transport::{PageItems, PageVisitor, ReadPage};
/// use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess};
///
/// struct Page<T>(Vec<T>);
///
/// struct Members<T>(Option<PageItems<T>>);
///
/// impl<'de, T: Deserialize<'de>> ReadPage<'de> for Members<T> {
///     const EXPECTED: &'static str = "an object with `records`";
///
///     type Page = Page<T>;
///
///     fn new() -> Self {
///         Self(None)
///     }
///
///     fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
///         match name {
///             "records" => self.0 = Some(map.next_value()?),
///             _ => drop(map.next_value::<IgnoredAny>()?),
///         }
///         Ok(())
///     }
///
///     fn end<E: Error>(self) -> Result<Page<T>, E> {
///         let records = self.0.ok_or_else(|| E::missing_field("records"))?;
///         Ok(Page(records.into_vec()))
///     }
/// }
///
/// impl<'de, T: Deserialize<'de>> Deserialize<'de> for Page<T> {
///     fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
///         deserializer.deserialize_map(PageVisitor::<Members<T>>::new())
///     }
/// }
///
/// let page: Page<u32> = serde_json::from_str(r#"{"records": [1], "records": [1, 2]}"#)?;
/// assert_eq!(page.0, [1, 2]);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub trait ReadPage<'de>: Sized {
    /// What errors say was expected.
    const EXPECTED: &'static str;

    /// The page.
    type Page;

    /// Nothing was read yet.
    fn new() -> Self;

    /// Takes the value of this member from `map`.
    ///
    /// # Errors
    /// If the value cannot be decoded.
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;

    /// The page whose members were read.
    ///
    /// # Errors
    /// If they make no page.
    fn end<E: Error>(self) -> Result<Self::Page, E>;

    /// Reads a page that is a list instead of an object. Refused by default.
    ///
    /// # Errors
    /// If the list is not a page.
    fn list<A: SeqAccess<'de>>(list: A) -> Result<Self::Page, A::Error> {
        let _ = list;
        Err(A::Error::invalid_type(Unexpected::Seq, &Self::EXPECTED))
    }

    /// The page that `null` is. Refused by default.
    ///
    /// # Errors
    /// If `null` is not a page.
    fn null<E: Error>() -> Result<Self::Page, E> {
        Err(E::invalid_type(Unexpected::Unit, &Self::EXPECTED))
    }
}

/// Visits a page with a [`ReadPage`].
#[derive(Debug)]
pub struct PageVisitor<R>(PhantomData<fn() -> R>);

impl<R> PageVisitor<R> {
    /// A visitor for one page.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "it is only visited with")]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, R: ReadPage<'de>> Visitor<'de> for PageVisitor<R> {
    type Value = R::Page;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(R::EXPECTED)
    }

    fn visit_unit<E: Error>(self) -> Result<R::Page, E> {
        R::null()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<R::Page, A::Error> {
        R::list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<R::Page, A::Error> {
        let mut page = R::new();
        while let Some(name) = map.next_key::<String>()? {
            page.member(&name, &mut map)?;
        }
        page.end()
    }
}
