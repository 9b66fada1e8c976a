//! Stands for the validation of inputs where the feature `validate` is off: there is none.

pub use crate::__validate as validate;

/// Does nothing. The macros have features of their own, which cargo may have turned on for another build.
#[doc(hidden)]
#[macro_export]
macro_rules! __validate {
    ($($arguments:tt)*) => {};
}
