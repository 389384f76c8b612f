//! From a method and a path to an operation.

use std::sync::LazyLock;

use http::Method;

use super::call::Params;
use super::response::Refusal;
use crate::common::query;
use crate::keepnet::features::handler::Handler;
use crate::keepnet::features::operations::handler;
use crate::keepnet::shapes::{Operation, Shapes};

/// An operation and where it is.
pub(crate) struct Route {
    pub(crate) operation: &'static Operation,
    /// Parameters are in braces.
    segments: Vec<&'static str>,
    pub(crate) handler: Handler,
}

/// All of them.
pub(crate) static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let operations = Shapes::get().operations.iter();
    let routes = operations.map(|operation| Route {
        operation,
        segments: segments(&operation.path).collect(),
        handler: handler(operation),
    });
    routes.collect()
});

/// The operation of a method and a path, and its parameters. The service has paths that its description lacks, of which
/// nothing is known. Literal segments win over parameters, those further to the
/// left first.
pub(crate) fn find(method: &Method, path: &str) -> Result<(&'static Route, Params), Refusal> {
    let given: Vec<_> = segments(path).collect();
    let candidates = ROUTES.iter().filter(|route| route.covers(&given));
    let (best, other) =
        candidates.partition::<Vec<_>, _>(|one| *one.operation.method == *method.as_str());
    match best.into_iter().min_by_key(|route| route.openness()) {
        Some(route) => Ok((route, route.params(&given))),
        None if other.is_empty() => Err(Refusal::UnknownPath(format!("{method} {path}"))),
        // Inferred: the service's framework responds so to methods that a path does not have.
        None => Err(Refusal::MethodNotAllowed),
    }
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
    /// Whatever the case of literal segments, as the vendor's front end relies on.
    fn covers(&self, given: &[&str]) -> bool {
        let mut pairs = self.segments.iter().zip(given);
        self.segments.len() == given.len()
            && pairs.all(|(segment, given)| match parameter(segment) {
                Some(_) => !given.is_empty(),
                None => segment.eq_ignore_ascii_case(given),
            })
    }

    /// Where the parameters are: less is more literal.
    fn openness(&self) -> Vec<bool> {
        let segments = self.segments.iter();
        segments.map(|one| parameter(one).is_some()).collect()
    }

    fn params(&self, given: &[&str]) -> Params {
        let pairs = self.segments.iter().zip(given);
        pairs
            .filter_map(|(segment, given)| Some((parameter(segment)?, query::segment(given))))
            .collect()
    }
}
