//! Replaces the validation of inputs if the feature `validate` is off.

pub use crate::__validate as validate;

/// Does nothing. It is needed because cargo may have enabled the macros' own feature for another build.
#[doc(hidden)]
#[macro_export]
macro_rules! __validate {
    ($($arguments:tt)*) => {};
}
