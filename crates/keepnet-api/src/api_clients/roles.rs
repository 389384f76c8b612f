//! Roles by name or id.

use http::Method;
use security_api_transport::Operation;
use serde::Deserialize;

use crate::names_in_errors::listed;
use crate::resources::Companies;
use crate::{Error, ErrorKind};

/// Lists the roles of a company. The generated operation is in another area of the API.
static ROLES: Operation = Operation::new("roles.list", Method::GET, "/api/roles")
    .idempotent()
    .list();

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Role {
    resource_id: Option<String>,
    name: Option<String>,
}

impl Companies {
    /// The ids of roles given by name or id.
    #[inline]
    pub(super) async fn role_ids(&self, wanted: &[String]) -> Result<Vec<String>, Error> {
        let roles: Vec<Role> = self.client().operation(&ROLES, &[]).call().await?;
        let find = |wanted: &String| {
            let is_it = |role: &&Role| role.resource_id.as_deref() == Some(wanted);
            let by_id: Vec<_> = roles.iter().filter(is_it).collect();
            let named = |same: &dyn Fn(&str) -> bool| -> Vec<&Role> {
                let is_it = |role: &&Role| role.name.as_deref().is_some_and(same);
                roles.iter().filter(is_it).collect()
            };
            let found = [
                by_id,
                named(&|name| name == wanted),
                named(&|name| plain(name) == plain(wanted)),
            ];
            let found = found.into_iter().find(|found| !found.is_empty());
            match found.as_deref() {
                Some([role]) => role.resource_id.clone().ok_or_else(|| {
                    Error::new(
                        ErrorKind::Decode,
                        format!("`roles.list`: the response has no id of the role `{wanted}`"),
                    )
                }),
                Some([]) | None => {
                    let names = roles.iter().filter_map(|role| role.name.as_deref());
                    Err(Error::invalid(format!(
                        "`role`: the company has no role `{wanted}`: it has {}",
                        listed(names)
                    )))
                }
                Some(several) => {
                    let ids = several.iter().map(|role| {
                        let name = role.name.as_deref().unwrap_or_default();
                        let id = role.resource_id.as_deref().unwrap_or("without an id");
                        format!("`{name}` ({id})")
                    });
                    let ids: Vec<_> = ids.collect();
                    let ids = ids.iter().map(String::as_str);
                    Err(Error::invalid(format!(
                        "`role`: `{wanted}` may be any of {}: give the id of the right one",
                        listed(ids)
                    )))
                }
            }
        };
        wanted.iter().map(find).collect()
    }
}

/// The name of a role without case and spaces, because the service writes both `CompanyAdmin` and `Company Admin`.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|letter| !letter.is_whitespace());
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}
