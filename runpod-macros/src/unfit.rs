//! Finds types whose tokens show that they do not fit. For these, the compiler's own message would be misleading or
//! repeated, so the macros report each of them once.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Expr, Lit, ReturnType, Type, TypeParamBound, TypeTraitObject};

use crate::imports::Imports;
use crate::model::{Function, Options};
use crate::paths::Root;
use crate::show::tidy;
use crate::types::{
    bare, borrowings, inner_types, is_emitter, is_one_of, last_word_is, parts_of_result,
    returned_type, single_word,
};

/// The maximum length of an array for which serde has impls.
const LONGEST_ARRAY: u64 = 32;

/// A type that does not fit.
pub(crate) struct Unfit {
    pub(crate) at: TokenStream,
    pub(crate) wrong: String,
    pub(crate) help: String,
    pub(crate) then: Then,
}

/// The change to the emitted function that stops the compiler from reporting the same fault again.
pub(crate) enum Then {
    /// The function stays as it is.
    Stays,
    /// The unfit type is replaced by this type.
    Has(TokenStream),
    /// The function keeps its signature and loses its body.
    WithoutBody,
}

/// Checks an argument's type.
pub(crate) fn argument(ty: &Type, imports: &Imports, root: &Root) -> Option<Unfit> {
    if let Some((owned, help)) = sized(ty) {
        return Some(Unfit {
            at: quote!(#ty),
            wrong: format!(
                "`{}` cannot be a handler's argument: its size is not known at compile time",
                text(ty)
            ),
            help,
            then: Then::Has(owned),
        });
    }
    if single_word(ty).is_some_and(|word| word == "Context")
        && let Some(path) = imports.path_of("Context")
        && OTHER_CONTEXTS.contains(&path.as_str())
    {
        return Some(Unfit {
            at: quote!(#ty),
            wrong: format!("`Context` is `{path}` here, which cannot be a handler's argument"),
            help: other_context(&path),
            then: Then::Has(root.job_context()),
        });
    }
    let inner = inner_types(ty).into_iter().next();
    match inner {
        Some(inner) if is_one_of(ty, &["State"]) => state(ty, inner),
        Some(inner) if is_emitter(ty) => emitter(ty, inner),
        _ => long_array(ty, "read"),
    }
}

/// Paths of types and traits called `Context` that are not [`JobContext`](https://docs.rs/runpod-worker).
const OTHER_CONTEXTS: [&str; 6] = [
    "anyhow::Context",
    "eyre::Context",
    "color_eyre::eyre::Context",
    "snafu::prelude::Context",
    "std::task::Context",
    "core::task::Context",
];

fn other_context(path: &str) -> String {
    if path.ends_with("::task::Context") {
        return "write `JobContext` as the argument's type".to_owned();
    }
    format!(
        "write `JobContext` as the argument's type; `use {path} as _;` still imports the trait's methods"
    )
}

/// Checks the type in a `State`, which must be the type that `main` returns.
fn state(ty: &Type, inner: &Type) -> Option<Unfit> {
    let named = text(inner);
    if let Type::Reference(reference) = bare(inner)
        && !borrowings(ty).is_empty()
    {
        let target = text(&reference.elem);
        return Some(Unfit {
            at: quote!(#inner),
            wrong: "a `State` owns its value, so it cannot hold a reference".to_owned(),
            help: format!("take `State<{target}>`, which dereferences to `{target}`"),
            then: Then::Stays,
        });
    }
    let (owned, _) = sized(inner)?;
    let owned = tidy(&owned);
    Some(Unfit {
        at: quote!(#inner),
        wrong: format!(
            "`State<{named}>` is not possible: the size of `{named}` is not known at compile time, so `main` cannot return it"
        ),
        help: format!("return `{owned}` from `main`, and take `State<{owned}>`"),
        then: Then::Stays,
    })
}

/// Checks the item type of an `Emitter`. The function may continue before an item is sent, so items must be owned.
fn emitter(ty: &Type, item: &Type) -> Option<Unfit> {
    // This check examines the whole type, because a `&'static str` inside an `Emitter` does not count as borrowed.
    let borrowed = borrowings(ty).into_iter().next();
    let owned = match borrowed {
        None => match sized(item) {
            Some((owned, _)) => Some(tidy(&owned)),
            None => return long_array(item, "write"),
        },
        Some(_) => match bare(item) {
            Type::Reference(reference) => Some(match sized(&reference.elem) {
                Some((owned, _)) => tidy(&owned),
                None => text(&reference.elem),
            }),
            _ => None,
        },
    };
    let help = match owned {
        Some(owned) => format!("take `Emitter<{owned}>`"),
        None => "use an owned type, such as `String` instead of `&str`".to_owned(),
    };
    Some(Unfit {
        at: quote!(#item),
        wrong:
            "an `Emitter` can only send owned items: an item is sent while the function continues"
                .to_owned(),
        help,
        then: Then::WithoutBody,
    })
}

/// Checks the type that a handler returns.
pub(crate) fn result(function: &Function, options: &Options, imports: &Imports) -> Option<Unfit> {
    let ReturnType::Type(_, returned) = &function.signature.output else {
        return None;
    };
    if let Type::Never(never) = bare(returned) {
        return Some(Unfit {
            at: quote!(#never),
            wrong: "a handler must return: its return value is the job's output".to_owned(),
            help: "remove `-> !`, or return `Result<(), E>`; a panic also fails the job".to_owned(),
            then: Then::Stays,
        });
    }
    if let Some(object) = find(returned, &|object| is_serialize(object, imports)) {
        return Some(Unfit {
            at: quote!(#object),
            wrong: "`dyn Serialize` cannot be used as a type: `serde::Serialize` is not dyn compatible".to_owned(),
            help: "return an enum that derives `serde::Serialize` and has a variant for each kind of output, or a `serde_json::Value`".to_owned(),
            then: Then::Has(quote!(())),
        });
    }
    if options.stream.is_some()
        && let Some(unfit) = boxed_stream(parts_of_result(returned).0.unwrap_or(returned))
    {
        return Some(unfit);
    }
    long_array(returned_type(returned), "write")
}

fn is_serialize(object: &TypeTraitObject, imports: &Imports) -> bool {
    object.bounds.iter().any(|bound| {
        let TypeParamBound::Trait(bound) = bound else {
            return false;
        };
        let mut words: Vec<String> = bound
            .path
            .segments
            .iter()
            .map(|it| it.ident.to_string())
            .collect();
        if let [only] = words.as_slice()
            && only == "Serialize"
        {
            // Other crates have a `Serialize` trait that is dyn compatible.
            let path = imports.path_of("Serialize");
            words = path.map_or(words.clone(), |path| {
                path.split("::").map(str::to_owned).collect()
            });
        }
        let owner = words
            .len()
            .checked_sub(2)
            .map(|index| words[index].as_str());
        words.last().is_some_and(|last| last == "Serialize")
            && owner.is_none_or(|owner| matches!(owner, "serde" | "ser" | "prelude"))
    })
}

/// Checks a `Box<dyn Stream>`. The box is a stream only if it is pinned, and can move between threads only if it is
/// `Send`.
fn boxed_stream(ty: &Type) -> Option<Unfit> {
    let (pinned, boxed) = if is_one_of(ty, &["Pin"]) {
        (true, inner_types(ty).into_iter().next()?)
    } else {
        (false, ty)
    };
    if !is_one_of(boxed, &["Box"]) {
        return None;
    }
    let Type::TraitObject(object) = bare(inner_types(boxed).into_iter().next()?) else {
        return None;
    };
    let has = |name: &str| {
        object.bounds.iter().any(|bound| {
        matches!(bound, TypeParamBound::Trait(bound) if last_word_is(&bound.path, name))
    })
    };
    if !has("Stream") || has("Send") && (pinned || has("Unpin")) {
        return None;
    }
    let bounds = tidy(&quote!(#object));
    let send = if has("Send") { "" } else { " + Send" };
    let wrong = if has("Send") {
        "a boxed stream must be pinned"
    } else if pinned || has("Unpin") {
        "a boxed stream must be `Send`: it moves between threads"
    } else {
        "a boxed stream must be pinned and `Send`: it moves between threads"
    };
    Some(Unfit {
        at: quote!(#ty),
        wrong: wrong.to_owned(),
        help: format!(
            "return `Pin<Box<{bounds}{send}>>`, made with `Box::pin`, or `impl Stream<Item = T>`"
        ),
        then: Then::Stays,
    })
}

/// Returns the owned type to use instead of an unsized type, and the advice for the user.
fn sized(ty: &Type) -> Option<(TokenStream, String)> {
    match bare(ty) {
        Type::Path(_) if single_word(ty).is_some_and(|word| word == "str") => {
            Some((quote!(String), "take a `String`".to_owned()))
        }
        Type::Slice(slice) => {
            let element = &slice.elem;
            let owned = quote!(Vec<#element>);
            let help = format!("take a `{}`", tidy(&owned));
            Some((owned, help))
        }
        Type::TraitObject(object) => {
            let owned = quote!(Box<#object>);
            let help = format!(
                "take the concrete type if it is the input, or `State<{}>` if `main` makes it",
                tidy(&owned)
            );
            Some((owned, help))
        }
        _ => None,
    }
}

/// Checks for an array that is too long for serde, in the places where serde would read or write it.
fn long_array(ty: &Type, verb: &str) -> Option<Unfit> {
    const HOLDERS: [&str; 9] = [
        "Job", "Option", "Vec", "Box", "Result", "Arc", "VecDeque", "HashMap", "BTreeMap",
    ];
    match bare(ty) {
        Type::Array(array) => {
            let length = match &array.len {
                Expr::Lit(literal) => match &literal.lit {
                    Lit::Int(length) => length.base10_parse::<u64>().ok(),
                    _ => None,
                },
                _ => None,
            };
            if length.is_none_or(|length| length <= LONGEST_ARRAY) {
                return long_array(&array.elem, verb);
            }
            let element = text(&array.elem);
            Some(Unfit {
                at: quote!(#array),
                wrong: format!(
                    "serde cannot {verb} an array of more than {LONGEST_ARRAY} elements"
                ),
                help: format!("use `Vec<{element}>`"),
                then: Then::Stays,
            })
        }
        Type::Tuple(tuple) => tuple.elems.iter().find_map(|it| long_array(it, verb)),
        _ if is_one_of(ty, &HOLDERS) => inner_types(ty)
            .into_iter()
            .find_map(|it| long_array(it, verb)),
        _ => None,
    }
}

/// Returns the first trait object in `ty` for which `wanted` returns `true`.
fn find<'a>(
    ty: &'a Type,
    wanted: &dyn Fn(&TypeTraitObject) -> bool,
) -> Option<&'a TypeTraitObject> {
    match bare(ty) {
        Type::TraitObject(object) => wanted(object).then_some(object),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(|it| find(it, wanted)),
        _ => inner_types(ty).into_iter().find_map(|it| find(it, wanted)),
    }
}

fn text(ty: &Type) -> String {
    tidy(&quote!(#ty))
}
