//! Replaces the schemas of handlers if the feature `schema` is off.

pub use crate::__schemas as schemas;

/// The schemas of a handler's types. This type has no values.
#[derive(Debug)]
pub enum Schemas {}

/// Ignores its arguments. This macro is needed because cargo may have enabled the macro crate's feature for another
/// package.
#[doc(hidden)]
#[macro_export]
macro_rules! __schemas {
    ($($types:tt)*) => {
        ::core::option::Option::None
    };
}
