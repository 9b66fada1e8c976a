//! Inspects the tokens of types. An alias hides the real type, so these functions only choose messages and checks:
//! they never decide how an argument is created.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    GenericArgument, Ident, Lifetime, Path, PathArguments, ReturnType, Type, TypeImplTrait,
    TypeParamBound, TypeReference,
};

/// Borrowed data in a type.
pub(crate) enum Borrowing<'a> {
    /// The type itself is a reference.
    Whole(&'a TypeReference),
    /// A reference or a lifetime somewhere in the type.
    Inside(TokenStream),
}

/// Returns the borrowed parts of `ty`. An `&'static T` inside another type does not count.
pub(crate) fn borrowings(ty: &Type) -> Vec<Borrowing<'_>> {
    if let Type::Reference(reference) = bare(ty) {
        return vec![Borrowing::Whole(reference)];
    }
    let mut found = Vec::new();
    walk(ty, &mut |part| match part {
        Part::Type(Type::Reference(reference)) if !is_static(reference.lifetime.as_ref()) => {
            found.push(Borrowing::Inside(quote!(#reference)));
        }
        Part::Lifetime(lifetime) if !is_static(Some(lifetime)) => {
            found.push(Borrowing::Inside(quote!(#lifetime)));
        }
        _ => {}
    });
    found
}

fn is_static(lifetime: Option<&Lifetime>) -> bool {
    lifetime.is_some_and(|lifetime| lifetime.ident == "static")
}

/// Returns every `impl Trait` in `ty`.
pub(crate) fn impl_traits(ty: &Type) -> Vec<&TypeImplTrait> {
    let mut found = Vec::new();
    walk(ty, &mut |part| {
        if let Part::Type(Type::ImplTrait(bounds)) = part {
            found.push(bounds);
        }
    });
    found
}

/// Returns whether the last word of the type's path is `Emitter`.
pub(crate) fn is_emitter(ty: &Type) -> bool {
    is_one_of(ty, &["Emitter"])
}

/// Returns whether the name of a type shows that it is one of our types, which cannot be the input.
pub(crate) fn surely_no_input(ty: &Type) -> bool {
    is_one_of(ty, &["JobContext", "Context", "State", "Emitter"])
}

/// Returns whether the name of a type shows that the type is neither an `Emitter` nor an alias of one.
pub(crate) fn surely_no_emitter(ty: &Type) -> bool {
    is_one_of(
        ty,
        &[
            "JobContext",
            "Context",
            "State",
            "Job",
            "String",
            "Vec",
            "Option",
        ],
    ) || is_one_of(
        ty,
        &[
            "bool", "char", "f32", "f64", "i32", "i64", "u8", "u32", "u64", "usize",
        ],
    ) || !matches!(bare(ty), Type::Path(_))
}

pub(crate) fn is_one_of(ty: &Type, names: &[&str]) -> bool {
    matches!(bare(ty), Type::Path(path) if names.iter().any(|name| last_word_is(&path.path, name)))
}

/// Returns whether a function returns `()` or a `Result<(), E>`.
pub(crate) fn gives_nothing(output: &ReturnType) -> bool {
    let ReturnType::Type(_, ty) = output else {
        return true;
    };
    match bare(ty) {
        Type::Path(path) if last_word_is(&path.path, "Result") => {
            first_argument(&path.path).is_some_and(is_unit)
        }
        other => is_unit(other),
    }
}

fn is_unit(ty: &Type) -> bool {
    matches!(bare(ty), Type::Tuple(tuple) if tuple.elems.is_empty())
}

/// Returns the function's return type if it is an `impl Stream<..>` or `impl Iterator<..>`.
pub(crate) fn item_source(output: &ReturnType) -> Option<&TypeImplTrait> {
    returned_impl(output, &["Stream", "Iterator"])
}

pub(crate) fn returns_stream(output: &ReturnType) -> bool {
    returned_impl(output, &["Stream"]).is_some()
}

pub(crate) fn returned_impl<'a>(
    output: &'a ReturnType,
    names: &[&str],
) -> Option<&'a TypeImplTrait> {
    let ReturnType::Type(_, ty) = output else {
        return None;
    };
    let Type::ImplTrait(bounds) = bare(ty) else {
        return None;
    };
    let fits = bounds.bounds.iter().any(|bound| match bound {
        TypeParamBound::Trait(bound) => names.iter().any(|name| last_word_is(&bound.path, name)),
        _ => false,
    });
    fits.then_some(bounds)
}

pub(crate) fn last_word_is(path: &Path, word: &str) -> bool {
    path.segments.last().is_some_and(|last| last.ident == word)
}

/// Returns the `T` of an `impl Stream<Item = T>` or `impl Iterator<Item = T>`.
pub(crate) fn item_of(ty: &Type) -> Option<&Type> {
    let Type::ImplTrait(bounds) = bare(ty) else {
        return None;
    };
    bounds.bounds.iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else {
            return None;
        };
        let PathArguments::AngleBracketed(arguments) = &bound.path.segments.last()?.arguments
        else {
            return None;
        };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(item) if item.ident == "Item" => Some(&item.ty),
            _ => None,
        })
    })
}

