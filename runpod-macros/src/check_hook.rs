//! Finds the mistakes that the macros can see in a fitness check or a shutdown hook.

use quote::quote;
use syn::{FnArg, GenericParam, Signature, Type};

use crate::check::{needs_body, own_type, qualifiers, types_of};
use crate::diagnostics::Faults;
use crate::model::{Function, Options, Place};
use crate::neighbours;
use crate::show::tidy;
use crate::types::{bare, borrowings, impl_traits};

/// Checks `function` at its `place`. The compiler checks the types of its argument and its result.
pub(crate) fn function(function: &Function, place: Place, options: &Options, faults: &mut Faults) {
    let signature = &function.signature;
    let subject = place.subject();
    if signature.ident == "main" {
        faults.add(
            &signature.ident,
            format!("`main` cannot be {subject}"),
            "give this function another name: `main` makes the worker's state before the first job",
        );
    }
    qualifiers(signature, place, faults);
    generics(signature, subject, faults);
    arguments(signature, subject, faults);
    neighbours::check(function, place, options, faults);
    needs_body(function, place, faults);
}

fn generics(signature: &Signature, subject: &str, faults: &mut Faults) {
    // If the argument borrows, its own error says more than one about a lifetime.
    let borrows = types_of(signature).any(|(_, ty)| !borrowings(ty).is_empty());
    let parameters = signature.generics.params.iter();
    let parameters: Vec<_> = parameters
        .filter(|it| !borrows || !matches!(it, GenericParam::Lifetime(_)))
        .collect();
    if !parameters.is_empty() {
        faults.add(
            quote!(#(#parameters),*),
            format!("{subject} cannot be generic"),
            "write the concrete type: the worker calls the function itself",
        );
    }
}

fn arguments(signature: &Signature, subject: &str, faults: &mut Faults) {
    if let Some(receiver) = signature.receiver() {
        faults.add(
            receiver,
            format!("{subject} cannot be a method"),
            "move the function out of the `impl`, and take what `main` returns as `State<T>`",
        );
    } else if let Some(word) = own_type(quote!(#signature)) {
        faults.add(
            word,
            format!("{subject} cannot be inside an `impl`"),
            "move the function out of the `impl`, and write the type's name instead of `Self`",
        );
    }
    for (_, ty) in types_of(signature) {
        if let Some(borrowed) = by_reference(ty) {
            faults.add(
                ty,
                format!("the argument of {subject} cannot be a reference"),
                format!("take `{borrowed}`, which all jobs share"),
            );
        } else if let Some(bounds) = impl_traits(ty).first() {
            faults.add(
                bounds,
                format!("the argument of {subject} cannot be an `impl Trait`"),
                "take the value that `main` returns, as `State<T>`",
            );
        }
    }
    // An argument with a `cfg` may be the only one in this build.
    let certain = types_of(signature).filter(|(argument, _)| match argument {
        FnArg::Typed(typed) => !typed.attrs.iter().any(|it| it.path().is_ident("cfg")),
        FnArg::Receiver(_) => false,
    });
    for (argument, _) in certain.skip(1) {
        faults.add(
            argument,
            format!("{subject} takes one argument at most"),
            "a worker has one state: take `State<T>` once, and use its fields",
        );
    }
}

/// Returns `State<T>` for the type `&T` or `&State<T>`.
fn by_reference(ty: &Type) -> Option<String> {
    let Type::Reference(reference) = bare(ty) else {
        return None;
    };
    let target = &reference.elem;
    let target = tidy(&quote!(#target));
    Some(if target.starts_with("State<") {
        target
    } else {
        format!("State<{target}>")
    })
}
