//! The operation that a method and a path name.

use std::sync::LazyLock;

use http::Method;

use super::call::Params;
use super::features::handler::Handler;
use super::features::operations::handler;
use super::response::Refusal;
use super::shapes::{Operation, SHAPES};
use crate::common::query;

/// An operation and its path.
pub(crate) struct Route {
    pub(crate) operation: &'static Operation,
    /// Parameters are in braces.
    segments: Vec<&'static str>,
    pub(crate) handler: Handler,
}

/// All operations. Literal segments come before parameters, so the first route that fits is the right one.
pub(crate) static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let operations = SHAPES.operations.iter();
    let routes = operations.map(|operation| Route {
        operation,
        segments: segments(&operation.path).collect(),
        handler: handler(operation),
    });
    let mut routes: Vec<_> = routes.collect();
    routes.sort_by_cached_key(|route| {
        let segments = route.segments.iter();
        segments
            .map(|segment| parameter(segment).is_some())
            .collect::<Vec<_>>()
    });
    routes
});

/// The operation of a method and a path, and its parameters. The service has paths that its description lacks, so an
/// unknown one is not refused as the service would refuse it.
pub(crate) fn find(method: &Method, path: &str) -> Result<(&'static Route, Params), Refusal> {
    let given: Vec<_> = segments(path).collect();
    let mut routes = ROUTES.iter();
    let found = routes.find(|route| *method == *route.operation.method && route.covers(&given));
    let route = found.ok_or_else(|| Refusal::not_played(format!("{method} {path}")))?;
    Ok((route, route.params(&given)))
}

/// The segments of a path.
pub(crate) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.trim_matches('/').split('/')
}

/// The name of a parameter.
fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

impl Route {
    /// Whether the route has these segments, in any case. Source: the vendor's front end relies on the latter.
    fn covers(&self, given: &[&str]) -> bool {
        let mut pairs = self.segments.iter().zip(given);
        self.segments.len() == given.len()
            && pairs.all(|(segment, given)| match parameter(segment) {
                Some(_) => !given.is_empty(),
                None => segment.eq_ignore_ascii_case(given),
            })
    }

    fn params(&self, given: &[&str]) -> Params {
        let pairs = self.segments.iter().zip(given);
        pairs
            .filter_map(|(segment, given)| Some((parameter(segment)?, query::segment(given))))
            .collect()
    }
}
