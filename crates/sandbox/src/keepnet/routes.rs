//! From a method and a path to an operation.

use std::collections::HashMap;
use std::sync::OnceLock;

use http::Method;

use super::features::handler::Handler;
use super::features::operations::handler;
use super::http::call::Params;
use super::http::response::Refusal;
use super::shapes::{Operation, Shapes};
use crate::core::query;

/// An operation and where it is.
pub(crate) struct Route {
    pub(crate) operation: &'static Operation,
    segments: Vec<Segment>,
    pub(crate) handler: Handler,
}

enum Segment {
    Literal(&'static str),
    Parameter(&'static str),
}

/// All of them.
pub(crate) struct Routes {
    pub(crate) routes: Vec<Route>,
    /// The routes with that many segments.
    by_length: HashMap<usize, Vec<usize>>,
}

impl Routes {
    pub(crate) fn get() -> &'static Self {
        static ROUTES: OnceLock<Routes> = OnceLock::new();
        ROUTES.get_or_init(|| {
            let mut routes = Vec::new();
            let mut by_length: HashMap<usize, Vec<usize>> = HashMap::new();
            for operation in &Shapes::get().operations {
                let segments: Vec<_> = segments(&operation.path).map(Segment::of).collect();
                by_length
                    .entry(segments.len())
                    .or_default()
                    .push(routes.len());
                routes.push(Route {
                    operation,
                    segments,
                    handler: handler(operation),
                });
            }
            Self { routes, by_length }
        })
    }

    /// The operation of a method and a path, and its parameters. Literal segments win over parameters, those further to
    /// the left first.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Result<(&Route, Params), Refusal> {
        let given: Vec<_> = segments(path).collect();
        let indices = self.by_length.get(&given.len());
        let candidates: Vec<_> = indices
            .into_iter()
            .flatten()
            .map(|index| &self.routes[*index])
            .filter(|route| route.covers(&given))
            .collect();
        let best = candidates
            .iter()
            .filter(|route| route.operation.method == *method)
            .min_by_key(|route| route.openness());
        match best {
            Some(route) => Ok((route, route.params(&given))),
            None if candidates.is_empty() => Err(Refusal::NoSuchPath),
            None => Err(Refusal::MethodNotAllowed),
        }
    }
}

/// The segments of a path.
pub(crate) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.trim_matches('/').split('/')
}

impl Segment {
    fn of(text: &'static str) -> Self {
        match text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'))
        {
            Some(name) => Self::Parameter(name),
            None => Self::Literal(text),
        }
    }
}

impl Route {
    /// Whatever the case of literal segments, as the vendor's front end relies on.
    fn covers(&self, given: &[&str]) -> bool {
        let mut pairs = self.segments.iter().zip(given);
        pairs.all(|(segment, given)| match segment {
            Segment::Literal(text) => text.eq_ignore_ascii_case(given),
            Segment::Parameter(_) => !given.is_empty(),
        })
    }

    /// Where the parameters are: less is more literal.
    fn openness(&self) -> Vec<bool> {
        let segments = self.segments.iter();
        segments
            .map(|segment| matches!(segment, Segment::Parameter(_)))
            .collect()
    }

    fn params(&self, given: &[&str]) -> Params {
        let pairs = self.segments.iter().zip(given);
        pairs
            .filter_map(|(segment, given)| match segment {
                Segment::Literal(_) => None,
                Segment::Parameter(name) => Some((*name, query::segment(given))),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_segments_win_and_their_case_does_not_matter() {
        let routes = Routes::get();
        for (method, path, expected) in [
            (Method::GET, "/api/Companies/MY", "/api/companies/my"),
            (
                Method::GET,
                "/api/companies/x",
                "/api/companies/{resourceId}",
            ),
            (
                Method::DELETE,
                "/api/target-users/bulk-delete",
                "/api/target-users/bulk-delete",
            ),
            (
                Method::POST,
                "/api/target-users/abc/search",
                "/api/target-users/{transactionId}/search",
            ),
        ] {
            let (route, _) = routes.find(&method, path).expect("a route");
            assert_eq!(route.operation.path, expected);
        }
        let refused = |method, path| routes.find(&method, path).err();
        assert!(matches!(
            refused(Method::GET, "/api/nothing"),
            Some(Refusal::NoSuchPath)
        ));
        assert!(matches!(
            refused(Method::PATCH, "/api/companies/my"),
            Some(Refusal::MethodNotAllowed)
        ));
    }
}
