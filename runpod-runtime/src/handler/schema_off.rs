//! Replaces the schemas of handlers if the feature `schema` is off.

pub use crate::__schemas as schemas;

/// The schemas of a handler's types. This type has no values.
#[derive(Debug)]
pub enum Schemas {}

/// Ignores its arguments. It is needed because cargo may have enabled the macros' own feature for another build.
#[doc(hidden)]
#[macro_export]
macro_rules! __schemas {
    ($($types:tt)*) => {
        ::core::option::Option::None
    };
}