/// Returns the `T` and the `E` of a `Result<T, E>`, if the type names both.
pub(crate) fn parts_of_result(ty: &Type) -> (Option<&Type>, Option<&Type>) {
    match bare(ty) {
        Type::Path(path) if last_word_is(&path.path, "Result") => {
            let mut parts = type_arguments(&path.path).into_iter();
            (parts.next(), parts.next())
        }
        _ => (None, None),
    }
}

fn first_argument(path: &Path) -> Option<&Type> {
    type_arguments(path).into_iter().next()
}

fn type_arguments(path: &Path) -> Vec<&Type> {
    let Some(PathArguments::AngleBracketed(arguments)) =
        path.segments.last().map(|last| &last.arguments)
    else {
        return Vec::new();
    };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

/// Returns the types in a path's angle brackets, such as `T` and `E` in `Result<T, E>`.
pub(crate) fn inner_types(ty: &Type) -> Vec<&Type> {
    match bare(ty) {
        Type::Path(path) => type_arguments(&path.path),
        _ => Vec::new(),
    }
}

/// Returns the identifier if the type is a single identifier.
pub(crate) fn single_word(ty: &Type) -> Option<&Ident> {
    match bare(ty) {
        Type::Path(path) if path.qself.is_none() => path.path.get_ident(),
        _ => None,
    }
}

/// Returns the item type of an `impl Stream<Item = T>` or `impl Iterator<Item = T>`, or the type itself.
pub(crate) fn returned_type(ty: &Type) -> &Type {
    item_of(ty).unwrap_or(ty)
}

/// Returns an `Emitter<..>` behind a reference, in a tuple, or in a type such as `Option` or `Arc`.
pub(crate) fn wrapped_emitter(ty: &Type) -> Option<&Type> {
    let within = |ty| wrapped_emitter(ty).or_else(|| is_emitter(ty).then_some(ty));
    match bare(ty) {
        Type::Reference(reference) => within(&reference.elem),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(within),
        _ => inner_types(ty).into_iter().find_map(within),
    }
}

/// Returns the type without parentheses and without the invisible groups of other macros.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Paren(inner) => bare(&inner.elem),
        Type::Group(inner) => bare(&inner.elem),
        other => other,
    }
}

enum Part<'a> {
    Type(&'a Type),
    Lifetime(&'a Lifetime),
}

/// Visits `ty` and the types and lifetimes in it, except those in function types and traits, because the value does
/// not hold such types.
fn walk<'a>(ty: &'a Type, visit: &mut dyn FnMut(Part<'a>)) {
    visit(Part::Type(ty));
    match ty {
        Type::Array(array) => walk(&array.elem, visit),
        Type::Group(group) => walk(&group.elem, visit),
        Type::Paren(paren) => walk(&paren.elem, visit),
        Type::Ptr(pointer) => walk(&pointer.elem, visit),
        // The visit does not follow references, because the reference itself is reported.
        Type::Slice(slice) => walk(&slice.elem, visit),
        Type::Tuple(tuple) => {
            for element in &tuple.elems {
                walk(element, visit);
            }
        }
        Type::Path(path) => {
            for segment in &path.path.segments {
                let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
                    continue;
                };
                for argument in &arguments.args {
                    match argument {
                        GenericArgument::Type(ty) => walk(ty, visit),
                        GenericArgument::Lifetime(lifetime) => visit(Part::Lifetime(lifetime)),
                        _ => {}
                    }
                }
            }
        }
        _ => {}
    }
}
