//! Stands for the schemas of handlers where the feature `schema` is off: there are none.

pub use crate::__schemas as schemas;

/// The schemas of a handler's types. There is never one of these.
#[derive(Debug)]
pub enum Schemas {}

/// Looks at nothing. The macros have features of their own, which cargo may have turned on for another build.
#[doc(hidden)]
#[macro_export]
macro_rules! __schemas {
    ($($types:tt)*) => {
        ::core::option::Option::None
    };
}
