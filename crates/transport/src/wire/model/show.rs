//! What is made from the members that a model shows: debug output and comparisons.

use std::fmt::{self, Formatter};

use super::value::{Names, Show, Value, Values};

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
