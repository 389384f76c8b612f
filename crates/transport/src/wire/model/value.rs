//! Members as debug output and comparisons see them.

use std::any::Any;
use std::fmt::{Debug, Formatter, Result};

/// The value of a member.
pub trait Value: Debug {
    /// Whether the other value is of the same type and equal.
    fn equals(&self, other: &dyn Value) -> bool;

    /// The value, to find out its type.
    fn as_any(&self) -> &dyn Any;
}

impl<T: Debug + PartialEq + Any> Value for T {
    fn equals(&self, other: &dyn Value) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// An object whose members can be looked at.
pub trait Values {
    /// Hands over the members' values.
    fn values(&self, show: &mut dyn FnMut(&[&(dyn Value + 'static)]));
}

/// The body of a model's `Debug::fmt`; the members' names stand in one text, with spaces between them.
///
/// # Errors
/// Whatever writing gives.
pub fn debug(f: &mut Formatter<'_>, name: &str, members: &str, model: &dyn Values) -> Result {
    let mut output = f.debug_struct(name);
    model.values(&mut |values| {
        for (member, value) in members.split_whitespace().zip(values) {
            output.field(member, value);
        }
    });
    output.finish()
}

/// The body of a model's `PartialEq::eq`.
#[must_use]
pub fn equal(a: &dyn Values, b: &dyn Values) -> bool {
    let mut equal = false;
    a.values(&mut |a| {
        b.values(&mut |b| {
            let mut pairs = a.iter().zip(b);
            equal = pairs.all(|(a, b)| a.equals(*b));
        });
    });
    equal
}
