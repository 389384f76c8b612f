//! Decoding a page: as a whole if possible, item by item otherwise.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};

use super::by_item::{ByItem, Decoded, RawPage};
use super::raw;
use super::{Paging, position};
use crate::call::Received;
use crate::error::Error;
use crate::wire::decode;

/// Decodes a page. An item that cannot be decoded does not affect the others.
///
/// # Errors
/// If the response is not a page.
pub(super) fn decode<T, P>(received: Received) -> Result<Decoded<T, P>, Error>
where
    T: DeserializeOwned,
    P: Paging,
{
    match received.decode() {
        Ok(Wire::<T, P>(wire)) => {
            let position = position::<P>(&received.request);
            let split = P::split(wire, position.as_deref()).bounded(&received)?;
            Ok(Decoded::Whole(split, received))
        }
        Err(error) => {
            let items = ByItem::new(raw_page::<P>(received, error)?, |list, index, json| {
                decode::within(&format!("{list}[{index}]"), json)
            });
            Ok(Decoded::ByItem(items))
        }
    }
}

/// The raw items of a page that could not be decoded as a whole.
///
/// # Errors
/// The error about the whole page if it cannot be split either, because that one describes best what is wrong with it.
#[cold]
fn raw_page<P: Paging>(received: Received, error: Error) -> Result<RawPage<P>, Error> {
    let Ok((raw, _)) = raw::split_at_all::<P>(&received) else {
        return Err(error);
    };
    let raw = raw.bounded(&received)?;
    let list = match raw.items.first() {
        Some(first) => raw::list_path(&received, first),
        None => String::new(),
    };
    Ok(RawPage::new(raw, received, list))
}

/// A page as the service sends it.
struct Wire<T, P: Paging>(P::Wire<T>);

impl<'de, T: Deserialize<'de>, P: Paging> Deserialize<'de> for Wire<T, P> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(page: D) -> Result<Self, D::Error> {
        P::read(page).map(Self)
    }
}
