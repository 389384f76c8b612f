//! Settings: a struct with a default, and one method for each setting.

/// Defines a struct of settings. Each setting has a type, a default, and a method that sets it.
///
/// Settings behind a semicolon have a default but no method. Their methods take other arguments and are written by
/// hand.
macro_rules! settings {
    (
        $(#[$doc:meta])*
        pub struct $name:ident {
            $($(#[$what:meta])* $setting:ident: $type:ty = $default:expr,)+
            $(; $($(#[$why:meta])* $own:ident: $of:ty = $first:expr,)+)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[must_use = "settings take effect in a sandbox that is started with them"]
        #[non_exhaustive]
        pub struct $name {
            $(pub(crate) $setting: $type,)+
            $($($(#[$why])* pub(crate) $own: $of,)+)?
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($setting: $default,)+ $($($own: $first,)+)? }
            }
        }

        impl $name {
            $(
                $(#[$what])*
                pub fn $setting(mut self, value: $type) -> Self {
                    self.$setting = value;
                    self
                }
            )+
        }
    };
}

pub(crate) use settings;
