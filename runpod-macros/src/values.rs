//! Reads the values of options.

use proc_macro2::{Span, TokenStream};
use syn::{Expr, ExprPath, Lit, LitStr, PathArguments};

use crate::model::{Given, Setting};

/// The tokens after an option's name.
pub(crate) enum Value {
    Nothing,
    /// `= value`
    Is(Expr),
    /// Anything else, such as `= <nothing>` or `("value")`.
    Unreadable(TokenStream),
}

/// The reason why a value does not fit its option.
pub(crate) enum Misfit {
    Kind,
    Zero,
    TooLarge,
    Empty,
}

pub(crate) fn given<T>(
    span: Span,
    value: Result<T, Misfit>,
    into: &mut Option<Given<T>>,
) -> Result<(), Misfit> {
    let value = value?;
    *into = Some(Given { span, value });
    Ok(())
}

fn literal(value: &Value) -> Option<&Lit> {
    match value {
        Value::Is(Expr::Lit(literal)) => Some(&literal.lit),
        _ => None,
    }
}

pub(crate) fn flag(value: &Value) -> Result<(), Misfit> {
    match value {
        Value::Nothing => Ok(()),
        _ => Err(Misfit::Kind),
    }
}

/// Reads an expression that is not a literal and may have the option's type.
fn expression<T>(value: &Value) -> Result<Setting<T>, Misfit> {
    match value {
        // A negative number is not a literal in Rust's grammar, but it is one to the user.
        Value::Is(Expr::Unary(negative)) if matches!(*negative.expr, Expr::Lit(_)) => {
            Err(Misfit::Kind)
        }
        Value::Is(
            Expr::Lit(_) | Expr::Closure(_) | Expr::Array(_) | Expr::Tuple(_) | Expr::Assign(_),
        ) => Err(Misfit::Kind),
        Value::Is(expression) => Ok(Setting::Expression(Box::new(expression.clone()))),
        _ => Err(Misfit::Kind),
    }
}

pub(crate) fn boolean(value: &Value) -> Result<Setting<bool>, Misfit> {
    match (value, literal(value)) {
        (Value::Nothing, _) => Ok(Setting::Literal(true)),
        (_, Some(Lit::Bool(value))) => Ok(Setting::Literal(value.value)),
        _ => expression(value),
    }
}

pub(crate) fn text(value: &Value) -> Result<Setting<LitStr>, Misfit> {
    match literal(value) {
        Some(Lit::Str(text)) if text.value().is_empty() => Err(Misfit::Empty),
        Some(Lit::Str(text)) if text.suffix().is_empty() => Ok(Setting::Literal(text.clone())),
        _ => expression(value),
    }
}

/// Reads a number that may be 0.
pub(crate) fn number(value: &Value) -> Result<Setting<usize>, Misfit> {
    match count(value) {
        Err(Misfit::Zero) => Ok(Setting::Literal(0)),
        read => read,
    }
}

pub(crate) fn count(value: &Value) -> Result<Setting<usize>, Misfit> {
    match literal(value) {
        Some(Lit::Int(number)) if matches!(number.suffix(), "" | "usize") => {
            match number.base10_parse() {
                Ok(0) => Err(Misfit::Zero),
                Ok(number) => Ok(Setting::Literal(number)),
                Err(_) => Err(Misfit::TooLarge),
            }
        }
        _ => expression(value),
    }
}

pub(crate) fn modifier(value: &Value) -> Result<Expr, Misfit> {
    match value {
        Value::Is(closure @ Expr::Closure(_)) => Ok(closure.clone()),
        _ => match expression::<()>(value)? {
            Setting::Expression(expression) => Ok(*expression),
            Setting::Literal(()) => Err(Misfit::Kind),
        },
    }
}

pub(crate) fn path(value: &Value) -> Result<ExprPath, Misfit> {
    match value {
        Value::Is(Expr::Path(path)) => Ok(path.clone()),
        _ => Err(Misfit::Kind),
    }
}

pub(crate) fn module(value: &Value) -> Result<syn::Path, Misfit> {
    let path = path(value)?;
    let plain = path
        .path
        .segments
        .iter()
        .all(|segment| matches!(segment.arguments, PathArguments::None));
    if path.qself.is_none() && plain {
        Ok(path.path)
    } else {
        Err(Misfit::Kind)
    }
}
