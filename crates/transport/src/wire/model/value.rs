//! The members of an object, as debug output, comparisons and requests see them.

use std::any::Any;
use std::fmt::{self, Debug, Formatter};

use super::Mark;
use super::shape::Shaped;

/// An object whose members can be looked at.
pub trait Values {
    /// Shows the members' names and values, in one call.
    fn values(&self, show: &mut dyn Show);
}

/// What looks at the members of an object.
// A trait, since a closure's type costs several times as much to check, and every model has this call.
pub trait Show {
    /// Looks at the members.
    fn members(&mut self, names: &'static Names, values: &[&dyn Value]);
}

/// The names of an object and its members.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "declarations of models write it, as a constant"
)]
pub struct Names {
    /// The object's name, in error messages and debug output.
    pub name: &'static str,
    /// The members' names in Rust, with spaces between them.
    pub fields: &'static str,
    /// The members' names on the wire, in the order in which the service usually sends them. The members of an object
    /// without a name are written among the others.
    pub wire: &'static [&'static str],
    /// The wire names of members that need more than their value, and why. Required members stand among the first 64.
    pub marks: &'static [(&'static str, Mark)],
}

/// The value of a member.
pub trait Value: Shaped + Debug {
    /// Whether the other value is of the same type and equal.
    fn equals(&self, other: &dyn Value) -> bool;

    /// The value, to find out its type.
    fn as_any(&self) -> &dyn Any;
}

impl<T: Shaped + Debug + PartialEq + Any> Value for T {
    fn equals(&self, other: &dyn Value) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The body of a model's `Debug::fmt`.
///
/// # Errors
/// Whatever writing gives.
pub fn debug(model: &dyn Values, f: &mut Formatter<'_>) -> fmt::Result {
    struct Write<'a, 'b>(&'a mut Formatter<'b>, fmt::Result);

    impl Show for Write<'_, '_> {
        fn members(&mut self, names: &'static Names, values: &[&dyn Value]) {
            let mut output = self.0.debug_struct(names.name);
            for (field, value) in names.fields.split_whitespace().zip(values) {
                output.field(field, value);
            }
            self.1 = output.finish();
        }
    }

    let mut write = Write(f, Ok(()));
    model.values(&mut write);
    write.1
}

/// The body of a model's `PartialEq::eq`.
#[must_use]
pub fn equal(a: &dyn Values, b: &dyn Values) -> bool {
    struct One<'a>(&'a dyn Values, bool);
    struct Other<'a>(&'a [&'a dyn Value], bool);

    impl Show for One<'_> {
        fn members(&mut self, _: &'static Names, values: &[&dyn Value]) {
            let mut other = Other(values, false);
            self.0.values(&mut other);
            self.1 = other.1;
        }
    }

    impl Show for Other<'_> {
        fn members(&mut self, _: &'static Names, values: &[&dyn Value]) {
            let mut pairs = self.0.iter().zip(values);
            self.1 = pairs.all(|(a, b)| a.equals(*b));
        }
    }

    let mut one = One(b, false);
    a.values(&mut one);
    one.1
}
