//! Recognises Keepnet by its response to `check()`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{SUCCESS, text};

/// The envelope with the list of the caller's companies, by which the service is told from others. Nothing of it is
/// kept.
pub(crate) struct CompanyList;

impl<'de> Deserialize<'de> for CompanyList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(CompanyListVisitor)
    }
}

struct CompanyListVisitor;

impl<'de> Visitor<'de> for CompanyListVisitor {
    type Value = CompanyList;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the service's envelope with the list of companies")
    }

    /// Others have lists as `data` and a `status` as well, so all members must be there, and be as the service sends
    /// them.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        const MEMBERS: [&str; 4] = ["data", "status", "message", "validationMessages"];
        let mut found = [false; MEMBERS.len()];
        while let Some(name) = map.next_key::<String>()? {
            let is_it = |member: &&str| name.eq_ignore_ascii_case(member);
            let place = MEMBERS.iter().position(is_it);
            let fits = match place {
                Some(0) => map.next_value::<Vec<OwnCompany>>().map(|_| true)?,
                Some(1) => {
                    let status: Option<String> = map.next_value()?;
                    status.is_none_or(|status| status.eq_ignore_ascii_case(SUCCESS))
                }
                _ => map.next_value::<IgnoredAny>().map(|_| true)?,
            };
            if let Some(place) = place {
                found[place] = fits;
            }
        }
        match MEMBERS.iter().zip(found).find(|(_, found)| !found) {
            None => Ok(CompanyList),
            Some((member, _)) => Err(A::Error::missing_field(member)),
        }
    }
}

/// A row of the list, which has an id.
struct OwnCompany;

impl<'de> Deserialize<'de> for OwnCompany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let row = BTreeMap::<String, &RawValue>::deserialize(deserializer)?;
        let is_id = |(name, value): (&String, &&RawValue)| {
            name.eq_ignore_ascii_case("resourceId") && text(value).is_some()
        };
        match row.iter().any(is_id) {
            true => Ok(Self),
            false => Err(D::Error::missing_field("resourceId")),
        }
    }
}
