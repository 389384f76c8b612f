//! Declaring a model as a list of its members.

// Everything is `#[inline]`, as derived code is: so a program compiles it for the models that it uses, and the
// service's crate for none.

/// Declares an object of an API, one line for each member: its name and type in Rust, and its name on the wire.
///
/// What follows the name of the type says which way it travels:
///
/// | word | what is implemented |
/// |---|---|
/// | `Received` | [`Model`](crate::model::Model) and `Deserialize` |
/// | `Sent` | `new`, a method for each optional member, and `Serialize` |
/// | `Search` | as `Sent`, with the terms that all searches of the service's crate have |
/// | `Form` | as `Sent`, but `Into<Form>` instead of `Serialize` |
///
/// What follows the name on the wire is for a member that is `(required)` in a response, that is wanted as `(json)`,
/// see [`Slot::takes_json`](crate::model::Slot::takes_json), whose type is made `(into)` of others in a request, whose
/// number is sent as text, in `(digits)`, or that is sent as `(default true)`, as `(default false)` or as an `(empty)`
/// object if it is not set. A secret that is empty or blank is refused when it is sent.
///
/// ```
/// use security_api_transport::model;
///
/// model! {
///     /// A cat.
///     #[derive(Clone, Default)]
///     pub struct Cat: Received, Sent {
///         name: String = "name" (required),
///         /// In kilograms.
///         weight: Option<f64> = "weight",
///         toys: Option<Vec<String>> = "favouriteToys",
///     }
/// }
///
/// let tom = Cat::new("Tom").toys(["mouse"]);
/// let json = serde_json::to_string(&tom).unwrap();
/// assert_eq!(json, r#"{"name":"Tom","favouriteToys":["mouse"]}"#);
/// assert_eq!(serde_json::from_str::<Cat>(&json).unwrap(), tom);
/// assert!(serde_json::from_str::<Cat>("{}").is_err());
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! model {
    // What is only received needs one pass.
    (
        $(#[$attribute:meta])*
        $visible:vis struct $name:ident: Received {
            $($(#[$note:meta])* $member:ident: $type:ty = $wire:literal $(($rule:ident $($default:literal)?))?,)*
        }
    ) => {
        $(#[$attribute])*
        #[non_exhaustive]
        $visible struct $name { $($(#[$note])* $visible $member: $type,)* }
        $crate::__shown! { $name [<Self as $crate::model::Model>::NAMES] { $($member)* } }
        $crate::__received! { $name { $($member = $wire $(($rule $($default)?))?,)* } }
    };
    (
        $(#[$attribute:meta])*
        pub struct $name:ident: $way:ident { $($members:tt)* }
    ) => {
        $crate::__declared! { [$(#[$attribute])*] $way $name { $($members)* } }
        $crate::__travels! { $way $name { $($members)* } }
    };
    (
        $(#[$attribute:meta])*
        pub struct $name:ident: Received, $way:ident { $($members:tt)* }
    ) => {
        $crate::__declared! { [$(#[$attribute])*] Received $name { $($members)* } }
        $crate::__travels! { Received $name { $($members)* } }
        $crate::__travels! { $way $name { $($members)* } }
    };
}

/// The struct of a model.
#[doc(hidden)]
#[macro_export]
#[allow(
    clippy::crate_in_macro_def,
    reason = "searches are the service crate's own"
)]
macro_rules! __declared {
    (
        [$(#[$attribute:meta])*] Received $name:ident
        { $($(#[$note:meta])* $member:ident: $type:ty = $wire:literal $(($rule:ident $($default:literal)?))?,)* }
    ) => {
        $(#[$attribute])*
        #[non_exhaustive]
        pub struct $name { $($(#[$note])* pub $member: $type,)* }
        $crate::__shown! { $name [<Self as $crate::model::Model>::NAMES] { $($member)* } }
    };
    (
        [$(#[$attribute:meta])*] Search $name:ident
        { $($(#[$note:meta])* $member:ident: $type:ty = $wire:literal $(($rule:ident $($default:literal)?))?,)* }
    ) => {
        $(#[$attribute])*
        #[non_exhaustive]
        pub struct $name {
            /// Which records, in which order.
            pub search: crate::search::SearchRequest,
            $($(#[$note])* pub $member: $type,)*
        }
        // The search is flattened: its members are written beside the request's own, without a `search` around them.
        $crate::__shown! {
            $name
            [$crate::__names!($name { search = "", $($member = $wire $(($rule $($default)?))?,)* })]
            { search $($member)* }
        }
    };
    (
        [$(#[$attribute:meta])*] $way:ident $name:ident
        { $($(#[$note:meta])* $member:ident: $type:ty = $wire:literal $(($rule:ident $($default:literal)?))?,)* }
    ) => {
        $(#[$attribute])*
        #[non_exhaustive]
        pub struct $name { $($(#[$note])* pub $member: $type,)* }
        $crate::__shown! {
            $name
            [$crate::__names!($name { $($member = $wire $(($rule $($default)?))?,)* })]
            { $($member)* }
        }
    };
}

/// The names of a model and its members.
#[doc(hidden)]
#[macro_export]
macro_rules! __names {
    ($name:ident { $($member:ident = $wire:literal $(($rule:ident $($default:literal)?))?,)* }) => {
        $crate::model::Names {
            name: stringify!($name),
            fields: stringify!($($member)*),
            wire: &[$($wire),*],
            rules: &[$($(($wire, $crate::__member_rule!($rule $($default)?)),)?)*],
        }
    };
}

/// The rule of a member as it stands in a declaration.
#[doc(hidden)]
#[macro_export]
macro_rules! __member_rule {
    (required) => {
        $crate::model::MemberRule::Required
    };
    (json) => {
        $crate::model::MemberRule::Json
    };
    (default $value:literal) => {
        $crate::model::MemberRule::Default($value)
    };
    (empty) => {
        $crate::model::MemberRule::Empty
    };
    (digits) => {
        $crate::model::MemberRule::Digits
    };
    (into) => {
        $crate::model::MemberRule::None
    };
}

/// What shows a model's members, and what is made from that: debug output and comparisons.
#[doc(hidden)]
#[macro_export]
macro_rules! __shown {
    ($name:ident [$names:expr] { $($member:ident)* }) => {
        #[allow(deprecated)]
        impl $crate::model::Values for $name {
            #[inline]
            fn values(&self, show: &mut dyn $crate::model::Show) {
                show.members(&$names, &[$(&self.$member),*]);
            }
        }

        impl ::std::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::model::debug(self, f)
            }
        }

        impl ::std::cmp::PartialEq for $name {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                $crate::model::equal(self, other)
            }
        }
    };
}

/// What a model has for one of the ways in which it travels.
#[doc(hidden)]
#[macro_export]
#[allow(
    clippy::crate_in_macro_def,
    reason = "searches are the service crate's own"
)]
macro_rules! __travels {
    (
        Received $name:ident
        { $($(#[$note:meta])* $member:ident: $type:ty = $wire:literal $(($rule:ident $($default:literal)?))?,)* }
    ) => {
        $crate::__received! { $name { $($member = $wire $(($rule $($default)?))?,)* } }
    };
    (Form $name:ident { $($members:tt)* }) => {
        $crate::__lent! { $name }
        $crate::__setters! { $name [] [] [] $($members)* }

        impl ::std::convert::From<$name> for $crate::Form {
            #[inline]
            fn from(form: $name) -> Self {
                $crate::model::form(&form)
            }
        }
    };
    (Sent $name:ident { $($members:tt)* }) => {
        $crate::__lent! { $name }
        $crate::__setters! { $name [] [] [] $($members)* }
        $crate::__written! { $name }
    };
    (Search $name:ident { $($members:tt)* }) => {
        $crate::__lent! { $name }
        $crate::__setters! { $name [] [search: ::std::default::Default::default(),] [] $($members)* }
        $crate::__written! { $name }

        impl crate::search::SearchBody for $name {
            #[inline]
            fn search_mut(&mut self) -> &mut crate::search::SearchRequest {
                &mut self.search
            }
        }
    };
}

/// How a model is read.
#[doc(hidden)]
#[macro_export]
macro_rules! __received {
    ($name:ident { $($member:ident = $wire:literal $(($rule:ident $($default:literal)?))?,)* }) => {
        #[allow(deprecated)]
        impl $crate::model::Model for $name {
            const NAMES: $crate::model::Names =
                $crate::__names!($name { $($member = $wire $(($rule $($default)?))?,)* });

            #[inline]
            fn slots(&mut self, fill: &mut dyn $crate::model::Fill) {
                fill.fill(&mut [$(&mut self.$member),*]);
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::model::deserialize(deserializer)
            }
        }
    };
}

/// What lets requests be given by reference.
#[doc(hidden)]
#[macro_export]
macro_rules! __lent {
    ($name:ident) => {
        impl ::std::convert::From<&$name> for $name {
            #[inline]
            fn from(request: &$name) -> Self {
                request.clone()
            }
        }
    };
}

/// How a model is written.
#[doc(hidden)]
#[macro_export]
macro_rules! __written {
    ($name:ident) => {
        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                $crate::model::serialize(self, serializer)
            }
        }
    };
}

/// `new` with the required members, and a method for each of the others.
#[doc(hidden)]
#[macro_export]
macro_rules! __setters {
    // A method: what it takes, and what becomes of that.
    (@method $(#[$note:meta])* $member:ident: $argument:ty => $value:expr) => {
        $(#[$note])*
        #[must_use]
        #[inline]
        pub fn $member(mut self, $member: $argument) -> Self {
            self.$member = $value;
            self
        }
    };
    // name, arguments of `new`, values of members in it, methods, members that are left.
    ($name:ident [] [$($value:tt)*] [$($method:tt)*]) => {
        #[allow(deprecated)]
        impl $name {
            /// Creates an empty request.
            #[must_use]
            #[inline]
            pub fn new() -> Self {
                Self::default()
            }

            $($method)*
        }
    };
    ($name:ident [$($argument:tt)+] [$($value:tt)*] [$($method:tt)*]) => {
        #[allow(deprecated)]
        impl $name {
            /// Creates a request with the required members.
            #[allow(clippy::too_many_arguments, reason = "the service requires as many")]
            #[inline]
            pub fn new($($argument)+) -> Self {
                Self { $($value)* }
            }

            $($method)*
        }
    };
    (
        $name:ident [$($argument:tt)*] [$($value:tt)*] [$($method:tt)*]
        $(#[$note:meta])* $member:ident: Option<String> = $wire:literal, $($rest:tt)*
    ) => {
        $crate::__setters! {
            $name [$($argument)*] [$($value)* $member: ::std::option::Option::None,]
            [$($method)* $crate::__setters! {
                @method $(#[$note])*
                $member: impl Into<String> => Some($member.into())
            }]
            $($rest)*
        }
    };
    (
        $name:ident [$($argument:tt)*] [$($value:tt)*] [$($method:tt)*]
        $(#[$note:meta])* $member:ident: Option<$type:ty> = $wire:literal (into), $($rest:tt)*
    ) => {
        $crate::__setters! {
            $name [$($argument)*] [$($value)* $member: ::std::option::Option::None,]
            [$($method)* $crate::__setters! {
                @method $(#[$note])*
                $member: impl Into<$type> => Some($member.into())
            }]
            $($rest)*
        }
    };
    (
        $name:ident [$($argument:tt)*] [$($value:tt)*] [$($method:tt)*]
        $(#[$note:meta])* $member:ident: Option<Vec<String>> = $wire:literal, $($rest:tt)*
    ) => {
        $crate::__setters! {
            $name [$($argument)*] [$($value)* $member: ::std::option::Option::None,]
            [$($method)* $crate::__setters! {
                @method $(#[$note])*
                $member: impl IntoIterator<Item = impl Into<String>> =>
                    Some($member.into_iter().map(Into::into).collect())
            }]
            $($rest)*
        }
    };
    (
        $name:ident [$($argument:tt)*] [$($value:tt)*] [$($method:tt)*]
        $(#[$note:meta])* $member:ident: Option<Vec<$type:ty>> = $wire:literal, $($rest:tt)*
    ) => {
        $crate::__setters! {
            $name [$($argument)*] [$($value)* $member: ::std::option::Option::None,]
            [$($method)* $crate::__setters! {
                @method $(#[$note])*
                $member: impl IntoIterator<Item = $type> => Some($member.into_iter().collect())
            }]
            $($rest)*
        }
    };
    (
        $name:ident [$($argument:tt)*] [$($value:tt)*] [$($method:tt)*]
        $(#[$note:meta])* $member:ident: Option<$type:ty> = $wire:literal $(($rule:ident $($default:literal)?))?,
        $($rest:tt)*
    ) => {
        $crate::__setters! {
            $name [$($argument)*] [$($value)* $member: ::std::option::Option::None,]
            [$($method)* $crate::__setters! {
                @method $(#[$note])*
                $member: $type => Some($member)
            }]
            $($rest)*
        }
    };
    (
        $name:ident [$($argument:tt)*] [$($value:tt)*] [$($method:tt)*]
        $(#[$note:meta])* $member:ident: Patch<$type:ty> = $wire:literal $(($rule:ident $($default:literal)?))?, $($rest:tt)*
    ) => {
        $crate::__setters! {
            $name [$($argument)*] [$($value)* $member: $crate::Patch::Leave,]
            [$($method)* $crate::__setters! {
                @method $(#[$note])*
                ///
                /// `None` clears it.
                $member: impl Into<$crate::Patch<$type>> => $member.into()
            }]
            $($rest)*
        }
    };
    (
        $name:ident [$($argument:tt)*] [$($value:tt)*] [$($method:tt)*]
        $(#[$note:meta])* $member:ident: String = $wire:literal $((required))?, $($rest:tt)*
    ) => {
        $crate::__setters! {
            $name [$($argument)* $member: impl Into<String>,] [$($value)* $member: $member.into(),]
            [$($method)*] $($rest)*
        }
    };
    (
        $name:ident [$($argument:tt)*] [$($value:tt)*] [$($method:tt)*]
        $(#[$note:meta])* $member:ident: $type:ty = $wire:literal (into), $($rest:tt)*
    ) => {
        $crate::__setters! {
            $name [$($argument)* $member: impl Into<$type>,] [$($value)* $member: $member.into(),]
            [$($method)*] $($rest)*
        }
    };
    (
        $name:ident [$($argument:tt)*] [$($value:tt)*] [$($method:tt)*]
        $(#[$note:meta])* $member:ident: Vec<String> = $wire:literal $((required))?, $($rest:tt)*
    ) => {
        $crate::__setters! {
            $name [$($argument)* $member: impl IntoIterator<Item = impl Into<String>>,]
            [$($value)* $member: $member.into_iter().map(Into::into).collect(),]
            [$($method)*] $($rest)*
        }
    };
    (
        $name:ident [$($argument:tt)*] [$($value:tt)*] [$($method:tt)*]
        $(#[$note:meta])* $member:ident: Vec<$type:ty> = $wire:literal $((required))?, $($rest:tt)*
    ) => {
        $crate::__setters! {
            $name [$($argument)* $member: impl IntoIterator<Item = $type>,]
            [$($value)* $member: $member.into_iter().collect(),]
            [$($method)*] $($rest)*
        }
    };
    (
        $name:ident [$($argument:tt)*] [$($value:tt)*] [$($method:tt)*]
        $(#[$note:meta])* $member:ident: $type:ty = $wire:literal $(($rule:ident $($default:literal)?))?, $($rest:tt)*
    ) => {
        $crate::__setters! {
            $name [$($argument)* $member: $type,] [$($value)* $member,]
            [$($method)*] $($rest)*
        }
    };
}
